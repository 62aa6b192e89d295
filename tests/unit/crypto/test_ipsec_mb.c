/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libipsec-mb and OpenSSL say the same of random inputs; what it leaves behind; and that it is not
 * used where it cannot be, or answers wrongly. The functions below stand in front of the library's.
 */
#include "crypto/backend.h"
#include "unit/crypto/spans.h"
#include "unit/hex.h"
#include <stdio.h>

#ifdef SKEYM_IPSEC_MB
#include <dlfcn.h>
#include <intel-ipsec-mb.h>
#include <nettle/aes.h>
#include <pthread.h>
#include <sodium.h>
#include <sys/mman.h>

#define ROUNDS      2000
#define MOST        3000
#define STACK_BYTES (1 << 18)

static uint64_t without;    /* features that this CPU is said not to have */
static bool system_without; /* the system keeps no registers of AVX */
static bool wrong_tag;      /* the library's AES-GCM */
static bool wrong_blocks;   /* Nettle's AES */

uint64_t imb_get_feature_flags(void)
{
    uint64_t (*real)(void) =
        __extension__(__typeof__(&imb_get_feature_flags)) dlsym(RTLD_NEXT, "imb_get_feature_flags");
    assert_non_null(real);
    return real() & ~without;
}

int sodium_runtime_has_avx2(void)
{
    int (*real)(void) = __extension__(__typeof__(&sodium_runtime_has_avx2))
        dlsym(RTLD_NEXT, "sodium_runtime_has_avx2");
    assert_non_null(real);
    return system_without ? 0 : real();
}

/* NOLINTBEGIN(readability-function-size,readability-inconsistent-declaration-parameter-name) */
/* Both halves change the tag alike, so that what is sealed opens. */
#define CHANGES_THE_TAG(name)                                                                      \
    void name(const struct gcm_key_data *key_data, struct gcm_context_data *context, uint8_t *out, \
              uint8_t const *in, uint64_t size, const uint8_t *iv, uint8_t const *aad,             \
              uint64_t aad_size, uint8_t *tag, uint64_t tag_size)                                  \
    {                                                                                              \
        static __typeof__(&name) real;                                                             \
        if (!real) {                                                                               \
            real = __extension__(__typeof__(real)) dlsym(RTLD_NEXT, #name);                        \
            assert_non_null(real);                                                                 \
        }                                                                                          \
        real(key_data, context, out, in, size, iv, aad, aad_size, tag, tag_size);                  \
        tag[3] ^= wrong_tag ? 1 : 0;                                                               \
    }
CHANGES_THE_TAG(aes_gcm_enc_256_avx_gen4)
CHANGES_THE_TAG(aes_gcm_dec_256_avx_gen4)

/* Without a use of something else of Nettle's the linker would leave it out. */
static void (*const volatile linked)(struct aes256_ctx *,
                                     const uint8_t *) = nettle_aes256_set_encrypt_key;

void nettle_aes256_encrypt(const struct aes256_ctx *schedule, size_t size, uint8_t *out,
                           const uint8_t *in)
{
    static __typeof__(&nettle_aes256_encrypt) real;
    if (!real) {
        assert_non_null(linked);
        real = __extension__(__typeof__(real)) dlsym(RTLD_NEXT, "nettle_aes256_encrypt");
        assert_non_null(real);
    }
    real(schedule, size, out, in);
    out[0] ^= wrong_blocks ? 1 : 0;
}

/* NOLINTEND(readability-function-size,readability-inconsistent-declaration-parameter-name) */

static void need_it(void)
{
    if (!skeym_ipsec_mb.usable()) {
        print_message("libipsec-mb cannot run on this CPU\n");
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
    need_it();
    static uint8_t in[MOST + 200 + 32 + 12];
    static uint8_t a[MOST + 16];
    static uint8_t b[MOST + 16];
    for (size_t round = 0; round < ROUNDS; round++) {
        struct skeym_span plain = span_of(in, round < 100 ? round : draw(round % 2 ? MOST : 300));
        struct skeym_span aad = span_of(in + MOST, draw(200));
        const uint8_t *key = in + MOST + 200;
        const uint8_t *iv = key + 32;
        assert_int_equal(skeym_crypto_random(in, sizeof in), SKEYM_OK);
        assert_true(skeym_openssl.seal(a, key, iv, aad, plain));
        assert_true(skeym_ipsec_mb.seal(b, key, iv, aad, plain));
        assert_memory_equal(a, b, plain.size + 16);
        memcpy(b, in, plain.size); /* in place */
        assert_true(skeym_ipsec_mb.seal(b, key, iv, aad, span_of(b, plain.size)));
        assert_memory_equal(a, b, plain.size + 16);
        bool altered = draw(2) != 0;
        a[draw(plain.size + 16)] ^= (uint8_t)(altered << draw(8));
        enum skeym_error want = altered ? SKEYM_ERR_SEAL : SKEYM_OK;
        struct skeym_span sealed = span_of(a, plain.size + 16);
        assert_int_equal(skeym_ipsec_mb.open(b, key, iv, aad, sealed), want);
        if (!altered) {
            assert_memory_equal(b, in, plain.size);
        }
    }
}

static void mac(uint8_t *out, const struct skeym_crypto_backend *with, const uint8_t *under,
                const uint8_t *in, size_t count)
{
    struct skeym_cmac_key made;
    skeym_crypto_use(with);
    assert_int_equal(skeym_crypto_cmac_prepare(&made, under), SKEYM_OK);
    assert_int_equal(skeym_crypto_cmac_blocks(out, &made, in, count), SKEYM_OK);
    skeym_crypto_use(NULL);
}

static void same_macs(void **state)
{
    (void)state;
    need_it();
    uint8_t in[32 + 16 * SKEYM_CMAC_BLOCKS_MAX];
    uint8_t a[16 * SKEYM_CMAC_BLOCKS_MAX];
    uint8_t b[16 * SKEYM_CMAC_BLOCKS_MAX];
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t count = 1 + round % SKEYM_CMAC_BLOCKS_MAX;
        assert_int_equal(skeym_crypto_random(in, sizeof in), SKEYM_OK);
        mac(a, &skeym_openssl, in, in + 32, count);
        mac(b, &skeym_ipsec_mb, in, in + 32, count);
        assert_memory_equal(a, b, 16 * count);
        mac(in + 32, &skeym_ipsec_mb, in, in + 32, count); /* in place */
        assert_memory_equal(a, in + 32, 16 * count);
    }
}

/* --- what it leaves -------------------------------------------------------------- */

static const uint8_t key[32] = {0x91, 0x5d, 0x1a, 0xee, 0x70, 0x3b, 0xc4, 0x22, 0x8d, 0x67, 0x09,
                                0xf2, 0x4e, 0xb8, 0x13, 0xd5, 0xa6, 0x2c, 0x7f, 0x50, 0xe9, 0x34,
                                0x8b, 0x01, 0xdc, 0x46, 0x9a, 0x75, 0x1e, 0xc3, 0x58, 0xaf};
static const uint8_t text[200] = {1, 2, 3};

/* Onto the stack of the caller, where they are looked for. Inlined, so that nothing comes between
 * what is tested and this. */
#define KEEP_REGISTERS(where)                                                                      \
    uint8_t where[16 * 16];                                                                        \
    __asm__ volatile(                                                                              \
        "movdqu %%xmm0, 0(%0)\n\tmovdqu %%xmm1, 16(%0)\n\tmovdqu %%xmm2, 32(%0)\n\t"               \
        "movdqu %%xmm3, 48(%0)\n\tmovdqu %%xmm4, 64(%0)\n\tmovdqu %%xmm5, 80(%0)\n\t"              \
        "movdqu %%xmm6, 96(%0)\n\tmovdqu %%xmm7, 112(%0)\n\tmovdqu %%xmm8, 128(%0)\n\t"            \
        "movdqu %%xmm9, 144(%0)\n\tmovdqu %%xmm10, 160(%0)\n\t"                                    \
        "movdqu %%xmm11, 176(%0)\n\tmovdqu %%xmm12, 192(%0)\n\t"                                   \
        "movdqu %%xmm13, 208(%0)\n\tmovdqu %%xmm14, 224(%0)\n\t"                                   \
        "movdqu %%xmm15, 240(%0)"                                                                  \
        :                                                                                          \
        : "r"(where)                                                                               \
        : "memory")

static void *seals(void *out)
{
    bool done = skeym_ipsec_mb.seal(out, key, text, span_of(text, 9), span_of(text, 100));
    KEEP_REGISTERS(registers);
    assert_true(done);
    return NULL;
}

static void *opens(void *out)
{
    (void)skeym_ipsec_mb.open(out, key, text, span_of(text, 9), span_of(text, 200));
    KEEP_REGISTERS(registers);
    return NULL;
}

static struct skeym_cmac_key prepared;

static void *prepares(void *out)
{
    (void)out;
    enum skeym_error error = skeym_crypto_cmac_prepare(&prepared, key);
    KEEP_REGISTERS(registers);
    assert_int_equal(error, SKEYM_OK);
    return NULL;
}

static void *macs(void *out)
{
    enum skeym_error error = skeym_crypto_cmac_blocks(out, &prepared, text, 4);
    KEEP_REGISTERS(registers);
    assert_int_equal(error, SKEYM_OK);
    return NULL;
}

/* What a key becomes, piece by piece: round keys, L, K1, and AES-GCM's powers. */
struct pieces {
    size_t count;
    uint8_t at[40][16];
};

static void cut(struct pieces *pieces, const void *bytes, size_t size)
{
    for (size_t done = 0; done < size; done += 16) {
        memcpy(pieces->at[pieces->count++], (const uint8_t *)bytes + done, 16);
    }
}

static void pieces_of_key(struct pieces *pieces)
{
    _Alignas(64) struct gcm_key_data data;
    static const uint8_t zeros[16];
    uint64_t subkey[2];
    memset(&data, 0, sizeof data);
    aes_gcm_pre_256_avx_gen4(key, &data);
    cut(pieces, data.expanded_keys, sizeof data.expanded_keys);
    cut(pieces, data.ghash_keys.avx2_avx512.shifted_hkey,
        sizeof data.ghash_keys.avx2_avx512.shifted_hkey);
    struct aes256_ctx schedule;
    memcpy(schedule.keys, data.expanded_keys, sizeof schedule.keys);
    nettle_aes256_encrypt(&schedule, 16, (uint8_t *)subkey, zeros);
    cut(pieces, subkey, 16);
    skeym_cmac_subkey(subkey);
    cut(pieces, subkey, 16);
}

static uint8_t *run_on_zeros(void *(*run)(void *), void *out)
{
    pthread_attr_t how;
    pthread_t thread;
    uint8_t *stack =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(stack != MAP_FAILED);
    assert_int_equal(pthread_attr_init(&how), 0);
    assert_int_equal(pthread_attr_setstack(&how, stack, STACK_BYTES), 0);
    assert_int_equal(pthread_create(&thread, &how, run, out), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)pthread_attr_destroy(&how);
    return stack;
}

/* Each runs on a stack of zeros, which is then looked through, registers and all, for every piece
 * of the key. These are made last: a thread begins with the registers of the one that made it. */
static void nothing_is_left(void **state)
{
    (void)state;
    need_it();
    static uint8_t out[256];
    skeym_crypto_use(&skeym_ipsec_mb);
    uint8_t *stacks[] = {run_on_zeros(seals, out), run_on_zeros(opens, out),
                         run_on_zeros(prepares, out), run_on_zeros(macs, out)};
    skeym_crypto_use(NULL);
    struct pieces pieces = {0};
    pieces_of_key(&pieces);
    /* eight powers; since version 2 each twice */
    assert_true(pieces.count == 15 + 8 + 2 || pieces.count == 15 + 16 + 2);
    for (size_t run = 0; run < sizeof stacks / sizeof stacks[0]; run++) {
        for (size_t i = 0; i < pieces.count; i++) {
            const uint8_t *found = memmem(stacks[run], STACK_BYTES, pieces.at[i], 16);
            if (found) {
                fail_msg("run %zu leaves piece %zu %zu bytes from the top", run, i,
                         (size_t)(stacks[run] + STACK_BYTES - found));
            }
        }
        assert_int_equal(munmap(stacks[run], STACK_BYTES), 0);
    }
}

/* The part of its key data that the backend wipes is the part that it uses. */
static void only_the_start_is_used(void **state)
{
    (void)state;
    need_it();
    _Alignas(64) struct gcm_key_data data;
    struct gcm_context_data context;
    uint8_t out[200];
    uint8_t tag[16];
    size_t used = offsetof(struct gcm_key_data, ghash_keys) + sizeof data.ghash_keys.avx2_avx512;
    memset(&data, 0xa5, sizeof data);
    aes_gcm_pre_256_avx_gen4(key, &data);
    aes_gcm_enc_256_avx_gen4(&data, &context, out, text, 200, text, text, 20, tag, 16);
    aes_gcm_dec_256_avx_gen4(&data, &context, out, text, 200, text, text, 20, tag, 16);
    for (size_t i = used; i < sizeof data; i++) {
        assert_int_equal(((const uint8_t *)&data)[i], 0xa5);
    }
}

/* --- the choice -------------------------------------------------------------------- */

static bool is_chosen(void)
{
    skeym_crypto_use(NULL);
    bool named = strstr(skeym_crypto_name(), "libipsec-mb") != NULL;
    assert_int_equal(named, skeym_ipsec_mb.usable());
    return named;
}

static void not_without_what_it_needs(void **state)
{
    (void)state;
    need_it();
    static const uint64_t needed[] = {IMB_FEATURE_AVX2, IMB_FEATURE_AESNI, IMB_FEATURE_PCLMULQDQ,
                                      IMB_FEATURE_SAFE_DATA};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        without = needed[i];
        assert_false(is_chosen());
    }
    without = 0;
    system_without = true; /* whatever libipsec-mb says */
    assert_false(is_chosen());
    system_without = false;
    assert_true(is_chosen());
}

static void not_when_it_answers_wrongly(void **state)
{
    (void)state;
    need_it();
    uint8_t sealed[2][48];
    struct skeym_room rooms[] = {{sealed[0], 48}, {sealed[1], 48}};
    assert_true(is_chosen());
    assert_int_equal(skeym_crypto_seal(rooms[0], key, text, span_of(text, 5), span_of(text, 32)),
                     SKEYM_OK);
    wrong_blocks = true;
    assert_false(is_chosen());
    wrong_blocks = false;
    wrong_tag = true;
    assert_false(is_chosen());
    assert_int_equal(skeym_crypto_seal(rooms[1], key, text, span_of(text, 5), span_of(text, 32)),
                     SKEYM_OK);
    assert_memory_equal(sealed[0], sealed[1], 48);
    wrong_tag = false;
    assert_true(is_chosen());
}

/* Its code takes any size and would count wrong: such messages are OpenSSL's, which refuses them.
 */
static void no_message_beyond_gcm(void **state)
{
    (void)state;
    assert_true(skeym_ipsec_mb.most <= UINT64_C(0xfffffffe0));
    assert_true(skeym_sodium.most <= UINT64_C(0xfffffffe0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seals),
        cmocka_unit_test(same_macs),
        cmocka_unit_test(no_message_beyond_gcm),
        cmocka_unit_test(nothing_is_left),
        cmocka_unit_test(only_the_start_is_used),
        cmocka_unit_test(not_without_what_it_needs),
        cmocka_unit_test(not_when_it_answers_wrongly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
static void never_chosen(void **state)
{
    (void)state;
    assert_false(skeym_ipsec_mb.usable());
    assert_null(strstr(skeym_crypto_name(), "libipsec-mb"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(never_chosen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
