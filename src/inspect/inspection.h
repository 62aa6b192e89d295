/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof inspections: each experiment of the paper, done again honestly, is one file with one
 * `struct skeym_inspection`, and a row of a table. An inspection reads nothing but its context and
 * writes nothing but its finding; it never prints. Chance comes from the seed (stats/chance.h), so
 * that a run can be repeated; keys that are attacked come from the crypto door as in life.
 */
#ifndef SKEYM_INSPECT_INSPECTION_H
#define SKEYM_INSPECT_INSPECTION_H

#include "report/finding.h"
#include <stdbool.h>
#include <stdint.h>

enum skeym_inspect_size {
    SKEYM_INSPECT_QUICK, /* all of them together under 60 s on two cores */
    SKEYM_INSPECT_FULL,  /* what the question needs */
};

struct skeym_inspect_context {
    enum skeym_inspect_size size;
    uint64_t seed;
    const char *program; /* this program, to start servers with */
    const char *data;    /* folder of clinical/breast_cancer.csv; NULL: not there */
    const char *folder;  /* private, empty, exists; removed by the caller */
    void *arg;
    /* Both may be called from the inspection's own thread only. done: 0 to 1. */
    void (*progress)(void *arg, const char *what, double done);
    bool (*stopped)(void *arg); /* true: end soon, with what there is */
};

struct skeym_inspection {
    const char *name; /* one word: skeym inspect NAME */
    const char *title;
    const char *question;
    const char *paper; /* the tables, figures and equations that it is about */
    bool data;         /* needs the context's data */
    /* Fills a begun finding: claims, what was done, figures, charts, a verdict. Where it was
     * stopped, the figures are of what was done, and say so. Errors are remembered in the finding
     * too. */
    void (*run)(const struct skeym_inspect_context *context, struct skeym_finding *finding);
};

/* X(name) in the order of the paper: `const struct skeym_inspection skeym_inspection_NAME` in
 * src/inspect/inspect_NAME.c. */
#define SKEYM_INSPECTIONS(X)                                                                       \
    X(states)                                                                                      \
    X(brute)                                                                                       \
    X(guess)                                                                                       \
    X(timing)                                                                                      \
    X(keygen)                                                                                      \
    X(collision)                                                                                   \
    X(authenticator)                                                                               \
    X(classifiers)                                                                                 \
    X(misgenerated)                                                                                \
    X(attackers)

#define SKEYM_INSPECTION_DECLARE(name) extern const struct skeym_inspection skeym_inspection_##name;
SKEYM_INSPECTIONS(SKEYM_INSPECTION_DECLARE)
#undef SKEYM_INSPECTION_DECLARE

/* All of them, in order. */
const struct skeym_inspection *const *skeym_inspection_table(size_t *count);
/* NULL: there is none of that name. */
const struct skeym_inspection *skeym_inspection_find(const char *name);
/* Runs one: the finding with size, seed, seconds, date, data and `stopped` added. It is NULL when
 * there was no memory for it; an inspection that failed has a member `error` and no verdict. The
 * caller frees it (json_object_put). */
struct json_object *skeym_inspection_run(const struct skeym_inspection *inspection,
                                         const struct skeym_inspect_context *context);

#endif
