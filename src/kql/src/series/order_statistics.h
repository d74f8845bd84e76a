#pragma once

#include <span>

namespace qd::kql::series {

/// Median, reordering the values; an even count gives the mean of the two in the middle, none 0.
double median(std::span<double> values);

/// The value at rank fraction·(n-1) of the sorted values, linear between neighbours. NaN when there
/// are none. fraction in [0, 1]; the values are finite.
double interpolated_percentile(std::span<const double> values, double fraction);

}  // namespace qd::kql::series
