/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/birthday.h"

#include <math.h>

/* -(1 - r) ln(1 - r) - r = -(r^2/2 + r^3/6 + r^4/12 + ...): each term of one sign. */
static double bend(double r)
{
    double sum = 0;
    double power = r * r;
    for (int j = 2; j < 2000; j++) {
        double term = power / ((double)j * (j - 1));
        sum += term;
        power *= r;
        if (term < sum * 1e-18) {
            break;
        }
    }
    return -sum;
}

double skeym_birthday_log_stirling(double n, double bits)
{
    double k = exp2(bits);
    return k * bend(n / k);
}

double skeym_birthday_log_none(double n, double bits)
{
    double k = exp2(bits);
    double r = n / k;
    double rest = -n / (12 * k * (k - n)); /* 1/12k - 1/12(k - n) */
    double third = (pow(k - n, -3) - pow(k, -3)) / 360;
    return k * bend(r) - log1p(-r) / 2 + rest + third;
}

double skeym_birthday_log_square(double n, double bits)
{
    return -n * n / exp2(bits + 1);
}

double skeym_birthday_log2_some(double log_none)
{
    return log2(-expm1(log_none));
}

double skeym_birthday_log2_most(double bits, double log2_p)
{
    double low = 1;
    double high = bits - 1;
    for (int i = 0; i < 200; i++) {
        double middle = (low + high) / 2;
        double p = skeym_birthday_log2_some(skeym_birthday_log_none(exp2(middle), bits));
        *(p <= log2_p ? &low : &high) = middle;
    }
    return low;
}
