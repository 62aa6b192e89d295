/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that accepts. The HTTP library by itself takes ten new connections each time it has
 * served all that are ready, so that under a flood newcomers wait for seconds in the kernel's
 * queue, or find it full and try again a second later. Here all that wait are taken at once, and
 * whoever is to have no place is told so at once.
 */
#ifndef SKEYM_SERVER_ACCEPTOR_H
#define SKEYM_SERVER_ACCEPTOR_H

#include <skeym/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct skeym_acceptor; /* malloc'ed */

/* Takes a connection over, or closes it, on the acceptor's thread. It does not block. false: not
 * yet. Then it is asked again, every millisecond, in the order in which they came; but not of one
 * that was reset meanwhile. last: there is no room to wait, so it must not say so. */
typedef bool (*skeym_acceptor_take)(void *arg, int fd, const struct sockaddr *address,
                                    socklen_t size, bool last);
/* fd: listening, non-blocking; taken over unless there is an error. room: how many may wait.
 * Errors: SKEYM_ERR_MEMORY, SKEYM_ERR_IO. */
SKEYM_MUST_USE enum skeym_error skeym_acceptor_start(struct skeym_acceptor **out, int fd,
                                                     size_t room, skeym_acceptor_take take,
                                                     void *arg);
/* When it returns nothing is taken any more, and the socket is closed, as are those that wait. NULL
 * is fine. */
void skeym_acceptor_stop(struct skeym_acceptor *acceptor);

#endif
