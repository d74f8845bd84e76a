#include "qd/columns/type.h"

#include "qd/base/check.h"

#include <array>
#include <utility>

namespace qd::columns {

namespace {

struct TypeNames {
    std::string_view kql;
    std::string_view dotnet;
};

// In the order of DataType.
constexpr std::array<TypeNames, 10> kNames = {{
    {"bool", "System.SByte"},
    {"int", "System.Int32"},
    {"long", "System.Int64"},
    {"real", "System.Double"},
    {"decimal", "System.Data.SqlTypes.SqlDecimal"},
    {"string", "System.String"},
    {"datetime", "System.DateTime"},
    {"timespan", "System.TimeSpan"},
    {"guid", "System.Guid"},
    {"dynamic", "System.Object"},
}};

constexpr std::array<std::pair<std::string_view, DataType>, 10> kAliases = {{
    {"boolean", DataType::Bool},
    {"int32", DataType::Int},
    {"int64", DataType::Long},
    {"double", DataType::Real},
    {"date", DataType::DateTime},
    {"time", DataType::TimeSpan},
    {"uuid", DataType::Guid},
    {"uniqueid", DataType::Guid},
    {"float", DataType::Real},
    {"object", DataType::Dynamic},
}};

}  // namespace

std::string_view type_name(DataType type) {
    return kNames[static_cast<std::size_t>(type)].kql;
}

std::optional<DataType> parse_type(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i].kql == name) {
            return static_cast<DataType>(i);
        }
    }
    for (const auto& [alias, type] : kAliases) {
        if (alias == name) {
            return type;
        }
    }
    return std::nullopt;
}

std::string_view dotnet_type_name(DataType type) {
    return kNames[static_cast<std::size_t>(type)].dotnet;
}

std::size_t fixed_width(DataType t) {
    switch (t) {
        case DataType::Bool:
            return 1;
        case DataType::Int:
            return 4;
        case DataType::Long:
        case DataType::Real:
        case DataType::DateTime:
        case DataType::TimeSpan:
            return 8;
        case DataType::Decimal:
        case DataType::Guid:
            return 16;
        case DataType::String:
        case DataType::Dynamic:
            break;
    }
    QD_CHECK(false && "fixed_width of a bytes type");
}

std::optional<std::size_t> Schema::index_of(std::string_view name) const {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].name == name) {
            return i;
        }
    }
    return std::nullopt;
}

}  // namespace qd::columns
