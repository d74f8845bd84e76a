#pragma once

#include <complex>
#include <span>
#include <vector>

namespace qd::kql::series {

/// Discrete Fourier transform of any length, not normalised; `inverse` flips the sign of the
/// exponent and divides by n. O(n log n) for every n.
std::vector<std::complex<double>> fourier(std::span<const std::complex<double>> in, bool inverse);

/// |Y_k|² for k = 0..n-1 of y less its mean.
std::vector<double> power_spectrum(std::span<const double> y);

/// C[L] = Σ (y_i - m)(y_{(i+L) mod n} - m) / Σ (y_i - m)² out of the power spectrum; all zero for a
/// constant series.
std::vector<double> circular_autocorrelation(std::span<const double> power);

}  // namespace qd::kql::series
