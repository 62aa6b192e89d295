/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A crypto door on Mbed TLS 2.28: all that libskeym-device.a asks of a device for login, exchanges
 * and enrolment. Take it as it is, or as a pattern for another library; what each function promises
 * stands in skeym/crypto.h, and tests/kit finds out whether it keeps it.
 *
 *   cc ... device.c door_mbedtls.c -Wl,--gc-sections -lskeym-device -lmbedcrypto
 *
 * Heap: hashes take none. Mbed TLS takes some for AES-GCM (round keys) and more for X25519 (large
 * numbers), and gives it back, wiped, before we return. From an array of yours instead of a heap:
 * MBEDTLS_PLATFORM_MEMORY and MBEDTLS_MEMORY_BUFFER_ALLOC_C in its configuration, and at the start
 * mbedtls_memory_buffer_alloc_init(array, sizeof array).
 *
 * Time: hashes and comparisons go one way whatever the secrets are. X25519 does not quite: the
 * ladder does, but its large numbers branch on values, which Mbed TLS blinds with what it makes
 * from the key. Its sources have a curve without such branches, and without a heap
 * (3rdparty/everest, Hacl_Curve25519_crypto_scalarmult: a product of zeros is SKEYM_ERR_WEAK then).
 * AES and GHASH in software look secrets up in tables: a leak where a cache is in front of these.
 * There take the chip's AES (MBEDTLS_AES_ALT, MBEDTLS_GCM_ALT); on x86-64 Mbed TLS takes the CPU's
 * by itself.
 */
#include <mbedtls/constant_time.h>
#include <mbedtls/ecp.h>
#include <mbedtls/gcm.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <skeym/crypto.h>
#include <string.h>

/* --- SHA-256, HMAC, HKDF --------------------------------------------------------------------- */

/* A hash has no error that its caller would hear of. Software never fails; an accelerator may. */
static void must(int failed)
{
    if (failed) {
        __builtin_trap();
    }
}

static void begin(mbedtls_sha256_context *hash)
{
    mbedtls_sha256_init(hash);
    must(mbedtls_sha256_starts_ret(hash, 0));
}

static void absorb(mbedtls_sha256_context *hash, const struct skeym_span *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        must(mbedtls_sha256_update_ret(hash, parts[i].data, parts[i].size));
    }
}

static void end(uint8_t out[32], mbedtls_sha256_context *hash)
{
    must(mbedtls_sha256_finish_ret(hash, out));
    mbedtls_sha256_free(hash); /* which wipes it */
}

void skeym_crypto_sha256(uint8_t out[32], const struct skeym_span *parts, size_t count)
{
    mbedtls_sha256_context hash;
    begin(&hash);
    absorb(&hash, parts, count);
    end(out, &hash);
}

static void mask(uint8_t key[64], uint8_t with)
{
    for (size_t i = 0; i < 64; i++) {
        key[i] ^= with;
    }
}

/* HMAC with a part before and one behind the others. Mbed TLS has one, too, but that one wants a
 * heap, and fails without. */
static void hmac(uint8_t out[32], struct skeym_span secret, struct skeym_span before,
                 const struct skeym_span *parts, size_t count, struct skeym_span behind)
{
    mbedtls_sha256_context inner;
    uint8_t key[64] = {0};
    const struct skeym_span outer[] = {{key, sizeof key}, {out, 32}};
    if (secret.size > sizeof key) {
        skeym_crypto_sha256(key, &secret, 1);
    } else if (secret.size > 0) {
        memcpy(key, secret.data, secret.size);
    }
    mask(key, 0x36);
    begin(&inner);
    absorb(&inner, outer, 1);
    absorb(&inner, &before, 1);
    absorb(&inner, parts, count);
    absorb(&inner, &behind, 1);
    end(out, &inner);
    mask(key, 0x36 ^ 0x5c);
    skeym_crypto_sha256(out, outer, 2);
    skeym_crypto_wipe(key, sizeof key);
}

void skeym_crypto_hmac(uint8_t out[32], struct skeym_span key, const struct skeym_span *parts,
                       size_t count)
{
    const struct skeym_span nothing = {0};
    hmac(out, key, nothing, parts, count, nothing);
}

enum skeym_error skeym_crypto_hkdf_expand(struct skeym_room out, const uint8_t prk[32],
                                          const struct skeym_span *info, size_t count)
{
    uint8_t block[32];
    uint8_t number = 0;
    struct skeym_span before = {block, 0};
    if (out.room > 255 * sizeof block) {
        skeym_crypto_wipe(out.data, out.room);
        return SKEYM_ERR_RANGE;
    }
    for (size_t done = 0; done < out.room; done += sizeof block) {
        size_t left = out.room - done;
        number++;
        hmac(block, (struct skeym_span){prk, 32}, before, info, count,
             (struct skeym_span){&number, 1});
        memcpy(out.data + done, block, left < sizeof block ? left : sizeof block);
        before.size = sizeof block;
    }
    skeym_crypto_wipe(block, sizeof block);
    return SKEYM_OK;
}

enum skeym_error skeym_crypto_hkdf(struct skeym_room out, struct skeym_span salt,
                                   struct skeym_span input, struct skeym_span info)
{
    uint8_t prk[32];
    skeym_crypto_hmac(prk, salt, &input, 1);
    enum skeym_error error = skeym_crypto_hkdf_expand(out, prk, &info, 1);
    skeym_crypto_wipe(prk, sizeof prk);
    return error;
}

/* --- X25519 ---------------------------------------------------------------------------------- */

enum skeym_error skeym_crypto_x25519(uint8_t out[32], const uint8_t key[32], const uint8_t peer[32])
{
    mbedtls_ecp_keypair own; /* the key clamped, and in place of its public half the peer's */
    mbedtls_ecp_point product;
    mbedtls_ecp_keypair_init(&own);
    mbedtls_ecp_point_init(&product);
    int failed = mbedtls_ecp_read_key(MBEDTLS_ECP_DP_CURVE25519, &own, key, 32);
    if (!failed) {
        failed = mbedtls_ecp_point_read_binary(&own.grp, &own.Q, peer, 32);
    }
    if (!failed) { /* without a generator, it makes from the key what it blinds with */
        failed = mbedtls_ecp_mul(&own.grp, &product, &own.d, &own.Q, NULL, NULL);
    }
    if (!failed) {
        failed = mbedtls_mpi_write_binary_le(&product.X, out, 32);
    }
    mbedtls_ecp_point_free(&product); /* which wipes it */
    mbedtls_ecp_keypair_free(&own);
    if (!failed) {
        return SKEYM_OK;
    }
    skeym_crypto_wipe(out, 32); /* an invalid key is the peer's, of low order: ours was clamped */
    return failed == MBEDTLS_ERR_ECP_INVALID_KEY ? SKEYM_ERR_WEAK : SKEYM_ERR_CRYPTO;
}

enum skeym_error skeym_crypto_x25519_public(uint8_t out[32], const uint8_t key[32])
{
    static const uint8_t base[32] = {9};
    return skeym_crypto_x25519(out, key, base);
}

/* --- AES-256-GCM ----------------------------------------------------------------------------- */

enum skeym_error skeym_crypto_seal(struct skeym_room out, const uint8_t key[32],
                                   const uint8_t iv[12], struct skeym_span aad,
                                   struct skeym_span plain)
{
    mbedtls_gcm_context gcm;
    if (out.room < 16 || plain.size > out.room - 16) {
        skeym_crypto_wipe(out.data, out.room);
        return SKEYM_ERR_SPACE;
    }
    mbedtls_gcm_init(&gcm);
    int failed = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, 256);
    if (!failed) {
        failed =
            mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, plain.size, iv, 12, aad.data,
                                      aad.size, plain.data, out.data, 16, out.data + plain.size);
    }
    mbedtls_gcm_free(&gcm); /* which wipes it */
    if (failed) {
        skeym_crypto_wipe(out.data, out.room);
    }
    return failed ? SKEYM_ERR_CRYPTO : SKEYM_OK;
}

/* Often in place: Mbed TLS's header is against it, but its own TLS opens so, and so does tests/kit.
 */
enum skeym_error skeym_crypto_open(struct skeym_room out, const uint8_t key[32],
                                   const uint8_t iv[12], struct skeym_span aad,
                                   struct skeym_span sealed)
{
    mbedtls_gcm_context gcm;
    if (sealed.size < 16 || sealed.size - 16 > out.room) {
        skeym_crypto_wipe(out.data, out.room);
        return sealed.size < 16 ? SKEYM_ERR_SEAL : SKEYM_ERR_SPACE;
    }
    size_t size = sealed.size - 16;
    mbedtls_gcm_init(&gcm);
    int failed = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, 256);
    if (!failed) {
        failed = mbedtls_gcm_auth_decrypt(&gcm, size, iv, 12, aad.data, aad.size,
                                          sealed.data + size, 16, sealed.data, out.data);
    }
    mbedtls_gcm_free(&gcm);
    if (failed) {
        skeym_crypto_wipe(out.data, size);
        return failed == MBEDTLS_ERR_GCM_AUTH_FAILED ? SKEYM_ERR_SEAL : SKEYM_ERR_CRYPTO;
    }
    return SKEYM_OK;
}

/* --- small things ---------------------------------------------------------------------------- */

void skeym_crypto_wipe(void *data, size_t size)
{
    mbedtls_platform_zeroize(data, size);
}

bool skeym_crypto_equal(const void *a, const void *b, size_t size)
{
    return mbedtls_ct_memcmp(a, b, size) == 0;
}

bool skeym_crypto_avx2(void)
{
    return false;
}

enum skeym_error skeym_crypto_choose(bool first, enum skeym_error a, enum skeym_error b)
{
    volatile unsigned mask = 0U - (unsigned)first; /* no compiler makes a branch of it */
    return (enum skeym_error)((unsigned)b ^ (mask & ((unsigned)a ^ (unsigned)b)));
}

enum skeym_error skeym_crypto_first(enum skeym_error before, enum skeym_error now)
{
    return skeym_crypto_choose(before != SKEYM_OK, before, now);
}
