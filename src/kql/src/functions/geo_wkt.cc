#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/sphere.h"
#include "functions/text_case.h"
#include "value_text.h"

#include <algorithm>
#include <optional>
#include <string>

// geo_from_wkt(): well-known text as GeoJSON. Nested lists of positions follow the parentheses, so
// one reader serves all shapes; the name only says how deep they go. Source: OGC 06-103r4.

namespace qd::kql {
namespace {

constexpr int kDepthMax = 16;

class WktReader {
  public:
    explicit WktReader(std::string_view text) : text_(text) {}

    std::optional<Value> shape() {
        auto value = geometry(0);
        skip_blanks();
        return at_ == text_.size() ? value : std::nullopt;
    }

  private:
    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' ||
                                      text_[at_] == '\n' || text_[at_] == '\r')) {
            ++at_;
        }
    }
    bool take(char c) {
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != c) {
            return false;
        }
        ++at_;
        return true;
    }
    std::string name() {
        skip_blanks();
        const std::size_t begin = at_;
        while (at_ < text_.size() && ((text_[at_] >= 'A' && text_[at_] <= 'Z') ||
                                      (text_[at_] >= 'a' && text_[at_] <= 'z'))) {
            ++at_;
        }
        return to_upper_text(text_.substr(begin, at_ - begin));
    }
    std::optional<double> number() {
        skip_blanks();
        const std::size_t end = std::min(text_.find_first_of(" \t\r\n,()", at_), text_.size());
        const auto v = parse_real_text(text_.substr(at_, end - at_));
        at_ = end;
        return v;
    }
    std::optional<Value> position() {
        const auto lng = number();
        const auto lat = number();
        if (!lng || !lat) {
            return std::nullopt;
        }
        return Value(Array{Value(*lng), Value(*lat)});
    }
    /// depth 0: a position; depth n: "(", lists of depth n - 1, ")".
    std::optional<Value> list(int depth) {
        if (depth == 0) {
            if (take('(')) {  // MULTIPOINT ((1 1), (2 2))
                auto inner = position();
                return take(')') ? inner : std::nullopt;
            }
            return position();
        }
        if (!take('(')) {
            return std::nullopt;
        }
        Array items;
        do {
            auto item = list(depth - 1);
            if (!item) {
                return std::nullopt;
            }
            items.push_back(std::move(*item));
        } while (take(','));
        return take(')') ? std::optional(Value(std::move(items))) : std::nullopt;
    }
    static Value shape_value(const char* type, const char* key, Value content) {
        Object shape;
        shape.append("type", type);
        shape.append(key, std::move(content));
        return shape;
    }
    std::optional<Value> collection(int depth) {
        Array shapes;
        if (!take('(')) {
            return std::nullopt;
        }
        do {
            auto item = geometry(depth + 1);
            if (!item) {
                return std::nullopt;
            }
            shapes.push_back(std::move(*item));
        } while (take(','));
        if (!take(')')) {
            return std::nullopt;
        }
        return shape_value("GeometryCollection", "geometries", Value(std::move(shapes)));
    }
    std::optional<Value> geometry(int depth) {
        struct Kind {
            std::string_view wkt;
            const char* geojson;
            int depth;
        };
        static constexpr Kind kKinds[] = {
            {"LINESTRING", "LineString", 1},     {"POLYGON", "Polygon", 2},
            {"MULTIPOINT", "MultiPoint", 1},     {"MULTILINESTRING", "MultiLineString", 2},
            {"MULTIPOLYGON", "MultiPolygon", 3},
        };
        const std::string kind = name();
        if (depth > kDepthMax) {
            return std::nullopt;
        }
        if (kind == "GEOMETRYCOLLECTION") {
            return collection(depth);
        }
        if (kind == "POINT") {
            if (!take('(')) {
                return std::nullopt;
            }
            auto point = position();
            if (!point || !take(')')) {
                return std::nullopt;
            }
            return shape_value("Point", "coordinates", std::move(*point));
        }
        for (const Kind& k : kKinds) {
            if (k.wkt == kind) {
                auto coordinates = list(k.depth);
                if (!coordinates) {
                    return std::nullopt;
                }
                return shape_value(k.geojson, "coordinates", std::move(*coordinates));
            }
        }
        return std::nullopt;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

Result<BoundCall> bind_from_wkt(std::span<const Argument> args) {
    return bind_row("geo_from_wkt", args, {Accepts::Text}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        out.append_value(WktReader(text_at(a, 0, row)).shape().value_or(Value()));
                    });
}

constexpr ScalarFunction kFunctions[] = {
    {"geo_from_wkt", "geo_from_wkt(text:string) : dynamic", "Well-known text as GeoJSON.", 1, 1,
     Naming::Anonymous, bind_from_wkt},
};

}  // namespace

std::span<const ScalarFunction> geo_wkt_functions() {
    return kFunctions;
}

}  // namespace qd::kql
