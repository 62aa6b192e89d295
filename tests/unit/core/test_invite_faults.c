/* SPDX-License-Identifier: Apache-2.0 */
/* Invitations on a crypto door that fails, as in test_door_faults.c: each call of each operation
 * fails once; the error is told, no output is left, and no secret stays in memory that is not the
 * caller's. */
#include "unit/fake_door.h"

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

static const struct operation {
    const char *name;
    void (*before)(void);
    enum skeym_error (*run)(void);
    const void *out; /* zero after an error */
    size_t size;
    enum skeym_error error;  /* what becomes of the door's SKEYM_ERR_CRYPTO */
    enum skeym_error result; /* when nothing fails */
    unsigned steps;          /* calls that can fail */
    unsigned hidden;         /* of them: the first, whose failure reads as one of the invitation */
    size_t public_parts;     /* that the door gave and that are no secrets: claims, public keys */
} operations[] = {
#define OUT(object) &(object), sizeof(object)
#define CRYPTO      SKEYM_ERR_CRYPTO, SKEYM_OK
    {"seal an invitation", nothing, do_seal, OUT(my.invitation), CRYPTO, 2, 0, 0},
    {"open an invitation", nothing, do_open, OUT(my.claims), CRYPTO, 2, 0, 1},
    {"its secret", nothing, do_secret, OUT(my.secret), CRYPTO, 1, 0, 0},
    {"start an enrolment", nothing, do_start, OUT(f.body), CRYPTO, 11, 0, 0},
    {"read an enrolment", asked, read_body, OUT(f.request), CRYPTO, 12, 2, 3},
    {"read a bad invitation", asked_badly, read_body, OUT(f.request), SKEYM_ERR_LOCATOR,
     SKEYM_ERR_LOCATOR, 12, 2, 3},
    {"answer an enrolment", was_read, do_answer, OUT(f.answer), CRYPTO, 10, 0, 0},
    {"answer with the clock", was_read, do_clock, OUT(f.answer), CRYPTO, 7, 0, 0},
    {"finish an enrolment", answered, do_finish, OUT(f.grant), CRYPTO, 7, 0, 0},
#undef OUT
#undef CRYPTO
};

static void prepare(const struct operation *operation, unsigned fail_at)
{
    (void)start(NULL);
    memset(&my, 0xee, sizeof my);
    door_own[0] = skeym_span(&f, sizeof f);
    door_own[1] = skeym_span(&my, sizeof my);
    door_reset(0);
    door_needle = NULL;
    operation->before();
    door_reset(fail_at);
}

static void each_call_of_the_door_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const struct operation *operation = &operations[i];
        print_message("%s\n", operation->name);
        for (unsigned fail_at = 0; fail_at <= operation->steps; fail_at++) {
            prepare(operation, fail_at);
            enum skeym_error error = operation->run();
            bool hidden = fail_at > 0 && fail_at <= operation->hidden;
            assert_int_equal(error, hidden        ? SKEYM_ERR_LOCATOR
                                    : door.failed ? operation->error
                                                  : operation->result);
            assert_int_equal(door.failed, fail_at > 0);
            assert_true(fail_at > 0 || door.calls == operation->steps);
            assert_true(door_left() <= operation->public_parts);
            if (error && operation->size > 0) {
                assert_zero(operation->out, operation->size);
            }
        }
    }
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
        cmocka_unit_test(a_code_is_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
