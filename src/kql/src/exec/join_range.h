#pragma once

#include "plan/logical_plan.h"

#include <optional>
#include <vector>

namespace qd::kql {

/// A column of a join's right side that the filter behind the join keeps between values of the left
/// row: `okTime between (lastFail .. lastFail + 10m)`. Rows of one key sorted by that column are
/// then found by searching, not by looking at all of them.
struct JoinRange {
    std::size_t right_column = 0;  // of the right input: long, datetime or timespan
    BoundPtr low;                  // over the left input, of the column's type; null: no border
    BoundPtr high;
};

/// The first such range among the conjuncts of a filter over the join's output, borders of one
/// column taken together. Rows outside of it do not pass; rows inside still have to be asked.
std::optional<JoinRange> find_range(const JoinOp& op, const std::vector<BoundPtr>& conjuncts);

}  // namespace qd::kql
