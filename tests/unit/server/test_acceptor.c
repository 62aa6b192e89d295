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

enum { CALLERS = 200, PATIENCE_MS = 60000 };

struct bench {
    int fd; /* listening */
    struct sockaddr_in address;
    struct skeym_acceptor *acceptor;
    atomic_int taken;
    int last; /* its descriptor */
    struct sockaddr_in from;
    pthread_mutex_t hold;
};

static void take(void *arg, int fd, const struct sockaddr *address, socklen_t size)
{
    struct bench *bench = arg;
    (void)pthread_mutex_lock(&bench->hold);
    if (size == sizeof bench->from) {
        memcpy(&bench->from, address, size);
    }
    (void)close(bench->last);
    bench->last = fd;
    (void)pthread_mutex_unlock(&bench->hold);
    atomic_fetch_add(&bench->taken, 1);
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
    assert_int_equal(skeym_acceptor_start(&bench->acceptor, bench->fd, take, bench), SKEYM_OK);
}

static int call(const struct bench *bench)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&bench->address, sizeof bench->address),
                     0);
    return fd;
}

static void wait_for(struct bench *bench, int count)
{
    for (int i = 0; i < PATIENCE_MS && atomic_load(&bench->taken) < count; i++) {
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(atomic_load(&bench->taken), count);
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
    struct sockaddr_in mine;
    socklen_t size = sizeof mine;
    char text[3] = "";
    start(bench);
    int caller = call(bench);
    wait_for(bench, 1);
    assert_int_equal(getsockname(caller, (struct sockaddr *)&mine, &size), 0);
    assert_int_equal(bench->from.sin_port, mine.sin_port);
    assert_int_equal(bench->from.sin_addr.s_addr, mine.sin_addr.s_addr);
    assert_true(fcntl(bench->last, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(bench->last, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(caller, "hi", 2), 2);
    struct pollfd there = {bench->last, POLLIN, 0};
    assert_int_equal(poll(&there, 1, PATIENCE_MS), 1);
    assert_int_equal(read(bench->last, text, sizeof text), 2);
    assert_string_equal(text, "hi");
    (void)close(caller);
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
    enum skeym_error error = skeym_acceptor_start(&bench->acceptor, bench->fd, take, bench);
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
        cmocka_unit_test_setup_teardown(test_goes_on_after_a_want_of_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stopped_takes_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_descriptor_to_start_with, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
