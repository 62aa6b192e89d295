/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's transport over HTTP/1.1 (libcurl): one connection that is kept alive, TLS 1.3 or
 * newer with verification, no redirects, no cookies, no netrc, bounded answers.
 *
 * A request is sent once and never repeated in here, also not on a new connection after a kept one
 * was found dead: whether a second try is safe is the session's to know.
 */
#ifndef SKEYM_NODE_HTTP_H
#define SKEYM_NODE_HTTP_H

#include "node/session.h"

#define SKEYM_HTTP_ANSWER_MAX ((size_t)32 * 1024 * 1024) /* bytes of an answer's body */
#define SKEYM_HTTP_TIMEOUT_MS 30000

struct skeym_http_options {
    const char *server;     /* "https://host[:port]", copied; nothing after the port but a "/" */
    const char *ca_file;    /* PEM; trusted instead of the system's; NULL: the system's */
    bool plaintext_network; /* allow http:// to a host that is not loopback */
    bool proxy_from_env;    /* heed https_proxy and the like; else no proxy */
    uint32_t timeout_ms;    /* of a whole exchange; 0: SKEYM_HTTP_TIMEOUT_MS */
    size_t answer_max;      /* bytes of a body; 0: SKEYM_HTTP_ANSWER_MAX */
};

struct skeym_http; /* for one thread at a time */

/* Pure: is this a server's address that we would talk to? SKEYM_ERR_SHAPE: no URL of the form
 * above. SKEYM_ERR_UNSUPPORTED: neither http nor https. SKEYM_ERR_TLS: http to a host that is not
 * loopback, and not allowed. */
SKEYM_MUST_USE enum skeym_error skeym_http_check(const char *server, bool plaintext_network);

/* Errors: those of skeym_http_check, SKEYM_ERR_MEMORY, SKEYM_ERR_NETWORK (libcurl does not start).
 */
SKEYM_MUST_USE enum skeym_error skeym_http_new(struct skeym_http **out,
                                               const struct skeym_http_options *options);
/* NULL is fine. */
void skeym_http_free(struct skeym_http *http);

/* A skeym_transport; arg is the struct skeym_http. Errors: SKEYM_ERR_CHARSET (a field that HTTP
 * cannot carry), SKEYM_ERR_NETWORK, SKEYM_ERR_TLS, SKEYM_ERR_TIMEOUT, SKEYM_ERR_SIZE (the answer
 * is too large), SKEYM_ERR_SHAPE (a field of the answer is doubled or ill-formed),
 * SKEYM_ERR_MEMORY. */
enum skeym_error skeym_http_send(void *arg, const struct skeym_wire_request *request,
                                 struct skeym_wire_answer *answer);
/* What libcurl said of the last exchange that failed, for people; "" when it said nothing. A peer
 * may have a hand in its words; all of them are printable ASCII. A view, valid until the next
 * exchange. */
const char *skeym_http_problem(const struct skeym_http *http);

#endif
