/* SPDX-License-Identifier: Apache-2.0 */
/* A node's session with a server in memory: chains, lanes, clocks, credentials, secrets. */
#include "unit/node/fake_node.h"
#include "unit/sanitized.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- chains ------------------------------ */

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
    request.prefer = (struct skeym_span){0};
    request.idempotency_key = skeym_span_text("k");
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
        static const char type[] = "application/a-type-of-more-letters-than-a-sealed-message-names-"
                                   "in-its-head-for-there-are-sixty-four-at-most-and-here-are-more";
        if (open_form) {
            request.method = skeym_span_text("POST");
            request.body = skeym_span_text("x");
            request.content_type = skeym_span_text(type);
            assert_int_not_equal(ask(session, &request, &maybe), SKEYM_OK);
            assert_false(maybe);
        }
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

/* --- tokens' lives ------------------------------ */

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

/* Nobody used the token, which is young still, until the grant was over. */
static void test_a_grant_that_lay_until_its_deadline(void **state)
{
    (void)state;
    fake.deadline_after_s = 20;
    struct skeym_session *session = fake_session(&options);
    assert_int_equal(skeym_session_login(session), SKEYM_OK);
    fake_pass(&fake, 21000);
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

/* Says no to whoever comes again. */
static enum skeym_error revoke_after_one(void *arg, const struct skeym_wire_request *request,
                                         struct skeym_wire_answer *answer)
{
    enum skeym_error error = fake_send(arg, request, answer);
    fake.revoked = true;
    return error;
}

static void test_a_server_that_sets_the_clock_and_then_refuses(void **state)
{
    (void)state;
    fake.node_offset_ms = 86400000;
    options.transport = revoke_after_one;
    struct skeym_session *session = fake_session(&options);
    assert_int_equal(skeym_session_login(session), SKEYM_ERR_PERMISSION);
    assert_int_equal(fake.login_tries, 2);
    assert_int_equal(fake.logins, 0);
    skeym_session_free(session);
}

/* --- lanes ------------------------------ */

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

/* --- credentials ------------------------------ */

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

/* --- secrets ------------------------------ */

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
#ifdef SANITIZED
    free(planted);
    print_message("under this sanitizer the heap is not where we look\n");
    skip();
#endif
    assert_int_equal(find_in_memory(masked), 1);
    options.lanes = 2;
    struct skeym_session *session = fake_session(&options);
    expect(session, post_request(), SKEYM_OK, false);
    set_fault(FAULT_DROP_ANSWER, 0, 1);
    expect(session, post_request(), SKEYM_ERR_NETWORK, true);
    set_fault(FAULT_ALTER_ANSWER, 0, 1);
    expect(session, post_request(), SKEYM_ERR_SEAL, true);
    for (unsigned i = 0; i < 3; i++) {
        expect(session, post_request(), SKEYM_OK, false); /* so a live lane is left at the end */
    }
    skeym_session_free(session);
    assert_int_equal(fake.secrets, 6 * 5);
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
        TEST(test_a_grant_that_lay_until_its_deadline),
        TEST(test_a_steady_clock_from_before_a_reboot_means_no_token),
        TEST(test_a_clock_that_is_off_is_corrected),
        TEST(test_a_server_that_never_likes_our_clock_is_left),
        TEST(test_a_server_that_sets_the_clock_and_then_refuses),
        TEST(test_a_lost_lane_leaves_the_others),
        TEST(test_lanes_move_in_and_out),
        TEST(test_each_login_brings_a_fresh_locator),
        TEST(test_the_fresh_locator_is_kept_in_the_file),
        TEST(test_nothing_secret_is_left_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
