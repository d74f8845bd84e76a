// + - * / % and unary minus.
//
// Integers are computed as 64-bit with wrap-around (int with int gives long); division truncates,
// the remainder is Euclidean (never negative); both are null for a zero divisor. Reals follow
// IEEE 754. Source: kql.md b.6, b.14.
#include "exec/operators.h"
#include "exec/rows.h"
#include "qd/codec/guid.h"

#include <cmath>
#include <limits>
#include <type_traits>

namespace qd::kql {

namespace {

enum class Arithmetic : std::uint8_t { Add, Subtract, Multiply, Divide, Modulo };

std::int64_t wrap(std::uint64_t v) {
    return static_cast<std::int64_t>(v);
}

/// Nothing when the result is null.
template <Arithmetic kOp>
bool compute(std::int64_t a, std::int64_t b, std::int64_t& out) {
    const auto ua = static_cast<std::uint64_t>(a);
    const auto ub = static_cast<std::uint64_t>(b);
    if constexpr (kOp == Arithmetic::Add) {
        out = wrap(ua + ub);
    } else if constexpr (kOp == Arithmetic::Subtract) {
        out = wrap(ua - ub);
    } else if constexpr (kOp == Arithmetic::Multiply) {
        out = wrap(ua * ub);
    } else if constexpr (kOp == Arithmetic::Divide) {
        if (b == 0) {
            return false;
        }
        out = b == -1 ? wrap(0 - ua) : a / b;
    } else {
        if (b == 0) {
            return false;
        }
        if (b == -1) {
            out = 0;
            return true;
        }
        out = a % b;
        if (out < 0) {
            out += b < 0 ? -b : b;
        }
    }
    return true;
}

template <Arithmetic kOp>
bool compute(double a, double b, double& out) {
    if constexpr (kOp == Arithmetic::Add) {
        out = a + b;
    } else if constexpr (kOp == Arithmetic::Subtract) {
        out = a - b;
    } else if constexpr (kOp == Arithmetic::Multiply) {
        out = a * b;
    } else if constexpr (kOp == Arithmetic::Divide) {
        out = a / b;
    } else {
        out = std::fmod(a, b);
        if (out < 0) {
            out += std::fabs(b);
        }
    }
    return true;
}

/// Both sides of one physical type T.
template <typename T, Arithmetic kOp>
ScalarKernel same_type(DataType type, std::int64_t low, std::int64_t high) {
    return [type, low, high](const EvalContext&, std::span<const ColumnPtr> args,
                             std::uint32_t rows) -> Result<ColumnPtr> {
        const FixedRows<T> a(args[0]);
        const FixedRows<T> b(args[1]);
        FixedOut<T> out(rows);
        T* values = out.values();
        constexpr bool kMayFail = std::is_same_v<T, std::int64_t> &&
                                  (kOp == Arithmetic::Divide || kOp == Arithmetic::Modulo);
        const bool bounded = low != 0 || high != 0;
        if (!a.has_nulls() && !b.has_nulls() && !kMayFail && !bounded) {
            for (std::uint32_t i = 0; i < rows; ++i) {
                compute<kOp>(a.value(i), b.value(i), values[i]);
            }
            return out.finish(type);
        }
        for (std::uint32_t i = 0; i < rows; ++i) {
            T value{};
            if (a.null(i) || b.null(i) || !compute<kOp>(a.value(i), b.value(i), value)) {
                out.set_null(i);
                continue;
            }
            if constexpr (std::is_same_v<T, std::int64_t>) {
                if (bounded && (value < low || value > high)) {
                    out.set_null(i);
                    continue;
                }
            }
            values[i] = value;
        }
        return out.finish(type);
    };
}

template <typename T>
ScalarKernel pick(Arithmetic op, DataType type, std::int64_t low = 0, std::int64_t high = 0) {
    switch (op) {
        case Arithmetic::Add:
            return same_type<T, Arithmetic::Add>(type, low, high);
        case Arithmetic::Subtract:
            return same_type<T, Arithmetic::Subtract>(type, low, high);
        case Arithmetic::Multiply:
            return same_type<T, Arithmetic::Multiply>(type, low, high);
        case Arithmetic::Divide:
            return same_type<T, Arithmetic::Divide>(type, low, high);
        case Arithmetic::Modulo:
            return same_type<T, Arithmetic::Modulo>(type, low, high);
    }
    return {};
}

/// timespan × real, timespan ÷ real: rounded to whole ticks, null beyond the range.
ScalarKernel scale_timespan(bool divide, bool span_first) {
    return [divide, span_first](const EvalContext&, std::span<const ColumnPtr> args,
                                std::uint32_t rows) -> Result<ColumnPtr> {
        const FixedRows<std::int64_t> ticks(args[span_first ? 0 : 1]);
        const FixedRows<double> factor(args[span_first ? 1 : 0]);
        FixedOut<std::int64_t> out(rows);
        for (std::uint32_t i = 0; i < rows; ++i) {
            if (ticks.null(i) || factor.null(i)) {
                out.set_null(i);
                continue;
            }
            const auto t = static_cast<double>(ticks.value(i));
            const double v = divide ? t / factor.value(i) : t * factor.value(i);
            if (!(std::fabs(v) < 9.2e18)) {
                out.set_null(i);
                continue;
            }
            out.set(i, static_cast<std::int64_t>(std::trunc(v)));
        }
        return out.finish(DataType::TimeSpan);
    };
}

ScalarKernel divide_timespans() {
    return [](const EvalContext&, std::span<const ColumnPtr> args,
              std::uint32_t rows) -> Result<ColumnPtr> {
        const FixedRows<std::int64_t> a(args[0]);
        const FixedRows<std::int64_t> b(args[1]);
        FixedOut<double> out(rows);
        for (std::uint32_t i = 0; i < rows; ++i) {
            if (a.null(i) || b.null(i)) {
                out.set_null(i);
            } else {
                out.set(i, static_cast<double>(a.value(i)) / static_cast<double>(b.value(i)));
            }
        }
        return out.finish(DataType::Real);
    };
}

DecimalOp decimal_op(Arithmetic op) {
    switch (op) {
        case Arithmetic::Add:
            return DecimalOp::Add;
        case Arithmetic::Subtract:
            return DecimalOp::Subtract;
        case Arithmetic::Multiply:
            return DecimalOp::Multiply;
        case Arithmetic::Divide:
            return DecimalOp::Divide;
        case Arithmetic::Modulo:
            break;
    }
    return DecimalOp::Modulo;
}

/// Exact decimal arithmetic, row by row; division by zero is null.
ScalarKernel on_decimals(Arithmetic op) {
    return [op = decimal_op(op)](const EvalContext&, std::span<const ColumnPtr> args,
                                 std::uint32_t rows) -> Result<ColumnPtr> {
        columns::ColumnBuilder out(DataType::Decimal, rows);
        for (std::uint32_t row = 0; row < rows; ++row) {
            std::optional<DecimalValue> result;
            if (!args[0]->is_null(row) && !args[1]->is_null(row)) {
                result = decimal_arithmetic(op, DecimalValue{args[0]->wide_at(row)},
                                            DecimalValue{args[1]->wide_at(row)});
            }
            if (result) {
                out.append_wide(result->bits);
            } else {
                out.append_null();
            }
        }
        return out.finish();
    };
}

Error no_operator(std::string_view op, std::span<const Argument> args) {
    std::string message = "Operator '" + std::string(op) + "' is not defined for types ";
    for (std::size_t i = 0; i < args.size(); ++i) {
        message += (i > 0 ? " and " : "") + std::string(columns::type_name(args[i].type));
    }
    return semantic_error("SEM0064", std::move(message), args.back().span);
}

BoundCall call_of(DataType type, std::vector<DataType> arg_types, ScalarKernel kernel) {
    return {.type = type, .arg_types = std::move(arg_types), .kernel = std::move(kernel)};
}

std::optional<BoundCall> bind_time(Arithmetic op, DataType a, DataType b) {
    constexpr DataType kTime = DataType::DateTime;
    constexpr DataType kSpan = DataType::TimeSpan;
    const auto datetime = [&](std::vector<DataType> types) {
        return call_of(kTime, std::move(types),
                       pick<std::int64_t>(op, kTime, 0, Timestamp::kMaxTicks));
    };
    if (op == Arithmetic::Add || op == Arithmetic::Subtract) {
        if (a == kTime && b == kTime && op == Arithmetic::Subtract) {
            return call_of(kSpan, {}, pick<std::int64_t>(op, kSpan));
        }
        if (a == kTime && b == kSpan) {
            return datetime({});
        }
        if (a == kSpan && b == kTime && op == Arithmetic::Add) {
            return datetime({});
        }
        if (a == kSpan && b == kSpan) {
            return call_of(kSpan, {}, pick<std::int64_t>(op, kSpan));
        }
        return std::nullopt;
    }
    if (op == Arithmetic::Multiply) {
        if (a == kSpan && columns::is_numeric(b)) {
            return b == DataType::Real || b == DataType::Decimal
                       ? call_of(kSpan, {kSpan, DataType::Real}, scale_timespan(false, true))
                       : call_of(kSpan, {kSpan, DataType::Long}, pick<std::int64_t>(op, kSpan));
        }
        if (b == kSpan && columns::is_numeric(a)) {
            return a == DataType::Real || a == DataType::Decimal
                       ? call_of(kSpan, {DataType::Real, kSpan}, scale_timespan(false, false))
                       : call_of(kSpan, {DataType::Long, kSpan}, pick<std::int64_t>(op, kSpan));
        }
        return std::nullopt;
    }
    if (op == Arithmetic::Divide && a == kSpan) {
        if (b == kSpan) {
            return call_of(DataType::Real, {}, divide_timespans());
        }
        if (b == DataType::Real || b == DataType::Decimal) {
            return call_of(kSpan, {kSpan, DataType::Real}, scale_timespan(true, true));
        }
        if (columns::is_numeric(b)) {
            return call_of(kSpan, {kSpan, DataType::Long}, pick<std::int64_t>(op, kSpan));
        }
    }
    if (op == Arithmetic::Modulo && (a == kSpan || a == kTime) && b == kSpan) {
        return call_of(kSpan, {}, pick<std::int64_t>(op, kSpan));
    }
    return std::nullopt;
}

bool is_time(DataType t) {
    return t == DataType::DateTime || t == DataType::TimeSpan;
}

}  // namespace

Result<BoundCall> bind_arithmetic(std::string_view op, std::span<const Argument> args) {
    const Arithmetic kind = op == "+"   ? Arithmetic::Add
                            : op == "-" ? Arithmetic::Subtract
                            : op == "*" ? Arithmetic::Multiply
                            : op == "/" ? Arithmetic::Divide
                                        : Arithmetic::Modulo;
    DataType a = args[0].type;
    DataType b = args[1].type;
    if (is_time(a) || is_time(b)) {
        std::vector<DataType> wanted;
        // A dynamic beside a time is what makes the operator mean something.
        if (a == DataType::Dynamic) {
            a = DataType::TimeSpan;
        }
        if (b == DataType::Dynamic) {
            b = a == DataType::DateTime && kind == Arithmetic::Subtract ? DataType::DateTime
                                                                        : DataType::TimeSpan;
        }
        if (auto call = bind_time(kind, a, b)) {
            if (call->arg_types.empty()) {
                call->arg_types = {a, b};
            }
            return std::move(*call);
        }
        return no_operator(op, args);
    }
    if (a == DataType::Dynamic && b == DataType::Dynamic) {
        a = b = DataType::Real;
    } else if (a == DataType::Dynamic) {
        a = b;
    } else if (b == DataType::Dynamic) {
        b = a;
    }
    if (!columns::is_numeric(a) || !columns::is_numeric(b)) {
        return no_operator(op, args);
    }
    if (a == DataType::Decimal || b == DataType::Decimal) {
        return call_of(DataType::Decimal, {DataType::Decimal, DataType::Decimal},
                       on_decimals(kind));
    }
    if (a == DataType::Real || b == DataType::Real) {
        return call_of(DataType::Real, {DataType::Real, DataType::Real},
                       pick<double>(kind, DataType::Real));
    }
    return call_of(DataType::Long, {DataType::Long, DataType::Long},
                   pick<std::int64_t>(kind, DataType::Long));
}

Result<BoundCall> bind_negate(std::span<const Argument> args) {
    DataType type = args[0].type;
    if (type == DataType::Dynamic) {
        type = DataType::Real;
    }
    if (!columns::is_numeric(type) && type != DataType::TimeSpan) {
        return no_operator("-", args);
    }
    if (type == DataType::Decimal) {
        return call_of(type, {},
                       [](const EvalContext&, std::span<const ColumnPtr> in,
                          std::uint32_t) -> Result<ColumnPtr> {
                           columns::ColumnBuilder out(DataType::Decimal, in[0]->size());
                           for (std::uint32_t i = 0; i < in[0]->size(); ++i) {
                               if (in[0]->is_null(i)) {
                                   out.append_null();
                                   continue;
                               }
                               Wide w = in[0]->wide_at(i);
                               w.high ^= std::uint64_t{1} << 63;  // decimal128 keeps its sign there
                               out.append_wide(w);
                           }
                           return out.finish();
                       });
    }
    if (type == DataType::Real) {
        return call_of(type, {DataType::Real},
                       [](const EvalContext&, std::span<const ColumnPtr> in,
                          std::uint32_t rows) -> Result<ColumnPtr> {
                           const FixedRows<double> a(in[0]);
                           FixedOut<double> out(rows);
                           for (std::uint32_t i = 0; i < rows; ++i) {
                               out.set(i, -a.value(i));
                               if (a.null(i)) {
                                   out.set_null(i);
                               }
                           }
                           return out.finish(DataType::Real);
                       });
    }
    const DataType result = type == DataType::TimeSpan ? type : DataType::Long;
    return call_of(result, {result},
                   [result](const EvalContext&, std::span<const ColumnPtr> in,
                            std::uint32_t rows) -> Result<ColumnPtr> {
                       const FixedRows<std::int64_t> a(in[0]);
                       FixedOut<std::int64_t> out(rows);
                       for (std::uint32_t i = 0; i < rows; ++i) {
                           out.set(i, wrap(0 - static_cast<std::uint64_t>(a.value(i))));
                           if (a.null(i)) {
                               out.set_null(i);
                           }
                       }
                       return out.finish(result);
                   });
}

}  // namespace qd::kql
