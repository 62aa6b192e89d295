/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/keyring.h"
#include "crypto/crypto.h"
#include <string.h>

#define MAGIC "SKEYMKR1"

enum {
    MAGIC_BYTES = 8,
    /* A keyring with an audience of one letter and one enrol key. */
    LEAST_BYTES = MAGIC_BYTES + 4 + 4 + 32 + 32 + 2 + 1 + 40 + SKEYM_SHA256_BYTES,
    LONGEST_GAP_S = 10 * 366 * 86400, /* 10 years */
};

/* Times are 48 bits of ms everywhere in the protocol. */
static bool time_valid(uint64_t now_ms)
{
    return now_ms >> 48 == 0;
}

static bool epoch_seconds_valid(uint32_t epoch_seconds)
{
    return epoch_seconds >= SKEYM_EPOCH_SECONDS_MIN && epoch_seconds <= SKEYM_EPOCH_SECONDS_MAX;
}

/* What both the encoder and the decoder hold a keyring to; names have been read by then. */
static bool valid(const struct skeym_keyring *keyring)
{
    uint32_t last = 0;
    if (!epoch_seconds_valid(keyring->epoch_seconds) || keyring->previous.epoch == UINT32_MAX ||
        keyring->enrol_count < 1 || keyring->enrol_count > SKEYM_ENROL_KEYS_MAX) {
        return false;
    }
    for (size_t i = 0; i < keyring->enrol_count; i++) {
        if (keyring->enrol[i].id <= last) {
            return false;
        }
        last = keyring->enrol[i].id;
    }
    return true;
}

enum skeym_error skeym_keyring_make(struct skeym_keyring *out, uint64_t now_ms,
                                    uint32_t epoch_seconds, struct skeym_span audience,
                                    struct skeym_keyring_random *random)
{
    memset(out, 0, sizeof *out);
    enum skeym_error error = skeym_name_audience(&out->audience, audience);
    if (error != SKEYM_OK) {
        goto out;
    }
    error = SKEYM_ERR_RANGE;
    if (!epoch_seconds_valid(epoch_seconds) || !time_valid(now_ms)) {
        goto out;
    }
    uint32_t epoch = skeym_epoch_at(now_ms, epoch_seconds);
    if (epoch == 0) {
        goto out;
    }
    out->epoch_seconds = epoch_seconds;
    out->previous.epoch = epoch - 1;
    memcpy(out->previous.key, random->epoch, sizeof out->previous.key);
    memcpy(out->identity, random->identity, sizeof out->identity);
    out->enrol_count = 1;
    out->enrol[0].id = 1;
    out->enrol[0].made_s = (uint32_t)(now_ms / 1000);
    memcpy(out->enrol[0].key, random->enrol, sizeof out->enrol[0].key);
    error = SKEYM_OK;
out:
    skeym_crypto_wipe(random, sizeof *random);
    if (error != SKEYM_OK) {
        skeym_crypto_wipe(out, sizeof *out);
    }
    return error;
}

enum skeym_error skeym_keyring_advance(struct skeym_keyring *keyring, uint64_t now_ms, bool *moved)
{
    struct skeym_epoch_key key = keyring->previous;
    enum skeym_error error = SKEYM_ERR_RANGE;
    *moved = false;
    if (!time_valid(now_ms) || !epoch_seconds_valid(keyring->epoch_seconds)) {
        goto out;
    }
    error = SKEYM_OK;
    uint32_t epoch = skeym_epoch_at(now_ms, keyring->epoch_seconds);
    if (epoch == 0 || epoch - 1 <= key.epoch) {
        goto out;
    }
    /* Each step costs a hash: a clock that is centuries off must not keep us busy, and what is
     * worse, it could never be taken back. */
    if (epoch - 1 - key.epoch > LONGEST_GAP_S / keyring->epoch_seconds) {
        error = SKEYM_ERR_RANGE;
        goto out;
    }
    while (error == SKEYM_OK && key.epoch < epoch - 1) {
        error = skeym_epoch_ratchet(&key);
    }
    if (error == SKEYM_OK) {
        keyring->previous = key;
        *moved = true;
    }
out:
    skeym_crypto_wipe(&key, sizeof key);
    return error;
}

enum skeym_error skeym_keyring_rotate(struct skeym_keyring *keyring, uint64_t now_ms,
                                      uint8_t enrol_key[32])
{
    enum skeym_error error = SKEYM_OK;
    size_t count = keyring->enrol_count;
    if (count >= SKEYM_ENROL_KEYS_MAX) {
        error = SKEYM_ERR_FULL;
    } else if (count < 1 || keyring->enrol[count - 1].id == UINT32_MAX || !time_valid(now_ms)) {
        error = SKEYM_ERR_RANGE;
    } else {
        keyring->enrol[count].id = keyring->enrol[count - 1].id + 1;
        keyring->enrol[count].made_s = (uint32_t)(now_ms / 1000);
        memcpy(keyring->enrol[count].key, enrol_key, 32);
        keyring->enrol_count++;
    }
    skeym_crypto_wipe(enrol_key, 32);
    return error;
}

enum skeym_error skeym_keyring_retire(struct skeym_keyring *keyring, uint32_t id)
{
    size_t last = keyring->enrol_count - 1;
    size_t i = 0;
    while (i < keyring->enrol_count && keyring->enrol[i].id != id) {
        i++;
    }
    if (i >= keyring->enrol_count) {
        return SKEYM_ERR_NOT_FOUND;
    }
    if (i == last) {
        return SKEYM_ERR_STATE;
    }
    for (; i < last; i++) {
        keyring->enrol[i] = keyring->enrol[i + 1];
    }
    skeym_crypto_wipe(&keyring->enrol[last], sizeof keyring->enrol[last]);
    keyring->enrol_count--;
    return SKEYM_OK;
}

/* --- bytes --------------------------------------------------------------- */

enum skeym_error skeym_keyring_encode(struct skeym_room out, size_t *size,
                                      const struct skeym_keyring *keyring)
{
    struct skeym_writer writer = skeym_writer(out);
    uint8_t hash[SKEYM_SHA256_BYTES];
    *size = 0;
    if (!valid(keyring)) {
        return SKEYM_ERR_RANGE;
    }
    skeym_write_text(&writer, MAGIC);
    skeym_write_u32(&writer, keyring->epoch_seconds);
    skeym_write_u32(&writer, keyring->previous.epoch);
    skeym_write_span(&writer, skeym_span(keyring->previous.key, 32));
    skeym_write_span(&writer, skeym_span(keyring->identity, 32));
    skeym_write_span8(&writer, skeym_name_span(&keyring->audience));
    skeym_write_u8(&writer, (uint8_t)keyring->enrol_count);
    for (size_t i = 0; i < keyring->enrol_count; i++) {
        skeym_write_u32(&writer, keyring->enrol[i].id);
        skeym_write_u32(&writer, keyring->enrol[i].made_s);
        skeym_write_span(&writer, skeym_span(keyring->enrol[i].key, 32));
    }
    struct skeym_span before = skeym_written(&writer);
    skeym_crypto_sha256(hash, &before, 1);
    skeym_write_span(&writer, skeym_span(hash, sizeof hash));
    enum skeym_error error = skeym_writer_end(&writer);
    if (error != SKEYM_OK) {
        skeym_crypto_wipe(out.data, out.room);
        return error;
    }
    *size = skeym_written(&writer).size;
    return SKEYM_OK;
}

static enum skeym_error read_body(struct skeym_keyring *out, struct skeym_span body)
{
    struct skeym_reader reader = skeym_reader(body);
    (void)skeym_read_span(&reader, MAGIC_BYTES);
    out->epoch_seconds = skeym_read_u32(&reader);
    out->previous.epoch = skeym_read_u32(&reader);
    skeym_read_bytes(&reader, out->previous.key, 32);
    skeym_read_bytes(&reader, out->identity, 32);
    struct skeym_span audience = skeym_read_span8(&reader);
    out->enrol_count = skeym_read_u8(&reader);
    if (!reader.bad && out->enrol_count > SKEYM_ENROL_KEYS_MAX) {
        return SKEYM_ERR_RANGE;
    }
    for (size_t i = 0; i < out->enrol_count; i++) {
        out->enrol[i].id = skeym_read_u32(&reader);
        out->enrol[i].made_s = skeym_read_u32(&reader);
        skeym_read_bytes(&reader, out->enrol[i].key, 32);
    }
    enum skeym_error error = skeym_reader_end(&reader);
    if (error == SKEYM_OK) {
        error = skeym_name_audience(&out->audience, audience);
    }
    if (error == SKEYM_OK && !valid(out)) {
        error = SKEYM_ERR_RANGE;
    }
    return error;
}

enum skeym_error skeym_keyring_decode(struct skeym_keyring *out, struct skeym_span bytes)
{
    uint8_t hash[SKEYM_SHA256_BYTES];
    struct skeym_keyring keyring = {0};
    enum skeym_error error = SKEYM_OK;
    memset(out, 0, sizeof *out);
    struct skeym_span magic = skeym_span_part(skeym_span_text(MAGIC), 0, bytes.size);
    if (!skeym_span_equal(skeym_span_part(bytes, 0, MAGIC_BYTES), magic)) {
        return SKEYM_ERR_SHAPE;
    }
    if (bytes.size < LEAST_BYTES) {
        return SKEYM_ERR_TRUNCATED;
    }
    struct skeym_span body = skeym_span_part(bytes, 0, bytes.size - sizeof hash);
    skeym_crypto_sha256(hash, &body, 1);
    if (!skeym_crypto_equal(hash, bytes.data + body.size, sizeof hash)) {
        return SKEYM_ERR_CHECKSUM;
    }
    error = read_body(&keyring, body);
    if (error == SKEYM_OK) {
        *out = keyring;
    }
    skeym_crypto_wipe(&keyring, sizeof keyring);
    return error;
}

/* --- use ----------------------------------------------------------------- */

enum skeym_error skeym_keyring_derive(struct skeym_working_keys *out,
                                      const struct skeym_keyring *keyring)
{
    memset(out, 0, sizeof *out);
    enum skeym_error error = valid(keyring) ? SKEYM_OK : SKEYM_ERR_RANGE;
    if (error == SKEYM_OK) {
        memcpy(out->authority.identity, keyring->identity, 32);
        error = skeym_crypto_x25519_public(out->authority.identity_public, keyring->identity);
    }
    for (size_t i = 0; error == SKEYM_OK && i < keyring->enrol_count; i++) {
        error =
            skeym_enrol_keys_derive(&out->enrol[i], keyring->enrol[i].id, keyring->enrol[i].key);
    }
    if (error == SKEYM_OK) {
        error = skeym_audience_keys_derive(&out->audience, &keyring->previous, &keyring->audience);
    }
    if (error == SKEYM_OK) {
        out->authority.enrol_count = keyring->enrol_count;
        out->authority.enrol = out->enrol;
    } else {
        skeym_crypto_wipe(out, sizeof *out);
    }
    return error;
}

void skeym_keyring_fingerprint(char out[17], const uint8_t identity_public[32])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[SKEYM_SHA256_BYTES];
    struct skeym_span part = skeym_span(identity_public, 32);
    skeym_crypto_sha256(hash, &part, 1);
    for (size_t i = 0; i < 8; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[16] = '\0';
}
