#pragma once

#include "extent/text_search.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What a row group's texts hold, beside them: so that a search need not touch row groups, or even
/// rows, without what it looks for. docs/internals/extents.md describes the bytes.
namespace qd::workspace::internal {

/// A split-block Bloom filter over whole texts (Putze, Sanders, Singler 2007; the layout is that of
/// Parquet's), for columns of ids. Empty texts are left out.
std::string build_value_filter(std::span<const std::string_view> texts);

/// Which words are there at all (a filter), and the rows of those that are neither in nearly none
/// nor in too many. A word is a token of ASCII letters and digits that cannot be a number in
/// decimal or hexadecimal: those would be too many. `plain(row)`: the row's text is at hand; other
/// rows, and rows with bytes beyond ASCII, are candidates of every search. Empty when the texts
/// hold more words than rows.
std::string build_term_index(std::span<const std::string_view> texts,
                             const std::function<bool(std::uint32_t)>& plain);

/// False: none of the row group's texts is `text`. `bytes`: of either kind.
/// Bytes that are no index (checksums aside) say nothing.
bool may_hold_text(std::string_view bytes, std::string_view text);

/// The rows that hold a whole term; nothing when the index does not tell. Other rows of the `rows`
/// in the group do not hold it. Bytes that are no index tell nothing.
std::optional<TextRows> find_term(std::string_view bytes, const TextNeedle& needle,
                                  std::uint32_t rows);

}  // namespace qd::workspace::internal
