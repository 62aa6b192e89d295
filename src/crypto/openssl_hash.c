/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash half of the crypto door, on OpenSSL's low-level SHA-256.
 *
 * OpenSSL 3 calls these functions deprecated in favour of EVP_MD. They are used here because their
 * state is a plain struct: it lies on the stack, starts from a midstate, is wiped by us, needs no
 * heap, and cannot fail. A block takes 39 ns, two that do not wait for each other 50: so the halves
 * of an HMAC key are hashed side by side. Short messages are laid out here, padding and all, and go
 * block by block: half of the time of an HMAC went into OpenSSL's buffer, where it stood before.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/crypto.h"
#include <endian.h>
#include <openssl/sha.h>
#include <string.h>

#define HASH_BLOCK_BYTES 64
#define WORDS            (SKEYM_SHA256_BYTES / 4)
#define END_BYTES        9 /* of a message: a bit, and its size */
#define HKDF_BLOCKS_MAX  255
/* in one block: the key before, info, counter, end */
#define SHORT_INFO_BYTES (HASH_BLOCK_BYTES - SKEYM_SHA256_BYTES - 1 - END_BYTES)
/* Our proofs' canonical requests are 60 to 300 bytes. */
#define SHORT_MESSAGE_BYTES (8 * HASH_BLOCK_BYTES - END_BYTES)

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

/* Four words at once. Not only for speed of its own: a hash is read back 16 bytes at a time by the
 * next one, which would have to wait for smaller stores. */
typedef uint32_t quad __attribute__((vector_size(16)));

static quad load(const uint8_t *bytes)
{
    quad words;
    memcpy(&words, bytes, sizeof words);
    return words;
}

static void store(uint8_t *bytes, quad words)
{
    memcpy(bytes, &words, sizeof words);
}

static quad big(quad words)
{
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
               ? words
               : words << 24 | (words & 0xff00) << 8 | (words >> 8 & 0xff00) | words >> 24;
}

/* --- blocks ------------------------------------------------------------------- */

/* The parts in a row; false when they do not fit. */
static bool join(struct skeym_room out, size_t *size, const struct skeym_span *parts, size_t count)
{
    *size = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > out.room - *size) {
            return false;
        }
        if (parts[i].size > 0) {
            memcpy(out.data + *size, parts[i].data, parts[i].size);
            *size += parts[i].size;
        }
    }
    return true;
}

/* The end of a message of 64 + size bytes, of which `size` are in the blocks. The number of these
 * blocks. */
static size_t pad(uint8_t *blocks, size_t size)
{
    uint64_t bits = htobe64(8 * (HASH_BLOCK_BYTES + (uint64_t)size));
    size_t count = (size + END_BYTES + HASH_BLOCK_BYTES - 1) / HASH_BLOCK_BYTES;
    size_t end = count * HASH_BLOCK_BYTES;
    memset(blocks + size, 0, end - size);
    blocks[size] = 0x80;
    memcpy(blocks + end - sizeof bits, &bits, sizeof bits);
    return count;
}

/* The hash of what went into `start`, and of these last blocks. */
static void end_with(uint8_t out[SKEYM_SHA256_BYTES], SHA256_CTX *work, const uint32_t start[WORDS],
                     const uint8_t *blocks, size_t count)
{
    memcpy(work->h, start, sizeof work->h);
    for (size_t i = 0; i < count; i++) {
        SHA256_Transform(work, blocks + i * HASH_BLOCK_BYTES);
    }
    for (size_t i = 0; i < SKEYM_SHA256_BYTES; i += sizeof(quad)) {
        store(out + i, big(load((const uint8_t *)work->h + i)));
    }
}

/* --- HMAC ---------------------------------------------------------------------- */

/* SECRET. An HMAC key, already hashed, and what is needed for one more hash. */
struct hmac {
    SHA256_CTX inner; /* in these two only h counts */
    SHA256_CTX outer;
    SHA256_CTX work;
    uint8_t key[2][HASH_BLOCK_BYTES];
    uint8_t last[HASH_BLOCK_BYTES]; /* the inner hash, laid out for the outer one */
};

static void start(struct hmac *hmac, struct skeym_span secret)
{
    static const uint32_t initial[WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t *inner = hmac->key[0];
    uint8_t *outer = hmac->key[1];
    memset(inner, 0, HASH_BLOCK_BYTES);
    if (secret.size > HASH_BLOCK_BYTES) {
        skeym_crypto_sha256(inner, &secret, 1);
    } else if (secret.size > 0) {
        memcpy(inner, secret.data, secret.size);
    }
    for (size_t i = 0; i < HASH_BLOCK_BYTES; i += sizeof(quad)) {
        quad words = load(inner + i);
        store(inner + i, words ^ 0x36363636);
        store(outer + i, words ^ 0x5c5c5c5c);
    }
    memcpy(hmac->inner.h, initial, sizeof initial);
    memcpy(hmac->outer.h, initial, sizeof initial);
    SHA256_Transform(&hmac->inner, inner);
    SHA256_Transform(&hmac->outer, outer);
    (void)pad(hmac->last, SKEYM_SHA256_BYTES);
}

/* The HMAC of a message that was laid out in blocks. */
static void of_blocks(uint8_t out[SKEYM_SHA256_BYTES], struct hmac *hmac, const uint8_t *blocks,
                      size_t count)
{
    end_with(hmac->last, &hmac->work, hmac->inner.h, blocks, count);
    end_with(out, &hmac->work, hmac->outer.h, hmac->last, 1);
}

/* The HMAC of a message of any size: begin, absorb into hmac->work, end. */
static void begin(struct hmac *hmac)
{
    SHA256_Init(&hmac->work);
    memcpy(hmac->work.h, hmac->inner.h, sizeof hmac->work.h);
    hmac->work.Nl = 8 * HASH_BLOCK_BYTES;
}

static void end(uint8_t out[SKEYM_SHA256_BYTES], struct hmac *hmac)
{
    SHA256_Final(hmac->last, &hmac->work);
    end_with(out, &hmac->work, hmac->outer.h, hmac->last, 1);
}

void skeym_crypto_hmac(uint8_t out[SKEYM_SHA256_BYTES], struct skeym_span key,
                       const struct skeym_span *parts, size_t count)
{
    struct hmac hmac;
    uint8_t message[SHORT_MESSAGE_BYTES + END_BYTES];
    size_t size;
    start(&hmac, key);
    if (join((struct skeym_room){message, SHORT_MESSAGE_BYTES}, &size, parts, count)) {
        of_blocks(out, &hmac, message, pad(message, size));
    } else {
        begin(&hmac);
        absorb(&hmac.work, parts, count);
        end(out, &hmac);
    }
    skeym_crypto_wipe(&hmac, sizeof hmac);
    skeym_crypto_wipe(message, size);
}

/* --- HKDF ------------------------------------------------------------------- */

/*
 * Every hash of HKDF-Expand ends with one block when info is short, as ours are. So the blocks are
 * laid out once, and each hash is written to where the next one wants it.
 */
static void expand_short(struct skeym_room out, struct hmac *hmac, struct skeym_span info)
{
    struct {
        uint8_t first[HASH_BLOCK_BYTES]; /* info, counter */
        uint8_t later[HASH_BLOCK_BYTES]; /* the key before, info, counter */
    } work;
    memcpy(work.first, info.data, info.size);
    memcpy(work.later + SKEYM_SHA256_BYTES, info.data, info.size);
    (void)pad(work.first, info.size + 1);
    (void)pad(work.later, SKEYM_SHA256_BYTES + info.size + 1);
    uint8_t *block = work.first;
    uint8_t counter = 1;
    for (size_t done = 0; done < out.room; counter++) {
        block[info.size + (counter > 1 ? SKEYM_SHA256_BYTES : 0)] = counter;
        of_blocks(work.later, hmac, block, 1);
        block = work.later;
        size_t part = out.room - done < SKEYM_SHA256_BYTES ? out.room - done : SKEYM_SHA256_BYTES;
        memcpy(out.data + done, work.later, part);
        done += part;
    }
    skeym_crypto_wipe(&work, sizeof work);
}

static void expand_long(struct skeym_room out, struct hmac *hmac, const struct skeym_span *info,
                        size_t count)
{
    uint8_t block[SKEYM_SHA256_BYTES];
    uint8_t counter = 1;
    for (size_t done = 0; done < out.room; counter++) {
        begin(hmac);
        if (counter > 1) {
            SHA256_Update(&hmac->work, block, sizeof block);
        }
        absorb(&hmac->work, info, count);
        SHA256_Update(&hmac->work, &counter, 1);
        end(block, hmac);
        size_t part = out.room - done < sizeof block ? out.room - done : sizeof block;
        memcpy(out.data + done, block, part);
        done += part;
    }
    skeym_crypto_wipe(block, sizeof block);
}

enum skeym_error skeym_crypto_hkdf_expand(struct skeym_room out,
                                          const uint8_t prk[SKEYM_SHA256_BYTES],
                                          const struct skeym_span *info, size_t count)
{
    if (out.room > (size_t)HKDF_BLOCKS_MAX * SKEYM_SHA256_BYTES) {
        memset(out.data, 0, out.room);
        return SKEYM_ERR_RANGE;
    }
    struct hmac hmac;
    uint8_t joined[SHORT_INFO_BYTES];
    size_t size;
    start(&hmac, (struct skeym_span){prk, SKEYM_SHA256_BYTES});
    if (join((struct skeym_room){joined, sizeof joined}, &size, info, count)) {
        expand_short(out, &hmac, (struct skeym_span){joined, size});
    } else {
        expand_long(out, &hmac, info, count);
    }
    skeym_crypto_wipe(&hmac, sizeof hmac);
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
