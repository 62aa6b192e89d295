/* SPDX-License-Identifier: Apache-2.0 */
/* A key that single blocks are hashed under (AES-256-CMAC, NIST SP 800-38B), made ready once. */
#ifndef SKEYM_CMAC_H
#define SKEYM_CMAC_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * SECRET, 256 bytes, aligned to 16. Written by skeym_crypto_cmac_prepare (skeym/crypto.h)
 * alone, so that all of it is of one key; copied, compared and wiped as bytes. What `rest` holds is
 * the crypto library's matter: the key's other round keys (FIPS 197, 5.2: the first two are the key
 * itself), or nothing.
 */
struct skeym_cmac_key {
    uint8_t key[32] __attribute__((aligned(16)));
    uint8_t rest[13 * 16];
    uint64_t k1[2]; /* SP 800-38B, 6.1 */
};

#ifdef __cplusplus
}
#endif
#endif
