// Expressions: names, paths, operators. Every result is folded when it is constant.
#include "exec/evaluator.h"
#include "exec/operators.h"
#include "plan/binder.h"
#include "plan/binder_parts.h"

#include <algorithm>

namespace qd::kql {

BoundPtr Binder::fold(BoundPtr expr) {
    if (expr->kind == BoundKind::Constant || expr->single_column != BoundExpr::kNoColumn ||
        !expr->deterministic || expr->has_window) {
        return expr;
    }
    Result<Scalar> value = evaluate_constant(expr, setup_.evaluation);
    if (!value.ok()) {
        if (!expr->unknown) {
            report(value.error(), expr->span);
        }
        return make_unknown(expr->span);
    }
    auto out = std::make_shared<BoundExpr>();
    out->kind = BoundKind::Constant;
    out->type = expr->type;
    out->constant = std::move(*value);
    out->unknown = expr->unknown;
    out->span = expr->span;
    return out;
}

BoundPtr Binder::finish_call(std::string name, Result<BoundCall> call, std::vector<BoundPtr> args,
                             bool deterministic, TextSpan span, bool boolean_if_unknown) {
    const bool unknown =
        std::any_of(args.begin(), args.end(), [](const BoundPtr& a) { return a->unknown; });
    if (!call.ok()) {
        if (!unknown) {
            report(call.error(), span);
        }
        return boolean_if_unknown ? make_cast(make_unknown(span), DataType::Bool)
                                  : make_unknown(span);
    }
    return fold(make_call(std::move(name), std::move(*call), std::move(args), deterministic, span));
}

namespace {

std::vector<Argument> describe_arguments(const std::vector<BoundPtr>& args) {
    std::vector<Argument> out;
    out.reserve(args.size());
    for (const BoundPtr& arg : args) {
        out.push_back({.type = arg->type,
                       .constant = is_constant(arg) && !arg->unknown ? &arg->constant : nullptr,
                       .span = arg->span});
    }
    return out;
}

}  // namespace

BoundPtr Binder::apply(std::string_view name, std::vector<BoundPtr> args, TextSpan span) {
    const std::vector<Argument> described = describe_arguments(args);
    const std::string text(name);
    if (is_set_operator(name)) {
        return finish_call(text, bind_set_operator(name, described), std::move(args), true, span,
                           true);
    }
    if (is_string_operator(name)) {
        return finish_call(text, bind_string_operator(name, described), std::move(args), true, span,
                           true);
    }
    if (name == "between" || name == "!between") {
        return finish_call(text, bind_between(name[0] == '!', described), std::move(args), true,
                           span, true);
    }
    if (name == "not") {
        return finish_call(text, bind_not(described), std::move(args), true, span, true);
    }
    if (name == "negate") {
        return finish_call("-", bind_negate(described), std::move(args), true, span, false);
    }
    if (name == "[]") {
        return finish_call(text, bind_element(described), std::move(args), true, span, false);
    }
    if (name == "+" || name == "-" || name == "*" || name == "/" || name == "%") {
        return finish_call(text, bind_arithmetic(name, described), std::move(args), true, span,
                           false);
    }
    return finish_call(text, bind_comparison(name, described), std::move(args), true, span, true);
}

BoundPtr Binder::bind_scalar_function(const ScalarFunction& function, std::vector<BoundPtr> args,
                                      TextSpan span) {
    if (args.size() < function.args_min ||
        (function.args_max != 255 && args.size() > function.args_max)) {
        return failed_expr("SEM0219", "KS119",
                           "Function '" + std::string(function.name) + "' does not take " +
                               std::to_string(args.size()) +
                               " arguments: " + std::string(function.signature),
                           span);
    }
    const std::vector<Argument> described = describe_arguments(args);
    return finish_call(std::string(function.name), function.bind(described), std::move(args),
                       function.deterministic, span, false);
}

BoundPtr Binder::bind_condition(const Expr& expr, std::string_view ks_code) {
    BoundPtr bound = bind_expr(expr);
    if (bound->type == DataType::Bool) {
        return bound;
    }
    if (bound->type == DataType::Dynamic || bound->unknown) {
        return fold(make_cast(bound, DataType::Bool));
    }
    return failed_expr("SEM0025", std::string(ks_code),
                       operator_text() + "A bool expression was expected, not " +
                           std::string(columns::type_name(bound->type)),
                       expr.span);
}

BoundPtr Binder::bind_name(std::string_view name, TextSpan span) {
    if (row_ != nullptr) {
        if (const auto index = row_->schema->index_of(name)) {
            if (aggregates_ != nullptr && !aggregates_->inside_call) {
                if (aggregates_->keys != nullptr) {
                    if (const auto key = aggregates_->keys->index_of(name)) {
                        return make_column(*key, aggregates_->keys->fields[*key].type, span);
                    }
                }
                return failed_expr("SEM0024", "KS236",
                                   operator_text() + "The column '" + std::string(name) +
                                       "' must stand inside an aggregate function",
                                   span);
            }
            if (row_->guessed && row_->guessed->contains(name)) {
                auto guess = std::make_shared<BoundExpr>(
                    *make_column(*index, row_->schema->fields[*index].type, span));
                guess->unknown = true;
                return guess;
            }
            return make_column(*index, row_->schema->fields[*index].type, span);
        }
        for (const auto& [extra, expr] : row_->extra) {
            if (extra == name) {
                return expr;
            }
        }
    }
    if (const EntityPtr entity = environment_->find(name)) {
        if (entity->kind == Entity::Kind::Scalar) {
            if (row_ != nullptr && entity->scalar->single_column != BoundExpr::kNoColumn) {
                return failed_expr("SEM0034", "KS129",
                                   operator_text() + "The value of '" + std::string(name) +
                                       "' differs from row to row and cannot be used in a table "
                                       "expression",
                                   span);
            }
            return entity->scalar;
        }
        if (entity->kind == Entity::Kind::Function && entity->lambda->parameters.empty()) {
            Call call;
            call.name = {std::string(name), span};
            if (BoundPtr scalar = call_function(*entity, call, span).scalar) {
                return scalar;
            }
        }
        return failed_expr(
            "SEM0100", "KS109",
            operator_text() + "A scalar was expected, but '" + std::string(name) + "' is a table",
            span);
    }
    if (row_ != nullptr && row_->open) {
        return make_unknown(span);
    }
    return failed_expr("SEM0100", "KS142",
                       operator_text() + "Failed to resolve column or scalar expression named '" +
                           std::string(name) + "'",
                       span);
}

BoundPtr Binder::bind_path(const Expr& expr, const Path& path) {
    if (const auto* name = path.object->if_as<NameRef>(); name != nullptr && row_ != nullptr) {
        for (const RowScope::Qualified& side : row_->qualified) {
            if (side.name != name->name) {
                continue;
            }
            for (const auto& [column, bound] : side.columns) {
                if (column == path.member.text) {
                    return bound;
                }
            }
            if (row_->open) {
                return make_unknown(expr.span);
            }
            return failed_expr("SEM0100", "KS142",
                               operator_text() +
                                   "Failed to resolve column or scalar expression named '" +
                                   path.member.text + "'",
                               expr.span);
        }
    }
    BoundPtr object = bind_expr(*path.object);
    if (object->type != DataType::Dynamic) {
        if (object->unknown) {
            return make_unknown(expr.span);
        }
        return failed_expr("SEM0103", "KS112",
                           operator_text() + "Only a dynamic value has properties, not " +
                               std::string(columns::type_name(object->type)) + ": '" +
                               path.member.text + "'",
                           expr.span);
    }
    PathStep step;
    step.key = path.member.text;
    return fold(make_path(std::move(object), std::move(step), expr.span));
}

BoundPtr Binder::bind_element_of(const Expr& expr, const Element& element) {
    // array_sort_asc(a, b)[1]: one part of a call with several results.
    if (const auto* call = element.object->if_as<Call>();
        call != nullptr && !call->object && !environment_->find(call->name.text)) {
        const MultiFunction* function = find_multi_function(call->name.text);
        const auto* index = element.index->if_as<Literal>();
        if (function != nullptr && index != nullptr &&
            call->arguments.size() >= function->args_min &&
            (index->value.type() == DataType::Long || index->value.type() == DataType::Int)) {
            const auto multi = bind_multi(*function, *call, expr.span);
            const std::int64_t part = index->value.as_int();
            if (!multi) {
                return make_unknown(expr.span);
            }
            if (part >= 0 && static_cast<std::size_t>(part) < multi->call.parts.size()) {
                return make_multi_part(multi, static_cast<std::size_t>(part), expr.span);
            }
        }
    }
    BoundPtr object = bind_expr(*element.object);
    BoundPtr index = bind_expr(*element.index);
    if (object->type != DataType::Dynamic) {
        if (object->unknown) {
            return make_unknown(expr.span);
        }
        return failed_expr("SEM0103", "KS112",
                           operator_text() + "Only a dynamic value has elements, not " +
                               std::string(columns::type_name(object->type)),
                           expr.span);
    }
    if (is_constant(index) && !index->constant.is_null() && !index->unknown) {
        PathStep step;
        if (index->type == DataType::String) {
            step.key = index->constant.bytes();
            return fold(make_path(std::move(object), std::move(step), expr.span));
        }
        if (index->type == DataType::Long || index->type == DataType::Int) {
            step.index = index->constant.as_int();
            step.is_index = true;
            return fold(make_path(std::move(object), std::move(step), expr.span));
        }
    }
    return apply("[]", {std::move(object), std::move(index)}, expr.span);
}

BoundPtr Binder::bind_binary(const Expr& expr, const Binary& binary) {
    if (binary.op == BinaryOp::SearchColon) {
        return bind_search_colon(expr, binary);
    }
    if (binary.left->kind() == ExprKind::Star && row_ != nullptr) {
        return search_predicate(expr, *row_->schema, false);
    }
    BoundPtr left = bind_expr(*binary.left);
    BoundPtr right = bind_expr(*binary.right);
    return apply(binary_op_text(binary.op), {std::move(left), std::move(right)}, expr.span);
}

BoundPtr Binder::bind_logical(const Expr& expr, const Logical& logical) {
    std::vector<BoundPtr> args;
    for (const ExprPtr& operand : logical.operands) {
        args.push_back(bind_condition(*operand, "KS106"));
    }
    return fold(make_form(logical.op == LogicalOp::And ? BoundKind::And : BoundKind::Or,
                          DataType::Bool, std::move(args), expr.span));
}

BoundPtr Binder::bind_between_expr(const Expr& expr, const Between& between) {
    std::vector<BoundPtr> args = {bind_expr(*between.subject), bind_expr(*between.low),
                                  bind_expr(*between.high)};
    return apply(between.negated ? "!between" : "between", std::move(args), expr.span);
}

BoundPtr Binder::bind_in(const Expr& expr, const InList& list) {
    std::vector<BoundPtr> args = {bind_expr(*list.subject)};
    for (const ExprPtr& item : list.items) {
        PlanPtr table = try_bind_table(*item);
        if (table == nullptr) {
            args.push_back(bind_expr(*item));
            continue;
        }
        if (setup_.runner == nullptr || run_error_ || failed() || table->schema.size() == 0) {
            args.push_back(make_unknown(item->span));
            continue;
        }
        Result<columns::Table> rows = setup_.runner->run(table);
        if (!rows.ok()) {
            run_error_ = std::move(rows).error();
            args.push_back(make_unknown(item->span));
            continue;
        }
        // A list that lost nothing of its type: dynamic holds every scalar.
        Array values;
        for (const columns::Chunk& chunk : rows->chunks) {
            for (std::uint32_t i = 0; i < chunk.rows; ++i) {
                values.push_back(chunk.columns[0]->scalar_at(i).to_value());
            }
        }
        args.push_back(make_constant(Scalar::of_dynamic(Value(std::move(values))), item->span));
    }
    return apply(list_op_text(list.op), std::move(args), expr.span);
}

BoundPtr Binder::bind_expr(const Expr& expr) {
    switch (expr.kind()) {
        case ExprKind::Literal:
            return make_constant(expr.as<Literal>().value, expr.span);
        case ExprKind::NameRef:
            return bind_name(expr.as<NameRef>().name, expr.span);
        case ExprKind::Path:
            return bind_path(expr, expr.as<Path>());
        case ExprKind::Element:
            return bind_element_of(expr, expr.as<Element>());
        case ExprKind::Call:
            return bind_call(expr, expr.as<Call>());
        case ExprKind::Unary: {
            const Unary& unary = expr.as<Unary>();
            BoundPtr operand = bind_expr(*unary.operand);
            return unary.op == UnaryOp::Plus ? operand
                                             : apply("negate", {std::move(operand)}, expr.span);
        }
        case ExprKind::Binary:
            return bind_binary(expr, expr.as<Binary>());
        case ExprKind::Logical:
            return bind_logical(expr, expr.as<Logical>());
        case ExprKind::Between:
            return bind_between_expr(expr, expr.as<Between>());
        case ExprKind::InList:
            return bind_in(expr, expr.as<InList>());
        case ExprKind::TypeOf:
            return make_constant(
                Scalar::of_string(std::string(columns::type_name(expr.as<TypeOf>().type))),
                expr.span);
        case ExprKind::Subquery: {
            const Query& query = *expr.as<Subquery>().query;
            if (query.source && query.operators.empty()) {
                return bind_expr(*query.source);
            }
            break;
        }
        case ExprKind::Star:
        case ExprKind::Wildcard:
            return failed_expr("SYN0002", "KS109", operator_text() + "'*' cannot stand here",
                               expr.span);
        case ExprKind::DataTable:
        case ExprKind::ExternalData:
            break;
        case ExprKind::Conditional:
        case ExprKind::Missing:
            return make_unknown(expr.span);
    }
    return failed_expr("SEM0100", "KS109",
                       operator_text() + "A scalar was expected here, not a table", expr.span);
}

}  // namespace qd::kql
