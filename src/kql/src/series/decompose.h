#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qd::kql::series {

enum class Trend : std::uint8_t { Average, Line, None };

struct DecomposeRule {
    /// Points of one season; 0 = none, negative = find it.
    std::int64_t seasonality = -1;
    Trend trend = Trend::Average;
    /// Points at the end that are predicted, not learned from.
    std::size_t test_points = 0;
    /// Least score of a season that is found.
    double seasonality_threshold = 0.6;
};

struct Decomposition {
    std::vector<double> baseline;  // seasonal + trend
    std::vector<double> seasonal;
    std::vector<double> trend;
    std::vector<double> residual;  // y - baseline
};

/// Splits a series into season, trend and residual. All parts have y's length; missing points
/// (NaN) are not learned from and have a NaN residual.
/// Threads: pure. Source: kql.md c.1.
Decomposition decompose(std::span<const double> y, const DecomposeRule& rule);
/// The same into vectors that are there: for many series, one after the other.
void decompose(std::span<const double> y, const DecomposeRule& rule, Decomposition& out);

/// The median per phase of the period over the first `learned` points, repeated over y's length;
/// zeros when the period is 0. Source: kql.md c.1, c.6.
std::vector<double> seasonal_part(std::span<const double> y, std::size_t learned,
                                  std::size_t period);

}  // namespace qd::kql::series
