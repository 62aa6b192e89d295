/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sealed.h"
#include "unit/core/invite_fixture.h"

static struct skeym_span invitation(void)
{
    return skeym_span(f.code.invitation, f.code.invitation_size);
}

/* --- the invitation -------------------------------------------------------------------- */

static void layout(void **state)
{
    (void)state;
    struct skeym_invite_claims claims;
    assert_int_equal(f.code.invitation_size, 1 + 4 + 24 + 32 + 16);
    assert_hex(f.code.invitation, 5, "0100000064");
    assert_memory_equal(f.code.invitation + 5, nonce, sizeof nonce);
    assert_int_equal(skeym_invite_open(&claims, &f.enrol[0], invitation()), SKEYM_OK);
    assert_memory_equal(&claims, &f.claims, sizeof claims);
}

static void opens_under_its_own_key_alone(void **state)
{
    (void)state;
    struct skeym_invite_claims claims;
    struct skeym_enrol_keys other = f.enrol[1];
    other.id = f.enrol[0].id;
    assert_int_equal(skeym_invite_open(&claims, &other, invitation()), SKEYM_ERR_LOCATOR);
    assert_zero(&claims, sizeof claims);
    other = f.enrol[0];
    other.id++; /* the right key, of another id */
    assert_int_equal(skeym_invite_open(&claims, &other, invitation()), SKEYM_ERR_LOCATOR);
    assert_zero(&claims, sizeof claims);
    f.code.invitation[0] = 2;
    assert_int_equal(skeym_invite_open(&claims, &f.enrol[0], invitation()), SKEYM_ERR_VERSION);
    f.code.invitation[0] = 1;
    for (size_t i = 1; i < f.code.invitation_size; i++) {
        f.code.invitation[i] ^= 0x20;
        assert_int_equal(skeym_invite_open(&claims, &f.enrol[0], invitation()), SKEYM_ERR_LOCATOR);
        assert_zero(&claims, sizeof claims);
        f.code.invitation[i] ^= 0x20;
    }
}

/* Sizes that no invitation has are told apart from what does not open. */
static void sizes(void **state)
{
    (void)state;
    static const uint8_t bytes[SKEYM_INVITE_BYTES + 1] = {1};
    static const struct {
        size_t size;
        enum skeym_error error;
    } tries[] = {{29 + 16 + 15, SKEYM_ERR_SIZE},
                 {29 + 16 + 16, SKEYM_ERR_LOCATOR},
                 {SKEYM_INVITE_BYTES, SKEYM_ERR_LOCATOR},
                 {SKEYM_INVITE_BYTES + 1, SKEYM_ERR_SIZE}};
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        struct skeym_invite_claims claims;
        assert_int_equal(skeym_invite_open(&claims, &f.enrol[0], skeym_span(bytes, tries[i].size)),
                         tries[i].error);
    }
}

/* The least there is, under a key that is no longer the current one: 16 bytes of claims. */
static void the_smallest(void **state)
{
    (void)state;
    f.claims.node.scopes.count = 0;
    memset(&f.claims.node.scopes.at[0], 0, sizeof f.claims.node.scopes.at[0]);
    assert_int_equal(skeym_name_node(&f.claims.node.id, skeym_span_text("t")), SKEYM_OK);
    invite_under(&f.enrol[0]);
    assert_int_equal(f.code.invitation_size, 29 + 16 + 16);
    enrol();
    assert_int_equal(f.grant.claims.id.size, 1);
}

/* The same enrol key, and neither opens as the other. */
static void neither_is_the_other(void **state)
{
    (void)state;
    uint8_t locator[SKEYM_LOCATOR_BYTES];
    size_t size = 0;
    struct skeym_invite_claims claims;
    struct skeym_node_claims node = f.claims.node;
    memcpy(node.public_key, f.public_key, 32);
    assert_int_equal(skeym_locator_seal((struct skeym_room){locator, sizeof locator}, &size,
                                        &f.enrol[0], &node, nonce),
                     SKEYM_OK);
    assert_int_equal(skeym_invite_open(&claims, &f.enrol[0], skeym_span(locator, size)),
                     SKEYM_ERR_LOCATOR);
    /* of a size that a locator can have, too */
    f.claims.node.scopes.count = 8;
    for (size_t i = 1; i < 8; i++) {
        f.claims.node.scopes.at[i] = f.claims.node.scopes.at[0];
    }
    invite_under(&f.enrol[0]);
    assert_int_equal(skeym_locator_open(&node, &f.enrol[0], invitation()), SKEYM_ERR_LOCATOR);
    assert_memory_not_equal(f.enrol[0].invite, f.enrol[0].seal, 32);
    assert_memory_not_equal(f.enrol[0].once, f.enrol[0].credential, 32);
}

static void unspelled_is_not_sealed(void **state)
{
    (void)state;
    uint8_t out[SKEYM_INVITE_BYTES];
    const struct skeym_invite_claims good = f.claims;
    size_t size = 9;
    struct skeym_room room = {out, sizeof out};
    f.claims.expires_s = 0;
    assert_int_equal(skeym_invite_seal(room, &size, f.enrol, &f.claims, nonce), SKEYM_ERR_RANGE);
    f.claims = good;
    f.claims.node.generation = 0;
    assert_int_equal(skeym_invite_seal(room, &size, f.enrol, &f.claims, nonce), SKEYM_ERR_RANGE);
    f.claims = good;
    f.claims.node.not_after = 0;
    assert_int_equal(skeym_invite_seal(room, &size, f.enrol, &f.claims, nonce), SKEYM_ERR_RANGE);
    f.claims = good;
    f.claims.node.role = 6;
    assert_int_equal(skeym_invite_seal(room, &size, f.enrol, &f.claims, nonce), SKEYM_ERR_RANGE);
    assert_int_equal(size, 0);
    assert_zero(out, sizeof out);
    room.room = 76;
    assert_int_equal(skeym_invite_seal(room, &size, f.enrol, &good, nonce), SKEYM_ERR_SPACE);
    room.room = 28;
    assert_int_equal(skeym_invite_seal(room, &size, f.enrol, &good, nonce), SKEYM_ERR_SPACE);
    room.room = 77;
    assert_int_equal(skeym_invite_seal(room, &size, f.enrol, &good, nonce), SKEYM_OK);
    const struct skeym_sealed sort = {1, f.enrol[0].invite, 16, 592};
    room.room = 60;
    assert_int_equal(skeym_sealed_write(room, &size, &sort, nonce, skeym_span(out, 16)),
                     SKEYM_ERR_SPACE);
    assert_int_equal(size, 0);
}

static void the_largest_has_637_bytes(void **state)
{
    (void)state;
    struct skeym_invite_claims claims;
    struct skeym_scope *at = f.claims.node.scopes.at;
    assert_int_equal(
        skeym_name_node(&f.claims.node.id, skeym_span_text("abcdefghijklmnopqrstuvwxyz012345")),
        SKEYM_OK);
    assert_int_equal(skeym_scope_parse(&at[0], skeym_span_text("patient/ppppppppppppppppppppppppppp"
                                                               "ppppppppppppppppppppppppppppppppppp"
                                                               "pp/*.r")),
                     SKEYM_OK);
    f.claims.node.scopes.count = 8;
    for (size_t i = 1; i < 8; i++) {
        at[i] = at[0];
    }
    invite_under(&f.enrol[0]);
    assert_int_equal(f.code.invitation_size, 637);
    assert_int_equal(SKEYM_INVITE_BYTES, 637);
    assert_int_equal(skeym_invite_open(&claims, &f.enrol[0], invitation()), SKEYM_OK);
    enrol();
    assert_int_equal(f.grant.claims.scopes.count, 8);
}

static void each_has_a_secret_of_its_own(void **state)
{
    (void)state;
    uint8_t secret[SKEYM_INVITE_SECRET_BYTES];
    f.code.invitation[f.code.invitation_size - 1] ^= 1;
    assert_int_equal(skeym_invite_secret(secret, &f.enrol[0], invitation()), SKEYM_OK);
    assert_memory_not_equal(secret, f.code.secret, sizeof secret);
    f.code.invitation[f.code.invitation_size - 1] ^= 1;
    assert_int_equal(skeym_invite_secret(secret, &f.enrol[1], invitation()), SKEYM_OK);
    assert_memory_not_equal(secret, f.code.secret, sizeof secret);
    assert_int_equal(skeym_invite_secret(secret, &f.enrol[0], invitation()), SKEYM_OK);
    assert_memory_equal(secret, f.code.secret, sizeof secret);
}

/* --- an enrolment ------------------------------------------------------------------------ */

static void enrols(void **state)
{
    (void)state;
    uint8_t credential[32];
    struct skeym_node_claims located;
    ask();
    assert_int_equal(f.body_size, 3 + f.code.invitation_size + 80 + 6 + 16);
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(f.request.time_ms, NOW_MS - 5);
    assert_int_equal(f.request.expires_s, f.claims.expires_s);
    assert_memory_equal(f.request.id, nonce, 16);
    assert_memory_equal(f.request.claims.public_key, f.public_key, 32);
    assert_int_equal(answer(), SKEYM_OK);
    assert_zero(&f.request, sizeof f.request);
    assert_zero(&f.fresh, sizeof f.fresh);
    assert_int_equal(finish(), SKEYM_OK);
    assert_zero(&f.node, sizeof f.node);
    assert_false(f.grant.clock_only);
    assert_int_equal(f.grant.server_ms, NOW_MS);
    /* under the current enrol key, though the invitation was under the old one */
    memcpy(f.claims.node.public_key, f.public_key, 32);
    assert_memory_equal(&f.grant.claims, &f.claims.node, sizeof f.claims.node);
    assert_int_equal(skeym_locator_open(&located, &f.enrol[1],
                                        skeym_span(f.grant.locator, f.grant.locator_size)),
                     SKEYM_OK);
    assert_memory_equal(&located, &f.claims.node, sizeof located);
    assert_int_equal(skeym_credential(credential, &f.enrol[1], &f.claims.node), SKEYM_OK);
    assert_memory_equal(credential, f.grant.credential, 32);
}

static void what_came_of_it_logs_in(void **state)
{
    (void)state;
    struct skeym_credentials with = {.audience = f.code.audience};
    struct skeym_login_wish wish = {.time_ms = NOW_MS, .lanes = 1};
    struct skeym_handshake node;
    struct skeym_login_request request;
    uint8_t body[SKEYM_LOGIN_BYTES];
    size_t size = 0;
    enrol();
    memcpy(with.private_key, f.private_key, 32);
    memcpy(with.credential, f.grant.credential, 32);
    memcpy(with.authority, f.code.authority, 32);
    memcpy(with.locator, f.grant.locator, f.grant.locator_size);
    with.locator_size = f.grant.locator_size;
    assert_int_equal(skeym_login_start(&node, (struct skeym_room){body, sizeof body}, &size, &with,
                                       &wish, node_ephemeral),
                     SKEYM_OK);
    assert_int_equal(skeym_login_read(&request, &f.keys, skeym_span(body, size)), SKEYM_OK);
    assert_memory_equal(&request.claims, &f.grant.claims, sizeof request.claims);
}

/* The same message 1 is answered twice, with keys of its own each time and the same C_i. */
static void the_same_again(void **state)
{
    (void)state;
    uint8_t first[SKEYM_INVITE_ANSWER_BYTES];
    enrol();
    const struct skeym_invite_grant before = f.grant;
    memcpy(first, f.answer, f.answer_size);
    ask();
    assert_int_equal(read_body(), SKEYM_OK);
    memset(&f.fresh, 0x98, sizeof f.fresh);
    assert_int_equal(answer(), SKEYM_OK);
    assert_memory_not_equal(first, f.answer, 32);
    assert_int_equal(finish(), SKEYM_OK);
    assert_memory_equal(before.credential, f.grant.credential, 32);
    assert_memory_not_equal(before.locator, f.grant.locator, f.grant.locator_size);
}

static void tells_the_time(void **state)
{
    (void)state;
    struct skeym_room room = {f.answer, sizeof f.answer};
    ask();
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(skeym_invite_answer_clock(room, &f.answer_size, &f.request, NOW_MS, &f.fresh),
                     SKEYM_OK);
    assert_int_equal(f.answer_size, 32 + 1 + 6 + 16);
    assert_zero(&f.request, sizeof f.request);
    assert_zero(&f.fresh, sizeof f.fresh);
    assert_int_equal(finish(), SKEYM_OK);
    assert_true(f.grant.clock_only);
    assert_int_equal(f.grant.server_ms, NOW_MS);
    assert_zero(&f.grant.claims, sizeof f.grant.claims);
}

static void bounds(void **state)
{
    (void)state;
    struct skeym_room room = {f.body, sizeof f.body};
    const struct skeym_invite_code good = f.code;
    assert_int_equal(skeym_invite_start(&f.node, room, &f.body_size, &f.code, f.private_key,
                                        (UINT64_C(1) << 48) - 1, node_ephemeral),
                     SKEYM_OK);
    f.body_size = 99;
    assert_int_equal(skeym_invite_start(&f.node, room, &f.body_size, &f.code, f.private_key,
                                        UINT64_C(1) << 48, node_ephemeral),
                     SKEYM_ERR_RANGE);
    assert_int_equal(f.body_size, 0);
    f.code.invitation_size = 60;
    assert_int_equal(skeym_invite_start(&f.node, room, &f.body_size, &f.code, f.private_key, NOW_MS,
                                        node_ephemeral),
                     SKEYM_ERR_RANGE);
    assert_zero(&f.node, sizeof f.node);
    assert_zero(f.body, sizeof f.body);
    f.code.invitation_size = SKEYM_INVITE_BYTES + 1;
    assert_int_equal(skeym_invite_start(&f.node, room, &f.body_size, &f.code, f.private_key, NOW_MS,
                                        node_ephemeral),
                     SKEYM_ERR_RANGE);
    f.code = good;
    room.room = 3 + f.code.invitation_size + 80 + 6 + 15;
    assert_int_equal(skeym_invite_start(&f.node, room, &f.body_size, &f.code, f.private_key, NOW_MS,
                                        node_ephemeral),
                     SKEYM_ERR_SPACE);
    assert_int_equal(f.body_size, 0);
    assert_zero(&f.node, sizeof f.node);
    ask();
    assert_int_equal(read_body(), SKEYM_OK);
    struct skeym_room out = {f.answer, sizeof f.answer};
    f.answer_size = 99;
    assert_int_equal(
        skeym_invite_answer(out, &f.answer_size, &f.request, &f.keys, UINT64_C(1) << 48, &f.fresh),
        SKEYM_ERR_RANGE);
    assert_int_equal(f.answer_size, 0);
    assert_zero(&f.request, sizeof f.request);
    assert_zero(&f.fresh, sizeof f.fresh);
    for (size_t size = 0; size < 264; size++) {
        assert_int_equal(read_body(), SKEYM_OK);
        out.room = size;
        assert_int_equal(
            skeym_invite_answer(out, &f.answer_size, &f.request, &f.keys, NOW_MS, &f.fresh),
            SKEYM_ERR_SPACE);
        assert_int_equal(f.answer_size, 0);
        assert_zero(f.answer, sizeof f.answer);
    }
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(skeym_invite_answer_clock(out, &f.answer_size, &f.request,
                                               (UINT64_C(1) << 48) - 1, &f.fresh),
                     SKEYM_OK);
    assert_int_equal(read_body(), SKEYM_OK);
    out.room = 264;
    assert_int_equal(
        skeym_invite_answer(out, &f.answer_size, &f.request, &f.keys, NOW_MS, &f.fresh), SKEYM_OK);
    assert_int_equal(f.answer_size, 264);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(layout, start),
        cmocka_unit_test_setup(opens_under_its_own_key_alone, start),
        cmocka_unit_test_setup(sizes, start),
        cmocka_unit_test_setup(the_smallest, start),
        cmocka_unit_test_setup(neither_is_the_other, start),
        cmocka_unit_test_setup(unspelled_is_not_sealed, start),
        cmocka_unit_test_setup(the_largest_has_637_bytes, start),
        cmocka_unit_test_setup(each_has_a_secret_of_its_own, start),
        cmocka_unit_test_setup(enrols, start),
        cmocka_unit_test_setup(what_came_of_it_logs_in, start),
        cmocka_unit_test_setup(the_same_again, start),
        cmocka_unit_test_setup(tells_the_time, start),
        cmocka_unit_test_setup(bounds, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
