/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/dataset.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum skeym_error allocate(struct skeym_dataset *set, size_t rows, size_t columns)
{
    double *values = calloc(rows * columns + 1, sizeof *values);
    bool *positives = calloc(rows + 1, sizeof *positives);
    if (!values || !positives) {
        free(values);
        free(positives);
        *set = (struct skeym_dataset){0};
        return SKEYM_ERR_MEMORY;
    }
    *set = (struct skeym_dataset){rows, columns, values, positives};
    return SKEYM_OK;
}

void skeym_dataset_free(struct skeym_dataset *set)
{
    free(set->values);
    free(set->positives);
    *set = (struct skeym_dataset){0};
}

/* One number and what ends it: a comma, or (last) the line. NULL: it is not that. */
static char *number(char *at, double *out, bool last)
{
    char *end;
    *out = strtod(at, &end);
    if (end == at || !isfinite(*out)) {
        return NULL;
    }
    if (last) {
        return end[strspn(end, "\r\n")] == '\0' ? end : NULL;
    }
    return *end == ',' ? end + 1 : NULL;
}

static bool read_row(char *line, struct skeym_dataset *set, size_t row)
{
    double class = 0;
    for (size_t i = 0; line && i < set->columns; i++) {
        line = number(line, &set->values[row * set->columns + i], false);
    }
    line = line ? number(line, &class, true) : NULL;
    set->positives[row] = class == 1;
    return line && (class == 0 || class == 1);
}

static enum skeym_error read_rows(FILE *in, struct skeym_dataset *set)
{
    char line[4096];
    double rows = 0, columns = 0;
    char *at = fgets(line, sizeof line, in) ? number(line, &rows, false) : NULL;
    if (!at || !number(at, &columns, false)) {
        return SKEYM_ERR_SHAPE;
    }
    if (rows < 1 || rows > SKEYM_DATASET_ROWS || columns < 1 || columns > SKEYM_DATASET_COLUMNS) {
        return SKEYM_ERR_RANGE;
    }
    enum skeym_error error = allocate(set, (size_t)rows, (size_t)columns);
    for (size_t i = 0; error == SKEYM_OK && i < set->rows; i++) {
        if (!fgets(line, sizeof line, in) || !read_row(line, set, i)) {
            error = SKEYM_ERR_SHAPE;
        }
    }
    if (error == SKEYM_OK && fgets(line, sizeof line, in)) {
        error = SKEYM_ERR_SHAPE; /* more rows than said */
    }
    return error;
}

enum skeym_error skeym_dataset_read(struct skeym_dataset *out, const char *path)
{
    *out = (struct skeym_dataset){0};
    FILE *in = fopen(path, "re");
    if (!in) {
        return errno == ENOENT ? SKEYM_ERR_MISSING : SKEYM_ERR_IO;
    }
    enum skeym_error error = read_rows(in, out);
    (void)fclose(in);
    if (error != SKEYM_OK) {
        skeym_dataset_free(out);
    }
    return error;
}

static void copy_row(struct skeym_dataset *to, size_t row, const struct skeym_dataset *from,
                     size_t from_row)
{
    memcpy(to->values + row * to->columns, from->values + from_row * from->columns,
           from->columns * sizeof(double));
    to->positives[row] = from->positives[from_row];
}

enum skeym_error skeym_dataset_split(const struct skeym_dataset *set, double share,
                                     struct skeym_dataset *train, struct skeym_dataset *test,
                                     struct skeym_chance *chance)
{
    size_t many = (size_t)lround(share * (double)set->rows);
    size_t *order = calloc(set->rows + 1, sizeof *order);
    *train = *test = (struct skeym_dataset){0};
    enum skeym_error error = order ? allocate(train, many, set->columns) : SKEYM_ERR_MEMORY;
    if (error == SKEYM_OK) {
        error = allocate(test, set->rows - many, set->columns);
    }
    if (error == SKEYM_OK) {
        skeym_chance_order(chance, order, set->rows);
        for (size_t i = 0; i < set->rows; i++) {
            if (i < many) {
                copy_row(train, i, set, order[i]);
            } else {
                copy_row(test, i - many, set, order[i]);
            }
        }
    } else {
        skeym_dataset_free(train);
    }
    free(order);
    return error;
}

void skeym_dataset_standardize(struct skeym_dataset *train, struct skeym_dataset *test)
{
    for (size_t j = 0; j < train->columns; j++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < train->rows; i++) {
            sum += train->values[i * train->columns + j];
        }
        double mean = sum / (double)train->rows;
        for (size_t i = 0; i < train->rows; i++) {
            double off = train->values[i * train->columns + j] - mean;
            squares += off * off;
        }
        double sd = sqrt(squares / (double)(train->rows > 1 ? train->rows - 1 : 1));
        sd = sd > 0 ? sd : 1; /* a column of one value becomes zeros */
        for (size_t i = 0; i < train->rows; i++) {
            train->values[i * train->columns + j] =
                (train->values[i * train->columns + j] - mean) / sd;
        }
        for (size_t i = 0; i < test->rows; i++) {
            test->values[i * test->columns + j] = (test->values[i * test->columns + j] - mean) / sd;
        }
    }
}

double skeym_dataset_accuracy(const struct skeym_dataset *test, const bool *predicted)
{
    size_t right = 0;
    for (size_t i = 0; i < test->rows; i++) {
        right += predicted[i] == test->positives[i];
    }
    return test->rows > 0 ? (double)right / (double)test->rows : 0;
}
