/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_loop.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_FIRST = 4096, IN_MOST = 64 << 20 };

/* The port is chosen at connect(), so that each source address has all ports for itself. */
static bool bind_from(int fd, uint32_t from)
{
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(from)};
    int on = 1;
    return from == 0 || (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) == 0 &&
                         bind(fd, (const struct sockaddr *)&source, sizeof source) == 0);
}

static bool connect_to(const struct skeym_load_peer *peer, const struct sockaddr_in *address)
{
    return connect(peer->fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
           errno == EINPROGRESS;
}

static bool secure(struct skeym_load_peer *peer, struct skeym_load_tls *tls)
{
    peer->tls = tls ? skeym_load_tls_attach(tls, peer->fd) : NULL;
    if (tls && !peer->tls) {
        errno = ENOMEM;
    }
    return !tls || peer->tls;
}

/* Edge-triggered for both ways, once and for all: no epoll_ctl per request. */
bool skeym_load_peer_connect(struct skeym_load_loop *loop, struct skeym_load_peer *peer)
{
    const struct skeym_load_options *options = loop->options;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data = {.ptr = peer}};
    int on = 1;
    peer->in_size = peer->need = 0;
    peer->life++;
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (peer->fd >= 0 &&
        bind_from(peer->fd,
                  skeym_load_target_pick(&options->from, peer->number, options->connections)) &&
        setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
        connect_to(peer, &options->target.address) &&
        epoll_ctl(loop->epoll, EPOLL_CTL_ADD, peer->fd, &event) == 0 &&
        secure(peer, options->tls)) {
        return true;
    }
    loop->error_number = errno;
    skeym_load_peer_close(peer);
    return false;
}

/* With a reset, so that no address and port stays taken for a minute: a generator makes more
 * connections than there are ports. The server has sent its answer by now, or never will. */
void skeym_load_peer_close(struct skeym_load_peer *peer)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    peer->why = skeym_load_tls_why(peer->tls);
    skeym_load_tls_detach(peer->tls);
    peer->tls = NULL;
    if (peer->fd >= 0) {
        (void)setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        (void)close(peer->fd);
        peer->fd = -1;
    }
    peer->in_size = peer->need = 0;
}

bool skeym_load_peer_push(struct skeym_load_peer *peer)
{
    while (peer->out_at < peer->out_size) {
        const uint8_t *data = peer->out + peer->out_at;
        size_t size = peer->out_size - peer->out_at;
        ssize_t sent = peer->tls ? skeym_load_tls_send(peer->tls, data, size)
                                 : send(peer->fd, data, size, MSG_NOSIGNAL);
        if (sent < 0) {
            return errno == EAGAIN || errno == ENOTCONN; /* EPOLLOUT comes */
        }
        peer->out_at += (size_t)sent;
    }
    return true;
}

static bool make_room(struct skeym_load_peer *peer)
{
    if (peer->in_size < peer->in_room) {
        return true;
    }
    size_t room = peer->in_room ? peer->in_room * 2 : IN_FIRST;
    uint8_t *in = room <= IN_MOST ? realloc(peer->in, room) : NULL;
    if (in) {
        peer->in = in;
        peer->in_room = room;
    }
    return in != NULL;
}

enum skeym_load_pull skeym_load_peer_pull(struct skeym_load_peer *peer)
{
    if (!make_room(peer)) {
        return SKEYM_LOAD_PULL_END;
    }
    size_t room = peer->in_room - peer->in_size;
    uint8_t *in = peer->in + peer->in_size;
    ssize_t got =
        peer->tls ? skeym_load_tls_recv(peer->tls, in, room) : recv(peer->fd, in, room, 0);
    if (got < 0) {
        return errno == EAGAIN || errno == ENOTCONN ? SKEYM_LOAD_PULL_EMPTY : SKEYM_LOAD_PULL_END;
    }
    peer->in_size += (size_t)got;
    bool all = (size_t)got < room && !(peer->tls && skeym_load_tls_more(peer->tls));
    return got == 0 ? SKEYM_LOAD_PULL_END : all ? SKEYM_LOAD_PULL_ALL : SKEYM_LOAD_PULL_SOME;
}
