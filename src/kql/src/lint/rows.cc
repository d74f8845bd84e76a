// What operators do to rows, as far as the rules need it. Whatever is not certain makes the set of
// columns unknown, and then no rule claims that a column does not exist.
#include "lint/linter.h"

#include <algorithm>
#include <array>

namespace qd::kql {
namespace {

using Role = ColumnFact::Role;

bool is_any(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

const Call* as_call(const Expr& e) {
    return e.if_as<Call>();
}

Role role_of(const Expr& e, const Rows& before) {
    if (const auto* name = e.if_as<NameRef>()) {
        const auto found = before.columns.find(name->name);
        return found == before.columns.end() ? Role::Plain : found->second.role;
    }
    if (const Call* call = as_call(e)) {
        if (call->name.text == "series_decompose_anomalies") {
            return Role::Flag;
        }
        if (call->name.text.substr(0, 7) == "series_" &&
            call->name.text != "series_stats_dynamic") {
            return Role::Series;
        }
    }
    return Role::Plain;
}

// Suffixes of the columns that a function with several results appends.
std::vector<std::string_view> parts_of(std::string_view function) {
    if (function == "series_decompose") {
        return {"baseline", "seasonal", "trend", "residual"};
    }
    if (function == "series_decompose_anomalies") {
        return {"ad_flag", "ad_score", "baseline"};
    }
    if (function == "series_decompose_forecast") {
        return {"forecast", "seasonal", "trend", "residual"};
    }
    return {};
}

}  // namespace

std::string automatic_name(const Expr& e, bool aggregate) {
    if (const auto* name = e.if_as<NameRef>()) {
        return name->name;
    }
    if (const auto* path = e.if_as<Path>()) {
        const std::string object = automatic_name(*path->object, false);
        return object.empty() ? "" : object + "_" + path->member.text;
    }
    const auto* call = e.if_as<Call>();
    if (call == nullptr || call->object != nullptr) {
        return "";
    }
    if (aggregate) {
        if (call->name.text == "count" || call->name.text == "countif") {
            return call->name.text + "_";
        }
        if (is_any(call->name.text, {"sum", "avg", "min", "max", "dcount", "stdev"}) &&
            call->arguments.size() == 1) {
            const std::string argument = automatic_name(*call->arguments[0].expr, false);
            return call->name.text + "_" + argument;
        }
        return "";
    }
    if (is_any(call->name.text, {"bin", "floor", "tostring", "toint", "tolong", "todouble",
                                 "toreal", "todatetime", "startofday", "round"}) &&
        !call->arguments.empty()) {
        return automatic_name(*call->arguments[0].expr, false);
    }
    return "";
}

Rows Linter::source_rows(const Expr& source) {
    if (const auto* sub = source.if_as<Subquery>()) {
        return query(*sub->query, nullptr);
    }
    std::string name;
    if (const auto* ref = source.if_as<NameRef>()) {
        name = ref->name;
    } else if (const Call* call = as_call(source)) {
        name = call->name.text;
    } else if (const auto* table = source.if_as<DataTable>()) {
        Rows rows;
        rows.known = true;
        for (const ColumnDeclaration& c : table->columns) {
            rows.columns[c.name.text] = {};
        }
        return rows;
    }
    if (const auto found = scope_.tables.find(name); found != scope_.tables.end()) {
        Rows rows = found->second;
        rows.order = Rows::Order::None;
        limit(rows);
        return rows;
    }
    Rows rows;
    for (const auto& [table, schema] : options_.tables) {
        if (table == name && source.kind() == ExprKind::NameRef) {
            rows.known = true;
            for (const columns::Field& field : schema.fields) {
                rows.columns[field.name] = {};
            }
        }
    }
    return rows;
}

Rows Linter::query(const Query& q, const Rows* outer) {
    // Pipelines inside of expressions are met more than once; nested ones would be walked 2^n
    // times.
    if (const auto found = walked_.find(&q); found != walked_.end()) {
        return found->second;
    }
    Rows rows = walk(q, outer);
    limit(rows);
    walked_[&q] = rows;
    return rows;
}

// Rows are kept for every pipeline and name: past the budget they are forgotten, and rules that
// need them stay silent.
void Linter::limit(Rows& rows) {
    const std::size_t cost = rows.columns.size() + rows.lost.size() + rows.renamed.size();
    if (cost > facts_left_) {
        facts_left_ = 0;
        rows = Rows{};
        return;
    }
    facts_left_ -= cost;
}

Rows Linter::walk(const Query& q, const Rows* outer) {
    Rows rows;
    if (q.source != nullptr) {
        check_expression(*q.source, nullptr);
        check_machine_counters(q);
        rows = source_rows(*q.source);
    } else if (outer != nullptr) {
        rows = *outer;
    }
    rows.pipeline_begin = q.span.offset;
    const Operator* previous = nullptr;
    for (std::size_t i = 0; i < q.operators.size(); ++i) {
        const Operator& op = *q.operators[i];
        if (op.kind() == OperatorKind::MakeSeries) {
            rows.before_series = previous;
        }
        logic_rules(q, i, rows);
        series_rules(op, rows);
        apply(op, rows);
        previous = &op;
    }
    return rows;
}

void Linter::apply_columns(const std::vector<NamedExpr>& list, const Rows& before, Rows& rows) {
    for (const NamedExpr& n : list) {
        if (n.expr->kind() == ExprKind::Star) {
            for (const auto& [name, fact] : before.columns) {
                rows.columns.emplace(name, fact);
            }
            rows.known = rows.known && before.known;
            continue;
        }
        const Call* call = as_call(*n.expr);
        const std::vector<std::string_view> parts =
            call == nullptr ? std::vector<std::string_view>{} : parts_of(call->name.text);
        ColumnFact fact;
        fact.definition = n.expr.get();
        fact.role = role_of(*n.expr, before);
        if (const auto* ref = n.expr->if_as<NameRef>()) {
            if (const auto found = before.columns.find(ref->name); found != before.columns.end()) {
                fact = found->second;
            }
        }
        for (std::size_t i = 0; i < n.names.size(); ++i) {
            ColumnFact named = fact;
            named.name_span = n.names[i].span;
            if (i > 0 || n.compound) {
                named.role = fact.role == Role::Flag && i > 0 ? Role::Score : fact.role;
            }
            rows.columns[n.names[i].text] = named;
        }
        if (n.names.empty()) {
            const std::string name = automatic_name(*n.expr, false);
            if (name.empty() || !parts.empty()) {
                rows.known = false;
            } else {
                rows.columns[name] = fact;
            }
        } else if (!n.compound && !parts.empty() && !call->arguments.empty()) {
            // One name for several results: the others come with their own names.
            const std::string argument = automatic_name(*call->arguments[0].expr, false);
            for (std::size_t i = 1; i < parts.size(); ++i) {
                ColumnFact part;
                part.role = fact.role == Role::Flag && i == 1 ? Role::Score : Role::Series;
                rows.columns[call->name.text + "_" + argument + "_" + std::string(parts[i])] = part;
            }
        }
    }
}

void Linter::apply_summarize(const Summarize& node, Rows& rows) {
    const Rows before = rows;
    rows.columns.clear();
    rows.known = true;
    rows.order = Rows::Order::None;
    for (const NamedExpr& key : node.keys) {
        const std::string name =
            key.name() != nullptr ? *key.name() : automatic_name(*key.expr, false);
        if (name.empty()) {
            rows.known = false;
        } else {
            ColumnFact fact;
            fact.definition = key.expr.get();
            rows.columns[name] = fact;
        }
    }
    for (const NamedExpr& aggregate : node.aggregates) {
        const Call* call = as_call(*aggregate.expr);
        const bool star =
            call != nullptr &&
            std::any_of(call->arguments.begin(), call->arguments.end(),
                        [](const NamedExpr& a) { return a.expr->kind() == ExprKind::Star; });
        if (star || (call != nullptr && is_any(call->name.text, {"arg_max", "arg_min", "take_any",
                                                                 "any", "percentiles"}))) {
            rows.known = rows.known && before.known;
            for (const auto& [name, fact] : before.columns) {
                rows.columns.emplace(name, fact);
            }
            continue;
        }
        ColumnFact fact;
        fact.definition = aggregate.expr.get();
        fact.aggregate = call == nullptr ? "" : call->name.text;
        const std::string name =
            aggregate.name() != nullptr ? *aggregate.name() : automatic_name(*aggregate.expr, true);
        if (name.empty() || aggregate.compound) {
            rows.known = false;
        } else {
            rows.columns[name] = fact;
        }
    }
}

void Linter::apply_make_series(const Operator& op, Rows& rows) {
    const MakeSeries& node = op.as<MakeSeries>();
    rows.lost.clear();
    for (const auto& [name, fact] : rows.columns) {
        rows.lost.insert(name);
    }
    rows.columns.clear();
    rows.known = true;
    rows.order = Rows::Order::None;
    rows.series = &op;
    const auto put = [&](const NamedExpr& n, bool aggregate, Role role) {
        const std::string name =
            n.name() != nullptr ? *n.name() : automatic_name(*n.expr, aggregate);
        if (name.empty()) {
            rows.known = false;
            return;
        }
        ColumnFact fact;
        fact.role = role;
        fact.definition = n.expr.get();
        rows.columns[name] = fact;
        rows.lost.erase(name);
    };
    for (const NamedExpr& key : node.keys) {
        put(key, false, Role::Plain);
    }
    for (const MakeSeries::Aggregate& a : node.aggregates) {
        put(a.expr, true, Role::Series);
    }
    put(node.axis, false, Role::Series);
}

void Linter::apply_join(const Operator& op, Rows& rows) {
    const bool lookup = op.kind() == OperatorKind::Lookup;
    const Expr& right_expr = lookup ? *op.as<Lookup>().right : *op.as<Join>().right;
    const Rows right = source_rows(right_expr);
    const OperatorParameter* kind = op.parameter("kind");
    const std::string_view word = kind == nullptr ? "" : parameter_word(*kind);
    rows.order = Rows::Order::None;
    if (is_any(word, {"leftsemi", "leftanti", "anti", "leftantisemi"})) {
        return;
    }
    if (is_any(word, {"rightsemi", "rightanti", "rightantisemi"})) {
        rows.columns = right.columns;
        rows.known = right.known;
        return;
    }
    rows.joined = true;
    rows.known = rows.known && right.known && !lookup;
    for (const auto& [name, fact] : right.columns) {
        std::string free = name;
        for (int i = 1; rows.columns.count(free) > 0; ++i) {
            free = name + std::to_string(i);
        }
        if (free != name) {
            rows.renamed[name] = free;
        }
        rows.columns[free] = fact;
    }
}

void Linter::apply(const Operator& op, Rows& rows) {
    switch (op.kind()) {
        case OperatorKind::Where: {
            const Visit visit = [&](const Expr& e) {
                if (const auto* b = e.if_as<Binary>()) {
                    for (const ExprPtr* side : {&b->left, &b->right}) {
                        const auto* call = (*side)->if_as<Call>();
                        if (call != nullptr && call->name.text == "ago" &&
                            call->arguments.size() == 1) {
                            const auto span = ticks(*call->arguments[0].expr);
                            if (span && *span > rows.lookback) {
                                rows.lookback = *span;
                                rows.lookback_text = source(*call->arguments[0].expr);
                            }
                        }
                    }
                }
                return true;
            };
            each(op, visit);
            break;
        }
        case OperatorKind::Extend:
            apply_columns(op.as<Extend>().columns, rows, rows);
            break;
        case OperatorKind::Serialize:
            apply_columns(op.as<Serialize>().columns, rows, rows);
            if (rows.order == Rows::Order::None) {
                rows.order = Rows::Order::Serialized;
                rows.serialize = &op;
            }
            break;
        case OperatorKind::Project:
        case OperatorKind::Distinct: {
            const Rows before = rows;
            rows.columns.clear();
            rows.known = true;
            if (const auto* distinct = op.if_as<Distinct>()) {
                rows.order = Rows::Order::None;
                apply_columns(distinct->columns, before, rows);
            } else {
                apply_columns(op.as<Project>().columns, before, rows);
            }
            break;
        }
        case OperatorKind::ProjectRename:
            for (const NamedExpr& n : op.as<ProjectRename>().columns) {
                const auto* old = n.expr->if_as<NameRef>();
                if (old == nullptr || n.name() == nullptr) {
                    rows.known = false;
                    continue;
                }
                rows.columns[*n.name()] = rows.columns[old->name];
                rows.columns.erase(old->name);
            }
            break;
        case OperatorKind::ProjectAway:
            for (const ExprPtr& column : op.as<ProjectAway>().columns) {
                if (const auto* name = column->if_as<NameRef>()) {
                    rows.columns.erase(name->name);
                } else {
                    rows.known = false;
                }
            }
            break;
        case OperatorKind::Summarize:
            apply_summarize(op.as<Summarize>(), rows);
            break;
        case OperatorKind::MakeSeries:
            apply_make_series(op, rows);
            break;
        case OperatorKind::Join:
        case OperatorKind::Lookup:
            apply_join(op, rows);
            break;
        case OperatorKind::MvExpand:
            for (const ExpandColumn& column : op.as<MvExpand>().columns) {
                const std::string name = column.expr.name() != nullptr
                                             ? *column.expr.name()
                                             : automatic_name(*column.expr.expr, false);
                if (name.empty()) {
                    rows.known = false;
                    continue;
                }
                ColumnFact& fact = rows.columns[name];
                if (fact.role == Role::Series) {
                    fact.role = Role::Plain;
                }
                const TextSpan span = column.expr.span;
                // Behind "to typeof(…)".
                std::size_t end = span.offset + span.length;
                if (column.to_type) {
                    end = text_.find(')', end);
                    end = end == std::string_view::npos ? text_.size() : end + 1;
                }
                fact.expanded_at = static_cast<std::uint32_t>(end);
            }
            if (op.parameter("with_itemindex") != nullptr) {
                rows.known = false;
            }
            break;
        case OperatorKind::Sort:
        case OperatorKind::Top:
            rows.order = Rows::Order::Sorted;
            break;
        case OperatorKind::Parse:
            for (const Parse::Piece& piece : op.as<Parse>().pattern) {
                if (piece.kind == Parse::Piece::Kind::Column) {
                    rows.columns[piece.column.text] = {};
                }
            }
            break;
        case OperatorKind::Count:
            rows.columns = {{"Count", {}}};
            rows.known = true;
            break;
        case OperatorKind::ProjectReorder:
        case OperatorKind::Take:
        case OperatorKind::Sample:
        case OperatorKind::As:
        case OperatorKind::Render:
        case OperatorKind::Consume:
        case OperatorKind::AssertSchema:
            break;
        default:
            rows.known = false;
            rows.order = Rows::Order::None;
            break;
    }
}

}  // namespace qd::kql
