/* SPDX-License-Identifier: Apache-2.0 */
/* Invitations on a crypto door that fails, as in test_door_faults.c: each call of each operation
 * fails once; the error is told, no output is left, and no secret stays in memory that is not the
 * caller's. */
#include "unit/core/door_operations.h"

#include "unit/core/invite_fixture.h"

static struct {
    uint8_t invitation[SKEYM_INVITE_BYTES];
    size_t size;
    struct skeym_invite_claims claims;
    uint8_t secret[SKEYM_INVITE_SECRET_BYTES];
} my;

static enum skeym_error do_seal(void)
{
    my.size = 99;
    return skeym_invite_seal((struct skeym_room){my.invitation, sizeof my.invitation}, &my.size,
                             &f.enrol[0], &f.claims, nonce);
}

static enum skeym_error do_open(void)
{
    return skeym_invite_open(&my.claims, &f.enrol[0],
                             skeym_span(f.code.invitation, f.code.invitation_size));
}

static enum skeym_error do_secret(void)
{
    return skeym_invite_secret(my.secret, &f.enrol[0],
                               skeym_span(f.code.invitation, f.code.invitation_size));
}

static enum skeym_error do_start(void)
{
    memset(f.body, 0xee, sizeof f.body);
    return skeym_invite_start(&f.node, (struct skeym_room){f.body, sizeof f.body}, &f.body_size,
                              &f.code, f.private_key, NOW_MS, node_ephemeral);
}

static enum skeym_error do_answer(void)
{
    memset(f.answer, 0xee, sizeof f.answer);
    enum skeym_error error = answer();
    assert_zero(&f.request, sizeof f.request);
    assert_zero(&f.fresh, sizeof f.fresh);
    return error;
}

static enum skeym_error do_clock(void)
{
    struct skeym_room room = {f.answer, sizeof f.answer};
    memset(f.answer, 0xee, sizeof f.answer);
    return skeym_invite_answer_clock(room, &f.answer_size, &f.request, NOW_MS, &f.fresh);
}

static enum skeym_error do_finish(void)
{
    enum skeym_error error = finish();
    assert_zero(&f.node, sizeof f.node);
    return error;
}

/* --- what goes before --------------------------------------------------------------- */

static void nothing(void)
{
}

static void asked(void)
{
    ask();
}

static void asked_badly(void)
{
    f.code.invitation[60] ^= 1;
    ask();
}

static void was_read(void)
{
    ask();
    assert_int_equal(read_body(), SKEYM_OK);
}

static void answered(void)
{
    was_read();
    assert_int_equal(answer(), SKEYM_OK);
}

static const struct door_operation operations[] = {
    {"seal an invitation", nothing, do_seal, DOOR_OUT(my.invitation), DOOR_CRYPTO, 3, 0, 0},
    {"open an invitation", nothing, do_open, DOOR_OUT(my.claims), DOOR_CRYPTO, 3, 0, 1},
    {"its secret", nothing, do_secret, DOOR_OUT(my.secret), DOOR_CRYPTO, 1, 0, 0},
    {"start an enrolment", nothing, do_start, DOOR_OUT(f.body), DOOR_CRYPTO, 11, 0, 0},
    {"read an enrolment", asked, read_body, DOOR_OUT(f.request), DOOR_CRYPTO, 13, 3, 3},
    {"read a bad invitation", asked_badly, read_body, DOOR_OUT(f.request), SKEYM_ERR_LOCATOR,
     SKEYM_ERR_LOCATOR, 13, 3, 3},
    {"answer an enrolment", was_read, do_answer, DOOR_OUT(f.answer), DOOR_CRYPTO, 11, 0, 0},
    {"answer with the clock", was_read, do_clock, DOOR_OUT(f.answer), DOOR_CRYPTO, 7, 0, 0},
    {"finish an enrolment", answered, do_finish, DOOR_OUT(f.grant), DOOR_CRYPTO, 7, 0, 0},
};

static void begin(void)
{
    (void)start(NULL);
    memset(&my, 0xee, sizeof my);
    door_own[0] = skeym_span(&f, sizeof f);
    door_own[1] = skeym_span(&my, sizeof my);
}

static void each_call_of_the_door_fails(void **state)
{
    (void)state;
    door_fail_each_call(operations, sizeof operations / sizeof operations[0], begin);
}

/* Who reads an enrolment works on a copy of the enrol key. */
static void the_copy_of_the_enrol_key_is_wiped(void **state)
{
    (void)state;
    for (unsigned fail_at = 0; fail_at <= 13; fail_at++) {
        for (unsigned bad = 0; bad < 2; bad++) {
            begin();
            bad ? asked_badly() : asked();
            door_needle = f.enrol[0].once;
            door_reset(fail_at);
            enum skeym_error error = read_body();
            assert_int_equal(error != SKEYM_OK, fail_at > 0 || bad);
            assert_int_equal(door.found, 1);
        }
    }
    door_needle = NULL;
}

/* The secret in CODE goes over the stack as bytes. */
static void a_code_is_wiped(void **state)
{
    (void)state;
    char text[SKEYM_INVITE_CODE_CHARS];
    struct skeym_invite_code code;
    size_t size = 0;
    (void)start(NULL);
    door_own[0] = skeym_span(&f, sizeof f);
    door_own[1] = skeym_span(&my, sizeof my);
    door_needle = f.code.authority;
    door_reset(0);
    assert_int_equal(
        skeym_invite_code_write((struct skeym_room){(uint8_t *)text, sizeof text}, &size, &f.code),
        SKEYM_OK);
    assert_int_equal(door.found, 1);
    door_reset(0);
    assert_int_equal(skeym_invite_code_read(&code, skeym_span(text, size)), SKEYM_OK);
    assert_int_equal(door.found, 1);
    door_reset(0);
    assert_int_equal(skeym_invite_code_read(&code, skeym_span(text, size - 2)),
                     SKEYM_ERR_TRUNCATED);
    assert_int_equal(door.found, 2); /* the code itself, too */
    door_needle = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_of_the_door_fails),
        cmocka_unit_test(the_copy_of_the_enrol_key_is_wiped),
        cmocka_unit_test(a_code_is_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
