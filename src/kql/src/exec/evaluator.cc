#include "exec/evaluator.h"

#include "exec/rows.h"
#include "qd/columns/variant.h"

#include <algorithm>
#include <span>

namespace qd::kql {

using columns::Chunk;
using columns::Column;
using columns::Layout;

namespace {

/// A dictionary much larger than the chunk is not worth a whole pass for one chunk; morsels have
/// up to some dozens of chunks that share it.
constexpr std::uint32_t kDictionaryRowsMax = 64 * columns::kChunkRows;

ColumnPtr rewrap(const ColumnPtr& over_values, const ColumnPtr& column) {
    const auto codes = column->codes();
    return Column::make_dictionary(columns::flatten(over_values),
                                   std::vector<std::uint32_t>(codes.begin(), codes.end()));
}

}  // namespace

Result<ColumnPtr> Evaluator::over_dictionary(const BoundPtr& expr, const ColumnPtr& column,
                                             std::uint32_t rows) {
    const auto slot = static_cast<std::size_t>(expr->single_column);
    Chunk values;
    values.columns.resize(slot + 1);
    if (column->layout() == Layout::Constant) {
        values.columns[slot] = column->constant();
        values.rows = 1;
        begin_chunk();
        QD_TRY(const ColumnPtr one, node(*expr, values));
        begin_chunk();
        return Column::make_constant(one->scalar_at(0), rows);
    }
    Kept& kept = kept_[expr.get()];
    if (kept.dictionary != column->dictionary()) {
        values.columns[slot] = column->dictionary();
        values.rows = column->dictionary()->size();
        begin_chunk();
        QD_TRY(ColumnPtr result, node(*expr, values));
        begin_chunk();
        Kept& entry = kept_[expr.get()];  // node() may have grown the map
        entry.result = columns::flatten(result);
        entry.dictionary = column->dictionary();
        return rewrap(entry.result, column);
    }
    return rewrap(kept.result, column);
}

Result<ColumnPtr> Evaluator::evaluate(const BoundPtr& expr, const Chunk& chunk) {
    if (expr->kind == BoundKind::Constant) {
        return Column::make_constant(expr->constant, chunk.rows);
    }
    if (expr->kind == BoundKind::Column) {
        return chunk.columns[expr->column];
    }
    if (expr->single_column >= 0 && expr->deterministic && chunk.rows > 0) {
        const ColumnPtr& column = chunk.columns[static_cast<std::size_t>(expr->single_column)];
        const bool small =
            column->layout() == Layout::Dictionary &&
            column->dictionary()->size() <= kDictionaryRowsMax &&
            (chunk.rows >= columns::kChunkRows / 4 || column->dictionary()->size() <= chunk.rows);
        if (small || (column->layout() == Layout::Constant && chunk.rows > 1)) {
            return over_dictionary(expr, column, chunk.rows);
        }
    }
    return node(*expr, chunk);
}

Result<std::vector<ColumnPtr>> Evaluator::arguments(const std::vector<BoundPtr>& args,
                                                    const Chunk& chunk) {
    std::vector<ColumnPtr> out;
    out.reserve(args.size());
    for (const BoundPtr& arg : args) {
        QD_TRY(ColumnPtr column, evaluate(arg, chunk));
        out.push_back(std::move(column));
    }
    return out;
}

Result<ColumnPtr> Evaluator::node(const BoundExpr& expr, const Chunk& chunk) {
    switch (expr.kind) {
        case BoundKind::Constant:
            return Column::make_constant(expr.constant, chunk.rows);
        case BoundKind::Column:
            return chunk.columns[expr.column];
        case BoundKind::Call: {
            QD_TRY(const std::vector<ColumnPtr> args, arguments(expr.args, chunk));
            return expr.kernel(context_, args, chunk.rows);
        }
        case BoundKind::MultiPart:
            return multi_part(expr, chunk);
        case BoundKind::And:
            return logical(expr, chunk, true);
        case BoundKind::Or:
            return logical(expr, chunk, false);
        case BoundKind::Case:
            return case_of(expr, chunk);
        case BoundKind::Coalesce:
            return coalesce(expr, chunk);
        case BoundKind::Path:
            return path(expr, chunk);
        case BoundKind::Cast: {
            QD_TRY(const ColumnPtr column, evaluate(expr.args[0], chunk));
            return cast_column(column, expr.type);
        }
        case BoundKind::Window:
            break;
    }
    return Error(Code::Internal, "KQL0001", "a window function was left in an expression");
}

Result<ColumnPtr> Evaluator::multi_part(const BoundExpr& expr, const Chunk& chunk) {
    if (multi_chunk_ != &chunk) {
        multi_.clear();
        multi_chunk_ = &chunk;
    }
    auto it = multi_.find(expr.multi.get());
    if (it == multi_.end()) {
        QD_TRY(const std::vector<ColumnPtr> args, arguments(expr.multi->args, chunk));
        QD_TRY(std::vector<ColumnPtr> parts, expr.multi->call.kernel(context_, args, chunk.rows));
        multi_chunk_ = &chunk;
        it = multi_.insert_or_assign(expr.multi.get(), std::move(parts)).first;
    }
    return it->second[expr.part];
}

/// Three-valued: a deciding operand (false for and, true for or) wins over null. An operand is
/// evaluated only for the rows that are still open.
Result<ColumnPtr> Evaluator::logical(const BoundExpr& expr, const Chunk& chunk, bool is_and) {
    const std::uint8_t decides = is_and ? 0 : 1;
    FixedOut<std::uint8_t> out(chunk.rows);
    std::uint8_t* values = out.values();
    std::fill(values, values + chunk.rows, static_cast<std::uint8_t>(1 - decides));
    std::vector<std::uint8_t> null_seen;
    std::vector<std::uint32_t> open(chunk.rows);
    for (std::uint32_t i = 0; i < chunk.rows; ++i) {
        open[i] = i;
    }
    for (const BoundPtr& arg : expr.args) {
        if (open.empty()) {
            break;
        }
        ColumnPtr column;
        if (open.size() == chunk.rows) {
            QD_TRY(column, evaluate(arg, chunk));
        } else {
            QD_TRY(column, evaluate_rows(arg, chunk, open));
        }
        const FixedRows<std::uint8_t> test(column);
        std::size_t kept = 0;
        for (std::size_t i = 0; i < open.size(); ++i) {
            const std::uint32_t row = open[i];
            if (test.null(i)) {
                null_seen.resize(chunk.rows);
                null_seen[row] = 1;
                open[kept++] = row;
            } else if ((test.value(i) != 0 ? 1 : 0) == decides) {
                values[row] = decides;
            } else {
                open[kept++] = row;
            }
        }
        open.resize(kept);
    }
    if (!null_seen.empty()) {
        for (const std::uint32_t row : open) {
            if (null_seen[row] != 0) {
                out.set_null(row);
            }
        }
    }
    return out.finish(DataType::Bool);
}

/// Over some rows only: columns the expression does not read are left out.
Result<ColumnPtr> Evaluator::evaluate_rows(const BoundPtr& expr, const Chunk& chunk,
                                           std::span<const std::uint32_t> rows) {
    std::vector<bool> used(chunk.columns.size());
    collect_columns(*expr, used);
    Chunk part;
    part.rows = static_cast<std::uint32_t>(rows.size());
    part.columns.resize(chunk.columns.size());
    for (std::size_t c = 0; c < chunk.columns.size(); ++c) {
        if (used[c]) {
            part.columns[c] = columns::gather(chunk.columns[c], rows);
        }
    }
    begin_chunk();
    auto result = evaluate(expr, part);
    begin_chunk();
    return result;
}

Result<ColumnPtr> Evaluator::case_of(const BoundExpr& expr, const Chunk& chunk) {
    std::vector<std::uint32_t> open(chunk.rows);
    for (std::uint32_t i = 0; i < chunk.rows; ++i) {
        open[i] = i;
    }
    // Which branch each row takes, and where in it.
    std::vector<ColumnPtr> branches;
    std::vector<std::uint32_t> branch_of(chunk.rows);
    std::vector<std::uint32_t> row_in(chunk.rows);
    const auto take = [&](const BoundPtr& value, const std::vector<std::uint32_t>& rows) -> Status {
        const bool whole = rows.size() == chunk.rows;
        if (rows.empty()) {
            return {};
        }
        ColumnPtr column;
        if (whole) {
            QD_TRY(column, evaluate(value, chunk));
        } else {
            QD_TRY(column, evaluate_rows(value, chunk, rows));
        }
        for (std::size_t i = 0; i < rows.size(); ++i) {
            branch_of[rows[i]] = static_cast<std::uint32_t>(branches.size());
            row_in[rows[i]] = static_cast<std::uint32_t>(i);
        }
        branches.push_back(std::move(column));
        return {};
    };
    for (std::size_t a = 0; a + 1 < expr.args.size() && !open.empty(); a += 2) {
        ColumnPtr condition;
        if (open.size() == chunk.rows) {
            QD_TRY(condition, evaluate(expr.args[a], chunk));
        } else {
            QD_TRY(condition, evaluate_rows(expr.args[a], chunk, open));
        }
        const FixedRows<std::uint8_t> test(condition);
        std::vector<std::uint32_t> yes;
        std::vector<std::uint32_t> no;
        for (std::size_t i = 0; i < open.size(); ++i) {
            (!test.null(i) && test.value(i) != 0 ? yes : no).push_back(open[i]);
        }
        QD_CHECK_OK(take(expr.args[a + 1], yes));
        open = std::move(no);
    }
    QD_CHECK_OK(take(expr.args.back(), open));
    if (branches.size() == 1) {
        return branches[0];
    }
    columns::ColumnBuilder out(expr.type, chunk.rows);
    for (std::uint32_t i = 0; i < chunk.rows; ++i) {
        out.append_from(*branches[branch_of[i]], row_in[i]);
    }
    return out.finish();
}

Result<ColumnPtr> Evaluator::coalesce(const BoundExpr& expr, const Chunk& chunk) {
    const bool text = expr.type == DataType::String;
    QD_TRY(const std::vector<ColumnPtr> args, arguments(expr.args, chunk));
    columns::ColumnBuilder out(expr.type, chunk.rows);
    for (std::uint32_t i = 0; i < chunk.rows; ++i) {
        bool found = false;
        for (const ColumnPtr& arg : args) {
            const bool missing = text ? arg->bytes_at(i).empty() : arg->is_null(i);
            if (!missing) {
                out.append_from(*arg, i);
                found = true;
                break;
            }
        }
        if (!found) {
            out.append_null();
        }
    }
    return out.finish();
}

Result<ColumnPtr> Evaluator::path(const BoundExpr& expr, const Chunk& chunk) {
    QD_TRY(const ColumnPtr base, evaluate(expr.args[0], chunk));
    const BytesRows bags(base);
    columns::ColumnBuilder out(DataType::Dynamic, chunk.rows);
    for (std::uint32_t i = 0; i < chunk.rows; ++i) {
        if (bags.null(i)) {
            out.append_null();
            continue;
        }
        columns::VariantView v(bags.value(i));
        for (const PathStep& step : expr.path) {
            v = step.is_index ? v.element_from(step.index) : v.property(step.key);
        }
        if (v.is_null()) {
            out.append_null();
        } else {
            out.append_bytes(v.bytes());
        }
    }
    return out.finish();
}

Result<std::vector<std::uint32_t>> Evaluator::select(const std::vector<BoundPtr>& conjuncts,
                                                     const Chunk& chunk) {
    std::vector<std::uint32_t> rows(chunk.rows);
    for (std::uint32_t i = 0; i < chunk.rows; ++i) {
        rows[i] = i;
    }
    for (const BoundPtr& conjunct : conjuncts) {
        if (rows.empty()) {
            break;
        }
        // Few rows left: only they are evaluated.
        const bool narrowed = rows.size() * 2 < chunk.rows;
        ColumnPtr column;
        if (narrowed) {
            QD_TRY(column, evaluate_rows(conjunct, chunk, rows));
        } else {
            QD_TRY(column, evaluate(conjunct, chunk));
        }
        const FixedRows<std::uint8_t> test(column);
        std::size_t kept = 0;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t at = narrowed ? i : rows[i];
            if (test.value(at) != 0 && !test.null(at)) {
                rows[kept++] = rows[i];
            }
        }
        rows.resize(kept);
    }
    return rows;
}

Result<Scalar> evaluate_constant(const BoundPtr& expr, const EvalContext& context) {
    if (expr->kind == BoundKind::Constant) {
        return expr->constant;
    }
    Evaluator evaluator(context);
    Chunk one;
    one.rows = 1;
    QD_TRY(const ColumnPtr column, evaluator.evaluate(expr, one));
    return column->scalar_at(0);
}

}  // namespace qd::kql
