/* SPDX-License-Identifier: Apache-2.0 */
/* The device agent against a server in memory that fails in every way; time is the test's. */
#include "node/device.h"
#include "unit/node/fake_server.h"
#include <unistd.h>

#define MESSAGES 12u /* a minute in blocks of five seconds */

static struct fake_server fake;
static struct skeym_session *session;
static struct skeym_journal *journal;
static struct skeym_device_source *source;
static struct skeym_device *device;
static char journal_path[64];
static bool on_disk; /* most tests need no file, and fsync takes its time */

static void open_journal(size_t bytes)
{
    struct skeym_journal_report report;
    assert_int_equal(skeym_journal_open(&journal, on_disk ? journal_path : NULL,
                                        skeym_span_text("run"), bytes, &report),
                     SKEYM_OK);
}

static void open_source(void)
{
    struct skeym_device_source_options options = {
        .node = "bed_1",
        .patient = "p1",
        .run = "0badcafe",
        .base_ms = 1790000000000,
        .block_s = 5,
        .simulate = skeym_simulate_healthy(),
        .minutes = 1,
    };
    assert_int_equal(skeym_device_source_new(&source, &options), SKEYM_OK);
}

static void open_device(double speed)
{
    struct skeym_session_options options = fake_options(&fake);
    options.repeatable = true;
    session = fake_session(&options);
    open_source();
    struct skeym_device_options own = {session, journal, source, speed, fake.wall_ms};
    assert_int_equal(skeym_device_new(&device, &own), SKEYM_OK);
}

static void close_device(void)
{
    skeym_device_free(device);
    skeym_device_source_free(source);
    skeym_session_free(session);
    device = NULL;
    source = NULL;
    session = NULL;
}

static int set_up(void **state)
{
    (void)state;
    fake_start(&fake);
    (void)snprintf(journal_path, sizeof journal_path, "%s/skeym-device-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    int fd = mkstemp(journal_path);
    if (fd < 0) {
        return -1;
    }
    close(fd);
    on_disk = false;
    open_journal(0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_device();
    skeym_journal_close(journal);
    (void)unlink(journal_path);
    fake_stop(&fake);
    return 0;
}

/* Steps until it is done, ends by an error, or `most` steps are over; sleeps are skipped. */
static enum skeym_error go(unsigned most, bool *done)
{
    struct skeym_device_state state = {0};
    enum skeym_error error = SKEYM_OK;
    for (unsigned i = 0; i < most && error == SKEYM_OK && !state.done; i++) {
        error = skeym_device_step(device, fake.wall_ms, &state);
        assert_true(error != SKEYM_OK || state.wake_ms >= fake.wall_ms);
        assert_true(error != SKEYM_OK || state.wake_ms <= fake.wall_ms + 10000);
        if (error == SKEYM_OK) {
            fake_pass(&fake, state.wake_ms - fake.wall_ms);
        }
    }
    *done = state.done;
    return error;
}

static void go_to_the_end(void)
{
    bool done = false;
    assert_int_equal(go(10000, &done), SKEYM_OK);
    assert_true(done);
    assert_int_equal(skeym_journal_waiting(journal), 0);
    assert_int_equal(skeym_journal_next(journal), MESSAGES);
}

static void fail_times(enum fault fault, int at, int times)
{
    fake.fault = fault;
    fake.fault_at = at;
    fake.faults = times;
}

/* --- going well -------------------------------------------------------------------- */

static void test_all_is_sent_as_fast_as_it_goes(void **state)
{
    (void)state;
    open_device(0);
    uint64_t start = fake.wall_ms;
    go_to_the_end();
    assert_int_equal(fake.executed, MESSAGES);
    assert_int_equal(fake.wall_ms, start);
    assert_string_equal(fake.last_method, "POST");
    assert_string_equal(fake.last_target, "/fhir");
    static const char head[] = "{\"resourceType\":\"Bundle\",\"type\":\"transaction\"";
    assert_memory_equal(fake.last_body, head, sizeof head - 1);
    struct skeym_device_figures figures = skeym_device_figures(device);
    assert_int_equal(figures.taken, MESSAGES);
    assert_int_equal(figures.acknowledged, MESSAGES);
    assert_int_equal(figures.readings, MESSAGES * 10);
    assert_int_equal(figures.retries, 0);
    assert_int_equal(figures.waiting, 0);
}

static void test_speed_is_kept(void **state)
{
    (void)state;
    static const double speeds[] = {1, 10, 0.5};
    for (size_t i = 0; i < 3; i++) {
        skeym_journal_close(journal);
        open_journal(0);
        open_device(speeds[i]);
        uint64_t start = fake.wall_ms;
        go_to_the_end();
        double took = (double)(fake.wall_ms - start);
        assert_true(took >= 60000 / speeds[i] - 1 && took <= 60000 / speeds[i] + 1);
        close_device();
    }
}

/* --- going on ----------------------------------------------------------------------- */

static void test_goes_on_through_passing_faults(void **state)
{
    (void)state;
    static const struct {
        enum fault fault;
        int at;
    } table[] = {
        {FAULT_UNSENT, 0},        {FAULT_DROP_REQUEST, 0}, {FAULT_DROP_ANSWER, 0},
        {FAULT_ALTER_ANSWER, 9},  {FAULT_OLD_ANSWER, 0},   {FAULT_SAY, 503},
        {FAULT_SAY, 429},         {FAULT_SAY, 502},        {FAULT_OUTER_TYPE, 0},
        {FAULT_NO_NEXT, 0},       {FAULT_SWAP_NEXT, 0},    {FAULT_EXECUTE_AND_SAY, 401},
        {FAULT_ALTER_REQUEST, 3}, {FAULT_SAY, 401},        {FAULT_DELIVER_TWICE, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bool done = false;
        skeym_journal_close(journal);
        open_journal(0);
        open_device(0);
        assert_int_equal(go(3, &done), SKEYM_OK);
        fail_times(table[i].fault, table[i].at, 3);
        go_to_the_end();
        assert_int_equal(skeym_device_figures(device).acknowledged, MESSAGES);
        assert_int_equal(fake.faults, 0);
        close_device();
    }
}

static void test_goes_on_through_statuses_that_pass(void **state)
{
    (void)state;
    static const int statuses[] = {408, 425, 429, 500, 502, 503, 504, 507};
    open_device(0);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        bool done = true;
        uint64_t acknowledged = skeym_device_figures(device).acknowledged;
        fake.status = statuses[i];
        assert_int_equal(go(3, &done), SKEYM_OK);
        assert_false(done);
        assert_int_equal(skeym_device_figures(device).acknowledged, acknowledged);
        assert_int_equal(skeym_device_figures(device).status, statuses[i]);
        fake.status = 200;
        assert_int_equal(go(1, &done), SKEYM_OK);
        assert_int_equal(skeym_device_figures(device).acknowledged, acknowledged + 1);
    }
    go_to_the_end();
}

static void test_a_server_that_starts_anew_is_nothing(void **state)
{
    (void)state;
    bool done = false;
    open_device(0);
    assert_int_equal(go(4, &done), SKEYM_OK);
    fake.instance++;
    go_to_the_end();
    assert_int_equal(fake.executed, MESSAGES);
    assert_int_equal(fake.logins, 2);
    assert_int_equal(skeym_device_figures(device).retries, 0);
}

/* 0.2 s at first, doubled up to 10 s, between half and all of that; the server's own wish counts.
 */
static void test_backs_off(void **state)
{
    (void)state;
    struct skeym_device_state now;
    uint64_t most = 200;
    open_device(0);
    fail_times(FAULT_UNSENT, 0, 1000);
    fake.login_fault = FAULT_UNSENT;
    fake.login_faults = 1000;
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(skeym_device_step(device, fake.wall_ms, &now), SKEYM_OK);
        uint64_t wait = now.wake_ms - fake.wall_ms;
        assert_true(wait >= most / 2 && wait <= most);
        unsigned tries = fake.login_tries;
        assert_int_equal(skeym_device_step(device, now.wake_ms - 1, &now), SKEYM_OK);
        assert_int_equal(fake.login_tries, tries); /* not a moment too early */
        fake_pass(&fake, wait);
        most = most * 2 < 10000 ? most * 2 : 10000;
    }
    fake.login_faults = fake.faults = 0;
    assert_int_equal(skeym_device_step(device, fake.wall_ms, &now), SKEYM_OK);
    assert_int_equal(now.wake_ms, fake.wall_ms); /* no wait after a success */
    fake.status = 503;
    fake.retry_after_s = 7;
    assert_int_equal(skeym_device_step(device, fake.wall_ms, &now), SKEYM_OK);
    assert_int_equal(now.wake_ms - fake.wall_ms, 7000);
    fake_pass(&fake, 7000);
    fake.retry_after_s = 4000000; /* not with us */
    assert_int_equal(skeym_device_step(device, fake.wall_ms, &now), SKEYM_OK);
    assert_int_equal(now.wake_ms - fake.wall_ms, 10000);
}

/* --- stopping ------------------------------------------------------------------------- */

static void test_stops_when_it_is_refused_for_good(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum skeym_error error;
    } table[] = {{403, SKEYM_ERR_SCOPE},    {400, SKEYM_ERR_CONFLICT}, {404, SKEYM_ERR_CONFLICT},
                 {409, SKEYM_ERR_CONFLICT}, {412, SKEYM_ERR_CONFLICT}, {422, SKEYM_ERR_CONFLICT},
                 {301, SKEYM_ERR_CONFLICT}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bool done = true;
        fake.status = 200;
        open_device(0);
        assert_int_equal(go(1, &done), SKEYM_OK);
        uint64_t waiting = skeym_journal_waiting(journal);
        fake.status = table[i].status;
        assert_int_equal(go(100, &done), table[i].error);
        assert_int_equal(skeym_device_figures(device).status, table[i].status);
        assert_true(skeym_journal_waiting(journal) >= waiting); /* nothing is forgotten */
        close_device();
    }
}

static void test_stops_when_it_is_revoked(void **state)
{
    (void)state;
    bool done = false;
    open_device(0);
    assert_int_equal(go(3, &done), SKEYM_OK);
    fake.revoked = true;
    unsigned tries = fake.login_tries;
    uint64_t waiting = skeym_journal_waiting(journal);
    assert_int_equal(go(100, &done), SKEYM_ERR_PERMISSION);
    assert_int_equal(fake.login_tries - tries, 3);
    assert_true(skeym_journal_waiting(journal) >= waiting);
}

static void test_two_refusals_and_a_success_are_forgiven(void **state)
{
    (void)state;
    open_device(0);
    for (unsigned i = 0; i < 3; i++) {
        bool done = false;
        fake.instance++;
        fake.login_fault = FAULT_SAY;
        fake.fault_at = 401;
        fake.login_faults = 2;
        assert_int_equal(go(5, &done), SKEYM_OK);
        assert_int_equal(fake.login_faults, 0);
    }
    go_to_the_end();
}

static void test_a_message_too_large_stops_it(void **state)
{
    (void)state;
    bool done = false;
    open_device(0);
    fail_times(FAULT_SAY, 413, 1);
    assert_int_equal(go(100, &done), SKEYM_ERR_SIZE);
}

/* --- journals --------------------------------------------------------------------------- */

static void test_a_full_journal_holds_back_and_loses_nothing(void **state)
{
    (void)state;
    bool done = false;
    skeym_journal_close(journal);
    open_journal(60000); /* two messages or so */
    open_device(10);
    fail_times(FAULT_UNSENT, 0, 40);
    fake.login_fault = FAULT_UNSENT;
    fake.login_faults = 40;
    assert_int_equal(go(30, &done), SKEYM_OK);
    assert_true(skeym_device_figures(device).stalls > 0);
    assert_true(skeym_journal_waiting(journal) < MESSAGES);
    go_to_the_end();
    assert_int_equal(fake.executed, MESSAGES);
}

static void test_goes_on_where_it_was_killed(void **state)
{
    (void)state;
    bool done = false;
    char first[4096];
    skeym_journal_close(journal);
    on_disk = true;
    open_journal(0);
    for (unsigned steps = 0; steps < MESSAGES; steps++) {
        fake.executed = 0;
        open_device(10);
        assert_int_equal(go(steps, &done), SKEYM_OK);
        assert_false(done);
        close_device(); /* and what was pending is gone */
        skeym_journal_close(journal);
        open_journal(0);
        open_device(10);
        assert_int_equal(go(1000, &done), SKEYM_OK);
        assert_true(done);
        assert_int_equal(fake.executed, MESSAGES);
        /* the last message is the same to the byte as in a run without a break */
        size_t size = fake.last_body_size < sizeof first ? fake.last_body_size : sizeof first;
        if (steps == 0) {
            memcpy(first, fake.last_body, size);
        }
        assert_memory_equal(first, fake.last_body, size);
        close_device();
        skeym_journal_close(journal);
        assert_int_equal(unlink(journal_path), 0);
        open_journal(0);
    }
}

static void test_sends_only_what_waits_without_a_source(void **state)
{
    (void)state;
    bool done = false;
    open_device(10);
    fail_times(FAULT_DROP_REQUEST, 0, 1000);
    fake_pass(&fake, 2500);
    assert_int_equal(go(2, &done), SKEYM_OK);
    uint64_t waiting = skeym_journal_waiting(journal);
    assert_true(waiting > 0 && waiting < MESSAGES);
    fake.faults = 0;
    skeym_device_free(device);
    struct skeym_device_options own = {session, journal, NULL, 1, fake.wall_ms};
    assert_int_equal(skeym_device_new(&device, &own), SKEYM_OK);
    assert_int_equal(go(1000, &done), SKEYM_OK);
    assert_true(done);
    assert_int_equal(fake.executed, waiting);
    assert_false(skeym_journal_ended(journal));
}

/* --- runs ---------------------------------------------------------------------------------- */

static void test_a_run_is_kept_in_words(void **state)
{
    (void)state;
    struct skeym_device_run run = {"0badcafe", "0123456789abcdef", 1790000000001, 1789999999999};
    struct skeym_device_run again;
    uint8_t note[SKEYM_JOURNAL_NOTE];
    size_t size = 0;
    assert_int_equal(skeym_device_run_print((struct skeym_room){note, sizeof note}, &size, &run),
                     SKEYM_OK);
    assert_int_equal(skeym_device_run_parse(&again, skeym_span(note, size)), SKEYM_OK);
    assert_string_equal(again.run, run.run);
    assert_string_equal(again.source, run.source);
    assert_int_equal(again.start_ms, run.start_ms);
    assert_int_equal(again.base_ms, run.base_ms);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(skeym_device_run_parse(&again, skeym_span(note, cut)), SKEYM_ERR_SHAPE);
    }
    static const char *const bad[] = {
        "skeym-run 2 0badcafe 0123456789abcdef 1 2\n",
        "skeym-run 1 0BADcafe 0123456789abcdef 1 2\n",
        "skeym-run 1 0badcafe 0123456789abcdeg 1 2\n",
        "skeym-run 1 0badcafe 0123456789abcdef  2\n",
        "skeym-run 1 0badcafe 0123456789abcdef 1 2 \n",
        "skeym-run 1 0badcafe 0123456789abcdef 1 2\n\n",
        "skeym-run 1 0badcafe 0123456789abcdef 1 1234567890123456\n",
        "skeym-run 1 0badcafe-0123456789abcdef 1 2\n",
        "skeym-run 1 0badcaf/ 0123456789abcdef 1 2\n",
        "skeym-run 1 0badcaf: 0123456789abcdef 1 2\n",
        "skeym-run 1 0badcafe 0123456789abcde` 1 2\n",
        "skeym-run 1 0badcafe 0123456789abcdef 1/ 2\n",
        "skeym-run 1 0badcafe 0123456789abcdef 1: 2\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(skeym_device_run_parse(&again, skeym_span_text(bad[i])), SKEYM_ERR_SHAPE);
        assert_int_equal(again.start_ms, 0);
    }
    assert_int_equal(skeym_device_run_print((struct skeym_room){note, 20}, &size, &run),
                     SKEYM_ERR_SPACE);
}

static void test_whose_readings_wait(void **state)
{
    (void)state;
    struct skeym_span message;
    uint64_t sequence;
    char patient[SKEYM_DEVICE_PATIENT];
    bool done = false;
    open_device(0);
    fail_times(FAULT_UNSENT, 0, 1);
    assert_int_equal(go(1, &done), SKEYM_OK);
    assert_int_equal(skeym_journal_oldest(journal, &message, &sequence), SKEYM_OK);
    skeym_device_patient(patient, message);
    assert_string_equal(patient, "p1");
    static const char too_long[] =
        "{\"reference\":\"Patient/"
        "0123456789012345678901234567890123456789012345678901234567890123456789\"}";
    static const char *const none[] = {
        "",
        "{\"reference\":\"Practitioner/7\"}",
        "{\"reference\":\"Patient/",
        "{\"reference\":\"Patient/\"}",
        "{\"reference\":\"Patient/a b\"}",
        too_long,
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        skeym_device_patient(patient, skeym_span_text(none[i]));
        assert_string_equal(patient, "");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_is_sent_as_fast_as_it_goes),
        TEST(test_speed_is_kept),
        TEST(test_goes_on_through_passing_faults),
        TEST(test_goes_on_through_statuses_that_pass),
        TEST(test_a_server_that_starts_anew_is_nothing),
        TEST(test_backs_off),
        TEST(test_stops_when_it_is_refused_for_good),
        TEST(test_stops_when_it_is_revoked),
        TEST(test_two_refusals_and_a_success_are_forgiven),
        TEST(test_a_message_too_large_stops_it),
        TEST(test_a_full_journal_holds_back_and_loses_nothing),
        TEST(test_goes_on_where_it_was_killed),
        TEST(test_sends_only_what_waits_without_a_source),
        TEST(test_a_run_is_kept_in_words),
        TEST(test_whose_readings_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
