/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks by those who have nothing but a socket, against a server of which the test says what it
 * answers. */
#include "inspect/attack_list.h"

#include "unit/inspect/fake_party.h"
#include "unit/inspect/few_threads.h"

#include <errno.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/syscall.h>

/* --- the system --------------------------------------------------------------------- */

static atomic_uint randoms_left;
static atomic_long seconds_on; /* of the monotonic clock */

ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
    unsigned left = atomic_load(&randoms_left);
    if (left == 0) {
        errno = ENOSYS;
        return -1;
    }
    if (left != UINT_MAX) {
        atomic_store(&randoms_left, left - 1);
    }
    return syscall(SYS_getrandom, buffer, length, flags);
}

int clock_gettime(clockid_t clock_id, struct timespec *tp)
{
    int done = (int)syscall(SYS_clock_gettime, clock_id, tp);
    tp->tv_sec += clock_id == CLOCK_MONOTONIC ? atomic_load(&seconds_on) : 0;
    return done;
}

static int before(void **state)
{
    atomic_store(&randoms_left, UINT_MAX);
    atomic_store(&seconds_on, 0);
#ifndef SANITIZED
    atomic_store(&threads_left, UINT_MAX);
#endif
    return play_reset(state);
}

/* --- tests -------------------------------------------------------------------------- */

static void without_the_victim_there_is_no_attack(void **state)
{
    (void)state;
    static attack *const all[] = {skeym_attack_forged, skeym_attack_slow, skeym_attack_flood};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        play.opens_left = 0;
        assert_int_equal(attacked(all[i], SKEYM_ERR_MISSING).tried, 0);
    }
}

static void a_forgery_that_is_served_is_a_success(void **state)
{
    (void)state;
    struct skeym_attack_result result = attacked(skeym_attack_forged, SKEYM_OK);
    assert_int_equal(result.refused, 6);
    assert_int_equal(result.victim_served, 2);
    atomic_store(&play.sent, 0);
    atomic_store(&play.wins, 2);
    play.status = 503;
    result = attacked(skeym_attack_forged, SKEYM_OK);
    assert_int_equal(result.succeeded, 2);
    assert_int_equal(result.victim_failed, 2);
}

static void without_a_token_nothing_is_forged(void **state)
{
    (void)state;
    static const struct {
        const char *authorization, *proof;
    } cases[] = {{NULL, A_PROOF}, {A_TOKEN, NULL}, {"SkeyM no base64url!", A_PROOF}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        play.authorization = cases[i].authorization;
        play.proof = cases[i].proof;
        assert_int_equal(attacked(skeym_attack_forged, SKEYM_ERR_STATE).tried, 0);
    }
    (void)before(NULL);
    atomic_store(&randoms_left, 4);
    assert_int_equal(attacked(skeym_attack_forged, SKEYM_ERR_RANDOM).tried, 4);
}

static void slow_clients_that_are_answered_are_counted(void **state)
{
    (void)state;
    play.exchange_status = 0;
    struct skeym_attack_result result = attacked(skeym_attack_slow, SKEYM_OK);
    assert_int_equal(result.refused, 200);
    assert_int_equal(result.victim_served, 10);
    assert_true(skeym_attack_held(&result));
    assert_string_equal(result.got, "0; the doctor is served all the while");
    assert_int_equal(atomic_load(&play.exchanged), 200 + 10 * 200);
    (void)before(NULL);
    play.status = 503; /* the doctor waits behind them */
    result = attacked(skeym_attack_slow, SKEYM_OK);
    assert_false(skeym_attack_held(&result));
    assert_string_equal(result.got, "401; the doctor is not always served");
    (void)before(NULL);
    play.exchange_status = 200;
    play.connects_left = 150; /* the others find no place */
    result = attacked(skeym_attack_slow, SKEYM_OK);
    assert_int_equal(result.succeeded, 150);
    assert_int_equal(result.refused, 50);
    assert_int_equal(atomic_load(&play.exchanged), 150 + 10 * 150);
}

/* The victim's requests end the flood once it has begun: a minute is over. */
static unsigned wanted, served;

static void until_it_rains(void)
{
    served++;
    if (served == 1) {
        return; /* before the flood */
    }
    time_t end = time(NULL) + 60;
    while (atomic_load(&play.exchanged) < wanted && atomic_load(&play.waited) < 1000) {
        assert_true(time(NULL) < end);
        sched_yield();
    }
    atomic_fetch_add(&seconds_on, 61);
}

static struct skeym_attack_result flooded(int status, unsigned wait_for, enum skeym_error expected)
{
    play.exchange_status = status;
    play.served = until_it_rains;
    served = 0;
    wanted = wait_for;
    return attacked(skeym_attack_flood, expected);
}

static void a_flood_is_counted_by_its_answers(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *none[2]; /* in words, what it was not answered */
    } limits[] = {{429, {"401 (0)", "no answer (0)"}},
                  {503, {"401 (0)", "no answer (0)"}},
                  {0, {"401 (0)", "rate limit (0)"}},
                  {401, {"rate limit (0)", "no answer (0)"}}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        (void)before(NULL);
        struct skeym_attack_result result = flooded(limits[i].status, 40, SKEYM_OK);
        assert_true(result.tried >= 40);
        assert_int_equal(result.refused, result.tried);
        assert_non_null(strstr(result.got, limits[i].none[0]));
        assert_non_null(strstr(result.got, limits[i].none[1]));
        assert_int_equal(result.victim_served, 2);
    }
    (void)before(NULL);
    struct skeym_attack_result result = flooded(200, 40, SKEYM_OK);
    assert_int_equal(result.succeeded, result.tried);
    (void)before(NULL);
    result = flooded(500, 40, SKEYM_OK); /* neither */
    assert_int_equal(result.refused + result.succeeded, 0);
}

/* Flooders that have no socket, or no random bytes for a login, send nothing. */
static void a_flood_that_cannot_be_sent_is_none(void **state)
{
    (void)state;
    play.connects_left = 0;
    assert_int_equal(flooded(401, 1, SKEYM_OK).tried, 0);
    (void)before(NULL);
    atomic_store(&randoms_left, 0);
    assert_int_equal(flooded(401, 1, SKEYM_OK).tried, 0);
    assert_int_equal(atomic_load(&play.connected), 0); /* nor is a socket left open */
#ifndef SANITIZED
    (void)before(NULL);
    atomic_store(&threads_left, 2);
    assert_true(flooded(401, 20, SKEYM_ERR_MEMORY).tried >= 20);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_the_victim_there_is_no_attack, before),
        cmocka_unit_test_setup(a_forgery_that_is_served_is_a_success, before),
        cmocka_unit_test_setup(without_a_token_nothing_is_forged, before),
        cmocka_unit_test_setup(slow_clients_that_are_answered_are_counted, before),
        cmocka_unit_test_setup(a_flood_is_counted_by_its_answers, before),
        cmocka_unit_test_setup(a_flood_that_cannot_be_sent_is_none, before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
