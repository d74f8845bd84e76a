#pragma once

#include "qd/base/result.h"
#include "table_data.h"

#include <cstdint>
#include <span>
#include <vector>

/// Rows on their way into a new extent.
namespace qd::workspace::internal {

/// The order that sorts rows by time, stable; empty when they are sorted and all are kept. Rows
/// received before `hidden_before` are left out; `rows` becomes the number that is kept.
std::vector<std::uint32_t> time_order(const std::vector<ColumnInput>& inputs,
                                      std::int64_t hidden_before, std::uint64_t& rows);
/// Columns united by name.
std::vector<ColumnInput> inputs_of_batches(std::span<const HeadBatchPtr> batches);
/// Errors: DataLoss WSP0010.
Result<std::vector<ColumnInput>> inputs_of_extents(const std::vector<ExtentPtr>& extents);

}  // namespace qd::workspace::internal
