// Straight lines of the map as chains of great-circle arcs.
//
// A planar edge is halved until no part leaves the arc beneath it by more than the tolerance; the
// deviation is looked at where it is greatest for edges that are short against the globe. Method
// and constants: S2EdgeTessellator of the S2 library, which the engine uses; it would take the
// shorter way around the globe, the engine goes the way that is written.
#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/s2_shapes.h"

#include <s2/s2edge_distances.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace qd::kql {
namespace {

using Arguments = std::span<const Argument>;
using Flat = std::vector<LngLat>;

constexpr double kFractionLooked = 0.31215691082248312;
constexpr double kToleranceScale = 0.83829992569888509;
constexpr double kToleranceLeastMeters = 0.1;
constexpr double kToleranceMostMeters = 10'000;
constexpr double kToleranceMeters = 10;
constexpr std::size_t kPointsMax = 1'000'000;

LngLat between(LngLat a, LngLat b, double t) {
    return {a.lng + t * (b.lng - a.lng), a.lat + t * (b.lat - a.lat)};
}

S2Point on_globe(LngLat p) {
    return S2LatLng::FromDegrees(p.lat, std::remainder(p.lng, 360.0)).ToPoint();
}

S1ChordAngle deviation(LngLat a, const S2Point& va, LngLat b, const S2Point& vb) {
    if (va.DotProd(vb) < -1e-14) {
        return S1ChordAngle::Infinity();
    }
    const auto at = [&](double t) {
        return S1ChordAngle(on_globe(between(a, b, t)), S2::Interpolate(va, vb, t));
    };
    return std::max(at(kFractionLooked), at(1 - kFractionLooked));
}

/// Appends the points after `a` up to `b`. False when there would be too many.
bool densify_edge(LngLat a, LngLat b, S1ChordAngle tolerance, Flat& out) {
    std::vector<LngLat> ends{b};
    S2Point va = on_globe(a);
    while (!ends.empty()) {
        const LngLat end = ends.back();
        const S2Point vb = on_globe(end);
        if (deviation(a, va, end, vb) > tolerance) {
            ends.push_back(between(a, end, 0.5));
            continue;
        }
        if (out.size() >= kPointsMax) {
            return false;
        }
        out.push_back(end);
        a = end;
        va = vb;
        ends.pop_back();
    }
    return true;
}

bool densify(const Flat& path, double tolerance_meters, Flat& out) {
    const S1ChordAngle tolerance(s2_meters(tolerance_meters) * kToleranceScale);
    out = {path.front()};
    for (std::size_t i = 1; i < path.size(); ++i) {
        if (!densify_edge(path[i - 1], path[i], tolerance, out)) {
            return false;
        }
    }
    return true;
}

Value position(LngLat p) {
    const S2LatLng at(on_globe(p));
    return Array{Value(at.lng().degrees()), Value(at.lat().degrees())};
}

/// Where the pieces end, so that no point is ambiguous (recorded).
constexpr double kSideOfAntimeridian = 179.999999999999;

/// Degrees, where the arc meets the antimeridian's plane.
double crossing_latitude(const S2Point& a, const S2Point& b) {
    S2Point meeting = a.CrossProd(b).CrossProd(S2Point(0, 1, 0)).Normalize();
    if (meeting.x() > 0) {
        meeting = -meeting;
    }
    return S2LatLng::Latitude(meeting).degrees();
}

/// A path in pieces that do not cross the antimeridian; both sides get the crossing.
Array pieces_of(const Flat& path) {
    const auto turn = [](double lng) { return std::floor((lng + 180) / 360); };
    Array pieces;
    Array piece{position(path[0])};
    for (std::size_t i = 1; i < path.size(); ++i) {
        const LngLat a = path[i - 1];
        const LngLat b = path[i];
        if (turn(a.lng) != turn(b.lng) && a.lng != b.lng) {
            const double lat = crossing_latitude(on_globe(a), on_globe(b));
            const double side = a.lng < b.lng ? kSideOfAntimeridian : -kSideOfAntimeridian;
            piece.emplace_back(Array{Value(side), Value(lat)});
            pieces.emplace_back(std::move(piece));
            piece = Array{Value(Array{Value(-side), Value(lat)})};
        }
        piece.push_back(position(b));
    }
    pieces.emplace_back(std::move(piece));
    return pieces;
}

std::optional<Flat> flat_path(const Value& coordinates) {
    const Array* positions = coordinates.if_array();
    if (positions == nullptr || positions->size() < 2) {
        return std::nullopt;
    }
    Flat path;
    for (const Value& one : *positions) {
        const Array* pair = one.if_array();
        if (pair == nullptr || pair->size() < 2 || !(*pair)[0].is_number() ||
            !(*pair)[1].is_number()) {
            return std::nullopt;
        }
        path.push_back({(*pair)[0].number_or(0), (*pair)[1].number_or(0)});
        if (std::abs(path.back().lat) > 90 || !std::isfinite(path.back().lng)) {
            return std::nullopt;
        }
    }
    return path;
}

std::string type_of(const Value& geojson) {
    const Value* type = geojson.get("type");
    return type == nullptr ? std::string() : std::string(type->string_or(""));
}

Value shape_of(std::string_view type, Array coordinates) {
    Object out;
    out.append("type", type);
    out.append("coordinates", std::move(coordinates));
    return out;
}

std::optional<Value> dense_line(const Value& geojson, double tolerance, bool keep_crossing) {
    const Value* coordinates = geojson.get("coordinates");
    const bool several = type_of(geojson) == "MultiLineString";
    if (!s2_lines(geojson) && !(type_of(geojson) == "LineString" && coordinates != nullptr)) {
        return std::nullopt;
    }
    const Array single{*coordinates};
    const Array* paths = several ? coordinates->if_array() : &single;
    Array all;
    for (const Value& one : *paths) {
        const auto path = flat_path(one);
        Flat dense;
        if (!path || !densify(*path, tolerance, dense)) {
            return std::nullopt;
        }
        if (keep_crossing) {
            Array kept;
            for (const LngLat& p : dense) {
                kept.push_back(position(p));
            }
            all.emplace_back(std::move(kept));
            continue;
        }
        for (Value& piece : pieces_of(dense)) {
            all.push_back(std::move(piece));
        }
    }
    if (all.size() == 1) {
        return shape_of("LineString", std::move(*all[0].if_array()));
    }
    return shape_of("MultiLineString", std::move(all));
}

std::optional<Array> dense_rings(const Value& rings, double tolerance) {
    Array out;
    for (const Value& ring : *rings.if_array()) {
        const auto path = flat_path(ring);
        Flat dense;
        if (!path || !densify(*path, tolerance, dense)) {
            return std::nullopt;
        }
        Array kept;
        for (const LngLat& p : dense) {
            kept.push_back(position(p));
        }
        out.emplace_back(std::move(kept));
    }
    return out;
}

std::optional<Value> dense_polygon(const Value& geojson, double tolerance) {
    if (!polygons_of(geojson)) {
        return std::nullopt;
    }
    const Value* coordinates = geojson.get("coordinates");
    if (type_of(geojson) == "Polygon") {
        auto rings = dense_rings(*coordinates, tolerance);
        return rings ? std::optional(shape_of("Polygon", std::move(*rings))) : std::nullopt;
    }
    Array all;
    for (const Value& part : *coordinates->if_array()) {
        auto rings = dense_rings(part, tolerance);
        if (!rings) {
            return std::nullopt;
        }
        all.emplace_back(std::move(*rings));
    }
    return shape_of("MultiPolygon", std::move(all));
}

template <bool kPolygon>
Result<BoundCall> bind_densify(Arguments args) {
    return bind_row(
        "geo_densify", args, {Accepts::Array, Accepts::Number, Accepts::Bool}, DataType::Dynamic,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const double tolerance = a.size() > 1 ? a[1]->real_at(row) : kToleranceMeters;
            const bool keep = a.size() > 2 && a[2]->int_at(row) != 0;
            if (!(tolerance >= kToleranceLeastMeters) || tolerance > kToleranceMostMeters) {
                out.append_null();
                return;
            }
            const Value geojson = variant_at(a, 0, row).to_value();
            auto dense =
                kPolygon ? dense_polygon(geojson, tolerance) : dense_line(geojson, tolerance, keep);
            out.append_value(dense ? std::move(*dense) : Value());
        });
}

constexpr ScalarFunction kFunctions[] = {
    {"geo_line_densify",
     "geo_line_densify(line:dynamic [, tolerance [, preserve_crossing]]) : dynamic",
     "A line of the map as a chain of arcs that stays within metres of it.", 1, 3,
     Naming::Anonymous, bind_densify<false>},
    {"geo_polygon_densify",
     "geo_polygon_densify(polygon:dynamic [, tolerance [, preserve_crossing]]) : dynamic",
     "A polygon of the map as chains of arcs that stay within metres of it.", 1, 3,
     Naming::Anonymous, bind_densify<true>},
};

}  // namespace

std::span<const ScalarFunction> geo_densify_functions() {
    return kFunctions;
}

}  // namespace qd::kql
