// Medians and percentiles without sorting: small inputs (a phase of a few weeks of hours) by
// insertion sort, large ones by quickselect, O(n) on average.
//
// The partition has no branch that depends on the data (every element is swapped, only the border
// moves or not): on random values std::nth_element spends most of its time on mispredicted
// branches, and selection is most of what a decomposition costs. Equal values are split off in a
// pass of their own, so series of few different values stay linear; after kRoundsMax rounds
// without an end std::nth_element takes over, so no input is quadratic.
//
// A percentile near an end of a short series (the fences of a week of hours) is read from the few
// least or greatest values, kept sorted while the series passes: nearly every value is refused by
// one comparison, and nothing is moved.
#include "order_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

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

namespace {

constexpr std::size_t kKeptMax = 64;

/// The `kept` first values in the order of `before`, sorted; kept <= values.size().
template <typename Before>
void first_values(std::span<const double> values, std::size_t kept, double* out,
                  const Before& before) {
    std::size_t held = 0;
    for (const double v : values) {
        if (held == kept && !before(v, out[held - 1])) {
            continue;
        }
        std::size_t at = held < kept ? held++ : held - 1;
        for (; at > 0 && before(v, out[at - 1]); --at) {
            out[at] = out[at - 1];
        }
        out[at] = v;
    }
}

double between(double low, double high, double part) {
    return low + (high - low) * part;
}

}  // namespace

double interpolated_percentile(std::span<const double> values, double fraction) {
    const std::size_t n = values.size();
    if (n == 0) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const double rank = fraction * static_cast<double>(n - 1);
    const auto below = static_cast<std::size_t>(rank);
    const double part = rank - static_cast<double>(below);
    const std::size_t from_low = std::min(below + 2, n);
    const std::size_t from_high = n - below;
    double kept[kKeptMax];
    if (from_low <= kKeptMax && from_low <= from_high) {
        first_values(values, from_low, kept, [](double a, double b) { return a < b; });
        return between(kept[below], kept[from_low - 1], part);
    }
    if (from_high <= kKeptMax) {
        first_values(values, from_high, kept, [](double a, double b) { return a > b; });
        return between(kept[from_high - 1], kept[from_high - std::min<std::size_t>(from_high, 2)],
                       part);
    }
    std::vector<double> moved(values.begin(), values.end());
    const double low = select(moved, below);
    const double high =
        *std::min_element(moved.begin() + static_cast<std::ptrdiff_t>(below) + 1, moved.end());
    return between(low, high, part);
}

}  // namespace qd::kql::series
