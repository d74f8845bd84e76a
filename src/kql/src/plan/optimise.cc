// The optimiser: three passes over the tree.
//
//   1. push_filters: a filter is carried down as a list of conjuncts; whatever it meets either lets
//      a conjunct through (rewritten) or stops it there. Conjuncts that reach a scan stay above it
//      and, when they compare a column with a constant, also become pruning hints.
//   2. limits: take over sort becomes top; take over a scan (or row-by-row operators) is told to
//      the scan.
//   3. prune_columns: from the top down, which columns of each operator are needed; projections
//      and scans drop the others.
//
// Plans are immutable and shared (let, materialize), so every pass builds new nodes.
#include "plan/optimise.h"

#include "plan/binder_parts.h"
#include "plan/graph_plan.h"
#include "plan/pruning.h"

#include <algorithm>

namespace qd::kql {

using columns::Schema;

namespace {

bool constant_true(const BoundPtr& e) {
    return e->kind == BoundKind::Constant && e->type == DataType::Bool && !e->constant.is_null() &&
           e->constant.as_bool();
}

PlanPtr make_filter(PlanPtr input, std::vector<BoundPtr> conjuncts) {
    std::erase_if(conjuncts, constant_true);
    if (conjuncts.empty()) {
        return input;
    }
    const bool serialized = input->serialized;
    Schema schema = input->schema;
    auto op = make_op<FilterOp>({std::move(input)}, std::move(schema), serialized);
    op->conjuncts = std::move(conjuncts);
    return op;
}

/// The conjunct over the input of a projection; nothing when it would repeat costly or changing
/// work.
BoundPtr through_project(const BoundPtr& conjunct, const ProjectOp& project) {
    bool fine = true;
    BoundPtr out = substitute_columns(conjunct, [&](const BoundExpr& c) {
        const BoundPtr& source = project.exprs[c.column];
        fine = fine && source->deterministic && source->kind != BoundKind::MultiPart &&
               source->kind != BoundKind::Call && source->kind != BoundKind::Case;
        return source;
    });
    return fine && conjunct->deterministic ? out : nullptr;
}

class Filters {
  public:
    /// The plan with `conjuncts` applied to its rows.
    PlanPtr push(const PlanPtr& plan, std::vector<BoundPtr> conjuncts) {
        switch (plan->kind) {
            case OpKind::Filter: {
                const FilterOp& filter = as<FilterOp>(*plan);
                std::vector<BoundPtr> all = filter.conjuncts;
                all.insert(all.end(), conjuncts.begin(), conjuncts.end());
                return push(plan->inputs[0], std::move(all));
            }
            case OpKind::Scan: {
                if (conjuncts.empty()) {
                    return plan;
                }
                auto scan = clone<ScanOp>(*plan);
                for (const BoundPtr& conjunct : conjuncts) {
                    add_pruning(scan->schema, *conjunct, scan->pruning);
                }
                return make_filter(scan, std::move(conjuncts));
            }
            case OpKind::Project: {
                const ProjectOp& project = as<ProjectOp>(*plan);
                std::vector<BoundPtr> below;
                std::vector<BoundPtr> above;
                for (const BoundPtr& conjunct : conjuncts) {
                    if (BoundPtr moved = through_project(conjunct, project)) {
                        below.push_back(std::move(moved));
                    } else {
                        above.push_back(conjunct);
                    }
                }
                auto copy = clone<ProjectOp>(project);
                copy->inputs[0] = push(plan->inputs[0], std::move(below));
                return make_filter(copy, std::move(above));
            }
            case OpKind::Sort:
                if (!as<SortOp>(*plan).limit) {
                    auto copy = clone<SortOp>(*plan);
                    copy->inputs[0] = push(plan->inputs[0], std::move(conjuncts));
                    return copy;
                }
                break;
            case OpKind::Union: {
                auto copy = clone<UnionOp>(*plan);
                for (PlanPtr& input : copy->inputs) {
                    input = push(input, conjuncts);
                }
                return copy;
            }
            case OpKind::Summarize:
                return through_summarize(plan, std::move(conjuncts));
            case OpKind::Join:
                return through_join(plan, std::move(conjuncts));
            default:
                break;
        }
        return make_filter(children(plan), std::move(conjuncts));
    }

  private:
    /// The same operator over optimised inputs.
    PlanPtr children(const PlanPtr& plan) {
        if (plan->inputs.empty() || plan->kind == OpKind::Materialize) {
            return plan;
        }
        std::vector<PlanPtr> inputs;
        for (const PlanPtr& input : plan->inputs) {
            inputs.push_back(push(input, {}));
        }
        return with_inputs(plan, std::move(inputs));
    }

    PlanPtr through_summarize(const PlanPtr& plan, std::vector<BoundPtr> conjuncts) {
        const SummarizeOp& summarize = as<SummarizeOp>(*plan);
        std::vector<BoundPtr> below;
        std::vector<BoundPtr> above;
        for (const BoundPtr& conjunct : conjuncts) {
            std::vector<bool> used(plan->schema.size());
            collect_columns(*conjunct, used);
            bool keys_only = conjunct->deterministic && !summarize.keys.empty();
            for (std::size_t i = 0; i < used.size(); ++i) {
                keys_only =
                    keys_only &&
                    (!used[i] || (i < summarize.keys.size() && summarize.keys[i]->deterministic));
            }
            if (keys_only) {
                below.push_back(substitute_columns(
                    conjunct, [&](const BoundExpr& c) { return summarize.keys[c.column]; }));
            } else {
                above.push_back(conjunct);
            }
        }
        auto copy = clone<SummarizeOp>(*plan);
        copy->inputs[0] = push(plan->inputs[0], std::move(below));
        return make_filter(copy, std::move(above));
    }

    PlanPtr through_join(const PlanPtr& plan, std::vector<BoundPtr> conjuncts) {
        const JoinOp& join = as<JoinOp>(*plan);
        // The left side of these kinds is a filter of the left rows: what holds for the row holds
        // before the join as well. innerunique takes any row of a key: the engine filters first,
        // which its documentation shows, and so do we.
        const bool left_ok = join.join == JoinKind::InnerUnique || join.join == JoinKind::Inner ||
                             join.join == JoinKind::LeftOuter || join.join == JoinKind::LeftSemi ||
                             join.join == JoinKind::LeftAnti;
        const bool right_ok = join.join == JoinKind::Inner || join.join == JoinKind::InnerUnique;
        std::vector<BoundPtr> left;
        std::vector<BoundPtr> right;
        std::vector<BoundPtr> above;
        const std::size_t width = join.left_output.size();
        for (const BoundPtr& conjunct : conjuncts) {
            std::vector<bool> used(plan->schema.size());
            collect_columns(*conjunct, used);
            bool reads_left = false;
            bool reads_right = false;
            for (std::size_t i = 0; i < used.size(); ++i) {
                reads_left = reads_left || (used[i] && i < width);
                reads_right = reads_right || (used[i] && i >= width);
            }
            if (conjunct->deterministic && left_ok && reads_left && !reads_right) {
                left.push_back(substitute_columns(conjunct, [&](const BoundExpr& c) {
                    return make_column(join.left_output[c.column], c.type, c.span);
                }));
            } else if (conjunct->deterministic && right_ok && reads_right && !reads_left) {
                right.push_back(substitute_columns(conjunct, [&](const BoundExpr& c) {
                    return make_column(join.right_output[c.column - width], c.type, c.span);
                }));
            } else {
                above.push_back(conjunct);
            }
        }
        auto copy = clone<JoinOp>(*plan);
        copy->inputs[0] = push(plan->inputs[0], std::move(left));
        copy->inputs[1] = push(plan->inputs[1], std::move(right));
        return make_filter(copy, std::move(above));
    }

  public:
    static PlanPtr with_inputs(const PlanPtr& plan, std::vector<PlanPtr> inputs) {
        std::shared_ptr<PlanOp> copy;
        switch (plan->kind) {
            case OpKind::Scan:
                copy = clone<ScanOp>(*plan);
                break;
            case OpKind::Values:
                copy = clone<ValuesOp>(*plan);
                break;
            case OpKind::Placeholder:
                copy = clone<PlaceholderOp>(*plan);
                break;
            case OpKind::Range:
                copy = clone<RangeOp>(*plan);
                break;
            case OpKind::Filter:
                copy = clone<FilterOp>(*plan);
                break;
            case OpKind::Project:
                copy = clone<ProjectOp>(*plan);
                break;
            case OpKind::Window:
                copy = clone<WindowOp>(*plan);
                break;
            case OpKind::Take:
                copy = clone<TakeOp>(*plan);
                break;
            case OpKind::Summarize:
                copy = clone<SummarizeOp>(*plan);
                break;
            case OpKind::Sort:
                copy = clone<SortOp>(*plan);
                break;
            case OpKind::Join:
                copy = clone<JoinOp>(*plan);
                break;
            case OpKind::Union:
                copy = clone<UnionOp>(*plan);
                break;
            case OpKind::MvExpand:
                copy = clone<MvExpandOp>(*plan);
                break;
            case OpKind::MvApply:
                copy = clone<MvApplyOp>(*plan);
                break;
            case OpKind::MakeSeries:
                copy = clone<MakeSeriesOp>(*plan);
                break;
            case OpKind::Parse:
                copy = clone<ParseOp>(*plan);
                break;
            case OpKind::ParseKv:
                copy = clone<ParseKvOp>(*plan);
                break;
            case OpKind::Plugin:
                copy = clone<PluginOp>(*plan);
                break;
            case OpKind::Materialize:
                copy = clone<MaterializeOp>(*plan);
                break;
            case OpKind::Sample:
                copy = clone<SampleOp>(*plan);
                break;
            case OpKind::SampleDistinct:
                copy = clone<SampleDistinctOp>(*plan);
                break;
            case OpKind::Partition:
                copy = clone<PartitionOp>(*plan);
                break;
            case OpKind::StateScan:
                copy = clone<StateScanOp>(*plan);
                break;
            case OpKind::TopNested:
                copy = clone<TopNestedOp>(*plan);
                break;
            case OpKind::Reduce:
                copy = clone<ReduceOp>(*plan);
                break;
            case OpKind::Graph:
                copy = clone<GraphOp>(*plan);
                break;
            case OpKind::GraphMatch:
                copy = clone<GraphMatchOp>(*plan);
                break;
            case OpKind::GraphTable:
                copy = clone<GraphTableOp>(*plan);
                break;
        }
        copy->inputs = std::move(inputs);
        return copy;
    }
};

PlanPtr apply_limits(const PlanPtr& plan) {
    if (plan->inputs.empty() || plan->kind == OpKind::Materialize) {
        return plan;
    }
    if (plan->kind == OpKind::Take) {
        const std::uint64_t rows = as<TakeOp>(*plan).rows;
        const PlanPtr& below = plan->inputs[0];
        if (below->kind == OpKind::Sort) {
            auto top = clone<SortOp>(*below);
            top->limit = top->limit ? std::min(*top->limit, rows) : rows;
            top->inputs[0] = apply_limits(below->inputs[0]);
            return top;
        }
        if (below->kind == OpKind::Scan) {
            auto scan = clone<ScanOp>(*below);
            scan->rows_wanted = rows;
            return Filters::with_inputs(plan, {scan});
        }
        if (below->kind == OpKind::Project) {
            // take below the projection: fewer rows are computed.
            auto take = clone<TakeOp>(*plan);
            take->schema = below->inputs[0]->schema;
            take->inputs = {below->inputs[0]};
            const bool changing =
                std::any_of(as<ProjectOp>(*below).exprs.begin(), as<ProjectOp>(*below).exprs.end(),
                            [](const BoundPtr& e) { return !e->deterministic; });
            if (!changing) {
                return Filters::with_inputs(below, {apply_limits(take)});
            }
        }
    }
    std::vector<PlanPtr> inputs;
    for (const PlanPtr& input : plan->inputs) {
        inputs.push_back(apply_limits(input));
    }
    return Filters::with_inputs(plan, std::move(inputs));
}

// ---- columns

/// A plan that gives the kept columns of another, and where each of them is.
struct Pruned {
    PlanPtr plan;
    std::vector<std::size_t> place;  // per old column; only meaningful for needed ones
};

std::vector<std::size_t> identity(std::size_t width) {
    std::vector<std::size_t> out(width);
    for (std::size_t i = 0; i < width; ++i) {
        out[i] = i;
    }
    return out;
}

BoundPtr moved(const BoundPtr& expr, const std::vector<std::size_t>& place) {
    return substitute_columns(
        expr, [&](const BoundExpr& c) { return make_column(place[c.column], c.type, c.span); });
}

Pruned prune(const PlanPtr& plan, std::vector<bool> needed);

PlanPtr prune_all(const PlanPtr& plan) {
    Pruned pruned = prune(plan, std::vector<bool>(plan->schema.size(), true));
    return pruned.plan;
}

Pruned keep_whole(const PlanPtr& plan) {
    const std::vector<std::size_t> same = identity(plan->schema.size());
    if (plan->inputs.empty() || plan->kind == OpKind::Materialize) {
        return {.plan = plan, .place = same};
    }
    std::vector<PlanPtr> inputs;
    for (const PlanPtr& input : plan->inputs) {
        inputs.push_back(prune_all(input));
    }
    return {.plan = Filters::with_inputs(plan, std::move(inputs)), .place = same};
}

void collect(const std::vector<BoundPtr>& exprs, std::vector<bool>& used) {
    for (const BoundPtr& expr : exprs) {
        collect_columns(*expr, used);
    }
}

Pruned prune_scan(const PlanPtr& plan, const std::vector<bool>& needed) {
    auto scan = clone<ScanOp>(*plan);
    scan->schema.fields.clear();
    std::vector<std::size_t> place(needed.size());
    for (std::size_t i = 0; i < needed.size(); ++i) {
        if (needed[i]) {
            place[i] = scan->schema.size();
            scan->schema.fields.push_back(plan->schema[i]);
        }
    }
    return {.plan = scan, .place = place};
}

Pruned prune_project(const PlanPtr& plan, const std::vector<bool>& needed) {
    const ProjectOp& project = as<ProjectOp>(*plan);
    std::vector<bool> below(plan->inputs[0]->schema.size());
    auto copy = std::make_shared<ProjectOp>();
    copy->serialized = plan->serialized;
    copy->open = plan->open;
    std::vector<std::size_t> place(needed.size());
    std::vector<BoundPtr> kept;
    for (std::size_t i = 0; i < needed.size(); ++i) {
        if (!needed[i]) {
            continue;
        }
        place[i] = kept.size();
        kept.push_back(project.exprs[i]);
        copy->schema.fields.push_back(plan->schema[i]);
        collect_columns(*project.exprs[i], below);
    }
    const Pruned input = prune(plan->inputs[0], below);
    for (BoundPtr& expr : kept) {
        expr = moved(expr, input.place);
    }
    copy->exprs = std::move(kept);
    copy->inputs = {input.plan};
    return {.plan = copy, .place = place};
}

/// What is left of an aggregate when only some of its outputs are read; nothing when none is.
std::optional<AggregateCall> narrow(const AggregateCall& call, std::span<const bool> needed,
                                    std::vector<std::size_t>& kept) {
    if (std::none_of(needed.begin(), needed.end(), [](bool b) { return b; })) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < needed.size(); ++i) {
        if (needed[i] || i == 0 || !call.aggregate.narrowed) {
            kept.push_back(i);
        }
    }
    if (kept.size() == needed.size()) {
        return call;
    }
    AggregateCall out{.name = call.name, .aggregate = call.aggregate.narrowed(kept), .args = {}};
    for (const std::size_t i : kept) {
        out.args.push_back(call.args[i]);
    }
    return out;
}

Pruned prune_summarize(const PlanPtr& plan, const std::vector<bool>& needed) {
    const SummarizeOp& summarize = as<SummarizeOp>(*plan);
    auto copy = clone<SummarizeOp>(*plan);
    copy->aggregates.clear();
    copy->schema.fields.resize(summarize.keys.size());
    std::vector<std::size_t> place = identity(plan->schema.size());
    std::size_t at = summarize.keys.size();
    for (const AggregateCall& call : summarize.aggregates) {
        const std::size_t width = call.aggregate.outputs.size();
        const auto wanted = std::make_unique<bool[]>(width);
        // Without keys there is one row, which some aggregate must make.
        const bool last_hope = summarize.keys.empty() && copy->aggregates.empty() &&
                               &call == &summarize.aggregates.back();
        for (std::size_t i = 0; i < width; ++i) {
            wanted[i] = needed[at + i] || last_hope;
        }
        std::vector<std::size_t> kept;
        if (auto left = narrow(call, {wanted.get(), width}, kept)) {
            for (const std::size_t i : kept) {
                place[at + i] = copy->schema.size();
                copy->schema.fields.push_back(plan->schema[at + i]);
            }
            copy->aggregates.push_back(std::move(*left));
        }
        at += width;
    }
    std::vector<bool> below(plan->inputs[0]->schema.size());
    collect(summarize.keys, below);
    for (const AggregateCall& call : copy->aggregates) {
        collect(call.args, below);
    }
    const Pruned input = prune(plan->inputs[0], below);
    copy->inputs = {input.plan};
    for (BoundPtr& key : copy->keys) {
        key = moved(key, input.place);
    }
    for (AggregateCall& call : copy->aggregates) {
        for (BoundPtr& arg : call.args) {
            arg = moved(arg, input.place);
        }
    }
    return {.plan = copy, .place = place};
}

Pruned prune_join(const PlanPtr& plan, const std::vector<bool>& needed) {
    const JoinOp& join = as<JoinOp>(*plan);
    std::vector<bool> left(plan->inputs[0]->schema.size());
    std::vector<bool> right(plan->inputs[1]->schema.size());
    collect(join.left_keys, left);
    collect(join.right_keys, right);
    auto copy = clone<JoinOp>(*plan);
    copy->left_output.clear();
    copy->right_output.clear();
    copy->schema.fields.clear();
    std::vector<std::size_t> place(needed.size());
    const std::size_t width = join.left_output.size();
    for (std::size_t i = 0; i < needed.size(); ++i) {
        if (!needed[i]) {
            continue;
        }
        place[i] = copy->schema.size();
        copy->schema.fields.push_back(plan->schema[i]);
        if (i < width) {
            left[join.left_output[i]] = true;
            copy->left_output.push_back(join.left_output[i]);
        } else {
            right[join.right_output[i - width]] = true;
            copy->right_output.push_back(join.right_output[i - width]);
        }
    }
    const Pruned l = prune(plan->inputs[0], left);
    const Pruned r = prune(plan->inputs[1], right);
    copy->inputs = {l.plan, r.plan};
    for (BoundPtr& key : copy->left_keys) {
        key = moved(key, l.place);
    }
    for (BoundPtr& key : copy->right_keys) {
        key = moved(key, r.place);
    }
    for (std::size_t& c : copy->left_output) {
        c = l.place[c];
    }
    for (std::size_t& c : copy->right_output) {
        c = r.place[c];
    }
    return {.plan = copy, .place = place};
}

/// Filter, Sort, Take: their columns are their input's.
template <typename Op, typename Collect, typename Move>
Pruned prune_passing(const PlanPtr& plan, std::vector<bool> needed, Collect collect_own,
                     Move move_own) {
    auto copy = clone<Op>(*plan);
    collect_own(*copy, needed);
    Pruned input = prune(plan->inputs[0], needed);
    move_own(*copy, input.place);
    copy->schema = input.plan->schema;
    copy->inputs = {input.plan};
    return {.plan = copy, .place = std::move(input.place)};
}

Pruned prune_filter(const PlanPtr& plan, const std::vector<bool>& needed) {
    Pruned out = prune_passing<FilterOp>(
        plan, needed, [](FilterOp& op, std::vector<bool>& used) { collect(op.conjuncts, used); },
        [](FilterOp& op, const std::vector<std::size_t>& place) {
            for (BoundPtr& e : op.conjuncts) {
                e = moved(e, place);
            }
        });
    if (out.plan->inputs[0]->kind != OpKind::Scan) {
        return out;
    }
    auto scan = clone<ScanOp>(*out.plan->inputs[0]);
    scan->filter_only.assign(scan->schema.size(), true);
    for (std::size_t i = 0; i < needed.size(); ++i) {
        if (needed[i]) {
            scan->filter_only[out.place[i]] = false;
        }
    }
    out.plan = Filters::with_inputs(out.plan, {std::move(scan)});
    return out;
}

/// A scan can give rows without columns, and so can a filter over one.
bool needs_a_column(const PlanOp& plan) {
    const bool over_scan = plan.kind == OpKind::Filter && plan.inputs[0]->kind == OpKind::Scan;
    return plan.kind != OpKind::Scan && !over_scan && !plan.schema.fields.empty();
}

Pruned prune(const PlanPtr& plan, std::vector<bool> needed) {
    if (needs_a_column(*plan) &&
        std::none_of(needed.begin(), needed.end(), [](bool b) { return b; })) {
        needed[0] = true;
    }
    switch (plan->kind) {
        case OpKind::Scan:
            return prune_scan(plan, needed);
        case OpKind::Project:
            return prune_project(plan, needed);
        case OpKind::Filter:
            return prune_filter(plan, needed);
        case OpKind::Sort:
            return prune_passing<SortOp>(
                plan, std::move(needed),
                [](SortOp& op, std::vector<bool>& used) {
                    for (const SortKey& key : op.keys) {
                        collect_columns(*key.expr, used);
                    }
                },
                [](SortOp& op, const std::vector<std::size_t>& place) {
                    for (SortKey& key : op.keys) {
                        key.expr = moved(key.expr, place);
                    }
                });
        case OpKind::Take:
            return prune_passing<TakeOp>(
                plan, std::move(needed), [](TakeOp&, std::vector<bool>&) {},
                [](TakeOp&, const std::vector<std::size_t>&) {});
        case OpKind::Summarize:
            return prune_summarize(plan, needed);
        case OpKind::Join:
            return prune_join(plan, needed);
        case OpKind::Union: {
            // All arms keep the same columns: each is a projection, so the order is the schema's.
            auto copy = clone<UnionOp>(*plan);
            copy->schema.fields.clear();
            std::vector<std::size_t> place(needed.size());
            for (std::size_t i = 0; i < needed.size(); ++i) {
                if (needed[i]) {
                    place[i] = copy->schema.size();
                    copy->schema.fields.push_back(plan->schema[i]);
                }
            }
            for (PlanPtr& input : copy->inputs) {
                const Pruned arm = prune(input, needed);
                auto project = std::make_shared<ProjectOp>();
                project->schema = copy->schema;
                project->inputs = {arm.plan};
                for (std::size_t i = 0; i < needed.size(); ++i) {
                    if (needed[i]) {
                        project->exprs.push_back(make_column(arm.place[i], plan->schema[i].type));
                    }
                }
                input = project;
            }
            return {.plan = copy, .place = place};
        }
        default:
            return keep_whole(plan);
    }
}

}  // namespace

PlanPtr optimise(const PlanPtr& plan) {
    Filters filters;
    PlanPtr out = filters.push(plan, {});
    out = apply_limits(out);
    // The answer's columns and their order are the plan's own.
    const Pruned pruned = prune(out, std::vector<bool>(out->schema.size(), true));
    return pruned.plan;
}

}  // namespace qd::kql
