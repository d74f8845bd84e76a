#pragma once

#include "extent/format.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace qd::workspace::internal {

/// One column of an extent to be, as it comes: pieces of one type, any layouts.
struct ColumnInput {
    std::string name;
    columns::DataType type = columns::DataType::String;
    std::vector<columns::ColumnPtr> pieces;
};

struct EncodedColumn {
    ExtentColumn column;  // block offsets count from the start of `bytes`
    std::string bytes;
};

/// Row i of the result is row order[i] of the pieces laid end to end; rows may be left out; an
/// empty order keeps them as they are. Threads: pure.
EncodedColumn encode_column(const ColumnInput& input, std::span<const std::uint32_t> order,
                            std::span<const std::uint32_t> group_rows);

}  // namespace qd::workspace::internal
