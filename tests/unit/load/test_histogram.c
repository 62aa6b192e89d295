/* SPDX-License-Identifier: Apache-2.0 */
#include "load/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct skeym_histogram histogram;

static int clear(void **state)
{
    (void)state;
    memset(&histogram, 0, sizeof histogram);
    return 0;
}

static uint64_t next(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    return z ^ (z >> 27);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void test_empty(void **state)
{
    (void)state;
    assert_int_equal(skeym_histogram_at(&histogram, 0.5), 0);
    assert_true(skeym_histogram_mean(&histogram) == 0);
}

/* Small values have a cell each. */
static void test_exact_below_2048(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 1000; i++) {
        skeym_histogram_add(&histogram, i);
    }
    assert_int_equal(skeym_histogram_at(&histogram, 0), 1);
    assert_int_equal(skeym_histogram_at(&histogram, 0.001), 1);
    assert_int_equal(skeym_histogram_at(&histogram, 0.5), 500);
    assert_int_equal(skeym_histogram_at(&histogram, 0.5001), 501);
    assert_int_equal(skeym_histogram_at(&histogram, 0.99), 990);
    assert_int_equal(skeym_histogram_at(&histogram, 0.999), 999);
    assert_int_equal(skeym_histogram_at(&histogram, 0.9991), 1000);
    assert_int_equal(skeym_histogram_at(&histogram, 1), 1000);
    assert_true(skeym_histogram_mean(&histogram) == 500.5);
    assert_int_equal(histogram.least, 1);
    assert_int_equal(histogram.most, 1000);
}

/* Each value alone, around each doubling: never less than it was, at most a thousandth more. The
 * one above keeps `most` from hiding the cell's width. */
static void test_three_digits_everywhere(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 44; bit++) {
        for (int64_t off = -2; off <= 2; off++) {
            int64_t value = (int64_t)(UINT64_C(1) << bit) + off;
            if (value < 0 || (uint64_t)value > SKEYM_HISTOGRAM_MOST) {
                continue;
            }
            memset(&histogram, 0, sizeof histogram);
            skeym_histogram_add(&histogram, (uint64_t)value);
            skeym_histogram_add(&histogram, SKEYM_HISTOGRAM_MOST);
            uint64_t got = skeym_histogram_at(&histogram, 0.5);
            assert_true(got >= (uint64_t)value);
            assert_true(got - (uint64_t)value <= (uint64_t)value / 1000);
        }
    }
}

/* Against the sorted values themselves. */
static void test_against_exact(void **state)
{
    static uint64_t values[20000];
    static const double shares[] = {0.0001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
    enum { COUNT = sizeof values / sizeof values[0] };
    uint64_t seed = 7;
    (void)state;
    for (size_t i = 0; i < COUNT; i++) { /* over many orders of magnitude */
        values[i] = next(&seed) >> (20 + next(&seed) % 40);
        skeym_histogram_add(&histogram, values[i]);
    }
    qsort(values, COUNT, sizeof values[0], by_value);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        uint64_t exact = values[(size_t)(shares[i] * COUNT + 0.5) - 1];
        uint64_t got = skeym_histogram_at(&histogram, shares[i]);
        assert_true(got >= exact);
        assert_true(got - exact <= exact / 1000);
    }
    assert_int_equal(skeym_histogram_at(&histogram, 1), values[COUNT - 1]);
    assert_int_equal(histogram.least, values[0]);
}

static void test_clamps(void **state)
{
    (void)state;
    skeym_histogram_add(&histogram, UINT64_MAX);
    skeym_histogram_add(&histogram, SKEYM_HISTOGRAM_MOST);
    assert_int_equal(histogram.count, 2);
    assert_int_equal(histogram.cell[SKEYM_HISTOGRAM_CELLS - 1], 2);
    assert_int_equal(skeym_histogram_at(&histogram, 1), SKEYM_HISTOGRAM_MOST);
}

static void test_merge(void **state)
{
    static struct skeym_histogram other;
    static const struct skeym_histogram none;
    (void)state;
    memset(&other, 0, sizeof other);
    skeym_histogram_merge(&histogram, &none);
    assert_int_equal(histogram.count, 0);
    for (uint64_t i = 0; i < 100; i++) {
        skeym_histogram_add(&histogram, 1000 + i);
        skeym_histogram_add(&other, i + 1);
    }
    skeym_histogram_merge(&histogram, &none);
    skeym_histogram_merge(&histogram, &other);
    assert_int_equal(histogram.count, 200);
    assert_int_equal(histogram.least, 1);
    assert_int_equal(histogram.most, 1099);
    assert_int_equal(skeym_histogram_at(&histogram, 0.5), 100);
    assert_int_equal(skeym_histogram_at(&histogram, 0.505), 1000);
    memset(&histogram, 0, sizeof histogram);
    skeym_histogram_merge(&histogram, &other);
    assert_int_equal(histogram.least, 1);
    assert_true(skeym_histogram_mean(&histogram) == 50.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_empty, clear),
        cmocka_unit_test_setup(test_exact_below_2048, clear),
        cmocka_unit_test_setup(test_three_digits_everywhere, clear),
        cmocka_unit_test_setup(test_against_exact, clear),
        cmocka_unit_test_setup(test_clamps, clear),
        cmocka_unit_test_setup(test_merge, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
