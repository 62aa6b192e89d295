/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of time when memory ends: an error, and no judgement. */
#include "inspect/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/nth.h"

enum { N = 200 };

static struct skeym_timing_samples samples;

static enum skeym_error fill(void)
{
    enum skeym_error error = skeym_timing_samples_open(&samples, N);
    struct skeym_chance chance;
    skeym_chance_init(&chance, 1, 1);
    for (size_t i = 0; error == SKEYM_OK && i < SKEYM_TIMING_CLASSES; i++) {
        samples.count[i] = N;
        for (size_t j = 0; j < N; j++) {
            samples.of[i][j] = 100 + skeym_chance_normal(&chance);
        }
    }
    return error;
}

static enum skeym_error judge_all(struct skeym_timing_judgement *judgement)
{
    struct skeym_chance chance;
    skeym_chance_init(&chance, 2, 2);
    enum skeym_error error = fill();
    if (error == SKEYM_OK) {
        error = skeym_timing_samples_crop(&samples, 0.9);
    }
    if (error == SKEYM_OK) {
        error =
            skeym_timing_judge(judgement, &samples, SKEYM_TIMING_FIRST, SKEYM_TIMING_LAST, &chance);
    }
    skeym_timing_samples_free(&samples);
    return error;
}

static void each_allocation_that_fails_is_an_error(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        struct skeym_timing_judgement judgement = {.said = false};
        nth_arm(n);
        enum skeym_error error = judge_all(&judgement);
        bool hit = nth_disarm();
        assert_int_equal(error, hit ? SKEYM_ERR_MEMORY : SKEYM_OK);
        assert_int_equal(judgement.said, !hit);
        if (!hit) {
#ifndef NTH_SANITIZED
            assert_true(n > SKEYM_TIMING_CLASSES + 3);
#endif
            break;
        }
    }
}

/* Samples that were never taken have no slowest tenth. */
static void of_no_samples_none_are_left_out(void **state)
{
    (void)state;
    struct skeym_timing_judgement judgement;
    struct skeym_chance chance;
    skeym_chance_init(&chance, 2, 2);
    assert_int_equal(skeym_timing_samples_open(&samples, N), SKEYM_OK);
    assert_int_equal(skeym_timing_samples_crop(&samples, 0.9), SKEYM_OK);
    assert_int_equal(samples.count[0], 0);
    assert_int_equal(
        skeym_timing_judge(&judgement, &samples, SKEYM_TIMING_FIRST, SKEYM_TIMING_LAST, &chance),
        SKEYM_OK);
    assert_false(judgement.said);
    skeym_timing_samples_free(&samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_that_fails_is_an_error),
        cmocka_unit_test(of_no_samples_none_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
