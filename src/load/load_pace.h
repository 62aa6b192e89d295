/* SPDX-License-Identifier: Apache-2.0 */
/* When requests are meant to be sent, in an open loop: a constant rate, evenly spaced or as a
 * Poisson process. The times do not depend on what became of the requests before. */
#ifndef SKEYM_LOAD_PACE_H
#define SKEYM_LOAD_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct skeym_load_pace {
    bool poisson;
    double gap_ns; /* on average */
    double at_ns;  /* of the next one, since the start */
    uint64_t count;
    uint64_t random;
};

/* per_second: above 0. The first one is due within one gap from the start, at a place that the seed
 * chooses, so that many paces side by side do not beat as one. */
void skeym_load_pace_start(struct skeym_load_pace *pace, double per_second, bool poisson,
                           uint64_t seed);
/* ns after the start at which the next one is due. */
uint64_t skeym_load_pace_due(const struct skeym_load_pace *pace);
/* It is under way: on to the next. */
void skeym_load_pace_step(struct skeym_load_pace *pace);

#endif
