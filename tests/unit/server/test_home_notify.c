/* SPDX-License-Identifier: Apache-2.0 */
#include "server/home.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[200];
static int connect_says; /* what connect fails with; 0: nothing */

/* In place of the C library's. */
int connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
    if (connect_says != 0) {
        errno = connect_says;
        return -1;
    }
    return (int)syscall(SYS_connect, fd, addr.__sockaddr__, len);
}

/* A server that reads one request and answers with `answer` (NULL: hangs up). */
struct server {
    int listener;
    const char *answer;
    char request[64];
};

static void listen_on(struct server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "control");
    server->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(server->listener >= 0);
    /* relative: the folder's path may be longer than an address */
    char *before = getcwd(NULL, 0);
    assert_non_null(before);
    assert_int_equal(chdir(dir), 0);
    assert_int_equal(bind(server->listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(chdir(before), 0);
    free(before);
    assert_int_equal(listen(server->listener, 1), 0);
}

static void *serve(void *arg)
{
    struct server *server = arg;
    int peer = accept(server->listener, NULL, NULL);
    ssize_t got = recv(peer, server->request, sizeof server->request - 1, 0);
    server->request[got > 0 ? got : 0] = '\0';
    if (server->answer) {
        (void)!write(peer, server->answer, strlen(server->answer));
    }
    close(peer);
    return NULL;
}

static enum skeym_error notify_with(struct server *server)
{
    pthread_t thread;
    listen_on(server);
    assert_int_equal(pthread_create(&thread, NULL, serve, server), 0);
    enum skeym_error error = skeym_home_notify(dir);
    pthread_join(thread, NULL);
    close(server->listener);
    return error;
}

static int folder(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/skeym-notify.XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int clean(void **state)
{
    (void)state;
    char path[256];
    snprintf(path, sizeof path, "%s/control", dir);
    unlink(path);
    rmdir(dir);
    return 0;
}

static void asks_to_reload(void **state)
{
    (void)state;
    struct server server = {.answer = "ok\n"};
    assert_int_equal(notify_with(&server), SKEYM_OK);
    assert_string_equal(server.request, "reload\n");
}

static void reaches_a_folder_with_a_long_path(void **state)
{
    (void)state;
    size_t end = strlen(dir);
    snprintf(dir + end, sizeof dir - end, "/%0120d", 7);
    assert_int_equal(mkdir(dir, 0700), 0);
    struct server server = {.answer = "ok\n"};
    assert_int_equal(notify_with(&server), SKEYM_OK);
    clean(state);
    dir[end] = '\0';
}

static void no_server_is_no_failure(void **state)
{
    (void)state;
    assert_int_equal(skeym_home_notify(dir), SKEYM_ERR_MISSING);
    struct server server = {0};
    listen_on(&server);
    close(server.listener); /* it died and left its socket */
    assert_int_equal(skeym_home_notify(dir), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_home_notify("/nowhere/at/all"), SKEYM_ERR_MISSING);
}

static void only_ok_is_ok(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        enum skeym_error error;
    } cases[] = {
        {"no: checksum\n", SKEYM_ERR_STATE},
        {"okay\n", SKEYM_ERR_STATE},
        {"\n", SKEYM_ERR_STATE},
        {"ok", SKEYM_ERR_IO},
        {NULL, SKEYM_ERR_IO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct server server = {.answer = cases[i].answer};
        assert_int_equal(notify_with(&server), cases[i].error);
        char path[256];
        snprintf(path, sizeof path, "%s/control", dir);
        unlink(path);
    }
}

static void an_endless_line_is_refused(void **state)
{
    (void)state;
    static char line[1000];
    memset(line, 'o', sizeof line - 1);
    struct server server = {.answer = line};
    assert_int_equal(notify_with(&server), SKEYM_ERR_IO);
}

/* Its queue is full, or the socket is not ours to use. */
static void a_server_that_cannot_be_reached_is_told(void **state)
{
    (void)state;
    static const struct {
        int says;
        enum skeym_error error;
    } cases[] = {{EAGAIN, SKEYM_ERR_TIMEOUT},
                 {EACCES, SKEYM_ERR_PERMISSION},
                 {ENOENT, SKEYM_ERR_MISSING},
                 {EPROTOTYPE, SKEYM_ERR_IO}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        connect_says = cases[i].says;
        assert_int_equal(skeym_home_notify(dir), cases[i].error);
    }
    connect_says = 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, folder, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(asks_to_reload),
        TEST(reaches_a_folder_with_a_long_path),
        TEST(no_server_is_no_failure),
        TEST(only_ok_is_ok),
        TEST(an_endless_line_is_refused),
        TEST(a_server_that_cannot_be_reached_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
