/* SPDX-License-Identifier: Apache-2.0 */
/* What a session tells people of its failures: the status, and a credential that was not kept. */
#include "unit/node/fake_server.h"
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

/* *status: of the answer, or of the refusal. */
static enum skeym_error post(struct skeym_session *session, int *status)
{
    struct skeym_session_answer answer;
    struct skeym_closed request = {.method = skeym_span_text("POST"),
                                   .target = skeym_span_text("/x"),
                                   .content_type = skeym_span_text("text/plain"),
                                   .body = skeym_span_text("x")};
    enum skeym_error error = skeym_session_request(session, &request, &answer, NULL);
    int refused = skeym_session_figures(session).refused_status;
    assert_true(error == SKEYM_OK ? refused == 0 : answer.status == 0);
    *status = error == SKEYM_OK ? answer.status : refused;
    skeym_session_answer_free(&answer);
    return error;
}

/* Nothing was sent, so nobody refused: the login's 200 is not the request's status. */
static void test_a_request_that_cannot_be_sent_has_no_status(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    struct skeym_session_answer answer;
    struct skeym_closed request = {.method = skeym_span_text("GET"),
                                   .target = skeym_span_text("no path")};
    assert_int_equal(skeym_session_request(session, &request, &answer, NULL), SKEYM_ERR_SHAPE);
    assert_int_equal(skeym_session_figures(session).logins, 1);
    assert_int_equal(skeym_session_figures(session).refused_status, 0);
    skeym_session_free(session);
}

static void test_the_status_of_a_refusal(void **state)
{
    (void)state;
    static const int statuses[] = {401, 413, 429, 431, 500, 503, 404};
    int status;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct skeym_session *session = fake_session(&options);
        fake.fault_at = statuses[i];
        fake.login_fault = FAULT_SAY;
        fake.login_faults = 1;
        assert_int_not_equal(post(session, &status), SKEYM_OK);
        assert_int_equal(status, statuses[i]); /* of the login */
        fake.fault = FAULT_SAY;
        fake.faults = 1;
        assert_int_not_equal(post(session, &status), SKEYM_OK);
        assert_int_equal(status, statuses[i]);
        assert_int_equal(post(session, &status), SKEYM_OK);
        assert_int_equal(status, 200);
        skeym_session_free(session);
    }
}

static void test_no_answer_has_no_status(void **state)
{
    (void)state;
    static const enum fault faults[] = {FAULT_UNSENT, FAULT_DROP_REQUEST, FAULT_DROP_ANSWER};
    int status;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct skeym_session *session = fake_session(&options);
        fake.fault = faults[i];
        assert_int_equal(post(session, &status), SKEYM_OK);
        fake.faults = 1;
        assert_int_not_equal(post(session, &status), SKEYM_OK);
        assert_int_equal(status, 0);
        skeym_session_free(session);
    }
}

static bool is_unsaved(const struct skeym_session *session)
{
    return skeym_session_figures(session).renewed_unsaved;
}

static void test_a_renewed_credential_that_is_not_kept(void **state)
{
    (void)state;
    char folder[] = "/tmp/skeym-report-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/no/credential", folder);
    options.credential_path = path;
    struct skeym_session *session = fake_session(&options);
    assert_int_equal(skeym_session_login(session), SKEYM_OK);
    assert_int_equal(skeym_session_figures(session).unsaved, 1);
    assert_false(is_unsaved(session)); /* the file's C_i is as good as ours */
    fake_rotate_enrol_key(&fake);
    assert_int_equal(skeym_session_login(session), SKEYM_OK);
    assert_true(is_unsaved(session));
    assert_int_equal(skeym_session_login(session), SKEYM_OK); /* renews nothing, keeps nothing */
    assert_true(is_unsaved(session));
    char inner[64];
    (void)snprintf(inner, sizeof inner, "%s/no", folder);
    assert_int_equal(mkdir(inner, 0700), 0);
    assert_int_equal(skeym_session_login(session), SKEYM_OK);
    assert_false(is_unsaved(session)); /* the disk is back */
    skeym_session_free(session);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_a_session_without_a_file_has_nothing_to_warn_of(void **state)
{
    (void)state;
    struct skeym_session *session = fake_session(&options);
    fake_rotate_enrol_key(&fake);
    assert_int_equal(skeym_session_login(session), SKEYM_OK);
    assert_false(is_unsaved(session));
    skeym_session_free(session);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_status_of_a_refusal),
        TEST(test_a_request_that_cannot_be_sent_has_no_status),
        TEST(test_no_answer_has_no_status),
        TEST(test_a_renewed_credential_that_is_not_kept),
        TEST(test_a_session_without_a_file_has_nothing_to_warn_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
