/* SPDX-License-Identifier: Apache-2.0 */
/* A sidecar's tokens and threads, with a server in memory: what is tried again, and what is not. */
#include "connect/connect_pool.h"
#include "unit/node/fake_server.h"
#include <pthread.h>

#define BASE "http://localhost/fhir"

static struct fake_server fake;
static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
static struct skeym_connect_bank *bank;
static struct skeym_connect_pool *pool;
static unsigned told_logins, told_failed, told_refused;
static uint8_t lanes;

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* held: nothing gets to the server */

/* The server is one thread's at a time. */
static enum skeym_error send_locked(void *arg, const struct skeym_wire_request *request,
                                    struct skeym_wire_answer *answer)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    pthread_mutex_lock(&fake_lock);
    enum skeym_error error = fake_send(arg, request, answer);
    pthread_mutex_unlock(&fake_lock);
    return error;
}

static uint64_t steady_locked(void *arg)
{
    pthread_mutex_lock(&fake_lock);
    uint64_t at = fake_node_steady(arg);
    pthread_mutex_unlock(&fake_lock);
    return at;
}

static uint64_t wall_locked(void *arg)
{
    pthread_mutex_lock(&fake_lock);
    uint64_t at = fake_node_wall(arg);
    pthread_mutex_unlock(&fake_lock);
    return at;
}

static void wait_locked(void *arg, uint32_t ms)
{
    pthread_mutex_lock(&fake_lock);
    fake_node_wait(arg, ms);
    pthread_mutex_unlock(&fake_lock);
}

static void tell(void *arg, const char *event, enum skeym_error error, uint64_t number)
{
    (void)arg;
    (void)number;
    (void)error;
    told_logins += strcmp(event, "login") == 0;
    told_failed += strcmp(event, "login-failed") == 0;
    told_refused += strcmp(event, "tokens-refused") == 0;
}

static void start(unsigned workers, unsigned queue, uint32_t patience_ms)
{
    static void *args[SKEYM_CONNECT_WORKERS_MAX];
    const struct skeym_connect_bank_options options = {
        .credential = &fake.credential,
        .server = "http://127.0.0.1:1",
        .transport = send_locked,
        .transport_arg = &fake,
        .lanes = lanes,
        .time = {wall_locked, steady_locked, wait_locked, &fake},
        .tell = tell,
    };
    for (size_t i = 0; i < SKEYM_CONNECT_WORKERS_MAX; i++) {
        args[i] = &fake;
    }
    assert_int_equal(skeym_connect_bank_new(&bank, &options), SKEYM_OK);
    const struct skeym_connect_pool_options more = {
        .bank = bank,
        .workers = workers,
        .queue = queue,
        .patience_ms = patience_ms,
        .transport = send_locked,
        .transport_args = args,
    };
    assert_int_equal(skeym_connect_pool_start(&pool, &more), SKEYM_OK);
}

static int set_up(void **state)
{
    (void)state;
    fake_start(&fake);
    bank = NULL;
    pool = NULL;
    told_logins = told_failed = told_refused = 0;
    lanes = 4;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    skeym_connect_pool_free(pool);
    skeym_connect_bank_free(bank);
    fake_stop(&fake);
    return 0;
}

/* --- jobs ------------------------------------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

static void on_done(struct skeym_connect_job *job)
{
    pthread_mutex_lock(&lock);
    *(bool *)job->arg = true;
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
}

static void wait_for(const bool *done)
{
    pthread_mutex_lock(&lock);
    while (!*done) {
        pthread_cond_wait(&wake, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static struct skeym_connect_job job_of(const char *method, const char *body, bool repeatable,
                                       bool *done)
{
    *done = false;
    return (struct skeym_connect_job){
        .request = {.method = skeym_span_text(method),
                    .target = skeym_span_text("/fhir/Observation"),
                    .content_type = skeym_span_text("application/fhir+json"),
                    .body = skeym_span_text(body)},
        .base = BASE,
        .repeatable = repeatable,
        .done = on_done,
        .arg = done,
    };
}

static struct skeym_connect_job run(const char *method, const char *body, bool repeatable)
{
    bool done;
    struct skeym_connect_job job = job_of(method, body, repeatable, &done);
    assert_int_equal(skeym_connect_pool_submit(pool, &job), SKEYM_OK);
    wait_for(&done);
    job.arg = NULL;
    skeym_session_answer_free(&job.answer);
    return job;
}

static void set_fault(enum fault fault, int at, int times)
{
    fake.fault = fault;
    fake.fault_at = at;
    fake.faults = times;
}

/* Logs in, so that the learning of the base is behind us. */
static void warm(void)
{
    assert_int_equal(run("GET", "", true).error, SKEYM_OK);
    fake.executed = 0;
    fake.waited_ms = 0;
}

/* --- tests ----------------------------------------------------------------------------------- */

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
        TEST(test_a_login_that_is_too_large_is_not_the_clients),
        TEST(test_a_server_that_asks_for_more_time_gets_it),
        TEST(test_a_revoked_node_does_not_hammer),
        TEST(test_a_login_that_fails_by_chance_is_tried_again),
        TEST(test_a_login_that_nobody_answers_is_tried_again),
        TEST(test_the_pause_before_a_login_is_waited_for_to_its_end),
        TEST(test_a_login_that_is_put_off_is_tried_again),
        TEST(test_a_server_that_says_nothing_of_use_about_itself),
        TEST(test_a_login_whose_only_lane_got_lost_is_no_refusal),
        TEST(test_a_forger_gets_no_second_chance_to_be_believed),
        TEST(test_many_at_once),
        TEST(test_many_at_once_through_a_restart),
        TEST(test_the_queue_is_bounded_and_ended),
        TEST(test_wrong_options),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
