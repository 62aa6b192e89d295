/* SPDX-License-Identifier: Apache-2.0 */
/* The generator against a server that does what each test wants. Where time plays, the tests look
 * at counts, and at least bounds that a slow machine can only exceed. */
#include "unit/load/load_fixture.h"

/* --- the closed loop ---------------------------------------------------------------------- */

static void test_closed_each(void **state)
{
    (void)state;
    set_up(all_good, GET);
    options.each = 25;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_OK), 100);
    assert_int_equal(result->due, 100);
    assert_int_equal(result->answers, 100);
    assert_int_equal(result->kinds[0].latency.count, 100);
    assert_int_equal(atomic_load(&server->requests), 100);
    assert_int_equal(atomic_load(&server->connections), 4);
    assert_string_equal(result->why, "");
    assert_string_equal(server->first, GET);
}

static void test_threads(void **state)
{
    (void)state;
    set_up(all_good, GET);
    options.each = 10;
    options.connections = 7;
    options.threads = 3;
    run(0, 600000 * MS);
    /* the threads begin a moment after the first request may be due; those before do not count */
    assert_int_equal(atomic_load(&server->requests), 70);
    assert_int_equal(atomic_load(&server->connections), 7);
    assert_int_equal(count(SKEYM_LOAD_OK), result->due);
}

/* Without ever sleeping: what is due, what comes and what is late is found all the same. */
static void test_spins(void **state)
{
    (void)state;
    set_up(all_good, GET);
    options.spin = true;
    options.each = 5;
    options.per_second = 200;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_OK), 20);
    assert_int_equal(result->answers, 20);
}

static void test_again_with_the_same_connections(void **state)
{
    struct skeym_load *load = NULL;
    (void)state;
    set_up(all_good, GET);
    options.each = 5;
    assert_int_equal(skeym_load_open(&load, &options), SKEYM_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(skeym_load_run(&result, load, 0, 600000 * MS), SKEYM_OK);
        assert_int_equal(count(SKEYM_LOAD_OK), 20);
        assert_int_equal(result->connects, 0);
        skeym_load_result_free(result);
    }
    result = NULL;
    skeym_load_close(load);
    assert_int_equal(atomic_load(&server->connections), 4);
}

/* --- the open loop -------------------------------------------------------------------------- */

static void test_open_sends_all_that_is_due(void **state)
{
    (void)state;
    set_up(all_good, GET);
    options.per_second = 500;
    run(200 * MS, 400 * MS);
    assert_int_equal(result->due, 200);
    assert_int_equal(count(SKEYM_LOAD_OK), 200);
    assert_int_equal(atomic_load(&server->requests), 300);
}

static struct tcp_reply stall_once(unsigned n)
{
    return (struct tcp_reply){.answer = TCP_OK("ok"), .stall_ms = n == 0 ? 400 : 0};
}

/* A server that stalls for 400 ms: all that was due meanwhile was late, though none of it was sent
 * meanwhile. A generator that counted from the sending would show one slow request. */
static void test_a_stall_cannot_hide(void **state)
{
    size_t late = 0;
    (void)state;
    set_up(stall_once, GET);
    options.connections = 1;
    options.per_second = 100;
    options.trace = true;
    run(0, 500 * MS);
    assert_int_equal(result->due, 50);
    assert_int_equal(count(SKEYM_LOAD_OK), 50);
    assert_int_equal(result->record_count, 50);
    for (size_t i = 0; i < result->record_count; i++) {
        const struct skeym_load_record *record = &result->records[i];
        late += record->latency_ns >= 100 * MS;
        if (record->due_ns <= 290 * MS) {
            assert_true(record->latency_ns >= 100 * MS);
        }
    }
    assert_true(late >= 29);
    assert_true(skeym_histogram_at(&result->kinds[0].latency, 0.5) >= 100 * MS);
}

static struct tcp_reply say_nothing(unsigned n)
{
    (void)n;
    return (struct tcp_reply){.answer = NULL};
}

/* One connection, no answers: one is lost, the others never left. */
static void test_unsent(void **state)
{
    (void)state;
    set_up(say_nothing, GET);
    options.connections = 1;
    options.per_second = 1000;
    options.drain_ms = 0;
    run(0, 100 * MS);
    assert_int_equal(result->due, 100);
    assert_in_range(count(SKEYM_LOAD_UNSENT), 99, 100); /* 100 when it could not even begin */
    assert_int_equal(count(SKEYM_LOAD_TIMEOUT) + count(SKEYM_LOAD_UNSENT), 100);
    assert_int_equal(count(SKEYM_LOAD_OK), 0);
}

/* --- what goes wrong ----------------------------------------------------------------------------
 */

static struct tcp_reply close_each_third(unsigned n)
{
    return (struct tcp_reply){.answer = n % 3 ? TCP_OK("ok") : NULL, .close = n % 3 == 0};
}

static void test_lost(void **state)
{
    (void)state;
    set_up(close_each_third, GET);
    options.connections = 1;
    options.each = 9;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_LOST), 3);
    assert_int_equal(count(SKEYM_LOAD_OK), 6);
    assert_int_equal(result->connects, 3);
    assert_int_equal(result->kinds[0].latency.count, 6);
}

static void test_timeout(void **state)
{
    (void)state;
    set_up(say_nothing, GET);
    options.connections = 1;
    options.each = 2;
    options.answer_ms = 50;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_TIMEOUT), 2);
    assert_int_equal(atomic_load(&server->connections), 2);
}

static struct tcp_reply say_rubbish(unsigned n)
{
    (void)n;
    return (struct tcp_reply){.answer = "220 mail.example ESMTP\r\n\r\n"};
}

static void test_no_http(void **state)
{
    (void)state;
    set_up(say_rubbish, GET);
    options.connections = 1;
    options.each = 2;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_UNOPENED), 2);
    assert_string_equal(result->why, "not an HTTP answer");
}

static struct tcp_reply close_after(unsigned n)
{
    (void)n;
    return (struct tcp_reply){
        .answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        .close = true};
}

static void test_connection_close(void **state)
{
    (void)state;
    set_up(close_after, GET);
    options.connections = 1;
    options.each = 5;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_OK), 5);
    assert_int_equal(atomic_load(&server->connections), 5);
}

static void test_reconnect(void **state)
{
    (void)state;
    set_up(all_good, GET);
    options.connections = 1;
    options.each = 5;
    options.reconnect = true;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_OK), 5);
    assert_int_equal(atomic_load(&server->connections), 5);
    assert_int_equal(result->connects, 4);
}

static void test_hasty(void **state)
{
    (void)state;
    set_up(refuse, GET);
    options.connections = 1;
    options.hasty = true;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_REFUSED), 1);
    assert_string_equal(result->why, "refused (status 401) why?");
}

static void test_nobody_there(void **state)
{
    (void)state;
    set_up(all_good, GET);
    tcp_stop(server);
    server = NULL;
    options.connections = 1;
    options.each = 3;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_UNSENT), 3);
}

/* Connections that fail at once are asked for again and again, and still it ends in time. */
static void test_nobody_there_and_no_limit(void **state)
{
    (void)state;
    set_up(all_good, GET);
    tcp_stop(server);
    server = NULL;
    run(0, 50 * MS);
    assert_true(count(SKEYM_LOAD_UNSENT) > 0);
    assert_int_equal(count(SKEYM_LOAD_UNSENT), result->due);
}

/* --- scripts that do more
 * ------------------------------------------------------------------------- */

/* Two requests make one operation; after a 503 it is tried again, at once. */
static struct {
    unsigned asked, place;
    uint32_t wait_ms;
} plan;

static enum skeym_error plan_ask(void *lane, struct skeym_writer *out, unsigned *kind)
{
    (void)lane;
    *kind = 1;
    plan.asked++;
    skeym_write_text(out, GET);
    return SKEYM_OK;
}

static struct skeym_load_verdict plan_take(void *lane, const struct skeym_load_answer *answer,
                                           enum skeym_load_outcome lost)
{
    (void)lane;
    if (!answer || answer->status == 503) {
        return (struct skeym_load_verdict){SKEYM_LOAD_AGAIN, answer ? SKEYM_LOAD_BUSY : lost,
                                           plan.wait_ms, NULL};
    }
    plan.place = !plan.place;
    return (struct skeym_load_verdict){.step = plan.place ? SKEYM_LOAD_MORE : SKEYM_LOAD_DONE};
}

static const char *const plan_kinds[] = {"a", "b", NULL};
static const struct skeym_load_script plan_script = {
    .kinds = plan_kinds, .ask = plan_ask, .take = plan_take};

static struct tcp_reply busy_twice(unsigned n)
{
    static const char busy[] = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    return (struct tcp_reply){.answer = n % 4 < 2 ? busy : TCP_OK("ok")};
}

static void use_plan(uint32_t wait_ms)
{
    memset(&plan, 0, sizeof plan);
    plan.wait_ms = wait_ms;
    lanes[0] = (struct skeym_load_lane){&plan_script, NULL};
    options.connections = 1;
    options.lane_count = 1;
}

static void test_operation_of_many_requests(void **state)
{
    (void)state;
    set_up(busy_twice, GET);
    use_plan(0);
    options.each = 3;
    options.trace = true;
    run(0, 600000 * MS);
    assert_int_equal(result->kinds[1].outcomes[SKEYM_LOAD_OK], 3);
    assert_int_equal(result->answers, 12);
    assert_int_equal(result->repeated, 6);
    assert_int_equal(plan.asked, 12);
    assert_int_equal(result->records[0].repeated, 2);
    assert_int_equal(result->records[0].kind, 1);
    assert_string_equal(result->kind_names[1], "b");
}

static struct tcp_reply always_busy(unsigned n)
{
    (void)n;
    return busy_twice(0);
}

static void test_patience_ends(void **state)
{
    (void)state;
    set_up(always_busy, GET);
    use_plan(20);
    options.each = 1;
    options.patience_ms = 100;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_BUSY), 1);
    assert_in_range(plan.asked, 1, 6);
}

static enum skeym_error fail_to_ask(void *lane, struct skeym_writer *out, unsigned *kind)
{
    (void)lane;
    (void)out;
    *kind = 0;
    return SKEYM_ERR_CRYPTO;
}

static void test_script_fails(void **state)
{
    static const struct skeym_load_script script = {
        .kinds = plan_kinds, .ask = fail_to_ask, .take = plan_take};
    struct skeym_load *load = NULL;
    (void)state;
    set_up(all_good, GET);
    lanes[1].script = &script;
    assert_int_equal(skeym_load_open(&load, &options), SKEYM_OK);
    assert_int_equal(skeym_load_run(&result, load, 0, 600000 * MS), SKEYM_ERR_CRYPTO);
    assert_null(result);
    skeym_load_close(load);
}

/* --- attackers' ways
 * ---------------------------------------------------------------------------------- */

static void test_batch(void **state)
{
    struct skeym_load_script script = skeym_load_plain_script;
    (void)state;
    set_up(all_good, GET);
    script.batch = 8;
    for (size_t i = 0; i < LANES; i++) {
        lanes[i].script = &script;
    }
    options.each = 2;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_OK), 4 * 2 * 8);
    assert_int_equal(atomic_load(&server->requests), 4 * 2 * 8);
}

/* What is left of a batch when the connection ends is lost, and counted. */
static struct tcp_reply close_at_third(unsigned n)
{
    return (struct tcp_reply){.answer = TCP_OK("ok"), .close = n == 2};
}

static void test_batch_cut(void **state)
{
    struct skeym_load_script script = skeym_load_plain_script;
    (void)state;
    set_up(close_at_third, GET);
    script.batch = 8;
    lanes[0].script = &script;
    options.connections = 1;
    options.lane_count = 1;
    options.each = 1;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_OK) + count(SKEYM_LOAD_LOST), 8);
    assert_true(count(SKEYM_LOAD_OK) <= 3);
}

/* Byte by byte until the server has had enough: here, at the end of the head. */
static void test_drip(void **state)
{
    struct skeym_load_script script = skeym_load_plain_script;
    (void)state;
    set_up(all_good, GET);
    script.drip_ms = 1;
    lanes[0].script = &script;
    options.connections = 1;
    options.lane_count = 1;
    options.each = 1;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_OK), 1);
    assert_string_equal(server->first, GET);
    assert_true(skeym_histogram_at(&result->kinds[0].latency, 1) >= (strlen(GET) - 1) * MS);
}

static void test_drip_body(void **state)
{
    static const char request[] = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
    struct skeym_load_script script = skeym_load_plain_script;
    (void)state;
    set_up(all_good, request);
    script.drip_ms = 20;
    script.drip_body = true;
    lanes[0].script = &script;
    options.connections = 1;
    options.lane_count = 1;
    options.each = 1;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_OK), 1);
    assert_string_equal(server->first, request);
    assert_true(skeym_histogram_at(&result->kinds[0].latency, 1) >= 40 * MS);
}

/* --- the rest
 * -------------------------------------------------------------------------------------- */

static void test_sources(void **state)
{
    (void)state;
    set_up(all_good, GET);
    options.from = (struct skeym_load_from){0x7f000503, 2};
    options.each = 1;
    run(0, 600000 * MS);
    assert_int_equal(atomic_load(&server->sources[3]), 2);
    assert_int_equal(atomic_load(&server->sources[4]), 2);
}

/* Connection i has lanes i, i + connections, ... in turn. */
static void test_lanes_take_turns(void **state)
{
    static struct skeym_load_plain other;
    (void)state;
    set_up(refuse, GET);
    other = plain;
    other.status = 401;
    lanes[1].state = &other;
    lanes[2].state = &other;
    options.connections = 1;
    options.lane_count = 3;
    options.each = 6;
    run(0, 600000 * MS);
    assert_int_equal(count(SKEYM_LOAD_OK), 4);
    assert_int_equal(count(SKEYM_LOAD_REFUSED), 2);
}

static void test_wrong_use(void **state)
{
    struct skeym_load *load = NULL;
    (void)state;
    set_up(all_good, GET);
    options.connections = LANES + 1;
    assert_int_equal(skeym_load_open(&load, &options), SKEYM_ERR_USAGE);
    options.connections = 0;
    assert_int_equal(skeym_load_open(&load, &options), SKEYM_ERR_USAGE);
    options.connections = 2;
    options.threads = 3;
    assert_int_equal(skeym_load_open(&load, &options), SKEYM_ERR_USAGE);
    options.threads = 2;
    options.per_second = -1;
    assert_int_equal(skeym_load_open(&load, &options), SKEYM_ERR_USAGE);
    assert_null(load);
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(skeym_load_outcome_word(SKEYM_LOAD_OK), "ok");
    assert_string_equal(skeym_load_outcome_word(SKEYM_LOAD_UNSENT), "unsent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_closed_each, tear_down),
        cmocka_unit_test_teardown(test_threads, tear_down),
        cmocka_unit_test_teardown(test_spins, tear_down),
        cmocka_unit_test_teardown(test_again_with_the_same_connections, tear_down),
        cmocka_unit_test_teardown(test_open_sends_all_that_is_due, tear_down),
        cmocka_unit_test_teardown(test_a_stall_cannot_hide, tear_down),
        cmocka_unit_test_teardown(test_unsent, tear_down),
        cmocka_unit_test_teardown(test_lost, tear_down),
        cmocka_unit_test_teardown(test_timeout, tear_down),
        cmocka_unit_test_teardown(test_no_http, tear_down),
        cmocka_unit_test_teardown(test_connection_close, tear_down),
        cmocka_unit_test_teardown(test_reconnect, tear_down),
        cmocka_unit_test_teardown(test_hasty, tear_down),
        cmocka_unit_test_teardown(test_nobody_there, tear_down),
        cmocka_unit_test_teardown(test_nobody_there_and_no_limit, tear_down),
        cmocka_unit_test_teardown(test_operation_of_many_requests, tear_down),
        cmocka_unit_test_teardown(test_patience_ends, tear_down),
        cmocka_unit_test_teardown(test_script_fails, tear_down),
        cmocka_unit_test_teardown(test_batch, tear_down),
        cmocka_unit_test_teardown(test_batch_cut, tear_down),
        cmocka_unit_test_teardown(test_drip, tear_down),
        cmocka_unit_test_teardown(test_drip_body, tear_down),
        cmocka_unit_test_teardown(test_sources, tear_down),
        cmocka_unit_test_teardown(test_lanes_take_turns, tear_down),
        cmocka_unit_test_teardown(test_wrong_use, tear_down),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
