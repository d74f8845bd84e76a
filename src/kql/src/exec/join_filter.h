#pragma once

#include "exec/grouper.h"
#include "plan/logical_plan.h"

#include <memory>

/// A join whose left side is small looks at few rows of its right side: those are found where the
/// right side is read, before its other columns are.
namespace qd::kql {

/// Whether the join gives nothing for right rows without a partner, and its left side is one that
/// makes few rows of many (a summarize, a take, rows written in the query), so that it is worth
/// running it first.
bool left_side_first(const JoinOp& op);

/// The right side without the rows whose keys are not among the left side's.
PlanPtr matching_only(const JoinOp& op, std::shared_ptr<const Grouper> left_keys);

}  // namespace qd::kql
