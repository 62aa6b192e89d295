/* SPDX-License-Identifier: Apache-2.0 */
/* A node's session against a server in memory and an adversary between them. */
#include "unit/node/fake_server.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct fake_server fake;
static struct skeym_session_options options;

static int set_up(void **state)
{
    (void)state;
    fake_start(&fake);
    options = fake_options(&fake);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_stop(&fake);
    return 0;
}

static const struct skeym_closed *get_request(void)
{
    static struct skeym_closed request;
    request = (struct skeym_closed){.method = skeym_span_text("GET"),
                                    .target = skeym_span_text("/fhir/Observation?patient=7")};
    return &request;
}

static const struct skeym_closed *post_request(void)
{
    static struct skeym_closed request;
    request = (struct skeym_closed){.method = skeym_span_text("POST"),
                                    .target = skeym_span_text("/fhir/Observation"),
                                    .content_type = skeym_span_text("application/fhir+json"),
                                    .body = skeym_span_text("{\"resourceType\":\"Observation\"}")};
    return &request;
}

static enum skeym_error ask(struct skeym_session *session, const struct skeym_closed *request,
                            bool *maybe)
{
    struct skeym_session_answer answer;
    enum skeym_error error = skeym_session_request(session, request, &answer, maybe);
    if (error == SKEYM_OK) {
        assert_true(answer.sealed);
        assert_int_equal(answer.status, fake.status);
        assert_string_equal(answer.cty, fake.cty);
        assert_true(skeym_span_equal(skeym_span(answer.body, answer.body_size), fake.body));
        assert_int_equal(answer.body[answer.body_size], 0);
        assert_false(maybe && *maybe);
    } else {
        assert_null(answer.body);
        assert_int_equal(answer.status, 0);
    }
    skeym_session_answer_free(&answer);
    return error;
}

static void expect(struct skeym_session *session, const struct skeym_closed *request,
                   enum skeym_error error, bool maybe)
{
    bool found = !maybe;
    assert_int_equal(ask(session, request, &found), error);
    assert_int_equal(found, maybe);
}

static void set_fault(enum fault fault, int at, int times)
{
    fake.fault = fault;
    fake.fault_at = at;
    fake.faults = times;
}

/* --- chains --------------------------------------------------------------------------- */

static void test_one_login_serves_a_chain(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    for (unsigned i = 0; i < 20; i++) {
        expect(session, get_request(), SKEYM_OK, false);
        assert_string_equal(fake.last_method, "GET");
        assert_string_equal(fake.last_target, "/fhir/Observation?patient=7");
    }
    expect(session, post_request(), SKEYM_OK, false);
    assert_true(
        skeym_span_equal(skeym_span(fake.last_body, fake.last_body_size), post_request()->body));
    assert_int_equal(fake.logins, 1);
    assert_int_equal(fake.executed, 21);
    assert_int_equal(fake.refused, 0);
    struct skeym_session_figures figures = skeym_session_figures(session);
    assert_int_equal(figures.logins, 1);
    assert_int_equal(figures.requests, 21);
    skeym_session_free(session);
}

static unsigned seen_targets;
static unsigned seen_clear;

static void look(void *arg, const struct skeym_wire_request *request,
                 const struct skeym_wire_answer *answer, const struct skeym_closed *clear,
                 struct skeym_span clear_answer)
{
    (void)arg;
    seen_targets += strstr(request->target, "patient") != NULL;
    assert_int_equal(answer->status, 200);
    if (clear) {
        seen_clear++;
        assert_true(skeym_span_starts(clear->target, "/fhir/Observation"));
        assert_true(skeym_span_equal(clear_answer, fake.body));
    } else {
        assert_string_equal(request->target, SKEYM_LOGIN_PATH);
        assert_null(request->authorization);
    }
}

static void test_the_network_sees_the_target_only_in_the_open_form(void **state)
{
    (void)state;
    options.observe = look;
    for (unsigned open_form = 0; open_form < 2; open_form++) {
        seen_targets = seen_clear = 0;
        options.open_form = open_form;
        struct skeym_session *session = fake_session(&options);
        expect(session, get_request(), SKEYM_OK, false);
        expect(session, post_request(), SKEYM_OK, false);
        assert_true(skeym_span_equal(skeym_span(fake.last_body, fake.last_body_size),
                                     post_request()->body));
        assert_string_equal(fake.last_target, "/fhir/Observation");
        assert_int_equal(seen_targets, open_form);
        assert_int_equal(seen_clear, 2);
        skeym_session_free(session);
    }
}

static void test_what_nothing_would_protect_is_not_sent(void **state)
{
    (void)state;
    options.open_form = true;
    struct skeym_session *session = fake_session(&options);
    struct skeym_closed request = *post_request();
    request.if_none_exist = skeym_span_text("identifier=a|1");
    expect(session, &request, SKEYM_ERR_UNSUPPORTED, false);
    request.if_none_exist = (struct skeym_span){0};
    request.prefer = skeym_span_text("return=minimal");
    expect(session, &request, SKEYM_ERR_UNSUPPORTED, false);
    assert_int_equal(fake.exchanges, 0);
    skeym_session_free(session);
}

static void test_a_request_that_the_protocol_lacks_costs_no_token(void **state)
{
    (void)state;
    for (unsigned open_form = 0; open_form < 2; open_form++) {
        options.open_form = open_form;
        struct skeym_session *session = fake_session(&options);
        struct skeym_closed request = *get_request();
        bool maybe = true;
        request.target = skeym_span_text("/with space");
        assert_int_not_equal(ask(session, &request, &maybe), SKEYM_OK);
        assert_false(maybe);
        request.target = skeym_span_text("/line\nfeed");
        assert_int_not_equal(ask(session, &request, &maybe), SKEYM_OK);
        request.target = skeym_span_text("/fine");
        request.method = skeym_span_text("A-METHOD-OF-TOO-MANY-LETTERS");
        assert_int_not_equal(ask(session, &request, &maybe), SKEYM_OK);
        assert_int_equal(fake.exchanges, open_form);
        unsigned logins = fake.logins;
        expect(session, get_request(), SKEYM_OK, false);
        assert_int_equal(fake.logins, logins);
        skeym_session_free(session);
    }
}

static void test_wrong_options(void **state)
{
    (void)state;
    struct skeym_session *session = NULL;
    struct skeym_session_options wrong = options;
    wrong.lanes = 0;
    assert_int_equal(skeym_session_new(&session, &wrong), SKEYM_ERR_USAGE);
    wrong.lanes = SKEYM_LANES_MAX + 1;
    assert_int_equal(skeym_session_new(&session, &wrong), SKEYM_ERR_USAGE);
    wrong = options;
    wrong.credential = NULL;
    assert_int_equal(skeym_session_new(&session, &wrong), SKEYM_ERR_USAGE);
    wrong = options;
    wrong.transport = NULL;
    assert_int_equal(skeym_session_new(&session, &wrong), SKEYM_ERR_USAGE);
    assert_null(session);
    skeym_session_free(NULL);
}

/* --- tokens' lives ---------------------------------------------------------------------- */

static void test_a_token_is_used_while_it_lives(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    fake_pass(&fake, 26000); /* of 30 s, less the margin for the way */
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.logins, 1);
    fake_pass(&fake, 28000);
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.logins, 2);
    assert_int_equal(fake.refused, 0);
    skeym_session_free(session);
}

static void test_a_chain_ends_at_its_deadline(void **state)
{
    (void)state;
    fake.deadline_after_s = 40;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    fake_pass(&fake, 20000);
    expect(session, get_request(), SKEYM_OK, false);
    fake_pass(&fake, 19000); /* the token is young, the deadline near */
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.logins, 2);
    assert_int_equal(fake.refused, 0);
    skeym_session_free(session);
}

static void test_a_steady_clock_from_before_a_reboot_means_no_token(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    fake.steady_ms -= 4000;
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.logins, 2);
    skeym_session_free(session);
}

static void test_a_clock_that_is_off_is_corrected(void **state)
{
    (void)state;
    static const int64_t offsets[] = {86400000, -86400000, -1790000000000, 61000, -61000};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        unsigned tries = fake.login_tries;
        fake.node_offset_ms = offsets[i];
        struct skeym_session *session = fake_session(&options);
        expect(session, get_request(), SKEYM_OK, false);
        assert_int_equal(fake.login_tries - tries, 2);
        assert_int_equal(skeym_session_figures(session).clock_offset_ms, -offsets[i]);
        assert_int_equal(skeym_session_login(session), SKEYM_OK); /* it is known now */
        assert_int_equal(fake.login_tries - tries, 3);
        skeym_session_free(session);
    }
}

static void test_a_server_that_never_likes_our_clock_is_left(void **state)
{
    (void)state;
    fake.always_wrong_clock = true;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_ERR_CLOCK, false);
    assert_int_equal(fake.login_tries, 2);
    skeym_session_free(session);
}

/* --- lanes --------------------------------------------------------------------------------- */

static void test_a_lost_lane_leaves_the_others(void **state)
{
    (void)state;
    options.lanes = 3;
    struct skeym_session *session = fake_session(&options);
    set_fault(FAULT_DROP_ANSWER, 0, 2);
    expect(session, get_request(), SKEYM_ERR_NETWORK, true);
    expect(session, post_request(), SKEYM_ERR_NETWORK, true);
    expect(session, get_request(), SKEYM_OK, false);
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.logins, 1);
    assert_int_equal(skeym_session_figures(session).lost, 2);
    set_fault(FAULT_DROP_REQUEST, 0, 1);
    expect(session, get_request(), SKEYM_ERR_TIMEOUT, true);
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.logins, 2);
    assert_int_equal(fake.refused, 0);
    skeym_session_free(session);
}

static void test_lanes_move_in_and_out(void **state)
{
    (void)state;
    struct skeym_session_lane lane[3];
    options.lanes = 2;
    struct skeym_session *first = fake_session(&options);
    struct skeym_session *second = fake_session(&options);
    expect(first, get_request(), SKEYM_OK, false);
    assert_true(skeym_session_take(first, &lane[0]));
    assert_true(skeym_session_take(first, &lane[1]));
    assert_false(skeym_session_take(first, &lane[2]));
    assert_true(skeym_session_give(second, &lane[0]));
    expect(second, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.logins, 1);
    fake_pass(&fake, 30000);
    assert_false(skeym_session_give(second, &lane[1])); /* too old */
    assert_false(skeym_session_take(second, &lane[2]));
    for (unsigned i = 0; i < SKEYM_LANES_MAX + 1; i++) {
        lane[1].born_ms = fake.steady_ms;
        assert_int_equal(skeym_session_give(second, &lane[1]), i < SKEYM_LANES_MAX);
    }
    skeym_session_free(first);
    skeym_session_free(second);
}

/* --- never twice ------------------------------------------------------------------------------ */

static void test_a_lost_answer_is_not_asked_for_again(void **state)
{
    (void)state;
    options.repeatable = true;
    struct skeym_session *session = fake_session(&options);
    set_fault(FAULT_DROP_ANSWER, 0, 1);
    expect(session, post_request(), SKEYM_ERR_NETWORK, true);
    assert_int_equal(fake.executed, 1);
    assert_int_equal(fake.exchanges, 1);
    skeym_session_free(session);
}

static void test_what_was_not_sent_keeps_its_token(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    set_fault(FAULT_UNSENT, 0, 1);
    expect(session, post_request(), SKEYM_ERR_NETWORK, false);
    expect(session, post_request(), SKEYM_OK, false);
    assert_int_equal(fake.logins, 1);
    assert_int_equal(fake.executed, 2);
    skeym_session_free(session);
}

static void test_a_doubled_request_is_executed_once(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    set_fault(FAULT_DELIVER_TWICE, 0, 1);
    expect(session, post_request(), SKEYM_OK, false);
    assert_int_equal(fake.executed, 1);
    assert_int_equal(fake.refused, 1);
    expect(session, get_request(), SKEYM_OK, false);
    skeym_session_free(session);
}

/* A refusal that is not sealed may be a lie: the request may have been executed. */
static void test_a_forged_refusal_makes_nothing_happen_twice(void **state)
{
    (void)state;
    static const int statuses[] = {401, 503, 429, 413, 500, 502, 404, 200};
    static const enum skeym_error errors[] = {
        SKEYM_ERR_PERMISSION, SKEYM_ERR_BUSY,    SKEYM_ERR_RATE, SKEYM_ERR_SIZE,
        SKEYM_ERR_NETWORK,    SKEYM_ERR_NETWORK, SKEYM_ERR_SEAL, SKEYM_ERR_SEAL};
    options.wait_most_ms = 10000;
    struct skeym_session *session = fake_session(&options);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        unsigned executed = fake.executed;
        set_fault(FAULT_EXECUTE_AND_SAY, statuses[i], 1);
        expect(session, post_request(), errors[i], true);
        assert_int_equal(fake.executed, executed + 1);
    }
    skeym_session_free(session);
}

static void test_a_restarted_server_is_logged_in_to_again(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    fake.instance = 2;
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.logins, 2);
    assert_int_equal(fake.refused, 1);
    assert_int_equal(fake.executed, 2);
    assert_int_equal(skeym_session_figures(session).refused, 1);
    fake.instance = 3;
    expect(session, post_request(), SKEYM_ERR_PERMISSION, true); /* not for a blind write */
    assert_int_equal(fake.executed, 2);
    expect(session, post_request(), SKEYM_OK, false);
    fake.instance = 4;
    struct skeym_closed conditional = *post_request();
    conditional.if_none_exist = skeym_span_text("identifier=urn:x|7");
    expect(session, &conditional, SKEYM_OK, false);
    assert_string_equal(fake.last_if_none_exist, "identifier=urn:x|7");
    assert_int_equal(fake.executed, 4);
    skeym_session_free(session);
}

static void test_repeatable_writes_go_out_again_after_a_refusal(void **state)
{
    (void)state;
    options.repeatable = true;
    struct skeym_session *session = fake_session(&options);
    expect(session, post_request(), SKEYM_OK, false);
    fake.instance = 2;
    expect(session, post_request(), SKEYM_OK, false);
    assert_int_equal(fake.executed, 2);
    skeym_session_free(session);
}

static void test_refused_twice_is_refused(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    set_fault(FAULT_SAY, 401, 5);
    expect(session, get_request(), SKEYM_ERR_PERMISSION, true);
    assert_int_equal(fake.faults, 3);
    assert_int_equal(fake.logins, 2);
    skeym_session_free(session);
}

static void test_revoked_means_refused_at_login(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    fake.revoked = true;
    expect(session, get_request(), SKEYM_ERR_PERMISSION, true);
    assert_int_equal(fake.login_tries, 2);
    expect(session, get_request(), SKEYM_ERR_PERMISSION, false);
    assert_int_equal(fake.executed, 1);
    skeym_session_free(session);
}

/* --- answers that lie ------------------------------------------------------------------------- */

static void test_an_answer_altered_anywhere_does_not_count(void **state)
{
    (void)state;
    options.lanes = SKEYM_LANES_MAX;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    size_t size = fake.old.body_size;
    for (size_t at = 0; at < size; at++) {
        set_fault(FAULT_ALTER_ANSWER, (int)at, 1);
        expect(session, post_request(), SKEYM_ERR_SEAL, true);
        set_fault(FAULT_CUT_ANSWER, (int)at, 1);
        expect(session, post_request(), SKEYM_ERR_SEAL, true);
    }
    assert_int_equal(fake.executed, 1 + 2 * size);
    skeym_session_free(session);
}

static void test_a_request_altered_on_the_way_is_not_executed(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    for (int at = 0; at < 120; at += 7) {
        unsigned executed = fake.executed;
        set_fault(FAULT_ALTER_REQUEST, at, 1);
        expect(session, get_request(), SKEYM_OK, false); /* with the second try */
        assert_int_equal(fake.executed, executed + 1);
    }
    assert_int_equal(fake.refused, 18);
    skeym_session_free(session);
}

static void test_an_old_answer_is_none(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    set_fault(FAULT_OLD_ANSWER, 0, 1);
    expect(session, get_request(), SKEYM_ERR_SEAL, true);
    expect(session, get_request(), SKEYM_OK, false);
    skeym_session_free(session);
}

static void test_the_status_inside_is_the_one_that_counts(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    set_fault(FAULT_STATUS, 201, 1);
    expect(session, get_request(), SKEYM_ERR_SEAL, true);
    set_fault(FAULT_STATUS, 500, 1);
    expect(session, post_request(), SKEYM_ERR_NETWORK, true);
    set_fault(FAULT_OUTER_TYPE, 0, 1);
    expect(session, get_request(), SKEYM_ERR_SEAL, true);
    fake.status = 403;
    expect(session, get_request(), SKEYM_OK, false);
    fake.status = 503;
    fake.retry_after_s = 3;
    expect(session, get_request(), SKEYM_OK, false); /* sealed: an answer like any other */
    fake.status = 204;
    fake.cty = "";
    fake.body = (struct skeym_span){0};
    expect(session, get_request(), SKEYM_OK, false);
    skeym_session_free(session);
}

static void test_a_next_token_that_is_not_ours_ends_the_lane_only(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    expect(session, get_request(), SKEYM_OK, false);
    set_fault(FAULT_SWAP_NEXT, 0, 1);
    expect(session, get_request(), SKEYM_OK, false);
    unsigned executed = fake.executed;
    expect(session, get_request(), SKEYM_OK, false); /* refused, and then with a new login */
    assert_int_equal(fake.refused, 1);
    assert_int_equal(fake.executed, executed + 1);
    set_fault(FAULT_NO_NEXT, 0, 1);
    expect(session, get_request(), SKEYM_OK, false);
    set_fault(FAULT_GARBAGE_NEXT, 0, 1);
    expect(session, get_request(), SKEYM_OK, false);
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.refused, 1);
    assert_int_equal(fake.logins, 4);
    skeym_session_free(session);
}

/* --- busy servers --------------------------------------------------------------------------------
 */

static void test_waits_as_long_as_asked_and_no_longer_than_allowed(void **state)
{
    (void)state;
    options.wait_most_ms = 5000;
    fake.retry_after_s = 2;
    struct skeym_session *session = fake_session(&options);
    set_fault(FAULT_SAY, 503, 2);
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.waited_ms, 4000);
    set_fault(FAULT_SAY, 503, 3);
    expect(session, get_request(), SKEYM_ERR_BUSY, true);
    assert_int_equal(fake.waited_ms, 8000);
    fake.retry_after_s = 4000000;
    set_fault(FAULT_SAY, 429, 1);
    expect(session, get_request(), SKEYM_ERR_RATE, true);
    assert_int_equal(fake.waited_ms, 8000);
    fake.retry_after_s = 0; /* not told: not at once all the same */
    set_fault(FAULT_SAY, 503, 1);
    expect(session, get_request(), SKEYM_OK, false);
    assert_int_equal(fake.waited_ms, 8200);
    skeym_session_free(session);
}

static void test_logins_wait_too(void **state)
{
    (void)state;
    options.wait_most_ms = 1000;
    fake.retry_after_s = 1;
    struct skeym_session *session = fake_session(&options);
    fake.login_fault = FAULT_SAY;
    fake.fault_at = 429;
    fake.login_faults = 1;
    expect(session, post_request(), SKEYM_OK, false); /* nothing was sent: a write may wait */
    assert_int_equal(fake.waited_ms, 1000);
    fake_pass(&fake, 60000);
    fake.login_faults = 2;
    expect(session, post_request(), SKEYM_ERR_RATE, false);
    skeym_session_free(session);
}

static void test_logins_that_fail(void **state)
{
    (void)state;
    static const struct {
        enum fault fault;
        int at;
        enum skeym_error error;
    } table[] = {
        {FAULT_SAY, 401, SKEYM_ERR_PERMISSION},      {FAULT_SAY, 503, SKEYM_ERR_BUSY},
        {FAULT_SAY, 500, SKEYM_ERR_NETWORK},         {FAULT_SAY, 200, SKEYM_ERR_HANDSHAKE},
        {FAULT_SAY, 302, SKEYM_ERR_HANDSHAKE},       {FAULT_UNSENT, 0, SKEYM_ERR_NETWORK},
        {FAULT_DROP_ANSWER, 0, SKEYM_ERR_NETWORK},   {FAULT_ALTER_ANSWER, 100, SKEYM_ERR_HANDSHAKE},
        {FAULT_CUT_ANSWER, 10, SKEYM_ERR_TRUNCATED}, {FAULT_OUTER_TYPE, 0, SKEYM_ERR_HANDSHAKE},
    };
    struct skeym_session *session = fake_session(&options);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        fake.login_fault = table[i].fault;
        fake.fault_at = table[i].at;
        fake.login_faults = 1;
        expect(session, get_request(), table[i].error, false);
        assert_int_equal(fake.exchanges, 0);
    }
    assert_int_equal(skeym_session_figures(session).logins, 0);
    expect(session, get_request(), SKEYM_OK, false);
    skeym_session_free(session);
}

/* --- credentials
 * ----------------------------------------------------------------------------------- */

static void test_each_login_brings_a_fresh_locator(void **state)
{
    (void)state;
    struct skeym_credentials before = fake.credential.keys;
    struct skeym_session *session = fake_session(&options);
    assert_int_equal(skeym_session_login(session), SKEYM_OK);
    assert_int_equal(fake.credential.keys.locator_size, before.locator_size);
    assert_memory_not_equal(fake.credential.keys.locator, before.locator, before.locator_size);
    assert_memory_equal(fake.credential.keys.credential, before.credential, SKEYM_SECRET_BYTES);
    fake_rotate_enrol_key(&fake);
    assert_int_equal(skeym_session_login(session), SKEYM_OK);
    assert_memory_not_equal(fake.credential.keys.credential, before.credential, SKEYM_SECRET_BYTES);
    assert_int_equal(skeym_session_login(session), SKEYM_OK); /* with locator and C_i renewed */
    assert_int_equal(fake.logins, 3);
    skeym_session_free(session);
}

static void test_the_fresh_locator_is_kept_in_the_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/skeym-session-XXXXXX";
    char path[64];
    struct skeym_credential_file file;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/node.cred", folder);
    assert_int_equal(skeym_credential_save(&fake.credential, path, true), SKEYM_OK);
    fake_rotate_enrol_key(&fake);
    options.credential_path = path;
    struct skeym_session *session = fake_session(&options);
    assert_int_equal(skeym_session_login(session), SKEYM_OK);
    assert_int_equal(skeym_credential_load(&file, path, NULL, (struct skeym_span){0}), SKEYM_OK);
    assert_memory_equal(file.keys.locator, fake.credential.keys.locator, file.keys.locator_size);
    assert_memory_equal(file.keys.credential, fake.credential.keys.credential, SKEYM_SECRET_BYTES);
    assert_int_equal(skeym_session_figures(session).unsaved, 0);
    skeym_session_free(session);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    session = fake_session(&options); /* there is no folder any more: told, and it goes on */
    expect(session, get_request(), SKEYM_OK, false);
    struct skeym_session_figures figures = skeym_session_figures(session);
    assert_int_equal(figures.unsaved, 1);
    assert_int_not_equal(figures.save_error, SKEYM_OK);
    skeym_session_free(session);
    skeym_credential_wipe(&file);
}

/* --- secrets
 * ------------------------------------------------------------------------------------------ */

/* How often the (masked) secret lies in the process's heap and stack. */
static unsigned find_in_memory(const uint8_t masked[SKEYM_SECRET_BYTES])
{
    static uint8_t chunk[1 << 20];
    unsigned found = 0;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY);
    assert_non_null(maps);
    assert_true(memory >= 0);
    while (fgets(line, sizeof line, maps)) {
        char *end = NULL;
        unsigned long from = strtoul(line, &end, 16);
        unsigned long to = strtoul(end + 1, NULL, 16);
        if (!strstr(line, "[heap]") && !strstr(line, "[stack]")) {
            continue;
        }
        while (from < to) {
            size_t want = to - from < sizeof chunk ? to - from : sizeof chunk;
            ssize_t got = pread(memory, chunk, want, (off_t)from);
            if (got <= 0) {
                break;
            }
            for (size_t i = 0; i + SKEYM_SECRET_BYTES <= (size_t)got; i++) {
                size_t same = 0;
                while (same < SKEYM_SECRET_BYTES && (chunk[i + same] ^ 0x5a) == masked[same]) {
                    same++;
                }
                found += same == SKEYM_SECRET_BYTES;
            }
            from += (unsigned long)got;
        }
    }
    (void)fclose(maps);
    (void)close(memory);
    return found;
}

static void test_nothing_secret_is_left_in_memory(void **state)
{
    (void)state;
    uint8_t *planted = malloc(SKEYM_SECRET_BYTES);
    uint8_t masked[SKEYM_SECRET_BYTES];
    assert_int_equal(skeym_crypto_random(planted, SKEYM_SECRET_BYTES), SKEYM_OK);
    for (size_t i = 0; i < SKEYM_SECRET_BYTES; i++) {
        masked[i] = planted[i] ^ 0x5a;
    }
#ifndef __SANITIZE_ADDRESS__ /* whose heap is elsewhere */
    assert_int_equal(find_in_memory(masked), 1);
#endif
    options.lanes = 2;
    struct skeym_session *session = fake_session(&options);
    for (unsigned i = 0; i < 4; i++) {
        expect(session, post_request(), SKEYM_OK, false);
    }
    set_fault(FAULT_DROP_ANSWER, 0, 1);
    expect(session, post_request(), SKEYM_ERR_NETWORK, true);
    set_fault(FAULT_ALTER_ANSWER, 0, 1);
    expect(session, post_request(), SKEYM_ERR_SEAL, true);
    skeym_session_free(session);
    assert_int_equal(fake.secrets, 6);
    for (unsigned i = 0; i < fake.secrets; i++) {
        assert_int_equal(find_in_memory(fake.masked[i]), 0);
    }
    free(planted);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_login_serves_a_chain),
        TEST(test_the_network_sees_the_target_only_in_the_open_form),
        TEST(test_what_nothing_would_protect_is_not_sent),
        TEST(test_a_request_that_the_protocol_lacks_costs_no_token),
        TEST(test_wrong_options),
        TEST(test_a_token_is_used_while_it_lives),
        TEST(test_a_chain_ends_at_its_deadline),
        TEST(test_a_steady_clock_from_before_a_reboot_means_no_token),
        TEST(test_a_clock_that_is_off_is_corrected),
        TEST(test_a_server_that_never_likes_our_clock_is_left),
        TEST(test_a_lost_lane_leaves_the_others),
        TEST(test_lanes_move_in_and_out),
        TEST(test_a_lost_answer_is_not_asked_for_again),
        TEST(test_what_was_not_sent_keeps_its_token),
        TEST(test_a_doubled_request_is_executed_once),
        TEST(test_a_forged_refusal_makes_nothing_happen_twice),
        TEST(test_a_restarted_server_is_logged_in_to_again),
        TEST(test_repeatable_writes_go_out_again_after_a_refusal),
        TEST(test_refused_twice_is_refused),
        TEST(test_revoked_means_refused_at_login),
        TEST(test_an_answer_altered_anywhere_does_not_count),
        TEST(test_a_request_altered_on_the_way_is_not_executed),
        TEST(test_an_old_answer_is_none),
        TEST(test_the_status_inside_is_the_one_that_counts),
        TEST(test_a_next_token_that_is_not_ours_ends_the_lane_only),
        TEST(test_waits_as_long_as_asked_and_no_longer_than_allowed),
        TEST(test_logins_wait_too),
        TEST(test_logins_that_fail),
        TEST(test_each_login_brings_a_fresh_locator),
        TEST(test_the_fresh_locator_is_kept_in_the_file),
        TEST(test_nothing_secret_is_left_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
