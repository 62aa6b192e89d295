/* SPDX-License-Identifier: Apache-2.0 */
/* The two halves of a locator: what they leave when it does not open, in numbers. */
#include "core/locator.h"
#include "unit/hex.h"

#define GUARD 8

static const uint8_t nonce[SKEYM_NONCE_BYTES] = {0x55, 1};
static struct skeym_enrol_keys keys;
static uint8_t locator[SKEYM_LOCATOR_BYTES + 1];
static size_t size;

static int start(void **state)
{
    (void)state;
    static const uint8_t enrol_key[32] = {7};
    struct skeym_node_claims claims = {.generation = 2, .not_after = 9, .role = 3};
    memset(claims.public_key, 0x33, sizeof claims.public_key);
    memset(locator, 0, sizeof locator);
    return skeym_name_node(&claims.id, skeym_span_text("pump-7")) ||
           skeym_enrol_keys_derive(&keys, 0x01020304, enrol_key) ||
           skeym_locator_seal((struct skeym_room){locator, SKEYM_LOCATOR_BYTES}, &size, &keys,
                              &claims, nonce);
}

/* Refused: zeros in all of the claims' room, not a byte behind it, and the size that is told. */
static void check(size_t of, enum skeym_error error, size_t told)
{
    uint8_t out[SKEYM_NODE_CLAIMS_BYTES + GUARD];
    size_t got = 0;
    memset(out, 0xee, sizeof out);
    assert_int_equal(skeym_locator_unseal(out, &got, &keys, skeym_span(locator, of)), error);
    assert_int_equal(got, told);
    assert_zero(out, SKEYM_NODE_CLAIMS_BYTES);
    for (size_t i = SKEYM_NODE_CLAIMS_BYTES; i < sizeof out; i++) {
        assert_int_equal(out[i], 0xee);
    }
}

static void refused_locators_leave_zeros(void **state)
{
    (void)state;
    check(0, SKEYM_ERR_SIZE, 48);
    check(29 + 48 + 15, SKEYM_ERR_SIZE, 48);
    check(SKEYM_LOCATOR_BYTES + 1, SKEYM_ERR_SIZE, 48);
    check(29 + 48 + 16, SKEYM_ERR_LOCATOR, 48);
    check(SKEYM_LOCATOR_BYTES, SKEYM_ERR_LOCATOR, SKEYM_NODE_CLAIMS_BYTES);
    locator[40] ^= 1;
    check(size, SKEYM_ERR_LOCATOR, 64);
    locator[40] ^= 1;
    locator[0] ^= 1;
    check(size, SKEYM_ERR_VERSION, 64);
    locator[0] ^= 1;
    keys.id++; /* it opens, but says that it is of another key */
    check(size, SKEYM_ERR_LOCATOR, 64);
}

static void what_opens_is_given(void **state)
{
    (void)state;
    uint8_t out[SKEYM_NODE_CLAIMS_BYTES];
    uint8_t zero[SKEYM_NODE_CLAIMS_BYTES] = {0};
    size_t got = 0;
    memset(out, 0xee, sizeof out);
    assert_int_equal(skeym_locator_unseal(out, &got, &keys, skeym_span(locator, size)), SKEYM_OK);
    assert_int_equal(got, 64);
    assert_int_equal(out[0], 0x33);
    assert_memory_equal(out + 64, zero, sizeof out - 64);
}

/* Claims that cannot be written have no C_i: zeros, and nothing behind them. */
static void refused_credentials_leave_zeros(void **state)
{
    (void)state;
    uint8_t out[SKEYM_SECRET_BYTES + GUARD];
    const struct skeym_node_claims none = {0};
    memset(out, 0xee, sizeof out);
    assert_int_equal(skeym_credential(out, &keys, &none), SKEYM_ERR_RANGE);
    assert_zero(out, SKEYM_SECRET_BYTES);
    assert_int_equal(out[SKEYM_SECRET_BYTES], 0xee);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(refused_locators_leave_zeros, start),
        cmocka_unit_test_setup(what_opens_is_given, start),
        cmocka_unit_test_setup(refused_credentials_leave_zeros, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
