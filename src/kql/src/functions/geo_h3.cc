#include "functions/families.h"
#include "functions/h3_cell.h"
#include "functions/row_kernels.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>

// The functions of H3 cells. What is no cell, no coordinate or asks for too much gives null ("" for
// a cell).

namespace qd::kql {
namespace {

using Arguments = std::span<const Argument>;

constexpr int kDefaultResolution = 6;
constexpr int kChildrenStepsMax = 5;
constexpr int kRingsMax = 142;
constexpr std::size_t kCellsMax = 65'536;

/// The optional whole number at a place; nothing when it is beyond the range.
std::optional<int> whole_at(Args a, std::size_t index, std::uint32_t row, int otherwise, int least,
                            int most) {
    if (a.size() <= index) {
        return otherwise;
    }
    const double value = a[index]->real_at(row);
    return value >= least && value <= most ? std::optional(static_cast<int>(value)) : std::nullopt;
}

Result<BoundCall> bind_point_to_cell(Arguments args) {
    return bind_row(
        "geo_point_to_h3cell", args, {Accepts::Number, Accepts::Number, Accepts::Number},
        DataType::String, [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const LngLat p{a[0]->real_at(row), a[1]->real_at(row)};
            const auto resolution = whole_at(a, 2, row, kDefaultResolution, 0, kH3ResolutionMax);
            out.append_bytes(is_valid(p) && resolution ? h3_text(h3_cell_of(p, *resolution))
                                                       : std::string());
        });
}

Value point_pair(LngLat p) {
    return Array{Value(p.lng), Value(p.lat)};
}

Value cell_list(const std::vector<H3Cell>& cells) {
    Array out;
    for (const H3Cell cell : cells) {
        out.emplace_back(h3_text(cell));
    }
    return out;
}

Value central_point(H3Cell cell) {
    return point_value(h3_center(cell));
}

Value polygon(H3Cell cell) {
    Array ring;
    for (const LngLat p : h3_boundary(cell)) {
        ring.push_back(point_pair(p));
    }
    ring.push_back(ring.front());
    Object out;
    out.append("type", "Polygon");
    out.append("coordinates", Array{Value(std::move(ring))});
    return out;
}

Value neighbors(H3Cell cell) {
    return cell_list(h3_neighbors(cell));
}

using OfCell = Value (*)(H3Cell);

template <OfCell Function>
Result<BoundCall> bind_of_cell(Arguments args) {
    return bind_row("h3cell", args, {Accepts::Text}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto cell = h3_from_text(text_at(a, 0, row));
                        out.append_value(cell ? Function(*cell) : Value());
                    });
}

Result<BoundCall> bind_level(Arguments args) {
    return bind_row("geo_h3cell_level", args, {Accepts::Text}, DataType::Int,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto cell = h3_from_text(text_at(a, 0, row));
                        if (cell) {
                            out.append_int(h3_resolution(*cell));
                        } else {
                            out.append_null();
                        }
                    });
}

Result<BoundCall> bind_parent(Arguments args) {
    return bind_row("geo_h3cell_parent", args, {Accepts::Text, Accepts::Number}, DataType::String,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto cell = h3_from_text(text_at(a, 0, row));
                        const int own = cell ? h3_resolution(*cell) : 0;
                        const auto wanted = whole_at(a, 1, row, own - 1, 0, own);
                        out.append_bytes(cell && wanted && *wanted >= 0
                                             ? h3_text(h3_parent(*cell, *wanted))
                                             : std::string());
                    });
}

Result<BoundCall> bind_children(Arguments args) {
    return bind_row("geo_h3cell_children", args, {Accepts::Text, Accepts::Number},
                    DataType::Dynamic, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto cell = h3_from_text(text_at(a, 0, row));
                        const int own = cell ? h3_resolution(*cell) : 0;
                        const int most = std::min(kH3ResolutionMax, own + kChildrenStepsMax);
                        const auto wanted = whole_at(a, 1, row, own + 1, own + 1, most);
                        out.append_value(cell && wanted && *wanted <= most
                                             ? cell_list(h3_children(*cell, *wanted))
                                             : Value());
                    });
}

Result<BoundCall> bind_rings(Arguments args) {
    return bind_row("geo_h3cell_rings", args, {Accepts::Text, Accepts::Number}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto cell = h3_from_text(text_at(a, 0, row));
                        const auto distance = whole_at(a, 1, row, 1, 0, kRingsMax);
                        if (!cell || !distance) {
                            out.append_value(Value());
                            return;
                        }
                        Array rings;
                        for (const auto& ring : h3_rings(*cell, *distance)) {
                            rings.push_back(cell_list(ring));
                        }
                        out.append_value(Value(std::move(rings)));
                    });
}

/// A ring on the map; the grid's own fill takes longitude and latitude as plane coordinates.
using FlatRing = std::vector<LngLat>;

/// Polygons that reach over the 180th meridian are moved to one side of it.
FlatRing flat_ring(const Ring& ring) {
    FlatRing out;
    double least = 360;
    double most = -360;
    for (const Vec3& v : ring) {
        out.push_back(to_lng_lat(v));
        least = std::min(least, out.back().lng);
        most = std::max(most, out.back().lng);
    }
    for (LngLat& p : out) {
        p.lng += most - least > 180 && p.lng < 0 ? 360 : 0;
    }
    return out;
}

bool inside(const FlatRing& ring, LngLat p) {
    bool in = false;
    for (std::size_t i = 0, j = ring.size() - 1; i < ring.size(); j = i++) {
        const LngLat a = ring[i];
        const LngLat b = ring[j];
        if ((a.lat > p.lat) != (b.lat > p.lat) &&
            p.lng < (b.lng - a.lng) * (p.lat - a.lat) / (b.lat - a.lat) + a.lng) {
            in = !in;
        }
    }
    return in;
}

bool inside(const std::vector<FlatRing>& polygon, LngLat p) {
    for (const double shift : {0.0, 360.0}) {
        const LngLat q{p.lng + shift, p.lat};
        bool in = inside(polygon.front(), q);
        for (std::size_t i = 1; in && i < polygon.size(); ++i) {
            in = !inside(polygon[i], q);
        }
        if (in) {
            return true;
        }
    }
    return false;
}

/// Cells along a ring, close enough together that each cell it goes through is among them or
/// beside one.
void trace(const FlatRing& ring, int resolution, std::set<H3Cell>& out) {
    const double edge =
        8.0 / std::pow(std::sqrt(7.0), resolution);  // degrees, under a cell's width
    for (std::size_t i = 0; i < ring.size(); ++i) {
        const LngLat a = ring[i];
        const LngLat b = ring[(i + 1) % ring.size()];
        const double way = std::hypot(b.lng - a.lng, b.lat - a.lat);
        const auto steps = static_cast<std::size_t>(std::min(way / edge, 1e5)) + 1;
        for (std::size_t s = 0; s <= steps && out.size() <= kCellsMax; ++s) {
            const double t = static_cast<double>(s) / static_cast<double>(steps);
            const double lng = std::remainder(a.lng + (b.lng - a.lng) * t, 360.0);
            out.insert(h3_cell_of({lng, a.lat + (b.lat - a.lat) * t}, resolution));
        }
    }
}

/// Cells whose middles lie in the polygon; nothing when there are too many.
std::optional<std::set<H3Cell>> fill(const Polygon& polygon, int resolution) {
    std::vector<FlatRing> rings;
    std::set<H3Cell> border;
    for (const Ring& ring : polygon) {
        rings.push_back(flat_ring(ring));
        trace(rings.back(), resolution, border);
    }
    std::set<H3Cell> seen;
    std::set<H3Cell> found;
    std::deque<H3Cell> open(border.begin(), border.end());
    for (const H3Cell cell : border) {
        for (const H3Cell other : h3_neighbors(cell)) {
            open.push_back(other);
        }
    }
    while (!open.empty()) {
        const H3Cell cell = open.front();
        open.pop_front();
        if (!seen.insert(cell).second || !inside(rings, h3_center(cell))) {
            continue;
        }
        found.insert(cell);
        if (found.size() > kCellsMax || border.size() > kCellsMax) {
            return std::nullopt;
        }
        for (const H3Cell other : h3_neighbors(cell)) {
            open.push_back(other);
        }
    }
    return found;
}

Result<BoundCall> bind_polygon_to_cells(Arguments args) {
    return bind_row("geo_polygon_to_h3cells", args, {Accepts::Array, Accepts::Number},
                    DataType::Dynamic, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto polygons = polygons_of(a[0]->scalar_at(row).to_value());
                        const auto resolution =
                            whole_at(a, 1, row, kDefaultResolution, 0, kH3ResolutionMax);
                        std::set<H3Cell> cells;
                        bool good = polygons.has_value() && resolution.has_value();
                        for (std::size_t i = 0; good && i < polygons->size(); ++i) {
                            const auto found = fill((*polygons)[i], *resolution);
                            good = found.has_value();
                            if (good) {
                                cells.insert(found->begin(), found->end());
                            }
                        }
                        good = good && cells.size() <= kCellsMax;
                        out.append_value(good ? cell_list({cells.begin(), cells.end()}) : Value());
                    });
}

constexpr ScalarFunction kFunctions[] = {
    {"geo_point_to_h3cell", "geo_point_to_h3cell(longitude, latitude [, resolution]) : string",
     "The H3 cell of a point, of resolution 6 unless told otherwise.", 2, 3, Naming::Anonymous,
     bind_point_to_cell},
    {"geo_h3cell_to_central_point", "geo_h3cell_to_central_point(cell:string) : dynamic",
     "The middle of an H3 cell.", 1, 1, Naming::Anonymous, bind_of_cell<central_point>},
    {"geo_h3cell_to_polygon", "geo_h3cell_to_polygon(cell:string) : dynamic",
     "The area of an H3 cell.", 1, 1, Naming::Anonymous, bind_of_cell<polygon>},
    {"geo_h3cell_neighbors", "geo_h3cell_neighbors(cell:string) : dynamic",
     "The H3 cells around a cell.", 1, 1, Naming::Anonymous, bind_of_cell<neighbors>},
    {"geo_h3cell_level", "geo_h3cell_level(cell:string) : int", "The resolution of an H3 cell.", 1,
     1, Naming::Anonymous, bind_level},
    {"geo_h3cell_parent", "geo_h3cell_parent(cell:string [, resolution]) : string",
     "The H3 cell a cell lies in, of the next coarser resolution unless told otherwise.", 1, 2,
     Naming::Anonymous, bind_parent},
    {"geo_h3cell_children", "geo_h3cell_children(cell:string [, resolution]) : dynamic",
     "The H3 cells in a cell, of the next finer resolution unless told otherwise.", 1, 2,
     Naming::Anonymous, bind_children},
    {"geo_h3cell_rings", "geo_h3cell_rings(cell:string [, distance]) : dynamic",
     "The rings of H3 cells around a cell, up to a distance.", 1, 2, Naming::Anonymous, bind_rings},
    {"geo_polygon_to_h3cells", "geo_polygon_to_h3cells(polygon:dynamic [, resolution]) : dynamic",
     "The H3 cells whose middles lie in a polygon.", 1, 2, Naming::Anonymous,
     bind_polygon_to_cells},
};

}  // namespace

std::span<const ScalarFunction> h3_functions() {
    return kFunctions;
}

}  // namespace qd::kql
