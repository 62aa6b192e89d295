/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "fhir/fhir_json.h"

#define DEEP16 "[[[[[[[[[[[[[[[["
#define UP16   "]]]]]]]]]]]]]]]]"

static const struct {
    const char *text;
    enum skeym_error scan; /* what our own scan says */
    int status;            /* what parsing says: 0 is an object */
} cases[] = {
    {"{}", SKEYM_OK, 0},
    {" {\"a\" : [1, -2.5e+3, true, false, null, \"x\"] }\r\n\t", SKEYM_OK, 0},
    {"", SKEYM_OK, 400},
    {"[]", SKEYM_OK, 400},
    {"1", SKEYM_OK, 400},
    {"{\"a\":1}}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":1} {", SKEYM_ERR_TRUNCATED, 400},
    {"{\"a\":1} {}", SKEYM_OK, 400},
    {"{\"a\":1", SKEYM_ERR_TRUNCATED, 400},
    {"{\"a", SKEYM_ERR_TRUNCATED, 400},
    {"{\"a\":}", SKEYM_OK, 400},
    {"{\"a\" 1}", SKEYM_OK, 400},
    {"{a:1}", SKEYM_ERR_SHAPE, 400},
    {"{'a':1}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":1,}", SKEYM_OK, 400},
    {"{\"a\":[1,]}", SKEYM_OK, 400},
    {"{\"a\":1 /* b */}", SKEYM_ERR_SHAPE, 400},
    {"\xef\xbb\xbf{}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":1}\x01", SKEYM_ERR_SHAPE, 400},
    /* numbers */
    {"{\"a\":36.50}", SKEYM_OK, 0},
    {"{\"a\":-0.0}", SKEYM_OK, 0},
    {"{\"a\":0}", SKEYM_OK, 0},
    {"{\"a\":1E5}", SKEYM_OK, 0},
    {"{\"a\":-0}", SKEYM_OK, 0},
    {"{\"a\":01}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":1.}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":.5}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":+1}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":-}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":1e}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":1e+}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":0x10}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":NaN}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":Infinity}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":-Infinity}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":nan}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":TRUE}", SKEYM_ERR_SHAPE, 400},
    {"{\"a\":999999999999999999}", SKEYM_OK, 0},
    {"{\"a\":9999999999999999999}", SKEYM_ERR_RANGE, 400},
    {"{\"a\":-99999999999999999999999}", SKEYM_ERR_RANGE, 400},
    {"{\"a\":1e308}", SKEYM_OK, 0},
    {"{\"a\":1e309}", SKEYM_ERR_RANGE, 400},
    {"{\"a\":-1e999}", SKEYM_ERR_RANGE, 400},
    {"{\"a\":0.00000000000000000000000000000000000000000000000000000000000000001}", SKEYM_ERR_RANGE,
     400},
    /* strings */
    {"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"}", SKEYM_OK, 0},
    {"{\"a\":\"\\x\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\\u12g4\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\\u0000\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\x01\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\n\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\\ud83d\\ude00\"}", SKEYM_OK, 0},
    {"{\"a\":\"\\ud83d\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\\ud83dx\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\\ud83d\\n\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\\ud83d\\u0041\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\\ud83dxude00\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\\ud83d\\nde00\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\\ude00\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}", SKEYM_OK, 0},
    {"{\"a\":\"\x80\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\xc3\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\xc3", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\xc0\x80\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\xe0\x80\x80\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\xed\xa0\x80\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\xf0\x80\x80\x80\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\xf4\x90\x80\x80\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\xff\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\xa5\xa5\"}", SKEYM_ERR_CHARSET, 400},
    {"{\"a\":\"\xfc\x80\x80\x80\"}", SKEYM_ERR_CHARSET, 400},
    /* repeated keys; a colon in a string is no key */
    {"{\"a\":1,\"b\":{\"a\":2},\"c\":[{\"a\":3},{\"a\":\":\"}]}", SKEYM_OK, 0},
    {"{\"a\":1,\"a\":2}", SKEYM_OK, 400},
    {"{\"x\":[{\"a\":1,\"a\":1}]}", SKEYM_OK, 400},
    {"{\"a\":1,\"\\u0061\":2}", SKEYM_OK, 400},
    /* depth: 32 with the object */
    {"{\"a\":[[[[[[[[[[[[[[[" DEEP16 "1" UP16 "]]]]]]]]]]]]]]]}", SKEYM_OK, 0},
    {"{\"a\":" DEEP16 DEEP16 "1" UP16 UP16 "}", SKEYM_ERR_SIZE, 400},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct skeym_fhir_problem problem = {0};
        size_t keys = 0, where = 0;
        struct skeym_span text = skeym_span_text(cases[i].text);
        enum skeym_error error = skeym_fhir_json_scan(text, &keys, &where);
        struct json_object *json = skeym_fhir_json_parse(text, &problem);
        if (error != cases[i].scan || problem.status != cases[i].status) {
            print_error("%s: %s, %d %s\n", cases[i].text, skeym_error_word(error), problem.status,
                        problem.text);
        }
        assert_int_equal(error, cases[i].scan);
        assert_int_equal(problem.status, cases[i].status);
        assert_int_equal(json == NULL, cases[i].status != 0);
        json_object_put(json);
    }
}

/* A number that is too large is still JSON. */
static void test_range_is_said(void **state)
{
    (void)state;
    struct skeym_fhir_problem problem = {0};
    assert_null(skeym_fhir_json_parse(skeym_span_text("{\"a\":1180591620717411303424}"), &problem));
    assert_int_equal(problem.status, 400);
    assert_string_equal(problem.code, "value");
    assert_non_null(strstr(problem.text, "number out of range"));
    assert_null(strstr(problem.text, "not JSON"));
}

static void test_nul_byte(void **state)
{
    (void)state;
    struct skeym_fhir_problem problem = {0};
    assert_null(skeym_fhir_json_parse(skeym_span("{}\0", 3), &problem));
    assert_int_equal(problem.status, 400);
    assert_null(skeym_fhir_json_parse(skeym_span("{\"a\":\"b\0c\"}", 11), &problem));
}

/* A million brackets are refused at the 33rd, without recursion. */
static void test_very_deep(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    struct skeym_fhir_problem problem = {0};
    size_t keys = 0, where = 0;
    char *text = malloc(SIZE);
    memset(text, '[', SIZE);
    assert_int_equal(skeym_fhir_json_scan(skeym_span(text, SIZE), &keys, &where), SKEYM_ERR_SIZE);
    assert_int_equal(where, SKEYM_FHIR_DEPTH);
    assert_null(skeym_fhir_json_parse(skeym_span(text, SIZE), &problem));
    free(text);
}

static void test_too_large(void **state)
{
    (void)state;
    struct skeym_fhir_problem problem = {0};
    size_t size = SKEYM_FHIR_BODY_BYTES + 1;
    char *text = malloc(size);
    memset(text, ' ', size);
    text[0] = '{';
    text[size - 2] = '}';
    struct json_object *json = skeym_fhir_json_parse(skeym_span(text, size - 1), &problem);
    assert_non_null(json);
    json_object_put(json);
    assert_null(skeym_fhir_json_parse(skeym_span(text, size), &problem));
    assert_int_equal(problem.status, 413);
    free(text);
}

/* {"a":[PIECE,PIECE ...]}: two containers, one key, and the pieces. */
static int status_of_many(const char *piece, size_t count)
{
    struct skeym_fhir_problem problem = {0};
    size_t each = strlen(piece) + 1, used = strlen("{\"a\":[");
    char *text = malloc(used + count * each + 3);
    memcpy(text, "{\"a\":[", used);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + used, piece, each - 1);
        used += each;
        text[used - 1] = ',';
    }
    memcpy(text + used - 1, "]}", sizeof "]}");
    struct json_object *json = skeym_fhir_json_parse(skeym_span_text(text), &problem);
    assert_int_equal(json == NULL, problem.status != 0);
    assert_true(problem.status != 413 || strcmp(problem.code, "too-costly") == 0);
    json_object_put(json);
    free(text);
    return problem.status;
}

/* What takes much memory per byte is counted before any of it is made. */
static void test_too_many(void **state)
{
    (void)state;
    static const char *const containers[] = {"{}", "[]"};
    static const char *const values[] = {"1", "-1.5", "\"\"", "null", "true"};
    for (size_t i = 0; i < sizeof containers / sizeof *containers; i++) {
        assert_int_equal(status_of_many(containers[i], SKEYM_FHIR_CONTAINERS - 2), 0);
        assert_int_equal(status_of_many(containers[i], SKEYM_FHIR_CONTAINERS - 1), 413);
    }
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        assert_int_equal(status_of_many(values[i], SKEYM_FHIR_VALUES - 1), 0);
        assert_int_equal(status_of_many(values[i], SKEYM_FHIR_VALUES), 413);
    }
}

/* A Bundle of as many observations as may be is within the bounds, each as a device sends it. */
static void test_a_full_bundle(void **state)
{
    (void)state;
    char *one = example("observation-example-heart-rate.json");
    if (!one) {
        skip();
    }
    size_t room = SKEYM_FHIR_ENTRIES * (strlen(one) + 200) + 100, used = 0;
    char *all = malloc(room);
    used +=
        (size_t)snprintf(all, room, "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[");
    for (int i = 0; i < SKEYM_FHIR_ENTRIES; i++) {
        used += (size_t)snprintf(all + used, room - used,
                                 "%s{\"request\":{\"method\":\"POST\",\"url\":\"Observation\","
                                 "\"ifNoneExist\":\"identifier=a|%d\"},\"resource\":%s}",
                                 i ? "," : "", i, one);
    }
    memcpy(all + used, "]}", sizeof "]}");
    struct skeym_fhir_problem problem = {0};
    struct json_object *json = skeym_fhir_json_parse(skeym_span_text(all), &problem);
    assert_non_null(json);
    json_object_put(json);
    free(all);
    free(one);
}

static void test_written_as_read(void **state)
{
    (void)state;
    static const char *const same[] = {
        "{\"a\":36.50,\"b\":1.0,\"c\":-0.0,\"d\":1E5,\"e\":0.10e-3,\"f\":999999999999999999}",
        "{\"a\":\"a/b\xc3\xa9\\\"\\\\\\n\",\"b\":[],\"c\":{},\"d\":null,\"e\":true}",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct skeym_fhir_problem problem = {0};
        struct skeym_fhir_text out = {0};
        struct json_object *json = skeym_fhir_json_parse(skeym_span_text(same[i]), &problem);
        skeym_fhir_json_write(&out, json);
        assert_string_equal(out.data, same[i]);
        skeym_fhir_text_free(&out);
        json_object_put(json);
    }
}

static void test_text_is_escaped(void **state)
{
    (void)state;
    struct skeym_fhir_text out = {0};
    skeym_fhir_text_quoted(&out, "a\"b\\c\n\x1f\xc3\xa9");
    assert_string_equal(out.data, "\"a\\\"b\\\\c\\u000a\\u001f\xc3\xa9\"");
    skeym_fhir_text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),           cmocka_unit_test(test_nul_byte),
        cmocka_unit_test(test_very_deep),       cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_too_many),        cmocka_unit_test(test_a_full_bundle),
        cmocka_unit_test(test_written_as_read), cmocka_unit_test(test_text_is_escaped),
        cmocka_unit_test(test_range_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
