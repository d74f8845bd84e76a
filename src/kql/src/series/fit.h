#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qd::kql::series {

/// A straight line through a series over x = 1, 2, …, n: the engine's interception lies one step
/// before the first point (recorded: interception -1.67, slope 2.73, first fitted value 1.06).
struct LineFit {
    double rsquare = 0;
    double slope = 0;
    double variance = 0;   // of the data, n-1
    double rvariance = 0;  // of the residuals, n-1
    double interception = 0;
    std::vector<double> fitted;
};
/// Missing points (NaN) are left out. Source: kql.md c.7.
LineFit fit_line(std::span<const double> y);

/// The split into two lines with the least squared error; each part counts its own x from 1.
/// Source: kql.md c.8.
struct TwoLineFit {
    double rsquare = 0;
    std::size_t split_index = 0;  // first point of the right part
    double variance = 0;
    double rvariance = 0;
    std::vector<double> fitted;
    LineFit left;
    LineFit right;
};
TwoLineFit fit_two_lines(std::span<const double> y);

struct PolynomialFit {
    double rsquare = 0;
    std::vector<double> coefficients;  // highest power first
    double variance = 0;
    double rvariance = 0;
    std::vector<double> fitted;
};
/// Least squares of y on powers of x up to `degree`; x and y have one length. Source: kql.md c.9.
PolynomialFit fit_polynomial(std::span<const double> y, std::span<const double> x,
                             std::size_t degree);

}  // namespace qd::kql::series
