/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that are written by who asked for them unwritten, and those that cannot wait. */
#include "support.h"

#define READING(ID, VALUE)                                                                         \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":"    \
    "\"urn:c\",\"code\":\"x\"}]},\"subject\":{\"reference\":\"Patient/7\"},\"identifier\":["       \
    "{\"system\":\"urn:i\",\"value\":\"" ID "\"}],\"effectiveDateTime\":\"2024-01-01T00:00:00Z\"," \
    "\"valueQuantity\":{\"value\":" VALUE "}}"
#define ENTRY(ID, VALUE)                                                                           \
    "{\"resource\":" READING(ID, VALUE) ",\"request\":{\"method\":\"POST\",\"url\":"               \
                                        "\"Observation\",\"ifNoneExist\":\"identifier=urn:i|" ID   \
                                        "\"}}"
#define BUNDLE(TYPE, ENTRIES)                                                                      \
    "{\"resourceType\":\"Bundle\",\"type\":\"" TYPE "\",\"entry\":[" ENTRIES "]}"

/* As the writer hands it over. */
static struct skeym_fhir_answer *post(struct bench *bench, const char *target, const char *body)
{
    struct skeym_fhir_request request = {
        .method = skeym_span_text("POST"),
        .target = skeym_span_text(target),
        .content_type = skeym_span_text("application/fhir+json"),
        .body = skeym_span_text(body),
    };
    return bench_send_raw(bench, &request);
}

static void test_written_later(void **state)
{
    struct bench *bench = *state;
    struct skeym_fhir_answer *answer = post(bench, "/fhir/Observation", READING("1", "5"));
    assert_non_null(answer->job);
    assert_null(answer->body);
    answer = skeym_fhir_answer_write(answer);
    assert_null(answer->job);
    assert_ptr_equal(skeym_fhir_answer_write(answer), answer);
    assert_non_null(strstr(answer->location, BASE "/Observation/"));
    json_object_put(json_of(answer, 201));
    answer = post(bench, "/fhir", BUNDLE("transaction", ENTRY("2", "5") "," ENTRY("3", "6")));
    assert_non_null(answer->job);
    struct json_object *json = json_of(skeym_fhir_answer_write(answer), 200);
    assert_string_equal(text_at(json, "entry.1.response.status"), "201 Created");
    json_object_put(json);
}

/* The connection is gone: nobody asks for it any more. */
static void test_never_written(void **state)
{
    struct bench *bench = *state;
    struct skeym_fhir_answer *answer = post(bench, "/fhir/Observation", READING("1", "5"));
    assert_non_null(answer->job);
    skeym_fhir_answer_free(answer);
    assert_int_equal(status_of(bench, "GET", "/fhir/Observation?identifier=urn:i|1", NULL), 200);
}

/* What is found is the store's, and gone when done returns. */
static void test_found(void **state)
{
    struct bench *bench = *state;
    skeym_fhir_answer_free(post(bench, "/fhir/Observation", READING("1", "5")));
    struct skeym_fhir_answer *answer = post(bench, "/fhir/Observation", READING("1", "5"));
    assert_null(answer->job);
    json_object_put(json_of(answer, 200));
    answer = post(bench, "/fhir", BUNDLE("transaction", ENTRY("4", "5") "," ENTRY("1", "5")));
    assert_null(answer->job);
    struct json_object *json = json_of(answer, 200);
    assert_string_equal(text_at(json, "entry.0.response.status"), "201 Created");
    assert_string_equal(text_at(json, "entry.1.response.status"), "200 OK");
    json_object_put(json);
}

/* Refused by the store, and before it; and a batch that writes nothing. */
static void test_others(void **state)
{
    struct bench *bench = *state;
    skeym_fhir_answer_free(post(bench, "/fhir/Observation", READING("1", "5")));
    struct skeym_fhir_answer *answer = post(bench, "/fhir/Observation", READING("1", "6"));
    json_object_put(json_of(skeym_fhir_answer_write(answer), 409));
    answer = post(bench, "/fhir/Observation", "{}");
    assert_null(answer->job);
    json_object_put(json_of(answer, 400));
    answer = post(
        bench, "/fhir",
        BUNDLE("batch", "{\"request\":{\"method\":\"GET\",\"url\":\"Observation?patient=7\"}}"));
    assert_null(answer->job);
    struct json_object *json = json_of(answer, 200);
    assert_int_equal(count_at(json, "entry.0.resource.entry"), 1);
    json_object_put(json);
}

/* Who does not ask for it, gets no such thing. */
static void test_not_asked(void **state)
{
    struct bench *bench = *state;
    struct wait wait = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL};
    const struct skeym_fhir_request request = {
        .method = skeym_span_text("POST"),
        .target = skeym_span_text("/fhir/Observation"),
        .content_type = skeym_span_text("application/fhir+json"),
        .body = skeym_span_text(READING("1", "5")),
        .grant = {bench_allows, bench},
        .node = skeym_span_text("bed-1"),
        .base_url = BASE,
        .now_ms = NOW,
    };
    assert_false(skeym_fhir_handle(bench->fhir, bench->reader, &request, bench_done, &wait));
    struct skeym_fhir_answer *answer = bench_wait(&wait);
    assert_null(answer->job);
    json_object_put(json_of(answer, 201));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_written_later, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_never_written, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_found, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_others, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_not_asked, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
