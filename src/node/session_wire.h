/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange as it crosses the wire (docs/PROTOCOL.md, section 8): a request is signed and
 * sealed, an answer is opened. No clock, no socket, no randomness of its own. */
#ifndef SKEYM_NODE_SESSION_WIRE_H
#define SKEYM_NODE_SESSION_WIRE_H

#include "node/session.h"

#define SKEYM_SESSION_WIRE_IV 12

/* SECRET. A request that is ready to be sent. It does not move: `request` points into it. */
struct skeym_session_wire {
    struct skeym_wire_request request;
    struct skeym_exchange_keys keys;
    char method[SKEYM_METHOD_BYTES + 1];
    char authorization[sizeof "SkeyM " + SKEYM_TOKEN_CHARS];
    char proof[SKEYM_PROOF_CHARS + 1];
    char target[SKEYM_TARGET_BYTES + 1];
    uint8_t *body; /* malloc'ed */
};

/* Uses up the lane: another request needs another token. iv: fresh random bytes. Errors (*out is
 * zero): SKEYM_ERR_UNSUPPORTED (If-None-Exist or Prefer in the open form), SKEYM_ERR_SIZE,
 * SKEYM_ERR_CHARSET, SKEYM_ERR_SPACE (a part that the protocol does not allow), SKEYM_ERR_MEMORY,
 * SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_session_wire_seal(struct skeym_session_wire *out,
                                                        const struct skeym_closed *request,
                                                        const struct skeym_session_lane *lane,
                                                        bool open_form,
                                                        const uint8_t iv[SKEYM_SESSION_WIRE_IV]);
void skeym_session_wire_wipe(struct skeym_session_wire *wire);

/* Errors (*out is zero): SKEYM_ERR_SEAL (does not open; not sealed; the status outside is not the
 * one inside), SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_session_wire_open(struct skeym_session_answer *out,
                                                        const struct skeym_exchange_keys *keys,
                                                        const struct skeym_wire_answer *wire);

/* The lane goes on with the token that an answer which opened brought; without an answer, or when
 * it brought none, the lane is over and wiped. The next token's secret is known; if the token was
 * put in its place by somebody else, the next proof fails and that is all. sent_ms: when the
 * request was sent. */
void skeym_session_wire_next(struct skeym_session_lane *lane, const struct skeym_session_wire *wire,
                             const struct skeym_wire_answer *answer, uint64_t sent_ms);

/* The error that a refusal outside of the seal stands for; `otherwise` for a status that the
 * protocol does not have. */
enum skeym_error skeym_session_wire_refusal(int status, enum skeym_error otherwise);

#endif
