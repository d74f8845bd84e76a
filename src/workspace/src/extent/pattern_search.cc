// Which rows may hold a term, from the patterns and the dictionary alone.
//
// A term never reaches over a token's end, so it lies in a literal (then all rows of the pattern
// have it) or in one slot. Words are looked up once for a whole extent; each row group says which
// slots a word is in, so that only those are unpacked. Numbers and digits are compared as numbers;
// what would need their text (a part of a number) makes candidates of all rows, which are then
// looked at one by one above.
#include "extent/byte_io.h"
#include "extent/int_codec.h"
#include "extent/pattern_reader.h"
#include "extent/text_tokens.h"
#include "qd/workspace/limits.h"

#include <algorithm>
#include <array>

namespace qd::workspace::internal {

namespace {

/// Tokens of the text against the needle; false in `exact` when one only may match.
bool text_may_match(std::string_view text, const TextNeedle& needle, bool& exact) {
    bool maybe = false;
    while (text.size() >= needle.text.size()) {
        const std::string_view token = next_token(text);
        const TokenMatch match = match_token(token, needle.text, needle.whole);
        if (match == TokenMatch::Yes) {
            return true;
        }
        maybe = maybe || match == TokenMatch::Maybe;
    }
    exact = exact && !maybe;
    return maybe;
}

bool all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool all_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string packed_digits(std::string_view hex) {
    const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string out;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        out.push_back(
            static_cast<char>((value(hex[i]) << 4) | (i + 1 < hex.size() ? value(hex[i + 1]) : 0)));
    }
    return out;
}

}  // namespace

WordMatches match_words(const columns::ColumnPtr& words, const TextNeedle& needle) {
    WordMatches out;
    for (std::uint32_t i = 0; words && i < words->size(); ++i) {
        const TokenMatch match = match_token(words->bytes_at(i), needle.text, needle.whole);
        if (match != TokenMatch::No) {
            out.words.push_back(i);
            out.exact = out.exact && match == TokenMatch::Yes;
        }
    }
    return out;
}

namespace {

struct PackedList {
    std::uint64_t count = 0;
    std::string_view bytes;
};

/// A slot holds a word a row at most.
constexpr std::uint64_t kWordPlacesMax = std::uint64_t{96} * kRowGroupRows;

}  // namespace

Result<std::vector<std::uint32_t>> PatternReader::slots_of_words(const WordMatches& words) {
    std::vector<std::uint32_t> slots;
    if (words.words.empty()) {
        return slots;
    }
    QD_TRY(const std::string_view bytes, block(kPatternWords));
    ByteReader r(bytes);
    std::array<PackedList, 3> lists;
    for (PackedList& list : lists) {
        list.count = r.varint();
        list.bytes = r.bytes();
        if (!r.ok() || list.count > kWordPlacesMax) {
            return damaged("places of words");
        }
    }
    const auto& [packed_words, packed_begins, packed_slots] = lists;
    std::vector<std::uint32_t> here(packed_words.count);
    if (packed_begins.count != here.size() ||
        !decode_integers(packed_words.bytes, std::span<std::uint32_t>(here))) {
        return damaged("words");
    }
    std::vector<std::int64_t> begins;
    for (const std::uint32_t word : words.words) {
        const auto at = std::lower_bound(here.begin(), here.end(), word);
        if (at == here.end() || *at != word) {
            continue;
        }
        if (begins.empty()) {
            begins.resize(here.size());
            if (!decode_integers(packed_begins.bytes, std::span<std::int64_t>(begins))) {
                return damaged("places of words");
            }
            begins.push_back(static_cast<std::int64_t>(packed_slots.count));
        }
        const auto place = static_cast<std::size_t>(at - here.begin());
        std::vector<std::uint32_t> wanted;
        for (std::int64_t i = begins[place]; i < begins[place + 1]; ++i) {
            if (i < 0 || static_cast<std::uint64_t>(i) >= packed_slots.count) {
                return damaged("places of words");
            }
            wanted.push_back(static_cast<std::uint32_t>(i));
        }
        std::vector<std::int64_t> found(wanted.size());
        if (!decode_integers_at(packed_slots.bytes, packed_slots.count, wanted, found)) {
            return damaged("slots of words");
        }
        slots.insert(slots.end(), found.begin(), found.end());
    }
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    return slots;
}

Status PatternReader::mark_texts(const Pattern& pattern, const PatternSlot& slot,
                                 const TextNeedle& needle, std::vector<bool>& marks, bool& exact) {
    std::vector<std::uint32_t> all(pattern.rows);
    for (std::uint32_t i = 0; i < pattern.rows; ++i) {
        all[i] = i;
    }
    QD_TRY(const SlotValues values, slot_values(pattern, slot, all));
    for (std::uint32_t i = 0; i < pattern.rows; ++i) {
        if (text_may_match(values.texts[i], needle, exact)) {
            marks[i] = true;
        }
    }
    return {};
}

// Slots that are no words; those are found by slots_of_words.
Status PatternReader::mark_slot(const Pattern& pattern, const PatternSlot& slot,
                                const TextNeedle& needle, std::vector<bool>& marks, bool& exact) {
    const bool number = slot.kind == SlotKind::Number || slot.kind == SlotKind::Digits;
    if (pattern.kind == TextKind::Variant) {
        marks.assign(pattern.rows, true);  // their text is not at hand
        exact = false;
        return {};
    }
    if (slot.kind == SlotKind::Text) {
        return mark_texts(pattern, slot, needle, marks, exact);
    }
    if (slot.kind == SlotKind::Word || (number && !all_digits(needle.text)) ||
        (slot.kind == SlotKind::Hex && !all_hex(needle.text)) ||
        needle.text.size() > (slot.width == 0 ? kPatternDigitsMax : slot.width)) {
        return {};
    }
    if (!needle.whole) {
        marks.assign(pattern.rows, true);
        exact = false;
        return {};
    }
    if (slot.width != 0 && needle.text.size() != slot.width) {
        return {};
    }
    if (slot.kind == SlotKind::Hex) {
        QD_TRY(const std::string_view bytes, block(kPatternDigits));
        const std::string wanted = packed_digits(needle.text);
        if (bytes.size() < slot.byte_begin + slot.byte_bytes) {
            return damaged("bytes");
        }
        for (std::uint32_t i = 0; i < pattern.rows; ++i) {
            if (bytes.compare(slot.byte_begin + wanted.size() * i, wanted.size(), wanted) == 0) {
                marks[i] = true;
            }
        }
        return {};
    }
    if (slot.kind == SlotKind::Number && needle.text.size() > 1 && needle.text[0] == '0') {
        return {};
    }
    std::int64_t wanted = 0;
    for (const char c : needle.text) {
        wanted = wanted * 10 + (c - '0');
    }
    QD_TRY(const std::vector<std::int64_t> numbers, numbers_of(pattern, slot));
    for (std::uint32_t i = 0; i < pattern.rows; ++i) {
        if (numbers[i] == wanted) {
            marks[i] = true;
        }
    }
    return {};
}

Result<TextRows> PatternReader::search(const TextNeedle& needle, const WordMatches& words) {
    TextRows out;
    QD_TRY(const std::vector<std::uint32_t> word_slots, slots_of_words(words));
    out.exact = words.exact || word_slots.empty();
    std::vector<std::vector<bool>> marks(patterns_.size());
    std::uint32_t number = 0;
    bool any = false;
    for (std::size_t p = 0; p < patterns_.size(); ++p) {
        const Pattern& pattern = patterns_[p];
        std::vector<bool> found(pattern.rows);
        const bool in_literal = std::any_of(
            pattern.literals.begin(), pattern.literals.end(),
            [&](std::string_view literal) { return text_may_match(literal, needle, out.exact); });
        if (in_literal) {
            found.assign(pattern.rows, true);
        }
        for (const PatternSlot& slot : pattern.slots) {
            const std::uint32_t slot_number = number++;
            if (in_literal) {
                continue;
            }
            if (slot.kind != SlotKind::Word ||
                !std::binary_search(word_slots.begin(), word_slots.end(), slot_number)) {
                QD_CHECK_OK(mark_slot(pattern, slot, needle, found, out.exact));
                continue;
            }
            QD_TRY(const std::vector<std::int64_t> codes, numbers_of(pattern, slot));
            for (std::uint32_t i = 0; i < pattern.rows; ++i) {
                const auto code = static_cast<std::uint32_t>(codes[i]);
                if (std::binary_search(words.words.begin(), words.words.end(), code)) {
                    found[i] = true;
                }
            }
        }
        if (std::find(found.begin(), found.end(), true) != found.end()) {
            marks[p] = std::move(found);
            any = true;
        }
    }
    if (!any) {
        return out;
    }
    QD_CHECK_OK(read_ids());
    std::vector<std::uint32_t> seen(patterns_.size());
    for (std::uint32_t row = 0; row < rows_; ++row) {
        const std::uint32_t id = ids_[row];
        if (!marks[id].empty() && marks[id][seen[id]++]) {
            out.rows.push_back(row);
        }
    }
    return out;
}

}  // namespace qd::workspace::internal
