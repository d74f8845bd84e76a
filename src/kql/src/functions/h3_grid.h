#pragma once

#include "functions/h3_tables.h"
#include "functions/sphere.h"

#include <utility>

/// Hexagonal coordinates on the faces of the icosahedron; what cells and boundaries share.
namespace qd::kql::h3 {

struct Plane {
    double x = 0;
    double y = 0;
};

/// A place on a face.
struct FaceIjk {
    int face = 0;
    Ijk place;
};

Ijk operator+(Ijk a, Ijk b);
Ijk operator-(Ijk a, Ijk b);
Ijk operator*(Ijk a, int n);
Ijk normalized(Ijk p);
/// The sum of the axes' images, i, j and k times.
Ijk combined(Ijk p, Ijk i, Ijk j, Ijk k);
Ijk turned_left(Ijk p);
Ijk turned_right(Ijk p);
/// Between a resolution and the next finer one of another class; `right` for even ones.
Ijk up(Ijk p, bool right);
Ijk down(Ijk p, bool right);
Ijk unit_of_digit(int digit);
int digit_of_unit(Ijk p);

Plane to_plane(Ijk p);
Ijk to_ijk(Plane p);

/// Odd resolutions are turned against the icosahedron's axes.
inline bool is_odd(int resolution) {
    return resolution % 2 != 0;
}

FaceIjk to_face(LngLat point, int resolution);
/// `substrate`: the grid a third as fine that corners lie on.
LngLat from_face(Plane p, int face, int resolution, bool substrate);

/// Of even resolutions: the length of a face's axis in the grid, and of the base cells'.
int face_size(int resolution);
int unit_size(int resolution);

enum class Crossing : std::uint8_t { None, OnEdge, NewFace };
/// Moves a place beyond the edge of its face onto the face it lies on.
Crossing settle(FaceIjk& place, int resolution, bool pentagon_leads_i, bool substrate);
/// The edge of `face` over which `other` lies.
Edge edge_between(int face, int other);

}  // namespace qd::kql::h3
