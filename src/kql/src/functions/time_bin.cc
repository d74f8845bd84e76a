#include "functions/families.h"
#include "functions/row_kernels.h"
#include "qd/codec/guid.h"

#include <cmath>
#include <optional>
#include <string>

// bin(), floor(), bin_at(), around(): rounding down onto a grid. Grids of time start at
// 0001-01-01T00:00, which is tick 0, so a datetime bins like the integer it is. Source: kql.md b.7,
// b.15.

namespace qd::kql {
namespace {

using columns::Column;
using columns::Layout;

/// Greatest value fixed + n*step that is not above v; nothing when step is not positive or the
/// grid leaves the integers.
std::optional<std::int64_t> bin_integer(std::int64_t v, std::int64_t step, std::int64_t fixed) {
    if (step <= 0) {
        return std::nullopt;
    }
    std::int64_t distance = 0;
    if (__builtin_sub_overflow(v, fixed, &distance)) {
        return std::nullopt;
    }
    std::int64_t rest = distance % step;
    if (rest < 0) {
        rest += step;
    }
    std::int64_t result = 0;
    if (__builtin_sub_overflow(v, rest, &result)) {
        return std::nullopt;
    }
    return result;
}

std::optional<double> bin_real(double v, double step, double fixed) {
    if (!(step > 0)) {
        return std::nullopt;
    }
    return std::floor((v - fixed) / step) * step + fixed;
}

std::optional<DecimalValue> bin_decimal(DecimalValue v, DecimalValue step, DecimalValue fixed) {
    if (decimal_compare(step, decimal_from_int(0)) <= 0) {
        return std::nullopt;
    }
    const auto distance = decimal_arithmetic(DecimalOp::Subtract, v, fixed);
    if (!distance) {
        return std::nullopt;
    }
    // The remainder may carry the dividend's sign: bring it into [0, step).
    auto rest = decimal_arithmetic(DecimalOp::Modulo, *distance, step);
    if (rest && decimal_compare(*rest, decimal_from_int(0)) < 0) {
        rest = decimal_arithmetic(DecimalOp::Add, *rest, step);
    }
    return rest ? decimal_arithmetic(DecimalOp::Subtract, v, *rest) : std::nullopt;
}

void append_binned(Args a, std::uint32_t row, ColumnBuilder& out) {
    const bool has_fixed = a.size() > 2;
    switch (out.type()) {
        case DataType::Real: {
            const auto v = bin_real(a[0]->real_at(row), a[1]->real_at(row),
                                    has_fixed ? a[2]->real_at(row) : 0.0);
            if (v) {
                out.append_real(*v);
            } else {
                out.append_null();
            }
            return;
        }
        case DataType::Decimal: {
            const auto v =
                bin_decimal(DecimalValue{a[0]->wide_at(row)}, DecimalValue{a[1]->wide_at(row)},
                            has_fixed ? DecimalValue{a[2]->wide_at(row)} : decimal_from_int(0));
            if (v) {
                out.append_wide(v->bits);
            } else {
                out.append_null();
            }
            return;
        }
        default: {
            const auto v = bin_integer(a[0]->int_at(row), a[1]->int_at(row),
                                       has_fixed ? a[2]->int_at(row) : 0);
            const bool outside =
                v && out.type() == DataType::DateTime && (*v < 0 || *v > Timestamp::kMaxTicks);
            if (v && !outside) {
                out.append_int(*v);
            } else {
                out.append_null();
            }
        }
    }
}

/// Flat 64-bit values over a constant step: the loop `summarize … by bin(t, 1h)` lives in.
ColumnPtr bin_flat(const Column& values, std::int64_t step) {
    const auto in = values.values<std::int64_t>();
    const auto nulls = values.nulls();
    ColumnBuilder out(values.type(), values.size());
    for (std::uint32_t row = 0; row < values.size(); ++row) {
        if (!nulls.empty() && nulls[row] != 0) {
            out.append_null();
            continue;
        }
        std::int64_t rest = in[row] % step;
        if (rest < 0) {
            rest += step;
        }
        std::int64_t binned = 0;
        if (__builtin_sub_overflow(in[row], rest, &binned)) {
            out.append_null();
        } else {
            out.append_int(binned);
        }
    }
    return out.finish();
}

ScalarKernel bin_kernel(DataType type) {
    return [type, rows_kernel = row_kernel(type, append_binned)](
               const EvalContext& context, Args a, std::uint32_t rows) -> Result<ColumnPtr> {
        const bool wide =
            type == DataType::Long || type == DataType::DateTime || type == DataType::TimeSpan;
        if (wide && a.size() == 2 && a[0]->layout() == Layout::Flat &&
            a[1]->layout() == Layout::Constant && rows > 0 && !a[1]->is_null(0) &&
            a[1]->int_at(0) > 0) {
            return bin_flat(*a[0], a[1]->int_at(0));
        }
        return rows_kernel(context, a, rows);
    };
}

DataType widest(DataType a, DataType b) {
    const auto rank = [](DataType t) {
        return t == DataType::Int ? 0 : t == DataType::Long ? 1 : t == DataType::Real ? 2 : 3;
    };
    return rank(a) >= rank(b) ? a : b;
}

Result<BoundCall> bind_bin(std::string_view name, std::span<const Argument> args) {
    BoundCall call;
    bool numbers = true;
    for (std::size_t i = 0; i < args.size(); ++i) {
        QD_TRY(const DataType type, accept(name, args[i], Accepts::Summable, i));
        numbers = numbers && columns::is_numeric(type);
    }
    if (numbers) {
        call.type = args[0].type;
        for (const Argument& arg : args) {
            call.type = widest(call.type, arg.type);
        }
        call.arg_types.assign(args.size(), call.type);
        call.kernel = bin_kernel(call.type);
        return call;
    }
    const DataType value = args[0].type;
    const DataType step = args[1].type;
    const bool fits = (value == DataType::DateTime &&
                       (step == DataType::TimeSpan || step == DataType::DateTime)) ||
                      (value == DataType::TimeSpan && step == DataType::TimeSpan);
    if (!fits || (args.size() > 2 && args[2].type != value)) {
        return semantic_error("SEM0262",
                              std::string(name) + "(): a value of type " +
                                  std::string(columns::type_name(value)) + " has no bins of type " +
                                  std::string(columns::type_name(step)),
                              args[1].span);
    }
    call.type = value;
    for (const Argument& arg : args) {
        call.arg_types.push_back(arg.type);
    }
    call.kernel = bin_kernel(call.type);
    return call;
}

/// around(value, center, delta): center - delta <= value <= center + delta.
Result<BoundCall> bind_around(std::span<const Argument> args) {
    BoundCall call;
    call.type = DataType::Bool;
    for (std::size_t i = 0; i < args.size(); ++i) {
        QD_TRY(const DataType type, accept("around", args[i], Accepts::Summable, i));
        call.arg_types.push_back(type);
    }
    if (columns::is_numeric(args[0].type)) {
        for (std::size_t i = 1; i < args.size(); ++i) {
            QD_TRY(const DataType type, accept("around", args[i], Accepts::AnyNumber, i));
            static_cast<void>(type);
        }
        call.arg_types.assign(3, DataType::Real);
        call.kernel = row_kernel(DataType::Bool, [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const double distance = a[0]->real_at(row) - a[1]->real_at(row);
            out.append_bool(std::abs(distance) <= a[2]->real_at(row));
        });
        return call;
    }
    if (args[1].type != args[0].type || args[2].type != DataType::TimeSpan) {
        return semantic_error("SEM0262", "around(): the types of the arguments do not fit",
                              args[1].span);
    }
    call.kernel = row_kernel(DataType::Bool, [](Args a, std::uint32_t row, ColumnBuilder& out) {
        const std::int64_t value = a[0]->int_at(row);
        std::int64_t low = 0;
        std::int64_t high = 0;
        if (__builtin_sub_overflow(a[1]->int_at(row), a[2]->int_at(row), &low) ||
            __builtin_add_overflow(a[1]->int_at(row), a[2]->int_at(row), &high)) {
            out.append_null();
            return;
        }
        out.append_bool(value >= low && value <= high);
    });
    return call;
}

using Arguments = std::span<const Argument>;

constexpr ScalarFunction kFunctions[] = {
    {"bin", "bin(value:number|datetime|timespan, step) : same",
     "Rounds down to a multiple of the step.", 2, 2, Naming::FirstArgument,
     [](Arguments args) { return bind_bin("bin", args); }},
    {"floor", "floor(value:number|datetime|timespan, step) : same", "Same as bin().", 2, 2,
     Naming::FirstArgument, [](Arguments args) { return bind_bin("floor", args); }},
    {"bin_at", "bin_at(value:number|datetime|timespan, step, fixed_point) : same",
     "Rounds down to a bin of the given size, aligned to a fixed point.", 3, 3,
     Naming::FirstArgument, [](Arguments args) { return bind_bin("bin_at", args); }},
    {"around", "around(value, center, delta) : bool",
     "Whether the value lies no further than delta from the center.", 3, 3, Naming::Anonymous,
     bind_around},
};

}  // namespace

std::span<const ScalarFunction> time_bin_functions() {
    return kFunctions;
}

}  // namespace qd::kql
