#include "functions/series_arguments.h"

#include "qd/codec/guid.h"

#include <cmath>

namespace qd::kql {

double number_at(Args args, std::size_t index, std::uint32_t row, double otherwise) {
    if (index >= args.size() || args[index]->is_null(row)) {
        return otherwise;
    }
    if (args[index]->type() == DataType::Decimal) {
        return decimal_to_double({args[index]->wide_at(row)});
    }
    return args[index]->real_at(row);
}

bool bool_at(Args args, std::size_t index, std::uint32_t row, bool otherwise) {
    if (index >= args.size() || args[index]->is_null(row)) {
        return otherwise;
    }
    return args[index]->int_at(row) != 0;
}

std::string_view word_at(Args args, std::size_t index, std::uint32_t row,
                         std::string_view otherwise) {
    return index < args.size() ? args[index]->bytes_at(row) : otherwise;
}

series::Trend trend_of(std::string_view name, series::Trend otherwise) {
    if (name == "avg") {
        return series::Trend::Average;
    }
    if (name == "linefit") {
        return series::Trend::Line;
    }
    return name == "none" ? series::Trend::None : otherwise;
}

SeriesStats stats_of(const Series& s, bool ignore_nonfinite) {
    SeriesStats stats;
    double n = 0;
    for (std::size_t i = 0; i < s.size(); ++i) {
        const double v = s.values[i];
        if (!std::isfinite(v)) {
            if (!ignore_nonfinite) {
                return {};
            }
            continue;
        }
        if (n == 0 || v < stats.min) {
            stats.min = v;
            stats.min_index = static_cast<std::int64_t>(i);
        }
        if (n == 0 || v > stats.max) {
            stats.max = v;
            stats.max_index = static_cast<std::int64_t>(i);
        }
        stats.sum += v;
        n += 1;
    }
    if (n == 0) {
        return {};
    }
    stats.known = true;
    stats.length = static_cast<std::int64_t>(n);
    stats.average = stats.sum / n;
    double squares = 0;
    for (const double v : s.values) {
        if (std::isfinite(v)) {
            squares += (v - stats.average) * (v - stats.average);
        }
    }
    stats.variance = n > 1 ? squares / (n - 1) : 0;
    stats.stdev = std::sqrt(stats.variance);
    return stats;
}

}  // namespace qd::kql
