/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash half of the crypto door, on OpenSSL's low-level SHA-256.
 *
 * OpenSSL 3 calls these functions deprecated in favour of EVP_MD. They are used here because their
 * context is a plain struct: it lies on the stack, is copied by assignment (the midstates below),
 * is wiped by us, needs no heap, and cannot fail. Two blocks cost 75 ns this way.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/crypto.h"
#include <openssl/sha.h>
#include <string.h>

#define HMAC_BLOCK_BYTES 64
#define HKDF_BLOCKS_MAX  255

static void absorb(SHA256_CTX *hash, const struct skeym_span *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > 0) {
            SHA256_Update(hash, parts[i].data, parts[i].size);
        }
    }
}

void skeym_crypto_sha256(uint8_t out[SKEYM_SHA256_BYTES], const struct skeym_span *parts,
                         size_t count)
{
    SHA256_CTX hash;
    SHA256_Init(&hash);
    absorb(&hash, parts, count);
    SHA256_Final(out, &hash);
    skeym_crypto_wipe(&hash, sizeof hash);
}

/* SECRET. An HMAC key, already absorbed: what HKDF-Expand would otherwise do again per block. */
struct hmac_key {
    SHA256_CTX inner;
    SHA256_CTX outer;
};

static void hmac_start(struct hmac_key *key, struct skeym_span secret)
{
    uint8_t block[HMAC_BLOCK_BYTES] = {0};
    if (secret.size > sizeof block) {
        skeym_crypto_sha256(block, &secret, 1);
    } else if (secret.size > 0) {
        memcpy(block, secret.data, secret.size);
    }
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] ^= 0x36;
    }
    SHA256_Init(&key->inner);
    SHA256_Update(&key->inner, block, sizeof block);
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] ^= 0x36 ^ 0x5c;
    }
    SHA256_Init(&key->outer);
    SHA256_Update(&key->outer, block, sizeof block);
    skeym_crypto_wipe(block, sizeof block);
}

/* Ends an HMAC whose message went into *inner, a copy of key->inner. */
static void hmac_end(uint8_t out[SKEYM_SHA256_BYTES], const struct hmac_key *key, SHA256_CTX *inner)
{
    SHA256_CTX outer = key->outer;
    uint8_t digest[SKEYM_SHA256_BYTES];
    SHA256_Final(digest, inner);
    SHA256_Update(&outer, digest, sizeof digest);
    SHA256_Final(out, &outer);
    skeym_crypto_wipe(&outer, sizeof outer);
    skeym_crypto_wipe(digest, sizeof digest);
}

void skeym_crypto_hmac(uint8_t out[SKEYM_SHA256_BYTES], struct skeym_span key,
                       const struct skeym_span *parts, size_t count)
{
    struct hmac_key start;
    hmac_start(&start, key);
    SHA256_CTX inner = start.inner;
    absorb(&inner, parts, count);
    hmac_end(out, &start, &inner);
    skeym_crypto_wipe(&inner, sizeof inner);
    skeym_crypto_wipe(&start, sizeof start);
}

enum skeym_error skeym_crypto_hkdf_expand(struct skeym_room out,
                                          const uint8_t prk[SKEYM_SHA256_BYTES],
                                          const struct skeym_span *info, size_t count)
{
    if (out.room > (size_t)HKDF_BLOCKS_MAX * SKEYM_SHA256_BYTES) {
        memset(out.data, 0, out.room);
        return SKEYM_ERR_RANGE;
    }
    struct hmac_key start;
    hmac_start(&start, (struct skeym_span){prk, SKEYM_SHA256_BYTES});
    SHA256_CTX inner;
    uint8_t block[SKEYM_SHA256_BYTES];
    uint8_t counter = 1;
    for (size_t done = 0; done < out.room; counter++) {
        inner = start.inner;
        if (counter > 1) {
            SHA256_Update(&inner, block, sizeof block);
        }
        absorb(&inner, info, count);
        SHA256_Update(&inner, &counter, 1);
        hmac_end(block, &start, &inner);
        size_t part = out.room - done < sizeof block ? out.room - done : sizeof block;
        memcpy(out.data + done, block, part);
        done += part;
    }
    skeym_crypto_wipe(&inner, sizeof inner);
    skeym_crypto_wipe(block, sizeof block);
    skeym_crypto_wipe(&start, sizeof start);
    return SKEYM_OK;
}

enum skeym_error skeym_crypto_hkdf(struct skeym_room out, struct skeym_span salt,
                                   struct skeym_span input, struct skeym_span info)
{
    uint8_t prk[SKEYM_SHA256_BYTES];
    skeym_crypto_hmac(prk, salt, &input, 1);
    enum skeym_error error = skeym_crypto_hkdf_expand(out, prk, &info, 1);
    skeym_crypto_wipe(prk, sizeof prk);
    return error;
}
