/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/chaos.h"

#include <math.h>

/* 2 would collapse to 0 in a double after some 57 steps: each step shifts one bit out. */
static const double tent = 1.9999;
static const double logistic = 3.99;

void skeym_chaos_key(uint8_t key[SKEYM_CHAOS_KEY_BYTES], double x, double y)
{
    for (int i = 0; i < SKEYM_CHAOS_BURN_IN + SKEYM_CHAOS_KEY_BYTES; i++) {
        x = logistic * x * (1 - x);
        y = y < 0.5 ? tent * y : tent * (1 - y);
        if (i >= SKEYM_CHAOS_BURN_IN) {
            uint64_t a = (uint64_t)floor(x * 1e14);
            uint64_t b = (uint64_t)floor(y * 1e14);
            key[i - SKEYM_CHAOS_BURN_IN] = (uint8_t)((a ^ b) & 255);
        }
    }
}

double skeym_chaos_fitness(const uint8_t key[SKEYM_CHAOS_KEY_BYTES], const uint8_t *image,
                           size_t size)
{
    double squares = 0, sum = 0, sum_squares = 0, products = 0;
    for (size_t i = 0; i < size; i++) {
        double here = image[i] ^ key[i % SKEYM_CHAOS_KEY_BYTES];
        double next = image[(i + 1) % size] ^ key[(i + 1) % size % SKEYM_CHAOS_KEY_BYTES];
        squares += (here - image[i]) * (here - image[i]);
        sum += here;
        sum_squares += here * here;
        products += here * next;
    }
    double n = (double)size;
    double variance = sum_squares / n - sum / n * (sum / n);
    double correlation = variance > 0 ? (products / n - sum / n * (sum / n)) / variance : 1;
    double psnr = squares > 0 ? 10 * log10(255.0 * 255.0 * n / squares) : 99;
    return psnr - fabs(correlation);
}
