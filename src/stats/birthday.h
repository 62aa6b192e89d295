/* SPDX-License-Identifier: Apache-2.0 */
/* n keys drawn from k = 2^bits, each as likely: how likely are two the same? */
#ifndef SKEYM_STATS_BIRTHDAY_H
#define SKEYM_STATS_BIRTHDAY_H

/* Natural logarithm of q, the probability of NO collision: k! / ((k - n)! k^n), to 14 digits
 * where k is some hundreds or more. n >= 2, n <= k/2, bits <= 1000. It is ln-gamma's asymptotic
 * series (DLMF 5.11.1) with the terms that cancel taken out by hand: of lgamma itself nothing would
 * be left where k is 2^256. */
double skeym_birthday_log_none(double n, double bits);
/* The paper's Stirling form, eq. (3): (n - k) ln(1 - n/k) - n, evaluated without cancellation. */
double skeym_birthday_log_stirling(double n, double bits);
/* The paper's last form, eq. (5): -n^2 / 2k. */
double skeym_birthday_log_square(double n, double bits);
/* log2 of p = 1 - q, from ln q; right for p near 0 and near 1. */
double skeym_birthday_log2_some(double log_none);
/* log2 of the greatest n for which p is at most 2^log2_p; log2_p <= -1. */
double skeym_birthday_log2_most(double bits, double log2_p);

#endif
