#include "plan/logical_plan.h"
#include "qd/columns/text.h"

namespace qd::kql {

namespace {

std::string_view op_name(OpKind kind) {
    switch (kind) {
        case OpKind::Scan:
            return "scan";
        case OpKind::Values:
            return "values";
        case OpKind::Placeholder:
            return "input";
        case OpKind::Range:
            return "range";
        case OpKind::Filter:
            return "filter";
        case OpKind::Project:
            return "project";
        case OpKind::Window:
            return "window";
        case OpKind::Take:
            return "take";
        case OpKind::Summarize:
            return "summarize";
        case OpKind::Sort:
            return "sort";
        case OpKind::Join:
            return "join";
        case OpKind::Union:
            return "union";
        case OpKind::MvExpand:
            return "mv-expand";
        case OpKind::MvApply:
            return "mv-apply";
        case OpKind::MakeSeries:
            return "make-series";
        case OpKind::Parse:
            return "parse";
        case OpKind::ParseKv:
            return "parse-kv";
        case OpKind::Plugin:
            return "plugin";
        case OpKind::Materialize:
            return "materialize";
        case OpKind::Sample:
            return "sample";
        case OpKind::SampleDistinct:
            return "sample-distinct";
        case OpKind::Partition:
            return "partition";
        case OpKind::StateScan:
            return "scan-steps";
        case OpKind::TopNested:
            return "top-nested";
        case OpKind::Reduce:
            return "reduce";
        case OpKind::Graph:
            return "graph";
        case OpKind::GraphMatch:
            return "graph-match";
        case OpKind::GraphTable:
            return "graph-to-table";
    }
    return "";
}

std::string_view pruning_op(PruningPredicate::Op op) {
    switch (op) {
        case PruningPredicate::Op::Equal:
            return " == ";
        case PruningPredicate::Op::Less:
            return " < ";
        case PruningPredicate::Op::LessOrEqual:
            return " <= ";
        case PruningPredicate::Op::Greater:
            return " > ";
        case PruningPredicate::Op::GreaterOrEqual:
            return " >= ";
        case PruningPredicate::Op::HasTerm:
            return " has ";
        case PruningPredicate::Op::HasText:
            return " contains ";
    }
    return " ";
}

void append_names(std::string& out, const columns::Schema& schema) {
    out += " [";
    for (std::size_t i = 0; i < schema.size(); ++i) {
        out += (i > 0 ? ", " : "") + schema[i].name;
    }
    out += "]";
}

void append_exprs(std::string& out, const std::vector<BoundPtr>& exprs,
                  const columns::Schema& schema, std::string_view separator) {
    for (std::size_t i = 0; i < exprs.size(); ++i) {
        out += i > 0 ? std::string(separator) : std::string();
        out += describe(*exprs[i], schema);
    }
}

void append_details(std::string& out, const PlanOp& plan) {
    const columns::Schema none;
    const columns::Schema& in = plan.inputs.empty() ? none : plan.inputs[0]->schema;
    switch (plan.kind) {
        case OpKind::Scan: {
            const ScanOp& scan = as<ScanOp>(plan);
            out += " " + scan.table;
            append_names(out, scan.schema);
            for (const PruningPredicate& p : scan.pruning) {
                out += " prune(" + p.column + std::string(pruning_op(p.op)) +
                       describe_constant(p.value) + ")";
            }
            if (scan.rows_wanted > 0) {
                out += " rows " + std::to_string(scan.rows_wanted);
            }
            break;
        }
        case OpKind::Values:
            append_names(out, plan.schema);
            break;
        case OpKind::Filter:
            out += " ";
            append_exprs(out, as<FilterOp>(plan).conjuncts, in, " and ");
            break;
        case OpKind::Project: {
            const ProjectOp& project = as<ProjectOp>(plan);
            for (std::size_t i = 0; i < project.exprs.size(); ++i) {
                const std::string text = describe(*project.exprs[i], in);
                out += i > 0 ? ", " : " ";
                out += plan.schema[i].name == text ? text : plan.schema[i].name + " = " + text;
            }
            break;
        }
        case OpKind::Window:
            out += " ";
            append_exprs(out, as<WindowOp>(plan).windows, in, ", ");
            break;
        case OpKind::Take:
            out += " " + std::to_string(as<TakeOp>(plan).rows);
            break;
        case OpKind::Summarize: {
            const SummarizeOp& summarize = as<SummarizeOp>(plan);
            for (std::size_t i = 0; i < summarize.aggregates.size(); ++i) {
                out += (i > 0 ? ", " : " ") + summarize.aggregates[i].name + "(";
                append_exprs(out, summarize.aggregates[i].args, in, ", ");
                out += ")";
            }
            if (!summarize.keys.empty()) {
                out += " by ";
                append_exprs(out, summarize.keys, in, ", ");
            }
            break;
        }
        case OpKind::Sort: {
            const SortOp& sort = as<SortOp>(plan);
            for (std::size_t i = 0; i < sort.keys.size(); ++i) {
                out += (i > 0 ? ", " : " ") + describe(*sort.keys[i].expr, in) +
                       (sort.keys[i].descending ? " desc" : " asc");
            }
            if (sort.limit) {
                out += " limit " + std::to_string(*sort.limit);
            }
            break;
        }
        case OpKind::Join: {
            const JoinOp& join = as<JoinOp>(plan);
            out += " " + std::string(join_kind_name(join.join)) + " on ";
            append_exprs(out, join.left_keys, in, ", ");
            out += " = ";
            append_exprs(out, join.right_keys, plan.inputs[1]->schema, ", ");
            break;
        }
        case OpKind::Plugin:
            out += " " + std::string(as<PluginOp>(plan).plugin->name);
            break;
        default:
            append_names(out, plan.schema);
            break;
    }
}

void visit_plan(const PlanOp& plan, std::size_t depth, const Replacement& instead,
                const VisitExplained& visit) {
    ExplainedOperator op;
    op.name = op_name(plan.kind);
    append_details(op.details, plan);
    if (!op.details.empty()) {
        op.details.erase(0, 1);
    }
    op.depth = depth;
    visit(plan, std::move(op));
    for (const PlanPtr& input : plan.inputs) {
        const PlanPtr run = instead(*input);
        visit_plan(run != nullptr ? *run : *input, depth + 1, instead, visit);
    }
    if (plan.kind == OpKind::MvApply) {
        visit_plan(*as<MvApplyOp>(plan).subquery, depth + 1, instead, visit);
    } else if (plan.kind == OpKind::Partition) {
        visit_plan(*as<PartitionOp>(plan).subquery, depth + 1, instead, visit);
    }
}

}  // namespace

void explain_plan(const PlanOp& plan, const Replacement& instead, const VisitExplained& visit) {
    visit_plan(plan, 0, instead, visit);
}

}  // namespace qd::kql
