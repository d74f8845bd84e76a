#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Texts of one row group as patterns and their values, the Pattern encoding.
/// docs/internals/extents.md describes the bytes.
namespace qd::workspace::internal {

/// Blocks of a Pattern part, in this order.
enum PatternBlock : std::size_t {
    kPatternDirectory,  // the patterns
    kPatternIds,        // the pattern of each row, int_codec
    kPatternNumbers,    // the slots' int_codec streams
    kPatternDigits,     // the slots' hex digits, two a byte
    kPatternTexts,      // the slots' texts
    kPatternWords,      // which slots each word of the dictionary is in
    kPatternBlocks
};

enum class SlotKind : std::uint8_t {
    Word = 0,    // entry of the column's dictionary
    Number = 1,  // decimal, up to 18 digits, no leading zero
    Digits = 2,  // `width` decimal digits, at most 18
    Hex = 3,     // `width` lower-case hex digits
    Text = 4,    // as it is
};

inline constexpr std::uint32_t kPatternDigitsMax = 18;
inline constexpr std::uint32_t kPatternHexMax = 64;

/// A place of a pattern where rows differ. The sizes add up to the places of its streams.
struct PatternSlot {
    SlotKind kind = SlotKind::Word;
    std::uint32_t width = 0;
    std::uint32_t number_bytes = 0;  // of kPatternNumbers; a Text's lengths
    std::uint32_t byte_bytes = 0;    // of kPatternDigits or kPatternTexts
    // Not written: where they begin.
    std::size_t number_begin = 0;
    std::size_t byte_begin = 0;
};

/// What the text of a row is: of a string column the value; of a dynamic one a string, a value's
/// JSON, or its variant bytes as they are.
enum class TextKind : std::uint8_t { Text = 0, Json = 1, Variant = 2 };

/// One literal more than slots; a row's text is literal, slot, literal, …, literal.
struct Pattern {
    TextKind kind = TextKind::Text;
    std::uint32_t rows = 0;
    std::vector<std::string_view> literals;
    std::vector<PatternSlot> slots;
};

std::string encode_patterns(const std::vector<Pattern>& patterns);
/// The literals point into `bytes`. Nothing when the bytes are no directory of `rows` rows whose
/// streams fill blocks of these sizes.
std::optional<std::vector<Pattern>> decode_patterns(std::string_view bytes, std::uint32_t rows,
                                                    std::size_t numbers, std::size_t digits,
                                                    std::size_t texts);

}  // namespace qd::workspace::internal
