#pragma once

#include "qd/codec/value.h"

#include <optional>
#include <string>
#include <string_view>

namespace qd {

/// "8145d822-13a7-44ad-859c-36f31a84f6dd", also 32 digits bare or in braces or parentheses.
std::optional<GuidValue> parse_guid(std::string_view text);
std::string format_guid(GuidValue guid);

/// Decimal text ("-12.50", "1e3"), at most 34 digits kept. Printed without exponent where
/// the engine does: plain digits.
std::optional<DecimalValue> parse_decimal(std::string_view text);
std::string format_decimal(DecimalValue value);
double decimal_to_double(DecimalValue value);
DecimalValue decimal_from_int(std::int64_t value);
/// NaN and infinities become 0; test for them before.
DecimalValue decimal_from_double(double value);
/// Truncates toward zero; nothing when out of range.
std::optional<std::int64_t> decimal_to_int(DecimalValue value);
enum class DecimalOp { Add, Subtract, Multiply, Divide, Modulo };
/// Division by zero: nothing.
std::optional<DecimalValue> decimal_arithmetic(DecimalOp op, DecimalValue a, DecimalValue b);
/// Negative, zero, positive.
int decimal_compare(DecimalValue a, DecimalValue b);

}  // namespace qd
