/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_even(void **state)
{
    struct skeym_load_pace pace;
    (void)state;
    skeym_load_pace_start(&pace, 1000, false, 1);
    uint64_t first = skeym_load_pace_due(&pace);
    assert_true(first <= 1000000);
    for (uint64_t i = 1; i <= 100000; i++) {
        skeym_load_pace_step(&pace);
        assert_int_equal(skeym_load_pace_due(&pace), first + i * 1000000);
    }
    assert_int_equal(pace.count, 100000);
}

static void test_seed(void **state)
{
    struct skeym_load_pace one, same, other;
    (void)state;
    skeym_load_pace_start(&one, 10, true, 1);
    skeym_load_pace_start(&same, 10, true, 1);
    skeym_load_pace_start(&other, 10, true, 2);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(skeym_load_pace_due(&one), skeym_load_pace_due(&same));
        assert_int_not_equal(skeym_load_pace_due(&one), skeym_load_pace_due(&other));
        skeym_load_pace_step(&one);
        skeym_load_pace_step(&same);
        skeym_load_pace_step(&other);
    }
}

/* The gaps of a Poisson process: mean 1, second moment 2, a share of 1/e over the mean. */
static void test_poisson(void **state)
{
    enum { COUNT = 200000 };
    struct skeym_load_pace pace;
    double squares = 0;
    int long_ones = 0;
    (void)state;
    skeym_load_pace_start(&pace, 1000, true, 42);
    double start = pace.at_ns;
    for (int i = 0; i < COUNT; i++) {
        double before = pace.at_ns;
        skeym_load_pace_step(&pace);
        double gap = (pace.at_ns - before) / 1e6;
        assert_true(gap >= 0);
        squares += gap * gap;
        long_ones += gap > 1;
    }
    double mean = (pace.at_ns - start) / 1e6 / COUNT;
    assert_true(mean > 0.99 && mean < 1.01);
    assert_true(squares / COUNT > 1.95 && squares / COUNT < 2.05);
    assert_true(long_ones > COUNT * 0.363 && long_ones < COUNT * 0.373);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_even),
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_poisson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
