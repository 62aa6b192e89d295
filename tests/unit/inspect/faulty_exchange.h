/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of an exchange and its proof, and hashes of words, made of toys, so that a million of
 * them take no time; a test can have them fail, be all the same, or be never the same.
 */
#ifndef SKEYM_TESTS_FAULTY_EXCHANGE_H
#define SKEYM_TESTS_FAULTY_EXCHANGE_H

#include "crypto/crypto.h"
#include <skeym/exchange.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wshadow"
#define skeym_exchange_derive(...)    exchange_derive(__VA_ARGS__)
#define skeym_exchange_proof(...)     exchange_proof(__VA_ARGS__)
#define skeym_crypto_hkdf_expand(...) crypto_hkdf_expand(__VA_ARGS__)
#define skeym_crypto_sha256(...)      crypto_sha256(__VA_ARGS__)
#include "crypto/openssl_hash.c" /* NOLINT(bugprone-suspicious-include) */
/* which it calls */
#include "core/exchange.c" /* NOLINT(bugprone-suspicious-include) */
#undef skeym_exchange_derive
#undef skeym_exchange_proof
#undef skeym_crypto_hkdf_expand
#undef skeym_crypto_sha256
#pragma GCC diagnostic pop

#include <stdatomic.h>

enum proofs { PROOF_TRUE, PROOF_SAME, PROOF_NEW };

static struct {
    unsigned derive_at;   /* the call of this number fails, once; 0: none */
    bool derives_nothing; /* all of them do */
    enum proofs proofs;
    unsigned turn_at; /* from the derivation of this number on they are so */
    enum proofs turn_to;
} exchange_is;

static inline uint64_t toy_mix(uint64_t word)
{
    word *= UINT64_C(0x9e3779b97f4a7c15);
    word ^= word >> 29;
    word *= UINT64_C(0xbf58476d1ce4e5b9);
    return word ^ word >> 32;
}

/* size: a multiple of 8. */
static inline void toy_expand(uint8_t *out, size_t size, const uint8_t secret[32])
{
    uint64_t word[4];
    memcpy(word, secret, sizeof word);
    uint64_t seed = word[0] ^ toy_mix(word[1] ^ toy_mix(word[2] ^ toy_mix(word[3] + 1)));
    for (size_t i = 0; i < size; i += 8) {
        seed = toy_mix(seed + i + 1);
        memcpy(out + i, &seed, 8);
    }
}

void skeym_crypto_sha256(uint8_t out[SKEYM_SHA256_BYTES], const struct skeym_span *parts,
                         size_t count)
{
    uint8_t first[32] = {0};
    if (count == 1 && parts->size <= sizeof first) {
        memcpy(first, parts->data, parts->size);
        toy_expand(out, SKEYM_SHA256_BYTES, first);
    } else {
        crypto_sha256(out, parts, count);
    }
}

enum skeym_error skeym_crypto_hkdf_expand(struct skeym_room out, const uint8_t prk[32],
                                          const struct skeym_span *info, size_t count)
{
    (void)info;
    (void)count;
    toy_expand(out.data, out.room, prk);
    return SKEYM_OK;
}

enum skeym_error skeym_exchange_derive(struct skeym_exchange_keys *out,
                                       const uint8_t secret[SKEYM_SECRET_BYTES])
{
    bool fails = exchange_is.derive_at > 0 && --exchange_is.derive_at == 0;
    if (exchange_is.turn_at > 0 && --exchange_is.turn_at == 0) {
        exchange_is.proofs = exchange_is.turn_to;
    }
    toy_expand((uint8_t *)out, sizeof *out, secret);
    return fails || exchange_is.derives_nothing ? SKEYM_ERR_CRYPTO : SKEYM_OK;
}

enum skeym_error skeym_exchange_proof(uint8_t out[SKEYM_PROOF_BYTES], const uint8_t proof_key[32],
                                      const struct skeym_exchange_request *request)
{
    static _Atomic uint64_t number;
    (void)request;
    memcpy(out, proof_key, 32);
    if (exchange_is.proofs != PROOF_TRUE) {
        uint64_t mark = exchange_is.proofs == PROOF_NEW ? atomic_fetch_add(&number, 1) : 0;
        memset(out, 7, 32);
        memcpy(out, &mark, sizeof mark);
    }
    return SKEYM_OK;
}

#endif
