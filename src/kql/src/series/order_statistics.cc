// Medians and percentiles without sorting: small inputs (a phase of a few weeks of hours) by
// insertion sort, large ones by quickselect, O(n) on average.
//
// The partition has no branch that depends on the data (every element is swapped, only the border
// moves or not): on random values std::nth_element spends most of its time on mispredicted
// branches, and selection is most of what a decomposition costs. Equal values are split off in a
// pass of their own, so series of few different values stay linear; after kRoundsMax rounds
// without an end std::nth_element takes over, so no input is quadratic.
//
// Percentiles divide the range of the values into equal buckets and count; the value of a rank is
// then looked for among the few values of its bucket only. No step has a branch that depends on
// single values, and the counts serve both fences of a series.
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

constexpr std::size_t kSmall = 16;
constexpr int kRoundsMax = 48;

// Moves the values for which before(v) holds to the front; their number.
template <typename Before>
std::size_t split(double* v, std::size_t n, const Before& before) {
    std::size_t border = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const double x = v[i];
        v[i] = v[border];
        v[border] = x;
        border += before(x) ? 1U : 0U;
    }
    return border;
}

double middle_of(double a, double b, double c) {
    return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

// Puts the value of rank k to place k, no greater ones before it and no smaller ones behind.
double select(std::span<double> values, std::size_t k) {
    double* v = values.data();
    std::size_t n = values.size();
    for (int round = 0; n > kSmall; ++round) {
        if (round == kRoundsMax) {
            std::nth_element(v, v + k, v + n);
            return v[k];
        }
        const double pivot = middle_of(v[0], v[n / 2], v[n - 1]);
        const std::size_t below = split(v, n, [pivot](double x) { return x < pivot; });
        if (k < below) {
            n = below;
            continue;
        }
        v += below;
        n -= below;
        k -= below;
        const std::size_t equal = split(v, n, [pivot](double x) { return x <= pivot; });
        if (k < equal) {
            return pivot;
        }
        v += equal;
        n -= equal;
        k -= equal;
    }
    insertion_sort({v, n});
    return v[k];
}

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
    const double upper = select(values, half);
    if (n % 2 == 1) {
        return upper;
    }
    const double lower =
        *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(half));
    return (lower + upper) / 2;
}

Percentiles::Percentiles(std::span<const double> values) : values_(values) {
    constexpr std::size_t kWorthBuckets = 32;
    if (values.size() < kWorthBuckets) {
        return;
    }
    double least = values[0];
    double greatest = values[0];
    for (const double v : values) {
        least = v < least ? v : least;
        greatest = v > greatest ? v : greatest;
    }
    const double scale = kBuckets / (greatest - least);
    if (!std::isfinite(scale) || scale <= 0) {
        return;  // all equal, or farther apart than a double tells
    }
    bucket_of_.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto bucket = static_cast<int>((values[i] - least) * scale);
        bucket_of_[i] = static_cast<std::uint8_t>(std::min(bucket, kBuckets - 1));
        ++before_[bucket_of_[i] + std::size_t{1}];
    }
    for (std::size_t b = 1; b < before_.size(); ++b) {
        before_[b] += before_[b - 1];
    }
}

double Percentiles::at(double fraction) const {
    const std::size_t n = values_.size();
    if (n == 0) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const double rank = fraction * static_cast<double>(n - 1);
    auto below = static_cast<std::size_t>(rank);
    const double part = rank - static_cast<double>(below);
    const std::size_t above = std::min(below + 1, n - 1);
    std::vector<double> near;
    if (bucket_of_.empty()) {
        near.assign(values_.begin(), values_.end());
    } else {
        // The buckets that hold the two ranks.
        const auto bucket_with = [&](std::size_t r) {
            return std::upper_bound(before_.begin(), before_.end(), r) - before_.begin() - 1;
        };
        const auto from = bucket_with(below);
        const auto to = bucket_with(above);
        near.resize(n);
        std::size_t taken = 0;
        for (std::size_t i = 0; i < n; ++i) {
            near[taken] = values_[i];
            taken += bucket_of_[i] >= from && bucket_of_[i] <= to ? 1U : 0U;
        }
        near.resize(taken);
        below -= before_[static_cast<std::size_t>(from)];
    }
    const double low = select(near, below);
    const double high =
        above == static_cast<std::size_t>(rank)
            ? low
            : *std::min_element(near.begin() + static_cast<std::ptrdiff_t>(below) + 1, near.end());
    return low + (high - low) * part;
}

}  // namespace qd::kql::series
