/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks by those who are enrolled, against a server of which the test says what it answers. */
#include "inspect/attack_list.h"
#include "server/home.h"

#include "unit/inspect/fake_party.h"

static enum skeym_error load_error, revoke_error, notify_error;
static unsigned revoked, notified;

enum skeym_error skeym_credential_load(struct skeym_credential_file *out, const char *path,
                                       const char *key_path, struct skeym_span passphrase)
{
    (void)key_path;
    memset(out, 0, sizeof *out);
    assert_string_equal(path, "locked.cred");
    return passphrase.size == 8 ? load_error : SKEYM_ERR_PASSPHRASE; /* "password", "hospital" */
}

void skeym_credential_wipe(struct skeym_credential_file *file)
{
    memset(file, 0, sizeof *file);
}

enum skeym_error skeym_home_revoke(const char *dir, const struct skeym_name *id,
                                   uint32_t generation)
{
    assert_string_equal(dir, "/proc/none");
    assert_true(skeym_span_is(skeym_name_span(id), "leaver"));
    assert_int_equal(generation, 1);
    revoked++;
    return revoke_error;
}

enum skeym_error skeym_home_notify(const char *dir)
{
    assert_string_equal(dir, "/proc/none");
    notified++;
    return notify_error;
}

static int before(void **state)
{
    load_error = SKEYM_ERR_PASSPHRASE;
    revoke_error = notify_error = SKEYM_OK;
    revoked = notified = 0;
    return play_reset(state);
}

static void without_a_credential_there_is_no_insider(void **state)
{
    (void)state;
    static attack *const all[] = {skeym_attack_other_patient, skeym_attack_write,
                                  skeym_attack_revoked};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        play.opens_left = 0;
        assert_int_equal(attacked(all[i], SKEYM_ERR_MISSING).tried, 0);
    }
    assert_int_equal(revoked, 0);
}

static void what_an_insider_gets_is_counted(void **state)
{
    (void)state;
    static const struct {
        attack *run;
        uint64_t tries;
    } cases[] = {{skeym_attack_other_patient, 6}, {skeym_attack_write, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        play.status = 403;
        struct skeym_attack_result result = attacked(cases[i].run, SKEYM_OK);
        assert_int_equal(result.refused, cases[i].tries);
        assert_int_equal(result.victim_failed, 1); /* this server refuses the right one, too */
        assert_int_equal(strncmp(result.got, "403", 3), 0);
        assert_null(strstr(result.got, "is served"));
        play.status = 200;
        result = attacked(cases[i].run, SKEYM_OK);
        assert_int_equal(result.succeeded, cases[i].tries);
        assert_int_equal(result.victim_served, 1);
        assert_int_equal(strncmp(result.got, "200", 3), 0);
    }
}

/* Those say that there is no such thing, or no such form: not that this one may not. */
static void what_is_wrong_in_itself_is_no_refusal(void **state)
{
    (void)state;
    static const int statuses[] = {400, 404};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        play.status = statuses[i];
        struct skeym_attack_result result = attacked(skeym_attack_other_patient, SKEYM_OK);
        assert_int_equal(result.tried, 6);
        assert_int_equal(result.refused, 0);
        assert_int_equal(result.succeeded, 0);
    }
}

/* A session has no sealed status then: its error says why. A server that is gone refuses nobody. */
static void an_error_counts_as_what_it_stands_for(void **state)
{
    (void)state;
    static const struct {
        const char *got;
        enum skeym_error error;
        bool refused;
    } cases[] = {{"401", SKEYM_ERR_PERMISSION, true},
                 {"429", SKEYM_ERR_RATE, true},
                 {"503", SKEYM_ERR_BUSY, false}, /* as the fake counts it */
                 {"0", SKEYM_ERR_NETWORK, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        play.error = cases[i].error;
        struct skeym_attack_result result = attacked(skeym_attack_write, SKEYM_OK);
        assert_int_equal(result.tried, 3);
        assert_int_equal(result.refused, cases[i].refused ? 3 : 0);
        assert_string_equal(result.got, cases[i].got);
    }
}

static void a_passphrase_that_is_guessed_is_a_success(void **state)
{
    (void)state;
    struct skeym_attack_result result = attacked(skeym_attack_locked_file, SKEYM_OK);
    assert_int_equal(result.refused, 5);
    assert_int_equal(result.succeeded, 0);
    load_error = SKEYM_OK;
    result = attacked(skeym_attack_locked_file, SKEYM_OK);
    assert_int_equal(result.refused, 3);
    assert_int_equal(result.succeeded, 2);
    assert_null(strstr(result.got, "nothing"));
    load_error = SKEYM_ERR_MISSING; /* no file, no guess */
    result = attacked(skeym_attack_locked_file, SKEYM_ERR_MISSING);
    assert_int_equal(result.tried, 1);
}

static void who_is_served_after_a_revocation_succeeded(void **state)
{
    (void)state;
    struct skeym_attack_result result = attacked(skeym_attack_revoked, SKEYM_OK);
    assert_int_equal(result.victim_served, 3);
    assert_int_equal(result.succeeded, 3);
    assert_string_equal(result.got, "200");
    assert_int_equal(revoked, 1);
    assert_int_equal(notified, 1);
}

static void without_a_revocation_nothing_is_tried(void **state)
{
    (void)state;
    revoke_error = SKEYM_ERR_MODE;
    assert_int_equal(attacked(skeym_attack_revoked, SKEYM_ERR_MODE).tried, 0);
    assert_int_equal(notified, 0);
    revoke_error = SKEYM_OK;
    notify_error = SKEYM_ERR_TIMEOUT; /* the server has not heard of it */
    assert_int_equal(attacked(skeym_attack_revoked, SKEYM_ERR_TIMEOUT).tried, 0);
    struct skeym_attack_target target = play_target();
    struct skeym_attack_result result = {0};
    target.leaver_id = "no name";
    assert_int_not_equal(skeym_attack_revoked(&target, &result), SKEYM_OK);
    assert_int_equal(result.tried, 0);
    assert_int_equal(revoked, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_a_credential_there_is_no_insider, before),
        cmocka_unit_test_setup(what_an_insider_gets_is_counted, before),
        cmocka_unit_test_setup(what_is_wrong_in_itself_is_no_refusal, before),
        cmocka_unit_test_setup(an_error_counts_as_what_it_stands_for, before),
        cmocka_unit_test_setup(a_passphrase_that_is_guessed_is_a_success, before),
        cmocka_unit_test_setup(who_is_served_after_a_revocation_succeeded, before),
        cmocka_unit_test_setup(without_a_revocation_nothing_is_tried, before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
