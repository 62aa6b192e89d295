/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol's vectors on a crypto door that fails, or computes wrongly: what could not be
 * computed, or came out in two ways, is an error; no wrong value looks like the right one. */
#include "inspect/vectors.h"

#include "crypto/crypto.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wshadow"
#define skeym_crypto_seal(...)          crypto_seal(__VA_ARGS__)
#define skeym_crypto_open(...)          crypto_open(__VA_ARGS__)
#define skeym_crypto_x25519(...)        crypto_x25519(__VA_ARGS__)
#define skeym_crypto_x25519_public(...) crypto_x25519_public(__VA_ARGS__)
#define skeym_crypto_hkdf_expand(...)   crypto_hkdf_expand(__VA_ARGS__)
#include "crypto/crypto.c"       /* NOLINT(bugprone-suspicious-include) */
#include "crypto/openssl_hash.c" /* NOLINT(bugprone-suspicious-include) */
#undef skeym_crypto_seal
#undef skeym_crypto_open
#undef skeym_crypto_x25519
#undef skeym_crypto_x25519_public
#undef skeym_crypto_hkdf_expand
#pragma GCC diagnostic pop

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
    unsigned calls, at; /* the call of this number goes wrong; 0: none */
    bool lies;          /* it says that it succeeded, and one bit is another */
} door_is;

/* What became of a call. */
static enum skeym_error told(enum skeym_error error, uint8_t *out)
{
    door_is.calls++;
    if (door_is.calls != door_is.at) {
        return error;
    }
    if (door_is.lies) {
        out[0] ^= 1;
        return error;
    }
    return SKEYM_ERR_CRYPTO;
}

enum skeym_error skeym_crypto_seal(struct skeym_room out, const uint8_t key[SKEYM_KEY_BYTES],
                                   const uint8_t iv[SKEYM_IV_BYTES], struct skeym_span aad,
                                   struct skeym_span plain)
{
    return told(crypto_seal(out, key, iv, aad, plain), out.data);
}

enum skeym_error skeym_crypto_open(struct skeym_room out, const uint8_t key[SKEYM_KEY_BYTES],
                                   const uint8_t iv[SKEYM_IV_BYTES], struct skeym_span aad,
                                   struct skeym_span sealed)
{
    return told(crypto_open(out, key, iv, aad, sealed), out.data);
}

enum skeym_error skeym_crypto_x25519(uint8_t out[SKEYM_KEY_BYTES],
                                     const uint8_t key[SKEYM_KEY_BYTES],
                                     const uint8_t peer[SKEYM_KEY_BYTES])
{
    return told(crypto_x25519(out, key, peer), out);
}

enum skeym_error skeym_crypto_x25519_public(uint8_t out[SKEYM_KEY_BYTES],
                                            const uint8_t key[SKEYM_KEY_BYTES])
{
    return told(crypto_x25519_public(out, key), out);
}

enum skeym_error skeym_crypto_hkdf_expand(struct skeym_room out,
                                          const uint8_t prk[SKEYM_SHA256_BYTES],
                                          const struct skeym_span *info, size_t count)
{
    return told(crypto_hkdf_expand(out, prk, info, count), out.data);
}

static char *text;
static size_t text_size;

static enum skeym_error print(unsigned at, bool lies)
{
    free(text);
    text = NULL;
    FILE *out = open_memstream(&text, &text_size);
    assert_non_null(out);
    door_is.calls = 0;
    door_is.at = at;
    door_is.lies = lies;
    enum skeym_error error = skeym_vectors_print(out);
    assert_int_equal(fclose(out), 0);
    return error;
}

/* The same lines, but that a refusal may have another word. */
static bool same_values(const char *a, const char *b)
{
    static const char word[] = "\"error\": ";
    while (*a && *b) {
        size_t a_size = strcspn(a, "\n") + 1;
        size_t b_size = strcspn(b, "\n") + 1;
        const char *refusal = strstr(a, word);
        bool refused = refusal && refusal < a + a_size;
        if (!refused && (a_size != b_size || memcmp(a, b, a_size) != 0)) {
            return false;
        }
        a += a_size;
        b += b_size;
    }
    return *a == *b;
}

enum { EVERY = 5 }; /* of so many calls one goes wrong, which is enough of each kind */

/* A call that fails is an error, or it was of something that is refused in any case. */
static void what_is_printed_without_an_error_is_right(void **state)
{
    (void)state;
    assert_int_equal(print(0, false), SKEYM_OK);
    unsigned calls = door_is.calls, errors = 0;
    assert_true(calls > 100);
    char *right = strdup(text);
    assert_non_null(right);
    for (unsigned n = 1; n <= calls; n += EVERY) {
        if (print(n, false) == SKEYM_OK) {
            assert_true(same_values(right, text));
        } else {
            errors++;
        }
    }
    assert_true(errors > calls / EVERY * 3 / 4);
    free(right);
}

/* A library that computes wrongly makes another result than the steps beside it. */
static void what_comes_out_in_two_ways_is_an_error(void **state)
{
    (void)state;
    unsigned proofs = 0;
    assert_int_equal(print(0, false), SKEYM_OK);
    unsigned calls = door_is.calls;
    for (unsigned n = 1; n <= calls; n += EVERY) {
        proofs += print(n, true) == SKEYM_ERR_PROOF;
    }
    assert_true(proofs > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_without_an_error_is_right),
        cmocka_unit_test(what_comes_out_in_two_ways_is_an_error),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(text);
    return failed;
}
