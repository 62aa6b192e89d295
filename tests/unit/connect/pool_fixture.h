/* SPDX-License-Identifier: Apache-2.0 */
/* A sidecar's tokens and threads, with a server in memory. */
#ifndef SKEYM_TESTS_POOL_FIXTURE_H
#define SKEYM_TESTS_POOL_FIXTURE_H

#include "connect/connect_pool.h"
#include "unit/node/fake_server.h"
#include <pthread.h>

#define BASE "http://localhost/fhir"

static struct fake_server fake;
static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
static struct skeym_connect_bank *bank;
static struct skeym_connect_pool *pool;
static unsigned told_logins, told_failed, told_refused;
static uint8_t lanes;

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* held: nothing gets to the server */

/* The server is one thread's at a time. */
static inline enum skeym_error send_locked(void *arg, const struct skeym_wire_request *request,
                                           struct skeym_wire_answer *answer)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    pthread_mutex_lock(&fake_lock);
    enum skeym_error error = fake_send(arg, request, answer);
    pthread_mutex_unlock(&fake_lock);
    return error;
}

static inline uint64_t steady_locked(void *arg)
{
    pthread_mutex_lock(&fake_lock);
    uint64_t at = fake_node_steady(arg);
    pthread_mutex_unlock(&fake_lock);
    return at;
}

static inline uint64_t wall_locked(void *arg)
{
    pthread_mutex_lock(&fake_lock);
    uint64_t at = fake_node_wall(arg);
    pthread_mutex_unlock(&fake_lock);
    return at;
}

static inline void wait_locked(void *arg, uint32_t ms)
{
    pthread_mutex_lock(&fake_lock);
    fake_node_wait(arg, ms);
    pthread_mutex_unlock(&fake_lock);
}

static inline void tell(void *arg, const char *event, enum skeym_error error, uint64_t number)
{
    (void)arg;
    (void)number;
    (void)error;
    told_logins += strcmp(event, "login") == 0;
    told_failed += strcmp(event, "login-failed") == 0;
    told_refused += strcmp(event, "tokens-refused") == 0;
}

static inline void start(unsigned workers, unsigned queue, uint32_t patience_ms)
{
    static void *args[SKEYM_CONNECT_WORKERS_MAX];
    const struct skeym_connect_bank_options options = {
        .credential = &fake.credential,
        .server = "http://127.0.0.1:1",
        .transport = send_locked,
        .transport_arg = &fake,
        .lanes = lanes,
        .time = {wall_locked, steady_locked, wait_locked, &fake},
        .tell = tell,
    };
    for (size_t i = 0; i < SKEYM_CONNECT_WORKERS_MAX; i++) {
        args[i] = &fake;
    }
    assert_int_equal(skeym_connect_bank_new(&bank, &options), SKEYM_OK);
    const struct skeym_connect_pool_options more = {
        .bank = bank,
        .workers = workers,
        .queue = queue,
        .patience_ms = patience_ms,
        .transport = send_locked,
        .transport_args = args,
    };
    assert_int_equal(skeym_connect_pool_start(&pool, &more), SKEYM_OK);
}

static inline int set_up(void **state)
{
    (void)state;
    fake_start(&fake);
    bank = NULL;
    pool = NULL;
    told_logins = told_failed = told_refused = 0;
    lanes = 4;
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    skeym_connect_pool_free(pool);
    skeym_connect_bank_free(bank);
    fake_stop(&fake);
    return 0;
}

/* --- jobs ------------------------------------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

static inline void on_done(struct skeym_connect_job *job)
{
    pthread_mutex_lock(&lock);
    *(bool *)job->arg = true;
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
}

static inline void wait_for(const bool *done)
{
    pthread_mutex_lock(&lock);
    while (!*done) {
        pthread_cond_wait(&wake, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static inline struct skeym_connect_job job_of(const char *method, const char *body, bool repeatable,
                                              bool *done)
{
    *done = false;
    return (struct skeym_connect_job){
        .request = {.method = skeym_span_text(method),
                    .target = skeym_span_text("/fhir/Observation"),
                    .content_type = skeym_span_text("application/fhir+json"),
                    .body = skeym_span_text(body)},
        .base = BASE,
        .repeatable = repeatable,
        .done = on_done,
        .arg = done,
    };
}

static inline struct skeym_connect_job run(const char *method, const char *body, bool repeatable)
{
    bool done;
    struct skeym_connect_job job = job_of(method, body, repeatable, &done);
    assert_int_equal(skeym_connect_pool_submit(pool, &job), SKEYM_OK);
    wait_for(&done);
    job.arg = NULL;
    skeym_session_answer_free(&job.answer);
    return job;
}

static inline void set_fault(enum fault fault, int at, int times)
{
    fake.fault = fault;
    fake.fault_at = at;
    fake.faults = times;
}

/* Logs in, so that the learning of the base is behind us. */
static inline void warm(void)
{
    assert_int_equal(run("GET", "", true).error, SKEYM_OK);
    fake.executed = 0;
    fake.waited_ms = 0;
}

#endif
