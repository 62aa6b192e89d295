/* SPDX-License-Identifier: Apache-2.0 */
/* Trees from text. What the scan refuses before, test_json_scan.c has. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "json/json_build.h"
#include <json-c/json.h>
#include <string.h>

static const struct {
    const char *text;
    enum skeym_error error;
    size_t at;           /* of the error; without one, all of the text is read */
    const char *written; /* NULL: as the text */
} cases[] = {
    {"{}", SKEYM_OK, 0, NULL},
    {"[]", SKEYM_OK, 0, NULL},
    {" { \"a\" : [ 1 , 2 ] } ", SKEYM_OK, 0, "{\"a\":[1,2]}"},
    {"{\"a\":{\"b\":{\"c\":[[],{}]}},\"d\":null}", SKEYM_OK, 0, NULL},
    {"[true,false,null,-1,0,12,1.50,-2e-3]", SKEYM_OK, 0, NULL},
    {"[-0,-0.0,0.10,1E5]", SKEYM_OK, 0, NULL},
    {"[999999999999999999,-999999999999999999]", SKEYM_OK, 0, NULL},
    {"[\"\",\"a\",\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"]", SKEYM_OK, 0,
     "[\"\",\"a\",\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]"},
    {"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u000B\"]", SKEYM_OK, 0,
     "[\"\\\"\\\\/\\b\\f\\n\\r\\t\\u000b\"]"},
    {"{\"k\\u0065y\":\"value behind a key\"}", SKEYM_OK, 0, "{\"key\":\"value behind a key\"}"},
    {"null", SKEYM_OK, 0, NULL},
    /* how the tokens follow each other */
    {"", SKEYM_ERR_SHAPE, 0, NULL},
    {"{} {}", SKEYM_ERR_SHAPE, 3, NULL},
    {"1,", SKEYM_ERR_SHAPE, 1, NULL},
    {"[1 2]", SKEYM_ERR_SHAPE, 3, NULL},
    {"[1,]", SKEYM_ERR_SHAPE, 3, NULL},
    {"[,1]", SKEYM_ERR_SHAPE, 1, NULL},
    {"[1}", SKEYM_ERR_SHAPE, 2, NULL},
    {"[1", SKEYM_ERR_SHAPE, 2, NULL},
    {"{\"a\"}", SKEYM_ERR_SHAPE, 4, NULL},
    {"{\"a\",1}", SKEYM_ERR_SHAPE, 4, NULL},
    {"{\"a\":}", SKEYM_ERR_SHAPE, 5, NULL},
    {"{\"a\":1,}", SKEYM_ERR_SHAPE, 7, NULL},
    {"{\"a\":1]", SKEYM_ERR_SHAPE, 6, NULL},
    {"{\"a\":1 \"b\":2}", SKEYM_ERR_SHAPE, 7, NULL},
    {"{1:2}", SKEYM_ERR_SHAPE, 1, NULL},
    {"{\"a\":1:2}", SKEYM_ERR_SHAPE, 6, NULL},
    {"{", SKEYM_ERR_SHAPE, 1, NULL},
    {":", SKEYM_ERR_SHAPE, 0, NULL},
    {"\"a", SKEYM_ERR_SHAPE, 2, NULL},
    {"truth", SKEYM_ERR_SHAPE, 0, NULL},
    /* a key twice, written in whichever way */
    {"{\"a\":1,\"a\":1}", SKEYM_ERR_CONFLICT, 10, NULL},
    {"[{\"a\":1,\"\\u0061\":{}}]", SKEYM_ERR_CONFLICT, 16, NULL},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_object *tree = NULL;
        size_t at = 0;
        enum skeym_error error = skeym_json_build(&tree, skeym_span_text(cases[i].text), 32, &at);
        size_t end = cases[i].error ? cases[i].at : strlen(cases[i].text);
        if (error != cases[i].error || at != end) {
            print_error("%s: %s at %zu\n", cases[i].text, skeym_error_word(error), at);
        }
        assert_int_equal(error, cases[i].error);
        assert_int_equal(at, end);
        if (error) {
            assert_null(tree);
            continue;
        }
        assert_string_equal(json_object_to_json_string_ext(
                                tree, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
                            cases[i].written ? cases[i].written : cases[i].text);
        json_object_put(tree);
    }
}

/* The scan counts brackets; here what opens may be anything. */
static void test_depth(void **state)
{
    (void)state;
    char text[100];
    struct json_object *tree = NULL;
    size_t at = 0;
    memset(text, '[', sizeof text);
    for (size_t depth = 0; depth <= 32; depth += 16) {
        enum skeym_error error = skeym_json_build(&tree, skeym_span(text, sizeof text), depth, &at);
        assert_int_equal(error, SKEYM_ERR_SIZE);
        assert_int_equal(at, depth);
        assert_null(tree);
    }
    assert_int_equal(skeym_json_build(&tree, skeym_span_text("[[],[]]"), 2, &at), SKEYM_OK);
    json_object_put(tree);
    assert_int_equal(skeym_json_build(&tree, skeym_span_text("[[],[]]"), 1, &at), SKEYM_ERR_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_depth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
