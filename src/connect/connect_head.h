/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a client's request: which fields count, and what the server is to be asked. Pure. */
#ifndef SKEYM_CONNECT_CONNECT_HEAD_H
#define SKEYM_CONNECT_CONNECT_HEAD_H

#include "connect/connect_answer.h"
#include <skeym/exchange.h>

enum skeym_connect_field {
    SKEYM_CONNECT_ACCEPT, /* a list that may come in several lines: then it asks for nothing */
    SKEYM_CONNECT_AUTHORIZATION,
    SKEYM_CONNECT_CONTENT_LENGTH,
    SKEYM_CONNECT_CONTENT_TYPE,
    SKEYM_CONNECT_EXPECT,
    SKEYM_CONNECT_HOST,
    SKEYM_CONNECT_IDEMPOTENCY_KEY,
    SKEYM_CONNECT_IF_MATCH,
    SKEYM_CONNECT_IF_NONE_EXIST,
    SKEYM_CONNECT_IF_NONE_MATCH, /* like Accept */
    SKEYM_CONNECT_IF_UNMODIFIED_SINCE,
    SKEYM_CONNECT_ORIGIN,
    SKEYM_CONNECT_PREFER, /* like Accept */
    SKEYM_CONNECT_SEC_FETCH_SITE,
    SKEYM_CONNECT_TRANSFER_ENCODING,
    SKEYM_CONNECT_FIELDS
};
/* Zero-initialised is a head without fields. */
struct skeym_connect_head {
    struct skeym_span method, target;
    struct skeym_span field[SKEYM_CONNECT_FIELDS];
    bool seen[SKEYM_CONNECT_FIELDS];
    bool doubled; /* one of them came twice */
    bool odd;     /* a field's name is none: "Content-Length " */
};
/* Names do not mind case; other fields are let go. The spans are kept, not copied. */
void skeym_connect_head_add(struct skeym_connect_head *head, struct skeym_span name,
                            struct skeym_span value);
/* A body may follow. *size: what is announced, 0 when that is not known. */
bool skeym_connect_head_body(const struct skeym_connect_head *head, uint64_t *size);
/* The end of its body is where we see it: it has no transfer coding but "chunked". */
bool skeym_connect_head_coded(const struct skeym_connect_head *head);
/* Somebody who passed it on may see the end of its body elsewhere (RFC 9112, 6.3 and 11.2): what
 * follows on its connection is not to be read as a request. So is a write without a length, which a
 * folded Content-Length is to the library. */
bool skeym_connect_head_doubtful(const struct skeym_connect_head *head);

/* May this head come in at all, and is it something that a sidecar carries? In the order: form,
 * host, origin, secret, method, target, fields. false: *refusal says why. */
bool skeym_connect_head_check(const struct skeym_connect_head *head, struct skeym_span bearer,
                              struct skeym_connect_refusal *refusal);

/* What the server is asked: a read, or a write with a key, so that a second time does no harm. */
struct skeym_connect_asked {
    struct skeym_closed closed;        /* its spans: the head's, the body's, or in here */
    bool created;                      /* a Location is wanted */
    char key[SKEYM_KEY_CHARS + 1];     /* a write's; empty for others */
    char base[SKEYM_FIELD_BYTES + 16]; /* of links, as the client wrote our name */
};
/* After skeym_connect_head_check. random: for a key, when the client has none; base: for a client
 * that names no host. *out does not move: it points into itself. */
void skeym_connect_head_ask(struct skeym_connect_asked *out, const struct skeym_connect_head *head,
                            struct skeym_span body, const uint8_t random[16], const char *base);

#endif
