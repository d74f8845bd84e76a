#pragma once

#include "qd/codec/value.h"

#include <optional>
#include <utility>
#include <vector>

/// Geometry on the sphere the engine measures on (radius 6,371,010 m), with GeoJSON in and out.
/// Edges are great-circle arcs.
namespace qd::kql {

inline constexpr double kEarthRadiusMeters = 6371010.0;

struct Vec3 {
    double x = 0;
    double y = 0;
    double z = 0;
};
Vec3 operator+(Vec3 a, Vec3 b);
Vec3 operator-(Vec3 a, Vec3 b);
Vec3 operator*(Vec3 a, double k);
double dot(Vec3 a, Vec3 b);
Vec3 cross(Vec3 a, Vec3 b);
double length(Vec3 a);
Vec3 unit(Vec3 a);
double angle_between(Vec3 a, Vec3 b);

struct LngLat {
    double lng = 0;
    double lat = 0;
};
bool is_valid(LngLat p);
Vec3 to_vector(LngLat p);
LngLat to_lng_lat(Vec3 v);
Value point_value(LngLat p);

using Path = std::vector<Vec3>;
/// A closed ring without its last, repeated vertex.
using Ring = std::vector<Vec3>;
/// Shell first, then holes.
using Polygon = std::vector<Ring>;

/// LineString or MultiLineString; nothing when it is malformed or a line has under two points.
std::optional<std::vector<Path>> lines_of(const Value& geojson);
/// Polygon or MultiPolygon; nothing when it is malformed, a ring is open, has under three distinct
/// vertices or repeats one.
std::optional<std::vector<Polygon>> polygons_of(const Value& geojson);

/// The nearest point of the arc.
Vec3 closest_on_arc(Vec3 p, Vec3 a, Vec3 b);
/// Steradians, positive for a ring that turns to the left.
double signed_area(const Ring& ring);
bool contains(const Ring& ring, Vec3 p);
bool contains(const std::vector<Polygon>& polygons, Vec3 p);
bool arcs_cross(Vec3 a, Vec3 b, Vec3 c, Vec3 d);

}  // namespace qd::kql
