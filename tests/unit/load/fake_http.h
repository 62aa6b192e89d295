/* SPDX-License-Identifier: Apache-2.0 */
/* From the bytes that a script writes to the fake server of the node's tests, and back. */
#ifndef SKEYM_TESTS_FAKE_HTTP_H
#define SKEYM_TESTS_FAKE_HTTP_H

#include "load/load.h"
#include "unit/node/fake_server.h"

/* Sets the server's clock, and its epoch keys by it. */
static inline void fake_now(struct fake_server *fake, uint64_t now_ms)
{
    struct skeym_epoch_key epoch = {.epoch = skeym_epoch_at(now_ms, SKEYM_EPOCH_SECONDS) - 1};
    struct skeym_name audience = fake->audience.audience;
    fake->wall_ms = now_ms;
    fake_key(epoch.key, 4);
    assert_int_equal(skeym_audience_keys_derive(&fake->audience, &epoch, &audience), SKEYM_OK);
}

/* The value of a field of a request, NUL-terminated; NULL when there is none. */
static inline const char *fake_field(char out[2048], const char *head, const char *name)
{
    const char *at = strstr(head, name);
    if (!at) {
        return NULL;
    }
    at += strlen(name);
    (void)snprintf(out, 2048, "%.*s", (int)strcspn(at, "\r"), at);
    return out;
}

/* Has the fake server answer a request as it was written for the wire, and the script judge. */
static inline struct skeym_load_verdict fake_http(struct fake_server *fake,
                                                  const struct skeym_load_script *script,
                                                  void *lane, const char *request, size_t size)
{
    static char target[256], type[2048], authorization[2048], proof[2048], length[2048];
    const char *end = strstr(request, "\r\n\r\n");
    assert_non_null(end);
    struct skeym_span body = skeym_span(end + 4, size - (size_t)(end + 4 - request));
    (void)snprintf(target, sizeof target, "%.*s", (int)strcspn(request + 5, " "), request + 5);
    assert_non_null(fake_field(length, request, "Content-Length: "));
    assert_int_equal(strtoul(length, NULL, 10), body.size);
    const struct skeym_wire_request wire = {
        .method = "POST",
        .target = target,
        .content_type = fake_field(type, request, "Content-Type: "),
        .authorization = fake_field(authorization, request, "Authorization: "),
        .proof = fake_field(proof, request, "SkeyM-Proof: "),
        .body = body,
    };
    struct skeym_wire_answer answer = {0};
    enum skeym_error error = fake_send(fake, &wire, &answer);
    const struct skeym_load_answer read = {
        .status = answer.status,
        .content_type = skeym_span_text(answer.content_type),
        .next = skeym_span_text(answer.next),
        .retry_after_s = answer.retry_after_s,
        .body = skeym_span(answer.body, answer.body_size),
    };
    enum skeym_load_outcome lost = answer.unsent                ? SKEYM_LOAD_UNSENT
                                   : error == SKEYM_ERR_TIMEOUT ? SKEYM_LOAD_TIMEOUT
                                                                : SKEYM_LOAD_LOST;
    struct skeym_load_verdict verdict =
        script->take(lane, error ? NULL : &read, error ? lost : SKEYM_LOAD_OK);
    free(answer.body);
    return verdict;
}

#endif
