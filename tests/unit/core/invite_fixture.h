/* SPDX-License-Identifier: Apache-2.0 */
/* An authority with an old and a current enrol key, an invitation under the old one, and an
 * enrolment by it. */
#ifndef SKEYM_TESTS_INVITE_FIXTURE_H
#define SKEYM_TESTS_INVITE_FIXTURE_H

#include "crypto/crypto.h"
#include "unit/hex.h"
#include <skeym/invite.h>

#define NOW_MS UINT64_C(1800000000123)

static struct {
    struct skeym_enrol_keys enrol[2];
    struct skeym_authority_keys keys;
    struct skeym_invite_claims claims;
    struct skeym_invite_code code;
    uint8_t private_key[32], public_key[32];

    struct skeym_handshake node;
    uint8_t body[SKEYM_INVITE_BODY_BYTES + 8];
    size_t body_size;
    struct skeym_invite_request request;
    struct skeym_invite_random fresh;
    uint8_t answer[SKEYM_INVITE_ANSWER_BYTES + 8];
    size_t answer_size;
    struct skeym_invite_grant grant;
} f;

static const uint8_t node_ephemeral[32] = {0x11, 0x22, 0x33, [31] = 0x44};
static const uint8_t nonce[SKEYM_NONCE_BYTES] = {0x77, [15] = 0x78, [16] = 0x79, [23] = 0x7a};

/* The invitation and its secret, under one of the enrol keys. */
static inline void invite_under(const struct skeym_enrol_keys *enrol)
{
    struct skeym_room room = {f.code.invitation, sizeof f.code.invitation};
    assert_int_equal(skeym_invite_seal(room, &f.code.invitation_size, enrol, &f.claims, nonce),
                     SKEYM_OK);
    assert_int_equal(skeym_invite_secret(f.code.secret, enrol,
                                         skeym_span(f.code.invitation, f.code.invitation_size)),
                     SKEYM_OK);
}

static inline int start(void **state)
{
    (void)state;
    static const uint8_t old_key[32] = {1};
    static const uint8_t new_key[32] = {2};
    memset(&f, 0, sizeof f);
    assert_int_equal(skeym_enrol_keys_derive(&f.enrol[0], 100, old_key), SKEYM_OK);
    assert_int_equal(skeym_enrol_keys_derive(&f.enrol[1], 101, new_key), SKEYM_OK);
    f.keys = (struct skeym_authority_keys){
        .enrol_count = 2, .enrol = f.enrol, .identity = {0x40, [31] = 0x41}};
    assert_int_equal(skeym_crypto_x25519_public(f.keys.identity_public, f.keys.identity), SKEYM_OK);
    f.claims.expires_s = 1800003600;
    f.claims.node = (struct skeym_node_claims){
        .generation = 7, .not_after = 2000000000, .role = SKEYM_ROLE_NURSE};
    f.claims.node.scopes.count = 1;
    assert_int_equal(skeym_scope_parse(&f.claims.node.scopes.at[0], skeym_span_text("user/*.rs")),
                     SKEYM_OK);
    assert_int_equal(skeym_name_node(&f.claims.node.id, skeym_span_text("tablet-7")), SKEYM_OK);
    assert_int_equal(skeym_name_audience(&f.code.audience, skeym_span_text("ward")), SKEYM_OK);
    memcpy(f.code.authority, f.keys.identity_public, 32);
    f.private_key[0] = 0x50;
    f.private_key[31] = 0x51;
    assert_int_equal(skeym_crypto_x25519_public(f.public_key, f.private_key), SKEYM_OK);
    memset(&f.fresh, 0x99, sizeof f.fresh);
    invite_under(&f.enrol[0]);
    return 0;
}

static inline void ask(void)
{
    struct skeym_room room = {f.body, sizeof f.body};
    assert_int_equal(skeym_invite_start(&f.node, room, &f.body_size, &f.code, f.private_key,
                                        NOW_MS - 5, node_ephemeral),
                     SKEYM_OK);
}

static inline enum skeym_error read_body(void)
{
    memset(&f.request, 0xee, sizeof f.request);
    return skeym_invite_read(&f.request, &f.keys, skeym_span(f.body, f.body_size));
}

static inline enum skeym_error answer(void)
{
    struct skeym_room room = {f.answer, sizeof f.answer};
    return skeym_invite_answer(room, &f.answer_size, &f.request, &f.keys, NOW_MS, &f.fresh);
}

static inline enum skeym_error finish(void)
{
    memset(&f.grant, 0xee, sizeof f.grant);
    return skeym_invite_finish(&f.grant, &f.node, skeym_span(f.answer, f.answer_size));
}

static inline void enrol(void)
{
    ask();
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(answer(), SKEYM_OK);
    assert_int_equal(finish(), SKEYM_OK);
}

#endif
