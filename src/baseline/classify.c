/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/classify.h"

#include <math.h>

static double weight(const struct skeym_classify *settings, size_t column)
{
    return settings->weights ? settings->weights[column] : 1;
}

/* --- naive Bayes -------------------------------------------------------------- */

struct gauss {
    double count[2];
    double mean[2][SKEYM_DATASET_COLUMNS], variance[2][SKEYM_DATASET_COLUMNS];
};

static void learn(struct gauss *gauss, const struct skeym_dataset *train)
{
    *gauss = (struct gauss){0};
    for (size_t i = 0; i < train->rows; i++) {
        size_t class = train->positives[i];
        gauss->count[class]++;
        for (size_t j = 0; j < train->columns; j++) {
            double value = train->values[i * train->columns + j];
            double off = value - gauss->mean[class][j];
            gauss->mean[class][j] += off / gauss->count[class];
            gauss->variance[class][j] += off * (value - gauss->mean[class][j]);
        }
    }
    for (size_t class = 0; class < 2; class ++) {
        for (size_t j = 0; j < train->columns; j++) {
            double n = gauss->count[class];
            double variance = n > 1 ? gauss->variance[class][j] / (n - 1) : 1;
            gauss->variance[class][j] = fmax(variance, 1e-9); /* a constant has no density */
        }
    }
}

void skeym_classify_bayes(bool *predicted, const struct skeym_dataset *train,
                          const struct skeym_dataset *test, const struct skeym_classify *settings)
{
    struct gauss gauss;
    learn(&gauss, train);
    for (size_t i = 0; i < test->rows; i++) {
        double scores[2];
        for (size_t class = 0; class < 2; class ++) {
            scores[class] = log(gauss.count[class] / (double)train->rows);
            for (size_t j = 0; j < test->columns; j++) {
                double off = test->values[i * test->columns + j] - gauss.mean[class][j];
                double variance = gauss.variance[class][j];
                scores[class] -= weight(settings, j) * (log(variance) + off * off / variance) / 2;
            }
        }
        predicted[i] = scores[1] >= scores[0];
    }
}

/* --- GRNN ----------------------------------------------------------------------- */

static double distance2(const double *a, const double *b, size_t columns,
                        const struct skeym_classify *settings)
{
    double sum = 0;
    for (size_t j = 0; j < columns; j++) {
        double off = weight(settings, j) * (a[j] - b[j]);
        sum += off * off;
    }
    return sum;
}

void skeym_classify_grnn_scores(double *scores, const struct skeym_dataset *train,
                                const struct skeym_dataset *test,
                                const struct skeym_classify *settings)
{
    for (size_t i = 0; i < test->rows; i++) {
        const double *row = test->values + i * test->columns;
        /* the nearest row's kernel is taken as 1, or far rows would all be 0 and their ratio none
         */
        double nearest = INFINITY;
        double sum = 0, all = 0;
        for (size_t k = 0; k < train->rows; k++) {
            double d2 =
                distance2(row, train->values + k * train->columns, train->columns, settings);
            if (d2 < nearest) {
                double before =
                    isinf(nearest)
                        ? 0
                        : exp((d2 - nearest) / (2 * settings->spread * settings->spread));
                sum *= before;
                all *= before;
                nearest = d2;
            }
            double kernel = exp((nearest - d2) / (2 * settings->spread * settings->spread));
            sum += train->positives[k] ? kernel : 0;
            all += kernel;
        }
        scores[i] = all > 0 ? sum / all : 0;
    }
}

void skeym_classify_grnn(bool *predicted, const struct skeym_dataset *train,
                         const struct skeym_dataset *test, const struct skeym_classify *settings)
{
    for (size_t i = 0; i < test->rows; i++) {
        const struct skeym_dataset one = {1, test->columns, test->values + i * test->columns,
                                          test->positives + i};
        double score;
        skeym_classify_grnn_scores(&score, train, &one, settings);
        predicted[i] = score >= 0.5;
    }
}
