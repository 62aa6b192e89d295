/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP library, bound to requests: listener, threads, limits, TLS. */
#ifndef SKEYM_SERVER_LISTENER_H
#define SKEYM_SERVER_LISTENER_H

#include "server/service.h"

/* So many connections may be accepted and wait for their turn: each is an open file beside those of
 * the setting. */
enum { SKEYM_LISTENER_WAITING = 1024 };

/* A bound, listening socket. Errors: SKEYM_ERR_PERMISSION, SKEYM_ERR_EXISTS (the address is in
 * use), SKEYM_ERR_MISSING (it is no address of this machine), SKEYM_ERR_IO. *bound (may be NULL)
 * gets the address with its real port. */
SKEYM_MUST_USE enum skeym_error skeym_listener_listen(int *fd,
                                                      const struct sockaddr_storage *address,
                                                      struct sockaddr_storage *bound);

struct skeym_listener_tls {
    char *cert; /* PEM, NUL-terminated; NULL: no TLS */
    char *key;  /* SECRET */
};
/* Reads both files. Errors: SKEYM_ERR_MISSING, SKEYM_ERR_MODE (of the key), ... */
SKEYM_MUST_USE enum skeym_error skeym_listener_tls_load(struct skeym_listener_tls *out,
                                                        const struct skeym_conf *conf);
/* What is wrong with the certificate or its key, in words; NULL: nothing. now_s: the wall clock. */
const char *skeym_listener_tls_fault(const struct skeym_listener_tls *tls, uint64_t now_s);
void skeym_listener_tls_wipe(struct skeym_listener_tls *tls);

struct skeym_listener; /* malloc'ed */

/* Takes over the socket. TLS 1.3 alone is spoken when tls->cert is there. Errors: SKEYM_ERR_TLS,
 * SKEYM_ERR_IO, SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_listener_start(struct skeym_listener **out,
                                                     struct skeym_service *service, int fd,
                                                     const struct skeym_listener_tls *tls,
                                                     unsigned threads);
/* No new connections from here on; the open ones go on. */
void skeym_listener_quiesce(struct skeym_listener *listener);
/* No request may be suspended. NULL is fine. */
void skeym_listener_stop(struct skeym_listener *listener);

#endif
