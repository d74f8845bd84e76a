#pragma once

#include <optional>
#include <span>

namespace qd::kql::series {

struct OutlierRule {
    bool custom = true;  // ctukey: percentiles below; otherwise tukey: 25 and 75, factor 1
    double low_percent = 10;
    double high_percent = 90;
    std::optional<double> ignore;  // a value that stands for "missing"
};

/// Score given to points outside the fences of a series whose percentiles coincide (a sparse
/// series, at least 80 % equal values), where the distance has no scale: finite, and above every
/// sensible threshold.
inline constexpr double kFlatScore = 1e6;

/// Distance beyond the percentile fences in units of their range, 0 between them; signed. Points
/// that are NaN, infinite or the ignored value score 0 and are left out of the percentiles.
/// scores.size() == y.size(). Source: kql.md c.4.
void score_outliers(std::span<const double> y, const OutlierRule& rule, std::span<double> scores);

}  // namespace qd::kql::series
