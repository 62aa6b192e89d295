/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of time by what a proof is wrong in, and the judgement whether time tells them apart. */
#ifndef SKEYM_INSPECT_TIMING_H
#define SKEYM_INSPECT_TIMING_H

#include "inspect/inspection.h"
#include "stats/chance.h"

/* What a candidate differs in from the right proof. */
enum skeym_timing_class {
    SKEYM_TIMING_NOTHING,
    SKEYM_TIMING_FIRST,
    SKEYM_TIMING_MIDDLE,
    SKEYM_TIMING_LAST,
    SKEYM_TIMING_CLASSES
};
const char *skeym_timing_class_name(enum skeym_timing_class class);

/* A leak is called one when both tests are beyond doubt. For Welch's t that is the |t| > 10 of the
 * literature on leakage; the rank test is asked for as much. */
#define SKEYM_TIMING_LIMIT 10.0

struct skeym_timing_samples {
    double *of[SKEYM_TIMING_CLASSES]; /* ns */
    size_t count[SKEYM_TIMING_CLASSES];
    size_t room; /* of each */
};
/* Errors: SKEYM_ERR_MEMORY. Free it in any case. */
SKEYM_MUST_USE enum skeym_error skeym_timing_samples_open(struct skeym_timing_samples *samples,
                                                          size_t room);
void skeym_timing_samples_free(struct skeym_timing_samples *samples);
/* Leaves out what is above the given share of all samples: interruptions, which have nothing to do
 * with the class and drown the means. The limit is one for all classes. Errors: SKEYM_ERR_MEMORY.
 */
SKEYM_MUST_USE enum skeym_error skeym_timing_samples_crop(struct skeym_timing_samples *samples,
                                                          double share);

struct skeym_timing_judgement {
    double t, z;             /* Welch's, and of the rank test */
    double shift, low, high; /* of the median, ns, 99% interval */
    bool leak;
};
/* b against a. With fewer than 100 samples nothing is said: all is zero. Errors: SKEYM_ERR_MEMORY.
 */
SKEYM_MUST_USE enum skeym_error skeym_timing_judge(struct skeym_timing_judgement *judgement,
                                                   const struct skeym_timing_samples *samples,
                                                   enum skeym_timing_class a,
                                                   enum skeym_timing_class b,
                                                   struct skeym_chance *chance);

/* A clock that is not slewed, ns. */
uint64_t skeym_timing_now(void);
/* Puts into candidate what differs from right in one byte, by its class. */
void skeym_timing_aim(uint8_t candidate[32], const uint8_t right[32], enum skeym_timing_class class,
                      struct skeym_chance *chance);

/* The same question over loopback TCP, to a server of its own: adds its table row, figures and
 * paragraph to the finding. Returns how many leaks it found. */
unsigned skeym_timing_wire(const struct skeym_inspect_context *context,
                           struct skeym_finding *finding, double begin, double end);

#endif
