// The first rows of a sort right above a scan.
//
// Only the columns of the filter and the first sort key are read at first. Morsels are taken in the
// order of what they can hold at best, and those that cannot hold a row as good as the last of the
// best so far are not read at all: newest-first over a table stored by time looks at its last row
// groups only. Then the other columns are read for the rows that are left. Rows equal to the last
// are all kept: the sort above knows the other keys and the order of arrival.
#include "exec/morsel_filter.h"
#include "exec/stream_sinks.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>

namespace qd::kql {

using columns::Chunk;

namespace {

constexpr std::uint64_t kLimitMax = 10'000;

bool is_integral(DataType type) {
    return type == DataType::Int || type == DataType::Long || type == DataType::DateTime ||
           type == DataType::TimeSpan;
}

/// Places in the order as numbers: less comes first. Nulls are the least or greatest place.
struct Placing {
    bool descending;
    std::int64_t null_place;
    std::int64_t of(std::int64_t value) const { return descending ? ~value : value; }
};

struct Found {
    std::int64_t place;
    std::uint32_t row;
};

/// What all workers share: the place of the last of the best rows found so far.
class Threshold {
  public:
    explicit Threshold(std::size_t limit) : limit_(limit) {}
    std::int64_t last() const { return last_.load(std::memory_order_relaxed); }
    void add(const std::vector<Found>& found) {
        const std::lock_guard lock(mutex_);
        for (const Found& f : found) {
            if (best_.size() < limit_) {
                best_.push_back(f.place);
                std::push_heap(best_.begin(), best_.end());
            } else if (f.place < best_.front()) {
                std::pop_heap(best_.begin(), best_.end());
                best_.back() = f.place;
                std::push_heap(best_.begin(), best_.end());
            }
        }
        if (best_.size() == limit_) {
            last_.store(best_.front(), std::memory_order_relaxed);
        }
    }

  private:
    std::size_t limit_;
    std::mutex mutex_;
    std::vector<std::int64_t> best_;  // a heap, the worst in front
    std::atomic<std::int64_t> last_{std::numeric_limits<std::int64_t>::max()};
};

/// One morsel's rows that were among the best when it was read.
struct Piece {
    std::unique_ptr<MorselReader> reader;
    std::vector<Found> found;  // row: the place among the reader's rows
};

std::vector<Found> find_rows(const columns::Column& keys, const Placing& placing,
                             std::int64_t last) {
    std::vector<Found> found;
    for (std::uint32_t i = 0; i < keys.size(); ++i) {
        const std::int64_t place =
            keys.is_null(i) ? placing.null_place : placing.of(keys.int_at(i));
        if (place <= last) {
            found.push_back({place, i});
        }
    }
    return found;
}

constexpr std::uint64_t kEveryTie = std::numeric_limits<std::uint64_t>::max();

/// Drops what others have pushed out since; of the rows in the last place the first `ties` stay.
void trim(Piece& piece, std::int64_t last, std::uint64_t& ties) {
    std::vector<std::uint32_t> kept;
    std::erase_if(piece.found, [&](const Found& f) {
        if (f.place != last) {
            return f.place > last;
        }
        if (ties == 0) {
            return true;
        }
        --ties;
        return false;
    });
    for (const Found& f : piece.found) {
        kept.push_back(f.row);
    }
    piece.reader->keep(kept);
    for (std::uint32_t i = 0; i < piece.found.size(); ++i) {
        piece.found[i].row = i;
    }
}

/// Without a second key the first to arrive win: how many rows in the last place there is room for.
std::uint64_t ties_wanted(const std::vector<Piece>& pieces, std::int64_t last,
                          std::uint64_t limit) {
    std::uint64_t better = 0;
    for (const Piece& piece : pieces) {
        better += static_cast<std::uint64_t>(
            std::count_if(piece.found.begin(), piece.found.end(),
                          [&](const Found& f) { return f.place < last; }));
    }
    return limit - std::min(better, limit);
}

/// The best place any row of a morsel can have.
std::int64_t best_place(const Morsel& morsel, std::size_t column, const Placing& placing) {
    const auto bounds = morsel.bounds(column);
    if (!bounds) {
        return std::numeric_limits<std::int64_t>::min();
    }
    return placing.of(placing.descending ? bounds->second : bounds->first);
}

}  // namespace

Result<std::optional<std::vector<Chunk>>> Runtime::scan_top(const SortOp& op) {
    const PlanOp& input = *op.inputs[0];
    const bool filtered = input.kind == OpKind::Filter;
    const PlanOp& below = filtered ? *input.inputs[0] : input;
    const BoundExpr& first = *op.keys[0].expr;
    if (!query_.optimise || !op.limit || *op.limit == 0 || *op.limit > kLimitMax ||
        below.kind != OpKind::Scan || first.kind != BoundKind::Column || !is_integral(first.type)) {
        return std::optional<std::vector<Chunk>>();
    }
    const auto& scan = as<ScanOp>(below);
    QD_TRY(const std::vector<std::unique_ptr<Morsel>> morsels, open_morsels(scan));
    const MorselFilter filter(scan,
                              filtered ? as<FilterOp>(input).conjuncts : std::vector<BoundPtr>());
    constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
    const Placing placing{op.keys[0].descending, op.keys[0].nulls_first ? kFirst : kLast};
    const std::size_t column = first.column;

    std::vector<std::pair<std::int64_t, std::size_t>> order;
    for (std::size_t m = 0; m < morsels.size(); ++m) {
        order.emplace_back(best_place(*morsels[m], column, placing), m);
    }
    std::sort(order.begin(), order.end());
    std::vector<Piece> pieces(morsels.size());
    Threshold threshold(*op.limit);
    const std::size_t workers =
        std::max<std::size_t>(serial_ ? 1 : std::min(query_.workers, morsels.size()), 1);
    WorkerEvaluators evaluators(*this, workers);
    std::vector<Status> statuses(workers);
    std::atomic<std::size_t> next{0};
    const auto read = [&](std::size_t m, Evaluator& evaluator) -> Status {
        QD_CHECK_OK(query_.check());
        Piece piece;
        piece.reader = std::make_unique<MorselReader>(query_, *morsels[m], filter.width());
        QD_TRY(const bool any, piece.reader->apply(filter, evaluator));
        if (!any) {
            return {};
        }
        QD_CHECK_OK(piece.reader->load(std::span(&column, 1)));
        const ColumnPtr keys = piece.reader->chunk().columns[column];
        piece.found = find_rows(*keys, placing, threshold.last());
        threshold.add(piece.found);
        std::uint64_t ties = kEveryTie;
        trim(piece, threshold.last(), ties);
        pieces[m] = std::move(piece);
        return {};
    };
    parallel(workers, [&](std::size_t worker) {
        for (std::size_t i = next++; i < order.size() && statuses[worker].ok(); i = next++) {
            if (order[i].first > threshold.last()) {
                return;
            }
            statuses[worker] = read(order[i].second, evaluators.of(worker));
        }
    });
    for (Status& status : statuses) {
        QD_CHECK_OK(std::move(status));
    }
    const std::int64_t last = threshold.last();
    const bool by_arrival = op.keys.size() == 1;
    std::uint64_t ties = by_arrival ? ties_wanted(pieces, last, *op.limit) : kEveryTie;
    std::vector<Chunk> out;
    for (Piece& piece : pieces) {
        if (piece.reader) {
            trim(piece, last, ties);
            if (piece.reader->size() > 0) {
                QD_CHECK_OK(piece.reader->load_all(scan));
                out.push_back(piece.reader->chunk());
            }
        }
    }
    return std::optional(std::move(out));
}

}  // namespace qd::kql
