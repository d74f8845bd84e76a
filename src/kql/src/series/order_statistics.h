#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace qd::kql::series {

/// Median, reordering the values; an even count gives the mean of the two in the middle, none 0.
double median(std::span<double> values);

/// Percentiles of some finite values, which outlive it.
class Percentiles {
  public:
    explicit Percentiles(std::span<const double> values);
    /// The value at rank fraction·(n-1) of the sorted values, linear between neighbours. NaN when
    /// there are none. fraction in [0, 1].
    double at(double fraction) const;

  private:
    static constexpr int kBuckets = 128;

    std::span<const double> values_;
    std::vector<std::uint8_t> bucket_of_;  // empty: too few or too equal values
    /// Values in all buckets before each one.
    std::array<std::uint32_t, kBuckets + 1> before_{};
};

}  // namespace qd::kql::series
