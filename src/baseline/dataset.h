/* SPDX-License-Identifier: Apache-2.0 */
/* A table of numbers with a class of 0 or 1 in each row, for the classifiers. */
#ifndef SKEYM_BASELINE_DATASET_H
#define SKEYM_BASELINE_DATASET_H

#include "stats/chance.h"
#include <skeym/error.h>
#include <stdbool.h>
#include <stddef.h>

enum { SKEYM_DATASET_COLUMNS = 64, SKEYM_DATASET_ROWS = 10000 };

struct skeym_dataset {
    size_t rows, columns;
    double *values;  /* rows x columns, row by row */
    bool *positives; /* the class of each row */
};

/* Reads what breast_cancer.csv is: a first line "rows,columns,name of class 0,name of class 1",
 * then rows of `columns` numbers and the class. Errors: SKEYM_ERR_MISSING, SKEYM_ERR_IO,
 * SKEYM_ERR_SHAPE (anything else), SKEYM_ERR_RANGE (more than the above), SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_dataset_read(struct skeym_dataset *out, const char *path);
void skeym_dataset_free(struct skeym_dataset *set);

/* Parts rows at random: round(rows x share) into train, the rest into test; both are copies.
 * Errors: SKEYM_ERR_MEMORY (both are empty then). */
SKEYM_MUST_USE enum skeym_error skeym_dataset_split(const struct skeym_dataset *set, double share,
                                                    struct skeym_dataset *train,
                                                    struct skeym_dataset *test,
                                                    struct skeym_chance *chance);
/* Replaces the values of both by z-scores with train's means and standard deviations. */
void skeym_dataset_standardize(struct skeym_dataset *train, struct skeym_dataset *test);

/* The share of rows whose classes agree. */
double skeym_dataset_accuracy(const struct skeym_dataset *test, const bool *predicted);

#endif
