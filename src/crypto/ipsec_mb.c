/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libipsec-mb behind the crypto door: AES-256-GCM and AES-CMAC on x86 with AVX2, in a third to a
 * half of the others' time. Without the library in the build (SKEYM_IPSEC_MB) the table is here all
 * the same and never usable.
 *
 * It is called by its functions for AVX2 directly, not through its manager: that takes 3 ms and
 * 4 MB to set up, and gains for messages over 350 bytes alone, by AVX-512. Its key expansion and
 * AES-GCM take no branch and no address from a secret, and wipe the registers and the stack that
 * they use (IMB_FEATURE_SAFE_DATA; looked for, not believed). Its own CMAC subkeys do branch on the
 * key, so single blocks go through Nettle, which has no key expansion without tables: each of the
 * two has what the other lacks, and both lay a schedule out as FIPS 197 does. Nettle leaves all
 * round keys in registers, so these are cleared here.
 */
#include "crypto/backend.h"

#ifdef SKEYM_IPSEC_MB
#include <immintrin.h>
#include <intel-ipsec-mb.h>
#include <nettle/aes.h>
#include <stdint.h>
#include <string.h>

static const char *version(void)
{
    return imb_get_version_str();
}

/* --- AES-GCM ------------------------------------------------------------------ */

/* SECRET. On our stack. The header's own alignment is for the library's build alone. */
struct work {
    struct gcm_context_data context;
    _Alignas(64) struct gcm_key_data key; /* AVX2 uses the schedule and eight powers: the start */
};
#define WORK_BYTES                                                                                 \
    (offsetof(struct work, key.ghash_keys) + sizeof(((struct work *)0)->key.ghash_keys.avx2_avx512))

static bool seal(uint8_t *out, const uint8_t key[SKEYM_KEY_BYTES], const uint8_t iv[SKEYM_IV_BYTES],
                 struct skeym_span aad, struct skeym_span plain)
{
    struct work work;
    aes_gcm_pre_256_avx_gen4(key, &work.key);
    aes_gcm_enc_256_avx_gen4(&work.key, &work.context, out, plain.data, plain.size, iv, aad.data,
                             aad.size, out + plain.size, SKEYM_TAG_BYTES);
    skeym_crypto_wipe(&work, WORK_BYTES);
    return true;
}

static enum skeym_error open_sealed(uint8_t *out, const uint8_t key[SKEYM_KEY_BYTES],
                                    const uint8_t iv[SKEYM_IV_BYTES], struct skeym_span aad,
                                    struct skeym_span sealed)
{
    struct work work;
    uint8_t right[SKEYM_TAG_BYTES];
    size_t size = sealed.size - SKEYM_TAG_BYTES;
    aes_gcm_pre_256_avx_gen4(key, &work.key);
    aes_gcm_dec_256_avx_gen4(&work.key, &work.context, out, sealed.data, size, iv, aad.data,
                             aad.size, right, sizeof right);
    bool equal = skeym_crypto_equal(right, sealed.data + size, sizeof right);
    skeym_crypto_wipe(&work, WORK_BYTES);
    skeym_crypto_wipe(right, sizeof right);
    return skeym_crypto_choose(equal, SKEYM_OK, SKEYM_ERR_SEAL);
}

/* --- single blocks ------------------------------------------------------------ */

__attribute__((target("avx"))) static void clear_registers(void)
{
    _mm256_zeroall();
}

_Static_assert(sizeof(struct aes256_ctx) == offsetof(struct skeym_cmac_key, k1),
               "a schedule is all that Nettle has of a key");

static void aes_expand(struct skeym_cmac_key *key)
{
    aes_keyexp_256_enc_avx2(key, key);
}

static bool aes_blocks(uint8_t *out, const struct skeym_cmac_key *key, const uint8_t *in,
                       size_t count)
{
    aes256_encrypt((const void *)key, count * SKEYM_BLOCK_BYTES, out, in);
    clear_registers();
    return true;
}

/* --- whether it may be used ----------------------------------------------------- */

/* A known answer of each function, in a microsecond; the library's own tests are its manager's. */
static bool answers_right(void)
{
    static const uint8_t known[2 * SKEYM_BLOCK_BYTES + SKEYM_TAG_BYTES] = {
        0x96, 0x8e, 0x26, 0xc7, 0x8b, 0xd0, 0x68, 0xe8, 0xc5, 0xd7, 0xf5, 0x74,
        0x67, 0x09, 0xc5, 0x54, 0x08, 0x99, 0xea, 0x9c, 0x85, 0xb4, 0xdb, 0x79,
        0x14, 0x64, 0x0a, 0x5d, 0x6c, 0x4a, 0xa3, 0x43, 0x7a, 0xf6, 0xa2, 0x30,
        0x19, 0x5b, 0x14, 0x1d, 0x2d, 0xad, 0xe5, 0x94, 0x03, 0x0c, 0x77, 0x41,
    };
    enum { TEXT = 200, AAD = 21 };
    uint8_t in[TEXT];
    uint8_t out[TEXT + SKEYM_TAG_BYTES];
    uint8_t blocks[2 * SKEYM_BLOCK_BYTES];
    struct skeym_cmac_key key;
    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = (uint8_t)i;
    }
    struct skeym_span aad = {in, AAD};
    struct skeym_span sealed = {out, sizeof out};
    memcpy(key.key, in, sizeof key.key);
    aes_expand(&key);
    return aes_blocks(blocks, &key, in + 1, 2) &&
           skeym_crypto_equal(blocks, known, sizeof blocks) &&
           seal(out, in, in + 3, aad, (struct skeym_span){in, sizeof in}) &&
           skeym_crypto_equal(out + TEXT, known + sizeof blocks, SKEYM_TAG_BYTES) &&
           open_sealed(out, in, in + 3, aad, sealed) == SKEYM_OK &&
           skeym_crypto_equal(out, in, sizeof in);
}

/* The library looks at the CPU alone, not at whether the system keeps AVX's registers. */
static bool usable(void)
{
    const uint64_t needed = IMB_CPUFLAGS_AVX2 | IMB_FEATURE_SAFE_DATA;
    return skeym_sodium_avx2() && (imb_get_feature_flags() & needed) == needed && answers_right();
}

const struct skeym_crypto_backend skeym_ipsec_mb = {
    .name = "libipsec-mb",
    .version = version,
    .usable = usable,
    .most = (size_t)1 << 30, /* far below 2^36 - 32, where GCM ends: OpenSSL says so, this library
                                does not look */
    .seal = seal,
    .open = open_sealed,
    .aes_expand = aes_expand,
    .aes_blocks = aes_blocks,
};
#else
static bool never(void)
{
    return false;
}

const struct skeym_crypto_backend skeym_ipsec_mb = {.name = "libipsec-mb", .usable = never};
#endif
