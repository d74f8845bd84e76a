// series_add(), series_log() and the other element-by-element functions. A number beside an array
// is taken for every element; the result is as long as the shorter array's partner, the missing
// rest null (kql.md c.13). Whole numbers stay whole under add, subtract, multiply, abs and sign.
#include "constant_argument.h"
#include "dynamic_bytes.h"
#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/series_cells.h"
#include "qd/codec/guid.h"
#include "qd/columns/variant.h"

#include <algorithm>
#include <cmath>

namespace qd::kql {

namespace {

using Binary = double (*)(double, double);
using Unary = double (*)(double);

// One operand: an array or a number for every element.
struct Operand {
    Series series;
    bool scalar = false;
    double number = 0;
    bool number_missing = false;
    bool integral = true;

    void read(const columns::Column& column, std::uint32_t row) {
        scalar = false;
        if (column.type() == DataType::Dynamic) {
            read_series(column, row, series);
            integral = series.integral;
            if (series.is_array || column.is_null(row)) {
                return;
            }
            const VariantView view(column.bytes_at(row));
            scalar =
                view.kind() == VariantView::Kind::Long || view.kind() == VariantView::Kind::Real;
            integral = view.kind() == VariantView::Kind::Long;
            number_missing = false;
            number = integral ? static_cast<double>(view.as_int()) : view.as_real();
            return;
        }
        scalar = true;
        number_missing = column.is_null(row);
        integral = column.type() != DataType::Real && column.type() != DataType::Decimal;
        if (!number_missing) {
            number = column.type() == DataType::Decimal ? decimal_to_double({column.wide_at(row)})
                                                        : column.real_at(row);
        }
    }
    bool usable() const { return scalar || series.is_array; }
    bool missing(std::size_t i) const {
        return scalar ? number_missing : i >= series.size() || series.is_missing(i);
    }
    double at(std::size_t i) const { return scalar ? number : series.values[i]; }
};

enum class Result3 : std::uint8_t { Real, Whole, Truth };

template <Binary kFunction, Result3 kResult>
void binary_row(Args args, std::uint32_t row, ColumnBuilder& out) {
    Operand a;
    Operand b;
    a.read(*args[0], row);
    b.read(*args[1], row);
    if (!a.usable() || !b.usable() || (a.scalar && b.scalar)) {
        out.append_null();
        return;
    }
    const std::size_t n = std::max(a.scalar ? 0 : a.series.size(), b.scalar ? 0 : b.series.size());
    const bool whole = kResult == Result3::Whole && a.integral && b.integral;
    ArrayBytes array;
    for (std::size_t i = 0; i < n; ++i) {
        if (a.missing(i) || b.missing(i)) {
            append_variant_null(array.bytes());
        } else if (kResult == Result3::Truth) {
            append_variant_bool(array.bytes(), kFunction(a.at(i), b.at(i)) != 0);
        } else if (whole) {
            append_variant_long(array.bytes(),
                                static_cast<std::int64_t>(kFunction(a.at(i), b.at(i))));
        } else {
            append_variant_real(array.bytes(), kFunction(a.at(i), b.at(i)));
        }
        array.end_element();
    }
    std::string bytes;
    array.append_to(bytes);
    out.append_bytes(bytes);
}

template <Unary kFunction, bool kKeepsWhole>
void unary_row(Args args, std::uint32_t row, ColumnBuilder& out) {
    Series s;
    read_series(*args[0], row, s);
    if (!s.is_array) {
        out.append_null();
        return;
    }
    ArrayBytes array;
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (s.is_missing(i)) {
            append_variant_null(array.bytes());
        } else if (kKeepsWhole && s.integral) {
            append_variant_long(array.bytes(), static_cast<std::int64_t>(kFunction(s.values[i])));
        } else {
            append_variant_real(array.bytes(), kFunction(s.values[i]));
        }
        array.end_element();
    }
    std::string bytes;
    array.append_to(bytes);
    out.append_bytes(bytes);
}

Result<BoundCall> bind_elements(std::span<const Argument> args, RowFunction row) {
    BoundCall call;
    call.type = DataType::Dynamic;
    for (const Argument& a : args) {
        if (a.type != DataType::Dynamic && !columns::is_numeric(a.type)) {
            return argument_error("series", "an argument must be a numeric array or a number",
                                  a.span);
        }
        call.arg_types.push_back(a.type);
    }
    call.kernel = row_kernel(DataType::Dynamic, std::move(row), Nulls::Passed);
    return call;
}

template <Binary kFunction, Result3 kResult>
Result<BoundCall> bind_binary(std::span<const Argument> args) {
    return bind_elements(args, binary_row<kFunction, kResult>);
}
template <Unary kFunction, bool kKeepsWhole = false>
Result<BoundCall> bind_unary(std::span<const Argument> args) {
    return bind_elements(args, unary_row<kFunction, kKeepsWhole>);
}

double add(double a, double b) {
    return a + b;
}
double subtract(double a, double b) {
    return a - b;
}
double multiply(double a, double b) {
    return a * b;
}
double divide(double a, double b) {
    return a / b;
}
double power(double a, double b) {
    return std::pow(a, b);
}
double greater(double a, double b) {
    return a > b ? 1 : 0;
}
double greater_equals(double a, double b) {
    return a >= b ? 1 : 0;
}
double less(double a, double b) {
    return a < b ? 1 : 0;
}
double less_equals(double a, double b) {
    return a <= b ? 1 : 0;
}
double equals(double a, double b) {
    return a == b ? 1 : 0;
}
double not_equals(double a, double b) {
    return a != b ? 1 : 0;
}
double absolute(double a) {
    return std::abs(a);
}
double arc_cosine(double a) {
    return std::acos(a);
}
double arc_sine(double a) {
    return std::asin(a);
}
double arc_tangent(double a) {
    return std::atan(a);
}
double ceiling(double a) {
    return std::ceil(a);
}
double cosine(double a) {
    return std::cos(a);
}
double exponential(double a) {
    return std::exp(a);
}
double round_down(double a) {
    return std::floor(a);
}
double logarithm(double a) {
    return std::log(a);
}
double sign(double a) {
    return a > 0 ? 1 : (a < 0 ? -1 : 0);
}
double sine(double a) {
    return std::sin(a);
}
double tangent(double a) {
    return std::tan(a);
}

constexpr std::string_view kBinaryDoc =
    "Element by element over two arrays, or an array and a number.";
constexpr std::string_view kUnaryDoc = "Element by element over an array.";

// clang-format off
constexpr ScalarFunction kElements[] = {
    {"series_add", "series_add(a, b) : dynamic", kBinaryDoc, 2, 2, Naming::Anonymous, bind_binary<add, Result3::Whole>},
    {"series_subtract", "series_subtract(a, b) : dynamic", kBinaryDoc, 2, 2, Naming::Anonymous, bind_binary<subtract, Result3::Whole>},
    {"series_multiply", "series_multiply(a, b) : dynamic", kBinaryDoc, 2, 2, Naming::Anonymous, bind_binary<multiply, Result3::Whole>},
    {"series_divide", "series_divide(a, b) : dynamic", kBinaryDoc, 2, 2, Naming::Anonymous, bind_binary<divide, Result3::Real>},
    {"series_pow", "series_pow(a, b) : dynamic", kBinaryDoc, 2, 2, Naming::Anonymous, bind_binary<power, Result3::Real>},
    {"series_greater", "series_greater(a, b) : dynamic", kBinaryDoc, 2, 2, Naming::Anonymous, bind_binary<greater, Result3::Truth>},
    {"series_greater_equals", "series_greater_equals(a, b) : dynamic", kBinaryDoc, 2, 2, Naming::Anonymous, bind_binary<greater_equals, Result3::Truth>},
    {"series_less", "series_less(a, b) : dynamic", kBinaryDoc, 2, 2, Naming::Anonymous, bind_binary<less, Result3::Truth>},
    {"series_less_equals", "series_less_equals(a, b) : dynamic", kBinaryDoc, 2, 2, Naming::Anonymous, bind_binary<less_equals, Result3::Truth>},
    {"series_equals", "series_equals(a, b) : dynamic", kBinaryDoc, 2, 2, Naming::Anonymous, bind_binary<equals, Result3::Truth>},
    {"series_not_equals", "series_not_equals(a, b) : dynamic", kBinaryDoc, 2, 2, Naming::Anonymous, bind_binary<not_equals, Result3::Truth>},
    {"series_abs", "series_abs(a:dynamic) : dynamic", kUnaryDoc, 1, 1, Naming::Anonymous, bind_unary<absolute, true>},
    {"series_acos", "series_acos(a:dynamic) : dynamic", kUnaryDoc, 1, 1, Naming::Anonymous, bind_unary<arc_cosine>},
    {"series_asin", "series_asin(a:dynamic) : dynamic", kUnaryDoc, 1, 1, Naming::Anonymous, bind_unary<arc_sine>},
    {"series_atan", "series_atan(a:dynamic) : dynamic", kUnaryDoc, 1, 1, Naming::Anonymous, bind_unary<arc_tangent>},
    {"series_ceiling", "series_ceiling(a:dynamic) : dynamic", kUnaryDoc, 1, 1, Naming::Anonymous, bind_unary<ceiling>},
    {"series_cos", "series_cos(a:dynamic) : dynamic", kUnaryDoc, 1, 1, Naming::Anonymous, bind_unary<cosine>},
    {"series_exp", "series_exp(a:dynamic) : dynamic", kUnaryDoc, 1, 1, Naming::Anonymous, bind_unary<exponential>},
    {"series_floor", "series_floor(a:dynamic) : dynamic", kUnaryDoc, 1, 1, Naming::Anonymous, bind_unary<round_down>},
    {"series_log", "series_log(a:dynamic) : dynamic", kUnaryDoc, 1, 1, Naming::Anonymous, bind_unary<logarithm>},
    {"series_sign", "series_sign(a:dynamic) : dynamic", kUnaryDoc, 1, 1, Naming::Anonymous, bind_unary<sign, true>},
    {"series_sin", "series_sin(a:dynamic) : dynamic", kUnaryDoc, 1, 1, Naming::Anonymous, bind_unary<sine>},
    {"series_tan", "series_tan(a:dynamic) : dynamic", kUnaryDoc, 1, 1, Naming::Anonymous, bind_unary<tangent>},
};
// clang-format on

}  // namespace

std::span<const ScalarFunction> series_element_functions() {
    return kElements;
}

}  // namespace qd::kql
