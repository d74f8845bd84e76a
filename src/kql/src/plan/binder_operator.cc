// One operator: which function binds it.
#include "plan/binder.h"
#include "plan/binder_parts.h"

namespace qd::kql {

namespace {

/// Raw pointers to a list of owned expressions.
std::vector<Expr*> pointers(const std::vector<ExprPtr>& exprs) {
    std::vector<Expr*> out;
    for (const ExprPtr& expr : exprs) {
        out.push_back(expr.get());
    }
    return out;
}

}  // namespace

/// Operators that make rows themselves; null when `op` is none of them.
PlanPtr Binder::bind_source_operator(const Operator& op) {
    switch (op.kind()) {
        case OperatorKind::Print:
            return bind_print(op.as<Print>());
        case OperatorKind::Range:
            return bind_range(op.as<Range>());
        case OperatorKind::Union:
            return bind_union(op, op.as<Union>(), nullptr);
        case OperatorKind::Search:
            return bind_search(op, op.as<Search>(), nullptr);
        case OperatorKind::Find:
            return bind_find(op, op.as<Find>(), nullptr);
        case OperatorKind::Evaluate: {
            columns::Table one;
            columns::Chunk row;
            row.rows = 1;
            one.chunks.push_back(row);
            return bind_evaluate(op, op.as<Evaluate>(), values_plan(std::move(one)));
        }
        default:
            return nullptr;
    }
}

PlanPtr Binder::bind_operator(const Operator& op, PlanPtr input) {
    if (input == nullptr) {
        return bind_source_operator(op);
    }
    switch (op.kind()) {
        case OperatorKind::Where:
            return bind_where(op.as<Where>(), input);
        case OperatorKind::Extend:
            return bind_extend(op.as<Extend>().columns, input);
        case OperatorKind::Project:
            return bind_project(op.as<Project>().columns, input);
        case OperatorKind::ProjectAway:
            return bind_project_away(pointers(op.as<ProjectAway>().columns), input, false);
        case OperatorKind::ProjectKeep:
            return bind_project_away(pointers(op.as<ProjectKeep>().columns), input, true);
        case OperatorKind::ProjectRename:
            return bind_rename(op.as<ProjectRename>(), input);
        case OperatorKind::ProjectReorder:
            return bind_reorder(op.as<ProjectReorder>(), input);
        case OperatorKind::ProjectByNames:
            return bind_project_by_names(op.as<ProjectByNames>(), input);
        case OperatorKind::Summarize:
            return bind_summarize(op.as<Summarize>(), input);
        case OperatorKind::MakeSeries:
            return bind_make_series(op, op.as<MakeSeries>(), input);
        case OperatorKind::Join:
            return bind_join(op, op.as<Join>(), input);
        case OperatorKind::Lookup:
            return bind_lookup(op, op.as<Lookup>(), input);
        case OperatorKind::Union:
            return bind_union(op, op.as<Union>(), input);
        case OperatorKind::MvExpand:
            return bind_mv_expand(op, op.as<MvExpand>(), input);
        case OperatorKind::MvApply:
            return bind_mv_apply(op, op.as<MvApply>(), input);
        case OperatorKind::Parse:
            return bind_parse(op, op.as<Parse>(), input);
        case OperatorKind::ParseKv:
            return bind_parse_kv(op.as<ParseKv>(), input);
        case OperatorKind::Sort:
            return bind_sort(op.as<Sort>().keys, input, std::nullopt);
        case OperatorKind::Top: {
            const auto rows = bind_count(*op.as<Top>().count);
            return bind_sort(op.as<Top>().keys, input, rows.value_or(0));
        }
        case OperatorKind::TopNested:
            return bind_top_nested(op.as<TopNested>(), input);
        case OperatorKind::TopHitters:
            return bind_top_hitters(op.as<TopHitters>(), input);
        case OperatorKind::Take:
            return bind_take(*op.as<Take>().count, input);
        case OperatorKind::Sample:
            return bind_sample(*op.as<Sample>().count, input);
        case OperatorKind::SampleDistinct:
            return bind_sample_distinct(op.as<SampleDistinct>(), input);
        case OperatorKind::Distinct:
            return bind_distinct(op.as<Distinct>(), input);
        case OperatorKind::Count:
            return bind_count_rows(op.as<Count>(), input);
        case OperatorKind::Evaluate:
            return bind_evaluate(op, op.as<Evaluate>(), input);
        case OperatorKind::Invoke:
            return bind_invoke(op.as<Invoke>(), input);
        case OperatorKind::As:
            return bind_as(op.as<As>(), input);
        case OperatorKind::Serialize:
            return bind_serialize(op.as<Serialize>(), input);
        case OperatorKind::GetSchema:
            return bind_getschema(input);
        case OperatorKind::Consume: {
            auto none = make_op<TakeOp>({input}, input->schema, input->serialized);
            return none;
        }
        case OperatorKind::Search:
            return bind_search(op, op.as<Search>(), input);
        case OperatorKind::Find:
            return bind_find(op, op.as<Find>(), input);
        case OperatorKind::Facet:
            return bind_facet(op.as<Facet>(), input);
        case OperatorKind::Fork:
            return bind_fork(op.as<Fork>(), input);
        case OperatorKind::Partition:
            return bind_partition(op, op.as<Partition>(), input);
        case OperatorKind::Scan:
            return bind_scan(op, op.as<Scan>(), input);
        case OperatorKind::Reduce:
            return bind_reduce(op.as<Reduce>(), input);
        case OperatorKind::Render:
            bind_render(op.as<Render>());
            return input;
        case OperatorKind::AssertSchema:
            return bind_assert_schema(op.as<AssertSchema>(), input, op.span);
        case OperatorKind::Print:
        case OperatorKind::Range:
            report("SYN0002", "", operator_text() + "it can only begin a query", op.keyword);
            return input;
        case OperatorKind::MakeGraph:
            return bind_make_graph(op.as<MakeGraph>(), input);
        case OperatorKind::GraphMatch:
            return bind_graph_match(op, input);
        case OperatorKind::GraphToTable:
            return bind_graph_to_table(op, input);
        case OperatorKind::GraphMarkComponents:
        case OperatorKind::GraphWhere:
            return bind_graph_stage(op, input);
        case OperatorKind::MacroExpand:
            report("SEM0009", "", "Operator is not supported: " + std::string(operator_),
                   op.keyword);
            return unknown_table();
        case OperatorKind::Bad:
            break;
    }
    return unknown_table();
}

PlanPtr Binder::bind_as(const As& as, PlanPtr input) {
    auto named = clone<MaterializeOp>(*materialize(std::move(input)));
    named->name = as.name.text;
    const PlanPtr shared = named;
    auto entity = std::make_shared<Entity>();
    entity->kind = Entity::Kind::Table;
    entity->table = shared;
    environment_->set(as.name.text, std::move(entity));
    return shared;
}

void Binder::bind_render(const Render& render) {
    visualization_.kind = render.chart.text;
    for (const OperatorParameter& property : render.properties) {
        std::string value(parameter_word(property));
        if (const auto* call = property.value->if_as<Call>(); value.empty() && call != nullptr) {
            for (const NamedExpr& item : call->arguments) {
                const auto* name = item.expr->if_as<NameRef>();
                value += value.empty() ? "" : ",";
                value += name != nullptr ? name->name : constant_string(*item.expr).value_or("");
            }
        } else if (value.empty()) {
            value = constant_string(*property.value).value_or("");
        }
        visualization_.properties.emplace_back(property.name.text, std::move(value));
    }
}

PlanPtr Binder::bind_fork(const Fork& fork, PlanPtr input) {
    const PlanPtr shared = materialize(std::move(input));
    for (std::size_t i = 0; i < fork.branches.size(); ++i) {
        contextual_input_ = shared;
        BoundResult result;
        result.plan = bind_query(*fork.branches[i].query);
        contextual_input_ = nullptr;
        result.name = fork.branches[i].name ? fork.branches[i].name->text
                                            : "GenericResult_" + std::to_string(i);
        if (extra_results_ != nullptr) {
            extra_results_->push_back(std::move(result));
        }
    }
    return shared;
}

PlanPtr Binder::bind_facet(const Facet& facet, PlanPtr input) {
    const PlanPtr shared = materialize(std::move(input));
    const AggregateFunction* count = find_aggregate("count");
    for (const Name& column : facet.columns) {
        const auto index = shared->schema.index_of(column.text);
        if (!index || count == nullptr) {
            report("SEM0100", "KS142",
                   operator_text() + "Failed to resolve column or scalar expression named '" +
                       column.text + "'",
                   column.span);
            continue;
        }
        std::vector<AggregateCall> calls;
        if (auto call = make_aggregate(*count, {}, {}, column.span)) {
            calls.push_back(std::move(*call));
        }
        columns::Schema schema;
        schema.fields = {shared->schema[*index], {"count_" + column.text, DataType::Long}};
        BoundResult result;
        result.plan = summarize_plan(shared, std::move(schema), {column_of(shared, *index)},
                                     std::move(calls));
        result.name = "facet_" + column.text;
        if (extra_results_ != nullptr) {
            extra_results_->push_back(std::move(result));
        }
    }
    if (facet.with) {
        contextual_input_ = shared;
        BoundResult result;
        result.plan = bind_query(*facet.with);
        contextual_input_ = nullptr;
        if (extra_results_ != nullptr) {
            extra_results_->push_back(std::move(result));
        }
    }
    return shared;
}

PlanPtr Binder::bind_project_by_names(const ProjectByNames& project, PlanPtr input) {
    std::vector<std::size_t> order;
    std::vector<bool> taken(input->schema.size());
    const auto add = [&](std::string_view pattern) {
        for (std::size_t i = 0; i < input->schema.size(); ++i) {
            if (!taken[i] && wildcard_matches(pattern, input->schema[i].name)) {
                taken[i] = true;
                order.push_back(i);
            }
        }
    };
    const ScopeGuard guard(*this, nullptr);
    for (const ExprPtr& column : project.columns) {
        const auto names = bind_constant(*column, std::nullopt);
        if (!names || names->is_null()) {
            continue;
        }
        const Value value = names->to_value();
        if (const Array* array = value.if_array()) {
            for (const Value& name : *array) {
                add(name.string_or(""));
            }
        } else {
            add(value.string_or(""));
        }
    }
    return select_columns(std::move(input), order);
}

}  // namespace qd::kql
