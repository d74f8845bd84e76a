#include "functions/h3_cell.h"

#include "functions/h3_grid.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>
#include <set>

namespace qd::kql {

using h3::FaceIjk;
using h3::Ijk;

namespace {

constexpr H3Cell kMode = std::uint64_t{1} << 59;
constexpr int kResolutionShift = 52;
constexpr int kBaseShift = 45;
constexpr int kNoDigit = 7;
constexpr int kDigitK = 1;
constexpr int kDigitI = 4;
constexpr int kDigitIK = 5;

int shift_of(int resolution) {
    return 3 * (kH3ResolutionMax - resolution);
}
int base_of(H3Cell cell) {
    return static_cast<int>((cell >> kBaseShift) & 0x7FU);
}
int digit_at(H3Cell cell, int resolution) {
    return static_cast<int>((cell >> shift_of(resolution)) & 7U);
}
void set_digit(H3Cell& cell, int resolution, int digit) {
    cell &= ~(std::uint64_t{7} << shift_of(resolution));
    cell |= static_cast<std::uint64_t>(digit) << shift_of(resolution);
}
void set_resolution(H3Cell& cell, int resolution) {
    cell &= ~(std::uint64_t{15} << kResolutionShift);
    cell |= static_cast<std::uint64_t>(resolution) << kResolutionShift;
}

/// Without a base cell; all digits are missing.
H3Cell blank(int resolution) {
    H3Cell cell = kMode | ((std::uint64_t{1} << kBaseShift) - 1);
    set_resolution(cell, resolution);
    return cell;
}

int leading_digit(H3Cell cell) {
    for (int r = 1; r <= h3_resolution(cell); ++r) {
        if (digit_at(cell, r) != 0) {
            return digit_at(cell, r);
        }
    }
    return 0;
}

constexpr std::array<int, 8> kLeft = {0, 5, 3, 1, 6, 4, 2, kNoDigit};
constexpr std::array<int, 8> kRight = {0, 3, 6, 2, 5, 1, 4, kNoDigit};

H3Cell turned(H3Cell cell, const std::array<int, 8>& way) {
    for (int r = 1; r <= h3_resolution(cell); ++r) {
        set_digit(cell, r, way[static_cast<std::size_t>(digit_at(cell, r))]);
    }
    return cell;
}

/// A pentagon has no cells along its K axis: what would turn there turns once more.
H3Cell turned_pentagon(H3Cell cell) {
    bool found = false;
    for (int r = 1; r <= h3_resolution(cell); ++r) {
        set_digit(cell, r, kLeft[static_cast<std::size_t>(digit_at(cell, r))]);
        if (!found && digit_at(cell, r) != 0) {
            found = true;
            if (leading_digit(cell) == kDigitK) {
                cell = turned(cell, kLeft);
            }
        }
    }
    return cell;
}

H3Cell cell_at(FaceIjk at, int resolution) {
    H3Cell cell = blank(resolution);
    for (int r = resolution; r >= 1; --r) {
        const Ijk finer = at.place;
        const bool right = !h3::is_odd(r);
        at.place = h3::up(at.place, right);
        set_digit(cell, r, h3::digit_of_unit(h3::normalized(finer - h3::down(at.place, right))));
    }
    const Ijk p = at.place;
    if (p.i > 2 || p.j > 2 || p.k > 2) {
        return 0;
    }
    const h3::BaseCellAt found = h3::kBaseCellsAt[at.face][p.i * 9 + p.j * 3 + p.k];
    if (found.cell == h3::kNone) {
        return 0;
    }
    cell |= static_cast<std::uint64_t>(found.cell) << kBaseShift;
    const h3::BaseCell& base = h3::kBaseCells[found.cell];
    if (base.pentagon && leading_digit(cell) == kDigitK) {
        const bool right = base.clockwise_faces[0] == at.face || base.clockwise_faces[1] == at.face;
        cell = turned(cell, right ? kRight : kLeft);
    }
    for (int i = 0; i < found.turns; ++i) {
        cell = base.pentagon ? turned_pentagon(cell) : turned(cell, kLeft);
    }
    return cell;
}

/// The cell's place on its base cell's home face, which it may lie beyond the edge of.
FaceIjk home_place(H3Cell cell) {
    const h3::BaseCell& base = h3::kBaseCells[base_of(cell)];
    FaceIjk at{base.face, base.place};
    for (int r = 1; r <= h3_resolution(cell); ++r) {
        at.place = h3::down(at.place, !h3::is_odd(r));
        at.place = h3::normalized(at.place + h3::unit_of_digit(digit_at(cell, r)));
    }
    return at;
}

/// A place settled on the face it lies on.
FaceIjk settled(FaceIjk at, int resolution, bool pentagon, bool leads_i) {
    const Ijk before = at.place;
    int even = resolution;
    if (h3::is_odd(resolution)) {
        at.place = h3::down(at.place, true);
        ++even;
    }
    if (h3::settle(at, even, leads_i, false) == h3::Crossing::None) {
        at.place = before;
        return at;
    }
    while (pentagon && h3::settle(at, even, false, false) != h3::Crossing::None) {
    }
    if (even != resolution) {
        at.place = h3::up(at.place, true);
    }
    return at;
}

FaceIjk place_of(H3Cell cell) {
    const h3::BaseCell& base = h3::kBaseCells[base_of(cell)];
    if (base.pentagon && leading_digit(cell) == kDigitIK) {
        cell = turned(cell, kRight);
    }
    const FaceIjk home = home_place(cell);
    const int resolution = h3_resolution(cell);
    // The cells of a base cell in the middle of a face all lie on it.
    if (!base.pentagon && (resolution == 0 || base.place == Ijk{})) {
        return home;
    }
    return settled(home, resolution, base.pentagon,
                   base.pentagon && leading_digit(cell) == kDigitI);
}

// ---- boundaries -------------------------------------------------------------------------------

constexpr Ijk kCornersEven[6] = {{2, 1, 0}, {1, 2, 0}, {0, 2, 1}, {0, 1, 2}, {1, 0, 2}, {2, 0, 1}};
constexpr Ijk kCornersOdd[6] = {{5, 4, 0}, {1, 5, 0}, {0, 5, 4}, {0, 1, 5}, {4, 0, 5}, {5, 0, 1}};

/// The corners of a cell on the grid a third as fine, all on the face of its middle; `resolution`
/// becomes that of the even grid they lie on.
std::array<FaceIjk, 6> corners_of(FaceIjk middle, int& resolution) {
    const bool odd = h3::is_odd(resolution);
    Ijk center = h3::combined(middle.place, {2, 0, 1}, {1, 2, 0}, {0, 1, 2});
    center = h3::combined(center, {2, 1, 0}, {0, 2, 1}, {1, 0, 2});
    if (odd) {
        center = h3::down(center, true);
        ++resolution;
    }
    std::array<FaceIjk, 6> out;
    for (std::size_t v = 0; v < 6; ++v) {
        out[v] = {middle.face, h3::normalized(center + (odd ? kCornersOdd[v] : kCornersEven[v]))};
    }
    return out;
}

/// Where two lines cross.
h3::Plane crossing(h3::Plane a, h3::Plane b, h3::Plane c, h3::Plane d) {
    const h3::Plane s1{b.x - a.x, b.y - a.y};
    const h3::Plane s2{d.x - c.x, d.y - c.y};
    const double t = (s2.x * (a.y - c.y) - s2.y * (a.x - c.x)) / (-s2.x * s1.y + s1.x * s2.y);
    return {a.x + t * s1.x, a.y + t * s1.y};
}

bool same_place(h3::Plane a, h3::Plane b) {
    constexpr double kNear = 1.2e-7;
    return std::abs(a.x - b.x) < kNear && std::abs(a.y - b.y) < kNear;
}

/// The edge of a face as a line of the grid of corners.
std::pair<h3::Plane, h3::Plane> face_edge(h3::Edge edge, int resolution) {
    const double size = h3::face_size(resolution);
    const double height = 3 * std::sqrt(3.0) / 2 * size;
    const h3::Plane i{3 * size, 0};
    const h3::Plane j{-1.5 * size, height};
    const h3::Plane k{-1.5 * size, -height};
    return edge == h3::kEdgeIJ   ? std::pair(i, j)
           : edge == h3::kEdgeJK ? std::pair(j, k)
                                 : std::pair(k, i);
}

std::vector<LngLat> hexagon_boundary(H3Cell cell) {
    const FaceIjk middle = place_of(cell);
    const bool odd = h3::is_odd(h3_resolution(cell));
    int resolution = h3_resolution(cell);
    const std::array<FaceIjk, 6> corners = corners_of(middle, resolution);
    std::vector<LngLat> out;
    int last_face = -1;
    h3::Crossing last = h3::Crossing::None;
    for (std::size_t turn = 0; turn <= 6; ++turn) {
        const std::size_t v = turn % 6;
        FaceIjk at = corners[v];
        const h3::Crossing over = h3::settle(at, resolution, false, true);
        // An edge between two faces bends where it crosses from one to the other.
        if (odd && turn > 0 && at.face != last_face && last != h3::Crossing::OnEdge) {
            const h3::Plane from = h3::to_plane(corners[(v + 5) % 6].place);
            const h3::Plane to = h3::to_plane(corners[v].place);
            const int other = last_face == middle.face ? at.face : last_face;
            const auto [a, b] = face_edge(h3::edge_between(middle.face, other), resolution);
            const h3::Plane bend = crossing(from, to, a, b);
            if (!same_place(from, bend) && !same_place(to, bend)) {
                out.push_back(h3::from_face(bend, middle.face, resolution, true));
            }
        }
        if (turn < 6) {
            out.push_back(h3::from_face(h3::to_plane(at.place), at.face, resolution, true));
        }
        last_face = at.face;
        last = over;
    }
    return out;
}

std::vector<LngLat> pentagon_boundary(H3Cell cell) {
    const FaceIjk middle = place_of(cell);
    const bool odd = h3::is_odd(h3_resolution(cell));
    int resolution = h3_resolution(cell);
    const std::array<FaceIjk, 6> corners = corners_of(middle, resolution);
    std::vector<LngLat> out;
    FaceIjk last;
    for (std::size_t turn = 0; turn <= 5; ++turn) {
        FaceIjk at = corners[turn % 5];
        while (h3::settle(at, resolution, false, true) == h3::Crossing::NewFace) {
        }
        if (odd && turn > 0) {
            // Every edge crosses from one face to the next: seen from the last corner's face.
            FaceIjk seen = at;
            const h3::FaceStep& step = h3::kSteps[at.face][h3::edge_between(at.face, last.face)];
            seen.face = step.face;
            for (int i = 0; i < step.turns; ++i) {
                seen.place = h3::turned_left(seen.place);
            }
            seen.place = h3::normalized(seen.place + step.move * (3 * h3::unit_size(resolution)));
            const auto [a, b] = face_edge(h3::edge_between(seen.face, at.face), resolution);
            const h3::Plane bend =
                crossing(h3::to_plane(last.place), h3::to_plane(seen.place), a, b);
            out.push_back(h3::from_face(bend, seen.face, resolution, true));
        }
        if (turn < 5) {
            out.push_back(h3::from_face(h3::to_plane(at.place), at.face, resolution, true));
        }
        last = at;
    }
    return out;
}

// ---- neighbours -------------------------------------------------------------------------------

/// The cell on the other side of an edge: a point just beyond the edge's middle lies in it.
H3Cell beyond(LngLat center, LngLat from, LngLat to, int resolution) {
    const Vec3 c = to_vector(center);
    const Vec3 middle = unit(to_vector(from) + to_vector(to));
    return h3_cell_of(to_lng_lat(unit(c + (middle - c) * 1.5)), resolution);
}

/// Direction from a to b, to the left of north, radians.
double bearing(LngLat a, LngLat b) {
    const double rad = std::numbers::pi / 180;
    const double d = (b.lng - a.lng) * rad;
    return -std::atan2(std::cos(b.lat * rad) * std::sin(d),
                       std::cos(a.lat * rad) * std::sin(b.lat * rad) -
                           std::sin(a.lat * rad) * std::cos(b.lat * rad) * std::cos(d));
}

/// Where a digit's axis points from the middle of a cell.
double axis_bearing(H3Cell cell, int digit) {
    const bool pentagon = h3::kBaseCells[base_of(cell)].pentagon;
    const LngLat center = h3_center(cell);
    const bool leads_i = pentagon && leading_digit(cell) == kDigitI;
    if (pentagon && leading_digit(cell) == kDigitIK) {  // as in place_of()
        cell = turned(cell, kRight);
        digit = kRight[static_cast<std::size_t>(digit)];
    }
    FaceIjk at = home_place(cell);
    const int resolution = h3_resolution(cell);
    at.place = h3::normalized(at.place + h3::unit_of_digit(digit));
    const FaceIjk there = settled(at, resolution, pentagon, leads_i);
    return bearing(center, h3::from_face(h3::to_plane(there.place), there.face, resolution, false));
}

double turn_between(double from, double to) {
    const double turn = std::fmod(to - from, 2 * std::numbers::pi);
    return turn < 0 ? turn + 2 * std::numbers::pi : turn;
}

/// Cells of a ring, turning to the left from behind the one on the I axis, which comes last.
void order_ring(std::vector<H3Cell>& ring, LngLat center, double axis) {
    const double step = 2 * std::numbers::pi / static_cast<double>(ring.size());
    const auto turn = [&](H3Cell cell) {
        const double t = turn_between(axis, bearing(center, h3_center(cell)));
        return t < step / 2 ? t + 2 * std::numbers::pi : t;
    };
    std::sort(ring.begin(), ring.end(), [&](H3Cell a, H3Cell b) { return turn(a) < turn(b); });
}

}  // namespace

H3Cell h3_cell_of(LngLat point, int resolution) {
    return cell_at(h3::to_face(point, resolution), resolution);
}

int h3_resolution(H3Cell cell) {
    return static_cast<int>((cell >> kResolutionShift) & 15U);
}

bool h3_is_pentagon(H3Cell cell) {
    return h3::kBaseCells[base_of(cell)].pentagon && leading_digit(cell) == 0;
}

std::string h3_text(H3Cell cell) {
    std::array<char, 16> out;
    const auto end = std::to_chars(out.data(), out.data() + out.size(), cell, 16).ptr;
    return {out.data(), end};
}

std::optional<H3Cell> h3_from_text(std::string_view text) {
    H3Cell cell = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cell, 16);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    const int resolution = h3_resolution(cell);
    if ((cell >> 56) != (kMode >> 56) || base_of(cell) >= h3::kBaseCellCount) {
        return std::nullopt;
    }
    for (int r = 1; r <= kH3ResolutionMax; ++r) {
        if ((digit_at(cell, r) == kNoDigit) != (r > resolution)) {
            return std::nullopt;
        }
    }
    if (h3::kBaseCells[base_of(cell)].pentagon && leading_digit(cell) == kDigitK) {
        return std::nullopt;
    }
    return cell;
}

LngLat h3_center(H3Cell cell) {
    const FaceIjk at = place_of(cell);
    return h3::from_face(h3::to_plane(at.place), at.face, h3_resolution(cell), false);
}

std::vector<LngLat> h3_boundary(H3Cell cell) {
    return h3_is_pentagon(cell) ? pentagon_boundary(cell) : hexagon_boundary(cell);
}

H3Cell h3_parent(H3Cell cell, int resolution) {
    for (int r = resolution + 1; r <= h3_resolution(cell); ++r) {
        set_digit(cell, r, kNoDigit);
    }
    set_resolution(cell, resolution);
    return cell;
}

std::vector<H3Cell> h3_children(H3Cell cell, int resolution) {
    std::vector<H3Cell> out = {cell};
    for (int r = h3_resolution(cell) + 1; r <= resolution; ++r) {
        std::vector<H3Cell> finer;
        for (const H3Cell parent : out) {
            for (int digit = 0; digit < kNoDigit; ++digit) {
                if (digit == kDigitK && h3_is_pentagon(parent)) {
                    continue;
                }
                H3Cell child = parent;
                set_resolution(child, r);
                set_digit(child, r, digit);
                finer.push_back(child);
            }
        }
        out = std::move(finer);
    }
    return out;
}

std::vector<H3Cell> h3_neighbors(H3Cell cell) {
    const LngLat center = h3_center(cell);
    const std::vector<LngLat> corners = h3_boundary(cell);
    std::vector<H3Cell> around;
    for (std::size_t i = 0; i < corners.size(); ++i) {
        const H3Cell other =
            beyond(center, corners[i], corners[(i + 1) % corners.size()], h3_resolution(cell));
        if (other != cell && other != 0 &&
            std::find(around.begin(), around.end(), other) == around.end()) {
            around.push_back(other);
        }
    }
    order_ring(around, center, axis_bearing(cell, kDigitI));
    if (around.size() != 6) {
        return around;
    }
    // Behind I to the left: IJ, J, JK, K, IK, I.
    constexpr std::array<std::size_t, 6> kOrder = {3, 5, 4, 2, 1, 0};
    std::vector<H3Cell> out;
    for (const std::size_t place : kOrder) {
        out.push_back(around[place]);
    }
    return out;
}

std::vector<std::vector<H3Cell>> h3_rings(H3Cell cell, int distance) {
    std::vector<std::vector<H3Cell>> rings = {{cell}};
    std::set<H3Cell> seen = {cell};
    for (int step = 1; step <= distance; ++step) {
        std::vector<H3Cell> ring;
        for (const H3Cell inner : rings.back()) {
            for (const H3Cell other : h3_neighbors(inner)) {
                if (seen.insert(other).second) {
                    ring.push_back(other);
                }
            }
        }
        rings.push_back(std::move(ring));
    }
    const LngLat center = h3_center(cell);
    const double axis = axis_bearing(cell, kDigitI);
    for (std::size_t i = 1; i < rings.size(); ++i) {
        if (!rings[i].empty()) {
            order_ring(rings[i], center, axis);
        }
    }
    return rings;
}

}  // namespace qd::kql
