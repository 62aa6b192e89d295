/* SPDX-License-Identifier: Apache-2.0 */
/* What a set of measured numbers says, and whether two sets differ. */
#ifndef SKEYM_STATS_SAMPLE_H
#define SKEYM_STATS_SAMPLE_H

#include "stats/chance.h"
#include <skeym/error.h>
#include <stddef.h>

double skeym_sample_mean(const double *values, size_t count);
/* Of a sample: divided by count - 1; 0 for fewer than two. */
double skeym_sample_sd(const double *values, size_t count);
/* Sorts the values in place, smallest first. */
void skeym_sample_sort(double *values, size_t count);
/* The p-quantile of sorted values, 0 <= p <= 1, between neighbours by straight line (type 7 of
 * Hyndman and Fan); count > 0. */
double skeym_sample_quantile(const double *sorted, size_t count, double p);

struct skeym_sample_test {
    double statistic; /* Welch's t; the z of the rank test */
    double df;        /* of Welch's t; 0 else */
    double p;         /* two-sided */
    double effect;    /* difference of the means; P(a < b) + P(a = b) / 2 of the rank test */
};

/* Welch's t test of two sets with variances of their own; counts of at least 2. Two sets without
 * any variance: t is 0 where they are equal, else infinite. */
struct skeym_sample_test skeym_sample_welch(const double *a, size_t a_count, const double *b,
                                            size_t b_count);
/* The rank test of Mann, Whitney and Wilcoxon: normal approximation with the correction for ties,
 * none for continuity. Errors: SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_sample_ranks(struct skeym_sample_test *test, const double *a,
                                                   size_t a_count, const double *b, size_t b_count);

struct skeym_sample_interval {
    double value, low, high;
};

/* median(b) - median(a), and its percentile interval of that level (0.95, say) from `rounds`
 * resamplings; counts and rounds above 0. Errors: SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_sample_median_shift(struct skeym_sample_interval *interval,
                                                          const double *a, size_t a_count,
                                                          const double *b, size_t b_count,
                                                          size_t rounds, double level,
                                                          struct skeym_chance *chance);
/* The median with its distribution-free interval from order statistics. Sorts values. So few have
 * no interval of that level (5 none of 0.95): low and high are NAN. */
struct skeym_sample_interval skeym_sample_median(double *values, size_t count, double level);

/* hits of tries: the share, and its exact interval (Clopper and Pearson) of that level. With no hit
 * the upper bound at level 0.9 is the one-sided 95% bound, about 3/tries. Right to 5 digits up to
 * 10^10 tries; beyond, the logarithms of gamma are too large to be taken from each other. */
struct skeym_sample_interval skeym_sample_share(uint64_t hits, uint64_t tries, double level);

#endif
