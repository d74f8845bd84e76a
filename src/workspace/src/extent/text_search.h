#pragma once

#include "qd/columns/column.h"

#include <cstdint>
#include <string>
#include <vector>

/// Searching texts by their tokens instead of one by one.
namespace qd::workspace::internal {

/// ASCII letters and digits, one at least, to be found in any case: as a whole term or inside one.
struct TextNeedle {
    std::string text;  // lower case
    bool whole = true;
};

/// Rows that may hold a needle, ascending. exact: all of them do, when letters in any case count.
struct TextRows {
    std::vector<std::uint32_t> rows;
    bool exact = true;
};

/// Entries of a dictionary of words that may hold a needle, ascending.
struct WordMatches {
    std::vector<std::uint32_t> words;
    bool exact = true;
};

/// `words` may be null: no entries.
WordMatches match_words(const columns::ColumnPtr& words, const TextNeedle& needle);

}  // namespace qd::workspace::internal
