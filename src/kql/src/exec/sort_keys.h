#pragma once

#include "exec/evaluator.h"
#include "plan/logical_plan.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace qd::kql {

/// The numbers of `rows`' rows in the order of the keys, equal rows as they come; with a limit only
/// the first of them.
Result<std::vector<std::uint32_t>> sorted_rows(Evaluator& evaluator,
                                               const std::vector<SortKey>& keys,
                                               std::optional<std::uint64_t> limit,
                                               const columns::Chunk& rows);

}  // namespace qd::kql
