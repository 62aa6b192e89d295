/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may speak to a sidecar, and where it may listen. Pure but for the sockets of
 * skeym_connect_guard_listen.
 *
 * Behind a sidecar's listener stands a logged-in node, so whoever reaches it is that node. It
 * listens on this machine alone. A browser on this machine carries strangers: a page whose name was
 * pointed at 127.0.0.1 is told by its Host, a page from elsewhere by its Origin.
 */
#ifndef SKEYM_CONNECT_CONNECT_GUARD_H
#define SKEYM_CONNECT_CONNECT_GUARD_H

#include <netinet/in.h>
#include <skeym/span.h>
#include <sys/socket.h>
#include <sys/un.h>

struct skeym_connect_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } at;
    socklen_t size;
};

/* "127.0.0.1:8080" (any of 127.0.0.0/8), "[::1]:8080", "localhost:8080" (127.0.0.1), or
 * "unix:/path". Port 0: any. Errors: SKEYM_ERR_SHAPE, SKEYM_ERR_SIZE (the path is too long),
 * SKEYM_ERR_RANGE (port), SKEYM_ERR_PERMISSION (an address that is not this machine's own). */
SKEYM_MUST_USE enum skeym_error skeym_connect_guard_address(struct skeym_connect_address *out,
                                                            const char *text);
/* A listening socket; *out gets its real port. A Unix socket is made with mode 0600; one that
 * nobody listens on any more is replaced. Errors: SKEYM_ERR_EXISTS (in use, or the path is
 * something else), SKEYM_ERR_PERMISSION, SKEYM_ERR_MISSING (no such folder), SKEYM_ERR_IO. */
SKEYM_MUST_USE enum skeym_error skeym_connect_guard_listen(int *fd,
                                                           struct skeym_connect_address *address);
/* Removes a Unix socket; nothing else. */
void skeym_connect_guard_leave(const struct skeym_connect_address *address);

/* A Host field: a name of this machine's loopback, with any port or none. The port is not looked
 * at: a tunnel may have another. */
bool skeym_connect_guard_host(struct skeym_span host);
/* An Origin field: http or https on such a host. "null" is none. */
bool skeym_connect_guard_origin(struct skeym_span origin);
/* An Authorization field against the secret: "Bearer SECRET", the scheme in any case. Constant time
 * but for lengths. */
bool skeym_connect_guard_bearer(struct skeym_span authorization, struct skeym_span secret);

#endif
