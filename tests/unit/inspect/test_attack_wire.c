/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks from the wire, against a server of which the test says what it answers: what an attack
 * reached is counted as such, and one that could not be carried out is an error. */
#include "inspect/attack_list.h"

#include "unit/inspect/fake_party.h"

/* What an attacker's own connection gives, for those who keep one. */
static enum skeym_error http_error, new_error;
static int http_status;
static size_t http_size;
static uint8_t http_byte; /* all of the answer */

enum skeym_error skeym_http_new(struct skeym_http **out, const struct skeym_http_options *options)
{
    assert_non_null(options->server);
    *out = NULL;
    return new_error;
}

void skeym_http_free(struct skeym_http *http)
{
    assert_null(http);
}

enum skeym_error skeym_http_send(void *arg, const struct skeym_wire_request *request,
                                 struct skeym_wire_answer *answer)
{
    (void)arg;
    assert_null(request->authorization); /* a login */
    answer->status = http_status;
    answer->body = malloc(http_size + 1);
    answer->body_size = http_size;
    assert_non_null(answer->body);
    memset(answer->body, http_byte, http_size);
    return http_error;
}

static int before(void **state)
{
    http_error = new_error = SKEYM_OK;
    http_status = 200;
    http_size = 300;
    http_byte = 0x5a;
    return play_reset(state);
}

static void without_the_victim_there_is_no_attack(void **state)
{
    (void)state;
    static attack *const all[] = {skeym_attack_eavesdrop,      skeym_attack_replay,
                                  skeym_attack_replay_at_once, skeym_attack_stolen_token,
                                  skeym_attack_altered,        skeym_attack_expired,
                                  skeym_attack_login_replay};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        play.opens_left = 0;
        assert_int_equal(attacked(all[i], SKEYM_ERR_MISSING).tried, 0);
    }
    play.opens_left = 2; /* in the middle */
    assert_int_equal(attacked(skeym_attack_replay_at_once, SKEYM_ERR_MISSING).tried, 32);
}

/* What needs a request of the victim, and does not get one. */
static void what_cannot_be_captured_is_an_error(void **state)
{
    (void)state;
    static attack *const all[] = {skeym_attack_replay, skeym_attack_replay_at_once,
                                  skeym_attack_stolen_token, skeym_attack_altered,
                                  skeym_attack_expired};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        (void)before(NULL);
        play.authorization = NULL; /* it only logs in */
        assert_int_equal(attacked(all[i], SKEYM_ERR_STATE).tried, 0);
        play.error = SKEYM_ERR_TIMEOUT;
        assert_int_equal(attacked(all[i], SKEYM_ERR_TIMEOUT).tried, 0);
    }
    (void)before(NULL);
    play.status = 403; /* copied, but not served */
    assert_int_equal(attacked(skeym_attack_replay, SKEYM_ERR_STATE).tried, 0);
}

static void words_in_the_traffic_are_a_success(void **state)
{
    (void)state;
    struct skeym_attack_result result = attacked(skeym_attack_eavesdrop, SKEYM_OK);
    assert_int_equal(result.victim_served, 2);
    /* this victim's targets are in the open, that of a real one is sealed */
    uint64_t open = result.succeeded;
    assert_true(open > 0 && open < result.tried);
    play.text = "{\"valueQuantity\": 7, \"code\": \"8867-4\"}";
    result = attacked(skeym_attack_eavesdrop, SKEYM_OK);
    assert_int_equal(result.succeeded, open + 2);
    assert_int_equal(result.succeeded + result.refused, result.tried);
    assert_false(skeym_attack_held(&result));
}

static void a_replay_that_is_served_is_a_success(void **state)
{
    (void)state;
    struct skeym_attack_result result = attacked(skeym_attack_replay, SKEYM_OK);
    assert_int_equal(result.refused, 20);
    assert_int_equal(result.victim_served, 20);
    assert_true(skeym_attack_held(&result));
    assert_string_equal(result.got, "401");
    atomic_store(&play.sent, 0);
    atomic_store(&play.wins, 3);
    play.sends_each = 2; /* only the first one is copied */
    result = attacked(skeym_attack_replay, SKEYM_OK);
    assert_int_equal(result.succeeded, 3);
    assert_int_equal(result.refused, 17);
    assert_false(skeym_attack_held(&result));
}

/* Of 16 at once one may be served: it is the victim's own. */
static void of_many_at_once_one_is_the_victims(void **state)
{
    (void)state;
    static const struct {
        unsigned wins;
        uint64_t succeeded, served, failed;
        const char *got;
    } cases[] = {{0, 0, 0, 5, "served, 0 times of 5"},
                 {1, 0, 1, 4, "served, 1 times of 5"},
                 {3, 2, 0, 4, "served, 0 times of 5"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)before(NULL);
        atomic_store(&play.wins, cases[i].wins); /* all of them in the first round of five */
        struct skeym_attack_result result = attacked(skeym_attack_replay_at_once, SKEYM_OK);
        assert_int_equal(result.refused, 80 - cases[i].wins);
        assert_int_equal(result.tried, result.refused + result.succeeded); /* but the victim's */
        assert_non_null(strstr(result.got, cases[i].got));
        assert_int_equal(result.succeeded, cases[i].succeeded);
        assert_int_equal(result.victim_served, cases[i].served);
        assert_int_equal(result.victim_failed, cases[i].failed);
    }
    (void)before(NULL);
    new_error = SKEYM_ERR_NETWORK; /* none of them can send at all */
    struct skeym_attack_result result = attacked(skeym_attack_replay_at_once, SKEYM_OK);
    assert_int_equal(result.refused + result.succeeded, 0);
    assert_int_equal(result.victim_failed, 5);
}

/* The last that is sent in these is the victim's own request, which must be served. */
static void a_token_that_was_tried_is_still_its_owners(void **state)
{
    (void)state;
    static const struct {
        attack *run;
        unsigned tries;
        const char *lost, *kept;
    } cases[] = {{skeym_attack_stolen_token, 4, "401; its owner has lost it",
                  "200; its owner can still spend it"},
                 {skeym_attack_altered, 6, "401; the unaltered request is not served",
                  "200; the unaltered request is served after it"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)before(NULL);
        struct skeym_attack_result result = attacked(cases[i].run, SKEYM_OK);
        assert_int_equal(result.refused, cases[i].tries);
        assert_int_equal(result.victim_failed, 1);
        assert_string_equal(result.got, cases[i].lost);
        (void)before(NULL);
        atomic_store(&play.wins, UINT_MAX);
        result = attacked(cases[i].run, SKEYM_OK);
        assert_int_equal(result.succeeded, cases[i].tries);
        assert_int_equal(result.victim_served, 1);
        assert_string_equal(result.got, cases[i].kept);
    }
}

static void a_request_that_is_served_late_is_a_success(void **state)
{
    (void)state;
    struct skeym_attack_result result = attacked(skeym_attack_expired, SKEYM_OK);
    assert_int_equal(result.refused, 1);
    assert_int_equal(result.victim_served, 1);
    atomic_store(&play.sent, 0);
    atomic_store(&play.wins, 1);
    assert_int_equal(attacked(skeym_attack_expired, SKEYM_OK).succeeded, 1);
}

static void a_login_that_is_sent_again_gives_no_token(void **state)
{
    (void)state;
    (void)attacked(skeym_attack_login_replay, SKEYM_ERR_STATE); /* it did not log in */
    play.logs_in = true;
    struct skeym_attack_result result = attacked(skeym_attack_login_replay, SKEYM_OK);
    assert_int_equal(result.tried, 3);
    assert_int_equal(result.refused, 3);
    assert_int_equal(result.victim_served, 2);
    assert_string_equal(result.got, "900 bytes of sealed answers, 0 of 3 with a token to be read");
    http_byte = 0; /* as A_TOKEN begins */
    assert_int_equal(attacked(skeym_attack_login_replay, SKEYM_OK).succeeded, 3);
    http_size = 4;
    assert_int_equal(attacked(skeym_attack_login_replay, SKEYM_OK).refused, 3);
    http_size = 0;
    assert_int_equal(attacked(skeym_attack_login_replay, SKEYM_OK).refused, 3);
    http_size = 300;
    http_status = 401;
    assert_int_equal(attacked(skeym_attack_login_replay, SKEYM_OK).refused, 3);
    http_status = 200;
    http_error = SKEYM_ERR_NETWORK;
    result = attacked(skeym_attack_login_replay, SKEYM_OK);
    assert_int_equal(result.tried, 3);
    assert_int_equal(result.refused, 0);
    static const char *const unread[] = {NULL, "SkeyM ", "SkeyM no base64url!"};
    for (size_t i = 0; i < sizeof unread / sizeof unread[0]; i++) { /* what would it look for? */
        play.authorization = unread[i];
        assert_int_equal(attacked(skeym_attack_login_replay, SKEYM_ERR_STATE).tried, 0);
    }
}

/* Something was tried, all of it was refused, and the victim noticed nothing. */
static void what_was_not_tried_has_not_held(void **state)
{
    (void)state;
    static const struct skeym_attack_result good = {.tried = 1, .refused = 1};
    assert_true(skeym_attack_held(&good));
    struct skeym_attack_result bad = good;
    bad.tried = 0;
    assert_false(skeym_attack_held(&bad));
    bad = good;
    bad.succeeded = 1;
    assert_false(skeym_attack_held(&bad));
    bad = good;
    bad.tried = 2; /* one had no answer, or an error of the server */
    assert_false(skeym_attack_held(&bad));
    bad = good;
    bad.victim_failed = 1;
    assert_false(skeym_attack_held(&bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_the_victim_there_is_no_attack, before),
        cmocka_unit_test_setup(what_cannot_be_captured_is_an_error, before),
        cmocka_unit_test_setup(words_in_the_traffic_are_a_success, before),
        cmocka_unit_test_setup(a_replay_that_is_served_is_a_success, before),
        cmocka_unit_test_setup(of_many_at_once_one_is_the_victims, before),
        cmocka_unit_test_setup(a_token_that_was_tried_is_still_its_owners, before),
        cmocka_unit_test_setup(a_request_that_is_served_late_is_a_success, before),
        cmocka_unit_test_setup(a_login_that_is_sent_again_gives_no_token, before),
        cmocka_unit_test_setup(what_was_not_tried_has_not_held, before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
