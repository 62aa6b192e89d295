/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authority on a crypto door that fails: each call of the door in each operation fails once.
 * The error is told, nothing is half done, and no secret stays behind.
 */
#include "unit/fake_door.h"

#include "authority/enrolment.h"
#include "authority/refusals.h"
#include "authority/uses.h"

#define NOW_MS (UINT64_C(1800000000) * 1000)

static struct {
    struct skeym_keyring keyring;
    struct skeym_keyring before;
    struct skeym_working_keys keys;
    struct skeym_node_claims claims;
    struct skeym_credentials node;
    struct skeym_revoked_entry entries[2];
    struct skeym_revoked revoked;
    struct skeym_login_random random;
    struct skeym_handshake state;
    uint8_t body[SKEYM_LOGIN_BYTES];
    size_t body_size;
    uint8_t out[SKEYM_LOGIN_ANSWER_BYTES];
    size_t size;
    struct skeym_login_report report;
    bool moved;
    struct skeym_invite_code code;
    struct skeym_invite_request request;
    struct skeym_use use;
} my;

static const struct skeym_room room = {my.out, sizeof my.out};

static void set_up(void)
{
    struct skeym_keyring_random random = {{1}, {2}, {3}};
    static const uint8_t nonce[SKEYM_NONCE_BYTES] = {9};
    static const uint8_t key[32] = {0x11};
    memset(&my, 0, sizeof my);
    door_own[0] = skeym_span(&my, sizeof my);
    door_reset(0);
    assert_int_equal(
        skeym_keyring_make(&my.keyring, NOW_MS, 3600, skeym_span_text("ward"), &random), SKEYM_OK);
    my.before = my.keyring;
    assert_int_equal(skeym_keyring_derive(&my.keys, &my.keyring), SKEYM_OK);
    my.claims = (struct skeym_node_claims){
        .generation = 2, .not_after = UINT32_MAX, .role = SKEYM_ROLE_DOCTOR, .scopes.count = 1};
    assert_int_equal(
        skeym_scope_parse(&my.claims.scopes.at[0], skeym_span_text("user/Observation.rs")),
        SKEYM_OK);
    assert_int_equal(skeym_name_node(&my.claims.id, skeym_span_text("dr-lee")), SKEYM_OK);
    assert_int_equal(skeym_crypto_x25519_public(my.claims.public_key, key), SKEYM_OK);
    assert_int_equal(skeym_enrolment_make(&my.node, &my.keys, &my.claims, nonce), SKEYM_OK);
    memcpy(my.node.private_key, key, sizeof key);
    my.entries[0].generation = 5;
    my.entries[0].id = my.claims.id;
    my.revoked.at = my.entries;
}

/* A login with the node's clock that many ms off. */
static void say_hello(uint64_t off_ms)
{
    static const uint8_t ephemeral[32] = {0x21};
    const struct skeym_login_wish wish = {.time_ms = NOW_MS - off_ms, .lanes = 2};
    set_up();
    assert_int_equal(skeym_login_start(&my.state, (struct skeym_room){my.body, sizeof my.body},
                                       &my.body_size, &my.node, &wish, ephemeral),
                     SKEYM_OK);
    memset(&my.random, 5, sizeof my.random);
}

static void hello(void)
{
    say_hello(0);
}

static void late_hello(void)
{
    say_hello(SKEYM_LOGIN_SKEW_MS + 1000);
}

static void list_written(void)
{
    set_up();
    my.revoked.count = 1;
    assert_int_equal(skeym_refusals_write(room, &my.size, &my.revoked, &my.keyring), SKEYM_OK);
}

static enum skeym_error do_derive(void)
{
    memset(&my.keys, 0xee, sizeof my.keys);
    enum skeym_error error = skeym_keyring_derive(&my.keys, &my.keyring);
    if (error) {
        assert_zero(&my.keys, sizeof my.keys);
    }
    return error;
}

static enum skeym_error do_advance(void)
{
    my.moved = true;
    enum skeym_error error =
        skeym_keyring_advance(&my.keyring, NOW_MS + UINT64_C(3) * 3600 * 1000, &my.moved);
    assert_int_equal(my.moved, error == SKEYM_OK);
    if (error) {
        assert_memory_equal(&my.keyring, &my.before, sizeof my.before);
    }
    return error;
}

static enum skeym_error do_make(void)
{
    static const uint8_t nonce[SKEYM_NONCE_BYTES] = {9};
    memset(&my.node, 0xee, sizeof my.node);
    enum skeym_error error = skeym_enrolment_make(&my.node, &my.keys, &my.claims, nonce);
    if (error) {
        assert_zero(&my.node, sizeof my.node);
    }
    return error;
}

static enum skeym_error do_write_list(void)
{
    my.size = 99;
    my.revoked.count = 1;
    enum skeym_error error = skeym_refusals_write(room, &my.size, &my.revoked, &my.keyring);
    assert_int_equal(my.size == 0, error != SKEYM_OK);
    return error;
}

static enum skeym_error do_read_list(void)
{
    size_t count = 99;
    enum skeym_error error =
        skeym_refusals_read(my.entries, 2, &count, skeym_span(my.out, my.size), &my.keyring);
    assert_int_equal(count, error == SKEYM_OK ? 1 : 0);
    return error;
}

static enum skeym_error do_login(void)
{
    const struct skeym_login_policy policy = {&my.keys, &my.revoked, 77, 30, 43200, 4};
    my.size = 99;
    enum skeym_error error = skeym_enrolment_login(
        room, &my.size, &my.report, &policy, skeym_span(my.body, my.body_size), NOW_MS, &my.random);
    assert_int_equal(my.size == 0, error != SKEYM_OK && error != SKEYM_ERR_CLOCK);
    assert_zero(&my.random, sizeof my.random);
    return error;
}

/* --- by invitation --- */

static enum skeym_error do_invite(void)
{
    static const uint8_t nonce[SKEYM_NONCE_BYTES] = {9};
    const struct skeym_invite_claims claims = {.expires_s = UINT32_MAX, .node = my.claims};
    memset(&my.code, 0xee, sizeof my.code);
    enum skeym_error error = skeym_enrolment_invite(&my.code, &my.keys, &claims, nonce);
    if (error) {
        assert_zero(&my.code, sizeof my.code);
    }
    return error;
}

static void invited(void)
{
    static const uint8_t key[32] = {0x11};
    static const uint8_t ephemeral[32] = {0x21};
    set_up();
    assert_int_equal(do_invite(), SKEYM_OK);
    assert_int_equal(skeym_invite_start(&my.state, (struct skeym_room){my.body, sizeof my.body},
                                        &my.body_size, &my.code, key, NOW_MS, ephemeral),
                     SKEYM_OK);
}

static enum skeym_error do_accept(void)
{
    memset(&my.request, 0xee, sizeof my.request);
    enum skeym_error error = skeym_enrolment_accept(&my.request, &my.keys, &my.revoked,
                                                    skeym_span(my.body, my.body_size), NOW_MS);
    if (error) {
        assert_zero(&my.request, sizeof my.request);
    }
    return error;
}

static enum skeym_error do_write_uses(void)
{
    my.size = 99;
    enum skeym_error error = skeym_uses_write(room, &my.size, &my.use, 1, &my.keyring);
    assert_int_equal(my.size == 0, error != SKEYM_OK);
    return error;
}

static void uses_written(void)
{
    set_up();
    assert_int_equal(do_write_uses(), SKEYM_OK);
}

static enum skeym_error do_read_uses(void)
{
    size_t count = 99;
    enum skeym_error error =
        skeym_uses_read(&my.use, 1, &count, skeym_span(my.out, my.size), &my.keyring);
    assert_int_equal(count, error == SKEYM_OK ? 1 : 0);
    return error;
}

static const struct operation {
    const char *name;
    void (*before)(void);
    enum skeym_error (*run)(void);
    enum skeym_error result; /* when nothing fails */
    unsigned steps;          /* calls that can fail */
    unsigned hidden;         /* of them: the first, whose failure reads as one of the locator */
    size_t public_parts;     /* that the door gave and that are no secrets */
} operations[] = {
    {"derive", set_up, do_derive, SKEYM_OK, 10, 0, 0},
    {"advance", set_up, do_advance, SKEYM_OK, 3, 0, 0},
    {"make", set_up, do_make, SKEYM_OK, 4, 0, 0},
    {"write a list", set_up, do_write_list, SKEYM_OK, 1, 0, 0},
    {"read a list", list_written, do_read_list, SKEYM_OK, 1, 0, 0},
    {"login", hello, do_login, SKEYM_OK, 28, 3, 3},
    {"clock", late_hello, do_login, SKEYM_ERR_CLOCK, 19, 3, 3},
    {"invite", set_up, do_invite, SKEYM_OK, 4, 0, 0},
    {"accept", invited, do_accept, SKEYM_OK, 13, 3, 3},
    {"write uses", set_up, do_write_uses, SKEYM_OK, 1, 0, 0},
    {"read uses", uses_written, do_read_uses, SKEYM_OK, 1, 0, 0},
};

static void each_call_of_the_door_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const struct operation *operation = &operations[i];
        for (unsigned fail_at = 0; fail_at <= operation->steps; fail_at++) {
            operation->before();
            door_reset(fail_at);
            enum skeym_error error = operation->run();
            assert_int_equal(error, fail_at == 0                   ? operation->result
                                    : fail_at <= operation->hidden ? SKEYM_ERR_LOCATOR
                                                                   : SKEYM_ERR_CRYPTO);
            assert_true(fail_at > 0 || door.calls == operation->steps);
            assert_true(door_left() <= operation->public_parts);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_of_the_door_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
