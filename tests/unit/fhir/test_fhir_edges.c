/* SPDX-License-Identifier: Apache-2.0 */
/* Requests one character beside what is taken, and what is said of errors without words. */
#include "support.h"

#include "fhir/fhir_outcome.h"
#include "fhir/fhir_post.h"
#include "fhir/fhir_time.h"
#include "fhir/fhir_url.h"

#define HEX32  "00000000000000000000000000000000"
#define NAME70 "a234567890a234567890a234567890a234567890a234567890a234567890a234567890"
#define OBSERVATION(CODE, SUBJECT, MORE)                                                           \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":" CODE                        \
    ",\"subject\":{\"reference\":\"" SUBJECT "\"},\"effectiveDateTime\":\"2024-01-01\"" MORE "}"
#define CODE "{\"coding\":[{\"code\":\"1\"}]}"
#define SAMPLED(PERIOD, DIMENSIONS)                                                                \
    OBSERVATION(CODE, "Patient/1",                                                                 \
                ",\"valueSampledData\":{\"origin\":{\"value\":0},\"period\":" PERIOD               \
                ",\"dimensions\":" DIMENSIONS "}")
#define BUNDLE(TYPE, ENTRY)                                                                        \
    "{\"resourceType\":\"Bundle\",\"type\":\"" TYPE "\",\"entry\":[" ENTRY "]}"
#define ENTRY(METHOD, URL, MORE)                                                                   \
    "{\"request\":{\"method\":\"" METHOD "\",\"url\":\"" URL "\"" MORE "},\"resource\":{"          \
    "\"resourceType\":\"Patient\"}}"

static void test_targets(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *target;
        int status;
    } rows[] = {
        {"/fhir/Observation?code=%41", 200},
        {"/fhir/Observation?code=%4a%4B", 200},
        {"/fhir/Observation?code=%40", 200},
        {"/fhir/Observation?code=%@0", 400},
        {"/fhir/Observation?code=%/0", 400},
        {"/fhir/Observation?code=%:0", 400},
        {"/fhir/Observation?code=%G0", 400},
        {"/fhir/Observation?code=%g0", 400},
        {"/fhir/Observation?code=%4g", 400},
        {"/fhir/Observation?code=%4G", 400},
        {"/fhir/Observation?code=%22%c3%a9%22", 200},
        {"/fhir/Observation?code=%c3%a9%5C%5Cb", 200},
        {"/fhir/Observation?code=a%5Cx|b", 400},
        {"/fhir/Observation?_count=", 400},
        {"/fhir/Observation?patient=1&code=a|", 200},
        {"/fhir/Observation?patient=1&_id=a", 200},
        {"/fhir/Observation?patient=1&identifier=a|b", 200},
        {"/fhir/Observation?_cursor=" HEX32 "-a", 400},
        {"/fhir/Observation?_cursor=" HEX32 "-a_b", 400},
        {"/fhir/Observation?_cursor=z0000000000000000000000000000000-a", 400},
        {"/fhir/Observation?" NAME70 "=1", 400},
        {"/fhir/Observation?date=2013-01-14T10:00x", 400},
        {"/fhir/Observation?date=2013-01-14T10:00:00.", 400},
        {"/fhir/Patient/1/Device", 404},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int status = status_of(bench, "GET", rows[i].target, NULL);
        if (status != rows[i].status) {
            print_error("%s: %d\n", rows[i].target, status);
        }
        assert_int_equal(status, rows[i].status);
    }
}

static void test_resources(void **state)
{
    struct bench *bench = *state;
    static char long_system[5000];
    (void)snprintf(
        long_system, sizeof long_system,
        OBSERVATION("{\"coding\":[{\"system\":\"%4000s\",\"code\":\"1\"}]}", "Patient/1", ""), "x");
    static const struct {
        const char *body;
        int status;
    } rows[] = {
        {OBSERVATION(CODE, "Patient/1", ""), 201},
        {OBSERVATION("{\"coding\":[{\"display\":\"x\"}]}", "Patient/1", ""), 422},
        {OBSERVATION("{\"coding\":[{\"display\":\"x\"},{\"code\":\"1\"}]}", "Patient/1", ""), 201},
        {OBSERVATION(CODE, BASE, ""), 422},
        {OBSERVATION(CODE, BASE "/", ""), 422},
        {SAMPLED("1e15", "1"), 201},
        {SAMPLED("1.1e15", "1"), 400},
        {SAMPLED("1", "2147483647"), 201},
        {SAMPLED("1", "2147483648"), 400},
        {long_system, 422},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int status = status_of(bench, "POST", "/fhir/Observation", rows[i].body);
        if (status != rows[i].status) {
            print_error("%s: %d\n", rows[i].body, status);
        }
        assert_int_equal(status, rows[i].status);
    }
}

static void test_entries(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *body;
        const char *status;
    } rows[] = {
        {BUNDLE("batch", ENTRY("POST", "Patient", "")), "201 Created"},
        {BUNDLE("batch", ENTRY("POST", "Patient?a=%zz", "")), "400 Bad Request"},
        {BUNDLE("batch", ENTRY("POST", "", "")), "404 Not Found"},
        {BUNDLE("batch", ENTRY("POST", "Patient", ",\"ifNoneExist\":\"colour=red\"")),
         "400 Bad Request"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_object *json = json_of(ask(bench, "POST", "/fhir", rows[i].body), 200);
        assert_string_equal(text_at(json, "entry.0.response.status"), rows[i].status);
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

static void test_parameters_with_signs(void **state)
{
    struct bench *bench = *state;
    struct skeym_fhir_request request = {
        .method = skeym_span_text("POST"),
        .target = skeym_span_text("/fhir/Observation/$lastn"),
        .content_type = skeym_span_text("application/fhir+json"),
        .body = skeym_span_text("{\"resourceType\":\"Parameters\",\"parameter\":["
                                "{\"name\":\"patient\",\"valueId\":\"a.b-c\"},"
                                "{\"name\":\"code\",\"valueString\":\"a_b~c{@[`\"}]}")};
    struct json_object *json = json_of(bench_send(bench, &request), 200);
    assert_string_equal(text_at(json, "link.0.url"),
                        BASE "/Observation/$lastn?patient=a.b-c&code=a_b%7Ec%7B%40%5B%60");
    json_object_put(json);
}

static size_t found(struct bench *bench, const char *target)
{
    struct json_object *page = json_of(ask(bench, "GET", target, NULL), 200);
    size_t count = count_at(page, "entry");
    json_object_put(page);
    return count;
}

/* Each way to look for one patient's codes: one by one, by their system, and all at once. */
static void test_codes_of_a_patient(void **state)
{
    struct bench *bench = *state;
#define CODES                                                                                      \
    "{\"coding\":[{\"system\":\"s\",\"code\":\"c0\"},{\"code\":\"c1\"},{\"code\":\"c2\"},"         \
    "{\"code\":\"c3\"},{\"code\":\"c4\"},{\"code\":\"c5\"},{\"code\":\"c6\"},{\"code\":\"c7\"},"   \
    "{\"code\":\"c8\"},{\"code\":\"c9\"}]}"
    static const char *const body = OBSERVATION(CODES, "Patient/1", "");
    assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
    assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
    static const struct {
        const char *query;
        size_t count;
    } rows[] = {{"c0", 2},
                {"s|c0", 2},
                {"s|", 2},
                {"t|", 0},
                {"|c1", 2},
                {"|c0", 0},
                {"c0,c1,c2,c3,c4,c5,c6,c7", 2},
                {"c0,c1,c2,c3,c4,c5,c6,c7,c8,c9", 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char target[200];
        (void)snprintf(target, sizeof target, "/fhir/Observation?patient=1&code=%s", rows[i].query);
        assert_int_equal(found(bench, target), rows[i].count);
        (void)snprintf(target, sizeof target, "/fhir/Observation?patient=2&code=%s", rows[i].query);
        assert_int_equal(found(bench, target), 0);
    }
}

/* The second identifier is asked for; a third one is another's. */
static void test_a_condition_on_one_of_several(void **state)
{
    struct bench *bench = *state;
    static const char *const body =
        OBSERVATION(CODE, "Patient/1",
                    ",\"identifier\":[{\"system\":\"s1\",\"value\":\"1\"},{\"system\":\"s2\","
                    "\"value\":\"2\"},{\"system\":\"s2\",\"value\":\"3\"}]");
    static const char *const conditions[] = {"identifier=s2|2", "identifier=s2|3",
                                             "identifier=s1|1"};
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        struct skeym_fhir_answer *answer =
            ask_if(bench, "POST", "/fhir/Observation", body, conditions[i]);
        assert_int_equal(answer->status, i == 0 ? 201 : 200);
        skeym_fhir_answer_free(answer);
    }
    assert_int_equal(found(bench, "/fhir/Observation?patient=1"), 1);
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

static void test_ids(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a_b", "a{", "a[", "a@", "a`", "a/", "a:"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(skeym_fhir_url_is_id(skeym_span_text(bad[i])));
    }
    assert_false(skeym_fhir_url_is_id(skeym_span_text(HEX32 HEX32 "0")));
    assert_true(skeym_fhir_url_is_id(skeym_span_text(HEX32 HEX32)));
    assert_true(skeym_fhir_url_is_id(skeym_span_text("azAZ09.-")));
}

static void test_times_with_two_faults(void **state)
{
    (void)state;
    static const char *const texts[] = {"1970-02-30T10:00:00Z", "1970-01-01T25:00:00+01:00",
                                        "1970-01-01T25:00:00+15:00"};
    struct skeym_fhir_range range;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(
            skeym_fhir_time_parse(&range, skeym_span_text(texts[i]), SKEYM_FHIR_TIME_RESOURCE),
            SKEYM_ERR_RANGE);
    }
    assert_int_equal(skeym_fhir_time_parse(&range, skeym_span_text("1970-01-01T00:00:00."),
                                           SKEYM_FHIR_TIME_RESOURCE),
                     SKEYM_ERR_SHAPE);
}

static void test_errors_without_words(void **state)
{
    (void)state;
    struct skeym_fhir_problem problem = {0};
    assert_false(skeym_fhir_outcome_store(&problem, SKEYM_ERR_IO));
    assert_int_equal(problem.status, 500);
    assert_string_equal(skeym_fhir_outcome_status(500), "500 Internal Server Error");
    assert_false(skeym_fhir_outcome_fail(&problem, 400, "invalid", "a\x7f\x1f\xffz"));
    assert_string_equal(problem.text, "a???z");
}

static enum skeym_error no_random(void *arg, void *out, size_t size)
{
    (void)arg;
    (void)out;
    (void)size;
    return SKEYM_ERR_RANDOM;
}

static void test_no_random_bytes_for_an_id(void **state)
{
    struct bench *bench = *state;
    struct skeym_fhir_options options = {bench->store, no_random, NULL, "0.1.0"};
    skeym_fhir_free(bench->fhir);
    assert_int_equal(skeym_fhir_new(&bench->fhir, &options), SKEYM_OK);
    assert_int_equal(
        status_of(bench, "POST", "/fhir/Observation", OBSERVATION(CODE, "Patient/1", "")), 500);
    assert_int_equal(
        status_of(bench, "PUT", "/fhir/Patient/1", "{\"resourceType\":\"Patient\",\"id\":\"1\"}"),
        201); /* needs none */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_targets),
        TEST(test_resources),
        TEST(test_entries),
        TEST(test_references_that_are_none),
        TEST(test_parameters_with_signs),
        TEST(test_codes_of_a_patient),
        TEST(test_a_condition_on_one_of_several),
        cmocka_unit_test(test_types_with_a_nul),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_times_with_two_faults),
        cmocka_unit_test(test_errors_without_words),
        TEST(test_no_random_bytes_for_an_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
