#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qd::kql {

/// Source: RFC 3492. Nothing when the text is no Punycode or overflows.
std::string punycode_encode(std::string_view text);
std::optional<std::string> punycode_decode(std::string_view text);

}  // namespace qd::kql
