#pragma once

#include "exec/evaluator.h"
#include "plan/graph_plan.h"
#include "plugins/whole_table.h"

#include <cstdint>
#include <span>
#include <vector>

namespace qd::kql {

/// A graph in memory: nodes and edges as columns, adjacency as two compressed lists.
struct Graph {
    WholeTable nodes;  // GraphOp::node_schema
    WholeTable edges;  // GraphOp::edge_schema
    ColumnPtr node_ids;
    std::vector<std::uint32_t> source;  // node of each edge
    std::vector<std::uint32_t> target;
    /// Edges that leave (enter) a node: out_edges[out_begin[n] .. out_begin[n+1]).
    std::vector<std::uint32_t> out_begin;
    std::vector<std::uint32_t> out_edges;
    std::vector<std::uint32_t> in_begin;
    std::vector<std::uint32_t> in_edges;

    std::span<const std::uint32_t> leaving(std::uint32_t node) const {
        return std::span(out_edges).subspan(out_begin[node], out_begin[node + 1] - out_begin[node]);
    }
    std::span<const std::uint32_t> entering(std::uint32_t node) const {
        return std::span(in_edges).subspan(in_begin[node], in_begin[node + 1] - in_begin[node]);
    }
};

/// tables[0] are the edges, the rest nodes, as GraphOp::inputs.
/// Errors: ResourceExhausted when there are too many rows; what predicates of the stages fail with.
Result<Graph> build_graph(const GraphOp& op, std::span<const columns::Table> tables,
                          const EvalContext& context);

/// All rows of a table at once, for expressions over it.
columns::Chunk chunk_of(const WholeTable& table);
/// 1 where the predicate is true.
Result<std::vector<std::uint8_t>> mask_of(const BoundPtr& predicate, const WholeTable& table,
                                          const EvalContext& context);

}  // namespace qd::kql
