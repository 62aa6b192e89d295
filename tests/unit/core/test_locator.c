/* SPDX-License-Identifier: Apache-2.0 */
#include "core/xaes.h"
#include "unit/hex.h"
#include <skeym/login.h>

static const uint8_t nonce[SKEYM_NONCE_BYTES] = {0x55, 1};
static struct skeym_enrol_keys keys;
static struct skeym_node_claims claims;
static uint8_t locator[SKEYM_LOCATOR_BYTES];
static size_t size;

static int start(void **state)
{
    (void)state;
    static const uint8_t enrol_key[32] = {7};
    claims = (struct skeym_node_claims){.generation = 2, .not_after = 9, .role = 3};
    memset(claims.public_key, 0x33, sizeof claims.public_key);
    return skeym_name_node(&claims.id, skeym_span_text("pump-7")) ||
           skeym_enrol_keys_derive(&keys, 0x01020304, enrol_key) ||
           skeym_locator_seal((struct skeym_room){locator, sizeof locator}, &size, &keys, &claims,
                              nonce);
}

static void layout(void **state)
{
    (void)state;
    uint8_t plain[64];
    struct skeym_room room = {plain, sizeof plain};
    struct skeym_writer writer = skeym_writer(room);
    uint8_t want[64];
    assert_int_equal(size, 1 + 4 + 24 + 64 + 16);
    assert_hex(locator, 5, "0101020304");
    assert_memory_equal(locator + 5, nonce, 24);
    assert_int_equal(skeym_xaes_open(room, keys.seal, nonce, skeym_span(locator, 5),
                                     skeym_span(locator + 29, 80)),
                     SKEYM_OK);
    memcpy(want, plain, sizeof want);
    skeym_node_claims_write(&writer, &claims);
    assert_int_equal(writer.size, 64);
    assert_memory_equal(plain, want, 64);
}

static void open_again(void **state)
{
    (void)state;
    struct skeym_node_claims back;
    uint32_t id = 0;
    assert_int_equal(skeym_locator_key(&id, skeym_span(locator, size)), SKEYM_OK);
    assert_int_equal(id, 0x01020304);
    assert_int_equal(skeym_locator_open(&back, &keys, skeym_span(locator, size)), SKEYM_OK);
    assert_memory_equal(&back, &claims, sizeof back);
}

static void check(const uint8_t *bytes, size_t length, enum skeym_error error)
{
    struct skeym_node_claims back;
    memset(&back, 0xee, sizeof back);
    assert_int_equal(skeym_locator_open(&back, &keys, skeym_span(bytes, length)), error);
    assert_zero(&back, sizeof back);
}

static void altered(void **state)
{
    (void)state;
    for (size_t i = 0; i < size; i++) {
        locator[i] ^= 0x20;
        check(locator, size, i == 0 ? SKEYM_ERR_VERSION : SKEYM_ERR_LOCATOR);
        locator[i] ^= 0x20;
    }
    keys.seal[0] ^= 1;
    check(locator, size, SKEYM_ERR_LOCATOR);
    keys.seal[0] ^= 1;
    keys.id++; /* the same key under another id is another key */
    check(locator, size, SKEYM_ERR_LOCATOR);
}

static void sizes(void **state)
{
    (void)state;
    uint8_t longer[SKEYM_LOCATOR_BYTES + 1] = {1};
    uint32_t id = 99;
    for (size_t length = 0; length < 29 + 48 + 16; length++) {
        check(locator, length, SKEYM_ERR_SIZE);
    }
    for (size_t length = 29 + 48 + 16; length < size; length++) {
        check(locator, length, SKEYM_ERR_LOCATOR);
    }
    check(longer, sizeof longer, SKEYM_ERR_SIZE);
    check(longer, sizeof longer - 1, SKEYM_ERR_LOCATOR);
    assert_int_equal(skeym_locator_key(&id, skeym_span(longer, sizeof longer)), SKEYM_ERR_SIZE);
    assert_int_equal(id, 0);
    assert_int_equal(skeym_locator_key(&id, skeym_span(longer, sizeof longer - 1)), SKEYM_OK);
    assert_int_equal(skeym_locator_key(&id, skeym_span(longer, 29 + 48 + 16)), SKEYM_OK);
    assert_int_equal(skeym_locator_key(&id, skeym_span(longer, 29 + 48 + 15)), SKEYM_ERR_SIZE);
    longer[0] = 2;
    assert_int_equal(skeym_locator_key(&id, skeym_span(longer, 100)), SKEYM_ERR_VERSION);
}

/* Authentic, and yet not spelled: the claims reader has the last word. */
static void sealed_rubbish(void **state)
{
    (void)state;
    uint8_t plain[64] = {0};
    struct skeym_room room = {locator + 29, 80};
    assert_int_equal(skeym_xaes_seal(room, keys.seal, nonce, skeym_span(locator, 5),
                                     skeym_span(plain, sizeof plain)),
                     SKEYM_OK);
    check(locator, 109, SKEYM_ERR_RANGE);
}

static void seal_refused(void **state)
{
    (void)state;
    size_t got = 99;
    uint8_t out[109];
    for (size_t room = 0; room < sizeof out; room++) {
        memset(out, 0xee, sizeof out);
        assert_int_equal(
            skeym_locator_seal((struct skeym_room){out, room}, &got, &keys, &claims, nonce),
            SKEYM_ERR_SPACE);
        assert_int_equal(got, 0);
        assert_zero(out, room);
        assert_int_equal(out[room], 0xee);
    }
    claims.generation = 0;
    got = 99;
    memset(out, 0xee, sizeof out);
    assert_int_equal(
        skeym_locator_seal((struct skeym_room){out, sizeof out}, &got, &keys, &claims, nonce),
        SKEYM_ERR_RANGE);
    assert_int_equal(got, 0);
    assert_zero(out, sizeof out);
}

/* HKDF-Expand(E_cred, "skeym/1 credential" || SHA-256(claims), 32) is HMAC over that and 0x01. */
static void credential(void **state)
{
    (void)state;
    uint8_t plain[64];
    uint8_t text[18 + 32 + 1];
    uint8_t want[32];
    uint8_t got[32];
    struct skeym_writer writer = skeym_writer((struct skeym_room){plain, sizeof plain});
    skeym_node_claims_write(&writer, &claims);
    struct skeym_span whole = skeym_written(&writer);
    memcpy(text, "skeym/1 credential", 18);
    skeym_crypto_sha256(text + 18, &whole, 1);
    text[50] = 1;
    whole = skeym_span(text, sizeof text);
    skeym_crypto_hmac(want, skeym_span(keys.credential, 32), &whole, 1);
    assert_int_equal(skeym_credential(got, &keys, &claims), SKEYM_OK);
    assert_memory_equal(got, want, 32);
    claims.not_after++; /* it binds every claim */
    assert_int_equal(skeym_credential(got, &keys, &claims), SKEYM_OK);
    assert_memory_not_equal(got, want, 32);
    claims.role = 0;
    assert_int_equal(skeym_credential(got, &keys, &claims), SKEYM_ERR_RANGE);
    assert_zero(got, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(layout, start),         cmocka_unit_test_setup(open_again, start),
        cmocka_unit_test_setup(altered, start),        cmocka_unit_test_setup(sizes, start),
        cmocka_unit_test_setup(sealed_rubbish, start), cmocka_unit_test_setup(seal_refused, start),
        cmocka_unit_test_setup(credential, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
