/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/chance.h"

#include <math.h>
#include <string.h>

static uint64_t split_mix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void skeym_chance_init(struct skeym_chance *chance, uint64_t seed, uint64_t stream)
{
    uint64_t state = stream;
    state = seed ^ split_mix(&state);
    for (size_t i = 0; i < 4; i++) {
        chance->state[i] = split_mix(&state);
    }
}

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

uint64_t skeym_chance_next(struct skeym_chance *chance)
{
    uint64_t *s = chance->state;
    uint64_t out = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return out;
}

uint64_t skeym_chance_below(struct skeym_chance *chance, uint64_t below)
{
    uint64_t uneven = (0 - below) % below; /* 2^64 mod below: these would come once too often */
    uint64_t out;
    do {
        out = skeym_chance_next(chance);
    } while (out < uneven);
    return out % below;
}

double skeym_chance_unit(struct skeym_chance *chance)
{
    return (double)(skeym_chance_next(chance) >> 11) * 0x1p-53;
}

double skeym_chance_normal(struct skeym_chance *chance)
{
    double radius = sqrt(-2 * log(1 - skeym_chance_unit(chance)));
    return radius * cos(6.283185307179586 * skeym_chance_unit(chance));
}

void skeym_chance_fill(struct skeym_chance *chance, void *out, size_t size)
{
    uint8_t *bytes = out;
    for (size_t done = 0; done < size; done += 8) {
        uint64_t word = skeym_chance_next(chance);
        memcpy(bytes + done, &word, size - done < 8 ? size - done : 8);
    }
}

void skeym_chance_order(struct skeym_chance *chance, size_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t j = (size_t)skeym_chance_below(chance, i + 1);
        out[i] = out[j];
        out[j] = i;
    }
}
