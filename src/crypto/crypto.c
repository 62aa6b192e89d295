/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crypto door: checks of sizes, the choice of a library, and small things. (The functions of
 * one library only: openssl.c, openssl_hash.c.)
 */
#include "crypto/backend.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* --- the choice ------------------------------------------------------------ */

/*
 * libsodium keys AES-GCM in 70 ns, where OpenSSL takes 300 and another 150 to forget the key; but
 * it takes 0.54 ns a byte to OpenSSL's 0.21. They meet at 1.2 KiB. libipsec-mb is faster than both
 * at all sizes; it has no X25519.
 */
static struct {
    const struct skeym_crypto_backend *brief; /* messages of at most brief->most bytes */
    const struct skeym_crypto_backend *bulk;
    const struct skeym_crypto_backend *blocks;
    const struct skeym_crypto_backend *curve;
    bool avx2;
} chosen;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static atomic_bool is_prepared;
static char name[80];

static void add_name(const struct skeym_crypto_backend *backend)
{
    size_t size = strlen(name);
    (void)snprintf(name + size, sizeof name - size, "%s%s %s", size > 0 ? ", " : "", backend->name,
                   backend->version());
}

static void choose(void)
{
    bool sodium = skeym_sodium.usable();
    bool ipsec_mb = skeym_ipsec_mb.usable();
    chosen.bulk = &skeym_openssl;
    chosen.curve = sodium ? &skeym_sodium : &skeym_openssl;
    chosen.brief = ipsec_mb ? &skeym_ipsec_mb : chosen.curve;
    chosen.blocks = ipsec_mb ? &skeym_ipsec_mb : &skeym_openssl;
    chosen.avx2 = skeym_sodium_avx2();
    name[0] = '\0';
    add_name(&skeym_openssl);
    if (sodium) {
        add_name(&skeym_sodium);
    }
    if (ipsec_mb) {
        add_name(&skeym_ipsec_mb);
    }
}

static void choose_once(void)
{
    choose();
    atomic_store_explicit(&is_prepared, true, memory_order_release);
}

/* A request asks fifteen times: too often for a call of pthread_once. */
static void prepare(void)
{
    if (!atomic_load_explicit(&is_prepared, memory_order_acquire)) {
        pthread_once(&prepared, choose_once);
    }
}

static const struct skeym_crypto_backend *backend(size_t size)
{
    prepare();
    return size <= chosen.brief->most ? chosen.brief : chosen.bulk;
}

void skeym_crypto_use(const struct skeym_crypto_backend *only)
{
    prepare();
    choose();
    if (only) {
        chosen.brief = only;
        chosen.bulk = only;
        chosen.blocks = only->aes_blocks ? only : &skeym_openssl;
        chosen.curve = only->x25519 ? only : &skeym_openssl;
        chosen.avx2 = chosen.avx2 && only != &skeym_openssl;
    }
}

bool skeym_crypto_avx2(void)
{
    prepare();
    return chosen.avx2;
}

const char *skeym_crypto_name(void)
{
    prepare();
    return name;
}

/* --- AES-256 and X25519 ---------------------------------------------------- */

/* Up to this size, which is over that of all that a login or a token seals, what opens and what
 * does not take the same path. A long body is not gone through once more for it. */
#define BRIEF_BYTES 1024

enum skeym_error skeym_crypto_seal(struct skeym_room out, const uint8_t key[SKEYM_KEY_BYTES],
                                   const uint8_t iv[SKEYM_IV_BYTES], struct skeym_span aad,
                                   struct skeym_span plain)
{
    if (out.room < SKEYM_TAG_BYTES || plain.size > out.room - SKEYM_TAG_BYTES) {
        skeym_crypto_wipe(out.data, out.room);
        return SKEYM_ERR_SPACE;
    }
    if (!backend(plain.size)->seal(out.data, key, iv, aad, plain)) {
        skeym_crypto_wipe(out.data, plain.size + SKEYM_TAG_BYTES);
        return SKEYM_ERR_CRYPTO;
    }
    return SKEYM_OK;
}

enum skeym_error skeym_crypto_open(struct skeym_room out, const uint8_t key[SKEYM_KEY_BYTES],
                                   const uint8_t iv[SKEYM_IV_BYTES], struct skeym_span aad,
                                   struct skeym_span sealed)
{
    if (sealed.size < SKEYM_TAG_BYTES || sealed.size - SKEYM_TAG_BYTES > out.room) {
        skeym_crypto_wipe(out.data, out.room);
        return sealed.size < SKEYM_TAG_BYTES ? SKEYM_ERR_SEAL : SKEYM_ERR_SPACE;
    }
    size_t size = sealed.size - SKEYM_TAG_BYTES;
    enum skeym_error error = backend(size)->open(out.data, key, iv, aad, sealed);
    if (size <= BRIEF_BYTES) {
        skeym_crypto_keep(out.data, size, error == SKEYM_OK);
    } else if (error) {
        skeym_crypto_wipe(out.data, size);
    }
    return error;
}

enum skeym_error skeym_crypto_cmac_prepare(struct skeym_cmac_key *out,
                                           const uint8_t key[SKEYM_KEY_BYTES])
{
    prepare();
    memset(out, 0, sizeof *out);
    memcpy(out->key, key, sizeof out->key);
    if (chosen.blocks->aes_expand) {
        chosen.blocks->aes_expand(out);
    }
    uint8_t *l = (uint8_t *)out->k1;
    if (!chosen.blocks->aes_blocks(l, out, l, 1)) {
        skeym_crypto_wipe(out, sizeof *out);
        return SKEYM_ERR_CRYPTO;
    }
    skeym_cmac_subkey(out->k1);
    return SKEYM_OK;
}

enum skeym_error skeym_crypto_cmac_blocks(uint8_t *out, const struct skeym_cmac_key *key,
                                          const uint8_t *in, size_t count)
{
    prepare();
    bool done = count > 0 && count <= SKEYM_CMAC_BLOCKS_MAX;
    if (done) {
        skeym_cmac_mask(out, in, count, key->k1);
        done = chosen.blocks->aes_blocks(out, key, out, count);
    }
    if (!done) {
        skeym_crypto_wipe(out, count * SKEYM_BLOCK_BYTES);
    }
    return done ? SKEYM_OK : SKEYM_ERR_CRYPTO;
}

enum skeym_error skeym_crypto_x25519_public(uint8_t out[SKEYM_KEY_BYTES],
                                            const uint8_t key[SKEYM_KEY_BYTES])
{
    uint8_t made[SKEYM_KEY_BYTES];
    prepare();
    if (!chosen.curve->x25519_public(made, key)) {
        memset(out, 0, SKEYM_KEY_BYTES);
        return SKEYM_ERR_CRYPTO;
    }
    memcpy(out, made, SKEYM_KEY_BYTES);
    return SKEYM_OK;
}

enum skeym_error skeym_crypto_x25519(uint8_t out[SKEYM_KEY_BYTES],
                                     const uint8_t key[SKEYM_KEY_BYTES],
                                     const uint8_t peer[SKEYM_KEY_BYTES])
{
    uint8_t product[SKEYM_KEY_BYTES];
    prepare();
    enum skeym_error error = chosen.curve->x25519(product, key, peer);
    memcpy(out, product, SKEYM_KEY_BYTES);
    skeym_crypto_keep(out, SKEYM_KEY_BYTES, error == SKEYM_OK);
    skeym_crypto_wipe(product, sizeof product);
    return error;
}

/* --- small things ------------------------------------------------------------ */

/* Of the kernel, not of OpenSSL's generator: it keeps no state in our memory that a fork or a
 * copied virtual machine could double, and 24 bytes take 390 ns rather than 915. */
enum skeym_error skeym_crypto_random(void *out, size_t size)
{
    uint8_t *at = out;
    for (size_t done = 0; done < size;) {
        ssize_t got = getrandom(at + done, size - done, 0);
        if (got > 0) {
            done += (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            skeym_crypto_wipe(out, size);
            return SKEYM_ERR_RANDOM;
        }
    }
    return SKEYM_OK;
}

void skeym_crypto_wipe(void *data, size_t size)
{
    if (size > 0) {
        memset(data, 0, size);
        /* The compiler is to think that somebody looks at these zeros. */
        __asm__ volatile("" : : "r"(data) : "memory");
    }
}

bool skeym_crypto_equal(const void *a, const void *b, size_t size)
{
    const uint8_t *left = a;
    const uint8_t *right = b;
    uint64_t differ = 0;
    size_t at = 0;
    for (; size - at >= sizeof differ; at += sizeof differ) {
        uint64_t words[2];
        memcpy(&words[0], left + at, sizeof words[0]);
        memcpy(&words[1], right + at, sizeof words[1]);
        differ |= words[0] ^ words[1];
    }
    for (; at < size; at++) {
        differ |= (uint64_t)(left[at] ^ right[at]);
    }
    /* The compiler is not to know that it could stop before, nor to make a branch of the rest. */
    __asm__ volatile("" : "+r"(differ));
    return (bool)(1 ^ ((differ | (0 - differ)) >> 63));
}

/* All ones, or zero; the compiler is not to know that it is one of the two. */
static uint64_t mask_of(bool ones)
{
    uint64_t mask = 0 - (uint64_t)ones;
    __asm__ volatile("" : "+r"(mask));
    return mask;
}

void skeym_crypto_keep(void *data, size_t size, bool keep)
{
    uint8_t *bytes = data;
    uint64_t mask = mask_of(keep);
    size_t at = 0;
    for (; size - at >= sizeof mask; at += sizeof mask) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
        word &= mask;
        memcpy(bytes + at, &word, sizeof word);
    }
    for (; at < size; at++) {
        bytes[at] &= (uint8_t)mask;
    }
    __asm__ volatile("" : : "r"(data) : "memory"); /* as skeym_crypto_wipe */
}

void skeym_crypto_replace(void *out, const void *from, size_t size, bool replace)
{
    uint8_t *to = out;
    const uint8_t *bytes = from;
    uint64_t mask = mask_of(replace);
    for (size_t at = 0; at < size; at++) {
        to[at] ^= (uint8_t)(mask & (to[at] ^ bytes[at]));
    }
}

enum skeym_error skeym_crypto_choose(bool first, enum skeym_error a, enum skeym_error b)
{
    uint64_t mask = mask_of(first);
    return (enum skeym_error)((mask & (uint64_t)a) | (~mask & (uint64_t)b));
}

enum skeym_error skeym_crypto_first(enum skeym_error before, enum skeym_error now)
{
    return skeym_crypto_choose(before != SKEYM_OK, before, now);
}
