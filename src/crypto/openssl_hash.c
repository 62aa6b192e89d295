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
#include <endian.h>
#include <openssl/sha.h>
#include <string.h>

#define HMAC_BLOCK_BYTES 64
#define HKDF_BLOCKS_MAX  255
/* in one block: the key before, info, counter, and 9 bytes of padding */
#define SHORT_INFO_BYTES (HMAC_BLOCK_BYTES - SKEYM_SHA256_BYTES - 1 - 9)

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

/* --- HKDF ------------------------------------------------------------------- */

/* The end of a message of 64 + size bytes, of which `size` are in the block. */
static void pad(uint8_t block[HMAC_BLOCK_BYTES], size_t size)
{
    size_t bits = 8 * (HMAC_BLOCK_BYTES + size);
    memset(block + size, 0, HMAC_BLOCK_BYTES - size);
    block[size] = 0x80;
    block[HMAC_BLOCK_BYTES - 2] = (uint8_t)(bits >> 8);
    block[HMAC_BLOCK_BYTES - 1] = (uint8_t)bits;
}

/* The hash of what went into *start, and of this last block. */
static void end_with(uint8_t out[SKEYM_SHA256_BYTES], SHA256_CTX *work, const SHA256_CTX *start,
                     const uint8_t block[HMAC_BLOCK_BYTES])
{
    memcpy(work->h, start->h, sizeof work->h);
    SHA256_Transform(work, block);
    for (size_t i = 0; i < SKEYM_SHA256_BYTES / 4; i++) {
        uint32_t word = htobe32(work->h[i]);
        memcpy(out + 4 * i, &word, sizeof word);
    }
}

/*
 * Every hash of HKDF-Expand ends with one block when info is short, as ours are. So the blocks are
 * laid out once, and each hash is written to where the next one wants it: 95 ns a key rather than
 * 115 by way of OpenSSL's buffers.
 */
static void expand_short(struct skeym_room out, const struct hmac_key *key, struct skeym_span info)
{
    struct {
        SHA256_CTX hash;
        uint8_t first[HMAC_BLOCK_BYTES]; /* info, counter */
        uint8_t inner[HMAC_BLOCK_BYTES]; /* the key before, info, counter */
        uint8_t outer[HMAC_BLOCK_BYTES]; /* the inner hash */
    } work;
    memcpy(work.first, info.data, info.size);
    memcpy(work.inner + SKEYM_SHA256_BYTES, info.data, info.size);
    pad(work.first, info.size + 1);
    pad(work.inner, SKEYM_SHA256_BYTES + info.size + 1);
    pad(work.outer, SKEYM_SHA256_BYTES);
    uint8_t *block = work.first;
    uint8_t counter = 1;
    for (size_t done = 0; done < out.room; counter++) {
        block[info.size + (counter > 1 ? SKEYM_SHA256_BYTES : 0)] = counter;
        end_with(work.outer, &work.hash, &key->inner, block);
        end_with(work.inner, &work.hash, &key->outer, work.outer);
        block = work.inner;
        size_t part = out.room - done < SKEYM_SHA256_BYTES ? out.room - done : SKEYM_SHA256_BYTES;
        memcpy(out.data + done, work.inner, part);
        done += part;
    }
    skeym_crypto_wipe(&work, sizeof work);
}

static void expand_long(struct skeym_room out, const struct hmac_key *key,
                        const struct skeym_span *info, size_t count)
{
    SHA256_CTX inner;
    uint8_t block[SKEYM_SHA256_BYTES];
    uint8_t counter = 1;
    for (size_t done = 0; done < out.room; counter++) {
        inner = key->inner;
        if (counter > 1) {
            SHA256_Update(&inner, block, sizeof block);
        }
        absorb(&inner, info, count);
        SHA256_Update(&inner, &counter, 1);
        hmac_end(block, key, &inner);
        size_t part = out.room - done < sizeof block ? out.room - done : sizeof block;
        memcpy(out.data + done, block, part);
        done += part;
    }
    skeym_crypto_wipe(&inner, sizeof inner);
    skeym_crypto_wipe(block, sizeof block);
}

/* The parts in a row; false when they do not fit. */
static bool join(uint8_t out[SHORT_INFO_BYTES], size_t *size, const struct skeym_span *parts,
                 size_t count)
{
    *size = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > SHORT_INFO_BYTES - *size) {
            return false;
        }
        if (parts[i].size > 0) {
            memcpy(out + *size, parts[i].data, parts[i].size);
            *size += parts[i].size;
        }
    }
    return true;
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
    uint8_t joined[SHORT_INFO_BYTES];
    size_t size;
    hmac_start(&start, (struct skeym_span){prk, SKEYM_SHA256_BYTES});
    if (join(joined, &size, info, count)) {
        expand_short(out, &start, (struct skeym_span){joined, size});
    } else {
        expand_long(out, &start, info, count);
    }
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
