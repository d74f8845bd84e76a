// make-series: groups of (keys, bin) laid out as arrays (kql.md b.33).
//
// The rows of each series are brought together by counting, then every worker takes a run of
// neighbouring series, writes their arrays a batch at a time as cells of nine bytes (variant.h) and
// hands the batch on, so that what follows (decomposition, mv-expand) runs on all workers and no
// more than a batch of arrays is ever in memory. Complexity: O(rows + points).
#include "dynamic_bytes.h"
#include "exec/grouper.h"
#include "exec/rows.h"
#include "exec/runtime.h"

#include <algorithm>
#include <cmath>

namespace qd::kql {

using columns::Chunk;

namespace {

constexpr std::uint64_t kPointsMax = std::uint64_t{1} << 20;
constexpr std::uint64_t kBatchPoints = 32'768;
constexpr std::uint64_t kOne = 1;
constexpr std::size_t kCellBytes = 9;

/// A place on the axis: ticks and whole numbers exactly, reals as they are.
struct Place {
    std::int64_t whole = 0;
    double real = 0;
};

class Axis {
  public:
    Axis(const ColumnPtr& column, const Scalar& step)
        : type_(column->type()),
          real_(type_ == DataType::Real),
          column_(*column),
          step_(real_ ? Place{0, step.as_real()} : Place{step.as_int(), 0}) {}

    bool null(std::uint32_t row) const { return column_.is_null(row); }
    Place place(std::uint32_t row) const {
        return real_ ? Place{0, column_.real_at(row)} : Place{column_.int_at(row), 0};
    }
    Place place(const Scalar& v) const {
        return real_ ? Place{0, v.as_real()} : Place{v.as_int(), 0};
    }
    bool less(const Place& a, const Place& b) const {
        return real_ ? a.real < b.real : a.whole < b.whole;
    }
    /// The bin border at or before `v`.
    Place border(const Place& v) const {
        if (real_) {
            return {0, std::floor(v.real / step_.real) * step_.real};
        }
        const std::int64_t rest = ((v.whole % step_.whole) + step_.whole) % step_.whole;
        return {v.whole - rest, 0};
    }
    /// Steps from `from` to `to`.
    std::int64_t steps(const Place& from, const Place& to) const {
        return real_ ? std::llround((to.real - from.real) / step_.real)
                     : (to.whole - from.whole) / step_.whole;
    }
    /// ceil((to - from) / step), inclusive of `to` for the old form.
    std::int64_t points(const Place& from, const Place& to, bool inclusive) const {
        if (real_) {
            const double n = (to.real - from.real) / step_.real;
            return inclusive ? static_cast<std::int64_t>(std::floor(n)) + 1
                             : static_cast<std::int64_t>(std::ceil(n));
        }
        const std::int64_t span = to.whole - from.whole;
        if (span < 0) {
            return 0;
        }
        return inclusive ? span / step_.whole + 1 : (span + step_.whole - 1) / step_.whole;
    }
    /// The axis array of a series.
    void append_marks(std::string& out, const Place& first, std::int64_t points) const {
        append_cells_header(out, static_cast<std::size_t>(points));
        for (std::int64_t p = 0; p < points; ++p) {
            if (real_) {
                append_variant_real(out, first.real + static_cast<double>(p) * step_.real);
            } else {
                append_variant_ticks(out, type_, first.whole + p * step_.whole);
            }
        }
    }

  private:
    DataType type_;
    bool real_;
    const columns::Column& column_;
    Place step_;
};

struct Series {
    Place first;
    std::int64_t points = 0;
    std::uint32_t rows_begin = 0;
    std::uint32_t rows_end = 0;
};

/// Values of one aggregate over the input's rows, written as elements of arrays.
class Elements {
  public:
    Elements(const ColumnPtr& column, const Scalar& missing) : column_(*column) {
        columns::ColumnBuilder one(missing.type(), 1);
        one.append(missing);
        append_cell_as_variant(missing_, *one.finish(), 0);
        const bool cell = missing_.size() == 1 || missing_.size() == kCellBytes;
        cells_ = cell && !columns::is_bytes(column->type()) && column->type() != DataType::Guid &&
                 column->type() != DataType::Decimal;
    }

    /// row_at[p]: the row of point p, kNone where there is none.
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};
    void append_array(std::string& out, std::span<const std::uint32_t> row_at) const {
        if (!cells_ || row_at.empty()) {
            ArrayBytes array;
            for (const std::uint32_t row : row_at) {
                if (row == kNone) {
                    array.bytes() += missing_;
                } else {
                    append_cell_as_variant(array.bytes(), column_, row);
                }
                array.end_element();
            }
            array.append_to(out);
            return;
        }
        append_cells_header(out, row_at.size());
        for (const std::uint32_t row : row_at) {
            const std::size_t begin = out.size();
            if (row == kNone) {
                out += missing_;
            } else {
                append_cell_as_variant(out, column_, row);
            }
            out.resize(begin + kCellBytes);
        }
    }

  private:
    const columns::Column& column_;
    std::string missing_;  // the default as a variant
    bool cells_ = false;
};

/// Everything the workers share: read only.
struct Layout {
    const Axis& axis;
    std::vector<Series> series;       // those that make a row
    std::vector<std::uint32_t> rows;  // input rows, a series' own beside each other
    std::vector<ColumnPtr> keys;      // of those series
    std::vector<Elements> aggregates;
    std::string marks;  // the axis array when all series have the same
};

Chunk make_batch(const Layout& layout, std::uint32_t begin, std::uint32_t count) {
    std::vector<columns::ColumnBuilder> arrays;
    for (std::size_t a = 0; a <= layout.aggregates.size(); ++a) {
        arrays.emplace_back(DataType::Dynamic, count);
    }
    std::vector<std::uint32_t> row_at;
    std::string bytes;
    for (std::uint32_t s = begin; s < begin + count; ++s) {
        const Series& one = layout.series[s];
        row_at.assign(static_cast<std::size_t>(one.points), Elements::kNone);
        for (std::uint32_t r = one.rows_begin; r < one.rows_end; ++r) {
            const std::int64_t p = layout.axis.steps(one.first, layout.axis.place(layout.rows[r]));
            if (p >= 0 && p < one.points) {
                row_at[static_cast<std::size_t>(p)] = layout.rows[r];
            }
        }
        for (std::size_t a = 0; a < layout.aggregates.size(); ++a) {
            bytes.clear();
            layout.aggregates[a].append_array(bytes, row_at);
            arrays[a].append_bytes(bytes);
        }
        if (layout.marks.empty()) {
            bytes.clear();
            layout.axis.append_marks(bytes, one.first, one.points);
            arrays.back().append_bytes(bytes);
        }
    }
    Chunk out;
    out.rows = count;
    for (const ColumnPtr& key : layout.keys) {
        out.columns.push_back(columns::slice(key, begin, count));
    }
    for (columns::ColumnBuilder& array : arrays) {
        if (&array != &arrays.back() || layout.marks.empty()) {
            out.columns.push_back(array.finish());
        }
    }
    if (!layout.marks.empty()) {
        out.columns.push_back(
            columns::Column::make_constant(Scalar::of_variant(layout.marks), count));
    }
    return out;
}

/// Where each series begins and how long it is. Errors: a series beyond the limit.
Status measure(const MakeSeriesOp& op, const Axis& axis, const std::vector<std::uint32_t>& rows,
               std::vector<Series>& all) {
    for (Series& one : all) {
        Place low;
        Place high;
        for (std::uint32_t r = one.rows_begin; r < one.rows_end; ++r) {
            const Place v = axis.place(rows[r]);
            low = r == one.rows_begin || axis.less(v, low) ? v : low;
            high = r == one.rows_begin || axis.less(high, v) ? v : high;
        }
        one.first = low;
        if (op.from) {
            // An in-range axis starts on a bin border.
            one.first = op.in_range ? axis.border(axis.place(*op.from)) : axis.place(*op.from);
        }
        if (one.rows_begin == one.rows_end && !op.from) {
            continue;
        }
        const std::int64_t points = op.to ? axis.points(one.first, axis.place(*op.to), op.in_range)
                                          : axis.steps(one.first, high) + 1;
        one.points = std::max<std::int64_t>(points, 0);
        if (static_cast<std::uint64_t>(one.points) > kPointsMax) {
            return Error(Code::InvalidArgument, "E_MAKE_SERIES_TOO_LARGE",
                         "make-series: a series may have at most 1048576 points");
        }
    }
    return {};
}

/// Rows of each group beside each other, in their order.
std::vector<Series> gather_rows(const Axis& axis, std::uint32_t rows, std::uint32_t groups,
                                const std::vector<std::uint32_t>& group_of,
                                std::vector<std::uint32_t>& order) {
    std::vector<Series> all(groups);
    for (std::uint32_t i = 0; i < rows; ++i) {
        all[group_of[i]].rows_end += axis.null(i) ? 0U : 1U;
    }
    std::uint32_t at = 0;
    for (Series& one : all) {
        const std::uint32_t count = one.rows_end;
        one.rows_begin = one.rows_end = at;
        at += count;
    }
    order.resize(at);
    for (std::uint32_t i = 0; i < rows; ++i) {
        if (!axis.null(i)) {
            order[all[group_of[i]].rows_end++] = i;
        }
    }
    return all;
}

}  // namespace

Result<bool> Runtime::make_series(const MakeSeriesOp& op, Sink& sink) {
    CollectSink collected(query_, query_.workers, "make-series");
    QD_TRY(const bool wanted, stream(*op.inputs[0], collected));
    static_cast<void>(wanted);
    const Chunk all = join_chunks(collected.take(), op.inputs[0]->schema);
    std::vector<DataType> types;
    std::vector<ColumnPtr> keys;
    for (std::size_t k = 0; k < op.keys; ++k) {
        types.push_back(op.schema[k].type);
        keys.push_back(all.columns[k]);
    }
    Grouper grouper(types);
    std::vector<std::uint32_t> groups;
    grouper.assign(keys, all.rows, groups);
    const ColumnPtr axis_column = columns::flatten(all.columns[op.keys]);
    const Axis axis(axis_column, op.step);
    Layout layout{
        .axis = axis, .series = {}, .rows = {}, .keys = {}, .aggregates = {}, .marks = {}};
    std::vector<Series> series = gather_rows(axis, all.rows, grouper.size(), groups, layout.rows);
    if (op.keys == 0 && series.empty() && op.nonempty && op.from && op.to) {
        series.emplace_back();
    }
    QD_CHECK_OK(measure(op, axis, layout.rows, series));
    std::vector<std::uint32_t> kept;
    for (std::uint32_t s = 0; s < series.size(); ++s) {
        if (series[s].points > 0 || series[s].rows_begin < series[s].rows_end || op.nonempty) {
            kept.push_back(s);
            layout.series.push_back(series[s]);
        }
    }
    for (const ColumnPtr& key : grouper.key_columns()) {
        layout.keys.push_back(columns::gather(key, kept));
    }
    std::vector<ColumnPtr> values;
    for (std::size_t a = 0; a < op.defaults.size(); ++a) {
        values.push_back(columns::flatten(all.columns[op.keys + 1 + a]));
        layout.aggregates.emplace_back(values.back(), op.defaults[a]);
    }
    if (op.from && op.to && !layout.series.empty()) {
        axis.append_marks(layout.marks, layout.series[0].first, layout.series[0].points);
    }
    std::uint64_t points = 0;
    for (const Series& one : layout.series) {
        points += static_cast<std::uint64_t>(one.points);
    }
    const auto count = static_cast<std::uint32_t>(layout.series.size());
    const std::uint64_t batch = count == 0 ? 1 : kBatchPoints * count / std::max(points, kOne);
    return emit_batches(
        sink, count, std::max(batch, kOne),
        [&](std::uint32_t from, std::uint32_t n) { return make_batch(layout, from, n); });
}

}  // namespace qd::kql
