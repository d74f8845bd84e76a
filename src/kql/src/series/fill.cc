#include "fill.h"

#include <algorithm>
#include <cmath>

namespace qd::kql::series {

void fill_forward(std::span<double> y) {
    for (std::size_t i = 1; i < y.size(); ++i) {
        if (std::isnan(y[i])) {
            y[i] = y[i - 1];
        }
    }
}

void fill_backward(std::span<double> y) {
    for (std::size_t i = y.size(); i-- > 1;) {
        if (std::isnan(y[i - 1])) {
            y[i - 1] = y[i];
        }
    }
}

void fill_linear(std::span<double> y, bool edges, double constant) {
    const auto known = [](double v) { return !std::isnan(v); };
    const auto first = std::find_if(y.begin(), y.end(), known);
    if (first == y.end()) {
        std::fill(y.begin(), y.end(), constant);
        return;
    }
    auto last = static_cast<std::size_t>(first - y.begin());
    if (edges) {
        std::fill(y.begin(), first, *first);
    }
    for (std::size_t i = last + 1; i < y.size(); ++i) {
        if (!known(y[i])) {
            continue;
        }
        const double step = (y[i] - y[last]) / static_cast<double>(i - last);
        for (std::size_t k = last + 1; k < i; ++k) {
            y[k] = y[last] + step * static_cast<double>(k - last);
        }
        last = i;
    }
    if (edges) {
        std::fill(y.begin() + static_cast<std::ptrdiff_t>(last) + 1, y.end(), y[last]);
    }
}

std::vector<double> fir(std::span<const double> y, std::span<const double> filter, bool normalize,
                        bool center) {
    double total = 0;
    for (const double f : filter) {
        total += f;
    }
    const double divisor = normalize && total != 0 ? total : 1;
    const std::size_t shift = center ? filter.size() / 2 : 0;
    std::vector<double> out(y.size(), 0.0);
    for (std::size_t i = 0; i < y.size(); ++i) {
        double sum = 0;
        const std::size_t at = i + shift;
        for (std::size_t j = 0; j < filter.size() && j <= at; ++j) {
            if (at - j < y.size() && !std::isnan(y[at - j])) {
                sum += filter[j] * y[at - j];
            }
        }
        out[i] = sum / divisor;
    }
    return out;
}

std::vector<double> iir(std::span<const double> y, std::span<const double> b,
                        std::span<const double> a) {
    std::vector<double> out(y.size(), 0.0);
    const double lead = a.empty() || a[0] == 0 ? 1 : a[0];
    for (std::size_t i = 0; i < y.size(); ++i) {
        double sum = 0;
        for (std::size_t j = 0; j < b.size() && j <= i; ++j) {
            if (!std::isnan(y[i - j])) {
                sum += b[j] * y[i - j];
            }
        }
        for (std::size_t j = 1; j < a.size() && j <= i; ++j) {
            sum -= a[j] * out[i - j];
        }
        out[i] = sum / lead;
    }
    return out;
}

}  // namespace qd::kql::series
