/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forge_tamper --sealed N --logins N --seed S [--values V]: every bit flip, truncation and one-byte
 * insertion (all 256 values at every place, or V of them) of N tokens, tokens' texts and locators,
 * and of N login messages 1 and 2.
 *
 * A login message costs two X25519 products, and nearly all of its changes leave their inputs as
 * they were: so products are remembered here (the linker puts this in front of the crypto door),
 * the same inputs giving the same product. Everything else of the code under test is as it is.
 */
#include "unit/core/tamper.h"

#include <inttypes.h>

#define KEPT 32768

static struct {
    bool there;
    uint8_t key[32], peer[32], out[32];
    enum skeym_error error;
} kept[KEPT];

enum skeym_error __real_skeym_crypto_x25519(uint8_t out[32], const uint8_t key[32],
                                            const uint8_t peer[32]);
enum skeym_error __wrap_skeym_crypto_x25519(uint8_t out[32], const uint8_t key[32],
                                            const uint8_t peer[32]);

enum skeym_error __wrap_skeym_crypto_x25519(uint8_t out[32], const uint8_t key[32],
                                            const uint8_t peer[32])
{
    uint64_t hash = 0;
    for (size_t i = 0; i < 32; i++) {
        hash = (hash ^ key[i] ^ (uint64_t)peer[i] << 8) * UINT64_C(0x9e3779b97f4a7c15);
    }
    size_t at = (size_t)(hash >> 40) % KEPT;
    if (!kept[at].there || memcmp(kept[at].key, key, 32) != 0 ||
        memcmp(kept[at].peer, peer, 32) != 0) {
        kept[at].error = __real_skeym_crypto_x25519(kept[at].out, key, peer);
        memcpy(kept[at].key, key, 32);
        memcpy(kept[at].peer, peer, 32);
        kept[at].there = true;
    }
    memcpy(out, kept[at].out, 32);
    return kept[at].error;
}

static uint64_t number(int argc, char **argv, const char *name, uint64_t standard)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], name)) {
            return strtoull(argv[i + 1], NULL, 10);
        }
    }
    return standard;
}

int main(int argc, char **argv)
{
    uint64_t seed = number(argc, argv, "--seed", 1);
    uint64_t sealed = number(argc, argv, "--sealed", 10);
    uint64_t logins = number(argc, argv, "--logins", 1);
    unsigned values = (unsigned)number(argc, argv, "--values", 256);
    struct tamper_random random = {seed};
    struct tamper_count count[TAMPER_ROWS];
    int failed = 0;
    memset(count, 0, sizeof count);
    for (uint64_t i = 0; i < sealed || i < logins; i++) {
        tamper_make(&random);
        for (size_t row = 0; row < TAMPER_ROWS; row++) {
            if (i < (tamper_rows[row].login ? logins : sealed)) {
                tamper_row_walk(&count[row], row, values);
            }
        }
        if (i % 100 == 99) {
            fprintf(stderr, "forge: %" PRIu64 " tampered with\n", i + 1);
        }
    }
    for (size_t row = 0; row < TAMPER_ROWS; row++) {
        printf("%s - tampering: %" PRIu64 " %s, %" PRIu64 " bit flips, %" PRIu64
               " truncations, %" PRIu64 " insertions, %" PRIu64 " accepted (seed %" PRIu64 ")\n",
               count[row].accepted ? "not ok" : "ok", tamper_rows[row].login ? logins : sealed,
               tamper_rows[row].name, count[row].flips, count[row].cuts, count[row].insertions,
               count[row].accepted, seed);
        failed |= count[row].accepted > 0;
    }
    return failed;
}
