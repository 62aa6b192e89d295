/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP/1.1 answer, from bytes: as much of it as a load generator looks at. */
#ifndef SKEYM_LOAD_ANSWER_H
#define SKEYM_LOAD_ANSWER_H

#include <skeym/span.h>

#define SKEYM_LOAD_HEAD_BYTES 65536 /* of an answer, at most */

/* Spans point into the input. */
struct skeym_load_answer {
    int status;
    struct skeym_span content_type;
    struct skeym_span next; /* SkeyM-Next */
    struct skeym_span body; /* in chunks: as sent, with the chunks' lines */
    uint32_t retry_after_s; /* 0: none */
    bool closes;            /* Connection: close */
    size_t size;            /* of all of it */
};

/* Reads one answer from the start of input. SKEYM_OK. SKEYM_ERR_TRUNCATED: more must come; *need
 * gets the bytes that it will have in all, or 0 when that is not known yet. SKEYM_ERR_SHAPE: no
 * such answer: not HTTP/1.x, a doubled or ill-formed Content-Length, neither a length nor chunks.
 * SKEYM_ERR_SIZE: a head that does not end within SKEYM_LOAD_HEAD_BYTES. */
SKEYM_MUST_USE enum skeym_error skeym_load_answer_read(struct skeym_load_answer *out, size_t *need,
                                                       struct skeym_span input);

#endif
