/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/special.h"

#include <math.h>

/* The continued fraction of DLMF 8.17.22, by Lentz's method. */
static double fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double f = d;
    for (int m = 1; m <= 100000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        f *= d * c;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        f *= d * c;
        if (fabs(d * c - 1) < 1e-16) {
            break;
        }
    }
    return f;
}

double skeym_special_beta(double a, double b, double x)
{
    if (x <= 0 || x >= 1) {
        return x <= 0 ? 0 : 1;
    }
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    /* the fraction converges fast on this side of the mean only */
    return x < (a + 1) / (a + b + 2) ? front * fraction(a, b, x) / a
                                     : 1 - front * fraction(b, a, 1 - x) / b;
}

double skeym_special_beta_inverse(double a, double b, double p)
{
    double low = 0;
    double high = 1;
    for (int i = 0; i < 1100 && low < high; i++) { /* down to the smallest double */
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) {
            break;
        }
        if (skeym_special_beta(a, b, middle) < p) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

double skeym_special_normal_tails(double z)
{
    return erfc(fabs(z) / sqrt(2));
}

double skeym_special_t_tails(double t, double df)
{
    return skeym_special_beta(df / 2, 0.5, df / (df + t * t));
}
