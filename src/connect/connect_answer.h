/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sidecar says to its client besides the body: fields that the sealed answer has no room
 * for, made from the resource itself, and refusals of its own. Pure.
 */
#ifndef SKEYM_CONNECT_CONNECT_ANSWER_H
#define SKEYM_CONNECT_CONNECT_ANSWER_H

#include <skeym/span.h>

enum { SKEYM_CONNECT_OUTCOME_BYTES = 512 };

/* Texts with a NUL; empty: there is no such field. */
struct skeym_connect_fields {
    char etag[72];     /* W/"3" */
    char modified[32]; /* Sun, 22 Nov 2026 20:28:34 GMT */
    char location[512];
};
/* Of a resource in an answer. created: the request made it or found it, so Location is wanted;
 * base: where links begin. Of a Bundle or an OperationOutcome: nothing. */
void skeym_connect_answer_fields(struct skeym_connect_fields *out, struct skeym_span body,
                                 bool created, const char *base);
/* Whether an If-None-Match field has this ETag, or "*". Weakly compared (RFC 9110, 8.8.3.2). */
bool skeym_connect_answer_matches(struct skeym_span if_none_match, const char *etag);

/* Cuts off what is before c; *rest is what is behind it. */
struct skeym_span skeym_connect_answer_part(struct skeym_span *rest, char c);
/* Whether a Prefer field (RFC 7240) wants no body back: return=minimal. */
bool skeym_connect_answer_minimal(struct skeym_span prefer);

/* What an error of ours is to the client: a status and an OperationOutcome. */
struct skeym_connect_refusal {
    int status;
    const char *code; /* FHIR's issue-type */
    const char *text;
};
/* Of a request that brought no answer; maybe: it may have been executed. */
struct skeym_connect_refusal skeym_connect_answer_refusal(enum skeym_error error, bool maybe);
/* An OperationOutcome; what does not fit is cut at its end. Returns its size. */
size_t skeym_connect_answer_outcome(char out[SKEYM_CONNECT_OUTCOME_BYTES],
                                    const struct skeym_connect_refusal *refusal);

#endif
