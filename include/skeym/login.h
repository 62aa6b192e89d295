/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment and login (docs/PROTOCOL.md, sections 5 and 6), both sides. Bytes in, bytes out: no
 * socket, no clock, no randomness of its own.
 */
#ifndef SKEYM_LOGIN_H
#define SKEYM_LOGIN_H

#include <skeym/token.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SKEYM_LOCATOR_HEAD       (1 + 4 + SKEYM_NONCE_BYTES)
#define SKEYM_LOCATOR_BYTES      (SKEYM_LOCATOR_HEAD + SKEYM_NODE_CLAIMS_BYTES + 16)
#define SKEYM_LOGIN_BYTES        4096 /* request body, at most */
#define SKEYM_LOGIN_SKEW_MS      60000
#define SKEYM_LOGIN_DEADLINE_MAX 86400 /* s */
/* message 2, at most: e, and a payload with 16 tokens */
#define SKEYM_LOGIN_ANSWER_BYTES                                                                   \
    (32 + 16 + 64 + SKEYM_LOCATOR_BYTES + 32 + SKEYM_LANES_MAX * (2 + SKEYM_TOKEN_BYTES))

/* Locator and credential. nonce: 24 fresh random bytes. Errors: SKEYM_ERR_SPACE, SKEYM_ERR_RANGE,
 * SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_locator_seal(struct skeym_room out, size_t *size,
                                                   const struct skeym_enrol_keys *keys,
                                                   const struct skeym_node_claims *claims,
                                                   const uint8_t nonce[SKEYM_NONCE_BYTES]);
/* The enrol key id that a locator names, before it is opened. Errors: SKEYM_ERR_SIZE,
 * SKEYM_ERR_VERSION. */
SKEYM_MUST_USE enum skeym_error skeym_locator_key(uint32_t *id, struct skeym_span locator);
/* Errors: SKEYM_ERR_SIZE, SKEYM_ERR_VERSION, SKEYM_ERR_LOCATOR (another key, or altered), the
 * claims reader's. */
SKEYM_MUST_USE enum skeym_error skeym_locator_open(struct skeym_node_claims *out,
                                                   const struct skeym_enrol_keys *keys,
                                                   struct skeym_span locator);
/* SECRET out: C_i of these claims. */
SKEYM_MUST_USE enum skeym_error skeym_credential(uint8_t out[SKEYM_SECRET_BYTES],
                                                 const struct skeym_enrol_keys *keys,
                                                 const struct skeym_node_claims *claims);

/* SECRET. A running handshake of either side; public size, private contents. Wipe it. */
struct skeym_handshake {
    uint8_t h[32];
    uint8_t ck[32];
    uint8_t k[32];
    uint64_t n;
    uint8_t lanes;             /* the node's side: how many tokens were asked for */
    uint8_t static_key[32];    /* own private */
    uint8_t ephemeral_key[32]; /* own private */
    uint8_t peer_static[32];
    uint8_t peer_ephemeral[32];
};

/* --- the node's side --------------------------------------------------- */

/* SECRET. What a node holds. */
struct skeym_credentials {
    uint8_t private_key[32];
    uint8_t credential[SKEYM_SECRET_BYTES]; /* C_i */
    uint8_t authority[32];                  /* S, public */
    struct skeym_name audience;
    size_t locator_size;
    uint8_t locator[SKEYM_LOCATOR_BYTES];
};

struct skeym_login_wish {
    uint64_t time_ms;
    uint8_t lanes;              /* 1 to 16 */
    struct skeym_scopes scopes; /* count 0: all that were granted */
};

/* Writes the body of a POST to SKEYM_LOGIN_PATH (exchange.h). ephemeral: 32 fresh random bytes for
 * every try. Errors (*state, out and *size are zero): SKEYM_ERR_SPACE, SKEYM_ERR_RANGE (of
 * credentials or wish), SKEYM_ERR_WEAK, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_login_start(struct skeym_handshake *state,
                                                  struct skeym_room out, size_t *size,
                                                  const struct skeym_credentials *credentials,
                                                  const struct skeym_login_wish *wish,
                                                  const uint8_t ephemeral[32]);

/* SECRET. What a login brought. */
struct skeym_login_grant {
    bool clock_only; /* only server_ms is set: correct the clock and log in again */
    uint64_t server_ms;
    uint8_t lifetime_s;
    uint32_t deadline_s;
    size_t locator_size;
    uint8_t locator[SKEYM_LOCATOR_BYTES];
    bool renewed;
    uint8_t credential[SKEYM_SECRET_BYTES]; /* C_i of that locator, when renewed */
    uint8_t lanes;
    struct {
        uint8_t secret[SKEYM_SECRET_BYTES]; /* S_0 */
        size_t token_size;
        uint8_t token[SKEYM_TOKEN_BYTES];
    } lane[SKEYM_LANES_MAX];
};

/* Reads message 2 and wipes *state, whatever comes out. Errors (*out is zero): SKEYM_ERR_HANDSHAKE,
 * SKEYM_ERR_WEAK and the reader's: SKEYM_ERR_SHAPE, SKEYM_ERR_TRUNCATED, SKEYM_ERR_TRAILING,
 * SKEYM_ERR_RANGE. */
SKEYM_MUST_USE enum skeym_error skeym_login_finish(struct skeym_login_grant *out,
                                                   struct skeym_handshake *state,
                                                   struct skeym_span answer);
/* The same for who has no 12 KB of stack to spare: what is opened takes the answer's place, and is
 * wiped with it. answer.room: the answer's size. */
SKEYM_MUST_USE enum skeym_error skeym_login_finish_in_place(struct skeym_login_grant *out,
                                                            struct skeym_handshake *state,
                                                            struct skeym_room answer);

/* --- the authority's side ---------------------------------------------- */

/* SECRET. What an authority holds, as the core needs it. */
struct skeym_authority_keys {
    uint8_t identity[32];        /* s */
    uint8_t identity_public[32]; /* S */
    size_t enrol_count;          /* 1 to ...; the last one is the current one */
    const struct skeym_enrol_keys *enrol;
};

/* SECRET. A login that was read, before it is answered. Wipe it. */
struct skeym_login_request {
    struct skeym_handshake state;
    struct skeym_node_claims claims; /* of the locator, authentic */
    uint32_t enrol_id;
    uint64_t time_ms; /* the node's clock */
    struct skeym_name audience;
    uint8_t lanes;
    struct skeym_scopes scopes; /* wanted; count 0: all */
};

/* Reads a login's body. Every failure from a locator that does not open onwards costs the same: a
 * decoy goes on in its place. On any error *out is zero. Policy (not-after, revocation, audience,
 * scopes, clock) is the caller's: authority/login.c. Errors: SKEYM_ERR_SIZE, SKEYM_ERR_VERSION,
 * SKEYM_ERR_LOCATOR, SKEYM_ERR_HANDSHAKE, SKEYM_ERR_SHAPE. */
SKEYM_MUST_USE enum skeym_error skeym_login_read(struct skeym_login_request *out,
                                                 const struct skeym_authority_keys *keys,
                                                 struct skeym_span body);

/* What the authority answers with. */
struct skeym_login_terms {
    uint64_t server_ms;
    uint8_t lifetime_s;
    uint32_t deadline_s;
    uint32_t instance;
    uint8_t lanes;              /* granted: 1 to what was wanted */
    struct skeym_scopes scopes; /* for the tokens */
    const struct skeym_audience_keys *audience;
    const struct skeym_authority_keys *keys; /* the last enrol key seals the fresh locator */
};

/* Fresh random bytes that an answer uses up. */
struct skeym_login_random {
    uint8_t ephemeral[32];
    uint8_t locator_nonce[SKEYM_NONCE_BYTES];
    uint8_t token_nonce[SKEYM_LANES_MAX][SKEYM_NONCE_BYTES];
};

/* Writes message 2 with its tokens. *request and *random are wiped whatever comes out.
 * Errors: SKEYM_ERR_SPACE, SKEYM_ERR_RANGE, SKEYM_ERR_WEAK, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_login_answer(struct skeym_room out, size_t *size,
                                                   struct skeym_login_request *request,
                                                   const struct skeym_login_terms *terms,
                                                   struct skeym_login_random *random);
/* Writes the `clock` message 2. The same for errors and wiping. */
SKEYM_MUST_USE enum skeym_error skeym_login_answer_clock(struct skeym_room out, size_t *size,
                                                         struct skeym_login_request *request,
                                                         uint64_t server_ms,
                                                         const uint8_t ephemeral[32]);

#ifdef __cplusplus
}
#endif
#endif
