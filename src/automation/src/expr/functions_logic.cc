#include "expr/compare.h"
#include "expr/function.h"
#include "expr/text.h"
#include "qd/codec/guid.h"

#include <array>
#include <cstdlib>

namespace qd::automation::expr {

bool is_numeric(const Value& value) {
    return value.is_number() || value.if_decimal() != nullptr;
}

double numeric(const Value& value) {
    if (const auto* decimal = value.if_decimal()) {
        return decimal_to_double(*decimal);
    }
    if (const auto* big = value.if_big_number()) {
        return std::strtod(big->text.c_str(), nullptr);
    }
    return value.number_or(0);
}

DecimalValue to_decimal(const Value& value) {
    if (const auto* decimal = value.if_decimal()) {
        return *decimal;
    }
    if (const auto* integer = value.if_int()) {
        return decimal_from_int(*integer);
    }
    return parse_decimal(format_double(numeric(value))).value_or(DecimalValue{});
}

bool same_value(const Value& a, const Value& b) {
    if (is_numeric(a) && is_numeric(b)) {
        return order(a, b) == 0;
    }
    const auto* left = a.if_array();
    const auto* right = b.if_array();
    if (left != nullptr && right != nullptr) {
        if (left->size() != right->size()) {
            return false;
        }
        for (std::size_t i = 0; i < left->size(); ++i) {
            if (!same_value((*left)[i], (*right)[i])) {
                return false;
            }
        }
        return true;
    }
    return a == b;
}

bool loosely_equal(const Value& a, const Value& b) {
    const auto bool_and_text = [](const Value& x, const Value& y) {
        const bool* b1 = x.if_bool();
        const auto* text = y.if_string();
        return b1 != nullptr && text != nullptr &&
               equals_ignore_case(*text, *b1 ? "true" : "false");
    };
    return same_value(a, b) || bool_and_text(a, b) || bool_and_text(b, a);
}

std::optional<int> order(const Value& a, const Value& b) {
    if (is_numeric(a) && is_numeric(b)) {
        if (a.if_int() != nullptr && b.if_int() != nullptr) {
            return (*a.if_int() > *b.if_int()) - (*a.if_int() < *b.if_int());
        }
        if (a.if_decimal() != nullptr || b.if_decimal() != nullptr) {
            return decimal_compare(to_decimal(a), to_decimal(b));
        }
        const double x = numeric(a);
        const double y = numeric(b);
        return (x > y) - (x < y);
    }
    if (a.if_string() != nullptr && b.if_string() != nullptr) {
        return a.if_string()->compare(*b.if_string());
    }
    if (a.if_bool() != nullptr && b.if_bool() != nullptr) {
        return static_cast<int>(*a.if_bool()) - static_cast<int>(*b.if_bool());
    }
    return std::nullopt;
}

namespace {

Result<Value> equals(const Arguments& a) {
    return Value(loosely_equal(a[0], a[1]));
}

Result<Value> not_of(const Arguments& a) {
    if (const bool* b = a[0].if_bool()) {
        return Value(!*b);
    }
    return a.wrong(0, "a boolean");
}

Result<int> ordered(const Arguments& a) {
    if (const auto result = order(a[0], a[1])) {
        return *result;
    }
    return a.invalid("expects two numbers or two strings to compare");
}

Result<Value> greater(const Arguments& a) {
    QD_TRY(const int o, ordered(a));
    return Value(o > 0);
}

Result<Value> greater_or_equals(const Arguments& a) {
    QD_TRY(const int o, ordered(a));
    return Value(o >= 0);
}

Result<Value> less(const Arguments& a) {
    QD_TRY(const int o, ordered(a));
    return Value(o < 0);
}

Result<Value> less_or_equals(const Arguments& a) {
    QD_TRY(const int o, ordered(a));
    return Value(o <= 0);
}

constexpr std::array kFunctions = {
    Function{"equals", 2, 2, equals},   Function{"not", 1, 1, not_of},
    Function{"greater", 2, 2, greater}, Function{"greaterOrEquals", 2, 2, greater_or_equals},
    Function{"less", 2, 2, less},       Function{"lessOrEquals", 2, 2, less_or_equals},
};

}  // namespace

std::span<const Function> logic_functions() {
    return kFunctions;
}

}  // namespace qd::automation::expr
