#include "exec/key_words.h"

#include <bit>
#include <cmath>
#include <utility>

namespace qd::kql {

using columns::Column;
using columns::Layout;

namespace {

constexpr std::size_t kRemapsKept = 4;

std::uint64_t mix(std::uint64_t h) {
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93ULL;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93ULL;
    h ^= h >> 32;
    return h;
}

std::uint64_t real_word(double v) {
    if (v == 0) {
        v = 0;  // -0.0 as 0.0
    } else if (std::isnan(v)) {
        v = std::nan("");
    }
    return std::bit_cast<std::uint64_t>(v);
}

/// The cell's value as a word, for types that are their own.
std::uint64_t own_word(const Column& flat, std::size_t p) {
    switch (flat.type()) {
        case DataType::Bool:
            return flat.values<std::uint8_t>()[p] != 0 ? 1 : 0;
        case DataType::Int:
            return static_cast<std::uint64_t>(std::int64_t{flat.values<std::int32_t>()[p]});
        case DataType::Real:
            return real_word(flat.values<double>()[p]);
        default:
            return static_cast<std::uint64_t>(flat.values<std::int64_t>()[p]);
    }
}

/// The cell's bytes, for types that are numbered.
std::string_view cell_bytes(const Column& flat, std::size_t p) {
    if (columns::is_bytes(flat.type())) {
        const auto offsets = flat.offsets();
        return {flat.heap() + offsets[p], offsets[p + 1] - offsets[p]};
    }
    return {reinterpret_cast<const char*>(&flat.values<Wide>()[p]), sizeof(Wide)};
}

/// The column whose values the rows point into, and how.
struct Source {
    explicit Source(const ColumnPtr& column) : flat(column.get()) {
        if (column->layout() == Layout::Constant) {
            flat = column->constant().get();
            mask = 0;
        } else if (column->layout() == Layout::Dictionary) {
            flat = column->dictionary().get();
            codes = column->codes().data();
        }
        nulls = flat->nulls().empty() ? nullptr : flat->nulls().data();
    }
    std::size_t at(std::size_t row) const { return codes != nullptr ? codes[row] : (row & mask); }
    bool null(std::size_t p) const { return nulls != nullptr && nulls[p] != 0; }

    const Column* flat;
    const std::uint32_t* codes = nullptr;
    std::size_t mask = ~std::size_t{0};
    const std::uint8_t* nulls = nullptr;
};

std::vector<std::uint32_t>& numbers_of(std::vector<DictionaryNumbers>& kept,
                                       const ColumnPtr& column) {
    for (std::size_t i = 0; i < kept.size(); ++i) {
        if (kept[i].dictionary == column->dictionary()) {
            std::swap(kept[i], kept[0]);
            return kept[0].numbers;
        }
    }
    if (kept.size() == kRemapsKept) {
        kept.pop_back();
    }
    kept.insert(kept.begin(), {column->dictionary(), {}});
    kept[0].numbers.assign(column->dictionary()->size(), ByteNumbers::kNone);
    return kept[0].numbers;
}

/// number(bytes) gives the number of a value, kNone for an unknown one.
template <typename Number>
void numbered_words(const ColumnPtr& column, RowChoice rows, const WordColumn& to,
                    std::vector<DictionaryNumbers>& kept, const Number& number) {
    const Source source(column);
    const auto word = [&](std::size_t p) {
        const std::uint32_t n = number(cell_bytes(*source.flat, p));
        return n == ByteNumbers::kNone ? kUnknownWord : std::uint64_t{n};
    };
    if (source.codes != nullptr) {
        std::vector<std::uint32_t>& known = numbers_of(kept, column);
        for (std::uint32_t i = 0; i < rows.count; ++i) {
            const std::uint32_t code = source.codes[rows.at(i)];
            if (source.null(code)) {
                to.nulls[i * to.stride] |= to.null_bit;
                to.out[i * to.stride] = 0;
                continue;
            }
            if (known[code] == ByteNumbers::kNone) {
                const std::uint64_t n = word(code);
                if (n == kUnknownWord) {
                    to.out[i * to.stride] = kUnknownWord;
                    continue;
                }
                known[code] = static_cast<std::uint32_t>(n);
            }
            to.out[i * to.stride] = known[code];
        }
        return;
    }
    for (std::uint32_t i = 0; i < rows.count; ++i) {
        const std::size_t p = source.at(rows.at(i));
        if (source.null(p)) {
            to.nulls[i * to.stride] |= to.null_bit;
            to.out[i * to.stride] = 0;
        } else if (source.mask == 0 && i > 0) {
            to.out[i * to.stride] = to.out[0];
        } else {
            to.out[i * to.stride] = word(p);
        }
    }
}

/// One word for a value without branches, so that neighbours are compared many at a time.
template <typename T>
void mark_unequal(const T* values, std::size_t rows, std::uint8_t* changed) {
    for (std::size_t i = 1; i < rows; ++i) {
        changed[i] = static_cast<std::uint8_t>(changed[i] | (values[i] != values[i - 1] ? 1 : 0));
    }
}

}  // namespace

bool is_numbered(DataType type) {
    return columns::is_bytes(type) || type == DataType::Decimal || type == DataType::Guid;
}

void own_words(const ColumnPtr& column, RowChoice rows, const WordColumn& to) {
    const Source source(column);
    const bool plain = source.codes == nullptr && source.mask != 0 && source.nulls == nullptr;
    if (plain && (column->type() == DataType::Long || column->type() == DataType::DateTime ||
                  column->type() == DataType::TimeSpan)) {
        const std::int64_t* values = column->values<std::int64_t>().data();
        for (std::uint32_t i = 0; i < rows.count; ++i) {
            to.out[i * to.stride] = static_cast<std::uint64_t>(values[rows.at(i)]);
        }
        return;
    }
    for (std::uint32_t i = 0; i < rows.count; ++i) {
        const std::size_t p = source.at(rows.at(i));
        if (source.null(p)) {
            to.nulls[i * to.stride] |= to.null_bit;
            to.out[i * to.stride] = 0;
        } else {
            to.out[i * to.stride] = own_word(*source.flat, p);
        }
    }
}

void number_words(const ColumnPtr& column, RowChoice rows, const WordColumn& to,
                  std::vector<DictionaryNumbers>& kept, ByteNumbers& numbers) {
    numbered_words(column, rows, to, kept,
                   [&](std::string_view bytes) { return numbers.add(bytes); });
}

void find_words(const ColumnPtr& column, RowChoice rows, const WordColumn& to,
                std::vector<DictionaryNumbers>& kept, const ByteNumbers& numbers) {
    numbered_words(column, rows, to, kept,
                   [&](std::string_view bytes) { return numbers.find(bytes); });
}

bool mark_changes(const ColumnPtr& column, std::vector<std::uint8_t>& changed) {
    switch (column->layout()) {
        case Layout::Constant:
            return true;
        case Layout::Dictionary:
            mark_unequal(column->codes().data(), column->size(), changed.data());
            return true;
        case Layout::Flat:
            break;
    }
    switch (column->type()) {
        case DataType::Bool:
            mark_unequal(column->values<std::uint8_t>().data(), column->size(), changed.data());
            break;
        case DataType::Int:
            mark_unequal(column->values<std::int32_t>().data(), column->size(), changed.data());
            break;
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            mark_unequal(column->values<std::int64_t>().data(), column->size(), changed.data());
            break;
        default:
            return false;
    }
    if (!column->nulls().empty()) {
        mark_unequal(column->nulls().data(), column->size(), changed.data());
    }
    return true;
}

std::uint64_t hash_words(const std::uint64_t* row, std::size_t stride) {
    std::uint64_t h = 0;
    for (std::size_t w = 0; w < stride; ++w) {
        h = mix(h ^ row[w]);
    }
    return h;
}

void hash_rows(const std::vector<std::uint64_t>& words, std::size_t stride, std::uint32_t rows,
               std::vector<std::uint64_t>& hashes) {
    hashes.resize(rows);
    const std::uint64_t* row = words.data();
    for (std::uint32_t i = 0; i < rows; ++i, row += stride) {
        hashes[i] = hash_words(row, stride);
    }
}

}  // namespace qd::kql
