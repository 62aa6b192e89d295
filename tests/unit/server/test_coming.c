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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_one_that_was_dropped),
        cmocka_unit_test(test_descriptors_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
