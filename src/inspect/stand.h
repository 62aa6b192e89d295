/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test stand: a data server's gate in this process, as `skeym serve` has it (the same keys'
 * derivation, the same admission, the same used-before table), and requests that it takes. The
 * clock is the caller's. For inspections that ask the real verifier millions of times.
 */
#ifndef SKEYM_INSPECT_STAND_H
#define SKEYM_INSPECT_STAND_H

#include <skeym/admit.h>

/* SECRET. Does not move: the gate points into it. */
struct skeym_stand {
    struct skeym_epoch_key epoch_key; /* of the epoch before the current one */
    struct skeym_audience_keys keys;
    struct skeym_revoked_entry revoked_entry;
    struct skeym_revoked revoked; /* "revoked-1", all generations up to 1 */
    struct skeym_gate gate;
    void *memory;
    uint64_t now_ms;
};

enum { SKEYM_STAND_BODY = 256 };

/* One request, as bytes of its own: change any of them. SECRET: the node's side is in it. */
struct skeym_stand_request {
    struct skeym_token_claims claims;
    struct skeym_exchange_keys keys;
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t token_size;
    char authorization[6 + SKEYM_TOKEN_CHARS];
    char proof[SKEYM_PROOF_CHARS];
    uint8_t body[SKEYM_STAND_BODY];
    struct skeym_head head;
    struct skeym_span content;
};

/* Fresh random keys for the audience "inspect.example"; slots of the used-before table: a power of
 * two, 64 to 2^28. Errors: SKEYM_ERR_MEMORY, SKEYM_ERR_CRYPTO. Close it in any case. */
SKEYM_MUST_USE enum skeym_error skeym_stand_open(struct skeym_stand *stand, size_t slots,
                                                 uint64_t now_ms);
void skeym_stand_close(struct skeym_stand *stand);
/* Moves the clock, and the table's with it. */
void skeym_stand_tick(struct skeym_stand *stand, uint64_t now_ms);

/* A request of node "inspect-1" that the stand takes now: a fresh token with a fresh secret, a
 * body of SKEYM_STAND_BODY bytes, a proof. Errors: SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_stand_request(const struct skeym_stand *stand,
                                                    struct skeym_stand_request *request);
/* After a change: seals request->claims anew with these keys (the stand's own, or others), or only
 * writes the changed token bytes or the proof anew. */
SKEYM_MUST_USE enum skeym_error skeym_stand_mint(struct skeym_stand_request *request,
                                                 const struct skeym_audience_keys *keys);
SKEYM_MUST_USE enum skeym_error skeym_stand_write_token(struct skeym_stand_request *request);
SKEYM_MUST_USE enum skeym_error skeym_stand_prove(struct skeym_stand_request *request);

/* The stand's verdict: which check refused, or SKEYM_CHECK_COUNT. */
enum skeym_check skeym_stand_ask(const struct skeym_stand *stand,
                                 const struct skeym_stand_request *request);

#endif
