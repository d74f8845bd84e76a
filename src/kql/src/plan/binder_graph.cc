// make-graph, graph-match, graph-shortest-paths, graph-to-table, graph-mark-components and
// graph-where-*: names to columns. A pattern variable is a qualifier (n.name), like $left of a
// join; what is said of a variable-length edge (all(), any(), map(), e.name) is bound over the
// edges or nodes themselves and becomes a derived column of the match.
#include "constant_argument.h"
#include "plan/binder_parts.h"
#include "plan/graph_plan.h"

#include <algorithm>
#include <utility>

namespace qd::kql {

namespace {

std::shared_ptr<const GraphOp> graph_of(const PlanPtr& plan) {
    return plan != nullptr && plan->kind == OpKind::Graph
               ? std::static_pointer_cast<const GraphOp>(plan)
               : nullptr;
}

std::string parameter_text(const Operator& op, std::string_view name) {
    const OperatorParameter* p = op.parameter(name);
    return p == nullptr ? std::string() : std::string(parameter_word(*p));
}

void split_conjuncts(const BoundPtr& expr, std::vector<BoundPtr>& out) {
    if (expr->kind == BoundKind::And) {
        for (const BoundPtr& arg : expr->args) {
            split_conjuncts(arg, out);
        }
        return;
    }
    out.push_back(expr);
}

}  // namespace

struct Binder::GraphContext {
    const GraphOp* graph = nullptr;
    std::vector<GraphVariable> variables;
    std::vector<GraphDerived> derived;
    std::size_t first_derived = 0;
    /// Binding inside all(), any(), map(): bare names are columns of the edges or nodes.
    bool inside = false;
    bool inside_nodes = false;

    std::optional<std::size_t> find(std::string_view name) const {
        for (std::size_t i = 0; i < variables.size(); ++i) {
            if (!name.empty() && variables[i].name == name) {
                return i;
            }
        }
        return std::nullopt;
    }
    BoundPtr add(GraphDerived value, TextSpan span) {
        const DataType type =
            value.kind == GraphDerived::Kind::Map ? DataType::Dynamic : DataType::Bool;
        derived.push_back(std::move(value));
        return make_column(first_derived + derived.size() - 1, type, span);
    }
};

PlanPtr Binder::bind_make_graph(const MakeGraph& make, PlanPtr input) {
    auto graph = make_op<GraphOp>({input}, {}, false);
    graph->directed = make.directed;
    graph->edge_schema = input->schema;
    const auto edge_column = [&](const Name& name) -> std::size_t {
        const auto at = input->schema.index_of(name.text);
        if (!at) {
            report("SEM0100", "KS142",
                   operator_text() + "Failed to resolve column named '" + name.text + "'",
                   name.span);
        }
        return at.value_or(0);
    };
    graph->source = edge_column(make.source);
    graph->target = edge_column(make.target);
    std::vector<std::string> keys;
    for (const MakeGraph::Nodes& nodes : make.nodes) {
        const PlanPtr table = bind_table(*nodes.table);
        for (const columns::Field& f : table->schema.fields) {
            if (!graph->node_schema.index_of(f.name)) {
                graph->node_schema.fields.push_back(f);
            }
        }
        if (!table->schema.index_of(nodes.key.text)) {
            report("SEM0100", "KS142",
                   operator_text() + "Failed to resolve column named '" + nodes.key.text + "'",
                   nodes.key.span);
        }
        keys.push_back(nodes.key.text);
        graph->open = graph->open || table->open;
        graph->inputs.push_back(table);
    }
    if (failed()) {
        return unknown_table();
    }
    for (const std::string& key : keys) {
        graph->node_keys.push_back(*graph->node_schema.index_of(key));
    }
    if (make.nodes.empty()) {
        const std::string id = make.node_id ? make.node_id->text : "$node_id";
        graph->node_schema.fields.push_back({id, input->schema[graph->source].type});
        graph->id_column = 0;
    }
    for (const Name& name : make.partitioned_by) {
        const std::size_t in_edges = edge_column(name);
        const auto in_nodes = graph->node_schema.index_of(name.text);
        if (!in_nodes) {
            report("SEM0100", "KS142",
                   operator_text() + "The nodes have no column named '" + name.text + "'",
                   name.span);
            return unknown_table();
        }
        graph->partition.emplace_back(in_edges, *in_nodes);
    }
    graph->node_schema.fields.push_back({kDegreeIn, DataType::Long});
    graph->node_schema.fields.push_back({kDegreeOut, DataType::Long});
    if (make.partition_body == nullptr) {
        return graph;
    }
    contextual_input_ = graph;
    PlanPtr body = bind_query(*make.partition_body);
    contextual_input_ = nullptr;
    return body;
}

PlanPtr Binder::bind_graph_stage(const Operator& op, PlanPtr input) {
    const auto graph = graph_of(input);
    if (graph == nullptr) {
        report("SEM0018", "", operator_text() + "The input must be a graph", op.keyword);
        return unknown_table();
    }
    auto next = std::make_shared<GraphOp>(*graph);
    GraphOp::Stage stage;
    if (op.kind() == OperatorKind::GraphMarkComponents) {
        stage.strong = parameter_text(op, "kind") == "strong";
        std::string name = parameter_text(op, "with_component_id");
        if (name.empty()) {
            name = "ComponentId";
        }
        // Before the hidden degrees.
        next->node_schema.fields.insert(next->node_schema.fields.end() - 2,
                                        {std::move(name), DataType::Long});
    } else {
        const auto& where = op.as<GraphWhere>();
        stage.kind =
            where.nodes ? GraphOp::Stage::Kind::FilterNodes : GraphOp::Stage::Kind::FilterEdges;
        GraphContext context;
        context.graph = graph.get();
        context.inside = true;
        context.inside_nodes = where.nodes;
        GraphContext* const before = std::exchange(graph_, &context);
        RowScope scope;
        scope.schema = where.nodes ? &graph->node_schema : &graph->edge_schema;
        scope.open = graph->open;
        {
            const ScopeGuard guard(*this, &scope);
            stage.predicate = make_cast(bind_expr(*where.predicate), DataType::Bool);
        }
        graph_ = before;
    }
    next->stages.push_back(std::move(stage));
    return next;
}

PlanPtr Binder::bind_graph_to_table(const Operator& op, PlanPtr input) {
    const auto graph = graph_of(input);
    if (graph == nullptr) {
        report("SEM0018", "", operator_text() + "The input must be a graph", op.keyword);
        return unknown_table();
    }
    PlanPtr first;
    for (const GraphToTable::Output& output : op.as<GraphToTable>().outputs) {
        auto table = make_op<GraphTableOp>(graph->inputs, {}, false);
        table->graph = graph;
        table->nodes = output.nodes;
        for (const OperatorParameter& p : output.properties) {
            const std::string word(parameter_word(p));
            if (p.name.text == "with_node_id") {
                table->node_id = word;
            } else if (p.name.text == "with_source_id") {
                table->source_id = word;
            } else if (p.name.text == "with_target_id") {
                table->target_id = word;
            }
        }
        const auto add_id = [&](const std::string& name) {
            if (!name.empty()) {
                table->schema.fields.push_back({name, DataType::Long});
            }
        };
        if (output.nodes) {
            add_id(table->node_id);
            table->schema.fields.insert(table->schema.fields.end(),
                                        graph->node_schema.fields.begin(),
                                        graph->node_schema.fields.end() - 2);
        } else {
            add_id(table->source_id);
            add_id(table->target_id);
            table->schema.fields.insert(table->schema.fields.end(),
                                        graph->edge_schema.fields.begin(),
                                        graph->edge_schema.fields.end());
        }
        if (output.as) {
            auto entity = std::make_shared<Entity>();
            entity->kind = Entity::Kind::Table;
            entity->table = materialize(table);
            environment_->set(output.as->text, entity);
            first = first == nullptr ? entity->table : first;
            continue;
        }
        first = first == nullptr ? PlanPtr(table) : first;
    }
    return first == nullptr ? unknown_table() : first;
}

// Variables of all patterns in the order they are met; the same name is the same thing.
void Binder::declare_graph_variables(const GraphMatch& match, GraphMatchOp& op,
                                     GraphContext& context) {
    std::size_t width = 0;
    const auto variable = [&](const GraphPattern::Step& step) {
        const std::string name = step.name ? step.name->text : std::string();
        if (const auto known = context.find(name)) {
            if (context.variables[*known].is_edge != step.is_edge) {
                report("SEM0018", "", operator_text() + "'" + name + "' is a node and an edge",
                       step.name->span);
            }
            return *known;
        }
        GraphVariable v{name, step.is_edge, step.variable_length, width};
        if (!step.variable_length) {
            width += step.is_edge ? op.graph->edge_schema.size() : op.graph->node_schema.size();
        }
        context.variables.push_back(std::move(v));
        return context.variables.size() - 1;
    };
    for (const GraphPattern& pattern : match.patterns) {
        std::size_t left = 0;
        for (std::size_t i = 0; i < pattern.steps.size(); ++i) {
            const GraphPattern::Step& step = pattern.steps[i];
            if (i % 2 == 0) {
                left = variable(step);
                if (i == 0) {
                    op.items.push_back({.is_edge = false, .variable = left});
                }
                continue;
            }
            GraphItem item;
            item.is_edge = true;
            item.variable = variable(step);
            item.left = left;
            item.right = variable(pattern.steps[i + 1]);
            using Direction = GraphPattern::Step::Direction;
            const bool any = step.direction == Direction::Any || !op.graph->directed;
            item.forward = any || step.direction == Direction::Right;
            item.backward = any || step.direction == Direction::Left;
            if (step.variable_length) {
                const auto bound = [&](const ExprPtr& expr, std::uint64_t otherwise) {
                    return static_cast<std::uint32_t>(std::min<std::uint64_t>(
                        expr == nullptr ? otherwise : bind_count(*expr).value_or(otherwise), 1000));
                };
                item.length_min = bound(step.length_min, 1);
                item.length_max = bound(step.length_max, 64);
            }
            op.items.push_back(item);
        }
    }
    context.first_derived = width;
    op.first_derived = width;
}

PlanPtr Binder::bind_graph_match(const Operator& op, PlanPtr input) {
    const auto& match = op.as<GraphMatch>();
    const auto graph = graph_of(input);
    if (graph == nullptr) {
        if (input->open) {
            return unknown_table();
        }
        report("SEM0018", "", operator_text() + "The input must be a graph", op.keyword);
        return unknown_table();
    }
    auto result = make_op<GraphMatchOp>(graph->inputs, {}, false);
    result->graph = graph;
    result->shortest = match.shortest_paths;
    result->all_shortest = parameter_text(op, "output") == "all";
    const std::string cycles = parameter_text(op, "cycles");
    result->cycles = cycles == "all"    ? GraphCycles::All
                     : cycles == "none" ? GraphCycles::None
                                        : GraphCycles::UniqueEdges;
    GraphContext context;
    context.graph = graph.get();
    declare_graph_variables(match, *result, context);
    const columns::Schema none;
    RowScope scope;
    scope.schema = &none;
    scope.open = graph->open;
    for (std::size_t i = 0; i < context.variables.size(); ++i) {
        const GraphVariable v = context.variables[i];
        if (v.name.empty()) {
            continue;
        }
        RowScope::Qualified side{v.name, {}};
        const columns::Schema& schema = v.is_edge ? graph->edge_schema : graph->node_schema;
        for (std::size_t c = 0; c < schema.size(); ++c) {
            const BoundPtr column = make_column(c, schema[c].type);
            side.columns.emplace_back(
                schema[c].name, v.variable_length
                                    ? context.add({GraphDerived::Kind::Map, i, false, column}, {})
                                    : make_column(v.first_column + c, schema[c].type));
        }
        if (v.variable_length && !side.columns.empty()) {
            scope.extra.emplace_back(v.name, side.columns[0].second);  // array_length(e)
        }
        scope.qualified.push_back(std::move(side));
    }
    GraphContext* const before = std::exchange(graph_, &context);
    OutputColumns out;
    {
        const ScopeGuard guard(*this, &scope);
        if (match.where != nullptr) {
            split_conjuncts(make_cast(bind_expr(*match.where), DataType::Bool), result->conjuncts);
        }
        for (std::size_t i = 0; i < match.project.size(); ++i) {
            add_items(match.project[i], out, false, i, "Column");
        }
        if (match.project.empty()) {
            for (const RowScope::Qualified& side : scope.qualified) {
                for (const auto& [name, bound] : side.columns) {
                    if (name[0] != '$') {
                        out.add(out.unique(side.name + "_" + name), bound);
                    }
                }
            }
        }
    }
    graph_ = before;
    result->variables = std::move(context.variables);
    result->derived = std::move(context.derived);
    result->project = out.exprs;
    result->schema = out.schema;
    return result;
}

// all(), any(), map(), node_degree_in(), node_degree_out() where a graph is in sight.
BoundPtr Binder::bind_graph_call(const Call& call, TextSpan span, bool& handled) {
    handled = false;
    if (graph_ == nullptr) {
        return nullptr;
    }
    const std::string& name = call.name.text;
    GraphContext& context = *graph_;
    if (name == "node_degree_in" || name == "node_degree_out") {
        handled = true;
        const auto degree =
            *context.graph->node_schema.index_of(name == "node_degree_in" ? kDegreeIn : kDegreeOut);
        if (call.arguments.empty() && context.inside_nodes) {
            return make_column(degree, DataType::Long, span);
        }
        const auto* word =
            call.arguments.size() == 1 ? call.arguments[0].expr->if_as<NameRef>() : nullptr;
        const auto variable = word == nullptr ? std::nullopt : context.find(word->name);
        if (!variable || context.variables[*variable].is_edge) {
            return failed_expr("SEM0018", "", name + "(): the argument must be a node", span);
        }
        return make_column(context.variables[*variable].first_column + degree, DataType::Long,
                           span);
    }
    const bool map = name == "map";
    if (context.inside || (name != "all" && name != "any" && !map) || call.arguments.size() != 2) {
        return nullptr;
    }
    const Expr* subject = call.arguments[0].expr.get();
    GraphDerived value;
    value.kind = map             ? GraphDerived::Kind::Map
                 : name == "all" ? GraphDerived::Kind::All
                                 : GraphDerived::Kind::Any;
    if (const auto* inner = subject->if_as<Call>();
        inner != nullptr && inner->name.text == "inner_nodes" && inner->arguments.size() == 1) {
        value.inner_nodes = true;
        subject = inner->arguments[0].expr.get();
    }
    const auto* word = subject->if_as<NameRef>();
    const auto variable = word == nullptr ? std::nullopt : context.find(word->name);
    if (!variable || !context.variables[*variable].variable_length) {
        return nullptr;
    }
    handled = true;
    value.variable = *variable;
    RowScope scope;
    scope.schema = value.inner_nodes ? &context.graph->node_schema : &context.graph->edge_schema;
    scope.open = row_ != nullptr && row_->open;
    context.inside = true;
    context.inside_nodes = value.inner_nodes;
    {
        const ScopeGuard guard(*this, &scope);
        value.expr = bind_expr(*call.arguments[1].expr);
    }
    context.inside = false;
    context.inside_nodes = false;
    if (!map) {
        value.expr = make_cast(value.expr, DataType::Bool);
    }
    return context.add(std::move(value), span);
}

}  // namespace qd::kql
