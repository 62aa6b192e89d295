/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/rivals/loop.h"
#include "bench/rivals/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer {
    int fd;
    size_t used;
    char in[LOOP_HEAD_BYTES];
};

static volatile sig_atomic_t over;

static void stop(int number)
{
    (void)number;
    over = 1;
}

static void drop_peer(struct peer *peer)
{
    (void)close(peer->fd);
    free(peer);
}

static void add_peer(int epoll, int listener)
{
    int on = 1;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is epoll's in the end */
        struct peer *peer = fd < 0 ? NULL : malloc(sizeof *peer);
        if (!peer) {
            return;
        }
        peer->fd = fd;
        peer->used = 0;
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = peer}};
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            drop_peer(peer);
        }
    }
}

/* false: the peer is gone, or not worth more. Answers are small: the kernel takes them whole. */
static int serve_peer(struct peer *peer, loop_answer answer)
{
    char out[LOOP_ANSWER_BYTES];
    ssize_t got = recv(peer->fd, peer->in + peer->used, sizeof peer->in - peer->used, 0);
    if (got <= 0) {
        return got < 0 && errno == EAGAIN;
    }
    peer->used += (size_t)got;
    for (;;) {
        const char *end = memmem(peer->in, peer->used, "\r\n\r\n", 4);
        if (!end) {
            return peer->used < sizeof peer->in;
        }
        size_t head = (size_t)(end + 4 - peer->in);
        size_t size = answer(out, peer->in, head);
        if (send(peer->fd, out, size, MSG_NOSIGNAL) != (ssize_t)size) {
            return 0;
        }
        peer->used -= head;
        if (peer->used == 0) {
            return 1;
        }
        memmove(peer->in, peer->in + head, peer->used);
    }
}

int loop_run(int ready, loop_answer answer)
{
    struct epoll_event events[256];
    struct rlimit limit;
    const struct sigaction end = {.sa_handler = stop};
    unsigned port = 0;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = port_listen(&port);
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = NULL}};
    (void)sigaction(SIGTERM, &end, NULL);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (epoll < 0 || listener < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) {
        perror("loop");
        return 1;
    }
    (void)dprintf(ready, "%u\n", port);
    while (!over) {
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            if (!events[i].data.ptr) {
                add_peer(epoll, listener);
            } else if (!serve_peer(events[i].data.ptr, answer)) {
                drop_peer(events[i].data.ptr);
            }
        }
    }
    return 0;
}
