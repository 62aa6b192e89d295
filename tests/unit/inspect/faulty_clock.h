/* SPDX-License-Identifier: Apache-2.0 */
/* The crew of the inspections, with a clock of processor time that a test can set. */
#ifndef SKEYM_TESTS_FAULTY_CLOCK_H
#define SKEYM_TESTS_FAULTY_CLOCK_H

#include "inspect/crew.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define skeym_crew_cpu_seconds(...) crew_cpu_seconds(__VA_ARGS__)
#include "inspect/crew.c"
#undef skeym_crew_cpu_seconds
#pragma GCC diagnostic pop

/* What the clock says from now on; NULL: the truth. */
static double (*cpu_seconds)(void);

double skeym_crew_cpu_seconds(void)
{
    return cpu_seconds ? cpu_seconds() : crew_cpu_seconds();
}

#endif
