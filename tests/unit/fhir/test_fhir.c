/* SPDX-License-Identifier: Apache-2.0 */
/* Routes, statuses, permission, and the official examples in and out. */
#include "support.h"

#define HEART                                                                                      \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":"    \
    "\"http://loinc.org\",\"code\":\"8867-4\"}]},\"subject\":{\"reference\":\"Patient/1\"},"       \
    "\"effectiveDateTime\":\"2024-01-01T00:00:00Z\",\"valueQuantity\":{\"value\":36.50,"           \
    "\"unit\":\"C\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"Cel\"}}"

static void test_create_read_search(void **state)
{
    struct bench *bench = *state;
    struct skeym_fhir_answer *answer = ask(bench, "POST", "/fhir/Observation", HEART);
    char location[SKEYM_FHIR_LOCATION_BYTES], target[256];
    snprintf(location, sizeof location, "%s", answer->location);
    assert_non_null(strstr(answer->body, "\"value\":36.50,"));
    struct json_object *created = json_of(answer, 201);
    snprintf(target, sizeof target, BASE "/Observation/%s/_history/1", text_at(created, "id"));
    assert_string_equal(location, target);
    assert_string_equal(text_at(created, "meta.versionId"), "1");
    assert_string_equal(text_at(created, "meta.lastUpdated"), "2023-11-14T22:13:20.000Z");
    assert_int_equal(strlen(text_at(created, "id")), 32);

    snprintf(target, sizeof target, "/fhir/Observation/%s", text_at(created, "id"));
    struct json_object *read = json_of(ask(bench, "GET", target, NULL), 200);
    assert_true(json_object_equal(read, created));
    json_object_put(read);
    snprintf(target, sizeof target, "/fhir/Observation/%s/_history/1", text_at(created, "id"));
    assert_int_equal(status_of(bench, "GET", target, NULL), 200);
    snprintf(target, sizeof target, "/fhir/Observation/%s/_history/2", text_at(created, "id"));
    assert_int_equal(status_of(bench, "GET", target, NULL), 404);

    struct json_object *found = json_of(
        ask(bench, "GET", "/fhir/Observation?patient=1&code=http://loinc.org|8867-4", NULL), 200);
    assert_string_equal(text_at(found, "resourceType"), "Bundle");
    assert_string_equal(text_at(found, "type"), "searchset");
    assert_string_equal(text_at(found, "total"), "1");
    assert_int_equal(count_at(found, "entry"), 1);
    assert_true(json_object_equal(at(found, "entry.0.resource"), created));
    assert_string_equal(text_at(found, "entry.0.search.mode"), "match");
    json_object_put(found);
    json_object_put(created);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create_read_search, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
