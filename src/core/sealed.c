/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sealed.h"
#include "core/xaes.h"
#include <string.h>

#define VERSION      1
#define PREFIX_BYTES 5 /* version, enrol key id: the associated data */

enum skeym_error skeym_sealed_write(struct skeym_room out, size_t *size,
                                    const struct skeym_sealed *sort,
                                    const uint8_t nonce[SKEYM_NONCE_BYTES], struct skeym_span plain)
{
    struct skeym_writer writer = skeym_writer(out);
    *size = 0;
    skeym_write_u8(&writer, VERSION);
    skeym_write_u32(&writer, sort->id);
    skeym_write_span(&writer, skeym_span(nonce, SKEYM_NONCE_BYTES));
    enum skeym_error error = skeym_writer_end(&writer);
    if (!error) {
        struct skeym_room rest = {out.data + writer.size, writer.left};
        struct skeym_span aad = {out.data, PREFIX_BYTES};
        error = skeym_xaes_seal(rest, sort->key, nonce, aad, plain);
    }
    if (error) {
        skeym_crypto_wipe(out.data, out.room);
        return error;
    }
    *size = writer.size + plain.size + SKEYM_TAG_BYTES;
    return SKEYM_OK;
}

enum skeym_error skeym_sealed_key(uint32_t *id, const struct skeym_sealed *sort,
                                  struct skeym_span sealed)
{
    *id = 0;
    if (sealed.size < SKEYM_LOCATOR_HEAD + sort->least + SKEYM_TAG_BYTES ||
        sealed.size > SKEYM_LOCATOR_HEAD + sort->most + SKEYM_TAG_BYTES) {
        return SKEYM_ERR_SIZE;
    }
    struct skeym_reader reader = skeym_reader(sealed);
    if (skeym_read_u8(&reader) != VERSION) {
        return SKEYM_ERR_VERSION;
    }
    *id = skeym_read_u32(&reader);
    return SKEYM_OK;
}

enum skeym_error skeym_sealed_open(uint8_t *out, size_t *size, const struct skeym_sealed *sort,
                                   struct skeym_span sealed)
{
    uint32_t id = 0;
    struct skeym_room room = {out, sort->most};
    memset(out, 0, sort->most);
    *size = sort->least;
    enum skeym_error error = skeym_sealed_key(&id, sort, sealed);
    if (error == SKEYM_ERR_SIZE) {
        return error;
    }
    *size = sealed.size - SKEYM_LOCATOR_HEAD - SKEYM_TAG_BYTES;
    if (error) {
        return error;
    }
    struct skeym_span aad = skeym_span_part(sealed, 0, PREFIX_BYTES);
    const uint8_t *nonce = sealed.data + PREFIX_BYTES;
    struct skeym_span rest = skeym_span_part(sealed, SKEYM_LOCATOR_HEAD, sealed.size);
    error = skeym_xaes_open(room, sort->key, nonce, aad, rest);
    bool known = id == sort->id;
    skeym_crypto_keep(out, *size, known);
    error = skeym_crypto_first(error, skeym_crypto_choose(known, SKEYM_OK, SKEYM_ERR_LOCATOR));
    return skeym_crypto_choose(error == SKEYM_ERR_SEAL, SKEYM_ERR_LOCATOR, error);
}
