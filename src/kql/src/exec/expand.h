#pragma once

#include "exec/evaluator.h"
#include "plan/logical_plan.h"

#include <cstdint>
#include <vector>

namespace qd::kql {

/// What a chunk expands to, and which of its rows each new row comes from (ascending).
struct Expanded {
    columns::Chunk rows;
    std::vector<std::uint32_t> source_rows;
};

/// Rules: kql.md b.32. Several columns go in step, shorter ones padded with null.
Result<Expanded> expand_chunk(const MvExpandOp& op, Evaluator& evaluator,
                              const columns::Chunk& chunk);

}  // namespace qd::kql
