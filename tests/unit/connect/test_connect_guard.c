/* SPDX-License-Identifier: Apache-2.0 */
/* Where a sidecar listens, and whom it hears. */
#include "connect/connect_guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum skeym_error error;
        int family;
    } rows[] = {
        {"127.0.0.1:8080", SKEYM_OK, AF_INET},
        {"127.9.8.7:1", SKEYM_OK, AF_INET},
        {"localhost:0", SKEYM_OK, AF_INET},
        {"[::1]:65535", SKEYM_OK, AF_INET6},
        {"unix:/run/x", SKEYM_OK, AF_UNIX},
        {"0.0.0.0:8080", SKEYM_ERR_PERMISSION, 0},
        {"128.0.0.1:8080", SKEYM_ERR_PERMISSION, 0},
        {"192.168.1.7:8080", SKEYM_ERR_PERMISSION, 0},
        {"[::]:8080", SKEYM_ERR_PERMISSION, 0},
        {"[::ffff:127.0.0.1]:8080", SKEYM_ERR_PERMISSION, 0},
        {"example.org:8080", SKEYM_ERR_PERMISSION, 0},
        {"localhost.example.org:80", SKEYM_ERR_PERMISSION, 0},
        {"127.0.0.1.example.org:80", SKEYM_ERR_PERMISSION, 0},
        {"127.1:80", SKEYM_ERR_PERMISSION, 0},
        {"127.0.0.1", SKEYM_ERR_SHAPE, 0},
        {"127.0.0.1:", SKEYM_ERR_SHAPE, 0},
        {":8080", SKEYM_ERR_SHAPE, 0},
        {"", SKEYM_ERR_SHAPE, 0},
        {"127.0.0.1:65536", SKEYM_ERR_RANGE, 0},
        {"127.0.0.1:123456", SKEYM_ERR_RANGE, 0},
        {"127.0.0.1:8o80", SKEYM_ERR_RANGE, 0},
        {"unix:", SKEYM_ERR_SHAPE, 0},
        {"unix:run/x", SKEYM_ERR_SHAPE, 0},
        {"unix:/00000000001111111111222222222233333333334444444444555555555566666666667777777777"
         "88888888889999999999aaaaaaaa",
         SKEYM_ERR_SIZE, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_connect_address address;
        memset(&address, 0x5c, sizeof address);
        if (skeym_connect_guard_address(&address, rows[i].text) != rows[i].error) {
            fail_msg("%s", rows[i].text);
        }
        assert_int_equal(address.at.any.sa_family, rows[i].family);
    }
}

static void test_a_socket_is_bound_and_its_port_told(void **state)
{
    (void)state;
    struct skeym_connect_address address;
    struct skeym_connect_address second;
    int fd = -1;
    int other = -1;
    assert_int_equal(skeym_connect_guard_address(&address, "127.0.0.1:0"), SKEYM_OK);
    assert_int_equal(skeym_connect_guard_listen(&fd, &address), SKEYM_OK);
    assert_int_not_equal(address.at.v4.sin_port, 0);
    second = address;
    assert_int_equal(skeym_connect_guard_listen(&other, &second), SKEYM_ERR_EXISTS);
    assert_int_equal(other, -1);
    close(fd);
}

static void test_a_unix_socket_is_ours_alone(void **state)
{
    (void)state;
    char folder[] = "/tmp/skeym-connect-XXXXXX";
    char text[80];
    struct skeym_connect_address address;
    struct stat info;
    int fd = -1;
    int second = -1;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(text, sizeof text, "unix:%s/s", folder);
    const char *path = text + 5;
    assert_int_equal(skeym_connect_guard_address(&address, text), SKEYM_OK);
    assert_int_equal(skeym_connect_guard_listen(&fd, &address), SKEYM_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    /* one that is listened on stays */
    assert_int_equal(skeym_connect_guard_listen(&second, &address), SKEYM_ERR_EXISTS);
    assert_int_equal(stat(path, &info), 0);
    /* also while it has so much to do that it does not answer */
    int crowd[400];
    size_t count = 0;
    do {
        crowd[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    } while (connect(crowd[count], &address.at.any, address.size) == 0 && ++count < 400);
    assert_true(count < 400);
    assert_int_equal(skeym_connect_guard_listen(&second, &address), SKEYM_ERR_EXISTS);
    assert_int_equal(stat(path, &info), 0);
    for (size_t i = 0; i <= count; i++) {
        close(crowd[i]);
    }
    /* one that was left behind goes */
    close(fd);
    assert_int_equal(skeym_connect_guard_listen(&fd, &address), SKEYM_OK);
    close(fd);
    skeym_connect_guard_leave(&address);
    assert_int_not_equal(stat(path, &info), 0);
    /* what is no socket stays */
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(skeym_connect_guard_listen(&fd, &address), SKEYM_ERR_EXISTS);
    assert_int_equal(unlink(path), 0);
    (void)rmdir(folder);
    assert_int_equal(skeym_connect_guard_listen(&fd, &address), SKEYM_ERR_MISSING);
}

static void test_hosts(void **state)
{
    (void)state;
    static const char *const good[] = {"localhost",   "LocalHost:1", "127.0.0.1",  "127.0.0.1:8080",
                                       "127.3.2.1:9", "[::1]",       "[::1]:8080", "localhost:0"};
    static const char *const bad[] = {
        "",           "evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
        "::1",        "128.0.0.1",    "10.0.0.1:8080",          "localhost:",
        "[::1]x",     "[::2]",        "localhost:8080:1",       "localhost:99999",
        "2130706433", "0.0.0.0",      "localhost@evil",         "evil:8080#localhost"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(skeym_connect_guard_host(skeym_span_text(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (skeym_connect_guard_host(skeym_span_text(bad[i]))) {
            fail_msg("%s", bad[i]);
        }
    }
}

static void test_origins(void **state)
{
    (void)state;
    static const char *const good[] = {"http://localhost:3000", "https://127.0.0.1",
                                       "http://[::1]:8080"};
    static const char *const bad[] = {"null",           "",
                                      "http://",        "https://evil.example",
                                      "file://",        "http://localhost.evil.example",
                                      "ftp://localhost"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(skeym_connect_guard_origin(skeym_span_text(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(skeym_connect_guard_origin(skeym_span_text(bad[i])));
    }
}

static void test_bearers(void **state)
{
    (void)state;
    struct skeym_span secret = skeym_span_text("correct-horse-battery");
    static const char *const good[] = {"Bearer correct-horse-battery",
                                       "bEARER correct-horse-battery"};
    static const char *const bad[] = {"",
                                      "Bearer",
                                      "Bearer ",
                                      "correct-horse-battery",
                                      "Basic correct-horse-battery",
                                      "Bearer  correct-horse-battery",
                                      "Bearer correct-horse-batterx",
                                      "Bearer Correct-horse-battery",
                                      "Bearer correct-horse-batter",
                                      "Bearer correct-horse-battery1"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(skeym_connect_guard_bearer(skeym_span_text(good[i]), secret));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(skeym_connect_guard_bearer(skeym_span_text(bad[i]), secret));
    }
    assert_false(skeym_connect_guard_bearer(skeym_span_text("Bearer "), (struct skeym_span){0}));
}

static void test_ports(void **state)
{
    (void)state;
    static const char *const bad[] = {"127.0.0.1:80/", "127.0.0.1:-1", "127.0.0.1:80:"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct skeym_connect_address address;
        assert_int_not_equal(skeym_connect_guard_address(&address, bad[i]), SKEYM_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_a_socket_is_bound_and_its_port_told),
        cmocka_unit_test(test_a_unix_socket_is_ours_alone),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_bearers),
        cmocka_unit_test(test_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
