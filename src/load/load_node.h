/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node, by the project's core: it logs in, then asks in the closed form with chained tokens
 * (docs/PROTOCOL.md, 6 and 8). Every answer is opened, its status compared, its SkeyM-Next kept: it
 * is the lane's next token. A node has several lanes and goes on with another when one is lost.
 *
 * It does what the protocol permits a node to do after a failure, and no more. A 401 or a lost
 * answer ends the lane; then what may happen twice (all that it asks here: a read, or a create with
 * If-None-Exist) is asked again with another token, after a login where there is none. A 429 or 503
 * is waited for as Retry-After says, and the request repeated to the byte.
 */
#ifndef SKEYM_LOAD_LOAD_NODE_H
#define SKEYM_LOAD_LOAD_NODE_H

#include "load/load.h"
#include <skeym/exchange.h>
#include <skeym/login.h>

/* Kinds of operations, and of a mix. */
enum skeym_load_node_kind { SKEYM_LOAD_GET, SKEYM_LOAD_POST, SKEYM_LOAD_LOGIN };
enum { SKEYM_LOAD_NODE_KINDS = 3, SKEYM_LOAD_NODE_TEXT = 10240 };

#define SKEYM_LOAD_BUNDLE_MOST 10 /* readings of a post */

/* What to ask for: fills *request; text has SKEYM_LOAD_NODE_TEXT bytes for what it points to. */
struct skeym_load_node;
typedef void (*skeym_load_node_ask)(const struct skeym_load_node *node,
                                    struct skeym_closed *request, char *text);

/* How a crowd of nodes works: the same for all. */
struct skeym_load_work {
    unsigned weights[SKEYM_LOAD_NODE_KINDS]; /* not all 0; of 1,000 at most in sum */
    const char *path; /* of a GET; "{}" in it becomes the node's number; NULL: /fhir/metadata */
    skeym_load_node_ask ask; /* instead of path and of the readings that are posted; may be NULL */
    uint64_t base_s;         /* the time of the first reading of each node */
    char run[16];            /* in the identifiers of readings: another one for each run */
    uint8_t lanes;           /* 1 to 16 */
    uint8_t bundle;          /* above 0: a post is a transaction of so many readings */
    bool forgets;            /* each operation begins with a login */
};

/* SECRET. One live lane. */
struct skeym_load_node_lane {
    uint8_t secret[SKEYM_SECRET_BYTES];
    uint64_t until_ms; /* of the monotonic clock */
    size_t token_size; /* 0: none */
    uint8_t token[SKEYM_TOKEN_CHARS];
};

/* SECRET. */
struct skeym_load_node {
    const struct skeym_credentials *credentials; /* not owned; may be shared */
    const struct skeym_load_work *work;          /* not owned */
    size_t number;
    uint64_t count;  /* operations so far */
    uint64_t logins; /* that were granted */
    uint8_t lifetime_s;
    unsigned failures; /* in a row */
    int64_t clock_ms;  /* the server's clock minus ours */
    bool in_operation, logging_in;
    enum skeym_load_node_kind kind;
    struct skeym_exchange_keys now; /* of the request under way */
    struct skeym_handshake login;   /* of the login under way */
    size_t live;                    /* of lanes, the last one is in use */
    struct skeym_load_node_lane *lanes;
    size_t answer_size, sealed_size; /* of the last answer: its plaintext, its body */
    uint8_t *keep;                   /* gets the last plaintext; may be NULL */
    size_t keep_size, keep_room;
};

/* lanes is malloc'ed: work->lanes of them. Errors: SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_load_node_init(struct skeym_load_node *node,
                                                     const struct skeym_credentials *credentials,
                                                     const struct skeym_load_work *work,
                                                     size_t number);
/* Wipes and frees. */
void skeym_load_node_end(struct skeym_load_node *node);
/* Lanes are struct skeym_load_node. */
extern const struct skeym_load_script skeym_load_node_script;

/* The body of a login by these credentials; fresh randomness. For load_attack.c and the above. */
SKEYM_MUST_USE enum skeym_error skeym_load_node_login(struct skeym_handshake *state,
                                                      struct skeym_room out, size_t *size,
                                                      const struct skeym_credentials *credentials,
                                                      uint8_t lanes, uint64_t now_ms);
/* "POST path", Host, type, length, then `more` fields ("" or whole lines) and the empty line. */
void skeym_load_node_head(struct skeym_writer *out, const char *path, const char *type, size_t size,
                          const char *more);
/* ms since 1970, of the wall clock. */
uint64_t skeym_load_node_now(void);

#endif
