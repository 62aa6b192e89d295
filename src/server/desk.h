/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an admitted node may ask of the server itself, beside FHIR's data (docs/PROTOCOL.md, 8.5):
 * a table of routes. One thread of its own answers them one after another, as they read and write
 * the authority's folder, whose lock another process may hold; the threads that serve the ward do
 * not wait for it.
 */
#ifndef SKEYM_SERVER_DESK_H
#define SKEYM_SERVER_DESK_H

#include "server/roster.h"
#include "server/service.h"

#define SKEYM_DESK_WAITING 16 /* more are answered 503 */

struct skeym_desk_route; /* a row of the table */

/* A request; all that it points to lives until done was called. */
struct skeym_desk_call {
    struct skeym_service *service;
    const struct skeym_desk_route *route;
    struct skeym_span target;
    struct skeym_span part; /* of the path, where the route has a star: an id */
    const struct skeym_admission *admission;
    uint64_t now_ms; /* when the request was whole */
    skeym_fhir_done done;
    void *arg;
    struct skeym_desk_call *next;
    struct skeym_roster *roster; /* the thread's own */
};

struct skeym_desk; /* malloc'ed */

/* Errors: SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_desk_open(struct skeym_desk **out);
/* When nothing waits any more. NULL is fine. */
void skeym_desk_close(struct skeym_desk *desk);

/* false: the path is not served here, but FHIR's. Else call->route and part are set; route is NULL
 * where the path is served, but not with this method. */
bool skeym_desk_find(struct skeym_desk_call *call, struct skeym_span method,
                     struct skeym_span target);
/* Judges by the node's scopes and answers, or lets the thread do so: done is called exactly once,
 * now (true) or later (false). Without a desk (NULL) what would have to wait is answered 503. */
bool skeym_desk_take(struct skeym_desk *desk, struct skeym_desk_call *call);

#endif
