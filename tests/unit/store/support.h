/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a folder of its own, and batches of small observations. */
#ifndef TEST_STORE_SUPPORT_H
#define TEST_STORE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

struct bench {
    char folder[64], path[96];
    struct skeym_store *store;
    struct skeym_store_reader *reader;
};

static inline void open_store(struct bench *bench)
{
    struct skeym_store_options options = {.path = bench->path, .busy_ms = 50};
    assert_int_equal(skeym_store_open(&bench->store, &options), SKEYM_OK);
    assert_int_equal(skeym_store_reader_open(&bench->reader, bench->store), SKEYM_OK);
}

static inline void close_store(struct bench *bench)
{
    skeym_store_reader_close(bench->reader);
    skeym_store_close(bench->store);
    bench->reader = NULL;
    bench->store = NULL;
}

/* With another budget of a reader. */
static inline void open_with_steps(struct bench *bench, uint32_t steps)
{
    close_store(bench);
    struct skeym_store_options options = {.path = bench->path, .steps_max = steps};
    assert_int_equal(skeym_store_open(&bench->store, &options), SKEYM_OK);
    assert_int_equal(skeym_store_reader_open(&bench->reader, bench->store), SKEYM_OK);
}

static inline int make_folder(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    if (!bench) {
        return -1;
    }
    snprintf(bench->folder, sizeof bench->folder, "/tmp/skeym-store-XXXXXX");
    if (!mkdtemp(bench->folder)) {
        return -1;
    }
    snprintf(bench->path, sizeof bench->path, "%s/db", bench->folder);
    *state = bench;
    return 0;
}

static inline int setup(void **state)
{
    int error = make_folder(state);
    if (!error) {
        open_store(*state);
    }
    return error;
}

static inline int teardown(void **state)
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

static inline void done(void *arg, struct skeym_store_batch *batch)
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

static inline void wait_for(int count)
{
    pthread_mutex_lock(&lock);
    while (finished < count) {
        pthread_cond_wait(&wake, &lock);
    }
    finished -= count;
    pthread_mutex_unlock(&lock);
}

static inline void hold(bool on)
{
    pthread_mutex_lock(&lock);
    held = on;
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
}

/* An observation "o<number>" of patient p at that millisecond, with identifier urn|<number>. */
static inline void add(struct job *job, int number)
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

static inline void add_large(struct job *job, int number, size_t size)
{
    add(job, number);
    job->large = calloc(1, size);
    memset(job->large, 'x', size);
    job->writes[job->batch.count - 1].record.body = skeym_span(job->large, size);
}

static inline void run(struct bench *bench, struct job *job)
{
    assert_int_equal(skeym_store_submit(bench->store, &job->batch), SKEYM_OK);
    wait_for(1);
}

static inline enum skeym_error write_one(struct bench *bench, int number)
{
    struct job job = {0};
    add(&job, number);
    run(bench, &job);
    return job.writes[0].error;
}

/* The writer has written that observation, and is held until hold(false). */
static inline void hold_with(struct bench *bench, struct job *job, int number)
{
    hold(true);
    add(job, number);
    assert_int_equal(skeym_store_submit(bench->store, &job->batch), SKEYM_OK);
    wait_for(1);
}

struct rows {
    size_t count;
    int64_t last_updated;
    char ids[64][16];
};

static inline bool each(void *arg, const struct skeym_store_record *record)
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

static inline struct rows all(struct bench *bench)
{
    struct skeym_store_value value = {.text = skeym_span_text("p")};
    struct skeym_store_test test = {SKEYM_STORE_BY_PATIENT, &value, 1};
    struct skeym_store_query query = {
        .kind = SKEYM_STORE_OBSERVATION, .tests = &test, .test_count = 1, .limit = 100000};
    struct rows rows = {0};
    assert_int_equal(skeym_store_search(bench->reader, &query, each, &rows), SKEYM_OK);
    return rows;
}

static inline bool has(struct bench *bench, int number)
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

#endif
