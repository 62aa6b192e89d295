/* SPDX-License-Identifier: Apache-2.0 */
/* What one request may cost: work, and the size of its answer. */
#include "support.h"

#include "bundles.h"

/* One budget for all entries: those that come after it is used up are refused, and the next request
 * has a new one. */
static void test_budget_of_a_request(void **state)
{
    struct bench *bench = *state;
    enum { COUNT = 200 };
    char body[COUNT * 100] = "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[";
    bench_close(bench);
    struct skeym_store_options options = {.path = bench->path, .steps_max = 10};
    bench_open_with(bench, &options);
    for (int i = 0; i < COUNT; i++) {
        size_t used = strlen(body);
        snprintf(body + used, sizeof body - used, "%s%s", i ? "," : "",
                 ENTRY("GET", "Observation/$lastn?patient=1&code=x", ""));
    }
    size_t end = strlen(body);
    snprintf(body + end, sizeof body - end, "]}");
    for (int round = 0; round < 2; round++) {
        struct json_object *json = json_of(ask(bench, "POST", "/fhir", body), 200);
        assert_string_equal(text_at(json, "entry.0.response.status"), "200 OK");
        assert_string_equal(text_at(json, "entry.199.response.status"), "400 Bad Request");
        assert_string_equal(text_at(json, "entry.199.response.outcome.issue.0.code"), "too-costly");
        json_object_put(json);
    }
}

/* All answers to GETs in a batch together are bounded, whether searches or single resources. */
static void test_answers_of_a_batch(void **state)
{
    struct bench *bench = *state;
    enum { LARGE = 2 << 20, COUNT = 50 };
    char *body = malloc(LARGE + 1000), batch[COUNT * 100], target[COUNT * 2];
    size_t used = (size_t)snprintf(body, LARGE + 1000, "%s",
                                   OBSERVATION("Patient/1", ",\"note\":[{\"text\":\""));
    used -= 1; /* the brace */
    memset(body + used, 'x', LARGE);
    snprintf(body + used + LARGE, 1000 - used, "\"}]}");
    struct json_object *made = json_of(ask(bench, "POST", "/fhir/Observation", body), 201);
    snprintf(target, sizeof target, "Observation/%s", text_at(made, "id"));
    json_object_put(made);
    const char *const urls[] = {"Observation?patient=1", "Observation/$lastn?patient=1&code=x",
                                target};
    for (size_t u = 0; u < 3; u++) {
        snprintf(batch, sizeof batch,
                 "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[");
        for (int i = 0; i < COUNT; i++) {
            used = strlen(batch);
            snprintf(batch + used, sizeof batch - used,
                     "%s{\"request\":{\"method\":\"GET\",\"url\":\"%s\"}}", i ? "," : "",
                     i == COUNT - 1 ? "Patient/none" : urls[u]);
        }
        used = strlen(batch);
        snprintf(batch + used, sizeof batch - used, "]}");
        struct skeym_fhir_answer *answer = ask(bench, "POST", "/fhir", batch);
        assert_in_range(answer->body_size, 4 * LARGE, SKEYM_FHIR_ANSWER_BYTES + (1 << 16));
        struct json_object *json = json_of(answer, 200);
        assert_string_equal(text_at(json, "entry.3.response.status"), "200 OK");
        assert_string_equal(text_at(json, "entry.4.response.status"), "413 Content Too Large");
        assert_string_equal(text_at(json, "entry.4.response.outcome.issue.0.code"), "too-costly");
        assert_null(at(json, "entry.4.resource"));
        assert_string_equal(text_at(json, "entry.49.response.status"), "413 Content Too Large");
        json_object_put(json);
    }
    free(body);
}

/* What ifNoneExist may cost is bounded: the entry fails, the others do not. */
static void test_costly_condition(void **state)
{
    struct bench *bench = *state;
    bench_close(bench);
    struct skeym_store_options options = {.path = bench->path, .steps_max = 5};
    bench_open_with(bench, &options);
    struct json_object *json = json_of(
        ask(bench, "POST", "/fhir",
            BUNDLE("batch",
                   POST(OBSERVATION("Patient/1",
                                    "")) ","
                                         "{\"resource\":" OBSERVATION(
                                             "Patient/1",
                                             "") ",\"request\":{\"method\":\"POST\","
                                                 "\"url\":\"Observation\",\"ifNoneExist\":"
                                                 "\"identifier=1,2,3,4,5,6,7,8,9&code=1,2,3,"
                                                 "4,5,6,7,8,9\"}}")),
        200);
    assert_string_equal(text_at(json, "entry.0.response.status"), "201 Created");
    assert_string_equal(text_at(json, "entry.1.response.status"), "412 Precondition Failed");
    assert_string_equal(text_at(json, "entry.1.response.outcome.issue.0.code"), "too-costly");
    json_object_put(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_budget_of_a_request, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_answers_of_a_batch, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_costly_condition, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
