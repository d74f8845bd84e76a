#pragma once

#include "qd/codec/value.h"

#include <optional>

namespace qd::automation::expr {

/// Deep equality: numbers across int, float and decimal; text ordinal.
bool same_value(const Value& a, const Value& b);
/// equals(): same_value(), and a boolean equals its text.
bool loosely_equal(const Value& a, const Value& b);
/// Negative, zero, positive; numbers with numbers, text with text (ordinal), booleans with
/// booleans. Nothing for any other pair.
std::optional<int> order(const Value& a, const Value& b);

bool is_numeric(const Value& value);
double numeric(const Value& value);
DecimalValue to_decimal(const Value& value);

}  // namespace qd::automation::expr
