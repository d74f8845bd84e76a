#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qd::workspace::internal {

/// Texts of one shape whose varying places are lower-case hex digits: GUIDs, trace and span ids,
/// container ids. Four bits a varying place; some texts may be empty.
struct HexEncoded {
    std::string shape;    // 'x' where digits vary, else the character itself behind a '='
    std::string present;  // a bit a text, or nothing when none is empty
    std::string digits;
};

/// Nothing when the texts have no such shape or it would not pay.
std::optional<HexEncoded> encode_hex(std::span<const std::string_view> texts);

/// Rows (ascending) whose text is `text`, which is not empty. False when the parts do not fit each
/// other.
bool find_hex(std::string_view shape, std::string_view present, std::string_view digits,
              std::uint32_t rows, std::string_view text, std::vector<std::uint32_t>& found);

/// The texts of `rows` rows back, or of those wanted (ascending): offsets (one more than texts) and
/// heap. False when the parts do not fit each other.
bool decode_hex(std::string_view shape, std::string_view present, std::string_view digits,
                std::uint32_t rows, std::optional<std::span<const std::uint32_t>> wanted,
                std::vector<std::uint32_t>& offsets, std::string& heap);

}  // namespace qd::workspace::internal
