/* SPDX-License-Identifier: Apache-2.0 */
/* Keys from chaotic maps, as the subkey generation approach makes them (after Shankar, Elhoseny and
 * others, IEEE Access 2018): a logistic and a tent map, xored. A baseline to measure against: not
 * for use. */
#ifndef SKEYM_BASELINE_CHAOS_H
#define SKEYM_BASELINE_CHAOS_H

#include <stddef.h>
#include <stdint.h>

enum { SKEYM_CHAOS_BURN_IN = 1000, SKEYM_CHAOS_KEY_BYTES = 32 };

/* x and y in (0, 1). */
void skeym_chaos_key(uint8_t key[SKEYM_CHAOS_KEY_BYTES], double x, double y);

/* What the approach calls a good seed: the fitness of a key as a cipher for an image (PSNR of the
 * xored image against the plain one, which should be small, less the correlation of neighbours).
 * For the grasshopper optimiser (grasshopper.h), which is not part of making one key.
 */
double skeym_chaos_fitness(const uint8_t key[SKEYM_CHAOS_KEY_BYTES], const uint8_t *image,
                           size_t size);

#endif
