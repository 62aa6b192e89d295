/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Behind the door: what more than one library does, one table for each. crypto.c checks sizes,
 * keeps unverified bytes from getting out, and calls the table that is fastest on this CPU.
 *
 * Each of these is given sizes that fit. `out` may be the input exactly, or not overlap (X25519:
 * not overlap). No key, nor what was made of one, stays behind in memory that they used.
 */
#ifndef SKEYM_CRYPTO_BACKEND_H
#define SKEYM_CRYPTO_BACKEND_H

#include "crypto/crypto.h"

struct skeym_crypto_backend {
    const char *name;
    /* The library's version; does not need it to be usable. */
    const char *(*version)(void);
    /* Whether this CPU has what it needs. Called before anything but version, once or more. */
    bool (*usable)(void);
    /* Bytes of the longest message that it is given: for which it is faster than OpenSSL, and far
     * from GCM's own end; 0 where it is OpenSSL. */
    size_t most;
    /* out: plain.size + 16 bytes. Any content on an error. */
    bool (*seal)(uint8_t *out, const uint8_t key[SKEYM_KEY_BYTES], const uint8_t iv[SKEYM_IV_BYTES],
                 struct skeym_span aad, struct skeym_span plain);
    /* sealed: at least a tag; out: 16 bytes fewer, any content on an error. SKEYM_ERR_SEAL or
     * SKEYM_ERR_CRYPTO. */
    enum skeym_error (*open)(uint8_t *out, const uint8_t key[SKEYM_KEY_BYTES],
                             const uint8_t iv[SKEYM_IV_BYTES], struct skeym_span aad,
                             struct skeym_span sealed);
    /* Fills `rest` of a key that is zero behind its 32 bytes; NULL: needs nothing there. */
    void (*aes_expand)(struct skeym_cmac_key *key);
    /* AES-256 of 1 to SKEYM_CMAC_BLOCKS_MAX blocks, each by itself, under a key that was given to
     * aes_expand; k1 is not looked at. out may be in, and in key->k1. NULL: OpenSSL's. Any content
     * of out on an error. */
    bool (*aes_blocks)(uint8_t *out, const struct skeym_cmac_key *key, const uint8_t *in,
                       size_t count);
    /* NULL: another library's. */
    bool (*x25519_public)(uint8_t out[SKEYM_KEY_BYTES], const uint8_t key[SKEYM_KEY_BYTES]);
    /* SKEYM_ERR_WEAK or SKEYM_ERR_CRYPTO; any content of out then. */
    enum skeym_error (*x25519)(uint8_t out[SKEYM_KEY_BYTES], const uint8_t key[SKEYM_KEY_BYTES],
                               const uint8_t peer[SKEYM_KEY_BYTES]);
};

extern const struct skeym_crypto_backend skeym_openssl;  /* runs everywhere, has all */
extern const struct skeym_crypto_backend skeym_sodium;   /* x86 with AES instructions */
extern const struct skeym_crypto_backend skeym_ipsec_mb; /* x86 with AVX2, if built with it */

/* AES-CMAC beside AES: L, the cipher of zeros, becomes the subkey K1 in place; and `count` blocks
 * get K1 added (out may be in). */
void skeym_cmac_subkey(uint64_t block[2]);
void skeym_cmac_mask(uint8_t *out, const uint8_t *in, size_t count, const uint64_t k1[2]);

/* The CPU has AVX2, and the system keeps its registers. */
bool skeym_sodium_avx2(void);

/* For tests: from now on this one alone, NULL for the usual choice; OpenSSL alone is also without
 * AVX2 of our own, all of it as on another CPU. Not while another thread is in the door; keys are
 * to be prepared anew. */
void skeym_crypto_use(const struct skeym_crypto_backend *only);

#endif
