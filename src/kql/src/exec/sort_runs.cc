#include "exec/sort_runs.h"

#include "exec/sort_keys.h"
#include "qd/columns/compare.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace qd::kql {

using columns::Chunk;
using columns::Column;

namespace {

/// Where a missing value stands: between its end and the values is NaN (kql.md b.28).
int missing_class(const Column& column, std::uint32_t row) {
    if (column.is_null(row)) {
        return 2;
    }
    return column.type() == DataType::Real && std::isnan(column.real_at(row)) ? 1 : 0;
}

int compare_key(const SortKey& key, const Column& a, std::uint32_t row_a, const Column& b,
                std::uint32_t row_b) {
    const int missing_a = missing_class(a, row_a);
    const int missing_b = missing_class(b, row_b);
    if (missing_a != missing_b) {
        return (missing_a < missing_b) == key.nulls_first ? 1 : -1;
    }
    if (missing_a != 0) {
        return 0;
    }
    const int c = columns::compare_rows(a, row_a, b, row_b);
    return key.descending ? -c : c;
}

/// A run, at its next row.
struct Cursor {
    const SpilledRows* run = nullptr;
    std::size_t next_chunk = 0;
    Chunk chunk;
    std::vector<ColumnPtr> keys;
    std::uint32_t row = 0;
    std::size_t piece = 0;  // of the output being put together

    Result<bool> advance(Evaluator& evaluator, const std::vector<SortKey>& sort_keys) {
        if (next_chunk == run->chunks()) {
            return false;
        }
        chunk = run->read(next_chunk++);
        row = 0;
        keys.clear();
        evaluator.begin_chunk();
        for (const SortKey& key : sort_keys) {
            QD_TRY(ColumnPtr column, evaluator.evaluate(key.expr, chunk));
            keys.push_back(columns::flatten(column));
        }
        return true;
    }
};

/// Rows taken from several chunks, each chunk's in order, put together as one.
class Output {
  public:
    std::size_t begin_piece(const Chunk& chunk, std::uint32_t row) {
        pieces_.push_back({.chunk = chunk, .first = row});
        return pieces_.size() - 1;
    }
    void take(std::size_t piece) {
        order_.push_back(piece);
        ++pieces_[piece].count;
    }
    std::uint32_t rows() const { return static_cast<std::uint32_t>(order_.size()); }
    Chunk finish() {
        std::vector<std::uint32_t> next(pieces_.size());
        std::uint32_t base = 0;
        for (std::size_t p = 0; p < pieces_.size(); ++p) {
            next[p] = base;
            base += pieces_[p].count;
        }
        std::vector<std::uint32_t> rows;
        for (const std::size_t piece : order_) {
            rows.push_back(next[piece]++);
        }
        Chunk out;
        out.rows = base;
        for (std::size_t c = 0; c < pieces_[0].chunk.columns.size(); ++c) {
            std::vector<ColumnPtr> parts;
            for (const Piece& piece : pieces_) {
                if (piece.count > 0) {
                    parts.push_back(
                        columns::slice(piece.chunk.columns[c], piece.first, piece.count));
                }
            }
            out.columns.push_back(columns::gather(columns::concatenate(parts), rows));
        }
        pieces_.clear();
        order_.clear();
        return out;
    }

  private:
    struct Piece {
        Chunk chunk;
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };
    std::vector<Piece> pieces_;
    std::vector<std::size_t> order_;
};

}  // namespace

SortRuns::SortRuns(Runtime& runtime, const SortOp& op)
    : runtime_(runtime),
      op_(op),
      reserved_(runtime.query(), "sort"),
      workers_(runtime.query().workers) {
    for (std::size_t w = 0; w < workers_.size(); ++w) {
        contexts_.push_back(runtime.evaluation());
    }
}

Result<bool> SortRuns::push(std::size_t worker, Chunk chunk) {
    QueryContext& query = runtime_.query();
    QD_CHECK_OK(query.check());
    if (chunk.rows == 0) {
        return true;
    }
    Worker& mine = workers_[worker];
    const std::int64_t bytes = chunk_bytes(chunk);
    const auto share = static_cast<std::int64_t>(workers_.size());
    Status room = reserved_.add(bytes);
    if (query.wants_spilling((mine.bytes + bytes) * share) || (!room.ok() && query.spill)) {
        if (!mine.chunks.empty()) {
            QD_CHECK_OK(spill(mine));
        }
        room = room.ok() ? std::move(room) : reserved_.add(bytes);
    }
    QD_CHECK_OK(std::move(room));
    mine.bytes += bytes;
    mine.chunks.push_back(std::move(chunk));
    return true;
}

Status SortRuns::spill(Worker& worker) {
    QueryContext& query = runtime_.query();
    const auto index = static_cast<std::size_t>(&worker - workers_.data());
    const columns::Schema& schema = op_.inputs[0]->schema;
    const Chunk all = join_chunks(worker.chunks, schema);
    worker.chunks.clear();
    Evaluator evaluator(contexts_[index]);
    QD_TRY(const std::vector<std::uint32_t> order,
           sorted_rows(evaluator, op_.keys, op_.limit, all));
    std::vector<DataType> types;
    for (const columns::Field& field : schema.fields) {
        types.push_back(field.type);
    }
    auto run = std::make_unique<SpilledRows>(query, std::move(types));
    for (std::size_t at = 0; at < order.size(); at += columns::kChunkRows) {
        const std::size_t count = std::min<std::size_t>(columns::kChunkRows, order.size() - at);
        QD_CHECK_OK(run->append(columns::gather(all, std::span(order).subspan(at, count))));
    }
    QD_CHECK_OK(run->finish());
    worker.runs.push_back(std::move(run));
    reserved_.give_back(std::exchange(worker.bytes, 0));
    return {};
}

bool SortRuns::spilled() const {
    return std::any_of(workers_.begin(), workers_.end(),
                       [](const Worker& worker) { return !worker.runs.empty(); });
}

std::vector<Chunk> SortRuns::take() {
    std::vector<Chunk> out;
    for (Worker& worker : workers_) {
        std::move(worker.chunks.begin(), worker.chunks.end(), std::back_inserter(out));
        worker.chunks.clear();
        reserved_.give_back(std::exchange(worker.bytes, 0));
    }
    return out;
}

Result<bool> SortRuns::merge(Sink& sink) {
    QueryContext& query = runtime_.query();
    Evaluator evaluator(contexts_[0]);
    std::vector<Cursor> cursors;
    for (Worker& worker : workers_) {
        if (!worker.chunks.empty()) {
            QD_CHECK_OK(spill(worker));
        }
        for (const auto& run : worker.runs) {
            Cursor cursor;
            cursor.run = run.get();
            QD_TRY(const bool any, cursor.advance(evaluator, op_.keys));
            if (any) {
                cursors.push_back(std::move(cursor));
            }
        }
    }
    // A heap of the runs, the one whose row comes first on top.
    const auto behind = [&](std::size_t a, std::size_t b) {
        for (std::size_t k = 0; k < op_.keys.size(); ++k) {
            const int c = compare_key(op_.keys[k], *cursors[a].keys[k], cursors[a].row,
                                      *cursors[b].keys[k], cursors[b].row);
            if (c != 0) {
                return c > 0;
            }
        }
        return a > b;
    };
    Output output;
    std::vector<std::size_t> heap;
    for (std::size_t i = 0; i < cursors.size(); ++i) {
        cursors[i].piece = output.begin_piece(cursors[i].chunk, 0);
        heap.push_back(i);
    }
    std::make_heap(heap.begin(), heap.end(), behind);
    std::uint64_t left = op_.limit.value_or(~std::uint64_t{0});
    while (!heap.empty() && left > 0) {
        std::pop_heap(heap.begin(), heap.end(), behind);
        Cursor& cursor = cursors[heap.back()];
        output.take(cursor.piece);
        --left;
        bool more = ++cursor.row < cursor.chunk.rows;
        const bool next_chunk = !more;
        if (next_chunk) {
            QD_TRY(more, cursor.advance(evaluator, op_.keys));
        }
        if (more) {
            if (next_chunk) {
                cursor.piece = output.begin_piece(cursor.chunk, 0);
            }
            std::push_heap(heap.begin(), heap.end(), behind);
        } else {
            heap.pop_back();
        }
        if (output.rows() == query.chunk_rows || heap.empty() || left == 0) {
            QD_CHECK_OK(query.check());
            QD_TRY(const bool wanted, sink.push(0, output.finish()));
            if (!wanted) {
                return false;
            }
            for (const std::size_t i : heap) {
                cursors[i].piece = output.begin_piece(cursors[i].chunk, cursors[i].row);
            }
        }
    }
    return true;
}

}  // namespace qd::kql
