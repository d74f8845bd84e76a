#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/special_functions.h"
#include "qd/codec/guid.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <string>

// Mathematics. Functions of one real run over the spans of a column; the rest row by row.
// Logarithms of negative numbers are null, square roots of them NaN. Source: kql.md b.6, b.7.

namespace qd::kql {
namespace {

using columns::Column;
using RealFunction = double (*)(double);

/// NullBelowZero: negative values have no result at all, not even NaN.
template <bool NullBelowZero>
ColumnPtr map_reals(const ColumnPtr& column, RealFunction function) {
    return map_payload(column, [function](const ColumnPtr& flat) {
        const auto values = flat->values<double>();
        const auto nulls = flat->nulls();
        ColumnBuilder out(DataType::Real, flat->size());
        for (std::uint32_t row = 0; row < flat->size(); ++row) {
            const bool null =
                (!nulls.empty() && nulls[row] != 0) || (NullBelowZero && values[row] < 0);
            if (null) {
                out.append_null();
            } else {
                out.append_real(function(values[row]));
            }
        }
        return out.finish();
    });
}

template <RealFunction Function, bool NullBelowZero = false>
Result<BoundCall> bind_real(std::span<const Argument> args) {
    return bind_kernel("function", args, {Accepts::Number}, DataType::Real,
                       [](const EvalContext&, Args a, std::uint32_t) -> Result<ColumnPtr> {
                           return map_reals<NullBelowZero>(a[0], Function);
                       });
}

double absolute(double v) {
    return std::abs(v);
}
double round_up(double v) {
    return std::ceil(v);
}
double ln(double v) {
    return std::log(v);
}
double log_2(double v) {
    return std::log2(v);
}
double log_10(double v) {
    return std::log10(v);
}
double root(double v) {
    return std::sqrt(v);
}
double exp_e(double v) {
    return std::exp(v);
}
double exp_2(double v) {
    return std::exp2(v);
}
double exp_10(double v) {
    return std::pow(10.0, v);
}
double sine(double v) {
    return std::sin(v);
}
double cosine(double v) {
    return std::cos(v);
}
double tangent(double v) {
    return std::tan(v);
}
double cotangent(double v) {
    return 1 / std::tan(v);
}
double arc_sine(double v) {
    return std::asin(v);
}
double arc_cosine(double v) {
    return std::acos(v);
}
double arc_tangent(double v) {
    return std::atan(v);
}
double to_degrees(double v) {
    return v * 180 / std::numbers::pi;
}
double to_radians(double v) {
    return v * std::numbers::pi / 180;
}
double gamma_of(double v) {
    return std::tgamma(v);
}
double log_gamma(double v) {
    return std::lgamma(v);
}
double erf_of(double v) {
    return std::erf(v);
}
double erfc_of(double v) {
    return std::erfc(v);
}
double sign_of(double v) {
    return v > 0 ? 1.0 : v < 0 ? -1.0 : 0.0;
}

template <typename Function>
Result<BoundCall> bind_real_pair(std::string_view name, std::span<const Argument> args,
                                 Function function) {
    return bind_row(name, args, {Accepts::Number}, DataType::Real,
                    [function](Args a, std::uint32_t row, ColumnBuilder& out) {
                        out.append_real(function(a[0]->real_at(row), a[1]->real_at(row)));
                    });
}

Result<BoundCall> bind_pi(std::span<const Argument>) {
    BoundCall call;
    call.type = DataType::Real;
    call.kernel = [](const EvalContext&, Args, std::uint32_t rows) -> Result<ColumnPtr> {
        return Column::make_constant(Scalar::of_real(std::numbers::pi), rows);
    };
    return call;
}

std::int64_t wrapping_abs(std::int64_t v) {
    return v < 0 ? static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(v)) : v;
}

Result<BoundCall> bind_abs(std::span<const Argument> args) {
    const DataType type = args[0].type;
    if (type == DataType::Real) {
        return bind_real<absolute>(args);
    }
    if (type == DataType::Decimal) {
        return bind_row("abs", args, {Accepts::AnyNumber}, type,
                        [](Args a, std::uint32_t row, ColumnBuilder& out) {
                            const DecimalValue v{a[0]->wide_at(row)};
                            const DecimalValue zero = decimal_from_int(0);
                            const auto positive =
                                decimal_compare(v, zero) < 0
                                    ? decimal_arithmetic(DecimalOp::Subtract, zero, v)
                                    : std::optional(v);
                            out.append_wide(positive.value_or(v).bits);
                        });
    }
    const bool span = type == DataType::TimeSpan;
    return bind_row("abs", args, {span ? Accepts::TimeSpan : Accepts::Integer},
                    span ? DataType::TimeSpan : DataType::Long,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        out.append_int(wrapping_abs(a[0]->int_at(row)));
                    });
}

/// Half away from zero, at 10^-digits.
double round_real(double v, std::int64_t digits) {
    if (digits == 0 || !std::isfinite(v)) {
        return std::round(v);
    }
    if (digits > 0) {
        const double scale = std::pow(10.0, static_cast<double>(digits));
        const double scaled = v * scale;
        return std::isfinite(scaled) && std::abs(scaled) < 1e16 ? std::round(scaled) / scale : v;
    }
    const double scale = std::pow(10.0, static_cast<double>(-digits));
    return std::round(v / scale) * scale;
}

std::int64_t round_integer(std::int64_t v, std::int64_t digits) {
    if (digits >= 0) {
        return v;
    }
    if (digits < -18) {
        return 0;
    }
    std::int64_t scale = 1;
    for (std::int64_t i = digits; i < 0; ++i) {
        scale *= 10;
    }
    const std::int64_t rest = v % scale;
    const std::int64_t down = v - rest;
    if (wrapping_abs(rest) < scale / 2) {
        return down;
    }
    std::int64_t up = 0;
    return __builtin_add_overflow(down, rest < 0 ? -scale : scale, &up) ? v : up;
}

DecimalValue power_of_ten(std::int64_t digits) {
    return parse_decimal("1e" + std::to_string(digits)).value_or(decimal_from_int(1));
}

/// Toward minus infinity at whole numbers.
std::optional<DecimalValue> decimal_floor(DecimalValue v) {
    const DecimalValue one = decimal_from_int(1);
    auto rest = decimal_arithmetic(DecimalOp::Modulo, v, one);
    if (rest && decimal_compare(*rest, decimal_from_int(0)) < 0) {
        rest = decimal_arithmetic(DecimalOp::Add, *rest, one);
    }
    return rest ? decimal_arithmetic(DecimalOp::Subtract, v, *rest) : std::nullopt;
}

std::optional<DecimalValue> round_decimal(DecimalValue v, std::int64_t digits) {
    const DecimalValue zero = decimal_from_int(0);
    const bool minus = decimal_compare(v, zero) < 0;
    if (minus) {
        v = decimal_arithmetic(DecimalOp::Subtract, zero, v).value_or(v);
    }
    const auto scaled = decimal_arithmetic(DecimalOp::Multiply, v, power_of_ten(digits));
    const auto half = parse_decimal("0.5");
    const auto raised =
        scaled && half ? decimal_arithmetic(DecimalOp::Add, *scaled, *half) : std::nullopt;
    const auto whole = raised ? decimal_floor(*raised) : std::nullopt;
    auto result =
        whole ? decimal_arithmetic(DecimalOp::Multiply, *whole, power_of_ten(-digits)) : whole;
    if (result && minus) {
        result = decimal_arithmetic(DecimalOp::Subtract, zero, *result);
    }
    if (!result) {
        return result;
    }
    // The arithmetic keeps zeros behind the digits asked for: 1.260 is printed as 1.26.
    std::string text = format_decimal(*result);
    const std::size_t point = text.find('.');
    if (point != std::string::npos && digits >= 0) {
        text.resize(std::min(text.size(), point + 1 + static_cast<std::size_t>(digits)));
        if (text.back() == '.') {
            text.pop_back();
        }
    }
    return parse_decimal(text);
}

Result<BoundCall> bind_round(std::span<const Argument> args) {
    QD_TRY(const DataType type, accept("round", args[0], Accepts::AnyNumber, 0));
    return bind_row("round", args, {Accepts::AnyNumber, Accepts::Integer}, type,
                    [type](Args a, std::uint32_t row, ColumnBuilder& out) {
                        std::int64_t digits = a.size() > 1 ? a[1]->int_at(row) : 0;
                        digits = std::clamp<std::int64_t>(digits, -300, 300);
                        if (type == DataType::Real) {
                            out.append_real(round_real(a[0]->real_at(row), digits));
                        } else if (type == DataType::Decimal) {
                            const DecimalValue v{a[0]->wide_at(row)};
                            out.append_wide(round_decimal(v, digits).value_or(v).bits);
                        } else {
                            out.append_int(round_integer(a[0]->int_at(row), digits));
                        }
                    });
}

Result<BoundCall> bind_ceiling(std::span<const Argument> args) {
    QD_TRY(const DataType type, accept("ceiling", args[0], Accepts::AnyNumber, 0));
    if (type == DataType::Real) {
        return bind_real<round_up>(args);
    }
    return bind_row("ceiling", args, {Accepts::AnyNumber}, type,
                    [type](Args a, std::uint32_t row, ColumnBuilder& out) {
                        if (type != DataType::Decimal) {
                            out.append_int(a[0]->int_at(row));
                            return;
                        }
                        const DecimalValue v{a[0]->wide_at(row)};
                        const DecimalValue zero = decimal_from_int(0);
                        const auto negative = decimal_arithmetic(DecimalOp::Subtract, zero, v);
                        const auto floor = negative ? decimal_floor(*negative) : std::nullopt;
                        const auto up = floor
                                            ? decimal_arithmetic(DecimalOp::Subtract, zero, *floor)
                                            : std::nullopt;
                        out.append_wide(up.value_or(v).bits);
                    });
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

using BetaFunction = double (*)(double, double, double);
Result<BoundCall> bind_beta(std::string_view name, std::span<const Argument> args,
                            BetaFunction function, bool distribution) {
    return bind_row(name, args, {Accepts::Number}, DataType::Real,
                    [function, distribution](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const double x = a[0]->real_at(row);
                        const double alpha = a[1]->real_at(row);
                        const double beta = a[2]->real_at(row);
                        if (!(x >= 0 && x <= 1) || !(beta > 0) || std::isnan(alpha)) {
                            out.append_real(kNan);
                        } else if (!(alpha > 0)) {
                            // All the mass lies at 0: the engine's own answer is 1 here.
                            out.append_real(distribution ? 1.0 : kNan);
                        } else {
                            out.append_real(function(x, alpha, beta));
                        }
                    });
}

Result<BoundCall> bind_welch(std::span<const Argument> args) {
    return bind_row("welch_test", args, {Accepts::Number}, DataType::Real,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto at = [&](std::size_t i) { return a[i]->real_at(row); };
                        const double first = at(1) / at(2);
                        const double second = at(4) / at(5);
                        const double t = (at(0) - at(3)) / std::sqrt(first + second);
                        const double degrees =
                            (first + second) * (first + second) /
                            (first * first / (at(2) - 1) + second * second / (at(5) - 1));
                        if (!std::isfinite(t) || !(degrees > 0)) {
                            out.append_null();
                        } else {
                            out.append_real(student_t_two_sided(t, degrees));
                        }
                    });
}

Result<BoundCall> bind_rand(std::span<const Argument> args) {
    return bind_kernel(
        "rand", args, {Accepts::Integer}, DataType::Real,
        [](const EvalContext& context, Args a, std::uint32_t rows) -> Result<ColumnPtr> {
            ColumnBuilder out(DataType::Real, rows);
            for (std::uint32_t row = 0; row < rows; ++row) {
                if (context.random == nullptr) {
                    out.append_null();
                    continue;
                }
                const std::int64_t bound = a.empty() || a[0]->is_null(row) ? 0 : a[0]->int_at(row);
                out.append_real(bound > 1 ? static_cast<double>(context.random->below(
                                                static_cast<std::uint64_t>(bound)))
                                          : context.random->unit());
            }
            return out.finish();
        });
}

Result<BoundCall> bind_new_guid(std::span<const Argument>) {
    BoundCall call;
    call.type = DataType::Guid;
    call.kernel = [](const EvalContext& context, Args, std::uint32_t rows) -> Result<ColumnPtr> {
        ColumnBuilder out(DataType::Guid, rows);
        for (std::uint32_t row = 0; row < rows; ++row) {
            if (context.random == nullptr) {
                out.append_null();
                continue;
            }
            // Version 4, variant 1 (RFC 9562).
            Wide guid{context.random->next(), context.random->next()};
            guid.high = (guid.high & ~std::uint64_t{0xF000}) | 0x4000U;
            guid.low = (guid.low & 0x3FFF'FFFF'FFFF'FFFFU) | 0x8000'0000'0000'0000U;
            out.append_wide(guid);
        }
        return out.finish();
    };
    return call;
}

template <typename Function>
Result<BoundCall> bind_bits(std::string_view name, std::span<const Argument> args,
                            Function function) {
    return bind_row(name, args, {Accepts::Integer}, DataType::Long,
                    [function](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const std::int64_t second = a.size() > 1 ? a[1]->int_at(row) : 0;
                        const std::optional<std::int64_t> v = function(a[0]->int_at(row), second);
                        if (v) {
                            out.append_int(*v);
                        } else {
                            out.append_null();
                        }
                    });
}

std::optional<std::int64_t> shift_left(std::int64_t v, std::int64_t by) {
    if (by < 0) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(v) << (by & 63));
}
std::optional<std::int64_t> shift_right(std::int64_t v, std::int64_t by) {
    if (by < 0) {
        return std::nullopt;
    }
    return v >> (by & 63);
}

using Arguments = std::span<const Argument>;
constexpr Naming kFirst = Naming::FirstArgument;

constexpr ScalarFunction kFunctions[] = {
    {"abs", "abs(value:number|timespan) : same", "The value without its sign.", 1, 1, kFirst,
     bind_abs},
    {"sign", "sign(value:number) : real", "-1, 0 or 1.", 1, 1, Naming::Anonymous,
     bind_real<sign_of>},
    {"round", "round(value:number [, digits:long]) : same",
     "Rounds half away from zero, to digits behind the point.", 1, 2, kFirst, bind_round},
    {"ceiling", "ceiling(value:number) : same", "The least whole number not below the value.", 1, 1,
     kFirst, bind_ceiling},
    {"pow", "pow(base:number, exponent:number) : real", "A power.", 2, 2, kFirst,
     [](Arguments args) {
         return bind_real_pair("pow", args, [](double a, double b) { return std::pow(a, b); });
     }},
    {"sqrt", "sqrt(value:number) : real", "The square root.", 1, 1, kFirst, bind_real<root>},
    {"log", "log(value:number) : real", "The natural logarithm; null below zero.", 1, 1, kFirst,
     bind_real<ln, true>},
    {"log2", "log2(value:number) : real", "The logarithm to base 2; null below zero.", 1, 1, kFirst,
     bind_real<log_2, true>},
    {"log10", "log10(value:number) : real", "The logarithm to base 10; null below zero.", 1, 1,
     kFirst, bind_real<log_10, true>},
    {"exp", "exp(value:number) : real", "e to the power of the value.", 1, 1, kFirst,
     bind_real<exp_e>},
    {"exp2", "exp2(value:number) : real", "2 to the power of the value.", 1, 1, kFirst,
     bind_real<exp_2>},
    {"exp10", "exp10(value:number) : real", "10 to the power of the value.", 1, 1, kFirst,
     bind_real<exp_10>},
    {"pi", "pi() : real", "The number pi.", 0, 0, Naming::Anonymous, bind_pi},
    {"sin", "sin(radians:number) : real", "The sine.", 1, 1, kFirst, bind_real<sine>},
    {"cos", "cos(radians:number) : real", "The cosine.", 1, 1, kFirst, bind_real<cosine>},
    {"tan", "tan(radians:number) : real", "The tangent.", 1, 1, kFirst, bind_real<tangent>},
    {"cot", "cot(radians:number) : real", "The cotangent.", 1, 1, Naming::Anonymous,
     bind_real<cotangent>},
    {"asin", "asin(value:number) : real", "The arc sine.", 1, 1, kFirst, bind_real<arc_sine>},
    {"acos", "acos(value:number) : real", "The arc cosine.", 1, 1, kFirst, bind_real<arc_cosine>},
    {"atan", "atan(value:number) : real", "The arc tangent.", 1, 1, kFirst, bind_real<arc_tangent>},
    {"atan2", "atan2(y:number, x:number) : real", "The angle of a point.", 2, 2, kFirst,
     [](Arguments args) {
         return bind_real_pair("atan2", args, [](double a, double b) { return std::atan2(a, b); });
     }},
    {"degrees", "degrees(radians:number) : real", "Radians as degrees.", 1, 1, Naming::Anonymous,
     bind_real<to_degrees>},
    {"radians", "radians(degrees:number) : real", "Degrees as radians.", 1, 1, Naming::Anonymous,
     bind_real<to_radians>},
    {"gamma", "gamma(value:number) : real", "The gamma function.", 1, 1, kFirst,
     bind_real<gamma_of>},
    {"loggamma", "loggamma(value:number) : real", "The logarithm of the gamma function.", 1, 1,
     kFirst, bind_real<log_gamma>},
    {"erf", "erf(value:number) : real", "The error function.", 1, 1, kFirst, bind_real<erf_of>},
    {"erfc", "erfc(value:number) : real", "The complement of the error function.", 1, 1, kFirst,
     bind_real<erfc_of>},
    {"beta_cdf", "beta_cdf(x, alpha, beta) : real", "The beta distribution.", 3, 3,
     Naming::Anonymous,
     [](Arguments args) { return bind_beta("beta_cdf", args, incomplete_beta, true); }},
    {"beta_pdf", "beta_pdf(x, alpha, beta) : real", "The density of the beta distribution.", 3, 3,
     Naming::Anonymous,
     [](Arguments args) { return bind_beta("beta_pdf", args, beta_density, false); }},
    {"beta_inv", "beta_inv(probability, alpha, beta) : real",
     "The inverse of the beta distribution.", 3, 3, Naming::Anonymous,
     [](Arguments args) { return bind_beta("beta_inv", args, incomplete_beta_inverse, false); }},
    {"welch_test", "welch_test(mean1, variance1, count1, mean2, variance2, count2) : real",
     "The p-value of Welch's t-test.", 6, 6, Naming::Anonymous, bind_welch},
    {"rand", "rand([bound:long]) : real", "A random number in [0, 1), or a whole one below bound.",
     0, 1, kFirst, bind_rand, false},
    {"new_guid", "new_guid() : guid", "A random guid.", 0, 0, Naming::Anonymous, bind_new_guid,
     false},
    {"binary_and", "binary_and(a:long, b:long) : long", "Bitwise and.", 2, 2, kFirst,
     [](Arguments args) {
         return bind_bits("binary_and", args, [](std::int64_t a, std::int64_t b) { return a & b; });
     }},
    {"binary_or", "binary_or(a:long, b:long) : long", "Bitwise or.", 2, 2, kFirst,
     [](Arguments args) {
         return bind_bits("binary_or", args, [](std::int64_t a, std::int64_t b) { return a | b; });
     }},
    {"binary_xor", "binary_xor(a:long, b:long) : long", "Bitwise exclusive or.", 2, 2, kFirst,
     [](Arguments args) {
         return bind_bits("binary_xor", args, [](std::int64_t a, std::int64_t b) { return a ^ b; });
     }},
    {"binary_not", "binary_not(a:long) : long", "Bitwise complement.", 1, 1, kFirst,
     [](Arguments args) {
         return bind_bits("binary_not", args, [](std::int64_t a, std::int64_t) { return ~a; });
     }},
    {"binary_shift_left", "binary_shift_left(a:long, by:long) : long", "Bits moved to the left.", 2,
     2, kFirst, [](Arguments args) { return bind_bits("binary_shift_left", args, shift_left); }},
    {"binary_shift_right", "binary_shift_right(a:long, by:long) : long", "Bits moved to the right.",
     2, 2, kFirst,
     [](Arguments args) { return bind_bits("binary_shift_right", args, shift_right); }},
    {"bitset_count_ones", "bitset_count_ones(a:long) : long", "The number of bits that are set.", 1,
     1, kFirst,
     [](Arguments args) {
         return bind_bits("bitset_count_ones", args, [](std::int64_t a, std::int64_t) {
             return static_cast<std::int64_t>(__builtin_popcountll(static_cast<std::uint64_t>(a)));
         });
     }},
};

}  // namespace

std::span<const ScalarFunction> math_functions() {
    return kFunctions;
}

}  // namespace qd::kql
