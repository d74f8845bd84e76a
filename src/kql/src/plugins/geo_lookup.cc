// geo_line_lookup, geo_polygon_lookup: joins points with the lines they are near, the polygons they
// are in or near.
//
// The library's index over all shapes of the table answers which of them lie within the distance of
// a point, so that a point costs the logarithm of the table. Source: documentation of both plugins.
#include "functions/s2_shapes.h"
#include "plugins/families.h"
#include "plugins/whole_table.h"
#include "qd/columns/variant.h"

// g++ 12 sees an uninitialised read in a moved inline vector of the library's queue.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <s2/s2closest_edge_query.h>

#include <algorithm>

namespace qd::kql {

namespace {

using columns::Schema;
using columns::Table;

struct GeoLookup {
    const PluginArgument* table = nullptr;
    std::size_t key = 0;  // of the table
    std::size_t longitude = 0;
    std::size_t latitude = 0;
    double radius = 0;
    bool unmatched = false;
    bool return_key = false;
};

bool flag_of(const PluginArgument* argument) {
    return argument != nullptr && argument->constant.type() == DataType::Bool &&
           !argument->constant.is_null() && argument->constant.as_bool();
}

template <bool kPolygons>
Result<GeoLookup> read_lookup(const PluginCall& call) {
    const PluginArguments args(kPolygons ? "geo_polygon_lookup" : "geo_line_lookup", call);
    GeoLookup out;
    out.table = args.at(0);
    if (out.table == nullptr || out.table->kind != PluginArgument::Kind::Table) {
        return args.fault(0, "a table");
    }
    const PluginArgument* key = args.at(1);
    const Schema& table = out.table->table_schema;
    const auto at = key == nullptr ? std::nullopt : table.index_of(key->name);
    if (!at || table[*at].type != DataType::Dynamic) {
        return args.fault(1, "a dynamic column of the lookup table");
    }
    out.key = *at;
    QD_TRY(out.longitude, args.column(2));
    QD_TRY(out.latitude, args.column(3));
    const PluginArgument* radius = args.named("radius");
    if (radius == nullptr) {
        radius = args.at(4);
    }
    if (radius == nullptr && !kPolygons) {
        return args.fault(4, "a radius in metres");
    }
    if (radius != nullptr) {
        const Scalar metres = cast_scalar(radius->constant, DataType::Real);
        if (metres.is_null() || !(metres.as_real() >= 0)) {
            return args.fault(4, "a radius in metres");
        }
        out.radius = metres.as_real();
    }
    out.unmatched = flag_of(args.named("return_unmatched"));
    out.return_key = flag_of(args.named("return_lookup_key"));
    return out;
}

template <bool kPolygons>
Result<Schema> lookup_schema(const PluginCall& call) {
    QD_TRY(const GeoLookup rule, read_lookup<kPolygons>(call));
    Schema schema = call.input;
    const Schema& table = rule.table->table_schema;
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (i != rule.key || rule.return_key) {
            schema.fields.push_back({unique_name(schema, table[i].name), table[i].type});
        }
    }
    return schema;
}

/// All shapes of the table in one index, each with the row it came from.
class ShapeIndex {
  public:
    void add(std::unique_ptr<S2Polygon> polygon, std::uint32_t row) {
        s2_add(index_, std::move(polygon));
        rows_.push_back(row);
    }
    void add(std::vector<std::unique_ptr<S2Polyline>> lines, std::uint32_t row) {
        rows_.insert(rows_.end(), lines.size(), row);
        s2_add(index_, std::move(lines));
    }
    /// Rows of shapes within the distance, ascending.
    std::vector<std::uint32_t> near(const S2Point& p, double radius) const {
        S2ClosestEdgeQuery query(&index_);
        query.mutable_options()->set_inclusive_max_distance(S1ChordAngle(s2_meters(radius)));
        query.mutable_options()->set_include_interiors(true);
        S2ClosestEdgeQuery::PointTarget target(p);
        std::vector<std::uint32_t> found;
        for (const auto& result : query.FindClosestEdges(&target)) {
            found.push_back(rows_[static_cast<std::size_t>(result.shape_id())]);
        }
        std::sort(found.begin(), found.end());
        found.erase(std::unique(found.begin(), found.end()), found.end());
        return found;
    }

  private:
    MutableS2ShapeIndex index_;
    std::vector<std::uint32_t> rows_;  // of each shape
};

template <bool kPolygons>
Result<Table> run_lookup(const PluginCall& call, const EvalContext&, Table input) {
    QD_TRY(const GeoLookup rule, read_lookup<kPolygons>(call));
    QD_TRY(Schema schema, lookup_schema<kPolygons>(call));
    QD_TRY(const WholeTable left, whole_table(call.input, input));
    if (rule.table->table == nullptr) {
        return Error(Code::Internal, "KQL0604", "lookup: the second table has no rows yet");
    }
    QD_TRY(const WholeTable right, whole_table(rule.table->table_schema, *rule.table->table));
    ShapeIndex index;
    for (std::uint32_t row = 0; row < right.rows; ++row) {
        const Value geojson =
            columns::VariantView(right.columns[rule.key]->bytes_at(row)).to_value();
        if constexpr (kPolygons) {
            if (auto polygon = s2_polygon(geojson)) {
                index.add(std::move(*polygon), row);
            }
        } else {
            if (auto lines = s2_lines(geojson)) {
                index.add(std::move(*lines), row);
            }
        }
    }
    std::vector<std::uint32_t> left_rows;
    std::vector<std::uint32_t> right_rows;
    for (std::uint32_t row = 0; row < left.rows; ++row) {
        const LngLat at{left.columns[rule.longitude]->real_at(row),
                        left.columns[rule.latitude]->real_at(row)};
        std::vector<std::uint32_t> found;
        if (is_valid(at) && !left.columns[rule.longitude]->is_null(row) &&
            !left.columns[rule.latitude]->is_null(row)) {
            found = index.near(s2_point(to_vector(at)), rule.radius);
        }
        if (found.empty() && rule.unmatched) {
            found.push_back(columns::kNoRow);
        }
        for (const std::uint32_t r : found) {
            left_rows.push_back(row);
            right_rows.push_back(r);
        }
    }
    std::vector<ColumnPtr> out;
    for (const ColumnPtr& c : left.columns) {
        out.push_back(columns::gather(c, left_rows));
    }
    for (std::size_t i = 0; i < right.columns.size(); ++i) {
        if (i != rule.key || rule.return_key) {
            out.push_back(columns::gather_or_null(right.columns[i], right_rows));
        }
    }
    return chunked(std::move(schema), out);
}

constexpr Plugin kPlugins[] = {
    {"geo_line_lookup",
     "evaluate geo_line_lookup(LookupTable, LookupLine, Longitude, Latitude, Radius"
     " [, return_unmatched=bool] [, lookup_area_radius=real] [, return_lookup_key=bool])",
     "Joins points with the lines within metres of them.", false, lookup_schema<false>,
     run_lookup<false>},
    {"geo_polygon_lookup",
     "evaluate geo_polygon_lookup(LookupTable, LookupPolygon, Longitude, Latitude [, radius=real]"
     " [, return_unmatched=bool] [, lookup_area_radius=real] [, return_lookup_key=bool])",
     "Joins points with the polygons they lie in.", false, lookup_schema<true>, run_lookup<true>},
};

}  // namespace

std::span<const Plugin> geo_lookup_plugins() {
    return kPlugins;
}

}  // namespace qd::kql
