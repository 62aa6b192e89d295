/* SPDX-License-Identifier: Apache-2.0 */
/* A client's request through the real HTTP library, with a pool that does what the test says. */
#include "connect/connect_request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define HEART "{\"resourceType\":\"Patient\",\"id\":\"p\",\"meta\":{\"versionId\":\"3\"}}"

static struct skeym_connect_front front;
static struct MHD_Daemon *daemon_of_test;
static in_port_t port;

/* What comes of a job, and how many there were. */
static struct {
    enum skeym_error submit, error;
    int status;
    uint32_t retry_after_s;
    const char *body;
    unsigned jobs;
} pool_says;

static char told[64]; /* the last event */

static void tell(void *arg, const char *event, enum skeym_error error, uint64_t number)
{
    (void)arg;
    (void)error;
    (void)snprintf(told, sizeof told, "%s %u", event, (unsigned)number);
}

/* In place of the pool's: the job is done at once. */
enum skeym_error skeym_connect_pool_submit(struct skeym_connect_pool *pool,
                                           struct skeym_connect_job *job)
{
    (void)pool;
    pool_says.jobs++;
    if (pool_says.submit != SKEYM_OK) {
        return pool_says.submit;
    }
    job->error = pool_says.error;
    job->retry_after_s = job->error == SKEYM_OK ? 0 : pool_says.retry_after_s;
    if (job->error == SKEYM_OK) {
        job->answer.status = pool_says.status;
        job->answer.retry_after_s = pool_says.retry_after_s;
        job->answer.body = (uint8_t *)strdup(pool_says.body);
        job->answer.body_size = strlen(pool_says.body);
        (void)snprintf(job->answer.cty, sizeof job->answer.cty, "application/fhir+json");
    }
    job->done(job);
    return SKEYM_OK;
}

/* --- a server ------------------------------------------------------------------------------ */

static void *on_line(void *arg, const char *target, struct MHD_Connection *connection)
{
    (void)connection;
    return skeym_connect_request_new(arg, target);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    (void)arg;
    (void)path;
    (void)version;
    return skeym_connect_request_step(*context, connection, method, data, size);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)arg;
    (void)connection;
    (void)code;
    skeym_connect_request_end(*context);
    *context = NULL;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    (void)arg;
    (void)connection;
    struct skeym_connect_peer *peer = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        peer = calloc(1, sizeof *peer);
        skeym_connect_peers_enter(&front.peers, peer, -1, skeym_connect_peers_now());
    } else {
        skeym_connect_peers_leave(&front.peers, peer);
        free(peer);
        peer = NULL;
    }
    *context = peer;
}

static int start(void **state)
{
    (void)state;
    memset(&front, 0, sizeof front);
    memset(&pool_says, 0, sizeof pool_says);
    pool_says.status = 200;
    pool_says.body = HEART;
    front.tell = tell;
    told[0] = '\0';
    skeym_connect_peers_init(&front.peers, 4);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 4) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
        return -1;
    }
    port = at.sin_port;
    daemon_of_test = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0,
                                      NULL, NULL, on_request, NULL, MHD_OPTION_URI_LOG_CALLBACK,
                                      on_line, &front, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
                                      NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL,
                                      MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_END);
    return daemon_of_test ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    MHD_stop_daemon(daemon_of_test);
    (void)pthread_mutex_destroy(&front.peers.lock);
    return atomic_load(&front.under_way) == 0 && atomic_load(&front.memory) == 0 ? 0 : -1;
}

static void send_all(int fd, const char *text)
{
    for (size_t size = strlen(text); size > 0;) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        assert_true(sent > 0);
        text += sent;
        size -= (size_t)sent;
    }
}

/* All that comes until the end of the connection after a request with these lines, and what
 * follows the empty one. */
static const char *ask_on(const char *line, const char *fields, const char *body)
{
    static char text[8192];
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
    (void)snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", line, fields);
    send_all(fd, text);
    send_all(fd, body);
    size_t got = 0;
    ssize_t more = 0;
    while ((more = recv(fd, text + got, sizeof text - 1 - got, 0)) > 0) {
        got += (size_t)more;
    }
    text[got] = '\0';
    close(fd);
    return text;
}

/* The one answer to a request. */
static const char *ask(const char *line, const char *fields, const char *body)
{
    char more[400];
    (void)snprintf(more, sizeof more, "Connection: close\r\n%s", fields);
    return ask_on(line, more, body);
}

static void assert_part(const char *text, const char *part, bool there)
{
    if ((strstr(text, part) != NULL) != there) {
        fail_msg("\"%s\" is %s: %s", part, there ? "not in" : "in", text);
    }
}

static const char *post(const char *fields)
{
    char more[300];
    (void)snprintf(more, sizeof more,
                   "Content-Type: application/fhir+json\r\n%sContent-Length: 2\r\n", fields);
    return ask("POST /fhir/Patient", more, "{}");
}

/* --- tests ----------------------------------------------------------------------------------- */

/* For longer than it was tried: the client is told when to come again. */
static void what_a_busy_server_says_is_handed_on(void **state)
{
    (void)state;
    static const int busy[] = {429, 503};
    for (size_t i = 0; i < sizeof busy / sizeof busy[0]; i++) {
        char line[32];
        (void)snprintf(line, sizeof line, "HTTP/1.1 %d ", busy[i]);
        pool_says.status = busy[i];
        pool_says.retry_after_s = 17;
        const char *text = ask("GET /fhir/Patient/p", "", "");
        assert_part(text, line, true);
        assert_part(text, "\r\nRetry-After: 17\r\n", true);
        pool_says.retry_after_s = 0; /* it does not say how long */
        assert_part(ask("GET /fhir/Patient/p", "", ""), "\r\nRetry-After: 1\r\n", true);
    }
    pool_says.status = 500;
    pool_says.retry_after_s = 17;
    assert_part(ask("GET /fhir/Patient/p", "", ""), "Retry-After", false);
}

static void who_wants_little_back_gets_no_body(void **state)
{
    (void)state;
    pool_says.status = 201;
    const char *text = post("Prefer: return=minimal\r\n");
    assert_part(text, "HTTP/1.1 201 ", true);
    assert_part(text, "\r\nLocation: http://localhost/fhir/Patient/p/_history/3\r\n", true);
    assert_part(text, "\r\nETag: W/\"3\"\r\n", true);
    assert_part(text, HEART, false);
    assert_part(post(""), HEART, true);
    assert_part(post("Prefer: return=representation\r\n"), HEART, true);
    pool_says.body = "{\"resourceType\":\"Patient\"}"; /* nothing tells where it is */
    assert_part(post("Prefer: return=minimal\r\n"), pool_says.body, true);
}

/* The same request would fail the same way: no time is given to come again. */
static void errors_of_the_request_itself_do_not_pass(void **state)
{
    (void)state;
    static const struct {
        enum skeym_error error;
        const char *line, *retry;
    } cases[] = {{SKEYM_ERR_CHARSET, "HTTP/1.1 400 ", NULL},
                 {SKEYM_ERR_SIZE, "HTTP/1.1 413 ", NULL},
                 {SKEYM_ERR_TIMEOUT, "HTTP/1.1 504 ", "\r\nRetry-After: 9\r\n"}};
    pool_says.retry_after_s = 9;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pool_says.error = cases[i].error;
        const char *text = ask("GET /fhir/Patient/p", "", "");
        assert_part(text, cases[i].line, true);
        assert_part(text, "OperationOutcome", true);
        assert_part(text, cases[i].retry ? cases[i].retry : "Retry-After", cases[i].retry != NULL);
    }
    pool_says.retry_after_s = 0;
    assert_part(ask("GET /fhir/Patient/p", "", ""), "\r\nRetry-After: 1\r\n", true);
}

static void a_full_queue_is_said(void **state)
{
    (void)state;
    pool_says.submit = SKEYM_ERR_BUSY;
    const char *text = post("");
    assert_part(text, "HTTP/1.1 503 ", true);
    assert_part(text, "\r\nRetry-After: 1\r\n", true);
    assert_int_equal(pool_says.jobs, 1);
    assert_string_equal(told, "request-failed 503");
}

/* Who waits to be told whether to send a body is told no, and not to go on. */
static void a_body_that_was_announced_is_refused_before_it_comes(void **state)
{
    (void)state;
    static const char fields[] = "Origin: https://evil.example\r\nContent-Length: 100000\r\n"
                                 "Expect: 100-continue\r\n";
    const char *text = ask("POST /fhir/Patient", fields, "");
    assert_part(text, "HTTP/1.1 403 ", true);
    assert_part(text, "100 Continue", false);
    assert_string_equal(told, "refused 403");
    assert_int_equal(pool_says.jobs, 0);
}

/* A client that sends without asking first is read to the end of what it sends: it would see a
 * broken connection else, and no answer. */
static void a_body_that_is_too_large_is_said(void **state)
{
    (void)state;
    enum { SIZE = SKEYM_CONNECT_BODY_BYTES + 1 };
    char head[64];
    char *body = malloc(SIZE + 1);
    assert_non_null(body);
    memset(body, 'x', SIZE);
    body[SIZE] = '\0';
    (void)snprintf(head, sizeof head, "Content-Length: %d\r\n", SIZE);
    assert_part(ask("POST /fhir/Patient", head, body), "HTTP/1.1 413 ", true);
    assert_int_equal(atomic_load(&front.memory), 0);
    char *chunks = malloc(SIZE + 64);
    assert_non_null(chunks);
    (void)snprintf(chunks, SIZE + 64, "%x\r\n%s\r\n0\r\n\r\n", (unsigned)SIZE, body);
    assert_part(ask("POST /fhir/Patient", "Transfer-Encoding: chunked\r\n", chunks),
                "HTTP/1.1 413 ", true);
    assert_int_equal(pool_says.jobs, 0);
    (void)snprintf(head, sizeof head, "Content-Length: %d\r\n", SIZE - 1);
    assert_part(ask("POST /fhir/Patient", head, body), "HTTP/1.1 200 ", true);
    assert_int_equal(pool_says.jobs, 1);
    (void)snprintf(head, sizeof head, "Content-Length: %d\r\n", SKEYM_CONNECT_DRAIN_BYTES + 1);
    assert_part(ask("POST /fhir/Patient", head, ""), "HTTP/1.1 413 ", true); /* at once */
    free(chunks);
    free(body);
}

/* What stands behind a request whose end is in doubt is not a request. */
static void nothing_follows_a_doubtful_head(void **state)
{
    (void)state;
    static const char next[] = "GET /fhir/Patient/p HTTP/1.1\r\nHost: localhost\r\n"
                               "Connection: close\r\n\r\n";
    static const struct {
        const char *fields;
        const char *body;
        const char *line;
        bool last;
    } cases[] = {
        {"Content-Length: 2\r\n", "{}", "HTTP/1.1 200 ", false},
        {"Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n", "HTTP/1.1 200 ", false},
        {"Content-Length : 90\r\n", "", "HTTP/1.1 400 ", true},
        {"Content-Length:\r\n 90\r\n", "", "HTTP/1.1 200 ", true}, /* folded: not seen */
        {"Content-Length: 2\r\nContent-Length: 92\r\n", "{}", "HTTP/1.1 400 ", true},
        {"Content-Length: 94\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", "HTTP/1.1 400 ",
         true},
        {"Transfer-Encoding: gzip\r\n", "", "HTTP/1.1 501 ", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[200];
        (void)snprintf(body, sizeof body, "%s%s", cases[i].body, next);
        const char *text = ask_on("POST /fhir/Patient", cases[i].fields, body);
        assert_part(text, cases[i].line, true);
        const char *first = strstr(text, "HTTP/1.1 ");
        assert_non_null(first);
        assert_int_equal(strstr(first + 1, "HTTP/1.1 ") == NULL, cases[i].last);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)
        TEST(what_a_busy_server_says_is_handed_on),
        TEST(who_wants_little_back_gets_no_body),
        TEST(errors_of_the_request_itself_do_not_pass),
        TEST(a_full_queue_is_said),
        TEST(a_body_that_was_announced_is_refused_before_it_comes),
        TEST(a_body_that_is_too_large_is_said),
        TEST(nothing_follows_a_doubtful_head),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
