#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace qd {

/// Whether the bytes are well-formed UTF-8 (no surrogates, no overlong forms).
bool is_valid_utf8(std::string_view bytes);
/// Copies the text with every malformed sequence replaced by U+FFFD.
std::string sanitize_utf8(std::string_view bytes);
/// Reads one code point at `pos` (inside the text) and moves `pos` behind it; U+FFFD for a
/// malformed sequence.
char32_t next_code_point(std::string_view text, std::size_t& pos);
/// Appends U+FFFD for what is no code point.
void append_utf8(std::string& out, char32_t code_point);
/// Number of code points of well-formed text.
std::size_t count_code_points(std::string_view text);

}  // namespace qd
