/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens (docs/PROTOCOL.md, section 7). */
#ifndef SKEYM_TOKEN_H
#define SKEYM_TOKEN_H

#include <skeym/base64url.h>
#include <skeym/keys.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SKEYM_TOKEN_VERSION 0x01
#define SKEYM_NONCE_BYTES   24
#define SKEYM_TOKEN_HEAD    (1 + 4 + SKEYM_NONCE_BYTES)
#define SKEYM_TOKEN_BYTES   (SKEYM_TOKEN_HEAD + SKEYM_TOKEN_CLAIMS_BYTES + 16)
#define SKEYM_TOKEN_CHARS   SKEYM_BASE64URL_CHARS(SKEYM_TOKEN_BYTES)

/* Seals claims under the current epoch; nonce: 24 fresh random bytes. *size gets the token's size.
 * Errors: SKEYM_ERR_SPACE, SKEYM_ERR_RANGE (claims that the layout cannot hold), SKEYM_ERR_CRYPTO.
 */
SKEYM_MUST_USE enum skeym_error skeym_token_mint(struct skeym_room out, size_t *size,
                                                 const struct skeym_audience_keys *keys,
                                                 const struct skeym_token_claims *claims,
                                                 const uint8_t nonce[SKEYM_NONCE_BYTES]);

/* Section 7: from `issued` for `lifetime` seconds, at most to the login deadline.
 * Errors: SKEYM_ERR_TIME. */
SKEYM_MUST_USE enum skeym_error skeym_token_time(const struct skeym_token_claims *claims,
                                                 uint64_t now_ms);

/* Opens a token and checks its time; nothing else. On any error *out is zero. *id gets the first 8
 * bytes of the nonce as a number (section 9).
 * Errors, in this order: SKEYM_ERR_SIZE, SKEYM_ERR_VERSION, SKEYM_ERR_EPOCH, SKEYM_ERR_SEAL, then
 * the reader's of claims.h, then SKEYM_ERR_TIME. Pure: reads nothing but its arguments. */
SKEYM_MUST_USE enum skeym_error skeym_token_open(struct skeym_token_claims *out, uint64_t *id,
                                                 const struct skeym_audience_keys *keys,
                                                 struct skeym_span token, uint64_t now_ms);

#ifdef __cplusplus
}
#endif
#endif
