/* SPDX-License-Identifier: Apache-2.0 */
/* Work shared by a thread for each core: numbers from 0 to count in blocks, progress and stop
 * looked after by the calling thread. */
#ifndef SKEYM_INSPECT_CREW_H
#define SKEYM_INSPECT_CREW_H

#include "inspect/inspection.h"

struct skeym_crew_block {
    void *arg;
    unsigned thread; /* 0 to threads - 1 */
    uint64_t from, to;
};

struct skeym_crew {
    const struct skeym_inspect_context *context;
    const char *what;  /* for the line of progress */
    double begin, end; /* the share of the whole inspection that this is */
    uint64_t count, block;
    unsigned threads; /* 0: one for each core */
    /* Does the numbers from..to-1. true: found what was looked for, no more blocks are begun.
     * Called by several threads at once. */
    bool (*work)(const struct skeym_crew_block *block);
    void *arg;
};

/* Cores, at least 1, at most 64. */
unsigned skeym_crew_threads(void);
/* Returns how many numbers were done: count, unless it was stopped or found something. */
uint64_t skeym_crew_run(const struct skeym_crew *crew);
/* Seconds of a monotonic clock. */
double skeym_crew_seconds(void);
/* Seconds that the calling thread has had of a processor: what a piece of work costs, whatever else
 * the machine does meanwhile. */
double skeym_crew_cpu_seconds(void);

#endif
