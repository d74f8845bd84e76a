// mv-expand, mv-apply, partition, evaluate, invoke: rows out of values, and subqueries.
#include "plan/binder.h"
#include "plan/binder_parts.h"

#include <algorithm>

namespace qd::kql {

using columns::Schema;

std::shared_ptr<MvExpandOp> Binder::expansion(const Operator& op,
                                              const std::vector<ExpandColumn>& columns,
                                              PlanPtr input, bool keep_source) {
    static_cast<void>(keep_source);
    OutputColumns out;
    out.schema = input->schema;
    auto expand = make_op<MvExpandOp>({input}, {}, input->serialized);
    over(input, [&] {
        for (const ExpandColumn& column : columns) {
            BoundPtr source = bind_expr(*column.expr.expr);
            if (source->type != DataType::Dynamic && !source->unknown) {
                report("SEM0025", "KS141",
                       operator_text() + "Only a dynamic value can be expanded, not " +
                           std::string(columns::type_name(source->type)),
                       column.expr.span);
            }
            std::string name = column.expr.name() != nullptr ? *column.expr.name()
                                                             : natural_name(*column.expr.expr);
            if (name.empty()) {
                name = out.next_anonymous("Column");
            }
            ExpandItem item;
            item.source = make_cast(std::move(source), DataType::Dynamic);
            item.type = column.to_type.value_or(DataType::Dynamic);
            item.typed = column.to_type.has_value();
            const auto index = out.schema.index_of(name);
            if (index) {
                item.column = *index;
                out.schema.fields[*index].type = item.type;
            } else {
                item.column = out.schema.size();
                out.schema.fields.push_back({name, item.type});
            }
            expand->items.push_back(std::move(item));
        }
    });
    for (const std::string_view word : {"kind", "bagexpansion"}) {
        if (const OperatorParameter* kind = op.parameter(word)) {
            expand->bag_as_array = parameter_word(*kind) == "array";
        }
    }
    if (const OperatorParameter* index = op.parameter("with_itemindex")) {
        expand->with_index = true;
        out.schema.fields.push_back(
            {out.unique(std::string(parameter_word(*index))), DataType::Long});
    }
    expand->schema = std::move(out.schema);
    return expand;
}

PlanPtr Binder::bind_mv_expand(const Operator& op, const MvExpand& expand, PlanPtr input) {
    auto result = expansion(op, expand.columns, std::move(input), false);
    if (expand.limit) {
        result->row_limit = bind_count(*expand.limit).value_or(0);
    } else if (expand.old_name) {
        result->row_limit = 128;
    }
    return result;
}

PlanPtr Binder::bind_mv_apply(const Operator& op, const MvApply& apply, PlanPtr input) {
    auto expand = expansion(op, apply.columns, input, true);
    if (apply.limit) {
        expand->row_limit = bind_count(*apply.limit).value_or(0);
    }
    auto placeholder = std::make_shared<PlaceholderOp>();
    placeholder->id = next_placeholder_++;
    placeholder->schema = expand->schema;
    placeholder->open = input->open;
    placeholder->serialized = true;
    contextual_input_ = placeholder;
    const PlanPtr body = bind_query(*apply.body);
    contextual_input_ = nullptr;
    auto result = make_op<MvApplyOp>({input}, {}, false);
    result->open = input->open || body->open;
    result->expand = expand;
    result->subquery = body;
    result->placeholder = placeholder->id;
    // The input's columns first, as the subquery left them when it still has them, then what the
    // subquery added.
    std::vector<bool> used(body->schema.size());
    for (std::size_t i = 0; i < input->schema.size(); ++i) {
        const auto inside = body->schema.index_of(input->schema[i].name);
        if (inside) {
            used[*inside] = true;
            result->outputs.push_back({.from_subquery = true, .column = *inside});
            result->schema.fields.push_back(body->schema[*inside]);
        } else {
            result->outputs.push_back({.from_subquery = false, .column = i});
            result->schema.fields.push_back(input->schema[i]);
        }
    }
    for (std::size_t i = 0; i < body->schema.size(); ++i) {
        if (!used[i]) {
            result->outputs.push_back({.from_subquery = true, .column = i});
            result->schema.fields.push_back(body->schema[i]);
        }
    }
    return result;
}

PlanPtr Binder::bind_partition(const Operator& op, const Partition& partition, PlanPtr input) {
    static_cast<void>(op);
    const BoundPtr key = over(input, [&] { return bind_expr(*partition.key); });
    auto placeholder = std::make_shared<PlaceholderOp>();
    placeholder->id = next_placeholder_++;
    placeholder->schema = input->schema;
    placeholder->open = input->open;
    placeholder->serialized = input->serialized;
    contextual_input_ = placeholder;
    const PlanPtr body = bind_query(*partition.body);
    contextual_input_ = nullptr;
    auto result = make_op<PartitionOp>({input}, body->schema, false);
    result->open = body->open;
    result->key = key;
    result->subquery = body;
    result->placeholder = placeholder->id;
    return result;
}

PlanPtr Binder::bind_invoke(const Invoke& invoke, PlanPtr input) {
    const auto* call = invoke.call->if_as<Call>();
    const EntityPtr function = call != nullptr ? find_function(call->name.text) : nullptr;
    if (!function) {
        report("SEM0260", "KS211",
               "Unknown function: '" + (call != nullptr ? call->name.text : std::string()) + "'",
               invoke.call->span);
        return unknown_table();
    }
    const ScopeGuard guard(*this, nullptr);
    const Bound result = call_function(*function, *call, invoke.call->span, std::move(input));
    if (!result.table) {
        report("SEM0100", "KS109", "invoke: the function must give a table", invoke.call->span);
        return unknown_table();
    }
    return result.table;
}

PlanPtr Binder::bind_evaluate(const Operator& op, const Evaluate& evaluate, PlanPtr input) {
    static_cast<void>(op);
    const auto* call = evaluate.call->if_as<Call>();
    const Plugin* plugin = call != nullptr ? find_plugin(call->name.text) : nullptr;
    if (plugin == nullptr) {
        const std::string name = call != nullptr ? call->name.text : std::string();
        const auto refused = refused_plugin(name);
        report("SEM0001", "KS124",
               refused ? "Plugin '" + name + "' is not supported: " + std::string(*refused)
                       : "Unknown plugin: '" + name + "'",
               evaluate.call->span);
        return unknown_table();
    }
    auto result = make_op<PluginOp>({input}, {}, false);
    result->plugin = plugin;
    for (const ColumnDeclaration& column : evaluate.columns) {
        result->declared.fields.push_back({column.name.text, column.type});
    }
    // Arguments that are expressions become columns of the input.
    OutputColumns extended;
    extended.schema = input->schema;
    extended.exprs = all_columns(input);
    bool unknown = input->open;
    over(input, [&] {
        for (const NamedExpr& item : call->arguments) {
            PluginArgument argument;
            argument.span = item.span;
            if (item.expr->kind() == ExprKind::Star) {
                argument.kind = PluginArgument::Kind::Star;
                result->arguments.push_back(std::move(argument));
                continue;
            }
            argument.parameter = item.name() != nullptr ? *item.name() : std::string();
            if (const auto* word = item.expr->if_as<NameRef>();
                word != nullptr && !input->schema.index_of(word->name)) {
                const EntityPtr entity = environment_->find(word->name);
                if (!entity && !bind_table_name(word->name, item.span, true)) {
                    argument.kind = PluginArgument::Kind::Name;
                    argument.name = word->name;
                    unknown = unknown || input->open;
                    result->arguments.push_back(std::move(argument));
                    continue;
                }
            }
            if (const PlanPtr table = try_bind_table(*item.expr)) {
                result->inputs.push_back(table);
                argument.kind = PluginArgument::Kind::Table;
                argument.table_schema = table->schema;
                unknown = unknown || table->open;
                result->arguments.push_back(std::move(argument));
                continue;
            }
            const auto* inner = item.expr->if_as<Call>();
            const AggregateFunction* aggregate =
                inner != nullptr && !inner->object && !environment_->find(inner->name.text) &&
                        find_scalar_function(inner->name.text) == nullptr
                    ? find_aggregate(inner->name.text)
                    : nullptr;
            if (aggregate != nullptr) {
                argument.kind = PluginArgument::Kind::Aggregate;
                argument.aggregate = aggregate;
                argument.name = aggregate_name(*inner, *aggregate);
                for (const NamedExpr& parameter : inner->arguments) {
                    BoundPtr bound = bind_expr(*parameter.expr);
                    unknown = unknown || bound->unknown;
                    if (bound->kind == BoundKind::Column) {
                        argument.aggregate_columns.push_back(bound->column);
                    } else {
                        argument.aggregate_columns.push_back(extended.exprs.size());
                        extended.add("$" + std::to_string(extended.exprs.size()), bound);
                    }
                }
                result->arguments.push_back(std::move(argument));
                continue;
            }
            BoundPtr bound = bind_expr(*item.expr);
            unknown = unknown || bound->unknown;
            argument.name = natural_name(*item.expr);
            if (is_constant(bound)) {
                argument.kind = PluginArgument::Kind::Constant;
                argument.constant = bound->constant;
            } else {
                argument.kind = PluginArgument::Kind::Column;
                if (bound->kind == BoundKind::Column) {
                    argument.column = bound->column;
                } else {
                    argument.column = extended.exprs.size();
                    extended.add("$" + std::to_string(extended.exprs.size()), bound);
                }
            }
            result->arguments.push_back(std::move(argument));
        }
    });
    // A name that the input does not have is a column of the second table, where there is one.
    const auto kind_is = [](PluginArgument::Kind kind) {
        return [kind](const PluginArgument& a) { return a.kind == kind; };
    };
    const auto missing = std::find_if(result->arguments.begin(), result->arguments.end(),
                                      kind_is(PluginArgument::Kind::Name));
    if (missing != result->arguments.end() && !input->open &&
        std::none_of(result->arguments.begin(), result->arguments.end(),
                     kind_is(PluginArgument::Kind::Table))) {
        report("SEM0100", "KS142",
               "Failed to resolve column or scalar expression named '" + missing->name + "'",
               missing->span);
    }
    if (extended.exprs.size() > input->schema.size()) {
        result->inputs[0] = project_plan(input, extended.schema, extended.exprs, false);
    }
    const Schema in = result->inputs[0]->schema;
    result->declared_star = evaluate.schema_star;
    const PluginCall plugin_call{.input = in,
                                 .arguments = result->arguments,
                                 .declared = result->declared,
                                 .declared_star = evaluate.schema_star};
    if (unknown || failed()) {
        if (evaluate.has_schema && !evaluate.schema_star) {
            result->schema = result->declared;
            result->open = false;
            return result;
        }
        auto open = clone<PluginOp>(*result);
        open->open = true;
        return open;
    }
    if (!plugin->schema_from_rows || evaluate.has_schema) {
        Result<Schema> schema = plugin->schema(plugin_call);
        if (!schema.ok()) {
            report(schema.error(), evaluate.call->span);
            return unknown_table();
        }
        result->schema = std::move(*schema);
        return result;
    }
    if (setup_.runner == nullptr || run_error_) {
        auto open = clone<PluginOp>(*result);
        open->open = true;
        return open;
    }
    Result<columns::Table> rows = setup_.runner->run(result);
    if (!rows.ok()) {
        if (rows.error().code() == Code::InvalidArgument) {
            report(rows.error(), evaluate.call->span);
        } else {
            run_error_ = std::move(rows).error();
        }
        return unknown_table();
    }
    return values_plan(std::move(*rows));
}

}  // namespace qd::kql
