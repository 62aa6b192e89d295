/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XAES-256-GCM (docs/PROTOCOL.md, section 3; C2SP): AES-256-GCM whose 24-byte nonce may be random,
 * because each (key, nonce) derives a key of its own. That key is wiped before these return. Who
 * uses a key for many prepares it (skeym_crypto_cmac_prepare): that is half of deriving.
 *
 * Aliasing, room and errors are those of skeym_crypto_seal and skeym_crypto_open.
 */
#ifndef SKEYM_CORE_XAES_H
#define SKEYM_CORE_XAES_H

#include "crypto/crypto.h"

#define SKEYM_XAES_NONCE_BYTES 24

/* out gets plain.size + 16 bytes. Errors: SKEYM_ERR_SPACE, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_xaes_seal(struct skeym_room out,
                                                const uint8_t key[SKEYM_KEY_BYTES],
                                                const uint8_t nonce[SKEYM_XAES_NONCE_BYTES],
                                                struct skeym_span aad, struct skeym_span plain);
/* out gets sealed.size - 16 bytes. Errors: SKEYM_ERR_SEAL, SKEYM_ERR_SPACE, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_xaes_open(struct skeym_room out,
                                                const uint8_t key[SKEYM_KEY_BYTES],
                                                const uint8_t nonce[SKEYM_XAES_NONCE_BYTES],
                                                struct skeym_span aad, struct skeym_span sealed);

/* The same under a prepared key. */
SKEYM_MUST_USE enum skeym_error
skeym_xaes_seal_prepared(struct skeym_room out, const struct skeym_cmac_key *key,
                         const uint8_t nonce[SKEYM_XAES_NONCE_BYTES], struct skeym_span aad,
                         struct skeym_span plain);
SKEYM_MUST_USE enum skeym_error
skeym_xaes_open_prepared(struct skeym_room out, const struct skeym_cmac_key *key,
                         const uint8_t nonce[SKEYM_XAES_NONCE_BYTES], struct skeym_span aad,
                         struct skeym_span sealed);

#endif
