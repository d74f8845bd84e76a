// search and find: terms over all columns of some or all tables.
#include "plan/binder.h"
#include "plan/binder_parts.h"

#include <algorithm>

namespace qd::kql {

using columns::Schema;

namespace {

/// `term*`, `*term`, `te*rm`: the operator and the text that remain.
struct Term {
    std::string op;
    std::string text;
};

Term term_of(std::string_view text, bool sensitive) {
    const std::string cs = sensitive ? "_cs" : "";
    const bool front = text.size() > 1 && text.front() == '*';
    const bool back = text.size() > 1 && text.back() == '*';
    std::string_view inner = text;
    if (front) {
        inner.remove_prefix(1);
    }
    if (back) {
        inner.remove_suffix(1);
    }
    if (text == "*") {
        return {.op = "contains" + cs, .text = ""};
    }
    if (inner.find('*') != std::string_view::npos) {
        std::string pattern = sensitive ? "(?s)" : "(?is)";
        for (const char c : text) {
            if (c == '*') {
                pattern += ".*";
            } else {
                if (std::string_view("\\.+?()[]{}|^$").find(c) != std::string_view::npos) {
                    pattern += '\\';
                }
                pattern += c;
            }
        }
        return {.op = "matches regex", .text = pattern};
    }
    if (front && back) {
        return {.op = "contains" + cs, .text = std::string(inner)};
    }
    if (front) {
        return {.op = "hassuffix" + cs, .text = std::string(inner)};
    }
    if (back) {
        return {.op = "hasprefix" + cs, .text = std::string(inner)};
    }
    return {.op = "has" + cs, .text = std::string(inner)};
}

bool is_literal_text(const Expr& expr) {
    const auto* literal = expr.if_as<Literal>();
    return literal != nullptr && literal->value.type() == DataType::String;
}

}  // namespace

BoundPtr Binder::any_column(std::string_view op, const Scalar& needle, const Schema& schema) {
    std::vector<BoundPtr> tests;
    for (std::size_t i = 0; i < schema.size(); ++i) {
        BoundPtr text = make_cast(make_column(i, schema[i].type), DataType::String);
        tests.push_back(apply(op, {std::move(text), make_constant(needle)}, {}));
    }
    if (tests.empty()) {
        return make_constant(Scalar::of_bool(false));
    }
    return tests.size() == 1 ? tests[0]
                             : make_form(BoundKind::Or, DataType::Bool, std::move(tests), {});
}

/// Like bind_condition, but a bare text means "in any column".
BoundPtr Binder::search_predicate(const Expr& expr, const Schema& schema, bool sensitive) {
    if (expr.kind() == ExprKind::Star) {
        return make_constant(Scalar::of_bool(true), expr.span);
    }
    if (is_literal_text(expr)) {
        const Term term = term_of(expr.as<Literal>().value.bytes(), sensitive);
        return any_column(term.op, Scalar::of_string(term.text), schema);
    }
    if (const auto* both = expr.if_as<Logical>()) {
        std::vector<BoundPtr> args;
        for (const ExprPtr& operand : both->operands) {
            args.push_back(search_predicate(*operand, schema, sensitive));
        }
        return fold(make_form(both->op == LogicalOp::And ? BoundKind::And : BoundKind::Or,
                              DataType::Bool, std::move(args), expr.span));
    }
    if (const auto* call = expr.if_as<Call>();
        call != nullptr && call->name.text == "not" && call->arguments.size() == 1) {
        return apply("not", {search_predicate(*call->arguments[0].expr, schema, sensitive)},
                     expr.span);
    }
    if (const auto* binary = expr.if_as<Binary>()) {
        if (binary->op == BinaryOp::SearchColon) {
            return bind_search_colon(expr, *binary);
        }
        if (binary->left->kind() == ExprKind::Star) {
            const BoundPtr needle = bind_expr(*binary->right);
            std::vector<BoundPtr> tests;
            for (std::size_t i = 0; i < schema.size(); ++i) {
                BoundPtr column = make_column(i, schema[i].type);
                const bool same =
                    schema[i].type == needle->type ||
                    (columns::is_numeric(schema[i].type) && columns::is_numeric(needle->type));
                if (needle->type == DataType::String) {
                    column = make_cast(column, DataType::String);
                } else if (!same) {
                    continue;
                }
                tests.push_back(apply(binary_op_text(binary->op), {column, needle}, expr.span));
            }
            if (tests.empty()) {
                return make_constant(Scalar::of_bool(false));
            }
            if (tests.size() == 1) {
                return tests[0];
            }
            // `* !has x`: none of the columns has it (recorded).
            const bool negated = binary_op_text(binary->op).starts_with('!');
            return make_form(negated ? BoundKind::And : BoundKind::Or, DataType::Bool,
                             std::move(tests), expr.span);
        }
        // A column another table has: false here.
        if (const auto* name = binary->left->if_as<NameRef>();
            name != nullptr && !schema.index_of(name->name) && !environment_->find(name->name)) {
            return make_constant(Scalar::of_bool(false));
        }
    }
    return bind_condition(expr);
}

BoundPtr Binder::bind_search_colon(const Expr& expr, const Binary& binary) {
    if (binary.left->kind() == ExprKind::Star && row_ != nullptr) {
        const BoundPtr needle = bind_expr(*binary.right);
        const Term term = term_of(cast_scalar(needle->constant, DataType::String).bytes(), false);
        return any_column(term.op, Scalar::of_string(term.text), *row_->schema);
    }
    if (const auto* name = binary.left->if_as<NameRef>();
        name != nullptr && row_ != nullptr && !row_->schema->index_of(name->name)) {
        return make_constant(Scalar::of_bool(false));
    }
    BoundPtr left = bind_expr(*binary.left);
    BoundPtr right = bind_expr(*binary.right);
    if (!is_constant(right) || right->unknown) {
        return apply("has", {make_cast(left, DataType::String), right}, expr.span);
    }
    if (right->type != DataType::String && left->type != DataType::String) {
        return apply("==", {left, right}, expr.span);
    }
    const Term term = term_of(cast_scalar(right->constant, DataType::String).bytes(), false);
    return apply(term.op,
                 {make_cast(left, DataType::String), make_constant(Scalar::of_string(term.text))},
                 expr.span);
}

PlanPtr Binder::bind_search(const Operator& op, const Search& search, PlanPtr input) {
    bool sensitive = false;
    if (const OperatorParameter* kind = op.parameter("kind")) {
        sensitive = parameter_word(*kind) == "case_sensitive";
    }
    std::vector<std::pair<std::string, PlanPtr>> arms;
    if (input) {
        const bool scan = input->kind == OpKind::Scan;
        arms.emplace_back(
            scan ? as<ScanOp>(*input).table : "search_arg" + std::to_string(arms.size()), input);
    } else if (search.tables.empty()) {
        arms = tables_like("*");
    }
    for (const ExprPtr& table : search.tables) {
        if (const auto* wildcard = table->if_as<Wildcard>()) {
            for (auto& arm : tables_like(wildcard->pattern)) {
                arms.push_back(std::move(arm));
            }
        } else {
            PlanPtr plan = bind_table(*table);
            const auto* name = table->if_as<NameRef>();
            arms.emplace_back(
                name != nullptr ? name->name : "search_arg" + std::to_string(arms.size()),
                std::move(plan));
        }
    }
    for (auto& [name, plan] : arms) {
        const PlanPtr before = plan;
        const BoundPtr test = over(
            before, [&] { return search_predicate(*search.predicate, before->schema, sensitive); });
        plan = filter_plan(before, test);
    }
    if (arms.empty()) {
        return unknown_table();
    }
    return union_plan(std::move(arms), true, "$table");
}

PlanPtr Binder::bind_find(const Operator& op, const Find& find, PlanPtr input) {
    std::string source_name = "source_";
    for (const std::string_view word : {"withsource", "with_source"}) {
        if (const OperatorParameter* parameter = op.parameter(word)) {
            source_name = std::string(parameter_word(*parameter));
        }
    }
    std::vector<std::pair<std::string, PlanPtr>> arms;
    if (input) {
        arms.emplace_back("find_arg0", input);
    } else if (find.tables.empty()) {
        arms = tables_like("*");
    }
    for (const ExprPtr& table : find.tables) {
        if (const auto* wildcard = table->if_as<Wildcard>()) {
            for (auto& arm : tables_like(wildcard->pattern)) {
                arms.push_back(std::move(arm));
            }
        } else {
            PlanPtr plan = bind_table(*table);
            const auto* name = table->if_as<NameRef>();
            arms.emplace_back(
                name != nullptr ? name->name : "find_arg" + std::to_string(arms.size()),
                std::move(plan));
        }
    }
    if (arms.empty()) {
        return unknown_table();
    }
    // Columns to give: those asked for, or the ones the predicate speaks of and all tables have.
    std::vector<columns::Field> wanted;
    for (const Find::Output& column : find.project) {
        DataType type = column.type.value_or(DataType::Dynamic);
        bool found = column.type.has_value();
        for (const auto& [name, plan] : arms) {
            if (const auto index = plan->schema.index_of(column.column.text); index && !found) {
                type = plan->schema[*index].type;
                found = true;
            }
        }
        if (!found && std::none_of(arms.begin(), arms.end(),
                                   [](const auto& arm) { return arm.second->open; })) {
            report("SEM0100", "KS142",
                   operator_text() + "Failed to resolve column or scalar expression named '" +
                       column.column.text + "'",
                   column.column.span);
        }
        wanted.push_back({column.column.text, type});
    }
    const bool smart = wanted.empty() || find.project_smart;
    if (smart) {
        for (const columns::Field& field : arms[0].second->schema.fields) {
            const bool everywhere = std::all_of(arms.begin(), arms.end(), [&](const auto& arm) {
                const auto index = arm.second->schema.index_of(field.name);
                return index && arm.second->schema[*index].type == field.type;
            });
            if (everywhere) {
                wanted.push_back(field);
            }
        }
    }
    const bool pack = find.pack || smart;
    for (auto& [name, plan] : arms) {
        const PlanPtr before = plan;
        BoundPtr test =
            over(before, [&] { return search_predicate(*find.predicate, before->schema, false); });
        const PlanPtr filtered = filter_plan(before, test);
        Schema schema;
        std::vector<BoundPtr> exprs;
        std::vector<bool> taken(filtered->schema.size());
        for (const columns::Field& field : wanted) {
            schema.fields.push_back(field);
            if (const auto index = filtered->schema.index_of(field.name)) {
                taken[*index] = true;
                exprs.push_back(make_cast(column_of(filtered, *index), field.type));
            } else {
                exprs.push_back(make_constant(field.type == DataType::String
                                                  ? Scalar::of_string("")
                                                  : Scalar::null_of(field.type)));
            }
        }
        if (pack) {
            Schema rest;
            std::vector<std::size_t> places;
            for (std::size_t i = 0; i < taken.size(); ++i) {
                if (!taken[i]) {
                    rest.fields.push_back(filtered->schema[i]);
                    places.push_back(i);
                }
            }
            RowScope scope;
            scope.schema = &rest;
            const ScopeGuard guard(*this, &scope);
            BoundPtr bag = bind_pack_all(Call{}, {});
            bag = substitute_columns(
                bag, [&](const BoundExpr& c) { return make_column(places[c.column], c.type); });
            schema.fields.push_back({"pack_", DataType::Dynamic});
            exprs.push_back(std::move(bag));
        }
        plan = project_plan(filtered, std::move(schema), std::move(exprs), false);
    }
    return union_plan(std::move(arms), true, source_name);
}

}  // namespace qd::kql
