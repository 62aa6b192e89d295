/* SPDX-License-Identifier: Apache-2.0 */
/* The grasshopper optimiser (after Saremi, Mirjalili and Lewis, 2017) over the two seeds of the
 * chaotic maps, as the subkey generation approach uses it. It takes the place of one key: what it
 * costs is timed apart from making one. A baseline to measure against: not for use. */
#ifndef SKEYM_BASELINE_GRASSHOPPER_H
#define SKEYM_BASELINE_GRASSHOPPER_H

#include "stats/chance.h"
#include <stddef.h>

enum { SKEYM_GRASSHOPPER_AGENTS = 30, SKEYM_GRASSHOPPER_ROUNDS = 50 };

struct skeym_grasshopper {
    double x, y;           /* the best seeds found, in (0, 1) */
    double fitness, first; /* theirs, and that of the best seeds of the first draw */
};

/* Searches seeds whose key has the greatest fitness for the image (skeym_chaos_fitness), size above
 * 1. */
void skeym_grasshopper(struct skeym_grasshopper *found, const uint8_t *image, size_t size,
                       struct skeym_chance *chance);

#endif
