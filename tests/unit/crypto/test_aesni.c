/* SPDX-License-Identifier: Apache-2.0 */
/* Our own AES-GCM and CMAC by CPU instructions say what OpenSSL says: of every size around their
 * blocks and groups, in place, of random inputs, and of what was altered. */
#include "unit/crypto/backends.h"
#include "unit/crypto/spans.h"
#include "unit/hex.h"

#define MOST   2100
#define AAD    300
#define ROUNDS 3000

static int need_instructions(void **state)
{
    (void)state;
    if (!skeym_aesni.usable()) {
        print_message("this CPU has no AES instructions or no AVX2\n");
        skip();
    }
    return 0;
}

static size_t draw(size_t end)
{
    uint32_t value = 0;
    assert_int_equal(skeym_crypto_random(&value, sizeof value), SKEYM_OK);
    return value % end;
}

/* 0xee stands around what may be written. */
static void same(const uint8_t *key, const uint8_t *iv, struct skeym_span aad,
                 struct skeym_span plain)
{
    static uint8_t want[MOST + 16];
    static uint8_t got[MOST + 18];
    memset(got, 0xee, sizeof got);
    assert_true(skeym_openssl.seal(want, key, iv, aad, plain));
    assert_true(skeym_aesni.seal(got + 1, key, iv, aad, plain));
    assert_memory_equal(got + 1, want, plain.size + 16);
    assert_int_equal(got[0], 0xee);
    assert_int_equal(got[plain.size + 17], 0xee);
    memset(got, 0xee, sizeof got);
    struct skeym_span sealed = {want, plain.size + 16};
    assert_int_equal(skeym_aesni.open(got + 1, key, iv, aad, sealed), SKEYM_OK);
    assert_memory_equal(got + 1, plain.data, plain.size);
    assert_int_equal(got[0], 0xee);
    assert_int_equal(got[plain.size + 1], 0xee);
    memcpy(got, plain.data, plain.size); /* and in place */
    assert_true(skeym_aesni.seal(got, key, iv, aad, (struct skeym_span){got, plain.size}));
    assert_memory_equal(got, want, plain.size + 16);
    sealed.data = got;
    assert_int_equal(skeym_aesni.open(got, key, iv, aad, sealed), SKEYM_OK);
    assert_memory_equal(got, plain.data, plain.size);
}

static uint8_t input[MOST + AAD + 44];

static void fresh_input(void)
{
    assert_int_equal(skeym_crypto_random(input, sizeof input), SKEYM_OK);
}

static void each_size(void **state)
{
    (void)state;
    const size_t aads[] = {0, 1, 16, 61, 128, 145};
    for (size_t size = 0; size < 700; size++) {
        fresh_input();
        for (size_t i = 0; i < sizeof aads / sizeof aads[0]; i++) {
            same(input + MOST + AAD, input + MOST + AAD + 32, span_of(input + MOST, aads[i]),
                 span_of(input, size));
        }
    }
}

static void each_size_of_aad(void **state)
{
    (void)state;
    for (size_t size = 0; size <= AAD; size++) {
        fresh_input();
        same(input + MOST + AAD, input + MOST + AAD + 32, span_of(input + MOST, size),
             span_of(input, 96));
    }
}

static void random_ones(void **state)
{
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        fresh_input();
        same(input + MOST + AAD, input + MOST + AAD + 32, span_of(input + MOST, draw(AAD)),
             span_of(input, draw(MOST)));
    }
}

/* All keys, texts and counters of ones or of zeros: where carries and top bits are. */
static void extreme_ones(void **state)
{
    (void)state;
    static uint8_t bytes[2][MOST + 16];
    memset(bytes[1], 0xff, sizeof bytes[1]);
    for (size_t i = 0; i < 16; i++) {
        same(bytes[i & 1], bytes[i >> 1 & 1], span_of(bytes[i >> 2 & 1], 64),
             span_of(bytes[i >> 3], MOST));
    }
}

static void each_altered_bit(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 5, 96, 300};
    uint8_t sealed[316];
    uint8_t out[300];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct skeym_span aad = span_of(input + MOST, 37);
        size_t size = sizes[i] + 16;
        fresh_input();
        assert_true(skeym_aesni.seal(sealed, input, input + 40, aad, span_of(input, sizes[i])));
        for (size_t bit = 0; bit < 8 * size; bit++) {
            sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_int_equal(skeym_aesni.open(out, input, input + 40, aad, span_of(sealed, size)),
                             SKEYM_ERR_SEAL);
            sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        for (size_t bit = 0; bit < 8 * aad.size; bit++) {
            input[MOST + bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_int_equal(skeym_aesni.open(out, input, input + 40, aad, span_of(sealed, size)),
                             SKEYM_ERR_SEAL);
            input[MOST + bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        assert_int_equal(skeym_aesni.open(out, input, input + 40, aad, span_of(sealed, size)),
                         SKEYM_OK);
    }
}

static void same_macs(void **state)
{
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        uint8_t want[16 * SKEYM_CMAC_BLOCKS_MAX];
        uint8_t got[16 * SKEYM_CMAC_BLOCKS_MAX + 1];
        size_t blocks = 1 + round % SKEYM_CMAC_BLOCKS_MAX;
        fresh_input();
        got[16 * blocks] = 0xee;
        assert_true(skeym_openssl.cmac_blocks(want, input, input + 32, blocks));
        assert_true(skeym_aesni.cmac_blocks(got, input, input + 32, blocks));
        assert_memory_equal(got, want, 16 * blocks);
        assert_int_equal(got[16 * blocks], 0xee);
        assert_true(skeym_aesni.cmac_blocks(input + 32, input, input + 32, blocks));
        assert_memory_equal(input + 32, want, 16 * blocks);
    }
}

/* It is taken where it can be. */
static void is_chosen(void **state)
{
    (void)state;
    skeym_crypto_use(NULL);
    assert_non_null(strstr(skeym_crypto_name(), skeym_aesni.name));
    assert_null(skeym_aesni.x25519); /* and X25519 still works */
    uint8_t out[32];
    skeym_crypto_use(&skeym_aesni);
    assert_int_equal(skeym_crypto_x25519_public(out, input), SKEYM_OK);
    skeym_crypto_use(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_size, need_instructions),
        cmocka_unit_test_setup(each_size_of_aad, need_instructions),
        cmocka_unit_test_setup(random_ones, need_instructions),
        cmocka_unit_test_setup(extreme_ones, need_instructions),
        cmocka_unit_test_setup(each_altered_bit, need_instructions),
        cmocka_unit_test_setup(same_macs, need_instructions),
        cmocka_unit_test_setup(is_chosen, need_instructions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
