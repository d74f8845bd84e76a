// scan: a state machine over ordered rows.
//
// Each step holds the state of at most one sequence: the row last matched by each of the steps up
// to it, with their declared values. A row is offered to the steps from the last to the first. A
// step takes it when its condition holds for the state of the step before, which then moves here;
// failing that, for its own state; the first step starts a new sequence. Source: kql.md b.35 and
// the operator's documentation.
#include "exec/grouper.h"
#include "exec/runtime.h"

#include <map>

namespace qd::kql {

using columns::Chunk;

namespace {

/// One matched row: its number (or none) and its declared values.
struct Matched {
    std::optional<std::uint32_t> row;
    std::vector<Scalar> declared;
};

struct State {
    bool active = false;
    std::int64_t match_id = 0;
    std::vector<Matched> steps;
};

class Machine {
  public:
    Machine(const StateScanOp& op, const Chunk& rows, const EvalContext& context)
        : op_(op), rows_(rows), evaluator_(context), used_(block() * (op.steps.size() + 1)) {
        for (const StateScanOp::Step& step : op.steps) {
            collect_columns(*step.condition, used_);
            for (const auto& [column, expr] : step.assignments) {
                collect_columns(*expr, used_);
            }
        }
        for (const columns::Field& field : op.declared) {
            builders_.emplace_back(field.type);
        }
    }

    std::vector<State> fresh() const {
        std::vector<State> out(op_.steps.size());
        for (State& state : out) {
            clear(state);
        }
        return out;
    }

    Status offer(std::uint32_t row, std::vector<State>& states) {
        for (std::size_t s = op_.steps.size(); s-- > 0;) {
            const StateScanOp::Step& step = op_.steps[s];
            bool matched = false;
            if (s > 0 && states[s - 1].active) {
                QD_TRY(matched, holds(step.condition, row, states[s - 1]));
                if (matched) {
                    states[s] = states[s - 1];
                    clear(states[s - 1]);
                }
            }
            if (!matched && states[s].active) {
                QD_TRY(matched, holds(step.condition, row, states[s]));
            } else if (!matched && s == 0) {
                QD_TRY(matched, holds(step.condition, row, states[0]));
                if (matched) {
                    states[0].active = true;
                    states[0].match_id = next_match_++;
                }
            }
            if (matched) {
                QD_CHECK_OK(take(step, s, row, states[s]));
            }
        }
        return {};
    }

    Chunk finish() {
        Chunk out = columns::gather(rows_, output_rows_);
        const std::size_t variables = builders_.size() - op_.replaced.size();
        for (std::size_t d = 0; d < builders_.size(); ++d) {
            if (d < variables) {
                out.columns.push_back(builders_[d].finish());
            } else {
                out.columns[op_.replaced[d - variables]] = builders_[d].finish();
            }
        }
        if (op_.with_match_id) {
            out.columns.push_back(match_ids_.finish());
        }
        return out;
    }

  private:
    std::size_t width() const { return rows_.columns.size(); }
    std::size_t block() const { return width() + op_.declared.size(); }

    void clear(State& state) const {
        state.active = false;
        state.steps.assign(op_.steps.size(), Matched{.row = std::nullopt, .declared = op_.initial});
    }

    /// The one-row chunk the expressions read.
    Chunk row_chunk(std::uint32_t row, const std::vector<Scalar>& own, const State& state) const {
        Chunk out;
        out.rows = 1;
        out.columns.resize(used_.size());
        for (std::size_t c = 0; c < used_.size(); ++c) {
            if (!used_[c]) {
                continue;
            }
            const std::size_t owner = c / block();
            const std::size_t column = c % block();
            const bool declared = column >= width();
            if (owner == 0) {
                out.columns[c] = declared ? columns::Column::make_constant(own[column - width()], 1)
                                          : columns::slice(rows_.columns[column], row, 1);
                continue;
            }
            const Matched& matched = state.steps[owner - 1];
            if (declared) {
                out.columns[c] =
                    columns::Column::make_constant(matched.declared[column - width()], 1);
            } else if (matched.row) {
                out.columns[c] = columns::slice(rows_.columns[column], *matched.row, 1);
            } else {
                const DataType type = rows_.columns[column]->type();
                out.columns[c] = columns::Column::make_constant(
                    type == DataType::String ? Scalar::of_string("") : Scalar::null_of(type), 1);
            }
        }
        return out;
    }

    Result<bool> holds(const BoundPtr& condition, std::uint32_t row, const State& state) {
        const Chunk chunk = row_chunk(row, op_.initial, state);
        evaluator_.begin_chunk();
        QD_TRY(const ColumnPtr answer, evaluator_.evaluate(condition, chunk));
        return !answer->is_null(0) && answer->int_at(0) != 0;
    }

    Status take(const StateScanOp::Step& step, std::size_t s, std::uint32_t row, State& state) {
        std::vector<Scalar> own = op_.initial;
        const std::size_t variables = own.size() - op_.replaced.size();
        for (std::size_t r = 0; r < op_.replaced.size(); ++r) {
            own[variables + r] = rows_.columns[op_.replaced[r]]->scalar_at(row);
        }
        for (const auto& [column, expr] : step.assignments) {
            const Chunk chunk = row_chunk(row, own, state);
            evaluator_.begin_chunk();
            QD_TRY(const ColumnPtr value, evaluator_.evaluate(expr, chunk));
            own[column] = value->scalar_at(0);
        }
        state.active = true;
        state.steps[s] = {.row = row, .declared = own};
        if (step.output == StateScanOp::Output::None) {
            return {};
        }
        output_rows_.push_back(row);
        for (std::size_t d = 0; d < own.size(); ++d) {
            builders_[d].append(own[d]);
        }
        match_ids_.append_int(state.match_id);
        return {};
    }

    const StateScanOp& op_;
    const Chunk& rows_;
    Evaluator evaluator_;
    std::vector<bool> used_;
    std::vector<columns::ColumnBuilder> builders_;
    columns::ColumnBuilder match_ids_{DataType::Long};
    std::vector<std::uint32_t> output_rows_;
    std::int64_t next_match_ = 0;
};

}  // namespace

Result<bool> Runtime::state_scan(const StateScanOp& op, Sink& sink) {
    CollectSink collected(query_, query_.workers, "scan");
    QD_TRY(const bool wanted, stream(*op.inputs[0], collected));
    static_cast<void>(wanted);
    const Chunk all = join_chunks(collected.take(), op.inputs[0]->schema);
    Machine machine(op, all, evaluation());
    std::vector<std::uint32_t> groups(all.rows, 0);
    std::size_t count = 1;
    if (!op.partition_by.empty()) {
        Evaluator evaluator(evaluation());
        std::vector<ColumnPtr> keys;
        std::vector<DataType> types;
        for (const BoundPtr& key : op.partition_by) {
            QD_TRY(ColumnPtr column, evaluator.evaluate(key, all));
            keys.push_back(std::move(column));
            types.push_back(key->type);
        }
        Grouper grouper(std::move(types));
        grouper.assign(keys, all.rows, groups);
        count = grouper.size();
    }
    std::vector<std::vector<State>> states(count, machine.fresh());
    for (std::uint32_t row = 0; row < all.rows; ++row) {
        if (row % 256 == 0) {
            QD_CHECK_OK(query_.check());
        }
        QD_CHECK_OK(machine.offer(row, states[groups[row]]));
    }
    return emit(machine.finish(), sink);
}

}  // namespace qd::kql
