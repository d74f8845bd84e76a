// Building a graph: the nodes of all tables under one numbering, in the order they are met, nodes
// that only edges know behind them; then the stages (components, filters) in their order. Degrees
// and adjacency are computed last, over what is left. O(nodes + edges).
#include "exec/graph.h"

#include "dynamic_bytes.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <unordered_map>

namespace qd::kql {

namespace {

using columns::Chunk;
using columns::ColumnBuilder;
using columns::Table;

class NodeNumbers {
  public:
    /// The node of a key, and whether it is new.
    std::pair<std::uint32_t, bool> number(const std::string& key) {
        const auto [it, fresh] =
            numbers_.try_emplace(key, static_cast<std::uint32_t>(numbers_.size()));
        return {it->second, fresh};
    }

  private:
    std::unordered_map<std::string, std::uint32_t> numbers_;
};

void append_key(std::string& key, const columns::Column& column, std::uint32_t row) {
    append_cell_as_variant(key, column, row);
}

// The columns of node_schema that hold data (all but component ids and degrees).
class GraphBuilder {
  public:
    GraphBuilder(const GraphOp& op, std::span<const Table> tables) : op_(op), tables_(tables) {
        for (const columns::Field& f : op.node_schema.fields) {
            builders_.emplace_back(f.type);
        }
    }

    Result<Graph> run() {
        QD_TRY(graph_.edges, whole_table(op_.edge_schema, tables_[0]));
        const columns::Field& id = op_.edge_schema[op_.source];
        ids_.emplace_back(id.type);
        for (std::size_t t = 1; t < tables_.size(); ++t) {
            QD_CHECK_OK(add_nodes(tables_[t], op_.node_keys[t - 1]));
        }
        for (std::uint32_t row = 0; row < graph_.edges.rows; ++row) {
            graph_.source.push_back(end_of(row, op_.source));
            graph_.target.push_back(end_of(row, op_.target));
        }
        graph_.nodes.schema = op_.node_schema;
        graph_.nodes.rows = count_;
        for (ColumnBuilder& b : builders_) {
            graph_.nodes.columns.push_back(b.finish());
        }
        graph_.node_ids = ids_[0].finish();
        return std::move(graph_);
    }

  private:
    Status add_nodes(const Table& table, std::size_t key_column) {
        QD_TRY(const WholeTable whole, whole_table(table.schema, table));
        const std::string& key_name = op_.node_schema[key_column].name;
        const std::size_t key_at = *table.schema.index_of(key_name);
        const ColumnPtr keys = cast_column(whole.columns[key_at], ids_[0].type());
        std::vector<std::size_t> from(builders_.size(), table.schema.size());
        for (std::size_t c = 0; c < builders_.size(); ++c) {
            const auto at = table.schema.index_of(op_.node_schema[c].name);
            if (at && table.schema[*at].type == builders_[c].type()) {
                from[c] = *at;
            }
        }
        for (std::uint32_t row = 0; row < whole.rows; ++row) {
            std::string key;
            append_key(key, *keys, row);
            for (const auto& pair : op_.partition) {
                if (from[pair.second] < table.schema.size()) {
                    append_key(key, *whole.columns[from[pair.second]], row);
                }
            }
            if (!numbers_.number(key).second) {
                continue;
            }
            for (std::size_t c = 0; c < builders_.size(); ++c) {
                if (from[c] < table.schema.size()) {
                    builders_[c].append_from(*whole.columns[from[c]], row);
                } else {
                    builders_[c].append_null();
                }
            }
            ids_[0].append_from(*keys, row);
            ++count_;
        }
        return ok_status();
    }

    // The node at one end of an edge, made when no table knows it.
    std::uint32_t end_of(std::uint32_t row, std::size_t column) {
        const columns::Column& ids = *graph_.edges.columns[column];
        std::string key;
        append_key(key, ids, row);
        for (const auto& pair : op_.partition) {
            append_key(key, *graph_.edges.columns[pair.first], row);
        }
        const auto [node, fresh] = numbers_.number(key);
        if (!fresh) {
            return node;
        }
        const std::size_t id_column = op_.id_column.value_or(
            op_.node_keys.empty() ? builders_.size() : op_.node_keys.front());
        for (std::size_t c = 0; c < builders_.size(); ++c) {
            if (c == id_column && builders_[c].type() == ids.type()) {
                builders_[c].append_from(ids, row);
                continue;
            }
            bool set = false;
            for (const auto& pair : op_.partition) {
                if (pair.second == c &&
                    builders_[c].type() == graph_.edges.columns[pair.first]->type()) {
                    builders_[c].append_from(*graph_.edges.columns[pair.first], row);
                    set = true;
                    break;
                }
            }
            if (!set) {
                builders_[c].append_null();
            }
        }
        ids_[0].append_from(ids, row);
        ++count_;
        return node;
    }

    const GraphOp& op_;
    std::span<const Table> tables_;
    Graph graph_;
    NodeNumbers numbers_;
    std::vector<ColumnBuilder> builders_;
    std::vector<ColumnBuilder> ids_;  // one: the ids of the nodes
    std::uint32_t count_ = 0;
};

std::vector<std::uint32_t> weak_components(const Graph& graph) {
    std::vector<std::uint32_t> parent(graph.nodes.rows);
    std::iota(parent.begin(), parent.end(), 0U);
    const auto root = [&](std::uint32_t n) {
        while (parent[n] != n) {
            parent[n] = parent[parent[n]];
            n = parent[n];
        }
        return n;
    };
    for (std::size_t e = 0; e < graph.source.size(); ++e) {
        const std::uint32_t a = root(graph.source[e]);
        const std::uint32_t b = root(graph.target[e]);
        parent[std::max(a, b)] = std::min(a, b);
    }
    std::vector<std::uint32_t> of_node(graph.nodes.rows);
    for (std::uint32_t n = 0; n < graph.nodes.rows; ++n) {
        of_node[n] = root(n);
    }
    return of_node;
}

// Two depth-first searches without recursion (Kosaraju).
std::vector<std::uint32_t> strong_components(const Graph& graph) {
    const std::uint32_t n = graph.nodes.rows;
    std::vector<std::vector<std::uint32_t>> out(n);
    std::vector<std::vector<std::uint32_t>> in(n);
    for (std::size_t e = 0; e < graph.source.size(); ++e) {
        out[graph.source[e]].push_back(graph.target[e]);
        in[graph.target[e]].push_back(graph.source[e]);
    }
    std::vector<std::uint8_t> seen(n, 0);
    std::vector<std::uint32_t> order;
    for (std::uint32_t first = 0; first < n; ++first) {
        std::vector<std::pair<std::uint32_t, std::size_t>> stack;
        if (seen[first] == 0) {
            seen[first] = 1;
            stack.emplace_back(first, 0);
        }
        while (!stack.empty()) {
            auto& [node, next] = stack.back();
            if (next < out[node].size()) {
                const std::uint32_t to = out[node][next++];
                if (seen[to] == 0) {
                    seen[to] = 1;
                    stack.emplace_back(to, 0);
                }
                continue;
            }
            order.push_back(node);
            stack.pop_back();
        }
    }
    std::vector<std::uint32_t> of_node(n, n);
    for (auto it = order.rbegin(); it != order.rend(); ++it) {
        std::vector<std::uint32_t> stack;
        if (of_node[*it] == n) {
            of_node[*it] = *it;
            stack.push_back(*it);
        }
        while (!stack.empty()) {
            const std::uint32_t node = stack.back();
            stack.pop_back();
            for (const std::uint32_t from : in[node]) {
                if (of_node[from] == n) {
                    of_node[from] = *it;
                    stack.push_back(from);
                }
            }
        }
    }
    return of_node;
}

// Numbers 0, 1, … in the order the components are first met.
ColumnPtr component_column(const std::vector<std::uint32_t>& of_node) {
    ColumnBuilder out(DataType::Long);
    std::unordered_map<std::uint32_t, std::int64_t> numbers;
    for (const std::uint32_t c : of_node) {
        out.append_int(
            numbers.try_emplace(c, static_cast<std::int64_t>(numbers.size())).first->second);
    }
    return out.finish();
}

void keep_edges(Graph& graph, const std::vector<std::uint32_t>& rows) {
    for (ColumnPtr& c : graph.edges.columns) {
        c = columns::gather(c, rows);
    }
    graph.edges.rows = static_cast<std::uint32_t>(rows.size());
    std::vector<std::uint32_t> source;
    std::vector<std::uint32_t> target;
    for (const std::uint32_t e : rows) {
        source.push_back(graph.source[e]);
        target.push_back(graph.target[e]);
    }
    graph.source = std::move(source);
    graph.target = std::move(target);
}

void keep_nodes(Graph& graph, const std::vector<std::uint8_t>& kept) {
    std::vector<std::uint32_t> rows;
    std::vector<std::uint32_t> number(kept.size(), 0);
    for (std::uint32_t n = 0; n < kept.size(); ++n) {
        if (kept[n] != 0) {
            number[n] = static_cast<std::uint32_t>(rows.size());
            rows.push_back(n);
        }
    }
    for (ColumnPtr& c : graph.nodes.columns) {
        c = columns::gather(c, rows);
    }
    graph.node_ids = columns::gather(graph.node_ids, rows);
    graph.nodes.rows = static_cast<std::uint32_t>(rows.size());
    std::vector<std::uint32_t> edges;
    for (std::uint32_t e = 0; e < graph.source.size(); ++e) {
        if (kept[graph.source[e]] != 0 && kept[graph.target[e]] != 0) {
            edges.push_back(e);
        }
    }
    keep_edges(graph, edges);
    for (std::uint32_t& n : graph.source) {
        n = number[n];
    }
    for (std::uint32_t& n : graph.target) {
        n = number[n];
    }
}

void list_edges(const std::vector<std::uint32_t>& ends, std::uint32_t nodes,
                std::vector<std::uint32_t>& begin, std::vector<std::uint32_t>& edges) {
    begin.assign(nodes + 1, 0);
    for (const std::uint32_t n : ends) {
        ++begin[n + 1];
    }
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    edges.resize(ends.size());
    std::vector<std::uint32_t> next(begin.begin(), begin.end() - 1);
    for (std::uint32_t e = 0; e < ends.size(); ++e) {
        edges[next[ends[e]]++] = e;
    }
}

ColumnPtr degrees(const std::vector<std::uint32_t>& begin) {
    ColumnBuilder out(DataType::Long);
    for (std::size_t n = 0; n + 1 < begin.size(); ++n) {
        out.append_int(begin[n + 1] - begin[n]);
    }
    return out.finish();
}

void finish(Graph& graph) {
    list_edges(graph.source, graph.nodes.rows, graph.out_begin, graph.out_edges);
    list_edges(graph.target, graph.nodes.rows, graph.in_begin, graph.in_edges);
    const std::size_t width = graph.nodes.columns.size();
    graph.nodes.columns[width - 2] = degrees(graph.in_begin);
    graph.nodes.columns[width - 1] = degrees(graph.out_begin);
}

}  // namespace

Chunk chunk_of(const WholeTable& table) {
    return Chunk{table.columns, table.rows};
}

Result<std::vector<std::uint8_t>> mask_of(const BoundPtr& predicate, const WholeTable& table,
                                          const EvalContext& context) {
    std::vector<std::uint8_t> mask(table.rows, 0);
    Evaluator evaluator(context);
    const Chunk chunk = chunk_of(table);
    evaluator.begin_chunk();
    QD_TRY(const std::vector<std::uint32_t> rows, evaluator.select({predicate}, chunk));
    for (const std::uint32_t row : rows) {
        mask[row] = 1;
    }
    return mask;
}

Result<Graph> build_graph(const GraphOp& op, std::span<const Table> tables,
                          const EvalContext& context) {
    QD_TRY(Graph graph, GraphBuilder(op, tables).run());
    finish(graph);
    // Component columns stand before the two degrees, in the order of the stages.
    std::size_t components = 0;
    for (const GraphOp::Stage& s : op.stages) {
        components += s.kind == GraphOp::Stage::Kind::Components ? 1U : 0U;
    }
    std::size_t column = op.node_schema.size() - 2 - components;
    for (const GraphOp::Stage& stage : op.stages) {
        switch (stage.kind) {
            case GraphOp::Stage::Kind::Components:
                graph.nodes.columns[column++] = component_column(
                    stage.strong ? strong_components(graph) : weak_components(graph));
                break;
            case GraphOp::Stage::Kind::FilterNodes: {
                QD_TRY(const auto kept, mask_of(stage.predicate, graph.nodes, context));
                keep_nodes(graph, kept);
                break;
            }
            case GraphOp::Stage::Kind::FilterEdges: {
                QD_TRY(const auto kept, mask_of(stage.predicate, graph.edges, context));
                std::vector<std::uint32_t> rows;
                for (std::uint32_t e = 0; e < kept.size(); ++e) {
                    if (kept[e] != 0) {
                        rows.push_back(e);
                    }
                }
                keep_edges(graph, rows);
                break;
            }
        }
        finish(graph);
    }
    return graph;
}

}  // namespace qd::kql
