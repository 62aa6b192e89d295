/* SPDX-License-Identifier: Apache-2.0 */
/* What a sidecar refuses to start with, and its end. */
#include "connect/connect.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_workers(void **state)
{
    (void)state;
    static const unsigned bad[] = {0, SKEYM_CONNECT_WORKERS_MAX + 1};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct skeym_connect_options options = {.workers = bad[i], .fd = -1};
        struct skeym_connect *connect = NULL;
        assert_int_equal(skeym_connect_start(&connect, &options), SKEYM_ERR_USAGE);
        assert_null(connect);
    }
}

static unsigned count_threads(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/task");
    assert_non_null(folder);
    while (readdir(folder)) {
        count++;
    }
    (void)closedir(folder);
    return count;
}

static int connect_to(int fd, const struct sockaddr_in *at)
{
    return connect(fd, (const struct sockaddr *)at, sizeof *at);
}

static void *stop_now(void *sidecar)
{
    skeym_connect_stop(sidecar, 0);
    return NULL;
}

/* Sends, and reads until the answer has this part. */
static void say(int fd, const char *text, const char *part)
{
    char answer[2048] = "";
    size_t got = 0;
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    while (!strstr(answer, part)) {
        ssize_t more = recv(fd, answer + got, sizeof answer - 1 - got, 0);
        assert_true(more > 0);
        got += (size_t)more;
    }
}

/* The workers are gone when it comes: what they had is still there (seen by the sanitizers). */
static void test_a_body_that_comes_after_the_end(void **state)
{
    (void)state;
    struct skeym_credential_file credential;
    struct skeym_connect *sidecar = NULL;
    pthread_t thread;
    memset(&credential, 0, sizeof credential);
    struct skeym_connect_options options = {
        .credential = &credential,
        .http = {.server = "http://127.0.0.1:1"},
        .workers = 1,
        .queue = 1,
        .connections = 4,
    };
    assert_int_equal(skeym_connect_guard_address(&options.address, "127.0.0.1:0"), SKEYM_OK);
    assert_int_equal(skeym_connect_guard_listen(&options.fd, &options.address), SKEYM_OK);
    assert_int_equal(skeym_connect_start(&sidecar, &options), SKEYM_OK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    struct sockaddr_in at = options.address.at.v4;
    assert_int_equal(connect_to(fd, &at), 0);
    say(fd,
        "POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        "Content-Length: 2\r\n\r\n",
        "100 Continue");
    unsigned before = count_threads();
    assert_int_equal(pthread_create(&thread, NULL, stop_now, sidecar), 0);
    /* one more thread, and the worker less; the listener is the first to go */
    for (int other = 0; other == 0;) {
        int probe = socket(AF_INET, SOCK_STREAM, 0);
        other = connect_to(probe, &at);
        close(probe);
        (void)poll(NULL, 0, 1);
    }
    while (count_threads() > before) {
        (void)poll(NULL, 0, 1);
    }
    say(fd, "{}", "HTTP/1.1 503 ");
    close(fd);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers),
        cmocka_unit_test(test_a_body_that_comes_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
