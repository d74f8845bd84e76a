// Pattern matching by backtracking: bind the variables in the order of the patterns, follow the
// adjacency lists, undo. Predicates over one variable come in as masks, so a wrong start or a wrong
// edge ends a branch at once.
//
// Shortest paths run the same search, but over the breadth-first levels of each start when paths
// of one edge are allowed (a longer way to a node is never looked at); otherwise all paths within
// the length are found and the shortest of each pair of ends are kept.
#include "exec/graph_search.h"

#include <algorithm>
#include <map>

namespace qd::kql {

namespace {

constexpr std::uint32_t kFree = 0xffffffff;

class Search {
  public:
    Search(const GraphMatchOp& op, const Graph& graph, const MatchMasks& masks,
           const QueryContext& query)
        : op_(op), graph_(graph), masks_(masks), query_(query) {
        bound_.assign(op.variables.size(), kFree);
        paths_.resize(op.variables.size());
        matches_.columns.resize(op.variables.size());
    }

    Result<Matches> run() {
        QD_CHECK_OK(match(0));
        if (op_.shortest) {
            keep_shortest();
        }
        return std::move(matches_);
    }

  private:
    struct Path {
        std::vector<std::uint32_t> edges;
        std::vector<std::uint32_t> nodes;  // reached after each edge
    };

    static bool allowed(const std::vector<std::uint8_t>& mask, std::uint32_t row) {
        return mask.empty() || mask[row] != 0;
    }

    Status step() {
        if (++steps_ % 65536 == 0) {
            QD_CHECK_OK(query_.check());
            if (steps_ > kStepsMax) {
                return Error(Code::ResourceExhausted, "KQL0611",
                             "graph-match looked at too many paths; bound the lengths or filter "
                             "the nodes and edges");
            }
        }
        return ok_status();
    }

    Status match(std::size_t at) {
        if (at == op_.items.size()) {
            return emit();
        }
        const GraphItem& item = op_.items[at];
        if (item.is_edge) {
            return op_.variables[item.variable].variable_length ? match_path(at, item)
                                                                : match_edge(at, item);
        }
        if (bound_[item.variable] != kFree) {
            return match(at + 1);
        }
        for (std::uint32_t n = 0; n < graph_.nodes.rows; ++n) {
            if (!allowed(masks_.of_variable[item.variable], n)) {
                continue;
            }
            QD_CHECK_OK(step());
            bound_[item.variable] = n;
            level_start_ = kFree;
            QD_CHECK_OK(match(at + 1));
        }
        bound_[item.variable] = kFree;
        return ok_status();
    }

    // Calls visit(edge, other node) for the edges of a node in the item's directions.
    template <typename Visit>
    Status neighbours(const GraphItem& item, std::uint32_t node, const Visit& visit) {
        if (item.forward) {
            for (const std::uint32_t e : graph_.leaving(node)) {
                QD_CHECK_OK(visit(e, graph_.target[e]));
            }
        }
        if (item.backward) {
            for (const std::uint32_t e : graph_.entering(node)) {
                if (!item.forward || graph_.source[e] != node) {
                    QD_CHECK_OK(visit(e, graph_.source[e]));
                }
            }
        }
        return ok_status();
    }

    // Binds the right end and goes on; leaves it as it was.
    Status with_right(std::size_t at, const GraphItem& item, std::uint32_t node) {
        const std::uint32_t before = bound_[item.right];
        if (before != kFree) {
            return before == node ? match(at + 1) : ok_status();
        }
        if (!allowed(masks_.of_variable[item.right], node)) {
            return ok_status();
        }
        bound_[item.right] = node;
        const Status status = match(at + 1);
        bound_[item.right] = kFree;
        return status;
    }

    Status match_edge(std::size_t at, const GraphItem& item) {
        const std::uint32_t fixed = bound_[item.variable];
        return neighbours(item, bound_[item.left],
                          [&](std::uint32_t edge, std::uint32_t node) -> Status {
                              QD_CHECK_OK(step());
                              if (!allowed(masks_.of_variable[item.variable], edge) ||
                                  (fixed != kFree && fixed != edge)) {
                                  return ok_status();
                              }
                              bound_[item.variable] = edge;
                              Status status = with_right(at, item, node);
                              bound_[item.variable] = fixed;
                              return status;
                          });
    }

    Status match_path(std::size_t at, const GraphItem& item) {
        Path& path = paths_[item.variable];
        path = {};
        if (op_.shortest && item.length_min <= 1) {
            find_levels(item);
        }
        if (item.length_min == 0) {
            QD_CHECK_OK(with_right(at, item, bound_[item.left]));
        }
        Status status = extend(at, item, bound_[item.left]);
        paths_[item.variable] = {};
        return status;
    }

    Status extend(std::size_t at, const GraphItem& item, std::uint32_t from) {
        Path& path = paths_[item.variable];
        if (path.edges.size() >= item.length_max) {
            return ok_status();
        }
        // A node is passed through only when it may stand between.
        if (!path.nodes.empty() && !allowed(masks_.inner[item.variable], from)) {
            return ok_status();
        }
        return neighbours(item, from, [&](std::uint32_t edge, std::uint32_t node) -> Status {
            QD_CHECK_OK(step());
            if (!allowed(masks_.of_variable[item.variable], edge) ||
                repeats(path, edge, node, bound_[item.left])) {
                return ok_status();
            }
            const bool levels = level_start_ == bound_[item.left];
            if (levels && level_[node] != path.edges.size() + 1) {
                return ok_status();
            }
            path.edges.push_back(edge);
            path.nodes.push_back(node);
            if (path.edges.size() >= item.length_min) {
                const Path kept = path;  // later items may use the same variable's slot
                QD_CHECK_OK(with_right(at, item, node));
                path = kept;
            }
            QD_CHECK_OK(extend(at, item, node));
            path.edges.pop_back();
            path.nodes.pop_back();
            return ok_status();
        });
    }

    bool repeats(const Path& path, std::uint32_t edge, std::uint32_t node,
                 std::uint32_t start) const {
        switch (op_.cycles) {
            case GraphCycles::All:
                return false;
            case GraphCycles::UniqueEdges:
                return std::find(path.edges.begin(), path.edges.end(), edge) != path.edges.end();
            case GraphCycles::None:
                return node == start ||
                       std::find(path.nodes.begin(), path.nodes.end(), node) != path.nodes.end();
        }
        return false;
    }

    // Breadth-first distances from the path's start over allowed edges and inner nodes.
    void find_levels(const GraphItem& item) {
        const std::uint32_t start = bound_[item.left];
        if (level_start_ == start) {
            return;
        }
        level_start_ = start;
        level_.assign(graph_.nodes.rows, kFree);
        std::vector<std::uint32_t> frontier = {start};
        for (std::uint32_t depth = 1; depth <= item.length_max && !frontier.empty(); ++depth) {
            std::vector<std::uint32_t> next;
            for (const std::uint32_t from : frontier) {
                if (depth > 1 && !allowed(masks_.inner[item.variable], from)) {
                    continue;
                }
                neighbours(item, from, [&](std::uint32_t edge, std::uint32_t node) -> Status {
                    if (allowed(masks_.of_variable[item.variable], edge) && level_[node] == kFree) {
                        level_[node] = depth;
                        next.push_back(node);
                    }
                    return ok_status();
                }).ignore("the visitor has no way to fail");
            }
            frontier = std::move(next);
        }
    }

    Status emit() {
        if (matches_.count >= kMatchesMax) {
            return Error(Code::ResourceExhausted, "KQL0612", "graph-match has too many matches");
        }
        for (std::size_t v = 0; v < op_.variables.size(); ++v) {
            MatchColumn& column = matches_.columns[v];
            if (!op_.variables[v].variable_length) {
                column.rows.push_back(bound_[v]);
                continue;
            }
            const Path& path = paths_[v];
            column.edges.insert(column.edges.end(), path.edges.begin(), path.edges.end());
            column.edge_begin.push_back(static_cast<std::uint32_t>(column.edges.size()));
            if (!path.nodes.empty()) {
                column.inner.insert(column.inner.end(), path.nodes.begin(), path.nodes.end() - 1);
            }
            column.inner_begin.push_back(static_cast<std::uint32_t>(column.inner.size()));
        }
        ++matches_.count;
        return ok_status();
    }

    // Of each pair of ends the matches with the fewest edges: all of them, or the first.
    void keep_shortest() {
        std::size_t first_node = 0;
        std::size_t last_node = 0;
        for (const GraphItem& item : op_.items) {
            last_node = item.is_edge ? item.right : item.variable;
        }
        first_node = op_.items.front().variable;
        std::vector<std::size_t> lengths(matches_.count, 0);
        for (std::size_t v = 0; v < op_.variables.size(); ++v) {
            const auto& begin = matches_.columns[v].edge_begin;
            for (std::uint32_t m = 0; m < matches_.count; ++m) {
                lengths[m] += op_.variables[v].variable_length ? begin[m + 1] - begin[m] : 0;
            }
        }
        std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> least;
        const auto ends = [&](std::uint32_t m) {
            return std::pair(matches_.columns[first_node].rows[m],
                             matches_.columns[last_node].rows[m]);
        };
        for (std::uint32_t m = 0; m < matches_.count; ++m) {
            const auto it = least.try_emplace(ends(m), lengths[m]).first;
            it->second = std::min(it->second, lengths[m]);
        }
        Matches kept;
        kept.columns.resize(op_.variables.size());
        for (std::uint32_t m = 0; m < matches_.count; ++m) {
            auto& length = least[ends(m)];
            if (lengths[m] != length) {
                continue;
            }
            if (!op_.all_shortest) {
                length = static_cast<std::size_t>(-1);  // the others do not count any more
            }
            copy_match(m, kept);
        }
        matches_ = std::move(kept);
    }

    void copy_match(std::uint32_t m, Matches& to) const {
        for (std::size_t v = 0; v < op_.variables.size(); ++v) {
            const MatchColumn& from = matches_.columns[v];
            MatchColumn& column = to.columns[v];
            if (!op_.variables[v].variable_length) {
                column.rows.push_back(from.rows[m]);
                continue;
            }
            column.edges.insert(column.edges.end(), from.edges.begin() + from.edge_begin[m],
                                from.edges.begin() + from.edge_begin[m + 1]);
            column.edge_begin.push_back(static_cast<std::uint32_t>(column.edges.size()));
            column.inner.insert(column.inner.end(), from.inner.begin() + from.inner_begin[m],
                                from.inner.begin() + from.inner_begin[m + 1]);
            column.inner_begin.push_back(static_cast<std::uint32_t>(column.inner.size()));
        }
        ++to.count;
    }

    const GraphMatchOp& op_;
    const Graph& graph_;
    const MatchMasks& masks_;
    const QueryContext& query_;
    std::vector<std::uint32_t> bound_;
    std::vector<Path> paths_;
    std::vector<std::uint32_t> level_;
    std::uint32_t level_start_ = kFree;
    std::uint64_t steps_ = 0;
    Matches matches_;
};

}  // namespace

Result<Matches> search_graph(const GraphMatchOp& op, const Graph& graph, const MatchMasks& masks,
                             const QueryContext& query) {
    return Search(op, graph, masks, query).run();
}

}  // namespace qd::kql
