/* SPDX-License-Identifier: Apache-2.0 */
/* How simulated patients get worse: one row each, as changes to what they had before. Pure. */
#ifndef SKEYM_NODE_ILLNESS_H
#define SKEYM_NODE_ILLNESS_H

#include <stdbool.h>
#include <stddef.h>

/* The changes are those at severity 1. */
struct skeym_illness {
    const char *name;
    double heart_rate;  /* beats/minute */
    double breath_rate; /* breaths/minute */
    double saturation;  /* % */
    double systolic;    /* mmHg */
    double diastolic;   /* mmHg */
    double temperature; /* Cel */
    double duration_s;  /* how long it usually takes */
    bool stops_heart;   /* at its start, after the beat that is under way */
};

/* NULL past the end. The first is "shock". */
const struct skeym_illness *skeym_illness_at(size_t index);
/* The row's index; that past the end for an unknown name. */
size_t skeym_illness_find(const char *name);

#endif
