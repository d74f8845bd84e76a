// == != < <= > >=, between, not().
//
// Both sides are brought to one type first. Nulls: == with one null is false, != with one null is
// true, everything else with a null is null. Source: kql.md b.4, b.5, b.12.
#include "exec/operators.h"
#include "exec/rows.h"
#include "qd/columns/compare.h"
#include "qd/columns/variant.h"

#include <array>
#include <cmath>
#include <optional>

namespace qd::kql {

namespace {

enum class Compare : std::uint8_t { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual };

Compare parse_compare(std::string_view op) {
    if (op == "==") {
        return Compare::Equal;
    }
    if (op == "!=" || op == "<>") {
        return Compare::NotEqual;
    }
    if (op == "<") {
        return Compare::Less;
    }
    if (op == "<=") {
        return Compare::LessEqual;
    }
    return op == ">" ? Compare::Greater : Compare::GreaterEqual;
}

bool is_equality(Compare c) {
    return c == Compare::Equal || c == Compare::NotEqual;
}

template <Compare kOp, typename T>
bool test(const T& a, const T& b) {
    if constexpr (kOp == Compare::Equal) {
        return a == b;
    } else if constexpr (kOp == Compare::NotEqual) {
        return !(a == b);
    } else if constexpr (kOp == Compare::Less) {
        return a < b;
    } else if constexpr (kOp == Compare::LessEqual) {
        return a <= b;
    } else if constexpr (kOp == Compare::Greater) {
        return a > b;
    } else {
        return a >= b;
    }
}

/// Writes row i when one side or both are null; says whether it did.
template <Compare kOp>
bool null_case(FixedOut<std::uint8_t>& out, std::uint32_t row, bool a_null, bool b_null) {
    if (!a_null && !b_null) {
        return false;
    }
    if constexpr (kOp == Compare::Equal || kOp == Compare::NotEqual) {
        if (a_null && b_null) {
            out.set_null(row);
        } else {
            out.set(row, kOp == Compare::NotEqual ? 1 : 0);
        }
    } else {
        out.set_null(row);
    }
    return true;
}

template <Compare kOp, typename Rows>
Result<ColumnPtr> compare_columns(std::span<const ColumnPtr> args, std::uint32_t rows) {
    const Rows a(args[0]);
    const Rows b(args[1]);
    FixedOut<std::uint8_t> out(rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
        if (!null_case<kOp>(out, i, a.null(i), b.null(i))) {
            out.set(i, test<kOp>(a.value(i), b.value(i)) ? 1 : 0);
        }
    }
    return out.finish(DataType::Bool);
}

/// The common case without nulls and with a constant right side, in a loop compilers vectorise.
template <Compare kOp, typename T>
Result<ColumnPtr> compare_fixed(std::span<const ColumnPtr> args, std::uint32_t rows) {
    const FixedRows<T> a(args[0]);
    const FixedRows<T> b(args[1]);
    if (a.has_nulls() || b.has_nulls() || a.plain() == nullptr || rows == 0) {
        return compare_columns<kOp, FixedRows<T>>(args, rows);
    }
    FixedOut<std::uint8_t> out(rows);
    std::uint8_t* values = out.values();
    const T* left = a.plain();
    if (b.constant()) {
        const T right = b.value(0);
        for (std::uint32_t i = 0; i < rows; ++i) {
            values[i] = test<kOp>(left[i], right) ? 1 : 0;
        }
    } else {
        for (std::uint32_t i = 0; i < rows; ++i) {
            values[i] = test<kOp>(left[i], b.value(i)) ? 1 : 0;
        }
    }
    return out.finish(DataType::Bool);
}

/// Decimals: by the columns' own order.
template <Compare kOp>
Result<ColumnPtr> compare_wide(std::span<const ColumnPtr> args, std::uint32_t rows) {
    FixedOut<std::uint8_t> out(rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
        if (!null_case<kOp>(out, i, args[0]->is_null(i), args[1]->is_null(i))) {
            const int order = columns::compare_rows(*args[0], i, *args[1], i);
            out.set(i, test<kOp>(order, 0) ? 1 : 0);
        }
    }
    return out.finish(DataType::Bool);
}

/// A dynamic against an integer: a dynamic real keeps its fraction.
template <Compare kOp>
Result<ColumnPtr> compare_dynamic_long(std::span<const ColumnPtr> args, std::uint32_t rows,
                                       bool dynamic_first) {
    const ColumnPtr& bag = args[dynamic_first ? 0 : 1];
    const BytesRows dynamics(bag);
    const FixedRows<std::int64_t> longs(args[dynamic_first ? 1 : 0]);
    const ColumnPtr as_long = cast_column(bag, DataType::Long);
    FixedOut<std::uint8_t> out(rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
        const columns::VariantView v(dynamics.null(i) ? std::string_view() : dynamics.value(i));
        const bool real = v.kind() == columns::VariantView::Kind::Real;
        const bool missing = real ? std::isnan(v.as_real()) : as_long->is_null(i);
        const bool a_null = dynamic_first ? missing : longs.null(i);
        const bool b_null = dynamic_first ? longs.null(i) : missing;
        if (null_case<kOp>(out, i, a_null, b_null)) {
            continue;
        }
        bool answer = false;
        if (real) {
            const auto other = static_cast<double>(longs.value(i));
            answer = dynamic_first ? test<kOp>(v.as_real(), other) : test<kOp>(other, v.as_real());
        } else {
            const std::int64_t mine = as_long->int_at(i);
            answer =
                dynamic_first ? test<kOp>(mine, longs.value(i)) : test<kOp>(longs.value(i), mine);
        }
        out.set(i, answer ? 1 : 0);
    }
    return out.finish(DataType::Bool);
}

template <Compare kOp>
ScalarKernel kernel_for(DataType type) {
    switch (type) {
        case DataType::Bool:
            return [](const EvalContext&, std::span<const ColumnPtr> a, std::uint32_t n) {
                return compare_fixed<kOp, std::uint8_t>(a, n);
            };
        case DataType::Int:
            return [](const EvalContext&, std::span<const ColumnPtr> a, std::uint32_t n) {
                return compare_fixed<kOp, std::int32_t>(a, n);
            };
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            return [](const EvalContext&, std::span<const ColumnPtr> a, std::uint32_t n) {
                return compare_fixed<kOp, std::int64_t>(a, n);
            };
        case DataType::Real:
            return [](const EvalContext&, std::span<const ColumnPtr> a, std::uint32_t n) {
                return compare_fixed<kOp, double>(a, n);
            };
        case DataType::Guid:
            return [](const EvalContext&, std::span<const ColumnPtr> a, std::uint32_t n) {
                return compare_columns<kOp, FixedRows<Wide>>(a, n);
            };
        case DataType::String:
        case DataType::Dynamic:
            return [](const EvalContext&, std::span<const ColumnPtr> a, std::uint32_t n) {
                return compare_columns<kOp, BytesRows>(a, n);
            };
        case DataType::Decimal:
            return [](const EvalContext&, std::span<const ColumnPtr> a, std::uint32_t n) {
                return compare_wide<kOp>(a, n);
            };
    }
    return {};
}

template <typename F>
auto with_compare(Compare op, F f) {
    switch (op) {
        case Compare::Equal:
            return f(std::integral_constant<Compare, Compare::Equal>{});
        case Compare::NotEqual:
            return f(std::integral_constant<Compare, Compare::NotEqual>{});
        case Compare::Less:
            return f(std::integral_constant<Compare, Compare::Less>{});
        case Compare::LessEqual:
            return f(std::integral_constant<Compare, Compare::LessEqual>{});
        case Compare::Greater:
            return f(std::integral_constant<Compare, Compare::Greater>{});
        case Compare::GreaterEqual:
            break;
    }
    return f(std::integral_constant<Compare, Compare::GreaterEqual>{});
}

/// The type two sides are compared in.
std::optional<DataType> comparison_type(DataType a, DataType b, bool equality) {
    using enum DataType;
    if (a == b) {
        return a == Dynamic ? std::optional(String) : std::optional(a);
    }
    if (a == Dynamic || b == Dynamic) {
        return a == Dynamic ? b : a;
    }
    if (columns::is_numeric(a) && columns::is_numeric(b)) {
        if (a == Decimal || b == Decimal) {
            return Decimal;
        }
        return a == Real || b == Real ? Real : Long;
    }
    if ((a == Bool && (b == Long || b == Int)) || (b == Bool && (a == Long || a == Int))) {
        return Long;
    }
    if ((a == Bool && b == Real) || (b == Bool && a == Real)) {
        return Real;
    }
    if (equality && (a == String || b == String)) {
        const DataType other = a == String ? b : a;
        // A number is written out (ResultType == 0); of the others the text is read.
        return columns::is_numeric(other) ? String : other;
    }
    return std::nullopt;
}

}  // namespace

Result<BoundCall> bind_comparison(std::string_view op, std::span<const Argument> args) {
    const Compare compare = parse_compare(op);
    const DataType a = args[0].type;
    const DataType b = args[1].type;
    const bool one_dynamic = (a == DataType::Dynamic) != (b == DataType::Dynamic);
    const DataType other = a == DataType::Dynamic ? b : a;
    if (one_dynamic && (other == DataType::Long || other == DataType::Int)) {
        const bool first = a == DataType::Dynamic;
        BoundCall call;
        call.type = DataType::Bool;
        call.arg_types = {first ? DataType::Dynamic : DataType::Long,
                          first ? DataType::Long : DataType::Dynamic};
        call.kernel = with_compare(compare, [first](auto c) -> ScalarKernel {
            return [first](const EvalContext&, std::span<const ColumnPtr> in, std::uint32_t n) {
                return compare_dynamic_long<decltype(c)::value>(in, n, first);
            };
        });
        return call;
    }
    const std::optional<DataType> type = comparison_type(a, b, is_equality(compare));
    if (!type) {
        return semantic_error(
            "SEM0064",
            "Cannot compare values of types " + std::string(columns::type_name(a)) + " and " +
                std::string(columns::type_name(b)) + ". Try adding explicit casts",
            args[1].span);
    }
    BoundCall call;
    call.type = DataType::Bool;
    call.arg_types = {*type, *type};
    call.kernel =
        with_compare(compare, [&](auto c) { return kernel_for<decltype(c)::value>(*type); });
    return call;
}

Result<BoundCall> bind_between(bool negated, std::span<const Argument> args) {
    // value between (datetime .. timespan): the upper border is low + span.
    const bool span_border =
        args[1].type == DataType::DateTime && args[2].type == DataType::TimeSpan;
    DataType type = args[0].type;
    const auto meet = [&](DataType t) {
        const std::optional<DataType> common = comparison_type(type, t, false);
        if (common) {
            type = *common;
        }
        return common.has_value();
    };
    if (!meet(args[1].type) || (!span_border && !meet(args[2].type)) || type == DataType::String) {
        if (type == DataType::String && args[0].type == DataType::Dynamic) {
            type = args[1].type;
        } else if (type == DataType::String) {
            return semantic_error("SEM0026",
                                  "between: the value and its borders must be numbers, "
                                  "datetimes or timespans",
                                  args[0].span);
        } else {
            return semantic_error("SEM0064", "between: the value and its borders differ in type",
                                  args[1].span);
        }
    }
    BoundCall call;
    call.type = DataType::Bool;
    call.arg_types = {type, type, span_border ? DataType::TimeSpan : type};
    ScalarKernel at_least = kernel_for<Compare::GreaterEqual>(type);
    ScalarKernel at_most = kernel_for<Compare::LessEqual>(type);
    call.kernel = [=](const EvalContext& context, std::span<const ColumnPtr> in,
                      std::uint32_t rows) -> Result<ColumnPtr> {
        ColumnPtr high = in[2];
        if (span_border) {
            const FixedRows<std::int64_t> low(in[1]);
            const FixedRows<std::int64_t> span(in[2]);
            FixedOut<std::int64_t> sum(rows);
            for (std::uint32_t i = 0; i < rows; ++i) {
                sum.set(i, low.value(i) + span.value(i));
                if (low.null(i) || span.null(i)) {
                    sum.set_null(i);
                }
            }
            high = sum.finish(DataType::DateTime);
        }
        const std::array<ColumnPtr, 2> lower = {in[0], in[1]};
        const std::array<ColumnPtr, 2> upper = {in[0], high};
        QD_TRY(const ColumnPtr a, at_least(context, lower, rows));
        QD_TRY(const ColumnPtr b, at_most(context, upper, rows));
        const FixedRows<std::uint8_t> x(a);
        const FixedRows<std::uint8_t> y(b);
        FixedOut<std::uint8_t> out(rows);
        for (std::uint32_t i = 0; i < rows; ++i) {
            const bool x_false = !x.null(i) && x.value(i) == 0;
            const bool y_false = !y.null(i) && y.value(i) == 0;
            if (x_false || y_false) {
                out.set(i, negated ? 1 : 0);
            } else if (x.null(i) || y.null(i)) {
                out.set_null(i);
            } else {
                out.set(i, negated ? 0 : 1);
            }
        }
        return out.finish(DataType::Bool);
    };
    return call;
}

Result<BoundCall> bind_not(std::span<const Argument> args) {
    const DataType type = args[0].type;
    if (type != DataType::Bool && type != DataType::Dynamic && !columns::is_numeric(type)) {
        return semantic_error(
            "SEM0062", "not(): argument must be bool, not " + std::string(columns::type_name(type)),
            args[0].span);
    }
    BoundCall call;
    call.type = DataType::Bool;
    call.arg_types = {DataType::Bool};
    call.kernel = [](const EvalContext&, std::span<const ColumnPtr> in,
                     std::uint32_t rows) -> Result<ColumnPtr> {
        const FixedRows<std::uint8_t> a(in[0]);
        FixedOut<std::uint8_t> out(rows);
        for (std::uint32_t i = 0; i < rows; ++i) {
            out.set(i, a.value(i) == 0 ? 1 : 0);
            if (a.null(i)) {
                out.set_null(i);
            }
        }
        return out.finish(DataType::Bool);
    };
    return call;
}

DataType widen_types(DataType a, DataType b) {
    using enum DataType;
    if (a == b) {
        return a;
    }
    if (columns::is_numeric(a) && columns::is_numeric(b)) {
        if (a == Decimal || b == Decimal) {
            return a == Real || b == Real ? Real : Decimal;
        }
        return a == Real || b == Real ? Real : Long;
    }
    return Dynamic;
}

}  // namespace qd::kql
