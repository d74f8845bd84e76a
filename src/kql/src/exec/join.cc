// join and lookup.
//
// The right side is collected and its keys numbered (grouper.h), its rows sorted by key. The
// left side streams past; one that is small for sure is run first, and the right side then reads
// what can have a partner only (join_filter.h). innerunique keeps the first left row of each key,
// so it takes the left rows on one thread in order. The kinds that speak of unmatched right rows
// mark what was met. A right side that does not fit goes to disk, divided by its keys, and so does
// the left one then; each part is a join of its own (join_spill.h). A filter behind an inner join
// is asked as soon as its columns are there, and one that keeps a right column between values of
// the left row is answered by searching (join_range.h). Null keys match each other (kql.md b.30).
#include "exec/grouper.h"
#include "exec/join_filter.h"
#include "exec/join_range.h"
#include "exec/join_spill.h"
#include "exec/rows.h"
#include "exec/runtime.h"
#include "exec/stream_sinks.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace qd::kql {

using columns::Chunk;
using columns::Table;

namespace {

constexpr std::uint32_t kEnd = columns::kNoRow;
/// A left side of more rows is no filter worth having.
constexpr std::uint64_t kFilterRowsMax = 200'000;

std::int64_t table_bytes(const columns::Table& table) {
    std::int64_t bytes = 0;
    for (const Chunk& chunk : table.chunks) {
        bytes += chunk_bytes(chunk);
    }
    return bytes;
}

/// The right side: all rows, and those of each key.
struct BuildSide {
    Chunk rows;
    std::unique_ptr<Grouper> keys;
    std::vector<std::uint32_t> begins;  // per key, and the end
    std::vector<std::uint32_t> of_key;  // rows by key
    std::vector<std::int64_t> values;   // with a range: of its column, beside of_key, ascending
    std::vector<std::atomic<std::uint8_t>> met;

    /// Sorts the rows by key, and those of a key by the range's column; rows that have no value
    /// there are in no range.
    void sort_rows(const std::vector<std::uint32_t>& groups, bool reverse,
                   const std::optional<JoinRange>& range) {
        begins.assign(keys->size() + std::size_t{1}, 0);
        const columns::Column* column = nullptr;
        ColumnPtr flat;
        if (range) {
            flat = columns::flatten(rows.columns[range->right_column]);
            column = flat.get();
        }
        const auto counts = [&](std::uint32_t row) {
            return column == nullptr || !column->is_null(row);
        };
        for (std::uint32_t i = 0; i < rows.rows; ++i) {
            begins[groups[i] + std::size_t{1}] += counts(i) ? 1U : 0U;
        }
        for (std::size_t k = 1; k < begins.size(); ++k) {
            begins[k] += begins[k - 1];
        }
        of_key.resize(begins.back());
        std::vector<std::uint32_t> next(begins.begin(), begins.end());
        for (std::uint32_t n = 0; n < rows.rows; ++n) {
            const std::uint32_t i = reverse ? rows.rows - 1 - n : n;
            if (counts(i)) {
                of_key[next[groups[i]]++] = i;
            }
        }
        if (column == nullptr) {
            return;
        }
        const std::int64_t* value = column->values<std::int64_t>().data();
        const auto before = [value](std::uint32_t a, std::uint32_t b) {
            return value[a] < value[b];
        };
        for (std::size_t k = 0; k + 1 < begins.size(); ++k) {
            const auto begin = of_key.begin() + begins[k];
            const auto end = of_key.begin() + begins[k + 1];
            if (!std::is_sorted(begin, end, before)) {
                std::stable_sort(begin, end, before);
            }
        }
        for (const std::uint32_t row : of_key) {
            values.push_back(value[row]);
        }
    }
};

/// Places in `of_key` of the rows of a key that are inside the range of one left row.
class RangeBorders {
  public:
    static Result<RangeBorders> create(const std::optional<JoinRange>& range, Evaluator& evaluator,
                                       const Chunk& chunk) {
        RangeBorders out;
        if (range && range->low) {
            QD_TRY(const ColumnPtr low, evaluator.evaluate(range->low, chunk));
            out.low_.emplace(low);
            out.kept_.push_back(low);
        }
        if (range && range->high) {
            QD_TRY(const ColumnPtr high, evaluator.evaluate(range->high, chunk));
            out.high_.emplace(high);
            out.kept_.push_back(high);
        }
        return out;
    }
    std::pair<std::uint32_t, std::uint32_t> places(const BuildSide& build, std::uint32_t key,
                                                   std::uint32_t row) const {
        std::uint32_t begin = build.begins[key];
        std::uint32_t end = build.begins[key + 1];
        const auto at = [&](std::uint32_t place) { return build.values.begin() + place; };
        if (low_) {
            begin = low_->null(row)
                        ? end
                        : begin + static_cast<std::uint32_t>(
                                      std::lower_bound(at(begin), at(end), low_->value(row)) -
                                      at(begin));
        }
        if (high_) {
            end = high_->null(row)
                      ? begin
                      : begin + static_cast<std::uint32_t>(
                                    std::upper_bound(at(begin), at(end), high_->value(row)) -
                                    at(begin));
        }
        return {begin, end};
    }

  private:
    std::vector<ColumnPtr> kept_;
    std::optional<FixedRows<std::int64_t>> low_;
    std::optional<FixedRows<std::int64_t>> high_;
};

bool wants_right_rows(JoinKind kind) {
    return kind == JoinKind::RightOuter || kind == JoinKind::FullOuter ||
           kind == JoinKind::RightSemi || kind == JoinKind::RightAnti;
}

bool gives_pairs(JoinKind kind) {
    return kind == JoinKind::InnerUnique || kind == JoinKind::Inner ||
           kind == JoinKind::LeftOuter || kind == JoinKind::RightOuter ||
           kind == JoinKind::FullOuter;
}

ColumnPtr nulls_column(DataType type, std::uint32_t rows) {
    return columns::Column::make_constant(
        type == DataType::String ? Scalar::of_string("") : Scalar::null_of(type), rows);
}

class ProbeSink final : public Sink {
  public:
    ProbeSink(Runtime& runtime, const JoinOp& op, BuildSide& build,
              const std::optional<JoinRange>& range, const std::vector<BoundPtr>& conjuncts,
              Sink& next)
        : runtime_(runtime),
          op_(op),
          build_(build),
          range_(range),
          conjuncts_(conjuncts),
          filtered_by_(op.schema.size()),
          next_(next),
          evaluators_(runtime, runtime.query().workers),
          caches_(runtime.query().workers) {
        for (const BoundPtr& conjunct : conjuncts_) {
            collect_columns(*conjunct, filtered_by_);
        }
        if (op.join == JoinKind::InnerUnique) {
            std::vector<DataType> types;
            for (const BoundPtr& key : op.left_keys) {
                types.push_back(key->type);
            }
            seen_ = std::make_unique<Grouper>(std::move(types));
        }
    }
    bool parallel() const override { return !seen_ && next_.parallel(); }

    Result<bool> push(std::size_t worker, Chunk chunk) override {
        QD_CHECK_OK(runtime_.query().check());
        Evaluator& evaluator = evaluators_.of(worker);
        std::vector<ColumnPtr> keys;
        for (const BoundPtr& key : op_.left_keys) {
            QD_TRY(ColumnPtr column, evaluator.evaluate(key, chunk));
            keys.push_back(std::move(column));
        }
        std::vector<std::uint32_t> found;
        build_.keys->find(keys, chunk.rows, found, caches_[worker]);
        if (seen_) {
            keep_first_of_key(keys, chunk.rows, found);
        }
        QD_TRY(const RangeBorders borders, RangeBorders::create(range_, evaluator, chunk));
        std::vector<std::uint32_t> left;
        std::vector<std::uint32_t> right;
        for (std::uint32_t i = 0; i < chunk.rows; ++i) {
            const bool matched = found[i] != Grouper::kNone;
            switch (op_.join) {
                case JoinKind::LeftSemi:
                    if (matched) {
                        left.push_back(i);
                    }
                    break;
                case JoinKind::LeftAnti:
                    if (!matched) {
                        left.push_back(i);
                    }
                    break;
                case JoinKind::LeftOuter:
                case JoinKind::FullOuter:
                    if (!matched) {
                        left.push_back(i);
                        right.push_back(kEnd);
                    }
                    break;
                case JoinKind::InnerUnique:
                case JoinKind::Inner:
                case JoinKind::RightOuter:
                case JoinKind::RightSemi:
                case JoinKind::RightAnti:
                    break;
            }
            if (!matched) {
                continue;
            }
            if (wants_right_rows(op_.join)) {
                build_.met[found[i]].store(1, std::memory_order_relaxed);
            }
            if (!gives_pairs(op_.join)) {
                continue;
            }
            const auto [begin, end] = borders.places(build_, found[i], i);
            for (std::uint32_t place = begin; place < end; ++place) {
                left.push_back(i);
                right.push_back(build_.of_key[place]);
                if (left.size() >= runtime_.query().chunk_rows) {
                    QD_TRY(const bool more,
                           send(worker, chunk, std::exchange(left, {}), std::exchange(right, {})));
                    if (!more) {
                        return false;
                    }
                }
            }
        }
        if (left.empty()) {
            return true;
        }
        return send(worker, chunk, std::move(left), std::move(right));
    }

  private:
    void keep_first_of_key(const std::vector<ColumnPtr>& keys, std::uint32_t rows,
                           std::vector<std::uint32_t>& found) {
        const std::uint32_t known = seen_->size();
        std::vector<std::uint32_t> groups;
        seen_->assign(keys, rows, groups);
        std::uint32_t next_new = known;
        for (std::uint32_t i = 0; i < rows; ++i) {
            if (groups[i] == next_new) {
                ++next_new;  // its first row
            } else {
                found[i] = Grouper::kNone;
            }
        }
    }

    ColumnPtr column(std::size_t c, const Chunk& chunk, std::span<const std::uint32_t> left,
                     std::span<const std::uint32_t> right) const {
        return c < op_.left_output.size()
                   ? columns::gather(chunk.columns[op_.left_output[c]], left)
                   : columns::gather_or_null(
                         build_.rows.columns[op_.right_output[c - op_.left_output.size()]], right);
    }

    Result<bool> send(std::size_t worker, const Chunk& chunk, std::vector<std::uint32_t> left,
                      std::vector<std::uint32_t> right) {
        QD_CHECK_OK(runtime_.query().check());
        Chunk out;
        out.rows = static_cast<std::uint32_t>(left.size());
        out.columns.resize(op_.left_output.size() +
                           (gives_pairs(op_.join) ? op_.right_output.size() : 0));
        if (!conjuncts_.empty()) {
            if (Profile* profile = runtime_.query().profile) {
                OperatorProfile& joined = profile->of(op_);
                joined.ran.store(true, std::memory_order_relaxed);
                joined.rows.fetch_add(out.rows, std::memory_order_relaxed);
            }
            for (std::size_t c = 0; c < out.columns.size(); ++c) {
                if (filtered_by_[c]) {
                    out.columns[c] = column(c, chunk, left, right);
                }
            }
            QD_TRY(const std::vector<std::uint32_t> passed,
                   evaluators_.of(worker).select(conjuncts_, out));
            if (passed.empty()) {
                return true;
            }
            out.rows = static_cast<std::uint32_t>(passed.size());
            for (std::size_t i = 0; i < passed.size(); ++i) {
                left[i] = left[passed[i]];
                right[i] = right[passed[i]];
            }
            left.resize(passed.size());
            right.resize(passed.size());
            for (ColumnPtr& made : out.columns) {
                made = made ? columns::gather(made, passed) : nullptr;
            }
        }
        for (std::size_t c = 0; c < out.columns.size(); ++c) {
            if (!out.columns[c]) {
                out.columns[c] = column(c, chunk, left, right);
            }
        }
        return next_.push(worker, std::move(out));
    }

    Runtime& runtime_;
    const JoinOp& op_;
    BuildSide& build_;
    const std::optional<JoinRange>& range_;
    const std::vector<BoundPtr>& conjuncts_;
    std::vector<bool> filtered_by_;  // the columns the conjuncts read
    Sink& next_;
    WorkerEvaluators evaluators_;
    std::vector<Grouper::Cache> caches_;
    std::unique_ptr<Grouper> seen_;
};

}  // namespace

/// The right side of a join whose left side is there already.
Result<PlanPtr> Runtime::right_side_for(const JoinOp& op, const Table& left) {
    if (left.rows() > kFilterRowsMax) {
        return op.inputs[1];
    }
    std::vector<DataType> types;
    for (const BoundPtr& key : op.left_keys) {
        types.push_back(key->type);
    }
    auto known = std::make_shared<Grouper>(std::move(types));
    Evaluator evaluator(evaluation());
    for (const Chunk& chunk : left.chunks) {
        evaluator.begin_chunk();
        std::vector<ColumnPtr> keys;
        for (const BoundPtr& key : op.left_keys) {
            QD_TRY(ColumnPtr column, evaluator.evaluate(key, chunk));
            keys.push_back(std::move(column));
        }
        std::vector<std::uint32_t> groups;
        known->assign(keys, chunk.rows, groups);
    }
    return matching_only(op, std::move(known));
}

Result<bool> Runtime::join(const JoinOp& op, const std::vector<BoundPtr>& conjuncts, Sink& sink) {
    Reservation reserved(query_, "join");
    std::optional<Table> left;
    PlanPtr right = op.inputs[1];
    if (query_.optimise && left_side_first(op)) {
        QD_TRY(left, collect(*op.inputs[0]));
        QD_CHECK_OK(reserved.add(table_bytes(*left)));
        QD_TRY(right, right_side_for(op, *left));
        if (query_.profile != nullptr && right != op.inputs[1]) {
            query_.profile->replace(*op.inputs[1], right);
        }
    }
    const auto send_left = [&](Sink& to) {
        return left ? emit(*left, to) : stream(*op.inputs[0], to);
    };
    JoinSide kept(*this, op.inputs[1]->schema, op.right_keys, false);
    QD_TRY(const bool right_more, stream(*right, kept));
    static_cast<void>(right_more);
    QD_CHECK_OK(kept.finish());
    if (!kept.divided()) {
        return join_with(op, conjuncts, kept.take(), send_left, sink);
    }
    JoinSide divided(*this, op.inputs[0]->schema, op.left_keys, true);
    QD_TRY(const bool left_more, send_left(divided));
    static_cast<void>(left_more);
    QD_CHECK_OK(divided.finish());
    for (std::size_t p = 0; p < SpilledParts::kParts; ++p) {
        QD_TRY(Chunk rows, kept.part(p));
        const auto send_part = [&](Sink& to) -> Result<bool> {
            bool more = true;
            QD_CHECK_OK(divided.for_each(p, [&](const Chunk& chunk) -> Status {
                if (more) {
                    QD_TRY(more, to.push(0, chunk));
                }
                return {};
            }));
            return more;
        };
        QD_TRY(const bool wanted, join_with(op, conjuncts, std::move(rows), send_part, sink));
        if (!wanted) {
            return false;
        }
    }
    return true;
}

/// The join of the left rows that are sent with these right rows.
Result<bool> Runtime::join_with(const JoinOp& op, const std::vector<BoundPtr>& conjuncts,
                                Chunk right_rows,
                                const std::function<Result<bool>(Sink&)>& send_left, Sink& sink) {
    Reservation reserved(query_, "join");
    BuildSide build;
    build.rows = std::move(right_rows);
    QD_CHECK_OK(reserved.add(chunk_bytes(build.rows)));
    Evaluator evaluator(evaluation());
    std::vector<ColumnPtr> keys;
    std::vector<DataType> types;
    for (const BoundPtr& key : op.right_keys) {
        QD_TRY(ColumnPtr column, evaluator.evaluate(key, build.rows));
        keys.push_back(std::move(column));
        types.push_back(key->type);
    }
    build.keys = std::make_unique<Grouper>(std::move(types));
    std::vector<std::uint32_t> groups;
    build.keys->assign(keys, build.rows.rows, groups);
    QD_CHECK_OK(reserved.add(build.keys->memory_bytes() + std::int64_t{16} * build.rows.rows));
    const std::optional<JoinRange> range = find_range(op, conjuncts);
    build.sort_rows(groups, op.reverse_matches, range);
    build.met = std::vector<std::atomic<std::uint8_t>>(build.keys->size());
    ProbeSink probe(*this, op, build, range, conjuncts, sink);
    QD_TRY(const bool wanted, send_left(probe));
    if (!wanted || !wants_right_rows(op.join)) {
        return wanted;
    }
    const bool semi = op.join == JoinKind::RightSemi;
    std::vector<std::uint32_t> rows;
    for (std::uint32_t i = 0; i < build.rows.rows; ++i) {
        if ((build.met[groups[i]].load(std::memory_order_relaxed) != 0) == semi) {
            rows.push_back(i);
        }
    }
    Chunk rest;
    rest.rows = static_cast<std::uint32_t>(rows.size());
    if (gives_pairs(op.join)) {
        for (const std::size_t c : op.left_output) {
            rest.columns.push_back(nulls_column(op.inputs[0]->schema[c].type, rest.rows));
        }
    }
    for (const std::size_t c : op.right_output) {
        rest.columns.push_back(columns::gather(build.rows.columns[c], rows));
    }
    return emit(rest, sink);
}

}  // namespace qd::kql
