/* SPDX-License-Identifier: Apache-2.0 */
/* The door's checks and vectors, with each library behind it; and that they agree. */
#include "unit/crypto/backends.h"
#include "unit/crypto/spans.h"
#include "unit/door_promises.h"
#include "unit/hex.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint8_t key[32] = {1, 2, 3};
static const uint8_t iv[12] = {4, 5};
static const struct skeym_span nothing;

static void name_and_version(void **state)
{
    (void)state;
    assert_int_equal(strncmp(skeym_crypto_name(), "OpenSSL 3.", 10), 0);
    bool both = strstr(skeym_crypto_name(), ", libsodium 1.") != NULL;
    assert_int_equal(both, skeym_sodium.usable());
    bool third = strstr(skeym_crypto_name(), ", libipsec-mb ") != NULL;
    assert_int_equal(third, skeym_ipsec_mb.usable());
}

/* --- AES-256-GCM ----------------------------------------------------------------- */

/* McGrew and Viega, test cases 13 to 16. */
static const struct {
    const char *key, *iv, *aad, *plain, *sealed;
} gcm[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
     "b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105682"
     "8838c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
     "b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105682"
     "8838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"},
};

static void gcm_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof gcm / sizeof gcm[0]; i++) {
        uint8_t k[32];
        uint8_t n[12];
        uint8_t a[32];
        uint8_t p[64];
        uint8_t out[80];
        unhex(k, sizeof k, gcm[i].key);
        unhex(n, sizeof n, gcm[i].iv);
        struct skeym_span aad = {a, unhex(a, sizeof a, gcm[i].aad)};
        struct skeym_span plain = {p, unhex(p, sizeof p, gcm[i].plain)};
        struct skeym_room room = {out, plain.size + 16};
        assert_int_equal(skeym_crypto_seal(room, k, n, aad, plain), SKEYM_OK);
        assert_hex(out, plain.size + 16, gcm[i].sealed);
        uint8_t back[64];
        struct skeym_span sealed = {out, plain.size + 16};
        assert_int_equal(
            skeym_crypto_open((struct skeym_room){back, plain.size}, k, n, aad, sealed), SKEYM_OK);
        assert_memory_equal(back, p, plain.size);
    }
}

/* Every size over some blocks, in place, and nothing written behind the end. */
static void gcm_sizes_in_place(void **state)
{
    (void)state;
    uint8_t plain[100];
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)i;
    }
    for (size_t size = 0; size <= sizeof plain; size++) {
        uint8_t apart[100 + 17];
        uint8_t place[100 + 17];
        memset(place, 0xee, sizeof place);
        memcpy(place, plain, size);
        struct skeym_span aad = {plain, size / 2};
        assert_int_equal(skeym_crypto_seal((struct skeym_room){apart, size + 16}, key, iv, aad,
                                           span_of(plain, size)),
                         SKEYM_OK);
        assert_int_equal(skeym_crypto_seal((struct skeym_room){place, size + 16}, key, iv, aad,
                                           span_of(place, size)),
                         SKEYM_OK);
        assert_memory_equal(place, apart, size + 16);
        assert_int_equal(place[size + 16], 0xee);
        assert_int_equal(skeym_crypto_open((struct skeym_room){place, size}, key, iv, aad,
                                           span_of(place, size + 16)),
                         SKEYM_OK);
        assert_memory_equal(place, plain, size);
    }
}

/* One bit in any byte of ciphertext, tag, associated data, key or iv. */
static void gcm_altered(void **state)
{
    (void)state;
    uint8_t all[32 + 12 + 8 + 40 + 16] = {0}; /* key, iv, aad, sealed */
    uint8_t plain[40] = {1};
    uint8_t out[40];
    struct skeym_room sealed_room = {all + 52, 56};
    assert_int_equal(skeym_crypto_seal(sealed_room, all, all + 32, span_of(all + 44, 8),
                                       span_of(plain, sizeof plain)),
                     SKEYM_OK);
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] ^= 1;
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_crypto_open((struct skeym_room){out, sizeof out}, all, all + 32,
                                           span_of(all + 44, 8), span_of(all + 52, 56)),
                         SKEYM_ERR_SEAL);
        assert_zero(out, sizeof out);
        all[i] ^= 1;
    }
    for (size_t size = 0; size < 56; size++) {
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_crypto_open((struct skeym_room){out, sizeof out}, all, all + 32,
                                           span_of(all + 44, 8), span_of(all + 52, size)),
                         SKEYM_ERR_SEAL);
        assert_zero(out, size < 16 ? sizeof out : size - 16);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void gcm_without_room(void **state)
{
    (void)state;
    uint8_t plain[20] = {1};
    uint8_t sealed[36];
    uint8_t out[36];
    assert_int_equal(
        skeym_crypto_seal((struct skeym_room){sealed, 36}, key, iv, nothing, span_of(plain, 20)),
        SKEYM_OK);
    for (size_t room = 0; room < 36; room++) {
        memset(out, 0xee, sizeof out);
        assert_int_equal(
            skeym_crypto_seal((struct skeym_room){out, room}, key, iv, nothing, span_of(plain, 20)),
            SKEYM_ERR_SPACE);
        assert_zero(out, room);
        assert_int_equal(out[room], 0xee);
    }
    for (size_t room = 0; room < 20; room++) {
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_crypto_open((struct skeym_room){out, room}, key, iv, nothing,
                                           span_of(sealed, 36)),
                         SKEYM_ERR_SPACE);
        assert_zero(out, room);
        assert_int_equal(out[room], 0xee);
    }
}

/* What is refused leaves zeros, and nothing behind, at every size around where the way of zeroing
 * changes; what opens is whole. */
static void gcm_refused_sizes(void **state)
{
    (void)state;
    static uint8_t plain[1040];
    static uint8_t sealed[1040 + 16];
    static uint8_t out[1040 + 1];
    memset(plain, 0x5a, sizeof plain);
    for (size_t size = 0; size <= sizeof plain; size += size == 40 ? 970 : 1) {
        struct skeym_span text = span_of(sealed, size + 16);
        struct skeym_span aad = span_of(plain, 3);
        assert_int_equal(skeym_crypto_seal((struct skeym_room){sealed, size + 16}, key, iv, aad,
                                           span_of(plain, size)),
                         SKEYM_OK);
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_crypto_open((struct skeym_room){out, size}, key, iv, aad, text),
                         SKEYM_OK);
        assert_memory_equal(out, plain, size);
        assert_int_equal(out[size], 0xee);
        sealed[size + 15] ^= 1;
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_crypto_open((struct skeym_room){out, size}, key, iv, aad, text),
                         SKEYM_ERR_SEAL);
        assert_zero(out, size);
        assert_int_equal(out[size], 0xee);
    }
}

/* Longer than one part (1 MiB), against OpenSSL in one go. */
static void gcm_in_parts(void **state)
{
    (void)state;
    size_t size = (5U << 19) + 5;
    uint8_t *plain = test_calloc(size, 1);
    uint8_t *ours = test_malloc(size + 16);
    uint8_t *theirs = test_malloc(size + 16);
    int got = 0;
    for (size_t i = 0; i < size; i++) {
        plain[i] = (uint8_t)(i * i >> 7);
    }
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &got, plain, (int)size), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, theirs, &got, plain, (int)size), 1);
    assert_int_equal(EVP_EncryptFinal_ex(ctx, theirs + size, &got), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, theirs + size), 1);
    EVP_CIPHER_CTX_free(ctx);
    struct skeym_span span = {plain, size};
    assert_int_equal(skeym_crypto_seal((struct skeym_room){ours, size + 16}, key, iv, span, span),
                     SKEYM_OK);
    assert_memory_equal(ours, theirs, size + 16);
    assert_int_equal(skeym_crypto_open((struct skeym_room){ours, size}, key, iv, span,
                                       span_of(theirs, size + 16)),
                     SKEYM_OK);
    assert_memory_equal(ours, plain, size);
    test_free(plain);
    test_free(ours);
    test_free(theirs);
}

/* --- AES-256-CMAC -------------------------------------------------------------------- */

static enum skeym_error mac(uint8_t *out, const uint8_t k[32], const uint8_t *in, size_t count)
{
    struct skeym_cmac_key prepared;
    assert_int_equal(skeym_crypto_cmac_prepare(&prepared, k), SKEYM_OK);
    return skeym_crypto_cmac_blocks(out, &prepared, in, count);
}

/* NIST SP 800-38B, D.3, example 10: the one whose message is one block. And the derivation of the
 * two XAES-256-GCM keys that C2SP prints: with and without the top bit of L. */
static void cmac_vectors(void **state)
{
    (void)state;
    uint8_t k[32];
    uint8_t blocks[32];
    unhex(k, sizeof k, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    unhex(blocks, 16, "6bc1bee22e409f96e93d7e117393172a");
    assert_int_equal(mac(blocks, k, blocks, 1), SKEYM_OK);
    assert_hex(blocks, 16, "28a7023f452e8f82bd4bf28d8c37c35c");
    memset(k, 1, sizeof k);
    unhex(blocks, 32, "000158004142434445464748494a4b4c000258004142434445464748494a4b4c");
    assert_int_equal(mac(blocks, k, blocks, 2), SKEYM_OK);
    assert_hex(blocks, 32, "c8612c9ed53fe43e8e005b828a1631a0bbcb6ab2f46514ec4f439fcfd0fa969b");
    memset(k, 3, sizeof k);
    unhex(blocks, 32, "000158004142434445464748494a4b4c000258004142434445464748494a4b4c");
    assert_int_equal(mac(blocks, k, blocks, 2), SKEYM_OK);
    assert_hex(blocks, 32, "e9c621d4cdd9b11b00a6427ad7e559aeedd66b3857646677748f8ca796cb3fd8");
}

static void cmac_counts(void **state)
{
    (void)state;
    uint8_t in[9 * 16];
    uint8_t out[9 * 16 + 1];
    uint8_t one[16];
    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = (uint8_t)i;
    }
    for (size_t count = 1; count <= 8; count++) {
        memset(out, 0xee, sizeof out);
        assert_int_equal(mac(out, key, in, count), SKEYM_OK);
        size_t last = (count - 1) * 16;
        assert_int_equal(out[last + 16], 0xee);
        assert_int_equal(mac(one, key, in + last, 1), SKEYM_OK);
        assert_memory_equal(one, out + last, 16);
    }
    assert_int_equal(mac(out, key, in, 0), SKEYM_ERR_CRYPTO);
    assert_int_equal(mac(out, key, in, 9), SKEYM_ERR_CRYPTO);
    assert_zero(out, sizeof in);
}

/* The key is in it, as what looks for it there needs; a copy does what the first one does; and two
 * of one key are the same bytes, whatever was there before. */
static void cmac_prepared(void **state)
{
    (void)state;
    struct skeym_cmac_key prepared[2];
    const uint8_t block[16] = {1, 2, 3};
    uint8_t out[2][16];
    memset(prepared, 0xee, sizeof prepared);
    assert_int_equal(skeym_crypto_cmac_prepare(&prepared[0], key), SKEYM_OK);
    assert_memory_equal(prepared[0].key, key, 32);
    const struct skeym_cmac_key copy = prepared[0];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(skeym_crypto_cmac_blocks(out[i], i ? &copy : &prepared[0], block, 1),
                         SKEYM_OK);
    }
    assert_memory_equal(out[0], out[1], 16);
    assert_int_equal(skeym_crypto_cmac_prepare(&prepared[1], key), SKEYM_OK);
    assert_memory_equal(&prepared[0], &prepared[1], sizeof prepared[0]);
}

/* --- X25519 ------------------------------------------------------------------------------ */

static void x25519_vectors(void **state)
{
    (void)state;
    uint8_t k[32];
    uint8_t u[32];
    uint8_t out[32];
    unhex(k, 32, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    unhex(u, 32, "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    assert_int_equal(skeym_crypto_x25519(out, k, u), SKEYM_OK);
    assert_hex(out, 32, "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    unhex(k, 32, "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d");
    unhex(u, 32, "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493");
    assert_int_equal(skeym_crypto_x25519(out, k, u), SKEYM_OK);
    assert_hex(out, 32, "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
    /* 6.1: Alice and Bob */
    unhex(k, 32, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    assert_int_equal(skeym_crypto_x25519_public(out, k), SKEYM_OK);
    assert_hex(out, 32, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    unhex(u, 32, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_int_equal(skeym_crypto_x25519(out, k, u), SKEYM_OK);
    assert_hex(out, 32, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

/* RFC 7748, 5.2: k and u of the next round are the product and the last k. */
static void x25519_thousand_rounds(void **state)
{
    (void)state;
    uint8_t k[32] = {9};
    uint8_t u[32] = {9};
    for (int round = 1; round <= 1000; round++) {
        uint8_t product[32];
        assert_int_equal(skeym_crypto_x25519(product, k, u), SKEYM_OK);
        memcpy(u, k, 32);
        memcpy(k, product, 32);
        if (round == 1) {
            assert_hex(k, 32, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
        }
    }
    assert_hex(k, 32, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

static const char *const low_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
};

static void x25519_weak(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof low_order / sizeof low_order[0]; i++) {
        uint8_t u[32];
        uint8_t out[32];
        unhex(u, sizeof u, low_order[i]);
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_crypto_x25519(out, key, u), SKEYM_ERR_WEAK);
        assert_zero(out, sizeof out);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void x25519_in_place(void **state)
{
    (void)state;
    uint8_t want[32];
    uint8_t u[32] = {9};
    uint8_t k[32] = {5};
    assert_int_equal(skeym_crypto_x25519(want, k, u), SKEYM_OK);
    assert_int_equal(skeym_crypto_x25519(u, k, u), SKEYM_OK);
    assert_memory_equal(u, want, 32);
    assert_int_equal(skeym_crypto_x25519_public(k, k), SKEYM_OK); /* 9 is the base point */
    assert_memory_equal(k, want, 32);
}

/* --- small things, threads, processes ------------------------------------------------------- */

/* Every size over some words, from an odd address, and nothing behind the end. */
static void keep_and_replace(void **state)
{
    (void)state;
    uint8_t one[44];
    uint8_t other[44];
    uint8_t data[44];
    memset(one, 0x5a, sizeof one);
    memset(other, 0xa6, sizeof other);
    for (size_t size = 0; size <= 41; size++) {
        for (unsigned yes = 0; yes < 2; yes++) {
            memcpy(data, one, sizeof data);
            skeym_crypto_keep(data + 1, size, yes);
            assert_memory_equal(data + 1 + (yes ? 0 : size), one, sizeof one - 2 - size);
            assert_zero(data + 1, yes ? 0 : size);
            assert_int_equal(data[0], 0x5a);
            assert_int_equal(data[1 + size], 0x5a);
            memcpy(data, one, sizeof data);
            skeym_crypto_replace(data + 1, other, size, yes);
            assert_memory_equal(data + 1, yes ? other : one, size);
            assert_int_equal(data[0], 0x5a);
            assert_int_equal(data[1 + size], 0x5a);
        }
    }
    skeym_crypto_keep(NULL, 0, false);
    skeym_crypto_replace(NULL, NULL, 0, true);
}

static void random_bytes(void **state)
{
    (void)state;
    static uint8_t a[1000];
    static uint8_t b[1000];
    assert_int_equal(skeym_crypto_random(a, sizeof a), SKEYM_OK);
    assert_int_equal(skeym_crypto_random(b, sizeof b - 1), SKEYM_OK);
    assert_int_equal(b[sizeof b - 1], 0);
    unsigned seen[256] = {0};
    for (size_t part = 0; part < sizeof a; part += 10) {
        assert_memory_not_equal(a + part, b + part, 9);
    }
    for (size_t i = 0; i < sizeof a; i++) {
        seen[a[i]]++;
    }
    for (size_t i = 0; i < 256; i++) {
        assert_true(seen[i] < 40); /* 3.9 expected */
    }
    assert_int_equal(skeym_crypto_random(NULL, 0), SKEYM_OK);
}

/* Seals and opens with keys of its own; NULL when all went well. */
static void *work(void *number)
{
    uint8_t mine[32] = {*(uint8_t *)number};
    uint8_t text[64];
    uint8_t out[80];
    memset(text, *(uint8_t *)number, sizeof text);
    for (int i = 0; i < 500; i++) {
        uint8_t blocks[16] = {0};
        struct skeym_cmac_key prepared;
        struct skeym_room room = {out, sizeof out};
        if (skeym_crypto_seal(room, mine, iv, nothing, span_of(text, 64)) ||
            skeym_crypto_cmac_prepare(&prepared, mine) ||
            skeym_crypto_cmac_blocks(blocks, &prepared, blocks, 1) ||
            skeym_crypto_open(room, mine, iv, nothing, span_of(out, sizeof out)) ||
            memcmp(out, text, 64) != 0) {
            return number;
        }
    }
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    pthread_t thread[8];
    uint8_t number[8];
    for (uint8_t i = 0; i < 8; i++) {
        number[i] = i;
        assert_int_equal(pthread_create(&thread[i], NULL, work, &number[i]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        void *bad = NULL;
        assert_int_equal(pthread_join(thread[i], &bad), 0);
        assert_null(bad);
    }
}

/* A child has working contexts and random bytes of its own. */
static void after_a_fork(void **state)
{
    (void)state;
    uint8_t number = 1;
    uint8_t ours[32];
    uint8_t theirs[32];
    int ends[2];
    assert_null(work(&number));
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool good = !work(&number) && !skeym_crypto_random(ours, sizeof ours) &&
                    write(ends[1], ours, sizeof ours) == sizeof ours;
        _exit(good ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(skeym_crypto_random(ours, sizeof ours), SKEYM_OK);
    assert_int_equal(read(ends[0], theirs, sizeof theirs), sizeof theirs);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_memory_not_equal(ours, theirs, sizeof ours);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_and_version),       cmocka_unit_test(gcm_vectors),
        cmocka_unit_test(gcm_sizes_in_place),     cmocka_unit_test(gcm_altered),
        cmocka_unit_test(gcm_without_room),       cmocka_unit_test(gcm_in_parts),
        cmocka_unit_test(cmac_vectors),           cmocka_unit_test(cmac_counts),
        cmocka_unit_test(cmac_prepared),          cmocka_unit_test(x25519_vectors),
        cmocka_unit_test(x25519_thousand_rounds), cmocka_unit_test(x25519_weak),
        cmocka_unit_test(x25519_in_place),        cmocka_unit_test(equal_and_wipe),
        cmocka_unit_test(random_bytes),           cmocka_unit_test(threads),
        cmocka_unit_test(after_a_fork),           cmocka_unit_test(keep_and_replace),
        cmocka_unit_test(choose_and_first),       cmocka_unit_test(gcm_refused_sizes),
    };
    return run_on_each_backend(tests, sizeof tests / sizeof tests[0]);
}
