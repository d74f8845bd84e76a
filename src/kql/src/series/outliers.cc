// Tukey's fences, in the engine's two flavours (kql.md c.4).
//
// score = K·(y - fence)/(high - low). tukey uses the quartiles and K = 1. ctukey uses custom
// percentiles; for the default 10/90 the engine's K was recorded to 15 digits. For other
// percentiles it is not known; we scale it so that a normal distribution of residuals scores the
// same: K is proportional to the distance of the percentiles in standard deviations.
//
// Complexity: O(n), two selections.
#include "outliers.h"

#include "order_statistics.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

namespace qd::kql::series {

namespace {

constexpr double kFactor1090 = 2.772605605507915;

// Inverse of the normal distribution function (Acklam's rational approximation, error 1e-9).
double normal_quantile(double p) {
    constexpr double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                            1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
    constexpr double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                            6.680131188771972e+01, -1.328068155288572e+01};
    constexpr double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                            -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
    constexpr double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                            3.754408661907416e+00};
    if (p <= 0 || p >= 1) {
        return p <= 0 ? -8.0 : 8.0;
    }
    if (p < 0.02425 || p > 0.97575) {
        const double q = std::sqrt(-2 * std::log(p < 0.5 ? p : 1 - p));
        const double x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
                         ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
        return p < 0.5 ? x : -x;
    }
    const double q = p - 0.5;
    const double r = q * q;
    return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
           (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

double factor_of(const OutlierRule& rule) {
    if (!rule.custom) {
        return 1;
    }
    if (rule.low_percent == 10 && rule.high_percent == 90) {
        return kFactor1090;
    }
    const double spread =
        normal_quantile(rule.high_percent / 100) - normal_quantile(rule.low_percent / 100);
    return kFactor1090 * spread / (2 * normal_quantile(0.9));
}

}  // namespace

void score_outliers(std::span<const double> y, const OutlierRule& rule, std::span<double> scores) {
    const auto counts = [&](double v) {
        return std::isfinite(v) && !(rule.ignore && v == *rule.ignore);
    };
    std::vector<double> some;
    std::span<const double> known = y;
    if (!std::all_of(y.begin(), y.end(), counts)) {
        std::copy_if(y.begin(), y.end(), std::back_inserter(some), counts);
        known = some;
    }
    const Percentiles percentiles(known);
    const double low = percentiles.at((rule.custom ? rule.low_percent : 25.0) / 100);
    const double high = percentiles.at((rule.custom ? rule.high_percent : 75.0) / 100);
    const double range = high - low;
    const double scale = range > 0 ? factor_of(rule) / range : 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        const double v = y[i];
        if (!(v > high || v < low) || !counts(v)) {
            scores[i] = 0;
        } else if (scale == 0) {
            scores[i] = v > high ? kFlatScore : -kFlatScore;
        } else {
            scores[i] = (v > high ? v - high : v - low) * scale;
        }
    }
}

}  // namespace qd::kql::series
