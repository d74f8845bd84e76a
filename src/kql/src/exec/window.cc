// Window functions: all rows in order, one column each (kql.md b.29).
#include "exec/rows.h"
#include "exec/runtime.h"
#include "qd/columns/compare.h"

#include <cmath>

namespace qd::kql {

using columns::Chunk;

namespace {

bool is_true(const ColumnPtr& column, std::uint32_t row) {
    return !column->is_null(row) && column->int_at(row) != 0;
}

ColumnPtr shifted(const std::vector<ColumnPtr>& args, std::uint32_t rows, bool back) {
    std::vector<std::uint32_t> from(rows, columns::kNoRow);
    bool missing = false;
    for (std::uint32_t i = 0; i < rows; ++i) {
        const std::int64_t offset =
            args.size() > 1 ? (args[1]->is_null(i) ? 0 : args[1]->int_at(i)) : 1;
        const std::int64_t at = back ? std::int64_t{i} - offset : std::int64_t{i} + offset;
        if (at >= 0 && at < std::int64_t{rows}) {
            from[i] = static_cast<std::uint32_t>(at);
        } else {
            missing = true;
        }
    }
    if (args.size() < 3 || !missing) {
        return columns::gather_or_null(args[0], from);
    }
    columns::ColumnBuilder out(args[0]->type(), rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
        const bool own = from[i] != columns::kNoRow;
        out.append_from(own ? *args[0] : *args[2], own ? from[i] : i);
    }
    return out.finish();
}

ColumnPtr numbered(const std::vector<ColumnPtr>& args, std::uint32_t rows) {
    FixedOut<std::int64_t> out(rows);
    const std::int64_t start =
        args.empty() || rows == 0 || args[0]->is_null(0) ? 1 : args[0]->int_at(0);
    std::int64_t n = start;
    for (std::uint32_t i = 0; i < rows; ++i) {
        if (args.size() > 1 && is_true(args[1], i)) {
            n = start;
        }
        out.set(i, n++);
    }
    return out.finish(DataType::Long);
}

ColumnPtr running_sum(const std::vector<ColumnPtr>& args, std::uint32_t rows, DataType type) {
    columns::ColumnBuilder out(type, rows);
    double real = 0;
    std::uint64_t whole = 0;
    const bool reals = type == DataType::Real || type == DataType::Decimal;
    const ColumnPtr values =
        type == DataType::Decimal ? cast_column(args[0], DataType::Real) : args[0];
    for (std::uint32_t i = 0; i < rows; ++i) {
        if (args.size() > 1 && is_true(args[1], i)) {
            real = 0;
            whole = 0;
        }
        if (!values->is_null(i)) {
            if (reals) {
                real += values->real_at(i);
            } else {
                whole += static_cast<std::uint64_t>(values->int_at(i));
            }
        }
        if (type == DataType::Decimal) {
            out.append(cast_scalar(Scalar::of_real(real), type));
        } else if (reals) {
            out.append_real(real);
        } else {
            out.append_int(static_cast<std::int64_t>(whole));
        }
    }
    return out.finish();
}

ColumnPtr ranked(const std::vector<ColumnPtr>& args, std::uint32_t rows, bool dense) {
    FixedOut<std::int64_t> out(rows);
    std::int64_t rank = 0;
    std::int64_t position = 0;
    for (std::uint32_t i = 0; i < rows; ++i) {
        if (i == 0 || (args.size() > 1 && is_true(args[1], i))) {
            rank = 1;
            position = 1;
        } else {
            ++position;
            if (!columns::equal_rows(*args[0], i, *args[0], i - 1)) {
                rank = dense ? rank + 1 : position;
            }
        }
        out.set(i, rank);
    }
    return out.finish(DataType::Long);
}

/// The start of the session each row belongs to: a session ends when it lasts longer than args[1]
/// since its first row, or when args[2] passed since the row before.
ColumnPtr sessions(const std::vector<ColumnPtr>& args, std::uint32_t rows) {
    FixedOut<std::int64_t> out(rows);
    std::int64_t start = 0;
    std::int64_t last = 0;
    bool open = false;
    for (std::uint32_t i = 0; i < rows; ++i) {
        if (args[0]->is_null(i)) {
            out.set_null(i);
            continue;
        }
        const std::int64_t t = args[0]->int_at(i);
        const bool restart = args.size() > 3 && is_true(args[3], i);
        if (!open || restart || t - start > args[1]->int_at(i) || t - last > args[2]->int_at(i)) {
            start = t;
            open = true;
        }
        last = t;
        out.set(i, start);
    }
    return out.finish(DataType::DateTime);
}

}  // namespace

Result<bool> Runtime::windows(const WindowOp& op, Sink& sink) {
    CollectSink collected(query_, query_.workers, "serialize");
    QD_TRY(const bool wanted, stream(*op.inputs[0], collected));
    static_cast<void>(wanted);
    Chunk all = join_chunks(collected.take(), op.inputs[0]->schema);
    Reservation reserved(query_, "serialize");
    QD_CHECK_OK(reserved.add(chunk_bytes(all)));
    Evaluator evaluator(evaluation());
    std::vector<ColumnPtr> made;
    for (const BoundPtr& window : op.windows) {
        std::vector<ColumnPtr> args;
        evaluator.begin_chunk();
        for (const BoundPtr& arg : window->args) {
            QD_TRY(ColumnPtr column, evaluator.evaluate(arg, all));
            args.push_back(std::move(column));
        }
        switch (window->window) {
            case WindowFunction::RowNumber:
                made.push_back(numbered(args, all.rows));
                break;
            case WindowFunction::RowCumsum:
                made.push_back(running_sum(args, all.rows, window->type));
                break;
            case WindowFunction::Previous:
                made.push_back(shifted(args, all.rows, true));
                break;
            case WindowFunction::Next:
                made.push_back(shifted(args, all.rows, false));
                break;
            case WindowFunction::RankDense:
                made.push_back(ranked(args, all.rows, true));
                break;
            case WindowFunction::RankMin:
                made.push_back(ranked(args, all.rows, false));
                break;
            case WindowFunction::Session:
                made.push_back(sessions(args, all.rows));
                break;
        }
    }
    all.columns.insert(all.columns.end(), made.begin(), made.end());
    return emit(all, sink);
}

}  // namespace qd::kql
