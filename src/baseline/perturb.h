/* SPDX-License-Identifier: Apache-2.0 */
/* Flip and rotation perturbation (FRP): hides the values of a table by reflections and rotations of
 * pairs of its attributes. All distances between rows stay as they are. */
#ifndef SKEYM_BASELINE_PERTURB_H
#define SKEYM_BASELINE_PERTURB_H

#include "baseline/dataset.h"

/* Of the variance of what changes in each attribute of a pair, the least that an angle must give.
 */
#define SKEYM_PERTURB_LEAST 0.5

/* Perturbs both tables alike. They hold z-scores; pairs, signs and angles are drawn by train. With
 * an odd number of columns the last one of the order is left as it is. */
void skeym_perturb(struct skeym_dataset *train, struct skeym_dataset *test,
                   struct skeym_chance *chance);

#endif
