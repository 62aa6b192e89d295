/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/chance.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The first outputs of xoshiro256** for the state 1, 2, 3, 4, worked out by hand from its
 * definition: rotl(s1 * 5, 7) * 9, and so on. */
static void steps_as_its_authors_define(void **state)
{
    (void)state;
    struct skeym_chance chance = {{1, 2, 3, 4}};
    assert_true(skeym_chance_next(&chance) == 11520); /* rotl(10, 7) * 9 */
    assert_true(skeym_chance_next(&chance) == 0);     /* s1 is 2 ^ (3 ^ 1) = 0 */
    assert_true(skeym_chance_next(&chance) == 1509978240);
}

static void is_the_same_for_a_seed_and_no_other(void **state)
{
    (void)state;
    struct skeym_chance a, b;
    skeym_chance_init(&a, 5, 1);
    skeym_chance_init(&b, 5, 1);
    for (int i = 0; i < 100; i++) {
        assert_true(skeym_chance_next(&a) == skeym_chance_next(&b));
    }
    skeym_chance_init(&a, 5, 2);
    skeym_chance_init(&b, 6, 1);
    assert_true(skeym_chance_next(&a) != skeym_chance_next(&b));
}

static void numbers_below_are_even(void **state)
{
    (void)state;
    struct skeym_chance chance;
    unsigned counts[6] = {0};
    skeym_chance_init(&chance, 1, 1);
    for (int i = 0; i < 60000; i++) {
        counts[skeym_chance_below(&chance, 6)]++;
    }
    for (int i = 0; i < 6; i++) {
        assert_in_range(counts[i], 9600, 10400); /* 4.4 standard deviations; the seed is fixed */
    }
    assert_true(skeym_chance_below(&chance, 1) == 0);
    for (int i = 0; i < 1000; i++) { /* where taking the rest alone would be uneven by half */
        assert_true(skeym_chance_below(&chance, UINT64_C(3) << 62) < UINT64_C(3) << 62);
    }
}

static void units_and_normals_are_where_they_belong(void **state)
{
    (void)state;
    struct skeym_chance chance;
    double sum = 0, squares = 0, units = 0;
    skeym_chance_init(&chance, 1, 1);
    for (int i = 0; i < 100000; i++) {
        double unit = skeym_chance_unit(&chance);
        double normal = skeym_chance_normal(&chance);
        assert_true(unit >= 0 && unit < 1 && isfinite(normal));
        units += unit;
        sum += normal;
        squares += normal * normal;
    }
    assert_true(fabs(units / 1e5 - 0.5) < 0.004);
    assert_true(fabs(sum / 1e5) < 0.014 && fabs(squares / 1e5 - 1) < 0.02);
}

static void fills_every_byte_and_none_beyond(void **state)
{
    (void)state;
    struct skeym_chance chance;
    uint8_t bytes[20];
    bool seen[13] = {false};
    skeym_chance_init(&chance, 1, 1);
    for (int i = 0; i < 50; i++) {
        memset(bytes, 0, sizeof bytes);
        skeym_chance_fill(&chance, bytes, 13);
        for (size_t j = 0; j < 13; j++) {
            seen[j] = seen[j] || bytes[j] != 0;
        }
        for (size_t j = 13; j < sizeof bytes; j++) {
            assert_int_equal(bytes[j], 0);
        }
    }
    for (size_t j = 0; j < 13; j++) {
        assert_true(seen[j]);
    }
}

static void orders_hold_each_number_once(void **state)
{
    (void)state;
    struct skeym_chance chance;
    size_t order[50];
    unsigned first[50] = {0};
    skeym_chance_init(&chance, 1, 1);
    for (int round = 0; round < 5000; round++) {
        bool seen[50] = {false};
        skeym_chance_order(&chance, order, 50);
        for (size_t i = 0; i < 50; i++) {
            assert_true(order[i] < 50 && !seen[order[i]]);
            seen[order[i]] = true;
        }
        first[order[0]]++;
    }
    for (size_t i = 0; i < 50; i++) {
        assert_in_range(first[i], 55, 150);
    }
}

/* Below 3/4 of 2^64 a plain remainder would give the lowest third half of all draws. */
static void large_bounds_are_even_too(void **state)
{
    (void)state;
    struct skeym_chance chance;
    unsigned low = 0;
    skeym_chance_init(&chance, 3, 1);
    for (int i = 0; i < 9000; i++) {
        low += skeym_chance_below(&chance, UINT64_C(3) << 62) < UINT64_C(1) << 62;
    }
    assert_in_range(low, 2700, 3300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_as_its_authors_define),
        cmocka_unit_test(is_the_same_for_a_seed_and_no_other),
        cmocka_unit_test(numbers_below_are_even),
        cmocka_unit_test(units_and_normals_are_where_they_belong),
        cmocka_unit_test(fills_every_byte_and_none_beyond),
        cmocka_unit_test(orders_hold_each_number_once),
        cmocka_unit_test(large_bounds_are_even_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
