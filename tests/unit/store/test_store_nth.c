/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store when any one call of it fails: of the heap, of SQLite, of the system. Whatever fails,
 * what was acknowledged is there afterwards and nothing else is, a search tells all of a row or
 * says that it could not, and the next store on the same file is whole.
 */
#include "support.h"

#include "unit/nth.h"
#include <sqlite3.h>

NTH(int, sqlite3_step, (sqlite3_stmt * statement), (statement), SQLITE_IOERR, EIO)
NTH(int, sqlite3_prepare_v3,
    (sqlite3 * db, const char *zSql, int nByte, unsigned prepFlags, sqlite3_stmt **ppStmt,
     const char **pzTail),
    (db, zSql, nByte, prepFlags, ppStmt, pzTail), SQLITE_NOMEM, ENOMEM)
NTH(int, sqlite3_bind_blob64,
    (sqlite3_stmt * statement, int at, const void *data, sqlite3_uint64 size, void (*end)(void *)),
    (statement, at, data, size, end), SQLITE_TOOBIG, 0)
NTH(int, sqlite3_bind_text64,
    (sqlite3_stmt * statement, int at, const char *data, sqlite3_uint64 size, void (*end)(void *),
     unsigned char encoding),
    (statement, at, data, size, end, encoding), SQLITE_NOMEM, 0)
#ifndef NTH_SANITIZED
NTH(int, pthread_create,
    (pthread_t * newthread, const pthread_attr_t *attr, void *(*start_routine)(void *), void *arg),
    (newthread, attr, start_routine, arg), EAGAIN, EAGAIN)
#endif

enum { MOST = 20000, ROWS = 6 };

/* What was asked for, in the order of asking. */
struct asked {
    struct job jobs[ROWS];
    bool acknowledged[ROWS];
};

static void with_patient(struct job *job, uint32_t version, struct skeym_store_tag *name)
{
    struct skeym_store_write *write = &job->writes[job->batch.count++];
    *name = (struct skeym_store_tag){SKEYM_STORE_NAME, skeym_span_text(""), skeym_span_text("ann")};
    *write = (struct skeym_store_write){
        .action = SKEYM_STORE_PUT,
        .expected_version = version,
        .tags = name,
        .tag_count = 1,
        .record = {.kind = SKEYM_STORE_PATIENT,
                   .id = skeym_span_text("p"),
                   .body = skeym_span_text("a patient"),
                   .writer = skeym_span_text("w")},
    };
    job->batch.writes = job->writes;
    job->batch.done = done;
    job->batch.arg = job;
}

/* Six batches: observations alone and together, one that is there already, a patient twice. */
static void ask(struct bench *bench, struct asked *asked)
{
    static struct skeym_store_tag names[2];
    memset(asked, 0, sizeof *asked);
    for (int i = 0; i < 3; i++) {
        add(&asked->jobs[i], i);
    }
    add(&asked->jobs[1], 10);
    asked->jobs[1].batch.atomic = true;
    add(&asked->jobs[3], 0); /* its identifier is there */
    with_patient(&asked->jobs[4], 0, &names[0]);
    with_patient(&asked->jobs[5], 1, &names[1]);
    for (int i = 0; i < ROWS; i++) {
        struct skeym_store_batch *batch = &asked->jobs[i].batch;
        if (skeym_store_submit(bench->store, batch) == SKEYM_OK) {
            wait_for(1);
            asked->acknowledged[i] = batch->error == SKEYM_OK;
            for (size_t k = 0; k < batch->count; k++) {
                asked->acknowledged[i] = asked->acknowledged[i] && !batch->writes[k].error;
            }
        }
    }
}

struct told {
    unsigned seen;
    bool wrong;
};

static bool tell(void *arg, const struct skeym_store_record *record)
{
    struct told *told = arg;
    told->seen++;
    told->wrong = told->wrong || record->body.size < 4;
    return true;
}

/* Searches of every shape. The errors that they may say are the store's own. */
static void search(struct skeym_store_reader *reader)
{
    struct skeym_store_value patient = {.text = skeym_span_text("p")};
    struct skeym_store_value code = {.system = skeym_span_text("s"), .text = skeym_span_text("c")};
    struct skeym_store_value any = {.any_system = true, .text = skeym_span_text("c")};
    struct skeym_store_value id = {.system = skeym_span_text("urn"), .text = skeym_span_text("1")};
    struct skeym_store_value time = {.compare = SKEYM_STORE_GE, .low = 0, .high = 2};
    struct skeym_store_value name = {.text = skeym_span_text("an")};
    const struct skeym_store_test tests[][2] = {
        {{SKEYM_STORE_BY_PATIENT, &patient, 1}, {SKEYM_STORE_BY_CODE, &code, 1}},
        {{SKEYM_STORE_BY_PATIENT, &patient, 1}, {SKEYM_STORE_BY_CODE, &any, 1}},
        {{SKEYM_STORE_BY_PATIENT, &patient, 1}, {SKEYM_STORE_BY_TIME, &time, 1}},
        {{SKEYM_STORE_BY_IDENTIFIER, &id, 1}, {SKEYM_STORE_BY_PATIENT, &patient, 1}},
        {{SKEYM_STORE_BY_CODE, &code, 1}, {SKEYM_STORE_BY_UPDATED, &time, 1}},
        {{SKEYM_STORE_BY_CODE, &code, 0}, {SKEYM_STORE_BY_PATIENT, &patient, 1}},
    };
    const struct skeym_store_test names[] = {{SKEYM_STORE_BY_NAME, &name, 1}};
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        for (int order = (int)(i % 2); order < 6; order += 2) {
            struct told told = {0};
            struct skeym_store_query query = {.kind = SKEYM_STORE_OBSERVATION,
                                              .tests = tests[i],
                                              .test_count = 2,
                                              .order = (enum skeym_store_order)(order / 2),
                                              .descending = order % 2,
                                              .limit = 10};
            (void)!skeym_store_search(reader, &query, tell, &told);
            query.resume = true;
            query.after_id = skeym_span_text("o0");
            (void)!skeym_store_search(reader, &query, tell, &told);
            if (order < 2) {
                (void)!skeym_store_latest(reader, &query, tell, &told);
            }
            assert_false(told.wrong);
        }
    }
    struct told told = {0};
    struct skeym_store_query patients = {.kind = SKEYM_STORE_PATIENT,
                                         .tests = names,
                                         .test_count = 1,
                                         .order = SKEYM_STORE_ORDER_ID,
                                         .limit = 10};
    (void)!skeym_store_search(reader, &patients, tell, &told);
    (void)!skeym_store_get(reader, SKEYM_STORE_PATIENT, skeym_span_text("p"), tell, &told);
    assert_true(told.seen <= 2 && !told.wrong);
}

static void remove_files(const struct bench *bench)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char path[128];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", bench->path, ends[i]);
        (void)unlink(path);
    }
}

/* What was acknowledged is there, what was said to have failed is not. */
static void expect_kept(struct bench *bench, const struct asked *asked)
{
    static const int numbers[] = {0, 1, 2};
    for (int i = 0; i < 3; i++) {
        bool there = has(bench, numbers[i]);
        bool met = i == 0 && asked->acknowledged[3]; /* the same, asked for a second time */
        assert_int_equal(there, asked->acknowledged[i] || met);
    }
    assert_int_equal(has(bench, 10), asked->acknowledged[1]);
    struct told told = {0};
    enum skeym_error error =
        skeym_store_get(bench->reader, SKEYM_STORE_PATIENT, skeym_span_text("p"), tell, &told);
    assert_int_equal(error == SKEYM_OK, asked->acknowledged[4] || asked->acknowledged[5]);
}

/* One round, with the nth call of the writer or of the reader failing; whether there was one. */
static bool round_of(struct bench *bench, long n, bool reading, struct asked *asked, bool *opened)
{
    struct skeym_store_options options = {.path = bench->path, .busy_ms = 50};
    memset(asked, 0, sizeof *asked);
    if (!reading) {
        nth_arm(n);
    }
    *opened = skeym_store_open(&bench->store, &options) == SKEYM_OK;
    if (!*opened) {
        assert_null(bench->store);
        return nth_disarm();
    }
    ask(bench, asked);
    bool hit = nth_disarm() && !reading;
    if (reading) {
        nth_arm(n);
    }
    if (skeym_store_reader_open(&bench->reader, bench->store) == SKEYM_OK) {
        search(bench->reader);
    }
    hit = reading ? nth_disarm() : hit;
    skeym_store_reader_close(bench->reader);
    skeym_store_close(bench->store);
    bench->reader = NULL;
    bench->store = NULL;
    return hit;
}

static void sweep(struct bench *bench, bool reading)
{
    struct asked asked;
    bool opened = false;
    long n = 1;
    for (bool hit = true; hit; n++) {
        assert_true(n < MOST);
        remove_files(bench);
        hit = round_of(bench, n, reading, &asked, &opened);
        if (!hit || reading) {
            assert_true(opened);
            for (int i = 0; i < ROWS; i++) {
                assert_true(asked.acknowledged[i]);
            }
        }
        open_store(bench);
        expect_kept(bench, &asked);
        assert_int_equal(skeym_store_health(bench->store), SKEYM_OK);
        close_store(bench);
    }
    assert_true(n > 100); /* it was a sweep */
}

static void test_any_call_of_a_writer(void **state)
{
    sweep(*state, false);
}

static void test_any_call_of_a_reader(void **state)
{
    sweep(*state, true);
}

/* Where a sync costs nothing, if there is such a place: it is done thousands of times. */
static int fast_folder(void **state)
{
    int error = make_folder(state);
    struct bench *bench = *state;
    char folder[] = "/dev/shm/skeym-store-XXXXXX";
    if (!error && mkdtemp(folder)) {
        (void)rmdir(bench->folder);
        snprintf(bench->folder, sizeof bench->folder, "%s", folder);
        snprintf(bench->path, sizeof bench->path, "%s/db", folder);
    }
    return error;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_call_of_a_writer, fast_folder, teardown),
        cmocka_unit_test_setup_teardown(test_any_call_of_a_reader, fast_folder, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
