/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that tests and bounds stand on. libm has lgamma and erfc; these are the rest. */
#ifndef SKEYM_STATS_SPECIAL_H
#define SKEYM_STATS_SPECIAL_H

/* The regularised incomplete beta function I_x(a, b); a, b > 0, 0 <= x <= 1 (NIST DLMF 8.17). */
double skeym_special_beta(double a, double b, double x);
/* The x at which it is p, 0 <= p <= 1. */
double skeym_special_beta_inverse(double a, double b, double p);
/* Probability that a normal variable is further than |z| from its mean, on both sides. */
double skeym_special_normal_tails(double z);
/* The same for Student's t with df degrees of freedom. */
double skeym_special_t_tails(double t, double df);

#endif
