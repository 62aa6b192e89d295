/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts of values with three significant digits: exact below 2,048, then 1,024 steps for each
 * doubling, so that no value is reported more than 0.1% above what it was, and none below. A value
 * over SKEYM_HISTOGRAM_MOST counts as that. No heap, no clock; one thread at a time.
 */
#ifndef SKEYM_LOAD_HISTOGRAM_H
#define SKEYM_LOAD_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define SKEYM_HISTOGRAM_MOST  ((UINT64_C(1) << 44) - 1) /* of ns: almost 5 hours */
#define SKEYM_HISTOGRAM_CELLS (2048 + 33 * 1024)

/* All zeros is an empty one. */
struct skeym_histogram {
    uint64_t count, most, least;
    double sum;
    uint64_t cell[SKEYM_HISTOGRAM_CELLS];
};

void skeym_histogram_add(struct skeym_histogram *histogram, uint64_t value);
void skeym_histogram_merge(struct skeym_histogram *into, const struct skeym_histogram *from);
/* The least value that at least this share (0 to 1) of all values does not exceed; the largest of
 * its cell, at most the largest that was added. 0 of an empty one. */
uint64_t skeym_histogram_at(const struct skeym_histogram *histogram, double share);
double skeym_histogram_mean(const struct skeym_histogram *histogram);

#endif
