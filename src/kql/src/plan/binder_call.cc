// Calls: user functions are inlined, the forms that evaluate lazily and the functions that need to
// know the row set are bound here, everything else comes from the tables of functions.
#include "exec/evaluator.h"
#include "exec/operators.h"
#include "plan/binder.h"
#include "plan/binder_parts.h"
#include "qd/kql/parser.h"

#include <algorithm>
#include <array>

namespace qd::kql {

namespace {
constexpr std::size_t kCallDepthMax = 64;
}

EntityPtr Binder::find_function(std::string_view name, std::string_view database) {
    if (database.empty()) {
        if (const EntityPtr entity = environment_->find(name)) {
            return entity->kind == Entity::Kind::Function ? entity : nullptr;
        }
        database = default_database_;
    }
    const std::optional<StoredFunction> stored = setup_.catalog->find_function(database, name);
    if (!stored) {
        return nullptr;
    }
    Result<std::unique_ptr<Lambda>> lambda = parse_function(stored->parameters, stored->body);
    if (!lambda.ok()) {
        report("SEM0261", "",
               "Stored function '" + stored->name + "' cannot be read: " + lambda.error().message(),
               {});
        return nullptr;
    }
    auto entity = std::make_shared<Entity>();
    entity->kind = Entity::Kind::Function;
    entity->view = stored->is_view;
    std::shared_ptr<const Lambda> held(std::move(*lambda));
    entity->lambda = held.get();
    owned_.push_back(held);
    entity->owner = std::move(held);
    entity->environment = std::make_shared<Environment>();
    return entity;
}

Binder::Bound Binder::call_function(const Entity& function, const Call& call, TextSpan span,
                                    PlanPtr first_table) {
    const Lambda& lambda = *function.lambda;
    const std::string& name = call.name.text;
    // A stored function is parsed at each call, so recursion is recognised by name there.
    const bool stored = function.owner != nullptr;
    if (std::find(calls_.begin(), calls_.end(), &lambda) != calls_.end() ||
        calls_.size() >= kCallDepthMax ||
        (stored && std::find(open_functions_.begin(), open_functions_.end(), name) !=
                       open_functions_.end())) {
        report("SEM0263", "KS120", "Recursive calls are not allowed: '" + name + "'", span);
        return {.scalar = make_unknown(span), .table = nullptr};
    }
    auto environment = std::make_shared<Environment>(function.environment);
    std::size_t positional = 0;
    const auto next_argument = [&](const Parameter& parameter) -> const Expr* {
        for (const NamedExpr& argument : call.arguments) {
            if (argument.name() != nullptr && *argument.name() == parameter.name.text) {
                return argument.expr.get();
            }
        }
        while (positional < call.arguments.size() && call.arguments[positional].name() != nullptr) {
            ++positional;
        }
        return positional < call.arguments.size() ? call.arguments[positional++].expr.get()
                                                  : nullptr;
    };
    bool complete = true;
    for (const Parameter& parameter : lambda.parameters) {
        auto entity = std::make_shared<Entity>();
        if (parameter.tabular && first_table) {
            entity->kind = Entity::Kind::Table;
            entity->table = std::move(first_table);
            first_table = nullptr;
        } else if (const Expr* argument = next_argument(parameter)) {
            if (parameter.tabular) {
                entity->kind = Entity::Kind::Table;
                entity->table = bind_table(*argument);
            } else {
                BoundPtr value = bind_expr(*argument);
                entity->scalar = value->unknown && is_constant(value)
                                     ? make_cast(value, parameter.type)
                                     : fold(make_cast(value, parameter.type));
            }
        } else if (parameter.default_value) {
            const ScopeGuard guard(*this, nullptr);
            entity->scalar = fold(make_cast(bind_expr(*parameter.default_value), parameter.type));
        } else {
            complete = false;
            entity->kind = parameter.tabular ? Entity::Kind::Table : Entity::Kind::Scalar;
            entity->table = parameter.tabular ? unknown_table() : nullptr;
            entity->scalar = make_unknown(span);
        }
        environment->set(parameter.name.text, std::move(entity));
    }
    if (!complete || positional < call.arguments.size()) {
        bool all_named = complete;
        for (std::size_t i = positional; i < call.arguments.size(); ++i) {
            all_named = all_named && call.arguments[i].name() != nullptr;
        }
        if (!all_named) {
            report("SEM0219", "KS119",
                   "Function '" + name + "' expects " + std::to_string(lambda.parameters.size()) +
                       " arguments",
                   span);
        }
    }
    const EnvironmentPtr caller = std::exchange(environment_, environment);
    const PlanPtr contextual = std::exchange(contextual_input_, nullptr);
    calls_.push_back(&lambda);
    if (stored) {
        open_functions_.push_back(name);
    }
    Bound result;
    {
        const ScopeGuard guard(*this, nullptr);
        std::vector<BoundResult> none;
        for (const Statement& statement : lambda.body) {
            bind_statement(statement, none);
        }
        if (lambda.result) {
            result.table = try_bind_table(*lambda.result);
            if (!result.table) {
                result.scalar = bind_expr(*lambda.result);
            }
        } else {
            report("SEM0262", "", "Function '" + name + "' has no result", span);
            result.scalar = make_unknown(span);
        }
    }
    if (stored) {
        open_functions_.pop_back();
    }
    calls_.pop_back();
    environment_ = caller;
    contextual_input_ = contextual;
    return result;
}

BoundPtr Binder::branches(BoundKind kind, std::vector<BoundPtr> args, std::size_t first_value,
                          bool last_is_value, TextSpan span) {
    const auto is_value = [&](std::size_t i) {
        if (kind == BoundKind::Coalesce) {
            return true;
        }
        return i >= first_value &&
               ((i - first_value) % 2 == 0 || (last_is_value && i + 1 == args.size()));
    };
    std::optional<DataType> type;
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (!is_value(i)) {
            continue;
        }
        // A dynamic value takes the others' type: case(…, "Unknown", d.name) is a string.
        if (args[i]->type != DataType::Dynamic) {
            type = type ? widen_types(*type, args[i]->type) : args[i]->type;
        }
    }
    const DataType result = type.value_or(DataType::Dynamic);
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (is_value(i)) {
            args[i] = make_cast(args[i], result);
        }
    }
    return fold(make_form(kind, result, std::move(args), span));
}

BoundPtr Binder::bind_iff(const Call& call, TextSpan span) {
    if (call.arguments.size() != 3) {
        return failed_expr("SEM0219", "KS119",
                           "Function '" + call.name.text + "' takes 3 arguments", span);
    }
    std::vector<BoundPtr> args = {bind_condition(*call.arguments[0].expr),
                                  bind_expr(*call.arguments[1].expr),
                                  bind_expr(*call.arguments[2].expr)};
    return branches(BoundKind::Case, std::move(args), 1, true, span);
}

BoundPtr Binder::bind_case(const Call& call, TextSpan span) {
    if (call.arguments.size() < 3 || call.arguments.size() % 2 == 0) {
        return failed_expr("SEM0219", "KS120",
                           "Function 'case' takes pairs of a condition and a value, then the value "
                           "for everything else",
                           span);
    }
    std::vector<BoundPtr> args;
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
        const Expr& argument = *call.arguments[i].expr;
        const bool condition = i % 2 == 0 && i + 1 < call.arguments.size();
        args.push_back(condition ? bind_condition(argument) : bind_expr(argument));
    }
    return branches(BoundKind::Case, std::move(args), 1, true, span);
}

BoundPtr Binder::bind_coalesce(const Call& call, TextSpan span) {
    std::vector<BoundPtr> args;
    for (const NamedExpr& argument : call.arguments) {
        args.push_back(bind_expr(*argument.expr));
    }
    if (args.size() < 2) {
        return failed_expr("SEM0219", "KS120", "Function 'coalesce' takes 2 or more arguments",
                           span);
    }
    return branches(BoundKind::Coalesce, std::move(args), 0, true, span);
}

BoundPtr Binder::bind_toscalar(const Call& call, TextSpan span) {
    if (call.arguments.size() != 1) {
        return failed_expr("SEM0219", "KS119", "Function 'toscalar' takes 1 argument", span);
    }
    const ScopeGuard guard(*this, nullptr);
    const Expr& argument = *call.arguments[0].expr;
    const PlanPtr plan = try_bind_table(argument);
    if (!plan) {
        return bind_expr(argument);
    }
    if (plan->schema.size() == 0) {
        return make_unknown(span);
    }
    const DataType type = plan->schema[0].type;
    if (setup_.runner == nullptr || run_error_ || failed()) {
        return make_cast(make_unknown(span), type);
    }
    Result<columns::Table> rows = setup_.runner->run(plan);
    if (!rows.ok()) {
        run_error_ = std::move(rows).error();
        return make_cast(make_unknown(span), type);
    }
    for (const columns::Chunk& chunk : rows->chunks) {
        if (chunk.rows > 0) {
            return make_constant(chunk.columns[0]->scalar_at(0), span);
        }
    }
    return make_constant(Scalar::null_of(type), span);
}

BoundPtr Binder::bind_pack_all(const Call& call, TextSpan span) {
    if (row_ == nullptr) {
        return failed_expr("SEM0100", "", "pack_all() needs a table", span);
    }
    bool skip_empty = false;
    if (!call.arguments.empty()) {
        if (const auto flag = bind_constant(*call.arguments[0].expr, DataType::Bool)) {
            skip_empty = !flag->is_null() && flag->as_bool();
        }
    }
    std::vector<BoundPtr> args;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < row_->schema->size(); ++i) {
        args.push_back(make_column(i, row_->schema->fields[i].type, span));
        names.push_back(row_->schema->fields[i].name);
    }
    BoundCall bound;
    bound.type = DataType::Dynamic;
    bound.kernel = [names, skip_empty](const EvalContext&, std::span<const ColumnPtr> in,
                                       std::uint32_t rows) -> Result<ColumnPtr> {
        columns::ColumnBuilder out(DataType::Dynamic, rows);
        for (std::uint32_t i = 0; i < rows; ++i) {
            Object bag;
            for (std::size_t c = 0; c < in.size(); ++c) {
                const bool empty = in[c]->is_null(i) || (in[c]->type() == DataType::String &&
                                                         in[c]->bytes_at(i).empty());
                if (!empty || !skip_empty) {
                    bag.append(names[c], in[c]->scalar_at(i).to_value());
                }
            }
            out.append_value(Value(std::move(bag)));
        }
        return out.finish();
    };
    return make_call("pack_all", std::move(bound), std::move(args), true, span);
}

BoundPtr Binder::bind_window_call(const Call& call, TextSpan span, WindowFunction function) {
    const std::string& name = call.name.text;
    if (row_ == nullptr) {
        return failed_expr("SEM0233", "", "Function '" + name + "' needs rows in an order", span);
    }
    if (!row_->serialized && !row_->open) {
        return failed_expr("SEM0233", "",
                           operator_text() + "Function '" + name +
                               "' cannot be invoked in current context: the rows must be "
                               "serialized, sort or serialize them first",
                           span);
    }
    std::vector<BoundPtr> args;
    for (const NamedExpr& argument : call.arguments) {
        args.push_back(bind_expr(*argument.expr));
    }
    const auto arity = [&](std::size_t low, std::size_t high) {
        if (args.size() >= low && args.size() <= high) {
            return true;
        }
        report(
            "SEM0219", "KS119",
            "Function '" + name + "' does not take " + std::to_string(args.size()) + " arguments",
            span);
        return false;
    };
    switch (function) {
        case WindowFunction::RowNumber:
            if (!arity(0, 2)) {
                return make_unknown(span);
            }
            for (std::size_t i = 0; i < args.size(); ++i) {
                args[i] = make_cast(args[i], i == 0 ? DataType::Long : DataType::Bool);
            }
            return make_window(function, DataType::Long, std::move(args), span);
        case WindowFunction::RankDense:
        case WindowFunction::RankMin:
            if (!arity(1, 2)) {
                return make_unknown(span);
            }
            if (args.size() == 2) {
                args[1] = make_cast(args[1], DataType::Bool);
            }
            return make_window(function, DataType::Long, std::move(args), span);
        case WindowFunction::RowCumsum: {
            if (!arity(1, 2)) {
                return make_unknown(span);
            }
            if (args[0]->type == DataType::Dynamic) {
                args[0] = make_cast(args[0], DataType::Real);
            }
            if (args.size() == 2) {
                args[1] = make_cast(args[1], DataType::Bool);
            }
            const DataType type = args[0]->type == DataType::Int ? DataType::Long : args[0]->type;
            if (!columns::is_numeric(type) && type != DataType::TimeSpan) {
                return failed_expr("SEM0025", "KS107", "row_cumsum() sums numbers", span);
            }
            args[0] = make_cast(args[0], type);
            return make_window(function, type, std::move(args), span);
        }
        case WindowFunction::Previous:
        case WindowFunction::Next: {
            if (!arity(1, 3)) {
                return make_unknown(span);
            }
            for (std::size_t i = 1; i < args.size(); ++i) {
                if (!is_constant(args[i])) {
                    return failed_expr(
                        "SEM0034", "KS129",
                        "Function '" + name + "': the offset and the default must be constants",
                        args[i]->span);
                }
            }
            if (args.size() > 1) {
                args[1] = make_cast(args[1], DataType::Long);
            }
            if (args.size() > 2) {
                args[2] = make_cast(args[2], args[0]->type);
            }
            const DataType type = args[0]->type;
            return make_window(function, type, std::move(args), span);
        }
        case WindowFunction::Session:
            if (!arity(3, 4)) {
                return make_unknown(span);
            }
            args[1] = make_cast(args[1], DataType::TimeSpan);
            args[2] = make_cast(args[2], DataType::TimeSpan);
            if (args.size() > 3) {
                args[3] = make_cast(args[3], DataType::Bool);
            }
            return make_window(function, DataType::DateTime, std::move(args), span);
    }
    return make_unknown(span);
}

BoundPtr Binder::bind_column_ifexists(const Call& call, TextSpan span) {
    if (call.arguments.size() != 2) {
        return failed_expr("SEM0219", "KS119", "Function 'column_ifexists' takes 2 arguments",
                           span);
    }
    const auto name = constant_string(*call.arguments[0].expr);
    if (name && row_ != nullptr) {
        if (row_->schema->index_of(*name)) {
            return bind_name(*name, span);
        }
        if (row_->open) {
            return make_unknown(span);
        }
    }
    return bind_expr(*call.arguments[1].expr);
}

std::shared_ptr<const MultiCall> Binder::bind_multi(const MultiFunction& function, const Call& call,
                                                    TextSpan span) {
    std::vector<BoundPtr> args;
    for (const NamedExpr& argument : call.arguments) {
        args.push_back(bind_expr(*argument.expr));
    }
    if (args.size() < function.args_min ||
        (function.args_max != 255 && args.size() > function.args_max)) {
        report("SEM0219", "KS119",
               "Function '" + call.name.text + "' does not take " + std::to_string(args.size()) +
                   " arguments",
               span);
        return nullptr;
    }
    bool unknown = false;
    std::vector<Argument> described;
    for (const BoundPtr& arg : args) {
        unknown = unknown || arg->unknown;
        described.push_back(
            {.type = arg->type,
             .constant = is_constant(arg) && !arg->unknown ? &arg->constant : nullptr,
             .span = arg->span});
    }
    Result<BoundMultiCall> bound = function.bind(described);
    if (!bound.ok()) {
        if (!unknown) {
            report(bound.error(), span);
        }
        return nullptr;
    }
    auto multi = std::make_shared<MultiCall>();
    multi->name = std::string(function.name);
    multi->call = std::move(*bound);
    for (std::size_t i = 0; i < args.size() && i < multi->call.arg_types.size(); ++i) {
        args[i] = make_cast(args[i], multi->call.arg_types[i]);
    }
    multi->args = std::move(args);
    return multi;
}

BoundPtr Binder::bind_special_call(const Expr& expr, const Call& call, bool& handled) {
    if (BoundPtr graph = bind_graph_call(call, expr.span, handled); handled) {
        return graph;
    }
    handled = true;
    const std::string& name = call.name.text;
    const TextSpan span = expr.span;
    struct WindowName {
        std::string_view name;
        WindowFunction function;
    };
    static constexpr std::array kWindows = {
        WindowName{"row_number", WindowFunction::RowNumber},
        WindowName{"row_cumsum", WindowFunction::RowCumsum},
        WindowName{"prev", WindowFunction::Previous},
        WindowName{"next", WindowFunction::Next},
        WindowName{"row_rank_dense", WindowFunction::RankDense},
        WindowName{"row_rank_min", WindowFunction::RankMin},
        WindowName{"row_window_session", WindowFunction::Session},
    };
    for (const WindowName& window : kWindows) {
        if (window.name == name) {
            return bind_window_call(call, span, window.function);
        }
    }
    if (name == "iff" || name == "iif") {
        return bind_iff(call, span);
    }
    if (name == "case") {
        return bind_case(call, span);
    }
    if (name == "coalesce") {
        return bind_coalesce(call, span);
    }
    if (name == "toscalar") {
        return bind_toscalar(call, span);
    }
    if (name == "pack_all") {
        return bind_pack_all(call, span);
    }
    if (name == "bag_pack_columns") {  // bag_pack() with the columns' names as keys
        std::vector<BoundPtr> pairs;
        for (const NamedExpr& argument : call.arguments) {
            pairs.push_back(
                make_constant(Scalar::of_string(natural_name(*argument.expr)), argument.span));
            pairs.push_back(bind_expr(*argument.expr));
        }
        return bind_scalar_function(*find_scalar_function("bag_pack"), std::move(pairs), span);
    }
    if (name == "column_names_of" && call.arguments.size() == 1) {
        if (const PlanPtr table = try_bind_table(*call.arguments[0].expr)) {
            Array names;
            for (const columns::Field& field : table->schema.fields) {
                names.emplace_back(field.name);
            }
            return make_constant(Scalar::of_dynamic(Value(std::move(names))), span);
        }
    }
    if (name == "column_ifexists" || name == "columnifexists") {
        return bind_column_ifexists(call, span);
    }
    if (name == "iscolumnexists" && call.arguments.size() == 1) {
        const auto column = constant_string(*call.arguments[0].expr);
        return make_constant(
            Scalar::of_bool(column && row_ != nullptr && row_->schema->index_of(*column)), span);
    }
    if (name == "not" && call.arguments.size() == 1) {
        return apply("not", {bind_expr(*call.arguments[0].expr)}, span);
    }
    if (name == "now" || name == "ago") {
        BoundPtr now = make_constant(Scalar::of_datetime(setup_.evaluation.now.ticks), span);
        if (call.arguments.empty() && name == "now") {
            return now;
        }
        if (call.arguments.size() == 1) {
            BoundPtr offset = bind_expr(*call.arguments[0].expr);
            if (offset->unknown || offset->type == DataType::Dynamic) {
                offset = make_cast(offset, DataType::TimeSpan);
            }
            return apply(name == "now" ? "+" : "-", {now, offset}, span);
        }
        return failed_expr("SEM0219", "KS119", "Function '" + name + "' takes one timespan", span);
    }
    if (name == "ingestion_time" && call.arguments.empty()) {
        constexpr std::string_view kColumn = "_TimeReceived";
        if (row_ != nullptr && row_->schema->index_of(kColumn)) {
            return bind_name(kColumn, span);
        }
        return make_constant(Scalar::null_of(DataType::DateTime), span);
    }
    if (name == "bin_auto" && call.arguments.size() == 1) {
        const ScalarFunction* bin = find_scalar_function(settings_.bin_auto_at ? "bin_at" : "bin");
        if (bin == nullptr || !settings_.bin_auto_size) {
            return failed_expr("SEM0001", "",
                               "bin_auto() needs 'set query_bin_auto_size=…' before the query",
                               span);
        }
        std::vector<BoundPtr> args = {bind_expr(*call.arguments[0].expr),
                                      make_constant(*settings_.bin_auto_size, span)};
        if (settings_.bin_auto_at) {
            args.push_back(make_constant(*settings_.bin_auto_at, span));
        }
        return bind_scalar_function(*bin, std::move(args), span);
    }
    if (name == "current_database" && call.arguments.empty()) {
        return make_constant(Scalar::of_string(default_database_), span);
    }
    if (name == "datetime" && call.arguments.empty()) {
        return make_constant(Scalar::of_datetime(setup_.evaluation.now.ticks), span);
    }
    handled = false;
    return nullptr;
}

BoundPtr Binder::bind_call(const Expr& expr, const Call& call) {
    const std::string& name = call.name.text;
    if (call.object) {
        return failed_expr("SEM0260", "KS211", "Unknown function: '" + name + "'", call.name.span);
    }
    if (const EntityPtr entity = environment_->find(name);
        entity && entity->kind == Entity::Kind::Function) {
        const Bound result = call_function(*entity, call, expr.span);
        if (result.scalar) {
            return result.scalar;
        }
        return failed_expr(
            "SEM0100", "KS109",
            operator_text() + "A scalar was expected, but '" + name + "' gives a table", expr.span);
    }
    if (aggregates_ != nullptr && !aggregates_->inside_call) {
        if (const AggregateFunction* aggregate = find_aggregate(name)) {
            return bind_aggregate_call(expr, call, *aggregate);
        }
    }
    bool handled = false;
    if (BoundPtr special = bind_special_call(expr, call, handled); handled) {
        return special;
    }
    if (const ScalarFunction* function = find_scalar_function(name)) {
        std::vector<BoundPtr> args;
        for (const NamedExpr& argument : call.arguments) {
            if (argument.expr->kind() == ExprKind::Star && row_ != nullptr) {
                for (std::size_t i = 0; i < row_->schema->size(); ++i) {
                    args.push_back(bind_name(row_->schema->fields[i].name, argument.span));
                }
                continue;
            }
            args.push_back(bind_expr(*argument.expr));
        }
        return bind_scalar_function(*function, std::move(args), expr.span);
    }
    if (const MultiFunction* multi = find_multi_function(name)) {
        static_cast<void>(multi);
        return failed_expr("SEM0275", "KS131",
                           "Function '" + name + "' has several results and cannot be an argument",
                           expr.span);
    }
    if (const EntityPtr stored = find_function(name)) {
        const Bound result = call_function(*stored, call, expr.span);
        if (result.scalar) {
            return result.scalar;
        }
    }
    if (find_aggregate(name) != nullptr) {
        return failed_expr(
            "SEM0048", "KS144",
            operator_text() + "Aggregate function '" + name + "' is not expected in this context",
            expr.span);
    }
    for (const NamedExpr& argument : call.arguments) {
        if (argument.expr->kind() != ExprKind::Star && try_bind_table(*argument.expr) == nullptr) {
            bind_expr(*argument.expr);
        }
    }
    return failed_expr("SEM0260", "KS211", "Unknown function: '" + name + "'", call.name.span);
}

}  // namespace qd::kql
