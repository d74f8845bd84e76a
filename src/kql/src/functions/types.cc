#include "functions/families.h"
#include "functions/row_kernels.h"
#include "qd/columns/text.h"

#include <cmath>

// Conversions and questions about a value: toint(), tostring(), gettype(), isnull(), isempty().
// Source: kql.md b.3, b.7, b.17.

namespace qd::kql {
namespace {

using columns::Column;
using Kind = VariantView::Kind;

template <DataType To>
Result<BoundCall> bind_cast(std::span<const Argument> args) {
    return bind_kernel("conversion", args, {Accepts::Any}, To,
                       [](const EvalContext&, Args a, std::uint32_t) -> Result<ColumnPtr> {
                           return cast_column(a[0], To);
                       });
}

Result<BoundCall> bind_toguid(std::span<const Argument> args) {
    if (args[0].type == DataType::Guid) {
        return bind_cast<DataType::Guid>(args);
    }
    QD_TRY(const DataType type, accept("toguid", args[0], Accepts::StringOrDynamic, 0));
    static_cast<void>(type);
    return bind_cast<DataType::Guid>(args);
}

std::string_view variant_type_name(const VariantView& v) {
    switch (v.kind()) {
        case Kind::Null:
            return "null";
        case Kind::Bool:
            return "bool";
        case Kind::Long:
            return "long";
        case Kind::Real:
        case Kind::BigNumber:
            return "double";
        case Kind::String:
            return "string";
        case Kind::Array:
            return "array";
        case Kind::Object:
            return "dictionary";
        case Kind::DateTime:
            return "datetime";
        case Kind::TimeSpan:
            return "timespan";
        case Kind::Guid:
            return "guid";
        case Kind::Decimal:
            return "decimal";
    }
    return "null";
}

Result<BoundCall> bind_gettype(std::span<const Argument> args) {
    const DataType type = args[0].type;
    if (type == DataType::Dynamic) {
        return bind_row(
            "gettype", args, {Accepts::Any}, DataType::String,
            [](Args a, std::uint32_t row, ColumnBuilder& out) {
                out.append_bytes(a[0]->is_null(row) ? "null"
                                                    : variant_type_name(variant_at(a, 0, row)));
            },
            Nulls::Passed);
    }
    return bind_kernel("gettype", args, {Accepts::Any}, DataType::String,
                       [type](const EvalContext&, Args, std::uint32_t rows) -> Result<ColumnPtr> {
                           return Column::make_constant(
                               Scalar::of_string(std::string(columns::type_name(type))), rows);
                       });
}

bool is_empty_at(const Column& c, std::uint32_t row) {
    if (c.type() == DataType::String) {
        return c.bytes_at(row).empty();
    }
    if (c.is_null(row)) {
        return true;
    }
    if (c.type() == DataType::Dynamic) {
        const VariantView v(c.bytes_at(row));
        return v.is_null() || (v.kind() == Kind::String && v.as_string().empty());
    }
    return false;
}

/// bool from (column, row), nulls included.
template <bool (*Test)(const Column&, std::uint32_t)>
Result<BoundCall> bind_test(std::span<const Argument> args) {
    return bind_row(
        "test", args, {Accepts::Any}, DataType::Bool,
        [](Args a, std::uint32_t row, ColumnBuilder& out) { out.append_bool(Test(*a[0], row)); },
        Nulls::Passed);
}
bool is_null_at(const Column& c, std::uint32_t row) {
    return c.is_null(row);
}
bool is_not_null_at(const Column& c, std::uint32_t row) {
    return !c.is_null(row);
}
bool is_not_empty_at(const Column& c, std::uint32_t row) {
    return !is_empty_at(c, row);
}

template <typename Test>
Result<BoundCall> bind_real_test(std::string_view name, std::span<const Argument> args, Test test) {
    return bind_row(name, args, {Accepts::Real}, DataType::Bool,
                    [test](Args a, std::uint32_t row, ColumnBuilder& out) {
                        out.append_bool(test(a[0]->real_at(row)));
                    });
}

Result<BoundCall> bind_not(std::span<const Argument> args) {
    return bind_row("not", args, {Accepts::Bool}, DataType::Bool,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        out.append_bool(a[0]->int_at(row) == 0);
                    });
}

using Arguments = std::span<const Argument>;

constexpr ScalarFunction kFunctions[] = {
    {"tostring", "tostring(value:scalar) : string", "Converts a value to its text.", 1, 1,
     Naming::FirstArgument, bind_cast<DataType::String>},
    {"toint", "toint(value:scalar) : int", "Converts a value to int; null when it cannot.", 1, 1,
     Naming::FirstArgument, bind_cast<DataType::Int>},
    {"tolong", "tolong(value:scalar) : long", "Converts a value to long; null when it cannot.", 1,
     1, Naming::FirstArgument, bind_cast<DataType::Long>},
    {"todouble", "todouble(value:scalar) : real", "Converts a value to real; null when it cannot.",
     1, 1, Naming::FirstArgument, bind_cast<DataType::Real>},
    {"toreal", "toreal(value:scalar) : real", "Converts a value to real; null when it cannot.", 1,
     1, Naming::FirstArgument, bind_cast<DataType::Real>},
    {"tobool", "tobool(value:scalar) : bool", "Converts a value to bool; null when it cannot.", 1,
     1, Naming::FirstArgument, bind_cast<DataType::Bool>},
    {"toboolean", "toboolean(value:scalar) : bool",
     "Converts a value to bool; null when it cannot.", 1, 1, Naming::FirstArgument,
     bind_cast<DataType::Bool>},
    {"todecimal", "todecimal(value:scalar) : decimal",
     "Converts a value to decimal; null when it cannot.", 1, 1, Naming::FirstArgument,
     bind_cast<DataType::Decimal>},
    {"todatetime", "todatetime(value:scalar) : datetime",
     "Converts a value to datetime; null when it cannot.", 1, 1, Naming::FirstArgument,
     bind_cast<DataType::DateTime>},
    {"totimespan", "totimespan(value:scalar) : timespan",
     "Converts a value to timespan; null when it cannot.", 1, 1, Naming::FirstArgument,
     bind_cast<DataType::TimeSpan>},
    {"totime", "totime(value:scalar) : timespan", "Old spelling of totimespan().", 1, 1,
     Naming::FirstArgument, bind_cast<DataType::TimeSpan>},
    {"toguid", "toguid(value:string) : guid", "Converts text to a guid; null when it cannot.", 1, 1,
     Naming::FirstArgument, bind_toguid},
    {"gettype", "gettype(value:scalar) : string", "The name of the value's type at run time.", 1, 1,
     Naming::FunctionAndArgument, bind_gettype, true, "type"},
    {"isnull", "isnull(value:scalar) : bool", "Whether the value is null; false for strings.", 1, 1,
     Naming::Anonymous, bind_test<is_null_at>},
    {"isnotnull", "isnotnull(value:scalar) : bool", "Whether the value is not null.", 1, 1,
     Naming::Anonymous, bind_test<is_not_null_at>},
    {"notnull", "notnull(value:scalar) : bool", "Old spelling of isnotnull().", 1, 1,
     Naming::Anonymous, bind_test<is_not_null_at>},
    {"isempty", "isempty(value:scalar) : bool", "Whether the value is an empty string or null.", 1,
     1, Naming::Anonymous, bind_test<is_empty_at>},
    {"isnotempty", "isnotempty(value:scalar) : bool",
     "Whether the value is neither an empty string nor null.", 1, 1, Naming::Anonymous,
     bind_test<is_not_empty_at>},
    {"notempty", "notempty(value:scalar) : bool", "Old spelling of isnotempty().", 1, 1,
     Naming::Anonymous, bind_test<is_not_empty_at>},
    {"isnan", "isnan(value:real) : bool", "Whether the value is not a number.", 1, 1,
     Naming::Anonymous,
     [](Arguments args) {
         return bind_real_test("isnan", args, [](double v) { return std::isnan(v); });
     }},
    {"isinf", "isinf(value:real) : bool", "Whether the value is infinite.", 1, 1, Naming::Anonymous,
     [](Arguments args) {
         return bind_real_test("isinf", args, [](double v) { return std::isinf(v); });
     }},
    {"isfinite", "isfinite(value:real) : bool", "Whether the value is a finite number.", 1, 1,
     Naming::Anonymous,
     [](Arguments args) {
         return bind_real_test("isfinite", args, [](double v) { return std::isfinite(v); });
     }},
    {"not", "not(value:bool) : bool", "Reverses a bool.", 1, 1, Naming::Anonymous, bind_not},
};

}  // namespace

std::span<const ScalarFunction> type_functions() {
    return kFunctions;
}

}  // namespace qd::kql
