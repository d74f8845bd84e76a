// Intersections, unions, areas and centres of GeoJSON shapes. What is no valid shape gives null.
#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/s2_shapes.h"

namespace qd::kql {
namespace {

using Arguments = std::span<const Argument>;

bool add_shape(MutableS2ShapeIndex& index, const Value& geojson, bool polygon) {
    if (polygon) {
        auto shape = s2_polygon(geojson);
        if (shape) {
            s2_add(index, std::move(*shape));
        }
        return shape.has_value();
    }
    auto lines = s2_lines(geojson);
    if (lines) {
        s2_add(index, std::move(*lines));
    }
    return lines.has_value();
}

template <bool kLeftPolygon, bool kRightPolygon>
Result<BoundCall> bind_intersection(Arguments args) {
    return bind_row("geo_intersection", args, {Accepts::Array, Accepts::Array}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        MutableS2ShapeIndex left;
                        MutableS2ShapeIndex right;
                        if (!add_shape(left, variant_at(a, 0, row).to_value(), kLeftPolygon) ||
                            !add_shape(right, variant_at(a, 1, row).to_value(), kRightPolygon)) {
                            out.append_null();
                            return;
                        }
                        const auto both =
                            s2_combine(S2BooleanOperation::OpType::INTERSECTION, left, right);
                        out.append_value(both ? s2_geojson(*both) : Value());
                    });
}

std::optional<S2Geometry> unite_polygons(const Array& shapes) {
    std::vector<std::unique_ptr<S2Polygon>> polygons;
    for (const Value& shape : shapes) {
        auto polygon = s2_polygon(shape);
        if (!polygon) {
            return std::nullopt;
        }
        polygons.push_back(std::move(*polygon));
    }
    S2Geometry all;
    all.polygon = S2Polygon::DestructiveUnion(std::move(polygons));
    return all;
}

/// One after the other, as the library's union takes two.
std::optional<S2Geometry> unite_lines(const Array& shapes) {
    S2Geometry all;
    for (const Value& shape : shapes) {
        MutableS2ShapeIndex before;
        MutableS2ShapeIndex next;
        if (!add_shape(next, shape, false)) {
            return std::nullopt;
        }
        s2_add(before, std::move(all.lines));
        auto united = s2_combine(S2BooleanOperation::OpType::UNION, before, next);
        if (!united) {
            return std::nullopt;
        }
        all = std::move(*united);
    }
    return all;
}

template <bool kPolygons>
Result<BoundCall> bind_union(Arguments args) {
    return bind_row("geo_union", args, {Accepts::Array}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const Value shapes = variant_at(a, 0, row).to_value();
                        const Array* array = shapes.if_array();
                        if (array == nullptr || array->empty()) {
                            out.append_null();
                            return;
                        }
                        const auto all = kPolygons ? unite_polygons(*array) : unite_lines(*array);
                        out.append_value(all ? s2_geojson(*all) : Value());
                    });
}

// Overlapping parts of a MultiPolygon count once: the shape is their union.

Result<BoundCall> bind_area(Arguments args) {
    return bind_row(
        "geo_polygon_area", args, {Accepts::Array}, DataType::Real,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const auto polygon = s2_polygon(variant_at(a, 0, row).to_value());
            if (polygon) {
                out.append_real((*polygon)->GetArea() * kEarthRadiusMeters * kEarthRadiusMeters);
            } else {
                out.append_null();
            }
        });
}

Result<BoundCall> bind_centroid(Arguments args) {
    return bind_row("geo_polygon_centroid", args, {Accepts::Array}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto polygon = s2_polygon(variant_at(a, 0, row).to_value());
                        if (!polygon) {
                            out.append_null();
                            return;
                        }
                        S2Geometry centre;
                        centre.points.push_back((*polygon)->GetCentroid().Normalize());
                        out.append_value(s2_geojson(centre));
                    });
}

constexpr ScalarFunction kFunctions[] = {
    {"geo_polygon_area", "geo_polygon_area(polygon:dynamic) : real",
     "The area of a polygon in square metres.", 1, 1, Naming::Anonymous, bind_area},
    {"geo_polygon_centroid", "geo_polygon_centroid(polygon:dynamic) : dynamic",
     "The centre of mass of a polygon.", 1, 1, Naming::Anonymous, bind_centroid},
    {"geo_intersection_2lines", "geo_intersection_2lines(a:dynamic, b:dynamic) : dynamic",
     "What two lines have in common.", 2, 2, Naming::Anonymous, bind_intersection<false, false>},
    {"geo_intersection_2polygons", "geo_intersection_2polygons(a:dynamic, b:dynamic) : dynamic",
     "What two polygons have in common.", 2, 2, Naming::Anonymous, bind_intersection<true, true>},
    {"geo_intersection_line_with_polygon",
     "geo_intersection_line_with_polygon(line:dynamic, polygon:dynamic) : dynamic",
     "The part of a line inside a polygon.", 2, 2, Naming::Anonymous,
     bind_intersection<false, true>},
    {"geo_union_lines_array", "geo_union_lines_array(lines:dynamic) : dynamic",
     "The lines of an array as one shape.", 1, 1, Naming::Anonymous, bind_union<false>},
    {"geo_union_polygons_array", "geo_union_polygons_array(polygons:dynamic) : dynamic",
     "The polygons of an array as one shape.", 1, 1, Naming::Anonymous, bind_union<true>},
};

}  // namespace

std::span<const ScalarFunction> geo_combine_functions() {
    return kFunctions;
}

}  // namespace qd::kql
