/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit, atomic batches, and what happens when the disk or the file fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"

struct bench {
    char folder[64], path[96];
    struct skeym_store *store;
    struct skeym_store_reader *reader;
};

static void open_store(struct bench *bench)
{
    struct skeym_store_options options = {.path = bench->path, .busy_ms = 50};
    assert_int_equal(skeym_store_open(&bench->store, &options), SKEYM_OK);
    assert_int_equal(skeym_store_reader_open(&bench->reader, bench->store), SKEYM_OK);
}

static void close_store(struct bench *bench)
{
    skeym_store_reader_close(bench->reader);
    skeym_store_close(bench->store);
    bench->reader = NULL;
    bench->store = NULL;
}

static int make_folder(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    snprintf(bench->folder, sizeof bench->folder, "/tmp/skeym-store-XXXXXX");
    if (!mkdtemp(bench->folder)) {
        return -1;
    }
    snprintf(bench->path, sizeof bench->path, "%s/db", bench->folder);
    *state = bench;
    return 0;
}

static int setup(void **state)
{
    int error = make_folder(state);
    if (!error) {
        open_store(*state);
    }
    return error;
}

static int teardown(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    struct bench *bench = *state;
    char path[128];
    close_store(bench);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", bench->path, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(bench->folder);
    free(bench);
    return 0;
}

/* --- batches ------------------------------------------------------------------ */

enum { WRITES = 4 };

struct job {
    struct skeym_store_batch batch;
    struct skeym_store_write writes[WRITES];
    struct skeym_store_tag tags[WRITES][2];
    char ids[WRITES][16], values[WRITES][16];
    enum skeym_store_outcome outcomes[WRITES];
    char found[64];
    char *large;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static int finished;
static bool held;

static void done(void *arg, struct skeym_store_batch *batch)
{
    struct job *job = arg;
    for (size_t i = 0; i < batch->count; i++) {
        job->outcomes[i] = batch->writes[i].outcome;
        if (job->outcomes[i] == SKEYM_STORE_FOUND) { /* lives only until this returns */
            snprintf(
                job->found, sizeof job->found, "%.*s:%.*s", (int)batch->writes[i].found.id.size,
                (const char *)batch->writes[i].found.id.data, (int)batch->writes[i].found.body.size,
                (const char *)batch->writes[i].found.body.data);
        }
    }
    pthread_mutex_lock(&lock);
    finished++;
    pthread_cond_signal(&wake);
    while (held) {
        pthread_cond_wait(&wake, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static void wait_for(int count)
{
    pthread_mutex_lock(&lock);
    while (finished < count) {
        pthread_cond_wait(&wake, &lock);
    }
    finished -= count;
    pthread_mutex_unlock(&lock);
}

static void hold(bool on)
{
    pthread_mutex_lock(&lock);
    held = on;
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
}

/* An observation "o<number>" of patient p at that millisecond, with identifier urn|<number>. */
static void add(struct job *job, int number)
{
    size_t i = job->batch.count++;
    struct skeym_store_write *write = &job->writes[i];
    snprintf(job->ids[i], sizeof job->ids[i], "o%d", number);
    snprintf(job->values[i], sizeof job->values[i], "%d", number);
    job->tags[i][0] =
        (struct skeym_store_tag){SKEYM_STORE_CODE, skeym_span_text("s"), skeym_span_text("c")};
    job->tags[i][1] = (struct skeym_store_tag){SKEYM_STORE_IDENTIFIER, skeym_span_text("urn"),
                                               skeym_span_text(job->values[i])};
    write->tags = job->tags[i];
    write->tag_count = 2;
    write->record = (struct skeym_store_record){.kind = SKEYM_STORE_OBSERVATION,
                                                .id = skeym_span_text(job->ids[i]),
                                                .patient = skeym_span_text("p"),
                                                .start_ms = number,
                                                .stop_ms = number + 1,
                                                .updated_ms = 1000,
                                                .body = skeym_span_text("body")};
    job->batch.writes = job->writes;
    job->batch.done = done;
    job->batch.arg = job;
}

static void add_large(struct job *job, int number, size_t size)
{
    add(job, number);
    job->large = calloc(1, size);
    memset(job->large, 'x', size);
    job->writes[job->batch.count - 1].record.body = skeym_span(job->large, size);
}

static void run(struct bench *bench, struct job *job)
{
    assert_int_equal(skeym_store_submit(bench->store, &job->batch), SKEYM_OK);
    wait_for(1);
}

static enum skeym_error write_one(struct bench *bench, int number)
{
    struct job job = {0};
    add(&job, number);
    run(bench, &job);
    return job.writes[0].error;
}

struct rows {
    size_t count;
    int64_t last_updated;
    char ids[64][16];
};

static bool each(void *arg, const struct skeym_store_record *record)
{
    struct rows *rows = arg;
    if (rows->count < 64) {
        snprintf(rows->ids[rows->count], sizeof rows->ids[0], "%.*s", (int)record->id.size,
                 (const char *)record->id.data);
    }
    rows->count++;
    rows->last_updated = record->updated_ms;
    return true;
}

static struct rows all(struct bench *bench)
{
    struct skeym_store_value value = {.text = skeym_span_text("p")};
    struct skeym_store_test test = {SKEYM_STORE_BY_PATIENT, &value, 1};
    struct skeym_store_query query = {
        .kind = SKEYM_STORE_OBSERVATION, .tests = &test, .test_count = 1, .limit = 100000};
    struct rows rows = {0};
    assert_int_equal(skeym_store_search(bench->reader, &query, each, &rows), SKEYM_OK);
    return rows;
}

static bool has(struct bench *bench, int number)
{
    char id[16];
    struct rows rows = {0};
    snprintf(id, sizeof id, "o%d", number);
    enum skeym_error error =
        skeym_store_get(bench->reader, SKEYM_STORE_OBSERVATION, skeym_span_text(id), each, &rows);
    assert_true(error == SKEYM_OK || error == SKEYM_ERR_NOT_FOUND);
    assert_int_equal(rows.count, error == SKEYM_OK);
    return error == SKEYM_OK;
}

/* While the first batch's done is held, a hundred more queue up: they share one commit. */
static void test_group_commit(void **state)
{
    struct bench *bench = *state;
    enum { COUNT = 100 };
    struct job *jobs = calloc(COUNT + 1, sizeof *jobs);
    hold(true);
    add(&jobs[0], 0);
    assert_int_equal(skeym_store_submit(bench->store, &jobs[0].batch), SKEYM_OK);
    wait_for(1);
    assert_true(has(bench, 0)); /* durable and visible before done was called */
    uint64_t before = skeym_store_stats(bench->store).commits;
    for (int i = 1; i <= COUNT; i++) {
        add(&jobs[i], i);
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch), SKEYM_OK);
    }
    assert_int_equal(skeym_store_stats(bench->store).queued, COUNT);
    hold(false);
    wait_for(COUNT);
    struct skeym_store_stats stats = skeym_store_stats(bench->store);
    assert_int_equal(stats.commits - before, 1);
    assert_int_equal(stats.batches, COUNT + 1);
    assert_int_equal(stats.failed, 0);
    assert_int_equal(stats.queued, 0);
    assert_int_equal(all(bench).count, COUNT + 1);
    for (int i = 2; i <= COUNT; i++) { /* one commit, one time */
        assert_int_equal(jobs[i].writes[0].updated_ms, jobs[1].writes[0].updated_ms);
    }
    assert_true(jobs[1].writes[0].updated_ms > jobs[0].writes[0].updated_ms);
    free(jobs);
}

/* In one group: a batch that fails leaves the ones around it alone. */
static void test_a_failing_batch_is_alone(void **state)
{
    struct bench *bench = *state;
    struct job jobs[4];
    memset(jobs, 0, sizeof jobs);
    hold(true);
    add(&jobs[0], 0);
    assert_int_equal(skeym_store_submit(bench->store, &jobs[0].batch), SKEYM_OK);
    wait_for(1);
    add(&jobs[1], 1);
    add(&jobs[2], 2);
    add(&jobs[2], 3);
    add(&jobs[2], 0); /* is there already, and must be created */
    jobs[2].writes[2].must_create = true;
    jobs[2].batch.atomic = true;
    add(&jobs[3], 4);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch), SKEYM_OK);
    }
    hold(false);
    wait_for(3);
    assert_int_equal(jobs[1].batch.error, SKEYM_OK);
    assert_int_equal(jobs[3].batch.error, SKEYM_OK);
    assert_int_equal(jobs[2].batch.error, SKEYM_ERR_CONFLICT);
    assert_int_equal(jobs[2].batch.failed, 2);
    assert_int_equal(jobs[2].outcomes[2], SKEYM_STORE_CHANGED);
    assert_true(has(bench, 1) && has(bench, 4));
    assert_false(has(bench, 2) || has(bench, 3));
    assert_int_equal(write_one(bench, 2), SKEYM_OK); /* nothing of it is left in an index */
}

/* Not atomic: each write alone. */
static void test_each_write_alone(void **state)
{
    struct bench *bench = *state;
    struct job job = {0};
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    add(&job, 2);
    add(&job, 1);
    add(&job, 3);
    job.writes[1].must_create = true;
    run(bench, &job);
    assert_int_equal(job.batch.error, SKEYM_OK);
    assert_int_equal(job.writes[1].error, SKEYM_ERR_CONFLICT);
    assert_int_equal(job.outcomes[0], SKEYM_STORE_CREATED);
    assert_int_equal(job.outcomes[1], SKEYM_STORE_CHANGED);
    assert_int_equal(job.outcomes[2], SKEYM_STORE_CREATED);
    assert_int_equal(all(bench).count, 3);
    assert_int_equal(skeym_store_stats(bench->store).failed, 1);
}

static void test_found(void **state)
{
    struct bench *bench = *state;
    struct job job = {0}, several = {0};
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    assert_int_equal(write_one(bench, 2), SKEYM_OK);
    add(&job, 1);
    snprintf(job.ids[0], sizeof job.ids[0], "o9");
    job.writes[0].record.id = skeym_span_text(job.ids[0]);
    run(bench, &job);
    assert_int_equal(job.outcomes[0], SKEYM_STORE_FOUND);
    assert_string_equal(job.found, "o1:body");
    assert_false(has(bench, 9));
    add(&several, 1);
    struct skeym_store_tag tags[] = {
        {SKEYM_STORE_IDENTIFIER, skeym_span_text("urn"), skeym_span_text("1")},
        {SKEYM_STORE_IDENTIFIER, skeym_span_text("urn"), skeym_span_text("2")}};
    several.writes[0].tags = tags;
    run(bench, &several);
    assert_int_equal(several.writes[0].error, SKEYM_ERR_CONFLICT);
    assert_int_equal(several.outcomes[0], SKEYM_STORE_SEVERAL);
}

static void test_put_expects_a_version(void **state)
{
    struct bench *bench = *state;
    for (uint32_t expected = 0; expected < 3; expected++) {
        for (uint32_t now = 0; now < 2; now++) { /* now == 1: the version has moved on */
            struct job job = {0};
            add(&job, 1);
            job.writes[0].action = SKEYM_STORE_PUT;
            job.writes[0].record.kind = SKEYM_STORE_PATIENT;
            job.writes[0].tag_count = 0;
            job.writes[0].expected_version = expected;
            run(bench, &job);
            assert_int_equal(job.writes[0].error, now == 0 ? SKEYM_OK : SKEYM_ERR_CONFLICT);
            assert_int_equal(job.outcomes[0], now == 1        ? SKEYM_STORE_CHANGED
                                              : expected == 0 ? SKEYM_STORE_CREATED
                                                              : SKEYM_STORE_UPDATED);
        }
    }
    struct job job = {0};
    add(&job, 1);
    job.writes[0].action = SKEYM_STORE_PUT;
    run(bench, &job);
    assert_int_equal(job.writes[0].error, SKEYM_ERR_UNSUPPORTED);
}

/* A clock that jumps back does not make new rows old, also not after a restart. */
static void test_clock_jumps_back(void **state)
{
    struct bench *bench = *state;
    struct job ahead = {0}, back = {0}, later = {0};
    add(&ahead, 1);
    ahead.writes[0].record.updated_ms = 5000;
    run(bench, &ahead);
    assert_int_equal(ahead.writes[0].updated_ms, 5000);
    add(&back, 2);
    run(bench, &back);
    assert_int_equal(back.writes[0].updated_ms, 5001);
    close_store(bench);
    open_store(bench);
    add(&later, 3);
    run(bench, &later);
    assert_int_equal(later.writes[0].updated_ms, 5002);
}

static void test_queue_is_bounded(void **state)
{
    struct bench *bench = *state;
    close_store(bench);
    struct skeym_store_options options = {.path = bench->path, .queue_max = 2};
    assert_int_equal(skeym_store_open(&bench->store, &options), SKEYM_OK);
    struct job jobs[4];
    memset(jobs, 0, sizeof jobs);
    hold(true);
    add(&jobs[0], 0);
    assert_int_equal(skeym_store_submit(bench->store, &jobs[0].batch), SKEYM_OK);
    wait_for(1);
    for (int i = 1; i < 4; i++) {
        add(&jobs[i], i);
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch),
                         i < 3 ? SKEYM_OK : SKEYM_ERR_BUSY);
    }
    hold(false);
    wait_for(2);
    struct job job = {0};
    add(&job, 3);
    run(bench, &job);
    assert_int_equal(job.writes[0].error, SKEYM_OK);
}

static void test_close_commits_the_queue(void **state)
{
    struct bench *bench = *state;
    enum { COUNT = 50 };
    struct job *jobs = calloc(COUNT, sizeof *jobs);
    for (int i = 0; i < COUNT; i++) {
        add(&jobs[i], i);
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch), SKEYM_OK);
    }
    close_store(bench);
    wait_for(COUNT);
    open_store(bench);
    assert_int_equal(all(bench).count, COUNT);
    free(jobs);
}

/* --- the disk ------------------------------------------------------------------- */

static void test_full_and_room_again(void **state)
{
    struct bench *bench = *state;
    struct job jobs[4];
    memset(jobs, 0, sizeof jobs);
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    skeym_store_set_max_bytes(bench->store, 300000);
    /* one group: a small batch, one that does not fit, a small batch */
    hold(true);
    add(&jobs[0], 10);
    assert_int_equal(skeym_store_submit(bench->store, &jobs[0].batch), SKEYM_OK);
    wait_for(1);
    add(&jobs[1], 11);
    add_large(&jobs[2], 12, 1 << 20);
    jobs[2].batch.atomic = true;
    add(&jobs[3], 13);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch), SKEYM_OK);
    }
    hold(false);
    wait_for(3);
    assert_int_equal(jobs[2].batch.error, SKEYM_ERR_NO_SPACE);
    assert_int_equal(jobs[2].writes[0].error, SKEYM_ERR_NO_SPACE);
    assert_int_equal(jobs[1].writes[0].error, SKEYM_OK);
    assert_int_equal(jobs[3].writes[0].error, SKEYM_OK);
    assert_true(has(bench, 11) && has(bench, 13));
    assert_false(has(bench, 12));
    /* fill it with small ones, until none fits */
    int number = 100;
    while (write_one(bench, number) == SKEYM_OK) {
        assert_true(number++ < 20000);
    }
    assert_int_equal(write_one(bench, number), SKEYM_ERR_NO_SPACE);
    assert_false(has(bench, number));
    assert_true(has(bench, number - 1)); /* reading goes on */
    skeym_store_set_max_bytes(bench->store, 0);
    assert_int_equal(write_one(bench, number), SKEYM_OK);
    free(jobs[2].large);
}

static void test_locked_by_another(void **state)
{
    struct bench *bench = *state;
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(write_one(bench, 1), SKEYM_ERR_BUSY);
    assert_int_equal(all(bench).count, 0); /* readers do not wait */
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
}

static enum skeym_error try_open(struct bench *bench)
{
    struct skeym_store_options options = {.path = bench->path, .busy_ms = 50};
    struct skeym_store *store = NULL;
    enum skeym_error error = skeym_store_open(&store, &options);
    assert_int_equal(store == NULL, error != SKEYM_OK);
    skeym_store_close(store);
    return error;
}

static void test_mode(void **state)
{
    struct bench *bench = *state;
    struct stat info;
    assert_int_equal(try_open(bench), SKEYM_OK);
    assert_int_equal(stat(bench->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(chmod(bench->path, 0640), 0);
    assert_int_equal(try_open(bench), SKEYM_ERR_MODE);
    assert_int_equal(chmod(bench->path, 0604), 0);
    assert_int_equal(try_open(bench), SKEYM_ERR_MODE);
    assert_int_equal(chmod(bench->path, 0600), 0);
    assert_int_equal(try_open(bench), SKEYM_OK);
}

static void test_wrong_places(void **state)
{
    struct bench *bench = *state;
    char path[80];
    snprintf(path, sizeof path, "%.79s", bench->path);
    snprintf(bench->path, sizeof bench->path, "%s/none/db", bench->folder);
    assert_int_equal(try_open(bench), SKEYM_ERR_MISSING);
    snprintf(bench->path, sizeof bench->path, "file:%s", path);
    assert_int_equal(try_open(bench), SKEYM_ERR_USAGE);
    snprintf(bench->path, sizeof bench->path, "/dev/null");
    assert_true(try_open(bench) != SKEYM_OK);
    snprintf(bench->path, sizeof bench->path, "%s/link", bench->folder);
    assert_int_equal(symlink(path, bench->path), 0);
    assert_true(try_open(bench) != SKEYM_OK);
    assert_int_equal(unlink(bench->path), 0);
    snprintf(bench->path, sizeof bench->path, "%s", path);
}

static void write_at(const char *path, long offset, const char *bytes, size_t size)
{
    int file = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, size, offset), size);
    close(file);
}

static void test_damaged(void **state)
{
    struct bench *bench = *state;
    char junk[8192];
    memset(junk, 'j', sizeof junk);
    write_at(bench->path, 0, junk, sizeof junk); /* not a database */
    assert_int_equal(try_open(bench), SKEYM_ERR_DAMAGED);
    unlink(bench->path);

    open_store(bench);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(write_one(bench, i), SKEYM_OK);
    }
    close_store(bench);
    struct stat info;
    assert_int_equal(stat(bench->path, &info), 0);
    long middle = info.st_size / 8192 / 2 * 8192;
    write_at(bench->path, middle, junk, sizeof junk); /* one page inside */
    assert_int_equal(try_open(bench), SKEYM_ERR_DAMAGED);
    assert_int_equal(truncate(bench->path, middle), 0);
    assert_int_equal(try_open(bench), SKEYM_ERR_DAMAGED);
    assert_int_equal(truncate(bench->path, 50), 0);
    assert_true(try_open(bench) != SKEYM_OK);
}

static void test_another_database(void **state)
{
    struct bench *bench = *state;
    sqlite3 *other = NULL;
    write_at(bench->path, 0, "", 0);
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE a(b)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(try_open(bench), SKEYM_ERR_DAMAGED);
    unlink(bench->path);
    assert_int_equal(try_open(bench), SKEYM_OK);
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(try_open(bench), SKEYM_ERR_VERSION);
}

/* The file is damaged under a running server: an error, no crash; it is refused when opened again.
 */
static void test_damaged_while_open(void **state)
{
    struct bench *bench = *state;
    char junk[8192];
    memset(junk, 0xee, sizeof junk);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(write_one(bench, i), SKEYM_OK);
    }
    close_store(bench); /* moves the log into the file */
    open_store(bench);
    struct stat info;
    assert_int_equal(stat(bench->path, &info), 0);
    for (long at = 2 * 8192; at < info.st_size; at += 8192) {
        write_at(bench->path, at, junk, sizeof junk);
    }
    struct rows rows = {0};
    enum skeym_error error =
        skeym_store_get(bench->reader, SKEYM_STORE_OBSERVATION, skeym_span_text("o7"), each, &rows);
    assert_int_equal(error, SKEYM_ERR_DAMAGED);
    close_store(bench);
    assert_int_equal(try_open(bench), SKEYM_ERR_DAMAGED);
}

/* --- crash ------------------------------------------------------------------------ */

struct child {
    struct job job;
    int number, pipe;
};

static void tell(void *arg, struct skeym_store_batch *batch)
{
    struct child *child = arg;
    if (!batch->error && !batch->writes[0].error) {
        (void)!write(child->pipe, &child->number, sizeof child->number);
    }
}

static void child_main(const char *path, int pipe)
{
    struct skeym_store_options options = {.path = path};
    struct skeym_store *store = NULL;
    if (skeym_store_open(&store, &options)) {
        _exit(1);
    }
    for (int i = 0;; i++) {
        struct child *child = calloc(1, sizeof *child);
        add(&child->job, i);
        child->number = i;
        child->pipe = pipe;
        child->job.batch.done = tell;
        child->job.batch.arg = child;
        while (skeym_store_submit(store, &child->job.batch)) {
            usleep(100);
        }
    }
}

/* Killed while it writes: everything that was acknowledged is there. */
static void test_killed(void **state)
{
    struct bench *bench = *state;
    int acknowledged[20000], ends[2];
    for (int round = 0; round < 3; round++) {
        size_t count = 0;
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(ends[0]);
            child_main(bench->path, ends[1]);
        }
        close(ends[1]);
        while (count < 3000 && read(ends[0], &acknowledged[count], sizeof(int)) == sizeof(int)) {
            count++;
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        while (count < 20000 && read(ends[0], &acknowledged[count], sizeof(int)) == sizeof(int)) {
            count++; /* what was said before the end */
        }
        close(ends[0]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_true(count >= 3000);
        open_store(bench);
        for (size_t i = 0; i < count; i++) {
            assert_true(has(bench, acknowledged[i]));
        }
        close_store(bench);
    }
}

static void test_query_is_bounded(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(write_one(bench, i), SKEYM_OK);
    }
    close_store(bench);
    struct skeym_store_options options = {.path = bench->path, .steps_max = 1};
    assert_int_equal(skeym_store_open(&bench->store, &options), SKEYM_OK);
    assert_int_equal(skeym_store_reader_open(&bench->reader, bench->store), SKEYM_OK);
    struct rows rows = {0};
    struct skeym_store_query query = {.kind = SKEYM_STORE_OBSERVATION, .limit = 1000};
    assert_int_equal(skeym_store_search(bench->reader, &query, each, &rows), SKEYM_ERR_TIMEOUT);
    assert_true(has(bench, 7)); /* a short one still works */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_group_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_failing_batch_is_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_write_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_put_expects_a_version, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_jumps_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queue_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_close_commits_the_queue, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_and_room_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locked_by_another, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mode, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_places, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_another_database, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_while_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_query_is_bounded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
