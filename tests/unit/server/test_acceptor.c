/* SPDX-License-Identifier: Apache-2.0 */
#include "server/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { CALLERS = 200, ROOM = 3, PATIENCE_MS = 60000 };

struct bench {
    int fd; /* listening */
    struct sockaddr_in address;
    struct skeym_acceptor *acceptor;
    atomic_int taken, refused, told; /* told: to wait, each counted once */
    atomic_bool shut;                /* nobody has a turn */
    int last;                        /* its descriptor */
    struct sockaddr_in from;
    in_port_t ports[CALLERS + 1], told_ports[CALLERS]; /* in their order */
    pthread_mutex_t hold;
};

static bool tell_to_wait(struct bench *bench, in_port_t port)
{
    int count = atomic_load(&bench->told);
    for (int i = 0; i < count; i++) {
        if (bench->told_ports[i] == port) {
            return false;
        }
    }
    bench->told_ports[count] = port;
    atomic_fetch_add(&bench->told, 1);
    return false;
}

static bool take(void *arg, int fd, const struct sockaddr *address, socklen_t size, bool last)
{
    struct bench *bench = arg;
    struct sockaddr_in from = {0};
    if (size == sizeof from) {
        memcpy(&from, address, size);
    }
    if (atomic_load(&bench->shut) && !last) {
        return tell_to_wait(bench, from.sin_port);
    }
    if (atomic_load(&bench->shut)) {
        (void)close(fd);
        atomic_fetch_add(&bench->refused, 1);
        return true;
    }
    (void)pthread_mutex_lock(&bench->hold);
    (void)close(bench->last);
    bench->last = fd;
    bench->from = from;
    bench->ports[atomic_load(&bench->taken) % (CALLERS + 1)] = from.sin_port;
    (void)pthread_mutex_unlock(&bench->hold);
    atomic_fetch_add(&bench->taken, 1);
    return true;
}

static int setup(void **state)
{
    static struct bench bench;
    socklen_t size = sizeof bench.address;
    memset(&bench, 0, sizeof bench);
    (void)pthread_mutex_init(&bench.hold, NULL);
    bench.last = -1;
    bench.address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bench.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bench.fd < 0 || bind(bench.fd, (struct sockaddr *)&bench.address, size) != 0 ||
        listen(bench.fd, CALLERS) != 0 ||
        getsockname(bench.fd, (struct sockaddr *)&bench.address, &size) != 0) {
        return -1;
    }
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    skeym_acceptor_stop(bench->acceptor);
    (void)close(bench->last);
    return 0;
}

static void start(struct bench *bench)
{
    assert_int_equal(skeym_acceptor_start(&bench->acceptor, bench->fd, ROOM, take, bench),
                     SKEYM_OK);
}

static int call(const struct bench *bench)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&bench->address, sizeof bench->address),
                     0);
    return fd;
}

static void wait_until(atomic_int *what, int count)
{
    for (int i = 0; i < PATIENCE_MS && atomic_load(what) < count; i++) {
        (void)poll(NULL, 0, 1);
    }
    assert_true(atomic_load(what) >= count);
}

static void wait_for(struct bench *bench, int count)
{
    wait_until(&bench->taken, count);
    assert_int_equal(atomic_load(&bench->taken), count);
}

static in_port_t port_of(int caller)
{
    struct sockaddr_in mine = {0};
    socklen_t size = sizeof mine;
    assert_int_equal(getsockname(caller, (struct sockaddr *)&mine, &size), 0);
    return mine.sin_port;
}

static int call_and_wait(struct bench *bench)
{
    int before = atomic_load(&bench->told);
    int caller = call(bench);
    wait_until(&bench->told, before + 1);
    return caller;
}

static void assert_closed(int caller)
{
    char byte;
    struct pollfd end = {caller, POLLIN, 0};
    assert_int_equal(poll(&end, 1, PATIENCE_MS), 1);
    assert_true(recv(caller, &byte, 1, 0) <= 0);
    (void)close(caller);
}

/* --- tests ------------------------------------------------------------------------------ */

/* While nobody reads from any of them. */
static void test_all_that_wait_are_taken(void **state)
{
    struct bench *bench = *state;
    int callers[CALLERS];
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = call(bench);
    }
    start(bench);
    wait_for(bench, CALLERS);
    int late = call(bench);
    wait_for(bench, CALLERS + 1);
    (void)close(late);
    for (size_t i = 0; i < CALLERS; i++) {
        (void)close(callers[i]);
    }
}

static void test_what_is_handed_over(void **state)
{
    struct bench *bench = *state;
    char text[3] = "";
    start(bench);
    int caller = call(bench);
    wait_for(bench, 1);
    assert_int_equal(bench->from.sin_port, port_of(caller));
    assert_int_equal(bench->from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    assert_true(fcntl(bench->last, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(bench->last, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(caller, "hi", 2), 2);
    struct pollfd there = {bench->last, POLLIN, 0};
    assert_int_equal(poll(&there, 1, PATIENCE_MS), 1);
    assert_int_equal(read(bench->last, text, sizeof text), 2);
    assert_string_equal(text, "hi");
    (void)close(caller);
}

static void test_who_waits_goes_in_turn(void **state)
{
    struct bench *bench = *state;
    int callers[2 * ROOM];
    start(bench);
    for (size_t i = 0; i < 2 * ROOM; i++) { /* twice, so that the ring closes */
        if (i % ROOM == 0) {
            atomic_store(&bench->shut, true);
        }
        callers[i] = call_and_wait(bench);
        if (i % ROOM == ROOM - 1) {
            assert_int_equal(atomic_load(&bench->taken), i + 1 - ROOM);
            atomic_store(&bench->shut, false);
            wait_for(bench, (int)i + 1);
        }
    }
    for (size_t i = 0; i < 2 * ROOM; i++) {
        assert_int_equal(bench->ports[i], port_of(callers[i]));
        (void)close(callers[i]);
    }
    assert_int_equal(atomic_load(&bench->refused), 0);
}

static void test_only_so_many_wait(void **state)
{
    struct bench *bench = *state;
    int callers[ROOM];
    start(bench);
    atomic_store(&bench->shut, true);
    for (size_t i = 0; i < ROOM; i++) {
        callers[i] = call_and_wait(bench);
    }
    assert_int_equal(atomic_load(&bench->refused), 0);
    int late = call(bench);
    wait_until(&bench->refused, 1);
    assert_closed(late);
    atomic_store(&bench->shut, false);
    wait_for(bench, ROOM);
    for (size_t i = 0; i < ROOM; i++) {
        (void)close(callers[i]);
    }
}

/* Nobody is there any more to be served. */
static void test_who_broke_off_is_not_handed_over(void **state)
{
    struct bench *bench = *state;
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    start(bench);
    atomic_store(&bench->shut, true);
    int gone = call_and_wait(bench);
    assert_int_equal(setsockopt(gone, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    assert_int_equal(close(gone), 0);
    int caller = call_and_wait(bench);
    atomic_store(&bench->shut, false);
    wait_for(bench, 1);
    assert_int_equal(bench->ports[0], port_of(caller));
    (void)close(caller);
}

static void test_who_waits_when_it_stops_is_closed(void **state)
{
    struct bench *bench = *state;
    start(bench);
    atomic_store(&bench->shut, true);
    int caller = call_and_wait(bench);
    skeym_acceptor_stop(bench->acceptor);
    bench->acceptor = NULL;
    assert_closed(caller);
    assert_int_equal(atomic_load(&bench->taken), 0);
}

/* Without descriptors nobody can be taken; when there are some again, who waits is. */
static void test_goes_on_after_a_want_of_descriptors(void **state)
{
    struct bench *bench = *state;
    struct rlimit before, none;
    int caller = call(bench);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    start(bench);
    wait_for(bench, 1);
    int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    none = (struct rlimit){3, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(
        connect(other, (const struct sockaddr *)&bench->address, sizeof bench->address), 0);
    (void)poll(NULL, 0, 100); /* it may try, and must not end */
    assert_int_equal(atomic_load(&bench->taken), 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    wait_for(bench, 2);
    (void)close(other);
    (void)close(caller);
}

static void test_stopped_takes_nobody(void **state)
{
    struct bench *bench = *state;
    start(bench);
    int caller = call(bench);
    wait_for(bench, 1);
    skeym_acceptor_stop(bench->acceptor);
    bench->acceptor = NULL;
    int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        connect(other, (const struct sockaddr *)&bench->address, sizeof bench->address), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_int_equal(atomic_load(&bench->taken), 1);
    (void)close(other);
    (void)close(caller);
}

static void test_no_descriptor_to_start_with(void **state)
{
    struct bench *bench = *state;
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){3, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum skeym_error error = skeym_acceptor_start(&bench->acceptor, bench->fd, ROOM, take, bench);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(error, SKEYM_ERR_IO);
    assert_null(bench->acceptor);
    assert_int_equal(close(bench->fd), 0); /* still the caller's */
    skeym_acceptor_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_that_wait_are_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_handed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_waits_goes_in_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_so_many_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_broke_off_is_not_handed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_waits_when_it_stops_is_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_goes_on_after_a_want_of_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stopped_takes_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_descriptor_to_start_with, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
