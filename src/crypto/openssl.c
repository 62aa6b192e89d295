/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL 3.0 behind the crypto door: ciphers and X25519. (Hashes: openssl_hash.c.)
 *
 * Fork: nothing here is shared between processes. Contexts are memory of their thread, so a child
 * has its own copies, and they hold no key.
 */
#include "crypto/backend.h"
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* EVP takes sizes as int: longer input goes in parts of this size. */
#define PART_BYTES ((size_t)1 << 20)

/* --- contexts ------------------------------------------------------------ */

/*
 * Two cipher contexts per thread, made at first use, freed when the thread ends. After each use
 * they are keyed with zeros (145 ns for GCM, which also rebuilds its hash table; 57 ns for ECB; of
 * 510 and 140 in all, for 128 bytes and 3 blocks). A fresh context per call, which OpenSSL wipes
 * when it frees it, costs 10 ns less on one thread; but it takes and drops a reference to the
 * process-wide cipher each time, and two threads on one counter lost 200 ns.
 */
struct contexts {
    EVP_CIPHER_CTX *gcm;
    EVP_CIPHER_CTX *ecb;
};

static _Thread_local struct contexts mine;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_end;
static bool usable;

static const uint8_t zeros[SKEYM_KEY_BYTES];

static void free_contexts(void *contexts)
{
    struct contexts *their = contexts;
    EVP_CIPHER_CTX_free(their->gcm);
    EVP_CIPHER_CTX_free(their->ecb);
    *their = (struct contexts){0};
}

/* The main thread has no end of its own: its contexts go with the process. */
static void free_mine(void)
{
    free_contexts(&mine);
}

static void prepare(void)
{
    /* OpenSSL's own clean-up is registered first, so that it runs after ours. Where its global
     * context could not be made for want of memory, a fetch would follow a null pointer. */
    usable = OPENSSL_init_crypto(0, NULL) == 1 && OSSL_LIB_CTX_get0_global_default() &&
             pthread_key_create(&at_thread_end, free_contexts) == 0 && atexit(free_mine) == 0;
}

/* A context in *slot, of this cipher, keyed with zeros; NULL when OpenSSL has none. Padding is left
 * as it is: it has no part in whole blocks that are encrypted, and to turn it off costs each
 * keying 35 ns. */
static EVP_CIPHER_CTX *context(EVP_CIPHER_CTX **slot, const char *cipher_name)
{
    if (*slot) {
        return *slot;
    }
    pthread_once(&prepared, prepare);
    if (!usable || pthread_setspecific(at_thread_end, &mine) != 0) {
        return NULL;
    }
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, cipher_name, NULL);
    EVP_CIPHER_CTX *made = EVP_CIPHER_CTX_new();
    if (cipher && made && EVP_CipherInit_ex2(made, cipher, zeros, NULL, 1, NULL) == 1) {
        *slot = made;
        made = NULL;
    }
    EVP_CIPHER_CTX_free(made);
    EVP_CIPHER_free(cipher);
    return *slot;
}

/* The key leaves the context. If not by zeros over it, then with the context. */
static void forget_key(EVP_CIPHER_CTX **slot)
{
    if (*slot && EVP_CipherInit_ex2(*slot, NULL, zeros, NULL, 1, NULL) != 1) {
        EVP_CIPHER_CTX_free(*slot);
        *slot = NULL;
    }
}

/* --- AES ------------------------------------------------------------------ */

/* Runs all of in through ctx; out NULL: as additional data. */
static bool run(EVP_CIPHER_CTX *ctx, uint8_t *out, struct skeym_span in)
{
    for (size_t done = 0; done < in.size;) {
        size_t part = in.size - done < PART_BYTES ? in.size - done : PART_BYTES;
        int got = 0;
        if (EVP_CipherUpdate(ctx, out ? out + done : NULL, &got, in.data + done, (int)part) != 1 ||
            (out && (size_t)got != part)) {
            return false;
        }
        done += part;
    }
    return true;
}

static bool seal(uint8_t *out, const uint8_t key[SKEYM_KEY_BYTES], const uint8_t iv[SKEYM_IV_BYTES],
                 struct skeym_span aad, struct skeym_span plain)
{
    EVP_CIPHER_CTX *ctx = context(&mine.gcm, "AES-256-GCM");
    uint8_t *tag = out + plain.size;
    int rest = 0;
    bool done = ctx && EVP_CipherInit_ex2(ctx, NULL, key, iv, 1, NULL) == 1 &&
                run(ctx, NULL, aad) && run(ctx, out, plain) &&
                EVP_CipherFinal_ex(ctx, tag, &rest) == 1 && rest == 0 &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SKEYM_TAG_BYTES, tag) == 1;
    forget_key(&mine.gcm);
    return done;
}

static enum skeym_error open_sealed(uint8_t *out, const uint8_t key[SKEYM_KEY_BYTES],
                                    const uint8_t iv[SKEYM_IV_BYTES], struct skeym_span aad,
                                    struct skeym_span sealed)
{
    struct skeym_span text = {sealed.data, sealed.size - SKEYM_TAG_BYTES};
    EVP_CIPHER_CTX *ctx = context(&mine.gcm, "AES-256-GCM");
    uint8_t tag[SKEYM_TAG_BYTES];
    uint8_t none[SKEYM_BLOCK_BYTES];
    int rest = 0;
    memcpy(tag, sealed.data + text.size, sizeof tag);
    enum skeym_error error = SKEYM_ERR_CRYPTO;
    if (ctx && EVP_CipherInit_ex2(ctx, NULL, key, iv, 0, NULL) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SKEYM_TAG_BYTES, tag) == 1 &&
        run(ctx, NULL, aad) && run(ctx, out, text)) {
        error = EVP_CipherFinal_ex(ctx, none, &rest) == 1 && rest == 0 ? SKEYM_OK : SKEYM_ERR_SEAL;
    }
    forget_key(&mine.gcm);
    return error;
}

static bool aes_blocks(uint8_t *out, const struct skeym_cmac_key *key, const uint8_t *in,
                       size_t count)
{
    EVP_CIPHER_CTX *ctx = context(&mine.ecb, "AES-256-ECB");
    bool done = ctx && EVP_CipherInit_ex2(ctx, NULL, key->key, NULL, 1, NULL) == 1 &&
                run(ctx, out, (struct skeym_span){in, count * SKEYM_BLOCK_BYTES});
    forget_key(&mine.ecb);
    return done;
}

/* --- X25519 ---------------------------------------------------------------- */

/*
 * Given a private key alone, OpenSSL computes the public one at once, for the price of a second
 * product (80 us rather than 50). The product that is wanted does not use it, so it gets zeros in
 * its place.
 */
static EVP_PKEY *private_key(const uint8_t key[SKEYM_KEY_BYTES])
{
    uint8_t own[SKEYM_KEY_BYTES];
    uint8_t unused[SKEYM_KEY_BYTES] = {0};
    memcpy(own, key, sizeof own);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, own, sizeof own),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, unused, sizeof unused),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *made = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_KEYPAIR, params) != 1) {
        made = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    skeym_crypto_wipe(own, sizeof own);
    return made;
}

static bool x25519_public(uint8_t out[SKEYM_KEY_BYTES], const uint8_t key[SKEYM_KEY_BYTES])
{
    size_t size = SKEYM_KEY_BYTES;
    ERR_set_mark();
    EVP_PKEY *pair = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, key, SKEYM_KEY_BYTES);
    bool done =
        pair && EVP_PKEY_get_raw_public_key(pair, out, &size) == 1 && size == SKEYM_KEY_BYTES;
    EVP_PKEY_free(pair);
    ERR_pop_to_mark();
    return done;
}

/* The product as OpenSSL gives it. It calls an all-zero one an error, but has then written it: so
 * `out` tells that from other errors, which leave the ones in it. */
static bool multiply(uint8_t out[SKEYM_KEY_BYTES], const uint8_t key[SKEYM_KEY_BYTES],
                     const uint8_t peer[SKEYM_KEY_BYTES])
{
    size_t size = SKEYM_KEY_BYTES;
    memset(out, 0xff, SKEYM_KEY_BYTES);
    ERR_set_mark();
    EVP_PKEY *own = private_key(key);
    EVP_PKEY *other = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, peer, SKEYM_KEY_BYTES);
    EVP_PKEY_CTX *ctx = own ? EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL) : NULL;
    bool done = ctx && other && EVP_PKEY_derive_init(ctx) == 1 &&
                EVP_PKEY_derive_set_peer_ex(ctx, other, 0) == 1 &&
                EVP_PKEY_derive(ctx, out, &size) == 1 && size == SKEYM_KEY_BYTES;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(own);
    EVP_PKEY_free(other);
    ERR_pop_to_mark();
    return done;
}

static enum skeym_error x25519(uint8_t out[SKEYM_KEY_BYTES], const uint8_t key[SKEYM_KEY_BYTES],
                               const uint8_t peer[SKEYM_KEY_BYTES])
{
    bool done = multiply(out, key, peer);
    bool zero = skeym_crypto_equal(out, zeros, SKEYM_KEY_BYTES);
    enum skeym_error error = skeym_crypto_choose(done, SKEYM_OK, SKEYM_ERR_CRYPTO);
    return skeym_crypto_choose(zero, SKEYM_ERR_WEAK, error);
}

/* --- the table --------------------------------------------------------------- */

static const char *version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

static bool always(void)
{
    return true;
}

const struct skeym_crypto_backend skeym_openssl = {
    .name = "OpenSSL",
    .version = version,
    .usable = always,
    .seal = seal,
    .open = open_sealed,
    .aes_blocks = aes_blocks,
    .x25519_public = x25519_public,
    .x25519 = x25519,
};
