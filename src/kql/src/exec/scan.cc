// Rows of a stored table, filtered where they are read (morsel_filter.cc). Each worker reads a run
// of neighbouring morsels, so that worker order is row order.
#include "exec/morsel_filter.h"
#include "exec/stream_sinks.h"

#include <algorithm>
#include <atomic>
#include <numeric>

namespace qd::kql {

using columns::Chunk;

namespace {

constexpr std::uint64_t kParallelRowsMin = 8 * columns::kChunkRows;

Status read_morsel(QueryContext& query, Morsel& morsel, const MorselFilter& filter,
                   std::uint64_t rows_wanted, Evaluator& evaluator, std::size_t worker, Sink& sink,
                   bool& more) {
    QD_CHECK_OK(query.check());
    MorselReader reader(query, morsel, filter.width());
    QD_TRY(const bool any, reader.apply(filter, evaluator));
    if (!any) {
        return {};
    }
    if (rows_wanted > 0 && rows_wanted < reader.size()) {
        std::vector<std::uint32_t> first(rows_wanted);
        std::iota(first.begin(), first.end(), 0U);
        reader.keep(first);
    }
    QD_CHECK_OK(reader.load_all(filter.scan()));
    const Chunk& rows = reader.chunk();
    for (std::uint32_t at = 0; at < rows.rows && more; at += query.chunk_rows) {
        QD_CHECK_OK(query.check());
        const std::uint32_t count = std::min(query.chunk_rows, rows.rows - at);
        const bool whole = count == rows.rows;
        QD_TRY(more, sink.push(worker, whole ? rows : columns::slice(rows, at, count)));
    }
    return {};
}

/// Where each worker begins, so that all have about the same number of rows.
std::vector<std::size_t> share_out(const std::vector<std::unique_ptr<Morsel>>& morsels,
                                   std::uint64_t rows, std::size_t workers) {
    std::vector<std::size_t> begin(workers + 1, morsels.size());
    begin[0] = 0;
    std::uint64_t seen = 0;
    std::size_t next = 1;
    for (std::size_t i = 0; i < morsels.size() && next < workers; ++i) {
        seen += morsels[i]->rows();
        if (seen * workers >= rows * next) {
            begin[next++] = i + 1;
        }
    }
    return begin;
}

}  // namespace

Result<std::vector<std::unique_ptr<Morsel>>> open_morsels(const ScanOp& op) {
    ScanRequest request;
    for (const columns::Field& field : op.schema.fields) {
        request.columns.push_back(field.name);
    }
    request.pruning = op.pruning;
    request.rows_wanted = op.rows_wanted;
    request.dynamic_paths = op.dynamic_paths;
    return op.source->scan(request);
}

Result<bool> Runtime::scan(const ScanOp& op, const std::vector<BoundPtr>& conjuncts, Sink& sink) {
    QD_TRY(std::vector<std::unique_ptr<Morsel>> morsels, open_morsels(op));
    std::uint64_t rows = 0;
    for (const auto& morsel : morsels) {
        rows += morsel->rows();
    }
    const MorselFilter filter(op, conjuncts);
    const std::size_t workers = std::max<std::size_t>(
        rows < kParallelRowsMin ? 1 : std::min(worker_count(sink), morsels.size()), 1);
    WorkerEvaluators evaluators(*this, workers);
    const std::vector<std::size_t> begin = share_out(morsels, rows, workers);
    std::vector<Status> statuses(workers);
    std::atomic<bool> stop{false};
    parallel(workers, [&](std::size_t worker) {
        for (std::size_t i = begin[worker]; i < begin[worker + 1]; ++i) {
            if (stop.load(std::memory_order_relaxed)) {
                return;
            }
            bool more = true;
            statuses[worker] = read_morsel(query_, *morsels[i], filter, op.rows_wanted,
                                           evaluators.of(worker), worker, sink, more);
            if (!statuses[worker].ok() || !more) {
                stop.store(true, std::memory_order_relaxed);
                return;
            }
            morsels[i].reset();
        }
    });
    for (Status& status : statuses) {
        QD_CHECK_OK(std::move(status));
    }
    return !stop.load();
}

Result<bool> Runtime::filter(const FilterOp& op, Sink& sink) {
    if (op.inputs[0]->kind == OpKind::Scan) {
        return scan(as<ScanOp>(*op.inputs[0]), op.conjuncts, sink);
    }
    if (op.inputs[0]->kind == OpKind::MvExpand && query_.optimise) {
        return mv_expand(as<MvExpandOp>(*op.inputs[0]), op.conjuncts, sink);
    }
    if (op.inputs[0]->kind == OpKind::Join && query_.optimise) {
        const auto& join_op = as<JoinOp>(*op.inputs[0]);
        if (join_op.join == JoinKind::Inner || join_op.join == JoinKind::InnerUnique) {
            return join(join_op, op.conjuncts, sink);
        }
    }
    FilterSink filter(*this, op, sink);
    return stream(*op.inputs[0], filter);
}

}  // namespace qd::kql
