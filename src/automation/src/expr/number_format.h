#pragma once

#include "qd/codec/value.h"

#include <optional>
#include <string>
#include <string_view>

namespace qd::automation::expr {

/// A number in one of .NET's standard formats (C D E F G N P R X, with a precision) or a custom
/// one of '0', '#', '.', ',', '%', literals in quotes. Nothing: the format is not supported.
/// Locales: those that write a decimal comma swap comma and point; all others are as en-US.
std::optional<std::string> format_number_text(const Value& number, std::string_view format,
                                              std::string_view locale);

/// Cultures that write a decimal comma: "de-DE", "fr-FR", ….
bool writes_decimal_comma(std::string_view locale);

}  // namespace qd::automation::expr
