/* SPDX-License-Identifier: Apache-2.0 */
/* Logins, both sides, of a doctor's node with one lane. Keys and random bytes are made before the
 * clock starts and used for every login of a batch: they do not change what it costs. */
#include "bench/measure.h"
#include "crypto/crypto.h"

#include <skeym/login.h>
#include <string.h>

#define NOW UINT64_C(1800000000000)

static struct {
    struct skeym_audience_keys audience;
    struct skeym_enrol_keys enrol;
    struct skeym_authority_keys authority;
    struct skeym_credentials credentials;
    struct skeym_login_wish wish;
    struct skeym_login_terms terms;
    struct skeym_login_random random;
    uint8_t ephemeral[32];
    uint8_t request[SKEYM_LOGIN_BYTES];
    size_t request_size;
    uint8_t answer[SKEYM_LOGIN_ANSWER_BYTES];
    size_t answer_size;
} world;

static void must(enum skeym_error error)
{
    if (error) {
        bench_fail("preparing a login", error);
    }
}

static void random_bytes(void *out, size_t size)
{
    must(skeym_crypto_random(out, size));
}

static void set_claims(struct skeym_node_claims *claims)
{
    memset(claims, 0, sizeof *claims);
    must(skeym_crypto_x25519_public(claims->public_key, world.credentials.private_key));
    claims->generation = 1;
    claims->not_after = (uint32_t)(NOW / 1000) + 86400 * 365;
    claims->role = SKEYM_ROLE_DOCTOR;
    must(skeym_name_node(&claims->id, skeym_span_text("dr-hopper")));
    claims->scopes.count = 1;
    must(skeym_scope_parse(&claims->scopes.at[0], skeym_span_text("user/Observation.rs")));
}

static enum skeym_error server(void)
{
    struct skeym_login_request request;
    struct skeym_login_random random = world.random;
    enum skeym_error error =
        skeym_login_read(&request, &world.authority, skeym_span(world.request, world.request_size));
    if (!error) {
        error = skeym_login_answer((struct skeym_room){world.answer, sizeof world.answer},
                                   &world.answer_size, &request, &world.terms, &random);
    }
    return error;
}

static enum skeym_error node(void)
{
    struct skeym_handshake state;
    static struct skeym_login_grant grant;
    enum skeym_error error =
        skeym_login_start(&state, (struct skeym_room){world.request, sizeof world.request},
                          &world.request_size, &world.credentials, &world.wish, world.ephemeral);
    if (!error && world.answer_size > 0) {
        error = skeym_login_finish(&grant, &state, skeym_span(world.answer, world.answer_size));
        bench_keep(&grant, sizeof grant);
    }
    return error;
}

static void set_up(void)
{
    struct skeym_node_claims claims;
    struct skeym_credentials *credentials = &world.credentials;
    uint8_t nonce[SKEYM_NONCE_BYTES];
    uint8_t key[SKEYM_KEY_BYTES];
    random_bytes(&world.enrol, sizeof world.enrol);
    random_bytes(&world.random, sizeof world.random);
    random_bytes(world.ephemeral, sizeof world.ephemeral);
    random_bytes(nonce, sizeof nonce);
    random_bytes(key, sizeof key);
    must(skeym_crypto_cmac_prepare(&world.audience.current, key));
    random_bytes(world.authority.identity, sizeof world.authority.identity);
    random_bytes(credentials->private_key, sizeof credentials->private_key);
    world.audience.epoch = 500000;
    must(skeym_name_audience(&world.audience.audience, skeym_span_text("ward.example")));
    must(skeym_crypto_x25519_public(world.authority.identity_public, world.authority.identity));
    world.authority.enrol_count = 1;
    world.authority.enrol = &world.enrol;

    set_claims(&claims);
    memcpy(credentials->authority, world.authority.identity_public, 32);
    credentials->audience = world.audience.audience;
    must(skeym_credential(credentials->credential, &world.enrol, &claims));
    must(skeym_locator_seal((struct skeym_room){credentials->locator, sizeof credentials->locator},
                            &credentials->locator_size, &world.enrol, &claims, nonce));

    world.wish = (struct skeym_login_wish){.time_ms = NOW, .lanes = 1};
    world.terms = (struct skeym_login_terms){.server_ms = NOW,
                                             .lifetime_s = 30,
                                             .deadline_s = (uint32_t)(NOW / 1000) + 28800,
                                             .instance = 7,
                                             .lanes = 1,
                                             .scopes = claims.scopes,
                                             .audience = &world.audience,
                                             .keys = &world.authority};
    must(node());
    must(server());
    must(node());
}

static enum skeym_error run_server(size_t count)
{
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        error = server();
    }
    return error;
}

static enum skeym_error run_node(size_t count)
{
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        error = node();
    }
    return error;
}

/* A message 1 that does not open: what a flood of logins costs. */
static enum skeym_error run_forged(size_t count)
{
    struct skeym_login_request request;
    uint8_t forged[SKEYM_LOGIN_BYTES];
    memcpy(forged, world.request, world.request_size);
    forged[world.request_size - 1] ^= 1;
    for (size_t i = 0; i < count; i++) {
        if (!skeym_login_read(&request, &world.authority, skeym_span(forged, world.request_size))) {
            return SKEYM_ERR_STATE;
        }
    }
    return SKEYM_OK;
}

static const struct bench_case cases[] = {
    {"login.server", "read a login and answer it", 190000, 0, NULL, run_server},
    {"login.node", "write a login and read the answer", 0, 0, NULL, run_node},
    {"login.forged", "refuse a login that does not open", 0, 0, NULL, run_forged},
};

void bench_login(struct bench_report *report)
{
    set_up();
    bench_cases(report, cases, sizeof cases / sizeof cases[0]);
}
