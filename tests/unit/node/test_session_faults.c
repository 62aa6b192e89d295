/* SPDX-License-Identifier: Apache-2.0 */
/* A node's session with an adversary between it and the server: nothing happens twice, and no lie
 * is believed. */
#include "unit/node/fake_node.h"

/* --- never twice ------------------------------ */

static void test_a_lost_answer_is_not_asked_for_again(void **state)
{
    (void)state;
    options.repeatable = true;
    struct skeym_session *session = fake_session(&options);
    set_fault(FAULT_DROP_ANSWER, 0, 1);
    expect(session, post_request(), SKEYM_ERR_NETWORK, true);
    assert_int_equal(fake.executed, 1);
    assert_int_equal(fake.exchanges, 1);
    skeym_session_free(session);
}

static void test_what_was_not_sent_keeps_its_token(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    set_fault(FAULT_UNSENT, 0, 1);
    expect(session, post_request(), SKEYM_ERR_NETWORK, false);
    expect(session, post_request(), SKEYM_OK, false);
    assert_int_equal(fake.logins, 1);
    assert_int_equal(fake.executed, 2);
    skeym_session_free(session);
}

static void test_a_doubled_request_is_executed_once(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    set_fault(FAULT_DELIVER_TWICE, 0, 1);
    expect(session, post_request(), SKEYM_OK, false);
    assert_int_equal(fake.executed, 1);
    assert_int_equal(fake.refused, 1);
    expect(session, get_request(), SKEYM_OK, false);
    skeym_session_free(session);
}

/* A refusal that is not sealed may be a lie: the request may have been executed. */
static void test_a_forged_refusal_makes_nothing_happen_twice(void **state)
{
    (void)state;
    static const int statuses[] = {401, 503, 429, 413, 500, 502, 404, 200};
    static const enum skeym_error errors[] = {
        SKEYM_ERR_PERMISSION, SKEYM_ERR_BUSY,    SKEYM_ERR_RATE, SKEYM_ERR_SIZE,
        SKEYM_ERR_NETWORK,    SKEYM_ERR_NETWORK, SKEYM_ERR_SEAL, SKEYM_ERR_SEAL};
    options.wait_most_ms = 10000;
    struct skeym_session *session = fake_session(&options);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        unsigned executed = fake.executed;
        set_fault(FAULT_EXECUTE_AND_SAY, statuses[i], 1);
        expect(session, post_request(), errors[i], true);
        assert_int_equal(fake.executed, executed + 1);
    }
    skeym_session_free(session);
}

static void test_a_restarted_server_is_logged_in_to_again(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    fake.instance = 2;
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.logins, 2);
    assert_int_equal(fake.refused, 1);
    assert_int_equal(fake.executed, 2);
    assert_int_equal(skeym_session_figures(session).refused, 1);
    fake.instance = 3;
    expect(session, post_request(), SKEYM_ERR_PERMISSION, true); /* not for a blind write */
    assert_int_equal(fake.executed, 2);
    expect(session, post_request(), SKEYM_OK, false);
    fake.instance = 4;
    struct skeym_closed conditional = *post_request();
    conditional.if_none_exist = skeym_span_text("identifier=urn:x|7");
    expect(session, &conditional, SKEYM_OK, false);
    assert_string_equal(fake.last_if_none_exist, "identifier=urn:x|7");
    assert_int_equal(fake.executed, 4);
    fake.instance = 5;
    struct skeym_closed keyed = *post_request();
    keyed.idempotency_key = skeym_span_text("k");
    expect(session, &keyed, SKEYM_OK, false);
    assert_int_equal(fake.executed, 5);
    skeym_session_free(session);
}

static void test_a_restart_ends_all_lanes_at_once(void **state)
{
    (void)state;
    options.lanes = 3;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    fake.instance = 2;
    expect(session, get_request(), SKEYM_OK, false);
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.refused, 1);
    assert_int_equal(fake.logins, 2);
    skeym_session_free(session);
}

static void test_repeatable_writes_go_out_again_after_a_refusal(void **state)
{
    (void)state;
    options.repeatable = true;
    struct skeym_session *session = fake_session(&options);
    expect(session, post_request(), SKEYM_OK, false);
    fake.instance = 2;
    expect(session, post_request(), SKEYM_OK, false);
    assert_int_equal(fake.executed, 2);
    skeym_session_free(session);
}

static void test_refused_twice_is_refused(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    set_fault(FAULT_SAY, 401, 5);
    expect(session, get_request(), SKEYM_ERR_PERMISSION, true);
    assert_int_equal(fake.faults, 3);
    assert_int_equal(fake.logins, 2);
    skeym_session_free(session);
}

static void test_revoked_means_refused_at_login(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    fake.revoked = true;
    expect(session, get_request(), SKEYM_ERR_PERMISSION, true);
    assert_int_equal(fake.login_tries, 2);
    expect(session, get_request(), SKEYM_ERR_PERMISSION, false);
    assert_int_equal(fake.executed, 1);
    skeym_session_free(session);
}

/* --- answers that lie ------------------------------ */

static void test_an_answer_altered_anywhere_does_not_count(void **state)
{
    (void)state;
    options.lanes = SKEYM_LANES_MAX;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    size_t size = fake.old.body_size;
    for (size_t at = 0; at < size; at++) {
        set_fault(FAULT_ALTER_ANSWER, (int)at, 1);
        expect(session, post_request(), SKEYM_ERR_SEAL, true);
        set_fault(FAULT_CUT_ANSWER, (int)at, 1);
        expect(session, post_request(), SKEYM_ERR_SEAL, true);
    }
    assert_int_equal(fake.executed, 1 + 2 * size);
    skeym_session_free(session);
}

static void test_a_request_altered_on_the_way_is_not_executed(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    for (int at = 0; at < 120; at += 7) {
        unsigned executed = fake.executed;
        set_fault(FAULT_ALTER_REQUEST, at, 1);
        expect(session, get_request(), SKEYM_OK, false); /* with the second try */
        assert_int_equal(fake.executed, executed + 1);
    }
    assert_int_equal(fake.refused, 18);
    skeym_session_free(session);
}

static void test_an_old_answer_is_none(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    set_fault(FAULT_OLD_ANSWER, 0, 1);
    expect(session, get_request(), SKEYM_ERR_SEAL, true);
    expect(session, get_request(), SKEYM_OK, false);
    skeym_session_free(session);
}

static void test_the_status_inside_is_the_one_that_counts(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    set_fault(FAULT_STATUS, 201, 1);
    expect(session, get_request(), SKEYM_ERR_SEAL, true);
    set_fault(FAULT_STATUS, 500, 1);
    expect(session, post_request(), SKEYM_ERR_NETWORK, true);
    set_fault(FAULT_OUTER_TYPE, 0, 1);
    expect(session, get_request(), SKEYM_ERR_SEAL, true);
    fake.status = 403;
    expect(session, get_request(), SKEYM_OK, false);
    fake.status = 503;
    fake.retry_after_s = 3;
    expect(session, get_request(), SKEYM_OK, false); /* sealed: an answer like any other */
    fake.status = 204;
    fake.cty = "";
    fake.body = (struct skeym_span){0};
    expect(session, get_request(), SKEYM_OK, false);
    skeym_session_free(session);
}

static void test_a_next_token_that_is_not_ours_ends_the_lane_only(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    set_fault(FAULT_SWAP_NEXT, 0, 1);
    expect(session, get_request(), SKEYM_OK, false);
    unsigned executed = fake.executed;
    expect(session, get_request(), SKEYM_OK, false); /* refused, and then with a new login */
    assert_int_equal(fake.refused, 1);
    assert_int_equal(fake.executed, executed + 1);
    set_fault(FAULT_NO_NEXT, 0, 1);
    expect(session, get_request(), SKEYM_OK, false);
    set_fault(FAULT_GARBAGE_NEXT, 0, 1);
    expect(session, get_request(), SKEYM_OK, false);
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.refused, 1);
    assert_int_equal(fake.logins, 4);
    skeym_session_free(session);
}

/* --- busy servers ------------------------------ */

static void test_waits_as_long_as_asked_and_no_longer_than_allowed(void **state)
{
    (void)state;
    options.wait_most_ms = 5000;
    fake.retry_after_s = 2;
    struct skeym_session *session = fake_session(&options);
    set_fault(FAULT_SAY, 503, 2);
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.waited_ms, 4000);
    set_fault(FAULT_SAY, 503, 3);
    expect(session, get_request(), SKEYM_ERR_BUSY, true);
    assert_int_equal(fake.waited_ms, 8000);
    fake.retry_after_s = 4000000;
    set_fault(FAULT_SAY, 429, 1);
    expect(session, get_request(), SKEYM_ERR_RATE, true);
    assert_int_equal(fake.waited_ms, 8000);
    fake.retry_after_s = 0; /* not told: not at once all the same */
    set_fault(FAULT_SAY, 503, 1);
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.waited_ms, 8200);
    skeym_session_free(session);
}

static void test_logins_wait_too(void **state)
{
    (void)state;
    options.wait_most_ms = 1000;
    fake.retry_after_s = 1;
    struct skeym_session *session = fake_session(&options);
    fake.login_fault = FAULT_SAY;
    fake.fault_at = 429;
    fake.login_faults = 1;
    expect(session, post_request(), SKEYM_OK, false); /* nothing was sent: a write may wait */
    assert_int_equal(fake.waited_ms, 1000);
    fake_pass(&fake, 60000);
    fake.login_faults = 2;
    expect(session, post_request(), SKEYM_ERR_RATE, false);
    skeym_session_free(session);
}

static void test_logins_that_fail(void **state)
{
    (void)state;
    static const struct {
        enum fault fault;
        int at;
        enum skeym_error error;
    } table[] = {
        {FAULT_SAY, 401, SKEYM_ERR_PERMISSION},      {FAULT_SAY, 503, SKEYM_ERR_BUSY},
        {FAULT_SAY, 500, SKEYM_ERR_NETWORK},         {FAULT_SAY, 200, SKEYM_ERR_HANDSHAKE},
        {FAULT_SAY, 302, SKEYM_ERR_HANDSHAKE},       {FAULT_UNSENT, 0, SKEYM_ERR_NETWORK},
        {FAULT_DROP_ANSWER, 0, SKEYM_ERR_NETWORK},   {FAULT_ALTER_ANSWER, 100, SKEYM_ERR_HANDSHAKE},
        {FAULT_CUT_ANSWER, 10, SKEYM_ERR_TRUNCATED}, {FAULT_OUTER_TYPE, 0, SKEYM_ERR_HANDSHAKE},
    };
    struct skeym_session *session = fake_session(&options);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        fake.login_fault = table[i].fault;
        fake.fault_at = table[i].at;
        fake.login_faults = 1;
        expect(session, get_request(), table[i].error, false);
        assert_int_equal(fake.exchanges, 0);
    }
    assert_int_equal(skeym_session_figures(session).logins, 0);
    expect(session, get_request(), SKEYM_OK, false);
    skeym_session_free(session);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_lost_answer_is_not_asked_for_again),
        TEST(test_what_was_not_sent_keeps_its_token),
        TEST(test_a_doubled_request_is_executed_once),
        TEST(test_a_forged_refusal_makes_nothing_happen_twice),
        TEST(test_a_restarted_server_is_logged_in_to_again),
        TEST(test_a_restart_ends_all_lanes_at_once),
        TEST(test_repeatable_writes_go_out_again_after_a_refusal),
        TEST(test_refused_twice_is_refused),
        TEST(test_revoked_means_refused_at_login),
        TEST(test_an_answer_altered_anywhere_does_not_count),
        TEST(test_a_request_altered_on_the_way_is_not_executed),
        TEST(test_an_old_answer_is_none),
        TEST(test_the_status_inside_is_the_one_that_counts),
        TEST(test_a_next_token_that_is_not_ours_ends_the_lane_only),
        TEST(test_waits_as_long_as_asked_and_no_longer_than_allowed),
        TEST(test_logins_wait_too),
        TEST(test_logins_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
