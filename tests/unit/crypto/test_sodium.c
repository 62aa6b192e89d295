/* SPDX-License-Identifier: Apache-2.0 */
/* libsodium and OpenSSL say the same of random inputs: of texts, sizes, points, and refusals. */
#include "unit/crypto/backends.h"
#include "unit/crypto/spans.h"
#include "unit/hex.h"

#define ROUNDS 2000
#define MOST   3000
#define LONG   10000 /* on both sides of where the door changes from one to the other */

static void need_sodium(void)
{
    if (!skeym_sodium.usable()) {
        print_message("libsodium's AES-GCM cannot run on this CPU\n");
        skip();
    }
}

/* A number below `end`, of the door's generator. */
static size_t draw(size_t end)
{
    uint32_t value = 0;
    assert_int_equal(skeym_crypto_random(&value, sizeof value), SKEYM_OK);
    return value % end;
}

static void same_seals(void **state)
{
    (void)state;
    need_sodium();
    static uint8_t in[MOST + 200 + 32 + 12];
    static uint8_t a[MOST + 16];
    static uint8_t b[MOST + 16];
    for (size_t round = 0; round < ROUNDS; round++) {
        struct skeym_span plain = span_of(in, draw(round % 2 ? MOST : 300));
        struct skeym_span aad = span_of(in + MOST, draw(200));
        const uint8_t *key = in + MOST + 200;
        const uint8_t *iv = key + 32;
        assert_int_equal(skeym_crypto_random(in, sizeof in), SKEYM_OK);
        assert_true(skeym_openssl.seal(a, key, iv, aad, plain));
        assert_true(skeym_sodium.seal(b, key, iv, aad, plain));
        assert_memory_equal(a, b, plain.size + 16);
        bool altered = draw(2) != 0;
        a[draw(plain.size + 16)] ^= (uint8_t)(altered << draw(8));
        enum skeym_error want = altered ? SKEYM_ERR_SEAL : SKEYM_OK;
        struct skeym_span sealed = span_of(a, plain.size + 16);
        assert_int_equal(skeym_sodium.open(b, key, iv, aad, sealed), want);
        if (!altered) {
            assert_memory_equal(b, in, plain.size);
        }
        assert_int_equal(skeym_openssl.open(b, key, iv, aad, sealed), want);
    }
}

static void same_products(void **state)
{
    (void)state;
    need_sodium();
    for (size_t round = 0; round < ROUNDS / 4; round++) {
        uint8_t in[64];
        uint8_t a[32];
        uint8_t b[32];
        assert_int_equal(skeym_crypto_random(in, sizeof in), SKEYM_OK);
        if (round % 4 == 0) { /* not reduced, or of low order */
            memset(in + 33, round % 8 ? 0xff : 0, 30);
            in[63] = round % 8 ? 0x7f : (uint8_t)(draw(2) << 7);
            in[32] = round % 8 ? (uint8_t)(0xe0 + draw(32)) : (uint8_t)draw(4);
        }
        enum skeym_error error = skeym_openssl.x25519(a, in, in + 32);
        assert_int_equal(skeym_sodium.x25519(b, in, in + 32), error);
        assert_int_equal(error, error ? SKEYM_ERR_WEAK : SKEYM_OK);
        if (!error) {
            assert_memory_equal(a, b, sizeof a);
        }
        assert_true(skeym_openssl.x25519_public(a, in));
        assert_true(skeym_sodium.x25519_public(b, in));
        assert_memory_equal(a, b, sizeof a);
    }
}

/* What one door seals, the other opens: the size alone says who does it. */
static void across_the_door(void **state)
{
    (void)state;
    need_sodium();
    static uint8_t plain[LONG];
    static uint8_t sealed[LONG + 16];
    static uint8_t out[LONG];
    static const uint8_t key[32] = {1};
    static const uint8_t iv[12] = {2};
    const struct skeym_crypto_backend *brief = &skeym_sodium;
    for (size_t size = brief->most - 50; size < brief->most + 50; size++) {
        struct skeym_span text = span_of(plain, size);
        assert_int_equal(skeym_crypto_random(plain, size), SKEYM_OK);
        for (size_t i = 0; i < BACKENDS * BACKENDS; i++) {
            if (!is_here(all_backends[i / BACKENDS]) || !is_here(all_backends[i % BACKENDS])) {
                continue;
            }
            skeym_crypto_use(all_backends[i / BACKENDS]);
            assert_int_equal(
                skeym_crypto_seal((struct skeym_room){sealed, size + 16}, key, iv, text, text),
                SKEYM_OK);
            skeym_crypto_use(all_backends[i % BACKENDS]);
            assert_int_equal(skeym_crypto_open((struct skeym_room){out, size}, key, iv, text,
                                               span_of(sealed, size + 16)),
                             SKEYM_OK);
            assert_memory_equal(out, plain, size);
        }
    }
    skeym_crypto_use(NULL);
}

/* A library that fails, and leaves something. */
static bool refuse_public(uint8_t out[32], const uint8_t key[32])
{
    memcpy(out, key, 32);
    return false;
}

static bool refuse_seal(uint8_t *out, const uint8_t key[32], const uint8_t iv[12],
                        struct skeym_span aad, struct skeym_span plain)
{
    (void)iv;
    (void)aad;
    memcpy(out, key, plain.size < 32 ? plain.size : 32);
    return false;
}

static enum skeym_error refuse_open(uint8_t *out, const uint8_t key[32], const uint8_t iv[12],
                                    struct skeym_span aad, struct skeym_span sealed)
{
    (void)iv;
    (void)aad;
    memcpy(out, key, sealed.size - 16 < 32 ? sealed.size - 16 : 32);
    return SKEYM_ERR_CRYPTO;
}

static enum skeym_error refuse_product(uint8_t out[32], const uint8_t key[32],
                                       const uint8_t peer[32])
{
    (void)peer;
    memcpy(out, key, 32);
    return SKEYM_ERR_CRYPTO;
}

/* Whatever a library leaves in the output when it fails, the door does not hand it out. */
static void failures_leave_nothing(void **state)
{
    (void)state;
    const struct skeym_crypto_backend refusing = {.name = "refusing",
                                                  .seal = refuse_seal,
                                                  .open = refuse_open,
                                                  .x25519_public = refuse_public,
                                                  .x25519 = refuse_product};
    static const uint8_t key[48] = {1, 2, 3};
    const struct skeym_span nothing = {0};
    uint8_t out[48];
    skeym_crypto_use(&refusing);
    memset(out, 0xee, sizeof out);
    assert_int_equal(
        skeym_crypto_seal((struct skeym_room){out, 48}, key, key, nothing, span_of(key, 32)),
        SKEYM_ERR_CRYPTO);
    assert_zero(out, 48);
    memset(out, 0xee, sizeof out);
    assert_int_equal(
        skeym_crypto_open((struct skeym_room){out, 48}, key, key, nothing, span_of(key, 48)),
        SKEYM_ERR_CRYPTO);
    assert_zero(out, 32);
    memset(out, 0xee, sizeof out);
    assert_int_equal(skeym_crypto_x25519_public(out, key), SKEYM_ERR_CRYPTO);
    assert_zero(out, 32);
    memset(out, 0xee, sizeof out);
    assert_int_equal(skeym_crypto_x25519(out, key, key), SKEYM_ERR_CRYPTO);
    assert_zero(out, 32);
    skeym_crypto_use(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seals),
        cmocka_unit_test(same_products),
        cmocka_unit_test(across_the_door),
        cmocka_unit_test(failures_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
