/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second witness: the clock. Two inputs of a kind, in random order, each timed; do the times of
 * the two differ? (The idea is dudect's: Reparaz, Balasch, Verbauwhede, DATE 2017.)
 */
#ifndef SKEYM_TESTS_CLOCKED_H
#define SKEYM_TESTS_CLOCKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLOCKED_INPUT = 4096 };

enum clocked_kind {
    CLOCKED_REAL,  /* must not differ */
    CLOCKED_TWIN,  /* leaks on purpose: must be found */
    CLOCKED_PUBLIC /* what is seen anyway: a figure, no verdict */
};

struct clocked_case {
    const char *name;
    enum clocked_kind kind;
    unsigned share; /* of the samples asked for: one in `share` */
    double least;   /* ns: a smaller difference is not held against it */
    /* The input of class 0 or 1, of one size for both. */
    size_t (*input)(uint8_t out[CLOCKED_INPUT], unsigned class);
    /* What is timed. */
    void (*run)(const uint8_t *input, size_t size);
};

extern const struct clocked_case clocked_cases[]; /* ended by a name of NULL */
void clocked_world(void);

/* One class's times, as they came. */
struct clocked_times {
    uint32_t *at;
    size_t count;
};

struct clocked_verdict {
    double t;     /* Welch's, of the cropping where it is largest in size */
    double z;     /* of the rank test (Mann-Whitney, with ties), all samples */
    double ns;    /* class 1 minus class 0: means of the faster nine tenths */
    double whole; /* mean of class 0 likewise, ns */
};
/* Sorts the times. */
struct clocked_verdict clocked_compare(struct clocked_times a, struct clocked_times b,
                                       double ticks_per_ns);

#endif
