/* SPDX-License-Identifier: Apache-2.0 */
/* One connection, on a system and a TLS that do what the test says. */
#include "load/load_loop.h"
#include "load/load_tls.h"

#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* --- the system ---------------------------------------------------------------------- */

/* What a call gives; 0: it succeeds. The first failure is of this number of it. */
static struct {
    int socket, set, bind, connect, add;
    unsigned set_from;
} fails;

static int fail_with(int why)
{
    errno = why;
    return why ? -1 : 0;
}

int socket(int domain, int type, int protocol)
{
    static int (*real)(int, int, int);
    *(void **)&real = dlsym(RTLD_NEXT, "socket");
    return fails.socket ? fail_with(fails.socket) : real(domain, type, protocol);
}

int setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen)
{
    (void)fd;
    (void)level;
    (void)optname;
    assert_true(optval && optlen > 0);
    fails.set_from -= fails.set_from > 0;
    return fails.set_from == 0 ? fail_with(fails.set) : 0;
}

int bind(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
    assert_true(fd >= 0 && addr.__sockaddr__ && len > 0);
    return fail_with(fails.bind);
}

int connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
    assert_true(fd >= 0 && addr.__sockaddr__ && len > 0);
    return fail_with(fails.connect);
}

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    assert_int_equal(epfd, 77);
    assert_true(op == EPOLL_CTL_ADD && fd >= 0 && event);
    return fail_with(fails.add);
}

/* What a call to send or receive does: so many bytes, or an errno. */
static ssize_t moves;
static int moves_not;

static ssize_t move(size_t room)
{
    errno = moves_not;
    return moves_not ? -1 : moves < (ssize_t)room ? moves : (ssize_t)room;
}

ssize_t send(int fd, const void *buf, size_t n, int flags)
{
    assert_true(fd >= 0 && buf && (flags & MSG_NOSIGNAL));
    return move(n);
}

ssize_t recv(int fd, void *buf, size_t n, int flags)
{
    assert_true(fd >= 0 && buf && n > 0);
    (void)flags;
    return move(n);
}

/* --- TLS ------------------------------------------------------------------------------ */

static bool tls_is_full, tls_has_more;
static int attached;
static char token;

struct skeym_load_tls_socket *skeym_load_tls_attach(struct skeym_load_tls *tls, int fd)
{
    assert_true(tls && fd >= 0);
    attached += !tls_is_full;
    return tls_is_full ? NULL : (struct skeym_load_tls_socket *)&token;
}

void skeym_load_tls_detach(struct skeym_load_tls_socket *socket)
{
    attached -= socket != NULL;
}

ssize_t skeym_load_tls_send(struct skeym_load_tls_socket *socket, const void *data, size_t size)
{
    assert_true(socket && data);
    return move(size);
}

ssize_t skeym_load_tls_recv(struct skeym_load_tls_socket *socket, void *data, size_t room)
{
    assert_true(socket && data);
    return move(room);
}

bool skeym_load_tls_more(const struct skeym_load_tls_socket *socket)
{
    assert_non_null(socket);
    return tls_has_more;
}

const char *skeym_load_tls_why(const struct skeym_load_tls_socket *socket)
{
    return socket ? "because" : NULL;
}

/* --- tests ---------------------------------------------------------------------------- */

static struct skeym_load_options options;
static struct skeym_load_loop loop;
static struct skeym_load_peer peer;

static int before(void **state)
{
    (void)state;
    memset(&fails, 0, sizeof fails);
    tls_is_full = tls_has_more = false;
    moves = 0;
    moves_not = 0;
    options = (struct skeym_load_options){.connections = 1, .from = {0x7f000101, 3}};
    loop = (struct skeym_load_loop){.options = &options, .epoll = 77};
    peer = (struct skeym_load_peer){.fd = -1, .in_size = 5, .need = 9};
    return 0;
}

static int after(void **state)
{
    (void)state;
    skeym_load_peer_close(&peer);
    free(peer.in);
    return attached;
}

static void with_tls(void)
{
    options.tls = (struct skeym_load_tls *)&token;
}

static void it_connects(void **state)
{
    (void)state;
    assert_true(skeym_load_peer_connect(&loop, &peer));
    assert_true(peer.fd >= 0 && peer.life == 1 && !peer.tls);
    assert_int_equal(peer.in_size + peer.need, 0); /* nothing of the one before */
    skeym_load_peer_close(&peer);
    assert_int_equal(peer.fd, -1);
    fails.connect = EINPROGRESS; /* it is under way */
    assert_true(skeym_load_peer_connect(&loop, &peer));
    skeym_load_peer_close(&peer);
    with_tls();
    assert_true(skeym_load_peer_connect(&loop, &peer));
    assert_int_equal(attached, 1);
    skeym_load_peer_close(&peer);
    assert_int_equal(attached, 0);
    assert_string_equal(peer.why, "because");
    options.from.count = 0; /* from wherever the system likes */
    fails.bind = EADDRINUSE;
    options.tls = NULL;
    assert_true(skeym_load_peer_connect(&loop, &peer));
}

static void what_fails_leaves_no_connection(void **state)
{
    static const struct {
        int *call, why;
        unsigned from;
    } cases[] = {
        {&fails.socket, EMFILE, 0},
        {&fails.set, EPERM, 1},
        {&fails.set, EPERM, 2},
        {&fails.bind, EADDRINUSE, 0},
        {&fails.connect, ECONNREFUSED, 0},
        {&fails.connect, ENETDOWN, 0},
        {&fails.add, ENOSPC, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)before(state);
        *cases[i].call = cases[i].why;
        fails.set_from = cases[i].from;
        assert_false(skeym_load_peer_connect(&loop, &peer));
        assert_int_equal(loop.error_number, cases[i].why);
        assert_int_equal(peer.fd, -1);
    }
    (void)before(state);
    with_tls();
    tls_is_full = true;
    assert_false(skeym_load_peer_connect(&loop, &peer));
    assert_int_equal(loop.error_number, ENOMEM);
    assert_int_equal(peer.fd, -1);
}

static void connected(bool tls)
{
    if (tls) {
        with_tls();
    }
    assert_true(skeym_load_peer_connect(&loop, &peer));
}

/* What the network cannot take now is sent later; what it never takes ends the connection. */
static void it_pushes(void **state)
{
    static uint8_t bytes[100];
    for (int tls = 0; tls < 2; tls++) {
        (void)before(state);
        connected(tls);
        peer.out = bytes;
        peer.out_size = sizeof bytes;
        moves = 30;
        assert_true(skeym_load_peer_push(&peer));
        assert_int_equal(peer.out_at, sizeof bytes);
        static const int later[] = {EAGAIN, ENOTCONN};
        for (size_t i = 0; i < 2; i++) {
            peer.out_at = 10;
            moves_not = later[i];
            assert_true(skeym_load_peer_push(&peer));
            assert_int_equal(peer.out_at, 10);
        }
        moves_not = EPIPE;
        assert_false(skeym_load_peer_push(&peer));
        skeym_load_peer_close(&peer);
    }
}

static void it_pulls(void **state)
{
    for (int tls = 0; tls < 2; tls++) {
        free(peer.in);
        (void)before(state);
        connected(tls);
        moves = 100;
        assert_int_equal(skeym_load_peer_pull(&peer), SKEYM_LOAD_PULL_ALL);
        assert_int_equal(peer.in_size, 100);
        tls_has_more = true; /* of the record that was read */
        assert_int_equal(skeym_load_peer_pull(&peer),
                         tls ? SKEYM_LOAD_PULL_SOME : SKEYM_LOAD_PULL_ALL);
        tls_has_more = false;
        moves = 1 << 20;
        assert_int_equal(skeym_load_peer_pull(&peer), SKEYM_LOAD_PULL_SOME);
        assert_int_equal(peer.in_size, peer.in_room);
        size_t room = peer.in_room;
        assert_int_equal(skeym_load_peer_pull(&peer), SKEYM_LOAD_PULL_SOME);
        assert_int_equal(peer.in_room, 2 * room);
        static const int later[] = {EAGAIN, ENOTCONN};
        for (size_t i = 0; i < 2; i++) {
            moves_not = later[i];
            assert_int_equal(skeym_load_peer_pull(&peer), SKEYM_LOAD_PULL_EMPTY);
        }
        moves_not = ECONNRESET;
        assert_int_equal(skeym_load_peer_pull(&peer), SKEYM_LOAD_PULL_END);
        moves_not = 0;
        moves = 0;
        assert_int_equal(skeym_load_peer_pull(&peer), SKEYM_LOAD_PULL_END);
        skeym_load_peer_close(&peer);
    }
}

/* An answer without an end is not kept for ever. */
static void an_answer_has_a_greatest_size(void **state)
{
    (void)state;
    connected(false);
    moves = 1 << 30;
    size_t most = 0;
    while (skeym_load_peer_pull(&peer) == SKEYM_LOAD_PULL_SOME) {
        most = peer.in_room;
    }
    assert_int_equal(most, 64 << 20);
    assert_int_equal(peer.in_size, most);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_connects, before, after),
        cmocka_unit_test_setup_teardown(what_fails_leaves_no_connection, before, after),
        cmocka_unit_test_setup_teardown(it_pushes, before, after),
        cmocka_unit_test_setup_teardown(it_pulls, before, after),
        cmocka_unit_test_setup_teardown(an_answer_has_a_greatest_size, before, after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
