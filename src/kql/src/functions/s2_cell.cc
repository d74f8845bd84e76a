#include "functions/s2_cell.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace qd::kql {
namespace {

constexpr int kLevels = 30;
constexpr int kSize = 1 << kLevels;

/// Where the four quarters of a square lie on the curve, by orientation, and back.
constexpr int kPositionOf[4][4] = {{0, 1, 3, 2}, {0, 3, 1, 2}, {2, 3, 1, 0}, {2, 1, 3, 0}};
constexpr int kQuarterAt[4][4] = {{0, 1, 3, 2}, {0, 2, 3, 1}, {3, 2, 0, 1}, {3, 1, 0, 2}};
constexpr int kTurn[4] = {1, 0, 0, 3};

struct FaceUv {
    int face = 0;
    double u = 0;
    double v = 0;
};

FaceUv to_face(Vec3 p) {
    const double ax = std::abs(p.x);
    const double ay = std::abs(p.y);
    const double az = std::abs(p.z);
    int face = ax > ay ? (ax > az ? 0 : 2) : (ay > az ? 1 : 2);
    const double largest = face == 0 ? p.x : face == 1 ? p.y : p.z;
    if (largest < 0) {
        face += 3;
    }
    switch (face) {
        case 0:
            return {face, p.y / p.x, p.z / p.x};
        case 1:
            return {face, -p.x / p.y, p.z / p.y};
        case 2:
            return {face, -p.x / p.z, -p.y / p.z};
        case 3:
            return {face, p.z / p.x, p.y / p.x};
        case 4:
            return {face, p.z / p.y, -p.x / p.y};
        default:
            return {face, -p.y / p.z, -p.x / p.z};
    }
}

Vec3 from_face(int face, double u, double v) {
    switch (face) {
        case 0:
            return {1, u, v};
        case 1:
            return {-u, 1, v};
        case 2:
            return {-u, -v, 1};
        case 3:
            return {-1, -v, -u};
        case 4:
            return {v, -1, -u};
        default:
            return {v, u, -1};
    }
}

/// The quadratic projection that evens out the cells' areas.
double uv_to_st(double u) {
    return u >= 0 ? 0.5 * std::sqrt(1 + 3 * u) : 1 - 0.5 * std::sqrt(1 - 3 * u);
}
double st_to_uv(double s) {
    return s >= 0.5 ? (4 * s * s - 1) / 3 : (1 - 4 * (1 - s) * (1 - s)) / 3;
}
int st_to_ij(double s) {
    return static_cast<int>(std::clamp(std::floor(s * kSize), 0.0, static_cast<double>(kSize - 1)));
}

S2Cell from_face_ij(int face, int i, int j) {
    auto cell = static_cast<std::uint64_t>(face);
    int orientation = face & 1;
    for (int k = kLevels - 1; k >= 0; --k) {
        const int quarter = ((i >> k) & 1) << 1 | ((j >> k) & 1);
        const int position = kPositionOf[orientation][quarter];
        cell = cell << 2U | static_cast<std::uint64_t>(position);
        orientation ^= kTurn[position];
    }
    return cell << 1U | 1U;
}

S2Cell parent(S2Cell cell, int level) {
    const S2Cell bit = S2Cell{1} << (2 * (kLevels - level));
    return (cell & (~bit + 1)) | bit;
}

struct FaceIj {
    int face = 0;
    int i = 0;
    int j = 0;
    int size = 1;
};

/// The cell's lowest corner on its face and the length of its side.
FaceIj to_face_ij(S2Cell cell) {
    const int level = s2_level(cell);
    FaceIj square{static_cast<int>(cell >> 61U), 0, 0, 1 << (kLevels - level)};
    int orientation = square.face & 1;
    for (int k = 0; k < level; ++k) {
        const int position = static_cast<int>(cell >> (59 - 2 * k)) & 3;
        const int quarter = kQuarterAt[orientation][position];
        square.i = square.i << 1 | quarter >> 1;
        square.j = square.j << 1 | (quarter & 1);
        orientation ^= kTurn[position];
    }
    square.i *= square.size;
    square.j *= square.size;
    return square;
}

double ij_to_uv(double ij) {
    return st_to_uv(ij / kSize);
}

/// A place that may lie just past the edge of the face.
S2Cell from_face_ij_wrap(int face, int i, int j) {
    i = std::clamp(i, -1, kSize);
    j = std::clamp(j, -1, kSize);
    if (i >= 0 && i < kSize && j >= 0 && j < kSize) {
        return from_face_ij(face, i, j);
    }
    const auto linear = [](int ij) {
        const double limit = 1 + 2.3e-16;
        return std::clamp((2.0 * ij + 1 - kSize) / kSize, -limit, limit);
    };
    const FaceUv wrapped = to_face(from_face(face, linear(i), linear(j)));
    return from_face_ij(wrapped.face, st_to_ij(0.5 * (wrapped.u + 1)),
                        st_to_ij(0.5 * (wrapped.v + 1)));
}

}  // namespace

S2Cell s2_cell_of(Vec3 point, int level) {
    const FaceUv uv = to_face(point);
    return parent(from_face_ij(uv.face, st_to_ij(uv_to_st(uv.u)), st_to_ij(uv_to_st(uv.v))), level);
}

int s2_level(S2Cell cell) {
    return kLevels - std::countr_zero(cell) / 2;
}

std::string s2_token(S2Cell cell) {
    std::string token;
    for (int shift = 60; shift >= 0; shift -= 4) {
        token.push_back("0123456789abcdef"[(cell >> static_cast<unsigned>(shift)) & 15U]);
    }
    token.erase(token.find_last_not_of('0') + 1);
    return token;
}

std::optional<S2Cell> s2_from_token(std::string_view token) {
    if (token.empty() || token.size() > 16) {
        return std::nullopt;
    }
    S2Cell cell = 0;
    for (const char c : token) {
        const char small = static_cast<char>(c | 0x20);
        const bool decimal = c >= '0' && c <= '9';
        if (!decimal && !(small >= 'a' && small <= 'f')) {
            return std::nullopt;
        }
        cell = cell << 4U | static_cast<S2Cell>(decimal ? c - '0' : small - 'a' + 10);
    }
    cell <<= 4 * (16 - token.size());
    const S2Cell lowest = cell & (~cell + 1);
    const bool valid = cell >> 61U < 6 && (lowest & 0x1555'5555'5555'5555U) != 0;
    return valid ? std::optional(cell) : std::nullopt;
}

Vec3 s2_center(S2Cell cell) {
    const FaceIj at = to_face_ij(cell);
    const double half = at.size / 2.0;
    return unit(from_face(at.face, ij_to_uv(at.i + half), ij_to_uv(at.j + half)));
}

std::vector<Vec3> s2_corners(S2Cell cell) {
    const FaceIj at = to_face_ij(cell);
    const double u0 = ij_to_uv(at.i);
    const double u1 = ij_to_uv(static_cast<double>(at.i) + at.size);
    const double v0 = ij_to_uv(at.j);
    const double v1 = ij_to_uv(static_cast<double>(at.j) + at.size);
    return {unit(from_face(at.face, u0, v0)), unit(from_face(at.face, u1, v0)),
            unit(from_face(at.face, u1, v1)), unit(from_face(at.face, u0, v1))};
}

std::vector<S2Cell> s2_neighbors(S2Cell cell) {
    const FaceIj at = to_face_ij(cell);
    const int level = s2_level(cell);
    std::vector<S2Cell> cells;
    const auto add = [&](int di, int dj) {
        const auto past = [](int ij, int d, int size) {
            return d < 0 ? ij - 1 : d > 0 ? ij + size : ij;
        };
        const S2Cell neighbor = parent(
            from_face_ij_wrap(at.face, past(at.i, di, at.size), past(at.j, dj, at.size)), level);
        if (neighbor != cell && std::find(cells.begin(), cells.end(), neighbor) == cells.end()) {
            cells.push_back(neighbor);
        }
    };
    // The order of the documentation's recorded answer.
    static constexpr int kAround[8][2] = {{1, 1},  {1, 0},  {-1, 0}, {0, -1},
                                          {-1, 1}, {1, -1}, {0, 1},  {-1, -1}};
    for (const auto& around : kAround) {
        add(around[0], around[1]);
    }
    return cells;
}

}  // namespace qd::kql
