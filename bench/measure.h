/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the bench measures: one thread, pinned to a core. A case is called in batches that are long
 * enough for the clock; what a batch uses up is prepared before, untimed. A result is one number
 * per batch, of which the table shows how they spread.
 */
#ifndef SKEYM_BENCH_MEASURE_H
#define SKEYM_BENCH_MEASURE_H

#include <skeym/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct bench_options {
    const char *only;   /* part of a name; NULL: all */
    const char *json;   /* file to write; NULL: none */
    size_t repetitions; /* batches per case */
    uint64_t batch_ns;  /* wanted length of a batch */
};

struct bench_result {
    char name[48];
    const char *what; /* for people */
    const char *unit; /* "ns", "1/s" */
    double target;    /* for the median; 0: none. For ns at most, for rates at least */
    double min, p10, median, p90, max;
};

#define BENCH_RESULTS 64

struct bench_report {
    const struct bench_options *options;
    size_t count;
    struct bench_result at[BENCH_RESULTS];
};

/* Operations 0 to count-1 of a batch; the first error ends it. */
typedef enum skeym_error (*bench_run)(size_t count);

struct bench_case {
    const char *name;
    const char *what;
    double target_ns;
    size_t most;               /* operations that one preparation is for; 0: no limit */
    void (*prepare)(size_t n); /* untimed, before each batch; NULL: none */
    bench_run run;
};

/* Keeps results alive that nobody looks at. */
void bench_keep(const void *data, size_t size);
/* Ends the program: a case that does not work has no time. */
void bench_fail(const char *name, enum skeym_error error);
/* The number of the core that this thread is pinned to from now on. */
int bench_pin(void);
/* true when --only wants it */
bool bench_wanted(const struct bench_report *report, const char *name);
/* Adds one result, made of one value per repetition. */
void bench_add(struct bench_report *report, const char *name, const char *what, const char *unit,
               double target, double *values, size_t count);
void bench_cases(struct bench_report *report, const struct bench_case *cases, size_t count);
/* Files may be NULL; false when writing failed. */
void bench_print(const struct bench_report *report, FILE *out);
bool bench_write_json(const struct bench_report *report, const char *path);

/* The families, one per file. */
void bench_ops(struct bench_report *report);
void bench_login(struct bench_report *report);

#endif
