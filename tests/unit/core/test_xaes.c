/* SPDX-License-Identifier: Apache-2.0 */
/* The vectors of C2SP: the two that it prints, and its accumulated ones. */
#include "core/xaes.h"
#include "unit/hex.h"
#include <openssl/evp.h>
#include <stdlib.h>

static const uint8_t nonce[] = "ABCDEFGHIJKLMNOPQRSTUVWX";

static const struct {
    uint8_t key;
    const char *aad;
    const char *sealed;
} vectors[] = {
    {1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
    {3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
};

static void printed_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t key[32];
        uint8_t out[28];
        uint8_t back[12];
        memset(key, vectors[i].key, sizeof key);
        struct skeym_span aad = skeym_span_text(vectors[i].aad);
        assert_int_equal(skeym_xaes_seal((struct skeym_room){out, sizeof out}, key, nonce, aad,
                                         skeym_span_text("XAES-256-GCM")),
                         SKEYM_OK);
        assert_hex(out, sizeof out, vectors[i].sealed);
        assert_int_equal(skeym_xaes_open((struct skeym_room){back, sizeof back}, key, nonce, aad,
                                         skeym_span(out, sizeof out)),
                         SKEYM_OK);
        assert_memory_equal(back, "XAES-256-GCM", 12);
    }
}

/* One bit in any byte of key, nonce, associated data or sealed text; and every cut. */
static void altered(void **state)
{
    (void)state;
    uint8_t all[32 + 24 + 5 + 28] = {0};
    uint8_t out[28];
    struct skeym_room room = {out, sizeof out};
    struct skeym_span aad = {all + 56, 5};
    assert_int_equal(skeym_xaes_seal((struct skeym_room){all + 61, 28}, all, all + 32, aad,
                                     skeym_span_text("XAES-256-GCM")),
                     SKEYM_OK);
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] ^= 0x10;
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_xaes_open(room, all, all + 32, aad, skeym_span(all + 61, 28)),
                         SKEYM_ERR_SEAL);
        assert_zero(out, 12);
        all[i] ^= 0x10;
    }
    for (size_t size = 0; size < 28; size++) {
        assert_int_equal(skeym_xaes_open(room, all, all + 32, aad, skeym_span(all + 61, size)),
                         SKEYM_ERR_SEAL);
    }
    assert_int_equal(skeym_xaes_open(room, all, all + 32, aad, skeym_span(all + 61, 28)), SKEYM_OK);
}

static void without_room(void **state)
{
    (void)state;
    uint8_t key[32] = {1};
    uint8_t out[28];
    memset(out, 0xee, sizeof out);
    assert_int_equal(skeym_xaes_seal((struct skeym_room){out, 27}, key, nonce,
                                     (struct skeym_span){0}, skeym_span_text("XAES-256-GCM")),
                     SKEYM_ERR_SPACE);
    assert_zero(out, 27);
    assert_int_equal(out[27], 0xee);
}

/* --- accumulated: SHAKE-128 draws the inputs, and hashes the outputs ------------------ */

#define DRAW_MAX (32 + 24 + 1 + 255 + 1 + 255)

/* The first `size` bytes of the stream. (OpenSSL 3.0 squeezes only once.) */
static uint8_t *draw(size_t size)
{
    uint8_t *stream = malloc(size);
    assert_non_null(stream);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestInit_ex(ctx, EVP_shake128(), NULL), 1);
    assert_int_equal(EVP_DigestFinalXOF(ctx, stream, size), 1);
    EVP_MD_CTX_free(ctx);
    return stream;
}

static void one_round(struct skeym_reader *reader, EVP_MD_CTX *hash)
{
    uint8_t sealed[255 + 16];
    uint8_t back[255];
    const uint8_t *key = skeym_read_span(reader, 32).data;
    const uint8_t *n = skeym_read_span(reader, 24).data;
    struct skeym_span plain = skeym_read_span8(reader);
    struct skeym_span aad = skeym_read_span8(reader);
    assert_false(reader->bad);
    assert_int_equal(
        skeym_xaes_seal((struct skeym_room){sealed, sizeof sealed}, key, n, aad, plain), SKEYM_OK);
    struct skeym_span span = {sealed, plain.size + 16};
    assert_int_equal(EVP_DigestUpdate(hash, span.data, span.size), 1);
    assert_int_equal(skeym_xaes_open((struct skeym_room){back, sizeof back}, key, n, aad, span),
                     SKEYM_OK);
    assert_true(skeym_span_equal(plain, skeym_span(back, plain.size)));
}

static void accumulate(size_t rounds, size_t drawn, const char *want)
{
    uint8_t digest[32];
    uint8_t *stream = draw(drawn);
    struct skeym_reader reader = skeym_reader(skeym_span(stream, drawn));
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestInit_ex(hash, EVP_shake128(), NULL), 1);
    for (size_t i = 0; i < rounds; i++) {
        one_round(&reader, hash);
    }
    assert_int_equal(EVP_DigestFinalXOF(hash, digest, sizeof digest), 1);
    EVP_MD_CTX_free(hash);
    free(stream);
    assert_hex(digest, sizeof digest, want);
}

static void accumulated_10000(void **state)
{
    (void)state;
    accumulate(10000, (size_t)10000 * DRAW_MAX,
               "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
}

/* A round draws 313 bytes on average, so 320 for each of so many are enough. */
static void accumulated_1000000(void **state)
{
    (void)state;
    if (!getenv("SKEYM_TEST_LONG")) { // NOLINT(concurrency-mt-unsafe): one thread
        print_message("a million rounds take long: set SKEYM_TEST_LONG=1\n");
        skip();
    }
    accumulate(1000000, (size_t)1000000 * 320,
               "2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printed_vectors),     cmocka_unit_test(altered),
        cmocka_unit_test(without_room),        cmocka_unit_test(accumulated_10000),
        cmocka_unit_test(accumulated_1000000),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
