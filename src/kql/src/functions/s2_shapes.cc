#include "functions/s2_shapes.h"

#include <s2/s2builderutil_closed_set_normalizer.h>
#include <s2/s2builderutil_s2point_vector_layer.h>
#include <s2/s2builderutil_s2polygon_layer.h>
#include <s2/s2builderutil_s2polyline_vector_layer.h>
#include <s2/s2loop.h>

namespace qd::kql {

namespace {

Value coordinates_of(const S2Point& p) {
    const S2LatLng at(p);
    return Array{Value(at.lng().degrees()), Value(at.lat().degrees())};
}

Value geometry_of(std::string_view single, std::string_view several, Array parts) {
    Object out;
    const bool one = parts.size() == 1;
    out.append("type", one ? single : several);
    out.append("coordinates", one ? std::move(parts[0]) : Value(std::move(parts)));
    return out;
}

Value ring_of(const S2Loop& loop) {
    Array ring;
    for (int i = 0; i <= loop.num_vertices(); ++i) {
        ring.push_back(coordinates_of(loop.oriented_vertex(i)));
    }
    return ring;
}

Array polygons_of(const S2Polygon& polygon) {
    Array parts;
    for (int i = 0; i < polygon.num_loops(); ++i) {
        if (polygon.loop(i)->is_hole()) {
            continue;
        }
        Array rings{ring_of(*polygon.loop(i))};
        for (int j = i + 1; j <= polygon.GetLastDescendant(i); ++j) {
            if (polygon.loop(j)->depth() == polygon.loop(i)->depth() + 1) {
                rings.push_back(ring_of(*polygon.loop(j)));
            }
        }
        parts.emplace_back(std::move(rings));
    }
    return parts;
}

}  // namespace

std::unique_ptr<S2Polygon> empty_polygon() {
    auto polygon = std::make_unique<S2Polygon>();
    polygon->set_s2debug_override(S2Debug::DISABLE);
    return polygon;
}

S2Point s2_point(Vec3 v) {
    return S2Point(v.x, v.y, v.z).Normalize();
}

S1Angle s2_meters(double meters) {
    return S1Angle::Radians(meters / kEarthRadiusMeters);
}

std::optional<std::vector<std::unique_ptr<S2Polyline>>> s2_lines(const Value& geojson) {
    const auto paths = lines_of(geojson);
    if (!paths) {
        return std::nullopt;
    }
    std::vector<std::unique_ptr<S2Polyline>> lines;
    for (const Path& path : *paths) {
        std::vector<S2Point> vertices;
        for (const Vec3& v : path) {
            const S2Point p = s2_point(v);
            if (vertices.empty() || vertices.back() != p) {
                vertices.push_back(p);
            }
        }
        auto line = std::make_unique<S2Polyline>(vertices, S2Debug::DISABLE);
        S2Error error;
        if (vertices.size() < 2 || line->FindValidationError(&error)) {
            return std::nullopt;
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

std::optional<std::unique_ptr<S2Polygon>> s2_polygon(const Value& geojson) {
    const auto polygons = kql::polygons_of(geojson);
    if (!polygons) {
        return std::nullopt;
    }
    auto all = empty_polygon();
    for (const Polygon& rings : *polygons) {
        std::vector<std::unique_ptr<S2Loop>> loops;
        for (const Ring& ring : rings) {
            std::vector<S2Point> vertices;
            for (const Vec3& v : ring) {
                vertices.push_back(s2_point(v));
            }
            auto loop = std::make_unique<S2Loop>(vertices, S2Debug::DISABLE);
            loop->Normalize();
            loops.push_back(std::move(loop));
        }
        auto one = empty_polygon();
        one->InitNested(std::move(loops));
        S2Error error;
        if (one->FindValidationError(&error)) {
            return std::nullopt;
        }
        if (polygons->size() == 1) {
            return one;
        }
        auto joined = empty_polygon();
        joined->InitToUnion(*all, *one);
        all = std::move(joined);
    }
    return all;
}

Value s2_geojson(const S2Geometry& geometry) {
    Array parts;
    if (!geometry.points.empty()) {
        Array points;
        for (const S2Point& p : geometry.points) {
            points.push_back(coordinates_of(p));
        }
        parts.push_back(geometry_of("Point", "MultiPoint", std::move(points)));
    }
    if (!geometry.lines.empty()) {
        Array lines;
        for (const auto& line : geometry.lines) {
            Array path;
            for (int i = 0; i < line->num_vertices(); ++i) {
                path.push_back(coordinates_of(line->vertex(i)));
            }
            lines.emplace_back(std::move(path));
        }
        parts.push_back(geometry_of("LineString", "MultiLineString", std::move(lines)));
    }
    if (geometry.polygon->num_loops() > 0) {
        parts.push_back(geometry_of("Polygon", "MultiPolygon", polygons_of(*geometry.polygon)));
    }
    if (parts.size() == 1) {
        return std::move(parts[0]);
    }
    Object out;
    out.append("type", "GeometryCollection");
    out.append("geometries", std::move(parts));
    return out;
}

void s2_add(MutableS2ShapeIndex& index, std::vector<std::unique_ptr<S2Polyline>> lines) {
    for (auto& line : lines) {
        index.Add(std::make_unique<S2Polyline::OwningShape>(std::move(line)));
    }
}

void s2_add(MutableS2ShapeIndex& index, std::unique_ptr<S2Polygon> polygon) {
    index.Add(std::make_unique<S2Polygon::OwningShape>(std::move(polygon)));
}

std::optional<S2Geometry> s2_combine(S2BooleanOperation::OpType operation,
                                     const MutableS2ShapeIndex& a, const MutableS2ShapeIndex& b) {
    using s2builderutil::S2PointVectorLayer;
    using s2builderutil::S2PolygonLayer;
    using s2builderutil::S2PolylineVectorLayer;
    S2Geometry out;
    S2PolylineVectorLayer::Options lines(S2Builder::EdgeType::UNDIRECTED);
    lines.set_polyline_type(S2Builder::Graph::PolylineType::WALK);
    lines.set_duplicate_edges(S2PolylineVectorLayer::Options::DuplicateEdges::MERGE);
    s2builderutil::LayerVector layers(3);
    layers[0] = std::make_unique<S2PointVectorLayer>(&out.points);
    layers[1] = std::make_unique<S2PolylineVectorLayer>(&out.lines, lines);
    layers[2] = std::make_unique<S2PolygonLayer>(out.polygon.get());
    S2BooleanOperation::Options options;
    options.set_polygon_model(S2BooleanOperation::PolygonModel::CLOSED);
    options.set_polyline_model(S2BooleanOperation::PolylineModel::CLOSED);
    S2BooleanOperation run(operation, s2builderutil::NormalizeClosedSet(std::move(layers)),
                           options);
    S2Error error;
    if (!run.Build(a, b, &error)) {
        return std::nullopt;
    }
    return out;
}

}  // namespace qd::kql
