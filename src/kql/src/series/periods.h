#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qd::kql::series {

struct Period {
    double length = 0;  // points
    double score = 0;   // 0..1
};

/// Candidate periods between least and greatest, best score first, at most `count`.
/// Missing points (NaN) count as the mean. Source: kql.md c.5.
std::vector<Period> detect_periods(std::span<const double> y, double least, double greatest,
                                   std::size_t count);

/// The scores of given periods: 0 where the autocorrelation has no hill at the period.
std::vector<double> validate_periods(std::span<const double> y, std::span<const double> periods);

/// The best period whose score reaches `threshold`, 0 when there is none: what series_decompose()
/// takes for seasonality -1.
std::size_t find_seasonality(std::span<const double> y, double threshold);

}  // namespace qd::kql::series
