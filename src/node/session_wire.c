/* SPDX-License-Identifier: Apache-2.0 */
#include "node/session_wire.h"
#include "crypto/crypto.h"
#include <stdlib.h>
#include <string.h>

static enum skeym_error copy_text(char *out, size_t room, struct skeym_span text)
{
    if (text.size >= room) {
        return SKEYM_ERR_SIZE;
    }
    if (text.size > 0) {
        memcpy(out, text.data, text.size);
    }
    out[text.size] = 0;
    return SKEYM_OK;
}

static enum skeym_error seal(struct skeym_session_wire *out, const char *cty,
                             struct skeym_span plain, const uint8_t iv[SKEYM_SESSION_WIRE_IV])
{
    size_t room = skeym_jwe_chars(strlen(cty), SKEYM_JWE_STATUS_NONE, plain.size);
    out->body = malloc(room);
    if (!out->body) {
        return SKEYM_ERR_MEMORY;
    }
    size_t size = 0;
    enum skeym_error error =
        skeym_jwe_seal((struct skeym_room){out->body, room}, &size, out->keys.request, iv,
                       SKEYM_JWE_STATUS_NONE, skeym_span_text(cty), plain);
    out->request.body = skeym_span(out->body, size);
    out->request.content_type = SKEYM_JOSE_TYPE;
    return error;
}

static enum skeym_error seal_closed(struct skeym_session_wire *out,
                                    const struct skeym_closed *request,
                                    const uint8_t iv[SKEYM_SESSION_WIRE_IV])
{
    if (request->body.size > SIZE_MAX / 4) {
        return SKEYM_ERR_SIZE;
    }
    size_t room = request->body.size + SKEYM_METHOD_BYTES + SKEYM_TARGET_BYTES +
                  (size_t)4 * (SKEYM_FIELD_BYTES + 32) + 8;
    uint8_t *plain = malloc(room);
    if (!plain) {
        return SKEYM_ERR_MEMORY;
    }
    struct skeym_writer writer = skeym_writer((struct skeym_room){plain, room});
    skeym_closed_write(&writer, request);
    enum skeym_error error = SKEYM_ERR_SHAPE;
    if (skeym_writer_end(&writer) == SKEYM_OK) {
        error = seal(out, SKEYM_CLOSED_TYPE, skeym_written(&writer), iv);
    }
    skeym_crypto_wipe(plain, room);
    free(plain);
    memcpy(out->method, "POST", sizeof "POST");
    memcpy(out->target, SKEYM_EXCHANGE_PATH, sizeof SKEYM_EXCHANGE_PATH);
    return error;
}

static enum skeym_error seal_open_form(struct skeym_session_wire *out,
                                       const struct skeym_closed *request,
                                       const uint8_t iv[SKEYM_SESSION_WIRE_IV])
{
    if (request->if_none_exist.size > 0 || request->prefer.size > 0 ||
        request->idempotency_key.size > 0) {
        return SKEYM_ERR_UNSUPPORTED; /* nothing would protect them */
    }
    enum skeym_error error = copy_text(out->method, sizeof out->method, request->method);
    if (error == SKEYM_OK) {
        error = copy_text(out->target, sizeof out->target, request->target);
    }
    if (error != SKEYM_OK || request->body.size == 0) {
        return error;
    }
    char cty[SKEYM_CTY_BYTES + 1];
    error = copy_text(cty, sizeof cty, request->content_type);
    return error == SKEYM_OK ? seal(out, cty, request->body, iv) : error;
}

static enum skeym_error sign(struct skeym_session_wire *out)
{
    uint8_t proof[SKEYM_PROOF_BYTES];
    struct skeym_exchange_request covered = {
        .method = skeym_span_text(out->method),
        .target = skeym_span_text(out->target),
        .content_type = skeym_span_text(out->request.content_type),
        .body = out->request.body,
    };
    enum skeym_error error = skeym_exchange_proof(proof, out->keys.proof, &covered);
    if (error == SKEYM_OK) {
        struct skeym_room room = {(uint8_t *)out->proof, SKEYM_PROOF_CHARS};
        struct skeym_writer writer = skeym_writer(room);
        skeym_base64url_write(&writer, skeym_span(proof, sizeof proof));
        error = skeym_writer_end(&writer);
    }
    skeym_crypto_wipe(proof, sizeof proof);
    return error;
}

enum skeym_error skeym_session_wire_seal(struct skeym_session_wire *out,
                                         const struct skeym_closed *request,
                                         const struct skeym_session_lane *lane, bool open_form,
                                         const uint8_t iv[SKEYM_SESSION_WIRE_IV])
{
    memset(out, 0, sizeof *out);
    enum skeym_error error = skeym_exchange_derive(&out->keys, lane->secret);
    if (error == SKEYM_OK) {
        error = open_form ? seal_open_form(out, request, iv) : seal_closed(out, request, iv);
    }
    if (error == SKEYM_OK) {
        error = sign(out);
    }
    if (error == SKEYM_OK) {
        struct skeym_room room = {(uint8_t *)out->authorization, sizeof out->authorization - 1};
        struct skeym_writer writer = skeym_writer(room);
        skeym_write_text(&writer, "SkeyM ");
        skeym_write_text(&writer, lane->token);
        error = skeym_writer_end(&writer);
    }
    out->request.method = out->method;
    out->request.target = out->target;
    out->request.authorization = out->authorization;
    out->request.proof = out->proof;
    if (error != SKEYM_OK) {
        skeym_session_wire_wipe(out);
    }
    return error;
}

void skeym_session_wire_wipe(struct skeym_session_wire *wire)
{
    free(wire->body); /* ciphertext */
    skeym_crypto_wipe(wire, sizeof *wire);
}

enum skeym_error skeym_session_wire_open(struct skeym_session_answer *out,
                                         const struct skeym_exchange_keys *keys,
                                         const struct skeym_wire_answer *wire)
{
    memset(out, 0, sizeof *out);
    if (!skeym_span_is(skeym_span_text(wire->content_type), SKEYM_JOSE_TYPE)) {
        return SKEYM_ERR_SEAL;
    }
    struct skeym_span text = skeym_span(wire->body, wire->body_size);
    size_t room = SKEYM_BASE64URL_BYTES(text.size) + 1;
    uint8_t *plain = malloc(room);
    if (!plain) {
        return SKEYM_ERR_MEMORY;
    }
    struct skeym_jwe info;
    enum skeym_error error =
        skeym_jwe_open((struct skeym_room){plain, room}, &info, keys->answer, true, text);
    if (error != SKEYM_OK || info.status != wire->status) {
        skeym_crypto_wipe(plain, room);
        free(plain);
        return SKEYM_ERR_SEAL;
    }
    plain[info.size] = 0;
    out->status = info.status;
    out->sealed = true;
    memcpy(out->cty, info.cty, info.cty_size);
    out->retry_after_s = wire->retry_after_s;
    out->body = plain;
    out->body_size = info.size;
    return SKEYM_OK;
}

void skeym_session_wire_next(struct skeym_session_lane *lane, const struct skeym_session_wire *wire,
                             const struct skeym_wire_answer *answer, uint64_t sent_ms)
{
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t size = 0;
    size_t length = answer ? strlen(answer->next) : 0;
    if (length == 0 || skeym_base64url_read((struct skeym_room){token, sizeof token}, &size,
                                            skeym_span(answer->next, length)) != SKEYM_OK) {
        skeym_crypto_wipe(lane, sizeof *lane);
        return;
    }
    memcpy(lane->secret, wire->keys.next, sizeof lane->secret);
    memcpy(lane->token, answer->next, length + 1);
    lane->born_ms = sent_ms;
}

enum skeym_error skeym_session_wire_refusal(int status, enum skeym_error otherwise)
{
    static const struct {
        int status;
        enum skeym_error error;
    } table[] = {
        {401, SKEYM_ERR_PERMISSION}, {413, SKEYM_ERR_SIZE}, {429, SKEYM_ERR_RATE},
        {431, SKEYM_ERR_SIZE},       {503, SKEYM_ERR_BUSY},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].status == status) {
            return table[i].error;
        }
    }
    return status >= 500 ? SKEYM_ERR_NETWORK : otherwise;
}
