/* SPDX-License-Identifier: Apache-2.0 */
/* Several threads, of which one fails or is told to stop, and options that a run cannot have. */
#include "unit/load/load_fixture.h"

static const char *const kinds[] = {"a", NULL};

static enum skeym_error fail_to_ask(void *lane, struct skeym_writer *out, unsigned *kind)
{
    (void)lane;
    (void)out;
    *kind = 0;
    return SKEYM_ERR_CRYPTO;
}

static struct skeym_load_verdict never_takes(void *lane, const struct skeym_load_answer *answer,
                                             enum skeym_load_outcome lost)
{
    (void)lane;
    (void)answer;
    return (struct skeym_load_verdict){.step = SKEYM_LOAD_DONE, .outcome = lost};
}

/* One thread's failure is the run's, though another has done all that it should. */
static void test_one_thread_fails(void **state)
{
    static const struct skeym_load_script script = {
        .kinds = kinds, .ask = fail_to_ask, .take = never_takes};
    struct skeym_load *load = NULL;
    (void)state;
    for (size_t which = 0; which < 2; which++) {
        set_up(all_good, GET);
        lanes[which].script = &script;
        options.connections = options.lane_count = options.threads = 2;
        options.each = 1;
        assert_int_equal(skeym_load_open(&load, &options), SKEYM_OK);
        assert_int_equal(skeym_load_run(&result, load, 0, 600000 * MS), SKEYM_ERR_CRYPTO);
        assert_null(result);
        skeym_load_close(load);
        tcp_stop(server);
        server = NULL;
    }
}

/* The first thread had the failure, the second none: what is told is of the first. */
static void test_one_thread_tells_why(void **state)
{
    static struct skeym_load_plain other;
    (void)state;
    for (size_t which = 0; which < 2; which++) {
        set_up(refuse, GET);
        other = plain;
        other.status = 401; /* for which that is as it should be */
        lanes[which].state = &other;
        options.connections = options.lane_count = options.threads = 2;
        options.each = 1;
        run(0, 600000 * MS);
        assert_string_equal(result->why, "refused (status 401) why?");
        assert_int_equal(tear_down(state), 0);
    }
}

static struct skeym_load *to_stop;

static struct skeym_load_verdict stop_and_take(void *lane, const struct skeym_load_answer *answer,
                                               enum skeym_load_outcome lost)
{
    skeym_load_stop(to_stop);
    return skeym_load_plain_script.take(lane, answer, lost);
}

/* Told to stop while it has time left, it begins nothing more. */
static void test_stopped_before_its_time(void **state)
{
    struct skeym_load_script script = skeym_load_plain_script;
    (void)state;
    set_up(all_good, GET);
    script.take = stop_and_take;
    lanes[0].script = &script;
    options.connections = options.lane_count = 1;
    options.each = 1000;
    assert_int_equal(skeym_load_open(&to_stop, &options), SKEYM_OK);
    assert_int_equal(skeym_load_run(&result, to_stop, 0, 600000 * MS), SKEYM_OK);
    skeym_load_close(to_stop);
    assert_int_equal(result->due, 1);
    assert_int_equal(count(SKEYM_LOAD_OK), 1);
    assert_int_equal(atomic_load(&server->requests), 1);
}

/* A thread more than there is room for is refused, also where each would have its connections. */
static void test_too_many_threads(void **state)
{
    static struct skeym_load_lane many[SKEYM_LOAD_THREADS_MAX + 1];
    struct skeym_load *load = NULL;
    (void)state;
    set_up(all_good, GET);
    for (size_t i = 0; i < SKEYM_LOAD_THREADS_MAX + 1; i++) {
        many[i] = lanes[0];
    }
    options.lanes = many;
    options.lane_count = options.connections = options.threads = SKEYM_LOAD_THREADS_MAX + 1;
    assert_int_equal(skeym_load_open(&load, &options), SKEYM_ERR_USAGE);
    assert_null(load);
}

static void test_outcomes_by_status(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum skeym_load_outcome outcome;
    } cases[] = {{100, SKEYM_LOAD_STATUS},  {199, SKEYM_LOAD_STATUS},  {200, SKEYM_LOAD_OK},
                 {204, SKEYM_LOAD_OK},      {299, SKEYM_LOAD_OK},      {300, SKEYM_LOAD_STATUS},
                 {304, SKEYM_LOAD_STATUS},  {401, SKEYM_LOAD_REFUSED}, {403, SKEYM_LOAD_STATUS},
                 {429, SKEYM_LOAD_LIMITED}, {503, SKEYM_LOAD_BUSY},    {500, SKEYM_LOAD_STATUS}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(skeym_load_outcome_of(cases[i].status), cases[i].outcome);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_one_thread_fails, tear_down),
        cmocka_unit_test_teardown(test_one_thread_tells_why, tear_down),
        cmocka_unit_test_teardown(test_stopped_before_its_time, tear_down),
        cmocka_unit_test_teardown(test_too_many_threads, tear_down),
        cmocka_unit_test(test_outcomes_by_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
