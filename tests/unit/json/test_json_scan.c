/* SPDX-License-Identifier: Apache-2.0 */
/* What the scan refuses, and what of the rest the whole reader takes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "json/json_read.h"
#include <json-c/json_object.h>
#include <stdlib.h>
#include <string.h>

static const struct skeym_json_limits wide = {.depth = 32, .containers = 100, .values = 100};

#define DEEP16 "[[[[[[[[[[[[[[[["
#define UP16   "]]]]]]]]]]]]]]]]"

static const struct {
    const char *text;
    enum skeym_error scan; /* what our own scan says */
    int bad;               /* not 0: the reader refuses it */
} cases[] = {
    {"{}", SKEYM_OK, 0},
    {" {\"a\" : [1, -2.5e+3, true, false, null, \"x\"] }\r\n\t", SKEYM_OK, 0},
    {"", SKEYM_OK, 1},
    {"[]", SKEYM_OK, 0},
    {"1", SKEYM_OK, 0},
    {"null", SKEYM_OK, 0},
    {"{\"a\":1}}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":1} {", SKEYM_ERR_TRUNCATED, 1},
    {"{\"a\":1} {}", SKEYM_OK, 1},
    {"{\"a\":1", SKEYM_ERR_TRUNCATED, 1},
    {"{\"a", SKEYM_ERR_TRUNCATED, 1},
    {"{\"a\":}", SKEYM_OK, 1},
    {"{\"a\" 1}", SKEYM_OK, 1},
    {"{a:1}", SKEYM_ERR_SHAPE, 1},
    {"{'a':1}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":1,}", SKEYM_OK, 1},
    {"{\"a\":[1,]}", SKEYM_OK, 1},
    {"{\"a\":1 /* b */}", SKEYM_ERR_SHAPE, 1},
    {"\xef\xbb\xbf{}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":1}\x01", SKEYM_ERR_SHAPE, 1},
    /* numbers */
    {"{\"a\":36.50}", SKEYM_OK, 0},
    {"{\"a\":-0.0}", SKEYM_OK, 0},
    {"{\"a\":0}", SKEYM_OK, 0},
    {"{\"a\":1E5}", SKEYM_OK, 0},
    {"{\"a\":-0}", SKEYM_OK, 0},
    {"{\"a\":01}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":1.}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":.5}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":+1}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":-}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":1e}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":1e+}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":0x10}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":NaN}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":Infinity}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":-Infinity}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":nan}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":TRUE}", SKEYM_ERR_SHAPE, 1},
    {"{\"a\":999999999999999999}", SKEYM_OK, 0},
    {"{\"a\":9999999999999999999}", SKEYM_ERR_RANGE, 1},
    {"{\"a\":-99999999999999999999999}", SKEYM_ERR_RANGE, 1},
    {"{\"a\":1e308}", SKEYM_OK, 0},
    {"{\"a\":1e309}", SKEYM_ERR_RANGE, 1},
    {"{\"a\":-1e999}", SKEYM_ERR_RANGE, 1},
    {"{\"a\":0.00000000000000000000000000000000000000000000000000000000000000001}", SKEYM_ERR_RANGE,
     1},
    /* strings */
    {"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"}", SKEYM_OK, 0},
    {"{\"a\":\"\\x\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\\u12g4\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\\u0000\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\x01\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\n\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\\ud83d\\ude00\"}", SKEYM_OK, 0},
    {"{\"a\":\"\\ud83d\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\\ud83dx\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\\ud83d\\n\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\\ud83d\\u0041\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\\ud83dxude00\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\\ud83d\\nde00\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\\ude00\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}", SKEYM_OK, 0},
    {"{\"a\":\"\x80\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\xc3\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\xc3", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\xc0\x80\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\xe0\x80\x80\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\xed\xa0\x80\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\xf0\x80\x80\x80\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\xf4\x90\x80\x80\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\xff\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\xa5\xa5\"}", SKEYM_ERR_CHARSET, 1},
    {"{\"a\":\"\xfc\x80\x80\x80\"}", SKEYM_ERR_CHARSET, 1},
    /* repeated keys; a colon in a string is no key */
    {"{\"a\":1,\"b\":{\"a\":2},\"c\":[{\"a\":3},{\"a\":\":\"}]}", SKEYM_OK, 0},
    {"{\"a\":1,\"a\":2}", SKEYM_OK, 1},
    {"{\"x\":[{\"a\":1,\"a\":1}]}", SKEYM_OK, 1},
    {"{\"a\":1,\"\\u0061\":2}", SKEYM_OK, 1},
    /* depth: 32 with the object */
    {"{\"a\":[[[[[[[[[[[[[[[" DEEP16 "1" UP16 "]]]]]]]]]]]]]]]}", SKEYM_OK, 0},
    {"{\"a\":" DEEP16 DEEP16 "1" UP16 UP16 "}", SKEYM_ERR_SIZE, 1},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_object *json = NULL;
        size_t at = 0;
        struct skeym_span text = skeym_span_text(cases[i].text);
        enum skeym_error scan = skeym_json_scan(text, &wide, &at);
        enum skeym_error error = skeym_json_read(&json, text, &wide, NULL);
        if (scan != cases[i].scan || (error != SKEYM_OK) != (cases[i].bad != 0)) {
            print_error("%s: %s, %s\n", cases[i].text, skeym_error_word(scan),
                        skeym_error_word(error));
        }
        assert_int_equal(scan, cases[i].scan);
        assert_int_equal(error != SKEYM_OK, cases[i].bad != 0);
        assert_true(scan == SKEYM_OK || error == scan);
        assert_true(scan != SKEYM_OK || at == text.size);
        assert_true(error == SKEYM_OK || json == NULL);
        json_object_put(json);
    }
}

static void test_nul_byte(void **state)
{
    (void)state;
    size_t at = 0;
    assert_int_equal(skeym_json_scan(skeym_span("{}\0", 3), &wide, &at), SKEYM_ERR_SHAPE);
    assert_int_equal(at, 2);
    assert_int_equal(skeym_json_scan(skeym_span("\"b\0c\"", 5), &wide, &at), SKEYM_ERR_CHARSET);
    assert_int_equal(at, 2);
}

/* A million brackets are refused at the 33rd, without recursion. */
static void test_very_deep(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    struct json_object *json = NULL;
    size_t at = 0;
    char *text = malloc(SIZE);
    assert_non_null(text);
    memset(text, '[', SIZE);
    assert_int_equal(skeym_json_scan(skeym_span(text, SIZE), &wide, &at), SKEYM_ERR_SIZE);
    assert_int_equal(at, 32);
    at = 0;
    assert_int_equal(skeym_json_read(&json, skeym_span(text, SIZE), &wide, &at), SKEYM_ERR_SIZE);
    assert_int_equal(at, 32);
    assert_null(json);
    free(text);
}

/* What takes much memory per byte is counted before any of it is made. */
static void test_counts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t containers, values;
    } counted[] = {
        {"[]", 1, 0},         {"[{},[]]", 3, 0},       {"1", 0, 1},
        {"[1,-1.5]", 1, 2},   {"{\"a\":\"b\"}", 1, 2}, {"[null,true]", 1, 2},
        {"{\"a\":[]}", 2, 1}, {"[\"{[1,2]}\"]", 1, 1},
    };
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
        struct skeym_span text = skeym_span_text(counted[i].text);
        struct skeym_json_limits limits = {32, counted[i].containers, counted[i].values};
        size_t at = 0;
        assert_int_equal(skeym_json_scan(text, &limits, &at), SKEYM_OK);
        if (limits.containers > 0) {
            limits.containers--;
            assert_int_equal(skeym_json_scan(text, &limits, &at), SKEYM_ERR_SPACE);
            limits.containers++;
        }
        if (limits.values > 0) {
            limits.values--;
            assert_int_equal(skeym_json_scan(text, &limits, &at), SKEYM_ERR_SPACE);
        }
    }
}

static void test_is_number(void **state)
{
    (void)state;
    static const char *const yes[] = {"0", "-0", "1.5", "1e5", "-12.50E-3", "999999999999999999"};
    static const char *const no[] = {"", "-", "01", "1 ", " 1", "1,", "1.", "+1", "x", "1e999"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        assert_true(skeym_json_scan_is_number(skeym_span_text(yes[i])));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        assert_false(skeym_json_scan_is_number(skeym_span_text(no[i])));
    }
}

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
        enum skeym_error error = skeym_json_read(&json, skeym_span_text(rows[i].text), &wide, NULL);
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
    assert_int_equal(skeym_json_read(&json, skeym_span(text, sizeof text), &wide, NULL),
                     SKEYM_ERR_CHARSET);
    assert_null(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_nul_byte),
        cmocka_unit_test(test_very_deep),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_is_number),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_a_nul_behind_a_backslash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
