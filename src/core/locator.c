/* SPDX-License-Identifier: Apache-2.0 */
#include "core/locator.h"
#include "core/sealed.h"
#include "crypto/crypto.h"
#include <string.h>

#define CLAIMS_MIN 48

static struct skeym_sealed locators(const struct skeym_enrol_keys *keys)
{
    return (struct skeym_sealed){keys->id, keys->seal, CLAIMS_MIN, SKEYM_NODE_CLAIMS_BYTES};
}

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
    struct skeym_sealed sort = locators(keys);
    *size = 0;
    enum skeym_error error = write_claims(&plain, buffer, claims);
    if (error) {
        skeym_crypto_wipe(out.data, out.room);
        return error;
    }
    return skeym_sealed_write(out, size, &sort, nonce, plain);
}

enum skeym_error skeym_locator_key(uint32_t *id, struct skeym_span locator)
{
    const struct skeym_sealed sort = {.least = CLAIMS_MIN, .most = SKEYM_NODE_CLAIMS_BYTES};
    return skeym_sealed_key(id, &sort, locator);
}

enum skeym_error skeym_locator_unseal(uint8_t out[SKEYM_NODE_CLAIMS_BYTES], size_t *size,
                                      const struct skeym_enrol_keys *keys,
                                      struct skeym_span locator)
{
    struct skeym_sealed sort = locators(keys);
    return skeym_sealed_open(out, size, &sort, locator);
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
