/* SPDX-License-Identifier: Apache-2.0 */
/* What every crypto door promises of its small functions, a device's own as well as ours. */
#ifndef SKEYM_TESTS_DOOR_PROMISES_H
#define SKEYM_TESTS_DOOR_PROMISES_H

#include "unit/hex.h"
#include <skeym/crypto.h>

static void equal_and_wipe(void **state)
{
    (void)state;
    uint8_t a[33];
    uint8_t b[33];
    memset(a, 7, sizeof a);
    memset(b, 7, sizeof b);
    assert_true(skeym_crypto_equal(a, b, sizeof a));
    assert_true(skeym_crypto_equal(NULL, NULL, 0));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] ^= 0x80;
        assert_false(skeym_crypto_equal(a, b, sizeof a));
        assert_true(skeym_crypto_equal(a, b, i));
        b[i] ^= 0x80;
    }
    skeym_crypto_wipe(a + 1, sizeof a - 2);
    assert_zero(a + 1, sizeof a - 2);
    assert_int_equal(a[0], 7);
    assert_int_equal(a[sizeof a - 1], 7);
    skeym_crypto_wipe(NULL, 0);
}

static void choose_and_first(void **state)
{
    (void)state;
    const enum skeym_error errors[] = {SKEYM_OK, SKEYM_ERR_SEAL, SKEYM_ERR_CRYPTO,
                                       SKEYM_ERR_HANDSHAKE};
    for (size_t i = 0; i < 16; i++) {
        enum skeym_error a = errors[i / 4];
        enum skeym_error b = errors[i % 4];
        assert_int_equal(skeym_crypto_choose(true, a, b), a);
        assert_int_equal(skeym_crypto_choose(false, a, b), b);
        assert_int_equal(skeym_crypto_first(a, b), a != SKEYM_OK ? a : b);
    }
}

#endif
