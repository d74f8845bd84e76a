// One Fourier transform for every length.
//
// kissfft handles mixed radices, but a prime factor p costs it O(p²) per butterfly. Lengths with a
// prime factor above kRadixMax go through Bluestein's chirp transform: n becomes a convolution of
// a power of two at least 2n-1. Chirp angles use k² mod 2n so that they stay exact for long series.
// Source: Bluestein 1970; kissfft's C++ template.
#include "fft.h"

#include <kissfft/kissfft.hh>

#include <cmath>

namespace qd::kql::series {

namespace {

using Complex = std::complex<double>;

constexpr std::size_t kRadixMax = 31;
constexpr double kPi = 3.14159265358979323846;

std::size_t largest_prime_factor(std::size_t n) {
    std::size_t largest = 1;
    for (std::size_t p = 2; p * p <= n; ++p) {
        while (n % p == 0) {
            largest = p;
            n /= p;
        }
    }
    return n > 1 ? n : largest;
}

std::vector<Complex> mixed_radix(std::span<const Complex> in, bool inverse) {
    const kissfft<double> plan(in.size(), inverse);
    std::vector<Complex> out(in.size());
    plan.transform(in.data(), out.data());
    return out;
}

std::vector<Complex> chirp(std::span<const Complex> in, bool inverse) {
    const std::size_t n = in.size();
    std::size_t m = 1;
    while (m < 2 * n - 1) {
        m *= 2;
    }
    const double sign = inverse ? 1.0 : -1.0;
    std::vector<Complex> turn(n);
    for (std::size_t k = 0; k < n; ++k) {
        const std::size_t square = k * k % (2 * n);  // n < 2^32: no overflow
        turn[k] =
            std::polar(1.0, sign * kPi * static_cast<double>(square) / static_cast<double>(n));
    }
    std::vector<Complex> a(m);
    std::vector<Complex> b(m);
    for (std::size_t k = 0; k < n; ++k) {
        a[k] = in[k] * turn[k];
        b[k] = std::conj(turn[k]);
        b[(m - k) % m] = std::conj(turn[k]);
    }
    const std::vector<Complex> fa = mixed_radix(a, false);
    const std::vector<Complex> fb = mixed_radix(b, false);
    for (std::size_t k = 0; k < m; ++k) {
        a[k] = fa[k] * fb[k];
    }
    const std::vector<Complex> product = mixed_radix(a, true);
    std::vector<Complex> out(n);
    for (std::size_t k = 0; k < n; ++k) {
        out[k] = product[k] * turn[k] / static_cast<double>(m);
    }
    return out;
}

}  // namespace

std::vector<Complex> fourier(std::span<const Complex> in, bool inverse) {
    if (in.empty()) {
        return {};
    }
    std::vector<Complex> out = largest_prime_factor(in.size()) <= kRadixMax
                                   ? mixed_radix(in, inverse)
                                   : chirp(in, inverse);
    if (inverse) {
        for (Complex& c : out) {
            c /= static_cast<double>(in.size());
        }
    }
    return out;
}

std::vector<double> power_spectrum(std::span<const double> y) {
    double mean = 0;
    for (const double v : y) {
        mean += v;
    }
    mean /= static_cast<double>(y.size());
    std::vector<Complex> in(y.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
        in[i] = y[i] - mean;
    }
    const std::vector<Complex> spectrum = fourier(in, false);
    std::vector<double> power(y.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
        power[i] = std::norm(spectrum[i]);
    }
    return power;
}

std::vector<double> circular_autocorrelation(std::span<const double> power) {
    std::vector<Complex> in(power.begin(), power.end());
    const std::vector<Complex> lags = fourier(in, true);
    std::vector<double> c(power.size(), 0.0);
    if (lags.empty() || !(lags[0].real() > 0)) {
        return c;
    }
    for (std::size_t i = 0; i < c.size(); ++i) {
        c[i] = lags[i].real() / lags[0].real();
    }
    return c;
}

}  // namespace qd::kql::series
