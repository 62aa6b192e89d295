/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sidecar: a plain FHIR server on this machine's loopback, behind which a node logs in, spends
 * and renews tokens, seals and opens. Programs that know nothing of SkeyM work through it.
 *
 * It serves what is under /fhir, by GET, HEAD, POST and PUT.
 * What a client may ask is what the node may: whoever reaches the listener is the node. So it
 * listens on loopback or a Unix socket alone (connect_guard.h), and can ask for a secret.
 */
#ifndef SKEYM_CONNECT_CONNECT_H
#define SKEYM_CONNECT_CONNECT_H

#include "connect/connect_guard.h"
#include "connect/connect_pool.h"
#include "node/http.h"

struct skeym_connect_options {
    struct skeym_credential_file *credential; /* not owned; moves with each login */
    const char *credential_path;
    struct skeym_http_options http; /* of the server */
    struct skeym_connect_address address;
    int fd;                   /* listening on it; taken over after SKEYM_OK */
    struct skeym_span bearer; /* SECRET; empty: none is asked for. Not copied. */
    unsigned workers;         /* requests at once, 1 to SKEYM_CONNECT_WORKERS_MAX */
    unsigned queue;           /* requests that wait, at most */
    unsigned connections;     /* of clients, at most */
    uint32_t patience_ms;     /* how long a request is tried, where a second time does no harm */
    skeym_connect_tell tell;  /* may be NULL */
    void *tell_arg;
};

struct skeym_connect; /* SECRET inside; malloc'ed */

/* Errors: those of skeym_http_new, SKEYM_ERR_USAGE, SKEYM_ERR_MEMORY, SKEYM_ERR_IO. */
SKEYM_MUST_USE enum skeym_error skeym_connect_start(struct skeym_connect **out,
                                                    const struct skeym_connect_options *options);
/* To be called each second: ends the connections of clients that take too long. Returns how many.
 */
unsigned skeym_connect_tick(struct skeym_connect *connect);
/* No new connections; what is under way may end for so long; then it ends. Frees. NULL is fine. */
void skeym_connect_stop(struct skeym_connect *connect, uint32_t ms);

#endif
