/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every small change of what travels sealed: each bit flipped, each truncation, one byte more at
 * each place. For a slice in the unit tests and for the whole in tests/forge. What is made is drawn
 * from a seed, so that every one is another: names, scopes, sizes, keys.
 */
#ifndef SKEYM_TESTS_TAMPER_H
#define SKEYM_TESTS_TAMPER_H

#include "crypto/crypto.h"
#include <skeym/login.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAMPER_NOW UINT64_C(1800000000000)

/* --- chance ------------------------------------------------------------------------------- */

struct tamper_random {
    uint64_t state;
};

static inline uint64_t tamper_draw(struct tamper_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline void tamper_fill(struct tamper_random *random, void *out, size_t size)
{
    uint8_t *at = out;
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)tamper_draw(random);
    }
}

static inline void tamper_must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "tamper: %s\n", what);
        abort();
    }
}

/* --- every change -------------------------------------------------------------------------- */

struct tamper_count {
    uint64_t flips, cuts, insertions, accepted;
};

/* true when these bytes are taken. */
typedef bool tamper_taken(void *arg, struct skeym_span bytes);

/* values: how many of the 256 values are put in at each place, from a different one at each. */
static inline void tamper_walk(struct tamper_count *count, struct skeym_span whole, unsigned values,
                               tamper_taken *taken, void *arg)
{
    uint8_t bytes[SKEYM_LOGIN_ANSWER_BYTES + 1];
    tamper_must(whole.size < sizeof bytes, "too large");
    memcpy(bytes, whole.data, whole.size);
    tamper_must(taken(arg, skeym_span(bytes, whole.size)), "the whole is not taken");
    for (size_t bit = 0; bit < whole.size * 8; bit++, count->flips++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        count->accepted += taken(arg, skeym_span(bytes, whole.size));
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t size = 0; size < whole.size; size++, count->cuts++) {
        count->accepted += taken(arg, skeym_span(bytes, size));
    }
    for (size_t at = 0; at <= whole.size; at++) {
        memcpy(bytes, whole.data, at);
        memcpy(bytes + at + 1, whole.data + at, whole.size - at);
        for (unsigned i = 0; i < values; i++, count->insertions++) {
            bytes[at] = (uint8_t)(at * 7 + i);
            count->accepted += taken(arg, skeym_span(bytes, whole.size + 1));
        }
    }
}

/* --- what is made: an authority, a node, and all that goes between them --------------------- */

static struct {
    struct skeym_enrol_keys enrol;
    struct skeym_authority_keys keys;
    struct skeym_audience_keys audience;
    struct skeym_node_claims claims;
    struct skeym_credentials credentials;
    struct skeym_handshake state; /* the node's, after message 1 */
    size_t token_size, body_size, answer_size;
    uint8_t token[SKEYM_TOKEN_BYTES];
    uint8_t body[SKEYM_LOGIN_BYTES];
    uint8_t answer[SKEYM_LOGIN_ANSWER_BYTES];
} tamper;

static inline void tamper_make_keys(struct tamper_random *random)
{
    uint8_t key[32];
    struct skeym_name name;
    struct skeym_epoch_key epoch = {.epoch = 499999};
    tamper_fill(random, epoch.key, sizeof epoch.key);
    tamper_fill(random, key, sizeof key);
    tamper_fill(random, tamper.keys.identity, 32);
    tamper_fill(random, tamper.credentials.private_key, 32);
    bool good =
        skeym_name_audience(&name, skeym_span_text("ward")) == SKEYM_OK &&
        skeym_audience_keys_derive(&tamper.audience, &epoch, &name) == SKEYM_OK &&
        skeym_enrol_keys_derive(&tamper.enrol, 1 + (uint32_t)tamper_draw(random), key) ==
            SKEYM_OK &&
        skeym_crypto_x25519_public(tamper.keys.identity_public, tamper.keys.identity) == SKEYM_OK &&
        skeym_crypto_x25519_public(tamper.claims.public_key, tamper.credentials.private_key) ==
            SKEYM_OK;
    tamper_must(good, "keys");
    tamper.keys.enrol = &tamper.enrol;
    tamper.keys.enrol_count = 1;
    tamper.credentials.audience = name;
    memcpy(tamper.credentials.authority, tamper.keys.identity_public, 32);
}

static inline void tamper_make_claims(struct tamper_random *random)
{
    static const char *const texts[] = {"user/Observation.rs", "patient/p-1/*.cruds",
                                        "system/Observation.c", "patient/bed-7/Device.r"};
    struct skeym_node_claims *claims = &tamper.claims;
    char id[SKEYM_NODE_ID_BYTES];
    size_t size = 1 + tamper_draw(random) % sizeof id;
    for (size_t i = 0; i < size; i++) {
        id[i] = (char)('a' + tamper_draw(random) % 26);
    }
    tamper_must(skeym_name_node(&claims->id, skeym_span(id, size)) == SKEYM_OK, "name");
    claims->generation = 1 + (uint32_t)(tamper_draw(random) % 1000);
    claims->not_after = 2000000000;
    claims->role = (uint8_t)(1 + tamper_draw(random) % 5);
    claims->scopes.count = (uint8_t)(1 + tamper_draw(random) % 3);
    for (size_t i = 0; i < claims->scopes.count; i++) {
        tamper_must(skeym_scope_parse(&claims->scopes.at[i],
                                      skeym_span_text(texts[tamper_draw(random) % 4])) == SKEYM_OK,
                    "scope");
    }
}

static inline void tamper_make_token(struct tamper_random *random)
{
    uint8_t nonce[SKEYM_NONCE_BYTES];
    struct skeym_token_claims claims = {.issued_ms = TAMPER_NOW,
                                        .login_s = TAMPER_NOW / 1000,
                                        .deadline_s = TAMPER_NOW / 1000 + 3600,
                                        .sequence = (uint32_t)tamper_draw(random),
                                        .instance = (uint32_t)tamper_draw(random),
                                        .generation = tamper.claims.generation,
                                        .lifetime_s = 30,
                                        .lane = (uint8_t)(tamper_draw(random) % 16),
                                        .role = tamper.claims.role,
                                        .id = tamper.claims.id,
                                        .scopes = tamper.claims.scopes};
    tamper_fill(random, claims.secret, sizeof claims.secret);
    tamper_fill(random, nonce, sizeof nonce);
    tamper_must(skeym_token_mint((struct skeym_room){tamper.token, sizeof tamper.token},
                                 &tamper.token_size, &tamper.audience, &claims, nonce) == SKEYM_OK,
                "token");
}

static inline void tamper_make_locator(struct tamper_random *random)
{
    uint8_t nonce[SKEYM_NONCE_BYTES];
    struct skeym_credentials *own = &tamper.credentials;
    tamper_fill(random, nonce, sizeof nonce);
    tamper_must(skeym_locator_seal((struct skeym_room){own->locator, sizeof own->locator},
                                   &own->locator_size, &tamper.enrol, &tamper.claims,
                                   nonce) == SKEYM_OK &&
                    skeym_credential(own->credential, &tamper.enrol, &tamper.claims) == SKEYM_OK,
                "locator");
}

static inline void tamper_make_login(struct tamper_random *random)
{
    static struct skeym_login_request request;
    struct skeym_login_random fresh;
    uint8_t ephemeral[32];
    const struct skeym_login_wish wish = {.time_ms = TAMPER_NOW, .lanes = 1};
    const struct skeym_login_terms terms = {.server_ms = TAMPER_NOW,
                                            .lifetime_s = 30,
                                            .deadline_s = TAMPER_NOW / 1000 + 3600,
                                            .instance = 7,
                                            .lanes = 1,
                                            .scopes = tamper.claims.scopes,
                                            .audience = &tamper.audience,
                                            .keys = &tamper.keys};
    tamper_fill(random, ephemeral, sizeof ephemeral);
    tamper_fill(random, &fresh, sizeof fresh);
    bool good =
        skeym_login_start(&tamper.state, (struct skeym_room){tamper.body, sizeof tamper.body},
                          &tamper.body_size, &tamper.credentials, &wish, ephemeral) == SKEYM_OK &&
        skeym_login_read(&request, &tamper.keys, skeym_span(tamper.body, tamper.body_size)) ==
            SKEYM_OK &&
        skeym_login_answer((struct skeym_room){tamper.answer, sizeof tamper.answer},
                           &tamper.answer_size, &request, &terms, &fresh) == SKEYM_OK;
    tamper_must(good, "login");
}

static inline void tamper_make(struct tamper_random *random)
{
    tamper_make_keys(random);
    tamper_make_claims(random);
    tamper_make_token(random);
    tamper_make_locator(random);
    tamper_make_login(random);
}

/* --- who reads it ------------------------------------------------------------------------------
 */

static inline bool tamper_token_taken(void *arg, struct skeym_span bytes)
{
    struct skeym_token_claims claims;
    uint64_t id = 0;
    (void)arg;
    return skeym_token_open(&claims, &id, &tamper.audience, bytes, TAMPER_NOW + 1) == SKEYM_OK;
}

/* As it travels: the characters are what is altered. */
static inline bool tamper_text_taken(void *arg, struct skeym_span text)
{
    uint8_t bytes[SKEYM_TOKEN_BYTES];
    size_t size = 0;
    return skeym_base64url_read((struct skeym_room){bytes, sizeof bytes}, &size, text) ==
               SKEYM_OK &&
           tamper_token_taken(arg, skeym_span(bytes, size));
}

static inline bool tamper_locator_taken(void *arg, struct skeym_span bytes)
{
    struct skeym_node_claims claims;
    (void)arg;
    return skeym_locator_open(&claims, &tamper.enrol, bytes) == SKEYM_OK;
}

static inline bool tamper_body_taken(void *arg, struct skeym_span bytes)
{
    static struct skeym_login_request request;
    (void)arg;
    return skeym_login_read(&request, &tamper.keys, bytes) == SKEYM_OK;
}

static inline bool tamper_answer_taken(void *arg, struct skeym_span bytes)
{
    static struct skeym_login_grant grant;
    struct skeym_handshake state = tamper.state;
    (void)arg;
    return skeym_login_finish(&grant, &state, bytes) == SKEYM_OK;
}

/* The rows that both tests walk. */
static const struct tamper_row {
    const char *name;
    tamper_taken *taken;
    bool login; /* costs X25519 */
} tamper_rows[] = {
    {"tokens", tamper_token_taken, false},           {"tokens' texts", tamper_text_taken, false},
    {"locators", tamper_locator_taken, false},       {"login messages 1", tamper_body_taken, true},
    {"login messages 2", tamper_answer_taken, true},
};
#define TAMPER_ROWS (sizeof tamper_rows / sizeof tamper_rows[0])

/* Of what tamper_make made. */
static inline void tamper_row_walk(struct tamper_count *count, size_t row, unsigned values)
{
    uint8_t text[SKEYM_TOKEN_CHARS];
    struct skeym_writer writer = skeym_writer((struct skeym_room){text, sizeof text});
    skeym_base64url_write(&writer, skeym_span(tamper.token, tamper.token_size));
    const struct skeym_span wholes[TAMPER_ROWS] = {
        skeym_span(tamper.token, tamper.token_size),
        skeym_written(&writer),
        skeym_span(tamper.credentials.locator, tamper.credentials.locator_size),
        skeym_span(tamper.body, tamper.body_size),
        skeym_span(tamper.answer, tamper.answer_size),
    };
    tamper_walk(count, wholes[row], values, tamper_rows[row].taken, NULL);
}

#endif
