#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/s2_cell.h"

// The functions of S2 cells. What is no cell or no coordinate gives null ("" for a token).

namespace qd::kql {
namespace {

using Arguments = std::span<const Argument>;

Result<BoundCall> bind_point_to_cell(Arguments args) {
    return bind_row(
        "geo_point_to_s2cell", args, {Accepts::Number, Accepts::Number, Accepts::Number},
        DataType::String, [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const LngLat p{a[0]->real_at(row), a[1]->real_at(row)};
            const double level = a.size() > 2 ? a[2]->real_at(row) : 11;
            if (!is_valid(p) || !(level >= 0 && level <= 30)) {
                out.append_bytes({});
            } else {
                out.append_bytes(s2_token(s2_cell_of(to_vector(p), static_cast<int>(level))));
            }
        });
}

using OfCell = Value (*)(S2Cell);

template <OfCell Function>
Result<BoundCall> bind_of_cell(Arguments args) {
    return bind_row("s2cell", args, {Accepts::Text}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto cell = s2_from_token(text_at(a, 0, row));
                        out.append_value(cell ? Function(*cell) : Value());
                    });
}

Value central_point(S2Cell cell) {
    return point_value(to_lng_lat(s2_center(cell)));
}

Value polygon(S2Cell cell) {
    Array ring;
    for (const Vec3& corner : s2_corners(cell)) {
        const LngLat p = to_lng_lat(corner);
        ring.emplace_back(Array{Value(p.lng), Value(p.lat)});
    }
    ring.push_back(ring.front());
    Object out;
    out.append("type", "Polygon");
    out.append("coordinates", Array{Value(std::move(ring))});
    return out;
}

Value neighbors(S2Cell cell) {
    Array tokens;
    for (const S2Cell neighbor : s2_neighbors(cell)) {
        tokens.emplace_back(s2_token(neighbor));
    }
    return tokens;
}

constexpr ScalarFunction kFunctions[] = {
    {"geo_point_to_s2cell", "geo_point_to_s2cell(longitude, latitude [, level]) : string",
     "The S2 cell of a point, of level 11 unless told otherwise.", 2, 3, Naming::Anonymous,
     bind_point_to_cell},
    {"geo_s2cell_to_central_point", "geo_s2cell_to_central_point(cell:string) : dynamic",
     "The middle of an S2 cell.", 1, 1, Naming::Anonymous, bind_of_cell<central_point>},
    {"geo_s2cell_to_polygon", "geo_s2cell_to_polygon(cell:string) : dynamic",
     "The area of an S2 cell.", 1, 1, Naming::Anonymous, bind_of_cell<polygon>},
    {"geo_s2cell_neighbors", "geo_s2cell_neighbors(cell:string) : dynamic",
     "The S2 cells around a cell.", 1, 1, Naming::Anonymous, bind_of_cell<neighbors>},
};

}  // namespace

std::span<const ScalarFunction> s2_functions() {
    return kFunctions;
}

}  // namespace qd::kql
