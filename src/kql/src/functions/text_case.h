#pragma once

#include <string>
#include <string_view>

namespace qd::kql {

/// Unicode simple case mapping, one code point to one.
std::string to_upper_text(std::string_view text);
std::string to_lower_text(std::string_view text);

/// Byte offset of the code point with this index, or the text's size when there are fewer.
std::size_t code_point_offset(std::string_view text, std::size_t index);

}  // namespace qd::kql
