/* SPDX-License-Identifier: Apache-2.0 */
/* Moth-flame optimisation (Mirjalili, 2015): moths fly in spirals to the best places found. */
#ifndef SKEYM_BASELINE_MOTHFLAME_H
#define SKEYM_BASELINE_MOTHFLAME_H

#include "stats/chance.h"
#include <stddef.h>

enum { SKEYM_MOTHFLAME_MOTHS = 30, SKEYM_MOTHFLAME_PLACES = 65 };

struct skeym_mothflame {
    size_t size; /* coordinates of a place, at most SKEYM_MOTHFLAME_PLACES */
    unsigned rounds;
    const double *low, *high;                          /* of each coordinate */
    double (*fitness)(void *arg, const double *place); /* the greater the better */
    void *arg;
};

/* The best place found; returns its fitness. Deterministic for a chance. */
double skeym_mothflame(double *best, const struct skeym_mothflame *problem,
                       struct skeym_chance *chance);

#endif
