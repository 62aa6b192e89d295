/* SPDX-License-Identifier: Apache-2.0 */
#include "server/acceptor.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { PAUSE_MS = 20 }; /* when it cannot accept, for want of descriptors or memory */

struct skeym_acceptor {
    int fd, stop_fd;
    skeym_acceptor_take take;
    void *arg;
    pthread_t thread;
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

/* All that wait, or as many as came in a while. false: it makes no sense to try again at once. */
static bool accept_all(struct skeym_acceptor *acceptor)
{
    for (unsigned i = 0; i < 1024; i++) {
        struct sockaddr_storage address;
        socklen_t size = sizeof address;
        int fd =
            accept4(acceptor->fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            acceptor->take(acceptor->arg, fd, (struct sockaddr *)&address, size);
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
        (void)poll(fds, able ? 2 : 1, able ? -1 : PAUSE_MS);
        if (fds[0].revents) {
            return NULL;
        }
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

enum skeym_error skeym_acceptor_start(struct skeym_acceptor **out, int fd, skeym_acceptor_take take,
                                      void *arg)
{
    *out = NULL;
    struct skeym_acceptor *acceptor = malloc(sizeof *acceptor);
    if (!acceptor) {
        return SKEYM_ERR_MEMORY;
    }
    *acceptor = (struct skeym_acceptor){
        .fd = fd, .stop_fd = eventfd(0, EFD_CLOEXEC), .take = take, .arg = arg};
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
    drop(acceptor);
}
