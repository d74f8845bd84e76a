// summarize: hash aggregation.
//
// Every worker groups the rows it gets by itself; the partial states are merged in worker order,
// which is row order, so that "first met" rules (take_any, make_set, arg_max's ties) give the same
// answer with any number of workers.
#include "exec/grouper.h"
#include "exec/runtime.h"

#include <memory>

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
};

class SummarizeSink final : public Sink {
  public:
    SummarizeSink(Runtime& runtime, const SummarizeOp& op)
        : op_(op), reserved_(runtime.query(), "summarize") {
        for (const BoundPtr& key : op.keys) {
            types_.push_back(key->type);
        }
        partials_.resize(runtime.query().workers);
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
        part.evaluator.begin_chunk();
        std::vector<ColumnPtr> keys;
        for (const BoundPtr& key : op_.keys) {
            QD_TRY(ColumnPtr column, part.evaluator.evaluate(key, chunk));
            keys.push_back(std::move(column));
        }
        part.grouper.assign(keys, chunk.rows, part.group_of_row);
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
        for (std::size_t a = 0; a < op_.aggregates.size(); ++a) {
            std::vector<ColumnPtr> args;
            for (const BoundPtr& arg : op_.aggregates[a].args) {
                QD_TRY(ColumnPtr column, part.evaluator.evaluate(arg, chunk));
                args.push_back(std::move(column));
            }
            QD_CHECK_OK(part.aggregators[a]->update(part.group_of_row, args));
        }
        return true;
    }

    Result<Chunk> finish() {
        std::unique_ptr<Partial> total;
        for (std::unique_ptr<Partial>& part : partials_) {
            if (!part) {
                continue;
            }
            if (!total) {
                total = std::move(part);
                continue;
            }
            QD_CHECK_OK(merge(*total, *part));
            part.reset();
        }
        if (!total) {
            total = std::make_unique<Partial>(op_, contexts_[0], types_);
        }
        Chunk out;
        out.rows = total->grouper.size();
        if (op_.keys.empty()) {
            out.rows = 1;
            for (auto& aggregator : total->aggregators) {
                aggregator->resize(1);
            }
        } else {
            out.columns = total->grouper.key_columns();
        }
        for (auto& aggregator : total->aggregators) {
            QD_TRY(const std::vector<ColumnPtr> columns, aggregator->finish());
            out.columns.insert(out.columns.end(), columns.begin(), columns.end());
        }
        return out;
    }

  private:
    Status merge(Partial& into, Partial& from) {
        std::vector<std::uint32_t> mapping;
        into.grouper.merge(from.grouper, mapping);
        into.groups = into.grouper.size();
        for (std::size_t a = 0; a < into.aggregators.size(); ++a) {
            into.aggregators[a]->resize(into.groups);
            QD_CHECK_OK(into.aggregators[a]->merge(*from.aggregators[a], mapping));
        }
        return {};
    }

    const SummarizeOp& op_;
    Reservation reserved_;
    std::vector<DataType> types_;
    std::vector<EvalContext> contexts_;
    std::vector<std::unique_ptr<Partial>> partials_;
};

}  // namespace

Result<bool> Runtime::summarize(const SummarizeOp& op, Sink& sink) {
    SummarizeSink groups(*this, op);
    QD_TRY(const bool more, stream(*op.inputs[0], groups));
    static_cast<void>(more);
    QD_TRY(const Chunk out, groups.finish());
    return emit(out, sink);
}

}  // namespace qd::kql
