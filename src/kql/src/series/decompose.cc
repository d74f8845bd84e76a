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
#include <cstring>

namespace qd::kql::series {

namespace {

constexpr std::size_t kCyclesMax = 16;

// Medians of the columns [from, to) of `cycles` rows of length `period` each.
void column_medians(std::span<const double> y, std::size_t period, std::size_t cycles,
                    std::size_t from, std::size_t to, std::span<double> out) {
    // Two columns in each value: the compiler makes one instruction of each comparison.
    using Pair [[gnu::vector_size(2 * sizeof(double))]] = double;
    constexpr std::size_t kPairs = 4;
    constexpr std::size_t kLanes = 2 * kPairs;
    const std::size_t half = cycles / 2;
    Pair v[kCyclesMax][kPairs] = {};
    for (std::size_t at = from; at < to; at += kLanes) {
        const std::size_t width = std::min(kLanes, to - at);
        for (std::size_t r = 0; r < cycles; ++r) {
            std::memcpy(v[r], y.data() + r * period + at, width * sizeof(double));
        }
        // Odd-even transposition: `cycles` rounds sort every column.
        for (std::size_t round = 0; round < cycles; ++round) {
            for (std::size_t r = round % 2; r + 1 < cycles; r += 2) {
                for (std::size_t p = 0; p < kPairs; ++p) {
                    const Pair a = v[r][p];
                    const Pair b = v[r + 1][p];
                    v[r][p] = b < a ? b : a;
                    v[r + 1][p] = b < a ? a : b;
                }
            }
        }
        for (std::size_t c = 0; c < width; ++c) {
            const double upper = v[half][c / 2][c % 2];
            out[at + c] = cycles % 2 == 1 ? upper : (v[half - 1][c / 2][c % 2] + upper) / 2;
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

/// Sums run in four lanes: an addition need not wait for the one before.
struct LaneSum {
    double lanes[4] = {};
    double total() const { return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]); }
};

Line fit_complete(std::span<const double> y, std::span<const double> seasonal, std::size_t learned,
                  Trend trend) {
    const auto n = static_cast<double>(learned);
    const double mean_x = (n - 1) / 2;
    LaneSum d;
    LaneSum xd;
    for (std::size_t i = 0; i < learned; ++i) {
        const double v = y[i] - seasonal[i];
        d.lanes[i % 4] += v;
        xd.lanes[i % 4] += (static_cast<double>(i) - mean_x) * v;
    }
    const double mean_d = d.total() / n;
    if (trend == Trend::Average) {
        return {mean_d, 0};
    }
    // The squares of 0 … n-1 about their mean.
    const double sxx = n * (n * n - 1) / 12;
    const double slope = sxx > 0 ? xd.total() / sxx : 0;
    return {mean_d - slope * mean_x, slope};
}

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
    if (count == 0) {
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

void fill_season(std::span<const double> y, std::size_t learned, std::size_t period, bool complete,
                 std::vector<double>& seasonal) {
    if (period == 0) {
        seasonal.assign(y.size(), 0.0);
        return;
    }
    seasonal.resize(y.size());
    const std::size_t phases = std::min(period, y.size());
    const std::span<double> first = std::span(seasonal).first(phases);
    const std::size_t cycles = learned / period;
    const std::size_t rest = learned % period;
    if (complete && cycles >= 1 && cycles < kCyclesMax) {
        column_medians(y, period, cycles + 1, 0, rest, first);
        column_medians(y, period, cycles, rest, period, first);
    } else {
        gathered_medians(y, learned, period, first);
    }
    for (std::size_t at = period; at < y.size(); at += period) {
        std::copy_n(seasonal.begin(), std::min(period, y.size() - at),
                    seasonal.begin() + static_cast<std::ptrdiff_t>(at));
    }
}

bool all_finite(std::span<const double> y) {
    // A difference with itself is zero for what is finite, NaN for what is not.
    double odd = 0;
    for (const double v : y) {
        odd += v - v;
    }
    return odd == 0;
}

}  // namespace

std::vector<double> seasonal_part(std::span<const double> y, std::size_t learned,
                                  std::size_t period) {
    std::vector<double> seasonal;
    fill_season(y, learned, period, all_finite(y.first(learned)), seasonal);
    return seasonal;
}

void decompose(std::span<const double> y, const DecomposeRule& rule, Decomposition& out) {
    const std::size_t n = y.size();
    const std::size_t learned = n - std::min(n, rule.test_points);
    std::size_t period = 0;
    if (rule.seasonality > 0) {
        period = static_cast<std::size_t>(rule.seasonality);
    } else if (rule.seasonality < 0) {
        period = find_seasonality(y.first(learned), rule.seasonality_threshold);
    }
    const bool complete = learned > 0 && all_finite(y.first(learned));
    fill_season(y, learned, period, complete, out.seasonal);
    Line line;
    if (rule.trend != Trend::None) {
        line = complete ? fit_complete(y, out.seasonal, learned, rule.trend)
                        : fit(y, out.seasonal, learned, rule.trend);
    }
    out.trend.resize(n);
    out.baseline.resize(n);
    out.residual.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
        const double trend = line.intercept + line.slope * static_cast<double>(i);
        const double baseline = out.seasonal[i] + trend;
        out.trend[i] = trend;
        out.baseline[i] = baseline;
        out.residual[i] = y[i] - baseline;
    }
}

Decomposition decompose(std::span<const double> y, const DecomposeRule& rule) {
    Decomposition out;
    decompose(y, rule, out);
    return out;
}

}  // namespace qd::kql::series
