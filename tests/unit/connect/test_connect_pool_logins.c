/* SPDX-License-Identifier: Apache-2.0 */
/* A sidecar's logins: when they are tried again, and how long they are put off. */
#include "unit/connect/pool_fixture.h"

static void test_a_revoked_node_does_not_hammer(void **state)
{
    (void)state;
    start(1, 8, 5000);
    warm();
    fake.revoked = true;
    for (int i = 0; i < 50; i++) {
        struct skeym_connect_job job = run("GET", "", true);
        assert_int_equal(job.error, SKEYM_ERR_PERMISSION);
    }
    assert_int_equal(fake.login_tries, 2);
    assert_int_equal(told_failed, 1);
    assert_int_equal(fake.waited_ms, 0); /* and each of them is told at once */
    uint32_t pauses[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        unsigned tries = fake.login_tries;
        fake_pass(&fake, pauses[i] - 1);
        (void)run("GET", "", true);
        assert_int_equal(fake.login_tries, tries);
        fake_pass(&fake, 1);
        (void)run("GET", "", true);
        assert_int_equal(fake.login_tries, tries + 1);
    }
    fake.revoked = false;
    fake_pass(&fake, 60000);
    assert_int_equal(run("GET", "", true).error, SKEYM_OK);
}

static void test_a_login_that_fails_by_chance_is_tried_again(void **state)
{
    (void)state;
    start(1, 8, 5000);
    fake.login_fault = FAULT_DROP_ANSWER;
    fake.login_faults = 3;
    assert_int_equal(run("GET", "", true).error, SKEYM_OK);
    assert_int_equal(told_failed, 3);
    assert_int_equal(told_logins, 1);
}

/* Not reached, or not heard of: it is tried again when the pause is over, and no sooner. */
static void test_a_login_that_nobody_answers_is_tried_again(void **state)
{
    (void)state;
    static const struct {
        enum fault fault;
        enum skeym_error error;
    } cases[] = {{FAULT_UNSENT, SKEYM_ERR_NETWORK}, {FAULT_DROP_REQUEST, SKEYM_ERR_TIMEOUT}};
    start(1, 8, 0); /* one try each */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake.login_tries = 0;
        fake.login_fault = cases[i].fault;
        fake.login_faults = 1;
        assert_int_equal(run("GET", "", true).error, cases[i].error);
        fake_pass(&fake, 99);
        assert_int_equal(run("GET", "", true).error, cases[i].error);
        assert_int_equal(fake.login_tries, 1);
        fake_pass(&fake, 1);
        assert_int_equal(run("GET", "", true).error, SKEYM_OK);
        assert_int_equal(fake.login_tries, 2);
        fake_pass(&fake, 60000); /* the lanes grow old */
    }
}

/* Whoever comes while logins pause waits for the rest of the pause, to the millisecond. */
static void test_the_pause_before_a_login_is_waited_for_to_its_end(void **state)
{
    (void)state;
    start(1, 8, 1000);
    fake.login_fault = FAULT_UNSENT;
    fake.login_faults = 4; /* pauses of 100, 200, 400 ms; that of 800 would be too long */
    assert_int_equal(run("GET", "", true).error, SKEYM_ERR_NETWORK);
    assert_int_equal(fake.waited_ms, 700);
    assert_int_equal(fake.login_tries, 4);
    fake_pass(&fake, 333);
    fake.waited_ms = 0;
    assert_int_equal(run("GET", "", true).error, SKEYM_OK);
    assert_int_equal(fake.waited_ms, 467);
    assert_int_equal(fake.login_tries, 5);
}

/* It is not the client's request that is too large. */
static void test_a_login_that_is_too_large_is_not_the_clients(void **state)
{
    (void)state;
    start(1, 8, 0);
    fake.login_fault = FAULT_SAY;
    fake.fault_at = 413;
    fake.login_faults = 1;
    assert_int_equal(run("GET", "", true).error, SKEYM_ERR_HANDSHAKE);
}

/* What a server says before it looks at the login passes. */
static void test_a_login_that_is_put_off_is_tried_again(void **state)
{
    (void)state;
    static const int statuses[] = {429, 503};
    start(1, 8, 60000);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        told_failed = told_logins = 0;
        fake.login_fault = FAULT_SAY;
        fake.fault_at = statuses[i];
        fake.login_faults = 2;
        assert_int_equal(run("GET", "", true).error, SKEYM_OK);
        assert_int_equal(told_failed, 2);
        assert_int_equal(told_logins, 1);
        fake_pass(&fake, 60000); /* the lanes grow old: the next one logs in */
    }
}

/* As long as the server asks for, but not for ever: anybody on the way can ask. */
static void test_a_login_that_is_put_off_for_a_time(void **state)
{
    (void)state;
    start(1, 8, 5000);
    fake.login_fault = FAULT_SAY;
    fake.fault_at = 429;
    fake.login_faults = 1;
    fake.retry_after_s = 3;
    assert_int_equal(run("GET", "", true).error, SKEYM_OK);
    assert_true(fake.waited_ms >= 3000);
    fake_pass(&fake, 60000); /* the lanes grow old */
    fake.login_faults = 1;
    fake.retry_after_s = 1000000;
    struct skeym_connect_job job = run("GET", "", true);
    assert_int_equal(job.error, SKEYM_ERR_RATE);
    assert_int_equal(job.retry_after_s, 60);
    unsigned tries = fake.login_tries;
    assert_int_equal(run("GET", "", true).error, SKEYM_ERR_RATE);
    assert_int_equal(fake.login_tries, tries);
    fake_pass(&fake, 60000);
    assert_int_equal(run("GET", "", true).error, SKEYM_OK);
}

/* Links are then moved from the address that the server is reached by. */
static void test_a_server_that_says_nothing_of_use_about_itself(void **state)
{
    (void)state;
    static char body[1200] = "{\"implementation\":{\"url\":\"https://";
    start(1, 8, 5000);
    fake.status = 404;
    assert_int_equal(run("GET", "", true).error, SKEYM_OK);
    fake.status = 200;
    size_t size = strlen(body);
    memset(body + size, 'a', 1000);
    memcpy(body + size + 1000, "\"}}", 4);
    fake.body = skeym_span_text(body);
    fake_pass(&fake, 60000);
    assert_int_equal(run("GET", "", true).error, SKEYM_OK);
    assert_int_equal(told_logins, 2);
}

/* The only token went into learning what the server calls itself, and its answer got lost: that is
 * no word about the credential. */
static void test_a_login_whose_only_lane_got_lost_is_no_refusal(void **state)
{
    (void)state;
    lanes = 1;
    start(1, 8, 0);
    set_fault(FAULT_DROP_ANSWER, 0, 1);
    assert_int_equal(run("GET", "", true).error, SKEYM_ERR_BUSY);
    assert_int_equal(fake.logins, 1);
    assert_int_equal(run("GET", "", true).error, SKEYM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
        TEST(test_a_revoked_node_does_not_hammer),
        TEST(test_a_login_that_fails_by_chance_is_tried_again),
        TEST(test_a_login_that_nobody_answers_is_tried_again),
        TEST(test_the_pause_before_a_login_is_waited_for_to_its_end),
        TEST(test_a_login_that_is_too_large_is_not_the_clients),
        TEST(test_a_login_that_is_put_off_is_tried_again),
        TEST(test_a_login_that_is_put_off_for_a_time),
        TEST(test_a_server_that_says_nothing_of_use_about_itself),
        TEST(test_a_login_whose_only_lane_got_lost_is_no_refusal),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
