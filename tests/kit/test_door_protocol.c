/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's side of the protocol with a device's crypto door, against tests/vectors: login,
 * exchange and enrolment, every byte that is sent and all that is read.
 */
#include "unit/vectors.h"
#include <skeym/exchange.h>
#include <skeym/invite.h>
#include <skeym/login.h>

static struct json_object *vectors;
static struct skeym_handshake state;
static uint8_t bytes[SKEYM_LOGIN_ANSWER_BYTES];
static uint8_t sent[SKEYM_LOGIN_BYTES];
static size_t sent_size;

static int load(void **unused)
{
    (void)unused;
    vectors = json_object_from_file(SKEYM_SOURCE_DIR "/tests/vectors/protocol.json");
    return vectors ? 0 : 1;
}

static int forget(void **unused)
{
    (void)unused;
    json_object_put(vectors);
    return 0;
}

static uint64_t number(struct json_object *object, const char *name)
{
    return (uint64_t)json_object_get_int64(member(object, name));
}

static struct skeym_span text(struct json_object *object, const char *name)
{
    return skeym_span_text(text_member(object, name));
}

static void assert_member(const void *found, size_t size, struct json_object *object,
                          const char *name)
{
    assert_hex(found, size, text_member(object, name));
}

/* --- login --- */

static struct skeym_credentials credentials;
static struct skeym_login_grant grant;

static void ask_to_log_in(struct json_object *login)
{
    struct json_object *enrolment = member(vectors, "enrolment");
    struct json_object *keys = member(vectors, "keys");
    struct json_object *scopes = member(login, "scopes_wanted");
    struct skeym_login_wish wish = {.time_ms = number(login, "time_ms"),
                                    .lanes = (uint8_t)number(login, "tokens_wanted")};
    uint8_t ephemeral[32];
    for (size_t i = 0; i < json_object_array_length(scopes); i++) {
        const char *word = json_object_get_string(json_object_array_get_idx(scopes, i));
        assert_int_equal(
            skeym_scope_parse(&wish.scopes.at[wish.scopes.count++], skeym_span_text(word)),
            SKEYM_OK);
    }
    hex_member(credentials.private_key, 32, enrolment, "node_private");
    hex_member(credentials.credential, 32, enrolment, "C_i");
    hex_member(credentials.authority, 32, keys, "identity_public");
    credentials.locator_size =
        hex_member(credentials.locator, sizeof credentials.locator, enrolment, "locator");
    assert_int_equal(skeym_name_audience(&credentials.audience, text(keys, "audience")), SKEYM_OK);
    hex_member(ephemeral, 32, login, "node_ephemeral_private");
    assert_int_equal(skeym_login_start(&state, (struct skeym_room){sent, sizeof sent}, &sent_size,
                                       &credentials, &wish, ephemeral),
                     SKEYM_OK);
    assert_member(sent, sent_size, login, "body");
}

static void check_grant(struct json_object *login)
{
    struct json_object *lanes = member(login, "lanes");
    assert_int_equal(grant.lifetime_s, number(login, "lifetime"));
    assert_int_equal(grant.deadline_s, number(login, "login_deadline"));
    assert_member(grant.locator, grant.locator_size, login, "fresh_locator");
    assert_int_equal(grant.renewed, json_object_get_boolean(member(login, "renewed")));
    if (grant.renewed) {
        assert_member(grant.credential, 32, login, "renewed_C_i");
    }
    assert_int_equal(grant.lanes, json_object_array_length(lanes));
    for (size_t i = 0; i < grant.lanes; i++) {
        struct json_object *lane = json_object_array_get_idx(lanes, i);
        assert_member(grant.lane[i].secret, 32, lane, "S_0");
        assert_member(grant.lane[i].token, grant.lane[i].token_size, lane, "token");
    }
}

static void log_in(const char *name)
{
    struct json_object *login = member(member(vectors, "login"), name);
    bool granted = strcmp(text_member(login, "kind"), "granted") == 0;
    for (int in_place = 0; in_place < 2; in_place++) {
        ask_to_log_in(login);
        size_t size = hex_member(bytes, sizeof bytes, login, "message_2");
        memset(&grant, 0xee, sizeof grant);
        assert_int_equal(
            in_place ? skeym_login_finish_in_place(&grant, &state, (struct skeym_room){bytes, size})
                     : skeym_login_finish(&grant, &state, skeym_span(bytes, size)),
            SKEYM_OK);
        assert_zero(&state, sizeof state);
        assert_int_equal(grant.server_ms, number(login, "server_ms"));
        assert_int_equal(grant.clock_only, !granted);
        if (granted) {
            check_grant(login);
        }
    }
}

static void login_usual(void **unused)
{
    (void)unused;
    log_in("usual");
}

static void login_after_rotation(void **unused)
{
    (void)unused;
    log_in("after_rotation");
}

static void login_clock_is_off(void **unused)
{
    (void)unused;
    log_in("clock_is_off");
}

/* One bit: of the authority's share, of the ciphertext, of the tag. */
static void login_altered(void **unused)
{
    (void)unused;
    struct json_object *login = member(member(vectors, "login"), "usual");
    size_t size = hex_member(bytes, sizeof bytes, login, "message_2");
    const size_t at[] = {0, 40, size - 1};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        ask_to_log_in(login);
        hex_member(bytes, sizeof bytes, login, "message_2");
        bytes[at[i]] ^= 4;
        memset(&grant, 0xee, sizeof grant);
        assert_int_equal(
            skeym_login_finish_in_place(&grant, &state, (struct skeym_room){bytes, size}),
            SKEYM_ERR_HANDSHAKE);
        assert_zero(&grant, sizeof grant);
        assert_zero(bytes + 32, size - 32);
        assert_zero(&state, sizeof state);
    }
}

/* An authority's share of low order. */
static void login_weak(void **unused)
{
    (void)unused;
    struct json_object *login = member(member(vectors, "login"), "usual");
    size_t size = hex_member(bytes, sizeof bytes, login, "message_2");
    memset(bytes, 0, 32);
    ask_to_log_in(login);
    assert_int_equal(skeym_login_finish(&grant, &state, skeym_span(bytes, size)), SKEYM_ERR_WEAK);
    assert_zero(&grant, sizeof grant);
}

/* --- exchange --- */

static struct skeym_exchange_keys keys;

static void derive(void)
{
    uint8_t secret[32];
    hex_member(secret, 32, member(vectors, "exchange"), "S_0");
    assert_int_equal(skeym_exchange_derive(&keys, secret), SKEYM_OK);
}

static void exchange_keys(void **unused)
{
    (void)unused;
    struct json_object *exchange = member(vectors, "exchange");
    derive();
    assert_member(keys.proof, 32, exchange, "k_m");
    assert_member(keys.request, 32, exchange, "k_q");
    assert_member(keys.answer, 32, exchange, "k_p");
    assert_member(keys.next, 32, exchange, "S_1");
}

static void exchange_requests(void **unused)
{
    (void)unused;
    static const char *const names[] = {"open_get", "open_post", "closed_get", "closed_post",
                                        "closed_key"};
    derive();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct json_object *vector = member(member(vectors, "exchange"), names[i]);
        struct skeym_exchange_request covered = {.method = text(vector, "method"),
                                                 .target = text(vector, "target"),
                                                 .content_type = text(vector, "content_type")};
        uint8_t proof[SKEYM_PROOF_BYTES];
        uint8_t iv[12];
        if (covered.content_type.size > 0) {
            hex_member(iv, sizeof iv, vector, "iv");
            assert_int_equal(skeym_jwe_seal((struct skeym_room){sent, sizeof sent}, &sent_size,
                                            keys.request, iv, SKEYM_JWE_STATUS_NONE,
                                            text(vector, "cty"), text(vector, "plain")),
                             SKEYM_OK);
            covered.body = skeym_span(sent, sent_size);
            assert_true(skeym_span_equal(covered.body, text(vector, "jwe")));
        }
        assert_int_equal(skeym_exchange_proof(proof, keys.proof, &covered), SKEYM_OK);
        assert_member(proof, sizeof proof, vector, "proof");
        struct skeym_writer writer = skeym_writer((struct skeym_room){bytes, sizeof bytes});
        skeym_base64url_write(&writer, skeym_span(proof, sizeof proof));
        assert_true(skeym_span_equal(skeym_written(&writer), text(vector, "proof_text")));
    }
}

static void exchange_answers(void **unused)
{
    (void)unused;
    static const char *const names[] = {"answer", "answer_empty"};
    derive();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct json_object *vector = member(member(vectors, "exchange"), names[i]);
        struct skeym_room room = {bytes, sizeof bytes};
        struct skeym_span jwe = text(vector, "jwe");
        struct skeym_jwe info;
        assert_int_equal(skeym_jwe_open(room, &info, keys.answer, true, jwe), SKEYM_OK);
        assert_int_equal(info.status, number(vector, "status"));
        assert_true(skeym_span_equal(skeym_span(info.cty, info.cty_size), text(vector, "cty")));
        assert_true(skeym_span_equal(skeym_span(bytes, info.size), text(vector, "plain")));
        memcpy(sent, jwe.data, jwe.size);
        sent[jwe.size - 5] = sent[jwe.size - 5] == 'A' ? 'B' : 'A'; /* the tag */
        assert_int_equal(skeym_jwe_open(room, &info, keys.answer, true, skeym_span(sent, jwe.size)),
                         SKEYM_ERR_SEAL);
        assert_zero(bytes, number(vector, "status") == 201 ? 40 : 0);
    }
}

/* --- enrolment --- */

static void enrol(const char *name)
{
    struct json_object *invitation = member(vectors, "invitation");
    struct json_object *vector = member(invitation, name);
    struct skeym_invite_code code;
    struct skeym_invite_grant enrolled;
    uint8_t own[32];
    uint8_t ephemeral[32];
    assert_int_equal(skeym_invite_code_read(&code, text(invitation, "code")), SKEYM_OK);
    assert_member(code.secret, sizeof code.secret, invitation, "secret");
    hex_member(own, 32, invitation, "node_private");
    hex_member(ephemeral, 32, invitation, "node_ephemeral_private");
    assert_int_equal(skeym_invite_start(&state, (struct skeym_room){sent, sizeof sent}, &sent_size,
                                        &code, own, number(vector, "time_ms"), ephemeral),
                     SKEYM_OK);
    assert_member(sent, sent_size, vector, "body");
    struct skeym_span answer = {bytes, hex_member(bytes, sizeof bytes, vector, "message_2")};
    assert_int_equal(skeym_invite_finish(&enrolled, &state, answer), SKEYM_OK);
    assert_int_equal(enrolled.server_ms, number(vector, "server_ms"));
    if (!enrolled.clock_only) {
        assert_member(enrolled.locator, enrolled.locator_size, vector, "locator");
        assert_member(enrolled.credential, 32, vector, "C_i");
        assert_member(enrolled.claims.public_key, 32, invitation, "node_public");
    }
    assert_int_equal(enrolled.clock_only, strcmp(text_member(vector, "kind"), "clock") == 0);
}

static void enrolment(void **unused)
{
    (void)unused;
    enrol("clock_is_off");
    enrol("granted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(login_usual),        cmocka_unit_test(login_after_rotation),
        cmocka_unit_test(login_clock_is_off), cmocka_unit_test(login_altered),
        cmocka_unit_test(login_weak),         cmocka_unit_test(exchange_keys),
        cmocka_unit_test(exchange_requests),  cmocka_unit_test(exchange_answers),
        cmocka_unit_test(enrolment),
    };
    return cmocka_run_group_tests(tests, load, forget);
}
