/* SPDX-License-Identifier: Apache-2.0 */
/* Search against a reference that looks at every row, and paging while rows are added. */
#include "support.h"

#include "fhir/fhir_time.h"

enum { ROWS = 300, PATIENTS = 3, CODES = 5 };

struct row {
    char id[40];
    int patient;
    unsigned codes;    /* set */
    unsigned category; /* 0: none */
    int64_t low, high;
    int64_t updated;
};

static struct row rows[ROWS];
static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % sides;
}

static const char *const code_names[CODES] = {"2708-6", "59408-5", "8867-4", "9279-1", "rare"};
static const char *const categories[] = {"", "vital-signs", "laboratory"};

/* A time in January 2024, of any precision, or a period. */
static void random_time(char *out, size_t room, struct row *row)
{
    unsigned day = 1 + dice(28), hour = dice(24), minute = dice(60), second = dice(60);
    char text[64];
    struct skeym_fhir_range a, b;
    switch (dice(5)) {
    case 0:
        snprintf(text, sizeof text, "2024-01-%02u", day);
        break;
    case 1:
        snprintf(text, sizeof text, "2024-01-%02uT%02u:%02u:%02u.250Z", day, hour, minute, second);
        break;
    case 2:
        snprintf(text, sizeof text, "2024-01-%02uT%02u:%02u:%02u+05:30", day, hour, minute, second);
        break;
    case 3: {
        char end[64];
        snprintf(text, sizeof text, "2024-01-%02uT%02u:00:00Z", day, hour);
        snprintf(end, sizeof end, "2024-01-%02uT%02u:30:00Z", day + dice(3), hour);
        assert_int_equal(skeym_fhir_time_parse(&a, skeym_span_text(text), SKEYM_FHIR_TIME_RESOURCE),
                         SKEYM_OK);
        assert_int_equal(skeym_fhir_time_parse(&b, skeym_span_text(end), SKEYM_FHIR_TIME_RESOURCE),
                         SKEYM_OK);
        bool open = dice(4) == 0;
        row->low = a.low;
        row->high = open ? SKEYM_STORE_FOREVER : b.high;
        snprintf(out, room,
                 open ? "\"effectivePeriod\":{\"start\":\"%s\"}"
                      : "\"effectivePeriod\":{\"start\":\"%s\",\"end\":\"%s\"}",
                 text, end);
        return;
    }
    default:
        snprintf(text, sizeof text, "2024-01-%02uT%02u:%02u:%02uZ", day, hour, minute, second);
    }
    assert_int_equal(skeym_fhir_time_parse(&a, skeym_span_text(text), SKEYM_FHIR_TIME_RESOURCE),
                     SKEYM_OK);
    row->low = a.low;
    row->high = a.high;
    snprintf(out, room, "\"effectiveDateTime\":\"%s\"", text);
}

static void add_row(struct bench *bench, struct row *row)
{
    char time[160], codings[400] = "", body[1200];
    random_time(time, sizeof time, row);
    row->patient = (int)dice(PATIENTS);
    row->codes = 1u << dice(CODES - 1);
    if (dice(40) == 0) {
        row->codes = 1u << (CODES - 1);
    }
    if (row->codes & 3u) {
        row->codes |= dice(2) ? 3u : 0u; /* SpO2 often has both */
    }
    row->category = dice(3);
    for (unsigned i = 0; i < CODES; i++) {
        size_t used = strlen(codings);
        if (row->codes & (1u << i)) {
            snprintf(codings + used, sizeof codings - used,
                     "%s{\"system\":\"http://%s.org\","
                     "\"code\":\"%s\"}",
                     used ? "," : "", i == 3 ? "other" : "loinc", code_names[i]);
        }
    }
    snprintf(body, sizeof body,
             "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[%s]},"
             "\"subject\":{\"reference\":\"Patient/p%d\"},%s%s%s%s}",
             codings, row->patient, time,
             row->category ? ",\"category\":[{\"coding\":[{\"code\":\"" : "",
             categories[row->category], row->category ? "\"}]}]" : "");
    bench->now_ms += dice(3) * 1000;
    struct json_object *made = json_of(ask(bench, "POST", "/fhir/Observation", body), 201);
    struct skeym_fhir_range stamp;
    snprintf(row->id, sizeof row->id, "%s", text_at(made, "id"));
    assert_int_equal(skeym_fhir_time_parse(&stamp,
                                           skeym_span_text(text_at(made, "meta.lastUpdated")),
                                           SKEYM_FHIR_TIME_INSTANT),
                     SKEYM_OK);
    row->updated = stamp.low;
    json_object_put(made);
}

/* FHIR's table of prefixes, in its own words: the two ranges as half-open intervals. */
static bool compares(const char *prefix, int64_t low, int64_t high, struct skeym_fhir_range want)
{
    bool contains = want.low <= low && high <= want.high;
    bool above = high > want.high; /* the part above the value meets the target */
    bool below = low < want.low;
    if (strcmp(prefix, "eq") == 0) {
        return contains;
    }
    if (strcmp(prefix, "ne") == 0) {
        return !contains;
    }
    if (strcmp(prefix, "gt") == 0) {
        return above;
    }
    if (strcmp(prefix, "lt") == 0) {
        return below;
    }
    if (strcmp(prefix, "ge") == 0) {
        return above || contains;
    }
    if (strcmp(prefix, "le") == 0) {
        return below || contains;
    }
    if (strcmp(prefix, "sa") == 0) {
        return low >= want.high;
    }
    return high <= want.low; /* eb */
}

static const char *const prefixes[] = {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"};

struct want {
    bool in[ROWS];
    char target[600];
    bool by_update, ascending;
};

static void narrow_by_date(struct want *want, bool updated)
{
    const char *prefix = prefixes[dice(8)];
    char date[64];
    struct skeym_fhir_range range;
    unsigned day = 1 + dice(28);
    if (updated) {
        int64_t base = rows[dice(ROWS)].updated;
        char text[SKEYM_FHIR_TIME_BYTES];
        skeym_fhir_time_print(text, base);
        snprintf(date, sizeof date, "%s", text);
        date[19] = dice(2) ? 'Z' : '.';
        date[20] = date[19] == 'Z' ? 0 : date[20];
    } else if (dice(3) == 0) {
        snprintf(date, sizeof date, "2024-01-%02uT%02u:30", day, dice(24));
    } else if (dice(8) == 0) {
        snprintf(date, sizeof date, "2024-01");
    } else if (dice(4) == 0) {
        snprintf(date, sizeof date, "2024-01-%02uT10:00:00-03:00", day);
    } else {
        snprintf(date, sizeof date, "2024-01-%02u", day);
    }
    assert_int_equal(skeym_fhir_time_parse(&range, skeym_span_text(date), SKEYM_FHIR_TIME_SEARCH),
                     SKEYM_OK);
    size_t used = strlen(want->target);
    snprintf(want->target + used, sizeof want->target - used, "&%s=%s%s",
             updated ? "_lastUpdated" : "date", prefix, date);
    for (size_t i = 0; i < ROWS; i++) {
        want->in[i] =
            want->in[i] && (updated ? compares(prefix, rows[i].updated, rows[i].updated + 1, range)
                                    : compares(prefix, rows[i].low, rows[i].high, range));
    }
}

static void narrow_by_code(struct want *want)
{
    unsigned set = 0;
    size_t count = 1 + dice(3);
    size_t used = strlen(want->target);
    used += (size_t)snprintf(want->target + used, sizeof want->target - used, "&code=");
    for (size_t i = 0; i < count; i++) {
        unsigned code = dice(CODES);
        unsigned form = dice(4);
        const char *system = form == 1   ? (code == 3 ? "http://other.org%7C" : "http://loinc.org|")
                             : form == 2 ? "http://wrong.org|"
                                         : "";
        used += (size_t)snprintf(want->target + used, sizeof want->target - used, "%s%s%s",
                                 i ? "," : "", system, code_names[code]);
        set |= form == 2 ? 0u : 1u << code;
    }
    for (size_t i = 0; i < ROWS; i++) {
        want->in[i] = want->in[i] && (rows[i].codes & set);
    }
}

static void make_want(struct want *want)
{
    memset(want, 0, sizeof *want);
    memset(want->in, 1, sizeof want->in);
    snprintf(want->target, sizeof want->target, "/fhir/Observation?_count=%u", 1 + dice(40));
    if (dice(4)) {
        unsigned patient = dice(PATIENTS);
        size_t used = strlen(want->target);
        snprintf(want->target + used, sizeof want->target - used,
                 dice(2) ? "&patient=p%u" : "&subject=Patient/p%u", patient);
        for (size_t i = 0; i < ROWS; i++) {
            want->in[i] = want->in[i] && rows[i].patient == (int)patient;
        }
    }
    if (dice(2)) {
        narrow_by_code(want);
    }
    if (dice(3) == 0) {
        unsigned category = 1 + dice(2);
        size_t used = strlen(want->target);
        snprintf(want->target + used, sizeof want->target - used, "&category=%s%s",
                 dice(2) ? "|" : "", categories[category]);
        for (size_t i = 0; i < ROWS; i++) {
            want->in[i] = want->in[i] && rows[i].category == category;
        }
    }
    for (uint32_t i = dice(3); i > 0; i--) {
        narrow_by_date(want, false);
    }
    if (dice(4) == 0) {
        narrow_by_date(want, true);
    }
    static const char *const sorts[] = {"", "&_sort=date", "&_sort=-date", "&_sort=_lastUpdated",
                                        "&_sort=-_lastUpdated"};
    uint32_t sort = dice(5);
    want->by_update = sort >= 3;
    want->ascending = sort == 1 || sort == 3;
    size_t used = strlen(want->target);
    snprintf(want->target + used, sizeof want->target - used, "%s", sorts[sort]);
}

static size_t index_of(const char *id)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].id, id) == 0) {
            return i;
        }
    }
    return ROWS;
}

static int64_t key_of(const struct want *want, size_t i)
{
    return want->by_update ? rows[i].updated : rows[i].low;
}

/* Follows the links; every wanted row exactly once, in order. */
static void check_pages(struct bench *bench, const struct want *want)
{
    bool seen[ROWS] = {false};
    size_t last = ROWS;
    char target[900];
    snprintf(target, sizeof target, "%s", want->target);
    while (target[0]) {
        struct json_object *page = json_of(ask(bench, "GET", target, NULL), 200);
        for (size_t i = 0; i < count_at(page, "entry"); i++) {
            struct json_object *entry = json_object_array_get_idx(at(page, "entry"), i);
            size_t row = index_of(text_at(entry, "resource.id"));
            if (row == ROWS || seen[row] || !want->in[row]) {
                print_error("%s: wrong row %s\n", target, text_at(entry, "resource.id"));
            }
            assert_true(row < ROWS && !seen[row] && want->in[row]);
            seen[row] = true;
            if (last != ROWS) {
                int64_t a = key_of(want, last), b = key_of(want, row);
                int order = strcmp(rows[last].id, rows[row].id);
                assert_true(want->ascending ? a < b || (a == b && order < 0)
                                            : a > b || (a == b && order > 0));
            }
            last = row;
        }
        const char *next = text_at(page, "link.1.url");
        assert_true(next[0] == 0 || strncmp(next, BASE "/Observation?", strlen(BASE) + 13) == 0);
        snprintf(target, sizeof target, "%s", next[0] ? next + strlen("https://ward:8443") : "");
        json_object_put(page);
    }
    for (size_t i = 0; i < ROWS; i++) {
        if (want->in[i] && !seen[i]) {
            print_error("%s: row %zu is missing\n", want->target, i);
        }
        assert_int_equal(want->in[i], seen[i]);
    }
}

static void test_against_reference(void **state)
{
    struct bench *bench = *state;
    seed = 7;
    for (size_t i = 0; i < ROWS; i++) {
        add_row(bench, &rows[i]);
    }
    size_t found = 0;
    for (size_t i = 0; i < 600; i++) {
        struct want want;
        make_want(&want);
        check_pages(bench, &want);
        for (size_t j = 0; j < ROWS; j++) {
            found += want.in[j];
        }
    }
    assert_true(found > 5000); /* the searches were not all empty */
}

#define ROW(ID, TIME)                                                                              \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"code\":"      \
    "\"x\"}]},\"subject\":{\"reference\":\"Patient/1\"},\"effectiveDateTime\":\"" TIME             \
    "\",\"identifier\":[{\"system\":\"urn:t\",\"value\":\"" ID "\"}]}"

/* Rows that are added between two pages neither hide nor repeat one that was there. */
static void test_paging_while_adding(void **state)
{
    struct bench *bench = *state;
    static const char *const sorts[] = {"date", "-date", "_lastUpdated", "-_lastUpdated"};
    for (int i = 0; i < 20; i++) {
        char body[600];
        snprintf(body, sizeof body, ROW("%d", "2024-01-01T00:%02d:00Z"), i, i); /* time, id */
        assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
    }
    for (int s = 0; s < 4; s++) {
        char target[400];
        unsigned seen = 0;
        int added = 0;
        snprintf(target, sizeof target, "/fhir/Observation?patient=1&_count=3&_sort=%s", sorts[s]);
        while (target[0]) {
            struct json_object *page = json_of(ask(bench, "GET", target, NULL), 200);
            for (size_t i = 0; i < count_at(page, "entry"); i++) {
                struct json_object *entry = json_object_array_get_idx(at(page, "entry"), i);
                int number = (int)strtol(text_at(entry, "resource.identifier.0.value"), NULL, 10);
                assert_false(number < 20 && (seen & (1u << number)));
                seen |= number < 20 ? 1u << number : 0u;
            }
            const char *next = text_at(page, "link.1.url");
            snprintf(target, sizeof target, "%s",
                     next[0] ? next + strlen("https://ward:8443") : "");
            json_object_put(page);
            if (added < 5) {
                char body[600];
                snprintf(body, sizeof body, ROW("%d", "2024-01-01T00:%02d:30Z"), (added * 7) % 20,
                         100 * (s + 1) + added);
                assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
                added++;
            }
        }
        assert_int_equal(seen, (1u << 20) - 1);
    }
}

/* Each way to look for one patient's codes: one by one, by their system, and all at once. */
static void test_codes_of_a_patient(void **state)
{
    struct bench *bench = *state;
    static const char *const body =
        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":["
        "{\"system\":\"s\",\"code\":\"c0\"},{\"code\":\"c1\"},{\"code\":\"c2\"},{\"code\":\"c3\"},"
        "{\"code\":\"c4\"},{\"code\":\"c5\"},{\"code\":\"c6\"},{\"code\":\"c7\"},{\"code\":\"c8\"},"
        "{\"code\":\"c9\"}]},\"subject\":{\"reference\":\"Patient/1\"},"
        "\"effectiveDateTime\":\"2024-01-01\"}";
    assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
    assert_int_equal(status_of(bench, "POST", "/fhir/Observation", body), 201);
    static const struct {
        const char *query;
        size_t count;
    } asked[] = {{"c0", 2},
                 {"s|c0", 2},
                 {"s|", 2},
                 {"t|", 0},
                 {"|c1", 2},
                 {"|c0", 0},
                 {"c0,c1,c2,c3,c4,c5,c6,c7", 2},
                 {"c0,c1,c2,c3,c4,c5,c6,c7,c8,c9", 2}};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        char target[200];
        (void)snprintf(target, sizeof target, "/fhir/Observation?patient=1&code=%s",
                       asked[i].query);
        assert_int_equal(rows_of(bench, target), asked[i].count);
        (void)snprintf(target, sizeof target, "/fhir/Observation?patient=2&code=%s",
                       asked[i].query);
        assert_int_equal(rows_of(bench, target), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_against_reference, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_paging_while_adding, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_codes_of_a_patient, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
