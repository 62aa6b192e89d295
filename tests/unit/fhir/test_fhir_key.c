/* SPDX-License-Identifier: Apache-2.0 */
/* Idempotency keys through FHIR: the answer of the first time, to the byte, and one resource. */
#include "support.h"

#define OBSERVATION                                                                                \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"code\":"      \
    "\"a\"}]},\"subject\":{\"reference\":\"Patient/1\"},\"effectiveDateTime\":"                    \
    "\"2026-01-01T00:00:00Z\"}"
#define PATIENT "{\"resourceType\":\"Patient\",\"id\":\"p\",\"gender\":\"female\"}"

static struct skeym_fhir_answer *ask_key(struct bench *bench, const char *method,
                                         const char *target, const char *body, const char *key)
{
    struct skeym_fhir_request request = {
        .method = skeym_span_text(method),
        .target = skeym_span_text(target),
        .content_type = skeym_span_text("application/fhir+json"),
        .body = skeym_span_text(body),
        .key = skeym_span_text(key),
    };
    for (size_t i = 0; i < request.body.size; i++) { /* a digest that tells these bodies apart */
        request.digest[i % 31] = (uint8_t)(request.digest[i % 31] * 31 + request.body.data[i]);
    }
    return bench_send(bench, &request);
}

static void assert_same(struct skeym_fhir_answer *one, struct skeym_fhir_answer *other, int status)
{
    assert_int_equal(one->status, status);
    assert_int_equal(other->status, status);
    assert_string_equal(one->body, other->body);
    assert_string_equal(one->location, other->location);
    skeym_fhir_answer_free(one);
    skeym_fhir_answer_free(other);
}

static void test_a_create_is_answered_again(void **state)
{
    struct bench *bench = *state;
    struct skeym_fhir_answer *first = ask_key(bench, "POST", "/fhir/Observation", OBSERVATION, "k");
    bench->now_ms += 5000;
    assert_same(first, ask_key(bench, "POST", "/fhir/Observation", OBSERVATION, "k"), 201);
    assert_int_equal(rows_of(bench, "/fhir/Observation?patient=1"), 1);
    skeym_fhir_answer_free(ask_key(bench, "POST", "/fhir/Observation", OBSERVATION, "l"));
    assert_int_equal(rows_of(bench, "/fhir/Observation?patient=1"), 2);
}

static void test_without_a_key_it_is_two(void **state)
{
    struct bench *bench = *state;
    skeym_fhir_answer_free(ask_key(bench, "POST", "/fhir/Observation", OBSERVATION, NULL));
    skeym_fhir_answer_free(ask_key(bench, "POST", "/fhir/Observation", OBSERVATION, NULL));
    assert_int_equal(rows_of(bench, "/fhir/Observation?patient=1"), 2);
}

static void test_another_node_has_keys_of_its_own(void **state)
{
    struct bench *bench = *state;
    skeym_fhir_answer_free(ask_key(bench, "POST", "/fhir/Observation", OBSERVATION, "k"));
    bench->node = "bed-2";
    skeym_fhir_answer_free(ask_key(bench, "POST", "/fhir/Observation", OBSERVATION, "k"));
    assert_int_equal(rows_of(bench, "/fhir/Observation?patient=1"), 2);
}

static void test_another_body_is_refused(void **state)
{
    struct bench *bench = *state;
    skeym_fhir_answer_free(ask_key(bench, "POST", "/fhir/Observation", OBSERVATION, "k"));
    struct json_object *json =
        json_of(ask_key(bench, "POST", "/fhir/Observation", OBSERVATION " ", "k"), 422);
    assert_string_equal(text_at(json, "issue.0.code"), "business-rule");
    json_object_put(json);
    assert_int_equal(rows_of(bench, "/fhir/Observation?patient=1"), 1);
}

static void test_who_may_no_longer_gets_no_answer(void **state)
{
    struct bench *bench = *state;
    skeym_fhir_answer_free(ask_key(bench, "POST", "/fhir/Observation", OBSERVATION, "k"));
    bench->interactions = "rs";
    struct skeym_fhir_answer *answer =
        ask_key(bench, "POST", "/fhir/Observation", OBSERVATION, "k");
    assert_int_equal(answer->status, 403);
    skeym_fhir_answer_free(answer);
}

/* The answer is the first one's, also when somebody has changed the resource since. */
static void test_a_put_is_answered_as_then(void **state)
{
    struct bench *bench = *state;
    struct skeym_fhir_answer *first = ask_key(bench, "PUT", "/fhir/Patient/p", PATIENT, "k");
    assert_int_equal(status_of(bench, "PUT", "/fhir/Patient/p",
                               "{\"resourceType\":\"Patient\",\"id\":\"p\",\"gender\":\"male\"}"),
                     200);
    assert_same(first, ask_key(bench, "PUT", "/fhir/Patient/p", PATIENT, "k"), 201);
    struct json_object *json = json_of(ask(bench, "GET", "/fhir/Patient/p", NULL), 200);
    assert_string_equal(text_at(json, "gender"), "male");
    assert_string_equal(text_at(json, "meta.versionId"), "2");
    json_object_put(json);
}

#define ENTRY(url, resource)                                                                       \
    "{\"fullUrl\":\"" url "\",\"request\":{\"method\":\"POST\",\"url\":\"" resource "\"},"         \
    "\"resource\":{\"resourceType\":\"" resource "\""
#define BUNDLE(type)                                                                               \
    "{\"resourceType\":\"Bundle\",\"type\":\"" type                                                \
    "\",\"entry\":[" ENTRY("urn:uuid:p", "Patient") "}}," ENTRY(                                   \
        "urn:uuid:o",                                                                              \
        "Observation") ","                                                                         \
                       "\"status\":\"final\",\"code\":{\"coding\":[{\"code\":\"a\"}]},"            \
                       "\"subject\":{\"reference\":"                                               \
                       "\"Patient/1\"},\"effectiveDateTime\":\"2026-01-01T00:00:00Z\"}}]}"

static void test_bundles_are_answered_again(void **state)
{
    static const char *const bundles[] = {BUNDLE("transaction"), BUNDLE("batch")};
    struct bench *bench = *state;
    for (size_t i = 0; i < 2; i++) {
        const char *key = i == 0 ? "t" : "b";
        struct skeym_fhir_answer *first = ask_key(bench, "POST", "/fhir", bundles[i], key);
        bench->now_ms += 5000;
        assert_same(first, ask_key(bench, "POST", "/fhir", bundles[i], key), 200);
        assert_int_equal(rows_of(bench, "/fhir/Observation?patient=1"), i + 1);
        assert_int_equal(rows_of(bench, "/fhir/Patient"), i + 1);
    }
}

/* The longest key, and an entry's number behind it. */
static void test_long_keys(void **state)
{
    struct bench *bench = *state;
    char key[65];
    memset(key, 'k', 64);
    key[64] = 0;
    struct skeym_fhir_answer *first = ask_key(bench, "POST", "/fhir", BUNDLE("batch"), key);
    assert_same(first, ask_key(bench, "POST", "/fhir", BUNDLE("batch"), key), 200);
}

/* A Bundle's ifMatch is met the first time; the second time it cannot be, and need not. */
static void test_if_match_holds_for_the_first_time(void **state)
{
#define PUT_IF(gender)                                                                             \
    "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[{\"request\":{\"method\":\"PUT\"," \
    "\"url\":\"Patient/p\",\"ifMatch\":\"W/\\\"1\\\"\"},\"resource\":{\"resourceType\":"           \
    "\"Patient\",\"id\":\"p\",\"gender\":\"" gender "\"}}]}"
    struct bench *bench = *state;
    assert_int_equal(status_of(bench, "PUT", "/fhir/Patient/p", PATIENT), 201);
    struct skeym_fhir_answer *first = ask_key(bench, "POST", "/fhir", PUT_IF("male"), "k");
    assert_non_null(strstr(first->body, "\"200"));
    assert_same(first, ask_key(bench, "POST", "/fhir", PUT_IF("male"), "k"), 200);
    struct skeym_fhir_answer *late = ask_key(bench, "POST", "/fhir", PUT_IF("other"), "l");
    assert_non_null(strstr(late->body, "\"412"));
    skeym_fhir_answer_free(late);
    struct json_object *json = json_of(ask(bench, "GET", "/fhir/Patient/p", NULL), 200);
    assert_string_equal(text_at(json, "gender"), "male");
    json_object_put(json);
}

/* The search finds p the first time. It takes from p what it was found by, so the second time a new
 * one would be made, whose id has another length. */
static void test_a_search_that_finds_no_more(void **state)
{
#define PERSON(value, more)                                                                        \
    "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"s\",\"value\":\"" value           \
    "\"}]" more "}"
    struct bench *bench = *state;
    static const char *const target = "/fhir/Patient?identifier=s|1";
    const char *there = PERSON("1", ",\"id\":\"p\"");
    assert_int_equal(status_of(bench, "PUT", "/fhir/Patient/p", there), 201);
    struct skeym_fhir_answer *first = ask_key(bench, "PUT", target, PERSON("2", ""), "k");
    assert_same(first, ask_key(bench, "PUT", target, PERSON("2", ""), "k"), 200);
    assert_int_equal(rows_of(bench, "/fhir/Patient"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, bench_setup, bench_teardown)
        TEST(test_a_create_is_answered_again),        TEST(test_without_a_key_it_is_two),
        TEST(test_another_node_has_keys_of_its_own),  TEST(test_another_body_is_refused),
        TEST(test_who_may_no_longer_gets_no_answer),  TEST(test_a_put_is_answered_as_then),
        TEST(test_bundles_are_answered_again),        TEST(test_long_keys),
        TEST(test_if_match_holds_for_the_first_time), TEST(test_a_search_that_finds_no_more),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
