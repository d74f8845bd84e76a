// Shapes made from shapes: buffers, simpler and denser lines, coverings by S2 cells. What is no
// valid shape, or a parameter out of range, gives null.
#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/s2_shapes.h"

#include <s2/s2buffer_operation.h>
#include <s2/s2builder.h>
#include <s2/s2builderutil_s2polygon_layer.h>
#include <s2/s2builderutil_s2polyline_layer.h>
#include <s2/s2builderutil_snap_functions.h>
#include <s2/s2edge_distances.h>
#include <s2/s2metrics.h>
#include <s2/s2region_coverer.h>
#include <s2/s2shape_index_buffered_region.h>
#include <s2/s2shape_index_region.h>

#include <algorithm>
#include <cmath>

namespace qd::kql {
namespace {

using Arguments = std::span<const Argument>;

std::optional<double> number_at(Args a, std::size_t index, std::uint32_t row, double otherwise) {
    if (index >= a.size()) {
        return otherwise;
    }
    const double v = a[index]->real_at(row);
    return a[index]->is_null(row) || !std::isfinite(v) ? std::nullopt : std::optional(v);
}

// ---- buffers

constexpr double kBufferToleranceMeters = 10;

/// The tolerance is a share of the radius to the library.
std::optional<S2Geometry> buffered(double radius, double tolerance,
                                   const std::function<void(S2BufferOperation&)>& add) {
    S2BufferOperation::Options options(s2_meters(radius));
    options.set_error_fraction(std::clamp(tolerance / std::abs(radius),
                                          S2BufferOperation::Options::kMinErrorFraction, 1.0));
    S2Geometry out;
    S2BufferOperation run(std::make_unique<s2builderutil::S2PolygonLayer>(out.polygon.get()),
                          options);
    add(run);
    S2Error error;
    return run.Build(&error) ? std::optional(std::move(out)) : std::nullopt;
}

Result<BoundCall> bind_point_buffer(Arguments args) {
    return bind_row(
        "geo_point_buffer", args,
        {Accepts::Number, Accepts::Number, Accepts::Number, Accepts::Number}, DataType::Dynamic,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const LngLat p{a[0]->real_at(row), a[1]->real_at(row)};
            const auto radius = number_at(a, 2, row, 0);
            const auto tolerance = number_at(a, 3, row, kBufferToleranceMeters);
            if (!is_valid(p) || !radius || !tolerance || *radius <= 0 || *tolerance <= 0) {
                out.append_null();
                return;
            }
            const auto shape = buffered(*radius, *tolerance, [&](S2BufferOperation& run) {
                run.AddPoint(s2_point(to_vector(p)));
            });
            out.append_value(shape ? s2_geojson(*shape) : Value());
        });
}

template <bool kPolygon>
Result<BoundCall> bind_shape_buffer(Arguments args) {
    return bind_row("geo_buffer", args, {Accepts::Array, Accepts::Number, Accepts::Number},
                    DataType::Dynamic, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const Value geojson = variant_at(a, 0, row).to_value();
                        const auto radius = number_at(a, 1, row, 0);
                        const auto tolerance = number_at(a, 2, row, kBufferToleranceMeters);
                        MutableS2ShapeIndex index;
                        bool valid = radius && tolerance && *tolerance > 0 &&
                                     (kPolygon ? *radius != 0 : *radius > 0);
                        if (valid && kPolygon) {
                            auto polygon = s2_polygon(geojson);
                            valid = polygon.has_value();
                            if (valid) {
                                s2_add(index, std::move(*polygon));
                            }
                        } else if (valid) {
                            auto lines = s2_lines(geojson);
                            valid = lines.has_value();
                            if (valid) {
                                s2_add(index, std::move(*lines));
                            }
                        }
                        const auto shape = valid ? buffered(*radius, *tolerance,
                                                            [&](S2BufferOperation& run) {
                                                                run.AddShapeIndex(index);
                                                            })
                                                 : std::nullopt;
                        out.append_value(shape ? s2_geojson(*shape) : Value());
                    });
}

// ---- simplify

constexpr double kSimplifyToleranceMeters = 10;

S2Builder::Options simplifying(double tolerance) {
    S2Builder::Options options{s2builderutil::IdentitySnapFunction(s2_meters(tolerance))};
    options.set_simplify_edge_chains(true);
    return options;
}

bool is_tolerance(const std::optional<double>& tolerance) {
    return tolerance && *tolerance > 0 &&
           s2_meters(*tolerance) <= S2Builder::SnapFunction::kMaxSnapRadius();
}

Result<BoundCall> bind_line_simplify(Arguments args) {
    return bind_row(
        "geo_line_simplify", args, {Accepts::Array, Accepts::Number}, DataType::Dynamic,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            auto lines = s2_lines(variant_at(a, 0, row).to_value());
            const auto tolerance = number_at(a, 1, row, kSimplifyToleranceMeters);
            if (!lines || !is_tolerance(tolerance)) {
                out.append_null();
                return;
            }
            S2Geometry geometry;
            for (const auto& line : *lines) {
                S2Builder builder(simplifying(*tolerance));
                auto simple = std::make_unique<S2Polyline>();
                builder.StartLayer(std::make_unique<s2builderutil::S2PolylineLayer>(simple.get()));
                builder.AddPolyline(*line);
                S2Error error;
                // A line that shrinks to a point is none.
                if (!builder.Build(&error) || simple->num_vertices() < 2 ||
                    simple->vertex(0) == simple->vertex(1)) {
                    out.append_null();
                    return;
                }
                geometry.lines.push_back(std::move(simple));
            }
            out.append_value(s2_geojson(geometry));
        });
}

Result<BoundCall> bind_polygon_simplify(Arguments args) {
    return bind_row("geo_polygon_simplify", args, {Accepts::Array, Accepts::Number},
                    DataType::Dynamic, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto polygon = s2_polygon(variant_at(a, 0, row).to_value());
                        const auto tolerance = number_at(a, 1, row, kSimplifyToleranceMeters);
                        if (!polygon || !is_tolerance(tolerance)) {
                            out.append_null();
                            return;
                        }
                        S2Geometry geometry;
                        geometry.polygon->InitToSimplified(
                            **polygon, s2builderutil::IdentitySnapFunction(s2_meters(*tolerance)));
                        out.append_value(s2_geojson(geometry));
                    });
}

/// Boundaries shared by several polygons stay shared.
Result<BoundCall> bind_polygons_simplify(Arguments args) {
    return bind_row("geo_simplify_polygons_array", args, {Accepts::Array, Accepts::Number},
                    DataType::Dynamic, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const Value shapes = variant_at(a, 0, row).to_value();
                        const Array* array = shapes.if_array();
                        const auto tolerance = number_at(a, 1, row, kSimplifyToleranceMeters);
                        if (array == nullptr || array->empty() || !is_tolerance(tolerance)) {
                            out.append_null();
                            return;
                        }
                        S2Builder builder(simplifying(*tolerance));
                        std::vector<S2Geometry> parts(array->size());
                        for (std::size_t i = 0; i < array->size(); ++i) {
                            const auto polygon = s2_polygon((*array)[i]);
                            if (!polygon) {
                                out.append_null();
                                return;
                            }
                            builder.StartLayer(std::make_unique<s2builderutil::S2PolygonLayer>(
                                parts[i].polygon.get()));
                            builder.AddPolygon(**polygon);
                        }
                        S2Error error;
                        if (!builder.Build(&error)) {
                            out.append_null();
                            return;
                        }
                        Array simple;
                        for (const S2Geometry& part : parts) {
                            simple.push_back(s2_geojson(part));
                        }
                        out.append_value(Value(std::move(simple)));
                    });
}

// ---- coverings

constexpr std::size_t kCellsMax = 65'536;

template <bool kPolygon>
Result<BoundCall> bind_to_cells(Arguments args) {
    return bind_row(
        "geo_to_s2cells", args, {Accepts::Array, Accepts::Number, Accepts::Number},
        DataType::Dynamic, [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const Value geojson = variant_at(a, 0, row).to_value();
            const auto level = number_at(a, 1, row, 11);
            const auto radius = number_at(a, 2, row, 0);
            MutableS2ShapeIndex index;
            double area = 0;
            double length = 0;
            bool valid = level && radius && *level >= 0 && *level <= 30 && *radius >= 0;
            if (valid && kPolygon) {
                auto polygon = s2_polygon(geojson);
                valid = polygon.has_value();
                if (valid) {
                    area = (*polygon)->GetArea();
                    s2_add(index, std::move(*polygon));
                }
            } else if (valid) {
                auto lines = s2_lines(geojson);
                valid = lines.has_value();
                if (valid) {
                    for (const auto& line : *lines) {
                        length += line->GetLength().radians();
                    }
                    s2_add(index, std::move(*lines));
                }
            }
            // What is certainly too many cells is not counted out.
            const int at = valid ? static_cast<int>(*level) : 0;
            const double reach = valid ? s2_meters(*radius).radians() : 0;
            const double least = std::max(area, 2 * length * reach) / S2::kMaxArea.GetValue(at) +
                                 length / S2::kMaxDiag.GetValue(at);
            if (!valid || least > static_cast<double>(kCellsMax)) {
                out.append_null();
                return;
            }
            S2RegionCoverer::Options options;
            options.set_fixed_level(at);
            options.set_max_cells(static_cast<int>(kCellsMax) * 4);
            S2RegionCoverer coverer(options);
            S2CellUnion cells;
            if (*radius > 0) {
                S2ShapeIndexBufferedRegion region(&index, S1ChordAngle(s2_meters(*radius)));
                cells = coverer.GetCovering(region);
            } else {
                cells = coverer.GetCovering(MakeS2ShapeIndexRegion(&index));
            }
            std::vector<S2CellId> ids;
            cells.Denormalize(at, 1, &ids);
            if (ids.size() > kCellsMax) {
                out.append_null();
                return;
            }
            Array tokens;
            for (const S2CellId id : ids) {
                tokens.emplace_back(id.ToToken());
            }
            out.append_value(Value(std::move(tokens)));
        });
}

constexpr ScalarFunction kFunctions[] = {
    {"geo_point_buffer", "geo_point_buffer(lng, lat, radius [, tolerance]) : dynamic",
     "All points within metres of a point, as a polygon.", 3, 4, Naming::Anonymous,
     bind_point_buffer},
    {"geo_line_buffer", "geo_line_buffer(line:dynamic, radius [, tolerance]) : dynamic",
     "All points within metres of a line, as a polygon.", 2, 3, Naming::Anonymous,
     bind_shape_buffer<false>},
    {"geo_polygon_buffer", "geo_polygon_buffer(polygon:dynamic, radius [, tolerance]) : dynamic",
     "A polygon grown or, with a negative radius, shrunk.", 2, 3, Naming::Anonymous,
     bind_shape_buffer<true>},
    {"geo_line_simplify", "geo_line_simplify(line:dynamic [, tolerance]) : dynamic",
     "A line with fewer vertices, within metres of the original.", 1, 2, Naming::Anonymous,
     bind_line_simplify},
    {"geo_polygon_simplify", "geo_polygon_simplify(polygon:dynamic [, tolerance]) : dynamic",
     "A polygon with fewer vertices, within metres of the original.", 1, 2, Naming::Anonymous,
     bind_polygon_simplify},
    {"geo_simplify_polygons_array",
     "geo_simplify_polygons_array(polygons:dynamic [, tolerance]) : dynamic",
     "Polygons with fewer vertices; boundaries they share stay shared.", 1, 2, Naming::Anonymous,
     bind_polygons_simplify},
    {"geo_line_to_s2cells", "geo_line_to_s2cells(line:dynamic [, level [, radius]]) : dynamic",
     "The S2 cells that cover a line.", 1, 3, Naming::Anonymous, bind_to_cells<false>},
    {"geo_polygon_to_s2cells",
     "geo_polygon_to_s2cells(polygon:dynamic [, level [, radius]]) : dynamic",
     "The S2 cells that cover a polygon.", 1, 3, Naming::Anonymous, bind_to_cells<true>},
};

}  // namespace

std::span<const ScalarFunction> geo_reshape_functions() {
    return kFunctions;
}

}  // namespace qd::kql
