/* SPDX-License-Identifier: Apache-2.0 */
/* What inside.c (the faults), inside_fhir.c and inside_files.c (what they hit) share. */
#ifndef INSIDE_H
#define INSIDE_H

#include "fail.h"

struct inside_scenario {
    const char *name;
    /* Prepares, arms, acts, disarms, and says by inside_need what does not hold. good: there is no
     * fault, so all must go well. */
    void (*run)(bool good);
    void (*end)(void); /* removes what runs have kept */
    bool twin;         /* has a fault of its own under --twin */
};
extern const struct inside_scenario *const inside_fhir[]; /* NULL ends them */
extern const struct inside_scenario *const inside_files[];

/* Faults happen between these two only. */
void inside_arm(void);
void inside_disarm(void);
void inside_need(bool good, const char *what);
/* A path in a folder of this process alone; two are good at a time. */
const char *inside_path(const char *name);
/* Removes these files of it (NULL ends them), and it. */
void inside_sweep(const char *const *names);
void inside_leave(void);
/* The scenarios are to have faults of their own. */
extern bool inside_twin;

#endif
