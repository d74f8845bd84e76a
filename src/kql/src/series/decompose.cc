// Seasonal decomposition as the engine does it: the season is the median of each phase (so single
// outliers do not leave a ghost every week), it keeps the level, and the trend is the mean or the
// least-squares line of what is left.
//
// The series is walked once per phase with a stride of the period; the values of a phase are
// gathered into a small buffer, so a season costs one pass of the data plus the medians.
// Complexity: O(n) with a given period, O(n log n) when it has to be found.
#include "decompose.h"

#include "order_statistics.h"
#include "periods.h"

#include <algorithm>
#include <cmath>

namespace qd::kql::series {

namespace {

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
    std::vector<double> phase;
    phase.reserve(learned / period + 1);
    const std::size_t phases = std::min(period, y.size());
    for (std::size_t p = 0; p < phases; ++p) {
        phase.clear();
        for (std::size_t i = p; i < learned; i += period) {
            if (std::isfinite(y[i])) {
                phase.push_back(y[i]);
            }
        }
        seasonal[p] = median(phase);
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
