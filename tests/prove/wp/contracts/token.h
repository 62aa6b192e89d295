/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts of opening a token (include/skeym/token.h). */
#ifndef SKEYM_PROVE_TOKEN_H
#define SKEYM_PROVE_TOKEN_H

#include "claims.h"
#include "seal.h"
#include <skeym/token.h>
#include <string.h>

/*@ requires \valid_read(claims);
    assigns \nothing;
    ensures \result == SKEYM_OK ==> claims->issued_ms <= now_ms &&
            now_ms - claims->issued_ms < 1000 * claims->lifetime_s &&
            now_ms < 1000 * claims->deadline_s;
    ensures \result == SKEYM_OK || \result == SKEYM_ERR_TIME; */
enum skeym_error skeym_token_time(const struct skeym_token_claims *claims, uint64_t now_ms);

/*@ requires \valid(out) && \valid(id) && \valid_read(keys) && readable(token);
    requires \separated(out, id, keys) && beside(token, &out->role) && beside(token, (uint8_t *)id);
    assigns *out, *id;
    ensures none: \result != SKEYM_OK ==> *id == 0; */
enum skeym_error skeym_token_open(struct skeym_token_claims *out, uint64_t *id,
                                  const struct skeym_audience_keys *keys, struct skeym_span token,
                                  uint64_t now_ms);

/* --- inside of token.c ------------------------------------------------------ */

#ifdef SKEYM_PROVE_INSIDE_TOKEN
/* The prover counts a struct in fields, not in bytes: so these are told apart by what they wipe. */
/*@ requires \valid(out) && size == sizeof(struct skeym_token_claims);
    assigns *out; */
void prove_wipe_out(struct skeym_token_claims *out, size_t size);
/*@ requires \valid(out) && value == 0 && size == sizeof(struct skeym_token_claims);
    assigns *out; */
void prove_set_out(struct skeym_token_claims *out, int value, size_t size);
/*@ requires \valid(plain + (0 .. size - 1));
    assigns plain[0 .. size - 1]; */
void prove_wipe_plain(uint8_t *plain, size_t size);
#define skeym_crypto_wipe(what, size) prove_wipe_##what(what, size)
#define memset(what, value, size)     prove_set_##what(what, value, size)

/*@ requires \valid_read(keys);
    assigns \result \from keys, epoch;
    ensures \result == \null || \result == &keys->current || \result == &keys->previous;
    ensures \result == &keys->previous ==> epoch + 1 == keys->epoch; */
static const struct skeym_cmac_key *key_of(const struct skeym_audience_keys *keys, uint32_t epoch);

/*@ requires \valid(key) && \valid_read(keys) && readable(token) && \separated(key, keys);
    assigns *key \from keys, token;
    ensures \result == SKEYM_OK ==> 61 <= token.size <= SKEYM_TOKEN_BYTES;
    ensures \result == SKEYM_OK ==> *key == &keys->current || *key == &keys->previous; */
static enum skeym_error read_head(const struct skeym_cmac_key **key,
                                  const struct skeym_audience_keys *keys, struct skeym_span token);
#endif

#endif
