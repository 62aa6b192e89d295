/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device's crypto door against published vectors, and against what skeym/crypto.h promises of
 * each function that a device links. What it cannot show: constant time, and that nothing of a key
 * stays behind.
 */
#include "unit/door_promises.h"
#include "unit/hex.h"
#include <skeym/crypto.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint8_t key[32] = {1, 2, 3};
static const uint8_t iv[12] = {4, 5};
static const struct skeym_span nothing;

/* --- SHA-256 (FIPS 180-4), HMAC (RFC 4231, cases 2 and 6) --- */

static void sha256_vectors(void **state)
{
    (void)state;
    static const char *const known[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    uint8_t out[32];
    for (size_t i = 0; i < COUNT(known); i++) {
        const struct skeym_span text = skeym_span_text(known[i][0]);
        skeym_crypto_sha256(out, &text, 1);
        assert_hex(out, sizeof out, known[i][1]);
    }
    skeym_crypto_sha256(out, NULL, 0);
    assert_hex(out, sizeof out, known[0][1]);
}

static void hmac_vectors(void **state)
{
    (void)state;
    uint8_t long_key[131];
    uint8_t out[32];
    struct skeym_span data = skeym_span_text("what do ya want for nothing?");
    skeym_crypto_hmac(out, skeym_span_text("Jefe"), &data, 1);
    assert_hex(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(long_key, 0xaa, sizeof long_key);
    data = skeym_span_text("Test Using Larger Than Block-Size Key - Hash Key First");
    skeym_crypto_hmac(out, skeym_span(long_key, sizeof long_key), &data, 1);
    assert_hex(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* A key of one whole block is not hashed; one byte more is. None at all is a key, too. */
static void hmac_key_sizes(void **state)
{
    (void)state;
    uint8_t of_key[32];
    uint8_t of_hash[32];
    uint8_t hash[32];
    uint8_t long_key[65] = {3};
    const struct skeym_span data = skeym_span_text("x");
    for (size_t size = 63; size <= 65; size++) {
        const struct skeym_span whole = {long_key, size};
        skeym_crypto_sha256(hash, &whole, 1);
        skeym_crypto_hmac(of_key, whole, &data, 1);
        skeym_crypto_hmac(of_hash, skeym_span(hash, 32), &data, 1);
        assert_int_equal(skeym_crypto_equal(of_key, of_hash, 32), size == 65);
    }
    skeym_crypto_hmac(of_key, nothing, &data, 1);
    memset(long_key, 0, sizeof long_key);
    skeym_crypto_hmac(of_hash, skeym_span(long_key, 64), &data, 1);
    assert_memory_equal(of_key, of_hash, 32);
}

static void parts_are_joined(void **state)
{
    (void)state;
    const struct skeym_span whole = skeym_span_text("abcd");
    const struct skeym_span parts[] = {nothing, skeym_span_text("a"), nothing,
                                       skeym_span_text("bcd")};
    uint8_t joined[70];
    uint8_t at_once[70];
    skeym_crypto_sha256(joined, parts, COUNT(parts));
    skeym_crypto_sha256(at_once, &whole, 1);
    assert_memory_equal(joined, at_once, 32);
    skeym_crypto_hmac(joined, skeym_span(key, 32), parts, COUNT(parts));
    skeym_crypto_hmac(at_once, skeym_span(key, 32), &whole, 1);
    assert_memory_equal(joined, at_once, 32);
    assert_int_equal(skeym_crypto_hkdf_expand((struct skeym_room){joined, sizeof joined}, key,
                                              parts, COUNT(parts)),
                     SKEYM_OK);
    assert_int_equal(
        skeym_crypto_hkdf_expand((struct skeym_room){at_once, sizeof at_once}, key, &whole, 1),
        SKEYM_OK);
    assert_memory_equal(joined, at_once, sizeof joined);
}

/* What skeym/crypto.h allows, and the handshake does. */
static void hashes_over_their_inputs(void **state)
{
    (void)state;
    uint8_t want[32];
    uint8_t at[2][32] = {{1}, {2}};
    const struct skeym_span parts[] = {{at[0], 32}, {at[1], 32}};
    for (size_t i = 0; i < 2; i++) {
        const uint8_t before[2][32] = {{1}, {2}};
        memcpy(at, before, sizeof at);
        skeym_crypto_sha256(want, parts, 2);
        skeym_crypto_sha256(at[i], parts, 2);
        assert_memory_equal(at[i], want, 32);
        memcpy(at, before, sizeof at);
        skeym_crypto_hmac(want, parts[0], &parts[1], 1);
        skeym_crypto_hmac(at[i], parts[0], &parts[1], 1);
        assert_memory_equal(at[i], want, 32);
        memcpy(at, before, sizeof at);
        assert_int_equal(
            skeym_crypto_hkdf((struct skeym_room){want, 32}, parts[0], parts[1], nothing),
            SKEYM_OK);
        assert_int_equal(
            skeym_crypto_hkdf((struct skeym_room){at[i], 32}, parts[0], parts[1], nothing),
            SKEYM_OK);
        assert_memory_equal(at[i], want, 32);
    }
}

/* --- HKDF (RFC 5869, appendix A) --- */

static const struct {
    const char *input, *salt, *info, *prk, *out;
} rfc5869[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
};

static void hkdf_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rfc5869); i++) {
        uint8_t bytes[4][32];
        uint8_t out[42];
        const struct skeym_room room = {out, sizeof out};
        struct skeym_span input = {bytes[0], unhex(bytes[0], 32, rfc5869[i].input)};
        struct skeym_span salt = {bytes[1], unhex(bytes[1], 32, rfc5869[i].salt)};
        struct skeym_span info = {bytes[2], unhex(bytes[2], 32, rfc5869[i].info)};
        unhex(bytes[3], 32, rfc5869[i].prk);
        assert_int_equal(skeym_crypto_hkdf(room, salt, input, info), SKEYM_OK);
        assert_hex(out, sizeof out, rfc5869[i].out);
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_crypto_hkdf_expand(room, bytes[3], &info, 1), SKEYM_OK);
        assert_hex(out, sizeof out, rfc5869[i].out);
    }
}

/* Every size up to some blocks is the beginning of the longest, which ends as the RFC says; and
 * nothing is written behind it. One byte more has no such name. */
static void hkdf_sizes(void **state)
{
    (void)state;
    enum { MOST = 255 * 32 };
    static uint8_t longest[MOST + 1];
    const struct skeym_span info = skeym_span_text("info");
    struct skeym_room room = {longest, MOST};
    uint8_t last[32];
    uint8_t out[101];
    assert_int_equal(skeym_crypto_hkdf_expand(room, key, &info, 1), SKEYM_OK);
    const struct skeym_span parts[] = {skeym_span(longest + MOST - 64, 32), info,
                                       skeym_span("\xff", 1)};
    skeym_crypto_hmac(last, skeym_span(key, 32), parts, 3);
    assert_memory_equal(last, longest + MOST - 32, 32);
    for (size_t size = 0; size < sizeof out; size++) {
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_crypto_hkdf_expand((struct skeym_room){out, size}, key, &info, 1),
                         SKEYM_OK);
        assert_memory_equal(out, longest, size);
        assert_int_equal(out[size], 0xee);
    }
    room.room++;
    assert_int_equal(skeym_crypto_hkdf_expand(room, key, &info, 1), SKEYM_ERR_RANGE);
    assert_zero(longest, sizeof longest);
    memset(longest, 0xee, sizeof longest);
    assert_int_equal(skeym_crypto_hkdf(room, info, info, info), SKEYM_ERR_RANGE);
    assert_zero(longest, sizeof longest);
}

/* --- X25519 (RFC 7748, 5.2 and 6.1) --- */

static void x25519_vectors(void **state)
{
    (void)state;
    static const char *const known[][3] = {
        {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
         "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
         "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
        {"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
         "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
         "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
        {"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
         "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
         "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
    };
    uint8_t k[32];
    uint8_t u[32];
    uint8_t out[32];
    for (size_t i = 0; i < COUNT(known); i++) {
        unhex(k, 32, known[i][0]);
        unhex(u, 32, known[i][1]);
        assert_int_equal(skeym_crypto_x25519(out, k, u), SKEYM_OK);
        assert_hex(out, 32, known[i][2]);
    }
    assert_int_equal(skeym_crypto_x25519_public(out, k), SKEYM_OK);
    assert_hex(out, 32, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
}

/* 5.2: k and u of the next round are the product and the last k. Some products end with zeros,
 * which a library of large numbers may leave out. */
static void x25519_rounds(void **state)
{
    (void)state;
    uint8_t k[32] = {9};
    uint8_t u[32] = {9};
    for (int round = 1; round <= 1000; round++) {
        uint8_t product[32];
        assert_int_equal(skeym_crypto_x25519(product, k, u), SKEYM_OK);
        memcpy(u, k, 32);
        memcpy(k, product, 32);
    }
    assert_hex(k, 32, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

/* The same point under its other names: with the top bit, and with p added. */
static void x25519_names_of_a_point(void **state)
{
    (void)state;
    uint8_t names[3][32] = {{9}, {9, [31] = 0x80}};
    uint8_t want[32];
    uint8_t out[32];
    memset(names[2], 0xff, 32);
    names[2][0] = 0xed + 9; /* p ends with ed */
    names[2][31] = 0x7f;
    assert_int_equal(skeym_crypto_x25519_public(want, key), SKEYM_OK);
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_int_equal(skeym_crypto_x25519(out, key, names[i]), SKEYM_OK);
        assert_memory_equal(out, want, 32);
    }
}

static void x25519_low_order(void **state)
{
    (void)state;
    static const char *const low_order[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    for (size_t i = 0; i < 2 * COUNT(low_order); i++) {
        uint8_t u[32];
        uint8_t out[32];
        unhex(u, 32, low_order[i / 2]);
        u[31] = (uint8_t)(u[31] | (i % 2 ? 0x80 : 0));
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_crypto_x25519(out, key, u), SKEYM_ERR_WEAK);
        assert_zero(out, sizeof out);
    }
}

/* --- AES-256-GCM (McGrew and Viega, 14 and 16) --- */

static void gcm_vectors(void **state)
{
    (void)state;
    uint8_t k[32] = {0};
    uint8_t n[12] = {0};
    uint8_t a[20];
    uint8_t plain[60] = {0};
    uint8_t sealed[76];
    assert_int_equal(
        skeym_crypto_seal((struct skeym_room){sealed, 32}, k, n, nothing, skeym_span(plain, 16)),
        SKEYM_OK);
    assert_hex(sealed, 32, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
    unhex(k, 32, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    unhex(n, 12, "cafebabefacedbaddecaf888");
    unhex(a, 20, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
    unhex(plain, 60,
          "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e24"
          "49a6b525b16aedf5aa0de657ba637b39");
    assert_int_equal(skeym_crypto_seal((struct skeym_room){sealed, 76}, k, n, skeym_span(a, 20),
                                       skeym_span(plain, 60)),
                     SKEYM_OK);
    assert_hex(sealed, 76,
               "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b"
               "08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
}

enum { LONG = 5000 };

/* Every size over some blocks, and a long one: apart, in place, and nothing behind the end. */
static void gcm_in_place(void **state)
{
    (void)state;
    static uint8_t plain[LONG];
    static uint8_t apart[LONG + 17];
    static uint8_t place[LONG + 17];
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)(i * 7);
    }
    for (size_t i = 0; i <= 101; i++) {
        size_t size = i > 100 ? LONG : i;
        const struct skeym_span aad = {size ? plain : NULL, size / 2};
        memset(apart, 0xee, sizeof apart);
        memset(place, 0xee, sizeof place);
        memcpy(place, plain, size);
        assert_int_equal(skeym_crypto_seal((struct skeym_room){apart, sizeof apart}, key, iv, aad,
                                           skeym_span(size ? plain : NULL, size)),
                         SKEYM_OK);
        assert_int_equal(skeym_crypto_seal((struct skeym_room){place, size + 16}, key, iv, aad,
                                           skeym_span(place, size)),
                         SKEYM_OK);
        assert_memory_equal(place, apart, sizeof place);
        assert_int_equal(skeym_crypto_open((struct skeym_room){place, size}, key, iv, aad,
                                           skeym_span(place, size + 16)),
                         SKEYM_OK);
        assert_memory_equal(place, plain, size);
        assert_memory_equal(place + size, apart + size, sizeof place - size);
    }
}

/* One bit of key, iv, associated data, ciphertext or tag; apart and in place. */
static void gcm_altered(void **state)
{
    (void)state;
    uint8_t all[32 + 12 + 8 + 40 + 16] = {0};
    uint8_t *sealed = all + 52;
    uint8_t work[56] = {1};
    uint8_t out[60];
    const struct skeym_span aad = {all + 44, 8};
    assert_int_equal(skeym_crypto_seal((struct skeym_room){sealed, 56}, all, all + 32, aad,
                                       skeym_span(work, 40)),
                     SKEYM_OK);
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] ^= (uint8_t)(1U << i % 8);
        memset(out, 0xee, sizeof out);
        memcpy(work, sealed, sizeof work);
        assert_int_equal(skeym_crypto_open((struct skeym_room){out, 40}, all, all + 32, aad,
                                           skeym_span(sealed, 56)),
                         SKEYM_ERR_SEAL);
        assert_zero(out, 40);
        assert_int_equal(out[40], 0xee);
        assert_int_equal(skeym_crypto_open((struct skeym_room){work, 40}, all, all + 32, aad,
                                           skeym_span(work, 56)),
                         SKEYM_ERR_SEAL);
        assert_zero(work, 40);
        all[i] ^= (uint8_t)(1U << i % 8);
    }
    for (size_t size = 0; size < 56; size++) {
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_crypto_open((struct skeym_room){out, 40}, all, all + 32, aad,
                                           skeym_span(sealed, size)),
                         SKEYM_ERR_SEAL);
        assert_zero(out, size < 16 ? 40 : size - 16);
    }
}

static void gcm_without_room(void **state)
{
    (void)state;
    uint8_t plain[20] = {1};
    uint8_t sealed[36];
    uint8_t out[40];
    for (size_t room = 0; room < sizeof sealed; room++) {
        memset(sealed, 0xee, sizeof sealed);
        assert_int_equal(skeym_crypto_seal((struct skeym_room){sealed, room}, key, iv, nothing,
                                           skeym_span(plain, 20)),
                         SKEYM_ERR_SPACE);
        assert_zero(sealed, room);
        assert_int_equal(sealed[room], 0xee);
    }
    assert_int_equal(
        skeym_crypto_seal((struct skeym_room){sealed, 36}, key, iv, nothing, skeym_span(plain, 20)),
        SKEYM_OK);
    for (size_t room = 0; room < sizeof plain; room++) {
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_crypto_open((struct skeym_room){out, room}, key, iv, nothing,
                                           skeym_span(sealed, 36)),
                         SKEYM_ERR_SPACE);
        assert_zero(out, room);
        assert_int_equal(out[room], 0xee);
    }
}

/* --- small things --- */

/* true where there is none would be an illegal instruction in the other program. */
static void avx2_is_not_made_up(void **state)
{
    (void)state;
#if defined(__x86_64__)
    assert_true(!skeym_crypto_avx2() || __builtin_cpu_supports("avx2"));
#else
    assert_false(skeym_crypto_avx2());
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_vectors),
        cmocka_unit_test(hmac_vectors),
        cmocka_unit_test(hmac_key_sizes),
        cmocka_unit_test(parts_are_joined),
        cmocka_unit_test(hashes_over_their_inputs),
        cmocka_unit_test(hkdf_vectors),
        cmocka_unit_test(hkdf_sizes),
        cmocka_unit_test(x25519_vectors),
        cmocka_unit_test(x25519_rounds),
        cmocka_unit_test(x25519_names_of_a_point),
        cmocka_unit_test(x25519_low_order),
        cmocka_unit_test(gcm_vectors),
        cmocka_unit_test(gcm_in_place),
        cmocka_unit_test(gcm_altered),
        cmocka_unit_test(gcm_without_room),
        cmocka_unit_test(equal_and_wipe),
        cmocka_unit_test(choose_and_first),
        cmocka_unit_test(avx2_is_not_made_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
