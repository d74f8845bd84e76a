// join, lookup, union.
#include "plan/binder.h"
#include "plan/binder_parts.h"

#include <algorithm>
#include <map>

namespace qd::kql {

using columns::Schema;

std::string_view join_kind_name(JoinKind kind) {
    switch (kind) {
        case JoinKind::InnerUnique:
            return "innerunique";
        case JoinKind::Inner:
            return "inner";
        case JoinKind::LeftOuter:
            return "leftouter";
        case JoinKind::RightOuter:
            return "rightouter";
        case JoinKind::FullOuter:
            return "fullouter";
        case JoinKind::LeftSemi:
            return "leftsemi";
        case JoinKind::LeftAnti:
            return "leftanti";
        case JoinKind::RightSemi:
            return "rightsemi";
        case JoinKind::RightAnti:
            return "rightanti";
    }
    return "";
}

namespace {

std::optional<JoinKind> parse_join_kind(std::string_view text) {
    if (text == "anti" || text == "leftantisemi") {
        return JoinKind::LeftAnti;
    }
    if (text == "rightantisemi") {
        return JoinKind::RightAnti;
    }
    for (const JoinKind kind : {JoinKind::InnerUnique, JoinKind::Inner, JoinKind::LeftOuter,
                                JoinKind::RightOuter, JoinKind::FullOuter, JoinKind::LeftSemi,
                                JoinKind::LeftAnti, JoinKind::RightSemi, JoinKind::RightAnti}) {
        if (join_kind_name(kind) == text) {
            return kind;
        }
    }
    return std::nullopt;
}

/// Which sides an expression reads: 1 left, 2 right. Columns of the right start at `width`.
int sides_of(const BoundExpr& expr, std::size_t width) {
    std::vector<bool> used;
    collect_columns(expr, used);
    int sides = 0;
    for (std::size_t i = 0; i < used.size(); ++i) {
        if (used[i]) {
            sides |= i < width ? 1 : 2;
        }
    }
    return sides;
}

BoundPtr shift_columns(const BoundPtr& expr, std::size_t by) {
    return substitute_columns(
        expr, [by](const BoundExpr& c) { return make_column(c.column - by, c.type, c.span); });
}

}  // namespace

bool Binder::bind_join_keys(const std::vector<ExprPtr>& conditions, const PlanPtr& left,
                            const PlanPtr& right, std::vector<BoundPtr>& left_keys,
                            std::vector<BoundPtr>& right_keys) {
    // Both sides as one row: the right side's columns come after the left's.
    const std::size_t width = left->schema.size();
    const Schema none;
    RowScope scope;
    scope.schema = &none;
    scope.open = left->open || right->open;
    RowScope::Qualified left_side{.name = "$left", .columns = {}};
    RowScope::Qualified right_side{.name = "$right", .columns = {}};
    const auto guessed_left = guessed_columns(left);
    const auto guessed_right = guessed_columns(right);
    const auto column = [](std::size_t index, const columns::Field& field,
                           const std::shared_ptr<const NameSet>& guessed) {
        auto out = std::make_shared<BoundExpr>(*make_column(index, field.type));
        out->unknown = guessed && guessed->contains(field.name);
        return out;
    };
    for (std::size_t i = 0; i < width; ++i) {
        left_side.columns.emplace_back(left->schema[i].name,
                                       column(i, left->schema[i], guessed_left));
    }
    for (std::size_t i = 0; i < right->schema.size(); ++i) {
        right_side.columns.emplace_back(right->schema[i].name,
                                        column(width + i, right->schema[i], guessed_right));
    }
    scope.qualified = {std::move(left_side), std::move(right_side)};
    bool fine = true;
    const auto add = [&](BoundPtr l, BoundPtr r, TextSpan span, bool by_name) {
        if (l->unknown || r->unknown) {
            fine = false;
            return;
        }
        const auto simple = [](DataType t) { return t == DataType::Int || t == DataType::Long; };
        if (l->type != r->type) {
            if (simple(l->type) && simple(r->type)) {
                l = make_cast(l, DataType::Long);
                r = make_cast(r, DataType::Long);
            } else {
                report("SEM0025", by_name ? "KS227" : "KS242",
                       operator_text() + "The key types do not match: " +
                           std::string(columns::type_name(l->type)) + " and " +
                           std::string(columns::type_name(r->type)),
                       span);
                fine = false;
                return;
            }
        }
        if (l->type == DataType::Dynamic) {
            report("SEM0029", "KS241",
                   operator_text() +
                       "A join key cannot be dynamic: convert it, for instance with "
                       "tostring()",
                   span);
            fine = false;
            return;
        }
        left_keys.push_back(std::move(l));
        right_keys.push_back(std::move(r));
    };
    const auto bind_one = [&](const auto& self, const Expr& condition) -> void {
        if (const auto* name = condition.if_as<NameRef>()) {
            const auto l = left->schema.index_of(name->name);
            const auto r = right->schema.index_of(name->name);
            const auto guessed = [&](const PlanPtr& side) {
                const auto names = guessed_columns(side);
                return names && names->contains(name->name);
            };
            if (guessed(left) || guessed(right)) {
                fine = false;
                return;
            }
            if (l && r) {
                add(column_of(left, *l), make_column(width + *r, right->schema[*r].type),
                    condition.span, true);
                return;
            }
            fine = false;
            if ((!l && !left->open) || (!r && !right->open)) {
                report("SEM0100", "KS142",
                       operator_text() + "Failed to resolve table or column expression named '" +
                           name->name + "'",
                       condition.span);
            }
            return;
        }
        if (const auto* both = condition.if_as<Logical>(); both && both->op == LogicalOp::And) {
            for (const ExprPtr& operand : both->operands) {
                self(self, *operand);
            }
            return;
        }
        const auto* equal = condition.if_as<Binary>();
        if (equal == nullptr || equal->op != BinaryOp::Equal) {
            report("SEM0026", "KS182",
                   operator_text() + "A condition must be a column or $left.a == $right.b",
                   condition.span);
            fine = false;
            return;
        }
        const ScopeGuard guard(*this, &scope);
        BoundPtr a = bind_expr(*equal->left);
        BoundPtr b = bind_expr(*equal->right);
        if (a->unknown || b->unknown) {
            fine = false;
            return;
        }
        if (sides_of(*a, width) == 2 && sides_of(*b, width) == 1) {
            std::swap(a, b);
        }
        if (sides_of(*a, width) != 1 || sides_of(*b, width) != 2) {
            report("SEM0026", "KS183",
                   operator_text() + "A condition must compare the left side with the right side",
                   condition.span);
            fine = false;
            return;
        }
        add(std::move(a), std::move(b), condition.span, false);
    };
    for (const ExprPtr& condition : conditions) {
        bind_one(bind_one, *condition);
    }
    for (BoundPtr& key : right_keys) {
        key = shift_columns(key, width);
    }
    return fine;
}

PlanPtr Binder::bind_join(const Operator& op, const Join& join, PlanPtr input) {
    const PlanPtr right = bind_table(*join.right);
    JoinKind kind = JoinKind::InnerUnique;
    if (const OperatorParameter* parameter = op.parameter("kind")) {
        const auto parsed = parse_join_kind(parameter_word(*parameter));
        if (parsed) {
            kind = *parsed;
        } else {
            report("SEM0011", "",
                   operator_text() + "Unknown kind of join: '" +
                       std::string(parameter_word(*parameter)) + "'",
                   parameter->span);
        }
    }
    auto result = make_op<JoinOp>({input, right}, {}, false);
    result->join = kind;
    if (join.conditions.empty()) {
        report("SYN0002", "", operator_text() + "An 'on' clause is needed", op.keyword);
    }
    bind_join_keys(join.conditions, input, right, result->left_keys, result->right_keys);
    OutputColumns out;
    const bool left_only = kind == JoinKind::LeftSemi || kind == JoinKind::LeftAnti;
    const bool right_only = kind == JoinKind::RightSemi || kind == JoinKind::RightAnti;
    if (!right_only) {
        for (std::size_t i = 0; i < input->schema.size(); ++i) {
            out.schema.fields.push_back(input->schema[i]);
            result->left_output.push_back(i);
        }
    }
    if (!left_only) {
        for (std::size_t i = 0; i < right->schema.size(); ++i) {
            columns::Field field = right->schema[i];
            field.name = out.unique(std::move(field.name));
            out.schema.fields.push_back(std::move(field));
            result->right_output.push_back(i);
        }
    }
    result->schema = std::move(out.schema);
    return result;
}

PlanPtr Binder::bind_lookup(const Operator& op, const Lookup& lookup, PlanPtr input) {
    const PlanPtr right = bind_table(*lookup.right);
    auto result = make_op<JoinOp>({input, right}, {}, false);
    result->join = JoinKind::LeftOuter;
    result->reverse_matches = true;
    if (const OperatorParameter* parameter = op.parameter("kind")) {
        const std::string_view word = parameter_word(*parameter);
        if (word == "inner") {
            result->join = JoinKind::Inner;
        } else if (word != "leftouter") {
            report("SEM0011", "", operator_text() + "lookup knows the kinds leftouter and inner",
                   parameter->span);
        }
    }
    bind_join_keys(lookup.conditions, input, right, result->left_keys, result->right_keys);
    std::vector<bool> is_key(right->schema.size());
    for (const BoundPtr& key : result->right_keys) {
        collect_columns(*key, is_key);
    }
    OutputColumns out;
    for (std::size_t i = 0; i < input->schema.size(); ++i) {
        out.schema.fields.push_back(input->schema[i]);
        result->left_output.push_back(i);
    }
    for (std::size_t i = 0; i < right->schema.size(); ++i) {
        if (is_key[i]) {
            continue;
        }
        columns::Field field = right->schema[i];
        field.name = out.unique(std::move(field.name));
        out.schema.fields.push_back(std::move(field));
        result->right_output.push_back(i);
    }
    result->schema = std::move(out.schema);
    return result;
}

PlanPtr Binder::union_plan(std::vector<std::pair<std::string, PlanPtr>> arms, bool outer,
                           const std::string& source_column) {
    // One column per (name, type); a name with several types gets the type as suffix.
    struct Column {
        std::string name;
        DataType type;
        std::size_t arms = 0;
    };
    std::vector<Column> columns;
    std::map<std::string, std::size_t> types_of_name;
    bool open = false;
    for (const auto& [name, plan] : arms) {
        open = open || plan->open;
        for (const columns::Field& field : plan->schema.fields) {
            auto it = std::find_if(columns.begin(), columns.end(), [&](const Column& c) {
                return c.name == field.name && c.type == field.type;
            });
            if (it == columns.end()) {
                columns.push_back({.name = field.name, .type = field.type, .arms = 1});
                ++types_of_name[field.name];
            } else {
                ++it->arms;
            }
        }
    }
    if (!outer) {
        std::erase_if(columns, [&](const Column& c) { return c.arms != arms.size(); });
    }
    Schema schema;
    if (!source_column.empty()) {
        schema.fields.push_back({source_column, DataType::String});
    }
    for (const Column& column : columns) {
        std::string name = column.name;
        if (outer && types_of_name[column.name] > 1) {
            const std::string split = name + "_" + std::string(columns::type_name(column.type));
            name = split;
            for (std::uint32_t i = 1; types_of_name.contains(name); ++i) {
                name = split + std::to_string(i);
            }
        }
        schema.fields.push_back({std::move(name), column.type});
    }
    std::vector<PlanPtr> inputs;
    for (const auto& [name, plan] : arms) {
        std::vector<BoundPtr> exprs;
        if (!source_column.empty()) {
            exprs.push_back(make_constant(Scalar::of_string(name)));
        }
        for (const Column& column : columns) {
            const auto index = plan->schema.index_of(column.name);
            if (index && plan->schema[*index].type == column.type) {
                exprs.push_back(column_of(plan, *index));
            } else {
                exprs.push_back(make_constant(column.type == DataType::String
                                                  ? Scalar::of_string("")
                                                  : Scalar::null_of(column.type)));
            }
        }
        inputs.push_back(project_plan(plan, schema, std::move(exprs), false));
    }
    auto op = make_op<UnionOp>(std::move(inputs), std::move(schema), false);
    op->open = open;
    return op;
}

PlanPtr Binder::bind_union(const Operator& op, const Union& un, PlanPtr input) {
    bool outer = true;
    bool fuzzy = false;
    std::string source;
    if (const OperatorParameter* kind = op.parameter("kind")) {
        outer = parameter_word(*kind) != "inner";
    }
    if (const OperatorParameter* flag = op.parameter("isfuzzy")) {
        const std::string_view word = parameter_word(*flag);
        if (word == "true" || word == "false") {
            fuzzy = word == "true";
        } else if (const auto value = bind_constant(*flag->value, DataType::Bool)) {
            fuzzy = !value->is_null() && value->as_bool();
        }
    }
    for (const std::string_view word : {"withsource", "with_source"}) {
        if (const OperatorParameter* column = op.parameter(word)) {
            source = std::string(parameter_word(*column));
        }
    }
    std::vector<std::pair<std::string, PlanPtr>> arms;
    bool dropped = false;  // a fuzzy arm that does not exist (here)
    const auto next_name = [&] { return "union_arg" + std::to_string(arms.size()); };
    if (input) {
        std::string name = input->kind == OpKind::Scan ? as<ScanOp>(*input).table : next_name();
        if (input->kind == OpKind::Materialize && !as<MaterializeOp>(*input).name.empty()) {
            name = as<MaterializeOp>(*input).name;
        }
        arms.emplace_back(std::move(name), input);
    }
    for (const ExprPtr& table : un.tables) {
        const ScopeGuard guard(*this, nullptr);
        if (const auto* wildcard = table->if_as<Wildcard>()) {
            for (auto& arm : tables_like(wildcard->pattern)) {
                arms.push_back(std::move(arm));
            }
            continue;
        }
        if (table->kind() == ExprKind::Star) {
            for (auto& arm : tables_like("*")) {
                arms.push_back(std::move(arm));
            }
            continue;
        }
        if (const auto* name = table->if_as<NameRef>()) {
            PlanPtr plan = bind_table_name(name->name, table->span, fuzzy);
            if (plan == nullptr) {
                dropped = true;
                continue;
            }
            const EntityPtr entity = environment_->find(name->name);
            const bool inline_table = entity && entity->kind == Entity::Kind::Table &&
                                      entity->table->kind != OpKind::Scan &&
                                      entity->table->kind != OpKind::Materialize;
            arms.emplace_back(inline_table ? next_name() : name->name, std::move(plan));
            continue;
        }
        if (fuzzy) {
            const std::size_t before = diagnostics_.size();
            PlanPtr plan = try_bind_table(*table);
            const bool bad = diagnostics_.size() > before;
            diagnostics_.resize(before);
            if (plan && !bad) {
                arms.emplace_back(next_name(), std::move(plan));
            }
            continue;
        }
        PlanPtr plan = bind_table(*table);
        std::string name = next_name();
        if (const auto* path = table->if_as<Path>()) {
            name = path->member.text;
        } else if (plan->kind == OpKind::Scan) {
            name = as<ScanOp>(*plan).table;
        }
        if (plan->kind == OpKind::Materialize && !as<MaterializeOp>(*plan).name.empty()) {
            name = as<MaterializeOp>(*plan).name;
        }
        arms.emplace_back(std::move(name), std::move(plan));
    }
    if (arms.empty()) {
        if (!fuzzy) {
            report("SEM0100", "KS142", operator_text() + "No table matches", op.keyword);
        }
        return unknown_table();
    }
    PlanPtr plan = union_plan(std::move(arms), outer, source);
    if (dropped && setup_.runner == nullptr) {
        auto open = clone<UnionOp>(*plan);
        open->open = true;
        return open;
    }
    return plan;
}

}  // namespace qd::kql
