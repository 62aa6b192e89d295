/* SPDX-License-Identifier: Apache-2.0 */
/* Chance that can be repeated: xoshiro256** (Blackman and Vigna), seeded by SplitMix64. For
 * experiments only: nothing secret may come from here. */
#ifndef SKEYM_STATS_CHANCE_H
#define SKEYM_STATS_CHANCE_H

#include <stddef.h>
#include <stdint.h>

struct skeym_chance {
    uint64_t state[4];
};

/* Different streams of one seed are independent of each other. */
void skeym_chance_init(struct skeym_chance *chance, uint64_t seed, uint64_t stream);
uint64_t skeym_chance_next(struct skeym_chance *chance);
/* 0 to below-1, each as likely as the others; below > 0. */
uint64_t skeym_chance_below(struct skeym_chance *chance, uint64_t below);
/* At least 0, below 1. */
double skeym_chance_unit(struct skeym_chance *chance);
/* Of the normal distribution with mean 0 and standard deviation 1. */
double skeym_chance_normal(struct skeym_chance *chance);
void skeym_chance_fill(struct skeym_chance *chance, void *out, size_t size);
/* Puts the numbers 0 to count-1 into out, in random order. */
void skeym_chance_order(struct skeym_chance *chance, size_t *out, size_t count);

#endif
