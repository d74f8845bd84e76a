#include "functions/h3_grid.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace qd::kql::h3 {

namespace {

constexpr double kPi = std::numbers::pi;
const double kSin60 = std::sqrt(3.0) / 2;
const double kSqrt7 = std::sqrt(7.0);
/// Between the axes of odd and of even resolutions.
const double kOddTurn = std::asin(std::sqrt(3.0 / 28.0));
/// Length of the grid's unit at resolution 0 on the plane that touches a face's middle.
constexpr double kUnitLength = 0.38196601125010500003;
constexpr double kTiny = 1e-16;

double positive_angle(double a) {
    a = std::fmod(a, 2 * kPi);
    return a < 0 ? a + 2 * kPi : a;
}

struct Radians {
    double lat;
    double lng;
};

double azimuth(Radians from, Radians to) {
    return std::atan2(std::cos(to.lat) * std::sin(to.lng - from.lng),
                      std::cos(from.lat) * std::sin(to.lat) -
                          std::sin(from.lat) * std::cos(to.lat) * std::cos(to.lng - from.lng));
}

/// The point that lies so far away in a direction.
Radians travelled(Radians from, double direction, double distance) {
    if (distance < kTiny) {
        return from;
    }
    const double sin_lat =
        std::clamp(std::sin(from.lat) * std::cos(distance) +
                       std::cos(from.lat) * std::sin(distance) * std::cos(direction),
                   -1.0, 1.0);
    const double lat = std::asin(sin_lat);
    const double lng =
        from.lng + std::atan2(std::sin(direction) * std::sin(distance) * std::cos(from.lat),
                              std::cos(distance) - std::sin(from.lat) * sin_lat);
    return {lat, std::remainder(lng, 2 * kPi)};
}

Vec3 vector_of(Radians p) {
    return {std::cos(p.lat) * std::cos(p.lng), std::cos(p.lat) * std::sin(p.lng), std::sin(p.lat)};
}

int power_of_seven(int exponent) {
    int out = 1;
    for (int i = 0; i < exponent; ++i) {
        out *= 7;
    }
    return out;
}

double scale_of(int resolution) {
    return std::pow(kSqrt7, resolution);
}

}  // namespace

Ijk operator+(Ijk a, Ijk b) {
    return {a.i + b.i, a.j + b.j, a.k + b.k};
}
Ijk operator-(Ijk a, Ijk b) {
    return {a.i - b.i, a.j - b.j, a.k - b.k};
}
Ijk operator*(Ijk a, int n) {
    return {a.i * n, a.j * n, a.k * n};
}

Ijk normalized(Ijk p) {
    const int least = std::min({p.i, p.j, p.k});
    return {p.i - least, p.j - least, p.k - least};
}

Ijk combined(Ijk p, Ijk i, Ijk j, Ijk k) {
    return normalized(i * p.i + j * p.j + k * p.k);
}

Ijk turned_left(Ijk p) {
    return combined(p, {1, 1, 0}, {0, 1, 1}, {1, 0, 1});
}
Ijk turned_right(Ijk p) {
    return combined(p, {1, 0, 1}, {1, 1, 0}, {0, 1, 1});
}

Ijk up(Ijk p, bool right) {
    const double i = p.i - p.k;
    const double j = p.j - p.k;
    const double up_i = right ? 2 * i + j : 3 * i - j;
    const double up_j = right ? 3 * j - i : i + 2 * j;
    return normalized(
        {static_cast<int>(std::lround(up_i / 7)), static_cast<int>(std::lround(up_j / 7)), 0});
}

Ijk down(Ijk p, bool right) {
    return right ? combined(p, {3, 1, 0}, {0, 3, 1}, {1, 0, 3})
                 : combined(p, {3, 0, 1}, {1, 3, 0}, {0, 1, 3});
}

Ijk unit_of_digit(int digit) {
    return {(digit >> 2) & 1, (digit >> 1) & 1, digit & 1};
}

int digit_of_unit(Ijk p) {
    return p.i * 4 + p.j * 2 + p.k;
}

Plane to_plane(Ijk p) {
    const int i = p.i - p.k;
    const int j = p.j - p.k;
    return {i - 0.5 * j, j * kSin60};
}

// The hexagon a point lies in: the axes' quarter first, the thirds of its unit parallelogram, then
// the fold back over the axes.
Ijk to_ijk(Plane p) {
    const double x2 = std::abs(p.y) / kSin60;
    const double x1 = std::abs(p.x) + x2 / 2;
    const int m1 = static_cast<int>(x1);
    const int m2 = static_cast<int>(x2);
    const double r1 = x1 - m1;
    const double r2 = x2 - m2;
    int i = m1;
    int j = m2;
    if (r1 < 0.5) {
        if (r1 < 1.0 / 3.0) {
            j += r2 < (1 + r1) / 2 ? 0 : 1;
        } else {
            j += r2 < 1 - r1 ? 0 : 1;
            i += 1 - r1 <= r2 && r2 < 2 * r1 ? 1 : 0;
        }
    } else if (r1 < 2.0 / 3.0) {
        j += r2 < 1 - r1 ? 0 : 1;
        i += 2 * r1 - 1 < r2 && r2 < 1 - r1 ? 0 : 1;
    } else {
        i += 1;
        j += r2 < r1 / 2 ? 0 : 1;
    }
    if (p.x < 0) {
        i = j % 2 == 0 ? i - 2 * (i - j / 2) : i - 2 * (i - (j + 1) / 2) - 1;
    }
    if (p.y < 0) {
        i -= (2 * j + 1) / 2;
        j = -j;
    }
    return normalized({i, j, 0});
}

FaceIjk to_face(LngLat point, int resolution) {
    const Radians p{point.lat * kPi / 180, point.lng * kPi / 180};
    const Vec3 v = vector_of(p);
    int face = 0;
    double nearest = 5;
    for (int f = 0; f < kFaceCount; ++f) {
        const Vec3 way = v - vector_of({kFaces[f].latitude, kFaces[f].longitude});
        const double distance = dot(way, way);
        if (distance < nearest) {
            nearest = distance;
            face = f;
        }
    }
    const double angle = std::acos(1 - nearest / 2);
    if (angle < kTiny) {
        return {face, {}};
    }
    const Face& middle = kFaces[face];
    double theta = positive_angle(middle.azimuth -
                                  positive_angle(azimuth({middle.latitude, middle.longitude}, p)));
    if (is_odd(resolution)) {
        theta = positive_angle(theta - kOddTurn);
    }
    const double r = std::tan(angle) / kUnitLength * scale_of(resolution);
    return {face, to_ijk({r * std::cos(theta), r * std::sin(theta)})};
}

LngLat from_face(Plane p, int face, int resolution, bool substrate) {
    const Face& middle = kFaces[face];
    double r = std::hypot(p.x, p.y);
    Radians at{middle.latitude, middle.longitude};
    if (r >= kTiny) {
        double theta = std::atan2(p.y, p.x);
        r /= scale_of(resolution);
        if (substrate) {
            r /= is_odd(resolution) ? 3 * kSqrt7 : 3;
        } else if (is_odd(resolution)) {
            theta += kOddTurn;
        }
        at = travelled(at, positive_angle(middle.azimuth - theta), std::atan(r * kUnitLength));
    }
    return {at.lng * 180 / kPi, at.lat * 180 / kPi};
}

int face_size(int resolution) {
    return 2 * power_of_seven(resolution / 2);
}
int unit_size(int resolution) {
    return power_of_seven(resolution / 2);
}

Crossing settle(FaceIjk& at, int resolution, bool pentagon_leads_i, bool substrate) {
    const int size = face_size(resolution) * (substrate ? 3 : 1);
    Ijk& p = at.place;
    const auto sum = [&] { return p.i + p.j + p.k; };
    if (substrate && sum() == size) {
        return Crossing::OnEdge;
    }
    if (sum() <= size) {
        return Crossing::None;
    }
    const FaceStep* step = &kSteps[at.face][kEdgeIJ];
    if (p.k > 0 && p.j > 0) {
        step = &kSteps[at.face][kEdgeJK];
    } else if (p.k > 0) {
        step = &kSteps[at.face][kEdgeKI];
        if (pentagon_leads_i) {
            // The pentagon's missing sixth lies here.
            const Ijk pentagon{size, 0, 0};
            p = turned_right(normalized(p - pentagon)) + pentagon;
        }
    }
    at.face = step->face;
    for (int i = 0; i < step->turns; ++i) {
        p = turned_left(p);
    }
    p = normalized(p + step->move * (unit_size(resolution) * (substrate ? 3 : 1)));
    return substrate && sum() == size ? Crossing::OnEdge : Crossing::NewFace;
}

Edge edge_between(int face, int other) {
    for (const Edge edge : {kEdgeIJ, kEdgeKI, kEdgeJK}) {
        if (kSteps[face][edge].face == other) {
            return edge;
        }
    }
    return kEdgeIJ;
}

}  // namespace qd::kql::h3
