// top-nested, top-hitters, scan, reduce.
#include "plan/binder.h"
#include "plan/binder_parts.h"

#include <algorithm>

namespace qd::kql {

using columns::Schema;

/// Output: per level its key and its aggregate.
PlanPtr Binder::bind_top_nested(const TopNested& top, PlanPtr input) {
    auto result = make_op<TopNestedOp>({input}, {}, false);
    OutputColumns out;
    for (const TopNested::Level& level : top.levels) {
        TopNestedOp::Level bound;
        if (level.count) {
            bound.rows = bind_count(*level.count);
        }
        AggregateContext context;
        over(input, [&] {
            bound.key = bind_expr(*level.of.expr);
            if (level.others) {
                const ScopeGuard guard(*this, nullptr);
                if (const auto others = bind_constant(*level.others, bound.key->type)) {
                    bound.others = *others;
                }
            }
            aggregates_ = &context;
            bind_expr(*level.by.expr.expr);
            aggregates_ = nullptr;
        });
        if (context.calls.size() != 1) {
            report("SEM0048", "KS144",
                   operator_text() + "Each level is ordered by one aggregate function",
                   level.by.expr.span);
            return unknown_table();
        }
        bound.aggregate = std::move(context.calls[0]);
        bound.descending = level.by.order != SortOrder::Ascending;
        std::string name =
            level.of.name() != nullptr ? *level.of.name() : natural_name(*level.of.expr);
        if (name.empty()) {
            name = out.next_anonymous("Column");
        }
        const std::string key_name = out.unique(name);
        out.schema.fields.push_back({key_name, bound.key->type});
        const std::string by_name =
            level.by.expr.name() != nullptr ? *level.by.expr.name() : "aggregated_" + name;
        out.schema.fields.push_back(
            {out.unique(by_name), bound.aggregate.aggregate.outputs[0].type});
        result->levels.push_back(std::move(bound));
    }
    result->open = false;
    result->schema = std::move(out.schema);
    return result;
}

/// summarize by the value, then top.
PlanPtr Binder::bind_top_hitters(const TopHitters& top, PlanPtr input) {
    const auto rows = bind_count(*top.count);
    const AggregateFunction* function = find_aggregate(top.by ? "sum" : "count");
    BoundPtr key;
    BoundPtr weight;
    over(input, [&] {
        key = bind_expr(*top.of.expr);
        if (top.by) {
            weight = bind_expr(*top.by);
        }
    });
    std::string name = top.of.name() != nullptr ? *top.of.name() : natural_name(*top.of.expr);
    if (name.empty()) {
        name = "Column1";
    }
    std::vector<BoundPtr> args;
    std::vector<AggregateArgument> described;
    if (weight) {
        args.push_back(weight);
        described.push_back(
            {.value = {.type = weight->type, .constant = nullptr, .span = weight->span},
             .name = "",
             .star = false});
    }
    std::optional<AggregateCall> call =
        function != nullptr ? make_aggregate(*function, args, described, top.of.span)
                            : std::nullopt;
    if (!call) {
        return unknown_table();
    }
    Schema schema;
    schema.fields = {
        {name, key->type},
        {(top.by ? "approximate_sum_" + natural_name(*top.by) : "approximate_count_" + name),
         call->aggregate.outputs[0].type}};
    std::vector<AggregateCall> calls;
    calls.push_back(std::move(*call));
    const PlanPtr grouped =
        summarize_plan(std::move(input), schema, {std::move(key)}, std::move(calls));
    auto sorted = make_op<SortOp>({grouped}, schema, true);
    sorted->keys.push_back(
        {.expr = column_of(grouped, 1), .descending = true, .nulls_first = false});
    sorted->limit = rows.value_or(0);
    return sorted;
}

PlanPtr Binder::bind_scan(const Operator& op, const Scan& scan, PlanPtr input) {
    if (!input->serialized && !input->open && scan.order_by.empty()) {
        report("SEM0233", "", operator_text() + "The rows must be serialized: sort them first",
               op.keyword);
    }
    if (!scan.order_by.empty()) {
        input = bind_sort(scan.order_by, input, std::nullopt);
    }
    auto result = make_op<StateScanOp>({input}, {}, true);
    if (!scan.partition_by.empty()) {
        for (const ExprPtr& key : scan.partition_by) {
            BoundPtr bound = over(input, [&] { return bind_expr(*key); });
            result->partition_by.push_back(std::move(bound));
        }
    }
    OutputColumns out;
    out.schema = input->schema;
    for (const Scan::Variable& variable : scan.variables) {
        const DataType type = variable.declaration.type;
        result->declared.push_back({variable.declaration.name.text, type});
        Scalar initial = type == DataType::String ? Scalar::of_string("") : Scalar::null_of(type);
        if (variable.default_value) {
            const ScopeGuard guard(*this, nullptr);
            if (const auto value = bind_constant(*variable.default_value, type)) {
                initial = *value;
            }
        }
        result->initial.push_back(std::move(initial));
        out.schema.fields.push_back({variable.declaration.name.text, type});
    }
    const std::size_t variables = result->declared.size();
    for (const Scan::Step& step : scan.steps) {
        for (const auto& [name, value] : step.assignments) {
            const auto known =
                std::find_if(result->declared.begin(), result->declared.end(),
                             [&](const columns::Field& field) { return field.name == name.text; });
            const auto column = input->schema.index_of(name.text);
            if (known == result->declared.end() && column) {
                const DataType type = input->schema[*column].type;
                result->replaced.push_back(*column);
                result->declared.push_back({name.text, type});
                result->initial.push_back(type == DataType::String ? Scalar::of_string("")
                                                                   : Scalar::null_of(type));
            }
        }
    }
    if (const OperatorParameter* match = op.parameter("with_match_id")) {
        result->with_match_id = true;
        out.schema.fields.push_back(
            {out.unique(std::string(parameter_word(*match))), DataType::Long});
    }
    // Columns an expression reads: the row, its own declared values, then per step the row last
    // matched there and its declared values.
    const std::size_t width = input->schema.size();
    const std::size_t declared = result->declared.size();
    RowScope scope;
    scope.schema = &input->schema;
    scope.open = input->open;
    for (std::size_t d = 0; d < variables; ++d) {
        scope.extra.emplace_back(result->declared[d].name,
                                 make_column(width + d, result->declared[d].type));
    }
    const std::size_t block = width + declared;
    for (std::size_t s = 0; s < scan.steps.size(); ++s) {
        RowScope::Qualified step{.name = scan.steps[s].name.text, .columns = {}};
        // Declared names first: a replaced column's value is the one the step gave it.
        for (std::size_t d = 0; d < declared; ++d) {
            step.columns.emplace_back(
                result->declared[d].name,
                make_column(block * (s + 1) + width + d, result->declared[d].type));
        }
        for (std::size_t c = 0; c < width; ++c) {
            step.columns.emplace_back(input->schema[c].name,
                                      make_column(block * (s + 1) + c, input->schema[c].type));
        }
        scope.qualified.push_back(std::move(step));
    }
    const ScopeGuard guard(*this, &scope);
    for (const Scan::Step& step : scan.steps) {
        StateScanOp::Step bound;
        bound.name = step.name.text;
        bound.optional = step.optional;
        bound.output = step.output == "last"   ? StateScanOp::Output::Last
                       : step.output == "none" ? StateScanOp::Output::None
                                               : StateScanOp::Output::All;
        bound.condition = bind_condition(*step.condition);
        for (const auto& [name, value] : step.assignments) {
            std::optional<std::size_t> index;
            for (std::size_t d = 0; d < declared; ++d) {
                if (result->declared[d].name == name.text) {
                    index = d;
                }
            }
            BoundPtr expr = bind_expr(*value);
            if (!index) {
                report("SEM0100", "KS142",
                       operator_text() + "Failed to resolve column or scalar expression named '" +
                           name.text + "'",
                       name.span);
                continue;
            }
            bound.assignments.emplace_back(*index, make_cast(expr, result->declared[*index].type));
        }
        result->steps.push_back(std::move(bound));
    }
    result->schema = std::move(out.schema);
    return result;
}

PlanPtr Binder::bind_reduce(const Reduce& reduce, PlanPtr input) {
    auto result = make_op<ReduceOp>({input}, {}, false);
    result->open = false;
    BoundPtr source = over(input, [&] { return bind_expr(*reduce.by); });
    result->source = make_cast(std::move(source), DataType::String);
    for (const OperatorParameter& property : reduce.properties) {
        const ScopeGuard guard(*this, nullptr);
        if (property.name.text == "threshold") {
            if (const auto value = bind_constant(*property.value, DataType::Real)) {
                result->threshold = value->is_null() ? 0.1 : value->as_real();
            }
        } else if (property.name.text == "characters") {
            result->characters = constant_string(*property.value).value_or("");
            result->has_characters = true;
        }
    }
    result->schema.fields = {{"Pattern", DataType::String},
                             {"Count", DataType::Long},
                             {"Representative", DataType::String}};
    return result;
}

}  // namespace qd::kql
