/* SPDX-License-Identifier: Apache-2.0 */
/* The continuous health tests of a source of noise, NIST SP 800-90B section 4.4, for bytes. */
#ifndef SKEYM_STATS_HEALTH_H
#define SKEYM_STATS_HEALTH_H

#include <stddef.h>
#include <stdint.h>

/* For a claimed entropy of 8 bits a byte and alpha = 2^-40: the repetition count's cutoff is
 * 1 + ceil(40 / 8) (4.4.1); the adaptive proportion's, in a window of 512, 1 + CRITBINOM(512, 2^-8,
 * 1 - 2^-40) (4.4.2). */
enum { SKEYM_HEALTH_REPEATS = 6, SKEYM_HEALTH_WINDOW = 512, SKEYM_HEALTH_PROPORTION = 19 };

/* Zero at the start. */
struct skeym_health {
    uint8_t last; /* of the repetition count */
    unsigned repeats;
    uint8_t sample; /* of the adaptive proportion: the window's first byte */
    unsigned same, seen;
};

/* Feeds bytes; how many times a test failed. A test that failed begins anew. */
unsigned skeym_health_feed(struct skeym_health *health, const uint8_t *bytes, size_t size);

#endif
