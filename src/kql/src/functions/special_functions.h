#pragma once

/// Special functions of probability that <cmath> lacks.
namespace qd::kql {

/// Regularised incomplete beta function I_x(a, b), for 0 <= x <= 1 and a, b > 0.
double incomplete_beta(double x, double a, double b);
/// x with I_x(a, b) = p.
double incomplete_beta_inverse(double p, double a, double b);
double beta_density(double x, double a, double b);
/// Two-sided p-value of Student's t.
double student_t_two_sided(double t, double degrees);

}  // namespace qd::kql
