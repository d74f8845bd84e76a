#include "functions/sphere.h"

#include <algorithm>
#include <cmath>
#include <numbers>

// Points are unit vectors: no poles, no date line. A point is inside a ring when the ring winds
// around it the way the ring itself turns; a ring that would cover more than half the sphere is
// taken the other way round, as the engine ignores the order of the vertices.

namespace qd::kql {

Vec3 operator+(Vec3 a, Vec3 b) {
    return {a.x + b.x, a.y + b.y, a.z + b.z};
}
Vec3 operator-(Vec3 a, Vec3 b) {
    return {a.x - b.x, a.y - b.y, a.z - b.z};
}
Vec3 operator*(Vec3 a, double k) {
    return {a.x * k, a.y * k, a.z * k};
}
double dot(Vec3 a, Vec3 b) {
    return a.x * b.x + a.y * b.y + a.z * b.z;
}
Vec3 cross(Vec3 a, Vec3 b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
double length(Vec3 a) {
    return std::sqrt(dot(a, a));
}
Vec3 unit(Vec3 a) {
    const double size = length(a);
    return size > 0 ? a * (1 / size) : a;
}
double angle_between(Vec3 a, Vec3 b) {
    return std::atan2(length(cross(a, b)), dot(a, b));
}

bool is_valid(LngLat p) {
    return std::abs(p.lng) <= 180 && std::abs(p.lat) <= 90;  // false for NaN
}

Vec3 to_vector(LngLat p) {
    const double lng = p.lng * std::numbers::pi / 180;
    const double lat = p.lat * std::numbers::pi / 180;
    return {std::cos(lat) * std::cos(lng), std::cos(lat) * std::sin(lng), std::sin(lat)};
}

LngLat to_lng_lat(Vec3 v) {
    return {std::atan2(v.y, v.x) * 180 / std::numbers::pi,
            std::atan2(v.z, std::sqrt(v.x * v.x + v.y * v.y)) * 180 / std::numbers::pi};
}

Value point_value(LngLat p) {
    Object point;
    point.append("type", "Point");
    point.append("coordinates", Array{Value(p.lng), Value(p.lat)});
    return point;
}

namespace {

std::optional<Vec3> position(const Value& value) {
    const Array* pair = value.if_array();
    if (pair == nullptr || pair->size() < 2 || !(*pair)[0].is_number() || !(*pair)[1].is_number()) {
        return std::nullopt;
    }
    const LngLat p{(*pair)[0].number_or(0), (*pair)[1].number_or(0)};
    // Longitudes past the date line wrap.
    if (!(std::abs(p.lng) <= 360 && std::abs(p.lat) <= 90)) {
        return std::nullopt;
    }
    return to_vector(p);
}

std::optional<Path> positions(const Value& value) {
    const Array* list = value.if_array();
    if (list == nullptr) {
        return std::nullopt;
    }
    Path path;
    for (const Value& item : *list) {
        const auto p = position(item);
        if (!p) {
            return std::nullopt;
        }
        path.push_back(*p);
    }
    return path;
}

bool same(Vec3 a, Vec3 b) {
    return length(a - b) < 1e-15;
}

std::optional<Ring> ring_of(const Value& value) {
    auto path = positions(value);
    if (!path || path->size() < 4 || !same(path->front(), path->back())) {
        return std::nullopt;
    }
    path->pop_back();
    for (std::size_t i = 0; i < path->size(); ++i) {
        if (same((*path)[i], (*path)[(i + 1) % path->size()])) {
            return std::nullopt;
        }
    }
    return path;
}

std::optional<Polygon> polygon_of(const Value& value) {
    const Array* rings = value.if_array();
    if (rings == nullptr || rings->empty()) {
        return std::nullopt;
    }
    Polygon polygon;
    for (const Value& item : *rings) {
        auto ring = ring_of(item);
        if (!ring) {
            return std::nullopt;
        }
        polygon.push_back(std::move(*ring));
    }
    return polygon;
}

}  // namespace

std::optional<std::vector<Path>> lines_of(const Value& geojson) {
    const Value* type = geojson.get("type");
    const Value* coordinates = geojson.get("coordinates");
    if (type == nullptr || coordinates == nullptr) {
        return std::nullopt;
    }
    std::vector<Path> lines;
    const auto add = [&lines](const Value& value) {
        auto path = positions(value);
        if (!path || path->size() < 2) {
            return false;
        }
        lines.push_back(std::move(*path));
        return true;
    };
    if (type->string_or("") == "LineString") {
        return add(*coordinates) ? std::optional(lines) : std::nullopt;
    }
    const Array* list = coordinates->if_array();
    if (type->string_or("") != "MultiLineString" || list == nullptr || list->empty()) {
        return std::nullopt;
    }
    for (const Value& item : *list) {
        if (!add(item)) {
            return std::nullopt;
        }
    }
    return lines;
}

std::optional<std::vector<Polygon>> polygons_of(const Value& geojson) {
    const Value* type = geojson.get("type");
    const Value* coordinates = geojson.get("coordinates");
    if (type == nullptr || coordinates == nullptr) {
        return std::nullopt;
    }
    if (type->string_or("") == "Polygon") {
        auto polygon = polygon_of(*coordinates);
        return polygon ? std::optional(std::vector<Polygon>{std::move(*polygon)}) : std::nullopt;
    }
    const Array* list = coordinates->if_array();
    if (type->string_or("") != "MultiPolygon" || list == nullptr || list->empty()) {
        return std::nullopt;
    }
    std::vector<Polygon> polygons;
    for (const Value& item : *list) {
        auto polygon = polygon_of(item);
        if (!polygon) {
            return std::nullopt;
        }
        polygons.push_back(std::move(*polygon));
    }
    return polygons;
}

Vec3 closest_on_arc(Vec3 p, Vec3 a, Vec3 b) {
    const Vec3 normal = cross(a, b);
    if (length(normal) > 0) {
        const Vec3 n = unit(normal);
        const Vec3 on_circle = unit(p - n * dot(p, n));
        const bool between = dot(cross(a, on_circle), n) >= 0 && dot(cross(on_circle, b), n) >= 0;
        if (between) {
            return on_circle;
        }
    }
    return dot(p, a) >= dot(p, b) ? a : b;
}

double signed_area(const Ring& ring) {
    double area = 0;
    for (std::size_t i = 1; i + 1 < ring.size(); ++i) {
        const Vec3 a = ring[0];
        const Vec3 b = ring[i];
        const Vec3 c = ring[i + 1];
        area += 2 * std::atan2(dot(a, cross(b, c)), 1 + dot(a, b) + dot(b, c) + dot(c, a));
    }
    return area;
}

bool contains(const Ring& ring, Vec3 p) {
    double winding = 0;
    for (std::size_t i = 0; i < ring.size(); ++i) {
        const Vec3 a = ring[i];
        const Vec3 b = ring[(i + 1) % ring.size()];
        const Vec3 to_a = a - p * dot(a, p);
        const Vec3 to_b = b - p * dot(b, p);
        if (length(to_a) < 1e-15) {
            return true;
        }
        winding += std::atan2(dot(p, cross(to_a, to_b)), dot(to_a, to_b));
    }
    const double area = signed_area(ring);
    return area >= 0 ? winding > std::numbers::pi : winding < -std::numbers::pi;
}

bool contains(const std::vector<Polygon>& polygons, Vec3 p) {
    for (const Polygon& polygon : polygons) {
        bool inside = contains(polygon.front(), p);
        for (std::size_t i = 1; inside && i < polygon.size(); ++i) {
            inside = !contains(polygon[i], p);
        }
        if (inside) {
            return true;
        }
    }
    return false;
}

bool arcs_cross(Vec3 a, Vec3 b, Vec3 c, Vec3 d) {
    const Vec3 ab = cross(a, b);
    const Vec3 cd = cross(c, d);
    const double c_side = dot(ab, c);
    const double d_side = dot(ab, d);
    const double a_side = dot(cd, a);
    const double b_side = dot(cd, b);
    if (c_side * d_side > 0 || a_side * b_side > 0) {
        return false;
    }
    // The circles meet in two opposite points: both arcs must hold the same one.
    const Vec3 meet = unit(cross(ab, cd));
    const Vec3 middle = a + b + c + d;
    return dot(dot(meet, middle) >= 0 ? meet : meet * -1, a + b) > 0 &&
           dot(dot(meet, middle) >= 0 ? meet : meet * -1, c + d) > 0;
}

}  // namespace qd::kql
