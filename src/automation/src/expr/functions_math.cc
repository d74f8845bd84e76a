#include "expr/compare.h"
#include "expr/function.h"
#include "qd/codec/guid.h"

#include <array>
#include <cmath>

namespace qd::automation::expr {
namespace {

enum class Op { Add, Sub, Mul, Div, Mod };

std::optional<std::int64_t> integers(Op op, std::int64_t x, std::int64_t y) {
    std::int64_t out = 0;
    switch (op) {
        case Op::Add:
            return __builtin_add_overflow(x, y, &out) ? std::nullopt : std::optional(out);
        case Op::Sub:
            return __builtin_sub_overflow(x, y, &out) ? std::nullopt : std::optional(out);
        case Op::Mul:
            return __builtin_mul_overflow(x, y, &out) ? std::nullopt : std::optional(out);
        case Op::Div:
        case Op::Mod:
            if (y == 0) {
                return std::nullopt;
            }
            if (y == -1) {  // the least integer has no opposite
                return op == Op::Mod ? std::optional(std::int64_t{0}) : integers(Op::Sub, 0, x);
            }
            return op == Op::Div ? x / y : x % y;
    }
    return std::nullopt;
}

double floats(Op op, double x, double y) {
    switch (op) {
        case Op::Add:
            return x + y;
        case Op::Sub:
            return x - y;
        case Op::Mul:
            return x * y;
        case Op::Div:
            return x / y;
        case Op::Mod:
            return std::fmod(x, y);
    }
    return 0;
}

DecimalOp decimal_op(Op op) {
    switch (op) {
        case Op::Add:
            return DecimalOp::Add;
        case Op::Sub:
            return DecimalOp::Subtract;
        case Op::Mul:
            return DecimalOp::Multiply;
        case Op::Div:
            return DecimalOp::Divide;
        case Op::Mod:
            return DecimalOp::Modulo;
    }
    return DecimalOp::Add;
}

Result<Value> arithmetic(const Arguments& a, Op op) {
    for (std::size_t i = 0; i < 2; ++i) {
        if (!is_numeric(a[i])) {
            return a.wrong(i, "a number");
        }
    }
    const auto overflow = [&] { return a.invalid("overflow, or division by zero"); };
    if (a[0].if_int() != nullptr && a[1].if_int() != nullptr) {
        const auto result = integers(op, *a[0].if_int(), *a[1].if_int());
        if (!result.has_value()) {
            return overflow();
        }
        return Value(*result);
    }
    if (a[0].if_decimal() != nullptr || a[1].if_decimal() != nullptr) {
        const auto result = decimal_arithmetic(decimal_op(op), to_decimal(a[0]), to_decimal(a[1]));
        if (!result.has_value() || std::fabs(decimal_to_double(*result)) >= 7.9228162514264338e28) {
            return overflow();
        }
        return Value(*result);
    }
    return Value(floats(op, numeric(a[0]), numeric(a[1])));
}

Result<Value> add(const Arguments& a) {
    return arithmetic(a, Op::Add);
}
Result<Value> sub(const Arguments& a) {
    return arithmetic(a, Op::Sub);
}
Result<Value> mul(const Arguments& a) {
    return arithmetic(a, Op::Mul);
}
Result<Value> div(const Arguments& a) {
    return arithmetic(a, Op::Div);
}
Result<Value> mod(const Arguments& a) {
    return arithmetic(a, Op::Mod);
}

/// Of the arguments, or of the elements of one array.
Result<Value> extreme(const Arguments& a, int sign) {
    std::vector<const Value*> values(a.values.begin(), a.values.end());
    if (a.size() == 1 && a[0].if_array() != nullptr) {
        values.clear();
        for (const Value& value : *a[0].if_array()) {
            values.push_back(&value);
        }
    }
    const Value* best = nullptr;
    for (const Value* value : values) {
        if (!is_numeric(*value)) {
            return a.invalid("expects numbers, or one array of numbers");
        }
        if (best == nullptr || order(*value, *best).value_or(0) * sign > 0) {
            best = value;
        }
    }
    if (best == nullptr) {
        return a.invalid("expects at least one number");
    }
    return *best;
}

Result<Value> max(const Arguments& a) {
    return extreme(a, 1);
}
Result<Value> min(const Arguments& a) {
    return extreme(a, -1);
}

Result<Value> range(const Arguments& a) {
    constexpr std::int64_t kMost = 100'000;
    QD_TRY(const std::int64_t start, a.integer(0));
    QD_TRY(const std::int64_t count, a.integer(1));
    std::int64_t end = 0;
    if (count < 0 || count > kMost || __builtin_add_overflow(start, count, &end)) {
        return a.wrong(1, "an integer from 0 to 100000");
    }
    Array out;
    out.reserve(static_cast<std::size_t>(count));
    for (std::int64_t i = start; i < end; ++i) {
        out.emplace_back(i);
    }
    return Value(std::move(out));
}

Result<Value> rand(const Arguments& a) {
    QD_TRY(const std::int64_t least, a.integer(0));
    QD_TRY(const std::int64_t end, a.integer(1));
    std::int64_t width = 0;
    if (__builtin_sub_overflow(end, least, &width) || width <= 0) {
        return a.wrong(1, "greater than the first");
    }
    const std::uint64_t drawn = a.context.random_below(static_cast<std::uint64_t>(width));
    return Value(least + static_cast<std::int64_t>(drawn));
}

constexpr std::array kFunctions = {
    Function{"add", 2, 2, add},          Function{"sub", 2, 2, sub},
    Function{"mul", 2, 2, mul},          Function{"div", 2, 2, div},
    Function{"mod", 2, 2, mod},          Function{"max", 1, kAnyNumber, max},
    Function{"min", 1, kAnyNumber, min}, Function{"range", 2, 2, range},
    Function{"rand", 2, 2, rand},
};

}  // namespace

std::span<const Function> math_functions() {
    return kFunctions;
}

}  // namespace qd::automation::expr
