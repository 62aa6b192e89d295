/* SPDX-License-Identifier: Apache-2.0 */
/* The timing over a wire that is not there: no time is looked at, but what is asked, how often, and
 * what becomes of an answer that does not come. */
#include "unit/inspect/inspecting.h"

#include "inspect/timing.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define skeym_timing_now(...) timing_now(__VA_ARGS__)
#include "inspect/timing.c" /* NOLINT(bugprone-suspicious-include) */
#undef skeym_timing_now
#pragma GCC diagnostic pop

#include "unit/inspect/fake_live.h"
#include "unit/inspect/fake_party.h"

enum { ASKED = 6000 };

/* When the clock is asked so often, half a minute is over; 0: never. */
static unsigned nap_at, nows;

uint64_t skeym_timing_now(void)
{
    nows++;
    return timing_now() + (nap_at > 0 && nows >= nap_at ? UINT64_C(30000000000) : 0);
}

static int nothing_wrong(void **state)
{
    nap_at = nows = 0;
    memset(&fake_live, 0, sizeof fake_live);
    let_go = INT_MAX;
    return play_reset(state);
}

static struct skeym_finding finding;
static struct skeym_timing_counts counts;

static enum skeym_error timed(void)
{
    const struct skeym_inspect_context context = {.size = SKEYM_INSPECT_QUICK,
                                                  .seed = 7,
                                                  .progress = inspecting_progress,
                                                  .stopped = inspecting_stopped};
    skeym_finding_free(&finding);
    skeym_finding_begin(&finding, "name", "title", "question?", "Fig 6");
    skeym_finding_table(&finding, "table", "1|2|3|4|5|6");
    counts = (struct skeym_timing_counts){0};
    skeym_timing_wire(&context, &finding, &counts, 0.6, 1);
    assert_int_equal(play.opened, 0);
    assert_int_equal(fake_live.open, 0);
    return finding.error;
}

static void each_half_is_asked_and_judged(void **state)
{
    (void)state;
    assert_int_equal(timed(), SKEYM_OK);
    assert_int_equal(atomic_load(&play.connected), 1);
    assert_in_range(atomic_load(&play.exchanged), ASKED * 9 / 10, ASKED);
    assert_int_equal(counts.pairs, 1);
    assert_int_equal(counts.said, 1);
    assert_int_equal(length_of(finding.json, "figures"), 1);
    assert_non_null(cell_of(finding.json, 0, 0, 5));
}

/* Before the token is over, another one is held. */
static void a_held_token_is_renewed(void **state)
{
    (void)state;
    assert_int_equal(timed(), SKEYM_OK);
    assert_int_equal(play.asked, 1);
    nap_at = nows / 2;
    nows = 0;
    assert_int_equal(timed(), SKEYM_OK);
    assert_int_equal(play.asked, 1 + 2);
    assert_int_equal(counts.said, 1);
}

static void without_a_server_it_is_an_error(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 3; n++) {
        (void)nothing_wrong(NULL);
        fake_live.fail_at = n;
        assert_int_equal(timed(), SKEYM_ERR_TIMEOUT);
        assert_int_equal(counts.pairs, 0);
    }
    (void)nothing_wrong(NULL);
    play.opens_left = 0;
    assert_int_equal(timed(), SKEYM_ERR_MISSING);
}

static void without_a_held_request_it_is_an_error(void **state)
{
    (void)state;
    play.authorization = NULL; /* it only logs in */
    assert_int_equal(timed(), SKEYM_ERR_STATE);
    play.error = SKEYM_ERR_NETWORK;
    assert_int_equal(timed(), SKEYM_ERR_NETWORK);
    (void)nothing_wrong(NULL);
    play.proof = "no base64url!";
    assert_int_not_equal(timed(), SKEYM_OK);
    (void)nothing_wrong(NULL);
    play.sends_each = 2; /* the first one alone is held */
    assert_int_equal(timed(), SKEYM_OK);
    assert_int_equal(atomic_load(&play.exchanged) > 0, true);
    static char field[3000];
    memset(field, 'A', sizeof field - 1);
    play.authorization = field; /* more than a request of an attacker holds */
    assert_int_equal(timed(), SKEYM_ERR_IO);
}

static void what_is_not_refused_is_an_error(void **state)
{
    (void)state;
    play.exchange_status = 200;
    assert_int_equal(timed(), SKEYM_ERR_IO);
    assert_int_equal(atomic_load(&play.connected), 3); /* each try on a connection of its own */
    assert_int_equal(atomic_load(&play.exchanged), 3);
    (void)nothing_wrong(NULL);
    play.connects_left = 0;
    assert_int_equal(timed(), SKEYM_ERR_IO);
    assert_int_equal(atomic_load(&play.exchanged), 0);
}

static void stop(void)
{
    let_go = 0;
}

/* An interrupt ends what was started, too: that is no error, and too few samples say nothing. */
static void what_was_stopped_says_nothing(void **state)
{
    (void)state;
    let_go = 0;
    assert_int_equal(timed(), SKEYM_OK);
    assert_int_equal(fake_live.calls, 0);
    assert_int_equal(counts.pairs, 1);
    assert_int_equal(counts.said, 0);
    let_go = 20;
    assert_int_equal(timed(), SKEYM_OK);
    assert_int_equal(counts.said, 0);
    assert_int_equal(length_of(finding.json, "figures"), 0);
    assert_string_equal(cell_of(finding.json, 0, 0, 5), "too few samples");
    (void)nothing_wrong(NULL);
    fake_live.fail_at = 2;
    fake_live.failed = stop;
    assert_int_equal(timed(), SKEYM_OK);
    assert_int_equal(counts.pairs, 1);
    assert_int_equal(counts.said, 0);
    for (int n = 2; n < 5; n++) { /* just before, or when, nothing comes any more */
        (void)nothing_wrong(NULL);
        play.exchange_status = 0;
        let_go = n;
        assert_int_equal(timed(), SKEYM_OK);
        (void)nothing_wrong(NULL);
        play.error = SKEYM_ERR_NETWORK;
        play.authorization = NULL;
        let_go = n;
        assert_int_equal(timed(), SKEYM_OK);
        assert_int_equal(counts.said, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_half_is_asked_and_judged, nothing_wrong),
        cmocka_unit_test_setup(a_held_token_is_renewed, nothing_wrong),
        cmocka_unit_test_setup(without_a_server_it_is_an_error, nothing_wrong),
        cmocka_unit_test_setup(without_a_held_request_it_is_an_error, nothing_wrong),
        cmocka_unit_test_setup(what_is_not_refused_is_an_error, nothing_wrong),
        cmocka_unit_test_setup(what_was_stopped_says_nothing, nothing_wrong),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    skeym_finding_free(&finding);
    return failed;
}
