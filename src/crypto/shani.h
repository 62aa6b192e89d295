/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256's compression (FIPS 180-4, 6.2.2) by the CPU's instructions, where it has these. */
#ifndef SKEYM_CRYPTO_SHANI_H
#define SKEYM_CRYPTO_SHANI_H

#include "crypto/crypto.h"

#define SKEYM_SHANI_WORDS 8

bool skeym_shani_usable(void);

/* Blocks of 64 bytes into the state, one after the other. Only where it is usable. */
void skeym_shani_compress(uint32_t state[SKEYM_SHANI_WORDS], const uint8_t *blocks, size_t count);

/* One block into each of two states, in the time of one and a quarter. */
void skeym_shani_compress_two(uint32_t first[SKEYM_SHANI_WORDS], const uint8_t *first_block,
                              uint32_t second[SKEYM_SHANI_WORDS], const uint8_t *second_block);

#endif
