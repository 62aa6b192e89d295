/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An authority and a data server in memory, made of the core's other half, with an adversary in
 * front of it: a transport for the tests of what a node does. Its clocks are set by the test.
 */
#ifndef SKEYM_TESTS_FAKE_SERVER_H
#define SKEYM_TESTS_FAKE_SERVER_H

#include "crypto/crypto.h"
#include "node/session.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum fault {
    FAULT_NONE,
    FAULT_UNSENT,         /* the server cannot be reached */
    FAULT_DROP_REQUEST,   /* it never arrives, and nobody knows */
    FAULT_DROP_ANSWER,    /* executed, and nobody knows */
    FAULT_DELIVER_TWICE,  /* the network doubles the request */
    FAULT_ALTER_REQUEST,  /* one bit of the body, at fault_at */
    FAULT_ALTER_ANSWER,   /* one bit of the body, at fault_at */
    FAULT_CUT_ANSWER,     /* at fault_at */
    FAULT_OLD_ANSWER,     /* the answer before is delivered again */
    FAULT_SWAP_NEXT,      /* SkeyM-Next is somebody else's token */
    FAULT_NO_NEXT,        /* SkeyM-Next is taken out */
    FAULT_GARBAGE_NEXT,   /* SkeyM-Next is no base64url */
    FAULT_STATUS,         /* the status line says fault_at */
    FAULT_OUTER_TYPE,     /* the Content-Type is another */
    FAULT_SAY,            /* not executed: an answer of status fault_at, not sealed */
    FAULT_EXECUTE_AND_SAY /* executed, and then such an answer */
};

enum { FAKE_USED_MOST = 4096, FAKE_BODY_MOST = 65536, FAKE_SECRETS_MOST = 64 };

struct fake_server {
    struct skeym_audience_keys audience;
    struct skeym_authority_keys authority;
    struct skeym_credential_file credential; /* the node's */
    struct skeym_node_claims claims;
    struct skeym_enrol_keys enrol[2];
    uint64_t deadline_after_s;
    uint32_t instance;
    uint8_t lifetime_s;
    bool revoked;
    bool always_wrong_clock;
    /* clocks */
    uint64_t wall_ms;       /* the server's */
    int64_t node_offset_ms; /* the node's wall clock is the server's plus this */
    uint64_t steady_ms;
    uint64_t waited_ms;
    uint8_t lanes_most; /* of a login; 0: as many as it asks for */

    /* faults */
    enum fault fault, login_fault;
    int faults, login_faults; /* how many times */
    int fault_at;
    uint32_t retry_after_s;
    /* what the handler answers */
    struct skeym_span body;
    const char *cty;
    int status;
    /* what happened */
    unsigned logins, login_tries, exchanges, executed, refused;
    char last_target[SKEYM_TARGET_BYTES + 1];
    char last_method[SKEYM_METHOD_BYTES + 1];
    char last_if_none_exist[128];
    uint8_t last_body[FAKE_BODY_MOST];
    size_t last_body_size;
    uint8_t masked[FAKE_SECRETS_MOST][SKEYM_SECRET_BYTES]; /* all secrets, each byte ^ 0x5a */
    unsigned secrets;
    uint64_t used[FAKE_USED_MOST];
    size_t used_count;
    struct skeym_wire_answer old; /* with its own body */
};

static inline void fake_key(uint8_t out[32], uint8_t seed)
{
    for (uint8_t i = 0; i < 32; i++) {
        out[i] = (uint8_t)(seed * 31 + i * 7 + 1);
    }
}

static inline void fake_enrol_keys(struct skeym_enrol_keys *out, uint32_t id, uint8_t seed)
{
    uint8_t key[32];
    fake_key(key, seed);
    assert_int_equal(skeym_enrol_keys_derive(out, id, key), SKEYM_OK);
}

static inline void fake_enrol(struct fake_server *fake)
{
    struct skeym_node_claims *claims = &fake->claims;
    struct skeym_credential_file *file = &fake->credential;
    uint8_t nonce[SKEYM_NONCE_BYTES] = {3};
    assert_int_equal(skeym_name_node(&claims->id, skeym_span_text("bed-1")), SKEYM_OK);
    claims->generation = 1;
    claims->not_after = UINT32_MAX;
    claims->role = SKEYM_ROLE_DEVICE;
    claims->scopes.count = 1;
    assert_int_equal(
        skeym_scope_parse(&claims->scopes.at[0], skeym_span_text("system/Observation.crs")),
        SKEYM_OK);
    fake_key(file->keys.private_key, 9);
    assert_int_equal(skeym_crypto_x25519_public(claims->public_key, file->keys.private_key),
                     SKEYM_OK);
    memcpy(file->public_key, claims->public_key, 32);
    file->node = claims->id;
    memcpy(file->server, "http://127.0.0.1:1", sizeof "http://127.0.0.1:1");
    memcpy(file->keys.authority, fake->authority.identity_public, 32);
    file->keys.audience = fake->audience.audience;
    assert_int_equal(skeym_credential(file->keys.credential, &fake->enrol[0], claims), SKEYM_OK);
    assert_int_equal(
        skeym_locator_seal((struct skeym_room){file->keys.locator, sizeof file->keys.locator},
                           &file->keys.locator_size, &fake->enrol[0], claims, nonce),
        SKEYM_OK);
}

static inline void fake_start(struct fake_server *fake)
{
    struct skeym_epoch_key epoch;
    struct skeym_name audience;
    memset(fake, 0, sizeof *fake);
    fake->wall_ms = 1790000000000;
    fake->steady_ms = 5000;
    fake->instance = 1;
    fake->lifetime_s = 30;
    fake->deadline_after_s = 3600;
    fake->status = 200;
    fake->cty = "application/fhir+json";
    fake->body = skeym_span_text("{\"resourceType\":\"Bundle\"}");
    fake_enrol_keys(&fake->enrol[0], 1, 1);
    fake->authority.enrol = fake->enrol;
    fake->authority.enrol_count = 1;
    fake_key(fake->authority.identity, 2);
    assert_int_equal(
        skeym_crypto_x25519_public(fake->authority.identity_public, fake->authority.identity),
        SKEYM_OK);
    epoch.epoch = skeym_epoch_at(fake->wall_ms, SKEYM_EPOCH_SECONDS) - 1;
    fake_key(epoch.key, 4);
    assert_int_equal(skeym_name_audience(&audience, skeym_span_text("main")), SKEYM_OK);
    assert_int_equal(skeym_audience_keys_derive(&fake->audience, &epoch, &audience), SKEYM_OK);
    fake_enrol(fake);
}

static inline void fake_stop(struct fake_server *fake)
{
    free(fake->old.body);
    skeym_crypto_wipe(fake, sizeof *fake);
}

/* The current enrol key is another from now on; logins bring a renewed C_i. */
static inline void fake_rotate_enrol_key(struct fake_server *fake)
{
    fake_enrol_keys(&fake->enrol[1], 2, 7);
    fake->authority.enrol_count = 2;
}

/* --- clocks ----------------------------------------------------------------------- */

static inline void fake_pass(struct fake_server *fake, uint64_t ms)
{
    fake->wall_ms += ms;
    fake->steady_ms += ms;
}

static inline uint64_t fake_node_wall(void *arg)
{
    const struct fake_server *fake = arg;
    return fake->wall_ms + (uint64_t)fake->node_offset_ms;
}

static inline uint64_t fake_node_steady(void *arg)
{
    return ((const struct fake_server *)arg)->steady_ms;
}

static inline void fake_node_wait(void *arg, uint32_t ms)
{
    struct fake_server *fake = arg;
    fake->waited_ms += ms;
    fake_pass(fake, ms);
}

/* --- answers ------------------------------------------------------------------------ */

static inline void fake_fill(struct skeym_wire_answer *answer, int status, const char *type,
                             const void *body, size_t size)
{
    answer->status = status;
    (void)snprintf(answer->content_type, sizeof answer->content_type, "%s", type);
    answer->body = malloc(size + 1);
    assert_non_null(answer->body);
    if (size > 0) {
        memcpy(answer->body, body, size);
    }
    answer->body_size = size;
}

static inline void fake_say(const struct fake_server *fake, struct skeym_wire_answer *answer,
                            int status)
{
    static const char outcome[] = "{\"resourceType\":\"OperationOutcome\"}";
    free(answer->body);
    memset(answer, 0, sizeof *answer);
    fake_fill(answer, status, "application/fhir+json", outcome, sizeof outcome - 1);
    answer->retry_after_s = fake->retry_after_s;
}

static inline void fake_login(struct fake_server *fake, const struct skeym_wire_request *request,
                              struct skeym_wire_answer *answer)
{
    struct skeym_login_request login;
    struct skeym_login_random random;
    uint8_t message[SKEYM_LOGIN_ANSWER_BYTES];
    size_t size = 0;
    assert_int_equal(skeym_crypto_random(&random, sizeof random), SKEYM_OK);
    if (skeym_login_read(&login, &fake->authority, request->body) != SKEYM_OK || fake->revoked) {
        fake_say(fake, answer, 401);
        return;
    }
    struct skeym_room room = {message, sizeof message};
    uint64_t skew = login.time_ms > fake->wall_ms ? login.time_ms - fake->wall_ms
                                                  : fake->wall_ms - login.time_ms;
    if (skew > SKEYM_LOGIN_SKEW_MS || fake->always_wrong_clock) {
        assert_int_equal(
            skeym_login_answer_clock(room, &size, &login, fake->wall_ms, random.ephemeral),
            SKEYM_OK);
    } else {
        struct skeym_login_terms terms = {
            .server_ms = fake->wall_ms,
            .lifetime_s = fake->lifetime_s,
            .deadline_s = (uint32_t)(fake->wall_ms / 1000 + fake->deadline_after_s),
            .instance = fake->instance,
            .lanes =
                fake->lanes_most && fake->lanes_most < login.lanes ? fake->lanes_most : login.lanes,
            .scopes = login.claims.scopes,
            .audience = &fake->audience,
            .keys = &fake->authority,
        };
        assert_int_equal(skeym_login_answer(room, &size, &login, &terms, &random), SKEYM_OK);
        fake->logins++;
    }
    fake_fill(answer, 200, SKEYM_LOGIN_TYPE, message, size);
}

static inline void fake_remember(struct fake_server *fake, struct skeym_span method,
                                 struct skeym_span target, struct skeym_span if_none_exist,
                                 struct skeym_span body)
{
    fake->executed++;
    (void)snprintf(fake->last_method, sizeof fake->last_method, "%.*s", (int)method.size,
                   (const char *)method.data);
    (void)snprintf(fake->last_target, sizeof fake->last_target, "%.*s", (int)target.size,
                   (const char *)target.data);
    (void)snprintf(fake->last_if_none_exist, sizeof fake->last_if_none_exist, "%.*s",
                   (int)if_none_exist.size,
                   if_none_exist.size > 0 ? (const char *)if_none_exist.data : "");
    assert_true(body.size <= sizeof fake->last_body);
    if (body.size > 0) {
        memcpy(fake->last_body, body.data, body.size);
    }
    fake->last_body_size = body.size;
}

static inline bool fake_execute(struct fake_server *fake, const struct skeym_wire_request *request,
                                const struct skeym_exchange_keys *keys)
{
    struct skeym_jwe info;
    struct skeym_closed closed;
    size_t room = SKEYM_BASE64URL_BYTES(request->body.size) + 1;
    uint8_t *plain = malloc(room);
    bool good = plain != NULL;
    if (request->body.size == 0) {
        fake_remember(fake, skeym_span_text(request->method), skeym_span_text(request->target),
                      request->body, request->body);
    } else if (skeym_jwe_open((struct skeym_room){plain, room}, &info, keys->request, false,
                              request->body) != SKEYM_OK) {
        good = false;
    } else if (skeym_span_is(skeym_span_text(request->target), SKEYM_EXCHANGE_PATH)) {
        good = skeym_closed_read(&closed, skeym_span(plain, info.size)) == SKEYM_OK;
        if (good) {
            fake_remember(fake, closed.method, closed.target, closed.if_none_exist, closed.body);
        }
    } else {
        fake_remember(fake, skeym_span_text(request->method), skeym_span_text(request->target),
                      (struct skeym_span){0}, skeym_span(plain, info.size));
    }
    skeym_crypto_wipe(plain, room);
    free(plain);
    return good;
}

static inline bool fake_use(struct fake_server *fake, uint64_t id)
{
    for (size_t i = 0; i < fake->used_count; i++) {
        if (fake->used[i] == id) {
            return false;
        }
    }
    fake->used[fake->used_count++ % FAKE_USED_MOST] = id;
    return true;
}

static inline void fake_seal(struct fake_server *fake, struct skeym_token_claims *claims,
                             const struct skeym_exchange_keys *keys,
                             struct skeym_wire_answer *answer)
{
    uint8_t nonce[SKEYM_NONCE_BYTES];
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t size = 0;
    size_t chars = skeym_jwe_chars(strlen(fake->cty), fake->status, fake->body.size);
    uint8_t *text = malloc(chars);
    assert_non_null(text);
    assert_int_equal(skeym_crypto_random(nonce, sizeof nonce), SKEYM_OK);
    assert_int_equal(skeym_jwe_seal((struct skeym_room){text, chars}, &size, keys->answer, nonce,
                                    fake->status, skeym_span_text(fake->cty), fake->body),
                     SKEYM_OK);
    fake_fill(answer, fake->status, SKEYM_JOSE_TYPE, text, size);
    answer->retry_after_s = fake->retry_after_s;
    free(text);
    memcpy(claims->secret, keys->next, sizeof claims->secret);
    claims->sequence++;
    claims->issued_ms = fake->wall_ms;
    claims->lifetime_s = fake->lifetime_s;
    assert_int_equal(skeym_token_mint((struct skeym_room){token, sizeof token}, &size,
                                      &fake->audience, claims, nonce),
                     SKEYM_OK);
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){(uint8_t *)answer->next, SKEYM_TOKEN_CHARS});
    skeym_base64url_write(&writer, skeym_span(token, size));
}

/* Not as they are: whoever looks for them in memory must not find them here. */
static inline void fake_mask(struct fake_server *fake, const uint8_t secret[SKEYM_SECRET_BYTES])
{
    for (size_t i = 0; i < SKEYM_SECRET_BYTES; i++) {
        fake->masked[fake->secrets % FAKE_SECRETS_MOST][i] = secret[i] ^ 0x5a;
    }
    fake->secrets++;
}

static inline void fake_exchange(struct fake_server *fake, const struct skeym_wire_request *request,
                                 struct skeym_wire_answer *answer)
{
    struct skeym_token_claims claims = {0};
    struct skeym_exchange_keys keys = {0};
    struct skeym_span text = skeym_span_text(request->authorization);
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t size = 0;
    uint64_t id = 0;
    struct skeym_exchange_request covered = {
        .method = skeym_span_text(request->method),
        .target = skeym_span_text(request->target),
        .content_type = skeym_span_text(request->content_type),
        .body = request->body,
    };
    bool good =
        skeym_span_starts(text, "SkeyM ") &&
        skeym_base64url_read((struct skeym_room){token, sizeof token}, &size,
                             skeym_span_part(text, 6, text.size)) == SKEYM_OK &&
        skeym_token_open(&claims, &id, &fake->audience, skeym_span(token, size), fake->wall_ms) ==
            SKEYM_OK &&
        claims.instance == fake->instance && !fake->revoked &&
        skeym_exchange_derive(&keys, claims.secret) == SKEYM_OK &&
        skeym_exchange_check(skeym_span_text(request->proof), keys.proof, &covered) == SKEYM_OK &&
        fake_use(fake, id);
    fake->exchanges++;
    if (good) {
        fake_mask(fake, claims.secret);
        fake_mask(fake, keys.proof);
        fake_mask(fake, keys.request);
        fake_mask(fake, keys.answer);
        fake_mask(fake, keys.next);
        good = fake_execute(fake, request, &keys);
    }
    if (good) {
        fake_seal(fake, &claims, &keys, answer);
    } else {
        fake->refused++;
        fake_say(fake, answer, 401);
    }
    skeym_crypto_wipe(&claims, sizeof claims);
    skeym_crypto_wipe(&keys, sizeof keys);
}

/* --- the adversary --------------------------------------------------------------------- */

static inline void fake_keep_old(struct fake_server *fake, const struct skeym_wire_answer *answer)
{
    free(fake->old.body);
    fake->old = *answer;
    fake->old.body = malloc(answer->body_size + 1);
    assert_non_null(fake->old.body);
    memcpy(fake->old.body, answer->body, answer->body_size);
}

static inline void fake_deliver_altered(struct fake_server *fake,
                                        const struct skeym_wire_request *request,
                                        struct skeym_wire_answer *answer)
{
    struct skeym_wire_request altered = *request;
    uint8_t *body = malloc(request->body.size + 1);
    assert_non_null(body);
    memcpy(body, request->body.data, request->body.size);
    body[(size_t)fake->fault_at % request->body.size] ^= 1;
    altered.body = skeym_span(body, request->body.size);
    fake_exchange(fake, &altered, answer);
    free(body);
}

static inline void fake_spoil(struct fake_server *fake, enum fault fault,
                              struct skeym_wire_answer *answer)
{
    struct skeym_wire_answer old = fake->old;
    switch (fault) {
    case FAULT_ALTER_ANSWER:
        answer->body[(size_t)fake->fault_at % answer->body_size] ^= 1;
        break;
    case FAULT_CUT_ANSWER:
        answer->body_size = (size_t)fake->fault_at % answer->body_size;
        break;
    case FAULT_OLD_ANSWER:
        free(answer->body);
        *answer = old;
        memset(&fake->old, 0, sizeof fake->old);
        break;
    case FAULT_SWAP_NEXT:
        memcpy(answer->next, old.next, sizeof answer->next);
        break;
    case FAULT_NO_NEXT:
        answer->next[0] = 0;
        break;
    case FAULT_GARBAGE_NEXT:
        memcpy(answer->next, "no token!", sizeof "no token!");
        break;
    case FAULT_STATUS:
        answer->status = fake->fault_at;
        break;
    case FAULT_OUTER_TYPE:
        memcpy(answer->content_type, "text/html", sizeof "text/html");
        break;
    case FAULT_EXECUTE_AND_SAY:
        fake_say(fake, answer, fake->fault_at);
        break;
    default:
        break;
    }
}

/* A skeym_transport. */
static inline enum skeym_error fake_send(void *arg, const struct skeym_wire_request *request,
                                         struct skeym_wire_answer *answer)
{
    struct fake_server *fake = arg;
    bool login = strcmp(request->target, SKEYM_LOGIN_PATH) == 0;
    int *left = login ? &fake->login_faults : &fake->faults;
    enum fault fault = *left > 0 ? (login ? fake->login_fault : fake->fault) : FAULT_NONE;
    *left -= *left > 0;
    fake->login_tries += login;
    if (fault == FAULT_UNSENT) {
        answer->unsent = true;
        return SKEYM_ERR_NETWORK;
    }
    if (fault == FAULT_DROP_REQUEST) {
        return SKEYM_ERR_TIMEOUT;
    }
    if (fault == FAULT_SAY) {
        fake_say(fake, answer, fake->fault_at);
        return SKEYM_OK;
    }
    if (login) {
        fake_login(fake, request, answer);
    } else if (fault == FAULT_ALTER_REQUEST) {
        fake_deliver_altered(fake, request, answer);
    } else {
        fake_exchange(fake, request, answer);
    }
    if (fault == FAULT_DELIVER_TWICE) {
        struct skeym_wire_answer second = {0};
        fake_exchange(fake, request, &second);
        free(second.body);
    }
    if (fault == FAULT_DROP_ANSWER) {
        free(answer->body);
        memset(answer, 0, sizeof *answer);
        return SKEYM_ERR_NETWORK;
    }
    fake_spoil(fake, fault, answer);
    if (!login && fault != FAULT_OLD_ANSWER) {
        fake_keep_old(fake, answer);
    }
    return SKEYM_OK;
}

/* --- a node -------------------------------------------------------------------------------- */

static inline struct skeym_session_options fake_options(struct fake_server *fake)
{
    return (struct skeym_session_options){
        .credential = &fake->credential,
        .transport = fake_send,
        .transport_arg = fake,
        .lanes = 1,
        .time = {fake_node_wall, fake_node_steady, fake_node_wait, fake},
    };
}

static inline struct skeym_session *fake_session(const struct skeym_session_options *options)
{
    struct skeym_session *session = NULL;
    assert_int_equal(skeym_session_new(&session, options), SKEYM_OK);
    return session;
}

#endif
