// Medians and percentiles without sorting: small inputs (a phase of a few weeks of hours) by
// insertion sort, large ones by selection, O(n).
#include "order_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qd::kql::series {

namespace {

void insertion_sort(std::span<double> v) {
    for (std::size_t i = 1; i < v.size(); ++i) {
        const double x = v[i];
        std::size_t j = i;
        for (; j > 0 && v[j - 1] > x; --j) {
            v[j] = v[j - 1];
        }
        v[j] = x;
    }
}

constexpr std::size_t kSmall = 24;

}  // namespace

double median(std::span<double> values) {
    const std::size_t n = values.size();
    if (n == 0) {
        return 0;
    }
    const std::size_t half = n / 2;
    if (n <= kSmall) {
        insertion_sort(values);
        return n % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(half);
    std::nth_element(values.begin(), middle, values.end());
    if (n % 2 == 1) {
        return *middle;
    }
    return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

double interpolated_percentile(std::span<double> values, double fraction) {
    if (values.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const double rank = fraction * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(rank);
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(below);
    std::nth_element(values.begin(), at, values.end());
    const double low = *at;
    if (at + 1 == values.end()) {
        return low;
    }
    const double high = *std::min_element(at + 1, values.end());
    return low + (high - low) * (rank - static_cast<double>(below));
}

}  // namespace qd::kql::series
