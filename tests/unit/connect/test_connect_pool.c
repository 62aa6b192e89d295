/* SPDX-License-Identifier: Apache-2.0 */
/* A sidecar's threads: what is tried again, and what is not. */
#include "unit/connect/pool_fixture.h"
#include <sched.h>

static void test_one_login_serves_many(void **state)
{
    (void)state;
    start(1, 8, 1000);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(run(i % 2 ? "GET" : "POST", i % 2 ? "" : "{}", true).error, SKEYM_OK);
    }
    assert_int_equal(fake.logins, 1);
    assert_int_equal(told_logins, 1);
    assert_int_equal(fake.refused, 0);
    assert_int_equal(fake.executed, 21); /* and the capability statement */
}

static void test_tokens_that_grew_old_are_not_used(void **state)
{
    (void)state;
    start(1, 8, 1000);
    warm();
    fake_pass(&fake, 40000);
    assert_int_equal(run("GET", "", true).error, SKEYM_OK);
    assert_int_equal(fake.logins, 2);
    assert_int_equal(fake.refused, 0);
}

/* Both ways, by what the server calls itself. */
static void test_links_are_moved(void **state)
{
    (void)state;
    bool done;
    start(1, 8, 1000);
    fake.body = skeym_span_text("{\"implementation\":{\"url\":\"https://ward/fhir\"},"
                                "\"x\":{\"reference\":\"https://ward/fhir/Patient/1\"}}");
    struct skeym_connect_job job =
        job_of("POST", "{\"subject\":{\"reference\":\"" BASE "/Patient/1\"}}", true, &done);
    assert_int_equal(skeym_connect_pool_submit(pool, &job), SKEYM_OK);
    wait_for(&done);
    assert_int_equal(job.error, SKEYM_OK);
    assert_string_equal((const char *)job.answer.body,
                        "{\"implementation\":{\"url\":\"" BASE "\"},"
                        "\"x\":{\"reference\":\"" BASE "/Patient/1\"}}");
    skeym_session_answer_free(&job.answer);
    static const char want[] = "{\"subject\":{\"reference\":\"https://ward/fhir/Patient/1\"}}";
    assert_int_equal(fake.last_body_size, sizeof want - 1);
    assert_memory_equal(fake.last_body, want, sizeof want - 1);
}

static void test_a_restarted_server_is_logged_in_to_again(void **state)
{
    (void)state;
    start(1, 8, 1000);
    warm();
    fake.instance++;
    struct skeym_connect_job job = run("POST", "{}", true);
    assert_int_equal(job.error, SKEYM_OK);
    assert_int_equal(fake.logins, 2);
    assert_int_equal(fake.waited_ms, 0);
    assert_int_equal(told_refused, 1);
    assert_int_equal(fake.refused, 1); /* one token was tried, not each of the four */
}

/* Nobody signs a 401: a write that nothing protects is not sent again after it. */
static void test_an_unprotected_write_is_sent_once(void **state)
{
    (void)state;
    static const enum fault faults[] = {FAULT_DROP_ANSWER, FAULT_DROP_REQUEST,
                                        FAULT_EXECUTE_AND_SAY, FAULT_ALTER_ANSWER};
    start(1, 8, 5000);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        warm();
        set_fault(faults[i], 401, 1);
        struct skeym_connect_job job = run("POST", "{}", false);
        assert_int_not_equal(job.error, SKEYM_OK);
        assert_true(job.maybe);
        assert_true(fake.executed <= 1);
        fake.faults = 0;
    }
}

static void test_a_protected_one_is_sent_until_it_is_answered(void **state)
{
    (void)state;
    static const enum fault faults[] = {FAULT_DROP_ANSWER,     FAULT_DROP_REQUEST, FAULT_UNSENT,
                                        FAULT_EXECUTE_AND_SAY, FAULT_ALTER_ANSWER, FAULT_SAY};
    start(1, 8, 5000);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        warm();
        set_fault(faults[i], 503, 2);
        struct skeym_connect_job job = run("POST", "{}", true);
        assert_int_equal(job.error, SKEYM_OK);
        assert_false(job.maybe);
        assert_true(fake.waited_ms > 0);
    }
}

/* What has not left may always be sent again. */
static void test_what_was_not_sent_is_sent_again(void **state)
{
    (void)state;
    start(1, 8, 5000);
    warm();
    set_fault(FAULT_UNSENT, 0, 2);
    struct skeym_connect_job job = run("POST", "{}", false);
    assert_int_equal(job.error, SKEYM_OK);
    assert_int_equal(fake.executed, 1);
    assert_int_equal(fake.logins, 1); /* the token was as new */
}

static void test_patience_ends(void **state)
{
    (void)state;
    start(1, 8, 2000);
    warm();
    set_fault(FAULT_UNSENT, 0, 1000000);
    struct skeym_connect_job job = run("GET", "", true);
    assert_int_equal(job.error, SKEYM_ERR_NETWORK);
    assert_false(job.maybe);
    assert_true(fake.waited_ms > 1000 && fake.waited_ms <= 2000);
    assert_true(job.retry_after_s > 0);
    fake.faults = 0;
}

static void test_a_server_that_asks_for_more_time_gets_it(void **state)
{
    (void)state;
    start(1, 8, 5000);
    warm();
    fake.retry_after_s = 3;
    set_fault(FAULT_SAY, 429, 1);
    assert_int_equal(run("GET", "", true).error, SKEYM_OK);
    assert_true(fake.waited_ms >= 3000);
    set_fault(FAULT_SAY, 429, 1);
    fake.retry_after_s = 60; /* longer than we are patient */
    struct skeym_connect_job job = run("GET", "", true);
    assert_int_equal(job.error, SKEYM_ERR_RATE);
    assert_int_equal(job.retry_after_s, 60);
}

static void test_a_forger_gets_no_second_chance_to_be_believed(void **state)
{
    (void)state;
    start(1, 8, 500);
    warm();
    set_fault(FAULT_OUTER_TYPE, 0, 1000000);
    struct skeym_connect_job job = run("GET", "", true);
    assert_int_equal(job.error, SKEYM_ERR_SEAL);
    assert_true(job.maybe);
    fake.faults = 0;
}

enum { MANY = 200 };

/* So many requests on all threads; half_way is called (if it is there) with half of them sent. */
static void run_many(void (*half_way)(const bool *done))
{
    static struct skeym_connect_job jobs[MANY];
    static bool done[MANY];
    start(SKEYM_CONNECT_WORKERS_MAX, MANY, 60000);
    for (size_t i = 0; i < MANY; i++) {
        jobs[i] = job_of("POST", "{}", true, &done[i]);
        assert_int_equal(skeym_connect_pool_submit(pool, &jobs[i]), SKEYM_OK);
        if (i == MANY / 2 && half_way) {
            half_way(done);
        }
    }
    for (size_t i = 0; i < MANY; i++) {
        wait_for(&done[i]);
        assert_int_equal(jobs[i].error, SKEYM_OK);
        skeym_session_answer_free(&jobs[i].answer);
    }
}

static void test_many_at_once(void **state)
{
    (void)state;
    run_many(NULL);
    assert_int_equal(fake.refused, 0);
    assert_true(fake.executed >= MANY);
}

static void restart(const bool *done)
{
    wait_for(&done[10]);
    pthread_mutex_lock(&fake_lock);
    fake.instance++;
    pthread_mutex_unlock(&fake_lock);
}

/* The server starts anew while 16 threads use its tokens: it is logged in to a few times, not once
 * for each thread, and nothing is lost. */
static void test_many_at_once_through_a_restart(void **state)
{
    (void)state;
    run_many(restart);
}

static void *stop_pool(void *arg)
{
    skeym_connect_pool_stop(pool);
    return arg;
}

/* With its one thread held up on its way to the server, so much fits the queue and no more; what
 * waits when the pool stops is told so. */
static void test_the_queue_is_bounded_and_ended(void **state)
{
    (void)state;
    enum { QUEUE = 3 };
    struct skeym_connect_job jobs[QUEUE + 2];
    bool done[QUEUE + 2];
    size_t taken = 0;
    enum skeym_error error = SKEYM_OK;
    start(1, QUEUE, 60000);
    pthread_mutex_lock(&gate);
    for (; taken < QUEUE + 2; taken++) {
        jobs[taken] = job_of("GET", "", true, &done[taken]);
        error = skeym_connect_pool_submit(pool, &jobs[taken]);
        if (error != SKEYM_OK) {
            break;
        }
    }
    assert_int_equal(error, SKEYM_ERR_BUSY);
    assert_true(taken == QUEUE || taken == QUEUE + 1); /* the thread may have one in its hand */
    pthread_mutex_unlock(&gate);
    skeym_connect_pool_stop(pool);
    jobs[QUEUE + 1] = job_of("GET", "", true, &done[QUEUE + 1]); /* too late, and refused */
    assert_int_equal(skeym_connect_pool_submit(pool, &jobs[QUEUE + 1]), SKEYM_ERR_BUSY);
    assert_false(done[QUEUE + 1]);
    skeym_connect_pool_stop(pool);
    for (size_t i = 0; i < taken; i++) {
        assert_true(done[i]);
        assert_true(jobs[i].error == SKEYM_OK || jobs[i].error == SKEYM_ERR_BUSY);
        skeym_session_answer_free(&jobs[i].answer);
    }
}

/* A thread that waits for a lane does not outlast the stop by the requests before it. */
static void test_who_waits_for_a_lane_is_ended(void **state)
{
    (void)state;
    enum { JOBS = 3 };
    struct skeym_connect_job jobs[JOBS];
    bool done[JOBS];
    pthread_t thread;
    fake.lanes_most = 1;
    start(2, 1, 60000);
    warm();
    pthread_mutex_lock(&gate);
    for (size_t i = 0; i < JOBS; i++) { /* with the third in the queue, two threads have one each */
        jobs[i] = job_of("GET", "", true, &done[i]);
        while (skeym_connect_pool_submit(pool, &jobs[i]) != SKEYM_OK) {
            (void)sched_yield();
        }
    }
    assert_int_equal(pthread_create(&thread, NULL, stop_pool, NULL), 0);
    wait_for(&done[2]); /* by the thread that has no lane: the other one is held up */
    pthread_mutex_unlock(&gate);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(fake.executed, 1);
    assert_int_equal(jobs[2].error, SKEYM_ERR_BUSY);
    for (size_t i = 0; i < JOBS; i++) {
        assert_true(done[i]);
        skeym_session_answer_free(&jobs[i].answer);
    }
}

static void test_wrong_options(void **state)
{
    (void)state;
    struct skeym_connect_pool *none = NULL;
    struct skeym_connect_pool_options options = {.workers = 0};
    assert_int_equal(skeym_connect_pool_start(&none, &options), SKEYM_ERR_USAGE);
    options.workers = SKEYM_CONNECT_WORKERS_MAX + 1;
    assert_int_equal(skeym_connect_pool_start(&none, &options), SKEYM_ERR_USAGE);
    struct skeym_connect_bank *no_bank = NULL;
    struct skeym_connect_bank_options wrong = {
        .credential = &fake.credential, .server = "x", .transport = send_locked, .lanes = 17};
    assert_int_equal(skeym_connect_bank_new(&no_bank, &wrong), SKEYM_ERR_USAGE);
    assert_null(no_bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
        TEST(test_one_login_serves_many),
        TEST(test_tokens_that_grew_old_are_not_used),
        TEST(test_links_are_moved),
        TEST(test_a_restarted_server_is_logged_in_to_again),
        TEST(test_an_unprotected_write_is_sent_once),
        TEST(test_a_protected_one_is_sent_until_it_is_answered),
        TEST(test_what_was_not_sent_is_sent_again),
        TEST(test_patience_ends),
        TEST(test_a_server_that_asks_for_more_time_gets_it),
        TEST(test_a_forger_gets_no_second_chance_to_be_believed),
        TEST(test_many_at_once),
        TEST(test_many_at_once_through_a_restart),
        TEST(test_the_queue_is_bounded_and_ended),
        TEST(test_who_waits_for_a_lane_is_ended),
        TEST(test_wrong_options),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
