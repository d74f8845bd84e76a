// top-nested and reduce.
#include "exec/grouper.h"
#include "exec/runtime.h"
#include "patterns/text_patterns.h"
#include "qd/columns/compare.h"

#include <algorithm>
#include <numeric>

namespace qd::kql {

using columns::Chunk;

namespace {

/// Depth first: the groups of a level are ordered by its aggregate and cut, then each group's rows
/// go to the next level.
class Nested {
  public:
    Nested(QueryContext& query, const TopNestedOp& op, EvalContext context)
        : query_(query), op_(op), context_(context) {
        for (const columns::Field& field : op.schema.fields) {
            builders_.emplace_back(field.type);
        }
    }

    Status prepare(const Chunk& rows) {
        Evaluator evaluator(context_);
        for (const TopNestedOp::Level& level : op_.levels) {
            QD_TRY(ColumnPtr key, evaluator.evaluate(level.key, rows));
            keys_.push_back(std::move(key));
            std::vector<ColumnPtr> args;
            for (const BoundPtr& arg : level.aggregate.args) {
                QD_TRY(ColumnPtr column, evaluator.evaluate(arg, rows));
                args.push_back(std::move(column));
            }
            args_.push_back(std::move(args));
        }
        return {};
    }

    Status descend(std::size_t depth, const std::vector<std::uint32_t>& rows,
                   std::vector<Scalar>& prefix) {
        QD_CHECK_OK(query_.check());
        if (depth == op_.levels.size()) {
            for (std::size_t c = 0; c < prefix.size(); ++c) {
                builders_[c].append(prefix[c]);
            }
            return {};
        }
        const TopNestedOp::Level& level = op_.levels[depth];
        const std::vector<ColumnPtr> key = {columns::gather(keys_[depth], rows)};
        Grouper grouper({level.key->type});
        std::vector<std::uint32_t> groups;
        grouper.assign(key, static_cast<std::uint32_t>(rows.size()), groups);
        QD_TRY(const ColumnPtr values, aggregate(depth, rows, groups, grouper.size()));
        const std::vector<ColumnPtr> names = grouper.key_columns();
        std::vector<std::uint32_t> order(grouper.size());
        std::iota(order.begin(), order.end(), 0U);
        std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
            const int c = columns::compare_rows(*values, a, *values, b);
            return level.descending ? c > 0 : c < 0;
        });
        const std::size_t kept =
            level.rows ? std::min<std::size_t>(order.size(), *level.rows) : order.size();
        std::vector<std::vector<std::uint32_t>> members(grouper.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            members[groups[i]].push_back(rows[i]);
        }
        for (std::size_t i = 0; i < kept; ++i) {
            prefix.push_back(names[0]->scalar_at(order[i]));
            prefix.push_back(values->scalar_at(order[i]));
            QD_CHECK_OK(descend(depth + 1, members[order[i]], prefix));
            prefix.resize(prefix.size() - 2);
        }
        if (level.others && kept < order.size()) {
            std::vector<std::uint32_t> rest;
            for (std::size_t i = kept; i < order.size(); ++i) {
                rest.insert(rest.end(), members[order[i]].begin(), members[order[i]].end());
            }
            return others(depth, rest, prefix);
        }
        return {};
    }

    Chunk finish() {
        Chunk out;
        out.rows = builders_.empty() ? 0 : builders_[0].size();
        for (columns::ColumnBuilder& builder : builders_) {
            out.columns.push_back(builder.finish());
        }
        return out;
    }

  private:
    Result<ColumnPtr> aggregate(std::size_t depth, const std::vector<std::uint32_t>& rows,
                                const std::vector<std::uint32_t>& groups, std::uint32_t count) {
        auto aggregator = op_.levels[depth].aggregate.aggregate.make(context_);
        aggregator->resize(count);
        std::vector<ColumnPtr> args;
        for (const ColumnPtr& arg : args_[depth]) {
            args.push_back(columns::gather(arg, rows));
        }
        QD_CHECK_OK(aggregator->update(groups, args));
        QD_TRY(const std::vector<ColumnPtr> out, aggregator->finish());
        return out.at(0);
    }

    /// One row for all groups that were cut off; deeper levels say the same of themselves.
    Status others(std::size_t depth, const std::vector<std::uint32_t>& rows,
                  std::vector<Scalar>& prefix) {
        const std::vector<std::uint32_t> one(rows.size(), 0);
        std::vector<Scalar> row = prefix;
        for (std::size_t d = depth; d < op_.levels.size(); ++d) {
            const TopNestedOp::Level& level = op_.levels[d];
            QD_TRY(const ColumnPtr value, aggregate(d, rows, one, 1));
            row.push_back(level.others                          ? *level.others
                          : level.key->type == DataType::String ? Scalar::of_string("")
                                                                : Scalar::null_of(level.key->type));
            row.push_back(value->scalar_at(0));
        }
        for (std::size_t c = 0; c < row.size(); ++c) {
            builders_[c].append(row[c]);
        }
        return {};
    }

    QueryContext& query_;
    const TopNestedOp& op_;
    EvalContext context_;
    std::vector<ColumnPtr> keys_;
    std::vector<std::vector<ColumnPtr>> args_;
    std::vector<columns::ColumnBuilder> builders_;
};

}  // namespace

Result<bool> Runtime::top_nested(const TopNestedOp& op, Sink& sink) {
    CollectSink collected(query_, query_.workers, "top-nested");
    QD_TRY(const bool wanted, stream(*op.inputs[0], collected));
    static_cast<void>(wanted);
    const Chunk all = join_chunks(collected.take(), op.inputs[0]->schema);
    Nested nested(query_, op, evaluation());
    QD_CHECK_OK(nested.prepare(all));
    std::vector<std::uint32_t> rows(all.rows);
    std::iota(rows.begin(), rows.end(), 0U);
    std::vector<Scalar> prefix;
    QD_CHECK_OK(nested.descend(0, rows, prefix));
    return emit(nested.finish(), sink);
}

Result<bool> Runtime::reduce(const ReduceOp& op, Sink& sink) {
    CollectSink collected(query_, query_.workers, "reduce");
    QD_TRY(const bool wanted, stream(*op.inputs[0], collected));
    static_cast<void>(wanted);
    const Chunk all = join_chunks(collected.take(), op.inputs[0]->schema);
    Evaluator evaluator(evaluation());
    QD_TRY(const ColumnPtr texts, evaluator.evaluate(op.source, all));
    std::vector<std::string_view> rows;
    rows.reserve(all.rows);
    for (std::uint32_t i = 0; i < all.rows; ++i) {
        rows.push_back(texts->bytes_at(i));
    }
    columns::ColumnBuilder pattern(DataType::String);
    columns::ColumnBuilder count(DataType::Long);
    columns::ColumnBuilder representative(DataType::String);
    for (const TextPattern& found : reduce_texts(rows, op.threshold, op.characters)) {
        pattern.append_bytes(found.pattern);
        count.append_int(found.count);
        representative.append_bytes(found.representative);
    }
    Chunk out;
    out.rows = pattern.size();
    out.columns = {pattern.finish(), count.finish(), representative.finish()};
    return emit(out, sink);
}

}  // namespace qd::kql
