/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_text.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void numbers_are_as_printf_has_them(void **state)
{
    (void)state;
    const int64_t numbers[] = {0,         1,         9,         10,         -1,
                               -10,       123456789, INT64_MAX, INT64_MIN,  INT64_MIN + 1,
                               INT32_MIN, 100,       99,        4294967296, -99};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char wanted[32];
        struct skeym_fhir_text text = {0};
        (void)snprintf(wanted, sizeof wanted, "%" PRId64, numbers[i]);
        skeym_fhir_text_number(&text, numbers[i]);
        assert_string_equal(text.data, wanted);
        skeym_fhir_text_free(&text);
    }
}

static void each_byte_is_escaped_as_it_must(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        char wanted[16];
        const char byte[] = {'a', (char)c, 'b'};
        struct skeym_fhir_text text = {0};
        if (c < 0x20) {
            (void)snprintf(wanted, sizeof wanted, "\"a\\u%04xb\"", c);
        } else {
            (void)snprintf(wanted, sizeof wanted, c == '"' || c == '\\' ? "\"a\\%cb\"" : "\"a%cb\"",
                           (int)c);
        }
        skeym_fhir_text_string(&text, skeym_span(byte, sizeof byte));
        assert_string_equal(text.data, wanted);
        skeym_fhir_text_free(&text);
    }
}

static void escapes_stand_at_both_ends_and_side_by_side(void **state)
{
    (void)state;
    struct skeym_fhir_text text = {0};
    skeym_fhir_text_quoted(&text, "\"\\\n\"");
    skeym_fhir_text_quoted(&text, "");
    assert_string_equal(text.data, "\"\\\"\\\\\\u000a\\\"\"\"\"");
    skeym_fhir_text_free(&text);
}

static void grows_to_what_is_added(void **state)
{
    (void)state;
    struct skeym_fhir_text text = {0};
    char piece[100];
    memset(piece, 'x', sizeof piece);
    for (size_t i = 0; i < 1000; i++) {
        skeym_fhir_text_span(&text, skeym_span(piece, i % sizeof piece));
        assert_int_equal(text.data ? strlen(text.data) : 0, text.size);
    }
    assert_false(text.bad);
    skeym_fhir_text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_as_printf_has_them),
        cmocka_unit_test(each_byte_is_escaped_as_it_must),
        cmocka_unit_test(escapes_stand_at_both_ends_and_side_by_side),
        cmocka_unit_test(grows_to_what_is_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
