/* SPDX-License-Identifier: Apache-2.0 */
/* Places of clients, and who is cut. */
#include "connect/connect_peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct skeym_connect_peers peers;
static struct skeym_connect_peer one, two, three;

static void test_places(void **state)
{
    (void)state;
    skeym_connect_peers_init(&peers, 2);
    assert_true(skeym_connect_peers_room(&peers));
    skeym_connect_peers_enter(&peers, &one, -1, 0);
    assert_true(skeym_connect_peers_room(&peers));
    skeym_connect_peers_enter(&peers, &two, -1, 0);
    assert_false(skeym_connect_peers_room(&peers));
    skeym_connect_peers_enter(&peers, &three, -1, 0);
    skeym_connect_peers_leave(&peers, &two); /* from the middle */
    assert_false(skeym_connect_peers_room(&peers));
    skeym_connect_peers_leave(&peers, &three); /* the first */
    assert_true(skeym_connect_peers_room(&peers));
    skeym_connect_peers_leave(&peers, &one);
    assert_null(peers.first);
    assert_int_equal(peers.count, 0);
}

static bool is_open(int fd)
{
    return send(fd, "", 0, MSG_NOSIGNAL) == 0 && recv(fd, &(char){0}, 1, MSG_DONTWAIT) != 0;
}

static void test_who_takes_too_long_is_cut(void **state)
{
    (void)state;
    static const struct {
        enum skeym_connect_phase phase;
        uint64_t most_ms; /* 0: for ever */
    } rows[] = {{SKEYM_CONNECT_IDLE, 60000},
                {SKEYM_CONNECT_READING, 30000},
                {SKEYM_CONNECT_WORKING, 0},
                {SKEYM_CONNECT_SENDING, 120000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        skeym_connect_peers_init(&peers, 2);
        skeym_connect_peers_enter(&peers, &one, pair[0], 1000);
        skeym_connect_peers_set(&peers, &one, rows[i].phase, 1000);
        /* the same phase again is not a new one */
        skeym_connect_peers_set(&peers, &one, rows[i].phase, 20000);
        assert_int_equal(skeym_connect_peers_cut(&peers, 1000 + rows[i].most_ms), 0);
        assert_true(is_open(pair[1]));
        uint64_t late = rows[i].most_ms ? 1001 + rows[i].most_ms : UINT64_MAX / 2;
        assert_int_equal(skeym_connect_peers_cut(&peers, late), rows[i].most_ms ? 1 : 0);
        assert_int_equal(is_open(pair[1]), rows[i].most_ms == 0);
        assert_int_equal(skeym_connect_peers_cut(&peers, late + 1), 0);
        skeym_connect_peers_leave(&peers, &one);
        close(pair[0]);
        close(pair[1]);
    }
}

static void test_a_new_phase_has_its_own_time(void **state)
{
    (void)state;
    skeym_connect_peers_init(&peers, 2);
    skeym_connect_peers_enter(&peers, &one, -1, 0);
    skeym_connect_peers_set(&peers, &one, SKEYM_CONNECT_READING, 50000);
    assert_int_equal(skeym_connect_peers_cut(&peers, 70000), 0);
    skeym_connect_peers_set(&peers, &one, SKEYM_CONNECT_WORKING, 79000);
    skeym_connect_peers_set(&peers, &one, SKEYM_CONNECT_IDLE, 900000);
    assert_int_equal(skeym_connect_peers_cut(&peers, 960000), 0);
    assert_int_equal(skeym_connect_peers_cut(&peers, 960001), 1);
    skeym_connect_peers_leave(&peers, &one);
}

static void test_a_phase_that_begins_after_the_look_at_the_clock(void **state)
{
    (void)state;
    skeym_connect_peers_init(&peers, 2);
    for (int phase = 0; phase < SKEYM_CONNECT_PHASES; phase++) {
        skeym_connect_peers_enter(&peers, &one, -1, 5000);
        skeym_connect_peers_set(&peers, &one, (enum skeym_connect_phase)phase, 5000);
        assert_int_equal(skeym_connect_peers_cut(&peers, 4999), 0);
        skeym_connect_peers_leave(&peers, &one);
    }
}

/* Half closed, like one that is gone: it matters while a request comes in, and at the second look.
 */
static void test_who_is_gone_is_let_go(void **state)
{
    (void)state;
    for (int phase = 0; phase < SKEYM_CONNECT_PHASES; phase++) {
        int pair[2];
        bool comes = phase == SKEYM_CONNECT_IDLE || phase == SKEYM_CONNECT_READING;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        skeym_connect_peers_init(&peers, 2);
        skeym_connect_peers_enter(&peers, &one, pair[0], 1000);
        skeym_connect_peers_set(&peers, &one, (enum skeym_connect_phase)phase, 1000);
        assert_int_equal(skeym_connect_peers_cut(&peers, 1000), 0);
        assert_int_equal(skeym_connect_peers_cut(&peers, 1000), 0);
        assert_true(is_open(pair[1])); /* nothing came, and more may come */
        assert_int_equal(send(pair[1], "x", 1, MSG_NOSIGNAL), 1);
        assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
        assert_int_equal(skeym_connect_peers_cut(&peers, 1000), 0);
        assert_int_equal(skeym_connect_peers_cut(&peers, 1000), 0);
        assert_int_equal(recv(pair[1], &(char){0}, 1, MSG_DONTWAIT), -1); /* it is to be read yet */
        assert_int_equal(recv(pair[0], &(char){0}, 1, 0), 1);
        assert_int_equal(skeym_connect_peers_cut(&peers, 1000), 0);
        skeym_connect_peers_set(&peers, &one, SKEYM_CONNECT_PHASES - 1, 1000); /* it was read */
        skeym_connect_peers_set(&peers, &one, (enum skeym_connect_phase)phase, 1000);
        assert_int_equal(skeym_connect_peers_cut(&peers, 1000), 0);
        assert_int_equal(recv(pair[1], &(char){0}, 1, MSG_DONTWAIT), -1);
        assert_int_equal(skeym_connect_peers_cut(&peers, 1000), 0);
        assert_int_equal(recv(pair[1], &(char){0}, 1, MSG_DONTWAIT), comes ? 0 : -1);
        skeym_connect_peers_leave(&peers, &one);
        close(pair[0]);
        close(pair[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_who_takes_too_long_is_cut),
        cmocka_unit_test(test_a_new_phase_has_its_own_time),
        cmocka_unit_test(test_who_is_gone_is_let_go),
        cmocka_unit_test(test_a_phase_that_begins_after_the_look_at_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
