/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto door itself: every function with every secret that it may get. */
#include "ct.h"
#include <string.h>

enum { LONG_BYTES = 9000 }; /* over the size from which the other library is taken */

static void sha256(void)
{
    uint8_t secret[100], out[SKEYM_SHA256_BYTES];
    memset(secret, 7, sizeof secret);
    ct_poison(secret, sizeof secret);
    const struct skeym_span parts[] = {skeym_span(secret, 33), skeym_span(secret + 33, 67)};
    skeym_crypto_sha256(out, parts, 2);
    ct_secret(out, sizeof out, "a hash of a secret");
}

static void hmac(void)
{
    uint8_t key[100], out[SKEYM_SHA256_BYTES], message[32];
    memset(key, 7, sizeof key);
    ct_poison(key, sizeof key);
    ct_key(message, 1);
    struct skeym_span part = skeym_span(message, sizeof message);
    skeym_crypto_hmac(out, skeym_span(key, 32), &part, 1);
    ct_secret(out, sizeof out, "the MAC under 32 bytes");
    skeym_crypto_hmac(out, skeym_span(key, sizeof key), &part, 1);
    ct_secret(out, sizeof out, "the MAC under a key that is hashed");
}

static void hkdf(void)
{
    uint8_t salt[32], input[32], out[96];
    ct_key(salt, 1);
    ct_key(input, 2);
    struct skeym_room room = {out, sizeof out};
    ct_okay(skeym_crypto_hkdf(room, skeym_span(salt, 32), skeym_span(input, 32),
                              (struct skeym_span){0}),
            "hkdf");
    ct_secret(out, sizeof out, "three keys");
}

static void hkdf_expand(void)
{
    uint8_t key[32], more[64], out[80];
    ct_key(key, 1);
    memset(more, 9, sizeof more);
    ct_poison(more, sizeof more);
    struct skeym_room room = {out, sizeof out};
    struct skeym_span info = skeym_span(more, 20);
    ct_okay(skeym_crypto_hkdf_expand(room, key, &info, 1), "a short info");
    ct_secret(out, sizeof out, "keys of a short info");
    info = skeym_span(more, sizeof more);
    ct_okay(skeym_crypto_hkdf_expand(room, key, &info, 1), "a long info");
    ct_secret(out, sizeof out, "keys of a long info");
}

static void x25519(void)
{
    uint8_t mine[32], theirs[32], mine_public[32], theirs_public[32], one[32], other[32];
    ct_key(mine, 1);
    ct_key(theirs, 2);
    ct_okay(skeym_crypto_x25519_public(mine_public, mine), "a public key");
    ct_okay(skeym_crypto_x25519_public(theirs_public, theirs), "a public key");
    ct_okay(skeym_crypto_x25519(one, mine, theirs_public), "a product");
    ct_okay(skeym_crypto_x25519(other, theirs, mine_public), "a product");
    ct_secret(one, sizeof one, "the product");
    ct_right(skeym_crypto_equal(one, other, sizeof one), "both sides have the same");
}

static void x25519_weak(void)
{
    uint8_t mine[32], out[32];
    const uint8_t zero[32] = {0};
    const uint8_t one[32] = {1};
    ct_key(mine, 1);
    ct_right(skeym_crypto_x25519(out, mine, zero) == SKEYM_ERR_WEAK, "zero is refused");
    ct_right(skeym_crypto_x25519(out, mine, one) == SKEYM_ERR_WEAK, "one is refused");
}

static void seal_and_open(size_t size)
{
    static uint8_t plain[LONG_BYTES], sealed[LONG_BYTES + SKEYM_TAG_BYTES], back[LONG_BYTES];
    uint8_t key[32];
    const uint8_t iv[SKEYM_IV_BYTES] = {1, 2, 3};
    const struct skeym_span aad = skeym_span_text("seen by everybody");
    ct_key(key, 1);
    memset(plain, 5, size);
    ct_poison(plain, size);
    struct skeym_room room = {sealed, size + SKEYM_TAG_BYTES};
    ct_okay(skeym_crypto_seal(room, key, iv, aad, skeym_span(plain, size)), "seal");
    ct_secret(sealed, size + SKEYM_TAG_BYTES, "not yet sent");
    struct skeym_span wire = ct_wire(sealed, size + SKEYM_TAG_BYTES);
    ct_okay(skeym_crypto_open((struct skeym_room){back, size}, key, iv, aad, wire), "open");
    ct_secret(back, size, "the opened text");
    ct_right(skeym_crypto_equal(back, plain, size), "the same text");
    for (size_t at = 0; at < wire.size; at += wire.size - 1) { /* first and last byte */
        sealed[at] ^= 1;
        ct_right(skeym_crypto_open((struct skeym_room){back, size}, key, iv, aad, wire) ==
                     SKEYM_ERR_SEAL,
                 "a changed one is refused");
        sealed[at] ^= 1;
    }
}

static void gcm_short(void)
{
    seal_and_open(77);
}

static void gcm_long(void)
{
    seal_and_open(LONG_BYTES);
}

static void cmac_blocks(void)
{
    uint8_t key[32], in[32], out[32];
    struct skeym_cmac_key prepared;
    ct_key(key, 1);
    ct_key(in, 2);
    ct_okay(skeym_crypto_cmac_prepare(&prepared, key), "prepare");
    ct_secret_prepared(&prepared, "the prepared key");
    ct_okay(skeym_crypto_cmac_blocks(out, &prepared, in, 2), "cmac");
    ct_secret(out, sizeof out, "two MACs");
}

static void equal(void)
{
    uint8_t a[32], b[32];
    ct_key(a, 1);
    ct_key(b, 1);
    ct_right(skeym_crypto_equal(a, b, sizeof a), "equal");
    for (size_t i = 0; i < sizeof b; i++) {
        b[i] ^= 0x10;
        ct_right(!skeym_crypto_equal(a, b, sizeof a), "one bit differs");
        b[i] ^= 0x10;
    }
}

/* Which of the two is secret as well. */
static void one_path(void)
{
    uint8_t key[32], other[32], kept[37];
    for (unsigned i = 0; i < 2; i++) {
        bool yes = i == 1;
        enum skeym_error error = SKEYM_ERR_SEAL, none = SKEYM_OK;
        ct_key(key, 1);
        ct_key(other, 2);
        memset(kept, 3, sizeof kept);
        ct_poison(kept, sizeof kept);
        ct_poison(&yes, sizeof yes);
        ct_poison(&error, sizeof error);
        ct_poison(&none, sizeof none);
        skeym_crypto_keep(kept, sizeof kept, yes);
        skeym_crypto_replace(key, other, sizeof key, yes);
        ct_secret(kept, sizeof kept, "what is kept, or not");
        ct_secret(key, sizeof key, "one of two keys");
        ct_right(skeym_crypto_choose(yes, error, none) == (i == 1 ? SKEYM_ERR_SEAL : SKEYM_OK),
                 "one of two errors");
        ct_right(skeym_crypto_first(none, error) == SKEYM_ERR_SEAL, "the first error");
    }
}

static void wipe(void)
{
    uint8_t key[32], bits[32];
    ct_key(key, 1);
    skeym_crypto_wipe(key, sizeof key);
    memset(bits, 0, sizeof bits);
    ct_right(memcmp(key, bits, sizeof key) == 0, "zeros, known to be zeros");
}

static void random_bytes(void)
{
    uint8_t key[32];
    ct_okay(skeym_crypto_random(key, sizeof key), "random");
    ct_secret(key, sizeof key, "a fresh key");
}

const struct ct_case ct_crypto_cases[] = {
    {"sha256", sha256},
    {"hmac", hmac},
    {"hkdf", hkdf},
    {"hkdf_expand", hkdf_expand},
    {"x25519", x25519},
    {"x25519_weak", x25519_weak},
    {"gcm_short", gcm_short},
    {"gcm_long", gcm_long},
    {"cmac_blocks", cmac_blocks},
    {"equal", equal},
    {"one_path", one_path},
    {"wipe", wipe},
    {"random", random_bytes},
    {NULL, NULL},
};
