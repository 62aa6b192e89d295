/* SPDX-License-Identifier: Apache-2.0 */
/* Each key is computed here a second time, by OpenSSL's HKDF. */
#include "crypto/crypto.h"
#include "unit/hex.h"
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <skeym/keys.h>

static void expand(uint8_t out[32], const uint8_t key[32], const char *label, const char *more)
{
    char info[64];
    uint8_t prk[32];
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    char digest[] = "SHA256";
    memcpy(prk, key, 32);
    memcpy(info, label, strlen(label));
    memcpy(info + strlen(label), more, strlen(more));
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, prk, sizeof prk),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, strlen(label) + strlen(more)),
        OSSL_PARAM_construct_end(),
    };
    assert_int_equal(EVP_KDF_derive(ctx, out, 32, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static struct skeym_epoch_key epoch_key(uint32_t epoch)
{
    struct skeym_epoch_key key = {.epoch = epoch};
    memset(key.key, 0x42, sizeof key.key);
    return key;
}

static void enrol_keys(void **state)
{
    (void)state;
    struct skeym_enrol_keys keys;
    uint8_t enrol_key[32] = {1, 2, 3};
    uint8_t want[32];
    assert_int_equal(skeym_enrol_keys_derive(&keys, 0xdeadbeef, enrol_key), SKEYM_OK);
    assert_int_equal(keys.id, 0xdeadbeef);
    expand(want, enrol_key, "skeym/1 enrol seal", "");
    assert_memory_equal(keys.seal, want, 32);
    expand(want, enrol_key, "skeym/1 enrol credential", "");
    assert_memory_equal(keys.credential, want, 32);
    expand(want, enrol_key, "skeym/1 invitation seal", "");
    assert_memory_equal(keys.invite, want, 32);
    expand(want, enrol_key, "skeym/1 invitation secret", "");
    assert_memory_equal(keys.once, want, 32);
}

static void epochs(void **state)
{
    (void)state;
    assert_int_equal(skeym_epoch_at(0, 3600), 0);
    assert_int_equal(skeym_epoch_at(3599999, 3600), 0);
    assert_int_equal(skeym_epoch_at(3600000, 3600), 1);
    assert_int_equal(skeym_epoch_at(UINT64_C(1700000000000), 120), 14166666);
    assert_int_equal(skeym_epoch_at(UINT64_C(1700000000000), 0), 0);
}

static void ratchet(void **state)
{
    (void)state;
    struct skeym_epoch_key key = epoch_key(7);
    uint8_t want[32];
    expand(want, key.key, "skeym/1 ratchet", "");
    assert_int_equal(skeym_epoch_ratchet(&key), SKEYM_OK);
    assert_int_equal(key.epoch, 8);
    assert_memory_equal(key.key, want, 32);
}

/* The last epoch has no next one: it must not become epoch 0. */
static void ratchet_ends(void **state)
{
    (void)state;
    struct skeym_epoch_key key = epoch_key(UINT32_MAX);
    const struct skeym_epoch_key before = key;
    assert_int_equal(skeym_epoch_ratchet(&key), SKEYM_ERR_RANGE);
    assert_memory_equal(&key, &before, sizeof key);
}

/* All of it, not the 32 bytes alone. */
static void assert_prepared(const struct skeym_cmac_key *key, const uint8_t want[32])
{
    struct skeym_cmac_key prepared;
    assert_memory_equal(key->key, want, 32);
    assert_int_equal(skeym_crypto_cmac_prepare(&prepared, want), SKEYM_OK);
    assert_memory_equal(key, &prepared, sizeof prepared);
}

static void audience_keys(void **state)
{
    (void)state;
    struct skeym_epoch_key previous = epoch_key(41);
    struct skeym_audience_keys keys;
    struct skeym_name audience;
    uint8_t key[32];
    uint8_t want[32];
    assert_int_equal(skeym_name_audience(&audience, skeym_span_text("ward-3.example")), SKEYM_OK);
    assert_int_equal(skeym_audience_keys_derive(&keys, &previous, &audience), SKEYM_OK);
    assert_int_equal(keys.epoch, 42);
    assert_memory_equal(&keys.audience, &audience, sizeof audience);
    expand(want, previous.key, "skeym/1 audience", "ward-3.example");
    assert_prepared(&keys.previous, want);
    expand(key, previous.key, "skeym/1 ratchet", "");
    expand(want, key, "skeym/1 audience", "ward-3.example");
    assert_prepared(&keys.current, want);
    /* One epoch later, today's current key is the previous one. */
    struct skeym_audience_keys later;
    assert_int_equal(skeym_epoch_ratchet(&previous), SKEYM_OK);
    assert_int_equal(skeym_audience_keys_derive(&later, &previous, &audience), SKEYM_OK);
    assert_memory_equal(&later.previous, &keys.current, sizeof keys.current);
}

static void audience_keys_refused(void **state)
{
    (void)state;
    struct skeym_epoch_key last = epoch_key(UINT32_MAX);
    struct skeym_epoch_key usual = epoch_key(1);
    struct skeym_name audience = {.size = 1, .text = {'a'}};
    struct skeym_audience_keys keys;
    memset(&keys, 0xee, sizeof keys);
    assert_int_equal(skeym_audience_keys_derive(&keys, &last, &audience), SKEYM_ERR_RANGE);
    assert_zero(&keys, sizeof keys);
    audience.text[0] = 'A';
    memset(&keys, 0xee, sizeof keys);
    assert_int_equal(skeym_audience_keys_derive(&keys, &usual, &audience), SKEYM_ERR_CHARSET);
    assert_zero(&keys, sizeof keys);
    audience.size = 0;
    assert_int_equal(skeym_audience_keys_derive(&keys, &usual, &audience), SKEYM_ERR_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enrol_keys),    cmocka_unit_test(epochs),
        cmocka_unit_test(ratchet),       cmocka_unit_test(ratchet_ends),
        cmocka_unit_test(audience_keys), cmocka_unit_test(audience_keys_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
