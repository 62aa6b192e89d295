/* SPDX-License-Identifier: Apache-2.0 */
/* Audience keys that tests make up. */
#ifndef SKEYM_TESTS_AUDIENCE_KEY_H
#define SKEYM_TESTS_AUDIENCE_KEY_H

#include "crypto/crypto.h"
#include "unit/hex.h"

/* 32 times the same byte. */
static inline void set_key(struct skeym_cmac_key *out, uint8_t byte)
{
    uint8_t key[SKEYM_KEY_BYTES];
    memset(key, byte, sizeof key);
    assert_int_equal(skeym_crypto_cmac_prepare(out, key), SKEYM_OK);
}

#endif
