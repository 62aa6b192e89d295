/* SPDX-License-Identifier: Apache-2.0 */
#include "core/xaes.h"
#include <string.h>

#define PREFIX_BYTES 12 /* of the nonce: goes into the key; the other 12 are the inner nonce */

/* Kx: the CMAC under K of 00 01 58 00 || N[0..12) and of 00 02 58 00 || N[0..12). */
static enum skeym_error derive(uint8_t out[SKEYM_KEY_BYTES], const struct skeym_cmac_key *key,
                               const uint8_t nonce[SKEYM_XAES_NONCE_BYTES])
{
    uint8_t blocks[2][SKEYM_BLOCK_BYTES] = {{0, 1, 'X', 0}, {0, 2, 'X', 0}};
    memcpy(&blocks[0][SKEYM_BLOCK_BYTES - PREFIX_BYTES], nonce, PREFIX_BYTES);
    memcpy(&blocks[1][SKEYM_BLOCK_BYTES - PREFIX_BYTES], nonce, PREFIX_BYTES);
    return skeym_crypto_cmac_blocks(out, key, blocks[0], 2);
}

enum skeym_error skeym_xaes_seal_prepared(struct skeym_room out, const struct skeym_cmac_key *key,
                                          const uint8_t nonce[SKEYM_XAES_NONCE_BYTES],
                                          struct skeym_span aad, struct skeym_span plain)
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

enum skeym_error skeym_xaes_open_prepared(struct skeym_room out, const struct skeym_cmac_key *key,
                                          const uint8_t nonce[SKEYM_XAES_NONCE_BYTES],
                                          struct skeym_span aad, struct skeym_span sealed)
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

enum skeym_error skeym_xaes_seal(struct skeym_room out, const uint8_t key[SKEYM_KEY_BYTES],
                                 const uint8_t nonce[SKEYM_XAES_NONCE_BYTES], struct skeym_span aad,
                                 struct skeym_span plain)
{
    struct skeym_cmac_key prepared;
    enum skeym_error error = skeym_crypto_cmac_prepare(&prepared, key);
    if (!error) {
        error = skeym_xaes_seal_prepared(out, &prepared, nonce, aad, plain);
    } else {
        skeym_crypto_wipe(out.data, out.room);
    }
    skeym_crypto_wipe(&prepared, sizeof prepared);
    return error;
}

enum skeym_error skeym_xaes_open(struct skeym_room out, const uint8_t key[SKEYM_KEY_BYTES],
                                 const uint8_t nonce[SKEYM_XAES_NONCE_BYTES], struct skeym_span aad,
                                 struct skeym_span sealed)
{
    struct skeym_cmac_key prepared;
    enum skeym_error error = skeym_crypto_cmac_prepare(&prepared, key);
    if (!error) {
        error = skeym_xaes_open_prepared(out, &prepared, nonce, aad, sealed);
    } else {
        skeym_crypto_wipe(out.data, out.room);
    }
    skeym_crypto_wipe(&prepared, sizeof prepared);
    return error;
}
