/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the device of device.c against a server's half that lies beside it, on a stack that was
 * painted before, and prints how deep the paint is gone, and how long things take, as one JSON
 * object. What the crypto library needs of the stack is its own (door.c).
 */
#include "bench/device/device.h"
#include "bench/device/door.h"

#include <skeym/token.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOW UINT64_C(1800000000000)

enum { BODY = 4096, ROUNDS = 25, TIMES = 200 };

static struct {
    struct skeym_audience_keys audience;
    struct skeym_enrol_keys enrol;
    struct skeym_authority_keys authority;
    struct skeym_node_claims claims;
    struct device device;
    struct device_request request;
    struct skeym_closed closed;
    struct skeym_jwe info;
    uint8_t random[32];
    uint8_t out[SKEYM_LOGIN_BYTES], in[SKEYM_LOGIN_ANSWER_BYTES], plain[BODY];
    uint8_t next[SKEYM_TOKEN_CHARS];
    size_t out_size, in_size, next_size;
    enum skeym_error error;
} world;

static void must(enum skeym_error error, const char *what)
{
    if (error) {
        (void)fprintf(stderr, "part-device: %s: %s\n", what, skeym_error_text(error));
        exit(1);
    }
}

static void fresh(void *out, size_t size)
{
    must(skeym_crypto_random(out, size), "random bytes");
}

/* --- the server's half ------------------------------------------------------------------- */

static void set_up(void)
{
    uint8_t nonce[SKEYM_NONCE_BYTES];
    uint8_t key[SKEYM_KEY_BYTES];
    struct skeym_credentials *own = &world.device.credentials;
    fresh(key, sizeof key);
    must(skeym_crypto_cmac_prepare(&world.audience.current, key), "audience key");
    fresh(&world.enrol, sizeof world.enrol);
    fresh(&world.authority, sizeof world.authority);
    fresh(own->private_key, sizeof own->private_key);
    fresh(nonce, sizeof nonce);
    must(skeym_name_audience(&world.audience.audience, skeym_span_text("ward")), "audience");
    own->audience = world.audience.audience;
    world.audience.epoch = 500000;
    world.authority.enrol = &world.enrol;
    world.authority.enrol_count = 1;
    must(skeym_crypto_x25519_public(world.authority.identity_public, world.authority.identity),
         "identity");
    memcpy(own->authority, world.authority.identity_public, sizeof own->authority);
    world.claims = (struct skeym_node_claims){
        .generation = 1, .not_after = (uint32_t)(NOW / 1000) + 86400, .role = SKEYM_ROLE_DEVICE};
    must(skeym_crypto_x25519_public(world.claims.public_key, own->private_key), "key");
    must(skeym_name_node(&world.claims.id, skeym_span_text("pump-7")), "name");
    world.claims.scopes.count = 1;
    must(skeym_scope_parse(&world.claims.scopes.at[0], skeym_span_text("patient/p7/Observation.c")),
         "scope");
    struct skeym_room room = {own->locator, sizeof own->locator};
    must(skeym_locator_seal(room, &own->locator_size, &world.enrol, &world.claims, nonce),
         "locator");
    must(skeym_credential(own->credential, &world.enrol, &world.claims), "credential");
}

static void server_login(void)
{
    static struct skeym_login_request request;
    static struct skeym_login_random random;
    struct skeym_room room = {world.in, sizeof world.in};
    fresh(&random, sizeof random);
    must(skeym_login_read(&request, &world.authority, skeym_span(world.out, world.out_size)),
         "the server reads the login");
    const struct skeym_login_terms terms = {.server_ms = NOW,
                                            .lifetime_s = 30,
                                            .deadline_s = (uint32_t)(NOW / 1000) + 3600,
                                            .instance = 1,
                                            .lanes = 1,
                                            .scopes = world.claims.scopes,
                                            .audience = &world.audience,
                                            .keys = &world.authority};
    must(skeym_login_answer(room, &world.in_size, &request, &terms, &random),
         "the server answers the login");
}

/* Proof and body are checked; the token is opened, and its successor minted. */
static void server_exchange(void)
{
    uint8_t token[SKEYM_TOKEN_BYTES], nonce[SKEYM_NONCE_BYTES], plain[BODY];
    static const uint8_t iv[12] = {1};
    struct skeym_token_claims claims;
    struct skeym_exchange_keys keys;
    struct skeym_jwe info;
    size_t size = 0;
    uint64_t id = 0;
    const struct skeym_exchange_request covered = {
        skeym_span_text("POST"), skeym_span_text(SKEYM_EXCHANGE_PATH),
        skeym_span_text(SKEYM_JOSE_TYPE), world.request.body};
    fresh(nonce, sizeof nonce);
    must(skeym_base64url_read((struct skeym_room){token, sizeof token}, &size, world.request.token),
         "the token's text");
    must(skeym_token_open(&claims, &id, &world.audience, skeym_span(token, size), NOW), "token");
    must(skeym_exchange_derive(&keys, claims.secret), "keys");
    must(skeym_exchange_check(skeym_span(world.request.proof, SKEYM_PROOF_CHARS), keys.proof,
                              &covered),
         "proof");
    must(skeym_jwe_open((struct skeym_room){plain, sizeof plain}, &info, keys.request, false,
                        covered.body),
         "the request's body");
    must(skeym_jwe_seal((struct skeym_room){world.in, sizeof world.in}, &world.in_size, keys.answer,
                        iv, 201, skeym_span_text("application/fhir+json"), skeym_span(plain, 256)),
         "the answer");
    memcpy(claims.secret, keys.next, sizeof claims.secret);
    claims.sequence++;
    must(skeym_token_mint((struct skeym_room){token, sizeof token}, &size, &world.audience, &claims,
                          nonce),
         "the next token");
    struct skeym_writer text = skeym_writer((struct skeym_room){world.next, sizeof world.next});
    skeym_base64url_write(&text, skeym_span(token, size));
    world.next_size = skeym_written(&text).size;
}

/* --- the device's, each on the painted stack --------------------------------------------- */

static void run_login(void)
{
    world.error = device_login(&world.device, (struct skeym_room){world.out, sizeof world.out},
                               &world.out_size, NOW, world.random);
}

static void run_welcome(void)
{
    world.error = device_welcome(&world.device, (struct skeym_room){world.in, world.in_size});
}

static void run_ask(void)
{
    world.error =
        device_ask(&world.device, &world.request, (struct skeym_room){world.out, sizeof world.out},
                   &world.closed, world.random);
}

static void run_take(void)
{
    world.error = device_take(&world.device, (struct skeym_room){world.plain, sizeof world.plain},
                              &world.info, skeym_span(world.in, world.in_size),
                              skeym_span(world.next, world.next_size));
}

static void pass(void)
{
}

static const struct step {
    const char *name;
    void (*device)(void);
    void (*server)(void);
} steps[] = {
    {"login", run_login, server_login},      {"welcome", run_welcome, pass},
    {"ask", run_ask, server_exchange},       {"take", run_take, pass},
    {"ask.again", run_ask, server_exchange}, {"take.again", run_take, pass},
};
enum { STEPS = sizeof steps / sizeof steps[0] };

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The device's own time of one round of all steps, as it would call them. */
static void time_round(uint64_t least[STEPS])
{
    for (size_t i = 0; i < STEPS; i++) {
        fresh(world.random, sizeof world.random);
        uint64_t start = now_ns();
        steps[i].device();
        uint64_t took = now_ns() - start;
        must(world.error, steps[i].name);
        least[i] = took < least[i] ? took : least[i];
        steps[i].server();
    }
}

int main(void)
{
    static const char reading[] =
        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":"
        "\"http://loinc.org\",\"code\":\"8867-4\"}]},\"subject\":{\"reference\":\"Patient/p7\"},"
        "\"effectiveDateTime\":\"2026-11-22T23:59:59Z\",\"valueQuantity\":{\"value\":72,\"unit\":"
        "\"/min\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"/min\"}}";
    size_t deepest = 0;
    uint64_t least[STEPS];
    set_up();
    world.closed = (struct skeym_closed){.method = skeym_span_text("POST"),
                                         .target = skeym_span_text("/fhir/Observation"),
                                         .content_type = skeym_span_text("application/fhir+json"),
                                         .body = skeym_span_text(reading)};
    printf("{");
    for (size_t i = 0; i < STEPS; i++) {
        fresh(world.random, sizeof world.random);
        size_t deep = door_run(steps[i].device);
        must(world.error, steps[i].name);
        steps[i].server();
        deepest = deep > deepest ? deep : deepest;
        printf("\"stack.%s\": %zu, ", steps[i].name, deep);
    }
    memset(least, 0xff, sizeof least);
    for (size_t i = 0; i < TIMES; i++) {
        time_round(least);
    }
    printf("\"stack\": %zu, \"ram\": %zu, \"crypto_calls\": %zu, \"login_ns\": %llu, "
           "\"exchange_ns\": %llu}\n",
           deepest, sizeof(struct device), door_calls(), (unsigned long long)(least[0] + least[1]),
           (unsigned long long)(least[4] + least[5]));
    return world.info.status == 201 && world.info.size == 256 ? 0 : 1;
}
