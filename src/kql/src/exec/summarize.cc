// summarize: hash aggregation.
//
// Every worker groups the rows it gets by itself; the partial states are merged in worker order,
// which is row order, so that "first met" rules (take_any, make_set, arg_max's ties) give the same
// answer with any number of workers.
//
// When half of the query's memory is used, a worker makes no more groups: rows of groups it has go
// on into them, other rows go to disk, divided by the hash of their key (spilled_rows.h). At the
// end each division is done by itself: of every worker first the groups it has in memory, then its
// rows on disk, so row order holds for every key.
#include "exec/grouper.h"
#include "exec/runtime.h"
#include "exec/spilled_rows.h"
#include "qd/columns/compare.h"

#include <memory>
#include <mutex>
#include <utility>

namespace qd::kql {

using columns::Chunk;

namespace {

struct Partial {
    Partial(const SummarizeOp& op, const EvalContext& context, std::vector<DataType> types)
        : evaluator(context), grouper(std::move(types)) {
        for (const AggregateCall& call : op.aggregates) {
            aggregators.push_back(call.aggregate.make(context));
        }
    }
    Evaluator evaluator;
    Grouper grouper;
    std::vector<std::unique_ptr<Aggregator>> aggregators;
    std::uint32_t groups = 0;
    std::int64_t charged = 0;
    std::vector<std::uint32_t> group_of_row;
    bool full = false;     // new groups go to disk
    Grouper::Cache cache;  // of find()
};

/// Keys, then the arguments of each aggregate.
struct Inputs {
    std::vector<ColumnPtr> keys;
    std::vector<std::vector<ColumnPtr>> arguments;
    std::uint32_t rows = 0;
};

class SummarizeSink final : public Sink {
  public:
    SummarizeSink(Runtime& runtime, const SummarizeOp& op)
        : query_(runtime.query()), op_(op), reserved_(runtime.query(), "summarize") {
        for (const BoundPtr& key : op.keys) {
            types_.push_back(key->type);
        }
        partials_.resize(query_.workers);
        for (std::size_t w = 0; w < partials_.size(); ++w) {
            contexts_.push_back(runtime.evaluation());
        }
    }
    bool parallel() const override { return true; }

    Result<bool> push(std::size_t worker, Chunk chunk) override {
        if (!partials_[worker]) {
            partials_[worker] = std::make_unique<Partial>(op_, contexts_[worker], types_);
        }
        Partial& part = *partials_[worker];
        QD_TRY(Inputs inputs, evaluate(part, chunk));
        if (spills(part)) {
            QD_CHECK_OK(spill_new(worker, part, inputs));
        }
        QD_CHECK_OK(add(part, inputs));
        return true;
    }

    /// Sends the groups on.
    Result<bool> finish(Runtime& runtime, Sink& sink) {
        if (spilled_) {
            return finish_parts(runtime, sink);
        }
        std::unique_ptr<Partial> total;
        for (std::unique_ptr<Partial>& part : partials_) {
            if (!part) {
                continue;
            }
            if (!total) {
                total = std::move(part);
                continue;
            }
            std::vector<std::uint32_t> mapping;
            total->grouper.merge(part->grouper, mapping);
            QD_CHECK_OK(merge_states(*total, *part, mapping));
            part.reset();
        }
        if (!total) {
            total = std::make_unique<Partial>(op_, contexts_[0], types_);
        }
        QD_TRY(const Chunk out, rows_of(*total));
        return runtime.emit(out, sink);
    }

  private:
    /// Fewer groups than this are not worth a disk.
    static constexpr std::uint32_t kSpillGroupsMin = 1024;

    Result<Inputs> evaluate(Partial& part, const Chunk& chunk) {
        Inputs out;
        out.rows = chunk.rows;
        part.evaluator.begin_chunk();
        for (const BoundPtr& key : op_.keys) {
            QD_TRY(ColumnPtr column, part.evaluator.evaluate(key, chunk));
            out.keys.push_back(std::move(column));
        }
        for (const AggregateCall& call : op_.aggregates) {
            std::vector<ColumnPtr>& args = out.arguments.emplace_back();
            for (const BoundPtr& arg : call.args) {
                QD_TRY(ColumnPtr column, part.evaluator.evaluate(arg, chunk));
                args.push_back(std::move(column));
            }
        }
        return out;
    }

    Status add(Partial& part, const Inputs& inputs) {
        if (inputs.rows == 0) {
            return {};
        }
        part.grouper.assign(inputs.keys, inputs.rows, part.group_of_row);
        if (part.groups != part.grouper.size()) {
            part.groups = part.grouper.size();
            for (auto& aggregator : part.aggregators) {
                aggregator->resize(part.groups);
            }
        }
        const std::int64_t bytes = part.grouper.memory_bytes();
        if (bytes > part.charged) {
            QD_CHECK_OK(reserved_.add(bytes - part.charged));
            part.charged = bytes;
        }
        for (std::size_t a = 0; a < part.aggregators.size(); ++a) {
            QD_CHECK_OK(part.aggregators[a]->update(part.group_of_row, inputs.arguments[a]));
        }
        return {};
    }

    /// Whether this part takes no more groups.
    bool spills(Partial& part) {
        if (!part.full && query_.spill != nullptr && !op_.keys.empty() &&
            part.grouper.size() >= kSpillGroupsMin &&
            query_.budget.used_bytes() > query_.budget.limit_bytes() / 2) {
            part.full = true;
            const std::lock_guard lock(mutex_);
            if (!spilled_) {
                spilled_ = std::make_unique<SpilledParts>(query_, spilled_types());
            }
        }
        return part.full;
    }

    std::vector<DataType> spilled_types() const {
        std::vector<DataType> types = types_;
        for (const AggregateCall& call : op_.aggregates) {
            for (const BoundPtr& arg : call.args) {
                types.push_back(arg->type);
            }
        }
        return types;
    }

    /// Puts the rows of groups the part does not have on disk and leaves the others.
    Status spill_new(std::size_t worker, Partial& part, Inputs& inputs) {
        part.grouper.find(inputs.keys, inputs.rows, part.group_of_row, part.cache);
        std::vector<std::uint32_t> known;
        std::vector<std::uint32_t> strange;
        for (std::uint32_t i = 0; i < inputs.rows; ++i) {
            (part.group_of_row[i] == Grouper::kNone ? strange : known).push_back(i);
        }
        if (strange.empty()) {
            return {};
        }
        Chunk rows;
        rows.rows = static_cast<std::uint32_t>(strange.size());
        std::vector<std::uint64_t> hashes(strange.size(), 0);
        for (ColumnPtr& key : inputs.keys) {
            rows.columns.push_back(columns::gather(key, strange));
            columns::hash_column(*rows.columns.back(), hashes);
            key = columns::gather(key, known);
        }
        for (std::vector<ColumnPtr>& args : inputs.arguments) {
            for (ColumnPtr& arg : args) {
                rows.columns.push_back(columns::gather(arg, strange));
                arg = columns::gather(arg, known);
            }
        }
        inputs.rows = static_cast<std::uint32_t>(known.size());
        return spilled_->add(worker, rows, hashes);
    }

    Status merge_states(Partial& into, Partial& from, std::span<const std::uint32_t> mapping) {
        into.groups = into.grouper.size();
        for (std::size_t a = 0; a < into.aggregators.size(); ++a) {
            into.aggregators[a]->resize(into.groups);
            QD_CHECK_OK(into.aggregators[a]->merge(*from.aggregators[a], mapping));
        }
        return {};
    }

    Result<Chunk> rows_of(Partial& total) {
        Chunk out;
        out.rows = total.grouper.size();
        if (op_.keys.empty()) {
            out.rows = 1;
            for (auto& aggregator : total.aggregators) {
                aggregator->resize(1);
            }
        } else {
            out.columns = total.grouper.key_columns();
        }
        for (auto& aggregator : total.aggregators) {
            QD_TRY(const std::vector<ColumnPtr> columns, aggregator->finish());
            out.columns.insert(out.columns.end(), columns.begin(), columns.end());
        }
        return out;
    }

    /// The groups of a worker that are in memory, by part.
    struct Held {
        std::vector<ColumnPtr> keys;
        std::vector<std::uint8_t> parts;
    };

    Result<bool> finish_parts(Runtime& runtime, Sink& sink) {
        QD_CHECK_OK(spilled_->finish());
        std::vector<Held> held(partials_.size());
        for (std::size_t w = 0; w < partials_.size(); ++w) {
            if (!partials_[w]) {
                continue;
            }
            held[w].keys = partials_[w]->grouper.key_columns();
            std::vector<std::uint64_t> hashes(partials_[w]->grouper.size(), 0);
            for (const ColumnPtr& key : held[w].keys) {
                columns::hash_column(*key, hashes);
            }
            for (const std::uint64_t hash : hashes) {
                held[w].parts.push_back(static_cast<std::uint8_t>(SpilledParts::part_of(hash)));
            }
        }
        for (std::size_t p = 0; p < SpilledParts::kParts; ++p) {
            QD_CHECK_OK(query_.check());
            QD_TRY(const Chunk out, part_rows(p, held));
            QD_TRY(const bool more, runtime.emit(out, sink));
            if (!more) {
                return false;
            }
        }
        return true;
    }

    Result<Chunk> part_rows(std::size_t p, const std::vector<Held>& held) {
        Partial total(op_, contexts_[0], types_);
        for (std::size_t w = 0; w < partials_.size(); ++w) {
            if (!partials_[w]) {
                continue;
            }
            std::vector<std::uint32_t> mapping(held[w].parts.size(), Aggregator::kNoGroup);
            std::vector<std::uint32_t> groups;
            for (std::uint32_t g = 0; g < mapping.size(); ++g) {
                if (held[w].parts[g] == p) {
                    groups.push_back(g);
                }
            }
            std::vector<ColumnPtr> keys;
            for (const ColumnPtr& key : held[w].keys) {
                keys.push_back(columns::gather(key, groups));
            }
            total.grouper.assign(keys, static_cast<std::uint32_t>(groups.size()),
                                 total.group_of_row);
            for (std::size_t i = 0; i < groups.size(); ++i) {
                mapping[groups[i]] = total.group_of_row[i];
            }
            QD_CHECK_OK(merge_states(total, *partials_[w], mapping));
            QD_CHECK_OK(spilled_->for_each(
                p, w, [&](const Chunk& rows) { return add(total, inputs_of(rows)); }));
        }
        QD_TRY(Chunk out, rows_of(total));
        reserved_.give_back(total.charged);
        return out;
    }

    Inputs inputs_of(const Chunk& rows) const {
        Inputs out;
        out.rows = rows.rows;
        auto next = rows.columns.begin();
        for (std::size_t k = 0; k < op_.keys.size(); ++k) {
            out.keys.push_back(*next++);
        }
        for (const AggregateCall& call : op_.aggregates) {
            std::vector<ColumnPtr>& args = out.arguments.emplace_back();
            for (std::size_t i = 0; i < call.args.size(); ++i) {
                args.push_back(*next++);
            }
        }
        return out;
    }

    QueryContext& query_;
    const SummarizeOp& op_;
    Reservation reserved_;
    std::vector<DataType> types_;
    std::vector<EvalContext> contexts_;
    std::vector<std::unique_ptr<Partial>> partials_;
    std::mutex mutex_;
    std::unique_ptr<SpilledParts> spilled_;  // set once, by the first worker that is full
};

}  // namespace

Result<bool> Runtime::summarize(const SummarizeOp& op, Sink& sink) {
    SummarizeSink groups(*this, op);
    QD_TRY(const bool more, stream(*op.inputs[0], groups));
    static_cast<void>(more);
    return groups.finish(*this, sink);
}

}  // namespace qd::kql
