/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/chaos.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void keys_repeat_and_differ(void **state)
{
    (void)state;
    uint8_t a[SKEYM_CHAOS_KEY_BYTES], b[SKEYM_CHAOS_KEY_BYTES];
    skeym_chaos_key(a, 0.3, 0.4);
    skeym_chaos_key(b, 0.3, 0.4);
    assert_memory_equal(a, b, sizeof a);
    skeym_chaos_key(b, nextafter(0.3, 1), 0.4); /* a thousand steps part the nearest seeds */
    assert_memory_not_equal(a, b, sizeof a);
    skeym_chaos_key(b, 0.3, nextafter(0.4, 1));
    assert_memory_not_equal(a, b, sizeof a);
}

/* With a tent of 2 this one would end in 0 and leave the logistic map alone. */
static void the_tent_does_not_collapse(void **state)
{
    (void)state;
    uint8_t a[SKEYM_CHAOS_KEY_BYTES], b[SKEYM_CHAOS_KEY_BYTES];
    skeym_chaos_key(a, 0.3, 0.25);
    skeym_chaos_key(b, 0.3, 0.75);
    /* 0.25 and 0.75 meet at once: 2 * 0.25 = 2 * (1 - 0.75) */
    assert_memory_equal(a, b, sizeof a);
    skeym_chaos_key(b, 0.3, 0.125);
    assert_memory_not_equal(a, b, sizeof a);
}

static void fitness_is_psnr_less_correlation(void **state)
{
    (void)state;
    uint8_t image[256], key[SKEYM_CHAOS_KEY_BYTES];
    for (size_t i = 0; i < sizeof image; i++) {
        image[i] = (uint8_t)(i & 15);
    }
    memset(key, 0, sizeof key); /* the same image: no noise, full correlation of neighbours */
    double none = skeym_chaos_fitness(key, image, sizeof image);
    assert_true(none > 98 && none < 99);
    memset(key, 0xff, sizeof key); /* every byte off by 225 to 255 */
    double all = skeym_chaos_fitness(key, image, sizeof image);
    assert_true(all > -1 && all < 2);
}

/* Neighbours that are all alike are fully correlated, though there is no variance to divide by. */
static void an_image_of_one_colour_is_fully_correlated(void **state)
{
    (void)state;
    uint8_t image[64], key[SKEYM_CHAOS_KEY_BYTES];
    memset(image, 7, sizeof image);
    memset(key, 0xf8, sizeof key); /* every byte becomes 255, 248 off */
    double psnr = 20 * log10(255.0 / 248);
    assert_true(fabs(skeym_chaos_fitness(key, image, sizeof image) - (psnr - 1)) < 1e-12);
    memset(key, 0, sizeof key);
    assert_true(skeym_chaos_fitness(key, image, sizeof image) == 98);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_repeat_and_differ),
        cmocka_unit_test(the_tent_does_not_collapse),
        cmocka_unit_test(fitness_is_psnr_less_correlation),
        cmocka_unit_test(an_image_of_one_colour_is_fully_correlated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
