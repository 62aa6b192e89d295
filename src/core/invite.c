/* SPDX-License-Identifier: Apache-2.0 */
#include <skeym/invite.h>

#include "core/handshake.h"
#include "core/locator.h"
#include "core/sealed.h"
#include "crypto/crypto.h"
#include <string.h>

#define LABEL           "SkeyM/1 enrol"
#define CODE_VERSION    1
#define TAG_BYTES       SKEYM_NOISE_TAG_BYTES
#define CLAIMS_MIN      16
#define PAYLOAD_1_BYTES 6
#define INVITATION_MIN  (SKEYM_LOCATOR_HEAD + CLAIMS_MIN + TAG_BYTES)

enum answer_kind { ANSWER_GRANTED, ANSWER_CLOCK };

/* --- the invitation ---------------------------------------------------------- */

static struct skeym_sealed invitations(const struct skeym_enrol_keys *keys)
{
    return (struct skeym_sealed){keys->id, keys->invite, CLAIMS_MIN, SKEYM_INVITE_CLAIMS_BYTES};
}

enum skeym_error skeym_invite_seal(struct skeym_room out, size_t *size,
                                   const struct skeym_enrol_keys *keys,
                                   const struct skeym_invite_claims *claims,
                                   const uint8_t nonce[SKEYM_NONCE_BYTES])
{
    uint8_t plain[SKEYM_INVITE_CLAIMS_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){plain, sizeof plain});
    struct skeym_sealed sort = invitations(keys);
    *size = 0;
    skeym_invite_claims_write(&writer, claims);
    if (skeym_writer_end(&writer)) {
        skeym_crypto_wipe(out.data, out.room);
        return SKEYM_ERR_RANGE;
    }
    return skeym_sealed_write(out, size, &sort, nonce, skeym_written(&writer));
}

enum skeym_error skeym_invite_open(struct skeym_invite_claims *out,
                                   const struct skeym_enrol_keys *keys,
                                   struct skeym_span invitation)
{
    uint8_t plain[SKEYM_INVITE_CLAIMS_BYTES];
    size_t size = 0;
    struct skeym_sealed sort = invitations(keys);
    *out = (struct skeym_invite_claims){0};
    enum skeym_error error = skeym_sealed_open(plain, &size, &sort, invitation);
    return error ? error : skeym_invite_claims_read(out, skeym_span(plain, size));
}

enum skeym_error skeym_invite_secret(uint8_t out[SKEYM_INVITE_SECRET_BYTES],
                                     const struct skeym_enrol_keys *keys,
                                     struct skeym_span invitation)
{
    uint8_t digest[SKEYM_SHA256_BYTES];
    struct skeym_room room = {out, SKEYM_INVITE_SECRET_BYTES};
    skeym_crypto_sha256(digest, &invitation, 1);
    const struct skeym_span info[] = {skeym_span_text("skeym/1 one-time secret"),
                                      skeym_span(digest, sizeof digest)};
    return skeym_crypto_hkdf_expand(room, keys->once, info, 2);
}

/* The invitation as salt: one guess at a secret is a guess at one invitation. */
static enum skeym_error psk_of(uint8_t out[32], const uint8_t secret[SKEYM_INVITE_SECRET_BYTES],
                               struct skeym_span invitation)
{
    return skeym_crypto_hkdf((struct skeym_room){out, 32}, invitation,
                             skeym_span(secret, SKEYM_INVITE_SECRET_BYTES),
                             skeym_span_text("skeym/1 invitation psk"));
}

/* --- CODE ---------------------------------------------------------------------- */

enum skeym_error skeym_invite_code_write(struct skeym_room out, size_t *size,
                                         const struct skeym_invite_code *code)
{
    uint8_t bytes[SKEYM_INVITE_CODE_BYTES];
    struct skeym_writer plain = skeym_writer((struct skeym_room){bytes, sizeof bytes});
    struct skeym_writer text = skeym_writer(out);
    struct skeym_name audience;
    enum skeym_error error = SKEYM_ERR_RANGE;
    *size = 0;
    if (code->invitation_size < INVITATION_MIN || code->invitation_size > sizeof code->invitation ||
        skeym_name_audience(&audience, skeym_name_span(&code->audience))) {
        goto out;
    }
    skeym_write_u8(&plain, CODE_VERSION);
    skeym_write_span(&plain, skeym_span(code->authority, sizeof code->authority));
    skeym_write_span(&plain, skeym_span(code->secret, sizeof code->secret));
    skeym_write_span8(&plain, skeym_name_span(&code->audience));
    skeym_write_span16(&plain, skeym_span(code->invitation, code->invitation_size));
    skeym_base64url_write(&text, skeym_written(&plain));
    error = skeym_writer_end(&text);
out:
    if (error) {
        skeym_crypto_wipe(out.data, out.room);
    } else {
        *size = text.size;
    }
    skeym_crypto_wipe(bytes, sizeof bytes);
    return error;
}

static enum skeym_error read_code(struct skeym_invite_code *out, struct skeym_span bytes)
{
    struct skeym_reader reader = skeym_reader(bytes);
    if (skeym_read_u8(&reader) != CODE_VERSION) {
        return reader.bad ? SKEYM_ERR_TRUNCATED : SKEYM_ERR_VERSION;
    }
    skeym_read_bytes(&reader, out->authority, sizeof out->authority);
    skeym_read_bytes(&reader, out->secret, sizeof out->secret);
    struct skeym_span audience = skeym_read_span8(&reader);
    struct skeym_span invitation = skeym_read_span16(&reader);
    enum skeym_error error = skeym_reader_end(&reader);
    if (error) {
        return error;
    }
    if (invitation.size < INVITATION_MIN || invitation.size > sizeof out->invitation ||
        skeym_name_audience(&out->audience, audience)) {
        return SKEYM_ERR_RANGE;
    }
    memcpy(out->invitation, invitation.data, invitation.size);
    out->invitation_size = invitation.size;
    return SKEYM_OK;
}

enum skeym_error skeym_invite_code_read(struct skeym_invite_code *out, struct skeym_span text)
{
    uint8_t bytes[SKEYM_INVITE_CODE_BYTES];
    size_t size = 0;
    *out = (struct skeym_invite_code){0};
    if (text.size > SKEYM_INVITE_CODE_CHARS) {
        return SKEYM_ERR_SIZE;
    }
    enum skeym_error error =
        skeym_base64url_read((struct skeym_room){bytes, sizeof bytes}, &size, text);
    if (!error) {
        error = read_code(out, skeym_span(bytes, size));
    }
    if (error) {
        skeym_crypto_wipe(out, sizeof *out);
    }
    skeym_crypto_wipe(bytes, sizeof bytes);
    return error;
}

/* --- the node's side --------------------------------------------------------------- */

enum skeym_error skeym_invite_start(struct skeym_handshake *state, struct skeym_room out,
                                    size_t *size, const struct skeym_invite_code *code,
                                    const uint8_t private_key[32], uint64_t time_ms,
                                    const uint8_t ephemeral[32])
{
    uint8_t payload[PAYLOAD_1_BYTES];
    uint8_t psk[32];
    struct skeym_writer plain = skeym_writer((struct skeym_room){payload, sizeof payload});
    struct skeym_writer writer = skeym_writer(out);
    struct skeym_span invitation = {code->invitation, code->invitation_size};
    enum skeym_error error = SKEYM_ERR_RANGE;
    *size = 0;
    *state = (struct skeym_handshake){0};
    skeym_write_u48(&plain, time_ms);
    if (invitation.size < INVITATION_MIN || invitation.size > sizeof code->invitation ||
        skeym_writer_end(&plain)) {
        goto out;
    }
    error = psk_of(psk, code->secret, invitation);
    const struct skeym_handshake_node node = {
        .label = LABEL,
        .opening = invitation,
        .authority = code->authority,
        .private_key = private_key,
        .ephemeral = ephemeral,
        .psk = psk,
    };
    if (!error) {
        error = skeym_handshake_write_1(&writer, state, &node, skeym_written(&plain));
    }
out:
    if (error) {
        skeym_crypto_wipe(state, sizeof *state);
        skeym_crypto_wipe(out.data, out.room);
    } else {
        *size = writer.size;
    }
    skeym_crypto_wipe(psk, sizeof psk);
    return error;
}

static enum skeym_error read_granted(struct skeym_invite_grant *out, struct skeym_reader *reader)
{
    struct skeym_span locator = skeym_read_span16(reader);
    skeym_read_bytes(reader, out->credential, sizeof out->credential);
    struct skeym_span claims = skeym_read_span16(reader);
    if (reader->bad) {
        return SKEYM_ERR_TRUNCATED;
    }
    if (locator.size < SKEYM_LOCATOR_MIN || locator.size > sizeof out->locator) {
        return SKEYM_ERR_RANGE;
    }
    memcpy(out->locator, locator.data, locator.size);
    out->locator_size = locator.size;
    return skeym_node_claims_read(&out->claims, claims);
}

static enum skeym_error read_payload_2(struct skeym_invite_grant *out, struct skeym_span payload)
{
    struct skeym_reader reader = skeym_reader(payload);
    uint8_t kind = skeym_read_u8(&reader);
    out->server_ms = skeym_read_u48(&reader);
    enum skeym_error error = SKEYM_OK;
    if (reader.bad) {
        return SKEYM_ERR_TRUNCATED;
    }
    if (kind == ANSWER_CLOCK) {
        out->clock_only = true;
    } else if (kind == ANSWER_GRANTED) {
        error = read_granted(out, &reader);
    } else {
        error = SKEYM_ERR_SHAPE;
    }
    return error ? error : skeym_reader_end(&reader);
}

enum skeym_error skeym_invite_finish(struct skeym_invite_grant *out, struct skeym_handshake *state,
                                     struct skeym_span answer)
{
    uint8_t payload[SKEYM_INVITE_ANSWER_BYTES];
    uint8_t own[32];
    struct skeym_room room = {payload, sizeof payload};
    struct skeym_span plain;
    memset(out, 0, sizeof *out);
    enum skeym_error error =
        skeym_handshake_read_2(&plain, room, NULL, state, answer, SKEYM_INVITE_ANSWER_BYTES);
    if (!error) {
        error = read_payload_2(out, plain);
    }
    if (!error && !out->clock_only) {
        error = skeym_crypto_x25519_public(own, state->static_key);
        if (!error && !skeym_crypto_equal(own, out->claims.public_key, sizeof own)) {
            error = SKEYM_ERR_CONFLICT;
        }
    }
    if (error) {
        skeym_crypto_wipe(out, sizeof *out);
    }
    skeym_crypto_wipe(payload, sizeof payload); /* holds C_i */
    skeym_crypto_wipe(state, sizeof *state);
    return error;
}

/* --- the authority's side: message 1 --------------------------------------------------- */

/* SECRET out. */
static void enrol_of(struct skeym_enrol_keys *out, const struct skeym_authority_keys *keys,
                     struct skeym_span invitation)
{
    uint32_t id = 0;
    const struct skeym_sealed sort = {.least = CLAIMS_MIN, .most = SKEYM_INVITE_CLAIMS_BYTES};
    enum skeym_error error = skeym_sealed_key(&id, &sort, invitation);
    (void)error; /* after which the id is 0, which no key has */
    skeym_handshake_enrol(out, keys, id);
}

/* One path, as at a login. The secret comes from the invitation's bytes, whatever they are: so one
 * that does not open needs no decoy of its own. */
static enum skeym_error read_message_1(struct skeym_invite_request *out,
                                       const struct skeym_authority_keys *keys,
                                       const struct skeym_handshake_body *body,
                                       struct skeym_room payload)
{
    struct skeym_enrol_keys enrol;
    struct skeym_handshake *state = &out->state;
    struct skeym_invite_claims claims = {0};
    uint8_t plain[SKEYM_INVITE_CLAIMS_BYTES];
    uint8_t secret[SKEYM_INVITE_SECRET_BYTES];
    uint8_t psk[32];
    size_t size = 0;
    enrol_of(&enrol, keys, body->opening);
    const struct skeym_sealed sort = invitations(&enrol);
    bool located = skeym_sealed_open(plain, &size, &sort, body->opening) == SKEYM_OK;
    enum skeym_error error = skeym_crypto_choose(located, SKEYM_OK, SKEYM_ERR_LOCATOR);
    error = skeym_crypto_first(error, skeym_invite_secret(secret, &enrol, body->opening));
    error = skeym_crypto_first(error, psk_of(psk, secret, body->opening));
    skeym_handshake_begin(state, LABEL, body->opening, keys->identity_public);
    memcpy(state->static_key, keys->identity, sizeof state->static_key);
    memcpy(state->peer_static, keys->identity_public, sizeof state->peer_static); /* stands in */
    error = skeym_crypto_first(error, skeym_noise_read_1_stranger(state, body->head, psk));
    error = skeym_crypto_first(error, skeym_noise_open(state, payload, body->sealed));
    skeym_crypto_wipe(secret, sizeof secret);
    skeym_crypto_wipe(psk, sizeof psk);
    skeym_crypto_wipe(&enrol, sizeof enrol);
    error = skeym_handshake_decide(error);
    if (!error && skeym_invite_claims_read(&claims, skeym_span(plain, size))) {
        error = SKEYM_ERR_LOCATOR;
    }
    out->claims = claims.node;
    out->expires_s = claims.expires_s;
    memcpy(out->claims.public_key, state->peer_static, sizeof out->claims.public_key);
    return error;
}

enum skeym_error skeym_invite_read(struct skeym_invite_request *out,
                                   const struct skeym_authority_keys *keys, struct skeym_span body)
{
    uint8_t payload[PAYLOAD_1_BYTES];
    struct skeym_room room = {payload, sizeof payload};
    struct skeym_handshake_body parts = {0};
    *out = (struct skeym_invite_request){0};
    enum skeym_error error = skeym_handshake_split(&parts, body, PAYLOAD_1_BYTES, PAYLOAD_1_BYTES);
    if (error) {
        return error;
    }
    error = read_message_1(out, keys, &parts, room);
    if (error) {
        skeym_crypto_wipe(out, sizeof *out);
        return error;
    }
    struct skeym_reader reader = skeym_reader(skeym_span(payload, sizeof payload));
    struct skeym_span nonce =
        skeym_span_part(parts.opening, SKEYM_LOCATOR_HEAD - SKEYM_NONCE_BYTES, sizeof out->id);
    out->time_ms = skeym_read_u48(&reader);
    memcpy(out->id, nonce.data, sizeof out->id);
    return SKEYM_OK;
}

/* --- the authority's side: message 2 ----------------------------------------------------- */

static enum skeym_error write_granted(struct skeym_writer *writer,
                                      const struct skeym_node_claims *claims,
                                      const struct skeym_authority_keys *keys,
                                      const uint8_t nonce[SKEYM_NONCE_BYTES])
{
    const struct skeym_enrol_keys *enrol = skeym_handshake_current(keys);
    uint8_t locator[SKEYM_LOCATOR_BYTES];
    uint8_t credential[SKEYM_SECRET_BYTES];
    uint8_t bytes[SKEYM_NODE_CLAIMS_BYTES];
    struct skeym_writer plain = skeym_writer((struct skeym_room){bytes, sizeof bytes});
    size_t size;
    skeym_node_claims_write(&plain, claims);
    enum skeym_error error = skeym_locator_seal((struct skeym_room){locator, sizeof locator}, &size,
                                                enrol, claims, nonce);
    if (!error) {
        error = skeym_locator_credential(credential, enrol, skeym_written(&plain));
        skeym_write_span16(writer, skeym_span(locator, size));
        skeym_write_span(writer, skeym_span(credential, sizeof credential));
        skeym_write_span16(writer, skeym_written(&plain));
        skeym_crypto_wipe(credential, sizeof credential);
    }
    return error;
}

/* keys NULL: the clock alone. */
static enum skeym_error write_answer(struct skeym_room out, size_t *size,
                                     struct skeym_invite_request *request,
                                     const struct skeym_authority_keys *keys, uint64_t server_ms,
                                     struct skeym_invite_random *random)
{
    struct skeym_writer writer = {0};
    enum skeym_error error = server_ms >> 48 ? SKEYM_ERR_RANGE : SKEYM_OK;
    if (!error) {
        error = skeym_handshake_answer(&writer, out, &request->state, random->ephemeral);
    }
    skeym_write_u8(&writer, keys ? ANSWER_GRANTED : ANSWER_CLOCK);
    skeym_write_u48(&writer, server_ms);
    if (!error && keys) {
        error = write_granted(&writer, &request->claims, keys, random->locator_nonce);
    }
    error = skeym_handshake_answered(error, out, size, &request->state, &writer);
    skeym_crypto_wipe(request, sizeof *request);
    skeym_crypto_wipe(random, sizeof *random);
    return error;
}

enum skeym_error skeym_invite_answer(struct skeym_room out, size_t *size,
                                     struct skeym_invite_request *request,
                                     const struct skeym_authority_keys *keys, uint64_t server_ms,
                                     struct skeym_invite_random *random)
{
    return write_answer(out, size, request, keys, server_ms, random);
}

enum skeym_error skeym_invite_answer_clock(struct skeym_room out, size_t *size,
                                           struct skeym_invite_request *request, uint64_t server_ms,
                                           struct skeym_invite_random *random)
{
    return write_answer(out, size, request, NULL, server_ms, random);
}
