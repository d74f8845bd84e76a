#pragma once

#include "qd/columns/column.h"

#include <cstdint>
#include <string>

namespace qd::query {

/// How a dynamic cell is written: inline JSON (Kusto) or JSON text in a string (Log Analytics).
enum class DynamicCells : std::uint8_t { Inline, Text };

/// Appends one cell. Numbers as JSON numbers (a long beyond 2^53 too), decimal as a string,
/// datetime with a trimmed fraction, timespan and guid as text, NaN and infinities as strings,
/// null as null; a string is never null.
void append_cell(std::string& out, const columns::Column& column, std::uint32_t row,
                 DynamicCells dynamic);

/// Appends "[cell,cell],[…]" for all rows of the chunks; `first` says whether a comma must come
/// before the next row and is kept up to date.
void append_rows(std::string& out, const std::vector<columns::Chunk>& chunks, DynamicCells dynamic,
                 bool& first);

}  // namespace qd::query
