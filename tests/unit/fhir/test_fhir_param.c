/* SPDX-License-Identifier: Apache-2.0 */
/* Which parameters are taken and which refused; cursors; ap; $lastn. */
#include "support.h"

#define ROW(ID, TIME)                                                                              \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"code\":"      \
    "\"x\"}]},\"subject\":{\"reference\":\"Patient/1\"},\"effectiveDateTime\":\"" TIME             \
    "\",\"identifier\":[{\"system\":\"urn:t\",\"value\":\"" ID "\"}]}"

static void test_cursor_is_refused_when_changed(void **state)
{
    struct bench *bench = *state;
    static const char *const ids[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++) {
        char body[600];
        snprintf(body, sizeof body, ROW("%s", "2024-01-01T00:00:00Z"), ids[i]);
        assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
    }
    struct json_object *page =
        json_of(ask(bench, "GET", "/fhir/Observation?patient=1&_count=1", NULL), 200);
    char target[400];
    snprintf(target, sizeof target, "%s",
             text_at(page, "link.1.url") + strlen("https://ward:8443"));
    json_object_put(page);
    assert_int_equal(status_of(bench, "GET", target, NULL), 200);
    char *cursor = strstr(target, "_cursor=") + strlen("_cursor=");
    for (char *c = cursor; *c; c++) {
        char was = *c;
        *c = was == '1' ? '2' : '1';
        assert_int_equal(status_of(bench, "GET", target, NULL), 400);
        *c = was;
    }
    char changed[500];
    snprintf(changed, sizeof changed, "/fhir/Observation?patient=2&_count=1&_cursor=%s", cursor);
    assert_int_equal(status_of(bench, "GET", changed, NULL), 400); /* another search's */
    snprintf(changed, sizeof changed, "/fhir/Observation?patient=1&_sort=date&_cursor=%s", cursor);
    assert_int_equal(status_of(bench, "GET", changed, NULL), 400);
    snprintf(changed, sizeof changed, "/fhir/Observation?patient=1&_count=9&_cursor=%s", cursor);
    assert_int_equal(status_of(bench, "GET", changed, NULL), 200); /* page size may change */
    snprintf(changed, sizeof changed, "/fhir/Observation?patient=1&_cursor=%s&_cursor=%s", cursor,
             cursor);
    assert_int_equal(status_of(bench, "GET", changed, NULL), 400);
}

/* A patient's compartment: all of one patient's, with the rest of what is asked, page by page. */
static void test_compartment(void **state)
{
    struct bench *bench = *state;
    static const char *const ids[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++) {
        char body[600];
        snprintf(body, sizeof body, ROW("%s", "2024-01-0%zuT00:00:00Z"), i + 1, ids[i]);
        assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
    }
    static const struct {
        const char *target;
        int status;
        size_t found;
    } rows[] = {
        {"/fhir/Patient/1/Observation", 200, 3},
        {"/fhir/Patient/1/Observation/", 200, 3},
        {"/fhir/Patient/1/Observation?date=lt2024-01-03&identifier=urn:t|a", 200, 1},
        {"/fhir/Patient/1/Observation?patient=1", 200, 3},
        {"/fhir/Patient/1/Observation?patient=2", 200, 0},
        {"/fhir/Patient/2/Observation", 200, 0},
        {"/fhir/Patient/2/Observation?patient=1", 200, 0},
        {"/fhir/Patient/1/Observation?colour=red", 400, 0},
        {"/fhir/Patient/1/Device", 404, 0},
        {"/fhir/Patient/1/Patient", 404, 0},
        {"/fhir/Device/1/Observation", 404, 0},
        {"/fhir/Patient/a_b/Observation", 404, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_object *json = json_of(ask(bench, "GET", rows[i].target, NULL), rows[i].status);
        assert_int_equal(count_at(json, "entry"), rows[i].found);
        json_object_put(json);
    }
    struct json_object *page =
        json_of(ask(bench, "GET", "/fhir/Patient/1/Observation?_count=2", NULL), 200);
    const char *next = text_at(page, "link.1.url") + strlen("https://ward:8443");
    assert_memory_equal(next, "/fhir/Patient/1/Observation?", 28);
    struct json_object *rest = json_of(ask(bench, "GET", next, NULL), 200);
    assert_int_equal(count_at(rest, "entry"), 1);
    char other[300];
    snprintf(other, sizeof other, "/fhir/Patient/2/%s", next + strlen("/fhir/Patient/1/"));
    assert_int_equal(status_of(bench, "GET", other, NULL), 400); /* another search's cursor */
    json_object_put(rest);
    json_object_put(page);
    bench->only_patient = "1";
    assert_int_equal(status_of(bench, "GET", "/fhir/Patient/1/Observation", NULL), 200);
    assert_string_equal(bench->asked, "s:Observation:1 ");
    assert_int_equal(status_of(bench, "GET", "/fhir/Patient/2/Observation", NULL), 403);
}

static const struct {
    const char *query;
    int status;
} tables[] = {
    {"Observation", 200},
    {"Observation?", 200},
    {"Observation?patient=1&&code=x", 200},
    {"Observation?_format=json", 200},
    {"Observation?_format=application%2Ffhir%2Bjson", 200},
    {"Observation?_format=xml", 406},
    {"Observation?_format=application/fhir+json", 200},
    {"Observation?_format=application/json", 200},
    {"Observation?_format=json&_format=json", 200},
    {"Observation?_pretty=true&_elements=code,status&_total=none", 200},
    {"Observation?_total=estimate", 200},
    {"Observation?_total=accurate", 400},
    {"Observation?_summary=false", 200},
    {"Observation?_summary=text", 200},
    {"Observation?_summary=count", 200},
    {"Observation?_summary=short", 400},
    {"Observation/$lastn?patient=1&code=a&_summary=data", 200},
    {"Observation/$lastn?patient=1&code=a&_summary=count", 400},
    {"Observation?_pretty=1", 400},
    {"Observation?colour=red", 400},
    {"Observation?code:in=x", 400},
    {"Observation?patient.name=x", 400},
    {"Observation?patient=", 400},
    {"Observation?patient", 400},
    {"Observation?=1", 400},
    {"Observation?patient=Device/1", 400},
    {"Observation?patient=a%20b", 400},
    {"Observation?code=%", 400},
    {"Observation?code=%4", 400},
    {"Observation?code=%zz", 400},
    {"Observation?code=%00", 400},
    {"Observation?code=a%0a", 400},
    {"Observation?code=%7f", 400},
    {"Observation?code=%ff", 400},
    {"Observation?code=%c0%80", 400},
    {"Observation?code=%c3%a9", 200},
    {"Observation?code=\xc3\xa9", 400},
    {"Observation?code=a|b|c", 400},
    {"Observation?code=|", 400},
    {"Observation?code=a|", 200},
    {"Observation?code=|a", 200},
    {"Observation?code=a,,b", 400},
    {"Observation?code=a,", 400},
    {"Observation?code=a%5C,b", 200},
    {"Observation?code=a%5C", 400},
    {"Observation?code=a%5Cx", 400},
    {"Observation?identifier=a|", 400},
    {"Observation?identifier=a|b", 200},
    {"Observation?date=2024", 200},
    {"Observation?date=ap2024", 200},
    {"Observation?date=ge2024-01-01T00:00:00+01:00", 200},
    {"Observation?date=ge2024-01-01T00:00:00%2B01:00", 200},
    {"Observation?date=xx2024", 400},
    {"Observation?date=2024-13", 400},
    {"Observation?date=ge", 400},
    {"Observation?date=2024-02-30", 400},
    {"Observation?_lastUpdated=gt2024", 200},
    {"Observation?_sort=code", 400},
    {"Observation?_sort=--date", 400},
    {"Observation?_sort=date,_id", 400},
    {"Observation?_count=0", 200},
    {"Observation?_count=-1", 400},
    {"Observation?_count=1x", 400},
    {"Observation?_count=1&_count=2", 400},
    {"Observation?_count=1&_count=1", 400},
    {"Observation?_sort=date&_sort=date", 400},
    {"Observation?code=a&code=b", 200},
    {"Observation?_count=1000000000", 400},
    {"Observation?_count=100000", 200},
    {"Observation?max=1", 400},
    {"Observation?_id=x", 200},
    {"Observation?_id=a%2Fb", 400},
    {"Observation?_cursor=x", 400},
    {"Observation?name=x", 400},
    {"Patient?name=", 400},
    {"Patient?name=a,", 400},
    {"Patient?name=a%5Cx", 400},
    {"Patient?name=x&_sort=-_id", 200},
    {"Patient?_id=1,2", 200},
    {"Patient?identifier=1", 200},
    {"Patient?patient=1", 400},
    {"Patient?_sort=date", 400},
    {"Device?patient=1", 200},
    {"Device?name=x", 400},
    {"Observation/$lastn?patient=1&code=x", 200},
    {"Observation/$lastn?patient=1&category=x&max=3&_format=json", 200},
    {"Observation/$lastn?patient=1", 400},
    {"Observation/$lastn?code=x", 400},
    {"Observation/$lastn?patient=1,2&code=x", 400},
    {"Observation/$lastn?patient=1&code=x&_count=1", 400},
    {"Observation/$lastn?patient=1&code=x&max=0", 400},
    {"Patient/$lastn?patient=1&code=x", 400},
    {"Observation?code=%22%c3%a9%22", 200},
    {"Observation?code=%c3%a9%5C%5Cb", 200},
    {"Observation?code=a%5Cx|b", 400},
    {"Observation?_count=", 400},
    {"Observation?patient=1&code=a|", 200},
    {"Observation?patient=1&_id=a", 200},
    {"Observation?patient=1&identifier=a|b", 200},
    {"Observation?_cursor=00000000000000000000000000000000-a", 400},
    {"Observation?_cursor=00000000000000000000000000000000-a_b", 400},
    {"Observation?_cursor=z0000000000000000000000000000000-a", 400},
    {"Observation?date=2013-01-14T10:00x", 400},
    {"Observation?date=2013-01-14T10:00:00.", 400},
};

static void test_parameters(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char target[300];
        snprintf(target, sizeof target, "/fhir/%s", tables[i].query);
        struct skeym_fhir_answer *answer = ask(bench, "GET", target, NULL);
        if (answer->status != tables[i].status) {
            print_error("%s: %d %s\n", target, answer->status, answer->body);
        }
        assert_int_equal(answer->status, tables[i].status);
        struct json_object *json = json_of(answer, tables[i].status);
        assert_string_equal(text_at(json, "resourceType"),
                            tables[i].status == 200 ? "Bundle" : "OperationOutcome");
        assert_null(tables[i].status == 200 ? at(json, "entry") : NULL);
        json_object_put(json);
    }
}

static void append(char *text, size_t room, const char *more)
{
    size_t used = strlen(text);
    snprintf(text + used, room - used, "%s", more);
}

static void test_too_much(void **state)
{
    struct bench *bench = *state;
    char target[9000];
    static const struct {
        const char *first, *more;
    } lists[] = {{"/fhir/Observation?code=c0", ",c"},
                 {"/fhir/Observation?identifier=c0", ",c"},
                 {"/fhir/Observation?patient=c0", ",c"},
                 {"/fhir/Observation?date=2024", ",2024"},
                 {"/fhir/Patient?name=c0", ",c"}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) { /* 64 values, and one more */
        snprintf(target, sizeof target, "%s", lists[i].first);
        for (int j = 1; j < 64; j++) {
            append(target, sizeof target, lists[i].more);
        }
        assert_int_equal(status_of(bench, "GET", target, NULL), 200);
        append(target, sizeof target, lists[i].more);
        assert_int_equal(status_of(bench, "GET", target, NULL), 400);
    }
    snprintf(target, sizeof target, "/fhir/Observation?patient=1");
    for (int i = 1; i < 23; i++) {
        append(target, sizeof target, "&code=x");
    }
    assert_int_equal(status_of(bench, "GET", target, NULL), 200);
    append(target, sizeof target, "&code=x");
    assert_int_equal(status_of(bench, "GET", target, NULL), 400);
    snprintf(target, sizeof target, "/fhir/Observation?_format=json");
    for (int i = 1; i < 64; i++) {
        append(target, sizeof target, "&_format=json");
    }
    assert_int_equal(status_of(bench, "GET", target, NULL), 200);
    append(target, sizeof target, "&_format=json");
    assert_int_equal(status_of(bench, "GET", target, NULL), 400);
    memset(target, 'a', sizeof target - 1);
    target[sizeof target - 1] = 0;
    memcpy(target, "/fhir/Observation?code=", 23);
    assert_int_equal(status_of(bench, "GET", target, NULL), 400);
    target[8192] = 0;
    assert_int_equal(status_of(bench, "GET", target, NULL), 200);
}

static void test_approximately(void **state)
{
    struct bench *bench = *state;
    bench->now_ms = 1704067200000u + 10u * 86400000u; /* 2024-01-11 */
    assert_int_equal(
        status_of(bench, "POST", "/fhir/Observation", ROW("ap", "2024-01-02T12:00:00Z")), 201);
    static const struct {
        const char *date, *total;
    } cases[] = {{"ap2024-01-01", "1"}, /* a tenth of ten days after the end of the day */
                 {"ap2024-01-01T00:00", "0"},
                 {"ap2024-01-03", "1"},
                 {"ap2024-01-04", "0"}};
    for (size_t i = 0; i < 4; i++) {
        char target[100];
        snprintf(target, sizeof target, "/fhir/Observation?patient=1&date=%s", cases[i].date);
        struct json_object *page = json_of(ask(bench, "GET", target, NULL), 200);
        assert_string_equal(text_at(page, "total"), cases[i].total);
        json_object_put(page);
    }
}

static void add_coded(struct bench *bench, const char *codes[2], const char *category, int minute)
{
    char body[700];
    snprintf(body, sizeof body,
             "{\"resourceType\":\"Observation\",\"status\":\"final\",\"category\":[{\"coding\":[{"
             "\"code\":\"%s\"}]}],\"code\":{\"coding\":[{\"code\":\"%s\"},{\"code\":\"%s\"}]},"
             "\"subject\":{\"reference\":\"Patient/1\"},"
             "\"effectiveDateTime\":\"2024-01-01T00:%02d:00Z\",\"valueInteger\":%d}",
             category, codes[0], codes[1], minute, minute);
    assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
}

static void test_lastn(void **state)
{
    struct bench *bench = *state;
    const char *both[] = {"2708-6", "59408-5"}, *one[] = {"2708-6", "2708-6"},
               *heart[] = {"8867-4", "8867-4"}, *lab[] = {"glucose", "glucose"};
    for (int i = 0; i < 5; i++) {
        add_coded(bench, both, "vital-signs", i);
        add_coded(bench, heart, "vital-signs", 10 + i);
        add_coded(bench, lab, "laboratory", 20 + i);
    }
    add_coded(bench, one, "vital-signs", 30); /* the same group, through the code it shares */
    static const struct {
        const char *query;
        int minutes[8];
        size_t count;
    } cases[] = {
        {"category=vital-signs", {30, 14}, 2},
        {"category=vital-signs&max=2", {30, 4, 14, 13}, 4},
        {"code=59408-5&max=2", {4, 3}, 2},
        {"code=8867-4,glucose", {14, 24}, 2},
        {"code=8867-4&category=laboratory", {0}, 0},
        {"category=laboratory,vital-signs&max=1", {30, 14, 24}, 3},
        {"code=59408-5&code=2708-6", {4}, 1}, /* both */
        {"code=2708-6&code=59408-5", {4}, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char target[200];
        snprintf(target, sizeof target, "/fhir/Observation/$lastn?patient=1&%s", cases[i].query);
        struct json_object *page = json_of(ask(bench, "GET", target, NULL), 200);
        assert_int_equal(count_at(page, "entry"), cases[i].count);
        for (size_t j = 0; j < cases[i].count; j++) {
            char path[60];
            snprintf(path, sizeof path, "entry.%zu.resource.valueInteger", j);
            assert_int_equal(strtol(text_at(page, path), NULL, 10), cases[i].minutes[j]);
        }
        json_object_put(page);
    }
}

/* What the URL or the right to write adds to a search needs room, too: the last value of 64, and
 * one more, and the same in a condition. */
static void test_room_for_what_is_added(void **state)
{
    struct bench *bench = *state;
    char codes[600] = "c0";
    char target[900];
    for (int values = 1; values <= 64; values++) {
        snprintf(target, sizeof target, "/fhir/Patient/1/Observation?code=%s", codes);
        int status = status_of(bench, "GET", target, NULL);
        if (values >= 62) {
            assert_int_equal(status, values < 64 ? 200 : 400);
        }
        append(codes, sizeof codes, ",c");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_compartment, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_cursor_is_refused_when_changed, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_parameters, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_too_much, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_approximately, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_lastn, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_room_for_what_is_added, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
