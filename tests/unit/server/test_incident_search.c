/* SPDX-License-Identifier: Apache-2.0 */
#include "server/incident_search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#define BASE "https://ward:8443/fhir"

static struct skeym_fhir_arena arena;

static int finish(void **state)
{
    (void)state;
    skeym_fhir_text_drop(&arena);
    arena = (struct skeym_fhir_arena){0};
    return 0;
}

static bool parse(struct skeym_incident_search *out, const char *query)
{
    static char target[512]; /* the search points into it */
    struct skeym_fhir_url url;
    struct skeym_fhir_problem problem = {0};
    (void)snprintf(target, sizeof target, "/fhir/AuditEvent%s", query);
    assert_true(skeym_fhir_url_parse(&url, &arena, skeym_span_text(target), "/fhir", &problem));
    bool good = skeym_incident_search_parse(out, &url, &problem);
    assert_int_equal(problem.status, good ? 0 : 400);
    return good;
}

static void refuses_what_it_does_not_serve(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "?foo=1",
        "?date=x",
        "?date=",
        "?date=xx2023",
        "?outcome=1",
        "?outcome=",
        "?outcome=8,",
        "?outcome=4,4",
        "?outcome=4&outcome=8",
        "?_sort=date",
        "?_sort=-_id",
        "?_count=x",
        "?_count=",
        "?_count=-1",
        "?_count=9999999999999999999",
        "?_cursor=",
        "?_cursor=1.m",
        "?_cursor=1.x.2",
        "?_cursor=.m.2",
        "?_cursor=1.m.",
        "?_cursor=1.m.2.3",
        "?agent=",
        "?agent=Device/",
        "?agent=a&agent=b",
        "?type=",
        "?type=a&type=b",
        "?_format=xml",
        "?date=2023&date=2023&date=2023&date=2023&date=2023",
    };
    struct skeym_incident_search search;
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        if (parse(&search, queries[i])) {
            fail_msg("%s was taken", queries[i]);
        }
    }
}

static struct skeym_name named(const char *text)
{
    struct skeym_name name;
    assert_int_equal(skeym_name_node(&name, skeym_span_text(text)), SKEYM_OK);
    return name;
}

/* 2023-11-14T22:13:20.123Z */
static struct skeym_incident example(void)
{
    return (struct skeym_incident){
        .time_ms = UINT64_C(1700000000123),
        .number = 1,
        .outcome = 8,
        .event = "refused",
        .check = "used",
        .agent = named("bed-7"),
        .entity = named("bed-8"),
    };
}

static void takes_what_fits(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        bool takes;
    } rows[] = {
        {"", true},
        {"?_sort=-date&_count=3&_format=json", true},
        {"?date=2023-11-14", true},
        {"?date=eq2023-11", true},
        {"?date=2023-11-15", false},
        {"?date=2023-11-14T22:13:20.123Z", true},
        {"?date=2023-11-14T22:13:20.122Z", false},
        {"?date=ge2023-11-14T22:13:20.123Z", true},
        {"?date=ge2023-11-14T22:13:20.124Z", false},
        {"?date=gt2023-11-14T22:13:20.122Z", true},
        {"?date=gt2023-11-14T22:13:20.123Z", false},
        {"?date=gt2023-11-13", true},
        {"?date=gt2023-11-14", false},
        {"?date=lt2023-11-14T22:13:20.124Z", true},
        {"?date=lt2023-11-14T22:13:20.123Z", false},
        {"?date=lt2023-11-14", false},
        {"?date=le2023-11-14", true},
        {"?date=le2023-11-14T22:13:20.122Z", false},
        {"?date=ge2023-11-14&date=lt2023-11-15", true},
        {"?date=ge2023-11-14&date=lt2023-11-14", false},
        {"?outcome=8", true},
        {"?outcome=0,8,12", true},
        {"?outcome=4", false},
        {"?outcome=0", false},
        {"?type=110113", true},
        {"?type=http://dicom.nema.org/resources/ontology/DCM%7C110113", true},
        {"?type=110114", false},
        {"?subtype=110126", true},
        {"?subtype=urn:skeym:check%7Cused", true},
        {"?subtype=refused", true},
        {"?subtype=proof", false},
        {"?agent=bed-7", true},
        {"?agent=Device/bed-7", true},
        {"?agent=urn:skeym:node%7Cbed-7", true},
        {"?agent=bed-8", false},
        {"?agent=bed", false},
        {"?entity=bed-8", true},
        {"?entity=bed-7", false},
        {"?agent=bed-7&outcome=4", false},
    };
    struct skeym_incident incident = example();
    struct skeym_incident_search search;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(parse(&search, rows[i].query));
        if (skeym_incident_search_takes(&search, &incident) != rows[i].takes) {
            fail_msg("%s", rows[i].query);
        }
    }
}

/* --- pages ----------------------------------------------------------------------------- */

enum { EVENTS = 23 };

/* Some at one moment, in memory and in the file, in no order. */
static void fill(struct skeym_incident *at)
{
    for (size_t i = 0; i < EVENTS; i++) {
        at[i] = example();
        at[i].time_ms += (i * 7 % EVENTS) / 4;
        at[i].number = i + 1;
        at[i].filed = i % 3 == 0;
    }
}

static struct json_object *page_of(const char *query)
{
    static char target[512];
    struct skeym_incident at[EVENTS];
    struct skeym_incident_search search;
    struct skeym_fhir_text text = {0};
    (void)snprintf(target, sizeof target, "/fhir/AuditEvent%s", query);
    const struct skeym_incident_page page = {
        .base_url = BASE, .target = skeym_span_text(target), .series = 1, .observer = "SkeyM"};
    fill(at);
    assert_true(parse(&search, query));
    skeym_incident_search_write(&text, &search, &page, at, EVENTS);
    assert_false(text.bad);
    struct json_object *root = json_tokener_parse(text.data);
    assert_non_null(root);
    skeym_fhir_text_free(&text);
    return root;
}

static const char *at_path(struct json_object *root, const char *path)
{
    struct json_object *found = NULL;
    return json_pointer_get(root, path, &found) == 0 ? json_object_get_string(found) : NULL;
}

static void follows_the_links_to_each_once(void **state)
{
    (void)state;
    char query[256] = "?outcome=8&_count=5";
    char seen[EVENTS + 1][64];
    char last[64] = "9999";
    size_t count = 0;
    for (unsigned pages = 0; query[0]; pages++) {
        struct json_object *root = page_of(query);
        struct json_object *entries = NULL;
        assert_true(pages < 5);
        assert_string_equal(at_path(root, "/total"), "23");
        assert_true(json_object_object_get_ex(root, "entry", &entries));
        assert_true(json_object_array_length(entries) <= 5);
        for (size_t i = 0; i < json_object_array_length(entries); i++) {
            struct json_object *entry = json_object_array_get_idx(entries, i);
            const char *time = at_path(entry, "/resource/recorded");
            assert_true(strcmp(time, last) <= 0); /* newest first */
            (void)snprintf(last, sizeof last, "%s", time);
            assert_true(count < EVENTS);
            (void)snprintf(seen[count], sizeof seen[count], "%s", at_path(entry, "/resource/id"));
            for (size_t k = 0; k < count; k++) {
                assert_string_not_equal(seen[k], seen[count]);
            }
            assert_memory_equal(at_path(entry, "/fullUrl"), BASE "/AuditEvent/",
                                sizeof BASE "/AuditEvent/" - 1);
            count++;
        }
        const char *next = at_path(root, "/link/1/url");
        query[0] = '\0';
        if (next) {
            assert_string_equal(at_path(root, "/link/1/relation"), "next");
            assert_memory_equal(next, BASE "/AuditEvent?outcome=8&_count=5&_cursor=",
                                sizeof BASE "/AuditEvent?outcome=8&_count=5&_cursor=" - 1);
            (void)snprintf(query, sizeof query, "%s", strchr(next, '?'));
        }
        json_object_put(root);
    }
    assert_int_equal(count, EVENTS);
}

static void has_no_empty_arrays_and_no_link_to_nothing(void **state)
{
    (void)state;
    static const char *const queries[] = {"?_count=0", "?agent=nobody", "?_cursor=1.m.1"};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct json_object *root = page_of(queries[i]);
        assert_null(at_path(root, "/entry"));
        assert_null(at_path(root, "/link/1/url"));
        json_object_put(root);
    }
}

static void says_what_was_asked(void **state)
{
    (void)state;
    struct json_object *root = page_of("?date=ge2023&_cursor=1.m.1");
    assert_string_equal(at_path(root, "/link/0/relation"), "self");
    assert_string_equal(at_path(root, "/link/0/url"), BASE "/AuditEvent?date=ge2023&_cursor=1.m.1");
    json_object_put(root);
    root = page_of("?&date=ge2023&&_count=5&");
    assert_string_equal(at_path(root, "/link/0/url"), BASE "/AuditEvent?date=ge2023&_count=5");
    json_object_put(root);
    root = page_of("");
    assert_string_equal(at_path(root, "/link/0/url"), BASE "/AuditEvent");
    assert_string_equal(at_path(root, "/total"), "23");
    json_object_put(root);
}

static void asks_for_incidents_in_every_form_of_json(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        bool good;
    } rows[] = {
        {"?_format=json", true},
        {"?_format=application/json", true},
        {"?_format=application/fhir%2Bjson", true},
        {"?_format=html", false},
        {"?a234567890a234567890a234567890a234567890a234567890a234567890a2345=1", false},
    };
    struct skeym_incident_search search;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(&search, rows[i].query), rows[i].good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(refuses_what_it_does_not_serve, finish),
        cmocka_unit_test_teardown(takes_what_fits, finish),
        cmocka_unit_test_teardown(follows_the_links_to_each_once, finish),
        cmocka_unit_test_teardown(has_no_empty_arrays_and_no_link_to_nothing, finish),
        cmocka_unit_test_teardown(says_what_was_asked, finish),
        cmocka_unit_test_teardown(asks_for_incidents_in_every_form_of_json, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
