// Columns a table has but does not list (_TimeReceived, _ItemId, _RowId): a pipeline that begins
// with the table and names one reads it, up to the last operator that names it. An operator that
// passes its columns on does not pass a hidden one on behind that.
#include "parse/tree_walk.h"
#include "plan/binder.h"
#include "plan/binder_parts.h"

#include <algorithm>

namespace qd::kql {

namespace {

constexpr std::string_view kTimeReceived = "_TimeReceived";

bool mentions(const Operator& op, std::string_view column) {
    bool found = false;
    auto visit = [&](const Expr& expr) {
        if (const auto* name = expr.if_as<NameRef>()) {
            found = found || name->name == column;
        } else if (const auto* call = expr.if_as<Call>()) {
            found = found || (column == kTimeReceived && call->name.text == "ingestion_time" &&
                              call->arguments.empty());
        }
        return true;
    };
    tree::walk(op.node, visit);
    return found;
}

/// Operators whose output has the columns of their input, beside others.
bool passes_columns(OperatorKind kind) {
    switch (kind) {
        case OperatorKind::Where:
        case OperatorKind::Extend:
        case OperatorKind::ProjectAway:
        case OperatorKind::ProjectReorder:
        case OperatorKind::MvExpand:
        case OperatorKind::MvApply:
        case OperatorKind::Lookup:
        case OperatorKind::Join:
        case OperatorKind::Parse:
        case OperatorKind::ParseKv:
        case OperatorKind::Sort:
        case OperatorKind::Top:
        case OperatorKind::Take:
        case OperatorKind::Sample:
        case OperatorKind::As:
        case OperatorKind::Serialize:
        case OperatorKind::Scan:
            return true;
        default:
            return false;
    }
}

bool assigns(const Operator& op, std::string_view column) {
    const auto* extend = op.if_as<Extend>();
    return extend != nullptr &&
           std::any_of(extend->columns.begin(), extend->columns.end(), [&](const NamedExpr& item) {
               return item.name() != nullptr && *item.name() == column;
           });
}

/// Operators that give each row of their input once, or not at all: below them a row is still the
/// table's row (a let of `T | where … | extend …`, a view).
bool keeps_rows(OpKind kind) {
    return kind == OpKind::Filter || kind == OpKind::Project || kind == OpKind::Sort ||
           kind == OpKind::Take;
}

template <typename Op>
PlanPtr over(const PlanOp& plan, PlanPtr input) {
    auto op = clone<Op>(plan);
    op->schema = input->schema;
    op->inputs[0] = std::move(input);
    return op;
}

/// The scan below, with further columns at the end, and the operators over it passing them on.
PlanPtr with_columns(const PlanPtr& plan, const std::vector<columns::Field>& added) {
    if (plan->kind == OpKind::Scan) {
        auto scan = clone<ScanOp>(*plan);
        for (const columns::Field& field : added) {
            scan->schema.fields.push_back(field);
        }
        return scan;
    }
    PlanPtr input = with_columns(plan->inputs[0], added);
    switch (plan->kind) {
        case OpKind::Filter:
            return over<FilterOp>(*plan, std::move(input));
        case OpKind::Sort:
            return over<SortOp>(*plan, std::move(input));
        case OpKind::Take:
            return over<TakeOp>(*plan, std::move(input));
        default:
            break;
    }
    auto project = clone<ProjectOp>(*plan);
    const std::size_t first = input->schema.size() - added.size();
    for (std::size_t i = 0; i < added.size(); ++i) {
        project->schema.fields.push_back(added[i]);
        project->exprs.push_back(make_column(first + i, added[i].type));
    }
    project->inputs[0] = std::move(input);
    return project;
}

}  // namespace

PlanPtr Binder::expose_hidden(const Query& query, PlanPtr input, HiddenColumns& hidden) {
    const PlanOp* below = input.get();
    while (below != nullptr && keeps_rows(below->kind)) {
        below = below->inputs[0].get();
    }
    if (below == nullptr || below->kind != OpKind::Scan) {
        return input;
    }
    std::vector<columns::Field> added;
    for (const columns::Field& field : as<ScanOp>(*below).source->hidden_columns()) {
        if (below->schema.index_of(field.name) || input->schema.index_of(field.name)) {
            continue;
        }
        for (std::size_t i = query.operators.size(); i-- > 0;) {
            if (mentions(*query.operators[i], field.name)) {
                added.push_back(field);
                hidden.push_back({.name = field.name, .last = query.operators[i].get()});
                break;
            }
        }
    }
    return added.empty() ? input : with_columns(input, added);
}

PlanPtr Binder::hide_again(const Operator& op, PlanPtr plan, const HiddenColumns& hidden) {
    if (plan == nullptr || !passes_columns(op.kind())) {
        return plan;
    }
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < plan->schema.size(); ++i) {
        const bool gone = std::any_of(hidden.begin(), hidden.end(), [&](const auto& column) {
            return column.last == &op && column.name == plan->schema[i].name &&
                   !assigns(op, column.name);
        });
        if (!gone) {
            kept.push_back(i);
        }
    }
    return kept.size() == plan->schema.size() ? plan : select_columns(std::move(plan), kept);
}

}  // namespace qd::kql
