/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer remembers instead of asking: that it is right, and gone when it was rolled back.
 */
#include "support.h"

#include "store/sqlite_known.h"

static struct skeym_sqlite_key key_of(int64_t number, const char *one, const char *other)
{
    return (struct skeym_sqlite_key){SKEYM_SQLITE_KNOWN_TERM, number, skeym_span_text(one),
                                     skeym_span_text(other)};
}

static void test_get_and_put(void **state)
{
    struct skeym_sqlite_known *known = skeym_sqlite_known_new();
    const struct skeym_sqlite_key key = key_of(1, "ab", "c");
    const struct skeym_sqlite_key others[] = {key_of(2, "ab", "c"), key_of(1, "a", "bc"),
                                              key_of(1, "ab", "d"), key_of(1, "ab", ""),
                                              key_of(1, "", "abc")};
    struct skeym_sqlite_key what = key;
    what.what = SKEYM_SQLITE_KNOWN_REACH;
    (void)state;
    assert_int_equal(skeym_sqlite_known_get(known, &key), 0);
    skeym_sqlite_known_put(known, &key, 7);
    assert_int_equal(skeym_sqlite_known_get(known, &key), 7);
    assert_int_equal(skeym_sqlite_known_get(known, &what), 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(skeym_sqlite_known_get(known, &others[i]), 0);
        skeym_sqlite_known_put(known, &others[i], 100 + (int64_t)i);
        assert_int_equal(skeym_sqlite_known_get(known, &others[i]), 100 + (int64_t)i);
    }
    skeym_sqlite_known_put(known, &key, 8);
    assert_int_equal(skeym_sqlite_known_get(known, &key), 8);
    skeym_sqlite_known_forget(known);
    assert_int_equal(skeym_sqlite_known_get(known, &key), 0);
    skeym_sqlite_known_free(known);
}

/* More than there is room for: what is answered is right all the same. */
static void test_many(void **state)
{
    struct skeym_sqlite_known *known = skeym_sqlite_known_new();
    size_t kept = 0;
    (void)state;
    for (int64_t i = 1; i <= 20000; i++) {
        const struct skeym_sqlite_key key = key_of(i, "x", "y");
        skeym_sqlite_known_put(known, &key, i);
    }
    for (int64_t i = 1; i <= 20000; i++) {
        const struct skeym_sqlite_key key = key_of(i, "x", "y");
        int64_t value = skeym_sqlite_known_get(known, &key);
        assert_true(value == 0 || value == i);
        kept += value != 0;
    }
    assert_in_range(kept, 1000, 4096);
    skeym_sqlite_known_free(known);
}

static void test_long_texts(void **state)
{
    struct skeym_sqlite_known *known = skeym_sqlite_known_new();
    char text[98];
    memset(text, 'x', sizeof text);
    text[97] = 0;
    struct skeym_sqlite_key key = key_of(1, text, "");
    (void)state;
    skeym_sqlite_known_put(known, &key, 5); /* one byte too long */
    assert_int_equal(skeym_sqlite_known_get(known, &key), 0);
    key.one.size = 90;
    key.other = skeym_span(text, 7);
    skeym_sqlite_known_put(known, &key, 5);
    assert_int_equal(skeym_sqlite_known_get(known, &key), 0);
    key.other.size = 6;
    skeym_sqlite_known_put(known, &key, 5);
    assert_int_equal(skeym_sqlite_known_get(known, &key), 5);
    skeym_sqlite_known_free(known);
}

/* A writer that had no memory for it. */
static void test_without(void **state)
{
    const struct skeym_sqlite_key key = key_of(1, "a", "b");
    (void)state;
    skeym_sqlite_known_put(NULL, &key, 5);
    assert_int_equal(skeym_sqlite_known_get(NULL, &key), 0);
    skeym_sqlite_known_forget(NULL);
    skeym_sqlite_known_free(NULL);
}

/* --- the writer's ------------------------------------------------------------------ */

/* For an hour, of a patient and with a code of their own. */
static void add_long(struct job *job, int number, const char *patient, const char *code)
{
    size_t i = job->batch.count;
    add(job, number);
    job->writes[i].record.patient = skeym_span_text(patient);
    job->writes[i].record.stop_ms = number + 3600000;
    job->tags[i][0].value = skeym_span_text(code);
}

static size_t count(struct bench *bench, const char *patient, enum skeym_store_field field,
                    const struct skeym_store_value *value, bool latest)
{
    const struct skeym_store_value who = {.text = skeym_span_text(patient)};
    const struct skeym_store_test tests[] = {{SKEYM_STORE_BY_PATIENT, &who, 1}, {field, value, 1}};
    const struct skeym_store_query query = {
        .kind = SKEYM_STORE_OBSERVATION, .tests = tests, .test_count = latest ? 1 : 2, .limit = 10};
    struct rows rows = {0};
    assert_int_equal(
        (latest ? skeym_store_latest : skeym_store_search)(bench->reader, &query, each, &rows),
        SKEYM_OK);
    return rows.count;
}

/* Found by code, as the newest of its code, and by a time long after its start. */
static void assert_found(struct bench *bench, const char *patient, const char *code, size_t rows)
{
    const struct skeym_store_value coded = {.text = skeym_span_text(code), .any_system = true};
    const struct skeym_store_value late = {
        .compare = SKEYM_STORE_AP, .low = 3000000, .high = 3000001};
    assert_int_equal(count(bench, patient, SKEYM_STORE_BY_CODE, &coded, false), rows);
    assert_int_equal(count(bench, patient, SKEYM_STORE_BY_TIME, &late, false), rows);
    assert_int_equal(count(bench, patient, SKEYM_STORE_BY_CODE, NULL, true), rows);
}

/* The first refused batch is rolled back with its whole group, later ones with a savepoint. */
static void test_rolled_back(void **state)
{
    static const char *const names[][2] = {{"q", "c-q"}, {"r", "c-r"}};
    struct bench *bench = *state;
    assert_int_equal(write_one(bench, 0), SKEYM_OK);
    for (int i = 0; i < 2; i++) {
        struct job refused = {0}, good = {0};
        add_long(&refused, 10 + i, names[i][0], names[i][1]);
        add(&refused, 0);
        refused.writes[1].must_create = true;
        refused.batch.atomic = true;
        run(bench, &refused);
        assert_int_equal(refused.batch.error, SKEYM_ERR_CONFLICT);
        assert_found(bench, names[i][0], names[i][1], 0);
        add_long(&good, 10 + i, names[i][0], names[i][1]);
        run(bench, &good);
        assert_int_equal(good.writes[0].error, SKEYM_OK);
        assert_found(bench, names[i][0], names[i][1], 1);
    }
}

/* A disk that is full ends the transaction itself. */
static void test_lost(void **state)
{
    struct bench *bench = *state;
    struct job refused = {0}, good = {0};
    assert_int_equal(write_one(bench, 0), SKEYM_OK);
    skeym_store_set_max_bytes(bench->store, 1 << 20);
    add_long(&refused, 10, "q", "c-q");
    add_large(&refused, 11, 4 << 20);
    refused.batch.atomic = true;
    run(bench, &refused);
    free(refused.large);
    assert_int_equal(refused.batch.error, SKEYM_ERR_NO_SPACE);
    skeym_store_set_max_bytes(bench->store, 0);
    add_long(&good, 10, "q", "c-q");
    run(bench, &good);
    assert_int_equal(good.writes[0].error, SKEYM_OK);
    assert_found(bench, "q", "c-q", 1);
}

/* What is known need not be asked, but what is longer than it must be written. */
static void test_reach_grows(void **state)
{
    struct bench *bench = *state;
    struct job longer = {0};
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    assert_int_equal(write_one(bench, 2), SKEYM_OK);
    const struct skeym_store_value late = {
        .compare = SKEYM_STORE_AP, .low = 3000000, .high = 3000001};
    assert_int_equal(count(bench, "p", SKEYM_STORE_BY_TIME, &late, false), 0);
    add_long(&longer, 3, "p", "c");
    run(bench, &longer);
    assert_int_equal(count(bench, "p", SKEYM_STORE_BY_TIME, &late, false), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get_and_put),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_without),
        cmocka_unit_test_setup_teardown(test_rolled_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reach_grows, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
