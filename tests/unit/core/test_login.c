/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/login_fixture.h"

/* --- what a login brings ------------------------------------------------------------- */

static void check_lane(uint8_t lane)
{
    struct skeym_token_claims claims;
    uint64_t id;
    struct skeym_span token = {f.grant.lane[lane].token, f.grant.lane[lane].token_size};
    assert_int_equal(skeym_token_open(&claims, &id, &f.audience, token, NOW_MS), SKEYM_OK);
    assert_memory_equal(claims.secret, f.grant.lane[lane].secret, 32);
    assert_true(claims.issued_ms == NOW_MS);
    assert_int_equal(claims.lifetime_s, LIFETIME_S);
    assert_int_equal(claims.login_s, NOW_MS / 1000);
    assert_int_equal(claims.deadline_s, DEADLINE_S);
    assert_int_equal(claims.lane, lane);
    assert_int_equal(claims.sequence, 0);
    assert_int_equal(claims.flags, 0);
    assert_int_equal(claims.instance, INSTANCE);
    assert_int_equal(claims.generation, 7);
    assert_int_equal(claims.role, SKEYM_ROLE_DEVICE);
    assert_true(skeym_span_is(skeym_name_span(&claims.id), "pump-7"));
    assert_memory_equal(&claims.scopes, &f.terms.scopes, sizeof claims.scopes);
    for (uint8_t other = 0; other < lane; other++) {
        assert_memory_not_equal(f.grant.lane[other].secret, f.grant.lane[lane].secret, 32);
    }
}

static void check_grant(uint8_t lanes)
{
    assert_false(f.grant.clock_only);
    assert_true(f.grant.server_ms == NOW_MS);
    assert_int_equal(f.grant.lifetime_s, LIFETIME_S);
    assert_int_equal(f.grant.deadline_s, DEADLINE_S);
    assert_int_equal(f.grant.lanes, lanes);
    for (uint8_t lane = 0; lane < lanes; lane++) {
        check_lane(lane);
    }
    for (size_t lane = lanes; lane < SKEYM_LANES_MAX; lane++) {
        assert_zero(&f.grant.lane[lane], sizeof f.grant.lane[lane]);
    }
}

static void round_trip(void **state)
{
    static const uint8_t lanes[] = {1, 2, 16};
    for (size_t i = 0; i < sizeof lanes; i++) {
        start(state);
        f.wish.lanes = f.terms.lanes = lanes[i];
        log_in();
        check_grant(lanes[i]);
        assert_false(f.grant.renewed);
        assert_zero(f.grant.credential, 32);
    }
}

static void fewer_lanes_than_wanted(void **state)
{
    (void)state;
    f.wish.lanes = 16;
    f.terms.lanes = 3;
    log_in();
    check_grant(3);
}

static void request_is_read(void **state)
{
    (void)state;
    f.wish.lanes = 16;
    f.wish.scopes.count = 1;
    f.wish.scopes.at[0] = scope_of("patient/p1/Observation.r");
    ask();
    assert_int_equal(read_body(), SKEYM_OK);
    assert_memory_equal(&f.request.claims, &f.claims, sizeof f.claims);
    assert_int_equal(f.request.enrol_id, 101);
    assert_true(f.request.time_ms == NOW_MS - 5);
    assert_int_equal(f.request.lanes, 16);
    assert_true(skeym_span_is(skeym_name_span(&f.request.audience), "ward"));
    assert_memory_equal(&f.request.scopes, &f.wish.scopes, sizeof f.wish.scopes);
    assert_zero(f.request.state.static_key, 32); /* the authority's identity */
}

/* The layout of section 6, byte by byte, as far as it is in the open. */
static void body_layout(void **state)
{
    (void)state;
    uint8_t e[32];
    ask();
    size_t locator = f.credentials.locator_size;
    assert_int_equal(f.body[0], 1);
    assert_int_equal(f.body[1] << 8 | f.body[2], locator);
    assert_memory_equal(f.body + 3, f.credentials.locator, locator);
    assert_int_equal(skeym_crypto_x25519_public(e, node_ephemeral), SKEYM_OK);
    assert_memory_equal(f.body + 3 + locator, e, 32);
    size_t payload = 6 + 1 + 4 + 1 + 1 + 1;
    assert_int_equal(f.body_size, 3 + locator + 32 + 48 + payload + 16);
}

static void largest_login(void **state)
{
    (void)state;
    f.claims.id.size = 32;
    memset(f.claims.id.text, 'n', 32);
    f.credentials.audience.size = 32;
    memset(f.credentials.audience.text, 'a', 32);
    f.claims.scopes.count = 8;
    for (size_t i = 0; i < 8; i++) {
        f.claims.scopes.at[i] = (struct skeym_scope){1, 2, 31, 64, {0}};
        memset(f.claims.scopes.at[i].patient, 'p', 64);
    }
    f.terms.scopes = f.wish.scopes = f.claims.scopes;
    f.terms.lanes = f.wish.lanes = 16;
    enrol_under(&f.enrol[0]);
    log_in();
    assert_int_equal(f.credentials.locator_size, SKEYM_LOCATOR_BYTES);
    assert_int_equal(f.grant.lanes, 16);
    assert_int_equal(f.grant.lane[15].token_size, SKEYM_TOKEN_BYTES);
    assert_true(f.grant.renewed);
    assert_true(f.body_size <= SKEYM_LOGIN_BYTES);
}

/* The fresh locator: same claims, another nonce; the next login uses it. */
static void fresh_locator(void **state)
{
    (void)state;
    struct skeym_node_claims claims;
    log_in();
    struct skeym_span locator = {f.grant.locator, f.grant.locator_size};
    assert_int_equal(skeym_locator_open(&claims, &f.enrol[1], locator), SKEYM_OK);
    assert_memory_equal(&claims, &f.claims, sizeof claims);
    assert_memory_not_equal(f.grant.locator + 5, f.credentials.locator + 5, 24);
    memcpy(f.credentials.locator, f.grant.locator, f.grant.locator_size);
    refresh(0x98);
    log_in();
    check_grant(2);
}

/* Enrolled under a key that is no longer the current one: both come anew, and belong together. */
static void renewed_credential(void **state)
{
    (void)state;
    struct skeym_node_claims claims;
    uint8_t want[32];
    enrol_under(&f.enrol[0]);
    log_in();
    check_grant(2);
    assert_true(f.grant.renewed);
    assert_int_equal(skeym_credential(want, &f.enrol[1], &f.claims), SKEYM_OK);
    assert_memory_equal(f.grant.credential, want, 32);
    struct skeym_span locator = {f.grant.locator, f.grant.locator_size};
    assert_int_equal(skeym_locator_open(&claims, &f.enrol[1], locator), SKEYM_OK);
    f.credentials.locator_size = f.grant.locator_size;
    memcpy(f.credentials.locator, f.grant.locator, f.grant.locator_size);
    memcpy(f.credentials.credential, f.grant.credential, 32);
    refresh(0x98);
    log_in();
    check_grant(2);
    assert_false(f.grant.renewed);
}

static void clock_answer(void **state)
{
    (void)state;
    static const uint8_t ephemeral[32] = {0x44};
    struct skeym_room room = {f.answer, sizeof f.answer};
    ask();
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(
        skeym_login_answer_clock(room, &f.answer_size, &f.request, NOW_MS + 1, ephemeral),
        SKEYM_OK);
    assert_zero(&f.request, sizeof f.request);
    assert_int_equal(f.answer_size, 32 + 7 + 16);
    assert_int_equal(finish(), SKEYM_OK);
    assert_true(f.grant.clock_only);
    assert_true(f.grant.server_ms == NOW_MS + 1);
    f.grant.clock_only = false;
    f.grant.server_ms = 0;
    assert_zero(&f.grant, sizeof f.grant);
}

static void all_is_wiped(void **state)
{
    (void)state;
    ask();
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(answer(), SKEYM_OK);
    assert_zero(&f.request, sizeof f.request);
    assert_zero(&f.fresh, sizeof f.fresh);
    assert_int_equal(finish(), SKEYM_OK);
    assert_zero(&f.node, sizeof f.node);
}

/* --- who does not get in ------------------------------------------------------------------ */

static void refused(enum skeym_error error)
{
    assert_int_equal(read_body(), error);
    assert_zero(&f.request, sizeof f.request);
}

static void wrong_credential_alone(void **state)
{
    (void)state;
    f.credentials.credential[31] ^= 1;
    ask();
    refused(SKEYM_ERR_HANDSHAKE);
}

static void wrong_private_key_alone(void **state)
{
    (void)state;
    f.credentials.private_key[1] ^= 1;
    ask();
    refused(SKEYM_ERR_HANDSHAKE);
}

static void wrong_authority(void **state)
{
    (void)state;
    static const uint8_t another[32] = {0x60};
    assert_int_equal(skeym_crypto_x25519_public(f.credentials.authority, another), SKEYM_OK);
    ask();
    refused(SKEYM_ERR_HANDSHAKE);
}

/* Another node's locator in place of one's own, with one's own keys; or with that node's C_i. */
static void locator_of_another(void **state)
{
    (void)state;
    uint8_t own[32];
    memcpy(own, f.credentials.credential, 32);
    f.claims.public_key[0] ^= 1;
    enrol_under(&f.enrol[1]);
    ask();
    refused(SKEYM_ERR_HANDSHAKE);
    memcpy(f.credentials.credential, own, 32);
    ask();
    refused(SKEYM_ERR_HANDSHAKE);
}

static void unknown_enrol_key(void **state)
{
    (void)state;
    ask();
    f.enrol[1].id = 102;
    refused(SKEYM_ERR_LOCATOR);
    f.keys.enrol_count = 1;
    refused(SKEYM_ERR_LOCATOR);
}

/* The prologue binds the locator: an old one of the same claims cannot be put in its place. */
static void locator_swapped(void **state)
{
    (void)state;
    static const uint8_t nonce[SKEYM_NONCE_BYTES] = {0x78};
    size_t size;
    ask();
    struct skeym_room room = {f.body + 3, f.credentials.locator_size};
    assert_int_equal(skeym_locator_seal(room, &size, &f.enrol[1], &f.claims, nonce), SKEYM_OK);
    assert_int_equal(size, f.credentials.locator_size);
    refused(SKEYM_ERR_HANDSHAKE);
}

static enum skeym_error expected_of_altered(size_t at)
{
    if (at == 0) {
        return SKEYM_ERR_VERSION;
    }
    return at < 3 + f.credentials.locator_size ? SKEYM_ERR_LOCATOR : SKEYM_ERR_HANDSHAKE;
}

static void message_1_altered(void **state)
{
    (void)state;
    ask();
    for (size_t at = 0; at < f.body_size; at++) {
        f.body[at] ^= 0x10;
        enum skeym_error want = expected_of_altered(at);
        if (at == 1 || at == 2) { /* the locator's size: 4096 or 16 bytes away */
            want = at == 1 ? SKEYM_ERR_SIZE : read_body();
            assert_true(want == SKEYM_ERR_SIZE || want == SKEYM_ERR_LOCATOR);
        }
        refused(want);
        f.body[at] ^= 0x10;
    }
    assert_int_equal(read_body(), SKEYM_OK);
}

/* The highest bit of e is not part of the point (RFC 7748), but of what is hashed. */
static void message_1_ephemeral_twin(void **state)
{
    (void)state;
    ask();
    f.body[3 + f.credentials.locator_size + 31] ^= 0x80;
    refused(SKEYM_ERR_HANDSHAKE);
}

static void message_1_cut(void **state)
{
    (void)state;
    ask();
    size_t whole = f.body_size;
    size_t least = 3 + f.credentials.locator_size + 80 + 11 + 16;
    for (f.body_size = 0; f.body_size < whole; f.body_size++) {
        refused(f.body_size < least ? SKEYM_ERR_SIZE : SKEYM_ERR_HANDSHAKE);
    }
    f.body_size = whole + 1;
    refused(SKEYM_ERR_HANDSHAKE);
    f.body_size = SKEYM_LOGIN_BYTES;
    refused(SKEYM_ERR_SIZE); /* no payload is as long */
    static uint8_t larger[SKEYM_LOGIN_BYTES + 1];
    f.body[1] = 3900 >> 8; /* a locator of 3900 bytes: all else fits */
    f.body[2] = 3900 & 0xff;
    refused(SKEYM_ERR_LOCATOR);
    memcpy(larger, f.body, SKEYM_LOGIN_BYTES);
    memset(&f.request, 0xee, sizeof f.request);
    assert_int_equal(skeym_login_read(&f.request, &f.keys, skeym_span(larger, sizeof larger)),
                     SKEYM_ERR_SIZE);
    assert_zero(&f.request, sizeof f.request);
}

static void not_finished(enum skeym_error error)
{
    assert_int_equal(finish(), error);
    assert_zero(&f.grant, sizeof f.grant);
    assert_zero(&f.node, sizeof f.node);
}

static void message_2_altered(void **state)
{
    (void)state;
    ask();
    const struct skeym_handshake before = f.node;
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(answer(), SKEYM_OK);
    for (size_t at = 0; at < f.answer_size; at++) {
        f.node = before;
        f.answer[at] ^= 0x10;
        not_finished(SKEYM_ERR_HANDSHAKE);
        f.answer[at] ^= 0x10;
    }
    f.node = before;
    assert_int_equal(finish(), SKEYM_OK);
}

static void message_2_cut(void **state)
{
    (void)state;
    ask();
    const struct skeym_handshake before = f.node;
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(answer(), SKEYM_OK);
    size_t whole = f.answer_size;
    for (f.answer_size = 0; f.answer_size <= whole + 1; f.answer_size++) {
        f.node = before;
        if (f.answer_size != whole) {
            not_finished(f.answer_size < 48 ? SKEYM_ERR_TRUNCATED : SKEYM_ERR_HANDSHAKE);
        }
    }
    static uint8_t larger[SKEYM_LOGIN_ANSWER_BYTES + 1];
    f.node = before;
    assert_int_equal(skeym_login_finish(&f.grant, &f.node, skeym_span(larger, sizeof larger)),
                     SKEYM_ERR_SHAPE);
    assert_zero(&f.node, sizeof f.node);
}

/* A recorded message 1 is answered again, but only who made its e can read the answer, and the
 * secrets are others. */
static void replay(void **state)
{
    (void)state;
    uint8_t first[SKEYM_LANES_MAX][32];
    ask();
    const struct skeym_handshake node = f.node;
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(answer(), SKEYM_OK);
    assert_int_equal(finish(), SKEYM_OK);
    for (size_t lane = 0; lane < 2; lane++) {
        memcpy(first[lane], f.grant.lane[lane].secret, 32);
    }
    refresh(0x97);
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(answer(), SKEYM_OK);
    f.node = node;
    f.node.ephemeral_key[0] ^= 8; /* all that a thief of the device knows, but for e */
    not_finished(SKEYM_ERR_HANDSHAKE);
    f.node = node;
    f.node.static_key[0] ^= 8;
    not_finished(SKEYM_ERR_HANDSHAKE);
    f.node = node;
    assert_int_equal(finish(), SKEYM_OK);
    for (size_t lane = 0; lane < 2; lane++) {
        assert_memory_not_equal(first[lane], f.grant.lane[lane].secret, 32);
    }
    not_finished(SKEYM_ERR_HANDSHAKE); /* the state is gone: no answer is taken twice */
}

/* A node's own message sent back to it, and the authority's to it. */
static void reflection(void **state)
{
    (void)state;
    ask();
    const struct skeym_handshake before = f.node;
    size_t at = 3 + f.credentials.locator_size;
    f.answer_size = f.body_size - at;
    memcpy(f.answer, f.body + at, f.answer_size);
    not_finished(SKEYM_ERR_HANDSHAKE);
    f.node = before;
    assert_int_equal(read_body(), SKEYM_OK);
    f.terms.lanes = 1;
    assert_int_equal(answer(), SKEYM_OK);
    memcpy(f.body + at, f.answer, f.answer_size);
    f.body_size = at + f.answer_size;
    refused(SKEYM_ERR_HANDSHAKE);
}

/* --- wrong use ----------------------------------------------------------------------------- */

static void assert_untouched(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(bytes[i], 0xee);
    }
}

static void check_start(enum skeym_error error, size_t room)
{
    memset(&f.node, 0xee, sizeof f.node);
    memset(f.body, 0xee, sizeof f.body);
    f.body_size = 99;
    assert_int_equal(skeym_login_start(&f.node, (struct skeym_room){f.body, room}, &f.body_size,
                                       &f.credentials, &f.wish, node_ephemeral),
                     error);
    assert_zero(&f.node, sizeof f.node);
    assert_zero(f.body, room);
    assert_untouched(f.body + room, sizeof f.body - room);
    assert_int_equal(f.body_size, 0);
}

static void start_refused(void **state)
{
    ask();
    size_t need = f.body_size;
    for (size_t room = 0; room < need; room++) {
        check_start(SKEYM_ERR_SPACE, room);
    }
    f.credentials.locator_size = SKEYM_LOCATOR_BYTES; /* itself larger than what comes after it */
    need += SKEYM_LOCATOR_BYTES - 109;
    for (size_t room = 600; room < need; room++) {
        check_start(SKEYM_ERR_SPACE, room);
    }
    for (size_t room = 100; room < 600; room += 50) {
        check_start(SKEYM_ERR_SPACE, room);
    }
    start(state);
    f.wish.lanes = 0;
    check_start(SKEYM_ERR_RANGE, 1000);
    f.wish.lanes = 17;
    check_start(SKEYM_ERR_RANGE, 1000);
    start(state);
    f.wish.time_ms = UINT64_C(1) << 48;
    check_start(SKEYM_ERR_RANGE, 1000);
    start(state);
    f.wish.scopes.count = 9;
    check_start(SKEYM_ERR_RANGE, 1000);
    start(state);
    f.credentials.audience.size = 0;
    check_start(SKEYM_ERR_RANGE, 1000);
    start(state);
    f.credentials.locator_size = SKEYM_LOCATOR_BYTES + 1;
    check_start(SKEYM_ERR_RANGE, 2000);
    f.credentials.locator_size = 45;
    check_start(SKEYM_ERR_RANGE, 1000);
    f.credentials.locator_size = 46; /* the least there is */
    ask();
    start(state);
    memset(f.credentials.authority, 0, 32);
    check_start(SKEYM_ERR_WEAK, 1000);
}

static void check_answer(enum skeym_error error, size_t room)
{
    refresh(0x99);
    assert_int_equal(read_body(), SKEYM_OK);
    memset(f.answer, 0xee, sizeof f.answer);
    f.answer_size = 99;
    assert_int_equal(skeym_login_answer((struct skeym_room){f.answer, room}, &f.answer_size,
                                        &f.request, &f.terms, &f.fresh),
                     error);
    assert_zero(f.answer, room);
    assert_untouched(f.answer + room, sizeof f.answer - room);
    assert_zero(&f.request, sizeof f.request);
    assert_zero(&f.fresh, sizeof f.fresh);
    assert_int_equal(f.answer_size, 0);
}

static void answer_refused(void **state)
{
    (void)state;
    const struct skeym_login_terms good = f.terms;
    log_in();
    size_t need = f.answer_size;
    for (size_t room = 0; room < need; room += room < 60 ? 1 : 13) {
        check_answer(SKEYM_ERR_SPACE, room);
    }
    check_answer(SKEYM_ERR_SPACE, need - 1);
    f.terms.lanes = 3; /* two were wanted */
    check_answer(SKEYM_ERR_RANGE, need);
    f.terms.lanes = 0;
    check_answer(SKEYM_ERR_RANGE, need);
    f.terms = good;
    f.terms.lifetime_s = 0;
    check_answer(SKEYM_ERR_RANGE, need);
    f.terms.lifetime_s = 60;
    check_answer(SKEYM_ERR_RANGE, need);
    f.terms = good;
    f.terms.server_ms = UINT64_C(1000) << 32;
    check_answer(SKEYM_ERR_RANGE, need);
    f.terms = good;
    f.terms.scopes.at[0].actions = 0;
    check_answer(SKEYM_ERR_RANGE, need);
}

static void clock_answer_refused(void **state)
{
    (void)state;
    static const uint8_t ephemeral[32] = {0x44};
    ask();
    for (size_t room = 0; room < 55; room++) {
        assert_int_equal(read_body(), SKEYM_OK);
        memset(f.answer, 0xee, sizeof f.answer);
        f.answer_size = 99;
        assert_int_equal(skeym_login_answer_clock((struct skeym_room){f.answer, room},
                                                  &f.answer_size, &f.request, NOW_MS, ephemeral),
                         SKEYM_ERR_SPACE);
        assert_zero(&f.request, sizeof f.request);
        assert_zero(f.answer, room);
        assert_untouched(f.answer + room, sizeof f.answer - room);
        assert_int_equal(f.answer_size, 0);
    }
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(skeym_login_answer_clock((struct skeym_room){f.answer, 55}, &f.answer_size,
                                              &f.request, UINT64_C(1) << 48, ephemeral),
                     SKEYM_ERR_RANGE);
    assert_zero(&f.request, sizeof f.request);
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(skeym_login_answer_clock((struct skeym_room){f.answer, 55}, &f.answer_size,
                                              &f.request, (UINT64_C(1) << 48) - 1, ephemeral),
                     SKEYM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(round_trip, start),
        cmocka_unit_test_setup(fewer_lanes_than_wanted, start),
        cmocka_unit_test_setup(request_is_read, start),
        cmocka_unit_test_setup(body_layout, start),
        cmocka_unit_test_setup(largest_login, start),
        cmocka_unit_test_setup(fresh_locator, start),
        cmocka_unit_test_setup(renewed_credential, start),
        cmocka_unit_test_setup(clock_answer, start),
        cmocka_unit_test_setup(all_is_wiped, start),
        cmocka_unit_test_setup(wrong_credential_alone, start),
        cmocka_unit_test_setup(wrong_private_key_alone, start),
        cmocka_unit_test_setup(wrong_authority, start),
        cmocka_unit_test_setup(locator_of_another, start),
        cmocka_unit_test_setup(unknown_enrol_key, start),
        cmocka_unit_test_setup(locator_swapped, start),
        cmocka_unit_test_setup(message_1_altered, start),
        cmocka_unit_test_setup(message_1_ephemeral_twin, start),
        cmocka_unit_test_setup(message_1_cut, start),
        cmocka_unit_test_setup(message_2_altered, start),
        cmocka_unit_test_setup(message_2_cut, start),
        cmocka_unit_test_setup(replay, start),
        cmocka_unit_test_setup(reflection, start),
        cmocka_unit_test_setup(start_refused, start),
        cmocka_unit_test_setup(answer_refused, start),
        cmocka_unit_test_setup(clock_answer_refused, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
