/* SPDX-License-Identifier: Apache-2.0 */
/* Idempotency keys: a write that is sent twice is carried out once. */
#include "support.h"

#include <sqlite3.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static void give_key(struct job *job, size_t at, const char *writer, const char *key, int digest)
{
    struct skeym_store_write *write = &job->writes[at];
    write->record.writer = skeym_span_text(writer);
    write->key = skeym_span_text(key);
    memset(write->digest, digest, sizeof write->digest);
    write->tag_count = 1; /* no identifier: nothing but the key tells a repetition */
}

static struct job one(struct bench *bench, int number, const char *writer, const char *key,
                      int digest)
{
    struct job job = {0};
    add(&job, number);
    give_key(&job, 0, writer, key, digest);
    run(bench, &job);
    return job;
}

static void test_a_repetition_is_not_carried_out(void **state)
{
    struct bench *bench = *state;
    struct job first = one(bench, 1, "w", "k", 7);
    assert_int_equal(first.writes[0].error, SKEYM_OK);
    assert_false(first.writes[0].repeated);
    struct job again = one(bench, 2, "w", "k", 7);
    assert_int_equal(again.writes[0].error, SKEYM_OK);
    assert_true(again.writes[0].repeated);
    assert_int_equal(again.outcomes[0], SKEYM_STORE_CREATED);
    assert_int_equal(again.writes[0].version, 1);
    assert_int_equal(again.writes[0].updated_ms, first.writes[0].updated_ms);
    assert_true(has(bench, 1));
    assert_false(has(bench, 2));
    assert_int_equal(all(bench).count, 1);
}

static void test_another_writer_or_key_is_another_request(void **state)
{
    struct bench *bench = *state;
    (void)one(bench, 1, "w", "k", 7);
    struct job other = one(bench, 2, "v", "k", 7);
    assert_false(other.writes[0].repeated);
    other = one(bench, 3, "w", "K", 7);
    assert_false(other.writes[0].repeated);
    assert_int_equal(all(bench).count, 3);
}

static void test_another_request_under_the_key_is_refused(void **state)
{
    struct bench *bench = *state;
    (void)one(bench, 1, "w", "k", 7);
    struct job other = one(bench, 2, "w", "k", 8);
    assert_int_equal(other.writes[0].error, SKEYM_ERR_CONFLICT);
    assert_int_equal(other.outcomes[0], SKEYM_STORE_MISUSED);
    assert_false(has(bench, 2));
}

/* What changed nothing is no use to remember: the same again may find something else. */
static void test_what_changed_nothing_leaves_its_key_free(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    struct job taken = {0};
    add(&taken, 1);
    taken.writes[0].key = skeym_span_text("k");
    run(bench, &taken);
    assert_int_equal(taken.outcomes[0], SKEYM_STORE_FOUND);
    struct job later = one(bench, 2, "", "k", 9);
    assert_int_equal(later.writes[0].error, SKEYM_OK);
    assert_false(later.writes[0].repeated);
}

static void test_two_in_one_transaction(void **state)
{
    struct bench *bench = *state;
    struct job job = {0};
    add(&job, 1);
    add(&job, 2);
    give_key(&job, 0, "w", "k", 7);
    give_key(&job, 1, "w", "k", 7);
    run(bench, &job);
    assert_false(job.writes[0].repeated);
    assert_true(job.writes[1].repeated);
    assert_int_equal(all(bench).count, 1);
}

/* A transaction that is rolled back takes its keys with it. */
static void test_a_key_falls_with_its_write(void **state)
{
    struct bench *bench = *state;
    struct job job = {.batch.atomic = true};
    assert_int_equal(write_one(bench, 2), SKEYM_OK);
    add(&job, 1);
    add(&job, 2);
    give_key(&job, 0, "w", "k", 7);
    job.writes[1].must_create = true;
    run(bench, &job);
    assert_int_equal(job.batch.error, SKEYM_ERR_CONFLICT);
    assert_false(has(bench, 1));
    struct job again = one(bench, 1, "w", "k", 7);
    assert_false(again.writes[0].repeated);
    assert_true(has(bench, 1));
}

static void test_a_put_is_repeated_as_it_was(void **state)
{
    struct bench *bench = *state;
    struct skeym_store_write put = {
        .action = SKEYM_STORE_PUT,
        .record = {.kind = SKEYM_STORE_PATIENT,
                   .id = skeym_span_text("p"),
                   .updated_ms = 1000,
                   .body = skeym_span_text("{}"),
                   .writer = skeym_span_text("w")},
        .key = skeym_span_text("k1"),
    };
    struct job job = {.batch = {.count = 1, .done = done}};
    job.batch.writes = job.writes;
    job.batch.arg = &job;
    job.writes[0] = put;
    run(bench, &job);
    assert_int_equal(job.outcomes[0], SKEYM_STORE_CREATED);
    put.key = skeym_span_text("k2");
    put.expected_version = 1;
    job.writes[0] = put;
    run(bench, &job);
    assert_int_equal(job.outcomes[0], SKEYM_STORE_UPDATED);
    job.writes[0] = put; /* the version is 2 by now: without the key this would be CHANGED */
    run(bench, &job);
    assert_int_equal(job.writes[0].error, SKEYM_OK);
    assert_true(job.writes[0].repeated);
    assert_int_equal(job.outcomes[0], SKEYM_STORE_UPDATED);
    assert_int_equal(job.writes[0].version, 2);
    job.writes[0].key = skeym_span_text("k3"); /* what was set the last time is not believed */
    job.writes[0].expected_version = 2;
    run(bench, &job);
    assert_false(job.writes[0].repeated);
    assert_int_equal(job.writes[0].version, 3);
}

static void test_keys_outlive_a_restart(void **state)
{
    struct bench *bench = *state;
    (void)one(bench, 1, "w", "k", 7);
    close_store(bench);
    open_store(bench);
    struct job again = one(bench, 2, "w", "k", 7);
    assert_true(again.writes[0].repeated);
    assert_int_equal(all(bench).count, 1);
}

static int64_t count_rows(struct bench *bench)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM request", -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t count = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return count;
}

static void test_keys_of_yesterday_are_dropped(void **state)
{
    struct bench *bench = *state;
    (void)one(bench, 1, "w", "a", 7);
    (void)one(bench, 2, "w", "b", 7);
    assert_int_equal(count_rows(bench), 2);
    struct job job = {0};
    add(&job, 3);
    give_key(&job, 0, "w", "c", 7);
    job.writes[0].record.updated_ms = 1000 + DAY_MS; /* a is a day old, and no older */
    run(bench, &job);
    assert_int_equal(count_rows(bench), 3);
    struct job next = {0};
    add(&next, 4);
    give_key(&next, 0, "w", "d", 7);
    next.writes[0].record.updated_ms = 1000 + DAY_MS + 10;
    run(bench, &next);
    assert_int_equal(count_rows(bench), 2); /* a and b are gone */
    struct job again = one(bench, 5, "w", "a", 7);
    assert_false(again.writes[0].repeated);
}

/* More than a million: the oldest go, whatever their age. */
static void test_there_is_a_most(void **state)
{
    struct bench *bench = *state;
    sqlite3 *db = NULL;
    (void)one(bench, 1, "w", "a", 7);
    close_store(bench);
    assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "INSERT INTO request(num, writer, key, digest, id, version,"
                                  " updated, created) VALUES(1000000, 'w', 'z', x'00', 'o', 1,"
                                  " 1000, 1)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    open_store(bench);
    (void)one(bench, 2, "w", "b", 7);
    assert_int_equal(count_rows(bench), 2);
    struct job again = one(bench, 3, "w", "b", 7);
    assert_true(again.writes[0].repeated);
}

/* A database of the version before gets what it lacks, and keeps what it has. */
static void test_a_database_of_before_is_brought_along(void **state)
{
    struct bench *bench = *state;
    sqlite3 *db = NULL;
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    close_store(bench);
    assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "DROP TABLE request; PRAGMA user_version = 3", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    open_store(bench);
    assert_true(has(bench, 1));
    (void)one(bench, 2, "w", "k", 7);
    struct job again = one(bench, 3, "w", "k", 7);
    assert_true(again.writes[0].repeated);
    close_store(bench);
    open_store(bench); /* and only once */
    assert_int_equal(all(bench).count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
        TEST(test_a_repetition_is_not_carried_out),
        TEST(test_another_writer_or_key_is_another_request),
        TEST(test_another_request_under_the_key_is_refused),
        TEST(test_what_changed_nothing_leaves_its_key_free),
        TEST(test_two_in_one_transaction),
        TEST(test_a_key_falls_with_its_write),
        TEST(test_a_put_is_repeated_as_it_was),
        TEST(test_keys_outlive_a_restart),
        TEST(test_keys_of_yesterday_are_dropped),
        TEST(test_there_is_a_most),
        TEST(test_a_database_of_before_is_brought_along),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
