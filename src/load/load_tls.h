/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.3 on the generator's connections, by OpenSSL. Certificates are always checked. */
#ifndef SKEYM_LOAD_TLS_H
#define SKEYM_LOAD_TLS_H

#include "load/load_target.h"
#include <sys/types.h>

struct skeym_load_tls;        /* for all connections of a run, also of several threads */
struct skeym_load_tls_socket; /* of one connection */

/* ca: a PEM file of whom to trust; NULL: whom the system trusts. The server's certificate must name
 * the target's host. Errors: SKEYM_ERR_IO (the file), SKEYM_ERR_MEMORY, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_load_tls_open(struct skeym_load_tls **out, const char *ca,
                                                    const struct skeym_load_target *target);
/* NULL is fine, here and below. */
void skeym_load_tls_close(struct skeym_load_tls *tls);

/* On a descriptor that stays the caller's. NULL: no memory. The handshake is made by the first
 * calls of send. */
struct skeym_load_tls_socket *skeym_load_tls_attach(struct skeym_load_tls *tls, int fd);
void skeym_load_tls_detach(struct skeym_load_tls_socket *socket);

/* As send and recv of a non-blocking socket: -1 with errno EAGAIN when the network has to do
 * something first. Other failures are EPROTO. SIGPIPE must be ignored. */
ssize_t skeym_load_tls_send(struct skeym_load_tls_socket *socket, const void *data, size_t size);
ssize_t skeym_load_tls_recv(struct skeym_load_tls_socket *socket, void *data, size_t room);
/* Whether more may be had without the network. */
bool skeym_load_tls_more(const struct skeym_load_tls_socket *socket);
/* What went wrong, for people; NULL: nothing did. */
const char *skeym_load_tls_why(const struct skeym_load_tls_socket *socket);

#endif
