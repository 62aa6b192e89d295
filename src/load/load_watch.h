/* SPDX-License-Identifier: Apache-2.0 */
/* What processes under load cost, by /proc: time of the CPU, memory; and what else the machine
 * does. */
#ifndef SKEYM_LOAD_WATCH_H
#define SKEYM_LOAD_WATCH_H

#include <skeym/error.h>
#include <stddef.h>
#include <stdint.h>

#define SKEYM_LOAD_WATCH_MOST 16 /* processes */

struct skeym_load_watch {
    size_t count;
    int32_t pid[SKEYM_LOAD_WATCH_MOST];
};

/* Sums. Times are since each process began, of all its threads, in steps of the kernel's ticks. */
struct skeym_load_usage {
    uint64_t user_us, system_us;
    uint64_t memory_kb; /* proportional (PSS): shared pages are divided among those who have them */
    uint64_t resident_kb; /* (RSS): with all shared pages, once for each process */
    uint64_t machine_us;  /* that any program used, on all cores, since the machine began */
};

/* Errors: SKEYM_ERR_IO: a process is gone, or is not ours to look at. */
SKEYM_MUST_USE enum skeym_error skeym_load_watch_read(struct skeym_load_usage *out,
                                                      const struct skeym_load_watch *watch);

/* What all programs together used of these cores since the machine began; 0 when it is not told. */
uint64_t skeym_load_watch_cores_us(const int *cores, size_t count);

#endif
