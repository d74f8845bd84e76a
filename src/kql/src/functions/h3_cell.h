#pragma once

#include "functions/sphere.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Cells of the H3 grid: hexagons (and twelve pentagons) on the faces of an icosahedron, each cell
/// with seven children, 16 resolutions. A cell is 64 bits: mode, resolution, base cell, a digit a
/// resolution. Source: the definition of the H3 system (h3geo.org).
namespace qd::kql {

using H3Cell = std::uint64_t;

inline constexpr int kH3ResolutionMax = 15;

H3Cell h3_cell_of(LngLat point, int resolution);
int h3_resolution(H3Cell cell);
bool h3_is_pentagon(H3Cell cell);
/// Hexadecimal.
std::string h3_text(H3Cell cell);
/// Nothing when it is no cell.
std::optional<H3Cell> h3_from_text(std::string_view text);
LngLat h3_center(H3Cell cell);
/// Corners, turning to the left; where an edge of the icosahedron is crossed there is one more.
std::vector<LngLat> h3_boundary(H3Cell cell);

/// `resolution` at most the cell's.
H3Cell h3_parent(H3Cell cell, int resolution);
/// `resolution` at least the cell's; in the order of their numbers.
std::vector<H3Cell> h3_children(H3Cell cell, int resolution);
/// Cells that share an edge, along the axes K, I, IK, JK, J, IJ.
std::vector<H3Cell> h3_neighbors(H3Cell cell);
/// Cells 0, 1, … `distance` steps away, each ring turning to the left from the cell behind the one
/// on the I axis.
std::vector<std::vector<H3Cell>> h3_rings(H3Cell cell, int distance);

}  // namespace qd::kql
