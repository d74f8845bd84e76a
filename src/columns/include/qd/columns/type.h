#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qd::columns {

/// KQL's ten scalar types. Physical form in a column:
///   Bool u8 · Int i32 · Long, DateTime, TimeSpan i64 · Real double · Decimal, Guid Wide ·
///   String UTF-8 bytes · Dynamic variant bytes (variant.h).
enum class DataType : std::uint8_t {
    Bool,
    Int,
    Long,
    Real,
    Decimal,
    String,
    DateTime,
    TimeSpan,
    Guid,
    Dynamic,
};

/// "bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid", "dynamic".
std::string_view type_name(DataType type);
/// The names above and their aliases (boolean, double, date, time, uuid, uniqueid, int32, int64).
std::optional<DataType> parse_type(std::string_view name);
/// "System.Int64" and so on, and v1 Kusto's "Int64" (with "SByte" for bool).
std::string_view dotnet_type_name(DataType type);

inline bool is_numeric(DataType t) {
    return t == DataType::Int || t == DataType::Long || t == DataType::Real ||
           t == DataType::Decimal;
}
inline bool is_bytes(DataType t) {
    return t == DataType::String || t == DataType::Dynamic;
}
/// Bytes of one value of a fixed-width type.
std::size_t fixed_width(DataType t);

struct Field {
    std::string name;
    DataType type = DataType::String;
    bool operator==(const Field&) const = default;
};

/// Column names and types, in order. Names are unique and case-sensitive.
struct Schema {
    std::vector<Field> fields;
    std::size_t size() const { return fields.size(); }
    const Field& operator[](std::size_t i) const { return fields[i]; }
    std::optional<std::size_t> index_of(std::string_view name) const;
    bool operator==(const Schema&) const = default;
};

}  // namespace qd::columns
