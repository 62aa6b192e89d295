/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/chance.h"
#include "stats/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void repeats_fail_at_the_cutoff(void **state)
{
    (void)state;
    struct skeym_health health = {0};
    static const uint8_t zeros[SKEYM_HEALTH_REPEATS * 2] = {0};
    assert_int_equal(skeym_health_feed(&health, zeros, SKEYM_HEALTH_REPEATS - 1), 0);
    assert_int_equal(skeym_health_feed(&health, zeros, 1), 1);
    assert_int_equal(skeym_health_feed(&health, zeros, SKEYM_HEALTH_REPEATS - 1), 0);
    assert_int_equal(skeym_health_feed(&health, zeros, 1), 1); /* it began anew */
    assert_int_equal(skeym_health_feed(&health, (const uint8_t *)"a", 1), 0);
    assert_int_equal(skeym_health_feed(&health, zeros, SKEYM_HEALTH_REPEATS - 1), 0);
}

/* A window whose first byte comes `same` times in all, never twice in a row. */
static unsigned window(struct skeym_health *health, unsigned same)
{
    uint8_t bytes[SKEYM_HEALTH_WINDOW];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(1 + i % 250);
    }
    bytes[250] = bytes[500] = 255; /* where it would come again */
    for (unsigned i = 1; i < same; i++) {
        bytes[i * 20] = 1;
    }
    return skeym_health_feed(health, bytes, sizeof bytes);
}

static void a_byte_too_frequent_fails_at_the_cutoff(void **state)
{
    (void)state;
    struct skeym_health health = {0};
    assert_int_equal(window(&health, SKEYM_HEALTH_PROPORTION - 1), 0);
    assert_int_equal(window(&health, SKEYM_HEALTH_PROPORTION - 1), 0); /* a window of its own */
    assert_int_equal(window(&health, SKEYM_HEALTH_PROPORTION), 1);
}

static void even_bytes_pass(void **state)
{
    (void)state;
    struct skeym_chance chance;
    struct skeym_health health = {0};
    uint8_t bytes[4096];
    skeym_chance_init(&chance, 1, 1);
    for (int i = 0; i < 500; i++) {
        skeym_chance_fill(&chance, bytes, sizeof bytes);
        assert_int_equal(skeym_health_feed(&health, bytes, sizeof bytes), 0);
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] &= 15; /* four bits of eight */
    }
    assert_true(skeym_health_feed(&health, bytes, sizeof bytes) > 0);
}

/* Of two bytes in turn one comes 19 times in 37: then the window begins anew, at the next byte. */
static void a_window_that_failed_begins_anew(void **state)
{
    (void)state;
    struct skeym_health health = {0};
    uint8_t bytes[370];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = i & 1;
    }
    assert_int_equal(skeym_health_feed(&health, bytes, sizeof bytes), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeats_fail_at_the_cutoff),
        cmocka_unit_test(a_byte_too_frequent_fails_at_the_cutoff),
        cmocka_unit_test(even_bytes_pass),
        cmocka_unit_test(a_window_that_failed_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
