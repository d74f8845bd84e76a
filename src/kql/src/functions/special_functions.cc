#include "functions/special_functions.h"

#include <algorithm>
#include <cmath>
#include <limits>

// The incomplete beta function by its continued fraction (modified Lentz), which converges in some
// tens of steps on the side of the mean it is used on; the other side by symmetry. The inverse by
// bisection on the distribution, safe-guarding Newton steps. Source: Abramowitz & Stegun 26.5.8;
// Press et al., Numerical Recipes 6.4.

namespace qd::kql {
namespace {

double log_beta(double a, double b) {
    return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
}

double continued_fraction(double x, double a, double b) {
    constexpr double kTiny = 1e-300;
    const auto away_from_zero = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
    double c = 1;
    double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
    double h = d;
    for (int m = 1; m <= 10'000; ++m) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        h *= d * c;
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        h *= d * c;
        if (std::abs(d * c - 1) < 1e-16) {
            break;
        }
    }
    return h;
}

}  // namespace

double incomplete_beta(double x, double a, double b) {
    if (x <= 0) {
        return 0;
    }
    if (x >= 1) {
        return 1;
    }
    const double front = std::exp(a * std::log(x) + b * std::log1p(-x) - log_beta(a, b));
    if (x < (a + 1) / (a + b + 2)) {
        return front * continued_fraction(x, a, b) / a;
    }
    return 1 - front * continued_fraction(1 - x, b, a) / b;
}

double beta_density(double x, double a, double b) {
    return std::exp((a - 1) * std::log(x) + (b - 1) * std::log1p(-x) - log_beta(a, b));
}

double incomplete_beta_inverse(double p, double a, double b) {
    double low = 0;
    double high = 1;
    double x = a / (a + b);
    for (int i = 0; i < 200; ++i) {
        const double error = incomplete_beta(x, a, b) - p;
        if (error > 0) {
            high = x;
        } else {
            low = x;
        }
        double next = x - error / beta_density(x, a, b);
        if (!(next > low && next < high)) {
            next = (low + high) / 2;
        }
        if (std::abs(next - x) <= 1e-16 * std::max(std::abs(x), 1e-300)) {
            return next;
        }
        x = next;
    }
    return x;
}

double student_t_two_sided(double t, double degrees) {
    return incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

}  // namespace qd::kql
