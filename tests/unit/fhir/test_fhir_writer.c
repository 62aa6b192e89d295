/* SPDX-License-Identifier: Apache-2.0 */
/* Who wrote what: no node takes the place of another's readings, and every reader is told. */
#include "support.h"

#include <sqlite3.h>

#define READING(ID, VALUE, MORE)                                                                   \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"code\":"      \
    "\"x\"}]},\"subject\":{\"reference\":\"Patient/7\"},\"device\":{\"reference\":"                \
    "\"Device/bed-7\"},\"effectiveDateTime\":\"2024-01-01T00:00:00Z\",\"valueQuantity\":{"         \
    "\"value\":" VALUE "},\"identifier\":[{" ID "}]" MORE "}"
#define RUN(NUMBER) "\"system\":\"urn:skeym:reading\",\"value\":\"bed-7.run." NUMBER "\""
#define ENTRY(FULL, RESOURCE, CONDITION)                                                           \
    "{\"fullUrl\":\"" FULL "\",\"resource\":" RESOURCE                                             \
    ",\"request\":{\"method\":\"POST\",\"url\":\"Observation\"" CONDITION "}}"
#define TRANSACTION(ENTRIES)                                                                       \
    "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[" ENTRIES "]}"

static const char *const all = "/fhir/Observation?patient=7&_sort=_lastUpdated";

static int post_as(struct bench *bench, const char *node, const char *body)
{
    bench->node = node;
    return status_of(bench, "POST", "/fhir/Observation", body);
}

static struct json_object *page_of(struct bench *bench)
{
    return json_of(ask(bench, "GET", all, NULL), 200);
}

/* A pump that has seen the bed's identifiers writes the next ones ahead of it. */
static void test_another_node(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(post_as(bench, "pump-7", READING(RUN("5"), "1", "")), 201);
    assert_int_equal(post_as(bench, "bed-7", READING(RUN("5"), "72", "")), 201);
    assert_int_equal(post_as(bench, "bed-7", READING(RUN("5"), "72", "")), 200);
    struct json_object *page = page_of(bench);
    assert_int_equal(count_at(page, "entry"), 2);
    assert_string_equal(text_at(page, "entry.0.resource.meta.source"), "urn:skeym:node:pump-7");
    assert_string_equal(text_at(page, "entry.1.resource.meta.source"), "urn:skeym:node:bed-7");
    assert_string_equal(text_at(page, "entry.1.resource.valueQuantity.value"), "72");
    json_object_put(page);
}

static void test_another_node_and_if_none_exist(void **state)
{
    struct bench *bench = *state;
    static const char *const condition = "identifier=urn:skeym:reading|bed-7.run.5";
    static const char *const nodes[] = {"pump-7", "bed-7", "bed-7"};
    for (size_t i = 0; i < 3; i++) {
        bench->node = nodes[i];
        struct skeym_fhir_answer *answer =
            ask_if(bench, "POST", "/fhir/Observation", READING(RUN("5"), "72", ""), condition);
        assert_int_equal(answer->status, i < 2 ? 201 : 200);
        skeym_fhir_answer_free(answer);
    }
    /* without a system nothing but the condition holds them apart */
    for (size_t i = 0; i < 3; i++) {
        bench->node = nodes[i];
        struct skeym_fhir_answer *answer = ask_if(
            bench, "POST", "/fhir/Observation",
            i < 2 ? READING("\"value\":\"9\"", "72", "") : READING("\"value\":\"9\"", "7", ""),
            "identifier=9"); /* a condition asks for what is there, whatever it says */
        assert_int_equal(answer->status, i < 2 ? 201 : 200);
        skeym_fhir_answer_free(answer);
    }
}

/* In a transaction, a reference is not led to another node's observation either. */
static void test_another_node_and_references(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(post_as(bench, "pump-7", READING("\"value\":\"9\"", "1", "")), 201);
    bench->node = "bed-7";
    static const char *const body = TRANSACTION(ENTRY(
        "urn:uuid:1", READING("\"value\":\"9\"", "72", ""),
        ",\"ifNoneExist\":\"identifier=9\"") "," ENTRY("urn:uuid:2",
                                                       READING("\"value\":\"10\"", "72",
                                                               ",\"derivedFrom\":[{\"reference\":"
                                                               "\"urn:uuid:1\"}]"),
                                                       ""));
    assert_int_equal(status_of(bench, "POST", "/fhir", body), 200);
    struct json_object *page = page_of(bench);
    assert_int_equal(count_at(page, "entry"), 3);
    char foreign[100];
    snprintf(foreign, sizeof foreign, "Observation/%s", text_at(page, "entry.0.resource.id"));
    for (size_t i = 1; i < 3; i++) {
        char path[80];
        snprintf(path, sizeof path, "entry.%zu.resource.derivedFrom.0.reference", i);
        assert_string_not_equal(text_at(page, path), foreign);
    }
    json_object_put(page);
}

/* An identifier that was answered with 200 means: this, and nothing else, is stored. */
static void test_other_content(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {READING(RUN("5"), "72.0", ""), 201},
        {READING(RUN("5"), "72.0", ""), 200},
        {READING(RUN("5"), "72.0", ",\"id\":\"x\""), 200},
        {READING(RUN("5"), "72.0", ",\"meta\":{\"tag\":[{\"code\":\"}}\\\"{\\\\\"}]}"), 200},
        {READING(RUN("5"), "72.0", ",\"meta\":{\"source\":\"urn:x\"}"), 200},
        {READING(RUN("5"), "72", ""), 409}, /* fewer digits */
        {READING(RUN("5"), "73.0", ""), 409},
        {READING(RUN("5"), "72.0", ",\"note\":[{\"text\":\"x\"}]"), 409},
        {READING(RUN("5") ",\"use\":\"usual\"", "72.0", ""), 409},
        {READING(RUN("6"), "72.0", ",\"meta\":{\"tag\":[{\"code\":\"}}\\\"{\\\\\"}]}"), 201},
        {READING(RUN("6"), "72.0", ""), 200},
        {READING(RUN("6"), "73.0", ""), 409},
        {READING(RUN("6"), "73.0", ",\"meta\":{\"tag\":[{\"code\":\"}}\\\"{\\\\\"}]}"), 409},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = post_as(bench, "bed-7", cases[i].body);
        if (status != cases[i].status) {
            print_error("%s: %d\n", cases[i].body, status);
        }
        assert_int_equal(status, cases[i].status);
    }
    struct json_object *json =
        json_of(ask(bench, "POST", "/fhir/Observation", READING(RUN("5"), "1", "")), 409);
    assert_string_equal(text_at(json, "issue.0.code"), "duplicate");
    json_object_put(json);
    json = page_of(bench);
    assert_int_equal(count_at(json, "entry"), 2);
    assert_string_equal(text_at(json, "entry.0.resource.valueQuantity.value"), "72.0");
    json_object_put(json);
    static const char *const body =
        TRANSACTION(ENTRY("urn:uuid:1", READING(RUN("7"), "1", ""),
                          "") "," ENTRY("urn:uuid:2", READING(RUN("5"), "1", ""), ""));
    json = json_of(ask(bench, "POST", "/fhir", body), 409);
    assert_string_equal(text_at(json, "issue.0.expression.0"), "Bundle.entry[1]");
    json_object_put(json);
    json = page_of(bench);
    assert_int_equal(count_at(json, "entry"), 2);
    json_object_put(json);
}

/* meta.source is ours; the other members of meta are the client's. */
static void test_source(void **state)
{
    struct bench *bench = *state;
    static const char *const patient =
        "{\"resourceType\":\"Patient\",\"id\":\"7\",\"meta\":{\"source\":\"urn:skeym:node:forged\","
        "\"profile\":[\"urn:p\"]}}";
    static const char *const nodes[] = {"desk", "doctor.2", NULL};
    static const char *const sources[] = {"urn:skeym:node:desk", "urn:skeym:node:doctor.2", ""};
    for (size_t i = 0; i < 3; i++) {
        bench->node = nodes[i];
        struct json_object *json =
            json_of(ask(bench, "PUT", "/fhir/Patient/7", patient), i ? 200 : 201);
        assert_string_equal(text_at(json, "meta.source"), sources[i]);
        json_object_put(json);
        json = json_of(ask(bench, "GET", "/fhir/Patient/7", NULL), 200);
        assert_string_equal(text_at(json, "meta.source"), sources[i]);
        assert_string_equal(text_at(json, "meta.profile.0"), "urn:p");
        json_object_put(json);
    }
    bench->node = "bed-7";
    struct json_object *json =
        json_of(ask(bench, "POST", "/fhir/Device", "{\"resourceType\":\"Device\"}"), 201);
    assert_string_equal(text_at(json, "meta.source"), "urn:skeym:node:bed-7");
    json_object_put(json);
}

/* _count=0 asks for the number alone. */
static void test_only_the_number(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 60; i++) {
        assert_int_equal(post_as(bench, "bed-7", READING("\"value\":\"9\"", "72", "")), 201);
    }
    struct json_object *page =
        json_of(ask(bench, "GET", "/fhir/Observation?patient=7&code=x&_count=0", NULL), 200);
    assert_string_equal(text_at(page, "total"), "60");
    assert_string_equal(text_at(page, "link.0.relation"), "self");
    assert_int_equal(count_at(page, "link"), 1);
    assert_null(at(page, "entry"));
    json_object_put(page);
    page = json_of(ask(bench, "GET", "/fhir/Patient?_count=0", NULL), 200);
    assert_string_equal(text_at(page, "total"), "0");
    json_object_put(page);
}

/* A bit of a value has turned on the disk: an error, never the other value. */
static void test_changed_on_the_disk(void **state)
{
    struct bench *bench = *state;
    sqlite3 *other = NULL;
    char target[100];
    struct json_object *json =
        json_of(ask(bench, "POST", "/fhir/Observation", READING(RUN("5"), "72", "")), 201);
    snprintf(target, sizeof target, "/fhir/Observation/%s", text_at(json, "id"));
    json_object_put(json);
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other,
                                  "UPDATE observation SET body ="
                                  " CAST(replace(CAST(body AS TEXT), ':72', ':92') AS BLOB)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_total_changes(other), 1);
    sqlite3_close(other);
    assert_int_equal(status_of(bench, "GET", target, NULL), 500);
    assert_int_equal(status_of(bench, "GET", all, NULL), 500);
    assert_int_equal(status_of(bench, "GET", "/fhir/Observation/$lastn?patient=7&code=x", NULL),
                     500);
    assert_int_equal(post_as(bench, "bed-1", READING(RUN("5"), "72", "")), 500);
    assert_int_equal(post_as(bench, "bed-1", READING(RUN("6"), "72", "")), 201);
}

static void test_store_is_gone(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(post_as(bench, "bed-7", READING(RUN("5"), "72", "")), 201);
    assert_int_equal(unlink(bench->path), 0);
    assert_int_equal(post_as(bench, "bed-7", READING(RUN("6"), "72", "")), 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_another_node, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_another_node_and_if_none_exist, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_another_node_and_references, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_other_content, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_source, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_only_the_number, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_changed_on_the_disk, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_store_is_gone, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
