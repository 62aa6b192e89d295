/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads of a sidecar that carry requests to the server, and the queue before them. Each has a
 * connection of its own; all share the bank's tokens. A request is tried again only when a second
 * time does no harm, and only for as long as `patience_ms`.
 */
#ifndef SKEYM_CONNECT_CONNECT_POOL_H
#define SKEYM_CONNECT_CONNECT_POOL_H

#include "connect/connect_bank.h"

enum { SKEYM_CONNECT_WORKERS_MAX = SKEYM_LANES_MAX };

/* One request. The caller's memory, all of it, until done returns. */
struct skeym_connect_job {
    struct skeym_closed request;
    const char *base; /* of links as the client sees them, "http://127.0.0.1:8080/fhir" */
    void (*done)(struct skeym_connect_job *job); /* on a thread of the pool; once */
    void *arg;
    /* Being executed twice does no harm, or the server sees to it that it is not. */
    bool repeatable;

    /* Set before done. After SKEYM_OK: the server's answer, its links as the client's; whoever gets
     * it frees it. Errors: those of skeym_session_request. */
    bool maybe; /* after an error: it may have been executed */
    enum skeym_error error;
    uint32_t retry_after_s; /* a hint; 0: none */
    struct skeym_session_answer answer;
    uint64_t queued_ms;             /* the pool's */
    struct skeym_connect_job *next; /* the pool's */
};

struct skeym_connect_pool_options {
    struct skeym_connect_bank *bank; /* not owned */
    unsigned workers;                /* 1 to SKEYM_CONNECT_WORKERS_MAX */
    unsigned queue;                  /* jobs that wait for a worker, at most */
    uint32_t patience_ms;            /* how long one request is tried */
    skeym_transport transport;
    void **transport_args; /* one for each worker */
};

struct skeym_connect_pool; /* malloc'ed */

/* Errors: SKEYM_ERR_USAGE, SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error
skeym_connect_pool_start(struct skeym_connect_pool **out,
                         const struct skeym_connect_pool_options *options);
/* SKEYM_ERR_BUSY: the queue is full, or the pool is stopping; done is not called then. */
SKEYM_MUST_USE enum skeym_error skeym_connect_pool_submit(struct skeym_connect_pool *pool,
                                                          struct skeym_connect_job *job);
/* Ends what waits or is about to be tried again with SKEYM_ERR_BUSY, waits for what is under way,
 * then for the threads. Stops the bank, too. Who submits after that is refused: until it is freed.
 * NULL is fine, and so is a second time. */
void skeym_connect_pool_stop(struct skeym_connect_pool *pool);
/* Stops it first, if it runs. Nobody may submit any more. NULL is fine. */
void skeym_connect_pool_free(struct skeym_connect_pool *pool);

#endif
