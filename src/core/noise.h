/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Noise_IKpsk1_25519_AESGCM_SHA256 (Noise revision 34), as far as a login needs it
 * (docs/PROTOCOL.md, section 6): two messages, each a head and a payload. The head is written or
 * read first, then skeym_noise_seal or skeym_noise_open takes the payload; between the two lie the
 * ck and h that session secrets come from. The transport keys are not used.
 *
 * Differs from the general protocol in one point: at a login the responder knows which static key
 * it expects (the locator's), and reads no other. At an enrolment (5.1) it takes whatever key there
 * is.
 *
 * After skeym_noise_start the caller sets static_key, ephemeral_key and peer_static of the state
 * (the responder ephemeral_key before its own message). On an error the state is of no further use;
 * wiping it is the caller's.
 */
#ifndef SKEYM_CORE_NOISE_H
#define SKEYM_CORE_NOISE_H

#include <skeym/login.h>

#define SKEYM_NOISE_TAG_BYTES 16
#define SKEYM_NOISE_HEAD_1    (32 + 32 + SKEYM_NOISE_TAG_BYTES) /* e, encrypted s */
#define SKEYM_NOISE_HEAD_2    32                                /* e */

/* Zeroes the state; mixes the protocol's name, the prologue (two parts, either may be empty) and
 * the responder's public static key. */
void skeym_noise_start(struct skeym_handshake *state, const struct skeym_span prologue[2],
                       const uint8_t responder[32]);

/* e, es, s, ss, psk. The initiator. Errors: SKEYM_ERR_WEAK, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_noise_write_1(struct skeym_handshake *state,
                                                    uint8_t out[SKEYM_NOISE_HEAD_1],
                                                    const uint8_t psk[32]);
/* The responder. It always does both X25519 products, also after a failure, so that time does not
 * tell what failed; then it wipes state->static_key, which is needed no more. Errors:
 * SKEYM_ERR_HANDSHAKE (s does not open, or is not state->peer_static), SKEYM_ERR_WEAK,
 * SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_noise_read_1(struct skeym_handshake *state,
                                                   const uint8_t in[SKEYM_NOISE_HEAD_1],
                                                   const uint8_t psk[32]);
/* The same with an initiator whose key is not known before: state->peer_static, which the caller
 * has set to a stand-in that costs as much, gets the key that s says. Where s does not open the
 * stand-in stays. */
SKEYM_MUST_USE enum skeym_error skeym_noise_read_1_stranger(struct skeym_handshake *state,
                                                            const uint8_t in[SKEYM_NOISE_HEAD_1],
                                                            const uint8_t psk[32]);

/* e, ee, se. The responder. Errors: SKEYM_ERR_WEAK, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_noise_write_2(struct skeym_handshake *state,
                                                    uint8_t out[SKEYM_NOISE_HEAD_2]);
/* The initiator. Errors: SKEYM_ERR_WEAK, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_noise_read_2(struct skeym_handshake *state,
                                                   const uint8_t in[SKEYM_NOISE_HEAD_2]);

/* EncryptAndHash, DecryptAndHash. Room and aliasing as of skeym_crypto_seal and _open, but that a
 * wrong tag is SKEYM_ERR_HANDSHAKE. */
SKEYM_MUST_USE enum skeym_error skeym_noise_seal(struct skeym_handshake *state,
                                                 struct skeym_room out, struct skeym_span plain);
SKEYM_MUST_USE enum skeym_error skeym_noise_open(struct skeym_handshake *state,
                                                 struct skeym_room out, struct skeym_span sealed);

#endif
