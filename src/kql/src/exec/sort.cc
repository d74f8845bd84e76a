// sort, top and take's neighbours.
//
// All rows are collected, row numbers are sorted (sort_keys.h), rows go on in that order. Rows that
// do not fit go to disk in sorted runs (sort_runs.h). top keeps only what can still be among the
// first rows.
#include "exec/runtime.h"
#include "exec/sort_keys.h"
#include "exec/sort_runs.h"
#include "exec/stream_sinks.h"

#include <algorithm>

namespace qd::kql {

using columns::Chunk;

namespace {

/// Keeps about the first `limit` rows of each worker.
class TopSink final : public Sink {
  public:
    TopSink(Runtime& runtime, const SortOp& op)
        : runtime_(runtime),
          op_(op),
          evaluators_(runtime, runtime.query().workers),
          kept_(runtime.query().workers),
          pending_(runtime.query().workers) {}
    bool parallel() const override { return true; }
    Result<bool> push(std::size_t worker, Chunk chunk) override {
        QD_CHECK_OK(runtime_.query().check());
        pending_[worker] += chunk.rows;
        kept_[worker].push_back(std::move(chunk));
        const std::uint64_t most =
            std::max<std::uint64_t>(*op_.limit * 4, 32 * columns::kChunkRows);
        if (pending_[worker] > most) {
            const Chunk all = join_chunks(kept_[worker], op_.inputs[0]->schema);
            QD_TRY(std::vector<std::uint32_t> order,
                   sorted_rows(evaluators_.of(worker), op_.keys, op_.limit, all));
            // Back in row order, so that ties still go by arrival.
            std::sort(order.begin(), order.end());
            kept_[worker].assign(1, columns::gather(all, order));
            pending_[worker] = order.size();
        }
        return true;
    }
    std::vector<Chunk> take() {
        std::vector<Chunk> out;
        for (auto& part : kept_) {
            out.insert(out.end(), part.begin(), part.end());
        }
        return out;
    }

  private:
    Runtime& runtime_;
    const SortOp& op_;
    WorkerEvaluators evaluators_;
    std::vector<std::vector<Chunk>> kept_;
    std::vector<std::uint64_t> pending_;
};

}  // namespace

Result<bool> Runtime::sort(const SortOp& op, Sink& sink) {
    if (op.limit && *op.limit == 0) {
        return true;
    }
    std::vector<Chunk> chunks;
    Reservation reserved(query_, "sort");
    QD_TRY(std::optional<std::vector<Chunk>> first, scan_top(op));
    if (first) {
        chunks = std::move(*first);
    } else if (op.limit && *op.limit <= 100'000) {
        TopSink top(*this, op);
        QD_TRY(const bool more, stream(*op.inputs[0], top));
        static_cast<void>(more);
        chunks = top.take();
    } else {
        SortRuns collected(*this, op);
        QD_TRY(const bool more, stream(*op.inputs[0], collected));
        static_cast<void>(more);
        if (collected.spilled()) {
            return collected.merge(sink);
        }
        chunks = collected.take();
    }
    const Chunk all = join_chunks(chunks, op.inputs[0]->schema);
    chunks.clear();
    QD_CHECK_OK(reserved.add(chunk_bytes(all)));
    Evaluator evaluator(evaluation());
    QD_TRY(const std::vector<std::uint32_t> order, sorted_rows(evaluator, op.keys, op.limit, all));
    return emit_batches(sink, static_cast<std::uint32_t>(order.size()), query_.chunk_rows,
                        [&](std::uint32_t begin, std::uint32_t count) {
                            return columns::gather(all, std::span(order).subspan(begin, count));
                        });
}

}  // namespace qd::kql
