/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])
static bool near(double a, double b, double relative)
{
    return fabs(a - b) <= relative * fabs(b);
}

#define NEAR(a, b, relative)   assert_true(near(a, b, relative))
#define WITHIN(a, b, absolute) assert_true(fabs((a) - (b)) <= (absolute))

/* NIST's reference data sets for univariate statistics NumAcc1 to NumAcc4: certified mean and
 * standard deviation. */
static void nists_certified_values_come_out(void **state)
{
    (void)state;
    static const double first[] = {10000001, 10000003, 10000002};
    static const struct {
        double base, mean;
    } sets[] = {{1.2, 1.2}, {1000000.2, 1000000.2}, {10000000.2, 10000000.2}};
    double values[1001];
    NEAR(skeym_sample_mean(first, 3), 10000002, 1e-15);
    NEAR(skeym_sample_sd(first, 3), 1, 1e-15);
    for (size_t i = 0; i < COUNT(sets); i++) {
        values[0] = sets[i].base;
        for (size_t j = 1; j < 1001; j++) {
            values[j] = sets[i].base + (j % 2 ? -0.1 : 0.1);
        }
        NEAR(skeym_sample_mean(values, 1001), sets[i].mean, 1e-14);
        NEAR(skeym_sample_sd(values, 1001), 0.1, 1e-7);
    }
    assert_true(skeym_sample_sd(first, 1) == 0);
}

static void quantiles_lie_between_neighbours(void **state)
{
    (void)state;
    double values[] = {40, 10, 30, 20};
    skeym_sample_sort(values, 4);
    NEAR(skeym_sample_quantile(values, 4, 0.5), 25, 1e-15);
    assert_true(skeym_sample_quantile(values, 4, 0) == 10);
    assert_true(skeym_sample_quantile(values, 4, 1) == 40);
    NEAR(skeym_sample_quantile(values, 4, 0.25), 17.5, 1e-15);
    assert_true(skeym_sample_quantile(values, 1, 0.3) == 10);
}

static const double a15[] = {27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1,
                             21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4};
static const double b15[] = {27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0,
                             24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.4};

/* Expected values were computed with 60 digits from the definition. */
static void welchs_test_is_right(void **state)
{
    (void)state;
    struct skeym_sample_test test = skeym_sample_welch(a15, 15, b15, 15);
    NEAR(test.statistic, 2.85295487017152, 1e-13);
    NEAR(test.df, 27.8873039884201, 1e-13);
    NEAR(test.p, 0.00807193817219488, 1e-11);
    test = skeym_sample_welch(b15, 15, a15, 15);
    NEAR(test.statistic, -2.85295487017152, 1e-13);
}

static void welchs_test_bears_sets_without_variance(void **state)
{
    (void)state;
    static const double ones[] = {1, 1, 1}, twos[] = {2, 2};
    struct skeym_sample_test same = skeym_sample_welch(ones, 3, ones, 3);
    struct skeym_sample_test other = skeym_sample_welch(ones, 3, twos, 2);
    assert_true(same.statistic == 0 && same.p == 1);
    assert_true(isinf(other.statistic) && other.statistic > 0 && other.p == 0);
}

/* U = 17 of 20 pairs, z = 7 / sqrt(20 * 10 / 12). */
static void the_rank_test_is_right(void **state)
{
    (void)state;
    static const double a[] = {20, 11, 17, 12}, b[] = {19, 22, 16, 29, 24};
    struct skeym_sample_test test;
    assert_int_equal(skeym_sample_ranks(&test, a, 4, b, 5), SKEYM_OK);
    NEAR(test.effect, 17.0 / 20, 1e-15);
    NEAR(test.statistic, 7 / sqrt(200.0 / 12), 1e-14);
    NEAR(test.p, 0.0864107329737, 1e-11);
}

static void the_rank_test_shares_ranks_of_ties(void **state)
{
    (void)state;
    static const double a[] = {1, 2, 2, 3}, b[] = {2, 3, 3, 4};
    struct skeym_sample_test test;
    assert_int_equal(skeym_sample_ranks(&test, a, 4, b, 4), SKEYM_OK);
    /* pairs a < b: 4 + 3 + 3 + 1 = 11; equal: 0 + 1 + 1 + 2 = 4 */
    NEAR(test.effect, 13.0 / 16, 1e-15);
    /* ties of 3 and 3: variance 16 / 12 * (9 - 48 / 56) */
    NEAR(test.statistic, 5 / sqrt(16.0 / 12 * (9 - 48.0 / 56)), 1e-14);
    assert_int_equal(skeym_sample_ranks(&test, a, 1, a, 1), SKEYM_OK);
    assert_true(test.p == 1 && test.effect == 0.5);
    assert_int_equal(skeym_sample_ranks(&test, a, 0, b, 4), SKEYM_OK);
    assert_true(test.p == 1);
}

static void the_median_shift_finds_a_shift_and_none(void **state)
{
    (void)state;
    enum { N = 400 };
    double a[N], b[N];
    struct skeym_chance chance;
    struct skeym_sample_interval shift;
    skeym_chance_init(&chance, 7, 1);
    for (size_t i = 0; i < N; i++) {
        a[i] = skeym_chance_normal(&chance);
        b[i] = skeym_chance_normal(&chance) + 1;
    }
    assert_int_equal(skeym_sample_median_shift(&shift, a, N, b, N, 500, 0.99, &chance), SKEYM_OK);
    assert_true(shift.low > 0.5 && shift.high < 1.5 && shift.low < 1 && shift.high > 1);
    assert_true(shift.low < shift.value && shift.value < shift.high);
    assert_int_equal(skeym_sample_median_shift(&shift, a, N, a, N, 500, 0.99, &chance), SKEYM_OK);
    assert_true(shift.low < 0 && shift.high > 0 && shift.value == 0);
}

/* Of 2 values the median of 2 draws is one of three, of 3 values that of 3 draws one of three: in
 * many rounds the outermost come, and nothing beyond. */
static void resampled_medians_lie_where_they_can(void **state)
{
    (void)state;
    static const double nothing[] = {0}, two[] = {10, 20}, three[] = {30, 10, 20};
    struct skeym_chance chance;
    struct skeym_sample_interval shift;
    skeym_chance_init(&chance, 7, 2);
    assert_int_equal(skeym_sample_median_shift(&shift, nothing, 1, two, 2, 999, 0.999, &chance),
                     SKEYM_OK);
    assert_true(shift.low == 10 && shift.value == 15 && shift.high == 20);
    assert_int_equal(skeym_sample_median_shift(&shift, nothing, 1, three, 3, 999, 0.999, &chance),
                     SKEYM_OK);
    assert_true(shift.low == 10 && shift.value == 20 && shift.high == 30);
    /* half of the medians of 2 are 15: 10 and 20 are a quarter each */
    assert_int_equal(skeym_sample_median_shift(&shift, nothing, 1, two, 2, 999, 0.4, &chance),
                     SKEYM_OK);
    assert_true(shift.low == 15 && shift.high == 15);
}

/* Sign-test interval of 10 sorted values at 95%: the 2nd and the 9th, textbooks say; ours is
 * rounded outwards, never inwards. */
static void the_medians_interval_is_not_too_small(void **state)
{
    (void)state;
    double values[] = {10, 1, 9, 2, 8, 3, 7, 4, 6, 5};
    struct skeym_sample_interval median = skeym_sample_median(values, 10, 0.95);
    assert_true(median.value == 5.5);
    assert_true(median.low <= 2 && median.high >= 9);
    double many[1000];
    for (size_t i = 0; i < 1000; i++) {
        many[i] = (double)i;
    }
    median = skeym_sample_median(values, 6, 0.95); /* of 1 to 6: 1 - 2^-5 is 0.97 */
    assert_true(median.value == 3.5 && median.low == 1 && median.high == 6);
    median = skeym_sample_median(values, 5, 0.95); /* 1 - 2^-4 is 0.94 */
    assert_true(median.value == 3 && isnan(median.low) && isnan(median.high));
    median = skeym_sample_median(values, 1, 0.95);
    assert_true(median.value == 1 && isnan(median.low) && isnan(median.high));
    median = skeym_sample_median(many, 1000, 0.95);
    assert_true(median.low >= 465 && median.low <= 470 && median.high >= 529 && median.high <= 534);
}

/* Clopper and Pearson's intervals as tables print them. */
static void shares_have_exact_intervals(void **state)
{
    (void)state;
    struct skeym_sample_interval share = skeym_sample_share(4, 10, 0.95);
    WITHIN(share.value, 0.4, 1e-15);
    WITHIN(share.low, 0.1216, 5e-5);
    WITHIN(share.high, 0.7376, 5e-5);
    share = skeym_sample_share(0, 100, 0.95);
    assert_true(share.low == 0);
    WITHIN(share.high, 1 - pow(0.025, 0.01), 1e-12);
    share = skeym_sample_share(0, 10000000, 0.90);
    NEAR(share.high, 2.9957e-7, 1e-4); /* 3/n, one-sided */
    share = skeym_sample_share(7, 7, 0.95);
    assert_true(share.high == 1);
    WITHIN(share.low, pow(0.025, 1.0 / 7), 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nists_certified_values_come_out),
        cmocka_unit_test(quantiles_lie_between_neighbours),
        cmocka_unit_test(welchs_test_is_right),
        cmocka_unit_test(welchs_test_bears_sets_without_variance),
        cmocka_unit_test(the_rank_test_is_right),
        cmocka_unit_test(the_rank_test_shares_ranks_of_ties),
        cmocka_unit_test(the_median_shift_finds_a_shift_and_none),
        cmocka_unit_test(resampled_medians_lie_where_they_can),
        cmocka_unit_test(the_medians_interval_is_not_too_small),
        cmocka_unit_test(shares_have_exact_intervals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
