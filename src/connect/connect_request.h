/* SPDX-License-Identifier: Apache-2.0 */
/* One request of a sidecar's client: head, body, the job, the answer. Of the HTTP library's thread,
 * but for the end of the job. */
#ifndef SKEYM_CONNECT_CONNECT_REQUEST_H
#define SKEYM_CONNECT_CONNECT_REQUEST_H

#include "connect/connect_peers.h"
#include "connect/connect_pool.h"
#include <microhttpd.h>
#include <stdatomic.h>

enum {
    SKEYM_CONNECT_BODY_BYTES = 8 << 20,   /* of one request */
    SKEYM_CONNECT_DRAIN_BYTES = 32 << 20, /* of one that is refused: read to its end, and dropped */
    SKEYM_CONNECT_MEMORY_BYTES = 64 << 20, /* of all bodies that come in */
};

/* What the requests of one sidecar share. */
struct skeym_connect_front {
    struct skeym_connect_pool *pool;
    struct skeym_span bearer; /* SECRET; empty: none is asked for */
    char base[64];            /* for a client that names no host: "http://127.0.0.1:8080/fhir" */
    skeym_connect_tell tell;
    void *tell_arg;
    struct skeym_connect_peers peers;
    atomic_bool stopping;
    atomic_uint under_way;
    atomic_size_t memory;
};

struct skeym_connect_request; /* malloc'ed */

/* target: as in the request line. NULL: no memory. */
struct skeym_connect_request *skeym_connect_request_new(struct skeym_connect_front *front,
                                                        const char *target);
/* For each call of the library's handler. */
enum MHD_Result skeym_connect_request_step(struct skeym_connect_request *request,
                                           struct MHD_Connection *connection, const char *method,
                                           const char *data, size_t *size);
/* Wipes and frees; NULL is fine. The connection is idle then. */
void skeym_connect_request_end(struct skeym_connect_request *request);

#endif
