/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the crypto door does when OpenSSL or the kernel fails, and that no key stays in a context.
 * The functions below stand in front of the library's: they count calls, and let the n-th fail.
 */
#include "crypto/backend.h"
#include "unit/crypto/spans.h"
#include "unit/hex.h"
#include <dlfcn.h>
#include <errno.h>
#include <openssl/evp.h>
#include <sys/random.h>

static unsigned calls;
static unsigned made;           /* contexts */
static unsigned fail_at;        /* 0: never */
static uint8_t last_key[2][32]; /* that GCM and ECB contexts were given */

static bool fails(void)
{
    calls++;
    return calls == fail_at;
}

/* The library's own function of this name. */
#define REAL(name) __extension__((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int EVP_CipherInit_ex2(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, const unsigned char *key,
                       const unsigned char *iv, int enc, const OSSL_PARAM params[])
{
    if (fails()) {
        return 0;
    }
    int result = REAL(EVP_CipherInit_ex2)(ctx, cipher, key, iv, enc, params);
    if (key) {
        bool gcm = EVP_CIPHER_CTX_get_mode(ctx) == EVP_CIPH_GCM_MODE;
        memcpy(last_key[gcm ? 0 : 1], key, 32);
    }
    return result;
}

int EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *outl, const unsigned char *in,
                     int inl)
{
    int result = REAL(EVP_CipherUpdate)(ctx, out, outl, in, inl);
    return fails() ? 0 : result;
}

int EVP_CipherFinal_ex(EVP_CIPHER_CTX *ctx, unsigned char *outm, int *outl)
{
    int result = REAL(EVP_CipherFinal_ex)(ctx, outm, outl);
    return fails() ? 0 : result;
}

int EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX *ctx, int type, int arg, void *ptr)
{
    return fails() ? 0 : REAL(EVP_CIPHER_CTX_ctrl)(ctx, type, arg, ptr);
}

EVP_CIPHER_CTX *EVP_CIPHER_CTX_new(void)
{
    made++;
    return fails() ? NULL : REAL(EVP_CIPHER_CTX_new)();
}

EVP_CIPHER *EVP_CIPHER_fetch(OSSL_LIB_CTX *ctx, const char *algorithm, const char *properties)
{
    return fails() ? NULL : REAL(EVP_CIPHER_fetch)(ctx, algorithm, properties);
}

EVP_PKEY_CTX *EVP_PKEY_CTX_new_from_name(OSSL_LIB_CTX *libctx, const char *name,
                                         const char *propquery)
{
    return fails() ? NULL : REAL(EVP_PKEY_CTX_new_from_name)(libctx, name, propquery);
}

int EVP_PKEY_fromdata_init(EVP_PKEY_CTX *ctx)
{
    return fails() ? 0 : REAL(EVP_PKEY_fromdata_init)(ctx);
}

int EVP_PKEY_fromdata(EVP_PKEY_CTX *ctx, EVP_PKEY **ppkey, int selection, OSSL_PARAM param[])
{
    return fails() ? 0 : REAL(EVP_PKEY_fromdata)(ctx, ppkey, selection, param);
}

EVP_PKEY *EVP_PKEY_new_raw_public_key_ex(OSSL_LIB_CTX *libctx, const char *keytype,
                                         const char *propq, const unsigned char *pub, size_t len)
{
    return fails() ? NULL : REAL(EVP_PKEY_new_raw_public_key_ex)(libctx, keytype, propq, pub, len);
}

EVP_PKEY *EVP_PKEY_new_raw_private_key_ex(OSSL_LIB_CTX *libctx, const char *keytype,
                                          const char *propq, const unsigned char *priv, size_t len)
{
    return fails() ? NULL
                   : REAL(EVP_PKEY_new_raw_private_key_ex)(libctx, keytype, propq, priv, len);
}

int EVP_PKEY_get_raw_public_key(const EVP_PKEY *pkey, unsigned char *pub, size_t *len)
{
    int result = REAL(EVP_PKEY_get_raw_public_key)(pkey, pub, len);
    return fails() ? 0 : result;
}

EVP_PKEY_CTX *EVP_PKEY_CTX_new_from_pkey(OSSL_LIB_CTX *libctx, EVP_PKEY *pkey,
                                         const char *propquery)
{
    return fails() ? NULL : REAL(EVP_PKEY_CTX_new_from_pkey)(libctx, pkey, propquery);
}

int EVP_PKEY_derive_init(EVP_PKEY_CTX *ctx)
{
    return fails() ? 0 : REAL(EVP_PKEY_derive_init)(ctx);
}

int EVP_PKEY_derive_set_peer_ex(EVP_PKEY_CTX *ctx, EVP_PKEY *peer, int validate_peer)
{
    return fails() ? 0 : REAL(EVP_PKEY_derive_set_peer_ex)(ctx, peer, validate_peer);
}

int EVP_PKEY_derive(EVP_PKEY_CTX *ctx, unsigned char *key, size_t *keylen)
{
    int result = REAL(EVP_PKEY_derive)(ctx, key, keylen);
    return fails() ? 0 : result;
}

static bool exhausted; /* the kernel gives nothing, and no error */

/* In pieces of at most 7 bytes, interrupted now and then. */
ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
    (void)flags;
    if (exhausted) {
        return 0;
    }
    if (fails()) {
        errno = EIO;
        return -1;
    }
    if (calls % 3 == 0) {
        errno = EINTR;
        return -1;
    }
    size_t part = length < 7 ? length : 7;
    memset(buffer, 0xaa, part);
    return (ssize_t)part;
}

/* --- the operations --------------------------------------------------------------------- */

static const uint8_t key[32] = {1, 2, 3};
static const uint8_t iv[12] = {4, 5};
static uint8_t text[48] = {6};

static enum skeym_error do_seal(struct skeym_room out)
{
    return skeym_crypto_seal(out, key, iv, span_of(text, 5), span_of(text, 32));
}

static enum skeym_error do_open(struct skeym_room out)
{
    uint8_t sealed[48];
    unsigned keep = fail_at;
    fail_at = 0;
    enum skeym_error error = do_seal((struct skeym_room){sealed, sizeof sealed});
    assert_int_equal(error, SKEYM_OK);
    calls = 0;
    fail_at = keep;
    return skeym_crypto_open(out, key, iv, span_of(text, 5), span_of(sealed, 48));
}

static enum skeym_error do_cmac(struct skeym_room out)
{
    struct skeym_cmac_key prepared;
    memset(&prepared, 0xee, sizeof prepared);
    enum skeym_error error = skeym_crypto_cmac_prepare(&prepared, key);
    if (error) {
        assert_zero(&prepared, sizeof prepared);
        memset(out.data, 0, 48);
        return error;
    }
    return skeym_crypto_cmac_blocks(out.data, &prepared, text, 3);
}

static enum skeym_error do_x25519(struct skeym_room out)
{
    static const uint8_t base[32] = {9};
    return skeym_crypto_x25519(out.data, key, base);
}

static enum skeym_error do_x25519_public(struct skeym_room out)
{
    return skeym_crypto_x25519_public(out.data, key);
}

static enum skeym_error do_random(struct skeym_room out)
{
    return skeym_crypto_random(out.data, out.room);
}

static const struct {
    const char *name;
    enum skeym_error (*run)(struct skeym_room out);
    size_t size; /* of the output */
    enum skeym_error error;
    unsigned at_least; /* that many calls can fail */
} operations[] = {
    {"seal", do_seal, 48, SKEYM_ERR_CRYPTO, 5},
    {"open", do_open, 32, SKEYM_ERR_CRYPTO, 5},
    {"cmac", do_cmac, 48, SKEYM_ERR_CRYPTO, 3},
    {"x25519", do_x25519, 32, SKEYM_ERR_CRYPTO, 8},
    {"x25519 public", do_x25519_public, 32, SKEYM_ERR_CRYPTO, 2},
    {"random", do_random, 48, SKEYM_ERR_RANDOM, 7},
};

/* Each call of each operation fails once: the error is told and the output is zero, or (a failure
 * to forget the key, which drops the context) the result is whole. Afterwards all is as before. */
static void each_call_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        uint8_t want[48] = {0};
        uint8_t out[48];
        fail_at = 0;
        assert_int_equal(operations[i].run((struct skeym_room){want, sizeof want}), SKEYM_OK);
        unsigned failures = 0;
        for (fail_at = 1;; fail_at++) {
            calls = 0;
            memset(out, 0xee, sizeof out);
            enum skeym_error error = operations[i].run((struct skeym_room){out, sizeof out});
            if (calls < fail_at) {
                assert_int_equal(error, SKEYM_OK);
                break;
            }
            if (error) {
                failures++;
                bool seal = operations[i].run == do_open && error == SKEYM_ERR_SEAL;
                assert_true(seal || error == operations[i].error);
                assert_zero(out, operations[i].size);
            } else {
                assert_memory_equal(out, want, operations[i].size);
            }
        }
        fail_at = 0;
        print_message("%s: %u failures of the library were told\n", operations[i].name, failures);
        assert_true(failures >= operations[i].at_least);
        assert_int_equal(operations[i].run((struct skeym_room){out, sizeof out}), SKEYM_OK);
        assert_memory_equal(out, want, operations[i].size);
    }
}

/* A context that cannot forget its key goes; making the next one fails call by call too. */
static void a_context_cannot_be_made(void **state)
{
    (void)state;
    enum skeym_error (*const users[])(struct skeym_room) = {do_seal, do_cmac};
    for (size_t i = 0; i < 2; i++) {
        uint8_t out[48];
        fail_at = 0;
        calls = 0;
        assert_int_equal(users[i]((struct skeym_room){out, sizeof out}), SKEYM_OK);
        unsigned forget = calls;
        for (unsigned step = 1; step <= 3; step++) {
            fail_at = forget;
            calls = 0;
            assert_int_equal(users[i]((struct skeym_room){out, sizeof out}),
                             SKEYM_OK); /* and the context is gone */
            made = 0;
            fail_at = step;
            calls = 0;
            memset(out, 0xee, sizeof out);
            assert_int_equal(users[i]((struct skeym_room){out, sizeof out}), SKEYM_ERR_CRYPTO);
            assert_zero(out, sizeof out);
            fail_at = 0;
            assert_int_equal(users[i]((struct skeym_room){out, sizeof out}), SKEYM_OK);
            assert_true(made > 0);
        }
    }
}

static void no_random_bytes_are_an_error(void **state)
{
    (void)state;
    uint8_t out[48];
    memset(out, 0xee, sizeof out);
    fail_at = 0;
    exhausted = true;
    assert_int_equal(skeym_crypto_random(out, sizeof out), SKEYM_ERR_RANDOM);
    exhausted = false;
    assert_zero(out, sizeof out);
}

static void contexts_forget_the_key(void **state)
{
    (void)state;
    uint8_t out[48];
    fail_at = 0;
    for (size_t i = 0; i < 3; i++) {
        memset(last_key, 0xee, sizeof last_key);
        assert_int_equal(operations[i].run((struct skeym_room){out, sizeof out}), SKEYM_OK);
        assert_zero(last_key[operations[i].run == do_cmac ? 1 : 0], 32);
    }
    uint8_t wrong[48] = {0};
    memset(last_key, 0xee, sizeof last_key);
    assert_int_equal(skeym_crypto_open((struct skeym_room){out, 48}, key, iv,
                                       (struct skeym_span){0}, span_of(wrong, 48)),
                     SKEYM_ERR_SEAL);
    assert_zero(last_key[0], 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_fails),
        cmocka_unit_test(a_context_cannot_be_made),
        cmocka_unit_test(no_random_bytes_are_an_error),
        cmocka_unit_test(contexts_forget_the_key),
    };
    skeym_crypto_use(&skeym_openssl);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
