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

/* A leak is called one when the rank test is beyond doubt: of it is asked as much as the literature
 * on leakage asks of Welch's t, |t| > 10. The t alone is not enough, as a few late samples that
 * fell on one class move it, and not the ranks. Where either is above the 4.5 of that literature,
 * it is in doubt, and more samples would tell. */
#define SKEYM_TIMING_LIMIT 10.0
#define SKEYM_TIMING_DOUBT 4.5

/* Fewer samples of a class than the first say nothing; more than the second the bootstrap does not
 * look at: its time goes with rounds times samples. */
enum { SKEYM_TIMING_LEAST = 100, SKEYM_TIMING_BOOTSTRAP = 20000 };

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
    bool said;               /* there were enough samples; else all is zero */
    bool leak, doubt;
};
/* b against a. Errors: SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_timing_judge(struct skeym_timing_judgement *judgement,
                                                   const struct skeym_timing_samples *samples,
                                                   enum skeym_timing_class a,
                                                   enum skeym_timing_class b,
                                                   struct skeym_chance *chance);

/* As a word for a table. */
const char *skeym_timing_word(const struct skeym_timing_judgement *judgement);

/* How many pairs there were, of how many something could be said, and what. */
struct skeym_timing_counts {
    unsigned pairs, said, leaks, doubts;
};
void skeym_timing_count(struct skeym_timing_counts *counts,
                        const struct skeym_timing_judgement *judgement);

/* A clock that is not slewed, ns. */
uint64_t skeym_timing_now(void);
/* Puts into candidate what differs from right in one byte, by its class. */
void skeym_timing_aim(uint8_t candidate[32], const uint8_t right[32], enum skeym_timing_class class,
                      struct skeym_chance *chance);

/* The same question over loopback TCP, to a server of its own: adds its table row, figures and
 * paragraph to the finding, and counts. */
void skeym_timing_wire(const struct skeym_inspect_context *context, struct skeym_finding *finding,
                       struct skeym_timing_counts *counts, double begin, double end);

#endif
