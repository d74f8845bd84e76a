#pragma once

#include "plan/bound_expr.h"
#include "qd/columns/type.h"
#include "qd/kql/source.h"

#include <string_view>
#include <vector>

namespace qd::kql {

/// Appends what a conjunct over the columns of `schema` lets a source skip: comparisons of a column
/// with a constant, and the words a text must hold.
void add_pruning(const columns::Schema& schema, const BoundExpr& conjunct,
                 std::vector<PruningPredicate>& pruning);

/// Whether a row for which the predicate holds satisfies the conjunct.
bool implies(const PruningPredicate& predicate, const columns::Schema& schema,
             const BoundExpr& conjunct);

}  // namespace qd::kql
