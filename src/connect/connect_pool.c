/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/connect_pool.h"

#include "connect/connect_links.h"
#include "crypto/crypto.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_LEAST_MS = 100, WAIT_MOST_MS = 1000, WAIT_STEP_MS = 50 };

struct worker {
    struct skeym_connect_pool *pool;
    pthread_t thread;
    void *transport_arg;
};

struct skeym_connect_pool {
    struct skeym_connect_pool_options options;
    struct worker worker[SKEYM_CONNECT_WORKERS_MAX];
    unsigned started;
    atomic_bool stopping;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct skeym_connect_job *head, **tail;
    unsigned waiting;
};

/* --- one try --------------------------------------------------------------------------- */

/* What the client sees as this sidecar's address, the server must see as its own. */
static enum skeym_error change(uint8_t **body, size_t *size, const char *from, const char *to)
{
    uint8_t *changed = NULL;
    size_t changed_size = 0;
    enum skeym_error error =
        skeym_connect_links_change(&changed, &changed_size, skeym_span(*body, *size), from, to);
    if (changed) {
        skeym_crypto_wipe(*body, *size);
        free(*body);
        *body = changed;
        *size = changed_size;
    }
    return error;
}

struct attempt {
    struct skeym_connect_attempt wire;
    bool at_login; /* it failed before there was a token */
    uint32_t pause_ms;
};

static enum skeym_error exchange(struct worker *worker, struct skeym_connect_job *job,
                                 struct skeym_connect_lane *lane, struct attempt *attempt)
{
    const struct skeym_connect_pool_options *options = &worker->pool->options;
    struct skeym_closed request = job->request;
    uint8_t *body = NULL;
    size_t size = 0;
    enum skeym_error error =
        skeym_connect_links_change(&body, &size, request.body, job->base, lane->base);
    if (body) {
        request.body = skeym_span(body, size);
    }
    if (error == SKEYM_OK) {
        error = skeym_connect_bank_exchange(options->bank, lane, options->transport,
                                            worker->transport_arg, &request, &job->answer,
                                            &attempt->wire);
    }
    if (body) {
        skeym_crypto_wipe(body, size);
        free(body);
    }
    if (error == SKEYM_OK) { /* it has been executed: no memory is a lost answer */
        error = change(&job->answer.body, &job->answer.body_size, lane->base, job->base);
        if (error != SKEYM_OK) {
            skeym_session_answer_free(&job->answer);
        }
    }
    return error;
}

static enum skeym_error try_once(struct worker *worker, struct skeym_connect_job *job,
                                 struct attempt *attempt)
{
    struct skeym_connect_bank *bank = worker->pool->options.bank;
    struct skeym_connect_lane lane;
    memset(attempt, 0, sizeof *attempt);
    enum skeym_error error = skeym_connect_bank_take(bank, &lane, &attempt->pause_ms);
    if (error != SKEYM_OK) {
        attempt->at_login = true;
        /* that has nothing to do with the client's request, which may come again */
        return error == SKEYM_ERR_SIZE ? SKEYM_ERR_HANDSHAKE : error;
    }
    error = exchange(worker, job, &lane, attempt);
    if (attempt->wire.refused) {
        skeym_connect_bank_refused(bank, &lane);
    } else {
        skeym_connect_bank_give(bank, &lane);
    }
    return error;
}

/* --- again, or not ----------------------------------------------------------------------- */

/* What may be another way a moment later. */
static bool is_passing(enum skeym_error error, const struct attempt *attempt)
{
    switch (error) {
    case SKEYM_ERR_NETWORK:
    case SKEYM_ERR_TIMEOUT:
    case SKEYM_ERR_BUSY:
    case SKEYM_ERR_RATE:
        return true;
    case SKEYM_ERR_SEAL:
        return !attempt->at_login;
    case SKEYM_ERR_PERMISSION:
        return attempt->wire.refused;
    default:
        return false;
    }
}

/* In small steps, so that a sidecar that stops does not wait. */
static void pause_for(struct skeym_connect_pool *pool, uint64_t ms)
{
    while (ms > 0 && !atomic_load(&pool->stopping)) {
        uint32_t step = ms < WAIT_STEP_MS ? (uint32_t)ms : WAIT_STEP_MS;
        skeym_connect_bank_wait(pool->options.bank, step);
        ms -= step;
    }
}

/* How long to wait before the next try, at least. A refused token waits for nothing, the first
 * time: a server that was started anew takes a new one. */
static uint64_t wait_ms(const struct attempt *attempt, unsigned tries)
{
    uint64_t ms = (uint64_t)WAIT_LEAST_MS << (tries < 8 ? tries : 8);
    ms = ms > WAIT_MOST_MS ? WAIT_MOST_MS : ms;
    if (attempt->wire.refused && tries == 0) {
        return 0;
    }
    uint64_t asked = (uint64_t)attempt->wire.retry_after_s * 1000;
    asked = attempt->at_login && attempt->pause_ms > asked ? attempt->pause_ms : asked;
    return ms < asked ? asked : ms;
}

static void carry(struct worker *worker, struct skeym_connect_job *job)
{
    struct skeym_connect_pool *pool = worker->pool;
    uint64_t end = job->queued_ms + pool->options.patience_ms;
    bool sent = false;
    for (unsigned tries = 0;; tries++) {
        struct attempt attempt;
        job->error = try_once(worker, job, &attempt);
        sent = sent || attempt.wire.sent;
        uint64_t ms = wait_ms(&attempt, tries);
        uint64_t now = skeym_connect_bank_steady(pool->options.bank);
        job->retry_after_s = (uint32_t)((ms + 999) / 1000);
        if (job->error == SKEYM_OK || !is_passing(job->error, &attempt) ||
            (sent && !job->repeatable) || now >= end || ms > end - now ||
            atomic_load(&pool->stopping)) {
            break;
        }
        pause_for(pool, ms);
    }
    job->maybe = job->error != SKEYM_OK && sent;
}

/* --- threads ------------------------------------------------------------------------------ */

static struct skeym_connect_job *next_job(struct skeym_connect_pool *pool)
{
    struct skeym_connect_job *job = NULL;
    (void)pthread_mutex_lock(&pool->lock);
    while (!pool->head && !atomic_load(&pool->stopping)) {
        (void)pthread_cond_wait(&pool->wake, &pool->lock);
    }
    job = pool->head;
    if (job) {
        pool->head = job->next;
        pool->tail = pool->head ? pool->tail : &pool->head;
        pool->waiting--;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return job;
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct skeym_connect_job *job;
    while ((job = next_job(worker->pool))) {
        if (atomic_load(&worker->pool->stopping)) {
            job->error = SKEYM_ERR_BUSY;
        } else {
            carry(worker, job);
        }
        job->done(job);
    }
    return NULL;
}

enum skeym_error skeym_connect_pool_start(struct skeym_connect_pool **out,
                                          const struct skeym_connect_pool_options *options)
{
    *out = NULL;
    if (options->workers < 1 || options->workers > SKEYM_CONNECT_WORKERS_MAX) {
        return SKEYM_ERR_USAGE;
    }
    struct skeym_connect_pool *pool = calloc(1, sizeof *pool);
    if (!pool) {
        return SKEYM_ERR_MEMORY;
    }
    pool->options = *options;
    pool->tail = &pool->head;
    (void)pthread_mutex_init(&pool->lock, NULL); /* cannot fail on Linux */
    (void)pthread_cond_init(&pool->wake, NULL);
    while (pool->started < options->workers) {
        struct worker *worker = &pool->worker[pool->started];
        worker->pool = pool;
        worker->transport_arg = options->transport_args[pool->started];
        if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
            skeym_connect_pool_free(pool);
            return SKEYM_ERR_MEMORY;
        }
        pool->started++;
    }
    *out = pool;
    return SKEYM_OK;
}

enum skeym_error skeym_connect_pool_submit(struct skeym_connect_pool *pool,
                                           struct skeym_connect_job *job)
{
    enum skeym_error error = SKEYM_ERR_BUSY;
    job->queued_ms = skeym_connect_bank_steady(pool->options.bank);
    job->next = NULL;
    (void)pthread_mutex_lock(&pool->lock);
    if (pool->waiting < pool->options.queue && !atomic_load(&pool->stopping)) {
        *pool->tail = job;
        pool->tail = &job->next;
        pool->waiting++;
        error = SKEYM_OK;
        (void)pthread_cond_signal(&pool->wake);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return error;
}

void skeym_connect_pool_stop(struct skeym_connect_pool *pool)
{
    if (!pool) {
        return;
    }
    (void)pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->stopping, true);
    (void)pthread_cond_broadcast(&pool->wake);
    (void)pthread_mutex_unlock(&pool->lock);
    skeym_connect_bank_stop(pool->options.bank);
    while (pool->started > 0) {
        pool->started--;
        (void)pthread_join(pool->worker[pool->started].thread, NULL);
    }
}

void skeym_connect_pool_free(struct skeym_connect_pool *pool)
{
    if (pool) {
        skeym_connect_pool_stop(pool);
        (void)pthread_mutex_destroy(&pool->lock);
        (void)pthread_cond_destroy(&pool->wake);
        free(pool);
    }
}
