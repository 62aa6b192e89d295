/* SPDX-License-Identifier: Apache-2.0 */
#include "core/xaes.h"
#include <string.h>

#define PREFIX_BYTES 12 /* of the nonce: goes into the key; the other 12 are the inner nonce */

/* K1 of CMAC: L doubled in GF(2^128), without a branch on its top bit. */
static void double_block(uint8_t block[SKEYM_BLOCK_BYTES])
{
    uint8_t carry = (uint8_t) - (block[0] >> 7);
    for (size_t i = 0; i < SKEYM_BLOCK_BYTES - 1; i++) {
        block[i] = (uint8_t)(block[i] << 1 | block[i + 1] >> 7);
    }
    block[SKEYM_BLOCK_BYTES - 1] = (uint8_t)(block[SKEYM_BLOCK_BYTES - 1] << 1 ^ (carry & 0x87));
}

static enum skeym_error derive(uint8_t out[SKEYM_KEY_BYTES], const uint8_t key[SKEYM_KEY_BYTES],
                               const uint8_t nonce[SKEYM_XAES_NONCE_BYTES])
{
    uint8_t k1[SKEYM_BLOCK_BYTES] = {0};
    uint8_t halves[2][SKEYM_BLOCK_BYTES] = {{0, 1, 0x58, 0}, {0, 2, 0x58, 0}};
    enum skeym_error error = skeym_crypto_blocks(k1, key, k1, 1);
    if (!error) {
        double_block(k1);
        for (size_t half = 0; half < 2; half++) {
            memcpy(&halves[half][SKEYM_BLOCK_BYTES - PREFIX_BYTES], nonce, PREFIX_BYTES);
            for (size_t i = 0; i < SKEYM_BLOCK_BYTES; i++) {
                halves[half][i] ^= k1[i];
            }
        }
        error = skeym_crypto_blocks(out, key, halves[0], 2);
    }
    skeym_crypto_wipe(k1, sizeof k1);
    skeym_crypto_wipe(halves, sizeof halves);
    return error;
}

enum skeym_error skeym_xaes_seal(struct skeym_room out, const uint8_t key[SKEYM_KEY_BYTES],
                                 const uint8_t nonce[SKEYM_XAES_NONCE_BYTES], struct skeym_span aad,
                                 struct skeym_span plain)
{
    uint8_t derived[SKEYM_KEY_BYTES];
    enum skeym_error error = derive(derived, key, nonce);
    if (!error) {
        error = skeym_crypto_seal(out, derived, nonce + PREFIX_BYTES, aad, plain);
    } else {
        skeym_crypto_wipe(out.data, out.room);
    }
    skeym_crypto_wipe(derived, sizeof derived);
    return error;
}

enum skeym_error skeym_xaes_open(struct skeym_room out, const uint8_t key[SKEYM_KEY_BYTES],
                                 const uint8_t nonce[SKEYM_XAES_NONCE_BYTES], struct skeym_span aad,
                                 struct skeym_span sealed)
{
    uint8_t derived[SKEYM_KEY_BYTES];
    enum skeym_error error = derive(derived, key, nonce);
    if (!error) {
        error = skeym_crypto_open(out, derived, nonce + PREFIX_BYTES, aad, sealed);
    } else {
        skeym_crypto_wipe(out.data, out.room);
    }
    skeym_crypto_wipe(derived, sizeof derived);
    return error;
}
