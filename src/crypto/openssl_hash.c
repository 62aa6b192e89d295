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
        if (parts[i].size == 1) { /* every second one: a call would take longer */
            out.data[*size] = parts[i].data[0];
        } else if (parts[i].size > 0) {
            memcpy(out.data + *size, parts[i].data, parts[i].size);
        }
        *size += parts[i].size;
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

/* Blocks into a state, of which only h counts. */
static void compress(SHA256_CTX *state, const uint8_t *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        SHA256_Transform(state, blocks + i * HASH_BLOCK_BYTES);
    }
}

/* One block into each of two states. Neither waits for the other, and the CPU sees that. */
static void compress_two(SHA256_CTX *first, const uint8_t *first_block, SHA256_CTX *second,
                         const uint8_t *second_block)
{
    SHA256_Transform(first, first_block);
    SHA256_Transform(second, second_block);
}

static void put_hash(uint8_t out[SKEYM_SHA256_BYTES], const uint32_t state[WORDS])
{
    for (size_t i = 0; i < SKEYM_SHA256_BYTES; i += sizeof(quad)) {
        store(out + i, big(load((const uint8_t *)state + i)));
    }
}

/* The hash of what went into `start`, and of these last blocks. */
static void end_with(uint8_t out[SKEYM_SHA256_BYTES], SHA256_CTX *work, const uint32_t start[WORDS],
                     const uint8_t *blocks, size_t count)
{
    memcpy(work->h, start, sizeof work->h);
    compress(work, blocks, count);
    put_hash(out, work->h);
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

/* The two blocks of the key, and where their hashes start. */
static void lay_out(struct hmac *hmac, struct skeym_span secret)
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
    (void)pad(hmac->last, SKEYM_SHA256_BYTES);
}

static void start(struct hmac *hmac, struct skeym_span secret)
{
    lay_out(hmac, secret);
    compress_two(&hmac->inner, hmac->key[0], &hmac->outer, hmac->key[1]);
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

/* --- HKDF-Expand and HMAC side by side ------------------------------------------ */

/*
 * Each hash of HKDF-Expand waits for the one before, and so do those of an HMAC; but the HMAC needs
 * the first key alone. So while the other keys are made the HMAC is, in the time that the
 * instructions wait: each of the two is a list of blocks, and they go in pairs.
 */

/* SECRET. One of the two: what is to be hashed next, and into what. */
struct chain {
    struct hmac *hmac;
    SHA256_CTX *state;
    const uint8_t *block;
    size_t done, count; /* blocks */
};

struct side_by_side {
    struct hmac expand, mac;
    uint8_t later[HASH_BLOCK_BYTES]; /* the key before, info, counter */
    uint8_t message[SHORT_MESSAGE_BYTES + END_BYTES];
};

/* Block 2i makes the inner hash of key i+2, block 2i+1 the outer one. */
static void next_of_keys(struct chain *keys, struct side_by_side *work)
{
    bool inner = keys->done % 2 == 0;
    const SHA256_CTX *from = inner ? &keys->hmac->inner : &keys->hmac->outer;
    keys->state = &keys->hmac->work;
    keys->block = inner ? work->later : keys->hmac->last;
    memcpy(keys->state->h, from->h, sizeof from->h);
}

static void after_of_keys(struct chain *keys, struct side_by_side *work, uint8_t *out,
                          size_t info_size)
{
    bool inner = keys->done++ % 2 == 0;
    put_hash(inner ? keys->hmac->last : work->later, keys->state->h);
    if (!inner) {
        memcpy(out + keys->done / 2 * SKEYM_SHA256_BYTES, work->later, SKEYM_SHA256_BYTES);
        work->later[SKEYM_SHA256_BYTES + info_size]++;
    }
}

/* The key's two blocks, the message's, and the one with the inner hash. */
static void next_of_mac(struct chain *mac, struct side_by_side *work)
{
    bool last = mac->done == mac->count - 1;
    mac->state = mac->done == 1 || last ? &mac->hmac->outer : &mac->hmac->inner;
    mac->block = mac->done < 2 ? mac->hmac->key[mac->done]
                 : last        ? mac->hmac->last
                               : work->message + (mac->done - 2) * HASH_BLOCK_BYTES;
    if (last) {
        put_hash(mac->hmac->last, mac->hmac->inner.h);
    }
}

/* work->expand is started, `later` holds the first key; the mac's key and message are laid out. */
static void go_side_by_side(struct side_by_side *work, uint8_t *keys_out, size_t count,
                            size_t message_blocks, size_t info_size)
{
    struct chain keys = {.hmac = &work->expand, .count = 2 * (count - 1)};
    struct chain mac = {.hmac = &work->mac, .count = 3 + message_blocks};
    while (keys.done < keys.count || mac.done < mac.count) {
        bool more_keys = keys.done < keys.count;
        bool more_mac = mac.done < mac.count;
        if (more_keys) {
            next_of_keys(&keys, work);
        }
        if (more_mac) {
            next_of_mac(&mac, work);
        }
        if (more_keys && more_mac) {
            compress_two(keys.state, keys.block, mac.state, mac.block);
        } else {
            const struct chain *left = more_keys ? &keys : &mac;
            compress(left->state, left->block, 1);
        }
        if (more_keys) {
            after_of_keys(&keys, work, keys_out, info_size);
        }
        mac.done += more_mac ? 1 : 0;
    }
}

/* false: these are too long for it. */
static bool expand_hmac_short(uint8_t *keys, size_t count, uint8_t mac[SKEYM_SHA256_BYTES],
                              const uint8_t prk[SKEYM_SHA256_BYTES], struct skeym_span info,
                              const struct skeym_span *parts, size_t part_count)
{
    struct side_by_side work;
    struct hmac *expand = &work.expand;
    size_t size = 0;
    bool fits =
        info.size <= SHORT_INFO_BYTES &&
        join((struct skeym_room){work.message, SHORT_MESSAGE_BYTES}, &size, parts, part_count);
    if (fits) {
        start(expand, (struct skeym_span){prk, SKEYM_SHA256_BYTES});
        expand_short((struct skeym_room){keys, SKEYM_SHA256_BYTES}, expand, info);
        memcpy(work.later, keys, SKEYM_SHA256_BYTES);
        memcpy(work.later + SKEYM_SHA256_BYTES, info.data, info.size);
        (void)pad(work.later, SKEYM_SHA256_BYTES + info.size + 1);
        work.later[SKEYM_SHA256_BYTES + info.size] = 2;
        lay_out(&work.mac, (struct skeym_span){keys, SKEYM_SHA256_BYTES});
        go_side_by_side(&work, keys, count, pad(work.message, size), info.size);
        put_hash(mac, work.mac.outer.h);
        skeym_crypto_wipe(&work.expand, sizeof work.expand);
        skeym_crypto_wipe(&work.mac, sizeof work.mac);
        skeym_crypto_wipe(work.later, sizeof work.later);
    }
    skeym_crypto_wipe(work.message, size);
    return fits;
}

enum skeym_error skeym_crypto_expand_hmac(uint8_t *keys, size_t count,
                                          uint8_t mac[SKEYM_SHA256_BYTES],
                                          const uint8_t prk[SKEYM_SHA256_BYTES],
                                          struct skeym_span info, const struct skeym_span *parts,
                                          size_t part_count)
{
    if (count == 0 || count > HKDF_BLOCKS_MAX) {
        memset(keys, 0, count * SKEYM_SHA256_BYTES);
        memset(mac, 0, SKEYM_SHA256_BYTES);
        return SKEYM_ERR_RANGE;
    }
    if (expand_hmac_short(keys, count, mac, prk, info, parts, part_count)) {
        return SKEYM_OK;
    }
    struct skeym_room room = {keys, count * SKEYM_SHA256_BYTES};
    enum skeym_error error = skeym_crypto_hkdf_expand(room, prk, &info, 1);
    skeym_crypto_hmac(mac, (struct skeym_span){keys, SKEYM_SHA256_BYTES}, parts, part_count);
    return error;
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
