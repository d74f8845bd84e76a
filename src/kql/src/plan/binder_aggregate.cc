// summarize and make-series.
//
// An expression over aggregates (`round(avg(x), 2)`) is bound as an expression over columns that
// the Summarize operator makes: keys first, then one column per output of each aggregate.
// make-series is a summarize by (keys, bin of the axis) whose groups are then laid out as arrays.
#include "exec/operators.h"
#include "exec/rows.h"
#include "plan/binder.h"
#include "plan/binder_parts.h"

#include <algorithm>
#include <cmath>

namespace qd::kql {

using columns::Schema;

PlanPtr Binder::summarize_plan(PlanPtr input, Schema schema, std::vector<BoundPtr> keys,
                               std::vector<AggregateCall> aggregates) {
    auto op = make_op<SummarizeOp>({std::move(input)}, std::move(schema), false);
    op->open = false;
    op->keys = std::move(keys);
    op->aggregates = std::move(aggregates);
    return op;
}

std::optional<AggregateCall> Binder::make_aggregate(const AggregateFunction& function,
                                                    const std::vector<BoundPtr>& args,
                                                    const std::vector<AggregateArgument>& described,
                                                    TextSpan span) {
    const bool unknown =
        std::any_of(args.begin(), args.end(), [](const BoundPtr& a) { return a->unknown; });
    if (args.size() < function.args_min ||
        (function.args_max != 255 && args.size() > function.args_max)) {
        report("SEM0219", "KS119",
               "Function '" + std::string(function.name) + "' does not take " +
                   std::to_string(args.size()) + " arguments: " + std::string(function.signature),
               span);
        return std::nullopt;
    }
    Result<BoundAggregate> bound = function.bind(described);
    if (!bound.ok()) {
        if (!unknown) {
            report(bound.error(), span);
        }
        return std::nullopt;
    }
    AggregateCall call;
    call.name = std::string(function.name);
    call.aggregate = std::move(*bound);
    call.args = args;
    for (std::size_t i = 0; i < args.size() && i < call.aggregate.arg_types.size(); ++i) {
        call.args[i] = make_cast(args[i], call.aggregate.arg_types[i]);
    }
    return call;
}

BoundPtr Binder::bind_aggregate_call(const Expr& expr, const Call& call,
                                     const AggregateFunction& function) {
    AggregateContext& context = *aggregates_;
    context.inside_call = true;
    std::vector<BoundPtr> args;
    std::vector<std::string> names;
    std::vector<bool> stars;
    const bool counts_rows = function.name == "count";
    for (const NamedExpr& argument : call.arguments) {
        if (argument.expr->kind() == ExprKind::Star) {
            if (counts_rows) {
                continue;
            }
            context.open_star = context.open_star || row_->open;
            for (std::size_t i = 0; i < row_->schema->size(); ++i) {
                const std::string& name = row_->schema->fields[i].name;
                if (context.key_names.contains(name) ||
                    std::find(names.begin(), names.end(), name) != names.end()) {
                    continue;
                }
                args.push_back(make_column(i, row_->schema->fields[i].type, argument.span));
                names.push_back(name);
                stars.push_back(true);
            }
            continue;
        }
        BoundPtr bound = bind_expr(*argument.expr);
        if (bound->has_window) {
            report("SEM0233", "", "A window function cannot stand inside an aggregate",
                   argument.span);
        }
        args.push_back(std::move(bound));
        names.push_back(argument.name() != nullptr ? *argument.name()
                                                   : natural_name(*argument.expr));
        stars.push_back(false);
    }
    context.inside_call = false;
    if (counts_rows) {
        args.clear();  // count(x) ignores its argument
    }
    std::vector<AggregateArgument> described;
    for (std::size_t i = 0; i < args.size(); ++i) {
        AggregateArgument argument;
        argument.value = {
            .type = args[i]->type,
            .constant = is_constant(args[i]) && !args[i]->unknown ? &args[i]->constant : nullptr,
            .span = args[i]->span};
        argument.name = names[i];
        argument.star = stars[i];
        described.push_back(std::move(argument));
    }
    if (context.open_star && args.size() < function.args_min) {
        return make_unknown(expr.span);
    }
    auto aggregate = make_aggregate(function, args, described, expr.span);
    if (!aggregate) {
        return make_unknown(expr.span);
    }
    const std::size_t column = context.first_column + context.outputs;
    context.outputs += aggregate->aggregate.outputs.size();
    const DataType type = aggregate->aggregate.outputs.at(0).type;
    context.calls.push_back(std::move(*aggregate));
    auto result = std::make_shared<BoundExpr>(*make_column(column, type, expr.span));
    result->unknown =
        type == DataType::Dynamic &&
        std::any_of(args.begin(), args.end(), [](const BoundPtr& a) { return a->unknown; });
    return result;
}

std::vector<std::pair<std::string, BoundPtr>> Binder::bind_keys(const std::vector<NamedExpr>& keys,
                                                                PlanPtr& input) {
    OutputColumns out;
    over(input, [&] {
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const std::size_t before = out.exprs.size();
            add_items(keys[i], out, false, i, "Column");
            for (std::size_t k = before; k < out.exprs.size(); ++k) {
                if (out.exprs[k]->type == DataType::Dynamic && !out.exprs[k]->unknown) {
                    report("SEM0029", "KS116",
                           operator_text() +
                               "Rows cannot be grouped by a dynamic value: convert "
                               "it, for instance with tostring()",
                           keys[i].span);
                }
            }
        }
    });
    input = with_windows(input, out.exprs);
    std::vector<std::pair<std::string, BoundPtr>> result;
    for (std::size_t i = 0; i < out.exprs.size(); ++i) {
        result.emplace_back(out.schema[i].name, out.exprs[i]);
    }
    return result;
}

namespace {

/// Whether the projection only hands its input's columns on.
bool is_identity(const std::vector<BoundPtr>& exprs, std::size_t width) {
    if (exprs.size() != width) {
        return false;
    }
    for (std::size_t i = 0; i < exprs.size(); ++i) {
        if (exprs[i]->kind != BoundKind::Column || exprs[i]->column != i) {
            return false;
        }
    }
    return true;
}

}  // namespace

PlanPtr Binder::bind_summarize(const Summarize& summarize, PlanPtr input) {
    const auto keys = bind_keys(summarize.keys, input);
    Schema key_schema;
    OutputColumns out;
    std::vector<BoundPtr> key_exprs;
    AggregateContext context;
    for (const auto& [name, expr] : keys) {
        key_schema.fields.push_back({name, expr->type});
        context.key_names.insert(name);
        if (expr->kind == BoundKind::Column) {
            context.key_names.insert(input->schema[expr->column].name);
        }
        out.add(name, make_column(key_exprs.size(), expr->type));
        key_exprs.push_back(expr);
    }
    context.first_column = keys.size();
    context.keys = &key_schema;
    over(input, [&] {
        aggregates_ = &context;
        for (const NamedExpr& item : summarize.aggregates) {
            const auto* call = item.expr->if_as<Call>();
            const AggregateFunction* function =
                call != nullptr && !call->object && !environment_->find(call->name.text)
                    ? find_aggregate(call->name.text)
                    : nullptr;
            const std::size_t before = context.calls.size();
            const std::size_t first = context.first_column + context.outputs;
            BoundPtr value = bind_expr(*item.expr);
            if (function != nullptr && context.calls.size() == before + 1) {
                const auto& outputs = context.calls.back().aggregate.outputs;
                for (std::size_t i = 0; i < outputs.size(); ++i) {
                    if (item.compound && i >= item.names.size()) {
                        break;
                    }
                    std::string name;
                    if (i < item.names.size()) {
                        name = item.names[i].text;
                        if (out.has(name)) {
                            report("SEM0041", "KS171",
                                   operator_text() + "The column name '" + name + "' is used twice",
                                   item.span);
                        }
                    } else if (outputs.size() == 1 && outputs[0].name.empty()) {
                        name = aggregate_name(*call, *function);
                    } else {
                        name = outputs[i].name;
                    }
                    if (name.empty()) {
                        name = out.next_anonymous("Column");
                    }
                    out.add(out.unique(std::move(name)), make_column(first + i, outputs[i].type));
                }
                continue;
            }
            std::string name = item.name() != nullptr ? *item.name() : natural_name(*item.expr);
            if (name.empty()) {
                name = out.next_anonymous("Column");
            }
            out.add(out.unique(std::move(name)), std::move(value));
        }
        aggregates_ = nullptr;
    });
    Schema schema = key_schema;
    for (const AggregateCall& call : context.calls) {
        for (const columns::Field& field : call.aggregate.outputs) {
            schema.fields.push_back({"$" + std::to_string(schema.size()), field.type});
        }
    }
    const std::size_t width = schema.size();
    const bool identity = is_identity(out.exprs, width);
    auto plan = clone<SummarizeOp>(*summarize_plan(std::move(input), identity ? out.schema : schema,
                                                   std::move(key_exprs), std::move(context.calls)));
    plan->open = context.open_star;
    if (identity) {
        return plan;
    }
    return project_plan(plan, std::move(out.schema), std::move(out.exprs), false);
}

namespace {

/// Floor of (value - anchor) to whole steps, plus anchor: 64-bit types.
BoundCall bin_ticks(DataType type, std::int64_t anchor, std::int64_t step) {
    BoundCall call;
    call.type = type;
    call.arg_types = {type};
    call.kernel = [=](const EvalContext&, std::span<const ColumnPtr> in,
                      std::uint32_t rows) -> Result<ColumnPtr> {
        const FixedRows<std::int64_t> values(in[0]);
        FixedOut<std::int64_t> out(rows);
        for (std::uint32_t i = 0; i < rows; ++i) {
            if (values.null(i)) {
                out.set_null(i);
                continue;
            }
            const std::int64_t v = values.value(i) - anchor;
            std::int64_t q = v / step;
            if (v % step < 0) {
                --q;
            }
            out.set(i, anchor + q * step);
        }
        return out.finish(type);
    };
    return call;
}

BoundCall bin_reals(double anchor, double step) {
    BoundCall call;
    call.type = DataType::Real;
    call.arg_types = {DataType::Real};
    call.kernel = [=](const EvalContext&, std::span<const ColumnPtr> in,
                      std::uint32_t rows) -> Result<ColumnPtr> {
        const FixedRows<double> values(in[0]);
        FixedOut<double> out(rows);
        for (std::uint32_t i = 0; i < rows; ++i) {
            if (values.null(i)) {
                out.set_null(i);
            } else {
                out.set(i, anchor + std::floor((values.value(i) - anchor) / step) * step);
            }
        }
        return out.finish(DataType::Real);
    };
    return call;
}

}  // namespace

PlanPtr Binder::bind_make_series(const Operator& op, const MakeSeries& series, PlanPtr input) {
    auto result = std::make_shared<MakeSeriesOp>();
    const auto keys = bind_keys(series.keys, input);
    BoundPtr axis = over(input, [&] { return bind_expr(*series.axis.expr); });
    if (axis->type == DataType::Int) {
        axis = make_cast(axis, DataType::Long);
    }
    const DataType type = axis->type;
    const bool time = type == DataType::DateTime || type == DataType::TimeSpan;
    if (!time && type != DataType::Long && type != DataType::Real && !axis->unknown) {
        report("SEM0025", "KS107", "make-series: the axis must be a number, datetime or timespan",
               series.axis.span);
        return unknown_table();
    }
    const DataType step_type = time ? DataType::TimeSpan : type;
    const auto constant = [&](const ExprPtr& e, DataType t) -> std::optional<Scalar> {
        const ScopeGuard guard(*this, nullptr);
        return e ? bind_constant(*e, t) : std::nullopt;
    };
    result->from = constant(series.from, type);
    result->to = constant(series.to, type);
    const std::optional<Scalar> step = constant(series.step, step_type);
    if (result->from && result->from->is_null()) {
        result->from.reset();
    }
    if (result->to && result->to->is_null()) {
        result->to.reset();
    }
    const bool valid = step && !step->is_null() &&
                       (type == DataType::Real ? step->as_real() > 0 : step->as_int() > 0);
    if (!valid) {
        if (setup_.runner != nullptr && !axis->unknown) {
            report("SEM0035", "", "make-series: the step must be a positive constant",
                   series.step ? series.step->span : op.keyword);
        }
        result->step = type == DataType::Real ? Scalar::of_real(1) : Scalar::of_timespan(1);
    } else {
        result->step = *step;
    }
    result->in_range = series.in_range;
    if (const OperatorParameter* kind = op.parameter("kind")) {
        result->nonempty = parameter_word(*kind) == "nonempty";
    }
    // Only rows inside the axis.
    PlanPtr below = input;
    std::vector<BoundPtr> limits;
    if (!axis->unknown) {
        if (result->from) {
            limits.push_back(apply(">=", {axis, make_constant(*result->from)}, {}));
        }
        if (result->to) {
            limits.push_back(
                apply(series.in_range ? "<=" : "<", {axis, make_constant(*result->to)}, {}));
        }
    }
    for (const BoundPtr& limit : limits) {
        below = filter_plan(below, limit);
    }
    const bool anchored = result->from && !series.in_range;
    BoundCall bin = type == DataType::Real
                        ? bin_reals(anchored ? result->from->as_real() : 0, result->step.as_real())
                        : bin_ticks(time ? type : DataType::Long,
                                    anchored ? result->from->as_int() : 0, result->step.as_int());
    std::vector<BoundPtr> key_exprs;
    Schema summary;
    OutputColumns out;
    AggregateContext context;
    OutputColumns laid;
    for (const auto& [name, expr] : keys) {
        laid.add(name, make_column(key_exprs.size(), expr->type));
        key_exprs.push_back(expr);
        summary.fields.push_back({name, expr->type});
    }
    key_exprs.push_back(make_call("bin", std::move(bin), {axis}, true, series.axis.span));
    summary.fields.push_back({"$axis", key_exprs.back()->type});
    laid.add("$axis", make_column(keys.size(), key_exprs.back()->type));
    context.first_column = key_exprs.size();
    std::vector<std::string> names;
    over(below, [&] {
        aggregates_ = &context;
        for (const MakeSeries::Aggregate& aggregate : series.aggregates) {
            BoundPtr value = bind_expr(*aggregate.expr.expr);
            std::string name = aggregate.expr.name() != nullptr
                                   ? *aggregate.expr.name()
                                   : natural_name(*aggregate.expr.expr);
            if (name.empty()) {
                name = laid.next_anonymous("Column");
            }
            laid.add(laid.unique(std::move(name)), value);
        }
        aggregates_ = nullptr;
    });
    for (std::size_t i = 0; i < series.aggregates.size(); ++i) {
        const DataType value_type = laid.schema[keys.size() + 1 + i].type;
        std::optional<Scalar> missing = constant(series.aggregates[i].default_value, value_type);
        if (!missing && !series.aggregates[i].default_value) {
            missing = columns::is_numeric(value_type) ? cast_scalar(Scalar::of_long(0), value_type)
                                                      : Scalar::null_of(value_type);
        }
        result->defaults.push_back(missing.value_or(Scalar::null_of(value_type)));
    }
    for (const AggregateCall& call : context.calls) {
        for (const columns::Field& field : call.aggregate.outputs) {
            summary.fields.push_back({"$" + std::to_string(summary.size()), field.type});
        }
    }
    PlanPtr grouped =
        summarize_plan(below, std::move(summary), std::move(key_exprs), std::move(context.calls));
    grouped = project_plan(grouped, laid.schema, laid.exprs, false);
    result->keys = keys.size();
    std::string axis_name =
        series.axis.name() != nullptr ? *series.axis.name() : natural_name(*series.axis.expr);
    if (axis_name.empty()) {
        axis_name = "Column1";
    }
    OutputColumns names_out;
    for (std::size_t i = 0; i < laid.schema.size(); ++i) {
        if (i == keys.size()) {
            continue;
        }
        names_out.schema.fields.push_back(
            {laid.schema[i].name, i < keys.size() ? laid.schema[i].type : DataType::Dynamic});
    }
    names_out.schema.fields.push_back({names_out.unique(axis_name), DataType::Dynamic});
    result->schema = std::move(names_out.schema);
    result->inputs = {grouped};
    return result;
}

}  // namespace qd::kql
