/* SPDX-License-Identifier: Apache-2.0 */
#include "clocked.h"
#include <math.h>
#include <stdlib.h>

enum { CROPS = 20 };

static int by_value(const void *a, const void *b)
{
    uint32_t x, y;
    __builtin_memcpy(&x, a, sizeof x);
    __builtin_memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* Mean and variance of the sorted times that are at most `most`; how many they are. */
static size_t moments(struct clocked_times times, uint32_t most, double *mean, double *variance)
{
    double sum = 0, squares = 0;
    size_t count = 0;
    while (count < times.count && times.at[count] <= most) {
        sum += times.at[count++];
    }
    *mean = count ? sum / (double)count : 0;
    for (size_t i = 0; i < count; i++) {
        double apart = times.at[i] - *mean;
        squares += apart * apart;
    }
    *variance = count > 1 ? squares / (double)(count - 1) : 0;
    return count;
}

static double welch(struct clocked_times a, struct clocked_times b, uint32_t most)
{
    double mean_a, mean_b, variance_a, variance_b;
    size_t count_a = moments(a, most, &mean_a, &variance_a);
    size_t count_b = moments(b, most, &mean_b, &variance_b);
    if (count_a < 100 || count_b < 100) {
        return 0;
    }
    double error = sqrt(variance_a / (double)count_a + variance_b / (double)count_b);
    return error > 0 ? (mean_b - mean_a) / error : 0;
}

/* The largest t in size: of all samples, and of those below each of some percentiles, which grow
 * denser towards the slow end (1 - 2^(-10 k / n)), where interrupts are. */
static double largest_t(struct clocked_times a, struct clocked_times b)
{
    double largest = welch(a, b, UINT32_MAX);
    for (int k = 1; k <= CROPS; k++) {
        double part = 1 - pow(0.5, 10.0 * k / CROPS);
        /* the percentile of both together, near enough: the larger of the two */
        uint32_t in_a = a.at[(size_t)(part * (double)(a.count - 1))];
        uint32_t in_b = b.at[(size_t)(part * (double)(b.count - 1))];
        double t = welch(a, b, in_a > in_b ? in_a : in_b);
        largest = fabs(t) > fabs(largest) ? t : largest;
    }
    return largest;
}

static size_t run_of(struct clocked_times times, size_t from, uint32_t value)
{
    size_t to = from;
    while (to < times.count && times.at[to] == value) {
        to++;
    }
    return to - from;
}

/* Mann-Whitney: the ranks of b among all; ties share theirs, and make the spread smaller. */
static double rank_z(struct clocked_times a, struct clocked_times b)
{
    double n_a = (double)a.count, n_b = (double)b.count, n = n_a + n_b;
    double ranks = 0, ties = 0, before = 0;
    for (size_t i = 0, j = 0; i < a.count || j < b.count;) {
        bool from_a = j == b.count || (i < a.count && a.at[i] <= b.at[j]);
        uint32_t value = from_a ? a.at[i] : b.at[j];
        size_t same_a = run_of(a, i, value), same_b = run_of(b, j, value);
        double same = (double)(same_a + same_b);
        ranks += (double)same_b * (before + (same + 1) / 2);
        ties += same * same * same - same;
        before += same;
        i += same_a;
        j += same_b;
    }
    double u = ranks - n_b * (n_b + 1) / 2;
    double spread = sqrt(n_a * n_b / 12 * (n + 1 - ties / (n * (n - 1))));
    return spread > 0 ? (u - n_a * n_b / 2) / spread : 0;
}

struct clocked_verdict clocked_compare(struct clocked_times a, struct clocked_times b,
                                       double ticks_per_ns)
{
    qsort(a.at, a.count, sizeof *a.at, by_value);
    qsort(b.at, b.count, sizeof *b.at, by_value);
    double mean_a, mean_b, variance;
    (void)moments(a, a.at[a.count * 9 / 10], &mean_a, &variance);
    (void)moments(b, b.at[b.count * 9 / 10], &mean_b, &variance);
    return (struct clocked_verdict){.t = largest_t(a, b),
                                    .z = rank_z(a, b),
                                    .ns = (mean_b - mean_a) / ticks_per_ns,
                                    .whole = mean_a / ticks_per_ns};
}
