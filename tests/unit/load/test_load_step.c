/* SPDX-License-Identifier: Apache-2.0 */
/* What comes of operations, on a connection and a clock that do what the test says. */
#include "load/load_loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS      UINT64_C(1000000)
#define REQUEST "GET / HTTP/1.1\r\n\r\n"
#define GOOD    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define LAST    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"

/* --- the connection -------------------------------------------------------------------- */

static unsigned closed;
static const char *says_why; /* when it is closed */
static size_t sends;         /* bytes of each push */

bool skeym_load_peer_connect(struct skeym_load_loop *loop, struct skeym_load_peer *peer)
{
    assert_non_null(loop);
    peer->fd = 7;
    peer->life++;
    return true;
}

void skeym_load_peer_close(struct skeym_load_peer *peer)
{
    closed++;
    peer->fd = -1;
    peer->why = says_why;
    peer->in_size = peer->need = 0;
}

bool skeym_load_peer_push(struct skeym_load_peer *peer)
{
    size_t left = peer->out_size - peer->out_at;
    peer->out_at += sends < left ? sends : left;
    return true;
}

enum skeym_load_pull skeym_load_peer_pull(struct skeym_load_peer *peer)
{
    assert_non_null(peer); /* the loop's, which does not run here */
    return SKEYM_LOAD_PULL_END;
}

/* --- the script ------------------------------------------------------------------------- */

static const char *script_says;

static enum skeym_error ask(void *lane, struct skeym_writer *out, unsigned *kind)
{
    (void)lane;
    *kind = 0;
    skeym_write_text(out, REQUEST);
    return SKEYM_OK;
}

static struct skeym_load_verdict take(void *lane, const struct skeym_load_answer *answer,
                                      enum skeym_load_outcome lost)
{
    (void)lane;
    return (struct skeym_load_verdict){.step = SKEYM_LOAD_DONE,
                                       .outcome =
                                           answer ? skeym_load_outcome_of(answer->status) : lost,
                                       .why = script_says};
}

/* --- what there is before a test --------------------------------------------------------- */

static const char *const kinds[] = {"a", NULL};
static struct skeym_load_script script;
static struct skeym_load_lane lane;
static struct skeym_load_options options;
static struct skeym_load_loop loop;
static struct skeym_load_peer peer;
static struct skeym_load_result *result;

static int before(void **state)
{
    (void)state;
    script = (struct skeym_load_script){.kinds = kinds, .ask = ask, .take = take, .batch = 4};
    lane = (struct skeym_load_lane){.script = &script};
    options = (struct skeym_load_options){
        .connections = 1, .lanes = &lane, .lane_count = 1, .answer_ms = 1000};
    result = calloc(1, sizeof *result);
    loop = (struct skeym_load_loop){.options = &options, .now_ns = 100 * MS, .result = result};
    peer = (struct skeym_load_peer){.fd = 7};
    closed = 0;
    says_why = script_says = NULL;
    sends = SIZE_MAX;
    return result ? 0 : -1;
}

static int after(void **state)
{
    (void)state;
    free(peer.out);
    free(peer.in);
    free(result);
    return 0;
}

static void arrives(const char *text)
{
    peer.in = malloc(strlen(text) + 1);
    assert_non_null(peer.in);
    memcpy(peer.in, text, strlen(text) + 1);
    peer.in_size = strlen(text);
    skeym_load_step_answers(&loop, &peer);
}

static uint64_t count(enum skeym_load_outcome outcome)
{
    return result->kinds[0].outcomes[outcome];
}

/* --- tests ------------------------------------------------------------------------------- */

/* The schedule has one request each 10 ms; the first, which is due now, was drawn by the loop. */
static void a_batch_is_what_is_due_and_fits(void **state)
{
    (void)state;
    static const struct {
        double next_ns;
        unsigned batch, expected;
    } cases[] = {
        {110e6, 4, 1},               /* the next one is not due yet */
        {100e6, 4, 2},               /* it is, this very moment */
        {85e6, 4, 3},  {20e6, 4, 4}, /* more are due than it can hold */
        {20e6, 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        script.batch = cases[i].batch;
        free(peer.out);
        peer.out = NULL;
        loop.open = true;
        loop.pace = (struct skeym_load_pace){.gap_ns = 10e6, .at_ns = cases[i].next_ns};
        skeym_load_step_start(&loop, &peer, loop.now_ns);
        assert_int_equal(peer.expected, cases[i].expected);
        assert_int_equal(peer.out_size, cases[i].expected * strlen(REQUEST));
        assert_int_equal(loop.pace.count,
                         cases[i].expected - 1); /* no more is taken than is sent */
    }
    loop.open = false; /* the closed loop always has as many as there may be */
    script.batch = 3;
    skeym_load_step_start(&loop, &peer, loop.now_ns);
    assert_int_equal(peer.expected, 3);
    assert_int_equal(loop.pace.count, 0);
}

/* What a script says of a connection that ended comes before what the connection itself says. */
static void it_is_told_why_a_connection_ended(void **state)
{
    (void)state;
    static const struct {
        const char *script, *connection, *told;
    } cases[] = {
        {NULL, NULL, "lost (status 0) "},
        {NULL, "certificate has expired", "lost: certificate has expired (status 0) "},
        {"a login", "certificate has expired", "lost: a login (status 0) "},
    };
    for (size_t i = 0; i < 3; i++) {
        result->why[0] = '\0';
        script_says = cases[i].script;
        says_why = cases[i].connection;
        skeym_load_step_start(&loop, &peer, loop.now_ns);
        skeym_load_step_lost(&loop, &peer, SKEYM_LOAD_LOST);
        assert_string_equal(result->why, cases[i].told);
        assert_int_equal(count(SKEYM_LOAD_LOST), 4 * (i + 1)); /* all of the batch */
        assert_int_equal(loop.busy, 0);
    }
}

/* The server will not read the rest of a request that it has answered: the connection is done. */
static void an_answer_before_the_request_was_sent_ends_the_connection(void **state)
{
    (void)state;
    script.batch = 1;
    sends = 5;
    skeym_load_step_start(&loop, &peer, loop.now_ns);
    assert_int_equal(peer.out_at, 5);
    arrives(GOOD);
    assert_int_equal(count(SKEYM_LOAD_OK), 1);
    assert_int_equal(closed, 1);
    assert_int_equal(peer.state, SKEYM_LOAD_IDLE);
    assert_int_equal(result->answers, 1);
}

/* What stands in the pipeline behind an answer that closes is never answered. */
static void what_is_behind_the_last_answer_is_lost(void **state)
{
    (void)state;
    skeym_load_step_start(&loop, &peer, loop.now_ns);
    assert_int_equal(peer.expected, 4);
    arrives(GOOD LAST GOOD);
    assert_int_equal(count(SKEYM_LOAD_OK), 2);
    assert_int_equal(count(SKEYM_LOAD_LOST), 2);
    assert_int_equal(result->due, 4);
    assert_int_equal(closed, 1);
    assert_int_equal(peer.state, SKEYM_LOAD_IDLE);
    assert_int_equal(peer.in_size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_batch_is_what_is_due_and_fits, before, after),
        cmocka_unit_test_setup_teardown(it_is_told_why_a_connection_ended, before, after),
        cmocka_unit_test_setup_teardown(an_answer_before_the_request_was_sent_ends_the_connection,
                                        before, after),
        cmocka_unit_test_setup_teardown(what_is_behind_the_last_answer_is_lost, before, after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
