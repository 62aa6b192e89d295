/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/sample.h"
#include "stats/special.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double skeym_sample_mean(const double *values, size_t count)
{
    double mean = 0;
    for (size_t i = 0; i < count; i++) {
        mean += (values[i] - mean) / (double)(i + 1);
    }
    return mean;
}

double skeym_sample_sd(const double *values, size_t count)
{
    double mean = skeym_sample_mean(values, count);
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        squares += (values[i] - mean) * (values[i] - mean);
    }
    return count < 2 ? 0 : sqrt(squares / (double)(count - 1));
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

void skeym_sample_sort(double *values, size_t count)
{
    if (count > 1) {
        qsort(values, count, sizeof *values, compare);
    }
}

double skeym_sample_quantile(const double *sorted, size_t count, double p)
{
    double at = p * (double)(count - 1);
    size_t below = (size_t)at;
    if (below + 1 >= count) {
        return sorted[count - 1];
    }
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* --- two sets ---------------------------------------------------------------- */

struct skeym_sample_test skeym_sample_welch(const double *a, size_t a_count, const double *b,
                                            size_t b_count)
{
    double effect = skeym_sample_mean(b, b_count) - skeym_sample_mean(a, a_count);
    double a_part = pow(skeym_sample_sd(a, a_count), 2) / (double)a_count;
    double b_part = pow(skeym_sample_sd(b, b_count), 2) / (double)b_count;
    struct skeym_sample_test test = {.effect = effect};
    if (a_part + b_part <= 0) {
        test.statistic = effect == 0 ? 0 : copysign(INFINITY, effect);
        test.p = effect == 0 ? 1 : 0;
        return test;
    }
    test.statistic = effect / sqrt(a_part + b_part);
    test.df = pow(a_part + b_part, 2) /
              (a_part * a_part / (double)(a_count - 1) + b_part * b_part / (double)(b_count - 1));
    test.p = skeym_special_t_tails(test.statistic, test.df);
    return test;
}

struct ranked {
    double value;
    int of_b;
};

static int compare_ranked(const void *a, const void *b)
{
    return compare(&((const struct ranked *)a)->value, &((const struct ranked *)b)->value);
}

enum skeym_error skeym_sample_ranks(struct skeym_sample_test *test, const double *a, size_t a_count,
                                    const double *b, size_t b_count)
{
    size_t count = a_count + b_count;
    *test = (struct skeym_sample_test){.p = 1, .effect = 0.5};
    struct ranked *all = calloc(count ? count : 1, sizeof *all);
    if (!all) {
        return SKEYM_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        all[i] = (struct ranked){i < a_count ? a[i] : b[i - a_count], i >= a_count};
    }
    qsort(all, count, sizeof *all, compare_ranked);
    double rank_sum = 0; /* of b */
    double ties = 0;
    for (size_t i = 0, end; i < count; i = end) {
        size_t of_b = 0;
        for (end = i; end < count && all[end].value == all[i].value; end++) {
            of_b += (size_t)all[end].of_b;
        }
        double same = (double)(end - i);
        rank_sum += (double)of_b * ((double)(i + end + 1) / 2);
        ties += same * (same * same - 1);
    }
    free(all);
    double n = (double)count;
    double pairs = (double)a_count * (double)b_count;
    double u = rank_sum - (double)b_count * ((double)b_count + 1) / 2;
    double variance = pairs / 12 * (n + 1 - ties / (n * (n - 1)));
    if (pairs > 0 && variance > 0) {
        test->statistic = (u - pairs / 2) / sqrt(variance);
        test->p = skeym_special_normal_tails(test->statistic);
        test->effect = u / pairs;
    }
    return SKEYM_OK;
}

/* --- intervals --------------------------------------------------------------- */

/* The median of count draws from the sorted values, with replacement: how often each is drawn says
 * what stands in the middle, so that nothing needs to be sorted again. */
static double resampled_median(uint32_t *draws, const double *sorted, size_t count,
                               struct skeym_chance *chance)
{
    memset(draws, 0, count * sizeof *draws);
    for (size_t i = 0; i < count; i++) {
        draws[skeym_chance_below(chance, count)]++;
    }
    size_t lower = (count - 1) / 2; /* the middle, or the two of it */
    size_t upper = count / 2;
    size_t seen = draws[0];
    size_t at = 0;
    while (seen <= lower) {
        seen += draws[++at];
    }
    double low = sorted[at];
    while (seen <= upper) {
        seen += draws[++at];
    }
    return (low + sorted[at]) / 2;
}

static double *sorted_copy(const double *values, size_t count)
{
    double *copy = calloc(count, sizeof *copy);
    if (copy) {
        memcpy(copy, values, count * sizeof *copy);
        skeym_sample_sort(copy, count);
    }
    return copy;
}

enum skeym_error skeym_sample_median_shift(struct skeym_sample_interval *interval, const double *a,
                                           size_t a_count, const double *b, size_t b_count,
                                           size_t rounds, double level, struct skeym_chance *chance)
{
    size_t most = a_count > b_count ? a_count : b_count;
    *interval = (struct skeym_sample_interval){0};
    double *a_sorted = sorted_copy(a, a_count);
    double *b_sorted = sorted_copy(b, b_count);
    double *shifts = calloc(rounds, sizeof *shifts);
    uint32_t *draws = calloc(most + 1, sizeof *draws);
    enum skeym_error error = a_sorted && b_sorted && shifts && draws ? SKEYM_OK : SKEYM_ERR_MEMORY;
    if (error == SKEYM_OK) {
        for (size_t i = 0; i < rounds; i++) {
            double a_median = resampled_median(draws, a_sorted, a_count, chance);
            shifts[i] = resampled_median(draws, b_sorted, b_count, chance) - a_median;
        }
        skeym_sample_sort(shifts, rounds);
        interval->value = skeym_sample_quantile(b_sorted, b_count, 0.5) -
                          skeym_sample_quantile(a_sorted, a_count, 0.5);
        interval->low = skeym_sample_quantile(shifts, rounds, (1 - level) / 2);
        interval->high = skeym_sample_quantile(shifts, rounds, (1 + level) / 2);
    }
    free(a_sorted);
    free(b_sorted);
    free(shifts);
    free(draws);
    return error;
}

struct skeym_sample_interval skeym_sample_median(double *values, size_t count, double level)
{
    skeym_sample_sort(values, count);
    double median = skeym_sample_quantile(values, count, 0.5);
    if (1 - exp2(1 - (double)count) < level) { /* not even from the least to the greatest */
        return (struct skeym_sample_interval){median, NAN, NAN};
    }
    /* the number below the median is binomial(count, 1/2): the normal form, rounded outwards */
    double reach = sqrt((double)count) / 2;
    double z = 0;
    for (double high = 10, low = 0; high - low > 1e-6;) {
        z = (low + high) / 2;
        *(skeym_special_normal_tails(z) > 1 - level ? &low : &high) = z;
    }
    double low = floor((double)count / 2 - z * reach) - 1;
    double high = ceil((double)count / 2 + z * reach);
    size_t first = low < 0 ? 0 : (size_t)low;
    size_t last = high > (double)(count - 1) ? count - 1 : (size_t)high;
    return (struct skeym_sample_interval){median, values[first], values[last]};
}

struct skeym_sample_interval skeym_sample_share(uint64_t hits, uint64_t tries, double level)
{
    double n = (double)tries;
    double k = (double)hits;
    double side = (1 - level) / 2;
    return (struct skeym_sample_interval){
        .value = k / n,
        .low = hits == 0 ? 0 : skeym_special_beta_inverse(k, n - k + 1, side),
        .high = hits == tries ? 1 : skeym_special_beta_inverse(k + 1, n - k, 1 - side),
    };
}
