/* SPDX-License-Identifier: Apache-2.0 */
#include "server/peers.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { MOST = 3 };

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage address;
    assert_true(skeym_source_parse(&address, text));
    return address;
}

static bool room(struct skeym_peers *peers, const char *text)
{
    struct sockaddr_storage address = address_of(text);
    return skeym_peers_room(peers, (const struct sockaddr *)&address);
}

static struct skeym_peer *enter(struct skeym_peers *peers, const char *text)
{
    struct sockaddr_storage address = address_of(text);
    return skeym_peers_enter(peers, (const struct sockaddr *)&address);
}

/* In a table of one place, too, where all hosts meet. */
static void a_host_has_so_many_and_no_more(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= 1000; size += 999) {
        struct skeym_peers *peers = NULL;
        struct skeym_peer *mine[MOST], *other;
        assert_int_equal(skeym_peers_open(&peers, size, MOST), SKEYM_OK);
        for (int i = 0; i < MOST; i++) {
            char text[64];
            (void)snprintf(text, sizeof text, "[2001:db8:0:1:%d::7]:%d", i, i + 1);
            assert_true(room(peers, text));
            mine[i] = enter(peers, text);
            assert_non_null(mine[i]);
        }
        assert_false(room(peers, "[2001:db8:0:1:ffff::]:9")); /* one more address of the host */
        assert_null(enter(peers, "[2001:db8:0:1:ffff::]:9"));
        assert_true(room(peers, "[2001:db8:0:2::]:9"));
        other = enter(peers, "[2001:db8:0:2::]:9");
        assert_non_null(other);
        skeym_peers_leave(peers, mine[0]);
        assert_true(room(peers, "[2001:db8:0:1:ffff::]:9"));
        mine[0] = enter(peers, "[2001:db8:0:1:ffff::]:9");
        assert_non_null(mine[0]);
        assert_false(room(peers, "[2001:db8:0:1::]:9"));
        for (int i = 0; i < MOST; i++) {
            skeym_peers_leave(peers, mine[i]);
        }
        assert_true(room(peers, "[2001:db8:0:1::]:9"));
        skeym_peers_leave(peers, other);
        skeym_peers_close(peers);
    }
}

static void neighbours_in_ipv4_are_hosts_of_their_own(void **state)
{
    (void)state;
    struct skeym_peers *peers = NULL;
    assert_int_equal(skeym_peers_open(&peers, 16, 1), SKEYM_OK);
    struct skeym_peer *one = enter(peers, "192.0.2.1:1");
    struct skeym_peer *two = enter(peers, "192.0.2.2:1");
    assert_non_null(one);
    assert_non_null(two);
    assert_false(room(peers, "192.0.2.1:2"));
    assert_null(enter(peers, "[::ffff:192.0.2.1]:3"));
    skeym_peers_leave(peers, one);
    skeym_peers_leave(peers, two);
    skeym_peers_close(peers);
}

static void those_without_an_address_are_one_host(void **state)
{
    (void)state;
    struct skeym_peers *peers = NULL;
    assert_int_equal(skeym_peers_open(&peers, 16, 1), SKEYM_OK);
    struct skeym_peer *one = skeym_peers_enter(peers, NULL);
    assert_non_null(one);
    assert_false(skeym_peers_room(peers, NULL));
    skeym_peers_leave(peers, one);
    skeym_peers_close(peers);
    skeym_peers_close(NULL);
}

static void *come_and_go(void *arg)
{
    struct skeym_peers *peers = arg;
    for (int i = 0; i < 3000; i++) {
        struct skeym_peer *peer = skeym_peers_enter(peers, NULL);
        if (peer) {
            skeym_peers_leave(peers, peer);
        }
    }
    return NULL;
}

static void threads_leave_nothing_behind(void **state)
{
    (void)state;
    struct skeym_peers *peers = NULL;
    pthread_t threads[4];
    assert_int_equal(skeym_peers_open(&peers, 1, 1), SKEYM_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, peers), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(skeym_peers_room(peers, NULL));
    skeym_peers_close(peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_has_so_many_and_no_more),
        cmocka_unit_test(neighbours_in_ipv4_are_hosts_of_their_own),
        cmocka_unit_test(those_without_an_address_are_one_host),
        cmocka_unit_test(threads_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
