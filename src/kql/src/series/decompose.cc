// Seasonal decomposition as the engine does it: the season is the median of each phase (so single
// outliers do not leave a ghost every week), it keeps the level, and the trend is the mean or the
// least-squares line of what is left.
//
// The series seen as a table of cycles × phases, a season is the median of each column. With few
// cycles (a week of days) the columns are sorted side by side by a network of minima and maxima
// over whole rows: no branch, contiguous memory. With many, or with missing points, each phase is
// gathered into a buffer and its median selected.
// Complexity: O(n) with a given period, O(n log n) when it has to be found.
#include "decompose.h"

#include "order_statistics.h"
#include "periods.h"

#include <algorithm>
#include <cmath>

namespace qd::kql::series {

namespace {

constexpr std::size_t kCyclesMax = 16;

// Medians of the columns [from, to) of `cycles` rows of length `period` each.
void column_medians(std::span<const double> y, std::size_t period, std::size_t cycles,
                    std::size_t from, std::size_t to, std::span<double> out) {
    constexpr std::size_t kBlock = 64;
    double v[kCyclesMax][kBlock];
    for (std::size_t at = from; at < to; at += kBlock) {
        const std::size_t width = std::min(kBlock, to - at);
        for (std::size_t r = 0; r < cycles; ++r) {
            std::copy_n(y.data() + r * period + at, width, v[r]);
        }
        // Odd-even transposition: `cycles` rounds sort every column.
        for (std::size_t round = 0; round < cycles; ++round) {
            for (std::size_t r = round % 2; r + 1 < cycles; r += 2) {
                for (std::size_t c = 0; c < width; ++c) {
                    const double a = v[r][c];
                    const double b = v[r + 1][c];
                    v[r][c] = std::min(a, b);
                    v[r + 1][c] = std::max(a, b);
                }
            }
        }
        const std::size_t half = cycles / 2;
        for (std::size_t c = 0; c < width; ++c) {
            out[at + c] = cycles % 2 == 1 ? v[half][c] : (v[half - 1][c] + v[half][c]) / 2;
        }
    }
}

void gathered_medians(std::span<const double> y, std::size_t learned, std::size_t period,
                      std::span<double> out) {
    std::vector<double> phase;
    phase.reserve(learned / period + 1);
    for (std::size_t p = 0; p < out.size(); ++p) {
        phase.clear();
        for (std::size_t i = p; i < learned; i += period) {
            if (std::isfinite(y[i])) {
                phase.push_back(y[i]);
            }
        }
        out[p] = median(phase);
    }
}

// Mean or line of d[0..learned), without the missing points, as intercept and slope.
struct Line {
    double intercept = 0;
    double slope = 0;
};

Line fit(std::span<const double> y, std::span<const double> seasonal, std::size_t learned,
         Trend trend) {
    double count = 0;
    double sum_x = 0;
    double sum_d = 0;
    for (std::size_t i = 0; i < learned; ++i) {
        const double d = y[i] - seasonal[i];
        if (std::isfinite(d)) {
            count += 1;
            sum_x += static_cast<double>(i);
            sum_d += d;
        }
    }
    if (trend == Trend::None || count == 0) {
        return {};
    }
    const double mean_d = sum_d / count;
    if (trend == Trend::Average) {
        return {mean_d, 0};
    }
    const double mean_x = sum_x / count;
    double sxx = 0;
    double sxd = 0;
    for (std::size_t i = 0; i < learned; ++i) {
        const double d = y[i] - seasonal[i];
        if (std::isfinite(d)) {
            const double dx = static_cast<double>(i) - mean_x;
            sxx += dx * dx;
            sxd += dx * (d - mean_d);
        }
    }
    const double slope = sxx > 0 ? sxd / sxx : 0;
    return {mean_d - slope * mean_x, slope};
}

}  // namespace

std::vector<double> seasonal_part(std::span<const double> y, std::size_t learned,
                                  std::size_t period) {
    std::vector<double> seasonal(y.size(), 0.0);
    if (period == 0) {
        return seasonal;
    }
    const std::size_t phases = std::min(period, y.size());
    const std::span<double> first = std::span(seasonal).first(phases);
    const std::size_t cycles = learned / period;
    const std::size_t rest = learned % period;
    const bool complete = std::all_of(y.begin(), y.begin() + static_cast<std::ptrdiff_t>(learned),
                                      [](double v) { return std::isfinite(v); });
    if (complete && cycles >= 1 && cycles < kCyclesMax) {
        column_medians(y, period, cycles + 1, 0, rest, first);
        column_medians(y, period, cycles, rest, period, first);
    } else {
        gathered_medians(y, learned, period, first);
    }
    for (std::size_t i = period; i < y.size(); ++i) {
        seasonal[i] = seasonal[i - period];
    }
    return seasonal;
}

Decomposition decompose(std::span<const double> y, const DecomposeRule& rule) {
    const std::size_t n = y.size();
    const std::size_t learned = n - std::min(n, rule.test_points);
    std::size_t period = 0;
    if (rule.seasonality > 0) {
        period = static_cast<std::size_t>(rule.seasonality);
    } else if (rule.seasonality < 0) {
        period = find_seasonality(y.first(learned), rule.seasonality_threshold);
    }
    Decomposition out;
    out.seasonal = seasonal_part(y, learned, period);
    const Line line = fit(y, out.seasonal, learned, rule.trend);
    out.trend.resize(n);
    out.baseline.resize(n);
    out.residual.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
        out.trend[i] = line.intercept + line.slope * static_cast<double>(i);
        out.baseline[i] = out.seasonal[i] + out.trend[i];
        out.residual[i] = y[i] - out.baseline[i];
    }
    return out;
}

}  // namespace qd::kql::series
