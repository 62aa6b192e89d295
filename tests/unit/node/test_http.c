/* SPDX-License-Identifier: Apache-2.0 */
/* The transport against a server that is one thread and does as it is told. */
#include "node/http.h"
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"

/* --- the server ------------------------------------------------------------------ */

struct server {
    int listener;
    unsigned port;
    pthread_t thread;
    atomic_bool stop;
    const char *_Atomic answer; /* sent for each request; NULL: close instead */
    unsigned answers_most;      /* on one connection; then it closes without an answer */
    atomic_uint connections;
    atomic_uint requests;
    char last[2u << 20]; /* the last request, as it came; under the lock */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* More bytes of a request, after `size`: how many; *whole: it ends with them. */
static ssize_t receive(struct server *server, int fd, size_t size, bool *whole)
{
    (void)pthread_mutex_lock(&lock);
    ssize_t got = recv(fd, server->last + size, sizeof server->last - 1 - size, MSG_DONTWAIT);
    size += got > 0 ? (size_t)got : 0;
    server->last[size] = 0;
    const char *end = strstr(server->last, "\r\n\r\n");
    const char *length = strstr(server->last, "Content-Length: ");
    size_t body = length ? strtoul(length + 16, NULL, 10) : 0;
    *whole = end && size >= (size_t)(end + 4 - server->last) + body;
    (void)pthread_mutex_unlock(&lock);
    return got;
}

static void serve_one(struct server *server, int fd)
{
    unsigned answered = 0;
    size_t size = 0;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (!server->stop) {
        if (poll(&ready, 1, 10) != 1) {
            continue;
        }
        bool whole = false;
        ssize_t got = receive(server, fd, size, &whole);
        if (got <= 0) {
            return;
        }
        size += (size_t)got;
        if (!whole) {
            continue;
        }
        server->requests++;
        size = 0;
        const char *answer = server->answer;
        if (!answer || answered == server->answers_most) {
            return;
        }
        (void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL);
        answered++;
    }
}

static void *serve(void *arg)
{
    struct server *server = arg;
    struct pollfd ready = {.fd = server->listener, .events = POLLIN};
    while (!server->stop) {
        if (poll(&ready, 1, 10) == 1) {
            int fd = accept(server->listener, NULL, NULL);
            server->connections++;
            serve_one(server, fd);
            close(fd);
        }
    }
    return NULL;
}

static struct server server;

/* In the last request. */
static bool came(const char *text)
{
    (void)pthread_mutex_lock(&lock);
    bool there = strstr(server.last, text) != NULL;
    (void)pthread_mutex_unlock(&lock);
    return there;
}

static bool came_first(const char *text)
{
    (void)pthread_mutex_lock(&lock);
    bool first = strncmp(server.last, text, strlen(text)) == 0;
    (void)pthread_mutex_unlock(&lock);
    return first;
}

static struct skeym_http *http;
static char url[64];

static void start(const char *answer, unsigned answers_most)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    memset(&server, 0, offsetof(struct server, last) + 1);
    server.answer = answer;
    server.answers_most = answers_most;
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server.listener, 8), 0);
    assert_int_equal(getsockname(server.listener, (struct sockaddr *)&address, &size), 0);
    server.port = ntohs(address.sin_port);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", server.port);
    assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
}

static void open_http(const struct skeym_http_options *options)
{
    struct skeym_http_options own = *options;
    own.server = url;
    assert_int_equal(skeym_http_new(&http, &own), SKEYM_OK);
}

static int stop(void **state)
{
    (void)state;
    skeym_http_free(http);
    http = NULL;
    server.stop = true;
    if (server.port) {
        pthread_join(server.thread, NULL);
        close(server.listener);
        server.port = 0;
    }
    return 0;
}

static const struct skeym_wire_request get_request = {.method = "GET", .target = "/a"};
static const struct skeym_wire_request post_request = {
    .method = "POST",
    .target = "/b/../c?x=%7C|&y=\"'",
    .content_type = "application/jose",
    .authorization = "SkeyM abc",
    .proof = "def",
    .body = {(const uint8_t *)"body!", 5},
};

static void expect_error(const struct skeym_wire_request *request, enum skeym_error error,
                         bool unsent)
{
    struct skeym_wire_answer answer;
    assert_int_equal(skeym_http_send(http, request, &answer), error);
    assert_int_equal(answer.unsent, unsent);
    assert_null(answer.body);
    assert_int_equal(answer.body_size, 0);
    assert_int_equal(answer.status, 0);
    assert_string_equal(answer.next, "");
}

static void expect_status(const struct skeym_wire_request *request, int status)
{
    struct skeym_wire_answer answer;
    assert_int_equal(skeym_http_send(http, request, &answer), SKEYM_OK);
    assert_int_equal(answer.status, status);
    assert_false(answer.unsent);
    free(answer.body);
}

/* --- addresses ---------------------------------------------------------------------- */

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        enum skeym_error error, open_network;
    } table[] = {
        {"https://ward.example", SKEYM_OK, SKEYM_OK},
        {"https://ward.example:8443/", SKEYM_OK, SKEYM_OK},
        {"https://[::1]:8443", SKEYM_OK, SKEYM_OK},
        {"http://127.0.0.1:80", SKEYM_OK, SKEYM_OK},
        {"http://127.9.8.7", SKEYM_OK, SKEYM_OK},
        {"http://localhost:80", SKEYM_OK, SKEYM_OK},
        {"http://[::1]", SKEYM_OK, SKEYM_OK},
        {"http://ward.example", SKEYM_ERR_TLS, SKEYM_OK},
        {"http://128.0.0.1", SKEYM_ERR_TLS, SKEYM_OK},
        {"http://127.0.0.1.example", SKEYM_ERR_TLS, SKEYM_OK},
        {"http://localhost.example", SKEYM_ERR_TLS, SKEYM_OK},
        {"http://[::2]", SKEYM_ERR_TLS, SKEYM_OK},
        {"ftp://ward.example", SKEYM_ERR_UNSUPPORTED, SKEYM_ERR_UNSUPPORTED},
        {"file:///etc/passwd", SKEYM_ERR_SHAPE, SKEYM_ERR_SHAPE},
        {"https://ward.example/fhir", SKEYM_ERR_SHAPE, SKEYM_ERR_SHAPE},
        {"https://ward.example/?a", SKEYM_ERR_SHAPE, SKEYM_ERR_SHAPE},
        {"https://ward.example/#a", SKEYM_ERR_SHAPE, SKEYM_ERR_SHAPE},
        {"https://me@ward.example", SKEYM_ERR_SHAPE, SKEYM_ERR_SHAPE},
        {"http://127.0.0.1@ward.example", SKEYM_ERR_SHAPE, SKEYM_ERR_SHAPE},
        {"https://me:pw@ward.example", SKEYM_ERR_SHAPE, SKEYM_ERR_SHAPE},
        {"https://ward.example\r\nX: y", SKEYM_ERR_SHAPE, SKEYM_ERR_SHAPE},
        {"ward.example", SKEYM_ERR_SHAPE, SKEYM_ERR_SHAPE},
        {"", SKEYM_ERR_SHAPE, SKEYM_ERR_SHAPE},
        {NULL, SKEYM_ERR_SHAPE, SKEYM_ERR_SHAPE},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(skeym_http_check(table[i].url, false), table[i].error);
        assert_int_equal(skeym_http_check(table[i].url, true), table[i].open_network);
    }
    char longest[SKEYM_URL_BYTES + 32];
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "https://", 8);
    longest[sizeof longest - 1] = 0;
    assert_int_equal(skeym_http_check(longest, false), SKEYM_ERR_SHAPE);
    assert_int_equal(
        skeym_http_new(&http, &(struct skeym_http_options){.server = "http://ward.example"}),
        SKEYM_ERR_TLS);
    assert_null(http);
    skeym_http_free(NULL);
}

/* --- requests -------------------------------------------------------------------------- */

static void test_what_is_sent_is_what_was_signed(void **state)
{
    (void)state;
    start(OK_HEAD "\r\nhello", 9);
    open_http(&(struct skeym_http_options){0});
    expect_status(&post_request, 200);
    assert_true(came_first("POST /b/../c?x=%7C|&y=\"' HTTP/1.1\r\n"));
    assert_true(came("\r\nAuthorization: SkeyM abc\r\n"));
    assert_true(came("\r\nSkeyM-Proof: def\r\n"));
    assert_true(came("\r\nContent-Type: application/jose\r\n"));
    assert_true(came("\r\nContent-Length: 5\r\n"));
    assert_true(came("\r\n\r\nbody!"));
    static const char *const none[] = {"Accept", "User-Agent", "Expect", "Transfer-Encoding",
                                       "Cookie", "Upgrade"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_false(came(none[i]));
    }
    expect_status(&get_request, 200);
    assert_true(came_first("GET /a HTTP/1.1\r\n"));
    assert_false(came("Content-Type"));
    assert_false(came("Authorization"));
    static uint8_t large[1100000]; /* from here on libcurl would ask first */
    struct skeym_wire_request large_post = post_request;
    memset(large, 'x', sizeof large);
    large_post.body = skeym_span(large, sizeof large);
    expect_status(&large_post, 200);
    assert_false(came("Expect"));
    struct skeym_wire_request empty_post = {.method = "POST", .target = "/e"};
    expect_status(&empty_post, 200);
    assert_true(came_first("POST /e HTTP/1.1\r\n"));
    assert_false(came("Content-Type"));
    struct skeym_wire_request remove = {.method = "DELETE", .target = "/e"};
    expect_status(&remove, 200);
    assert_true(came_first("DELETE /e HTTP/1.1\r\n"));
    assert_int_equal(server.connections, 1);
}

static void test_fields_that_http_cannot_carry(void **state)
{
    (void)state;
    start(OK_HEAD "\r\nhello", 9);
    open_http(&(struct skeym_http_options){0});
    struct skeym_wire_request request = post_request;
    request.authorization = "SkeyM a\r\nX: y";
    expect_error(&request, SKEYM_ERR_CHARSET, true);
    request = post_request;
    request.proof = "\x7f";
    expect_error(&request, SKEYM_ERR_CHARSET, true);
    request = post_request;
    request.content_type = "a\nb";
    expect_error(&request, SKEYM_ERR_CHARSET, true);
    static const char *const targets[] = {"", "/a b", "/a\r\nX: y", "/\xc3\xa4", "/\x7f"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        request = post_request;
        request.target = targets[i];
        expect_error(&request, SKEYM_ERR_CHARSET, true);
        request = post_request;
        request.method = targets[i];
        expect_error(&request, SKEYM_ERR_CHARSET, true);
    }
    static char large[SKEYM_TARGET_BYTES + 128];
    memset(large, 'a', sizeof large - 1);
    request = post_request;
    request.target = large;
    expect_error(&request, SKEYM_ERR_CHARSET, true);
    request = post_request;
    request.authorization = large;
    expect_error(&request, SKEYM_ERR_CHARSET, true);
    assert_int_equal(server.requests, 0);
}

/* --- answers ------------------------------------------------------------------------------ */

static void test_the_fields_of_an_answer(void **state)
{
    (void)state;
    struct skeym_wire_answer answer;
    start("HTTP/1.1 503 Busy\r\ncontent-TYPE:  application/jose \r\nSkeyM-Next: AbC-_\r\n"
          "Retry-After: 120\r\nContent-Length: 5\r\n\r\nhello",
          9);
    open_http(&(struct skeym_http_options){0});
    assert_int_equal(skeym_http_send(http, &get_request, &answer), SKEYM_OK);
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer.content_type, "application/jose");
    assert_string_equal(answer.next, "AbC-_");
    assert_int_equal(answer.retry_after_s, 120);
    assert_true(skeym_span_is(skeym_span(answer.body, answer.body_size), "hello"));
    free(answer.body);
    server.answer = "HTTP/1.1 200 OK\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"
                    "Content-Length: 0\r\n\r\n";
    assert_int_equal(skeym_http_send(http, &get_request, &answer), SKEYM_OK);
    assert_string_equal(answer.content_type, ""); /* nothing is left of the answer before */
    assert_string_equal(answer.next, "");
    assert_int_equal(answer.retry_after_s, 0);
    assert_int_equal(answer.body_size, 0);
    free(answer.body);
    static const char *const hints[] = {
        "HTTP/1.1 200 OK\r\nRetry-After: 9999999\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nRetry-After: 1/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nRetry-After: 1:\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nRetry-After:\r\nSkeyM-Next: \t \r\nContent-Length: 0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        server.answer = hints[i];
        assert_int_equal(skeym_http_send(http, &get_request, &answer), SKEYM_OK);
        assert_int_equal(answer.retry_after_s, 0);
        assert_string_equal(answer.next, "");
        free(answer.body);
    }
}

static void test_an_interim_answer_leaves_nothing_behind(void **state)
{
    (void)state;
    struct skeym_wire_answer answer;
    start("HTTP/1.1 103 Early Hints\r\nSkeyM-Next: early\r\nContent-Type: a/b\r\n\r\n" OK_HEAD
          "SkeyM-Next: late\r\n\r\nhello",
          9);
    open_http(&(struct skeym_http_options){0});
    assert_int_equal(skeym_http_send(http, &post_request, &answer), SKEYM_OK);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.next, "late");
    assert_string_equal(answer.content_type, "");
    free(answer.body);
}

static void test_answers_that_are_refused(void **state)
{
    (void)state;
    static char long_next[2048];
    static char long_head[40000];
    (void)snprintf(long_next, sizeof long_next, OK_HEAD "SkeyM-Next: %01000d\r\n\r\nhello", 0);
    size_t size = (size_t)snprintf(long_head, sizeof long_head, OK_HEAD);
    for (unsigned i = 0; size < sizeof long_head - 100; i++) {
        size += (size_t)snprintf(long_head + size, 100, "X-Field-%u: %060u\r\n", i, i);
    }
    memcpy(long_head + size, "\r\nhello", 8);
    const struct {
        const char *answer;
        enum skeym_error error;
    } table[] = {
        {OK_HEAD "SkeyM-Next: a\r\nSkeyM-Next: b\r\n\r\nhello", SKEYM_ERR_SHAPE},
        {OK_HEAD "Content-Type: a\r\nContent-Type: a\r\n\r\nhello", SKEYM_ERR_SHAPE},
        {OK_HEAD "SkeyM-Next: a\tb\r\n\r\nhello", SKEYM_ERR_SHAPE},
        {OK_HEAD "SkeyM-Next: \x80\r\n\r\nhello", SKEYM_ERR_SHAPE},
        {long_next, SKEYM_ERR_SHAPE},
        {long_head, SKEYM_ERR_SIZE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", SKEYM_ERR_NETWORK}, /* cut below */
        {"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", SKEYM_ERR_SHAPE},
        {"SMTP ready\r\n\r\n", SKEYM_ERR_NETWORK},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        start(table[i].answer, i == 6 ? 0 : 9);
        open_http(&(struct skeym_http_options){.timeout_ms = 2000});
        expect_error(&get_request, table[i].error, false);
        stop(NULL);
    }
}

static void test_a_large_body_is_cut_off(void **state)
{
    (void)state;
    static char answer[9000];
    size_t size =
        (size_t)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: 8000\r\n\r\n");
    memset(answer + size, 'x', 8000);
    answer[size + 8000] = 0;
    start(answer, 9);
    open_http(&(struct skeym_http_options){.answer_max = 7999});
    expect_error(&get_request, SKEYM_ERR_SIZE, false);
    skeym_http_free(http);
    open_http(&(struct skeym_http_options){.answer_max = 8000});
    expect_status(&get_request, 200);
}

static void test_half_an_answer_is_none(void **state)
{
    (void)state;
    start("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhello", 1);
    open_http(&(struct skeym_http_options){.timeout_ms = 100});
    expect_error(&get_request, SKEYM_ERR_TIMEOUT, false);
}

static void test_redirects_are_answers(void **state)
{
    (void)state;
    start("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", 9);
    open_http(&(struct skeym_http_options){0});
    expect_status(&get_request, 302);
    assert_int_equal(server.requests, 1);
}

/* --- connections ------------------------------------------------------------------------------ */

static void test_a_connection_is_kept(void **state)
{
    (void)state;
    start(OK_HEAD "\r\nhello", 9);
    open_http(&(struct skeym_http_options){0});
    for (int i = 0; i < 5; i++) {
        expect_status(&post_request, 200);
    }
    assert_int_equal(server.connections, 1);
    assert_int_equal(server.requests, 5);
}

/* The server reads the request on a kept connection and closes. It may have executed it: libcurl's
 * own habit of sending it again on a new connection must not win. */
static void test_nothing_is_sent_twice_when_a_kept_connection_breaks(void **state)
{
    (void)state;
    static const struct skeym_wire_request *const requests[] = {&post_request, &get_request};
    for (size_t i = 0; i < 2; i++) {
        start(OK_HEAD "\r\nhello", 1);
        open_http(&(struct skeym_http_options){0});
        expect_status(requests[i], 200);
        expect_error(requests[i], SKEYM_ERR_NETWORK, false);
        assert_int_equal(server.requests, 2);
        expect_status(requests[i], 200); /* the next one goes through */
        assert_int_equal(server.requests, 3);
        stop(NULL);
    }
}

static void test_errors_before_anything_left(void **state)
{
    (void)state;
    start(NULL, 0);
    stop(NULL); /* nobody listens there any more */
    open_http(&(struct skeym_http_options){0});
    expect_error(&post_request, SKEYM_ERR_NETWORK, true);
    skeym_http_free(http);
    http = NULL;
    start(OK_HEAD "\r\nhello", 9);
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u", server.port);
    open_http(&(struct skeym_http_options){.timeout_ms = 300});
    struct skeym_wire_answer answer; /* no TLS there: an error of TLS, or no end */
    enum skeym_error error = skeym_http_send(http, &post_request, &answer);
    assert_true(error == SKEYM_ERR_TLS || error == SKEYM_ERR_TIMEOUT);
    assert_true(answer.unsent);
    assert_int_equal(server.requests, 0);
}

static void test_closing_without_an_answer(void **state)
{
    (void)state;
    start(NULL, 0);
    open_http(&(struct skeym_http_options){0});
    expect_error(&post_request, SKEYM_ERR_NETWORK, false);
    assert_int_equal(server.requests, 1);
}

static void test_proxies_only_when_asked_for(void **state)
{
    (void)state;
    start(OK_HEAD "\r\nhello", 9);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the server's thread reads no environment */
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    open_http(&(struct skeym_http_options){0});
    expect_status(&get_request, 200);
    skeym_http_free(http);
    open_http(&(struct skeym_http_options){.proxy_from_env = true});
    expect_error(&get_request, SKEYM_ERR_NETWORK, true);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the server's thread reads no environment */
    assert_int_equal(unsetenv("http_proxy"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_addresses, stop),
        cmocka_unit_test_teardown(test_what_is_sent_is_what_was_signed, stop),
        cmocka_unit_test_teardown(test_fields_that_http_cannot_carry, stop),
        cmocka_unit_test_teardown(test_the_fields_of_an_answer, stop),
        cmocka_unit_test_teardown(test_an_interim_answer_leaves_nothing_behind, stop),
        cmocka_unit_test_teardown(test_answers_that_are_refused, stop),
        cmocka_unit_test_teardown(test_a_large_body_is_cut_off, stop),
        cmocka_unit_test_teardown(test_half_an_answer_is_none, stop),
        cmocka_unit_test_teardown(test_redirects_are_answers, stop),
        cmocka_unit_test_teardown(test_a_connection_is_kept, stop),
        cmocka_unit_test_teardown(test_nothing_is_sent_twice_when_a_kept_connection_breaks, stop),
        cmocka_unit_test_teardown(test_errors_before_anything_left, stop),
        cmocka_unit_test_teardown(test_closing_without_an_answer, stop),
        cmocka_unit_test_teardown(test_proxies_only_when_asked_for, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
