/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/uses.h"
#include "crypto/crypto.h"
#include <string.h>

#define MAGIC "SKEYMIN1"

enum { MAGIC_BYTES = 8, HEAD_BYTES = MAGIC_BYTES + 4, ENTRY_BYTES = 16 + 32 + 4 };

struct skeym_use skeym_uses_of(const struct skeym_invite_request *request)
{
    struct skeym_use use = {.expires_s = request->expires_s};
    struct skeym_span key = skeym_span(request->claims.public_key, 32);
    memcpy(use.id, request->id, sizeof use.id);
    skeym_crypto_sha256(use.key_hash, &key, 1);
    return use;
}

static bool is_over(const struct skeym_use *use, uint32_t now_s)
{
    return now_s > use->expires_s && now_s - use->expires_s > SKEYM_USES_KEPT_S;
}

enum skeym_error skeym_uses_add(struct skeym_use *list, size_t *count, const struct skeym_use *use,
                                uint32_t now_s)
{
    enum skeym_error error = SKEYM_OK;
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (skeym_crypto_equal(list[i].id, use->id, sizeof use->id)) {
            bool same = skeym_crypto_equal(list[i].key_hash, use->key_hash, sizeof use->key_hash);
            error = same ? SKEYM_ERR_EXISTS : SKEYM_ERR_REPLAY;
        } else if (is_over(&list[i], now_s)) {
            continue;
        }
        list[kept++] = list[i];
    }
    if (error == SKEYM_OK) {
        list[kept++] = *use;
    }
    *count = kept;
    return error;
}

/* --- bytes --------------------------------------------------------------- */

static enum skeym_error mac_of(uint8_t out[32], struct skeym_span bytes,
                               const struct skeym_keyring *keyring)
{
    uint8_t key[32];
    const struct skeym_span info = skeym_span_text("skeym/1 used invitations");
    enum skeym_error error =
        skeym_crypto_hkdf_expand((struct skeym_room){key, sizeof key}, keyring->identity, &info, 1);
    if (error == SKEYM_OK) {
        skeym_crypto_hmac(out, skeym_span(key, sizeof key), &bytes, 1);
    }
    skeym_crypto_wipe(key, sizeof key);
    return error;
}

enum skeym_error skeym_uses_write(struct skeym_room out, size_t *size, const struct skeym_use *list,
                                  size_t count, const struct skeym_keyring *keyring)
{
    uint8_t mac[32];
    struct skeym_writer writer = skeym_writer(out);
    *size = 0;
    skeym_write_text(&writer, MAGIC);
    skeym_write_u32(&writer, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        skeym_write_span(&writer, skeym_span(list[i].id, sizeof list[i].id));
        skeym_write_span(&writer, skeym_span(list[i].key_hash, sizeof list[i].key_hash));
        skeym_write_u32(&writer, list[i].expires_s);
    }
    enum skeym_error error = mac_of(mac, skeym_written(&writer), keyring);
    if (error != SKEYM_OK) {
        return error;
    }
    skeym_write_span(&writer, skeym_span(mac, sizeof mac));
    skeym_crypto_wipe(mac, sizeof mac);
    error = skeym_writer_end(&writer);
    *size = skeym_written(&writer).size;
    return error;
}

/* The frame, before anybody believes what is in it. */
static enum skeym_error verify(struct skeym_span bytes, const struct skeym_keyring *keyring)
{
    uint8_t mac[32];
    struct skeym_span magic = skeym_span_part(skeym_span_text(MAGIC), 0, bytes.size);
    if (!skeym_span_equal(skeym_span_part(bytes, 0, MAGIC_BYTES), magic)) {
        return SKEYM_ERR_SHAPE;
    }
    if (bytes.size < HEAD_BYTES + sizeof mac) {
        return SKEYM_ERR_TRUNCATED;
    }
    size_t before = bytes.size - sizeof mac;
    enum skeym_error error = mac_of(mac, skeym_span_part(bytes, 0, before), keyring);
    if (error == SKEYM_OK && !skeym_crypto_equal(mac, bytes.data + before, sizeof mac)) {
        error = SKEYM_ERR_CHECKSUM;
    }
    skeym_crypto_wipe(mac, sizeof mac); /* what a forger would need */
    return error;
}

enum skeym_error skeym_uses_read(struct skeym_use *out, size_t room, size_t *count,
                                 struct skeym_span bytes, const struct skeym_keyring *keyring)
{
    *count = 0;
    enum skeym_error error = verify(bytes, keyring);
    if (error != SKEYM_OK) {
        return error;
    }
    struct skeym_reader reader =
        skeym_reader(skeym_span_part(bytes, MAGIC_BYTES, bytes.size - MAGIC_BYTES - 32));
    size_t said = skeym_read_u32(&reader);
    if (reader.left % ENTRY_BYTES != 0 || reader.left / ENTRY_BYTES != said) {
        return SKEYM_ERR_RANGE;
    }
    if (said > room) {
        return SKEYM_ERR_SPACE;
    }
    for (size_t i = 0; i < said; i++) {
        skeym_read_bytes(&reader, out[i].id, sizeof out[i].id);
        skeym_read_bytes(&reader, out[i].key_hash, sizeof out[i].key_hash);
        out[i].expires_s = skeym_read_u32(&reader);
    }
    *count = said;
    return SKEYM_OK;
}
