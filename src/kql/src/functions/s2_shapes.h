#pragma once

#include "functions/sphere.h"

#include <s2/mutable_s2shape_index.h>
#include <s2/s2boolean_operation.h>
#include <s2/s2polygon.h>
#include <s2/s2polyline.h>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

/// GeoJSON in and out of the S2 library, which the engine measures with.
namespace qd::kql {

S2Point s2_point(Vec3 v);
S1Angle s2_meters(double meters);

/// Nothing when it is no valid LineString or MultiLineString (Polygon or MultiPolygon).
std::optional<std::vector<std::unique_ptr<S2Polyline>>> s2_lines(const Value& geojson);
std::optional<std::unique_ptr<S2Polygon>> s2_polygon(const Value& geojson);

/// The library's own checks abort; shapes are checked by asking instead.
std::unique_ptr<S2Polygon> empty_polygon();

struct S2Geometry {
    std::vector<S2Point> points;
    std::vector<std::unique_ptr<S2Polyline>> lines;
    std::unique_ptr<S2Polygon> polygon = empty_polygon();
};
/// A Point, LineString, Polygon or their Multi form; a GeometryCollection of several or none.
Value s2_geojson(const S2Geometry& geometry);

void s2_add(MutableS2ShapeIndex& index, std::vector<std::unique_ptr<S2Polyline>> lines);
void s2_add(MutableS2ShapeIndex& index, std::unique_ptr<S2Polygon> polygon);

/// Nothing when the library refuses the shapes.
std::optional<S2Geometry> s2_combine(S2BooleanOperation::OpType operation,
                                     const MutableS2ShapeIndex& a, const MutableS2ShapeIndex& b);

}  // namespace qd::kql
