#include "extent/pattern_format.h"

#include "extent/byte_io.h"

namespace qd::workspace::internal {

std::string encode_patterns(const std::vector<Pattern>& patterns) {
    std::string out;
    ByteWriter w(out);
    w.varint(patterns.size());
    for (const Pattern& pattern : patterns) {
        w.fixed(static_cast<std::uint8_t>(pattern.kind));
        w.varint(pattern.rows);
        w.varint(pattern.slots.size());
        for (const std::string_view literal : pattern.literals) {
            w.bytes(literal);
        }
        for (const PatternSlot& slot : pattern.slots) {
            w.fixed(static_cast<std::uint8_t>(slot.kind));
            w.varint(slot.width);
            w.varint(slot.number_bytes);
            w.varint(slot.byte_bytes);
        }
    }
    return out;
}

namespace {

bool read_slot(ByteReader& r, std::uint32_t rows, PatternSlot& slot) {
    const auto kind = r.fixed<std::uint8_t>();
    const std::uint64_t width = r.varint();
    const std::uint64_t numbers = r.varint();
    const std::uint64_t bytes = r.varint();
    if (!r.ok() || kind > static_cast<std::uint8_t>(SlotKind::Text) || numbers > 0xffffffffU ||
        bytes > 0xffffffffU) {
        return false;
    }
    slot.kind = static_cast<SlotKind>(kind);
    slot.number_bytes = static_cast<std::uint32_t>(numbers);
    slot.byte_bytes = static_cast<std::uint32_t>(bytes);
    switch (slot.kind) {
        case SlotKind::Digits:
            if (width == 0 || width > kPatternDigitsMax) {
                return false;
            }
            break;
        case SlotKind::Hex:
            if (width == 0 || width > kPatternHexMax || bytes != (width + 1) / 2 * rows) {
                return false;
            }
            break;
        case SlotKind::Word:
        case SlotKind::Number:
        case SlotKind::Text:
            if (width != 0) {
                return false;
            }
    }
    slot.width = static_cast<std::uint32_t>(width);
    return true;
}

}  // namespace

std::optional<std::vector<Pattern>> decode_patterns(std::string_view bytes, std::uint32_t rows,
                                                    std::size_t numbers, std::size_t digits,
                                                    std::size_t texts) {
    ByteReader r(bytes);
    const std::uint64_t count = r.varint();
    if (!r.ok() || count == 0 || count > rows) {
        return std::nullopt;
    }
    std::vector<Pattern> patterns(count);
    std::size_t number_at = 0;
    std::size_t digit_at = 0;
    std::size_t text_at = 0;
    std::uint64_t total = 0;
    for (Pattern& pattern : patterns) {
        const auto kind = r.fixed<std::uint8_t>();
        const std::uint64_t pattern_rows = r.varint();
        const std::uint64_t slots = r.varint();
        if (!r.ok() || kind > static_cast<std::uint8_t>(TextKind::Variant) || pattern_rows == 0 ||
            pattern_rows > rows || slots > r.remaining()) {
            return std::nullopt;
        }
        total += pattern_rows;
        pattern.kind = static_cast<TextKind>(kind);
        pattern.rows = static_cast<std::uint32_t>(pattern_rows);
        for (std::uint64_t i = 0; i <= slots; ++i) {
            pattern.literals.push_back(r.bytes());
        }
        pattern.slots.resize(slots);
        for (PatternSlot& slot : pattern.slots) {
            if (!read_slot(r, pattern.rows, slot)) {
                return std::nullopt;
            }
            std::size_t& byte_at = slot.kind == SlotKind::Hex ? digit_at : text_at;
            slot.number_begin = number_at;
            slot.byte_begin = byte_at;
            number_at += slot.number_bytes;
            byte_at += slot.byte_bytes;
            if (number_at > numbers || digit_at > digits || text_at > texts) {
                return std::nullopt;
            }
        }
    }
    if (!r.ok() || r.remaining() != 0 || total != rows || number_at != numbers ||
        digit_at != digits || text_at != texts) {
        return std::nullopt;
    }
    return patterns;
}

}  // namespace qd::workspace::internal
