/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/mothflame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = SKEYM_MOTHFLAME_MOTHS };

struct place {
    double at[SKEYM_MOTHFLAME_PLACES];
    double fitness;
};

static int better(const void *a, const void *b)
{
    double x = ((const struct place *)a)->fitness;
    double y = ((const struct place *)b)->fitness;
    return (x < y) - (x > y);
}

/* round(N - t (N - 1) / T) */
static size_t flames(unsigned round, unsigned rounds)
{
    return (size_t)lround(N - (double)round * (N - 1) / rounds);
}

static void fly(struct place *moth, const struct place *flame, double from,
                const struct skeym_mothflame *problem, struct skeym_chance *chance)
{
    for (size_t j = 0; j < problem->size; j++) {
        double u = from + (1 - from) * skeym_chance_unit(chance); /* in [from, 1] */
        double distance = fabs(flame->at[j] - moth->at[j]);
        double at = distance * exp(u) * cos(6.283185307179586 * u) + flame->at[j];
        moth->at[j] = fmin(fmax(at, problem->low[j]), problem->high[j]);
    }
}

double skeym_mothflame(double *best, const struct skeym_mothflame *problem,
                       struct skeym_chance *chance)
{
    struct place moths[N], all[2 * N]; /* the first N of all are the flames */
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < problem->size; j++) {
            moths[i].at[j] =
                problem->low[j] + (problem->high[j] - problem->low[j]) * skeym_chance_unit(chance);
        }
        moths[i].fitness = problem->fitness(problem->arg, moths[i].at);
    }
    memcpy(all, moths, sizeof moths);
    qsort(all, N, sizeof all[0], better);
    for (unsigned round = 1; round <= problem->rounds; round++) {
        size_t count = flames(round, problem->rounds);
        double from = -1 - (double)round / problem->rounds;
        for (size_t i = 0; i < N; i++) {
            fly(&moths[i], &all[i < count ? i : count - 1], from, problem, chance);
            moths[i].fitness = problem->fitness(problem->arg, moths[i].at);
        }
        memcpy(all + N, moths, sizeof moths);
        qsort(all, (size_t)2 * N, sizeof all[0], better);
    }
    memcpy(best, all[0].at, problem->size * sizeof *best);
    return all[0].fitness;
}
