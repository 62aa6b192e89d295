/* SPDX-License-Identifier: Apache-2.0 */
/* POST of what only reads, what forms write for a space, and how an answer is wished for. */
#include "support.h"

#include "fhir/fhir_post.h"

#define FORM "application/x-www-form-urlencoded"
#define JSON "application/fhir+json"

static struct skeym_fhir_answer *post(struct bench *bench, const char *target, const char *type,
                                      const char *body)
{
    struct skeym_fhir_request request = {.method = skeym_span_text("POST"),
                                         .target = skeym_span_text(target),
                                         .content_type = skeym_span_text(type),
                                         .body = skeym_span_text(body)};
    return bench_send(bench, &request);
}

static void put_values(struct bench *bench)
{
    for (int i = 0; i < 5; i++) {
        char body[600];
        snprintf(body, sizeof body,
                 "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
                 "\"system\":\"urn:s\",\"code\":\"a b+c\"}]},\"subject\":{\"reference\":"
                 "\"Patient/1\"},\"effectiveDateTime\":\"2024-01-01T00:0%d:00+01:00\","
                 "\"valueInteger\":%d}",
                 i, i);
        assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
    }
}

static const struct {
    const char *target, *type, *body;
    int status;
    size_t found;
} forms[] = {
    {"/fhir/Observation/_search", FORM, "patient=1", 200, 5},
    {"/fhir/Observation/_search/", FORM, "patient=1&_count=2", 200, 2},
    {"/fhir/Observation/_search", FORM "; charset=UTF-8", "patient=1\r\n", 200, 5},
    {"/fhir/Observation/_search?patient=1", FORM, "code=urn:s|a%20b%2Bc", 200, 5},
    {"/fhir/Observation/_search?patient=1", FORM, "code=urn:s|a+b%2Bc", 200, 5},
    {"/fhir/Observation/_search?patient=1", FORM, "code=urn:s|a b%2Bc", 200, 5},
    {"/fhir/Observation/_search?patient=1", FORM, "code=urn:s|a+b+c", 200, 0},
    {"/fhir/Observation/_search?patient=1", "", "", 200, 5},
    {"/fhir/Observation/_search", FORM,
     "date=ge2024-01-01T00:01:00+01:00&date=lt2024-01-01T00:03:00%2B01:00", 200, 2},
    {"/fhir/Observation/_search", FORM, "colour=red", 400, 0},
    {"/fhir/Observation/_search", FORM, "code=\x01", 400, 0},
    {"/fhir/Observation/_search", FORM, "code=\xc3\xa9", 400, 0},
    {"/fhir/Observation/_search", JSON, "patient=1", 415, 0},
    {"/fhir/Observation/_search", "text/plain", "patient=1", 415, 0},
    {"/fhir/Observation/_search", FORM "; charset=latin1", "patient=1", 415, 0},
    {"/fhir/Encounter/_search", FORM, "patient=1", 404, 0},
    {"/fhir/metadata/_search", FORM, "", 404, 0},
    {"/fhir/Observation/1/_search", FORM, "", 404, 0},
    {"/fhir/_search", FORM, "_id=1", 404, 0},
    {"/_search", FORM, "_id=1", 404, 0},
    {"/fhir/Patient/$lastn", JSON, "", 400, 0},
    {"/fhir/Observation/$lastn", FORM, "patient=1", 415, 0},
    {"/fhir/Observation/$lastn?patient=1&code=a%20b%2Bc", "", "", 200, 1},
};

static void test_forms(void **state)
{
    struct bench *bench = *state;
    put_values(bench);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct json_object *json =
            json_of(post(bench, forms[i].target, forms[i].type, forms[i].body), forms[i].status);
        if (count_at(json, "entry") != forms[i].found) {
            print_error("%s %s: %zu\n", forms[i].target, forms[i].body, count_at(json, "entry"));
        }
        assert_int_equal(count_at(json, "entry"), forms[i].found);
        json_object_put(json);
    }
}

/* The links of a posted search are those of the same search by GET, and lead on. */
static void test_links(void **state)
{
    struct bench *bench = *state;
    put_values(bench);
    struct json_object *page = json_of(
        post(bench, "/fhir/Observation/_search?_sort=date", FORM, "code=urn:s|a b%2Bc&_count=3"),
        200);
    assert_string_equal(text_at(page, "link.0.url"),
                        BASE "/Observation?_sort=date&code=urn:s|a+b%2Bc&_count=3");
    const char *next = text_at(page, "link.1.url");
    assert_memory_equal(next, BASE, strlen(BASE));
    struct json_object *rest =
        json_of(ask(bench, "GET", next + strlen("https://ward:8443"), NULL), 200);
    assert_int_equal(count_at(rest, "entry"), 2);
    assert_string_equal(text_at(rest, "entry.0.resource.valueInteger"), "3");
    json_object_put(rest);
    json_object_put(page);
}

#define PARAMETERS(list)      "{\"resourceType\":\"Parameters\",\"parameter\":[" list "]}"
#define ONE(name, key, value) "{\"name\":\"" name "\",\"" key "\":" value "}"
#define CODE                  ONE("code", "valueString", "\"urn:s|a b+c\"")

static const struct {
    const char *body;
    int status;
    size_t found;
} parameters[] = {
    {PARAMETERS(ONE("patient", "valueString", "\"1\"") "," CODE), 200, 1},
    {PARAMETERS(ONE("patient", "valueReference", "{\"reference\":\"Patient/1\"}") "," CODE "," ONE(
         "max", "valuePositiveInt", "3")),
     200, 3},
    {PARAMETERS(ONE("patient", "valueId", "\"1\"") "," ONE(
         "code", "valueCoding", "{\"system\":\"urn:s\",\"code\":\"a b+c\"}")),
     200, 1},
    {PARAMETERS(
         ONE("patient", "valueId", "\"1\"") "," ONE("code", "valueCoding", "{\"code\":\"a b+c\"}")),
     200, 1},
    {PARAMETERS(ONE("patient", "valueId", "\"1\"") "," ONE("code", "valueString", "\"none\"")), 200,
     0},
    {PARAMETERS(ONE("patient", "valueId", "\"1&code=x\"") "," CODE), 400, 0},
    {PARAMETERS(ONE("patient", "valueBoolean", "true") "," CODE), 200, 0},
    {PARAMETERS(ONE("patient", "valueQuantity", "{\"value\":1}") "," CODE), 400, 0},
    {PARAMETERS("{\"name\":\"patient\"}," CODE), 400, 0},
    {PARAMETERS("{\"valueId\":\"1\"}," CODE), 400, 0},
    {PARAMETERS("{\"name\":\"patient\",\"valueId\":\"1\",\"valueString\":\"2\"}," CODE), 400, 0},
    {PARAMETERS("{\"name\":\"patient\",\"valueId\":\"1\",\"part\":[]}," CODE), 400, 0},
    {PARAMETERS("{\"name\":\"patient\",\"valueId\":\"1\",\"resource\":{}}," CODE), 400, 0},
    {PARAMETERS("1," CODE), 400, 0},
    {PARAMETERS(""), 400, 0},
    {"{\"resourceType\":\"Parameters\"}", 400, 0},
    {"{\"resourceType\":\"Bundle\",\"parameter\":[" ONE("patient", "valueId", "\"1\"") "," CODE
                                                                                       "]}",
     400, 0},
    {"[]", 400, 0},
};

static void test_parameters(void **state)
{
    struct bench *bench = *state;
    put_values(bench);
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        struct json_object *json =
            json_of(post(bench, "/fhir/Observation/$lastn", JSON, parameters[i].body),
                    parameters[i].status);
        if (count_at(json, "entry") != parameters[i].found) {
            print_error("%s: %zu\n", parameters[i].body, count_at(json, "entry"));
        }
        assert_int_equal(count_at(json, "entry"), parameters[i].found);
        json_object_put(json);
    }
    /* what the URL says does not make up for a body that is none */
    static const char *const whole = "/fhir/Observation/$lastn?patient=1&code=a%20b%2Bc";
    json_object_put(json_of(
        post(bench, whole, JSON, "{\"resourceType\":\"Parameters\",\"parameter\":1}"), 400));
    json_object_put(json_of(post(bench, whole, JSON, "{\"resourceType\":\"Parameters\"}"), 200));
}

/* Only a type is searched, also where something is under the name before /_search. */
static void test_no_type(void **state)
{
    struct bench *bench = *state;
    static const char *const body = "{\"resourceType\":\"Patient\",\"id\":\"a\"}";
    assert_int_equal(status_of(bench, "PUT", "/fhir/Patient/a", body), 201);
    json_object_put(json_of(post(bench, "/fhir/Patient/a/_search", FORM, ""), 404));
    json_object_put(json_of(post(bench, "/fhir/Patient/a/_history/1/_search", FORM, ""), 404));
}

static void test_too_long(void **state)
{
    struct bench *bench = *state;
    struct json_object *list = json_object_new_array(), *root = json_object_new_object();
    for (int i = 0; i < 65; i++) {
        json_object_array_add(list, json_tokener_parse(ONE("a", "valueId", "\"1\"")));
    }
    json_object_object_add(root, "resourceType", json_object_new_string("Parameters"));
    json_object_object_add(root, "parameter", list);
    const char *body = json_object_to_json_string(root);
    struct json_object *many = json_of(post(bench, "/fhir/Observation/$lastn", JSON, body), 400);
    assert_string_equal(text_at(many, "issue.0.code"), "too-costly");
    json_object_put(many);
    json_object_put(root);
    char form[9001] = "code=";
    memset(form + 5, 'a', sizeof form - 6);
    json_object_put(json_of(post(bench, "/fhir/Observation/_search", FORM, form), 413));
}

/* It asks for 's' like a GET, and nothing is written whatever the body is. */
static void test_grant(void **state)
{
    struct bench *bench = *state;
    bench->interactions = "s";
    json_object_put(json_of(post(bench, "/fhir/Observation/_search", FORM, "patient=7"), 200));
    assert_string_equal(bench->asked, "s:Observation:7 ");
    bench->interactions = "cru";
    json_object_put(json_of(post(bench, "/fhir/Observation/_search", FORM, "patient=7"), 403));
}

static void test_types(void **state)
{
    static const struct {
        const char *text;
        enum skeym_fhir_post_type type;
    } types[] = {
        {"application/json", SKEYM_FHIR_POST_JSON},
        {"APPLICATION/FHIR+JSON ; charset=utf-8", SKEYM_FHIR_POST_JSON},
        {"application/fhir+json; charset=utf-8; fhirVersion=4.0", SKEYM_FHIR_POST_JSON},
        {"application/fhir+json;", SKEYM_FHIR_POST_JSON},
        {"application/fhir+json; fhirVersion=5.0", SKEYM_FHIR_POST_OTHER},
        {"application/fhir+json; charset=utf-8; x=1", SKEYM_FHIR_POST_OTHER},
        {FORM, SKEYM_FHIR_POST_FORM},
        {"application/x-www-form-urlencode", SKEYM_FHIR_POST_OTHER},
        {"", SKEYM_FHIR_POST_OTHER},
        {";", SKEYM_FHIR_POST_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        assert_int_equal(skeym_fhir_post_type(skeym_span_text(types[i].text)), types[i].type);
    }
}

static void test_counting(void **state)
{
    struct bench *bench = *state;
    put_values(bench);
    static const char *const targets[] = {"/fhir/Observation?patient=1&_summary=count",
                                          "/fhir/Observation?_summary=count&patient=1&_count=2"};
    for (size_t i = 0; i < 2; i++) {
        struct json_object *json = json_of(ask(bench, "GET", targets[i], NULL), 200);
        assert_string_equal(text_at(json, "total"), "5");
        assert_null(at(json, "entry"));
        json_object_put(json);
    }
}

static void test_parameters_with_signs(void **state)
{
    struct bench *bench = *state;
    struct json_object *json =
        json_of(post(bench, "/fhir/Observation/$lastn", JSON,
                     PARAMETERS(ONE("patient", "valueId",
                                    "\"a.b-c\"") "," ONE("code", "valueString", "\"a_b~c{@[`\""))),
                200);
    assert_string_equal(text_at(json, "link.0.url"),
                        BASE "/Observation/$lastn?patient=a.b-c&code=a_b%7Ec%7B%40%5B%60");
    json_object_put(json);
}

static void test_types_with_a_nul(void **state)
{
    (void)state;
    static const uint8_t first[] = "\0application/fhir+json";
    static const uint8_t last[] = "application/fhir+json";
    assert_int_not_equal(skeym_fhir_post_type(skeym_span(first, sizeof first - 1)),
                         SKEYM_FHIR_POST_JSON);
    assert_int_not_equal(skeym_fhir_post_type(skeym_span(last, sizeof last)), SKEYM_FHIR_POST_JSON);
    assert_int_equal(skeym_fhir_post_type(skeym_span(last, sizeof last - 1)), SKEYM_FHIR_POST_JSON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_forms, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_links, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_parameters, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_no_type, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_too_long, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_grant, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_counting, bench_setup, bench_teardown),
        cmocka_unit_test(test_types),
        cmocka_unit_test_setup_teardown(test_parameters_with_signs, bench_setup, bench_teardown),
        cmocka_unit_test(test_types_with_a_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
