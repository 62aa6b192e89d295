/* SPDX-License-Identifier: Apache-2.0 */
#include "core/handshake.h"
#include "core/locator.h"
#include "crypto/crypto.h"
#include <string.h>

#define LABEL           "SkeyM/1 login"
#define TAG_BYTES       SKEYM_NOISE_TAG_BYTES
#define PAYLOAD_1_BYTES (6 + 1 + SKEYM_AUDIENCE_BYTES + 1 + SKEYM_SCOPES_BYTES + 1)
#define PAYLOAD_1_MIN   (6 + 1 + 1 + 1 + 1 + 1)
#define TOKEN_MIN       (SKEYM_TOKEN_HEAD + TAG_BYTES + 1)

enum answer_kind { ANSWER_GRANTED, ANSWER_CLOCK };

/* S_0 of a lane, from ck and h as they are just before payload 2 is encrypted. */
static enum skeym_error session_secret(uint8_t out[SKEYM_SECRET_BYTES], const uint8_t ck[32],
                                       const uint8_t h[32], uint8_t lane)
{
    const struct skeym_span info[] = {skeym_span_text("skeym/1 session"), skeym_span(h, 32),
                                      skeym_span(&lane, 1)};
    return skeym_crypto_hkdf_expand((struct skeym_room){out, SKEYM_SECRET_BYTES}, ck, info, 3);
}

/* --- the node's side: message 1 ------------------------------------------------ */

static enum skeym_error write_wish(struct skeym_writer *writer, const struct skeym_name *audience,
                                   const struct skeym_login_wish *wish)
{
    struct skeym_name checked;
    if (wish->lanes == 0 || wish->lanes > SKEYM_LANES_MAX ||
        skeym_name_audience(&checked, skeym_name_span(audience))) {
        return SKEYM_ERR_RANGE;
    }
    skeym_write_u48(writer, wish->time_ms);
    skeym_write_span8(writer, skeym_name_span(audience));
    skeym_write_u8(writer, wish->lanes);
    skeym_scopes_write(writer, &wish->scopes);
    skeym_write_span8(writer, (struct skeym_span){0}); /* no second factor in this version */
    return skeym_writer_end(writer) ? SKEYM_ERR_RANGE : SKEYM_OK;
}

enum skeym_error skeym_login_start(struct skeym_handshake *state, struct skeym_room out,
                                   size_t *size, const struct skeym_credentials *credentials,
                                   const struct skeym_login_wish *wish, const uint8_t ephemeral[32])
{
    uint8_t payload[PAYLOAD_1_BYTES];
    struct skeym_writer plain = skeym_writer((struct skeym_room){payload, sizeof payload});
    struct skeym_writer writer = skeym_writer(out);
    struct skeym_span locator = {credentials->locator, credentials->locator_size};
    enum skeym_error error = SKEYM_ERR_RANGE;
    *size = 0;
    *state = (struct skeym_handshake){0};
    if (locator.size < SKEYM_LOCATOR_MIN || locator.size > sizeof credentials->locator) {
        goto out;
    }
    error = write_wish(&plain, &credentials->audience, wish);
    if (error) {
        goto out;
    }
    const struct skeym_handshake_node node = {
        .label = LABEL,
        .opening = locator,
        .authority = credentials->authority,
        .private_key = credentials->private_key,
        .ephemeral = ephemeral,
        .psk = credentials->credential,
    };
    error = skeym_handshake_write_1(&writer, state, &node, skeym_written(&plain));
    state->lanes = wish->lanes;
out:
    if (error) {
        skeym_crypto_wipe(state, sizeof *state);
        skeym_crypto_wipe(out.data, out.room);
    } else {
        *size = writer.size;
    }
    return error;
}

/* --- the node's side: message 2 -------------------------------------------------- */

static enum skeym_error read_token(struct skeym_login_grant *out, struct skeym_reader *reader,
                                   uint8_t lane)
{
    struct skeym_span token = skeym_read_span16(reader);
    if (reader->bad) {
        return SKEYM_ERR_TRUNCATED;
    }
    if (token.size < TOKEN_MIN || token.size > sizeof out->lane[lane].token) {
        return SKEYM_ERR_RANGE;
    }
    memcpy(out->lane[lane].token, token.data, token.size);
    out->lane[lane].token_size = token.size;
    return SKEYM_OK;
}

static enum skeym_error read_locator(struct skeym_login_grant *out, struct skeym_reader *reader)
{
    struct skeym_span locator = skeym_read_span16(reader);
    uint8_t renewed = skeym_read_u8(reader);
    if (reader->bad) {
        return SKEYM_ERR_TRUNCATED;
    }
    if (locator.size < SKEYM_LOCATOR_MIN || locator.size > sizeof out->locator) {
        return SKEYM_ERR_RANGE;
    }
    memcpy(out->locator, locator.data, locator.size);
    out->locator_size = locator.size;
    if (renewed > 1) {
        return SKEYM_ERR_SHAPE;
    }
    out->renewed = renewed == 1;
    if (out->renewed) {
        skeym_read_bytes(reader, out->credential, sizeof out->credential);
    }
    return SKEYM_OK;
}

static enum skeym_error read_granted(struct skeym_login_grant *out, struct skeym_reader *reader,
                                     uint8_t lanes_wanted)
{
    out->server_ms = skeym_read_u48(reader);
    out->lifetime_s = skeym_read_u8(reader);
    out->deadline_s = skeym_read_u32(reader);
    enum skeym_error error = read_locator(out, reader);
    if (error) {
        return error;
    }
    out->lanes = skeym_read_u8(reader);
    if (reader->bad) {
        return SKEYM_ERR_TRUNCATED;
    }
    if (out->lifetime_s == 0 || out->lifetime_s > SKEYM_LIFETIME_MAX || out->lanes == 0 ||
        out->lanes > lanes_wanted || out->lanes > SKEYM_LANES_MAX) {
        return SKEYM_ERR_RANGE;
    }
    for (uint8_t lane = 0; lane < out->lanes && !error; lane++) {
        error = read_token(out, reader, lane);
    }
    return error;
}

static enum skeym_error read_payload_2(struct skeym_login_grant *out, struct skeym_span payload,
                                       uint8_t lanes_wanted)
{
    struct skeym_reader reader = skeym_reader(payload);
    uint8_t kind = skeym_read_u8(&reader);
    enum skeym_error error = SKEYM_OK;
    if (reader.bad) {
        return SKEYM_ERR_TRUNCATED;
    }
    if (kind == ANSWER_CLOCK) {
        out->clock_only = true;
        out->server_ms = skeym_read_u48(&reader);
    } else if (kind == ANSWER_GRANTED) {
        error = read_granted(out, &reader, lanes_wanted);
    } else {
        error = SKEYM_ERR_SHAPE;
    }
    return error ? error : skeym_reader_end(&reader);
}

/* Everything but the wiping. */
static enum skeym_error read_message_2(struct skeym_login_grant *out, struct skeym_room payload,
                                       struct skeym_handshake *state, struct skeym_span answer)
{
    uint8_t h[32];
    struct skeym_span plain;
    enum skeym_error error =
        skeym_handshake_read_2(&plain, payload, h, state, answer, SKEYM_LOGIN_ANSWER_BYTES);
    if (!error) {
        error = read_payload_2(out, plain, state->lanes);
    }
    for (uint8_t lane = 0; lane < out->lanes && !error; lane++) {
        error = session_secret(out->lane[lane].secret, state->ck, h, lane);
    }
    return error;
}

static enum skeym_error finish(struct skeym_login_grant *out, struct skeym_room payload,
                               struct skeym_handshake *state, struct skeym_span answer)
{
    memset(out, 0, sizeof *out);
    enum skeym_error error = read_message_2(out, payload, state, answer);
    if (error) {
        skeym_crypto_wipe(out, sizeof *out);
    }
    skeym_crypto_wipe(payload.data, payload.room); /* may hold a renewed C_i */
    skeym_crypto_wipe(state, sizeof *state);
    return error;
}

enum skeym_error skeym_login_finish(struct skeym_login_grant *out, struct skeym_handshake *state,
                                    struct skeym_span answer)
{
    uint8_t payload[SKEYM_LOGIN_ANSWER_BYTES];
    return finish(out, (struct skeym_room){payload, sizeof payload}, state, answer);
}

enum skeym_error skeym_login_finish_in_place(struct skeym_login_grant *out,
                                             struct skeym_handshake *state,
                                             struct skeym_room answer)
{
    size_t head = answer.room < SKEYM_NOISE_HEAD_2 ? answer.room : SKEYM_NOISE_HEAD_2;
    struct skeym_room payload = {answer.data + head, answer.room - head};
    return finish(out, payload, state, skeym_span(answer.data, answer.room));
}

/* --- the authority's side: message 1 ----------------------------------------------- */

/* SECRET out. An unknown id gets the current key, under which its locator does not open; so does
 * what is no locator. */
static void enrol_of(struct skeym_enrol_keys *out, const struct skeym_authority_keys *keys,
                     struct skeym_span locator)
{
    uint32_t id = 0;
    enum skeym_error error = skeym_locator_key(&id, locator);
    (void)error; /* after which the id is 0, which no key has */
    skeym_handshake_enrol(out, keys, id);
}

static enum skeym_error read_wish(struct skeym_login_request *out, struct skeym_span plain)
{
    struct skeym_reader reader = skeym_reader(plain);
    out->time_ms = skeym_read_u48(&reader);
    struct skeym_span audience = skeym_read_span8(&reader);
    out->lanes = skeym_read_u8(&reader);
    skeym_scopes_read(&reader, &out->scopes);
    struct skeym_span second_factor = skeym_read_span8(&reader);
    bool good = skeym_reader_end(&reader) == SKEYM_OK && second_factor.size == 0 &&
                out->lanes >= 1 && out->lanes <= SKEYM_LANES_MAX &&
                skeym_name_audience(&out->audience, audience) == SKEYM_OK;
    return good ? SKEYM_OK : SKEYM_ERR_SHAPE;
}

/* From the locator on there is one path, for what opens and what does not, up to where it is
 * decided on: no branch, no address, not one instruction more or less. What the claims say is read
 * after that. payload gets the opened one. */
static enum skeym_error read_message_1(struct skeym_login_request *out,
                                       const struct skeym_authority_keys *keys,
                                       const struct skeym_handshake_body *body,
                                       struct skeym_room payload)
{
    struct skeym_enrol_keys enrol;
    struct skeym_handshake *state = &out->state;
    uint8_t claims[SKEYM_NODE_CLAIMS_BYTES];
    uint8_t psk[SKEYM_SECRET_BYTES];
    size_t size = 0;
    enrol_of(&enrol, keys, body->opening);
    out->enrol_id = enrol.id;
    bool located = skeym_locator_unseal(claims, &size, &enrol, body->opening) == SKEYM_OK;
    /* What does not open is zeros: a decoy of its size, of a node that nobody is. */
    skeym_crypto_replace(claims, keys->identity_public, sizeof keys->identity_public, !located);
    enum skeym_error error = skeym_crypto_choose(located, SKEYM_OK, SKEYM_ERR_LOCATOR);
    error =
        skeym_crypto_first(error, skeym_locator_credential(psk, &enrol, skeym_span(claims, size)));
    skeym_handshake_begin(state, LABEL, body->opening, keys->identity_public);
    memcpy(state->static_key, keys->identity, sizeof state->static_key);
    memcpy(state->peer_static, claims, sizeof state->peer_static); /* they begin with it */
    error = skeym_crypto_first(error, skeym_noise_read_1(state, body->head, psk));
    error = skeym_crypto_first(error, skeym_noise_open(state, payload, body->sealed));
    skeym_crypto_wipe(psk, sizeof psk);
    skeym_crypto_wipe(&enrol, sizeof enrol);
    error = skeym_handshake_decide(error);
    if (!error && skeym_node_claims_read(&out->claims, skeym_span(claims, size))) {
        error = SKEYM_ERR_LOCATOR;
    }
    return error;
}

enum skeym_error skeym_login_read(struct skeym_login_request *out,
                                  const struct skeym_authority_keys *keys, struct skeym_span body)
{
    uint8_t payload[PAYLOAD_1_BYTES];
    struct skeym_handshake_body parts = {0};
    *out = (struct skeym_login_request){0};
    enum skeym_error error = skeym_handshake_split(&parts, body, PAYLOAD_1_MIN, PAYLOAD_1_BYTES);
    if (error) {
        return error;
    }
    error = read_message_1(out, keys, &parts, (struct skeym_room){payload, sizeof payload});
    if (!error) {
        error = read_wish(out, skeym_span(payload, parts.sealed.size - TAG_BYTES));
    }
    if (error) {
        skeym_crypto_wipe(out, sizeof *out);
    }
    return error;
}

/* --- the authority's side: message 2 ------------------------------------------------- */

/* Lifetime and scopes are checked where the tokens are made. */
static enum skeym_error check_terms(const struct skeym_login_request *request,
                                    const struct skeym_login_terms *terms)
{
    bool good = terms->lanes >= 1 && terms->lanes <= request->lanes &&
                terms->lanes <= SKEYM_LANES_MAX && terms->server_ms / 1000 <= UINT32_MAX &&
                terms->keys->enrol_count >= 1;
    return good ? SKEYM_OK : SKEYM_ERR_RANGE;
}

/* The same claims under a new nonce; under a new enrol key, their new C_i too. */
static enum skeym_error write_locator(struct skeym_writer *writer,
                                      const struct skeym_login_request *request,
                                      const struct skeym_login_terms *terms,
                                      const struct skeym_login_random *fresh)
{
    const struct skeym_enrol_keys *enrol = skeym_handshake_current(terms->keys);
    uint8_t locator[SKEYM_LOCATOR_BYTES];
    uint8_t credential[SKEYM_SECRET_BYTES];
    size_t size;
    enum skeym_error error = skeym_locator_seal((struct skeym_room){locator, sizeof locator}, &size,
                                                enrol, &request->claims, fresh->locator_nonce);
    skeym_write_span16(writer, skeym_span(locator, size));
    bool renewed = request->enrol_id != enrol->id;
    skeym_write_u8(writer, renewed);
    if (renewed && !error) {
        error = skeym_credential(credential, enrol, &request->claims);
        skeym_write_span(writer, skeym_span(credential, sizeof credential));
        skeym_crypto_wipe(credential, sizeof credential);
    }
    return error;
}

static enum skeym_error write_token(struct skeym_writer *writer,
                                    const struct skeym_login_request *request,
                                    const struct skeym_login_terms *terms,
                                    const struct skeym_login_random *fresh, uint8_t lane)
{
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t size = 0;
    struct skeym_token_claims claims = {
        .issued_ms = terms->server_ms,
        .lifetime_s = terms->lifetime_s,
        .login_s = (uint32_t)(terms->server_ms / 1000),
        .deadline_s = terms->deadline_s,
        .lane = lane,
        .instance = terms->instance,
        .generation = request->claims.generation,
        .role = request->claims.role,
        .id = request->claims.id,
        .scopes = terms->scopes,
    };
    enum skeym_error error =
        session_secret(claims.secret, request->state.ck, request->state.h, lane);
    if (!error) {
        error = skeym_token_mint((struct skeym_room){token, sizeof token}, &size, terms->audience,
                                 &claims, fresh->token_nonce[lane]);
    }
    skeym_write_span16(writer, skeym_span(token, size));
    skeym_crypto_wipe(&claims, sizeof claims);
    return error;
}

static enum skeym_error write_granted(struct skeym_writer *writer,
                                      const struct skeym_login_request *request,
                                      const struct skeym_login_terms *terms,
                                      const struct skeym_login_random *fresh)
{
    skeym_write_u8(writer, ANSWER_GRANTED);
    skeym_write_u48(writer, terms->server_ms);
    skeym_write_u8(writer, terms->lifetime_s);
    skeym_write_u32(writer, terms->deadline_s);
    enum skeym_error error = write_locator(writer, request, terms, fresh);
    skeym_write_u8(writer, terms->lanes);
    for (uint8_t lane = 0; lane < terms->lanes && !error; lane++) {
        error = write_token(writer, request, terms, fresh, lane);
    }
    return error;
}

/* Seals the payload and wipes the request. */
static enum skeym_error end_answer(enum skeym_error error, struct skeym_room out, size_t *size,
                                   struct skeym_login_request *request,
                                   const struct skeym_writer *writer)
{
    error = skeym_handshake_answered(error, out, size, &request->state, writer);
    skeym_crypto_wipe(request, sizeof *request);
    return error;
}

enum skeym_error skeym_login_answer(struct skeym_room out, size_t *size,
                                    struct skeym_login_request *request,
                                    const struct skeym_login_terms *terms,
                                    struct skeym_login_random *random)
{
    struct skeym_writer writer = {0};
    *size = 0;
    enum skeym_error error = check_terms(request, terms);
    if (!error) {
        error = skeym_handshake_answer(&writer, out, &request->state, random->ephemeral);
    }
    if (!error) {
        error = write_granted(&writer, request, terms, random);
    }
    error = end_answer(error, out, size, request, &writer);
    skeym_crypto_wipe(random, sizeof *random);
    return error;
}

enum skeym_error skeym_login_answer_clock(struct skeym_room out, size_t *size,
                                          struct skeym_login_request *request, uint64_t server_ms,
                                          const uint8_t ephemeral[32])
{
    struct skeym_writer writer = {0};
    *size = 0;
    enum skeym_error error = server_ms >> 48 ? SKEYM_ERR_RANGE : SKEYM_OK;
    if (!error) {
        error = skeym_handshake_answer(&writer, out, &request->state, ephemeral);
    }
    skeym_write_u8(&writer, ANSWER_CLOCK);
    skeym_write_u48(&writer, server_ms);
    return end_answer(error, out, size, request, &writer);
}
