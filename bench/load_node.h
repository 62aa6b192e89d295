/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node's lane, by the project's core: it logs in, then asks in the closed form with chained
 * tokens (docs/PROTOCOL.md, 6 and 8), each answer's SkeyM-Next being the next request's token. When
 * the chain ends it logs in again. Every answer is opened and its status compared.
 *
 * Every lane logs in for itself; lanes may share a credential.
 */
#ifndef SKEYM_BENCH_LOAD_NODE_H
#define SKEYM_BENCH_LOAD_NODE_H

#include "bench/load.h"
#include <skeym/exchange.h>
#include <skeym/login.h>

struct load_node;

/* What to ask for: fills *request; text has LOAD_NODE_TEXT bytes for what it points to. */
#define LOAD_NODE_TEXT 1024
typedef void (*load_node_ask)(const struct load_node *lane, struct skeym_closed *request,
                              char *text);

struct load_node {
    const struct skeym_credentials *credentials;
    load_node_ask ask;
    size_t number;                  /* of this lane */
    uint64_t count;                 /* of exchanges so far */
    struct skeym_exchange_keys now; /* of the request under way */
    struct skeym_handshake login;   /* of the login under way */
    uint8_t secret[SKEYM_SECRET_BYTES];
    size_t token_size; /* 0: a login comes first */
    uint8_t token[SKEYM_TOKEN_CHARS];
    size_t answer_size; /* of the last answer's plaintext */
    size_t sealed_size; /* of the last answer's body */
    size_t keep_size;   /* of the last plaintext, when keep is not NULL: at most keep_room bytes */
    uint8_t *keep;
    size_t keep_room;
};

extern const struct load_script load_node_script;

/*
 * Logins alone. A login costs a node as much as the server, so a generator that made each message
 * anew would be the bottleneck: each lane's message is made once, by load_login_prepare before the
 * clock starts, and sent again and again. The server keeps no memory of it (P2) and does the same
 * work each time. Every 16th answer is opened, the others' status, type and size are looked at.
 */
struct load_login {
    uint64_t count;
    struct skeym_handshake state;
    size_t message_size;
    uint8_t message[1024];
    size_t answer_size; /* the first answer's: all have it */
};

SKEYM_MUST_USE enum skeym_error load_login_prepare(struct load_login *lane,
                                                   const struct skeym_credentials *credentials);
extern const struct load_script load_login_script;

#endif
