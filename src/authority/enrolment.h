/* SPDX-License-Identifier: Apache-2.0 */
/* Making and refusing nodes (docs/PROTOCOL.md, section 5). No files. */
#ifndef SKEYM_AUTHORITY_ENROLMENT_H
#define SKEYM_AUTHORITY_ENROLMENT_H

#include "authority/keyring.h"
#include <skeym/invite.h>
#include <skeym/revoked.h>

/* Fills out->{credential, authority, audience, locator} for these claims under the current enrol
 * key. The private key stays zero unless the caller has it. nonce: 24 fresh random bytes. */
SKEYM_MUST_USE enum skeym_error skeym_enrolment_make(struct skeym_credentials *out,
                                                     const struct skeym_working_keys *keys,
                                                     const struct skeym_node_claims *claims,
                                                     const uint8_t nonce[SKEYM_NONCE_BYTES]);

/* The list of what is revoked, as text: a line "NODE GENERATION" each, '#' comments and empty lines
 * allowed. Parsed entries are sorted; for one id the highest generation counts. Errors:
 * SKEYM_ERR_SHAPE, SKEYM_ERR_CHARSET, SKEYM_ERR_RANGE, SKEYM_ERR_SPACE (more than room); *line (may
 * be NULL) gets the number of the wrong line. */
SKEYM_MUST_USE enum skeym_error skeym_enrolment_revoked(struct skeym_revoked_entry *out,
                                                        size_t room, size_t *count,
                                                        struct skeym_span text, size_t *line);
/* The generation that a new enrolment of this node gets: one above what is revoked, 1 at first. */
uint32_t skeym_enrolment_generation(const struct skeym_revoked *revoked,
                                    const struct skeym_name *id);

/* One whole login at the authority: reads the body, applies the policy of section 6, writes
 * message 2. What it needs of the world comes in; what the log needs comes out. */
struct skeym_login_policy {
    const struct skeym_working_keys *keys;
    const struct skeym_revoked *revoked;
    uint32_t instance;
    uint8_t lifetime_s; /* of tokens: 1 to 59 */
    uint32_t session_s; /* login deadline: at most 86400 */
    uint8_t lanes_max;  /* 1 to 16 */
};
struct skeym_login_report {
    struct skeym_name id; /* authentic; empty when the handshake failed */
    uint32_t generation;
    uint8_t role;
    uint8_t lanes;
    bool renewed;
};
/* SKEYM_OK: *size bytes of message 2 are in out. SKEYM_ERR_CLOCK: likewise, the `clock` message
 * (answer it with 200). Every other error: one generic 401, and the error is for the log: the
 * core's, and SKEYM_ERR_EXPIRED, SKEYM_ERR_REVOKED, SKEYM_ERR_AUDIENCE, SKEYM_ERR_SCOPE. *random is
 * wiped. */
SKEYM_MUST_USE enum skeym_error skeym_enrolment_login(struct skeym_room out, size_t *size,
                                                      struct skeym_login_report *report,
                                                      const struct skeym_login_policy *policy,
                                                      struct skeym_span body, uint64_t now_ms,
                                                      struct skeym_login_random *random);

/* --- by invitation (section 5.1) --- */

/* Makes an invitation under the current enrol key, with its secret, S and audience. nonce: 24 fresh
 * random bytes. On an error *out is zero. Errors: SKEYM_ERR_STATE (no enrol key), SKEYM_ERR_RANGE,
 * SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_enrolment_invite(struct skeym_invite_code *out,
                                                       const struct skeym_working_keys *keys,
                                                       const struct skeym_invite_claims *claims,
                                                       const uint8_t nonce[SKEYM_NONCE_BYTES]);
/* Reads an enrolment's body and applies the policy of section 5.1, all but that it is used once:
 * what remains to be done is to write the use down (uses.h), and then skeym_invite_answer. After
 * SKEYM_ERR_CLOCK *out is whole, too: the answer is skeym_invite_answer_clock's. After any other
 * error: one generic 401, and *out holds no more than whose invitation it was (claims, with
 * id.size 0 when that is not known), for the log. The error is the core's, SKEYM_ERR_EXPIRED or
 * SKEYM_ERR_REVOKED. */
SKEYM_MUST_USE enum skeym_error skeym_enrolment_accept(struct skeym_invite_request *out,
                                                       const struct skeym_working_keys *keys,
                                                       const struct skeym_revoked *revoked,
                                                       struct skeym_span body, uint64_t now_ms);

#endif
