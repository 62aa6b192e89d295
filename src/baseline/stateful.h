/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stateful twin to compare with: random session ids in a table, as servers with sessions have.
 * The id is a bearer secret: who shows it is who logged in. A baseline to measure against: not for
 * use.
 */
#ifndef SKEYM_BASELINE_STATEFUL_H
#define SKEYM_BASELINE_STATEFUL_H

#include <skeym/claims.h>

/* Scopes are kept as the protocol writes them; a node with more bytes of them has no place here. */
enum { SKEYM_STATEFUL_ID_BYTES = 32, SKEYM_STATEFUL_SCOPES_BYTES = 61 };

struct skeym_stateful_session {
    uint8_t id[SKEYM_STATEFUL_ID_BYTES];
    uint64_t expires_ms; /* 0: an empty place */
    struct skeym_name node;
    uint8_t role;
    uint8_t scopes_size;
    uint8_t scopes[SKEYM_STATEFUL_SCOPES_BYTES];
};

struct skeym_stateful {
    struct skeym_stateful_session *table;
    size_t places, used; /* a power of two; grows at three quarters */
};

/* Errors: SKEYM_ERR_MEMORY. Close it in any case. */
SKEYM_MUST_USE enum skeym_error skeym_stateful_open(struct skeym_stateful *twin, size_t places);
void skeym_stateful_close(struct skeym_stateful *twin);
/* Errors: SKEYM_ERR_MEMORY, SKEYM_ERR_RANDOM, SKEYM_ERR_SPACE (of its scopes). */
SKEYM_MUST_USE enum skeym_error skeym_stateful_login(struct skeym_stateful *twin,
                                                     uint8_t id[SKEYM_STATEFUL_ID_BYTES],
                                                     const struct skeym_token_claims *claims,
                                                     uint64_t expires_ms);
/* The session of an id, or NULL. It may be changed in place, but not its id. */
struct skeym_stateful_session *skeym_stateful_ask(const struct skeym_stateful *twin,
                                                  const uint8_t id[SKEYM_STATEFUL_ID_BYTES],
                                                  uint64_t now_ms);
/* Ends all sessions of a node; how many. */
size_t skeym_stateful_revoke(struct skeym_stateful *twin, const struct skeym_name *node);
/* Bytes of the table. */
size_t skeym_stateful_bytes(const struct skeym_stateful *twin);

#endif
