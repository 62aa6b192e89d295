/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "fhir/fhir_json.h"

#define DEEP16 "[[[[[[[[[[[[[[[["
#define UP16   "]]]]]]]]]]]]]]]]"

/* Each kind of refusal; their forms are those of json/test_json_scan.c. */
static const struct {
    const char *text;
    int status; /* 0 is an object */
    const char *says;
} cases[] = {
    {"{}", 0, ""},
    {" {\"a\" : [1, -2.5e+3, true, false, null, \"x\"] }\r\n\t", 0, ""},
    {"", 400, "the body is empty"},
    {"[]", 400, "not a JSON object"},
    {"1", 400, "not a JSON object"},
    {"null", 400, "not a JSON object"},
    {"{\"a\":1}}", 400, "not JSON at byte 7: "},
    {"{\"a\":1", 400, "not JSON at byte 6: "},
    {"{\"a\":\"\\x\"}", 400, "not JSON at byte 8: "},
    {"{\"a\":1,}", 400, "not JSON at byte 7: "},
    {"{\"a\":1,\"a\":2}", 400, "a key is repeated in an object"},
    {"{\"a\":" DEEP16 DEEP16 "1" UP16 UP16 "}", 400, "nested more than 32 deep at byte 36"},
    {"{\"a\":9999999999999999999}", 400, "number out of range at byte 24: "},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct skeym_fhir_problem problem = {0};
        struct json_object *json = skeym_fhir_json_parse(skeym_span_text(cases[i].text), &problem);
        if (problem.status != cases[i].status) {
            print_error("%s: %d %s\n", cases[i].text, problem.status, problem.text);
        }
        assert_int_equal(problem.status, cases[i].status);
        assert_int_equal(json == NULL, cases[i].status != 0);
        assert_int_equal(strncmp(problem.text, cases[i].says, strlen(cases[i].says)), 0);
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

/* A million brackets. */
static void test_very_deep(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    struct skeym_fhir_problem problem = {0};
    char *text = malloc(SIZE);
    memset(text, '[', SIZE);
    assert_null(skeym_fhir_json_parse(skeym_span(text, SIZE), &problem));
    assert_string_equal(problem.text, "nested more than 32 deep at byte 32");
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
