/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment over the network by a one-time invitation (docs/PROTOCOL.md, section 5.1), both sides.
 * Bytes in, bytes out: no socket, no clock, no randomness of its own. That an invitation works once
 * is the caller's to see to, between skeym_invite_read and skeym_invite_answer.
 */
#ifndef SKEYM_INVITE_H
#define SKEYM_INVITE_H

#include <skeym/base64url.h>
#include <skeym/login.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SKEYM_INVITE_BYTES        (SKEYM_LOCATOR_HEAD + SKEYM_INVITE_CLAIMS_BYTES + 16)
#define SKEYM_INVITE_ID_BYTES     16
#define SKEYM_INVITE_SECRET_BYTES 16
#define SKEYM_INVITE_CODE_BYTES   (1 + 32 + SKEYM_INVITE_SECRET_BYTES + 33 + 2 + SKEYM_INVITE_BYTES)
#define SKEYM_INVITE_CODE_CHARS   SKEYM_BASE64URL_CHARS(SKEYM_INVITE_CODE_BYTES)
#define SKEYM_INVITE_BODY_BYTES   (1 + 2 + SKEYM_INVITE_BYTES + 32 + 48 + 6 + 16)
#define SKEYM_INVITE_ANSWER_BYTES                                                                  \
    (32 + 1 + 6 + 2 + SKEYM_LOCATOR_BYTES + 32 + 2 + SKEYM_NODE_CLAIMS_BYTES + 16)
#define SKEYM_ENROL_PATH "/skeym/v1/enrol"
#define SKEYM_ENROL_TYPE "application/skeym-enrol"

/* nonce: 24 fresh random bytes; the first 16 are the invitation's id. Errors: SKEYM_ERR_SPACE,
 * SKEYM_ERR_RANGE, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_invite_seal(struct skeym_room out, size_t *size,
                                                  const struct skeym_enrol_keys *keys,
                                                  const struct skeym_invite_claims *claims,
                                                  const uint8_t nonce[SKEYM_NONCE_BYTES]);
/* Errors: SKEYM_ERR_SIZE, SKEYM_ERR_VERSION, SKEYM_ERR_LOCATOR (another key, or altered, or a
 * locator), the claims reader's. */
SKEYM_MUST_USE enum skeym_error skeym_invite_open(struct skeym_invite_claims *out,
                                                  const struct skeym_enrol_keys *keys,
                                                  struct skeym_span invitation);
/* SECRET out: the one-time secret that goes with it. Errors: SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_invite_secret(uint8_t out[SKEYM_INVITE_SECRET_BYTES],
                                                    const struct skeym_enrol_keys *keys,
                                                    struct skeym_span invitation);

/* SECRET. What CODE says: all that a new node is given. */
struct skeym_invite_code {
    uint8_t authority[32]; /* S */
    uint8_t secret[SKEYM_INVITE_SECRET_BYTES];
    struct skeym_name audience;
    size_t invitation_size;
    uint8_t invitation[SKEYM_INVITE_BYTES];
};
/* To text and back; no NUL. The reader takes the whole span. Writer's errors: SKEYM_ERR_SPACE,
 * SKEYM_ERR_RANGE. Reader's (*out is zero): SKEYM_ERR_SIZE (the text), SKEYM_ERR_CHARSET,
 * SKEYM_ERR_SHAPE, SKEYM_ERR_VERSION, SKEYM_ERR_TRUNCATED, SKEYM_ERR_TRAILING, SKEYM_ERR_RANGE (the
 * invitation's size, or an audience that is none). */
SKEYM_MUST_USE enum skeym_error skeym_invite_code_write(struct skeym_room out, size_t *size,
                                                        const struct skeym_invite_code *code);
SKEYM_MUST_USE enum skeym_error skeym_invite_code_read(struct skeym_invite_code *out,
                                                       struct skeym_span text);

/* --- the node's side --------------------------------------------------- */

/* Writes the body of a POST to SKEYM_ENROL_PATH. private_key: of the node's new pair; the same one
 * for every try with this CODE. ephemeral: 32 fresh random bytes for every try. Errors (*state, out
 * and *size are zero): SKEYM_ERR_SPACE, SKEYM_ERR_RANGE, SKEYM_ERR_WEAK, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_invite_start(struct skeym_handshake *state,
                                                   struct skeym_room out, size_t *size,
                                                   const struct skeym_invite_code *code,
                                                   const uint8_t private_key[32], uint64_t time_ms,
                                                   const uint8_t ephemeral[32]);

/* SECRET. What an enrolment brought. */
struct skeym_invite_grant {
    bool clock_only; /* only server_ms is set: correct the clock and try again */
    uint64_t server_ms;
    struct skeym_node_claims claims; /* the node's own, public key included */
    size_t locator_size;
    uint8_t locator[SKEYM_LOCATOR_BYTES];
    uint8_t credential[SKEYM_SECRET_BYTES]; /* C_i */
};
/* Reads message 2 and wipes *state, whatever comes out. Errors (*out is zero): SKEYM_ERR_HANDSHAKE,
 * SKEYM_ERR_WEAK, SKEYM_ERR_CONFLICT (claims with another public key than the node's) and the
 * reader's: SKEYM_ERR_SHAPE, SKEYM_ERR_TRUNCATED, SKEYM_ERR_TRAILING, SKEYM_ERR_RANGE,
 * SKEYM_ERR_CHARSET. */
SKEYM_MUST_USE enum skeym_error skeym_invite_finish(struct skeym_invite_grant *out,
                                                    struct skeym_handshake *state,
                                                    struct skeym_span answer);

/* --- the authority's side ---------------------------------------------- */

/* SECRET. An enrolment that was read, before it is answered. Wipe it. */
struct skeym_invite_request {
    struct skeym_handshake state;
    struct skeym_node_claims claims; /* the invitation's, with message 1's static key */
    uint32_t expires_s;
    uint8_t id[SKEYM_INVITE_ID_BYTES];
    uint64_t time_ms; /* the node's clock */
};

/* Reads a body. Every failure from an invitation that does not open onwards costs the same. On any
 * error *out is zero. Policy (expires, not-after, revocation, clock, once) is the caller's:
 * authority/invitation.c. Errors: SKEYM_ERR_SIZE, SKEYM_ERR_VERSION, SKEYM_ERR_LOCATOR (the
 * invitation does not open), SKEYM_ERR_HANDSHAKE. */
SKEYM_MUST_USE enum skeym_error skeym_invite_read(struct skeym_invite_request *out,
                                                  const struct skeym_authority_keys *keys,
                                                  struct skeym_span body);

/* Fresh random bytes that an answer uses up. */
struct skeym_invite_random {
    uint8_t ephemeral[32];
    uint8_t locator_nonce[SKEYM_NONCE_BYTES];
};
/* Writes message 2 with locator and C_i under the last enrol key. *request and *random are wiped
 * whatever comes out. Errors: SKEYM_ERR_SPACE, SKEYM_ERR_RANGE, SKEYM_ERR_WEAK, SKEYM_ERR_CRYPTO.
 */
SKEYM_MUST_USE enum skeym_error skeym_invite_answer(struct skeym_room out, size_t *size,
                                                    struct skeym_invite_request *request,
                                                    const struct skeym_authority_keys *keys,
                                                    uint64_t server_ms,
                                                    struct skeym_invite_random *random);
/* Writes the `clock` message 2. The same for errors and wiping. */
SKEYM_MUST_USE enum skeym_error skeym_invite_answer_clock(struct skeym_room out, size_t *size,
                                                          struct skeym_invite_request *request,
                                                          uint64_t server_ms,
                                                          struct skeym_invite_random *random);

#ifdef __cplusplus
}
#endif
#endif
