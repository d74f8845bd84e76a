// Patterns back into texts.
//
// Values are unpacked pattern by pattern, lengths are added up, then every text is written to its
// place. For a few rows only their values are unpacked. What comes from the file is checked where
// it is used as a size or an index.
#include "extent/pattern_reader.h"

#include "extent/int_codec.h"
#include "qd/columns/variant.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>

namespace qd::workspace::internal {

namespace {

using columns::Column;
using columns::ColumnPtr;

constexpr std::array<std::uint64_t, 20> kPowers = [] {
    std::array<std::uint64_t, 20> powers{};
    std::uint64_t v = 1;
    for (std::uint64_t& power : powers) {
        power = v;
        v *= 10;
    }
    return powers;
}();

/// Decimal digits of a number: 1233 / 4096 is just over log10(2).
std::uint32_t digits_of(std::uint64_t v) {
    const auto guess = static_cast<std::uint32_t>(std::bit_width(v | 1) * 1233) >> 12;
    return guess + 1 - (v < kPowers[guess] ? 1U : 0U) + (v == 0 && guess == 0 ? 1U : 0U);
}

void write_digits(char* to, std::uint64_t v, std::uint32_t width) {
    for (std::uint32_t i = width; i > 0; --i) {
        to[i - 1] = static_cast<char>('0' + v % 10);
        v /= 10;
    }
}

void write_hex(char* to, const char* packed, std::uint32_t width) {
    static constexpr char kDigits[] = "0123456789abcdef";
    for (std::uint32_t i = 0; i < width; ++i) {
        const auto byte = static_cast<unsigned char>(packed[i / 2]);
        to[i] = kDigits[i % 2 == 0 ? byte >> 4 : byte & 15];
    }
}

struct Owned {
    std::vector<std::uint32_t> offsets;
    std::vector<std::uint8_t> nulls;
    std::string heap;
};

constexpr char kStringTag = 5;            // qd/columns/variant.h
constexpr std::uint32_t kStringHead = 5;  // tag and length

}  // namespace

Error PatternReader::damaged(std::string_view what) const {
    return {Code::DataLoss, "WSP0010",
            "stored column is damaged: " + std::string(what) + ", column " + column_->name};
}

Result<std::string_view> PatternReader::block(PatternBlock which) {
    if (!blocks_[which]) {
        QD_TRY(blocks_[which], read_block_bytes(file_, part_->blocks[which], verify_));
    }
    return blocks_[which]->bytes;
}

Result<PatternReader> PatternReader::open(std::string_view file, const ExtentColumn& column,
                                          const ColumnPart& part, std::uint32_t rows,
                                          ColumnPtr dictionary, bool verify) {
    PatternReader reader;
    reader.file_ = file;
    reader.column_ = &column;
    reader.part_ = &part;
    reader.rows_ = rows;
    reader.dictionary_ = std::move(dictionary);
    reader.verify_ = verify;
    if (!columns::is_bytes(column.type) || part.blocks.size() != kPatternBlocks) {
        return reader.damaged("patterns");
    }
    reader.blocks_.resize(kPatternBlocks);
    QD_TRY(const std::string_view directory, reader.block(kPatternDirectory));
    auto patterns = decode_patterns(directory, rows, part.blocks[kPatternNumbers].raw_bytes,
                                    part.blocks[kPatternDigits].raw_bytes,
                                    part.blocks[kPatternTexts].raw_bytes);
    if (!patterns) {
        return reader.damaged("directory of patterns");
    }
    reader.patterns_ = std::move(*patterns);
    return reader;
}

Status PatternReader::read_ids() {
    if (!ids_.empty() || rows_ == 0) {
        return {};
    }
    QD_TRY(const std::string_view bytes, block(kPatternIds));
    std::vector<std::uint32_t> ids(rows_);
    if (!decode_integers(bytes, std::span<std::uint32_t>(ids))) {
        return damaged("pattern of each row");
    }
    std::vector<std::uint32_t> counts(patterns_.size());
    for (const std::uint32_t id : ids) {
        if (id >= patterns_.size()) {
            return damaged("pattern of a row");
        }
        ++counts[id];
    }
    for (std::size_t p = 0; p < patterns_.size(); ++p) {
        if (counts[p] != patterns_[p].rows) {
            return damaged("rows of a pattern");
        }
    }
    ids_ = std::move(ids);
    return {};
}

Result<ColumnPtr> PatternReader::read() {
    QD_CHECK_OK(read_ids());
    std::vector<Wanted> wanted(patterns_.size());
    for (std::size_t p = 0; p < patterns_.size(); ++p) {
        wanted[p].places.resize(patterns_[p].rows);
        std::iota(wanted[p].places.begin(), wanted[p].places.end(), 0U);
        wanted[p].outputs.reserve(patterns_[p].rows);
    }
    for (std::uint32_t row = 0; row < rows_; ++row) {
        wanted[ids_[row]].outputs.push_back(row);
    }
    return assemble(wanted, Places());
}

Result<ColumnPtr> PatternReader::read(std::span<const std::uint32_t> rows) {
    QD_CHECK_OK(read_ids());
    std::vector<Wanted> wanted(patterns_.size());
    std::vector<std::uint32_t> seen(patterns_.size());
    std::uint32_t row = 0;
    for (std::uint32_t out = 0; out < rows.size(); ++out) {
        for (; row < rows[out]; ++row) {
            ++seen[ids_[row]];
        }
        wanted[ids_[row]].places.push_back(seen[ids_[row]]);
        wanted[ids_[row]].outputs.push_back(out);
    }
    return assemble(wanted, rows);
}

Result<std::vector<std::int64_t>> PatternReader::numbers_of(const Pattern& pattern,
                                                            const PatternSlot& slot) {
    QD_TRY(const std::string_view numbers, block(kPatternNumbers));
    if (numbers.size() < slot.number_begin + slot.number_bytes) {
        return damaged("numbers");
    }
    std::vector<std::int64_t> out(pattern.rows);
    if (!decode_integers(numbers.substr(slot.number_begin, slot.number_bytes),
                         std::span<std::int64_t>(out))) {
        return damaged("packed numbers");
    }
    return out;
}

Result<PatternReader::SlotValues> PatternReader::slot_values(
    const Pattern& pattern, const PatternSlot& slot, const std::vector<std::uint32_t>& places) {
    SlotValues values;
    if (slot.kind == SlotKind::Hex || slot.kind == SlotKind::Text) {
        QD_TRY(const std::string_view bytes,
               block(slot.kind == SlotKind::Hex ? kPatternDigits : kPatternTexts));
        if (bytes.size() < slot.byte_begin + slot.byte_bytes) {
            return damaged("bytes");
        }
        values.digits = bytes.substr(slot.byte_begin, slot.byte_bytes);
        if (slot.kind == SlotKind::Hex) {
            return values;
        }
        QD_TRY(const std::vector<std::int64_t> lengths, numbers_of(pattern, slot));
        std::vector<std::uint32_t> ends;
        std::uint64_t total = 0;
        for (const std::int64_t length : lengths) {
            if (length < 0 || length > slot.byte_bytes) {
                return damaged("text lengths");
            }
            total += static_cast<std::uint64_t>(length);
            ends.push_back(static_cast<std::uint32_t>(total));
        }
        if (total != slot.byte_bytes) {
            return damaged("text lengths");
        }
        for (const std::uint32_t place : places) {
            const std::uint32_t begin = place == 0 ? 0 : ends[place - 1];
            values.texts.push_back(values.digits.substr(begin, ends[place] - begin));
        }
        return values;
    }
    QD_TRY(const std::string_view numbers, block(kPatternNumbers));
    if (numbers.size() < slot.number_begin + slot.number_bytes) {
        return damaged("numbers");
    }
    const std::string_view packed = numbers.substr(slot.number_begin, slot.number_bytes);
    values.numbers.resize(places.size());
    const bool read = places.size() == pattern.rows
                          ? decode_integers(packed, std::span<std::int64_t>(values.numbers))
                          : decode_integers_at(packed, pattern.rows, places, values.numbers);
    if (!read) {
        return damaged("packed numbers");
    }
    const std::int64_t limit =
        slot.kind == SlotKind::Word
            ? static_cast<std::int64_t>(dictionary_ ? dictionary_->size() : 0)
            : static_cast<std::int64_t>(
                  kPowers[slot.kind == SlotKind::Digits ? slot.width : kPatternDigitsMax]);
    for (const std::int64_t v : values.numbers) {
        if (v < 0 || v >= limit) {
            return damaged("a number of a pattern");
        }
        if (slot.kind == SlotKind::Word) {
            values.texts.push_back(dictionary_->bytes_at(static_cast<std::uint32_t>(v)));
        }
    }
    return values;
}

namespace {

template <typename Values>
std::uint32_t slot_length(const PatternSlot& slot, const Values& values, std::size_t i) {
    switch (slot.kind) {
        case SlotKind::Word:
        case SlotKind::Text:
            return static_cast<std::uint32_t>(values.texts[i].size());
        case SlotKind::Number:
            return digits_of(static_cast<std::uint64_t>(values.numbers[i]));
        case SlotKind::Digits:
        case SlotKind::Hex:
            return slot.width;
    }
    return 0;
}

template <typename Values>
char* write_slot(char* to, const PatternSlot& slot, const Values& values, std::size_t i,
                 std::uint32_t place) {
    const std::uint32_t length = slot_length(slot, values, i);
    switch (slot.kind) {
        case SlotKind::Word:
        case SlotKind::Text:
            values.texts[i].copy(to, length);
            break;
        case SlotKind::Number:
        case SlotKind::Digits:
            write_digits(to, static_cast<std::uint64_t>(values.numbers[i]), length);
            break;
        case SlotKind::Hex:
            write_hex(to, values.digits.data() + std::size_t{(slot.width + 1) / 2} * place, length);
            break;
    }
    return to + length;
}

}  // namespace

char* PatternReader::write_text(char* to, const Pattern& pattern,
                                const std::vector<SlotValues>& values, std::size_t i,
                                std::uint32_t place) {
    for (std::size_t s = 0; s < pattern.slots.size(); ++s) {
        to += pattern.literals[s].copy(to, std::string_view::npos);
        to = write_slot(to, pattern.slots[s], values[s], i, place);
    }
    return to + pattern.literals.back().copy(to, std::string_view::npos);
}

Status PatternReader::unpack(const Pattern& pattern, const Wanted& wanted, Unpacked& out) {
    std::uint32_t fixed = 0;
    for (const std::string_view literal : pattern.literals) {
        fixed += static_cast<std::uint32_t>(literal.size());
    }
    out.lengths.assign(wanted.outputs.size(), fixed);
    for (const PatternSlot& slot : pattern.slots) {
        QD_TRY(SlotValues values, slot_values(pattern, slot, wanted.places));
        for (std::size_t i = 0; i < out.lengths.size(); ++i) {
            out.lengths[i] += slot_length(slot, values, i);
        }
        out.values.push_back(std::move(values));
    }
    if (pattern.kind != TextKind::Json) {
        return {};
    }
    std::string text;
    for (std::size_t i = 0; i < out.lengths.size(); ++i) {
        text.resize(out.lengths[i]);
        write_text(text.data(), pattern, out.values, i, wanted.places[i]);
        auto variant = columns::variant_from_json(text);
        if (!variant) {
            return damaged("JSON");
        }
        out.lengths[i] = static_cast<std::uint32_t>(variant->size());
        out.variants.push_back(std::move(*variant));
    }
    return {};
}

Result<std::vector<std::uint8_t>> PatternReader::nulls_at(const Places& rows) {
    std::vector<std::uint8_t> nulls;
    if (!part_->null_block) {
        return nulls;
    }
    QD_TRY(const auto bits, read_block_bytes(file_, *part_->null_block, verify_));
    if (bits->bytes.size() != (std::size_t{rows_} + 7) / 8) {
        return damaged("null bits");
    }
    const auto is_null = [&](std::uint32_t row) {
        return static_cast<std::uint8_t>(
            (static_cast<unsigned char>(bits->bytes[row / 8]) >> (row % 8)) & 1U);
    };
    const std::uint32_t count = rows ? static_cast<std::uint32_t>(rows->size()) : rows_;
    for (std::uint32_t i = 0; i < count; ++i) {
        nulls.push_back(is_null(rows ? (*rows)[i] : i));
    }
    return nulls;
}

Result<ColumnPtr> PatternReader::assemble(const std::vector<Wanted>& wanted, const Places& at) {
    const std::uint32_t rows = at ? static_cast<std::uint32_t>(at->size()) : rows_;
    const bool dynamic = column_->type == columns::DataType::Dynamic;
    auto owned = std::make_shared<Owned>();
    QD_TRY(owned->nulls, nulls_at(at));
    owned->offsets.resize(std::size_t{rows} + 1);
    std::vector<Unpacked> unpacked(patterns_.size());
    for (std::size_t p = 0; p < patterns_.size(); ++p) {
        if (wanted[p].outputs.empty()) {
            continue;
        }
        QD_CHECK_OK(unpack(patterns_[p], wanted[p], unpacked[p]));
        const std::uint32_t head = dynamic && patterns_[p].kind == TextKind::Text ? kStringHead : 0;
        for (std::size_t i = 0; i < wanted[p].outputs.size(); ++i) {
            owned->offsets[wanted[p].outputs[i] + 1] = unpacked[p].lengths[i] + head;
        }
    }
    std::uint64_t total = 0;
    for (std::uint32_t& offset : owned->offsets) {
        total += offset;
        if (total > std::numeric_limits<std::uint32_t>::max()) {
            return damaged("lengths of texts");
        }
        offset = static_cast<std::uint32_t>(total);
    }
    owned->heap.resize(total);
    for (std::size_t p = 0; p < patterns_.size(); ++p) {
        const Pattern& pattern = patterns_[p];
        for (std::size_t i = 0; i < wanted[p].outputs.size(); ++i) {
            char* to = owned->heap.data() + owned->offsets[wanted[p].outputs[i]];
            if (pattern.kind == TextKind::Json) {
                unpacked[p].variants[i].copy(to, std::string::npos);
                continue;
            }
            if (dynamic && pattern.kind == TextKind::Text) {
                *to = kStringTag;
                std::memcpy(to + 1, &unpacked[p].lengths[i], sizeof(std::uint32_t));
                to += kStringHead;
            }
            write_text(to, pattern, unpacked[p].values, i, wanted[p].places[i]);
        }
    }
    const std::span<const std::uint32_t> offsets(owned->offsets);
    const std::span<const std::uint8_t> nulls(owned->nulls);
    const char* heap = owned->heap.data();
    return Column::make_bytes(column_->type, offsets, heap, nulls, std::move(owned));
}

}  // namespace qd::workspace::internal
