/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admission on a crypto door that fails: each call of the door fails once. The request is refused,
 * the admission holds nothing, and no secret stays behind.
 */
#include "unit/fake_door.h"

#include "unit/gateway/gate_fixture.h"

static struct {
    struct fixture f;
    struct skeym_admission admission;
    uint8_t next[SKEYM_TOKEN_CHARS];
} my;

static int before_each(void **state)
{
    (void)state;
    memset(&my, 0, sizeof my);
    door_own[0] = skeym_span(&my, sizeof my);
    door_needle = NULL;
    door_reset(0);
    set_up(&my.f);
    return 0;
}

static int after_each(void **state)
{
    (void)state;
    tear_down(&my.f);
    return 0;
}

/* Two calls open the token, one derives the exchange's keys. */
static void each_call_of_an_admission_fails(void **state)
{
    (void)state;
    static const enum skeym_check checks[] = {SKEYM_CHECK_UNSEAL, SKEYM_CHECK_UNSEAL,
                                              SKEYM_CHECK_PROOF};
    for (unsigned fail_at = 1; fail_at <= 3; fail_at++) {
        door_reset(fail_at);
        memset(&my.admission, 0x5c, sizeof my.admission);
        assert_int_equal(skeym_admit(&my.admission, &my.f.gate, &my.f.head, my.f.body, NOW),
                         SKEYM_ERR_CRYPTO);
        assert_int_equal(door.failed, 1);
        assert_int_equal(my.admission.check, checks[fail_at - 1]);
        assert_wiped(&my.f, &my.admission, fail_at == 3);
        assert_int_equal(door_left(), 0);
    }
    assert_int_equal(skeym_used_count(my.f.gate.used), 0);
    door_reset(0);
    assert_int_equal(skeym_admit(&my.admission, &my.f.gate, &my.f.head, my.f.body, NOW), SKEYM_OK);
    assert_int_equal(door.calls, 3);
    assert_int_equal(door_left(), 0);
}

/* The next token's secret is wiped from the claims and from their bytes, whatever comes out. */
static void each_call_of_a_next_token_fails(void **state)
{
    (void)state;
    assert_int_equal(skeym_admit(&my.admission, &my.f.gate, &my.f.head, my.f.body, NOW), SKEYM_OK);
    door_needle = my.f.exchange.next;
    for (unsigned fail_at = 0; fail_at <= 2; fail_at++) {
        struct skeym_room room = {my.next, sizeof my.next};
        size_t size = 99;
        door_reset(fail_at);
        assert_int_equal(
            skeym_admit_next(room, &size, &my.admission, &my.f.gate, 30, my.f.nonce, NOW),
            fail_at > 0 ? SKEYM_ERR_CRYPTO : SKEYM_OK);
        assert_int_equal(size > 0, fail_at == 0);
        assert_int_equal(door.found, 2);
        assert_int_equal(door_left(), 0);
    }
    assert_int_equal(door.calls, 2);
}

static void a_next_token_without_room_is_none(void **state)
{
    (void)state;
    struct skeym_room room = {my.next, 40};
    size_t size = 99;
    assert_int_equal(skeym_admit(&my.admission, &my.f.gate, &my.f.head, my.f.body, NOW), SKEYM_OK);
    assert_int_equal(skeym_admit_next(room, &size, &my.admission, &my.f.gate, 30, my.f.nonce, NOW),
                     SKEYM_ERR_SPACE);
    assert_int_equal(size, 0);
}

/* The largest claims there are: all 8 scopes, of patients with 64 letters. */
static void the_largest_token_goes_on(void **state)
{
    (void)state;
    char text[SKEYM_SCOPE_TEXT_BYTES] = "patient/";
    memset(text + 8, 'p', SKEYM_PATIENT_BYTES);
    memcpy(text + 8 + SKEYM_PATIENT_BYTES, "/Observation.rs", sizeof "/Observation.rs");
    my.f.claims.id = node_name("abcdefghijklmnopqrstuvwxyz012345");
    my.f.claims.scopes.count = SKEYM_SCOPES_MAX;
    for (size_t i = 0; i < SKEYM_SCOPES_MAX; i++) {
        text[8] = (char)('a' + i);
        assert_int_equal(skeym_scope_parse(&my.f.claims.scopes.at[i], skeym_span_text(text)),
                         SKEYM_OK);
    }
    mint(&my.f);
    assert_int_equal(my.f.token_size, SKEYM_TOKEN_BYTES);
    prove(&my.f);
    struct skeym_room room = {my.next, sizeof my.next};
    size_t size = 0;
    assert_int_equal(skeym_admit(&my.admission, &my.f.gate, &my.f.head, my.f.body, NOW), SKEYM_OK);
    assert_int_equal(skeym_admit_next(room, &size, &my.admission, &my.f.gate, 30, my.f.nonce, NOW),
                     SKEYM_OK);
    assert_int_equal(size, SKEYM_TOKEN_CHARS);
}

/* A program that calls the second half first, or twice, is told by the first check of that half. */
static void a_body_without_its_head_is_refused(void **state)
{
    (void)state;
    assert_int_equal(skeym_admit_body(&my.admission, &my.f.gate, &my.f.head, my.f.body, NOW),
                     SKEYM_ERR_STATE);
    assert_int_equal(my.admission.check, SKEYM_CHECK_SHAPE);
    assert_int_equal(skeym_admit(&my.admission, &my.f.gate, &my.f.head, my.f.body, NOW), SKEYM_OK);
    assert_int_equal(skeym_admit_body(&my.admission, &my.f.gate, &my.f.head, my.f.body, NOW),
                     SKEYM_ERR_STATE);
    assert_int_equal(my.admission.check, SKEYM_CHECK_SHAPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_call_of_an_admission_fails, before_each, after_each),
        cmocka_unit_test_setup_teardown(each_call_of_a_next_token_fails, before_each, after_each),
        cmocka_unit_test_setup_teardown(a_body_without_its_head_is_refused, before_each,
                                        after_each),
        cmocka_unit_test_setup_teardown(the_largest_token_goes_on, before_each, after_each),
        cmocka_unit_test_setup_teardown(a_next_token_without_room_is_none, before_each, after_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
