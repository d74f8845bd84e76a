#include "exec/join_filter.h"

#include "plan/optimise.h"

namespace qd::kql {

namespace {

bool makes_few_rows(const PlanOp& plan) {
    switch (plan.kind) {
        case OpKind::Filter: {
            // Expanded arrays are few rows only when most of them are dropped again.
            const PlanOp& below = *plan.inputs[0];
            return makes_few_rows(below.kind == OpKind::MvExpand ? *below.inputs[0] : below);
        }
        case OpKind::Project:
            return makes_few_rows(*plan.inputs[0]);
        case OpKind::Values:
        case OpKind::Summarize:
        case OpKind::Take:
        case OpKind::Sample:
        case OpKind::SampleDistinct:
        case OpKind::MakeSeries:
        case OpKind::TopNested:
            return true;
        case OpKind::Sort:
            return as<SortOp>(plan).limit.has_value() || makes_few_rows(*plan.inputs[0]);
        default:
            return false;
    }
}

bool reads_a_table(const PlanOp& plan) {
    if (plan.kind == OpKind::Scan) {
        return true;
    }
    return (plan.kind == OpKind::Filter || plan.kind == OpKind::Project ||
            plan.kind == OpKind::Union || plan.kind == OpKind::Summarize) &&
           reads_a_table(*plan.inputs[0]);
}

}  // namespace

bool left_side_first(const JoinOp& op) {
    switch (op.join) {
        case JoinKind::InnerUnique:
        case JoinKind::Inner:
        case JoinKind::LeftOuter:
        case JoinKind::LeftSemi:
        case JoinKind::LeftAnti:
            return !op.right_keys.empty() && makes_few_rows(*op.inputs[0]) &&
                   reads_a_table(*op.inputs[1]);
        default:
            return false;
    }
}

PlanPtr matching_only(const JoinOp& op, std::shared_ptr<const Grouper> left_keys) {
    BoundCall call;
    call.type = DataType::Bool;
    call.kernel = [keys = std::move(left_keys)](const EvalContext&, std::span<const ColumnPtr> args,
                                                std::uint32_t rows) -> Result<ColumnPtr> {
        std::vector<std::uint32_t> groups;
        Grouper::Cache cache;
        keys->find(args, rows, groups, cache);
        columns::ColumnBuilder out(DataType::Bool, rows);
        for (const std::uint32_t group : groups) {
            out.append_bool(group != Grouper::kNone);
        }
        return out.finish();
    };
    const PlanPtr& right = op.inputs[1];
    auto filter = std::make_shared<FilterOp>();
    filter->inputs = {right};
    filter->schema = right->schema;
    filter->serialized = right->serialized;
    filter->conjuncts = {make_call("joins", std::move(call), op.right_keys, true, {})};
    return optimise(filter);
}

}  // namespace qd::kql
