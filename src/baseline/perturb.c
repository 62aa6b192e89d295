/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/perturb.h"

#include <math.h>

enum { DRAWS = 10000 };

struct turn {
    size_t a, b;
    double aa, ab, ba, bb; /* a' = aa a + ab b; b' = ba a + bb b */
};

static void apply(const struct turn *turn, struct skeym_dataset *set)
{
    for (size_t i = 0; i < set->rows; i++) {
        double *row = set->values + i * set->columns;
        double a = row[turn->a];
        double b = row[turn->b];
        row[turn->a] = turn->aa * a + turn->ab * b;
        row[turn->b] = turn->ba * a + turn->bb * b;
    }
}

/* Variance of (x - 1) p + y q over the rows: of the change of an attribute. */
static double change(const struct skeym_dataset *set, size_t p, double x, size_t q, double y)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < set->rows; i++) {
        const double *row = set->values + i * set->columns;
        double off = (x - 1) * row[p] + y * row[q];
        sum += off;
        squares += off * off;
    }
    double n = (double)set->rows;
    return n > 1 ? (squares - sum * sum / n) / (n - 1) : 0;
}

static struct turn draw(const struct skeym_dataset *set, size_t a, size_t b,
                        struct skeym_chance *chance)
{
    double flip_a = skeym_chance_below(chance, 2) ? 1 : -1;
    double flip_b = skeym_chance_below(chance, 2) ? 1 : -1;
    struct turn turn = {.a = a, .b = b};
    for (int i = 0; i < DRAWS; i++) { /* two constant columns have no angle that is enough */
        double angle = 6.283185307179586 * skeym_chance_unit(chance);
        turn.aa = cos(angle) * flip_a;
        turn.ab = sin(angle) * flip_b;
        turn.ba = -sin(angle) * flip_a;
        turn.bb = cos(angle) * flip_b;
        if (change(set, a, turn.aa, b, turn.ab) >= SKEYM_PERTURB_LEAST &&
            change(set, b, turn.bb, a, turn.ba) >= SKEYM_PERTURB_LEAST) {
            break;
        }
    }
    return turn;
}

void skeym_perturb(struct skeym_dataset *train, struct skeym_dataset *test,
                   struct skeym_chance *chance)
{
    size_t order[SKEYM_DATASET_COLUMNS];
    skeym_chance_order(chance, order, train->columns);
    for (size_t i = 0; i + 1 < train->columns; i += 2) {
        struct turn turn = draw(train, order[i], order[i + 1], chance);
        apply(&turn, train);
        apply(&turn, test);
    }
}
