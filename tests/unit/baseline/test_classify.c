/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/classify.h"
#include "baseline/perturb.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { COLUMNS = 5 };

/* Rows around -1 and around +1 in their first two columns, noise in the others. */
static struct skeym_dataset clouds(size_t rows, uint64_t stream)
{
    struct skeym_chance chance;
    struct skeym_dataset set = {rows, COLUMNS, calloc(rows * COLUMNS, sizeof(double)),
                                calloc(rows, sizeof(bool))};
    assert_true(set.values && set.positives);
    skeym_chance_init(&chance, 1, stream);
    for (size_t i = 0; i < rows; i++) {
        set.positives[i] = skeym_chance_below(&chance, 3) == 0;
        for (size_t j = 0; j < COLUMNS; j++) {
            double middle = j < 2 ? (set.positives[i] ? 1.5 : -1.5) : 0;
            set.values[i * COLUMNS + j] = middle + skeym_chance_normal(&chance);
        }
    }
    return set;
}

static double accuracy(skeym_classifier *classify, const struct skeym_dataset *train,
                       const struct skeym_dataset *test, const double *weights)
{
    bool predicted[1000];
    const struct skeym_classify settings = {weights, 1};
    assert_true(test->rows <= 1000);
    classify(predicted, train, test, &settings);
    return skeym_dataset_accuracy(test, predicted);
}

static void both_tell_clouds_apart(void **state)
{
    (void)state;
    struct skeym_dataset train = clouds(400, 1), test = clouds(300, 2);
    /* the best possible is Phi(1.5 sqrt 2) = 98.3% for even classes */
    assert_true(accuracy(skeym_classify_bayes, &train, &test, NULL) > 0.95);
    assert_true(accuracy(skeym_classify_grnn, &train, &test, NULL) > 0.94);
    static const double blind[COLUMNS] = {0, 0, 1, 1, 1};
    assert_true(accuracy(skeym_classify_bayes, &train, &test, blind) < 0.8);
    assert_true(accuracy(skeym_classify_grnn, &train, &test, blind) < 0.8);
    skeym_dataset_free(&train);
    skeym_dataset_free(&test);
}

/* Two training rows at 0 (class 0) and 2 (class 1): the score at x is
 * 1 / (1 + exp((d1^2 - d0^2) / 2)). */
static void grnn_is_kernel_regression(void **state)
{
    (void)state;
    double at[] = {0, 2}, ask[] = {0, 0.5, 1, 2, 60};
    bool classes[] = {false, true}, none[5] = {false};
    const struct skeym_dataset train = {2, 1, at, classes}, test = {5, 1, ask, none};
    const struct skeym_classify settings = {NULL, 1};
    double scores[5];
    skeym_classify_grnn_scores(scores, &train, &test, &settings);
    for (size_t i = 0; i < 5; i++) {
        double d0 = ask[i] * ask[i], d1 = (ask[i] - 2) * (ask[i] - 2);
        assert_true(fabs(scores[i] - 1 / (1 + exp((d1 - d0) / 2))) < 1e-12);
    }
    const struct skeym_classify wide = {NULL, 1000};
    skeym_classify_grnn_scores(scores, &train, &test, &wide);
    assert_true(fabs(scores[0] - 0.5) < 1e-5);
}

/* Class 1 is twice as frequent, and both have the same density: it wins. Then one has its own. */
static void bayes_knows_the_classes_shares_and_densities(void **state)
{
    (void)state;
    double at[] = {-1, 0, 1, -1, 0, 1, -1, 0, 1};
    bool classes[] = {false, false, false, true, true, true, true, true, true};
    double ask[] = {0, 0.3};
    bool predicted[2], none[2] = {false};
    const struct skeym_dataset train = {9, 1, at, classes}, test = {2, 1, ask, none};
    const struct skeym_classify settings = {NULL, 1};
    skeym_classify_bayes(predicted, &train, &test, &settings);
    assert_true(predicted[0] && predicted[1]);
    at[0] = -0.1;
    at[2] = 0.1; /* class 0 is narrow: near 0 it is far denser, at 0.3 not */
    skeym_classify_bayes(predicted, &train, &test, &settings);
    assert_true(!predicted[0] && predicted[1]);
}

static double distance2(const struct skeym_dataset *a, size_t i, const struct skeym_dataset *b,
                        size_t k)
{
    double sum = 0;
    for (size_t j = 0; j < COLUMNS; j++) {
        sum += pow(a->values[i * COLUMNS + j] - b->values[k * COLUMNS + j], 2);
    }
    return sum;
}

static void perturbation_keeps_distances_and_changes_values(void **state)
{
    (void)state;
    struct skeym_chance chance;
    struct skeym_dataset raw[2] = {clouds(100, 1), clouds(40, 2)};
    struct skeym_dataset hidden[2] = {clouds(100, 1), clouds(40, 2)};
    skeym_dataset_standardize(&raw[0], &raw[1]);
    skeym_dataset_standardize(&hidden[0], &hidden[1]);
    skeym_chance_init(&chance, 5, 1);
    skeym_perturb(&hidden[0], &hidden[1], &chance);
    size_t changed = 0;
    for (size_t j = 0; j < COLUMNS; j++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < 100; i++) {
            double off = hidden[0].values[i * COLUMNS + j] - raw[0].values[i * COLUMNS + j];
            sum += off;
            squares += off * off;
        }
        double variance = (squares - sum * sum / 100) / 99;
        changed += variance >= SKEYM_PERTURB_LEAST - 1e-9;
    }
    assert_int_equal(changed, 4); /* one of five columns has no partner */
    for (size_t i = 0; i < 40; i++) {
        for (size_t k = 0; k < 100; k++) {
            assert_true(fabs(distance2(&raw[1], i, &raw[0], k) -
                             distance2(&hidden[1], i, &hidden[0], k)) < 1e-10);
        }
    }
    double scores[2][40];
    const struct skeym_classify settings = {NULL, 1};
    skeym_classify_grnn_scores(scores[0], &raw[0], &raw[1], &settings);
    skeym_classify_grnn_scores(scores[1], &hidden[0], &hidden[1], &settings);
    for (size_t i = 0; i < 40; i++) {
        assert_true(fabs(scores[0][i] - scores[1][i]) < 1e-12);
    }
    for (size_t i = 0; i < 2; i++) {
        skeym_dataset_free(&raw[i]);
        skeym_dataset_free(&hidden[i]);
    }
}

/* The near row comes last: what was summed before it counts by its distance. */
static void grnn_forgets_nothing_when_a_nearer_row_comes(void **state)
{
    (void)state;
    double places[] = {2, 0, 3}, at[] = {0.5};
    bool classes[] = {true, false, true}, none[] = {false};
    const struct skeym_dataset train = {3, 1, places, classes}, test = {1, 1, at, none};
    const struct skeym_classify settings = {NULL, 1};
    double score;
    skeym_classify_grnn_scores(&score, &train, &test, &settings);
    double far = exp(-1.5 * 1.5 / 2), near = exp(-0.5 * 0.5 / 2), farther = exp(-2.5 * 2.5 / 2);
    assert_true(fabs(score - (far + farther) / (far + near + farther)) < 1e-14);
}

/* A column that is the same in all rows has no variance: it says nothing, and breaks nothing. */
static void bayes_bears_a_constant_column(void **state)
{
    (void)state;
    double places[] = {-2, 7, -1, 7, 1, 7, 2, 7}, at[] = {1.4, 7, -1.4, 7};
    bool classes[] = {false, false, true, true}, right[] = {true, false}, predicted[2];
    const struct skeym_dataset train = {4, 2, places, classes}, test = {2, 2, at, right};
    const struct skeym_classify settings = {NULL, 1};
    skeym_classify_bayes(predicted, &train, &test, &settings);
    assert_true(predicted[0] && !predicted[1]);
}

/* With any luck of the draw, both columns of a pair change enough. */
static void every_perturbed_column_changes_enough(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct skeym_chance chance;
        struct skeym_dataset raw = clouds(100, 1), hidden = clouds(100, 1), test = clouds(1, 2);
        struct skeym_dataset other = clouds(1, 2);
        size_t changed = 0;
        skeym_dataset_standardize(&raw, &other);
        skeym_dataset_standardize(&hidden, &test);
        skeym_chance_init(&chance, seed, 1);
        skeym_perturb(&hidden, &test, &chance);
        for (size_t j = 0; j < COLUMNS; j++) {
            double sum = 0, squares = 0;
            for (size_t i = 0; i < 100; i++) {
                double off = hidden.values[i * COLUMNS + j] - raw.values[i * COLUMNS + j];
                sum += off;
                squares += off * off;
            }
            changed += (squares - sum * sum / 100) / 99 >= SKEYM_PERTURB_LEAST - 1e-9;
        }
        assert_int_equal(changed, 4);
        skeym_dataset_free(&raw);
        skeym_dataset_free(&hidden);
        skeym_dataset_free(&test);
        skeym_dataset_free(&other);
    }
}

/* One row has no variance, and one of 0 would leave no place for a second: it is taken as 1. */
static void bayes_bears_a_class_of_one_row(void **state)
{
    (void)state;
    double places[] = {-1, 0, 1, 10}, at[] = {9, -0.5, 11};
    bool classes[] = {false, false, false, true}, right[] = {true, false, true}, predicted[3];
    const struct skeym_dataset train = {4, 1, places, classes}, test = {3, 1, at, right};
    const struct skeym_classify settings = {NULL, 1};
    skeym_classify_bayes(predicted, &train, &test, &settings);
    assert_memory_equal(predicted, right, sizeof right);
}

/* No angle changes two columns of zeros: the search for one ends, and zeros stay what they are. */
static void perturbation_of_constant_columns_ends(void **state)
{
    (void)state;
    double places[] = {0, 0, 0, 0, 0, 0}, others[] = {0, 0};
    bool classes[] = {false, true, false}, other[] = {false};
    struct skeym_dataset train = {3, 2, places, classes}, test = {1, 2, others, other};
    struct skeym_chance chance;
    skeym_chance_init(&chance, 7, 1);
    skeym_perturb(&train, &test, &chance);
    for (size_t i = 0; i < 6; i++) {
        assert_true(places[i] == 0);
    }
    assert_true(others[0] == 0 && others[1] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_tell_clouds_apart),
        cmocka_unit_test(grnn_is_kernel_regression),
        cmocka_unit_test(bayes_knows_the_classes_shares_and_densities),
        cmocka_unit_test(perturbation_keeps_distances_and_changes_values),
        cmocka_unit_test(grnn_forgets_nothing_when_a_nearer_row_comes),
        cmocka_unit_test(bayes_bears_a_constant_column),
        cmocka_unit_test(every_perturbed_column_changes_enough),
        cmocka_unit_test(bayes_bears_a_class_of_one_row),
        cmocka_unit_test(perturbation_of_constant_columns_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
