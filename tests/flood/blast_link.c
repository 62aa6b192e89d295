/* SPDX-License-Identifier: Apache-2.0 */
#include "blast_link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEND_BYTES = 16384, TAKE_BYTES = 1 << 18 };

static bool prepare(int fd, uint32_t source, bool for_one)
{
    const struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(source)};
    /* Small: what has left shall be with the server, not in a queue of ours. */
    int on = 1, room = SEND_BYTES;
    return (for_one || (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
                        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0)) &&
           (source == 0 ||
            (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) == 0 &&
             bind(fd, (const struct sockaddr *)&from, sizeof from) == 0));
}

bool blast_link_open(struct blast_link *link, int epoll, const struct sockaddr_in *to,
                     uint32_t source, bool for_one, struct blast_figures *figures)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data = {.ptr = link}};
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd >= 0 && prepare(link->fd, source, for_one) &&
        (connect(link->fd, (const struct sockaddr *)to, sizeof *to) == 0 || errno == EINPROGRESS) &&
        epoll_ctl(epoll, EPOLL_CTL_ADD, link->fd, &event) == 0) {
        figures->connects++;
        return true;
    }
    blast_link_close(link);
    return false;
}

void blast_link_close(struct blast_link *link)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (link->fd >= 0) {
        (void)setsockopt(link->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        (void)close(link->fd);
    }
    link->fd = -1;
    link->used = link->stuck = false;
    link->rest_at = link->rest_size = link->tail_size = 0;
}

/* As much as goes. false: the connection is gone. */
static bool push(struct blast_link *link, struct skeym_span data, size_t *done,
                 struct blast_figures *figures)
{
    for (*done = 0; *done < data.size;) {
        ssize_t sent = send(link->fd, data.data + *done, data.size - *done, MSG_NOSIGNAL);
        if (sent < 0) {
            return errno == EAGAIN || errno == ENOTCONN;
        }
        *done += (size_t)sent;
        figures->bytes += (size_t)sent;
        link->used = true;
    }
    return true;
}

static void keep(struct blast_link *link, struct skeym_span rest)
{
    if (rest.size > link->rest_room) {
        uint8_t *room = realloc(link->rest, rest.size);
        if (!room) {
            return; /* then it is lost: the next request begins in its middle */
        }
        link->rest = room;
        link->rest_room = rest.size;
    }
    memcpy(link->rest, rest.data, rest.size);
    link->rest_at = 0;
    link->rest_size = rest.size;
}

bool blast_link_send(struct blast_link *link, struct skeym_span data, uint64_t now_ns,
                     struct blast_figures *figures)
{
    size_t done = 0;
    struct skeym_span rest =
        skeym_span(link->rest + link->rest_at, link->rest_size - link->rest_at);
    if (rest.size > 0) {
        if (!push(link, rest, &done, figures)) {
            return false;
        }
        link->rest_at += done;
        if (done < rest.size) {
            link->stuck_ns = link->stuck && done == 0 ? link->stuck_ns : now_ns;
            link->stuck = true;
            return true;
        }
        link->rest_at = link->rest_size = 0;
    }
    link->stuck = false;
    if (!push(link, data, &done, figures)) {
        return false;
    }
    if (done < data.size) {
        keep(link, skeym_span(data.data + done, data.size - done));
        link->stuck = true;
        link->stuck_ns = now_ns;
    }
    return true;
}

/* Bodies of refusals have no such text. */
static void count(struct blast_link *link, const uint8_t *data, size_t size,
                  struct blast_figures *figures)
{
    static const char line[] = "HTTP/1.1 ";
    const uint8_t *end = data + size;
    const uint8_t *at = data;
    const uint8_t *found;
    while ((found = memmem(at, (size_t)(end - at), line, sizeof line - 1)) &&
           end - found > (ptrdiff_t)sizeof line - 1) {
        uint8_t digit = found[sizeof line - 1];
        size_t class = digit >= '1' && digit <= '5' ? (size_t)(digit - '0') : 0;
        figures->status[class]++;
        at = found + sizeof line;
    }
    link->tail_size = (size_t)(end - at) < sizeof line - 1 ? (size_t)(end - at) : sizeof line - 1;
    memcpy(link->tail, end - link->tail_size, link->tail_size);
}

void blast_link_take(struct blast_link *link, bool ends, struct blast_figures *figures)
{
    static uint8_t in[TAIL_BYTES + TAKE_BYTES];
    ssize_t got = TAKE_BYTES;
    while (link->fd >= 0 && (ends ? got > 0 : got == TAKE_BYTES)) {
        memcpy(in, link->tail, link->tail_size);
        got = recv(link->fd, in + link->tail_size, TAKE_BYTES, 0);
        if (got > 0) {
            count(link, in, link->tail_size + (size_t)got, figures);
        }
    }
    if (link->fd >= 0 && (got == 0 || (got < 0 && errno != EAGAIN && errno != ENOTCONN))) {
        figures->closed++;
        if (got == 0) { /* it ended first: no port stays taken */
            (void)close(link->fd);
            link->fd = -1;
        }
        blast_link_close(link);
    }
}
