/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol's own vectors (tests/vectors/protocol.json): fixed keys, nonces and clock in, every
 * value of docs/PROTOCOL.md out, so that an implementation in another language can check itself
 * value by value. No key in here is used anywhere else.
 */
#ifndef SKEYM_INSPECT_VECTORS_H
#define SKEYM_INSPECT_VECTORS_H

#include "inspect/jot.h"
#include <skeym/exchange.h>
#include <skeym/login.h>

/* Prints all of it. Errors: any of the core's, where it does not do what it should; SKEYM_ERR_PROOF
 * where what is computed here step by step differs from what the core computes. */
SKEYM_MUST_USE enum skeym_error skeym_vectors_print(FILE *out);

/* --- shared by the vectors_*.c files ------------------------------------------ */

#define SKEYM_VECTORS_NOW_MS UINT64_C(1800000123456)

/* The cast: an authority with two enrol keys, and one enrolled doctor. */
struct skeym_vectors_cast {
    uint8_t enrol_key[2][32];
    struct skeym_enrol_keys enrol[2]; /* ids 1 and 2; the doctor's is 1 */
    struct skeym_authority_keys old;  /* before the rotation: knows only key 1 */
    struct skeym_authority_keys keys; /* after it */
    struct skeym_epoch_key epoch;     /* of e-1 */
    struct skeym_name audience;
    struct skeym_audience_keys audience_keys;
    uint8_t node_nonce[SKEYM_NONCE_BYTES];
    struct skeym_node_claims claims;
    struct skeym_credentials node;
    /* set by the login, for the exchange */
    uint8_t secret[SKEYM_SECRET_BYTES];
    struct skeym_token_claims token;
};

/* start, start+1, ... */
void skeym_vectors_fill(uint8_t *out, size_t size, uint8_t start);
void skeym_vectors_scopes(struct skeym_jot *jot, const char *name,
                          const struct skeym_scopes *scopes);
void skeym_vectors_token_claims(struct skeym_jot *jot, const struct skeym_token_claims *claims);

void skeym_vectors_primitives(struct skeym_jot *jot);
void skeym_vectors_invite(struct skeym_jot *jot, const struct skeym_vectors_cast *cast);
void skeym_vectors_login(struct skeym_jot *jot, struct skeym_vectors_cast *cast);
void skeym_vectors_exchange(struct skeym_jot *jot, const struct skeym_vectors_cast *cast);
void skeym_vectors_refused(struct skeym_jot *jot, const struct skeym_vectors_cast *cast);

#endif
