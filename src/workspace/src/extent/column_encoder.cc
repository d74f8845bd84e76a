// Chooses how a column is written, by looking at all of it.
//
// Texts: a hash of the distinct values says whether a dictionary pays (at most half as many
// entries as rows). The dictionary serves the whole extent, sorted, so that a predicate runs once
// for each distinct value of an extent, codes order like the values, and neighbours share prefixes
// for the compressor. Pieces that are dictionaries already (merging extents) hash only their
// entries. Without a dictionary, texts of one hex shape become digits, others lengths and bytes.
// Numbers: bit-packed integers; reals that are short decimals become integers too, checked to come
// back exactly; the rest stays as it is.
// Everything passes through general compression at the end and keeps the result where it pays.
#include "extent/column_encoder.h"

#include "extent/block.h"
#include "extent/hex_codec.h"
#include "extent/int_codec.h"
#include "extent/interner.h"
#include "extent/pattern_encoder.h"
#include "extent/term_index.h"
#include "extent/text_part.h"
#include "qd/base/check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>

namespace qd::workspace::internal {

namespace {

using columns::Column;
using columns::ColumnPtr;
using columns::DataType;
using columns::Layout;

constexpr std::size_t kDictionaryHeapMax = 128U << 20;
constexpr std::size_t kPlainBytesMax = 1U << 30;  // written out, repeated texts and all
constexpr std::size_t kConstantMax = 4096;        // longer constants go into a dictionary
constexpr std::array<double, 5> kScales = {1, 10, 100, 1000, 10000};

template <typename T>
std::string raw_of(const T& v) {
    std::string out(sizeof(T), '\0');
    std::memcpy(out.data(), &v, sizeof(T));
    return out;
}

std::string_view bytes_of(const void* data, std::size_t size) {
    return {static_cast<const char*>(data), size};
}

// The rows of all pieces as values of T, in the wanted order, with a flag for nulls.
template <typename T>
struct Values {
    std::vector<T> values;
    std::vector<std::uint8_t> nulls;  // empty: none

    std::span<const std::uint8_t> nulls_of(std::size_t begin, std::size_t count) const {
        return nulls.empty() ? std::span<const std::uint8_t>()
                             : std::span<const std::uint8_t>(nulls).subspan(begin, count);
    }
};

std::size_t rows_of(const ColumnInput& input) {
    std::size_t rows = 0;
    for (const ColumnPtr& piece : input.pieces) {
        rows += piece->size();
    }
    return rows;
}

template <typename T, typename Read>
Values<T> collect(const ColumnInput& input, std::span<const std::uint32_t> order,
                  const Read& read) {
    const std::size_t rows = rows_of(input);
    Values<T> all;
    all.values.reserve(rows);
    for (const ColumnPtr& piece : input.pieces) {
        const std::size_t before = all.values.size();
        for (std::uint32_t i = 0; i < piece->size(); ++i) {
            if (piece->is_null(i)) {
                if (all.nulls.empty()) {
                    all.nulls.assign(rows, 0);
                }
                all.nulls[before + i] = 1;
                all.values.push_back(T{});
            } else {
                all.values.push_back(read(*piece, i));
            }
        }
    }
    if (order.empty()) {
        return all;
    }
    Values<T> sorted;
    sorted.values.resize(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        sorted.values[i] = all.values[order[i]];
    }
    if (!all.nulls.empty()) {
        sorted.nulls.resize(order.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            sorted.nulls[i] = all.nulls[order[i]];
        }
    }
    return sorted;
}

// Nulls take the value before them, so that they do not widen the packing.
template <typename T>
void paper_over_nulls(std::span<T> values, std::span<const std::uint8_t> nulls) {
    if (nulls.empty()) {
        return;
    }
    std::size_t first = 0;
    while (first < nulls.size() && nulls[first] != 0) {
        ++first;
    }
    if (first == nulls.size()) {
        return;
    }
    T last = values[first];
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (nulls[i] != 0) {
            values[i] = last;
        } else {
            last = values[i];
        }
    }
}

ColumnPart encode_integer_group(EncodedColumn& out, std::span<std::int64_t> values,
                                std::span<const std::uint8_t> nulls) {
    ColumnPart part;
    if (count_nulls(nulls) == values.size()) {
        part.null_count = static_cast<std::uint32_t>(values.size());
        return part;
    }
    paper_over_nulls(values, nulls);
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    part.least = raw_of(*low);
    part.greatest = raw_of(*high);
    write_nulls(out.bytes, part, nulls);
    if (*low == *high && part.null_count == 0) {
        part.encoding = Encoding::Constant;
        part.constant = part.least;
        return part;
    }
    part.encoding = Encoding::Integers;
    part.blocks.push_back(append_block(out.bytes, encode_integers(values), Effort::Fast));
    return part;
}

// The smallest scale at which every value is an integer and comes back bit for bit.
std::optional<std::uint8_t> find_scale(std::span<const double> values,
                                       std::vector<std::int64_t>& scaled) {
    scaled.resize(values.size());
    for (std::uint8_t scale = 0; scale < kScales.size(); ++scale) {
        bool exact = true;
        for (std::size_t i = 0; i < values.size() && exact; ++i) {
            const double product = values[i] * kScales[scale];
            exact = std::fabs(product) < 9007199254740992.0;  // false for NaN too
            if (exact) {
                scaled[i] = std::llround(product);
                const double back = static_cast<double>(scaled[i]) / kScales[scale];
                exact =
                    std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(values[i]);
            }
        }
        if (exact) {
            return scale;
        }
    }
    return std::nullopt;
}

ColumnPart encode_real_group(EncodedColumn& out, std::span<double> values,
                             std::span<const std::uint8_t> nulls) {
    ColumnPart part;
    if (count_nulls(nulls) == values.size()) {
        part.null_count = static_cast<std::uint32_t>(values.size());
        return part;
    }
    paper_over_nulls(values, nulls);
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (const double v : values) {  // NaN compares false and stays out
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    if (low <= high) {
        part.least = raw_of(low);
        part.greatest = raw_of(high);
    }
    write_nulls(out.bytes, part, nulls);
    std::vector<std::int64_t> scaled;
    if (const auto scale = find_scale(values, scaled)) {
        part.encoding = Encoding::ScaledReal;
        part.scale = *scale;
        part.blocks.push_back(append_block(out.bytes, encode_integers(scaled), Effort::Fast));
        return part;
    }
    part.encoding = Encoding::Fixed;
    part.blocks.push_back(
        append_block(out.bytes, bytes_of(values.data(), values.size_bytes()), Effort::Fast));
    return part;
}

ColumnPart encode_wide_group(EncodedColumn& out, std::span<Wide> values,
                             std::span<const std::uint8_t> nulls) {
    ColumnPart part;
    if (count_nulls(nulls) == values.size()) {
        part.null_count = static_cast<std::uint32_t>(values.size());
        return part;
    }
    paper_over_nulls(values, nulls);
    write_nulls(out.bytes, part, nulls);
    part.encoding = Encoding::Fixed;
    part.blocks.push_back(
        append_block(out.bytes, bytes_of(values.data(), values.size_bytes()), Effort::Fast));
    return part;
}

template <typename T, typename Read, typename Encode>
void encode_groups(EncodedColumn& out, const ColumnInput& input,
                   std::span<const std::uint32_t> order, std::span<const std::uint32_t> group_rows,
                   const Read& read, const Encode& encode) {
    Values<T> all = collect<T>(input, order, read);
    std::size_t begin = 0;
    for (const std::uint32_t count : group_rows) {
        out.column.parts.push_back(encode(out, std::span<T>(all.values).subspan(begin, count),
                                          all.nulls_of(begin, count)));
        begin += count;
    }
}

// --- texts and variants -------------------------------------------------------------------------

constexpr std::uint32_t kNullCode = std::numeric_limits<std::uint32_t>::max();

// Bytes of all cells written out one after the other.
std::size_t plain_bytes(const ColumnInput& input) {
    std::size_t bytes = 0;
    for (const ColumnPtr& piece : input.pieces) {
        for (std::uint32_t i = 0; i < piece->size(); ++i) {
            bytes += piece->bytes_at(i).size();
        }
    }
    return bytes;
}

struct Coded {
    Interner interner;
    std::vector<std::uint32_t> codes;  // kNullCode for nulls
    bool any_null = false;
};

// Codes of all rows, or nothing once a dictionary cannot pay any more.
std::optional<Coded> intern_rows(const ColumnInput& input) {
    const std::size_t rows = rows_of(input);
    // A column too large to write out plainly keeps its dictionary, however poor.
    const bool must = plain_bytes(input) > kPlainBytesMax;
    Coded coded;
    coded.codes.reserve(rows);
    constexpr std::size_t kProbe = 16384;  // rows between two looks at the ratio
    for (const ColumnPtr& piece : input.pieces) {
        const bool by_entry = piece->layout() != Layout::Flat;
        std::vector<std::uint32_t> entry_codes;
        if (by_entry) {
            const Column& inner =
                piece->layout() == Layout::Dictionary ? *piece->dictionary() : *piece->constant();
            std::vector<bool> used(inner.size(), piece->layout() == Layout::Constant);
            if (piece->layout() == Layout::Dictionary) {
                for (const std::uint32_t code : piece->codes()) {
                    used[code] = true;
                }
            }
            entry_codes.resize(inner.size(), kNullCode);
            for (std::uint32_t i = 0; i < inner.size(); ++i) {
                if (used[i] && !inner.is_null(i)) {
                    entry_codes[i] = coded.interner.intern(inner.bytes_at(i));
                }
            }
        }
        for (std::uint32_t i = 0; i < piece->size(); ++i) {
            std::uint32_t code = kNullCode;
            if (piece->layout() == Layout::Dictionary) {
                code = entry_codes[piece->codes()[i]];
            } else if (by_entry) {
                code = entry_codes[0];
            } else if (!piece->is_null(i)) {
                code = coded.interner.intern(piece->bytes_at(i));
            }
            coded.any_null = coded.any_null || code == kNullCode;
            coded.codes.push_back(code);
            if (!must && coded.codes.size() % kProbe == 0 &&
                (coded.interner.size() * 10 > coded.codes.size() * 7 ||
                 coded.interner.heap_bytes() > kDictionaryHeapMax)) {
                return std::nullopt;
            }
        }
    }
    if (!must && coded.interner.size() * 2 > rows + 64) {
        return std::nullopt;
    }
    return coded;
}

void encode_coded(EncodedColumn& out, const Coded& coded, std::span<const std::uint32_t> order,
                  std::span<const std::uint32_t> group_rows) {
    const auto& entries = coded.interner.entries();
    std::vector<std::uint32_t> by_text(entries.size());
    std::iota(by_text.begin(), by_text.end(), 0U);
    std::sort(by_text.begin(), by_text.end(),
              [&](std::uint32_t a, std::uint32_t b) { return entries[a] < entries[b]; });
    const std::uint32_t shift = coded.any_null ? 1 : 0;
    std::vector<std::uint32_t> rank(entries.size());
    std::vector<std::string_view> texts(entries.size() + shift);
    for (std::size_t i = 0; i < by_text.size(); ++i) {
        rank[by_text[i]] = static_cast<std::uint32_t>(i) + shift;
        texts[i + shift] = entries[by_text[i]];
    }
    bool needed = false;
    std::size_t begin = 0;
    std::vector<std::int64_t> codes;
    for (const std::uint32_t count : group_rows) {
        codes.resize(count);
        ColumnPart part;
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint32_t code =
                coded.codes[order.empty() ? begin + i : std::size_t{order[begin + i]}];
            codes[i] = code == kNullCode ? 0 : static_cast<std::int64_t>(rank[code]);
            part.null_count += code == kNullCode ? 1U : 0U;
        }
        begin += count;
        const auto [low, high] = std::minmax_element(codes.begin(), codes.end());
        const std::string_view greatest = texts[static_cast<std::size_t>(*high)];
        if (part.null_count == count || (*low == *high && greatest.empty())) {
            out.column.parts.push_back(std::move(part));  // Absent
            continue;
        }
        if (part.null_count == 0 || *low > 0) {
            set_text_bounds(part, texts[static_cast<std::size_t>(*low)], greatest);
        } else {
            set_text_bounds(part, "", greatest);  // null sorts first; "" bounds everything
        }
        if (*low == *high && greatest.size() <= kConstantMax) {
            part.encoding = Encoding::Constant;
            part.constant = greatest;
        } else {
            needed = true;
            part.encoding = Encoding::Codes;
            part.blocks.push_back(append_block(out.bytes, encode_integers(codes), Effort::Fast));
        }
        out.column.parts.push_back(std::move(part));
    }
    if (needed) {
        out.column.dictionary_entries = static_cast<std::uint32_t>(texts.size());
        out.column.dictionary_has_null = coded.any_null;
        append_texts(out.bytes, out.column.dictionary_blocks, texts);
    }
}

void encode_plain_group(EncodedColumn& out, std::span<const std::string_view> texts,
                        std::span<const std::uint8_t> nulls) {
    ColumnPart part;
    const auto [low, high] = std::minmax_element(texts.begin(), texts.end());
    if (high->empty()) {
        part.null_count = count_nulls(nulls);
        out.column.parts.push_back(std::move(part));  // Absent: all null, or all ""
        return;
    }
    set_text_bounds(part, *low, *high);
    write_nulls(out.bytes, part, nulls);
    if (const auto hex = encode_hex(texts)) {
        part.encoding = Encoding::Hex;
        part.constant = hex->shape;
        part.blocks.push_back(append_block(out.bytes, hex->digits, Effort::Fast));
        if (!hex->present.empty()) {
            part.blocks.push_back(append_block(out.bytes, hex->present, Effort::Fast));
        }
    } else {
        part.encoding = Encoding::Bytes;
        append_texts(out.bytes, part.blocks, texts);
    }
    if (out.column.type == DataType::String) {
        part.index_block = append_block(out.bytes, build_value_filter(texts), Effort::None);
    }
    out.column.parts.push_back(std::move(part));
}

bool looks_hex(std::span<const std::string_view> texts) {
    constexpr std::size_t kProbe = 1024;
    return encode_hex(texts.subspan(0, std::min(kProbe, texts.size()))).has_value();
}

void encode_texts(EncodedColumn& out, const ColumnInput& input,
                  std::span<const std::uint32_t> order, std::span<const std::uint32_t> group_rows) {
    if (const auto coded = intern_rows(input)) {
        encode_coded(out, *coded, order, group_rows);
        return;
    }
    const Values<std::string_view> all = collect<std::string_view>(
        input, order, [](const Column& c, std::uint32_t i) { return c.bytes_at(i); });
    if (!looks_hex(all.values) && encode_as_patterns(out, all.values, all.nulls, group_rows)) {
        return;
    }
    std::size_t begin = 0;
    for (const std::uint32_t count : group_rows) {
        encode_plain_group(out, std::span<const std::string_view>(all.values).subspan(begin, count),
                           all.nulls_of(begin, count));
        begin += count;
    }
}

}  // namespace

EncodedColumn encode_column(const ColumnInput& input, std::span<const std::uint32_t> order,
                            std::span<const std::uint32_t> group_rows) {
    EncodedColumn out;
    out.column.name = input.name;
    out.column.type = input.type;
    switch (input.type) {
        case DataType::Bool:
        case DataType::Int:
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            encode_groups<std::int64_t>(
                out, input, order, group_rows,
                [](const Column& c, std::uint32_t i) { return c.int_at(i); }, encode_integer_group);
            break;
        case DataType::Real:
            encode_groups<double>(
                out, input, order, group_rows,
                [](const Column& c, std::uint32_t i) { return c.real_at(i); }, encode_real_group);
            break;
        case DataType::Decimal:
        case DataType::Guid:
            encode_groups<Wide>(
                out, input, order, group_rows,
                [](const Column& c, std::uint32_t i) { return c.wide_at(i); }, encode_wide_group);
            break;
        case DataType::String:
        case DataType::Dynamic:
            encode_texts(out, input, order, group_rows);
            break;
    }
    return out;
}

}  // namespace qd::workspace::internal
