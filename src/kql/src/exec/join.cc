// join and lookup.
//
// The right side is collected and its keys numbered (grouper.h); rows of one key form a chain. The
// left side streams past; one that is small for sure is run first, and the right side then reads
// what can have a partner only (join_filter.h). innerunique keeps the first left row of each key,
// so it takes the left rows on one thread in order. The kinds that speak of unmatched right rows
// mark what was met. A right side that does not fit goes to disk, divided by its keys, and so does
// the left one then; each part is a join of its own (join_spill.h). Null keys match each other
// (kql.md b.30).
#include "exec/grouper.h"
#include "exec/join_filter.h"
#include "exec/join_spill.h"
#include "exec/runtime.h"
#include "exec/stream_sinks.h"

#include <memory>
#include <mutex>
#include <optional>

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

/// The right side: all rows, chained by key.
struct BuildSide {
    Chunk rows;
    std::unique_ptr<Grouper> keys;
    std::vector<std::uint32_t> first;  // per key
    std::vector<std::uint32_t> next;   // per row
    std::vector<std::atomic<std::uint8_t>> met;
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
    ProbeSink(Runtime& runtime, const JoinOp& op, BuildSide& build, Sink& next)
        : runtime_(runtime),
          op_(op),
          build_(build),
          next_(next),
          evaluators_(runtime, runtime.query().workers),
          caches_(runtime.query().workers) {
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
            for (std::uint32_t r = build_.first[found[i]]; r != kEnd; r = build_.next[r]) {
                left.push_back(i);
                right.push_back(r);
                if (left.size() >= runtime_.query().chunk_rows) {
                    QD_TRY(const bool more, send(worker, chunk, left, right));
                    if (!more) {
                        return false;
                    }
                    left.clear();
                    right.clear();
                }
            }
        }
        if (left.empty()) {
            return true;
        }
        return send(worker, chunk, left, right);
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

    Result<bool> send(std::size_t worker, const Chunk& chunk,
                      const std::vector<std::uint32_t>& left,
                      const std::vector<std::uint32_t>& right) {
        QD_CHECK_OK(runtime_.query().check());
        Chunk out;
        out.rows = static_cast<std::uint32_t>(left.size());
        for (const std::size_t c : op_.left_output) {
            out.columns.push_back(columns::gather(chunk.columns[c], left));
        }
        if (gives_pairs(op_.join)) {
            for (const std::size_t c : op_.right_output) {
                out.columns.push_back(columns::gather_or_null(build_.rows.columns[c], right));
            }
        }
        return next_.push(worker, std::move(out));
    }

    Runtime& runtime_;
    const JoinOp& op_;
    BuildSide& build_;
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

Result<bool> Runtime::join(const JoinOp& op, Sink& sink) {
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
        return join_with(op, kept.take(), send_left, sink);
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
        QD_TRY(const bool wanted, join_with(op, std::move(rows), send_part, sink));
        if (!wanted) {
            return false;
        }
    }
    return true;
}

/// The join of the left rows that are sent with these right rows.
Result<bool> Runtime::join_with(const JoinOp& op, Chunk right_rows,
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
    QD_CHECK_OK(reserved.add(build.keys->memory_bytes() + std::int64_t{8} * build.rows.rows));
    build.first.assign(build.keys->size(), kEnd);
    build.next.assign(build.rows.rows, kEnd);
    build.met = std::vector<std::atomic<std::uint8_t>>(build.keys->size());
    for (std::uint32_t n = 0; n < build.rows.rows; ++n) {
        const std::uint32_t i = op.reverse_matches ? n : build.rows.rows - 1 - n;
        build.next[i] = build.first[groups[i]];
        build.first[groups[i]] = i;
    }
    ProbeSink probe(*this, op, build, sink);
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
