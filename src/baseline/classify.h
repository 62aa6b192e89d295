/* SPDX-License-Identifier: Apache-2.0 */
/* Two classifiers, with a weight for each attribute: Gaussian naive Bayes, and the general
 * regression neural network (Specht, 1991), which is kernel regression. */
#ifndef SKEYM_BASELINE_CLASSIFY_H
#define SKEYM_BASELINE_CLASSIFY_H

#include "baseline/dataset.h"

struct skeym_classify {
    const double *weights; /* one for each column; NULL: all 1 */
    double spread;         /* s of the GRNN's exp(-D^2 / 2 s^2); unused by the other */
};

/* Predicts the class of each test row; tables have the same columns, train has rows. */
typedef void skeym_classifier(bool *predicted, const struct skeym_dataset *train,
                              const struct skeym_dataset *test,
                              const struct skeym_classify *settings);
/* Weights multiply the logarithms of the attributes' densities. */
skeym_classifier skeym_classify_bayes;
/* Weights multiply the attributes. A score of 0.5 and more is class 1. */
skeym_classifier skeym_classify_grnn;
/* The scores themselves, 0 to 1. */
void skeym_classify_grnn_scores(double *scores, const struct skeym_dataset *train,
                                const struct skeym_dataset *test,
                                const struct skeym_classify *settings);

#endif
