#pragma once

#include "qd/base/result.h"
#include "qd/codec/value.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace qd::automation::expr {

/// Without regard to case, ASCII letters only: names of actions, variables, properties.
bool equals_ignore_case(std::string_view a, std::string_view b);

/// Simple Unicode case mapping as the invariant culture does it (dotted and dotless i stay).
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

/// The text of a value inside a string: see stringify(). Errors: AUT0204.
Status append_text(std::string& out, const Value& value);
/// Compact JSON; decimals as numbers with at least ".0".
void append_compact_json(std::string& out, const Value& value);
std::string compact_json(const Value& value);

/// Shortest digits that read back the same; "1E+16" from 1E15 up and below 1E-5, "Infinity",
/// "-Infinity", "NaN". Source: .NET's Double.ToString in the invariant culture.
std::string format_double(double value);

/// Strings are indexed by UTF-16 code units, as the product's are.
std::u16string to_utf16(std::string_view text);
std::string to_utf8(std::u16string_view text);
std::size_t utf16_length(std::string_view text);

/// {"$content-type": …, "$content": base64}.
bool is_blob(const Value& value);
Value make_blob(std::string_view content_type, std::string_view bytes);
/// The bytes; strict about base64 (white space is skipped) and the content type.
/// Errors: AUT0204.
Result<std::string> blob_bytes(const Value& blob);
/// type/subtype{;name=value}, with a character set this engine knows (UTF-8, ASCII).
bool is_valid_content_type(std::string_view content_type);
bool is_known_charset(std::string_view charset);

/// The text of a number as .NET reads it: blanks and group separators, a sign in front or behind,
/// an exponent. "de"-like cultures swap comma and point. Nothing: not a number.
/// The result is the plain form strtod takes.
std::optional<std::string> normalize_number(std::string_view text, bool comma_is_decimal);

}  // namespace qd::automation::expr
