/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment and login, both sides, and what the other side may send. */
#include "core/noise.h"
#include "ct_world.h"
#include <string.h>

/* What Noise makes of two messages with a payload each; all keys are secret. */
static void noise(void)
{
    struct skeym_handshake node, authority;
    uint8_t psk[32], s[32], public_s[32], n[32], public_n[32];
    uint8_t head_1[SKEYM_NOISE_HEAD_1], head_2[SKEYM_NOISE_HEAD_2], sealed[32], plain[16];
    const struct skeym_span prologue[2] = {skeym_span_text("one"), skeym_span_text("two")};
    ct_key(psk, 1);
    ct_key(s, 2);
    ct_key(n, 3);
    ct_okay(skeym_crypto_x25519_public(public_s, s), "S");
    ct_okay(skeym_crypto_x25519_public(public_n, n), "N");
    skeym_noise_start(&node, prologue, public_s);
    skeym_noise_start(&authority, prologue, public_s);
    memcpy(node.static_key, n, 32);
    ct_key(node.ephemeral_key, 4);
    memcpy(node.peer_static, public_s, 32);
    memcpy(authority.static_key, s, 32);
    memcpy(authority.peer_static, public_n, 32);
    ct_okay(skeym_noise_write_1(&node, head_1, psk), "write 1");
    ct_secret(node.ck, 32, "ck");
    struct skeym_room room = {sealed, sizeof sealed};
    ct_okay(skeym_noise_seal(&node, room, skeym_span_text("sixteen letters!")), "seal");
    ct_okay(skeym_noise_read_1(&authority, ct_wire(head_1, sizeof head_1).data, psk), "read 1");
    struct skeym_room back = {plain, sizeof plain};
    ct_okay(skeym_noise_open(&authority, back, ct_wire(sealed, sizeof sealed)), "open");
    ct_right(memcmp(plain, "sixteen letters!", 16) == 0, "the payload");
    ct_key(authority.ephemeral_key, 5);
    ct_okay(skeym_noise_write_2(&authority, head_2), "write 2");
    ct_okay(skeym_noise_read_2(&node, ct_wire(head_2, sizeof head_2).data), "read 2");
    ct_secret(authority.ck, 32, "ck");
    ct_right(skeym_crypto_equal(node.ck, authority.ck, 32), "both have the same ck");
}

static void locator(void)
{
    struct ct_world world;
    struct skeym_node_claims claims;
    ct_world_make(&world, false);
    struct skeym_span bytes = skeym_span(world.node.locator, world.node.locator_size);
    ct_okay(skeym_locator_open(&claims, &world.keys.enrol[1], bytes), "open");
    ct_right(skeym_locator_open(&claims, &world.keys.enrol[0], bytes) == SKEYM_ERR_LOCATOR,
             "another key");
    world.node.locator[40] ^= 1;
    ct_right(skeym_locator_open(&claims, &world.keys.enrol[1], bytes) == SKEYM_ERR_LOCATOR,
             "a changed one");
}

/* A login of both sides, as bytes; *state is the node's, the body goes to the authority. */
static struct skeym_span ask(struct skeym_handshake *state, const struct ct_world *world,
                             uint64_t time_ms)
{
    static uint8_t body[SKEYM_LOGIN_BYTES];
    uint8_t ephemeral[32];
    struct skeym_login_wish wish = {.time_ms = time_ms, .lanes = 2};
    size_t size = 0;
    ct_key(ephemeral, 50);
    ct_okay(skeym_login_start(state, (struct skeym_room){body, sizeof body}, &size, &world->node,
                              &wish, ephemeral),
            "start");
    ct_secret(state->ck, 32, "ck");
    return ct_wire(body, size);
}

static void login_of(bool old_enrol)
{
    struct ct_world world;
    struct skeym_handshake state;
    struct skeym_login_report report;
    struct skeym_login_grant grant;
    static uint8_t answer[SKEYM_LOGIN_ANSWER_BYTES];
    size_t size = 0;
    ct_world_make(&world, old_enrol);
    struct skeym_login_random fresh = ct_fresh();
    struct skeym_span body = ask(&state, &world, CT_NOW_MS);
    struct skeym_room room = {answer, sizeof answer};
    ct_okay(skeym_enrolment_login(room, &size, &report, &world.policy, body, CT_NOW_MS, &fresh),
            "login");
    ct_right(report.renewed == old_enrol, "renewed");
    /* kind, time, lifetime, deadline, locator, renewed: then C_i */
    ct_credential_at = old_enrol ? 1 + 6 + 1 + 4 + 2 + world.node.locator_size + 1 : 0;
    (void)ct_wire(answer, size);
    ct_okay(old_enrol
                ? skeym_login_finish(&grant, &state, skeym_span(answer, size))
                : skeym_login_finish_in_place(&grant, &state, (struct skeym_room){answer, size}),
            "finish");
    ct_credential_at = 0;
    ct_right(grant.lanes == 2, "two tokens");
    for (size_t lane = 0; lane < 2; lane++) {
        ct_secret(grant.lane[lane].secret, 32, "S_0");
    }
    if (old_enrol) {
        ct_secret(grant.credential, 32, "the new C_i");
    }
    /* The node's S_0 is the one that its token seals. */
    struct skeym_token_claims claims;
    uint64_t id;
    ct_okay(skeym_token_open(&claims, &id, &world.keys.audience,
                             skeym_span(grant.lane[1].token, grant.lane[1].token_size), CT_NOW_MS),
            "the token");
    ct_right(skeym_crypto_equal(claims.secret, grant.lane[1].secret, 32), "S_0");
}

static void login(void)
{
    login_of(false);
}

static void login_renewed(void)
{
    login_of(true);
}

static void login_clock(void)
{
    struct ct_world world;
    struct skeym_handshake state;
    struct skeym_login_report report;
    struct skeym_login_grant grant;
    static uint8_t answer[SKEYM_LOGIN_ANSWER_BYTES];
    size_t size = 0;
    ct_world_make(&world, false);
    struct skeym_login_random fresh = ct_fresh();
    struct skeym_span body = ask(&state, &world, CT_NOW_MS - 100000);
    struct skeym_room room = {answer, sizeof answer};
    ct_right(skeym_enrolment_login(room, &size, &report, &world.policy, body, CT_NOW_MS, &fresh) ==
                 SKEYM_ERR_CLOCK,
             "the clock");
    ct_okay(skeym_login_finish(&grant, &state, ct_wire(answer, size)), "finish");
    ct_right(grant.clock_only, "the clock only");
}

/* What strangers send: nothing may depend on a key of ours before it is refused, nor on what about
 * it was wrong. */
static enum skeym_error read_login(struct skeym_login_request *request,
                                   const struct ct_world *world, const uint8_t *body, size_t size)
{
    ct_one_path = true;
    enum skeym_error error =
        skeym_login_read(request, &world->keys.authority, skeym_span(body, size));
    ct_one_path = false;
    return error;
}

static void login_refused(void)
{
    struct ct_world world;
    struct skeym_handshake state;
    struct skeym_login_request request;
    uint8_t copy[SKEYM_LOGIN_BYTES];
    ct_world_make(&world, false);
    struct skeym_span body = ask(&state, &world, CT_NOW_MS);
    size_t locator = 3 + world.node.locator_size;
    const struct {
        size_t at;
        enum skeym_error error;
    } tries[] = {
        {3 + 4, SKEYM_ERR_LOCATOR},              /* its enrol key's id */
        {3 + 40, SKEYM_ERR_LOCATOR},             /* its sealed claims */
        {locator, SKEYM_ERR_HANDSHAKE},          /* e */
        {locator + 40, SKEYM_ERR_HANDSHAKE},     /* the static key */
        {body.size - 1, SKEYM_ERR_HANDSHAKE},    /* the payload's tag */
        {locator + 32 + 47, SKEYM_ERR_HANDSHAKE} /* the static key's tag */
    };
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        memcpy(copy, body.data, body.size);
        copy[tries[i].at] ^= 2;
        ct_right(read_login(&request, &world, copy, body.size) == tries[i].error, "refused");
    }
    memcpy(copy, body.data, body.size);
    memset(copy + locator, 0, 32);
    ct_right(read_login(&request, &world, copy, body.size) == SKEYM_ERR_HANDSHAKE, "a weak e");
    ct_right(read_login(&request, &world, body.data, body.size) == SKEYM_OK, "a right one");
}

/* An answer that somebody changed on its way. */
static void login_answer_refused(void)
{
    struct ct_world world;
    struct skeym_handshake state;
    struct skeym_login_report report;
    struct skeym_login_grant grant;
    static uint8_t answer[SKEYM_LOGIN_ANSWER_BYTES];
    size_t size = 0;
    ct_world_make(&world, false);
    struct skeym_login_random fresh = ct_fresh();
    struct skeym_span body = ask(&state, &world, CT_NOW_MS);
    struct skeym_room room = {answer, sizeof answer};
    ct_okay(skeym_enrolment_login(room, &size, &report, &world.policy, body, CT_NOW_MS, &fresh),
            "login");
    struct skeym_span wire = ct_wire(answer, size);
    answer[size / 2] ^= 1;
    ct_right(skeym_login_finish(&grant, &state, wire) == SKEYM_ERR_HANDSHAKE, "refused");
}

const struct ct_case ct_login_cases[] = {
    {"noise", noise},
    {"locator", locator},
    {"login", login},
    {"login_renewed", login_renewed},
    {"login_clock", login_clock},
    {"login_refused", login_refused},
    {"login_answer_refused", login_answer_refused},
    {NULL, NULL},
};
