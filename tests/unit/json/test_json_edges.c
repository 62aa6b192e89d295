/* SPDX-License-Identifier: Apache-2.0 */
/* Escapes and sizes at the edges of what the reader takes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "json/json_read.h"
#include <json-c/json_object.h>

static const struct skeym_json_limits limits = {.depth = 4, .containers = 4, .values = 4};

static void test_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *is; /* NULL: refused */
    } rows[] = {
        {"\"\\u00C4\\u00e4\"", "\xc3\x84\xc3\xa4"},
        {"\"\\u00AF\\u00FA\"", "\xc2\xaf\xc3\xba"},
        {"\"\\ud7ff\"", "\xed\x9f\xbf"},
        {"\"\\ue000\"", "\xee\x80\x80"},
        {"\"\\uffff\"", "\xef\xbf\xbf"},
        {"\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf"},
        {"\"\\ud800\\udc00\"", "\xf0\x90\x80\x80"},
        {"\"\\u00G0\"", NULL},
        {"\"\\u00@0\"", NULL},
        {"\"\\u00:0\"", NULL},
        {"\"\\u00 0\"", NULL},
        {"\"\\u00g0\"", NULL},
        {"\"\\ud800\\udbff\"", NULL},
        {"\"\\ud800\\ue000\"", NULL},
        {"\"\\udc00\"", NULL},
        {"\"\\udfff\"", NULL},
        {"\"\\", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_object *json = NULL;
        enum skeym_error error =
            skeym_json_read(&json, skeym_span_text(rows[i].text), &limits, NULL);
        if ((error == SKEYM_OK) != (rows[i].is != NULL)) {
            print_error("%s: %s\n", rows[i].text, skeym_error_word(error));
        }
        assert_int_equal(error == SKEYM_OK, rows[i].is != NULL);
        if (rows[i].is) {
            assert_string_equal(json_object_get_string(json), rows[i].is);
        }
        json_object_put(json);
    }
}

static void test_a_nul_behind_a_backslash(void **state)
{
    (void)state;
    static const uint8_t text[] = {'"', '\\', 0, '"'};
    struct json_object *json = NULL;
    assert_int_equal(skeym_json_read(&json, skeym_span(text, sizeof text), &limits, NULL),
                     SKEYM_ERR_CHARSET);
    assert_null(json);
}

/* Not a byte of it is read: there is none. */
static void test_more_than_json_c_can_count(void **state)
{
    (void)state;
    static const uint8_t byte = '1';
    struct json_object *json = NULL;
    size_t at = 7;
    assert_int_equal(skeym_json_read(&json, skeym_span(&byte, (size_t)INT32_MAX + 1), &limits, &at),
                     SKEYM_ERR_SIZE);
    assert_null(json);
    assert_int_equal(at, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_a_nul_behind_a_backslash),
        cmocka_unit_test(test_more_than_json_c_can_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
