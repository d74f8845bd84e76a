// The order of rows by several keys.
//
// Every key that can be is turned into whole numbers that sort as the key wants: numbers and times
// by their distance from the least (or greatest) one, texts by their rank among the distinct texts.
// When the numbers of all keys fit 64 bits side by side (a user and a time of two weeks do), rows
// are ordered by one such word with a radix sort; otherwise by comparing key after key.
// Source of the order of missing values: kql.md b.28. Complexity: O(n) passes, or O(n log n).
#include "exec/sort_keys.h"

#include "exec/byte_numbers.h"
#include "exec/rows.h"
#include "qd/columns/compare.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <string_view>

namespace qd::kql {

using columns::Chunk;
using columns::Layout;

namespace {

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

/// One key as numbers, smaller first. Exact: equal numbers are equal keys.
struct KeyNumbers {
    ColumnPtr column;
    std::vector<std::uint64_t> numbers;  // empty: compared by value
    std::uint64_t greatest = 0;
    bool exact = true;
};

struct Raw {
    std::uint64_t value = 0;
    bool null = false;
    bool nan = false;
};

Raw raw_at(const columns::Column& column, std::uint32_t row) {
    if (column.is_null(row)) {
        return {.value = 0, .null = true};
    }
    if (column.type() == DataType::Real) {
        const double d = column.real_at(row) == 0 ? 0.0 : column.real_at(row);
        if (std::isnan(d)) {
            return {.value = 0, .null = false, .nan = true};
        }
        const auto bits = std::bit_cast<std::uint64_t>(d);
        return {.value = (bits & kSign) != 0 ? ~bits : bits | kSign};
    }
    return {.value = static_cast<std::uint64_t>(column.int_at(row)) ^ kSign};
}

/// Places 0 and 1 (or the two last) are those of null and NaN; NaN stands between the nulls and the
/// values.
void number_values(KeyNumbers& out, const SortKey& key, std::uint32_t rows) {
    const ColumnPtr flat = columns::flatten(out.column);
    std::vector<Raw> raw(rows);
    std::uint64_t least = ~std::uint64_t{0};
    std::uint64_t greatest = 0;
    for (std::uint32_t i = 0; i < rows; ++i) {
        raw[i] = raw_at(*flat, i);
        if (!raw[i].null && !raw[i].nan) {
            least = std::min(least, raw[i].value);
            greatest = std::max(greatest, raw[i].value);
        }
    }
    const std::uint64_t span = least > greatest ? 0 : greatest - least;
    // Where the values leave no room for the missing ones, the two ends are pushed together and
    // compared by value.
    constexpr std::uint64_t kSpanMax = ~std::uint64_t{0} - 4;
    out.exact = span <= kSpanMax;
    const std::uint64_t room = std::min(span, kSpanMax);
    out.greatest = room + 4;
    for (std::uint32_t i = 0; i < rows; ++i) {
        if (raw[i].null || raw[i].nan) {
            out.numbers[i] = key.nulls_first ? (raw[i].null ? 0 : 1) : room + (raw[i].null ? 4 : 3);
            continue;
        }
        const std::uint64_t away = key.descending ? greatest - raw[i].value : raw[i].value - least;
        out.numbers[i] = std::min(away, room) + 2;
    }
}

/// Ranks of texts; equal texts have equal ranks even where a dictionary holds them twice.
std::vector<std::uint32_t> ranks(const std::vector<std::string_view>& texts, bool descending) {
    std::vector<std::uint32_t> order(texts.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return descending ? texts[b] < texts[a] : texts[a] < texts[b];
    });
    std::vector<std::uint32_t> out(texts.size());
    std::uint32_t rank = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        rank += i > 0 && texts[order[i]] != texts[order[i - 1]] ? 1U : 0U;
        out[order[i]] = rank;
    }
    return out;
}

void number_texts(KeyNumbers& out, const SortKey& key, std::uint32_t rows) {
    std::vector<std::uint32_t> text_of(rows);
    std::vector<std::string_view> texts;
    ByteNumbers numbers;
    if (out.column->layout() == Layout::Dictionary) {
        const columns::Column& dictionary = *out.column->dictionary();
        const auto codes = out.column->codes();
        std::vector<std::uint32_t> known(dictionary.size(), ByteNumbers::kNone);
        for (std::uint32_t i = 0; i < rows; ++i) {
            std::uint32_t& text = known[codes[i]];
            if (text == ByteNumbers::kNone) {
                text = static_cast<std::uint32_t>(texts.size());
                texts.push_back(dictionary.bytes_at(codes[i]));
            }
            text_of[i] = text;
        }
    } else {
        const BytesRows reader(out.column);
        for (std::uint32_t i = 0; i < rows; ++i) {
            text_of[i] = numbers.add(reader.value(i));
        }
        for (std::uint32_t n = 0; n < numbers.size(); ++n) {
            texts.push_back(numbers.bytes(n));
        }
    }
    const std::vector<std::uint32_t> rank = ranks(texts, key.descending);
    for (std::uint32_t i = 0; i < rows; ++i) {
        out.numbers[i] = rank[text_of[i]];
        out.greatest = std::max(out.greatest, out.numbers[i]);
    }
}

bool has_numbers(DataType type) {
    return type != DataType::Decimal && type != DataType::Guid && type != DataType::Dynamic;
}

struct Word {
    std::uint64_t key;
    std::uint32_t row;
};

/// All keys side by side in one word a row; nothing when they do not fit.
std::optional<std::vector<Word>> pack(const std::vector<KeyNumbers>& keys, std::uint32_t rows,
                                      unsigned& bits) {
    bits = 0;
    for (const KeyNumbers& key : keys) {
        if (key.numbers.empty() || !key.exact) {
            return std::nullopt;
        }
        bits += static_cast<unsigned>(std::bit_width(key.greatest));
    }
    if (bits > 64) {
        return std::nullopt;
    }
    std::vector<Word> out(rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
        out[i].row = i;
        std::uint64_t word = 0;
        for (const KeyNumbers& key : keys) {
            const auto width = static_cast<unsigned>(std::bit_width(key.greatest));
            word = width == 64 ? key.numbers[i] : word << width | key.numbers[i];
        }
        out[i].key = word;
    }
    return out;
}

/// Stable; eleven bits a pass, passes in which all rows agree left out.
void radix_sort(std::vector<Word>& words, unsigned bits) {
    constexpr unsigned kDigit = 11;
    constexpr std::size_t kPlaces = std::size_t{1} << kDigit;
    std::vector<Word> other(words.size());
    for (unsigned shift = 0; shift < bits; shift += kDigit) {
        std::array<std::uint32_t, kPlaces> starts{};
        for (const Word& word : words) {
            ++starts[(word.key >> shift) & (kPlaces - 1)];
        }
        if (starts[(words[0].key >> shift) & (kPlaces - 1)] == words.size()) {
            continue;
        }
        std::uint32_t at = 0;
        for (std::uint32_t& start : starts) {
            const std::uint32_t count = start;
            start = at;
            at += count;
        }
        for (const Word& word : words) {
            other[starts[(word.key >> shift) & (kPlaces - 1)]++] = word;
        }
        words.swap(other);
    }
}

std::vector<std::uint32_t> by_words(std::vector<Word> words, unsigned bits,
                                    std::optional<std::uint64_t> limit) {
    const auto before = [](const Word& a, const Word& b) {
        return a.key != b.key ? a.key < b.key : a.row < b.row;
    };
    constexpr std::size_t kSmall = 256;
    if (limit && *limit < words.size()) {
        const auto middle = words.begin() + static_cast<std::ptrdiff_t>(*limit);
        std::nth_element(words.begin(), middle, words.end(), before);
        words.erase(middle, words.end());
        std::sort(words.begin(), words.end(), before);
    } else if (words.size() < kSmall) {
        std::sort(words.begin(), words.end(), before);
    } else {
        radix_sort(words, bits);
    }
    std::vector<std::uint32_t> out(words.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = words[i].row;
    }
    return out;
}

std::vector<std::uint32_t> by_comparing(const std::vector<KeyNumbers>& numbers,
                                        const std::vector<SortKey>& keys,
                                        std::optional<std::uint64_t> limit, std::uint32_t rows) {
    std::vector<std::uint32_t> order(rows);
    std::iota(order.begin(), order.end(), 0U);
    const auto before = [&](std::uint32_t a, std::uint32_t b) {
        for (std::size_t k = 0; k < keys.size(); ++k) {
            const KeyNumbers& key = numbers[k];
            if (!key.numbers.empty()) {
                if (key.numbers[a] != key.numbers[b]) {
                    return key.numbers[a] < key.numbers[b];
                }
                if (key.exact) {
                    continue;
                }
            }
            const columns::Column& column = *key.column;
            const bool null_a = column.is_null(a);
            const bool null_b = column.is_null(b);
            if (null_a || null_b) {
                if (null_a != null_b) {
                    return null_a == keys[k].nulls_first;
                }
                continue;
            }
            const int c = columns::compare_rows(column, a, column, b);
            if (c != 0) {
                return keys[k].descending ? c > 0 : c < 0;
            }
        }
        return a < b;
    };
    if (limit && *limit < order.size()) {
        const auto middle = order.begin() + static_cast<std::ptrdiff_t>(*limit);
        std::partial_sort(order.begin(), middle, order.end(), before);
        order.resize(static_cast<std::size_t>(*limit));
    } else {
        std::sort(order.begin(), order.end(), before);
    }
    return order;
}

}  // namespace

Result<std::vector<std::uint32_t>> sorted_rows(Evaluator& evaluator,
                                               const std::vector<SortKey>& keys,
                                               std::optional<std::uint64_t> limit,
                                               const Chunk& rows) {
    std::vector<KeyNumbers> numbers(keys.size());
    evaluator.begin_chunk();
    for (std::size_t k = 0; k < keys.size(); ++k) {
        QD_TRY(numbers[k].column, evaluator.evaluate(keys[k].expr, rows));
        const DataType type = numbers[k].column->type();
        if (has_numbers(type)) {
            numbers[k].numbers.resize(rows.rows);
            if (type == DataType::String) {
                number_texts(numbers[k], keys[k], rows.rows);
            } else {
                number_values(numbers[k], keys[k], rows.rows);
            }
        }
    }
    unsigned bits = 0;
    if (auto words = pack(numbers, rows.rows, bits); words && rows.rows > 0) {
        return by_words(std::move(*words), bits, limit);
    }
    return by_comparing(numbers, keys, limit, rows.rows);
}

}  // namespace qd::kql
