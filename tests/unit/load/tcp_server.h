/* SPDX-License-Identifier: Apache-2.0 */
/* A small HTTP server on a thread of its own, which answers as the test says: for what the load
 * generator does with connections. One request at a time over all connections. */
#ifndef SKEYM_TESTS_TCP_SERVER_H
#define SKEYM_TESTS_TCP_SERVER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { TCP_PEERS = 64, TCP_BYTES = 32768 };

/* What becomes of request number n (from 0). answer NULL: none. */
struct tcp_reply {
    const char *answer;
    int stall_ms; /* before it */
    bool close;   /* after it */
};
typedef struct tcp_reply (*tcp_behave)(unsigned n);

struct tcp_server {
    int fd, quit[2];
    uint16_t port;
    pthread_t thread;
    tcp_behave behave;
    atomic_uint requests, connections;
    atomic_size_t bytes;
    atomic_uint sources[256]; /* connections from 127.0.x.N */
    struct pollfd polls[TCP_PEERS + 2];
    char *in[TCP_PEERS + 2];
    size_t used[TCP_PEERS + 2];
    char first[TCP_BYTES]; /* the first request */
};

#define TCP_OK(body) "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" body

static inline void tcp_drop(struct tcp_server *server, size_t i)
{
    (void)close(server->polls[i].fd);
    server->polls[i].fd = -1;
    free(server->in[i]);
    server->in[i] = NULL;
    server->used[i] = 0;
}

/* The bytes of a whole request at the start, or 0. */
static inline size_t tcp_whole(const char *in, size_t used)
{
    const char *end = used ? memmem(in, used, "\r\n\r\n", 4) : NULL;
    if (!end) {
        return 0;
    }
    size_t head = (size_t)(end - in) + 4;
    const char *length = memmem(in, head, "Content-Length: ", 16);
    size_t body = length ? strtoul(length + 16, NULL, 10) : 0;
    return used - head >= body ? head + body : 0;
}

static inline void tcp_answer(struct tcp_server *server, size_t i, size_t size)
{
    unsigned n = atomic_fetch_add(&server->requests, 1);
    struct tcp_reply reply = server->behave(n);
    if (n == 0) {
        (void)snprintf(server->first, sizeof server->first, "%.*s", (int)size, server->in[i]);
    }
    server->used[i] -= size;
    memmove(server->in[i], server->in[i] + size, server->used[i]);
    (void)poll(NULL, 0, reply.stall_ms);
    if (reply.answer) {
        (void)send(server->polls[i].fd, reply.answer, strlen(reply.answer), MSG_NOSIGNAL);
    }
    if (reply.close) {
        tcp_drop(server, i);
    }
}

static inline void tcp_read(struct tcp_server *server, size_t i)
{
    ssize_t got =
        recv(server->polls[i].fd, server->in[i] + server->used[i], TCP_BYTES - server->used[i], 0);
    if (got <= 0) {
        tcp_drop(server, i);
        return;
    }
    server->used[i] += (size_t)got;
    atomic_fetch_add(&server->bytes, (size_t)got);
    for (size_t size; server->in[i] && (size = tcp_whole(server->in[i], server->used[i])) > 0;) {
        tcp_answer(server, i, size);
    }
}

static inline void tcp_accept(struct tcp_server *server)
{
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    int fd = accept(server->fd, (struct sockaddr *)&from, &size);
    for (size_t i = 2; fd >= 0 && i < TCP_PEERS + 2; i++) {
        if (server->polls[i].fd < 0) {
            server->polls[i] = (struct pollfd){fd, POLLIN, 0};
            server->in[i] = malloc(TCP_BYTES);
            atomic_fetch_add(&server->connections, 1);
            atomic_fetch_add(&server->sources[ntohl(from.sin_addr.s_addr) & 255], 1);
            return;
        }
    }
}

static inline void *tcp_run(void *arg)
{
    struct tcp_server *server = arg;
    while (poll(server->polls, TCP_PEERS + 2, -1) >= 0 && !server->polls[1].revents) {
        if (server->polls[0].revents) {
            tcp_accept(server);
        }
        for (size_t i = 2; i < TCP_PEERS + 2; i++) {
            if (server->polls[i].fd >= 0 && server->polls[i].revents) {
                tcp_read(server, i);
            }
        }
    }
    return NULL;
}

static inline struct tcp_server *tcp_start(tcp_behave behave)
{
    struct tcp_server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_non_null(server);
    server->behave = behave;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->fd, TCP_PEERS), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pipe(server->quit), 0);
    for (size_t i = 0; i < TCP_PEERS + 2; i++) {
        server->polls[i].fd = -1;
    }
    server->polls[0] = (struct pollfd){server->fd, POLLIN, 0};
    server->polls[1] = (struct pollfd){server->quit[0], POLLIN, 0};
    assert_int_equal(pthread_create(&server->thread, NULL, tcp_run, server), 0);
    return server;
}

static inline void tcp_stop(struct tcp_server *server)
{
    assert_int_equal(write(server->quit[1], "x", 1), 1);
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    for (size_t i = 2; i < TCP_PEERS + 2; i++) {
        if (server->polls[i].fd >= 0) {
            tcp_drop(server, i);
        }
    }
    (void)close(server->fd);
    (void)close(server->quit[0]);
    (void)close(server->quit[1]);
    free(server);
}

#endif
