/* SPDX-License-Identifier: Apache-2.0 */
/* A reader keeps its read transaction between gets: what is acknowledged is seen all the same, and
 * nobody has to wait for a reader at rest. */
#include "support.h"

#include <sqlite3.h>
#include <stdatomic.h>

/* false: somebody reads what the log has not given to the file yet. */
static bool can_cut_the_log(const struct bench *bench)
{
    sqlite3 *other = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(other, "PRAGMA wal_checkpoint(TRUNCATE)", -1, &statement, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    bool can = sqlite3_column_int(statement, 0) == 0;
    sqlite3_finalize(statement);
    sqlite3_close(other);
    return can;
}

static void what_is_acknowledged_is_seen(void **state)
{
    struct bench *bench = *state;
    struct bench second = *bench;
    assert_int_equal(skeym_store_reader_open(&second.reader, bench->store), SKEYM_OK);
    for (int i = 1; i <= 100; i++) {
        assert_false(has(bench, i));
        assert_false(has(&second, i));
        assert_int_equal(write_one(bench, i), SKEYM_OK);
        assert_true(has(bench, i));
        assert_true(i % 2 == 0 || has(&second, i)); /* also one that missed a commit */
    }
    skeym_store_reader_close(second.reader);
}

static void a_search_after_a_get_sees_it_too(void **state)
{
    struct bench *bench = *state;
    for (int i = 1; i <= 20; i++) {
        assert_false(has(bench, i));
        assert_int_equal(write_one(bench, i), SKEYM_OK);
        assert_int_equal(all(bench).count, i);
        assert_true(has(bench, i));
        assert_int_equal(all(bench).count, i);
    }
}

/* The control of the two tests after this one: a reader that is not told keeps its transaction. */
static void a_get_keeps_a_transaction(void **state)
{
    struct bench *bench = *state;
    int count = 0;
    do { /* again when the writer, which lets go after its answer, came after the get */
        count++;
        assert_int_equal(write_one(bench, count), SKEYM_OK);
        assert_true(has(bench, count));
    } while (can_cut_the_log(bench) && count < 1000);
    assert_false(can_cut_the_log(bench));
    assert_int_equal(all(bench).count, count);
    assert_true(can_cut_the_log(bench)); /* a search does not */
}

static void at_rest_it_keeps_none(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    assert_true(has(bench, 1));
    skeym_store_rest(bench->store);
    assert_true(can_cut_the_log(bench));
    skeym_store_rest(bench->store); /* nothing to do */
    assert_true(has(bench, 1));
}

/* The writer lets go after its answers are out: waited for by a commit after it. */
static void the_writer_lets_go_of_it(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    assert_true(has(bench, 1));
    assert_int_equal(write_one(bench, 2), SKEYM_OK);
    assert_int_equal(write_one(bench, 3), SKEYM_OK);
    assert_true(can_cut_the_log(bench));
}

static void an_error_keeps_none(void **state)
{
    struct bench *bench = *state;
    sqlite3 *other = NULL;
    struct rows rows = {0};
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "UPDATE observation SET body=x'00'", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(
        skeym_store_get(bench->reader, SKEYM_STORE_OBSERVATION, skeym_span_text("o1"), each, &rows),
        SKEYM_ERR_CHECKSUM);
    assert_true(can_cut_the_log(bench));
}

struct asker {
    struct bench bench;
    _Atomic int written;
    _Atomic bool stop;
};

static void *ask(void *arg)
{
    struct asker *asker = arg;
    do {
        int written = asker->written; /* acknowledged by now */
        assert_true(written == 0 || has(&asker->bench, written));
    } while (!asker->stop);
    return NULL;
}

static void many_readers_beside_the_writer(void **state)
{
    struct bench *bench = *state;
    enum { READERS = 4 };
    struct asker askers[READERS];
    pthread_t threads[READERS];
    for (size_t i = 0; i < READERS; i++) {
        memset(&askers[i], 0, sizeof askers[i]);
        assert_int_equal(skeym_store_reader_open(&askers[i].bench.reader, bench->store), SKEYM_OK);
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
    }
    for (int i = 1; i <= 200; i++) {
        assert_int_equal(write_one(bench, i), SKEYM_OK);
        for (size_t j = 0; j < READERS; j++) {
            askers[j].written = i;
        }
        if (i % 50 == 0) {
            skeym_store_rest(bench->store);
        }
    }
    for (size_t i = 0; i < READERS; i++) {
        askers[i].stop = true;
        pthread_join(threads[i], NULL);
        skeym_store_reader_close(askers[i].bench.reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_acknowledged_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(a_search_after_a_get_sees_it_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_get_keeps_a_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(at_rest_it_keeps_none, setup, teardown),
        cmocka_unit_test_setup_teardown(the_writer_lets_go_of_it, setup, teardown),
        cmocka_unit_test_setup_teardown(an_error_keeps_none, setup, teardown),
        cmocka_unit_test_setup_teardown(many_readers_beside_the_writer, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
