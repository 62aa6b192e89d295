/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/stand.h"
#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

static const char audience[] = "inspect.example";

static enum skeym_error open_gate(struct skeym_stand *stand, size_t slots)
{
    size_t size = skeym_used_bytes(slots);
    stand->memory = size ? aligned_alloc(64, size) : NULL;
    if (!stand->memory) {
        return SKEYM_ERR_MEMORY;
    }
    memset(stand->memory, 0, size);
    stand->revoked_entry.generation = 1;
    enum skeym_error error =
        skeym_name_node(&stand->revoked_entry.id, skeym_span_text("revoked-1"));
    stand->revoked = (struct skeym_revoked){&stand->revoked_entry, 1};
    stand->gate = (struct skeym_gate){
        .keys = &stand->keys,
        .revoked = &stand->revoked,
        .used = skeym_used_init(stand->memory, slots),
        .body_max = 65536,
    };
    return error == SKEYM_OK
               ? skeym_crypto_random(&stand->gate.instance, sizeof stand->gate.instance)
               : error;
}

enum skeym_error skeym_stand_open(struct skeym_stand *stand, size_t slots, uint64_t now_ms)
{
    struct skeym_name name;
    memset(stand, 0, sizeof *stand);
    stand->epoch_key.epoch = skeym_epoch_at(now_ms, SKEYM_EPOCH_SECONDS) - 1;
    enum skeym_error error = skeym_name_audience(&name, skeym_span_text(audience));
    if (error == SKEYM_OK) {
        error = skeym_crypto_random(stand->epoch_key.key, sizeof stand->epoch_key.key);
    }
    if (error == SKEYM_OK) {
        error = skeym_audience_keys_derive(&stand->keys, &stand->epoch_key, &name);
    }
    if (error == SKEYM_OK) {
        error = open_gate(stand, slots);
    }
    if (error == SKEYM_OK) {
        skeym_stand_tick(stand, now_ms);
    }
    return error;
}

void skeym_stand_close(struct skeym_stand *stand)
{
    free(stand->memory);
    skeym_crypto_wipe(stand, sizeof *stand);
}

void skeym_stand_tick(struct skeym_stand *stand, uint64_t now_ms)
{
    stand->now_ms = now_ms;
    skeym_used_tick(stand->gate.used, now_ms);
}

/* --- requests ---------------------------------------------------------------- */

enum skeym_error skeym_stand_write_token(struct skeym_stand_request *request)
{
    struct skeym_room room = {(uint8_t *)request->authorization, sizeof request->authorization};
    struct skeym_writer writer = skeym_writer(room);
    skeym_write_text(&writer, "SkeyM ");
    skeym_base64url_write(&writer, skeym_span(request->token, request->token_size));
    request->head.authorization = skeym_written(&writer);
    return writer.bad ? SKEYM_ERR_SPACE : SKEYM_OK;
}

enum skeym_error skeym_stand_mint(struct skeym_stand_request *request,
                                  const struct skeym_audience_keys *keys)
{
    uint8_t nonce[SKEYM_NONCE_BYTES];
    enum skeym_error error = skeym_crypto_random(nonce, sizeof nonce);
    if (error == SKEYM_OK) {
        error = skeym_token_mint((struct skeym_room){request->token, sizeof request->token},
                                 &request->token_size, keys, &request->claims, nonce);
    }
    return error == SKEYM_OK ? skeym_stand_write_token(request) : error;
}

enum skeym_error skeym_stand_prove(struct skeym_stand_request *request)
{
    const struct skeym_exchange_request parts = {request->head.method, request->head.target,
                                                 request->head.content_type, request->content};
    uint8_t proof[SKEYM_PROOF_BYTES];
    struct skeym_room room = {(uint8_t *)request->proof, sizeof request->proof};
    struct skeym_writer writer = skeym_writer(room);
    enum skeym_error error = skeym_exchange_proof(proof, request->keys.proof, &parts);
    if (error == SKEYM_OK) {
        skeym_base64url_write(&writer, skeym_span(proof, sizeof proof));
        request->head.proof = skeym_written(&writer);
    }
    return error;
}

static enum skeym_error fill_claims(const struct skeym_stand *stand,
                                    struct skeym_token_claims *claims)
{
    memset(claims, 0, sizeof *claims);
    claims->issued_ms = stand->now_ms;
    claims->lifetime_s = 30;
    claims->login_s = (uint32_t)(stand->now_ms / 1000);
    claims->deadline_s = claims->login_s + 3600;
    claims->instance = stand->gate.instance;
    claims->generation = 1;
    claims->role = SKEYM_ROLE_DOCTOR;
    claims->scopes.count = 1;
    enum skeym_error error = skeym_name_node(&claims->id, skeym_span_text("inspect-1"));
    if (error == SKEYM_OK) {
        error = skeym_scope_parse(&claims->scopes.at[0], skeym_span_text("user/Observation.rs"));
    }
    return error == SKEYM_OK ? skeym_crypto_random(claims->secret, sizeof claims->secret) : error;
}

enum skeym_error skeym_stand_request(const struct skeym_stand *stand,
                                     struct skeym_stand_request *request)
{
    memset(request, 0, sizeof *request);
    memset(request->body, 'A', sizeof request->body);
    request->content = skeym_span(request->body, sizeof request->body);
    request->head = (struct skeym_head){
        .method = skeym_span_text("POST"),
        .target = skeym_span_text(SKEYM_EXCHANGE_PATH),
        .content_type = skeym_span_text(SKEYM_JOSE_TYPE),
        .body_size = sizeof request->body,
    };
    enum skeym_error error = fill_claims(stand, &request->claims);
    if (error == SKEYM_OK) {
        error = skeym_exchange_derive(&request->keys, request->claims.secret);
    }
    if (error == SKEYM_OK) {
        error = skeym_stand_mint(request, &stand->keys);
    }
    return error == SKEYM_OK ? skeym_stand_prove(request) : error;
}

enum skeym_check skeym_stand_ask(const struct skeym_stand *stand,
                                 const struct skeym_stand_request *request)
{
    struct skeym_admission admission;
    enum skeym_error error =
        skeym_admit(&admission, &stand->gate, &request->head, request->content, stand->now_ms);
    enum skeym_check check = error == SKEYM_OK ? SKEYM_CHECK_COUNT : admission.check;
    skeym_admission_wipe(&admission);
    return check;
}
