/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door on Mbed TLS where memory is short: for each piece of heap that Mbed TLS asks for, what
 * comes out when it does not get it. And nothing is left behind, neither pieces nor bytes in them.
 */
#include "unit/hex.h"
#include <skeym/crypto.h>
#include <stdlib.h>

/* In front of each piece. */
struct piece {
    _Alignas(16) size_t size;
};

static size_t asked, left, live, most; /* pieces; pieces until one is refused; bytes; bytes */

/* The linker's names. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __real_free(void *at);
void __wrap_free(void *at);

void *__wrap_calloc(size_t count, size_t size)
{
    struct piece *piece = NULL;
    asked++;
    if (left > 0) {
        left--;
        piece = __real_calloc(1, sizeof *piece + count * size);
    }
    if (!piece) {
        return NULL;
    }
    piece->size = count * size;
    live += piece->size;
    most = live > most ? live : most;
    return piece + 1;
}

void __wrap_free(void *at)
{
    if (at) {
        struct piece *piece = (struct piece *)at - 1;
        assert_zero(at, piece->size); /* Mbed TLS wipes what may have held a secret */
        live -= piece->size;
        __real_free(piece);
    }
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static const uint8_t key[32] = {1, 2, 3};
static const uint8_t peer[32] = {9};
static const uint8_t iv[12] = {4, 5};
static const struct skeym_span nothing;
static uint8_t sealed[20 + 16];
static uint8_t out[20 + 16];

static enum skeym_error multiply(void)
{
    return skeym_crypto_x25519(out, key, peer);
}

static enum skeym_error seal(void)
{
    return skeym_crypto_seal((struct skeym_room){out, sizeof out}, key, iv, nothing,
                             skeym_span(key, 20));
}

static enum skeym_error open_sealed(void)
{
    return skeym_crypto_open((struct skeym_room){out, 20}, key, iv, nothing,
                             skeym_span(sealed, sizeof sealed));
}

static void without_each(enum skeym_error (*call)(void), size_t size, const char *name)
{
    enum skeym_error error = SKEYM_ERR_CRYPTO;
    size_t given = 0;
    most = 0;
    /* X25519 asks for thousands, by turns the same ones: each of the first, then one of many. */
    for (; error; given += given < 200 ? 1 : 97) {
        left = given;
        memset(out, 0xee, sizeof out);
        error = call();
        assert_int_equal(live, 0);
        if (error) {
            assert_int_equal(error, SKEYM_ERR_CRYPTO);
            assert_zero(out, size);
        }
    }
    assert_true(given > 1); /* it did ask for some */
    print_message("%s: %zu bytes of heap at once at most\n", name, most);
}

static void x25519(void **state)
{
    (void)state;
    without_each(multiply, 32, "X25519");
}

static void gcm(void **state)
{
    (void)state;
    left = SIZE_MAX;
    assert_int_equal(seal(), SKEYM_OK);
    memcpy(sealed, out, sizeof sealed);
    without_each(seal, sizeof out, "AES-GCM, sealing");
    without_each(open_sealed, 20, "AES-GCM, opening");
}

static void hashes_ask_for_none(void **state)
{
    (void)state;
    const struct skeym_span part = {key, sizeof key};
    asked = 0;
    skeym_crypto_sha256(out, &part, 1);
    skeym_crypto_hmac(out, part, &part, 1);
    assert_int_equal(skeym_crypto_hkdf((struct skeym_room){out, sizeof out}, part, part, part),
                     SKEYM_OK);
    assert_int_equal(asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x25519),
        cmocka_unit_test(gcm),
        cmocka_unit_test(hashes_ask_for_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
