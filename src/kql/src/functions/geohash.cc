#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/sphere.h"

#include <array>
#include <cmath>
#include <optional>
#include <string>

// Geohashes: longitude and latitude bits by turns, five a character. Source: the documentation's
// examples.

namespace qd::kql {
namespace {

using Arguments = std::span<const Argument>;

constexpr std::string_view kDigits = "0123456789bcdefghjkmnpqrstuvwxyz";
constexpr std::int64_t kAccuracyMax = 18;

struct Cell {
    double west = -180;
    double east = 180;
    double south = -90;
    double north = 90;
    LngLat center() const { return {(west + east) / 2, (south + north) / 2}; }
};

std::string encode(LngLat p, std::int64_t accuracy) {
    Cell cell;
    std::string hash;
    bool longitude = true;
    for (std::int64_t i = 0; i < accuracy; ++i) {
        unsigned digit = 0;
        for (int bit = 0; bit < 5; ++bit) {
            double& low = longitude ? cell.west : cell.south;
            double& high = longitude ? cell.east : cell.north;
            const double middle = (low + high) / 2;
            const bool upper = (longitude ? p.lng : p.lat) >= middle;
            (upper ? low : high) = middle;
            digit = digit << 1U | (upper ? 1U : 0U);
            longitude = !longitude;
        }
        hash.push_back(kDigits[digit]);
    }
    return hash;
}

std::optional<Cell> decode(std::string_view hash) {
    if (hash.empty() || static_cast<std::int64_t>(hash.size()) > kAccuracyMax) {
        return std::nullopt;
    }
    Cell cell;
    bool longitude = true;
    for (const char c : hash) {
        const std::size_t digit = kDigits.find(c);
        if (digit == std::string_view::npos) {
            return std::nullopt;
        }
        for (int bit = 4; bit >= 0; --bit) {
            double& low = longitude ? cell.west : cell.south;
            double& high = longitude ? cell.east : cell.north;
            const double middle = (low + high) / 2;
            ((digit >> static_cast<unsigned>(bit)) & 1U ? low : high) = middle;
            longitude = !longitude;
        }
    }
    return cell;
}

Result<BoundCall> bind_encode(Arguments args) {
    return bind_row("geo_point_to_geohash", args,
                    {Accepts::Number, Accepts::Number, Accepts::Number}, DataType::String,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const LngLat p{a[0]->real_at(row), a[1]->real_at(row)};
                        const double accuracy = a.size() > 2 ? a[2]->real_at(row) : 5;
                        if (!is_valid(p) || !(accuracy >= 1 && accuracy <= kAccuracyMax)) {
                            out.append_bytes({});
                        } else {
                            out.append_bytes(encode(p, static_cast<std::int64_t>(accuracy)));
                        }
                    });
}

using OfCell = Value (*)(const Cell&, std::size_t accuracy);

template <OfCell Function>
Result<BoundCall> bind_of_cell(Arguments args) {
    return bind_row("geohash", args, {Accepts::Text}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const std::string_view hash = text_at(a, 0, row);
                        const auto cell = decode(hash);
                        out.append_value(cell ? Function(*cell, hash.size()) : Value());
                    });
}

Value central_point(const Cell& cell, std::size_t) {
    return point_value(cell.center());
}

Value polygon(const Cell& cell, std::size_t) {
    const auto corner = [](double lng, double lat) { return Value(Array{Value(lng), Value(lat)}); };
    Array ring{corner(cell.west, cell.south), corner(cell.east, cell.south),
               corner(cell.east, cell.north), corner(cell.west, cell.north),
               corner(cell.west, cell.south)};
    Object out;
    out.append("type", "Polygon");
    out.append("coordinates", Array{Value(std::move(ring))});
    return out;
}

/// The eight cells around, those past a pole left out.
Value neighbors(const Cell& cell, std::size_t accuracy) {
    static constexpr std::array<std::array<int, 2>, 8> kOrder = {
        {{{-1, 0}}, {{-1, -1}}, {{0, -1}}, {{1, -1}}, {{1, 1}}, {{1, 0}}, {{0, 1}}, {{-1, 1}}}};
    const double width = cell.east - cell.west;
    const double height = cell.north - cell.south;
    Array hashes;
    for (const auto& [east, north] : kOrder) {
        LngLat p = cell.center();
        p.lng += width * east;
        p.lat += height * north;
        if (p.lng > 180) {
            p.lng -= 360;
        } else if (p.lng < -180) {
            p.lng += 360;
        }
        if (is_valid(p)) {
            hashes.emplace_back(encode(p, static_cast<std::int64_t>(accuracy)));
        }
    }
    return hashes;
}

constexpr ScalarFunction kFunctions[] = {
    {"geo_point_to_geohash", "geo_point_to_geohash(longitude, latitude [, accuracy]) : string",
     "The geohash of a point, five characters unless told otherwise.", 2, 3, Naming::Anonymous,
     bind_encode},
    {"geo_geohash_to_central_point", "geo_geohash_to_central_point(geohash:string) : dynamic",
     "The middle of a geohash cell.", 1, 1, Naming::Anonymous, bind_of_cell<central_point>},
    {"geo_geohash_to_polygon", "geo_geohash_to_polygon(geohash:string) : dynamic",
     "The area of a geohash cell.", 1, 1, Naming::Anonymous, bind_of_cell<polygon>},
    {"geo_geohash_neighbors", "geo_geohash_neighbors(geohash:string) : dynamic",
     "The cells around a geohash cell.", 1, 1, Naming::Anonymous, bind_of_cell<neighbors>},
};

}  // namespace

std::span<const ScalarFunction> geohash_functions() {
    return kFunctions;
}

}  // namespace qd::kql
