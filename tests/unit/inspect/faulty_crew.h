/* SPDX-License-Identifier: Apache-2.0 */
/* The crew of the inspections, with a clock of processor time that a test can set, and no more work
 * than it wants done. */
#ifndef SKEYM_TESTS_FAULTY_CREW_H
#define SKEYM_TESTS_FAULTY_CREW_H

#include "inspect/crew.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wshadow"
#define skeym_crew_cpu_seconds(...) crew_cpu_seconds(__VA_ARGS__)
#define skeym_crew_run(...)         crew_run(__VA_ARGS__)
#include "inspect/crew.c" /* NOLINT(bugprone-suspicious-include) */
#undef skeym_crew_cpu_seconds
#undef skeym_crew_run
#pragma GCC diagnostic pop

/* What the clock says from now on; NULL: the truth. */
static double (*cpu_seconds)(void);

double skeym_crew_cpu_seconds(void)
{
    return cpu_seconds ? cpu_seconds() : crew_cpu_seconds();
}

/* More numbers than that are left out; 0: none are. Of this work alone; NULL: of all. */
static uint64_t crew_most;
static const char *crew_at;

uint64_t skeym_crew_run(const struct skeym_crew *crew)
{
    struct skeym_crew less = *crew;
    bool fewer = crew_most > 0 && (!crew_at || strcmp(crew->what, crew_at) == 0);
    less.count = fewer && crew->count > crew_most ? crew_most : crew->count;
    return crew_run(&less);
}

#endif
