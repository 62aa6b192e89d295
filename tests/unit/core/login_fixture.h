/* SPDX-License-Identifier: Apache-2.0 */
/* One node, one authority with an old and a current enrol key, and a login between them. */
#ifndef SKEYM_TESTS_LOGIN_FIXTURE_H
#define SKEYM_TESTS_LOGIN_FIXTURE_H

#include "crypto/crypto.h"
#include "unit/hex.h"
#include <skeym/login.h>

#define NOW_MS     UINT64_C(1800000000123)
#define LIFETIME_S 30
#define DEADLINE_S 1800003600u
#define INSTANCE   0xabcdef01u

static struct {
    struct skeym_enrol_keys enrol[2];
    struct skeym_authority_keys keys;
    struct skeym_audience_keys audience;
    struct skeym_node_claims claims;
    struct skeym_credentials credentials;
    struct skeym_login_wish wish;
    struct skeym_login_terms terms;
    struct skeym_login_random fresh;

    struct skeym_handshake node;
    uint8_t body[SKEYM_LOGIN_BYTES];
    size_t body_size;
    struct skeym_login_request request;
    uint8_t answer[SKEYM_LOGIN_ANSWER_BYTES];
    size_t answer_size;
    struct skeym_login_grant grant;
} f;

static const uint8_t node_ephemeral[32] = {0x11, 0x22, 0x33, [31] = 0x44};

static inline struct skeym_scope scope_of(const char *text)
{
    struct skeym_scope scope;
    assert_int_equal(skeym_scope_parse(&scope, skeym_span_text(text)), SKEYM_OK);
    return scope;
}

/* Locator and C_i of the node, under one of the enrol keys. */
static inline void enrol_under(const struct skeym_enrol_keys *enrol)
{
    static const uint8_t nonce[SKEYM_NONCE_BYTES] = {0x77};
    struct skeym_room room = {f.credentials.locator, sizeof f.credentials.locator};
    assert_int_equal(skeym_locator_seal(room, &f.credentials.locator_size, enrol, &f.claims, nonce),
                     SKEYM_OK);
    assert_int_equal(skeym_credential(f.credentials.credential, enrol, &f.claims), SKEYM_OK);
}

static inline void refresh(uint8_t seed)
{
    memset(&f.fresh, seed, sizeof f.fresh);
    for (size_t i = 0; i < SKEYM_LANES_MAX; i++) {
        f.fresh.token_nonce[i][0] = (uint8_t)i;
    }
}

static inline int start(void **state)
{
    (void)state;
    static const uint8_t old_key[32] = {1};
    static const uint8_t new_key[32] = {2};
    struct skeym_epoch_key epoch = {.epoch = skeym_epoch_at(NOW_MS, 3600) - 1, .key = {3}};
    struct skeym_name audience;
    memset(&f, 0, sizeof f);
    assert_int_equal(skeym_name_audience(&audience, skeym_span_text("ward")), SKEYM_OK);
    assert_int_equal(skeym_enrol_keys_derive(&f.enrol[0], 100, old_key), SKEYM_OK);
    assert_int_equal(skeym_enrol_keys_derive(&f.enrol[1], 101, new_key), SKEYM_OK);
    assert_int_equal(skeym_audience_keys_derive(&f.audience, &epoch, &audience), SKEYM_OK);
    f.keys = (struct skeym_authority_keys){
        .enrol_count = 2, .enrol = f.enrol, .identity = {0x40, [31] = 0x41}};
    assert_int_equal(skeym_crypto_x25519_public(f.keys.identity_public, f.keys.identity), SKEYM_OK);

    f.claims = (struct skeym_node_claims){
        .generation = 7, .not_after = 2000000000, .role = SKEYM_ROLE_DEVICE};
    f.claims.scopes.count = 1;
    f.claims.scopes.at[0] = scope_of("patient/p1/Observation.cr");
    assert_int_equal(skeym_name_node(&f.claims.id, skeym_span_text("pump-7")), SKEYM_OK);
    f.credentials =
        (struct skeym_credentials){.private_key = {0x50, [31] = 0x51}, .audience = audience};
    memcpy(f.credentials.authority, f.keys.identity_public, 32);
    assert_int_equal(skeym_crypto_x25519_public(f.claims.public_key, f.credentials.private_key),
                     SKEYM_OK);
    enrol_under(&f.enrol[1]);

    f.wish = (struct skeym_login_wish){.time_ms = NOW_MS - 5, .lanes = 2};
    f.terms = (struct skeym_login_terms){.server_ms = NOW_MS,
                                         .lifetime_s = LIFETIME_S,
                                         .deadline_s = DEADLINE_S,
                                         .instance = INSTANCE,
                                         .lanes = 2,
                                         .scopes = f.claims.scopes,
                                         .audience = &f.audience,
                                         .keys = &f.keys};
    refresh(0x99);
    return 0;
}

static inline void ask(void)
{
    struct skeym_room room = {f.body, sizeof f.body};
    assert_int_equal(
        skeym_login_start(&f.node, room, &f.body_size, &f.credentials, &f.wish, node_ephemeral),
        SKEYM_OK);
}

static inline enum skeym_error read_body(void)
{
    memset(&f.request, 0xee, sizeof f.request);
    return skeym_login_read(&f.request, &f.keys, skeym_span(f.body, f.body_size));
}

static inline enum skeym_error answer(void)
{
    struct skeym_room room = {f.answer, sizeof f.answer};
    return skeym_login_answer(room, &f.answer_size, &f.request, &f.terms, &f.fresh);
}

static inline enum skeym_error finish(void)
{
    memset(&f.grant, 0xee, sizeof f.grant);
    return skeym_login_finish(&f.grant, &f.node, skeym_span(f.answer, f.answer_size));
}

static inline void log_in(void)
{
    ask();
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(answer(), SKEYM_OK);
    assert_int_equal(finish(), SKEYM_OK);
}

#endif
