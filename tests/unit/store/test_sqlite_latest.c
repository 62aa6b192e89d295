/* SPDX-License-Identifier: Apache-2.0 */
/* $lastn: groups of codes, in order, and what it refuses to go through. */
#include "support.h"

enum { CODES = 60 };

/* An observation with these codes. */
static void add_coded(struct bench *bench, int number, const char *patient, const char *codes[],
                      size_t count)
{
    struct job job = {0};
    struct skeym_store_tag tags[CODES];
    add(&job, number);
    for (size_t i = 0; i < count; i++) {
        tags[i] = (struct skeym_store_tag){SKEYM_STORE_CODE, skeym_span_text("s"),
                                           skeym_span_text(codes[i])};
    }
    job.writes[0].record.patient = skeym_span_text(patient);
    job.writes[0].tags = tags;
    job.writes[0].tag_count = count;
    run(bench, &job);
    assert_int_equal(job.writes[0].error, SKEYM_OK);
}

/* Observations of that patient with 60 codes each: those from there on, that nobody else has, or
 * the same 60 each. */
static void add_codes(struct bench *bench, const char *patient, int from, int count, bool same)
{
    for (int i = from; i < from + count; i += CODES) {
        char text[CODES][16];
        const char *codes[CODES];
        int left = from + count - i;
        for (int j = 0; j < CODES; j++) {
            snprintf(text[j], sizeof text[j], "z%d", (same ? from : i) + j);
            codes[j] = text[j];
        }
        add_coded(bench, 100000 + i, patient, codes, left < CODES ? (size_t)left : CODES);
    }
}

static enum skeym_error latest(struct bench *bench, const char *patient, const char *system,
                               uint32_t limit, struct rows *rows)
{
    struct skeym_store_value values[] = {
        {.text = skeym_span_text(patient)},
        {.system = skeym_span_text(system), .any_system = !system, .any_text = true}};
    struct skeym_store_test tests[] = {{SKEYM_STORE_BY_PATIENT, &values[0], 1},
                                       {SKEYM_STORE_BY_CODE, &values[1], 1}};
    struct skeym_store_query query = {.kind = SKEYM_STORE_OBSERVATION,
                                      .tests = tests,
                                      .test_count = system ? 2 : 1,
                                      .limit = limit};
    memset(rows, 0, sizeof *rows);
    return skeym_store_latest(bench->reader, &query, each, rows);
}

/* How many codes a patient has is that patient's limit, and nobody else's. */
static void test_latest_counts_own_codes(void **state)
{
    struct bench *bench = *state;
    struct rows rows;
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    add_codes(bench, "other", 0, 4096, false);
    assert_int_equal(latest(bench, "other", NULL, 1, &rows), SKEYM_OK);
    assert_int_equal(rows.count, 69); /* 60 codes each: as many groups as observations */
    add_codes(bench, "other", 5000, 1, false);
    for (int i = 0; i < 2; i++) {
        const char *system = i ? "s" : NULL;
        assert_int_equal(latest(bench, "other", system, 1, &rows), SKEYM_ERR_RANGE);
        assert_int_equal(latest(bench, "p", system, 1, &rows), SKEYM_OK);
        assert_int_equal(rows.count, 1);
    }
}

/* Rows that are met under each of their codes count each time. */
static void test_more_rows_than_are_gathered(void **state)
{
    struct bench *bench = *state;
    struct rows rows;
    add_codes(bench, "p", 0, SKEYM_STORE_LATEST_ROWS_MAX - SKEYM_STORE_LATEST_ROWS_MAX % CODES,
              true);
    assert_int_equal(latest(bench, "p", NULL, UINT32_MAX, &rows), SKEYM_OK);
    assert_int_equal(rows.count, SKEYM_STORE_LATEST_ROWS_MAX / CODES);
    add_codes(bench, "p", 20000, 1, true);
    add_codes(bench, "p", 30000, CODES, false);
    assert_int_equal(latest(bench, "p", NULL, UINT32_MAX, &rows), SKEYM_ERR_RANGE);
    assert_int_equal(rows.count, 0);
    assert_int_equal(latest(bench, "p", NULL, 1, &rows), SKEYM_OK);
}

/* FHIR's ids have 64 characters at most; who calls the store may forget that. */
static void test_ids_longer_than_fhirs(void **state)
{
    struct bench *bench = *state;
    struct rows rows;
    static const char id[] = "i234567890123456789012345678901234567890123456789012345678901234X";
    for (size_t size = 64; size <= 65; size++) {
        struct job job = {0};
        add(&job, (int)size);
        job.writes[0].record.id = skeym_span(id, size);
        run(bench, &job);
        assert_int_equal(job.writes[0].error, SKEYM_OK);
        assert_int_equal(latest(bench, "p", NULL, 10, &rows),
                         size > 64 ? SKEYM_ERR_RANGE : SKEYM_OK);
        assert_int_equal(rows.count, size <= 64);
    }
}

/* A row of the codes a and c makes them one group; its rows were found apart, the newest last. */
static void test_groups_that_a_row_has_joined(void **state)
{
    struct bench *bench = *state;
    struct rows rows;
    const char *a[] = {"a"}, *b[] = {"b"}, *c[] = {"c"}, *both[] = {"a", "c"};
    add_coded(bench, 5, "p", a, 1);
    add_coded(bench, 7, "p", b, 1);
    add_coded(bench, 9, "p", c, 1);
    add_coded(bench, 1, "p", both, 2);
    add_coded(bench, 6, "p", a, 1);
    assert_int_equal(latest(bench, "p", NULL, 10, &rows), SKEYM_OK);
    assert_int_equal(rows.count, 5);
    size_t at = strcmp(rows.ids[0], "o7") == 0; /* which group comes first is not said */
    static const char *const want[] = {"o9", "o6", "o5", "o1"};
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(rows.ids[at + i], want[i]);
    }
    assert_string_equal(rows.ids[at ? 0 : 4], "o7");
    assert_int_equal(latest(bench, "p", NULL, 2, &rows), SKEYM_OK);
    assert_int_equal(rows.count, 3);
    at = strcmp(rows.ids[0], "o7") == 0;
    assert_string_equal(rows.ids[at], "o9");
    assert_string_equal(rows.ids[at + 1], "o6");
}

/* Wherever the budget ends, it is said, and the store is whole. */
static void test_a_budget_that_ends_on_the_way(void **state)
{
    struct bench *bench = *state;
    struct rows rows;
    unsigned refused = 0;
    const char *code[] = {"a"};
    for (int i = 0; i < 100; i++) {
        add_coded(bench, i, "p", code, 1);
    }
    enum skeym_error error = SKEYM_ERR_TIMEOUT;
    for (uint32_t steps = 1; steps < 1000 && error; steps++) {
        open_with_steps(bench, steps);
        skeym_store_reader_budget(bench->reader);
        error = latest(bench, "p", NULL, 1000, &rows);
        refused += error == SKEYM_ERR_TIMEOUT;
        assert_true(error == SKEYM_OK || error == SKEYM_ERR_TIMEOUT);
    }
    assert_int_equal(error, SKEYM_OK);
    assert_int_equal(rows.count, 100);
    assert_true(refused > 3);
    skeym_store_reader_budget(bench->reader);
    assert_true(has(bench, 7));
}

static void test_one_patient_must_be_named(void **state)
{
    struct bench *bench = *state;
    struct rows rows = {0};
    struct skeym_store_value values[] = {{.text = skeym_span_text("p")},
                                         {.text = skeym_span_text("q")}};
    struct skeym_store_test test = {SKEYM_STORE_BY_PATIENT, values, 2};
    struct skeym_store_query query = {
        .kind = SKEYM_STORE_OBSERVATION, .tests = &test, .test_count = 1, .limit = 1};
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    assert_int_equal(skeym_store_latest(bench->reader, &query, each, &rows), SKEYM_ERR_USAGE);
    query.test_count = 0;
    assert_int_equal(skeym_store_latest(bench->reader, &query, each, &rows), SKEYM_ERR_USAGE);
    assert_int_equal(rows.count, 0);
    test.count = 1;
    query.test_count = 1;
    assert_int_equal(skeym_store_latest(bench->reader, &query, each, &rows), SKEYM_OK);
    assert_int_equal(rows.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_latest_counts_own_codes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_rows_than_are_gathered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ids_longer_than_fhirs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_groups_that_a_row_has_joined, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_budget_that_ends_on_the_way, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_patient_must_be_named, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
