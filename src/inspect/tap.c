/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/tap.h"
#include <skeym/base64url.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void record(struct skeym_tap *tap, struct skeym_span bytes)
{
    if (!tap->record || bytes.size == 0) {
        return;
    }
    if (tap->traffic_room - tap->traffic_size < bytes.size + 2) {
        size_t room = (tap->traffic_room + bytes.size + 2) * 2;
        char *grown = realloc(tap->traffic, room);
        if (!grown) {
            return;
        }
        tap->traffic = grown;
        tap->traffic_room = room;
    }
    memcpy(tap->traffic + tap->traffic_size, bytes.data, bytes.size);
    tap->traffic_size += bytes.size;
    tap->traffic[tap->traffic_size++] = '\n';
    tap->traffic[tap->traffic_size] = 0;
}

/* An eavesdropper reads the JWE's header too: it is only encoded. */
static void record_jwe_header(struct skeym_tap *tap, struct skeym_span body)
{
    const uint8_t *dot = body.size ? memchr(body.data, '.', body.size) : NULL;
    uint8_t header[256];
    size_t size = 0;
    if (dot && skeym_base64url_read((struct skeym_room){header, sizeof header}, &size,
                                    skeym_span(body.data, (size_t)(dot - body.data))) == SKEYM_OK) {
        record(tap, skeym_span(header, size));
    }
}

static void record_request(struct skeym_tap *tap, const struct skeym_wire_request *request)
{
    const char *fields[] = {request->method, request->target, request->content_type,
                            request->authorization, request->proof};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        record(tap, skeym_span_text(fields[i]));
    }
    record(tap, request->body);
    record_jwe_header(tap, request->body);
}

static void record_answer(struct skeym_tap *tap, const struct skeym_wire_answer *answer)
{
    record(tap, skeym_span_text(answer->content_type));
    record(tap, skeym_span_text(answer->next));
    record(tap, skeym_span(answer->body, answer->body_size));
    record_jwe_header(tap, skeym_span(answer->body, answer->body_size));
}

enum skeym_error skeym_tap_send(void *arg, const struct skeym_wire_request *request,
                                struct skeym_wire_answer *answer)
{
    struct skeym_tap *tap = arg;
    memset(answer, 0, sizeof *answer);
    record_request(tap, request);
    if (tap->before && !tap->before(tap, request)) {
        tap->dropped++;
        return SKEYM_ERR_NETWORK;
    }
    tap->delivered++;
    enum skeym_error error = tap->inner(tap->inner_arg, request, answer);
    if (error == SKEYM_OK) {
        record_answer(tap, answer);
    }
    return error;
}

void skeym_tap_free(struct skeym_tap *tap)
{
    free(tap->traffic);
    tap->traffic = NULL;
    tap->traffic_size = tap->traffic_room = 0;
}

static bool copy_text(char **out, const char *text)
{
    *out = text ? strdup(text) : NULL;
    return !text || *out;
}

enum skeym_error skeym_tap_copy(struct skeym_tap_copy *out,
                                const struct skeym_wire_request *request)
{
    memset(out, 0, sizeof *out);
    size_t size = request->body.size;
    out->body = malloc(size + 1);
    bool ok = out->body && copy_text(&out->method, request->method) &&
              copy_text(&out->target, request->target) &&
              copy_text(&out->content_type, request->content_type) &&
              copy_text(&out->authorization, request->authorization) &&
              copy_text(&out->proof, request->proof);
    if (!ok) {
        skeym_tap_copy_free(out);
        return SKEYM_ERR_MEMORY;
    }
    if (size) {
        memcpy(out->body, request->body.data, size);
    }
    out->request = (struct skeym_wire_request){
        .method = out->method,
        .target = out->target,
        .content_type = out->content_type,
        .authorization = out->authorization,
        .proof = out->proof,
        .body = skeym_span(out->body, size),
    };
    return SKEYM_OK;
}

void skeym_tap_copy_free(struct skeym_tap_copy *copy)
{
    free(copy->method);
    free(copy->target);
    free(copy->content_type);
    free(copy->authorization);
    free(copy->proof);
    free(copy->body);
    memset(copy, 0, sizeof *copy);
}

bool skeym_tap_saw(const struct skeym_tap *tap, const char *needle)
{
    size_t size = strlen(needle);
    for (size_t i = 0; size > 0 && tap->traffic_size >= size && i <= tap->traffic_size - size;
         i++) {
        if (strncasecmp(tap->traffic + i, needle, size) == 0) {
            return true;
        }
    }
    return false;
}
