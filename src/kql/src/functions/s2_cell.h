#pragma once

#include "functions/sphere.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Cells of the S2 grid: the sphere projected on a cube, each face a quadtree of 30 levels ordered
/// along a Hilbert curve. A cell is 64 bits: face, position, a 1, zeros. Source: the published
/// definition of the S2 cell hierarchy (s2geometry.io).
namespace qd::kql {

using S2Cell = std::uint64_t;

S2Cell s2_cell_of(Vec3 point, int level);
int s2_level(S2Cell cell);
/// Hexadecimal without the zeros at the end.
std::string s2_token(S2Cell cell);
std::optional<S2Cell> s2_from_token(std::string_view token);
Vec3 s2_center(S2Cell cell);
/// Four corners, turning to the left.
std::vector<Vec3> s2_corners(S2Cell cell);
/// The cells of the same level around: edges and corners.
std::vector<S2Cell> s2_neighbors(S2Cell cell);

}  // namespace qd::kql
