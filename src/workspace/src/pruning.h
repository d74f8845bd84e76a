#pragma once

#include "extent/format.h"
#include "qd/workspace/scan.h"
#include "table_data.h"

#include <vector>

/// What bounds say about a piece of a table: whether it can hold a row a scan wants.
namespace qd::workspace::internal {

/// Whether some row of the row group can satisfy the predicate.
bool part_may_match(const ExtentColumn& column, const ColumnPart& part,
                    const ScanPredicate& predicate);

/// Whether some time of an extent or batch lies in the options' range.
bool times_may_match(const Bounds& time, const ScanOptions& options);

/// The options' predicates, and their time range as predicates.
std::vector<ScanPredicate> all_predicates(const ScanOptions& options);

}  // namespace qd::workspace::internal
