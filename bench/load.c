/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define EVENTS      256

struct connection {
    int fd;
    bool waiting; /* a request is under way */
    void *lane;
    uint64_t asked;                /* in this run */
    size_t out_size, out_at, used; /* used: of in */
    uint8_t out[LOAD_REQUEST_BYTES];
    uint8_t in[LOAD_ANSWER_BYTES];
};

struct load {
    struct load_options options;
    int epoll;
    size_t under_way;
    uint64_t answers;
    uint64_t end_ns, each; /* of this run */
    uint64_t spun_ns;
    char problem[512];
    struct connection at[];
};

static char open_problem[128];

static uint64_t read_ns(clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* --- connections ------------------------------------------------------------------- */

/* Edge-triggered for both ways, once and for all: no epoll_ctl per request. */
static bool connect_one(struct load *load, struct connection *connection)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(load->options.port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET,
                                .data = {.ptr = connection}};
    int on = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connection->fd >= 0 &&
           connect(connection->fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
           setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
           fcntl(connection->fd, F_SETFL, O_NONBLOCK) == 0 &&
           epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->fd, &event) == 0;
}

struct load *load_open(const struct load_options *options)
{
    struct load *load = calloc(1, sizeof *load + options->connections * sizeof load->at[0]);
    if (!load) {
        (void)snprintf(open_problem, sizeof open_problem, "out of memory");
        return NULL;
    }
    load->options = *options;
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < options->connections; i++) {
        load->at[i].fd = -1;
    }
    for (size_t i = 0; i < options->connections; i++) {
        load->at[i].lane = (uint8_t *)options->lanes + i * options->lane_size;
        if (load->epoll < 0 || !connect_one(load, &load->at[i])) {
            (void)snprintf(open_problem, sizeof open_problem, "connection %zu of %zu: %s", i + 1,
                           options->connections, strerror(errno));
            load_close(load);
            return NULL;
        }
    }
    return load;
}

void load_close(struct load *load)
{
    for (size_t i = 0; load && i < load->options.connections; i++) {
        if (load->at[i].fd >= 0) {
            (void)close(load->at[i].fd);
        }
    }
    if (load && load->epoll >= 0) {
        (void)close(load->epoll);
    }
    free(load);
}

const char *load_problem(const struct load *load)
{
    return load ? load->problem : open_problem;
}

/* --- one lane's step ------------------------------------------------------------------ */

static bool fail(struct load *load, const char *what, const char *detail)
{
    (void)snprintf(load->problem, sizeof load->problem, "after %llu answers: %s%s%s",
                   (unsigned long long)load->answers, what, detail[0] ? ": " : "", detail);
    return false;
}

static bool refused(struct load *load, const struct load_answer *answer)
{
    char detail[256];
    (void)snprintf(detail, sizeof detail, "%d, %.*s", answer->status,
                   answer->body.size < 200 ? (int)answer->body.size : 200,
                   (const char *)answer->body.data);
    return fail(load, "an answer that is not 2xx", detail);
}

static bool push(struct load *load, struct connection *connection)
{
    while (connection->out_at < connection->out_size) {
        ssize_t sent = send(connection->fd, connection->out + connection->out_at,
                            connection->out_size - connection->out_at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            return true; /* EPOLLOUT comes */
        }
        if (sent < 0) {
            return fail(load, "send", strerror(errno));
        }
        connection->out_at += (size_t)sent;
    }
    return true;
}

static bool ask(struct load *load, struct connection *connection)
{
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){connection->out, sizeof connection->out});
    enum skeym_error error = load->options.script->ask(connection->lane, &writer);
    if (!error) {
        error = skeym_writer_end(&writer);
    }
    if (error) {
        return fail(load, "making a request", skeym_error_text(error));
    }
    connection->out_size = skeym_written(&writer).size;
    connection->out_at = 0;
    connection->used = 0;
    connection->asked++;
    return push(load, connection);
}

/* The answer, if it is whole; then the next request, if there is one. */
static bool take(struct load *load, struct connection *connection)
{
    struct load_answer answer;
    enum skeym_error error = load_http_read(&answer, skeym_span(connection->in, connection->used));
    if (error == SKEYM_ERR_TRUNCATED && connection->used < sizeof connection->in) {
        return true;
    }
    if (error || answer.size != connection->used) {
        return fail(load, "not one HTTP answer", skeym_error_text(error));
    }
    if (answer.status < 200 || answer.status > 299) {
        return refused(load, &answer);
    }
    const char *wrong = load->options.script->take(connection->lane, &answer);
    if (wrong) {
        return fail(load, wrong, "");
    }
    load->answers++;
    if (read_ns(CLOCK_MONOTONIC) < load->end_ns &&
        (load->each == 0 || connection->asked < load->each)) {
        return ask(load, connection);
    }
    connection->waiting = false;
    load->under_way--;
    return true;
}

static bool pull(struct load *load, struct connection *connection)
{
    for (;;) {
        size_t room = sizeof connection->in - connection->used;
        ssize_t got = recv(connection->fd, connection->in + connection->used, room, 0);
        if (got < 0 && errno == EAGAIN) {
            return true;
        }
        if (got <= 0) {
            return fail(load, "a connection was lost", got ? strerror(errno) : "closed");
        }
        if (!connection->waiting) {
            return fail(load, "bytes that nobody asked for", "");
        }
        connection->used += (size_t)got;
        if (!take(load, connection)) {
            return false;
        }
        if ((size_t)got < room) {
            return true; /* all that there was */
        }
    }
}

/* --- a run -------------------------------------------------------------------------------- */

static bool start_all(struct load *load)
{
    for (size_t i = 0; i < load->options.connections; i++) {
        struct connection *connection = &load->at[i];
        connection->asked = 0;
        connection->waiting = true;
        load->under_way++;
        if (!ask(load, connection)) {
            return false;
        }
    }
    return true;
}

/* epoll_wait; 0 only when nothing came for PATIENCE_MS. */
static int wait_for_events(struct load *load, struct epoll_event events[EVENTS])
{
    if (!load->options.spin) {
        return epoll_wait(load->epoll, events, EVENTS, PATIENCE_MS);
    }
    uint64_t start_ns = read_ns(CLOCK_MONOTONIC);
    uint64_t before_ns = start_ns;
    int count = 0;
    while ((count = epoll_wait(load->epoll, events, EVENTS, 0)) == 0) {
        uint64_t now_ns = read_ns(CLOCK_MONOTONIC);
        load->spun_ns += now_ns - before_ns;
        before_ns = now_ns;
        if (now_ns - start_ns > (uint64_t)PATIENCE_MS * 1000000) {
            return 0;
        }
    }
    return count;
}

static bool turn(struct load *load)
{
    struct epoll_event events[EVENTS];
    int count = wait_for_events(load, events);
    if (count < 0 && errno != EINTR) {
        return fail(load, "epoll_wait", strerror(errno));
    }
    if (count == 0) {
        return fail(load, "no answer for 10 s", "");
    }
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (!push(load, connection)) {
            return false;
        }
        if ((events[i].events & ~(uint32_t)EPOLLOUT) && !pull(load, connection)) {
            return false;
        }
    }
    return true;
}

bool load_run(struct load *load, uint64_t ns, uint64_t each, struct load_result *result)
{
    uint64_t start_ns = read_ns(CLOCK_MONOTONIC);
    uint64_t start_cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID);
    load->answers = 0;
    load->spun_ns = 0;
    load->end_ns = start_ns + ns;
    load->each = each;
    bool good = start_all(load);
    while (good && load->under_way > 0) {
        good = turn(load);
    }
    result->answers = load->answers;
    result->elapsed_ns = read_ns(CLOCK_MONOTONIC) - start_ns;
    result->cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID) - start_cpu_ns;
    result->spun_ns = load->spun_ns;
    return good;
}
