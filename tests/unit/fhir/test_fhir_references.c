/* SPDX-License-Identifier: Apache-2.0 */
/* References of a transaction's entries to each other. */
#include "bundles.h"
#include "support.h"

/* A relative reference is relative to its own entry's fullUrl: patient 7 of the sender is not
 * patient 7 of this server. Where the Bundle has none such, it is this server's. */
static void test_relative_references(void **state)
{
#define FULL(url, type, resource)                                                                  \
    "{\"fullUrl\":\"" url "\",\"resource\":" resource                                              \
    ",\"request\":{\"method\":\"POST\",\"url\":\"" type "\"}}"
    struct bench *bench = *state;
    static const char *const fulls[] = {"http://other/r4/Observation/1",
                                        "https://x/Observation/1",
                                        "http://third/r4/Observation/1",
                                        "urn:uuid:1",
                                        "http://",
                                        "http:/"};
    for (size_t i = 0; i < sizeof fulls / sizeof *fulls; i++) {
        char body[2000];
        (void)snprintf(
            body, sizeof body,
            BUNDLE("transaction",
                   FULL("http://other/r4/Patient/7", "Patient",
                        "{\"resourceType\":\"Patient\"}") "," FULL("%s", "Observation", "%s")),
            fulls[i], OBSERVATION("Patient/7", ""));
        struct json_object *json = json_of(ask(bench, "POST", "/fhir", body), 200);
        char target[100];
        (void)snprintf(target, sizeof target, "/fhir/Observation?patient=%.32s",
                       text_at(json, "entry.0.response.location") + strlen("Patient/"));
        json_object_put(json);
        assert_int_equal(rows_of(bench, target), i == 0);
        assert_int_equal(rows_of(bench, "/fhir/Observation?patient=7"), i);
    }
}

/* Which of two a reference means nobody can say. */
static void test_the_same_url_twice(void **state)
{
    struct bench *bench = *state;
    static const char *const body =
        BUNDLE("transaction",
               FULL("urn:uuid:b", "Patient", "{\"resourceType\":\"Patient\"}") "," FULL(
                   "urn:uuid:a", "Patient",
                   "{\"resourceType\":\"Patient\"}") "," FULL("urn:uuid:b", "Observation",
                                                              OBSERVATION("urn:uuid:b", "")));
    struct json_object *json = json_of(ask(bench, "POST", "/fhir", body), 400);
    assert_string_equal(text_at(json, "issue.0.expression.0"), "Bundle.entry[2].fullUrl");
    json_object_put(json);
    assert_int_equal(rows_of(bench, "/fhir/Patient"), 0);
}

/* Every entry is found by its fullUrl. */
static void test_many_references(void **state)
{
    struct bench *bench = *state;
    enum { COUNT = 40, ROOM = 100000 };
    char *body = calloc(1, ROOM);
    size_t used = (size_t)snprintf(
        body, ROOM, "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[");
    for (int i = 0; i < COUNT; i++) { /* 7 is no divisor: not in the order of the URLs */
        used += (size_t)snprintf(
            body + used, ROOM - used,
            "{\"fullUrl\":\"urn:u:%0*d\",\"request\":{\"method\":\"PUT\",\"url\":\"Device/d%d\"},"
            "\"resource\":{\"resourceType\":\"Device\",\"id\":\"d%d\",\"parent\":{\"reference\":"
            "\"urn:u:%0*d\"}}},",
            i % 3 + 1, i * 7 % COUNT, i, i, (i + 1) % 3 + 1, (i + 1) * 7 % COUNT);
    }
    snprintf(body + used, ROOM - used,
             "{\"fullUrl\":\"urn:u:x\",\"request\":{\"method\":\"PUT\",\"url\":\"Device/x\"},"
             "\"resource\":{\"resourceType\":\"Device\",\"id\":\"x\",\"parent\":{\"reference\":"
             "\"urn:u:0\"}}}]}");
    assert_int_equal(status_of(bench, "POST", "/fhir", body), 200);
    struct json_object *page = json_of(ask(bench, "GET", "/fhir/Device?_count=100", NULL), 200);
    assert_int_equal(count_at(page, "entry"), COUNT + 1);
    for (size_t i = 0; i <= COUNT; i++) {
        char want[40];
        struct json_object *device =
            at(json_object_array_get_idx(at(page, "entry"), i), "resource");
        const char *id = text_at(device, "id");
        long number = id[0] == 'd' ? strtol(id + 1, NULL, 10) : COUNT;
        snprintf(want, sizeof want, "Device/d%ld", number == COUNT ? 0 : number + 1);
        if (number != COUNT - 1) { /* the last one's URL has other zeros */
            assert_string_equal(text_at(device, "parent.reference"), want);
        } else {
            assert_string_equal(text_at(device, "parent.reference"), "urn:u:00");
        }
    }
    json_object_put(page);
    free(body);
}

/* A root is as long as a server's may be: else each of many references would be compared with all
 * of a long one. */
static void test_long_roots(void **state)
{
    struct bench *bench = *state;
    for (int longer = 0; longer < 2; longer++) {
        char stem[600], body[3000], target[100];
        (void)snprintf(stem, sizeof stem, "http://%0*d/", 504 + longer, 7);
        (void)snprintf(
            body, sizeof body,
            BUNDLE("transaction",
                   FULL("%sPatient/7", "Patient", "{\"resourceType\":\"Patient\"}") "," FULL(
                       "%sObservation/1", "Observation", OBSERVATION("Patient/7", ""))),
            stem, stem);
        struct json_object *json = json_of(ask(bench, "POST", "/fhir", body), 200);
        const char *url = text_at(json, "entry.1.fullUrl");
        assert_true(strlen(url) > strlen(BASE));
        (void)snprintf(target, sizeof target, "/fhir%s", url + strlen(BASE));
        struct json_object *made = json_of(ask(bench, "GET", target, NULL), 200);
        const char *subject = text_at(made, "subject.reference");
        assert_int_equal(strcmp(subject, "Patient/7") == 0, longer);
        json_object_put(made);
        json_object_put(json);
    }
}

/* What stands for no reference is left as it is. */
static void test_references_that_are_none(void **state)
{
    struct bench *bench = *state;
    static const char *const body =
        BUNDLE("transaction",
               "{\"fullUrl\":\"urn:uuid:1\",\"request\":{\"method\":\"POST\",\"url\":\"Patient\"},"
               "\"resource\":{\"resourceType\":\"Patient\",\"link\":[{\"reference\":7},"
               "{\"reference\":\"\"},{\"reference\":{\"reference\":\"urn:uuid:1\"}}]}}");
    struct json_object *json = json_of(ask(bench, "POST", "/fhir", body), 200);
    char target[100];
    const char *url = text_at(json, "entry.0.fullUrl");
    assert_true(strlen(url) > strlen(BASE));
    (void)snprintf(target, sizeof target, "/fhir%s", url + strlen(BASE));
    json_object_put(json);
    json = json_of(ask(bench, "GET", target, NULL), 200);
    assert_string_equal(text_at(json, "link.0.reference"), "7");
    assert_string_equal(text_at(json, "link.1.reference"), "");
    assert_string_equal(text_at(json, "link.2.reference.reference"), target + strlen("/fhir/"));
    json_object_put(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_relative_references, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_the_same_url_twice, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_many_references, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_long_roots, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_references_that_are_none, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
