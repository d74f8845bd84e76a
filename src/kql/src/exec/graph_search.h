#pragma once

#include "exec/graph.h"
#include "exec/runtime.h"

#include <cstdint>
#include <vector>

namespace qd::kql {

/// Rows of one node, edge or path variable, one entry a match.
struct MatchColumn {
    std::vector<std::uint32_t> rows;  // nodes and single edges
    // Variable-length edges: the edges and the nodes between them.
    std::vector<std::uint32_t> edge_begin = {0};
    std::vector<std::uint32_t> edges;
    std::vector<std::uint32_t> inner_begin = {0};
    std::vector<std::uint32_t> inner;
};

struct Matches {
    std::vector<MatchColumn> columns;  // per variable
    std::uint32_t count = 0;
};

/// What single variables must satisfy: 1 where a row may be bound; empty: anything.
struct MatchMasks {
    std::vector<std::vector<std::uint8_t>> of_variable;  // nodes, edges, edges of a path
    std::vector<std::vector<std::uint8_t>> inner;        // nodes between, per path variable
};

/// All bindings of the patterns.
/// Errors: ResourceExhausted above kMatchesMax or kStepsMax; Cancelled.
Result<Matches> search_graph(const GraphMatchOp& op, const Graph& graph, const MatchMasks& masks,
                             const QueryContext& query);

inline constexpr std::uint32_t kMatchesMax = 10'000'000;
inline constexpr std::uint64_t kStepsMax = 2'000'000'000;

}  // namespace qd::kql
