/* SPDX-License-Identifier: Apache-2.0 */
#include "server/coming.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_counts(void **state)
{
    (void)state;
    struct skeym_coming coming;
    assert_int_equal(skeym_coming_open(&coming, 8), SKEYM_OK);
    assert_int_equal(skeym_coming_count(&coming), 0);
    skeym_coming_begin(&coming, 3);
    skeym_coming_begin(&coming, 7);
    assert_int_equal(skeym_coming_count(&coming), 2);
    skeym_coming_end(&coming, 3);
    skeym_coming_end(&coming, 3); /* told twice */
    skeym_coming_end(&coming, 4); /* never came */
    assert_int_equal(skeym_coming_count(&coming), 1);
    skeym_coming_close(&coming);
}

/* The library dropped it, and its descriptor is another connection's now. */
static void test_one_that_was_dropped(void **state)
{
    (void)state;
    struct skeym_coming coming;
    assert_int_equal(skeym_coming_open(&coming, 8), SKEYM_OK);
    skeym_coming_begin(&coming, 5);
    skeym_coming_begin(&coming, 5);
    assert_int_equal(skeym_coming_count(&coming), 1);
    skeym_coming_end(&coming, 5);
    assert_int_equal(skeym_coming_count(&coming), 0);
    skeym_coming_close(&coming);
}

static void test_descriptors_out_of_range(void **state)
{
    (void)state;
    struct skeym_coming coming;
    assert_int_equal(skeym_coming_open(&coming, 8), SKEYM_OK);
    static const int strange[] = {-1, 8, INT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        skeym_coming_begin(&coming, strange[i]);
        skeym_coming_end(&coming, strange[i]);
        assert_int_equal(skeym_coming_count(&coming), 0);
    }
    skeym_coming_close(&coming);
    skeym_coming_close(&coming);
}

static void begin_all(struct skeym_coming *coming, uint64_t now_ms)
{
    for (int fd = 1; fd <= SKEYM_COMING_FEW; fd++) {
        assert_true(skeym_coming_turn(coming, fd, now_ms));
        skeym_coming_begin(coming, fd);
    }
}

static void test_few_at_a_time(void **state)
{
    (void)state;
    struct skeym_coming coming;
    assert_int_equal(skeym_coming_open(&coming, 100), SKEYM_OK);
    begin_all(&coming, 5000);
    assert_false(skeym_coming_turn(&coming, 90, 5000));
    skeym_coming_end(&coming, 7);
    assert_true(skeym_coming_turn(&coming, 90, 5000));
    skeym_coming_begin(&coming, 90);
    assert_false(skeym_coming_turn(&coming, 91, 5000));
    skeym_coming_close(&coming);
}

/* Else strangers would wait for ever for what the library dropped without a word. */
static void test_a_turn_that_is_lost_comes_back(void **state)
{
    (void)state;
    struct skeym_coming coming;
    assert_int_equal(skeym_coming_open(&coming, 100), SKEYM_OK);
    begin_all(&coming, 5000);
    assert_false(skeym_coming_turn(&coming, 90, 5000 + SKEYM_COMING_LOST_MS - 1));
    begin_all(&coming, 5000 + SKEYM_COMING_LOST_MS);
    assert_false(skeym_coming_turn(&coming, 90, 5000 + SKEYM_COMING_LOST_MS));
    skeym_coming_close(&coming);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_one_that_was_dropped),
        cmocka_unit_test(test_descriptors_out_of_range),
        cmocka_unit_test(test_few_at_a_time),
        cmocka_unit_test(test_a_turn_that_is_lost_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
