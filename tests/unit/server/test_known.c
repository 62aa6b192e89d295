/* SPDX-License-Identifier: Apache-2.0 */
#include "server/known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define START UINT64_C(1000000)

static struct skeym_known known;

static int clear(void **state)
{
    (void)state;
    memset(&known, 0, sizeof known);
    known.key[0] = 12345;
    known.key[1] = 67890;
    return 0;
}

static struct skeym_source host(uint32_t number)
{
    struct skeym_source source = {.family = 4};
    memcpy(source.prefix, &number, sizeof number);
    return source;
}

static void nobody_is_known_at_first(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 10000; i++) {
        struct skeym_source one = host(i);
        assert_false(skeym_known_has(&known, &one, START));
    }
}

static void knows_for_a_day(void **state)
{
    struct skeym_source one = host(1), other = host(2);
    (void)state;
    skeym_known_add(&known, &one, START);
    assert_true(skeym_known_has(&known, &one, START));
    assert_true(skeym_known_has(&known, &one, START + SKEYM_KNOWN_MS - 1));
    assert_false(skeym_known_has(&known, &one, START + SKEYM_KNOWN_MS));
    assert_false(skeym_known_has(&known, &other, START));
    skeym_known_add(&known, &one, START + SKEYM_KNOWN_MS);
    assert_true(skeym_known_has(&known, &one, START + 2 * SKEYM_KNOWN_MS - 1));
}

static void families_differ(void **state)
{
    struct skeym_source one = host(1), unknown = host(1);
    (void)state;
    skeym_known_add(&known, &one, START);
    one.family = 6;
    assert_false(skeym_known_has(&known, &one, START));
    unknown.family = 0;
    skeym_known_add(&known, &unknown, START);
    assert_false(skeym_known_has(&known, &unknown, START));
}

/* One that comes again takes no second place; the one that was seen longest ago goes first. */
static void the_oldest_makes_room(void **state)
{
    enum { MANY = SKEYM_KNOWN_SETS * SKEYM_KNOWN_WAYS * 8 };
    struct skeym_source first = host(0), last = host(MANY - 1);
    uint32_t left = 0;
    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        struct skeym_source one = host(i);
        skeym_known_add(&known, &one, START + i);
        skeym_known_add(&known, &last, START + i); /* seen all the time */
        assert_true(skeym_known_has(&known, &one, START + i));
        assert_true(skeym_known_has(&known, &last, START + i));
    }
    assert_false(skeym_known_has(&known, &first, START + MANY));
    for (uint32_t i = 0; i < MANY; i++) {
        struct skeym_source one = host(i);
        left += skeym_known_has(&known, &one, START + MANY);
    }
    assert_in_range(left, SKEYM_KNOWN_SETS * SKEYM_KNOWN_WAYS * 99 / 100,
                    SKEYM_KNOWN_SETS * SKEYM_KNOWN_WAYS);
}

/* A clock that steps back makes nobody a stranger. */
static void knows_a_host_that_comes_from_the_future(void **state)
{
    struct skeym_source one = host(1);
    (void)state;
    skeym_known_add(&known, &one, START);
    assert_true(skeym_known_has(&known, &one, START - 1));
    assert_true(skeym_known_has(&known, &one, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nobody_is_known_at_first, clear),
        cmocka_unit_test_setup(knows_for_a_day, clear),
        cmocka_unit_test_setup(families_differ, clear),
        cmocka_unit_test_setup(the_oldest_makes_room, clear),
        cmocka_unit_test_setup(knows_a_host_that_comes_from_the_future, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
