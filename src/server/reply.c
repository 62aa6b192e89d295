/* SPDX-License-Identifier: Apache-2.0 */
#include "server/reply.h"

#include "crypto/crypto.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTCOME(code, text)                                                                        \
    "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\",\"code\":\"" code   \
    "\",\"diagnostics\":\"" text "\"}]}"
#define FHIR_TYPE "application/fhir+json"

static const struct refusal {
    int status;
    const char *body;
} refusals[] = {
    {401, OUTCOME("login", "not admitted")},     {413, OUTCOME("too-long", "too large")},
    {429, OUTCOME("throttled", "try later")},    {431, OUTCOME("too-long", "too large")},
    {500, OUTCOME("exception", "server error")}, {503, OUTCOME("transient", "try later")},
};

/* The library takes what it only reads as if it wrote it. */
static void *plain(const char *text)
{
    void *pointer;
    memcpy(&pointer, &text, sizeof pointer);
    return pointer;
}

static const struct refusal *find(int status)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].status == status) {
            return &refusals[i];
        }
    }
    return &refusals[0];
}

static bool add(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

/* Queues and lets go of the response. */
static enum MHD_Result queue(struct skeym_service *service, struct MHD_Connection *connection,
                             int status, struct MHD_Response *response, bool good)
{
    enum MHD_Result result = MHD_NO;
    if (good && add(response, "Cache-Control", "no-store")) {
        result = MHD_queue_response(connection, (unsigned)status, response);
    }
    MHD_destroy_response(response);
    if (result == MHD_YES) {
        skeym_metrics_status(&service->metrics, status);
    }
    return result;
}

enum MHD_Result skeym_reply_refuse(struct skeym_service *service, struct MHD_Connection *connection,
                                   int status, uint32_t retry_s, bool last)
{
    const struct refusal *refusal = find(status);
    char retry[16];
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(refusal->body), plain(refusal->body), MHD_RESPMEM_PERSISTENT);
    if (!response) {
        return MHD_NO;
    }
    bool good = add(response, "Content-Type", FHIR_TYPE);
    if (refusal->status == 401) {
        good = good && add(response, "WWW-Authenticate", "SkeyM");
    }
    if (retry_s) {
        (void)snprintf(retry, sizeof retry, "%u", (unsigned)retry_s);
        good = good && add(response, "Retry-After", retry);
    }
    if (last) {
        good = good && add(response, "Connection", "close");
    }
    return queue(service, connection, refusal->status, response, good);
}

enum MHD_Result skeym_reply_bytes(struct skeym_service *service, struct MHD_Connection *connection,
                                  int status, const char *content_type, uint8_t *data, size_t size,
                                  const char *next)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, data, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(data);
        return MHD_NO;
    }
    bool good = add(response, "Content-Type", content_type);
    if (next[0] != '\0') {
        good = good && add(response, "SkeyM-Next", next);
    }
    if (atomic_load(&service->stopping)) {
        good = good && add(response, "Connection", "close");
    }
    return queue(service, connection, status, response, good);
}

/* The lane's next token as text, NUL-terminated; empty at the end of the chain. */
static enum skeym_error next_token(char out[SKEYM_TOKEN_CHARS + 1], struct skeym_service *service,
                                   const struct skeym_admission *admission, uint64_t now_ms,
                                   const uint8_t nonce[SKEYM_NONCE_BYTES])
{
    size_t size = 0;
    struct skeym_room room = {(uint8_t *)out, SKEYM_TOKEN_CHARS};
    skeym_state_hold(service->state);
    enum skeym_error error =
        skeym_admit_next(room, &size, admission, skeym_state_gate(service->state),
                         (uint8_t)service->conf->token_lifetime, nonce, now_ms);
    skeym_state_release(service->state);
    out[error ? 0 : size] = '\0';
    if (!error && size == 0) {
        skeym_metrics_add(&service->metrics, SKEYM_COUNT_LAST_TOKEN, 1);
    }
    return error;
}

enum MHD_Result skeym_reply_sealed(struct skeym_service *service, struct MHD_Connection *connection,
                                   const struct skeym_admission *admission, uint64_t now_ms,
                                   int status, const char *content_type, struct skeym_span body)
{
    struct {
        uint8_t iv[SKEYM_IV_BYTES];
        uint8_t nonce[SKEYM_NONCE_BYTES];
    } fresh;
    char next[SKEYM_TOKEN_CHARS + 1];
    struct skeym_span cty = skeym_span_text(content_type);
    size_t size = skeym_jwe_chars(cty.size, status, body.size);
    uint8_t *sealed = malloc(size ? size : 1);
    enum skeym_error error = sealed ? skeym_crypto_nonce(&fresh, sizeof fresh) : SKEYM_ERR_MEMORY;
    if (!error) {
        error = next_token(next, service, admission, now_ms, fresh.nonce);
    }
    if (!error) {
        error = skeym_jwe_seal((struct skeym_room){sealed, size}, &size, admission->keys.answer,
                               fresh.iv, status, cty, body);
    }
    if (error) {
        free(sealed);
        skeym_log_write_flood(service->log, SKEYM_LOG_PROVEN, SKEYM_LOG_ERROR, "answer-failed",
                              SKEYM_LOG_FIELDS(skeym_log_reason(error)));
        return skeym_reply_refuse(service, connection, 500, 0, true);
    }
    skeym_metrics_add(&service->metrics, SKEYM_COUNT_SEALED_OUT, body.size);
    return skeym_reply_bytes(service, connection, status, SKEYM_JOSE_TYPE, sealed, size, next);
}
