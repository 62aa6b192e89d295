/* SPDX-License-Identifier: Apache-2.0 */
/* What the store does when a step that cannot fail fails. The function below stands in front of
 * SQLite's. */
#include "support.h"

#include <dlfcn.h>
#include <sqlite3.h>

static const char *failing; /* SQL that starts so fails, `failures` times */
static _Atomic int failures;
static sqlite3 *writer; /* the connection that began to write last */
static bool of_reader;  /* it is another's steps that fail */
static int savepoints;  /* that were begun */
static int begins;      /* of transactions that write */

#define REAL(name) __extension__((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int sqlite3_step(sqlite3_stmt *statement)
{
    begins += strncmp(sqlite3_sql(statement), "BEGIN IMMEDIATE", 15) == 0;
    savepoints += strncmp(sqlite3_sql(statement), "SAVEPOINT", 9) == 0;
    if (strcmp(sqlite3_sql(statement), "BEGIN IMMEDIATE") == 0) {
        writer = sqlite3_db_handle(statement);
    }
    bool written = sqlite3_db_handle(statement) == writer;
    if (failures > 0 && written != of_reader &&
        strncmp(sqlite3_sql(statement), failing, strlen(failing)) == 0) {
        failures--;
        return SQLITE_IOERR;
    }
    return REAL(sqlite3_step)(statement);
}

/* Steps of the writer, or of the reader. (The writer's thread lets a reader go after each group,
 * also when its end has been told.) */
static void break_of(const char *sql, int times, bool reader)
{
    of_reader = reader;
    failing = sql;
    failures = times;
}

static void break_step(const char *sql, int times)
{
    break_of(sql, times, false);
}

/* A transaction of a new row and one that is there already, which takes the new one with it. */
static void refuse_half(struct bench *bench, int fresh, int there)
{
    struct job job = {0};
    add(&job, fresh);
    add(&job, there);
    job.writes[1].must_create = true;
    job.batch.atomic = true;
    run(bench, &job);
    assert_int_equal(job.batch.error, SKEYM_ERR_CONFLICT);
    assert_int_equal(job.batch.failed, 1);
    assert_int_equal(job.outcomes[1], SKEYM_STORE_TAKEN);
    assert_false(has(bench, fresh));
}

/* Groups are written without savepoints, until one was needed; then the next 16 have them. */
static void test_savepoints_when_needed(void **state)
{
    struct bench *bench = *state;
    struct job job = {0};
    savepoints = 0;
    assert_int_equal(write_one(bench, 0), SKEYM_OK);
    add(&job, 1);
    add(&job, 0);
    job.writes[1].must_create = true; /* refused before it has changed anything */
    run(bench, &job);
    assert_int_equal(job.writes[1].error, SKEYM_ERR_CONFLICT);
    assert_int_equal(savepoints, 0);
    refuse_half(bench, 2, 0);
    assert_int_equal(savepoints, 1);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(write_one(bench, 10 + i), SKEYM_OK);
        assert_int_equal(savepoints, 2 + i);
    }
    assert_int_equal(write_one(bench, 30), SKEYM_OK);
    assert_int_equal(savepoints, 17);
    refuse_half(bench, 2, 0);
    assert_int_equal(savepoints, 18);
    assert_int_equal(all(bench).count, 19);
}

/* What was refused is taken out of the middle of a group, which goes on without it. */
static void test_refused_in_a_group(void **state)
{
    struct bench *bench = *state;
    struct job jobs[4];
    memset(jobs, 0, sizeof jobs);
    hold_with(bench, &jobs[0], 0);
    add(&jobs[1], 1);
    add(&jobs[1], 0); /* found */
    add(&jobs[2], 2);
    add(&jobs[2], 1); /* found: it was made by the same group */
    jobs[2].writes[1].must_create = true;
    jobs[2].batch.atomic = true;
    add(&jobs[3], 3);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch), SKEYM_OK);
    }
    uint64_t commits = skeym_store_stats(bench->store).commits;
    hold(false);
    wait_for(3);
    assert_int_equal(skeym_store_stats(bench->store).commits, commits + 1);
    assert_int_equal(jobs[1].outcomes[0], SKEYM_STORE_CREATED);
    assert_int_equal(jobs[1].outcomes[1], SKEYM_STORE_FOUND);
    assert_string_equal(jobs[1].found, "o0:body");
    assert_int_equal(jobs[2].batch.error, SKEYM_ERR_CONFLICT);
    assert_int_equal(jobs[3].outcomes[0], SKEYM_STORE_CREATED);
    assert_true(has(bench, 1) && has(bench, 3));
    assert_false(has(bench, 2));
}

/* The rollback before the second try fails: nothing is committed, then or with what comes next. */
static void test_no_second_try(void **state)
{
    struct bench *bench = *state;
    struct job job = {0};
    assert_int_equal(write_one(bench, 0), SKEYM_OK);
    add(&job, 1);
    add(&job, 0);
    job.writes[1].must_create = true;
    job.batch.atomic = true;
    break_step("ROLLBACK", 1);
    run(bench, &job);
    assert_int_equal(failures, 0);
    assert_int_not_equal(job.batch.error, SKEYM_OK);
    assert_int_equal(write_one(bench, 2), SKEYM_OK);
    assert_false(has(bench, 1));
    assert_int_equal(all(bench).count, 2);
}

/* The savepoint of a refused transaction cannot be rolled back: its first half is not kept, and
 * those that shared the group are tried again without it. */
static void test_unwind_of_a_transaction(void **state)
{
    struct bench *bench = *state;
    struct job jobs[4];
    memset(jobs, 0, sizeof jobs);
    hold_with(bench, &jobs[0], 0);
    add(&jobs[1], 1);
    add(&jobs[2], 2);
    add(&jobs[2], 0); /* is there already */
    jobs[2].writes[1].must_create = true;
    jobs[2].batch.atomic = true;
    add(&jobs[3], 3);
    break_step("ROLLBACK TO one", 2);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch), SKEYM_OK);
    }
    hold(false);
    wait_for(3);
    assert_int_equal(failures, 0);
    assert_int_equal(jobs[2].batch.error, SKEYM_ERR_IO);
    assert_int_equal(jobs[1].writes[0].error, SKEYM_OK);
    assert_int_equal(jobs[3].writes[0].error, SKEYM_OK);
    assert_true(has(bench, 1) && has(bench, 3));
    assert_false(has(bench, 2));
    assert_int_equal(write_one(bench, 2), SKEYM_OK);
}

/* The same for writes that stand alone: what cannot be told apart any more fails as a whole. */
static void test_end_of_a_write(void **state)
{
    struct bench *bench = *state;
    static const char *const steps[] = {"ROLLBACK TO one", "RELEASE one"};
    assert_int_equal(write_one(bench, 0), SKEYM_OK);
    refuse_half(bench, 1, 0); /* savepoints from here on */
    for (int i = 0; i < 2; i++) {
        struct job job = {0};
        add(&job, 10);
        add(&job, 0);
        add(&job, 11);
        job.writes[1].must_create = true;
        break_step(steps[i], 1);
        run(bench, &job);
        assert_int_equal(failures, 0);
        assert_int_equal(job.batch.error, SKEYM_ERR_IO);
        assert_int_equal(job.writes[0].error, SKEYM_ERR_IO);
        assert_int_equal(job.writes[2].error, SKEYM_ERR_IO);
        assert_false(has(bench, 10) || has(bench, 11));
    }
    assert_int_equal(write_one(bench, 10), SKEYM_OK);
}

/* Even the rollback fails: nothing of it is committed with what comes next. */
static void test_rollback_fails(void **state)
{
    struct bench *bench = *state;
    struct job job = {0};
    assert_int_equal(write_one(bench, 0), SKEYM_OK);
    refuse_half(bench, 1, 0);
    add(&job, 1);
    add(&job, 2);
    break_step("COMMIT", 1);
    job.batch.atomic = true;
    run(bench, &job);
    assert_int_equal(job.batch.error, SKEYM_ERR_IO);
    memset(&job, 0, sizeof job);
    add(&job, 3);
    add(&job, 0);
    job.writes[1].must_create = true;
    job.batch.atomic = true;
    break_step("ROLLBACK", 2); /* to the savepoint, and of all */
    run(bench, &job);
    assert_int_equal(failures, 0);
    assert_int_equal(job.batch.error, SKEYM_ERR_IO);
    assert_int_equal(write_one(bench, 4), SKEYM_OK);
    assert_int_equal(all(bench).count, 2);
    assert_true(has(bench, 0) && has(bench, 4));
}

/* A reader that could not be let go of sees what is written next. */
static void test_rollback_of_a_reader_fails(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(write_one(bench, 0), SKEYM_OK);
    break_of("ROLLBACK", 1, true);
    for (int i = 0; i < 100 && failures > 0; i++) { /* the writer may have let it go first */
        assert_true(has(bench, 0));
        skeym_store_rest(bench->store);
    }
    assert_int_equal(failures, 0);
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    assert_true(has(bench, 1));
    assert_int_equal(all(bench).count, 2);
}

/* Each batch alone would wait for the lock anew. */
static void test_a_group_that_finds_the_lock_taken(void **state)
{
    struct bench *bench = *state;
    struct job jobs[3];
    sqlite3 *other = NULL;
    memset(jobs, 0, sizeof jobs);
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    hold_with(bench, &jobs[0], 0);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 1; i < 3; i++) {
        add(&jobs[i], i);
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch), SKEYM_OK);
    }
    begins = 0;
    hold(false);
    wait_for(2);
    assert_int_equal(begins, 1);
    assert_int_equal(jobs[1].writes[0].error, SKEYM_ERR_BUSY);
    assert_int_equal(jobs[2].writes[0].error, SKEYM_ERR_BUSY);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_savepoints_when_needed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_in_a_group, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_second_try, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unwind_of_a_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_of_a_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rollback_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rollback_of_a_reader_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_group_that_finds_the_lock_taken, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
