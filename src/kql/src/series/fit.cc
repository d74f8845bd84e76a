// Least-squares lines, two lines and polynomials.
//
// Two lines: the squared error of a line over any range follows from the range's sums of x, y, xy,
// x², y². Prefix sums of the centred series give every split in O(1), so the search is O(n); the
// chosen split is then fitted again from the data, so rounding of the prefix sums only matters
// where two splits are equally good.
//
// Polynomials: Householder QR on x mapped to [-1, 1] (normal equations lose half the digits at
// degree 5 already), then the coefficients are expanded back to the caller's x.
#include "fit.h"

#include <algorithm>
#include <cmath>

namespace qd::kql::series {

namespace {

double one_minus_ratio(double part, double whole) {
    if (whole > 0) {
        return 1 - part / whole;
    }
    return part > 0 ? 0 : 1;
}

struct Sums {
    double n = 0;
    double x = 0;
    double y = 0;
    double xx = 0;
    double xy = 0;
    double yy = 0;

    void add(double at, double value) {
        n += 1;
        x += at;
        y += value;
        xx += at * at;
        xy += at * value;
        yy += value * value;
    }
    Sums minus(const Sums& o) const {
        return {n - o.n, x - o.x, y - o.y, xx - o.xx, xy - o.xy, yy - o.yy};
    }
    // Squared error of the best line.
    double error() const {
        if (n < 2) {
            return 0;
        }
        const double sxx = xx - x * x / n;
        const double sxy = xy - x * y / n;
        const double syy = yy - y * y / n;
        return std::max(0.0, syy - (sxx > 0 ? sxy * sxy / sxx : 0));
    }
};

double mean_of(std::span<const double> y) {
    double sum = 0;
    double n = 0;
    for (const double v : y) {
        if (std::isfinite(v)) {
            sum += v;
            n += 1;
        }
    }
    return n > 0 ? sum / n : 0;
}

// Sum of squares about the mean, and the count.
struct Spread {
    double n = 0;
    double squares = 0;
    double variance() const { return n > 1 ? squares / (n - 1) : 0; }
};

Spread spread_of(std::span<const double> y) {
    const double mean = mean_of(y);
    Spread s;
    for (const double v : y) {
        if (std::isfinite(v)) {
            s.n += 1;
            s.squares += (v - mean) * (v - mean);
        }
    }
    return s;
}

double residual_squares(std::span<const double> y, std::span<const double> fitted) {
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        if (std::isfinite(y[i])) {
            sum += (y[i] - fitted[i]) * (y[i] - fitted[i]);
        }
    }
    return sum;
}

}  // namespace

LineFit fit_line(std::span<const double> y) {
    LineFit fit;
    double n = 0;
    double sum_x = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        if (std::isfinite(y[i])) {
            n += 1;
            sum_x += static_cast<double>(i);
        }
    }
    const double mean_x = n > 0 ? sum_x / n : 0;
    const double mean_y = mean_of(y);
    double sxx = 0;
    double sxy = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        if (std::isfinite(y[i])) {
            const double dx = static_cast<double>(i) - mean_x;
            sxx += dx * dx;
            sxy += dx * (y[i] - mean_y);
        }
    }
    fit.slope = sxx > 0 ? sxy / sxx : 0;
    const double first = mean_y - fit.slope * mean_x;
    fit.interception = first - fit.slope;
    fit.fitted.resize(y.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
        fit.fitted[i] = first + fit.slope * static_cast<double>(i);
    }
    fit.variance = spread_of(y).variance();
    fit.rvariance = n > 1 ? residual_squares(y, fit.fitted) / (n - 1) : 0;
    fit.rsquare = one_minus_ratio(fit.rvariance, fit.variance);
    return fit;
}

TwoLineFit fit_two_lines(std::span<const double> y) {
    TwoLineFit best;
    const std::size_t n = y.size();
    const double mean = mean_of(y);
    const double middle = static_cast<double>(n) / 2;
    std::vector<Sums> prefix(n + 1);
    for (std::size_t i = 0; i < n; ++i) {
        prefix[i + 1] = prefix[i];
        if (std::isfinite(y[i])) {
            prefix[i + 1].add(static_cast<double>(i) - middle, y[i] - mean);
        }
    }
    // Both parts have at least two points.
    std::size_t split = n / 2;
    double least = -1;
    for (std::size_t k = 2; k + 2 <= n; ++k) {
        const double error = prefix[k].error() + prefix[n].minus(prefix[k]).error();
        if (least < 0 || error < least) {
            least = error;
            split = k;
        }
    }
    best.split_index = split;
    best.left = fit_line(y.first(split));
    best.right = fit_line(y.subspan(split));
    best.fitted = best.left.fitted;
    best.fitted.insert(best.fitted.end(), best.right.fitted.begin(), best.right.fitted.end());
    const Spread spread = spread_of(y);
    best.variance = spread.variance();
    best.rvariance = spread.n > 1 ? residual_squares(y, best.fitted) / (spread.n - 1) : 0;
    best.rsquare = one_minus_ratio(best.rvariance, best.variance);
    return best;
}

namespace {

// Solves min |A c - b| by Householder reflections; A is rows × cols, row-major, overwritten.
std::vector<double> least_squares(std::vector<double>& a, std::vector<double>& b, std::size_t rows,
                                  std::size_t cols) {
    for (std::size_t k = 0; k < cols; ++k) {
        double norm = 0;
        for (std::size_t i = k; i < rows; ++i) {
            norm = std::hypot(norm, a[i * cols + k]);
        }
        if (norm == 0) {
            continue;
        }
        const double alpha = a[k * cols + k] > 0 ? -norm : norm;
        std::vector<double> v(rows - k);
        for (std::size_t i = k; i < rows; ++i) {
            v[i - k] = a[i * cols + k];
        }
        v[0] -= alpha;
        double vv = 0;
        for (const double x : v) {
            vv += x * x;
        }
        if (vv == 0) {
            continue;
        }
        for (std::size_t j = k; j < cols; ++j) {
            double dot = 0;
            for (std::size_t i = k; i < rows; ++i) {
                dot += v[i - k] * a[i * cols + j];
            }
            for (std::size_t i = k; i < rows; ++i) {
                a[i * cols + j] -= 2 * dot / vv * v[i - k];
            }
        }
        double dot = 0;
        for (std::size_t i = k; i < rows; ++i) {
            dot += v[i - k] * b[i];
        }
        for (std::size_t i = k; i < rows; ++i) {
            b[i] -= 2 * dot / vv * v[i - k];
        }
    }
    std::vector<double> c(cols, 0.0);
    for (std::size_t k = cols; k-- > 0;) {
        double sum = b[k];
        for (std::size_t j = k + 1; j < cols; ++j) {
            sum -= a[k * cols + j] * c[j];
        }
        const double pivot = a[k * cols + k];
        c[k] = std::abs(pivot) > 1e-12 ? sum / pivot : 0;
    }
    return c;
}

// Coefficients in u = (x - centre)/half, lowest first, as coefficients in x, lowest first.
std::vector<double> expand(const std::vector<double>& in_u, double centre, double half) {
    std::vector<double> out(in_u.size(), 0.0);
    std::vector<double> power = {1.0};  // ((x - centre)/half)^k
    for (std::size_t k = 0; k < in_u.size(); ++k) {
        for (std::size_t i = 0; i < power.size(); ++i) {
            out[i] += in_u[k] * power[i];
        }
        std::vector<double> next(power.size() + 1, 0.0);
        for (std::size_t i = 0; i < power.size(); ++i) {
            next[i + 1] += power[i] / half;
            next[i] -= power[i] * centre / half;
        }
        power = std::move(next);
    }
    return out;
}

}  // namespace

PolynomialFit fit_polynomial(std::span<const double> y, std::span<const double> x,
                             std::size_t degree) {
    PolynomialFit fit;
    std::vector<double> known_x;
    std::vector<double> b;
    for (std::size_t i = 0; i < y.size() && i < x.size(); ++i) {
        if (std::isfinite(y[i]) && std::isfinite(x[i])) {
            known_x.push_back(x[i]);
            b.push_back(y[i]);
        }
    }
    fit.fitted.assign(y.size(), std::nan(""));
    fit.coefficients.assign(degree + 1, 0.0);
    if (known_x.empty()) {
        return fit;
    }
    const auto [low, high] = std::minmax_element(known_x.begin(), known_x.end());
    const double centre = (*low + *high) / 2;
    const double half = *high > *low ? (*high - *low) / 2 : 1;
    const std::size_t rows = known_x.size();
    const std::size_t cols = std::min(degree + 1, rows);
    std::vector<double> a(rows * cols);
    for (std::size_t i = 0; i < rows; ++i) {
        const double u = (known_x[i] - centre) / half;
        double power = 1;
        for (std::size_t j = 0; j < cols; ++j) {
            a[i * cols + j] = power;
            power *= u;
        }
    }
    const std::vector<double> in_u = least_squares(a, b, rows, cols);
    for (std::size_t i = 0; i < y.size() && i < x.size(); ++i) {
        const double u = (x[i] - centre) / half;
        double value = 0;
        for (std::size_t j = cols; j-- > 0;) {
            value = value * u + in_u[j];
        }
        fit.fitted[i] = value;
    }
    const std::vector<double> in_x = expand(in_u, centre, half);
    for (std::size_t j = 0; j < in_x.size(); ++j) {
        fit.coefficients[degree - j] = in_x[j];
    }
    const Spread spread = spread_of(y);
    fit.variance = spread.variance();
    fit.rvariance = spread.n > 1 ? residual_squares(y, fit.fitted) / (spread.n - 1) : 0;
    fit.rsquare = one_minus_ratio(fit.rvariance, fit.variance);
    return fit;
}

}  // namespace qd::kql::series
