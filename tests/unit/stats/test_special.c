/* SPDX-License-Identifier: Apache-2.0 */
/* Expected values were computed with 60 digits, except where a published table is named. */
#include "stats/special.h"

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

static void the_beta_function_is_right(void **state)
{
    (void)state;
    NEAR(skeym_special_beta(2, 3, 0.4), 0.5248, 1e-14);
    NEAR(skeym_special_beta(0.5, 5, 0.1), 0.6833570849799878, 1e-14);
    NEAR(skeym_special_beta(10, 990, 0.012), 0.7581383751753435, 1e-12);
    NEAR(skeym_special_beta(100000, 3, 0.99999), 0.9196958438052767, 1e-9);
    assert_true(skeym_special_beta(2, 3, 0) == 0);
    assert_true(skeym_special_beta(2, 3, 1) == 1);
}

static void its_inverse_leads_back(void **state)
{
    (void)state;
    static const double at[][4] = {{2, 3, 0.4, 1e-12},
                                   {0.5, 5, 1e-9, 1e-12},
                                   {1, 1e9, 0.95, 1e-5}, /* lgamma(1e9) has six digits to spare */
                                   {40, 7, 0.999, 1e-12}};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        double x = skeym_special_beta_inverse(at[i][0], at[i][1], at[i][2]);
        NEAR(skeym_special_beta(at[i][0], at[i][1], x), at[i][2], at[i][3]);
    }
    /* 1 - (1 - x)^n = 0.95 */
    NEAR(skeym_special_beta_inverse(1, 1e7, 0.95), -expm1(log(0.05) / 1e7), 1e-6);
}

/* The two-sided 5% points of every textbook's table of Student's t, to its three decimals. */
static void students_table_comes_out(void **state)
{
    (void)state;
    static const struct {
        double df, t;
    } table[] = {{1, 12.706}, {2, 4.303}, {5, 2.571}, {10, 2.228}, {20, 2.086}, {120, 1.980}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_true(skeym_special_t_tails(table[i].t - 0.0006, table[i].df) > 0.05);
        assert_true(skeym_special_t_tails(table[i].t + 0.0006, table[i].df) < 0.05);
    }
    NEAR(skeym_special_t_tails(1.5, 7.3), 0.1755630928030861, 1e-12);
    NEAR(skeym_special_t_tails(-5, 100), 2.4501734135038e-6, 1e-10);
}

static void the_normal_table_comes_out(void **state)
{
    (void)state;
    NEAR(skeym_special_normal_tails(1.959963984540054), 0.05, 1e-13);
    NEAR(skeym_special_normal_tails(-2.5758293035489004), 0.01, 1e-13);
    assert_true(skeym_special_normal_tails(0) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_beta_function_is_right),
        cmocka_unit_test(its_inverse_leads_back),
        cmocka_unit_test(students_table_comes_out),
        cmocka_unit_test(the_normal_table_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
