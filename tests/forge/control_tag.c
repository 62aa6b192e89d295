/* SPDX-License-Identifier: Apache-2.0 */
/* A control: opens what has a wrong tag, as a cipher without authentication would (counter mode
 * from block 2, which is what GCM encrypts with). */
#include "crypto/crypto.h"
#include <openssl/evp.h>
#include <string.h>

enum skeym_error __real_skeym_crypto_open(struct skeym_room out, const uint8_t *key,
                                          const uint8_t *iv, struct skeym_span aad,
                                          struct skeym_span sealed);
enum skeym_error __wrap_skeym_crypto_open(struct skeym_room out, const uint8_t *key,
                                          const uint8_t *iv, struct skeym_span aad,
                                          struct skeym_span sealed);

enum skeym_error __wrap_skeym_crypto_open(struct skeym_room out, const uint8_t *key,
                                          const uint8_t *iv, struct skeym_span aad,
                                          struct skeym_span sealed)
{
    enum skeym_error error = __real_skeym_crypto_open(out, key, iv, aad, sealed);
    if (error == SKEYM_ERR_SEAL && sealed.size > SKEYM_TAG_BYTES) {
        static EVP_CIPHER_CTX *ctx;
        uint8_t counter[16] = {0};
        int size = 0;
        ctx = ctx ? ctx : EVP_CIPHER_CTX_new();
        memcpy(counter, iv, SKEYM_IV_BYTES);
        counter[15] = 2;
        if (ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_ctr(), NULL, key, counter) == 1 &&
            EVP_DecryptUpdate(ctx, out.data, &size, sealed.data,
                              (int)(sealed.size - SKEYM_TAG_BYTES)) == 1) {
            error = SKEYM_OK;
        }
    }
    return error;
}
