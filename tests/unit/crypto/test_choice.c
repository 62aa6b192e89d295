/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which library does what: with libsodium and AES instructions, without one of them, and on
 * request. The functions below stand in front of libsodium's.
 */
#include "crypto/backend.h"
#include "unit/crypto/spans.h"
#include "unit/hex.h"
#include <dlfcn.h>
#include <sodium.h>

static int begun;
static int has_aes = 1;

int sodium_init(void)
{
    return begun;
}

int crypto_aead_aes256gcm_is_available(void)
{
    return has_aes;
}

/* What libsodium itself says of this machine. */
static bool has_aes_here(void)
{
    static const char name[] = "crypto_aead_aes256gcm_is_available";
    int (*real)(void) =
        __extension__(__typeof__(&crypto_aead_aes256gcm_is_available)) dlsym(RTLD_NEXT, name);
    int (*init)(void) = __extension__(__typeof__(&sodium_init)) dlsym(RTLD_NEXT, "sodium_init");
    return init && init() >= 0 && real && real() == 1;
}

static const uint8_t key[32] = {1, 2, 3};
static const uint8_t iv[12] = {4, 5};
static const uint8_t text[32] = {6};

/* The name says what is used, and what it makes does not depend on it. */
static void check(bool sodium)
{
    static uint8_t first[48];
    static bool made;
    uint8_t sealed[48];
    assert_int_equal(strstr(skeym_crypto_name(), "libsodium") != NULL, sodium);
    assert_non_null(strstr(skeym_crypto_name(), "OpenSSL"));
    assert_int_equal(skeym_crypto_seal((struct skeym_room){sealed, sizeof sealed}, key, iv,
                                       span_of(text, 5), span_of(text, 32)),
                     SKEYM_OK);
    if (!made) {
        memcpy(first, sealed, sizeof first);
        made = true;
    }
    assert_memory_equal(sealed, first, sizeof first);
}

static void without_sodium_all_is_openssl(void **state)
{
    (void)state;
    if (!has_aes_here()) {
        print_message("no AES instructions here: there is no choice to test\n");
        skip();
    }
    begun = 0;
    has_aes = 1;
    skeym_crypto_use(NULL);
    check(true);
    begun = -1;
    skeym_crypto_use(NULL);
    check(false);
    begun = 1; /* begun before, by somebody else */
    skeym_crypto_use(NULL);
    check(true);
    has_aes = 0;
    skeym_crypto_use(NULL);
    check(false);
    has_aes = 1;
    skeym_crypto_use(NULL);
    check(true);
}

/* Only what has AVX2 at all is told to have it, and never where only OpenSSL is asked for. */
static void avx2_goes_with_the_choice(void **state)
{
    (void)state;
    if (!has_aes_here()) {
        print_message("no AES instructions here: there is no choice to test\n");
        skip();
    }
    skeym_crypto_use(NULL);
    bool here = skeym_crypto_avx2();
    skeym_crypto_use(&skeym_openssl);
    assert_false(skeym_crypto_avx2());
    skeym_crypto_use(&skeym_sodium);
    assert_int_equal(skeym_crypto_avx2(), here);
    skeym_crypto_use(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_sodium_all_is_openssl),
        cmocka_unit_test(avx2_goes_with_the_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
