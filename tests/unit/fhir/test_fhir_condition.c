/* SPDX-License-Identifier: Apache-2.0 */
/* PUT by a search, and If-Match. */
#include "support.h"

#define PERSON(id, value, more)                                                                    \
    "{\"resourceType\":\"Patient\"" id ",\"identifier\":[{\"system\":\"s\",\"value\":\"" value     \
    "\"}]" more "}"
#define ID(id) ",\"id\":\"" id "\""

static struct json_object *put(struct bench *bench, const char *target, const char *body,
                               int status)
{
    return json_of(ask(bench, "PUT", target, body), status);
}

static int putting(struct bench *bench, const char *target, const char *body)
{
    return status_of(bench, "PUT", target, body);
}

static void test_creates_then_updates(void **state)
{
    struct bench *bench = *state;
    static const char *const target = "/fhir/Patient?identifier=s|1";
    struct json_object *made = put(bench, target, PERSON("", "1", ""), 201);
    assert_int_equal(strlen(text_at(made, "id")), 32);
    struct json_object *changed = put(bench, target, PERSON("", "1", ",\"active\":true"), 200);
    assert_string_equal(text_at(changed, "id"), text_at(made, "id"));
    assert_string_equal(text_at(changed, "meta.versionId"), "2");
    assert_string_equal(text_at(changed, "active"), "true");
    char body[300];
    snprintf(body, sizeof body, PERSON(ID("%s"), "1", ""), text_at(made, "id"));
    assert_int_equal(putting(bench, target, body), 200);
    json_object_put(made);
    json_object_put(changed);
}

static void test_refused(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(putting(bench, "/fhir/Patient/a", PERSON(ID("a"), "1", "")), 201);
    static const struct {
        const char *target, *body;
        int status;
    } table[] = {
        {"/fhir/Patient?identifier=s|1", PERSON(ID("b"), "1", ""), 400}, /* another id */
        {"/fhir/Patient?identifier=s|2", PERSON(ID("b"), "2", ""), 400}, /* none: no id to choose */
        {"/fhir/Patient?identifier=s|1&_format=json", PERSON("", "1", ""), 200},
        {"/fhir/Patient?identifier=s|1&_format=xml", PERSON("", "1", ""), 406},
        {"/fhir/Patient?identifier=s|1&_count=1", PERSON("", "1", ""), 400},
        {"/fhir/Patient?identifier=s|2&_id=a", PERSON("", "1", ""), 409},
        {"/fhir/Patient?name=x", PERSON("", "1", ""), 400}, /* no identifier */
        {"/fhir/Patient?colour=red", PERSON("", "1", ""), 400},
        {"/fhir/Patient", PERSON("", "1", ""), 405},
        {"/fhir/Patient/a?identifier=s|1", PERSON(ID("a"), "1", ""), 400},
        {"/fhir/Observation?identifier=s|1", "{\"resourceType\":\"Observation\"}", 405},
        {"/fhir/Encounter?identifier=s|1", "{}", 404},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int status = putting(bench, table[i].target, table[i].body);
        if (status != table[i].status) {
            print_error("%s: %d\n", table[i].target, status);
        }
        assert_int_equal(status, table[i].status);
    }
}

static void test_several(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(putting(bench, "/fhir/Device/a",
                             "{\"resourceType\":\"Device\",\"id\":\"a\","
                             "\"identifier\":[{\"value\":\"1\"}]}"),
                     201);
    assert_int_equal(putting(bench, "/fhir/Device/b",
                             "{\"resourceType\":\"Device\",\"id\":\"b\","
                             "\"identifier\":[{\"value\":\"1\"}]}"),
                     201);
    struct json_object *json =
        put(bench, "/fhir/Device?identifier=1", "{\"resourceType\":\"Device\"}", 412);
    assert_string_equal(text_at(json, "issue.0.code"), "multiple-matches");
    json_object_put(json);
}

/* Who may not search everybody's learns nothing, and changes nothing. */
static void test_grant(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(putting(bench, "/fhir/Patient/a", PERSON(ID("a"), "1", "")), 201);
    bench->only_patient = "a";
    assert_int_equal(putting(bench, "/fhir/Patient?identifier=s|1", PERSON("", "1", "")), 403);
    assert_string_equal(bench->asked, "s:Patient: ");
    assert_int_equal(putting(bench, "/fhir/Patient?identifier=s|9", PERSON("", "9", "")), 403);
    bench->only_patient = NULL;
    bench->interactions = "scr"; /* may create, not update */
    assert_int_equal(putting(bench, "/fhir/Patient?identifier=s|1", PERSON("", "1", "")), 403);
    assert_int_equal(putting(bench, "/fhir/Patient?identifier=s|9", PERSON("", "9", "")), 201);
    bench->interactions = "sru"; /* may update, not create */
    assert_int_equal(putting(bench, "/fhir/Patient?identifier=s|1", PERSON("", "1", "")), 200);
    assert_int_equal(putting(bench, "/fhir/Patient?identifier=s|8", PERSON("", "8", "")), 403);
}

#define BUNDLE(type, list)                                                                         \
    "{\"resourceType\":\"Bundle\",\"type\":\"" type "\",\"entry\":[" list "]}"
#define ENTRY(method, url, more, resource)                                                         \
    "{\"fullUrl\":\"urn:x\",\"request\":{\"method\":\"" method "\",\"url\":\"" url "\"" more       \
    "},\"resource\":" resource "}"
#define PLAIN(method, url, more, resource)                                                         \
    "{\"request\":{\"method\":\"" method "\",\"url\":\"" url "\"" more "},\"resource\":" resource  \
    "}"
#define SEEN                                                                                       \
    "{\"request\":{\"method\":\"POST\",\"url\":\"Observation\"},\"resource\":{\"resourceType\":"   \
    "\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"code\":\"x\"}]},\"subject\":{"  \
    "\"reference\":\"urn:x\"},\"effectiveDateTime\":\"2024-01-01\"}}"

/* A reference to such an entry becomes one to what is found, or made. */
static void test_in_transaction(void **state)
{
    struct bench *bench = *state;
    char id[2][40], target[100];
    for (int i = 0; i < 2; i++) {
        struct json_object *json =
            json_of(ask(bench, "POST", "/fhir",
                        BUNDLE("transaction", ENTRY("PUT", "Patient?identifier=s|1", "",
                                                    PERSON("", "1", "")) "," SEEN)),
                    200);
        assert_string_equal(text_at(json, "entry.0.response.status"), i ? "200 OK" : "201 Created");
        snprintf(id[i], sizeof id[i], "%.32s",
                 text_at(json, "entry.0.response.location") + strlen("Patient/"));
        json_object_put(json);
        snprintf(target, sizeof target, "/fhir/Observation?patient=%s&_summary=count", id[i]);
        struct json_object *found = json_of(ask(bench, "GET", target, NULL), 200);
        assert_int_equal(json_object_get_int(at(found, "total")), i + 1);
        json_object_put(found);
    }
    assert_string_equal(id[0], id[1]);
}

/* Two that both found nothing: one of them was not made, so none is. */
static void test_twice_in_transaction(void **state)
{
    struct bench *bench = *state;
    json_object_put(json_of(
        ask(bench, "POST", "/fhir",
            BUNDLE("transaction",
                   ENTRY("PUT", "Patient?identifier=s|1", "", PERSON("", "1", "")) "," PLAIN(
                       "PUT", "Patient?identifier=s|1", "", PERSON("", "1", "")))),
        409));
    struct json_object *found = json_of(ask(bench, "GET", "/fhir/Patient", NULL), 200);
    assert_string_equal(text_at(found, "total"), "0");
    json_object_put(found);
}

/* No order says which one is the last, and trying again would not help; in a batch each is alone.
 */
static void test_same_resource_twice(void **state)
{
    struct bench *bench = *state;
    static const char device[] = "{\"resourceType\":\"Device\"" ID("a") "}";
    static const struct {
        const char *url, *body;
    } seconds[] = {{"Device/a", device},
                   {"Patient/a", PERSON(ID("a"), "1", "")},
                   {"Patient?identifier=s|1", PERSON(ID("a"), "1", "")}};
    assert_int_equal(putting(bench, "/fhir/Patient/a", PERSON(ID("a"), "1", "")), 201);
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        char body[1200];
        (void)snprintf(
            body, sizeof body,
            BUNDLE("transaction",
                   PLAIN("PUT", "Patient/a", "", PERSON(ID("a"), "1", "")) "," PLAIN(
                       "PUT", "Patient/A", "",
                       PERSON(ID("A"), "2", "")) "," PLAIN("PUT", "Device/a", "",
                                                           "%s") "," PLAIN("PUT", "%s", "", "%s")),
            device, seconds[i].url, seconds[i].body);
        struct json_object *json = json_of(ask(bench, "POST", "/fhir", body), 400);
        assert_string_equal(text_at(json, "issue.0.code"), "invalid");
        assert_string_equal(text_at(json, "issue.0.expression.0"), "Bundle.entry[3].request.url");
        json_object_put(json);
    }
    struct json_object *found = json_of(ask(bench, "GET", "/fhir/Patient/a", NULL), 200);
    assert_string_equal(text_at(found, "meta.versionId"), "1");
    json_object_put(found);
    assert_int_equal(status_of(bench, "GET", "/fhir/Device/a", NULL), 404);
}

static const struct {
    const char *method, *url, *match;
    const char *status;
} matches[] = {
    {"PUT", "Patient/a", "W/\\\"1\\\"", "200 OK"}, /* now it is version 2 */
    {"PUT", "Patient/a", "W/\\\"1\\\"", "412 Precondition Failed"},
    {"PUT", "Patient/a", "\\\"2\\\"", "200 OK"},
    {"PUT", "Patient/a", "3", "412 Precondition Failed"},
    {"PUT", "Patient/a", "W/\\\"03\\\"", "412 Precondition Failed"},
    {"PUT", "Patient?identifier=s|1", "W/\\\"3\\\"", "200 OK"},
    {"PUT", "Patient?identifier=s|1", "W/\\\"3\\\"", "412 Precondition Failed"},
    {"POST", "Patient", "W/\\\"1\\\"", "400 Bad Request"},
    {"PUT", "Patient/a", "", "400 Bad Request"},
};

static void test_if_match(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(putting(bench, "/fhir/Patient/a", PERSON(ID("a"), "1", "")), 201);
    for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
        char body[600];
        snprintf(
            body, sizeof body,
            BUNDLE("batch", ENTRY("%s", "%s", ",\"ifMatch\":\"%s\"", PERSON(ID("a"), "1", ""))),
            matches[i].method, matches[i].url, matches[i].match);
        struct json_object *json = json_of(ask(bench, "POST", "/fhir", body), 200);
        assert_string_equal(text_at(json, "entry.0.response.status"), matches[i].status);
        json_object_put(json);
    }
}

/* A condition that cannot be kept is refused: without it the write would be another one. */
static void test_conditions_that_cannot_be_kept(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *method, *url, *more;
    } table[] = {
        {"PUT", "Patient/a", ",\"ifMatch\":2"},
        {"PUT", "Patient/a", ",\"ifMatch\":null"},
        {"PUT", "Patient/a", ",\"ifNoneMatch\":\"*\""},
        {"PUT", "Patient/a", ",\"ifModifiedSince\":\"2024-01-01T00:00:00Z\""},
        {"POST", "Patient", ",\"ifNoneExist\":[\"identifier=s|2\"]"},
        {"POST", "Patient", ",\"ifNoneExist\":\"\""},
    };
    assert_int_equal(putting(bench, "/fhir/Patient/a", PERSON(ID("a"), "1", "")), 201);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char body[600];
        (void)snprintf(body, sizeof body,
                       BUNDLE("transaction", PLAIN("%s", "%s", "%s", PERSON(ID("a"), "2", ""))),
                       table[i].method, table[i].url, table[i].more);
        assert_int_equal(status_of(bench, "POST", "/fhir", body), 400);
    }
    struct json_object *found = json_of(ask(bench, "GET", "/fhir/Patient", NULL), 200);
    assert_string_equal(text_at(found, "total"), "1");
    assert_string_equal(text_at(found, "entry.0.resource.meta.versionId"), "1");
    json_object_put(found);
}

/* Nothing is found, so a Patient is to be made; but another one has its identifier. To try again
 * would not help, and the answer does not say so. */
static void test_identifier_is_taken(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(putting(bench, "/fhir/Patient/a", PERSON(ID("a"), "1", "")), 201);
    struct json_object *json = put(bench, "/fhir/Patient?identifier=s|2", PERSON("", "1", ""), 409);
    assert_string_equal(text_at(json, "issue.0.code"), "duplicate");
    json_object_put(json);
}

/* What is not there has no version: neither made by its id nor by a search. */
static void test_if_match_of_nothing(void **state)
{
    struct bench *bench = *state;
    static const char *const urls[] = {"Patient/b", "Patient?identifier=s|2"};
    for (size_t i = 0; i < 2; i++) {
        for (int version = 0; version < 2; version++) {
            char body[600];
            snprintf(body, sizeof body,
                     BUNDLE("transaction", ENTRY("PUT", "%s", ",\"ifMatch\":\"W/\\\"%d\\\"\"",
                                                 PERSON("%s", "2", ""))),
                     urls[i], version, i ? "" : ID("b"));
            json_object_put(json_of(ask(bench, "POST", "/fhir", body), 412));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_creates_then_updates, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_refused, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_several, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_grant, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_in_transaction, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_twice_in_transaction, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_same_resource_twice, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_conditions_that_cannot_be_kept, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_identifier_is_taken, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_if_match, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_if_match_of_nothing, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
