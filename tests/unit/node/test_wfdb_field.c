/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of a header one character beside what is taken. */
#include "node/wfdb_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_decimals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum skeym_error error;
        double value;
    } rows[] = {{"1e2", SKEYM_OK, 100},
                {"1E2", SKEYM_OK, 100},
                {"-1.5E-1", SKEYM_OK, -0.15},
                {"1E", SKEYM_ERR_SHAPE, 7},
                {"1E100", SKEYM_ERR_RANGE, 7}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_span at = skeym_span_text(rows[i].text);
        double value = 7;
        assert_int_equal(skeym_wfdb_field_decimal(&at, &value), rows[i].error);
        assert_true(value == rows[i].value);
    }
    static char many[2000];
    memset(many, '9', sizeof many - 1);
    struct skeym_span at = skeym_span_text(many);
    double value = 7;
    assert_int_equal(skeym_wfdb_field_decimal(&at, &value), SKEYM_ERR_RANGE);
    memset(many, '0', sizeof many - 1);
    many[1] = '.';
    many[sizeof many - 2] = '1';
    at = skeym_span_text(many);
    assert_int_equal(skeym_wfdb_field_decimal(&at, &value), SKEYM_ERR_RANGE);
    assert_true(value == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
