/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libsodium behind the crypto door: AES-256-GCM with the CPU's instructions, whose key schedule
 * lies on our stack, and X25519. Both run in constant time.
 */
#include "crypto/backend.h"
#include <sodium.h>

static const char *version(void)
{
    return sodium_version_string();
}

static bool usable(void)
{
    return sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() == 1;
}

bool skeym_sodium_avx2(void)
{
    return sodium_init() >= 0 && sodium_runtime_has_avx2() == 1;
}

static bool seal(uint8_t *out, const uint8_t key[SKEYM_KEY_BYTES], const uint8_t iv[SKEYM_IV_BYTES],
                 struct skeym_span aad, struct skeym_span plain)
{
    crypto_aead_aes256gcm_state state;
    bool done = crypto_aead_aes256gcm_beforenm(&state, key) == 0 &&
                crypto_aead_aes256gcm_encrypt_afternm(out, NULL, plain.data, plain.size, aad.data,
                                                      aad.size, NULL, iv, &state) == 0;
    skeym_crypto_wipe(&state, sizeof state);
    return done;
}

/* libsodium decrypts nothing that it refuses, which would tell by 40 ns what was refused. So it is
 * asked for the verdict alone; and, as GCM's cipher undoes itself, to encrypt what is encrypted,
 * whatever the verdict is. */
static enum skeym_error open_sealed(uint8_t *out, const uint8_t key[SKEYM_KEY_BYTES],
                                    const uint8_t iv[SKEYM_IV_BYTES], struct skeym_span aad,
                                    struct skeym_span sealed)
{
    crypto_aead_aes256gcm_state state;
    uint8_t none[SKEYM_TAG_BYTES];
    size_t size = sealed.size - SKEYM_TAG_BYTES;
    int refused = crypto_aead_aes256gcm_beforenm(&state, key);
    refused |= crypto_aead_aes256gcm_decrypt_detached_afternm(
        NULL, NULL, sealed.data, size, sealed.data + size, aad.data, aad.size, iv, &state);
    refused |= crypto_aead_aes256gcm_encrypt_detached_afternm(out, none, NULL, sealed.data, size,
                                                              NULL, 0, NULL, iv, &state);
    skeym_crypto_wipe(&state, sizeof state);
    return skeym_crypto_choose(refused == 0, SKEYM_OK, SKEYM_ERR_SEAL);
}

static bool x25519_public(uint8_t out[SKEYM_KEY_BYTES], const uint8_t key[SKEYM_KEY_BYTES])
{
    return crypto_scalarmult_base(out, key) == 0;
}

/* It refuses points of low order, some before the product and the others by its being zero. */
static enum skeym_error x25519(uint8_t out[SKEYM_KEY_BYTES], const uint8_t key[SKEYM_KEY_BYTES],
                               const uint8_t peer[SKEYM_KEY_BYTES])
{
    return crypto_scalarmult(out, key, peer) == 0 ? SKEYM_OK : SKEYM_ERR_WEAK;
}

const struct skeym_crypto_backend skeym_sodium = {
    .name = "libsodium",
    .version = version,
    .usable = usable,
    .most = 1024,
    .seal = seal,
    .open = open_sealed,
    .x25519_public = x25519_public,
    .x25519 = x25519,
};
