/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS(ms) (UINT64_C(ms) * 1000000)

static struct skeym_clock fresh(void)
{
    struct skeym_clock clock;
    skeym_clock_init(&clock);
    return clock;
}

static void follows_the_wall_clock_forward(void **state)
{
    (void)state;
    struct skeym_clock clock = fresh();
    uint64_t behind = 99;
    assert_int_equal(skeym_clock_step(&clock, MS(1000000), MS(500), &behind), 1000000);
    assert_int_equal(behind, 0);
    assert_int_equal(skeym_clock_step(&clock, MS(1000007), MS(507), NULL), 1000007);
    assert_int_equal(skeym_clock_step(&clock, MS(5000000), MS(508), &behind), 5000000);
    assert_int_equal(behind, 0);
}

static void never_goes_back_but_goes_on(void **state)
{
    (void)state;
    struct skeym_clock clock = fresh();
    uint64_t behind = 0;
    assert_int_equal(skeym_clock_step(&clock, MS(1000000), MS(500), NULL), 1000000);
    assert_int_equal(skeym_clock_step(&clock, MS(400010), MS(510), &behind), 1000010);
    assert_int_equal(behind, 600000);
    assert_int_equal(skeym_clock_step(&clock, MS(401010), MS(1510), &behind), 1001010);
    assert_int_equal(behind, 600000);
}

static void meets_the_wall_clock_again(void **state)
{
    (void)state;
    struct skeym_clock clock = fresh();
    uint64_t behind = 0;
    assert_int_equal(skeym_clock_step(&clock, MS(1000000), MS(500), NULL), 1000000);
    assert_int_equal(skeym_clock_step(&clock, MS(999000), MS(600), &behind), 1000100);
    assert_int_equal(behind, 1100);
    assert_int_equal(skeym_clock_step(&clock, MS(1000300), MS(700), &behind), 1000300);
    assert_int_equal(behind, 0);
}

/* Held up between the two readings: the wall clock's is old. The clock must not run ahead. */
static void a_late_reading_changes_nothing(void **state)
{
    (void)state;
    struct skeym_clock clock = fresh();
    uint64_t behind = 0;
    assert_int_equal(skeym_clock_step(&clock, MS(1000000), MS(500), NULL), 1000000);
    assert_int_equal(skeym_clock_step(&clock, MS(1000010), MS(600), &behind), 1000100);
    assert_int_equal(behind, 90);
    assert_int_equal(skeym_clock_step(&clock, MS(1000200), MS(700), NULL), 1000200);
}

static void works_where_the_wall_clock_is_below_the_monotonic_one(void **state)
{
    (void)state;
    struct skeym_clock clock = fresh();
    assert_int_equal(skeym_clock_step(&clock, MS(100), MS(5000), NULL), 100);
    assert_int_equal(skeym_clock_step(&clock, MS(50), MS(5001), NULL), 101);
    assert_int_equal(skeym_clock_step(&clock, MS(9000), MS(5002), NULL), 9000);
}

/* Where the two clocks' milliseconds begin at different moments, a right clock is not behind. */
static void is_not_behind_by_rounding(void **state)
{
    (void)state;
    struct skeym_clock clock = fresh();
    uint64_t behind = 99;
    (void)skeym_clock_step(&clock, MS(1000000) + 300000, MS(500) + 900000, NULL);
    for (uint64_t ns = 0; ns < 2000000; ns += 50000) {
        uint64_t now =
            skeym_clock_step(&clock, MS(1000000) + 300000 + ns, MS(500) + 900000 + ns, &behind);
        assert_int_equal(behind, 0);
        assert_int_equal(now, (MS(1000000) + 300000 + ns) / 1000000);
    }
}

static void reads_the_system_clocks(void **state)
{
    (void)state;
    struct skeym_clock clock = fresh();
    uint64_t first = skeym_clock_now(&clock, NULL);
    assert_true(first > UINT64_C(1700000000000));
    assert_true(skeym_clock_now(&clock, NULL) >= first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_wall_clock_forward),
        cmocka_unit_test(never_goes_back_but_goes_on),
        cmocka_unit_test(meets_the_wall_clock_again),
        cmocka_unit_test(a_late_reading_changes_nothing),
        cmocka_unit_test(works_where_the_wall_clock_is_below_the_monotonic_one),
        cmocka_unit_test(is_not_behind_by_rounding),
        cmocka_unit_test(reads_the_system_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
