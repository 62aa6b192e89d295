/* SPDX-License-Identifier: Apache-2.0 */
/* A sidecar's tokens: who logs in and who waits, and what is told of it (see also
 * test_connect_pool.c). */
#include "connect/connect_bank.h"
#include "unit/node/fake_server.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

static struct fake_server fake; /* whoever sends has the bank's lock */
static struct skeym_connect_bank *bank;
static const char *credential_path;
static unsigned told_unsaved;
static enum skeym_error told_login; /* of the last one */
static atomic_uint looked;          /* how often somebody asked for the time */

static uint64_t steady(void *arg)
{
    uint64_t at = fake_node_steady(arg);
    atomic_fetch_add(&looked, 1);
    return at;
}

static void tell(void *arg, const char *event, enum skeym_error error, uint64_t number)
{
    (void)arg;
    (void)number;
    told_login = strcmp(event, "login") == 0 ? error : told_login;
    told_unsaved += strcmp(event, "credential-not-saved") == 0;
}

static void start(uint8_t lanes)
{
    const struct skeym_connect_bank_options options = {
        .credential = &fake.credential,
        .credential_path = credential_path,
        .server = "http://127.0.0.1:1",
        .transport = fake_send,
        .transport_arg = &fake,
        .lanes = lanes,
        .time = {fake_node_wall, steady, fake_node_wait, &fake},
        .tell = tell,
    };
    assert_int_equal(skeym_connect_bank_new(&bank, &options), SKEYM_OK);
}

static int set_up(void **state)
{
    (void)state;
    fake_start(&fake);
    bank = NULL;
    credential_path = NULL;
    told_unsaved = 0;
    told_login = SKEYM_ERR_USAGE;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    skeym_connect_bank_free(bank);
    fake_stop(&fake);
    return 0;
}

static void use_one(void)
{
    struct skeym_connect_lane lane;
    uint32_t pause_ms;
    assert_int_equal(skeym_connect_bank_take(bank, &lane, &pause_ms), SKEYM_OK);
    skeym_connect_bank_give(bank, &lane);
}

/* A renewed credential that is lost with this process is told as such. */
static void test_a_credential_that_cannot_be_saved_is_told(void **state)
{
    (void)state;
    credential_path = "/nowhere/at/all/node.cred";
    start(SKEYM_LANES_MAX);
    use_one();
    assert_int_equal(told_unsaved, 0); /* a fresh locator alone: the old one is as good */
    fake_rotate_enrol_key(&fake);
    fake_pass(&fake, 40000);
    use_one();
    assert_int_equal(fake.logins, 2);
    assert_int_equal(told_unsaved, 1);
}

/* Nor is one that was not kept once told of later ones. */
static void test_a_credential_that_can_be_saved_again(void **state)
{
    (void)state;
    char folder[] = "/tmp/skeym-connect-XXXXXX";
    char below[64];
    char path[96];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(below, sizeof below, "%s/below", folder);
    (void)snprintf(path, sizeof path, "%s/node.cred", below);
    credential_path = path;
    start(4);
    use_one();
    assert_int_equal(told_login, SKEYM_ERR_MISSING);
    assert_int_equal(mkdir(below, 0700), 0);
    fake_pass(&fake, 40000);
    use_one();
    assert_int_equal(fake.logins, 2);
    assert_int_equal(told_login, SKEYM_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(below), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void *take_and_give(void *arg)
{
    struct skeym_connect_lane lane;
    uint32_t pause_ms;
    enum skeym_error error = skeym_connect_bank_take(bank, &lane, &pause_ms);
    *(enum skeym_error *)arg = error;
    if (error == SKEYM_OK) {
        skeym_connect_bank_give(bank, &lane);
    }
    return NULL;
}

/* Another thread wants a lane, and finds none. */
static pthread_t wait_for_one(enum skeym_error *error)
{
    pthread_t thread;
    *error = SKEYM_ERR_USAGE;
    atomic_store(&looked, 0);
    assert_int_equal(pthread_create(&thread, NULL, take_and_give, error), 0);
    while (atomic_load(&looked) == 0) { /* it has the lock until it waits */
        (void)sched_yield();
    }
    return thread;
}

/* All that were asked for are out: there may be more. Old ones that come back are dropped. */
static void test_a_login_when_all_are_out(void **state)
{
    (void)state;
    struct skeym_connect_lane lane[2];
    uint32_t pause_ms;
    start(1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(skeym_connect_bank_take(bank, &lane[i], &pause_ms), SKEYM_OK);
    }
    assert_int_equal(fake.logins, 2);
    skeym_connect_bank_give(bank, &lane[0]);
    skeym_connect_bank_give(bank, &lane[1]);
    use_one();
    assert_int_equal(fake.logins, 2);
}

/* Where a server gives fewer lanes than there are threads, they are waited for; a login of each
 * would cost the others theirs. One that is lost is worth a login. */
static void test_few_lanes_are_waited_for(void **state)
{
    (void)state;
    enum { COMES_BACK, IS_LOST, IS_REFUSED, CASES };
    static const int logins[CASES] = {1, 2, 3};
    fake.lanes_most = 1;
    start(4);
    for (int i = 0; i < CASES; i++) {
        struct skeym_connect_lane lane;
        enum skeym_error error;
        uint32_t pause_ms;
        assert_int_equal(skeym_connect_bank_take(bank, &lane, &pause_ms), SKEYM_OK);
        pthread_t thread = wait_for_one(&error);
        if (i == IS_REFUSED) {
            skeym_connect_bank_refused(bank, &lane);
        } else {
            if (i == IS_LOST) {
                memset(&lane.lane, 0, sizeof lane.lane);
            }
            skeym_connect_bank_give(bank, &lane);
        }
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(error, SKEYM_OK);
        assert_int_equal(fake.logins, logins[i]);
    }
}

/* Who gives a lane back and wants one again at once comes after those that wait. */
static void test_a_lane_goes_to_who_waited_first(void **state)
{
    (void)state;
    struct skeym_connect_lane lane;
    uint32_t pause_ms;
    fake.lanes_most = 1;
    start(4);
    assert_int_equal(skeym_connect_bank_take(bank, &lane, &pause_ms), SKEYM_OK);
    for (int i = 0; i < 100; i++) {
        enum skeym_error error;
        pthread_t thread = wait_for_one(&error);
        skeym_connect_bank_give(bank, &lane);
        assert_int_equal(skeym_connect_bank_take(bank, &lane, &pause_ms), SKEYM_OK);
        assert_int_equal(error, SKEYM_OK); /* it had it, and gave it back */
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    skeym_connect_bank_give(bank, &lane);
    assert_int_equal(fake.logins, 1);
}

/* A bank that is stopped lets nobody wait for another's request, and logs in no more. */
static void test_nobody_waits_for_a_stopped_bank(void **state)
{
    (void)state;
    struct skeym_connect_lane lane;
    enum skeym_error error;
    uint32_t pause_ms;
    fake.lanes_most = 1;
    start(4);
    assert_int_equal(skeym_connect_bank_take(bank, &lane, &pause_ms), SKEYM_OK);
    pthread_t thread = wait_for_one(&error);
    skeym_connect_bank_stop(bank);
    skeym_connect_bank_give(bank, &lane);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(error, SKEYM_ERR_BUSY);
    assert_int_equal(skeym_connect_bank_take(bank, &lane, &pause_ms), SKEYM_ERR_BUSY);
    assert_int_equal(fake.login_tries, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
        TEST(test_a_credential_that_cannot_be_saved_is_told),
        TEST(test_a_credential_that_can_be_saved_again),
        TEST(test_few_lanes_are_waited_for),
        TEST(test_a_lane_goes_to_who_waited_first),
        TEST(test_nobody_waits_for_a_stopped_bank),
        TEST(test_a_login_when_all_are_out),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
