/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_pace.h"

#include <math.h>

/* SplitMix64: numbers that can be had again from a seed; nothing here is secret. In (0, 1]. */
static double next_share(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return ((double)(z >> 11) + 1) / 9007199254740992.0;
}

void skeym_load_pace_start(struct skeym_load_pace *pace, double per_second, bool poisson,
                           uint64_t seed)
{
    *pace =
        (struct skeym_load_pace){.poisson = poisson, .gap_ns = 1e9 / per_second, .random = seed};
    pace->at_ns = pace->gap_ns * next_share(&pace->random);
}

uint64_t skeym_load_pace_due(const struct skeym_load_pace *pace)
{
    return (uint64_t)pace->at_ns;
}

void skeym_load_pace_step(struct skeym_load_pace *pace)
{
    pace->count++;
    pace->at_ns += pace->poisson ? -log(next_share(&pace->random)) * pace->gap_ns : pace->gap_ns;
}
