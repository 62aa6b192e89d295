/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crypto library's X25519 for targets that are handed one handshake over and over: it is asked
 * the first time, and what it said of a key and a peer is remembered (the linker puts this in its
 * place). A product depends on nothing else, so a target sees what it would have seen; an input
 * that changes a share or a key in it is still computed.
 */
#include "crypto/crypto.h"
#include "fuzz.h"

enum { REMEMBERED = 32, ASKED = 2 * SKEYM_KEY_BYTES / sizeof(uint64_t) };

/* What was said of a key, or of a key and a peer (else zero). */
struct product {
    bool known;
    enum skeym_error error;
    uint64_t asked[ASKED];
    uint8_t out[SKEYM_KEY_BYTES];
};

enum skeym_error __real_skeym_crypto_x25519_public(uint8_t *out, const uint8_t *key);
enum skeym_error __wrap_skeym_crypto_x25519_public(uint8_t *out, const uint8_t *key);
enum skeym_error __real_skeym_crypto_x25519(uint8_t *out, const uint8_t *key, const uint8_t *peer);
enum skeym_error __wrap_skeym_crypto_x25519(uint8_t *out, const uint8_t *key, const uint8_t *peer);

static _Thread_local struct product shares[REMEMBERED];
static _Thread_local struct product products[REMEMBERED];

FUZZ_UNWATCHED static bool is(const struct product *product, const uint64_t *asked)
{
    uint64_t other = 0;
    for (size_t i = 0; i < ASKED; i++) {
        other |= product->asked[i] ^ asked[i];
    }
    return product->known && other == 0;
}

/* What was asked, or else the one that was not asked for longest: in front. */
FUZZ_UNWATCHED static struct product *find(struct product *table, const uint64_t *asked)
{
    size_t i = 0;
    while (i < REMEMBERED - 1 && !is(&table[i], asked)) {
        i++;
    }
    struct product found = table[i];
    for (; i > 0; i--) {
        table[i] = table[i - 1];
    }
    table[0] = found;
    return table;
}

FUZZ_UNWATCHED enum skeym_error __wrap_skeym_crypto_x25519_public(uint8_t *out, const uint8_t *key)
{
    uint64_t asked[ASKED] = {0};
    memcpy(asked, key, SKEYM_KEY_BYTES);
    struct product *product = find(shares, asked);
    if (!is(product, asked)) {
        product->error = __real_skeym_crypto_x25519_public(product->out, key);
        memcpy(product->asked, asked, sizeof asked);
        product->known = true;
    }
    memcpy(out, product->out, SKEYM_KEY_BYTES);
    return product->error;
}

FUZZ_UNWATCHED enum skeym_error __wrap_skeym_crypto_x25519(uint8_t *out, const uint8_t *key,
                                                           const uint8_t *peer)
{
    uint64_t asked[ASKED];
    memcpy(asked, key, SKEYM_KEY_BYTES);
    memcpy(asked + ASKED / 2, peer, SKEYM_KEY_BYTES);
    struct product *product = find(products, asked);
    if (!is(product, asked)) {
        product->error = __real_skeym_crypto_x25519(product->out, key, peer);
        memcpy(product->asked, asked, sizeof asked);
        product->known = true;
    }
    memcpy(out, product->out, SKEYM_KEY_BYTES);
    return product->error;
}
