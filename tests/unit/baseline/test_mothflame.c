/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/mothflame.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct hill {
    double top[3];
    unsigned calls;
    bool outside;
};

static const double low[] = {-1, 0, 2}, high[] = {1, 0.5, 9};

static double height(void *arg, const double *place)
{
    struct hill *hill = arg;
    double sum = 0;
    for (size_t j = 0; j < 3; j++) {
        hill->outside = hill->outside || place[j] < low[j] || place[j] > high[j];
        sum += pow(place[j] - hill->top[j], 2);
    }
    hill->calls++;
    return -sum;
}

static void climbs_the_hill_inside_its_bounds(void **state)
{
    (void)state;
    struct hill hill = {.top = {0.3, 0.5, 4}};
    struct skeym_chance chance;
    double best[3], again[3];
    const struct skeym_mothflame problem = {3, 50, low, high, height, &hill};
    skeym_chance_init(&chance, 1, 1);
    double fitness = skeym_mothflame(best, &problem, &chance);
    assert_false(hill.outside);
    assert_int_equal(hill.calls, SKEYM_MOTHFLAME_MOTHS * 51);
    assert_true(fitness > -1e-4);
    assert_true(fitness == height(&hill, best));
    skeym_chance_init(&chance, 1, 1);
    (void)skeym_mothflame(again, &problem, &chance);
    assert_memory_equal(best, again, sizeof best);
}

/* More rounds are never worse: the flames keep the best. */
static void keeps_the_best(void **state)
{
    (void)state;
    struct hill hill = {.top = {-0.7, 0.1, 8.9}};
    double best[3], last = -INFINITY;
    for (unsigned rounds = 0; rounds <= 40; rounds += 20) {
        struct skeym_chance chance;
        const struct skeym_mothflame problem = {3, rounds, low, high, height, &hill};
        skeym_chance_init(&chance, 2, 1);
        double fitness = skeym_mothflame(best, &problem, &chance);
        assert_true(fitness >= last);
        last = rounds == 0 ? fitness : last;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(climbs_the_hill_inside_its_bounds),
        cmocka_unit_test(keeps_the_best),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
