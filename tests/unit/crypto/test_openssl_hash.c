/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), HMAC (RFC 4231), HKDF (RFC 5869). */
#include "crypto/backend.h"
#include "unit/crypto/spans.h"
#include "unit/hex.h"

static void sha256_of(const char *text, const char *want)
{
    uint8_t out[32];
    struct skeym_span span = text_of(text);
    skeym_crypto_sha256(out, &span, 1);
    assert_hex(out, sizeof out, want);
}

static void sha256_vectors(void **state)
{
    (void)state;
    uint8_t out[32];
    const char *empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    sha256_of("", empty);
    sha256_of("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    skeym_crypto_sha256(out, NULL, 0);
    assert_hex(out, sizeof out, empty);
}

static void parts_are_joined(void **state)
{
    (void)state;
    const struct skeym_span parts[] = {text_of("a"), {0}, text_of("bc")};
    const struct skeym_span whole = text_of("abc");
    uint8_t joined[96];
    uint8_t at_once[96];
    struct skeym_room joined_room = {joined, sizeof joined};
    struct skeym_room at_once_room = {at_once, sizeof at_once};
    uint8_t prk[32] = {7};
    skeym_crypto_sha256(joined, parts, 3);
    skeym_crypto_sha256(at_once, &whole, 1);
    assert_memory_equal(joined, at_once, 32);
    skeym_crypto_hmac(joined, span_of(prk, 32), parts, 3);
    skeym_crypto_hmac(at_once, span_of(prk, 32), &whole, 1);
    assert_memory_equal(joined, at_once, 32);
    assert_int_equal(skeym_crypto_hkdf_expand(joined_room, prk, parts, 3), SKEYM_OK);
    assert_int_equal(skeym_crypto_hkdf_expand(at_once_room, prk, &whole, 1), SKEYM_OK);
    assert_memory_equal(joined, at_once, sizeof joined);
}

/* RFC 4231, cases 1 to 4, 6 and 7 (5 is truncated). */
static const struct {
    const char *key;
    const char *data;
    const char *mac;
} rfc4231[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
     "dddddddddddddddddddddddddddddddd",
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"0102030405060708090a0b0c0d0e0f10111213141516171819",
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b"
     "6579204669727374",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a6520"
     "6b657920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579"
     "206e6565647320746f20626520686173686564206265666f7265206265696e6720757365642062792074686520484"
     "d"
     "414320616c676f726974686d2e",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

static void hmac_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rfc4231 / sizeof rfc4231[0]; i++) {
        uint8_t key[160];
        uint8_t data[160];
        uint8_t mac[32];
        struct skeym_span k = {key, unhex(key, sizeof key, rfc4231[i].key)};
        struct skeym_span d = {data, unhex(data, sizeof data, rfc4231[i].data)};
        skeym_crypto_hmac(mac, k, &d, 1);
        assert_hex(mac, sizeof mac, rfc4231[i].mac);
    }
}

/* A key of one whole block is not hashed; one byte more is. */
static void hmac_key_sizes(void **state)
{
    (void)state;
    uint8_t key[65];
    uint8_t hashed[32];
    uint8_t mac[32];
    uint8_t of_hash[32];
    const struct skeym_span data = text_of("x");
    memset(key, 3, sizeof key);
    struct skeym_span long_key = {key, sizeof key};
    skeym_crypto_sha256(hashed, &long_key, 1);
    skeym_crypto_hmac(mac, long_key, &data, 1);
    skeym_crypto_hmac(of_hash, span_of(hashed, 32), &data, 1);
    assert_memory_equal(mac, of_hash, 32);
    skeym_crypto_hmac(mac, span_of(key, 64), &data, 1);
    assert_memory_not_equal(mac, of_hash, 32);
    long_key.size = 64;
    skeym_crypto_sha256(hashed, &long_key, 1);
    skeym_crypto_hmac(of_hash, span_of(hashed, 32), &data, 1);
    assert_memory_not_equal(mac, of_hash, 32);
}

static void hmac_may_write_over_its_input(void **state)
{
    (void)state;
    uint8_t want[32];
    uint8_t key[32] = {1};
    uint8_t data[32] = {2};
    struct skeym_span part = {data, sizeof data};
    skeym_crypto_hmac(want, span_of(key, 32), &part, 1);
    skeym_crypto_hmac(data, span_of(key, 32), &part, 1);
    assert_memory_equal(data, want, 32);
    memset(data, 0, sizeof data);
    data[0] = 2;
    skeym_crypto_hmac(key, span_of(key, 32), &part, 1);
    assert_memory_equal(key, want, 32);
}

/* RFC 5869, appendix A, cases 1 to 3. */
static const struct {
    const char *ikm, *salt, *info, *prk, *okm;
} rfc5869[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2"
     "e"
     "2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8"
     "e"
     "8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcddd"
     "e"
     "dfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590"
     "e"
     "09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
};

static void hkdf_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rfc5869 / sizeof rfc5869[0]; i++) {
        uint8_t ikm[80];
        uint8_t salt[80];
        uint8_t info[80];
        uint8_t prk[32];
        uint8_t okm[82];
        struct skeym_room room = {okm, strlen(rfc5869[i].okm) / 2};
        struct skeym_span ikm_span = {ikm, unhex(ikm, sizeof ikm, rfc5869[i].ikm)};
        struct skeym_span salt_span = {salt, unhex(salt, sizeof salt, rfc5869[i].salt)};
        struct skeym_span info_span = {info, unhex(info, sizeof info, rfc5869[i].info)};
        unhex(prk, sizeof prk, rfc5869[i].prk);
        assert_int_equal(skeym_crypto_hkdf(room, salt_span, ikm_span, info_span), SKEYM_OK);
        assert_hex(okm, room.room, rfc5869[i].okm);
        memset(okm, 0, sizeof okm);
        assert_int_equal(skeym_crypto_hkdf_expand(room, prk, &info_span, 1), SKEYM_OK);
        assert_hex(okm, room.room, rfc5869[i].okm);
    }
}

/* Every size is a prefix of a longer one, and nothing is written behind it. */
static void hkdf_sizes(void **state)
{
    (void)state;
    static uint8_t longest[255 * 32];
    static uint8_t out[255 * 32 + 1];
    uint8_t prk[32] = {9};
    struct skeym_room room = {longest, sizeof longest};
    assert_int_equal(skeym_crypto_hkdf_expand(room, prk, NULL, 0), SKEYM_OK);
    for (size_t size = 0; size < 100; size++) {
        memset(out, 0xee, sizeof out);
        room = (struct skeym_room){out, size};
        assert_int_equal(skeym_crypto_hkdf_expand(room, prk, NULL, 0), SKEYM_OK);
        assert_memory_equal(out, longest, size);
        assert_int_equal(out[size], 0xee);
    }
    room = (struct skeym_room){out, sizeof out};
    assert_int_equal(skeym_crypto_hkdf_expand(room, prk, NULL, 0), SKEYM_ERR_RANGE);
    assert_zero(out, sizeof out);
}

/* Infos that fit into the last block of a hash and such that do not, in one part and in two,
 * against the definition. */
static void hkdf_info_sizes(void **state)
{
    (void)state;
    uint8_t prk[32] = {3};
    uint8_t info[80];
    for (size_t i = 0; i < sizeof info; i++) {
        info[i] = (uint8_t)(i * 7 + 1);
    }
    for (size_t size = 0; size <= sizeof info; size++) {
        uint8_t want[3 * 32];
        uint8_t out[3 * 32];
        for (uint8_t i = 0; i < 3; i++) {
            uint8_t counter = (uint8_t)(i + 1);
            const struct skeym_span parts[] = {span_of(want + 32 * (i ? i - 1 : 0), i ? 32 : 0),
                                               span_of(info, size), span_of(&counter, 1)};
            skeym_crypto_hmac(want + 32 * i, span_of(prk, 32), parts, 3);
        }
        const struct skeym_span two[] = {span_of(info, size / 3),
                                         span_of(info + size / 3, size - size / 3)};
        const struct skeym_span one = span_of(info, size);
        struct skeym_room room = {out, sizeof out};
        assert_int_equal(skeym_crypto_hkdf_expand(room, prk, &one, 1), SKEYM_OK);
        assert_memory_equal(out, want, sizeof out);
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_crypto_hkdf_expand(room, prk, two, 2), SKEYM_OK);
        assert_memory_equal(out, want, sizeof out);
    }
}

static void hkdf_may_write_over_its_input(void **state)
{
    (void)state;
    uint8_t want[64];
    uint8_t salt[64] = {1};
    uint8_t input[64] = {2};
    struct skeym_span nothing = {0};
    struct skeym_span salt_span = {salt, 64};
    struct skeym_span input_span = {input, 64};
    assert_int_equal(
        skeym_crypto_hkdf((struct skeym_room){want, 64}, salt_span, input_span, nothing), SKEYM_OK);
    assert_int_equal(
        skeym_crypto_hkdf((struct skeym_room){salt, 64}, salt_span, input_span, nothing), SKEYM_OK);
    assert_memory_equal(salt, want, 64);
    memset(salt, 0, sizeof salt);
    salt[0] = 1;
    assert_int_equal(
        skeym_crypto_hkdf((struct skeym_room){input, 64}, salt_span, input_span, nothing),
        SKEYM_OK);
    assert_memory_equal(input, want, 64);
}

/* HKDF-Expand and HMAC in one say what they say apart: by OpenSSL, and as chosen. */
static void expand_hmac_sizes(void **state)
{
    (void)state;
    static const struct skeym_crypto_backend *const use[] = {NULL, &skeym_openssl};
    static uint8_t text[700];
    uint8_t prk[32] = {1, 2, 3};
    uint8_t keys[8 * 32 + 1];
    uint8_t want[8 * 32];
    uint8_t mac[32];
    uint8_t want_mac[32];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)(i * 7);
    }
    for (size_t size = 0; size < sizeof text; size++) {
        size_t count = 1 + size % 8;
        struct skeym_span info = {text, size % 40};
        const struct skeym_span parts[] = {{text, size / 3}, {text + size / 3, size - size / 3}};
        for (size_t i = 0; i < 2; i++) {
            skeym_crypto_use(&skeym_openssl);
            assert_int_equal(
                skeym_crypto_hkdf_expand((struct skeym_room){want, count * 32}, prk, &info, 1),
                SKEYM_OK);
            skeym_crypto_hmac(want_mac, (struct skeym_span){want, 32}, parts, 2);
            skeym_crypto_use(use[i]);
            keys[count * 32] = 0xee;
            assert_int_equal(skeym_crypto_expand_hmac(keys, count, mac, prk, info, parts, 2),
                             SKEYM_OK);
            assert_memory_equal(keys, want, count * 32);
            assert_memory_equal(mac, want_mac, 32);
            assert_int_equal(keys[count * 32], 0xee);
        }
        memcpy(prk, mac, sizeof prk);
    }
    skeym_crypto_use(NULL);
}

static void expand_hmac_counts(void **state)
{
    (void)state;
    static uint8_t keys[256 * 32];
    uint8_t mac[32];
    const uint8_t prk[32] = {1};
    const struct skeym_span part = text_of("x");
    memset(mac, 0xee, sizeof mac);
    assert_int_equal(skeym_crypto_expand_hmac(keys, 0, mac, prk, part, &part, 1), SKEYM_ERR_RANGE);
    assert_zero(mac, sizeof mac);
    memset(keys, 0xee, sizeof keys);
    memset(mac, 0xee, sizeof mac);
    assert_int_equal(skeym_crypto_expand_hmac(keys, 256, mac, prk, part, &part, 1),
                     SKEYM_ERR_RANGE);
    assert_zero(keys, sizeof keys);
    assert_zero(mac, sizeof mac);
    assert_int_equal(skeym_crypto_expand_hmac(keys, 255, mac, prk, part, &part, 1), SKEYM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_vectors),
        cmocka_unit_test(parts_are_joined),
        cmocka_unit_test(hmac_vectors),
        cmocka_unit_test(hmac_key_sizes),
        cmocka_unit_test(hmac_may_write_over_its_input),
        cmocka_unit_test(expand_hmac_sizes),
        cmocka_unit_test(expand_hmac_counts),
        cmocka_unit_test(hkdf_vectors),
        cmocka_unit_test(hkdf_sizes),
        cmocka_unit_test(hkdf_info_sizes),
        cmocka_unit_test(hkdf_may_write_over_its_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
