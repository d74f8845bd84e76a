#pragma once

#include "extent/format.h"
#include "qd/base/result.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace qd::workspace::internal {

/// The column's dictionary as a Flat column.
/// Errors (of both): DataLoss WSP0010 with the block.
Result<columns::ColumnPtr> decode_dictionary(std::string_view file, const ExtentColumn& column,
                                             bool verify);

/// One row group of a column. `dictionary` is needed for Codes only.
Result<columns::ColumnPtr> decode_part(std::string_view file, const ExtentColumn& column,
                                       const ColumnPart& part, std::uint32_t rows,
                                       const columns::ColumnPtr& dictionary, bool verify);

/// Rows (ascending) of a row group whose text is `text`; nothing when the encoding cannot tell
/// without unpacking each.
Result<std::optional<std::vector<std::uint32_t>>> find_equal(std::string_view file,
                                                             const ExtentColumn& column,
                                                             const ColumnPart& part,
                                                             std::uint32_t rows,
                                                             std::string_view text, bool verify);

/// Some rows (ascending) of a row group: only what lies at them is unpacked where few are wanted
/// and the encoding allows it.
Result<columns::ColumnPtr> decode_rows(std::string_view file, const ExtentColumn& column,
                                       const ColumnPart& part, std::uint32_t part_rows,
                                       const columns::ColumnPtr& dictionary,
                                       std::span<const std::uint32_t> rows, bool verify);

}  // namespace qd::workspace::internal
