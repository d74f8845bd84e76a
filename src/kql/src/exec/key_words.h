#pragma once

#include "exec/byte_numbers.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <string_view>
#include <vector>

/// Cells of key columns as 64-bit words, a row of words a row (grouper.h).
namespace qd::kql {

using columns::ColumnPtr;
using columns::DataType;

/// Numbers of a dictionary's entries, kept from chunk to chunk; kNone where not looked up yet.
struct DictionaryNumbers {
    ColumnPtr dictionary;
    std::vector<std::uint32_t> numbers;
};

/// Some rows of a chunk: the first `count`, or those listed.
struct RowChoice {
    std::uint32_t count = 0;
    const std::uint32_t* listed = nullptr;
    std::uint32_t at(std::uint32_t i) const { return listed != nullptr ? listed[i] : i; }
};

/// Where the words of one key go: word i at out[i * stride]; a null cell has the word 0 and its bit
/// set at nulls[i * stride].
struct WordColumn {
    std::uint64_t* out = nullptr;
    std::uint64_t* nulls = nullptr;
    std::size_t stride = 0;
    std::uint64_t null_bit = 0;
};

/// The word of a value that has no number.
inline constexpr std::uint64_t kUnknownWord = ~std::uint64_t{0};

/// Texts, dynamics, guids and decimals get numbers; other values are their own words.
bool is_numbered(DataType type);
/// The words of a column whose values are their own: equal values, equal words.
void own_words(const ColumnPtr& column, RowChoice rows, const WordColumn& to);
/// The words of a numbered column: new values get numbers.
void number_words(const ColumnPtr& column, RowChoice rows, const WordColumn& to,
                  std::vector<DictionaryNumbers>& kept, ByteNumbers& numbers);
/// The same with the numbers there are: kUnknownWord for other values.
void find_words(const ColumnPtr& column, RowChoice rows, const WordColumn& to,
                std::vector<DictionaryNumbers>& kept, const ByteNumbers& numbers);

/// Sets changed[i] to 1 where row i of the column is not surely equal to row i - 1. False, and
/// nothing is set, when that cannot be seen fast.
bool mark_changes(const ColumnPtr& column, std::vector<std::uint8_t>& changed);

std::uint64_t hash_words(const std::uint64_t* row, std::size_t stride);
void hash_rows(const std::vector<std::uint64_t>& words, std::size_t stride, std::uint32_t rows,
               std::vector<std::uint64_t>& hashes);
inline bool equal_words(const std::uint64_t* a, const std::uint64_t* b, std::size_t stride) {
    for (std::size_t w = 0; w < stride; ++w) {
        if (a[w] != b[w]) {
            return false;
        }
    }
    return true;
}

}  // namespace qd::kql
