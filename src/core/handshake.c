/* SPDX-License-Identifier: Apache-2.0 */
#include "core/handshake.h"
#include "crypto/crypto.h"
#include <string.h>

#define VERSION   1
#define TAG_BYTES SKEYM_NOISE_TAG_BYTES

void skeym_handshake_begin(struct skeym_handshake *state, const char *label,
                           struct skeym_span opening, const uint8_t authority[32])
{
    const struct skeym_span prologue[2] = {skeym_span_text(label), opening};
    skeym_noise_start(state, prologue, authority);
}

/* --- the node's side ------------------------------------------------------------ */

/* Head and payload of message 1, at the writer's end. */
static enum skeym_error write_message_1(struct skeym_writer *writer, struct skeym_handshake *state,
                                        const uint8_t psk[32], struct skeym_span payload)
{
    if (writer->bad || writer->left < SKEYM_NOISE_HEAD_1 + TAG_BYTES ||
        writer->left - SKEYM_NOISE_HEAD_1 - TAG_BYTES < payload.size) {
        return SKEYM_ERR_SPACE;
    }
    uint8_t *at = writer->start + writer->size;
    struct skeym_room room = {at + SKEYM_NOISE_HEAD_1, writer->left - SKEYM_NOISE_HEAD_1};
    enum skeym_error error = skeym_noise_write_1(state, at, psk);
    if (!error) {
        error = skeym_noise_seal(state, room, payload);
    }
    writer->size += SKEYM_NOISE_HEAD_1 + payload.size + TAG_BYTES;
    return error;
}

enum skeym_error skeym_handshake_write_1(struct skeym_writer *writer, struct skeym_handshake *state,
                                         const struct skeym_handshake_node *node,
                                         struct skeym_span payload)
{
    skeym_write_u8(writer, VERSION);
    skeym_write_span16(writer, node->opening);
    skeym_handshake_begin(state, node->label, node->opening, node->authority);
    memcpy(state->static_key, node->private_key, sizeof state->static_key);
    memcpy(state->ephemeral_key, node->ephemeral, sizeof state->ephemeral_key);
    memcpy(state->peer_static, node->authority, sizeof state->peer_static);
    return write_message_1(writer, state, node->psk, payload);
}

enum skeym_error skeym_handshake_read_2(struct skeym_span *plain, struct skeym_room payload,
                                        uint8_t h[32], struct skeym_handshake *state,
                                        struct skeym_span answer, size_t most)
{
    *plain = (struct skeym_span){0};
    if (answer.size < SKEYM_NOISE_HEAD_2 + TAG_BYTES) {
        return SKEYM_ERR_TRUNCATED;
    }
    if (answer.size > most) {
        return SKEYM_ERR_SHAPE;
    }
    enum skeym_error error = skeym_noise_read_2(state, answer.data);
    if (h) {
        memcpy(h, state->h, sizeof state->h);
    }
    struct skeym_span sealed = skeym_span_part(answer, SKEYM_NOISE_HEAD_2, answer.size);
    if (!error) {
        error = skeym_noise_open(state, payload, sealed);
    }
    if (!error) {
        *plain = skeym_span(payload.data, sealed.size - TAG_BYTES);
    }
    return error;
}

/* --- the authority's side: message 1 ----------------------------------------------- */

enum skeym_error skeym_handshake_split(struct skeym_handshake_body *out, struct skeym_span bytes,
                                       size_t least, size_t most)
{
    struct skeym_reader reader = skeym_reader(bytes);
    if (bytes.size == 0 || bytes.size > SKEYM_LOGIN_BYTES) {
        return SKEYM_ERR_SIZE;
    }
    if (skeym_read_u8(&reader) != VERSION) {
        return SKEYM_ERR_VERSION;
    }
    out->opening = skeym_read_span16(&reader);
    out->head = skeym_read_span(&reader, SKEYM_NOISE_HEAD_1).data;
    out->sealed = skeym_read_span(&reader, reader.left);
    if (reader.bad || out->sealed.size < least + TAG_BYTES || out->sealed.size > most + TAG_BYTES) {
        return SKEYM_ERR_SIZE;
    }
    return SKEYM_OK;
}

const struct skeym_enrol_keys *skeym_handshake_current(const struct skeym_authority_keys *keys)
{
    return &keys->enrol[keys->enrol_count - 1];
}

void skeym_handshake_enrol(struct skeym_enrol_keys *out, const struct skeym_authority_keys *keys,
                           uint32_t id)
{
    *out = *skeym_handshake_current(keys);
    for (size_t i = 0; i < keys->enrol_count; i++) {
        const struct skeym_enrol_keys *key = &keys->enrol[i];
        skeym_crypto_replace(out, key, sizeof *out, key->id == id);
    }
}

enum skeym_error skeym_handshake_decide(enum skeym_error error)
{
    return skeym_crypto_choose(error == SKEYM_ERR_WEAK, SKEYM_ERR_HANDSHAKE, error);
}

/* --- the authority's side: message 2 ------------------------------------------------- */

enum skeym_error skeym_handshake_answer(struct skeym_writer *writer, struct skeym_room out,
                                        struct skeym_handshake *state, const uint8_t ephemeral[32])
{
    if (out.room < SKEYM_NOISE_HEAD_2 + TAG_BYTES) {
        return SKEYM_ERR_SPACE;
    }
    *writer = skeym_writer((struct skeym_room){out.data + SKEYM_NOISE_HEAD_2,
                                               out.room - SKEYM_NOISE_HEAD_2 - TAG_BYTES});
    memcpy(state->ephemeral_key, ephemeral, sizeof state->ephemeral_key);
    return skeym_noise_write_2(state, out.data);
}

enum skeym_error skeym_handshake_answered(enum skeym_error error, struct skeym_room out,
                                          size_t *size, struct skeym_handshake *state,
                                          const struct skeym_writer *writer)
{
    *size = 0;
    if (!error) {
        error = skeym_writer_end(writer);
    }
    if (!error) {
        struct skeym_room room = {writer->start, writer->size + writer->left + TAG_BYTES};
        error = skeym_noise_seal(state, room, skeym_written(writer));
    }
    if (error) {
        skeym_crypto_wipe(out.data, out.room);
    } else {
        *size = SKEYM_NOISE_HEAD_2 + writer->size + TAG_BYTES;
    }
    return error;
}
