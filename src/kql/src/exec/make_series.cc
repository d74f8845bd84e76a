// make-series: groups of (keys, bin) laid out as arrays (kql.md b.33).
#include "exec/grouper.h"
#include "exec/runtime.h"
#include "qd/columns/variant.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace qd::kql {

using columns::Chunk;

namespace {

constexpr std::uint64_t kPointsMax = std::uint64_t{1} << 20;

/// The axis in whole steps: positions as numbers, whatever its type.
struct Axis {
    DataType type;
    bool real;
    double real_step = 1;
    std::int64_t step = 1;

    /// Steps from `from` to `to`.
    std::int64_t steps(const Scalar& from, const Scalar& to) const {
        if (real) {
            return std::llround((to.as_real() - from.as_real()) / real_step);
        }
        return (to.as_int() - from.as_int()) / step;
    }
    Scalar at(const Scalar& from, std::int64_t index) const {
        if (real) {
            return Scalar::of_real(from.as_real() + static_cast<double>(index) * real_step);
        }
        const std::int64_t v = from.as_int() + index * step;
        switch (type) {
            case DataType::DateTime:
                return Scalar::of_datetime(v);
            case DataType::TimeSpan:
                return Scalar::of_timespan(v);
            default:
                return Scalar::of_long(v);
        }
    }
};

bool less(const Scalar& a, const Scalar& b, bool real) {
    return real ? a.as_real() < b.as_real() : a.as_int() < b.as_int();
}

/// ceil((to - from) / step), inclusive of `to` for the old form.
std::int64_t points_between(const Axis& axis, const Scalar& from, const Scalar& to,
                            bool inclusive) {
    if (axis.real) {
        const double n = (to.as_real() - from.as_real()) / axis.real_step;
        return inclusive ? static_cast<std::int64_t>(std::floor(n)) + 1
                         : static_cast<std::int64_t>(std::ceil(n));
    }
    const std::int64_t span = to.as_int() - from.as_int();
    if (span < 0) {
        return 0;
    }
    return inclusive ? span / axis.step + 1 : (span + axis.step - 1) / axis.step;
}

struct Series {
    Scalar first;
    std::int64_t points = 0;
    std::vector<std::uint32_t> rows;
};

}  // namespace

Result<bool> Runtime::make_series(const MakeSeriesOp& op, Sink& sink) {
    CollectSink collected(query_, query_.workers, "make-series");
    QD_TRY(const bool wanted, stream(*op.inputs[0], collected));
    static_cast<void>(wanted);
    const Chunk all = join_chunks(collected.take(), op.inputs[0]->schema);
    const ColumnPtr axis_column = all.columns[op.keys];
    Axis axis{.type = axis_column->type(), .real = axis_column->type() == DataType::Real};
    if (axis.real) {
        axis.real_step = op.step.as_real();
    } else {
        axis.step = op.step.as_int();
    }
    std::vector<DataType> types;
    std::vector<ColumnPtr> keys;
    for (std::size_t k = 0; k < op.keys; ++k) {
        types.push_back(op.schema[k].type);
        keys.push_back(all.columns[k]);
    }
    Grouper grouper(types);
    std::vector<std::uint32_t> groups;
    grouper.assign(keys, all.rows, groups);
    std::vector<Series> series(grouper.size());
    for (std::uint32_t i = 0; i < all.rows; ++i) {
        if (!axis_column->is_null(i)) {
            series[groups[i]].rows.push_back(i);
        }
    }
    if (op.keys == 0 && series.empty() && op.nonempty && op.from && op.to) {
        series.emplace_back();
    }
    // An in-range axis starts on a bin border.
    for (Series& one : series) {
        Scalar low;
        Scalar high;
        for (std::size_t r = 0; r < one.rows.size(); ++r) {
            const Scalar v = axis_column->scalar_at(one.rows[r]);
            low = r == 0 || less(v, low, axis.real) ? v : low;
            high = r == 0 || less(high, v, axis.real) ? v : high;
        }
        if (op.from) {
            one.first = *op.from;
            if (op.in_range) {
                if (axis.real) {
                    one.first = Scalar::of_real(std::floor(op.from->as_real() / axis.real_step) *
                                                axis.real_step);
                } else {
                    const std::int64_t v = op.from->as_int();
                    const std::int64_t rest = ((v % axis.step) + axis.step) % axis.step;
                    one.first = axis.at(*op.from, 0);
                    one.first = cast_scalar(Scalar::of_long(v - rest), DataType::Long);
                    one.first = axis.at(one.first, 0);
                }
            }
        } else {
            one.first = low;
        }
        if (one.rows.empty() && !op.from) {
            continue;
        }
        one.points = op.to ? points_between(axis, one.first, *op.to, op.in_range)
                           : axis.steps(one.first, high) + 1;
        if (one.points < 0) {
            one.points = 0;
        }
        if (static_cast<std::uint64_t>(one.points) > kPointsMax) {
            return Error(Code::InvalidArgument, "E_MAKE_SERIES_TOO_LARGE",
                         "make-series: a series may have at most 1048576 points");
        }
    }
    const std::size_t values = op.defaults.size();
    std::vector<columns::ColumnBuilder> arrays;
    for (std::size_t a = 0; a <= values; ++a) {
        arrays.emplace_back(DataType::Dynamic);
    }
    std::vector<std::uint32_t> kept;
    for (std::uint32_t s = 0; s < series.size(); ++s) {
        QD_CHECK_OK(query_.check());
        const Series& one = series[s];
        if (one.points == 0 && one.rows.empty() && !op.nonempty) {
            continue;
        }
        kept.push_back(s);
        const auto points = static_cast<std::size_t>(one.points);
        std::vector<std::uint32_t> row_at(points, ~std::uint32_t{0});
        for (const std::uint32_t row : one.rows) {
            const std::int64_t p = axis.steps(one.first, axis_column->scalar_at(row));
            if (p >= 0 && static_cast<std::size_t>(p) < points) {
                row_at[static_cast<std::size_t>(p)] = row;
            }
        }
        for (std::size_t a = 0; a < values; ++a) {
            const ColumnPtr& column = all.columns[op.keys + 1 + a];
            const Value missing = op.defaults[a].to_value();
            Array array;
            array.reserve(points);
            for (std::size_t p = 0; p < points; ++p) {
                array.push_back(row_at[p] == ~std::uint32_t{0}
                                    ? missing
                                    : column->scalar_at(row_at[p]).to_value());
            }
            arrays[a].append_value(Value(std::move(array)));
        }
        Array marks;
        marks.reserve(points);
        for (std::size_t p = 0; p < points; ++p) {
            marks.push_back(axis.at(one.first, static_cast<std::int64_t>(p)).to_value());
        }
        arrays[values].append_value(Value(std::move(marks)));
    }
    Chunk out;
    out.rows = static_cast<std::uint32_t>(kept.size());
    for (const ColumnPtr& key : grouper.key_columns()) {
        out.columns.push_back(columns::gather(key, kept));
    }
    for (columns::ColumnBuilder& array : arrays) {
        out.columns.push_back(array.finish());
    }
    return emit(out, sink);
}

}  // namespace qd::kql
