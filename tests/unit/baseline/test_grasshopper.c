/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/chaos.h"
#include "baseline/grasshopper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SIZE = 256 };

static void draw(uint8_t image[SIZE])
{
    for (size_t i = 0; i < SIZE; i++) {
        image[i] = (uint8_t)(i / 16 * 15);
    }
}

/* What is found has the fitness that is said, and is better than the best of the first draw. */
static void it_finds_better_seeds_than_the_first(void **state)
{
    (void)state;
    uint8_t image[SIZE], key[SKEYM_CHAOS_KEY_BYTES];
    draw(image);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct skeym_grasshopper found;
        struct skeym_chance chance;
        skeym_chance_init(&chance, seed, 1);
        skeym_grasshopper(&found, image, SIZE, &chance);
        assert_true(found.x > 0 && found.x < 1 && found.y > 0 && found.y < 1);
        skeym_chaos_key(key, found.x, found.y);
        assert_true(skeym_chaos_fitness(key, image, SIZE) == found.fitness);
        assert_true(found.fitness > found.first);
    }
}

/* 30 draws, of which the best is the first target. */
static void the_first_draw_is_of_thirty(void **state)
{
    (void)state;
    uint8_t image[SIZE], key[SKEYM_CHAOS_KEY_BYTES];
    struct skeym_grasshopper found;
    struct skeym_chance chance, again;
    draw(image);
    skeym_chance_init(&chance, 1, 1);
    again = chance;
    double best = -1000;
    for (int i = 0; i < 30; i++) {
        double x = 1e-6 + ((1 - 1e-6) - 1e-6) * skeym_chance_unit(&again);
        double y = 1e-6 + ((1 - 1e-6) - 1e-6) * skeym_chance_unit(&again);
        skeym_chaos_key(key, x, y);
        double fitness = skeym_chaos_fitness(key, image, SIZE);
        best = fitness > best ? fitness : best;
    }
    skeym_grasshopper(&found, image, SIZE, &chance);
    assert_true(found.first - best < 1e-9 && best - found.first < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_better_seeds_than_the_first),
        cmocka_unit_test(the_first_draw_is_of_thirty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
