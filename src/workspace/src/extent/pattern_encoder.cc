// Texts as patterns and values.
//
// Machines write most texts: the same sentence with other numbers, names and ids. Texts with the
// same bytes between their tokens (text_tokens.h) stand together; where a place holds few different
// words, often each, the rows are parted by them, so that "status=ok" and "status=failed" become
// two patterns with their own values behind. What does not differ any more is written once; the
// rest goes into columns by what it looks like: numbers, digits, hex, words of a dictionary that
// serves the whole extent, and texts. Templates mined this way store log messages in about half of
// what general compression takes, and a search looks at patterns and words instead of texts
// (pattern_search.h). Related: Rodrigues, Luo, Yuan: CLP, OSDI 2021; He et al.: Drain, ICWS 2017.
// Complexity: a pass to split, then a few per place; linear in the bytes.
#include "extent/pattern_encoder.h"

#include "extent/block.h"
#include "extent/byte_io.h"
#include "extent/int_codec.h"
#include "extent/interner.h"
#include "extent/pattern_format.h"
#include "extent/term_index.h"
#include "extent/text_part.h"
#include "extent/text_tokens.h"
#include "qd/columns/variant.h"

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <numeric>
#include <optional>
#include <unordered_map>

namespace qd::workspace::internal {

namespace {

constexpr std::size_t kTextsMin = 1024;
constexpr std::size_t kStringHead = 5;  // of a variant string: tag and length
constexpr std::size_t kTokensMax = 96;  // of a text that follows a pattern
constexpr std::size_t kTextBytesMax = 4096;
constexpr std::size_t kRowsMin = 8;         // of a pattern
constexpr std::size_t kSplitRowsMin = 256;  // patterns of fewer rows are not parted further
constexpr std::size_t kSplitValuesMax = 8;
constexpr std::size_t kSplitShare = 64;  // each value in at least one row in so many
constexpr std::size_t kWordBytesMax = 64;
constexpr std::size_t kSampleStep = 4;

using Rows = std::vector<std::uint32_t>;
using Texts = std::vector<std::string_view>;

/// Which tokens come again: counts by hash, over some of the texts.
class Recurrence {
  public:
    explicit Recurrence(std::span<const std::string_view> texts) : counts_(kCounters) {
        const std::size_t step = texts.size() < 65'536 ? 1 : kSampleStep;
        Texts tokens;
        std::string skeleton;
        for (std::size_t i = 0; i < texts.size(); i += step) {
            tokens.clear();
            skeleton.clear();
            split_tokens(texts[i].substr(0, kTextBytesMax), tokens, skeleton);
            for (const std::string_view token : tokens) {
                std::uint8_t& count = counter(token);
                count = static_cast<std::uint8_t>(std::min(count + 1, 2));
            }
        }
    }
    bool recurs(std::string_view token) { return counter(token) > 1; }

  private:
    static constexpr std::size_t kCounters = std::size_t{1} << 20;
    std::uint8_t& counter(std::string_view token) {
        return counts_[std::hash<std::string_view>()(token) % kCounters];
    }
    std::vector<std::uint8_t> counts_;
};

/// The texts to store, and what they are.
struct Column {
    Texts texts;
    std::span<const std::uint8_t> nulls;
    std::vector<TextKind> kinds;   // empty: all are texts
    std::deque<std::string> made;  // texts that were not there before

    TextKind kind(std::size_t row) const { return kinds.empty() ? TextKind::Text : kinds[row]; }
};

/// A string as its text, other values as their JSON where that says everything.
void take_variants_apart(Column& column) {
    column.kinds.resize(column.texts.size());
    for (std::size_t i = 0; i < column.texts.size(); ++i) {
        const std::string_view bytes = column.texts[i];
        const columns::VariantView value(bytes);
        column.kinds[i] = TextKind::Variant;
        if (value.kind() == columns::VariantView::Kind::String &&
            value.as_string().size() + kStringHead == bytes.size()) {
            column.kinds[i] = TextKind::Text;
            column.texts[i] = value.as_string();
        } else if (!bytes.empty() && bytes.size() <= kTextBytesMax) {
            std::string json;
            value.append_json(json);
            if (columns::variant_from_json(json) == bytes) {
                column.kinds[i] = TextKind::Json;
                column.texts[i] = column.made.emplace_back(std::move(json));
            }
        }
    }
}

/// The values of one place of one pattern.
struct Slot {
    PatternSlot written;
    std::vector<std::uint32_t> words;  // Word: numbers of the interner
    std::string numbers;               // int_codec
    std::string bytes;
};

struct Group {
    std::vector<Pattern> patterns;
    std::deque<std::string> literals;  // what the patterns' literals point into
    std::vector<std::vector<Slot>> slots;
    std::vector<std::int64_t> ids;
    std::size_t raw_rows = 0;
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_hex_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

bool has_digit(std::string_view token) {
    return std::any_of(token.begin(), token.end(), is_digit);
}

std::int64_t number_of(std::string_view digits) {
    std::int64_t v = 0;
    for (const char c : digits) {
        v = v * 10 + (c - '0');
    }
    return v;
}

char packed_hex(char high, char low) {
    const auto value = [](char c) { return is_digit(c) ? c - '0' : c - 'a' + 10; };
    return static_cast<char>((value(high) << 4) | value(low));
}

/// What all values of a place have in common.
struct Shape {
    bool digits = true;
    bool canonical = true;  // as a number is written
    bool hex = true;
    bool one_length = true;
    std::size_t longest = 0;

    explicit Shape(const Texts& values) {
        for (const std::string_view v : values) {
            digits = digits && std::all_of(v.begin(), v.end(), is_digit);
            canonical = canonical && (v[0] != '0' || v.size() == 1);
            hex = hex && std::all_of(v.begin(), v.end(), is_hex_digit);
            one_length = one_length && v.size() == values[0].size();
            longest = std::max(longest, v.size());
        }
    }
};

class PatternEncoder {
  public:
    PatternEncoder(const Column& column, std::span<const std::uint32_t> group_rows)
        : column_(column),
          texts_(column.texts),
          group_rows_(group_rows),
          recurrence_(column.texts) {}

    bool run(EncodedColumn& out) {
        std::size_t begin = 0;
        std::vector<Group> groups;
        groups.reserve(group_rows_.size());  // their patterns point into them
        for (const std::uint32_t count : group_rows_) {
            groups.emplace_back();
            part_group(begin, count, groups.back());
            // Texts that follow no patterns are better off together.
            if (groups.back().raw_rows * 4 > count ||
                groups.back().patterns.size() * 16 > std::size_t{count} + 256) {
                return false;
            }
            begin += count;
        }
        write(out, groups);
        return true;
    }

  private:
    // The tokens of the group at hand.
    std::string_view token(std::uint32_t row, std::size_t place) const {
        return tokens_[first_token_[row] + place];
    }

    void part_group(std::size_t begin, std::size_t count, Group& group) {
        const auto texts = texts_.subspan(begin, count);
        std::unordered_map<std::string, std::size_t> skeletons;
        std::vector<std::pair<std::string, Rows>> clusters;
        std::array<Rows, 3> raw;  // by kind
        tokens_.clear();
        first_token_.clear();
        std::string skeleton;
        for (std::uint32_t row = 0; row < texts.size(); ++row) {
            const std::size_t first = tokens_.size();
            first_token_.push_back(first);
            const TextKind kind = column_.kind(begin + row);
            const bool splits = kind != TextKind::Variant && texts[row].size() <= kTextBytesMax;
            skeleton.assign(1, kind == TextKind::Json ? 'j' : 't');
            if (splits) {
                split_tokens(texts[row], tokens_, skeleton);
            }
            if (!splits || tokens_.size() - first > kTokensMax) {
                tokens_.resize(first);
                raw[static_cast<std::size_t>(kind)].push_back(row);
                continue;
            }
            const auto [known, fresh] = skeletons.try_emplace(skeleton, clusters.size());
            if (fresh) {
                clusters.emplace_back(skeleton, Rows());
            }
            clusters[known->second].second.push_back(row);
        }
        group.ids.resize(texts.size());
        for (auto& [shape, rows] : clusters) {
            const TextKind kind = shape[0] == 'j' ? TextKind::Json : TextKind::Text;
            if (rows.size() < kRowsMin) {
                Rows& others = raw[static_cast<std::size_t>(kind)];
                others.insert(others.end(), rows.begin(), rows.end());
            } else {
                part_cluster(kind, shape.substr(1), std::move(rows), group);
            }
        }
        for (std::size_t kind = 0; kind < raw.size(); ++kind) {
            add_raw(static_cast<TextKind>(kind), texts, raw[kind], group);
        }
    }

    /// The few values of a place, none with a digit, each often enough; nothing otherwise.
    std::optional<Texts> splitting_values(const Rows& rows, std::size_t place) const {
        Texts values;
        std::vector<std::size_t> counts;
        for (const std::uint32_t row : rows) {
            const std::string_view v = token(row, place);
            const auto found = std::find(values.begin(), values.end(), v);
            if (found != values.end()) {
                ++counts[static_cast<std::size_t>(found - values.begin())];
                continue;
            }
            if (values.size() == kSplitValuesMax || has_digit(v)) {
                return std::nullopt;
            }
            values.push_back(v);
            counts.push_back(1);
        }
        const std::size_t least = std::max(kRowsMin, rows.size() / kSplitShare);
        const bool often = std::all_of(counts.begin(), counts.end(),
                                       [&](std::size_t count) { return count >= least; });
        return often && values.size() > 1 ? std::optional(std::move(values)) : std::nullopt;
    }

    void part_cluster(TextKind kind, const std::string& skeleton, Rows all, Group& group) {
        const auto places =
            static_cast<std::size_t>(std::count(skeleton.begin(), skeleton.end(), 'x'));
        std::vector<std::pair<Rows, std::size_t>> work;  // rows, place to look at next
        work.emplace_back(std::move(all), 0);
        while (!work.empty()) {
            auto [rows, place] = std::move(work.back());
            work.pop_back();
            std::optional<Texts> values;
            for (; place < places && rows.size() >= kSplitRowsMin && !values; ++place) {
                values = splitting_values(rows, place);
            }
            if (!values) {
                add_pattern(kind, skeleton, places, rows, group);
                continue;
            }
            std::vector<Rows> parts(values->size());
            for (const std::uint32_t row : rows) {
                const auto at = std::find(values->begin(), values->end(), token(row, place - 1));
                parts[static_cast<std::size_t>(at - values->begin())].push_back(row);
            }
            for (Rows& part : parts) {
                work.emplace_back(std::move(part), place);
            }
        }
    }

    void add_pattern(TextKind kind, const std::string& skeleton, std::size_t places,
                     const Rows& rows, Group& group) {
        std::vector<bool> constant(places);
        for (std::size_t place = 0; place < places; ++place) {
            const std::string_view first = token(rows[0], place);
            constant[place] = std::all_of(rows.begin(), rows.end(), [&](std::uint32_t row) {
                return token(row, place) == first;
            });
        }
        Pattern pattern;
        pattern.kind = kind;
        pattern.rows = static_cast<std::uint32_t>(rows.size());
        std::vector<Slot> slots;
        std::string literal;
        std::size_t place = 0;
        for (const char c : skeleton) {
            if (c != 'x') {
                literal += c;
                continue;
            }
            if (constant[place]) {
                literal += token(rows[0], place);
            } else {
                pattern.literals.push_back(group.literals.emplace_back(std::move(literal)));
                literal.clear();
                values_.clear();
                for (const std::uint32_t row : rows) {
                    values_.push_back(token(row, place));
                }
                slots.push_back(make_slot(values_));
            }
            ++place;
        }
        pattern.literals.push_back(group.literals.emplace_back(std::move(literal)));
        for (const std::uint32_t row : rows) {
            group.ids[row] = static_cast<std::int64_t>(group.patterns.size());
        }
        group.patterns.push_back(std::move(pattern));
        group.slots.push_back(std::move(slots));
    }

    // One pattern that is a text and nothing else.
    static void add_raw(TextKind kind, std::span<const std::string_view> texts, Rows& rows,
                        Group& group) {
        if (rows.empty()) {
            return;
        }
        std::sort(rows.begin(), rows.end());
        group.raw_rows += rows.size();
        Texts values;
        for (const std::uint32_t row : rows) {
            group.ids[row] = static_cast<std::int64_t>(group.patterns.size());
            values.push_back(texts[row]);
        }
        Pattern pattern;
        pattern.kind = kind;
        pattern.rows = static_cast<std::uint32_t>(rows.size());
        pattern.literals = {"", ""};
        group.patterns.push_back(std::move(pattern));
        group.slots.push_back({});
        group.slots.back().push_back(text_slot(values));
    }

    Slot make_slot(const Texts& values) {
        const Shape shape(values);
        if (shape.digits && shape.canonical && shape.longest <= kPatternDigitsMax) {
            return number_slot(values, SlotKind::Number, 0);
        }
        if (shape.digits && shape.one_length && shape.longest <= kPatternDigitsMax) {
            return number_slot(values, SlotKind::Digits, static_cast<std::uint32_t>(shape.longest));
        }
        std::size_t recurring = 0;
        for (const std::string_view v : values) {
            recurring += v.size() <= kWordBytesMax && recurrence_.recurs(v) ? 1U : 0U;
        }
        if (recurring * 5 >= values.size() * 3 && shape.longest <= kWordBytesMax) {
            Slot slot;
            slot.written.kind = SlotKind::Word;
            for (const std::string_view v : values) {
                slot.words.push_back(words_.intern(v));
            }
            return slot;
        }
        if (shape.hex && shape.one_length && shape.longest <= kPatternHexMax) {
            return hex_slot(values);
        }
        return text_slot(values);
    }

    static Slot number_slot(const Texts& values, SlotKind kind, std::uint32_t width) {
        std::vector<std::int64_t> numbers;
        numbers.reserve(values.size());
        for (const std::string_view v : values) {
            numbers.push_back(number_of(v));
        }
        Slot slot;
        slot.written.kind = kind;
        slot.written.width = width;
        slot.numbers = encode_integers(numbers);
        return slot;
    }

    static Slot hex_slot(const Texts& values) {
        Slot slot;
        slot.written.kind = SlotKind::Hex;
        slot.written.width = static_cast<std::uint32_t>(values[0].size());
        for (const std::string_view v : values) {
            for (std::size_t i = 0; i < v.size(); i += 2) {
                slot.bytes.push_back(packed_hex(v[i], i + 1 < v.size() ? v[i + 1] : '0'));
            }
        }
        return slot;
    }

    static Slot text_slot(const Texts& values) {
        Slot slot;
        slot.written.kind = SlotKind::Text;
        std::vector<std::int64_t> lengths;
        for (const std::string_view v : values) {
            lengths.push_back(static_cast<std::int64_t>(v.size()));
            slot.bytes += v;
        }
        slot.numbers = encode_integers(lengths);
        return slot;
    }

    // Words get their place in the sorted dictionary.
    void write(EncodedColumn& out, std::vector<Group>& groups) {
        const auto& entries = words_.entries();
        std::vector<std::uint32_t> by_text(entries.size());
        std::iota(by_text.begin(), by_text.end(), 0U);
        std::sort(by_text.begin(), by_text.end(),
                  [&](std::uint32_t a, std::uint32_t b) { return entries[a] < entries[b]; });
        std::vector<std::uint32_t> rank(entries.size());
        Texts sorted(entries.size());
        for (std::uint32_t i = 0; i < by_text.size(); ++i) {
            rank[by_text[i]] = i;
            sorted[i] = entries[by_text[i]];
        }
        std::size_t begin = 0;
        for (std::size_t g = 0; g < groups.size(); ++g) {
            const auto texts = texts_.subspan(begin, group_rows_[g]);
            const auto nulls = column_.nulls.empty() ? column_.nulls
                                                     : column_.nulls.subspan(begin, group_rows_[g]);
            begin += group_rows_[g];
            write_group(out, texts, nulls, groups[g], rank);
            ColumnPart& part = out.column.parts.back();
            if (part.encoding == Encoding::Pattern) {
                const std::size_t first = begin - group_rows_[g];
                const std::string index = build_term_index(texts, [&](std::uint32_t row) {
                    return column_.kind(first + row) != TextKind::Variant;
                });
                if (!index.empty()) {
                    part.index_block = append_block(out.bytes, index, Effort::None);
                }
            }
        }
        if (!sorted.empty()) {
            out.column.dictionary_entries = static_cast<std::uint32_t>(sorted.size());
            append_texts(out.bytes, out.column.dictionary_blocks, sorted);
        }
    }

    static void write_group(EncodedColumn& out, std::span<const std::string_view> texts,
                            std::span<const std::uint8_t> nulls, Group& group,
                            const std::vector<std::uint32_t>& rank) {
        ColumnPart part;
        const auto [low, high] = std::minmax_element(texts.begin(), texts.end());
        part.null_count = count_nulls(nulls);
        if (high->empty() && part.null_count == (nulls.empty() ? 0 : texts.size())) {
            out.column.parts.push_back(std::move(part));  // Absent: all null, or all ""
            return;
        }
        if (out.column.type == columns::DataType::String) {
            set_text_bounds(part, *low, *high);
        }
        write_nulls(out.bytes, part, nulls);
        std::string numbers;
        std::string digits;
        std::string written_out;
        std::vector<std::pair<std::uint32_t, std::uint32_t>> places;  // word, slot
        std::uint32_t number = 0;
        for (std::size_t p = 0; p < group.patterns.size(); ++p) {
            for (Slot& slot : group.slots[p]) {
                if (slot.written.kind == SlotKind::Word) {
                    std::vector<std::int64_t> codes;
                    for (const std::uint32_t word : slot.words) {
                        codes.push_back(rank[word]);
                        places.emplace_back(rank[word], number);
                    }
                    slot.numbers = encode_integers(codes);
                }
                slot.written.number_bytes = static_cast<std::uint32_t>(slot.numbers.size());
                slot.written.byte_bytes = static_cast<std::uint32_t>(slot.bytes.size());
                numbers += slot.numbers;
                (slot.written.kind == SlotKind::Hex ? digits : written_out) += slot.bytes;
                group.patterns[p].slots.push_back(slot.written);
                ++number;
            }
        }
        part.encoding = Encoding::Pattern;
        part.blocks.push_back(
            append_block(out.bytes, encode_patterns(group.patterns), Effort::Fast));
        part.blocks.push_back(append_block(out.bytes, encode_integers(group.ids), Effort::Fast));
        part.blocks.push_back(append_block(out.bytes, numbers, Effort::None));
        part.blocks.push_back(append_block(out.bytes, digits, Effort::None));
        part.blocks.push_back(append_block(out.bytes, written_out, Effort::Small));
        part.blocks.push_back(append_block(out.bytes, word_places(places), Effort::None));
        out.column.parts.push_back(std::move(part));
    }

    /// The words of the row group, ascending; where each one's slots begin in the third list; the
    /// slots. Three int_codec streams, each behind its length.
    static std::string word_places(std::vector<std::pair<std::uint32_t, std::uint32_t>>& places) {
        std::sort(places.begin(), places.end());
        places.erase(std::unique(places.begin(), places.end()), places.end());
        std::vector<std::int64_t> words;
        std::vector<std::int64_t> begins;
        std::vector<std::int64_t> slots;
        for (const auto& [word, slot] : places) {
            if (words.empty() || words.back() != word) {
                words.push_back(word);
                begins.push_back(static_cast<std::int64_t>(slots.size()));
            }
            slots.push_back(slot);
        }
        std::string out;
        ByteWriter w(out);
        for (const std::vector<std::int64_t>* list : {&words, &begins, &slots}) {
            w.varint(list->size());
            w.bytes(encode_integers(*list));
        }
        return out;
    }

    const Column& column_;
    std::span<const std::string_view> texts_;
    std::span<const std::uint32_t> group_rows_;
    Recurrence recurrence_;
    Interner words_;
    Texts tokens_;
    std::vector<std::size_t> first_token_;
    Texts values_;
};

}  // namespace

bool encode_as_patterns(EncodedColumn& out, std::span<const std::string_view> values,
                        std::span<const std::uint8_t> nulls,
                        std::span<const std::uint32_t> group_rows) {
    if (values.size() < kTextsMin) {
        return false;
    }
    Column column{.texts = {values.begin(), values.end()}, .nulls = nulls, .kinds = {}, .made = {}};
    if (out.column.type == columns::DataType::Dynamic) {
        take_variants_apart(column);
    }
    return PatternEncoder(column, group_rows).run(out);
}

}  // namespace qd::workspace::internal
