/* SPDX-License-Identifier: Apache-2.0 */
#include "server/acceptor.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    PAUSE_MS = 20, /* when it cannot accept, for want of descriptors or memory */
    AGAIN_MS = 1,
};

struct caller {
    int fd;
    socklen_t size;
    struct sockaddr_storage address;
};

struct skeym_acceptor {
    int fd, stop_fd;
    skeym_acceptor_take take;
    void *arg;
    pthread_t thread;
    size_t room, first, count;
    struct caller waiting[]; /* room of them: a ring */
};

/* What one caller did, and what says nothing of the next one. */
static bool is_of_one(int error)
{
    switch (error) {
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
        return true;
    default:
        return false;
    }
}

static bool hand(const struct skeym_acceptor *acceptor, const struct caller *caller, bool last)
{
    return acceptor->take(acceptor->arg, caller->fd, (const struct sockaddr *)&caller->address,
                          caller->size, last);
}

static bool was_reset(int fd)
{
    struct pollfd end = {fd, 0, 0};
    return poll(&end, 1, 0) == 1 && (end.revents & POLLERR);
}

static void take_waiting(struct skeym_acceptor *acceptor)
{
    while (acceptor->count > 0) {
        const struct caller *caller = &acceptor->waiting[acceptor->first];
        if (was_reset(caller->fd)) {
            (void)close(caller->fd);
        } else if (!hand(acceptor, caller, false)) {
            return;
        }
        acceptor->first = (acceptor->first + 1) % acceptor->room;
        acceptor->count--;
    }
}

static void take_or_keep(struct skeym_acceptor *acceptor, const struct caller *caller)
{
    if (acceptor->count >= acceptor->room) {
        (void)hand(acceptor, caller, true);
    } else if (!hand(acceptor, caller, false)) {
        acceptor->waiting[(acceptor->first + acceptor->count) % acceptor->room] = *caller;
        acceptor->count++;
    }
}

/* All that wait, or as many as came in a while. false: it makes no sense to try again at once. */
static bool accept_all(struct skeym_acceptor *acceptor)
{
    for (unsigned i = 0; i < 1024; i++) {
        struct caller caller = {.size = sizeof caller.address};
        caller.fd = accept4(acceptor->fd, (struct sockaddr *)&caller.address, &caller.size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (caller.fd >= 0) {
            take_or_keep(acceptor, &caller);
        } else if (errno == EAGAIN) {
            return true;
        } else if (!is_of_one(errno)) {
            return false;
        }
    }
    return true;
}

static void *acceptor_thread(void *arg)
{
    struct skeym_acceptor *acceptor = arg;
    bool able = true;
    for (;;) {
        /* the second is left out during a pause */
        struct pollfd fds[2] = {{acceptor->stop_fd, POLLIN, 0}, {acceptor->fd, POLLIN, 0}};
        int most_ms = able ? -1 : PAUSE_MS;
        (void)poll(fds, able ? 2 : 1, acceptor->count > 0 ? AGAIN_MS : most_ms);
        if (fds[0].revents) {
            return NULL;
        }
        take_waiting(acceptor);
        able = able && !fds[1].revents ? able : accept_all(acceptor);
    }
}

static void drop(struct skeym_acceptor *acceptor)
{
    if (acceptor->stop_fd >= 0) {
        (void)close(acceptor->stop_fd);
    }
    free(acceptor);
}

enum skeym_error skeym_acceptor_start(struct skeym_acceptor **out, int fd, size_t room,
                                      skeym_acceptor_take take, void *arg)
{
    *out = NULL;
    struct skeym_acceptor *acceptor = malloc(sizeof *acceptor + room * sizeof acceptor->waiting[0]);
    if (!acceptor) {
        return SKEYM_ERR_MEMORY;
    }
    *acceptor = (struct skeym_acceptor){
        .fd = fd, .stop_fd = eventfd(0, EFD_CLOEXEC), .take = take, .arg = arg, .room = room};
    if (acceptor->stop_fd < 0) {
        drop(acceptor);
        return SKEYM_ERR_IO;
    }
    if (pthread_create(&acceptor->thread, NULL, acceptor_thread, acceptor) != 0) {
        drop(acceptor);
        return SKEYM_ERR_MEMORY;
    }
    *out = acceptor;
    return SKEYM_OK;
}

void skeym_acceptor_stop(struct skeym_acceptor *acceptor)
{
    if (!acceptor) {
        return;
    }
    /* fails only when it is there already */
    (void)eventfd_write(acceptor->stop_fd, 1);
    (void)pthread_join(acceptor->thread, NULL);
    (void)close(acceptor->fd);
    for (size_t i = 0; i < acceptor->count; i++) {
        (void)close(acceptor->waiting[(acceptor->first + i) % acceptor->room].fd);
    }
    drop(acceptor);
}
