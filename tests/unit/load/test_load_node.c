/* SPDX-License-Identifier: Apache-2.0 */
/* A node of the load generator against the core's other half (fake_server.h). */
#include "load/load_node.h"
#include "unit/load/fake_http.h"

static struct fake_server fake;
static struct skeym_load_node node;
static struct skeym_load_work work;
static unsigned last_kind;

static void set_up(unsigned get, unsigned post, unsigned login, uint8_t lanes)
{
    fake_start(&fake);
    work = (struct skeym_load_work){
        .weights = {get, post, login}, .lanes = lanes, .base_s = 1790000000, .run = "r"};
    assert_int_equal(skeym_load_node_init(&node, &fake.credential.keys, &work, 0), SKEYM_OK);
    /* the node's clock is the machine's; the fake's stands where it stands */
    node.clock_ms = (int64_t)fake.wall_ms - (int64_t)skeym_load_node_now();
}

static int tear_down(void **state)
{
    (void)state;
    skeym_load_node_end(&node);
    fake_stop(&fake);
    return 0;
}

static struct skeym_load_verdict deliver(const char *request, size_t size)
{
    return fake_http(&fake, &skeym_load_node_script, &node, request, size);
}

static char sent[SKEYM_LOAD_REQUEST + 1];

static struct skeym_load_verdict step(void)
{
    struct skeym_writer out = skeym_writer((struct skeym_room){(uint8_t *)sent, sizeof sent - 1});
    assert_int_equal(skeym_load_node_script.ask(&node, &out, &last_kind), SKEYM_OK);
    assert_int_equal(skeym_writer_end(&out), SKEYM_OK);
    size_t size = skeym_written(&out).size;
    sent[size] = '\0';
    return deliver(sent, size);
}

/* One operation; AGAIN is followed at once, a few times. */
static enum skeym_load_outcome operate(void)
{
    for (int i = 0; i < 20; i++) {
        struct skeym_load_verdict verdict = step();
        if (verdict.step == SKEYM_LOAD_DONE) {
            return verdict.outcome;
        }
    }
    fail();
    return SKEYM_LOAD_LOST;
}

/* --- what it does ------------------------------------------------------------------------ */

static void test_chain(void **state)
{
    (void)state;
    set_up(1, 0, 0, 1);
    for (unsigned i = 1; i <= 50; i++) {
        assert_int_equal(operate(), SKEYM_LOAD_OK);
        assert_int_equal(fake.executed, i);
    }
    assert_int_equal(fake.logins, 1);
    assert_int_equal(node.logins, 1);
    assert_int_equal(fake.refused, 0);
    assert_string_equal(fake.last_target, "/fhir/metadata");
    assert_int_equal(node.count, 50);
    assert_int_equal(node.answer_size, strlen("{\"resourceType\":\"Bundle\"}"));
}

static void test_lanes_all_live(void **state)
{
    (void)state;
    set_up(1, 0, 0, 4);
    for (unsigned i = 0; i < 40; i++) {
        uint64_t until[4];
        assert_int_equal(operate(), SKEYM_LOAD_OK);
        for (size_t k = 0; k < 4; k++) {
            until[k] = node.lanes[k].until_ms;
            assert_true(until[k] > 0);
        }
        assert_int_equal(node.live, 4);
    }
    assert_int_equal(fake.logins, 1);
    assert_int_equal(fake.executed, 40);
    assert_int_equal(fake.refused, 0);
}

static void test_mix(void **state)
{
    (void)state;
    set_up(1, 1, 1, 1);
    unsigned kinds[SKEYM_LOAD_NODE_KINDS] = {0};
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(operate(), SKEYM_LOAD_OK);
        kinds[last_kind]++;
    }
    assert_int_equal(kinds[SKEYM_LOAD_GET], 3);
    assert_int_equal(kinds[SKEYM_LOAD_POST], 3);
    assert_int_equal(kinds[SKEYM_LOAD_LOGIN], 3);
    assert_int_equal(fake.executed, 6);
    assert_int_equal(fake.logins, 4); /* the first operation needed one, too */
    assert_true(strstr(fake.last_if_none_exist, "urn:skeym:load|r-0-") != NULL);
}

static void test_forgets(void **state)
{
    (void)state;
    set_up(1, 0, 0, 2);
    work.forgets = true;
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(operate(), SKEYM_LOAD_OK);
        assert_int_equal(fake.logins, i);
        assert_int_equal(fake.executed, i);
    }
}

/* A token that dies within a second is not used any more. */
static void test_short_tokens(void **state)
{
    (void)state;
    set_up(1, 0, 0, 1);
    fake.lifetime_s = 1;
    assert_int_equal(step().step, SKEYM_LOAD_MORE);
    assert_int_equal(node.live, 1);
    assert_int_equal(step().step, SKEYM_LOAD_MORE); /* a login again */
    assert_int_equal(fake.logins, 2);
    assert_int_equal(fake.exchanges, 0);
}

static void test_end_of_chain(void **state)
{
    (void)state;
    set_up(1, 0, 0, 1);
    fake.fault = FAULT_NO_NEXT;
    fake.faults = 1;
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    assert_int_equal(fake.logins, 2);
}

static void test_corrects_its_clock(void **state)
{
    (void)state;
    set_up(1, 0, 0, 1);
    node.clock_ms = 0;
    fake.wall_ms += 400000000000; /* no machine's clock is there */
    assert_int_equal(step().step, SKEYM_LOAD_MORE);
    assert_int_not_equal(node.clock_ms, 0);
    fake.always_wrong_clock = true;
    assert_int_equal(operate(), SKEYM_LOAD_UNOPENED);
}

/* --- what goes wrong ------------------------------------------------------------------------ */

static void test_refused_logs_in_again(void **state)
{
    (void)state;
    set_up(1, 0, 0, 1);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    fake.fault = FAULT_SAY;
    fake.fault_at = 401;
    fake.faults = 1;
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    assert_int_equal(fake.logins, 2);
    assert_int_equal(fake.executed, 2);
}

static void test_refused_for_good(void **state)
{
    (void)state;
    set_up(1, 0, 0, 1);
    fake.fault = FAULT_SAY;
    fake.fault_at = 401;
    fake.faults = 100;
    assert_int_equal(operate(), SKEYM_LOAD_REFUSED);
    assert_int_equal(fake.logins, 4);
    fake.revoked = true;
    assert_int_equal(operate(), SKEYM_LOAD_REFUSED);
}

/* Repeated to the byte, with the same token. */
static void test_busy_repeats(void **state)
{
    static char before[sizeof sent];
    (void)state;
    set_up(0, 1, 0, 1);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    fake.fault = FAULT_SAY;
    fake.fault_at = 503;
    fake.faults = 1;
    fake.retry_after_s = 7;
    struct skeym_load_verdict verdict = step();
    assert_int_equal(verdict.step, SKEYM_LOAD_AGAIN);
    assert_int_equal(verdict.outcome, SKEYM_LOAD_BUSY);
    assert_int_equal(verdict.wait_ms, 7000);
    memcpy(before, sent, sizeof sent);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    assert_string_equal(before, sent);
    assert_int_equal(fake.logins, 1);
    assert_int_equal(fake.executed, 2);
}

static void test_limited_login_waits(void **state)
{
    (void)state;
    set_up(1, 0, 0, 1);
    fake.login_fault = FAULT_SAY;
    fake.fault_at = 429;
    fake.login_faults = 1;
    struct skeym_load_verdict verdict = step();
    assert_int_equal(verdict.step, SKEYM_LOAD_AGAIN);
    assert_int_equal(verdict.outcome, SKEYM_LOAD_LIMITED);
    assert_int_equal(verdict.wait_ms, 1000);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
}

/* A lost answer ends the lane: the token may have been used. A reading then comes once more, under
 * the same identifier. */
static void test_lost_answer(void **state)
{
    char identifier[128];
    (void)state;
    set_up(0, 1, 0, 2);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    assert_int_equal(node.live, 2);
    fake.fault = FAULT_DROP_ANSWER;
    fake.faults = 1;
    struct skeym_load_verdict verdict = step();
    assert_int_equal(verdict.step, SKEYM_LOAD_AGAIN);
    assert_int_equal(verdict.outcome, SKEYM_LOAD_LOST);
    assert_int_equal(node.live, 1);
    memcpy(identifier, fake.last_if_none_exist, sizeof identifier);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    assert_string_equal(identifier, fake.last_if_none_exist);
    assert_int_equal(fake.logins, 1); /* the other lane was there */
    assert_int_equal(fake.refused, 0);
}

static void test_unsent_keeps_the_lane(void **state)
{
    (void)state;
    set_up(1, 0, 0, 1);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    fake.fault = FAULT_UNSENT;
    fake.faults = 1;
    assert_int_equal(step().outcome, SKEYM_LOAD_UNSENT);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    assert_int_equal(fake.logins, 1);
}

static void test_waits_longer_each_time(void **state)
{
    uint32_t before_ms = 0;
    (void)state;
    set_up(1, 0, 0, 1);
    fake.login_fault = FAULT_DROP_REQUEST;
    fake.login_faults = 5;
    for (int i = 0; i < 5; i++) {
        struct skeym_load_verdict verdict = step();
        assert_int_equal(verdict.outcome, SKEYM_LOAD_TIMEOUT);
        assert_true(verdict.wait_ms > before_ms && verdict.wait_ms <= 1000);
        before_ms = verdict.wait_ms;
    }
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    assert_int_equal(node.failures, 0);
}

static void spoil(enum fault fault)
{
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    fake.fault = fault;
    fake.faults = 1;
    fake.fault_at = 201;
    assert_int_equal(operate(), SKEYM_LOAD_UNOPENED);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
}

/* An answer that was tampered with is never taken for good. */
static void test_spoilt_answers(void **state)
{
    (void)state;
    set_up(1, 0, 0, 1);
    spoil(FAULT_ALTER_ANSWER);
    spoil(FAULT_STATUS);
    spoil(FAULT_OLD_ANSWER);
    fake.login_fault = FAULT_ALTER_ANSWER;
    fake.login_faults = 1;
    node.live = 0;
    assert_int_equal(operate(), SKEYM_LOAD_UNOPENED);
}

/* Another's token in the place of the next one: the next request is refused, then a login helps. */
static void test_swapped_next(void **state)
{
    (void)state;
    set_up(1, 0, 0, 1);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    fake.fault = FAULT_SWAP_NEXT;
    fake.faults = 1;
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    assert_int_equal(fake.refused, 1);
    assert_int_equal(fake.logins, 2);
}

static void test_sealed_status(void **state)
{
    (void)state;
    set_up(1, 0, 0, 1);
    fake.status = 404;
    assert_int_equal(operate(), SKEYM_LOAD_STATUS);
    fake.status = 201;
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    assert_int_equal(fake.logins, 1); /* the chain goes on */
}

/* The last plaintext is kept where there is room for it, and no further. */
static void test_keeps_the_answer(void **state)
{
    static const char body[] = "{\"resourceType\":\"Bundle\"}";
    static uint8_t kept[sizeof body + 7];
    (void)state;
    set_up(1, 0, 0, 1);
    node.keep = kept;
    for (size_t room = 0; room <= sizeof kept; room++) {
        memset(kept, 0xa5, sizeof kept);
        node.keep_room = room;
        assert_int_equal(operate(), SKEYM_LOAD_OK);
        size_t size = room < sizeof body - 1 ? room : sizeof body - 1;
        assert_int_equal(node.keep_size, size);
        assert_int_equal(node.answer_size, sizeof body - 1);
        assert_memory_equal(kept, body, size);
        assert_true(size == sizeof kept || kept[size] == 0xa5);
    }
}

/* The run may end while an operation that has lost its last lane waits to be tried again: then the
 * script hears of a second loss, and there is no lane that it could take. */
static void test_lost_twice_takes_one_lane(void **state)
{
    (void)state;
    set_up(1, 0, 0, 1);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    fake.fault = FAULT_DROP_ANSWER;
    fake.faults = 1;
    assert_int_equal(step().step, SKEYM_LOAD_AGAIN);
    assert_int_equal(node.live, 0);
    struct skeym_load_verdict verdict =
        skeym_load_node_script.take(&node, NULL, SKEYM_LOAD_TIMEOUT);
    assert_int_equal(verdict.outcome, SKEYM_LOAD_TIMEOUT);
    assert_int_equal(node.live, 0);
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    assert_int_equal(fake.logins, 2);
}

/* A login that is refused is refused at once; so is what is neither 401 nor to be waited for. */
static void test_refusals_that_nothing_helps_against(void **state)
{
    (void)state;
    set_up(1, 0, 0, 1);
    fake.login_fault = FAULT_SAY;
    fake.fault_at = 401;
    fake.login_faults = 1;
    struct skeym_load_verdict verdict = step();
    assert_int_equal(verdict.step, SKEYM_LOAD_DONE);
    assert_int_equal(verdict.outcome, SKEYM_LOAD_REFUSED);
    assert_string_equal(verdict.why, "a login");
    assert_int_equal(operate(), SKEYM_LOAD_OK);
    fake.fault = FAULT_SAY;
    fake.fault_at = 500;
    fake.faults = 1;
    verdict = step();
    assert_int_equal(verdict.step, SKEYM_LOAD_DONE);
    assert_int_equal(verdict.outcome, SKEYM_LOAD_STATUS);
    assert_null(verdict.why);
    assert_int_equal(node.live, 1); /* it was not executed: the token is as it was */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_chain, tear_down),
        cmocka_unit_test_teardown(test_lanes_all_live, tear_down),
        cmocka_unit_test_teardown(test_mix, tear_down),
        cmocka_unit_test_teardown(test_forgets, tear_down),
        cmocka_unit_test_teardown(test_short_tokens, tear_down),
        cmocka_unit_test_teardown(test_end_of_chain, tear_down),
        cmocka_unit_test_teardown(test_corrects_its_clock, tear_down),
        cmocka_unit_test_teardown(test_refused_logs_in_again, tear_down),
        cmocka_unit_test_teardown(test_refused_for_good, tear_down),
        cmocka_unit_test_teardown(test_busy_repeats, tear_down),
        cmocka_unit_test_teardown(test_limited_login_waits, tear_down),
        cmocka_unit_test_teardown(test_lost_answer, tear_down),
        cmocka_unit_test_teardown(test_unsent_keeps_the_lane, tear_down),
        cmocka_unit_test_teardown(test_waits_longer_each_time, tear_down),
        cmocka_unit_test_teardown(test_spoilt_answers, tear_down),
        cmocka_unit_test_teardown(test_swapped_next, tear_down),
        cmocka_unit_test_teardown(test_sealed_status, tear_down),
        cmocka_unit_test_teardown(test_keeps_the_answer, tear_down),
        cmocka_unit_test_teardown(test_lost_twice_takes_one_lane, tear_down),
        cmocka_unit_test_teardown(test_refusals_that_nothing_helps_against, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
