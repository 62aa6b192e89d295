/* SPDX-License-Identifier: Apache-2.0 */
/* A node that enrols itself, against an authority in memory on a network that fails. */
#include "crypto/crypto.h"
#include "node/accept.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_MS UINT64_C(1800000000000)

enum fault { NONE, UNSENT, DROP_ANSWER, LATE, SAY, TYPE, ALTER, CLOCK, TLS };

static struct {
    struct skeym_enrol_keys enrol;
    struct skeym_authority_keys keys;
    struct skeym_invite_code code;
    enum fault fault;
    int faults; /* how many times */
    int status; /* SAY */
    uint32_t retry_after_s;
    int64_t node_offset_ms;
    /* what happened */
    unsigned tries;
    uint8_t used_by[32];
    uint8_t bodies[8][SKEYM_INVITE_BODY_BYTES];
    uint64_t waited_ms;
    struct skeym_credential_file file;
    struct skeym_node_claims claims;
} w;

static uint64_t wall_ms(void *arg)
{
    (void)arg;
    return NOW_MS + (uint64_t)w.node_offset_ms + w.waited_ms;
}

static void wait_ms(void *arg, uint32_t ms)
{
    (void)arg;
    w.waited_ms += ms;
}

static int start(void **state)
{
    (void)state;
    static const uint8_t key[32] = {1};
    static const uint8_t nonce[SKEYM_NONCE_BYTES] = {2};
    struct skeym_invite_claims claims = {.expires_s = 1800003600};
    memset(&w, 0, sizeof w);
    claims.node.generation = 3;
    claims.node.not_after = 1900000000;
    claims.node.role = SKEYM_ROLE_DEVICE;
    assert_int_equal(skeym_name_node(&claims.node.id, skeym_span_text("bed-9")), SKEYM_OK);
    assert_int_equal(skeym_enrol_keys_derive(&w.enrol, 5, key), SKEYM_OK);
    w.keys = (struct skeym_authority_keys){
        .enrol_count = 1, .enrol = &w.enrol, .identity = {0x40, [31] = 0x41}};
    assert_int_equal(skeym_crypto_x25519_public(w.keys.identity_public, w.keys.identity), SKEYM_OK);
    struct skeym_room room = {w.code.invitation, sizeof w.code.invitation};
    assert_int_equal(skeym_invite_seal(room, &w.code.invitation_size, &w.enrol, &claims, nonce),
                     SKEYM_OK);
    assert_int_equal(skeym_invite_secret(w.code.secret, &w.enrol,
                                         skeym_span(w.code.invitation, w.code.invitation_size)),
                     SKEYM_OK);
    assert_int_equal(skeym_name_audience(&w.code.audience, skeym_span_text("ward")), SKEYM_OK);
    memcpy(w.code.authority, w.keys.identity_public, 32);
    memset(w.file.keys.private_key, 0x33, 32);
    return 0;
}

/* The authority, which knows who has used the invitation. */
static int serve(struct skeym_span body, uint8_t *out, size_t *size)
{
    struct skeym_invite_request request;
    struct skeym_invite_random random;
    static const uint8_t nobody[32];
    struct skeym_room room = {out, SKEYM_INVITE_ANSWER_BYTES};
    uint64_t now_ms = NOW_MS + w.waited_ms;
    assert_int_equal(skeym_crypto_random(&random, sizeof random), SKEYM_OK);
    if (skeym_invite_read(&request, &w.keys, body)) {
        return 401;
    }
    uint64_t apart = request.time_ms > now_ms ? request.time_ms - now_ms : now_ms - request.time_ms;
    if (apart > 60000 || w.fault == CLOCK) {
        assert_int_equal(skeym_invite_answer_clock(room, size, &request, now_ms, &random),
                         SKEYM_OK);
        return 200;
    }
    if (!skeym_crypto_equal(w.used_by, nobody, 32) &&
        !skeym_crypto_equal(w.used_by, request.claims.public_key, 32)) {
        return 401;
    }
    memcpy(w.used_by, request.claims.public_key, 32);
    assert_int_equal(skeym_invite_answer(room, size, &request, &w.keys, now_ms, &random), SKEYM_OK);
    return 200;
}

static enum skeym_error send(void *arg, const struct skeym_wire_request *request,
                             struct skeym_wire_answer *answer)
{
    (void)arg;
    bool bad = w.faults > 0;
    w.faults -= bad;
    assert_string_equal(request->method, "POST");
    assert_string_equal(request->target, "/skeym/v1/enrol");
    assert_string_equal(request->content_type, "application/skeym-enrol");
    assert_null(request->authorization);
    assert_true(w.tries < 8 && request->body.size <= sizeof w.bodies[0]);
    memcpy(w.bodies[w.tries++], request->body.data, request->body.size);
    answer->unsent = bad && w.fault == UNSENT;
    if (bad && (w.fault == UNSENT || w.fault == TLS)) {
        return w.fault == TLS ? SKEYM_ERR_TLS : SKEYM_ERR_NETWORK;
    }
    answer->body = calloc(1, SKEYM_INVITE_ANSWER_BYTES);
    assert_non_null(answer->body);
    (void)snprintf(answer->content_type, sizeof answer->content_type, "application/skeym-enrol");
    if (bad && w.fault == SAY) {
        answer->status = w.status;
        answer->retry_after_s = w.retry_after_s;
        return SKEYM_OK;
    }
    answer->status = serve(request->body, answer->body, &answer->body_size);
    if (bad && w.fault == TYPE) {
        (void)snprintf(answer->content_type, sizeof answer->content_type, "text/html");
    }
    if (bad && w.fault == ALTER) {
        answer->body[answer->body_size - 1] ^= 1;
    }
    return bad && w.fault == DROP_ANSWER ? SKEYM_ERR_NETWORK
           : bad && w.fault == LATE      ? SKEYM_ERR_TIMEOUT
                                         : SKEYM_OK;
}

static enum skeym_error enrol(void)
{
    const struct skeym_accept_options options = {.code = &w.code,
                                                 .transport = send,
                                                 .wait_most_ms = 5000,
                                                 .time = {.wall_ms = wall_ms, .wait = wait_ms}};
    static const struct skeym_credential_file none;
    enum skeym_error error = skeym_accept(&w.file, &w.claims, &options);
    if (error) {
        assert_memory_equal(w.file.keys.credential, none.keys.credential, 32);
        assert_int_equal(w.file.keys.locator_size, 0);
        assert_int_equal(w.file.node.size, 0);
        assert_int_equal(w.claims.generation, 0);
    }
    return error;
}

static void fills_the_credential(void **state)
{
    (void)state;
    struct skeym_node_claims claims;
    uint8_t credential[32];
    assert_int_equal(enrol(), SKEYM_OK);
    assert_int_equal(w.tries, 1);
    assert_int_equal(w.waited_ms, 0);
    assert_true(skeym_span_is(skeym_name_span(&w.file.node), "bed-9"));
    assert_true(skeym_span_is(skeym_name_span(&w.file.keys.audience), "ward"));
    assert_memory_equal(w.file.keys.authority, w.keys.identity_public, 32);
    assert_memory_equal(w.file.public_key, w.used_by, 32);
    assert_memory_equal(w.claims.public_key, w.used_by, 32);
    assert_int_equal(skeym_locator_open(&claims, &w.enrol,
                                        skeym_span(w.file.keys.locator, w.file.keys.locator_size)),
                     SKEYM_OK);
    assert_int_equal(skeym_credential(credential, &w.enrol, &claims), SKEYM_OK);
    assert_memory_equal(w.file.keys.credential, credential, 32);
}

/* The answer may be lost: the same key asks again, with a fresh share. */
static void asks_again_for_a_lost_answer(void **state)
{
    static const enum fault faults[] = {UNSENT, DROP_ANSWER, LATE};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(start(state), 0);
        w.fault = faults[i];
        w.faults = 3;
        assert_int_equal(enrol(), SKEYM_OK);
        assert_int_equal(w.tries, 4);
        assert_int_equal(w.waited_ms, 3000);
        size_t e = 3 + w.code.invitation_size;
        assert_memory_not_equal(w.bodies[0] + e, w.bodies[1] + e, 32);
        assert_int_equal(start(state), 0);
        w.fault = faults[i];
        w.faults = 4;
        assert_int_equal(enrol(), faults[i] == LATE ? SKEYM_ERR_TIMEOUT : SKEYM_ERR_NETWORK);
        assert_int_equal(w.tries, 4);
        assert_int_equal(w.waited_ms, 3000);
    }
}

static void waits_for_a_busy_server(void **state)
{
    (void)state;
    w.fault = SAY;
    w.faults = 1;
    w.status = 503;
    w.retry_after_s = 3;
    assert_int_equal(enrol(), SKEYM_OK);
    assert_int_equal(w.waited_ms, 3000);
    w.faults = 1;
    w.status = 429;
    w.retry_after_s = UINT32_MAX;
    assert_int_equal(enrol(), SKEYM_OK);
    assert_int_equal(w.waited_ms, 3000 + 5000);
    assert_int_equal(start(state), 0);
    w.fault = SAY;
    w.faults = 9;
    w.status = 429;
    assert_int_equal(enrol(), SKEYM_ERR_RATE);
    assert_int_equal(w.tries, 4);
    w.faults = 9;
    w.status = 503;
    w.tries = 0;
    assert_int_equal(enrol(), SKEYM_ERR_BUSY);
}

static void gives_up_at_once_when_asking_again_is_no_use(void **state)
{
    static const struct {
        enum fault fault;
        int status;
        enum skeym_error error;
    } cases[] = {
        {SAY, 401, SKEYM_ERR_PERMISSION}, {SAY, 404, SKEYM_ERR_SHAPE},
        {SAY, 500, SKEYM_ERR_SHAPE},      {SAY, 204, SKEYM_ERR_SHAPE},
        {TYPE, 0, SKEYM_ERR_SHAPE},       {ALTER, 0, SKEYM_ERR_HANDSHAKE},
        {TLS, 0, SKEYM_ERR_TLS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(start(state), 0);
        w.fault = cases[i].fault;
        w.status = cases[i].status;
        w.faults = 9;
        assert_int_equal(enrol(), cases[i].error);
        assert_int_equal(w.tries, 1);
        assert_int_equal(w.waited_ms, 0);
    }
}

static void another_key_is_refused(void **state)
{
    (void)state;
    assert_int_equal(enrol(), SKEYM_OK);
    memset(&w.file, 0, sizeof w.file);
    memset(w.file.keys.private_key, 0x34, 32);
    assert_int_equal(enrol(), SKEYM_ERR_PERMISSION);
}

static void corrects_its_clock_once(void **state)
{
    static const int64_t offsets[] = {-INT64_C(1000000000000), -60001, 60001, 86400000};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(start(state), 0);
        w.node_offset_ms = offsets[i];
        assert_int_equal(enrol(), SKEYM_OK);
        assert_int_equal(w.tries, 2);
    }
    assert_int_equal(start(state), 0);
    w.fault = CLOCK; /* it says so whatever the node does */
    assert_int_equal(enrol(), SKEYM_ERR_CLOCK);
    assert_int_equal(w.tries, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fills_the_credential, start),
        cmocka_unit_test_setup(asks_again_for_a_lost_answer, start),
        cmocka_unit_test_setup(waits_for_a_busy_server, start),
        cmocka_unit_test_setup(gives_up_at_once_when_asking_again_is_no_use, start),
        cmocka_unit_test_setup(another_key_is_refused, start),
        cmocka_unit_test_setup(corrects_its_clock_once, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
