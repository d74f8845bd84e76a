#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace qd::kql::series {

/// Missing points are NaN in all of these.
/// Straight lines across gaps; edges take the nearest known value when `edges`, else stay
/// missing. A series without a known point becomes the constant. Source: kql.md c.12.
void fill_linear(std::span<double> y, bool edges, double constant);
/// The last (next) known value; what lies before (after) the first stays missing.
void fill_forward(std::span<double> y);
void fill_backward(std::span<double> y);

/// out[i] = Σ f[j]·y[i-j], missing points 0; divided by Σ f when `normalize`; shifted by half the
/// filter's length when `center`. Source: kql.md c.10.
std::vector<double> fir(std::span<const double> y, std::span<const double> filter, bool normalize,
                        bool center);
/// out[i] = (Σ b[j]·y[i-j] - Σ_{j>=1} a[j]·out[i-j]) / a[0].
std::vector<double> iir(std::span<const double> y, std::span<const double> b,
                        std::span<const double> a);

}  // namespace qd::kql::series
