/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_login.h"
#include "unit/load/fake_http.h"

static struct fake_server fake;
static struct skeym_load_login lane;

static int set_up(void **state)
{
    (void)state;
    fake_start(&fake);
    fake_now(&fake, skeym_load_node_now());
    assert_int_equal(skeym_load_login_init(&lane, &fake.credential.keys), SKEYM_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_stop(&fake);
    return 0;
}

static struct skeym_load_verdict step(void)
{
    static char sent[SKEYM_LOAD_REQUEST + 1];
    unsigned kind = 7;
    struct skeym_writer out = skeym_writer((struct skeym_room){(uint8_t *)sent, sizeof sent - 1});
    assert_int_equal(skeym_load_login_script.ask(&lane, &out, &kind), SKEYM_OK);
    assert_int_equal(kind, 0);
    struct skeym_span written = skeym_written(&out);
    sent[written.size] = '\0';
    return fake_http(&fake, &skeym_load_login_script, &lane, sent, written.size);
}

/* The same message again and again; each is a login to the server. */
static void test_logs_in(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 40; i++) {
        assert_int_equal(step().outcome, SKEYM_LOAD_OK);
        assert_int_equal(fake.logins, i);
    }
    assert_int_equal(lane.count, 40);
}

/* The first answer and each sixteenth after it are opened. */
static void test_opens_some(void **state)
{
    (void)state;
    fake.login_fault = FAULT_ALTER_ANSWER;
    fake.login_faults = 1;
    struct skeym_load_verdict verdict = step();
    assert_int_equal(verdict.outcome, SKEYM_LOAD_UNOPENED);
    assert_string_equal(verdict.why, "a login's answer that does not open");
    for (int i = 1; i < 16; i++) {
        fake.login_faults = 1;
        assert_int_equal(step().outcome, SKEYM_LOAD_OK);
    }
    fake.login_faults = 1;
    assert_int_equal(step().outcome, SKEYM_LOAD_UNOPENED);
}

static void test_looks_at_all(void **state)
{
    (void)state;
    assert_int_equal(step().outcome, SKEYM_LOAD_OK);
    fake.login_fault = FAULT_OUTER_TYPE;
    fake.login_faults = 1;
    assert_int_equal(step().outcome, SKEYM_LOAD_UNOPENED);
    lane.answer_size++;
    assert_int_equal(step().outcome, SKEYM_LOAD_UNOPENED);
    lane.answer_size--;
    assert_int_equal(step().outcome, SKEYM_LOAD_OK);
}

static void test_refused(void **state)
{
    (void)state;
    fake.revoked = true;
    assert_int_equal(step().outcome, SKEYM_LOAD_REFUSED);
    fake.login_fault = FAULT_UNSENT;
    fake.login_faults = 1;
    assert_int_equal(step().outcome, SKEYM_LOAD_UNSENT);
}

/* An answer that only sets the clock is no login: there is no token in it. */
static void test_a_clock_is_no_login(void **state)
{
    (void)state;
    fake.always_wrong_clock = true;
    struct skeym_load_verdict verdict = step();
    assert_int_equal(verdict.outcome, SKEYM_LOAD_UNOPENED);
    assert_string_equal(verdict.why, "a login's answer that does not open");
    assert_int_equal(fake.logins, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_logs_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_opens_some, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_looks_at_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_clock_is_no_login, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
