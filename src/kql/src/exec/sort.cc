// sort, top and take's neighbours.
//
// All rows are collected, keys are evaluated over the whole, row numbers are sorted. The first
// key of a fixed-width type is turned into an order-preserving 64-bit number so that most
// comparisons are one integer comparison. top keeps only what can still be among the first rows.
#include "exec/rows.h"
#include "exec/runtime.h"
#include "exec/stream_sinks.h"
#include "qd/columns/compare.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <string_view>
#include <unordered_map>

namespace qd::kql {

using columns::Chunk;

namespace {

constexpr std::uint64_t kLeastExact = 3;
constexpr std::uint64_t kGreatestExact = ~std::uint64_t{0} - 3;

/// Order of one key as numbers: smaller comes first. Missing values (null, NaN) are put where the
/// key wants them.
std::vector<std::uint64_t> ordinals(const ColumnPtr& column, const SortKey& key,
                                    std::uint32_t rows) {
    std::vector<std::uint64_t> out(rows);
    constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
    for (std::uint32_t i = 0; i < rows; ++i) {
        const bool null = column->is_null(i);
        const bool nan =
            !null && column->type() == DataType::Real && std::isnan(column->real_at(i));
        if (null || nan) {
            // NaN stands between the nulls and the values.
            out[i] = key.nulls_first ? (null ? 0 : 1) : ~std::uint64_t{0} - (null ? 0 : 1);
            continue;
        }
        std::uint64_t v = 0;
        if (column->type() == DataType::Real) {
            const double d = column->real_at(i) == 0 ? 0.0 : column->real_at(i);
            const auto bits = std::bit_cast<std::uint64_t>(d);
            v = (bits & kSign) != 0 ? ~bits : bits | kSign;
        } else {
            v = static_cast<std::uint64_t>(column->int_at(i)) ^ kSign;
        }
        if (key.descending) {
            v = ~v;
        }
        // The two ends are kept free for missing values; what is pushed together there is compared
        // by value.
        out[i] = std::clamp(v, kLeastExact - 1, kGreatestExact + 1);
    }
    return out;
}

/// The same for texts: the rank among the column's distinct texts. Sorting those alone and then
/// numbers beats comparing texts at every step, the more so when texts repeat.
std::vector<std::uint64_t> text_ordinals(const ColumnPtr& column, const SortKey& key,
                                         std::uint32_t rows) {
    const BytesRows texts(column);
    std::unordered_map<std::string_view, std::uint32_t> seen;
    std::vector<std::string_view> distinct;
    std::vector<std::uint32_t> index(rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
        const std::string_view text = texts.value(i);
        const auto [found, fresh] = seen.emplace(text, static_cast<std::uint32_t>(distinct.size()));
        if (fresh) {
            distinct.push_back(text);
        }
        index[i] = found->second;
    }
    std::vector<std::uint32_t> order(distinct.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return key.descending ? distinct[b] < distinct[a] : distinct[a] < distinct[b];
    });
    std::vector<std::uint32_t> rank(distinct.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        rank[order[i]] = i;
    }
    std::vector<std::uint64_t> out(rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
        out[i] = rank[index[i]];
    }
    return out;
}

bool has_ordinals(DataType type) {
    switch (type) {
        case DataType::Bool:
        case DataType::Int:
        case DataType::Long:
        case DataType::Real:
        case DataType::DateTime:
        case DataType::TimeSpan:
            return true;
        case DataType::Decimal:
        case DataType::String:
        case DataType::Guid:
        case DataType::Dynamic:
            break;
    }
    return false;
}

/// Row numbers of `rows` in order.
Result<std::vector<std::uint32_t>> sorted_rows(Evaluator& evaluator, const SortOp& op,
                                               const Chunk& rows) {
    std::vector<ColumnPtr> columns;
    std::vector<std::vector<std::uint64_t>> numbers(op.keys.size());
    evaluator.begin_chunk();
    for (std::size_t k = 0; k < op.keys.size(); ++k) {
        QD_TRY(ColumnPtr column, evaluator.evaluate(op.keys[k].expr, rows));
        if (has_ordinals(column->type())) {
            numbers[k] = ordinals(column, op.keys[k], rows.rows);
        } else if (column->type() == DataType::String) {
            numbers[k] = text_ordinals(column, op.keys[k], rows.rows);
        }
        columns.push_back(std::move(column));
    }
    std::vector<std::uint32_t> order(rows.rows);
    std::iota(order.begin(), order.end(), 0U);
    const auto before = [&](std::uint32_t a, std::uint32_t b) {
        for (std::size_t k = 0; k < columns.size(); ++k) {
            if (!numbers[k].empty()) {
                if (numbers[k][a] != numbers[k][b]) {
                    return numbers[k][a] < numbers[k][b];
                }
                if (numbers[k][a] >= kLeastExact && numbers[k][a] <= kGreatestExact) {
                    continue;
                }
            }
            const bool null_a = columns[k]->is_null(a);
            const bool null_b = columns[k]->is_null(b);
            if (null_a || null_b) {
                if (null_a != null_b) {
                    return null_a == op.keys[k].nulls_first;
                }
                continue;
            }
            const int c = columns::compare_rows(*columns[k], a, *columns[k], b);
            if (c != 0) {
                return op.keys[k].descending ? c > 0 : c < 0;
            }
        }
        return a < b;
    };
    if (op.limit && *op.limit < order.size()) {
        const auto middle = order.begin() + static_cast<std::ptrdiff_t>(*op.limit);
        std::partial_sort(order.begin(), middle, order.end(), before);
        order.resize(static_cast<std::size_t>(*op.limit));
    } else {
        std::sort(order.begin(), order.end(), before);
    }
    return order;
}

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
            QD_TRY(std::vector<std::uint32_t> order, sorted_rows(evaluators_.of(worker), op_, all));
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
    if (op.limit && *op.limit <= 100'000) {
        TopSink top(*this, op);
        QD_TRY(const bool more, stream(*op.inputs[0], top));
        static_cast<void>(more);
        chunks = top.take();
    } else {
        CollectSink collected(query_, query_.workers, "sort");
        QD_TRY(const bool more, stream(*op.inputs[0], collected));
        static_cast<void>(more);
        chunks = collected.take();
    }
    const Chunk all = join_chunks(chunks, op.inputs[0]->schema);
    chunks.clear();
    QD_CHECK_OK(reserved.add(chunk_bytes(all)));
    Evaluator evaluator(evaluation());
    QD_TRY(const std::vector<std::uint32_t> order, sorted_rows(evaluator, op, all));
    for (std::size_t at = 0; at < order.size(); at += query_.chunk_rows) {
        QD_CHECK_OK(query_.check());
        const std::size_t count = std::min<std::size_t>(query_.chunk_rows, order.size() - at);
        const std::span<const std::uint32_t> part(order.data() + at, count);
        QD_TRY(const bool more, sink.push(0, columns::gather(all, part)));
        if (!more) {
            return false;
        }
    }
    return true;
}

}  // namespace qd::kql
