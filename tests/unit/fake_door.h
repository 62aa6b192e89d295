/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A crypto door made of toys, for tests of what the layers above do when the door fails and of what
 * they leave behind. It stands in the place of src/crypto (all that the core calls is here, so that
 * the linker takes nothing from there). Each call that can fail can be told to; and whatever the
 * door puts out counts as secret until it is wiped, or lies where the test says that it may.
 */
#ifndef SKEYM_TESTS_FAKE_DOOR_H
#define SKEYM_TESTS_FAKE_DOOR_H

#include "crypto/crypto.h"
#include "unit/hex.h"

#define DOOR_SECRETS 256

static struct {
    unsigned calls; /* of those that can fail */
    unsigned fail_at;
    enum skeym_error error; /* with which */
    unsigned failed;
    /* What was put out and not yet wiped. */
    struct {
        const uint8_t *at;
        size_t size;
    } secret[DOOR_SECRETS];
    size_t secrets;
    unsigned found; /* of the needle, in what was wiped */
} door;

/* Bytes that are looked for in what is wiped; NULL for none. */
static const uint8_t *door_needle;
static size_t door_needle_size = 32;

static bool door_avx2; /* whether the door says that the CPU has it */

static inline void door_reset(unsigned fail_at)
{
    memset(&door, 0, sizeof door);
    door.fail_at = fail_at;
    door.error = SKEYM_ERR_CRYPTO;
}

static inline enum skeym_error door_step(void)
{
    door.calls++;
    if (door.calls == door.fail_at) {
        door.failed++;
        return door.error;
    }
    return SKEYM_OK;
}

static inline void door_secret(const uint8_t *at, size_t size)
{
    if (size > 0) {
        assert_true(door.secrets < DOOR_SECRETS);
        door.secret[door.secrets].at = at;
        door.secret[door.secrets].size = size;
        door.secrets++;
    }
}

/* Objects of the test, in which secrets may stay. */
static struct skeym_span door_own[2];

static inline bool door_covers(struct skeym_span place, const uint8_t *data, size_t size)
{
    uintptr_t from = (uintptr_t)place.data;
    uintptr_t at = (uintptr_t)data;
    return at >= from && at - from <= place.size && size <= place.size - (at - from);
}

/* How many secrets are left elsewhere. */
static inline size_t door_left(void)
{
    size_t left = 0;
    for (size_t i = 0; i < door.secrets; i++) {
        left += !door_covers(door_own[0], door.secret[i].at, door.secret[i].size) &&
                !door_covers(door_own[1], door.secret[i].at, door.secret[i].size);
    }
    return left;
}

static inline void door_forget(const uint8_t *data, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < door.secrets; i++) {
        if (!door_covers(skeym_span(data, size), door.secret[i].at, door.secret[i].size)) {
            door.secret[kept] = door.secret[i];
            kept++;
        }
    }
    door.secrets = kept;
}

/* The door's own copies go, so that no wiping of the layers above finds one by chance. */
static inline void door_clean(void *own, size_t size)
{
    memset(own, 0, size);
    __asm__ volatile("" : : "r"(own) : "memory");
}

/* --- the door ------------------------------------------------------------------- */

void skeym_crypto_wipe(void *data, size_t size)
{
    for (size_t i = 0; door_needle && i + door_needle_size <= size; i++) {
        door.found += memcmp((const uint8_t *)data + i, door_needle, door_needle_size) == 0;
    }
    if (size > 0) {
        memset(data, 0, size);
    }
    door_forget(data, size);
}

bool skeym_crypto_equal(const void *a, const void *b, size_t size)
{
    return memcmp(a, b, size) == 0;
}

void skeym_crypto_keep(void *data, size_t size, bool keep)
{
    if (!keep) {
        skeym_crypto_wipe(data, size);
    }
}

void skeym_crypto_replace(void *out, const void *from, size_t size, bool replace)
{
    if (replace) {
        memcpy(out, from, size);
    }
}

enum skeym_error skeym_crypto_choose(bool first, enum skeym_error a, enum skeym_error b)
{
    return first ? a : b;
}

enum skeym_error skeym_crypto_first(enum skeym_error before, enum skeym_error now)
{
    return before ? before : now;
}

bool skeym_crypto_avx2(void)
{
    return door_avx2;
}

/* FNV-1a over the parts, a word at a time from another start. */
void skeym_crypto_sha256(uint8_t out[32], const struct skeym_span *parts, size_t count)
{
    uint64_t word[4];
    for (uint64_t w = 0; w < 4; w++) {
        word[w] = UINT64_C(0xcbf29ce484222325) + w;
        for (size_t p = 0; p < count; p++) {
            for (size_t i = 0; i < parts[p].size; i++) {
                word[w] = (word[w] ^ parts[p].data[i]) * UINT64_C(0x100000001b3);
            }
        }
        word[w] ^= word[w] >> 29;
    }
    memcpy(out, word, 32);
    door_clean(word, sizeof word);
}

void skeym_crypto_hmac(uint8_t out[32], struct skeym_span key, const struct skeym_span *parts,
                       size_t count)
{
    uint8_t inner[32];
    skeym_crypto_sha256(inner, parts, count);
    const struct skeym_span both[] = {key, skeym_span(inner, sizeof inner)};
    skeym_crypto_sha256(out, both, 2);
    door_secret(out, 32);
}

static inline void door_fill(struct skeym_room out, struct skeym_span key, struct skeym_span more)
{
    for (size_t done = 0; done < out.room; done += 32) {
        uint8_t block[32];
        uint8_t number = (uint8_t)(done / 32);
        const struct skeym_span parts[] = {key, more, skeym_span(&number, 1)};
        skeym_crypto_sha256(block, parts, 3);
        memcpy(out.data + done, block, out.room - done < 32 ? out.room - done : 32);
        door_clean(block, sizeof block);
    }
    door_secret(out.data, out.room);
}

enum skeym_error skeym_crypto_hkdf_expand(struct skeym_room out, const uint8_t prk[32],
                                          const struct skeym_span *info, size_t count)
{
    uint8_t digest[32];
    memset(out.data, 0, out.room);
    enum skeym_error error = door_step();
    if (!error) {
        skeym_crypto_sha256(digest, info, count);
        door_fill(out, skeym_span(prk, 32), skeym_span(digest, 32));
    }
    return error;
}

enum skeym_error skeym_crypto_expand_hmac(uint8_t *keys, size_t count, uint8_t mac[32],
                                          const uint8_t prk[32], struct skeym_span info,
                                          const struct skeym_span *parts, size_t part_count)
{
    memset(mac, 0, 32);
    struct skeym_room room = {keys, count * 32};
    enum skeym_error error = skeym_crypto_hkdf_expand(room, prk, &info, 1);
    if (!error) {
        skeym_crypto_hmac(mac, skeym_span(keys, 32), parts, part_count);
    }
    return error;
}

enum skeym_error skeym_crypto_hkdf(struct skeym_room out, struct skeym_span salt,
                                   struct skeym_span input, struct skeym_span info)
{
    uint8_t prk[32];
    const struct skeym_span parts[] = {salt, input};
    skeym_crypto_sha256(prk, parts, 2);
    return skeym_crypto_hkdf_expand(out, prk, &info, 1);
}

/* Products of odd words: whoever multiplies first. */
static inline void door_multiply(uint8_t out[32], const uint8_t a[32], const uint8_t b[32])
{
    for (size_t i = 0; i < 32; i++) {
        out[i] = (uint8_t)((a[i] | 1) * (b[i] | 1));
    }
}

enum skeym_error skeym_crypto_x25519_public(uint8_t out[32], const uint8_t key[32])
{
    static const uint8_t base[32] = {9, 7, 5};
    memset(out, 0, 32);
    enum skeym_error error = door_step();
    if (!error) {
        door_multiply(out, key, base);
    }
    return error;
}

enum skeym_error skeym_crypto_x25519(uint8_t out[32], const uint8_t key[32], const uint8_t peer[32])
{
    memset(out, 0, 32);
    enum skeym_error error = door_step();
    if (!error) {
        door_multiply(out, key, peer);
        door_secret(out, 32);
    }
    return error;
}

static inline void door_tag(uint8_t out[16], const uint8_t key[32], const uint8_t iv[12],
                            struct skeym_span aad, struct skeym_span cipher)
{
    uint8_t digest[32];
    const struct skeym_span parts[] = {skeym_span(key, 32), skeym_span(iv, 12), aad, cipher};
    skeym_crypto_sha256(digest, parts, 4);
    memcpy(out, digest, 16);
}

/* out may be in. */
static inline void door_cipher(uint8_t *out, const uint8_t *in, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = in[i] ^ 0xa5;
    }
}

enum skeym_error skeym_crypto_seal(struct skeym_room out, const uint8_t key[32],
                                   const uint8_t iv[12], struct skeym_span aad,
                                   struct skeym_span plain)
{
    bool fits = out.room >= 16 && plain.size <= out.room - 16;
    enum skeym_error error = fits ? door_step() : SKEYM_ERR_SPACE;
    if (error) {
        skeym_crypto_wipe(out.data, out.room);
        return error;
    }
    uint8_t tag[16];
    door_cipher(out.data, plain.data, plain.size);
    door_tag(tag, key, iv, aad, skeym_span(out.data, plain.size));
    memcpy(out.data + plain.size, tag, sizeof tag);
    return SKEYM_OK;
}

enum skeym_error skeym_crypto_open(struct skeym_room out, const uint8_t key[32],
                                   const uint8_t iv[12], struct skeym_span aad,
                                   struct skeym_span sealed)
{
    uint8_t tag[16];
    bool fits = sealed.size >= 16 && sealed.size - 16 <= out.room;
    enum skeym_error error = fits ? door_step() : SKEYM_ERR_SPACE;
    if (!error) {
        door_tag(tag, key, iv, aad, skeym_span(sealed.data, sealed.size - 16));
        error = memcmp(tag, sealed.data + sealed.size - 16, 16) == 0 ? SKEYM_OK : SKEYM_ERR_SEAL;
    }
    if (error) {
        skeym_crypto_wipe(out.data, fits ? sealed.size - 16 : out.room);
        return error;
    }
    door_cipher(out.data, sealed.data, sealed.size - 16);
    door_secret(out.data, sealed.size - 16);
    return SKEYM_OK;
}

enum skeym_error skeym_crypto_cmac_prepare(struct skeym_cmac_key *out, const uint8_t key[32])
{
    memset(out, 0, sizeof *out);
    enum skeym_error error = door_step();
    if (!error) {
        memcpy(out->key, key, sizeof out->key);
        door_secret((const uint8_t *)out, sizeof *out);
    }
    return error;
}

enum skeym_error skeym_crypto_cmac_blocks(uint8_t *out, const struct skeym_cmac_key *key,
                                          const uint8_t *in, size_t count)
{
    enum skeym_error error = door_step();
    if (error) {
        memset(out, 0, 16 * count);
    } else {
        door_fill((struct skeym_room){out, 16 * count}, skeym_span(key->key, 32),
                  skeym_span(in, 16 * count));
    }
    return error;
}

#endif
