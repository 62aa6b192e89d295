/* SPDX-License-Identifier: Apache-2.0 */
#include "node/illness.h"

#include <string.h>

/* Shock is septic: all gets worse at once. In desaturation the heart and the breath first make up
 * for the missing oxygen; in bradycardia the pressure falls with the heart's output; a fever
 * quickens the heart by about 15 beats a degree. Asystole: the last breaths come slowly. */
static const struct skeym_illness illnesses[] = {
    /*               HR   RR  SpO2   sys  dias  Temp   over */
    {"shock", 60, 14, -15, -35, -20, 1.5, 300, false},
    {"desaturation", 25, 10, -20, 10, 5, 0, 60, false},
    {"tachycardia", 90, 6, -2, -25, -8, 0, 20, false},
    {"bradycardia", -38, 0, -3, -30, -14, 0, 20, false},
    {"asystole", 0, -40, 0, 0, 0, 0, 60, true},
    {"hypotension", 25, 4, -1, -50, -32, 0, 60, false},
    {"fever", 35, 6, -1, -5, -5, 3, 900, false},
};

const struct skeym_illness *skeym_illness_at(size_t index)
{
    return index < sizeof illnesses / sizeof illnesses[0] ? &illnesses[index] : NULL;
}

size_t skeym_illness_find(const char *name)
{
    size_t index = 0;
    const struct skeym_illness *row;
    while ((row = skeym_illness_at(index)) && strcmp(row->name, name) != 0) {
        index++;
    }
    return index;
}
