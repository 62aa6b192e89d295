/* SPDX-License-Identifier: Apache-2.0 */
/* One thread's loop, with connections, steps and events that are as the test says. */
#include "load/load_loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include <cmocka.h>

static struct skeym_load_loop one_loop;
static struct skeym_load_peer one_peer;
static _Atomic bool stop;
static char token; /* of TLS, which is only looked at */

/* --- events: one turn of each, then the run is told to stop ------------------------------- */

static uint32_t events_now;
static unsigned turns;
static uint64_t ends_ns[4]; /* the run's end, as it stood in each turn */
static bool lingers;        /* the connection is silent for two turns after the stop */

int epoll_pwait2(int epfd, struct epoll_event *events, int maxevents,
                 const struct timespec *timeout, const sigset_t *ss)
{
    assert_true(epfd == one_loop.epoll && maxevents > 0 && timeout && !ss);
    events[0] = (struct epoll_event){.events = events_now, .data = {.ptr = &one_peer}};
    if (turns < 4) {
        ends_ns[turns] = one_loop.end_ns;
    }
    turns++;
    atomic_store(&stop, lingers || turns > 1);
    return events_now && turns == (lingers ? 4 : 1);
}

/* --- the connection ------------------------------------------------------------------------ */

static unsigned pushes, pulls, closes;
static bool push_fails;
static enum skeym_load_pull pulled[3]; /* what each pull finds; then nothing */

bool skeym_load_peer_connect(struct skeym_load_loop *loop, struct skeym_load_peer *peer)
{
    return loop && peer;
}

void skeym_load_peer_close(struct skeym_load_peer *peer)
{
    closes++;
    peer->fd = -1;
}

bool skeym_load_peer_push(struct skeym_load_peer *peer)
{
    assert_ptr_equal(peer, &one_peer);
    pushes++;
    return !push_fails;
}

enum skeym_load_pull skeym_load_peer_pull(struct skeym_load_peer *peer)
{
    assert_ptr_equal(peer, &one_peer);
    return pulls < 3 ? pulled[pulls++] : SKEYM_LOAD_PULL_EMPTY;
}

/* --- the steps ------------------------------------------------------------------------------- */

static unsigned lost, answers, recorded;
static void (*on_answers)(void);

void skeym_load_step_start(struct skeym_load_loop *loop, struct skeym_load_peer *peer,
                           uint64_t due_ns)
{
    (void)due_ns;
    loop->busy++;
    peer->state = SKEYM_LOAD_ASKING;
    peer->lane = loop->options->lanes;
    peer->until_ns = UINT64_MAX;
}

void skeym_load_step_ask(struct skeym_load_loop *loop, struct skeym_load_peer *peer)
{
    assert_true(loop && peer);
    fail();
}

void skeym_load_step_answers(struct skeym_load_loop *loop, struct skeym_load_peer *peer)
{
    assert_true(loop == &one_loop && peer == &one_peer);
    answers++;
    if (on_answers) {
        on_answers();
    }
}

void skeym_load_step_lost(struct skeym_load_loop *loop, struct skeym_load_peer *peer,
                          enum skeym_load_outcome how)
{
    assert_true(loop == &one_loop && peer == &one_peer);
    assert_int_equal(how, SKEYM_LOAD_LOST);
    lost++;
}

void skeym_load_step_record(struct skeym_load_loop *loop, const struct skeym_load_peer *peer,
                            uint64_t due_ns, enum skeym_load_outcome outcome)
{
    (void)due_ns;
    assert_true(loop == &one_loop && peer);
    assert_int_equal(outcome, SKEYM_LOAD_TIMEOUT); /* what the stop has cut off */
    recorded++;
}

/* --- a run --------------------------------------------------------------------------------------
 */

static struct skeym_load_verdict take(void *lane, const struct skeym_load_answer *answer,
                                      enum skeym_load_outcome how)
{
    (void)lane;
    assert_null(answer);
    return (struct skeym_load_verdict){.step = SKEYM_LOAD_DONE, .outcome = how};
}

static struct skeym_load_script script;
static struct skeym_load_result result;

static int before(void **state)
{
    (void)state;
    lost = answers = recorded = pushes = pulls = closes = turns = 0;
    events_now = 0;
    push_fails = lingers = false;
    on_answers = NULL;
    memset(pulled, 0, sizeof pulled);
    script = (struct skeym_load_script){.take = take};
    result = (struct skeym_load_result){0};
    one_peer = (struct skeym_load_peer){.fd = 7};
    return 0;
}

static void run(enum skeym_error error, uint32_t drain_ms)
{
    const struct skeym_load_lane lane = {.script = &script};
    const struct skeym_load_options options = {
        .connections = 1, .lanes = &lane, .lane_count = 1, .drain_ms = drain_ms};
    atomic_store(&stop, false);
    one_loop = (struct skeym_load_loop){.options = &options,
                                        .stop = &stop,
                                        .peers = &one_peer,
                                        .peer_count = 1,
                                        .epoll = 77,
                                        .end_ns = UINT64_MAX,
                                        .result = &result};
    skeym_load_loop_run(&one_loop);
    assert_int_equal(one_loop.error, error);
}

/* --- tests ---------------------------------------------------------------------------------------
 */

static void a_connection_that_ends_between_two_drops_is_lost(void **state)
{
    (void)state;
    script.drip_ms = 1;
    one_peer.out_size = 5;
    push_fails = true;
    run(SKEYM_OK, 0);
    assert_int_equal(lost, pushes);
    assert_true(lost >= 1);
    assert_int_equal(one_peer.out_size, 5);
}

/* TLS sends what it must after it has read, whether or not there is news of room. */
static void only_tls_sends_without_news_of_room(void **state)
{
    static const struct {
        uint32_t events;
        bool tls;
        unsigned pushes;
    } cases[] = {
        {EPOLLOUT, false, 1}, {EPOLLIN, false, 0}, {EPOLLIN, true, 1}, {EPOLLOUT, true, 1}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(before(state), 0);
        one_peer.tls = cases[i].tls ? (struct skeym_load_tls_socket *)&token : NULL;
        events_now = cases[i].events;
        run(SKEYM_OK, 0);
        assert_int_equal(pushes, cases[i].pushes);
        assert_int_equal(pulls, cases[i].events == EPOLLIN);
        assert_int_equal(lost, 0);
    }
}

static void connects_anew(void)
{
    one_peer.life++;
}

static void fails(void)
{
    one_peer.fd = -1;
}

/* What an answer has begun anew, or ended, has nothing to do with the events of what was before. */
static void a_connection_made_while_reading_is_left_alone(void **state)
{
    static const enum skeym_load_pull finds[] = {SKEYM_LOAD_PULL_SOME, SKEYM_LOAD_PULL_ALL,
                                                 SKEYM_LOAD_PULL_END};
    static void (*const ways[])(void) = {connects_anew, fails};
    for (size_t i = 0; i < 3; i++) {
        for (size_t way = 0; way < 2; way++) {
            assert_int_equal(before(state), 0);
            events_now = EPOLLIN | EPOLLRDHUP;
            pulled[0] = finds[i];
            pulled[1] = SKEYM_LOAD_PULL_END;
            on_answers = ways[way];
            run(SKEYM_OK, 0);
            assert_int_equal(pulls, 1);
            assert_int_equal(answers, 1);
            assert_int_equal(lost, 0);
            assert_int_equal(closes, 1); /* at the run's end */
        }
    }
}

/* The same connection, when it ends, ends what was asked over it. */
static void a_connection_that_ends_is_read_to_its_end(void **state)
{
    (void)state;
    events_now = EPOLLIN | EPOLLRDHUP;
    pulled[0] = SKEYM_LOAD_PULL_SOME;
    pulled[1] = SKEYM_LOAD_PULL_ALL;
    pulled[2] = SKEYM_LOAD_PULL_END;
    run(SKEYM_OK, 0);
    assert_int_equal(pulls, 3);
    assert_int_equal(answers, 3);
    assert_int_equal(lost, 1);
}

/* One that waits to try again expects no answer, and is still one operation that did not end. */
static void what_is_under_way_at_the_end_is_counted(void **state)
{
    for (unsigned expected = 0; expected < 4; expected++) {
        assert_int_equal(before(state), 0);
        one_peer.expected = expected;
        run(SKEYM_OK, 0);
        assert_int_equal(recorded, expected ? expected : 1);
        assert_int_equal(closes, 1);
        assert_int_equal(one_peer.state, SKEYM_LOAD_IDLE);
    }
}

static void cannot_go_on(void)
{
    one_loop.error = SKEYM_ERR_MEMORY;
    on_answers = NULL;
}

/* An error of the run ends its reading at once: no byte is read that nobody will look at. */
static void an_error_ends_the_reading(void **state)
{
    (void)state;
    events_now = EPOLLIN;
    pulled[0] = pulled[1] = pulled[2] = SKEYM_LOAD_PULL_SOME;
    on_answers = cannot_go_on;
    run(SKEYM_ERR_MEMORY, 0);
    assert_int_equal(pulls, 1);
    assert_int_equal(lost, 0);
}

static void is_answered(void)
{
    one_peer.state = SKEYM_LOAD_IDLE;
    one_loop.busy = 0;
}

/* What is under way when it is told to stop has so long for its answer, counted from then. */
static void a_stop_is_an_end_that_does_not_move(void **state)
{
    (void)state;
    lingers = true;
    events_now = EPOLLIN;
    on_answers = is_answered;
    run(SKEYM_OK, UINT32_MAX);
    assert_int_equal(turns, 4);
    assert_int_equal(answers, 1);
    assert_true(ends_ns[0] == UINT64_MAX && ends_ns[1] < UINT64_MAX);
    assert_true(ends_ns[1] == ends_ns[2] && ends_ns[2] == ends_ns[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_connection_that_ends_between_two_drops_is_lost, before),
        cmocka_unit_test_setup(only_tls_sends_without_news_of_room, before),
        cmocka_unit_test_setup(a_connection_made_while_reading_is_left_alone, before),
        cmocka_unit_test_setup(a_connection_that_ends_is_read_to_its_end, before),
        cmocka_unit_test_setup(what_is_under_way_at_the_end_is_counted, before),
        cmocka_unit_test_setup(an_error_ends_the_reading, before),
        cmocka_unit_test_setup(a_stop_is_an_end_that_does_not_move, before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
