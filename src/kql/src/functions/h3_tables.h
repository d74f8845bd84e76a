#pragma once

#include <cstdint>

/// The icosahedron of the H3 grid and the numbers of its 122 base cells, as its definition gives
/// them (h3geo.org). The orientation of the faces and the base cells' homes were worked out from
/// the indexes of points by geometry alone, and checked against another implementation.
namespace qd::kql::h3 {

inline constexpr int kFaceCount = 20;
inline constexpr int kBaseCellCount = 122;
inline constexpr std::uint8_t kNone = 127;

/// Place in one of the three axes of a hexagonal grid, 120 degrees apart; the least one is 0.
struct Ijk {
    int i = 0;
    int j = 0;
    int k = 0;
    bool operator==(const Ijk&) const = default;
};

/// Middle of a face and where its i axis points (azimuth), radians.
struct Face {
    double latitude;
    double longitude;
    double azimuth;
};

/// The way over an edge: turned by 60 degrees to the left this often, then moved.
struct FaceStep {
    std::uint8_t face;
    Ijk move;
    std::uint8_t turns;
};
enum Edge : std::uint8_t { kEdgeIJ, kEdgeKI, kEdgeJK };

/// The base cell at a place of a face, and how often its axes are turned against the face's.
struct BaseCellAt {
    std::uint8_t cell;
    std::uint8_t turns;
};

struct BaseCell {
    std::uint8_t face;
    Ijk place;
    bool pentagon;
    std::uint8_t clockwise_faces[2];  // of a pentagon: where its missing sixth is turned away from
};

extern const Face kFaces[kFaceCount];
extern const FaceStep kSteps[kFaceCount][3];
extern const BaseCellAt kBaseCellsAt[kFaceCount][27];  // by 9 i + 3 j + k
extern const BaseCell kBaseCells[kBaseCellCount];

}  // namespace qd::kql::h3
