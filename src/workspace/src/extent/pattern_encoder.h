#pragma once

#include "extent/column_encoder.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace qd::workspace::internal {

/// Texts or variants that follow patterns, as log messages do: appends a part a row group and the
/// dictionary of words to `out`. False, with nothing appended, when they do not follow patterns
/// well enough. `values` are the column's bytes and outlive the call; `nulls` is empty or a byte a
/// row; group_rows add up to their number.
bool encode_as_patterns(EncodedColumn& out, std::span<const std::string_view> values,
                        std::span<const std::uint8_t> nulls,
                        std::span<const std::uint32_t> group_rows);

}  // namespace qd::workspace::internal
