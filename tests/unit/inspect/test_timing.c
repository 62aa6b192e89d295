/* SPDX-License-Identifier: Apache-2.0 */
/* Judged are made-up samples: no time is measured. */
#include "inspect/timing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { N = 20000 };

/* The last class takes `shift` longer; one sample of ten is an interruption. */
static void fill(struct skeym_timing_samples *samples, double shift, struct skeym_chance *chance)
{
    assert_int_equal(skeym_timing_samples_open(samples, N), SKEYM_OK);
    for (size_t i = 0; i < SKEYM_TIMING_CLASSES; i++) {
        for (size_t j = 0; j < N; j++) {
            double late = skeym_chance_below(chance, 20) == 0 ? 5000 : 0;
            samples->of[i][j] = 1000 + 10 * skeym_chance_normal(chance) + late +
                                (i == SKEYM_TIMING_LAST ? shift : 0);
        }
        samples->count[i] = N;
    }
}

static struct skeym_timing_judgement judge(double shift)
{
    struct skeym_timing_samples samples;
    struct skeym_timing_judgement judgement;
    struct skeym_chance chance;
    skeym_chance_init(&chance, 1, 1);
    fill(&samples, shift, &chance);
    assert_int_equal(skeym_timing_samples_crop(&samples, 0.9), SKEYM_OK);
    assert_int_equal(
        skeym_timing_judge(&judgement, &samples, SKEYM_TIMING_FIRST, SKEYM_TIMING_LAST, &chance),
        SKEYM_OK);
    skeym_timing_samples_free(&samples);
    return judgement;
}

static void a_shift_is_a_leak_and_none_is_none(void **state)
{
    (void)state;
    struct skeym_timing_judgement leak = judge(3);
    assert_true(leak.leak);
    assert_true(leak.t > SKEYM_TIMING_LIMIT && leak.z > SKEYM_TIMING_LIMIT);
    assert_true(leak.low > 0 && leak.low < leak.shift && leak.shift < leak.high);
    assert_true(leak.said && !leak.doubt);
    assert_string_equal(skeym_timing_word(&leak), "LEAK");
    assert_true(judge(-3).leak);
    struct skeym_timing_judgement doubt = judge(0.7);
    assert_true(doubt.doubt && !doubt.leak && doubt.said);
    assert_string_equal(skeym_timing_word(&doubt), "in doubt");
    struct skeym_timing_judgement none = judge(0);
    assert_true(none.said && !none.leak && !none.doubt);
    assert_string_equal(skeym_timing_word(&none), "none found");
    assert_true(none.low < 0 && none.high > 0);
}

static void cropping_takes_the_slowest_of_all(void **state)
{
    (void)state;
    struct skeym_timing_samples samples;
    struct skeym_chance chance;
    skeym_chance_init(&chance, 1, 1);
    fill(&samples, 0, &chance);
    assert_int_equal(skeym_timing_samples_crop(&samples, 0.9), SKEYM_OK);
    size_t left = 0;
    for (size_t i = 0; i < SKEYM_TIMING_CLASSES; i++) {
        left += samples.count[i];
        for (size_t j = 0; j < samples.count[i]; j++) {
            assert_true(samples.of[i][j] < 2000);
        }
    }
    assert_in_range(left, 4 * N * 89 / 100, 4 * N * 91 / 100);
    skeym_timing_samples_free(&samples);
}

static void few_samples_say_nothing(void **state)
{
    (void)state;
    struct skeym_timing_samples samples;
    struct skeym_timing_judgement judgement;
    struct skeym_chance chance;
    skeym_chance_init(&chance, 1, 1);
    fill(&samples, 5000, &chance);
    samples.count[SKEYM_TIMING_LAST] = 99;
    assert_int_equal(
        skeym_timing_judge(&judgement, &samples, SKEYM_TIMING_FIRST, SKEYM_TIMING_LAST, &chance),
        SKEYM_OK);
    assert_true(!judgement.leak && !judgement.said && !judgement.doubt);
    assert_string_equal(skeym_timing_word(&judgement), "too few samples");
    samples.count[SKEYM_TIMING_LAST] = 100;
    assert_int_equal(
        skeym_timing_judge(&judgement, &samples, SKEYM_TIMING_FIRST, SKEYM_TIMING_LAST, &chance),
        SKEYM_OK);
    assert_true(judgement.said && judgement.leak);
    skeym_timing_samples_free(&samples);
}

/* The machine becomes slower for the last half of one class: an interval from the first samples
 * alone would see nothing. */
static void the_interval_is_of_all_the_time(void **state)
{
    (void)state;
    enum { MANY = 4 * SKEYM_TIMING_BOOTSTRAP };
    struct skeym_timing_samples samples;
    struct skeym_timing_judgement judgement;
    struct skeym_chance chance;
    skeym_chance_init(&chance, 1, 1);
    assert_int_equal(skeym_timing_samples_open(&samples, MANY), SKEYM_OK);
    for (size_t i = 0; i < MANY; i++) {
        samples.of[SKEYM_TIMING_FIRST][i] = 100 + skeym_chance_normal(&chance);
        samples.of[SKEYM_TIMING_LAST][i] =
            100 + skeym_chance_normal(&chance) + (i < MANY / 3 ? 0 : 10);
    }
    samples.count[SKEYM_TIMING_FIRST] = samples.count[SKEYM_TIMING_LAST] = MANY;
    assert_int_equal(
        skeym_timing_judge(&judgement, &samples, SKEYM_TIMING_FIRST, SKEYM_TIMING_LAST, &chance),
        SKEYM_OK);
    assert_true(judgement.low > 5);
    skeym_timing_samples_free(&samples);
}

static void judgements_are_counted(void **state)
{
    (void)state;
    struct skeym_timing_counts counts = {0};
    const struct skeym_timing_judgement few = {0}, none = {.said = true},
                                        doubt = {.said = true, .doubt = true},
                                        leak = {.said = true, .leak = true};
    skeym_timing_count(&counts, &few);
    skeym_timing_count(&counts, &none);
    skeym_timing_count(&counts, &doubt);
    skeym_timing_count(&counts, &leak);
    skeym_timing_count(&counts, &leak);
    assert_int_equal(counts.pairs, 5);
    assert_int_equal(counts.said, 4);
    assert_int_equal(counts.doubts, 1);
    assert_int_equal(counts.leaks, 2);
}

static void candidates_are_wrong_where_they_say(void **state)
{
    (void)state;
    static const size_t places[SKEYM_TIMING_CLASSES] = {99, 0, 16, 31};
    uint8_t right[32], candidate[32];
    struct skeym_chance chance;
    skeym_chance_init(&chance, 1, 1);
    skeym_chance_fill(&chance, right, sizeof right);
    for (int round = 0; round < 600; round++) {
        for (size_t class = 0; class < SKEYM_TIMING_CLASSES; class ++) {
            skeym_timing_aim(candidate, right, (enum skeym_timing_class) class, &chance);
            for (size_t i = 0; i < 32; i++) {
                assert_true((candidate[i] != right[i]) == (i == places[class]));
            }
        }
    }
    assert_string_equal(skeym_timing_class_name(SKEYM_TIMING_LAST), "last byte wrong");
}

/* A few very late samples move the mean beyond doubt, not the ranks: no leak is called. */
static void what_the_means_alone_see_is_in_doubt(void **state)
{
    (void)state;
    struct skeym_timing_samples samples;
    struct skeym_timing_judgement judgement;
    struct skeym_chance chance;
    skeym_chance_init(&chance, 1, 1);
    fill(&samples, 0, &chance);
    for (size_t i = 0; i < N; i += 50) {
        samples.of[SKEYM_TIMING_LAST][i] = 1e5;
    }
    assert_int_equal(
        skeym_timing_judge(&judgement, &samples, SKEYM_TIMING_FIRST, SKEYM_TIMING_LAST, &chance),
        SKEYM_OK);
    assert_true(judgement.t > SKEYM_TIMING_LIMIT && judgement.z < SKEYM_TIMING_LIMIT);
    assert_true(judgement.doubt && !judgement.leak);
    skeym_timing_samples_free(&samples);
}

/* Interruptions that are left in hide a shift of the means; the ranks see it, beyond doubt. */
static void what_the_ranks_alone_see_is_a_leak(void **state)
{
    (void)state;
    struct skeym_timing_samples samples;
    struct skeym_timing_judgement judgement;
    struct skeym_chance chance;
    skeym_chance_init(&chance, 1, 1);
    fill(&samples, 3, &chance);
    assert_int_equal(
        skeym_timing_judge(&judgement, &samples, SKEYM_TIMING_FIRST, SKEYM_TIMING_LAST, &chance),
        SKEYM_OK);
    assert_true(fabs(judgement.t) < SKEYM_TIMING_DOUBT && fabs(judgement.z) > SKEYM_TIMING_LIMIT);
    assert_true(judgement.leak && !judgement.doubt);
    skeym_timing_samples_free(&samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shift_is_a_leak_and_none_is_none),
        cmocka_unit_test(cropping_takes_the_slowest_of_all),
        cmocka_unit_test(few_samples_say_nothing),
        cmocka_unit_test(the_interval_is_of_all_the_time),
        cmocka_unit_test(judgements_are_counted),
        cmocka_unit_test(candidates_are_wrong_where_they_say),
        cmocka_unit_test(what_the_means_alone_see_is_in_doubt),
        cmocka_unit_test(what_the_ranks_alone_see_is_a_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
