#pragma once

#include "qd/base/time.h"
#include "qd/codec/value.h"

#include <cstdint>
#include <optional>
#include <string_view>

/// The text forms KQL's conversion functions and literals accept (kql.md b.2, b.7, b.13).
/// Malformed text and values out of range are nothing; nothing here fails otherwise.
namespace qd::kql {

/// Blanks around, sign, decimal digits or 0x and at most 16 hexadecimal digits (two's complement,
/// no sign).
std::optional<std::int64_t> parse_long_text(std::string_view text);
/// The same in 32 bits; 0x with at most 8 digits.
std::optional<std::int32_t> parse_int_text(std::string_view text);
/// Decimal with optional exponent, NaN, Inf, Infinity; too large is infinite, too small is zero.
std::optional<double> parse_real_text(std::string_view text);
/// true and false in any case, and whole numbers; no blanks.
std::optional<bool> parse_bool_text(std::string_view text);
/// ISO 8601, RFC 822, RFC 850, month first with slashes or dashes; no zone means UTC.
std::optional<Timestamp> parse_datetime_text(std::string_view text);
/// "[-][d.]hh:mm[:ss[.fffffff]]", whole days, or a number with a unit ("90s", "1.5h").
std::optional<Ticks> parse_timespan_text(std::string_view text);
/// 32 hexadecimal digits with dashes anywhere between, optionally in braces or parentheses.
std::optional<GuidValue> parse_guid_text(std::string_view text);

/// Toward zero, saturating; NaN is the least value (what the engine's conversion gives).
std::int64_t truncate_to_long(double value);
std::int32_t truncate_to_int(double value);

std::string_view trim_blanks(std::string_view text);

}  // namespace qd::kql
