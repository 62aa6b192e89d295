/* SPDX-License-Identifier: Apache-2.0 */
#include "core/locator.h"
#include "core/xaes.h"
#include <string.h>

#define VERSION      1
#define PREFIX_BYTES 5 /* version, enrol key id: the associated data */
#define CLAIMS_MIN   48

/* Claims as bytes, in a buffer of the largest size: so what does not fit is not spelled. */
static enum skeym_error write_claims(struct skeym_span *bytes,
                                     uint8_t buffer[SKEYM_NODE_CLAIMS_BYTES],
                                     const struct skeym_node_claims *claims)
{
    struct skeym_writer writer = skeym_writer((struct skeym_room){buffer, SKEYM_NODE_CLAIMS_BYTES});
    skeym_node_claims_write(&writer, claims);
    *bytes = skeym_written(&writer);
    return skeym_writer_end(&writer) ? SKEYM_ERR_RANGE : SKEYM_OK;
}

enum skeym_error skeym_locator_seal(struct skeym_room out, size_t *size,
                                    const struct skeym_enrol_keys *keys,
                                    const struct skeym_node_claims *claims,
                                    const uint8_t nonce[SKEYM_NONCE_BYTES])
{
    uint8_t buffer[SKEYM_NODE_CLAIMS_BYTES];
    struct skeym_span plain;
    struct skeym_writer writer = skeym_writer(out);
    *size = 0;
    enum skeym_error error = write_claims(&plain, buffer, claims);
    skeym_write_u8(&writer, VERSION);
    skeym_write_u32(&writer, keys->id);
    skeym_write_span(&writer, skeym_span(nonce, SKEYM_NONCE_BYTES));
    if (!error) {
        error = skeym_writer_end(&writer);
    }
    if (!error) {
        struct skeym_room rest = {out.data + writer.size, writer.left};
        struct skeym_span aad = {out.data, PREFIX_BYTES};
        error = skeym_xaes_seal(rest, keys->seal, nonce, aad, plain);
    }
    if (error) {
        skeym_crypto_wipe(out.data, out.room);
        return error;
    }
    *size = writer.size + plain.size + SKEYM_TAG_BYTES;
    return SKEYM_OK;
}

enum skeym_error skeym_locator_key(uint32_t *id, struct skeym_span locator)
{
    *id = 0;
    if (locator.size < SKEYM_LOCATOR_HEAD + CLAIMS_MIN + SKEYM_TAG_BYTES ||
        locator.size > SKEYM_LOCATOR_BYTES) {
        return SKEYM_ERR_SIZE;
    }
    struct skeym_reader reader = skeym_reader(locator);
    if (skeym_read_u8(&reader) != VERSION) {
        return SKEYM_ERR_VERSION;
    }
    *id = skeym_read_u32(&reader);
    return SKEYM_OK;
}

enum skeym_error skeym_locator_unseal(uint8_t out[SKEYM_NODE_CLAIMS_BYTES], size_t *size,
                                      const struct skeym_enrol_keys *keys,
                                      struct skeym_span locator)
{
    uint32_t id = 0;
    struct skeym_room room = {out, SKEYM_NODE_CLAIMS_BYTES};
    memset(out, 0, SKEYM_NODE_CLAIMS_BYTES);
    *size = CLAIMS_MIN;
    enum skeym_error error = skeym_locator_key(&id, locator);
    if (error == SKEYM_ERR_SIZE) {
        return error;
    }
    *size = locator.size - SKEYM_LOCATOR_HEAD - SKEYM_TAG_BYTES;
    if (error) {
        return error;
    }
    struct skeym_span aad = skeym_span_part(locator, 0, PREFIX_BYTES);
    const uint8_t *nonce = locator.data + PREFIX_BYTES;
    struct skeym_span sealed = skeym_span_part(locator, SKEYM_LOCATOR_HEAD, locator.size);
    error = skeym_xaes_open(room, keys->seal, nonce, aad, sealed);
    if (!error && id != keys->id) {
        skeym_crypto_wipe(out, SKEYM_NODE_CLAIMS_BYTES);
        error = SKEYM_ERR_LOCATOR;
    }
    return error == SKEYM_ERR_SEAL ? SKEYM_ERR_LOCATOR : error;
}

enum skeym_error skeym_locator_open(struct skeym_node_claims *out,
                                    const struct skeym_enrol_keys *keys, struct skeym_span locator)
{
    uint8_t bytes[SKEYM_NODE_CLAIMS_BYTES];
    size_t size = 0;
    *out = (struct skeym_node_claims){0};
    enum skeym_error error = skeym_locator_unseal(bytes, &size, keys, locator);
    return error ? error : skeym_node_claims_read(out, skeym_span(bytes, size));
}

enum skeym_error skeym_locator_credential(uint8_t out[SKEYM_SECRET_BYTES],
                                          const struct skeym_enrol_keys *keys,
                                          struct skeym_span claims)
{
    uint8_t digest[SKEYM_SHA256_BYTES];
    struct skeym_room room = {out, SKEYM_SECRET_BYTES};
    skeym_crypto_sha256(digest, &claims, 1);
    const struct skeym_span info[] = {skeym_span_text("skeym/1 credential"),
                                      skeym_span(digest, sizeof digest)};
    return skeym_crypto_hkdf_expand(room, keys->credential, info, 2);
}

enum skeym_error skeym_credential(uint8_t out[SKEYM_SECRET_BYTES],
                                  const struct skeym_enrol_keys *keys,
                                  const struct skeym_node_claims *claims)
{
    uint8_t buffer[SKEYM_NODE_CLAIMS_BYTES];
    struct skeym_span plain;
    enum skeym_error error = write_claims(&plain, buffer, claims);
    if (error) {
        skeym_crypto_wipe(out, SKEYM_SECRET_BYTES);
        return error;
    }
    return skeym_locator_credential(out, keys, plain);
}
