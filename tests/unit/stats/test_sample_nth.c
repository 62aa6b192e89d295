/* SPDX-License-Identifier: Apache-2.0 */
/* The statistics that need memory, when there is none: an error, and a result that claims nothing.
 */
#include "stats/sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/nth.h"

static const double low[] = {1, 2, 3, 4, 5, 6, 7, 8};
static const double high[] = {11, 12, 13, 14, 15, 16, 17, 18};

static void ranks_without_memory_claim_nothing(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        struct skeym_sample_test test = {.p = 0};
        nth_arm(n);
        enum skeym_error error = skeym_sample_ranks(&test, low, 8, high, 8);
        if (!nth_disarm()) {
            assert_int_equal(error, SKEYM_OK);
            assert_true(test.p < 0.01 && test.effect > 0.99);
            return;
        }
        assert_int_equal(error, SKEYM_ERR_MEMORY);
        assert_true(test.p >= 1 && fabs(test.effect - 0.5) < 1e-12);
    }
}

static void a_median_shift_without_memory_claims_nothing(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        struct skeym_sample_interval shift = {1, 1, 1};
        struct skeym_chance chance = {{1, 2, 3, 4}};
        nth_arm(n);
        enum skeym_error error =
            skeym_sample_median_shift(&shift, low, 8, high, 8, 100, 0.95, &chance);
        if (!nth_disarm()) {
            assert_int_equal(error, SKEYM_OK);
            assert_true(fabs(shift.value - 10) < 1e-12 && shift.low > 0);
            return;
        }
        assert_int_equal(error, SKEYM_ERR_MEMORY);
        assert_true(fabs(shift.value) + fabs(shift.low) + fabs(shift.high) < 1e-12);
    }
}

/* Sets of nothing show no difference; of three values not even all of them are an interval. */
static void few_values(void **state)
{
    (void)state;
    struct skeym_sample_test test;
    double three[] = {3, 1, 2};
    assert_int_equal(skeym_sample_ranks(&test, low, 0, high, 0), SKEYM_OK);
    assert_true(test.p >= 1);
    struct skeym_sample_interval median = skeym_sample_median(three, 3, 0.95);
    assert_true(fabs(median.value - 2) < 1e-12 && isnan(median.low) && isnan(median.high));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_without_memory_claim_nothing),
        cmocka_unit_test(a_median_shift_without_memory_claims_nothing),
        cmocka_unit_test(few_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
