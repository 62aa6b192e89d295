/* SPDX-License-Identifier: Apache-2.0 */
#include "load/histogram.h"

enum { EXACT = 2048, STEPS = 1024, STEP_BITS = 10 };

static size_t cell_of(uint64_t value)
{
    if (value < EXACT) {
        return (size_t)value;
    }
    unsigned shift = 63U - (unsigned)__builtin_clzll(value) - STEP_BITS; /* 1 and up */
    return EXACT + (size_t)(shift - 1) * STEPS + (size_t)((value >> shift) - STEPS);
}

/* The largest value of a cell. */
static uint64_t top_of(size_t cell)
{
    if (cell < EXACT) {
        return cell;
    }
    unsigned shift = (unsigned)((cell - EXACT) / STEPS) + 1;
    uint64_t step = STEPS + (cell - EXACT) % STEPS;
    return ((step + 1) << shift) - 1;
}

void skeym_histogram_add(struct skeym_histogram *histogram, uint64_t value)
{
    uint64_t kept = value < SKEYM_HISTOGRAM_MOST ? value : SKEYM_HISTOGRAM_MOST;
    if (histogram->count == 0 || kept < histogram->least) {
        histogram->least = kept;
    }
    histogram->most = kept > histogram->most ? kept : histogram->most;
    histogram->count++;
    histogram->sum += (double)kept;
    histogram->cell[cell_of(kept)]++;
}

void skeym_histogram_merge(struct skeym_histogram *into, const struct skeym_histogram *from)
{
    if (from->count == 0) {
        return;
    }
    if (into->count == 0 || from->least < into->least) {
        into->least = from->least;
    }
    into->most = from->most > into->most ? from->most : into->most;
    into->count += from->count;
    into->sum += from->sum;
    for (size_t i = 0; i < SKEYM_HISTOGRAM_CELLS; i++) {
        into->cell[i] += from->cell[i];
    }
}

uint64_t skeym_histogram_at(const struct skeym_histogram *histogram, double share)
{
    double exact = share * (double)histogram->count;
    uint64_t rank = exact > 0 ? (uint64_t)exact : 0;
    if ((double)rank < exact) { /* rounded up, but for the dust of 0.999 * 1000 */
        rank += exact - (double)rank > 1e-9 * exact;
    }
    rank = rank < 1 ? 1 : rank > histogram->count ? histogram->count : rank;
    uint64_t seen = 0;
    for (size_t i = 0; i < SKEYM_HISTOGRAM_CELLS; i++) {
        seen += histogram->cell[i];
        if (histogram->cell[i] && seen >= rank) {
            uint64_t top = top_of(i);
            return top < histogram->most ? top : histogram->most;
        }
    }
    return 0;
}

double skeym_histogram_mean(const struct skeym_histogram *histogram)
{
    return histogram->count ? histogram->sum / (double)histogram->count : 0;
}
