/* SPDX-License-Identifier: Apache-2.0 */
/* Expected values: ln-gamma with 250 digits. */
#include "stats/birthday.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

static bool near(double a, double b, double relative)
{
    return fabs(a - b) <= relative * fabs(b);
}

#define NEAR(a, b, relative) assert_true(near(a, b, relative))

static void agrees_with_arbitrary_precision(void **state)
{
    (void)state;
    static const struct {
        double n, bits, log_none, log2_some;
    } table[] = {
        {1e6, 128, -1.4693664691599209e-27, -89.136864304047},
        {0x1p20, 128, -1.6155855931486767e-27, -89.000001375862},
        {0x1p60, 128, -0.001953125, -9.0014086525657},
        {0x1p64, 128, -0.5, -1.3456768717052},
        {0x1p126, 128, -1.1650739329274925e+37, 0},
        {1e6, 256, -4.3180799594629448e-66, -217.13686430405},
        {0x1p100, 256, -6.9388939039072284e-18, -57},
        {0x1p130, 256, -8, -0.00048405146480691},
        {1e6, 320, -2.3408358365079218e-85, -281.13686430405},
        {0x1p40, 320, -2.8298997121307738e-73, -241},
        {0x1p158, 320, -0.03125, -5.0224834070801},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        double log_none = skeym_birthday_log_none(table[i].n, table[i].bits);
        NEAR(log_none, table[i].log_none, 1e-13);
        assert_true(fabs(skeym_birthday_log2_some(log_none) - table[i].log2_some) <= 1e-11);
    }
}

/* k small enough to multiply it out: (1 - 1/k) (1 - 2/k) ... */
static void agrees_with_the_product(void **state)
{
    (void)state;
    static const double sizes[] = {2, 3, 23, 100, 180};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        double log_none = 0;
        for (int j = 1; j < (int)sizes[i]; j++) {
            log_none += log1p(-j / 1024.0);
        }
        NEAR(skeym_birthday_log_none(sizes[i], 10), log_none, 1e-9);
    }
}

static void the_papers_forms_are_as_printed(void **state)
{
    (void)state;
    NEAR(skeym_birthday_log_square(0x1p130, 256), -8, 1e-15);
    double k = 1024;
    NEAR(skeym_birthday_log_stirling(300, 10), (300 - k) * log(1 - 300 / k) - 300, 1e-12);
}

static void finds_the_most_keys(void **state)
{
    (void)state;
    /* p = n^2 / 2k = 2^-32 for n = 2^((b + 1 - 32) / 2) */
    assert_true(fabs(skeym_birthday_log2_most(128, -32) - 48.5) < 1e-6);
    assert_true(fabs(skeym_birthday_log2_most(256, -32) - 112.5) < 1e-6);
    assert_true(fabs(skeym_birthday_log2_most(320, -32) - 144.5) < 1e-6);
}

/* The birthdays of 23 people, by the product in arbitrary precision: so few keys need all terms. */
static void small_numbers_need_all_terms(void **state)
{
    (void)state;
    NEAR(skeym_birthday_log_none(23, log2(365)), -0.70784919614167301, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_arbitrary_precision),
        cmocka_unit_test(agrees_with_the_product),
        cmocka_unit_test(the_papers_forms_are_as_printed),
        cmocka_unit_test(finds_the_most_keys),
        cmocka_unit_test(small_numbers_need_all_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
