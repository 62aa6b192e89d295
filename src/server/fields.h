/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a request's head that count, one by one as the HTTP library hands them over. */
#ifndef SKEYM_SERVER_FIELDS_H
#define SKEYM_SERVER_FIELDS_H

#include <skeym/span.h>

/* Zero-initialised is a head without fields. Spans are views of what was added. */
struct skeym_fields {
    struct skeym_span authorization, proof, content_type;
    uint64_t body_size;   /* Content-Length; 0 without one */
    unsigned seen;        /* which of the known fields there were */
    bool doubled;         /* one of them came twice */
    bool expects;         /* waits for "100 Continue" before it sends the body */
    bool body_announced;  /* a body may follow the head */
    bool framing_unclear; /* where the body ends cannot be said for sure: nothing may follow */
};

/* Names do not mind case. A name or value with a byte that HTTP does not allow, a Content-Length
 * that is no plain number or comes twice, and any Transfer-Encoding make the framing unclear. */
void skeym_fields_add(struct skeym_fields *fields, struct skeym_span name, struct skeym_span value);

#endif
