#pragma once

#include "plan/logical_plan.h"

namespace qd::kql {

/// The same rows by less work: neighbouring filters merge and move below projections towards the
/// scan, where they also become pruning predicates; only the columns that are needed are read;
/// sort followed by take keeps the first rows only; take tells the scan how many rows it wants.
PlanPtr optimise(const PlanPtr& plan);

}  // namespace qd::kql
