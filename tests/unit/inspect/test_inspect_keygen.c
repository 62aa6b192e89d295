/* SPDX-License-Identifier: Apache-2.0 */
/* What the inspection of keys says of times that the test makes, and of parity machines that never
 * agree, or that a listener always breaks. */
#include "unit/inspect/inspecting.h"

#include "baseline/chaos.h"
#include "baseline/grasshopper.h"
#include "unit/inspect/faulty_crew.h"
#include "unit/inspect/faulty_exchange.h"
#include "unit/inspect/faulty_parity.h"

enum { CHAOS, NEURAL, RANDOM, EXCHANGE, MAKERS };

/* Seconds that the makers take in turn, each asked for its beginning and its end. */
static double takes[MAKERS];
static unsigned asked;

static double made_up_clock(void)
{
    static double now;
    now += asked % 2 ? takes[asked / 2 % MAKERS] : 1;
    asked++;
    return now;
}

/* Nobody waits for a hundred keys. */
void skeym_chaos_key(uint8_t key[SKEYM_CHAOS_KEY_BYTES], double x, double y)
{
    (void)y;
    memset(key, (int)(255 * x), SKEYM_CHAOS_KEY_BYTES);
}

double skeym_chaos_fitness(const uint8_t key[SKEYM_CHAOS_KEY_BYTES], const uint8_t *image,
                           size_t size)
{
    (void)image;
    (void)size;
    return key[0];
}

static int ours_are_fastest(void **state)
{
    static const double seconds[MAKERS] = {3, 4, 1, 2};
    (void)state;
    memset(&exchange_is, 0, sizeof exchange_is);
    memcpy(takes, seconds, sizeof takes);
    asked = 0;
    cpu_seconds = made_up_clock;
    parity_is.agrees = true;
    parity_is.breaks = false;
    let_go = INT_MAX;
    return 0;
}

static struct json_object *keygen(void)
{
    return inspect(&skeym_inspection_keygen);
}

static void the_fastest_are_true_in_part(void **state)
{
    (void)state;
    struct json_object *finding = keygen();
    assert_true(figure_of(finding, "neural.runs") == 60);
    assert_true(figure_of(finding, "neural.broken") == 0);
    assert_part(headline_of(finding, 0), "cost less time than");
    ends_with(finding, SKEYM_VERDICT_MIXED, "SkeyM's keys are the fastest");
}

static void those_that_are_not_are_not_confirmed(void **state)
{
    (void)state;
    static const int faster[] = {CHAOS, NEURAL};
    for (size_t i = 0; i < 2; i++) {
        (void)ours_are_fastest(NULL);
        takes[faster[i]] = 1e-9;
        struct json_object *finding = keygen();
        assert_part(headline_of(finding, 0), "is not shown by this run");
        ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "not shown to be the fastest");
    }
}

static void what_a_listener_breaks_is_counted(void **state)
{
    (void)state;
    parity_is.breaks = true;
    struct json_object *finding = keygen();
    assert_true(figure_of(finding, "neural.broken") == 100);
    ends_with(finding, SKEYM_VERDICT_MIXED, "had 100.0% of the neural keys");
    (void)ours_are_fastest(NULL);
    parity_is.agrees = false; /* there was nothing to listen to */
    ends_with(keygen(), SKEYM_VERDICT_MIXED, "the neural keys were not listened to");
}

/* A key that is not made is not handed on: the chain stays at its secret. */
static void keys_that_are_not_made_go_nowhere(void **state)
{
    (void)state;
    exchange_is.derives_nothing = true;
    ends_with(keygen(), SKEYM_VERDICT_MIXED, "the fastest");
}

static void what_is_stopped_has_one_round(void **state)
{
    (void)state;
    let_go = 1;
    struct json_object *finding = inspect_with(&skeym_inspection_keygen, SKEYM_INSPECT_FULL, NULL);
    struct json_object *figure = json_object_array_get_idx(member(finding, "figures"), 0);
    assert_part(json_object_get_string(member(figure, "what")), "median of 1 rounds");
    assert_true(json_object_get_boolean(member(finding, "stopped")));
    assert_null(member(figure, "low")); /* one round has no interval, and shows nothing */
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "not shown to be the fastest");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_fastest_are_true_in_part, ours_are_fastest),
        cmocka_unit_test_setup(those_that_are_not_are_not_confirmed, ours_are_fastest),
        cmocka_unit_test_setup(what_a_listener_breaks_is_counted, ours_are_fastest),
        cmocka_unit_test_setup(keys_that_are_not_made_go_nowhere, ours_are_fastest),
        cmocka_unit_test_setup(what_is_stopped_has_one_round, ours_are_fastest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
