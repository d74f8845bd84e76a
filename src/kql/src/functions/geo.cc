#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/sphere.h"
#include "value_text.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>

// Distances, directions, containment and measures of GeoJSON shapes on the sphere. What is no valid
// shape or coordinate gives null. Source: the documentation's recorded answers.

namespace qd::kql {
namespace {

using Arguments = std::span<const Argument>;

std::optional<Vec3> point_at(Args a, std::size_t index, std::uint32_t row) {
    const LngLat p{a[index]->real_at(row), a[index + 1]->real_at(row)};
    return is_valid(p) ? std::optional(to_vector(p)) : std::nullopt;
}

void append_real_or_null(ColumnBuilder& out, std::optional<double> v) {
    if (v) {
        out.append_real(*v);
    } else {
        out.append_null();
    }
}

/// Metres on the WGS 84 spheroid; nothing where the iteration does not settle (points nearly
/// opposite each other). Source: Vincenty 1975.
std::optional<double> spheroid_distance(LngLat p, LngLat q) {
    constexpr double kMajor = 6378137.0;
    constexpr double kFlattening = 1 / 298.257223563;
    constexpr double kMinor = kMajor * (1 - kFlattening);
    const auto radians = [](double degrees) { return degrees * std::numbers::pi / 180; };
    const double l = radians(q.lng - p.lng);
    const double u1 = std::atan((1 - kFlattening) * std::tan(radians(p.lat)));
    const double u2 = std::atan((1 - kFlattening) * std::tan(radians(q.lat)));
    double lambda = l;
    for (int i = 0; i < 200; ++i) {
        const double x = std::cos(u2) * std::sin(lambda);
        const double y =
            std::cos(u1) * std::sin(u2) - std::sin(u1) * std::cos(u2) * std::cos(lambda);
        const double sin_sigma = std::hypot(x, y);
        if (sin_sigma == 0) {
            return 0;
        }
        const double cos_sigma =
            std::sin(u1) * std::sin(u2) + std::cos(u1) * std::cos(u2) * std::cos(lambda);
        const double sigma = std::atan2(sin_sigma, cos_sigma);
        const double sin_alpha = std::cos(u1) * std::cos(u2) * std::sin(lambda) / sin_sigma;
        const double cos2_alpha = 1 - sin_alpha * sin_alpha;
        const double middle =
            cos2_alpha == 0 ? 0 : cos_sigma - 2 * std::sin(u1) * std::sin(u2) / cos2_alpha;
        const double c = kFlattening / 16 * cos2_alpha * (4 + kFlattening * (4 - 3 * cos2_alpha));
        const double next =
            l + (1 - c) * kFlattening * sin_alpha *
                    (sigma + c * sin_sigma * (middle + c * cos_sigma * (2 * middle * middle - 1)));
        if (std::abs(next - lambda) < 1e-12) {
            const double square = cos2_alpha * (kMajor * kMajor / (kMinor * kMinor) - 1);
            const double a =
                1 + square / 16384 * (4096 + square * (square * (320 - 175 * square) - 768));
            const double b = square / 1024 * (256 + square * (square * (74 - 47 * square) - 128));
            const double delta = b * sin_sigma *
                                 (middle + b / 4 *
                                               (cos_sigma * (2 * middle * middle - 1) -
                                                b / 6 * middle * (4 * sin_sigma * sin_sigma - 3) *
                                                    (4 * middle * middle - 3)));
            return kMinor * a * (sigma - delta);
        }
        lambda = next;
    }
    return std::nullopt;
}

Result<BoundCall> bind_distance(Arguments args) {
    const bool flag = args.size() > 4 && args[4].type == DataType::Bool;
    return bind_row("geo_distance_2points", args,
                    {Accepts::Number, Accepts::Number, Accepts::Number, Accepts::Number,
                     flag ? Accepts::Bool : Accepts::Number},
                    DataType::Real, [flag](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto p = point_at(a, 0, row);
                        const auto q = point_at(a, 2, row);
                        if (!p || !q) {
                            out.append_null();
                            return;
                        }
                        const bool spheroid = a.size() > 4 && (flag ? a[4]->int_at(row) != 0
                                                                    : a[4]->real_at(row) != 0);
                        const auto exact =
                            spheroid ? spheroid_distance({a[0]->real_at(row), a[1]->real_at(row)},
                                                         {a[2]->real_at(row), a[3]->real_at(row)})
                                     : std::nullopt;
                        out.append_real(exact.value_or(angle_between(*p, *q) * kEarthRadiusMeters));
                    });
}

Result<BoundCall> bind_azimuth(Arguments args) {
    return bind_row("geo_azimuth", args, {Accepts::Number}, DataType::Real,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto p = point_at(a, 0, row);
                        const auto q = point_at(a, 2, row);
                        if (!p || !q || angle_between(*p, *q) < 1e-15) {
                            out.append_null();
                            return;
                        }
                        const Vec3 east = unit(cross({0, 0, 1}, *p));
                        const Vec3 north = cross(*p, east);
                        const double azimuth = std::atan2(dot(*q, east), dot(*q, north));
                        out.append_real(azimuth < 0 ? azimuth + 2 * std::numbers::pi : azimuth);
                    });
}

/// The clockwise angle at the middle point from the first to the last.
Result<BoundCall> bind_angle(Arguments args) {
    return bind_row(
        "geo_angle", args, {Accepts::Number}, DataType::Real,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const auto p = point_at(a, 0, row);
            const auto q = point_at(a, 2, row);
            const auto r = point_at(a, 4, row);
            if (!p || !q || !r || angle_between(*p, *q) < 1e-15 || angle_between(*r, *q) < 1e-15) {
                out.append_null();
                return;
            }
            const Vec3 from = *p - *q * dot(*p, *q);
            const Vec3 to = *r - *q * dot(*r, *q);
            const double angle = std::atan2(-dot(*q, cross(from, to)), dot(from, to));
            out.append_real(angle < 0 ? angle + 2 * std::numbers::pi : angle);
        });
}

Result<BoundCall> bind_in_circle(Arguments args) {
    return bind_row("geo_point_in_circle", args, {Accepts::Number}, DataType::Bool,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto p = point_at(a, 0, row);
                        const auto q = point_at(a, 2, row);
                        const double radius = a[4]->real_at(row);
                        if (!p || !q || !(radius >= 0)) {
                            out.append_null();
                        } else {
                            out.append_bool(angle_between(*p, *q) * kEarthRadiusMeters <= radius);
                        }
                    });
}

Result<BoundCall> bind_in_polygon(Arguments args) {
    return bind_row("geo_point_in_polygon", args,
                    {Accepts::Number, Accepts::Number, Accepts::Array}, DataType::Bool,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto p = point_at(a, 0, row);
                        const auto polygons = polygons_of(variant_at(a, 2, row).to_value());
                        if (!p || !polygons) {
                            out.append_null();
                        } else {
                            out.append_bool(contains(*polygons, *p));
                        }
                    });
}

/// The nearest point of the lines, or of the edges of the polygons.
struct Nearest {
    Vec3 point;
    double angle = 10;

    void add(Vec3 p, Vec3 from, Vec3 to) {
        const Vec3 candidate = closest_on_arc(p, from, to);
        const double distance = angle_between(p, candidate);
        if (distance < angle) {
            angle = distance;
            point = candidate;
        }
    }
};

Nearest nearest_on_lines(const std::vector<Path>& lines, Vec3 p) {
    Nearest nearest;
    for (const Path& line : lines) {
        for (std::size_t i = 0; i + 1 < line.size(); ++i) {
            nearest.add(p, line[i], line[i + 1]);
        }
    }
    return nearest;
}

Nearest nearest_on_polygons(const std::vector<Polygon>& polygons, Vec3 p) {
    Nearest nearest;
    if (contains(polygons, p)) {
        return {p, 0};
    }
    for (const Polygon& polygon : polygons) {
        for (const Ring& ring : polygon) {
            for (std::size_t i = 0; i < ring.size(); ++i) {
                nearest.add(p, ring[i], ring[(i + 1) % ring.size()]);
            }
        }
    }
    return nearest;
}

std::optional<Nearest> nearest_of(Args a, std::uint32_t row, bool polygons) {
    const auto p = point_at(a, 0, row);
    const Value shape = variant_at(a, 2, row).to_value();
    if (!p) {
        return std::nullopt;
    }
    if (polygons) {
        const auto parsed = polygons_of(shape);
        return parsed ? std::optional(nearest_on_polygons(*parsed, *p)) : std::nullopt;
    }
    const auto parsed = lines_of(shape);
    return parsed ? std::optional(nearest_on_lines(*parsed, *p)) : std::nullopt;
}

template <bool Polygons>
Result<BoundCall> bind_distance_to(Arguments args) {
    return bind_row(
        "geo_distance", args, {Accepts::Number, Accepts::Number, Accepts::Array}, DataType::Real,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const auto nearest = nearest_of(a, row, Polygons);
            append_real_or_null(
                out, nearest ? std::optional(nearest->angle * kEarthRadiusMeters) : std::nullopt);
        });
}

template <bool Polygons>
Result<BoundCall> bind_closest(Arguments args) {
    return bind_row(
        "geo_closest_point", args, {Accepts::Number, Accepts::Number, Accepts::Array},
        DataType::Dynamic, [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const auto nearest = nearest_of(a, row, Polygons);
            out.append_value(nearest ? point_value(to_lng_lat(nearest->point)) : Value());
        });
}

double path_angle(const Path& path) {
    double sum = 0;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
        sum += angle_between(path[i], path[i + 1]);
    }
    return sum;
}

using MeasureLines = std::optional<double> (*)(const std::vector<Path>&);
using MeasurePolygons = std::optional<double> (*)(const std::vector<Polygon>&);

std::optional<double> lines_length(const std::vector<Path>& lines) {
    double sum = 0;
    for (const Path& line : lines) {
        sum += path_angle(line);
    }
    return sum * kEarthRadiusMeters;
}
std::optional<double> perimeter(const std::vector<Polygon>& polygons) {
    double sum = 0;
    for (const Polygon& polygon : polygons) {
        for (const Ring& ring : polygon) {
            sum += path_angle(ring) + angle_between(ring.back(), ring.front());
        }
    }
    return sum * kEarthRadiusMeters;
}
template <MeasureLines Function>
Result<BoundCall> bind_measure_lines(Arguments args) {
    return bind_row("geo_line", args, {Accepts::Array}, DataType::Real,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto lines = lines_of(variant_at(a, 0, row).to_value());
                        append_real_or_null(out, lines ? Function(*lines) : std::nullopt);
                    });
}
template <MeasurePolygons Function>
Result<BoundCall> bind_measure_polygons(Arguments args) {
    return bind_row("geo_polygon", args, {Accepts::Array}, DataType::Real,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto polygons = polygons_of(variant_at(a, 0, row).to_value());
                        append_real_or_null(out, polygons ? Function(*polygons) : std::nullopt);
                    });
}

/// The centre of mass of an arc, times its length.
Vec3 arc_centroid(Vec3 a, Vec3 b) {
    const Vec3 sum = a + b;
    const Vec3 difference = a - b;
    const double cos2 = dot(sum, sum);
    return cos2 == 0 ? Vec3{} : sum * std::sqrt(dot(difference, difference) / cos2);
}

Result<BoundCall> bind_line_centroid(Arguments args) {
    return bind_row("geo_line_centroid", args, {Accepts::Array}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto lines = lines_of(variant_at(a, 0, row).to_value());
                        if (!lines) {
                            out.append_null();
                            return;
                        }
                        Vec3 sum;
                        for (const Path& line : *lines) {
                            for (std::size_t i = 0; i + 1 < line.size(); ++i) {
                                sum = sum + arc_centroid(line[i], line[i + 1]);
                            }
                        }
                        out.append_value(point_value(to_lng_lat(unit(sum))));
                    });
}

Result<BoundCall> bind_interpolate(Arguments args) {
    return bind_row("geo_line_interpolate_point", args, {Accepts::Array, Accepts::Number},
                    DataType::Dynamic, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto lines = lines_of(variant_at(a, 0, row).to_value());
                        const double fraction = a[1]->real_at(row);
                        if (!lines || lines->size() != 1 || !(fraction >= 0 && fraction <= 1)) {
                            out.append_null();
                            return;
                        }
                        const Path& line = lines->front();
                        double left = path_angle(line) * fraction;
                        Vec3 at = line.back();
                        for (std::size_t i = 0; i + 1 < line.size(); ++i) {
                            const double edge = angle_between(line[i], line[i + 1]);
                            if (left <= edge && edge > 0) {
                                at = line[i] * (std::sin(edge - left) / std::sin(edge)) +
                                     line[i + 1] * (std::sin(left) / std::sin(edge));
                                break;
                            }
                            left -= edge;
                        }
                        out.append_value(point_value(to_lng_lat(unit(at))));
                    });
}

Result<BoundCall> bind_locate(Arguments args) {
    return bind_row(
        "geo_line_locate_point", args, {Accepts::Array, Accepts::Number, Accepts::Number},
        DataType::Real, [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const auto lines = lines_of(variant_at(a, 0, row).to_value());
            const auto p = point_at(a, 1, row);
            if (!lines || lines->size() != 1 || !p) {
                out.append_null();
                return;
            }
            const Path& line = lines->front();
            double best = 10;
            double best_along = 0;
            double along = 0;
            for (std::size_t i = 0; i + 1 < line.size(); ++i) {
                const Vec3 near = closest_on_arc(*p, line[i], line[i + 1]);
                const double distance = angle_between(*p, near);
                if (distance < best) {
                    best = distance;
                    best_along = along + angle_between(line[i], near);
                }
                along += angle_between(line[i], line[i + 1]);
            }
            append_real_or_null(out, along > 0 ? std::optional(best_along / along) : std::nullopt);
        });
}

/// The edges of a shape as paths; rings are closed.
std::vector<Path> edges_of(const std::vector<Polygon>& polygons) {
    std::vector<Path> paths;
    for (const Polygon& polygon : polygons) {
        for (Ring ring : polygon) {
            ring.push_back(ring.front());
            paths.push_back(std::move(ring));
        }
    }
    return paths;
}

bool paths_cross(const std::vector<Path>& left, const std::vector<Path>& right) {
    for (const Path& a : left) {
        for (const Path& b : right) {
            for (std::size_t i = 0; i + 1 < a.size(); ++i) {
                for (std::size_t k = 0; k + 1 < b.size(); ++k) {
                    if (arcs_cross(a[i], a[i + 1], b[k], b[k + 1])) {
                        return true;
                    }
                }
            }
        }
    }
    return false;
}

template <bool LeftPolygon, bool RightPolygon>
Result<BoundCall> bind_intersects(Arguments args) {
    return bind_row(
        "geo_intersects", args, {Accepts::Array, Accepts::Array}, DataType::Bool,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const Value left = variant_at(a, 0, row).to_value();
            const Value right = variant_at(a, 1, row).to_value();
            const auto left_polygons = LeftPolygon ? polygons_of(left) : std::nullopt;
            const auto right_polygons = RightPolygon ? polygons_of(right) : std::nullopt;
            const auto left_paths =
                LeftPolygon ? left_polygons ? std::optional(edges_of(*left_polygons)) : std::nullopt
                            : lines_of(left);
            const auto right_paths =
                RightPolygon
                    ? right_polygons ? std::optional(edges_of(*right_polygons)) : std::nullopt
                    : lines_of(right);
            if (!left_paths || !right_paths) {
                out.append_null();
                return;
            }
            const bool touch =
                paths_cross(*left_paths, *right_paths) ||
                (right_polygons && contains(*right_polygons, left_paths->front().front())) ||
                (left_polygons && contains(*left_polygons, right_paths->front().front()));
            out.append_bool(touch);
        });
}

constexpr ScalarFunction kFunctions[] = {
    {"geo_distance_2points", "geo_distance_2points(lng1, lat1, lng2, lat2 [, use_spheroid]) : real",
     "Metres between two points, on the sphere or on the WGS 84 spheroid.", 4, 5, Naming::Anonymous,
     bind_distance},
    {"geo_azimuth", "geo_azimuth(lng1, lat1, lng2, lat2) : real",
     "The direction from one point to another, in radians clockwise from north.", 4, 4,
     Naming::Anonymous, bind_azimuth},
    {"geo_angle", "geo_angle(lng1, lat1, lng2, lat2, lng3, lat3) : real",
     "The clockwise angle at the second point, in radians.", 6, 6, Naming::Anonymous, bind_angle},
    {"geo_point_in_circle", "geo_point_in_circle(lng, lat, center_lng, center_lat, radius) : bool",
     "Whether a point lies within metres of another.", 5, 5, Naming::Anonymous, bind_in_circle},
    {"geo_point_in_polygon", "geo_point_in_polygon(lng, lat, polygon:dynamic) : bool",
     "Whether a point lies in a polygon.", 3, 3, Naming::Anonymous, bind_in_polygon},
    {"geo_distance_point_to_line", "geo_distance_point_to_line(lng, lat, line:dynamic) : real",
     "Metres from a point to a line.", 3, 3, Naming::Anonymous, bind_distance_to<false>},
    {"geo_distance_point_to_polygon",
     "geo_distance_point_to_polygon(lng, lat, polygon:dynamic) : real",
     "Metres from a point to a polygon, 0 inside.", 3, 3, Naming::Anonymous,
     bind_distance_to<true>},
    {"geo_closest_point_on_line", "geo_closest_point_on_line(lng, lat, line:dynamic) : dynamic",
     "The point of a line nearest to a point.", 3, 3, Naming::Anonymous, bind_closest<false>},
    {"geo_closest_point_on_polygon",
     "geo_closest_point_on_polygon(lng, lat, polygon:dynamic) : dynamic",
     "The point of a polygon nearest to a point.", 3, 3, Naming::Anonymous, bind_closest<true>},
    {"geo_line_length", "geo_line_length(line:dynamic) : real", "The length of a line in metres.",
     1, 1, Naming::Anonymous, bind_measure_lines<lines_length>},
    {"geo_line_centroid", "geo_line_centroid(line:dynamic) : dynamic",
     "The centre of mass of a line.", 1, 1, Naming::Anonymous, bind_line_centroid},
    {"geo_line_interpolate_point", "geo_line_interpolate_point(line:dynamic, fraction) : dynamic",
     "The point a fraction of the way along a line.", 2, 2, Naming::Anonymous, bind_interpolate},
    {"geo_line_locate_point", "geo_line_locate_point(line:dynamic, lng, lat) : real",
     "The fraction of a line at which it is nearest to a point.", 3, 3, Naming::Anonymous,
     bind_locate},
    {"geo_polygon_perimeter", "geo_polygon_perimeter(polygon:dynamic) : real",
     "The length of a polygon's boundary in metres.", 1, 1, Naming::Anonymous,
     bind_measure_polygons<perimeter>},
    {"geo_intersects_2lines", "geo_intersects_2lines(a:dynamic, b:dynamic) : bool",
     "Whether two lines meet.", 2, 2, Naming::Anonymous, bind_intersects<false, false>},
    {"geo_intersects_line_with_polygon",
     "geo_intersects_line_with_polygon(line:dynamic, polygon:dynamic) : bool",
     "Whether a line and a polygon meet.", 2, 2, Naming::Anonymous, bind_intersects<false, true>},
    {"geo_intersects_2polygons", "geo_intersects_2polygons(a:dynamic, b:dynamic) : bool",
     "Whether two polygons meet.", 2, 2, Naming::Anonymous, bind_intersects<true, true>},
};

}  // namespace

std::span<const ScalarFunction> geo_functions() {
    return kFunctions;
}

}  // namespace qd::kql
