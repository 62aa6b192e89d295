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

    snprintf(target, sizeof target, "/fhir/Observation/%s/note", text_at(created, "id"));
    assert_int_equal(status_of(bench, "GET", target, NULL), 404);
    snprintf(target, sizeof target, "/fhir/Observation/%s/note/1", text_at(created, "id"));
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

#define BATCH "{\"resourceType\":\"Bundle\",\"type\":\"batch\"}"

static const struct {
    const char *method, *target, *type, *body;
    int status;
} routes[] = {
    {"GET", "/fhir/metadata", NULL, NULL, 200},
    {"GET", "/fhir/metadata/", NULL, NULL, 200},
    {"GET", "/fhir/metadata?_format=json", NULL, NULL, 200},
    {"GET", "/fhir/Observation/1?_format=xml", NULL, NULL, 406},
    {"GET", "/fhir/metadata?_summary=true&_elements=rest&_pretty=false", NULL, NULL, 200},
    {"GET", "/fhir/metadata?_summary=count", NULL, NULL, 400},
    {"GET", "/fhir/metadata?_total=none", NULL, NULL, 400},
    {"GET", "/fhir/metadata?_pretty=yes", NULL, NULL, 400},
    {"GET", "/fhir/Observation/1?code=json", NULL, NULL, 400},
    {"POST", "/fhir/Observation?_format=xml", "application/fhir+json", HEART, 406},
    {"GET", "/fhir", NULL, NULL, 404},
    {"GET", "/fhirx/metadata", NULL, NULL, 404},
    {"GET", "/metadata", NULL, NULL, 404},
    {"GET", "", NULL, NULL, 404},
    {"GET", "/fhir//metadata", NULL, NULL, 404},
    {"GET", "/fhir/Encounter", NULL, NULL, 404},
    {"GET", "/fhir/Encounter/1", NULL, NULL, 404},
    {"GET", "/fhir/observation", NULL, NULL, 404},
    {"GET", "/fhir/Observation/none", NULL, NULL, 404},
    {"GET", "/fhir/Observation/a_b", NULL, NULL, 400},
    {"GET", "/fhir/Observation/%41", NULL, NULL, 400},
    {"GET", "/fhir/Observation/../Patient/1", NULL, NULL, 404},
    {"GET", "/fhir/Patient/1/Device", NULL, NULL, 404},
    {"GET", "/fhir/Observation/1/_history", NULL, NULL, 404},
    {"GET", "/fhir/Observation/1/2/3/4/5", NULL, NULL, 404},
    {"GET", "/fhir/Observation/1?code=x", NULL, NULL, 400},
    {"GET", "/fhir/Observation/$everything", NULL, NULL, 400},
    {"HEAD", "/fhir/metadata", NULL, NULL, 405},
    {"DELETE", "/fhir/Observation/1", NULL, NULL, 405},
    {"PATCH", "/fhir/Patient/1", NULL, NULL, 405},
    {"get", "/fhir/metadata", NULL, NULL, 405},
    {"POST", "/fhir/Encounter", "application/fhir+json", "{}", 404},
    {"POST", "/fhir/Observation/1", "application/fhir+json", "{}", 405},
    {"POST", "/fhir/Observation/_search", "application/fhir+json", "{}", 415},
    {"POST", "/fhir/metadata", "application/fhir+json", "{}", 404},
    {"POST", "/fhir/Observation?x=1", "application/fhir+json", HEART, 400},
    {"POST", "/fhir/Observation?_format=json", "application/fhir+json", HEART, 201},
    {"POST", "/fhir?x=1", "application/fhir+json", BATCH, 400},
    {"POST", "/fhir?_format=xml", "application/fhir+json", BATCH, 406},
    {"POST", "/fhir?_format=json", "application/fhir+json", BATCH, 200},
    {"POST", "/other", "application/fhir+json", HEART, 404},
    {"POST", "/fhir/Observation", "application/json", HEART, 201},
    {"POST", "/fhir/Observation", "Application/FHIR+JSON; charset=UTF-8", HEART, 201},
    {"POST", "/fhir/Observation", "application/fhir+json;charset=\"utf-8\"", HEART, 201},
    {"POST", "/fhir/Observation", "application/fhir+json; fhirVersion=4.0", HEART, 201},
    {"POST", "/fhir/Observation", "application/fhir+json; charset=latin1", HEART, 415},
    {"POST", "/fhir/Observation", "application/fhir+xml", HEART, 415},
    {"POST", "/fhir/Observation", "application/fhir+jsonx", HEART, 415},
    {"POST", "/fhir/Observation", "", HEART, 415},
    {"PUT", "/fhir/Patient/1", "text/plain", "{}", 415},
    {"POST", "/fhir/Observation", "application/fhir+json", "", 400},
    {"POST", "/fhir/Observation", "application/fhir+json", "{", 400},
    {"POST", "/fhir/Observation", "application/fhir+json", "{\"a\":1,\"a\":1}", 400},
};

static void test_routes(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        struct skeym_fhir_request request = {.method = skeym_span_text(routes[i].method),
                                             .target = skeym_span_text(routes[i].target),
                                             .content_type = skeym_span_text(routes[i].type),
                                             .body = skeym_span_text(routes[i].body)};
        struct skeym_fhir_answer *answer = bench_send(bench, &request);
        if (answer->status != routes[i].status) {
            print_error("%s %s: %d %s\n", routes[i].method, routes[i].target, answer->status,
                        answer->body);
        }
        struct json_object *json = json_of(answer, routes[i].status);
        if (routes[i].status >= 400) {
            assert_string_equal(text_at(json, "resourceType"), "OperationOutcome");
            assert_string_equal(text_at(json, "issue.0.severity"), "error");
            assert_true(strlen(text_at(json, "issue.0.code")) > 0);
        }
        json_object_put(json);
    }
}

static void test_is_write(void **state)
{
    (void)state;
    struct skeym_span target = skeym_span_text("/fhir/Observation");
    assert_true(skeym_fhir_is_write(skeym_span_text("POST"), target));
    assert_true(skeym_fhir_is_write(skeym_span_text("PUT"), target));
    assert_false(skeym_fhir_is_write(skeym_span_text("GET"), target));
    assert_false(skeym_fhir_is_write(skeym_span_text(""), target));
    static const char *const reads[] = {"/fhir/Observation/_search", "/fhir/Patient/_search/?a=b",
                                        "/fhir/Observation/$lastn"};
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        target = skeym_span_text(reads[i]);
        assert_false(skeym_fhir_is_write(skeym_span_text("POST"), target));
        assert_true(skeym_fhir_is_write(skeym_span_text("PUT"), target));
    }
    target = skeym_span_text("/fhir/Observation?x=/_search");
    assert_true(skeym_fhir_is_write(skeym_span_text("POST"), target));
}

static void test_metadata(void **state)
{
    struct bench *bench = *state;
    struct json_object *json = json_of(ask(bench, "GET", "/fhir/metadata", NULL), 200);
    assert_string_equal(text_at(json, "resourceType"), "CapabilityStatement");
    assert_string_equal(text_at(json, "fhirVersion"), "4.0.1");
    assert_string_equal(text_at(json, "kind"), "instance");
    assert_string_equal(text_at(json, "status"), "active");
    assert_string_equal(text_at(json, "date"), "2023-11-14T22:13:20.000Z");
    assert_string_equal(text_at(json, "software.version"), "0.1.0");
    assert_string_equal(text_at(json, "implementation.url"), BASE);
    assert_int_equal(count_at(json, "rest.0.resource"), 4);
    assert_string_equal(text_at(json, "rest.0.resource.3.type"), "AuditEvent"); /* not here */
    assert_string_equal(text_at(json, "rest.0.compartment.0"),
                        "http://hl7.org/fhir/CompartmentDefinition/patient");
    /* every parameter that it lists is served, and nothing is answered 400 */
    for (size_t i = 0; i < 3; i++) {
        struct json_object *resource = json_object_array_get_idx(at(json, "rest.0.resource"), i);
        assert_true(count_at(resource, "searchParam") >= 4);
        bool changes = strcmp(text_at(resource, "type"), "Observation") != 0;
        assert_string_equal(text_at(resource, "conditionalUpdate"), changes ? "true" : "false");
        assert_string_equal(text_at(resource, "updateCreate"), changes ? "true" : "false");
        for (size_t j = 0; j < count_at(resource, "searchParam"); j++) {
            struct json_object *param = json_object_array_get_idx(at(resource, "searchParam"), j);
            char target[200];
            snprintf(target, sizeof target, "/fhir/%s?%s=2024", text_at(resource, "type"),
                     text_at(param, "name"));
            assert_int_equal(status_of(bench, "GET", target, NULL), 200);
        }
    }
    json_object_put(json);
}

static void test_error_answer(void **state)
{
    (void)state;
    struct skeym_fhir_answer *answer =
        skeym_fhir_error_answer(413, "too-long", "say \"less\"\n\xff");
    assert_string_equal(answer->location, "");
    struct json_object *json = json_of(answer, 413);
    assert_string_equal(text_at(json, "issue.0.code"), "too-long");
    assert_string_equal(text_at(json, "issue.0.diagnostics"), "say \"less\"??");
    json_object_put(json);
    skeym_fhir_answer_free(NULL);
}

/* The observation with a note of that many letters. */
static char *large_body(size_t size)
{
    size_t room = size + 1000;
    char *body = malloc(room);
    size_t used =
        (size_t)snprintf(body, room, "%.*s,\"note\":[{\"text\":\"", (int)strlen(HEART) - 1, HEART);
    memset(body + used, 'x', size);
    snprintf(body + used + size, room - used - size, "\"}]}");
    return body;
}

/* What the store cannot do has a status of its own, and passes. */
static void test_no_space(void **state)
{
    struct bench *bench = *state;
    char *body = large_body(900000);
    skeym_store_set_max_bytes(bench->store, 400000);
    struct json_object *json = json_of(ask(bench, "POST", "/fhir/Observation", body), 507);
    assert_string_equal(text_at(json, "issue.0.code"), "no-store");
    json_object_put(json);
    assert_int_equal(status_of(bench, "POST", "/fhir/Observation", HEART),
                     201); /* a small one fits */
    assert_int_equal(status_of(bench, "GET", "/fhir/Observation?patient=1", NULL), 200);
    skeym_store_set_max_bytes(bench->store, 0);
    assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
    free(body);
}

static void test_too_large(void **state)
{
    struct bench *bench = *state;
    char *body = large_body(SKEYM_FHIR_BODY_BYTES);
    assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 413);
    free(body);
}

/* A page ends early rather than grow without bound; the next one goes on. */
static void test_large_pages(void **state)
{
    struct bench *bench = *state;
    enum { LARGE = 3 << 20, COUNT = 5 };
    char *body = large_body(LARGE), target[300] = "/fhir/Observation?patient=1";
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
    }
    size_t seen = 0, pages = 0;
    while (target[0]) {
        struct skeym_fhir_answer *answer = ask(bench, "GET", target, NULL);
        assert_true(answer->body_size < SKEYM_FHIR_PAGE_BYTES + 4096);
        struct json_object *page = json_of(answer, 200);
        const char *next = text_at(page, "link.1.url");
        seen += count_at(page, "entry");
        pages++;
        snprintf(target, sizeof target, "%s", next[0] ? next + strlen("https://ward:8443") : "");
        json_object_put(page);
    }
    assert_int_equal(seen, COUNT);
    assert_int_equal(pages, 3);
    free(body);
}

enum { THREADS = 4, EACH = 40 };

struct worker {
    struct bench bench; /* a copy, with a reader of its own */
    int number;
    int wrong;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    for (int i = 0; i < EACH; i++) {
        char body[700], target[100];
        snprintf(body, sizeof body,
                 "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
                 "\"code\":\"x\"}]},\"subject\":{\"reference\":\"Patient/%d\"},"
                 "\"effectiveDateTime\":\"2024-01-01\",\"identifier\":[{\"system\":\"s\","
                 "\"value\":\"%d\"}]}",
                 worker->number, i);
        worker->wrong += status_of(&worker->bench, "POST", "/fhir/Observation", body) != 201;
        worker->wrong += status_of(&worker->bench, "POST", "/fhir/Observation", body) != 200;
        snprintf(target, sizeof target, "/fhir/Observation?patient=%d&_count=1000", worker->number);
        struct skeym_fhir_answer *answer = ask(&worker->bench, "GET", target, NULL);
        struct json_object *page = json_tokener_parse(answer->body);
        worker->wrong += count_at(page, "entry") != (size_t)i + 1; /* its own writes, at once */
        json_object_put(page);
        skeym_fhir_answer_free(answer);
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    struct bench *bench = *state;
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.bench = *bench, .number = i};
        assert_int_equal(skeym_store_reader_open(&workers[i].bench.reader, bench->store), SKEYM_OK);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        skeym_store_reader_close(workers[i].bench.reader);
        assert_int_equal(workers[i].wrong, 0);
    }
}

/* The same of another patient, or with another code. */
static char *changed(char *body, const char *from, char last)
{
    char *at = strstr(body, from);
    assert_non_null(at);
    at[strlen(from) - 1] = last;
    return body;
}

/* What is written around a row is not counted before it is written: the third of these fills the
 * page past its end by less than that, and is its last. */
static void test_a_page_that_is_full_to_the_byte(void **state)
{
    struct bench *bench = *state;
    enum { SMALL = 1000, THIRD = SKEYM_FHIR_PAGE_BYTES / 3 + 40 };
    char *body = changed(large_body(SMALL), "Patient/1", '2');
    struct skeym_fhir_answer *made = ask(bench, "POST", "/fhir/Observation", body);
    assert_int_equal(made->status, 201);
    size_t around = made->body_size - SMALL +
                    strlen(",{\"fullUrl\":\"" BASE "/Observation/\",\"resource\":"
                           ",\"search\":{\"mode\":\"match\"}}") +
                    32; /* the id */
    skeym_fhir_answer_free(made);
    free(body);
    body = large_body(THIRD - around);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
    }
    struct skeym_fhir_answer *answer = ask(bench, "GET", "/fhir/Observation?patient=1", NULL);
    assert_true(answer->body_size > SKEYM_FHIR_PAGE_BYTES);
    assert_true(answer->body_size < SKEYM_FHIR_PAGE_BYTES + 4096);
    struct json_object *page = json_of(answer, 200);
    assert_int_equal(count_at(page, "entry"), 3);
    const char *next = text_at(page, "link.1.url");
    assert_true(strlen(next) > strlen(BASE));
    assert_int_equal(rows_of(bench, next + strlen(BASE) - strlen("/fhir")), 1);
    json_object_put(page);
    free(body);
}

/* There is no second page of $lastn: what does not fit on one is too much to ask for. */
static void test_groups_for_more_than_a_page(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 3; i++) {
        char *body = changed(large_body(3 << 20), "8867-4", (char)('4' + i));
        assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
        assert_int_equal(status_of(bench, "GET",
                                   "/fhir/Observation/$lastn?patient=1&code=http://loinc.org|",
                                   NULL),
                         i < 2 ? 200 : 400);
        free(body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create_read_search, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_routes, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_metadata, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_no_space, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_too_large, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_large_pages, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_many_threads, bench_setup, bench_teardown),
        cmocka_unit_test(test_is_write),
        cmocka_unit_test(test_error_answer),
        cmocka_unit_test_setup_teardown(test_a_page_that_is_full_to_the_byte, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_groups_for_more_than_a_page, bench_setup,
                                        bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
