// graph-match and graph-to-table as operators: build the graph, turn the predicates that concern
// one variable into masks, search, then evaluate what is left over rows of matches. Only the
// columns that `where` and `project` read are gathered.
#include "dynamic_bytes.h"
#include "exec/graph_search.h"

#include <algorithm>

namespace qd::kql {

namespace {

using columns::Chunk;
using columns::ColumnBuilder;
using columns::Table;

std::vector<bool> columns_of(const BoundExpr& expr, std::size_t width) {
    std::vector<bool> used(width, false);
    collect_columns(expr, used);
    return used;
}

// The variable whose columns alone the expression reads.
std::optional<std::size_t> only_variable(const GraphMatchOp& op, const BoundExpr& expr) {
    const std::vector<bool> used = columns_of(expr, op.first_derived + op.derived.size());
    std::optional<std::size_t> found;
    for (std::size_t c = 0; c < used.size(); ++c) {
        if (!used[c]) {
            continue;
        }
        if (c >= op.first_derived) {
            return std::nullopt;
        }
        std::size_t owner = 0;
        for (std::size_t v = 0; v < op.variables.size(); ++v) {
            const GraphVariable& variable = op.variables[v];
            const std::size_t width =
                variable.is_edge ? op.graph->edge_schema.size() : op.graph->node_schema.size();
            if (!variable.variable_length && c >= variable.first_column &&
                c < variable.first_column + width) {
                owner = v;
            }
        }
        if (found && *found != owner) {
            return std::nullopt;
        }
        found = owner;
    }
    return found;
}

void intersect(std::vector<std::uint8_t>& into, std::vector<std::uint8_t> mask) {
    if (into.empty()) {
        into = std::move(mask);
        return;
    }
    for (std::size_t i = 0; i < into.size(); ++i) {
        into[i] = into[i] != 0 && mask[i] != 0 ? 1 : 0;
    }
}

// Takes the conjuncts that become masks out of `rest`.
Result<MatchMasks> make_masks(const GraphMatchOp& op, const Graph& graph,
                              const EvalContext& context, std::vector<BoundPtr>& rest) {
    MatchMasks masks;
    masks.of_variable.resize(op.variables.size());
    masks.inner.resize(op.variables.size());
    for (const BoundPtr& conjunct : op.conjuncts) {
        if (conjunct->kind == BoundKind::Column && conjunct->column >= op.first_derived) {
            const GraphDerived& derived = op.derived[conjunct->column - op.first_derived];
            if (derived.kind == GraphDerived::Kind::All) {
                QD_TRY(auto mask,
                       mask_of(derived.expr, derived.inner_nodes ? graph.nodes : graph.edges,
                               context));
                intersect(derived.inner_nodes ? masks.inner[derived.variable]
                                              : masks.of_variable[derived.variable],
                          std::move(mask));
                continue;
            }
        }
        const auto variable = only_variable(op, *conjunct);
        if (!variable || !conjunct->deterministic) {
            rest.push_back(conjunct);
            continue;
        }
        const std::size_t first = op.variables[*variable].first_column;
        const BoundPtr moved = substitute_columns(conjunct, [first](const BoundExpr& column) {
            return make_column(column.column - first, column.type);
        });
        QD_TRY(
            auto mask,
            mask_of(moved, op.variables[*variable].is_edge ? graph.edges : graph.nodes, context));
        intersect(masks.of_variable[*variable], std::move(mask));
    }
    return masks;
}

// One derived column over all matches.
Result<ColumnPtr> derive(const GraphDerived& derived, const Graph& graph, const Matches& matches,
                         const EvalContext& context) {
    const WholeTable& table = derived.inner_nodes ? graph.nodes : graph.edges;
    Evaluator evaluator(context);
    const Chunk chunk = chunk_of(table);
    evaluator.begin_chunk();
    QD_TRY(const ColumnPtr values, evaluator.evaluate(derived.expr, chunk));
    const MatchColumn& column = matches.columns[derived.variable];
    const auto& begin = derived.inner_nodes ? column.inner_begin : column.edge_begin;
    const auto& rows = derived.inner_nodes ? column.inner : column.edges;
    const bool map = derived.kind == GraphDerived::Kind::Map;
    ColumnBuilder out(map ? DataType::Dynamic : DataType::Bool, matches.count);
    std::string bytes;
    for (std::uint32_t m = 0; m < matches.count; ++m) {
        if (map) {
            ArrayBytes array;
            for (std::uint32_t i = begin[m]; i < begin[m + 1]; ++i) {
                append_cell_as_variant(array.bytes(), *values, rows[i]);
                array.end_element();
            }
            bytes.clear();
            array.append_to(bytes);
            out.append_bytes(bytes);
            continue;
        }
        const bool all = derived.kind == GraphDerived::Kind::All;
        bool answer = all;
        for (std::uint32_t i = begin[m]; i < begin[m + 1]; ++i) {
            const bool yes = !values->is_null(rows[i]) && values->int_at(rows[i]) != 0;
            answer = all ? answer && yes : answer || yes;
        }
        out.append_bool(answer);
    }
    return out.finish();
}

// The matches as rows; columns nobody reads are constant nulls.
Result<Chunk> match_rows(const GraphMatchOp& op, const Graph& graph, const Matches& matches,
                         const std::vector<BoundPtr>& rest, const EvalContext& context) {
    std::vector<bool> used(op.first_derived + op.derived.size(), false);
    for (const auto* list : {&rest, &op.project}) {
        for (const BoundPtr& expr : *list) {
            collect_columns(*expr, used);
        }
    }
    Chunk chunk;
    chunk.rows = matches.count;
    for (std::size_t v = 0; v < op.variables.size(); ++v) {
        const GraphVariable& variable = op.variables[v];
        if (variable.variable_length) {
            continue;
        }
        const WholeTable& table = variable.is_edge ? graph.edges : graph.nodes;
        for (std::size_t c = 0; c < table.columns.size(); ++c) {
            chunk.columns.push_back(
                used[variable.first_column + c]
                    ? columns::gather(table.columns[c], matches.columns[v].rows)
                    : columns::Column::make_constant(Scalar::null_of(table.schema[c].type),
                                                     matches.count));
        }
    }
    for (std::size_t d = 0; d < op.derived.size(); ++d) {
        if (!used[op.first_derived + d]) {
            const DataType type =
                op.derived[d].kind == GraphDerived::Kind::Map ? DataType::Dynamic : DataType::Bool;
            chunk.columns.push_back(
                columns::Column::make_constant(Scalar::null_of(type), matches.count));
            continue;
        }
        QD_TRY(ColumnPtr column, derive(op.derived[d], graph, matches, context));
        chunk.columns.push_back(std::move(column));
    }
    return chunk;
}

// hash() of the ids, what graph-to-table shows for them.
Result<ColumnPtr> hashed(const ColumnPtr& ids, const EvalContext& context) {
    const Argument argument{ids->type(), nullptr, {}};
    QD_TRY(const BoundCall call, find_scalar_function("hash")->bind(std::span(&argument, 1)));
    const ColumnPtr arg = call.arg_types.empty() ? ids : cast_column(ids, call.arg_types.front());
    return call.kernel(context, std::span(&arg, 1), ids->size());
}

}  // namespace

Result<std::vector<Table>> Runtime::graph_tables(const GraphOp& op) {
    std::vector<Table> tables;
    for (const PlanPtr& input : op.inputs) {
        QD_TRY(Table table, collect(*input));
        tables.push_back(std::move(table));
    }
    return tables;
}

Result<bool> Runtime::graph_match(const GraphMatchOp& op, Sink& sink) {
    const EvalContext context = evaluation();
    QD_TRY(const std::vector<Table> tables, graph_tables(*op.graph));
    QD_TRY(const Graph graph, build_graph(*op.graph, tables, context));
    std::vector<BoundPtr> rest;
    QD_TRY(const MatchMasks masks, make_masks(op, graph, context, rest));
    QD_TRY(const Matches matches, search_graph(op, graph, masks, query_));
    QD_TRY(Chunk rows, match_rows(op, graph, matches, rest, context));
    Evaluator evaluator(context);
    if (!rest.empty()) {
        evaluator.begin_chunk();
        QD_TRY(const std::vector<std::uint32_t> kept, evaluator.select(rest, rows));
        rows = columns::gather(rows, kept);
    }
    Evaluator projector(context);
    projector.begin_chunk();
    Chunk out;
    out.rows = rows.rows;
    for (const BoundPtr& expr : op.project) {
        QD_TRY(ColumnPtr column, projector.evaluate(expr, rows));
        out.columns.push_back(std::move(column));
    }
    return emit(out, sink);
}

Result<bool> Runtime::graph_table(const GraphTableOp& op, Sink& sink) {
    const EvalContext context = evaluation();
    QD_TRY(const std::vector<Table> tables, graph_tables(*op.graph));
    QD_TRY(const Graph graph, build_graph(*op.graph, tables, context));
    Chunk out;
    if (op.nodes) {
        out.rows = graph.nodes.rows;
        if (!op.node_id.empty()) {
            QD_TRY(ColumnPtr ids, hashed(graph.node_ids, context));
            out.columns.push_back(std::move(ids));
        }
        out.columns.insert(out.columns.end(), graph.nodes.columns.begin(),
                           graph.nodes.columns.end() - 2);
        return emit(out, sink);
    }
    out.rows = graph.edges.rows;
    for (const auto& [name, column] :
         {std::pair(&op.source_id, op.graph->source), std::pair(&op.target_id, op.graph->target)}) {
        if (!name->empty()) {
            QD_TRY(ColumnPtr ids, hashed(graph.edges.columns[column], context));
            out.columns.push_back(std::move(ids));
        }
    }
    out.columns.insert(out.columns.end(), graph.edges.columns.begin(), graph.edges.columns.end());
    return emit(out, sink);
}

}  // namespace qd::kql
