/* SPDX-License-Identifier: Apache-2.0 */
/* The classifiers on a data set of the test's own, with memory that ends and clocks of its own. */
#include "unit/inspect/inspecting.h"

#include "unit/inspect/faulty_crew.h"

#include "baseline/classify.h"
#include "baseline/dataset.h"

#include "unit/nth.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wshadow"
#define skeym_dataset_read(...)     dataset_read(__VA_ARGS__)
#define skeym_dataset_split(...)    dataset_split(__VA_ARGS__)
#define skeym_dataset_accuracy(...) dataset_accuracy(__VA_ARGS__)
#include "baseline/dataset.c" /* NOLINT(bugprone-suspicious-include) */
#undef skeym_dataset_read
#undef skeym_dataset_split
#undef skeym_dataset_accuracy
#undef skeym_classify_grnn_scores
#define skeym_classify_grnn_scores(...) classify_grnn_scores(__VA_ARGS__)
#include "baseline/classify.c" /* NOLINT(bugprone-suspicious-include) */
#undef skeym_classify_grnn_scores
#pragma GCC diagnostic pop

enum { ROWS = 40, COLUMNS = 4 };

static char path_read[128];
static enum skeym_error read_error;

/* Two heaps of points that overlap. */
enum skeym_error skeym_dataset_read(struct skeym_dataset *out, const char *path)
{
    struct skeym_chance chance;
    (void)snprintf(path_read, sizeof path_read, "%s", path);
    *out = (struct skeym_dataset){.rows = 0};
    if (read_error != SKEYM_OK) {
        return read_error;
    }
    skeym_chance_init(&chance, 5, 5);
    out->rows = ROWS;
    out->columns = COLUMNS;
    out->values = calloc(ROWS * COLUMNS, sizeof *out->values);
    out->positives = calloc(ROWS, sizeof *out->positives);
    assert_true(out->values && out->positives);
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        out->values[i] = skeym_chance_normal(&chance) + (i / COLUMNS % 2 ? 1 : 0);
        out->positives[i / COLUMNS] = i / COLUMNS % 2;
    }
    return SKEYM_OK;
}

static unsigned splits_at; /* the parting of this number fails, once; 0: none */

enum skeym_error skeym_dataset_split(const struct skeym_dataset *set, double share,
                                     struct skeym_dataset *train, struct skeym_dataset *test,
                                     struct skeym_chance *chance)
{
    if (splits_at > 0 && --splits_at == 0) {
        *train = *test = (struct skeym_dataset){.rows = 0};
        return SKEYM_ERR_MEMORY;
    }
    return dataset_split(set, share, train, test, chance);
}

static bool turned;                /* the second of two scores is turned around */
static double (*accuracies)(void); /* NULL: the truth */

void skeym_classify_grnn_scores(double *scores, const struct skeym_dataset *train,
                                const struct skeym_dataset *test,
                                const struct skeym_classify *settings)
{
    static bool second;
    classify_grnn_scores(scores, train, test, settings);
    second = !second;
    for (size_t i = 0; turned && second && i < test->rows; i++) {
        scores[i] = 1 - scores[i];
    }
}

double skeym_dataset_accuracy(const struct skeym_dataset *test, const bool *predicted)
{
    double truth = dataset_accuracy(test, predicted);
    return accuracies ? accuracies() : truth;
}

/* --- clocks ------------------------------------------------------------------------- */

enum { WAYS = 4 };

static double takes[WAYS];
static unsigned asked;

static double made_up_clock(void)
{
    static double now;
    now += asked % 2 ? takes[asked / 2 % WAYS] : 1;
    asked++;
    return now;
}

static int searches_take_longer(void **state)
{
    static const double seconds[WAYS] = {1, 9, 2, 8};
    (void)state;
    memcpy(takes, seconds, sizeof takes);
    asked = 0;
    cpu_seconds = made_up_clock;
    read_error = SKEYM_OK;
    splits_at = 0;
    turned = false;
    accuracies = NULL;
    let_go = INT_MAX;
    return 0;
}

static struct json_object *classifiers(void)
{
    return inspect_with(&skeym_inspection_classifiers, SKEYM_INSPECT_QUICK, "/data");
}

/* --- tests -------------------------------------------------------------------------- */

static void what_they_reach_is_told(void **state)
{
    (void)state;
    struct json_object *finding = classifiers();
    assert_string_equal(path_read, "/data/clinical/breast_cancer.csv");
    assert_true(figure_of(finding, "holdouts") == 3);
    assert_true(figure_of(finding, "accuracy.nb") > 50);
    assert_true(figure_of(finding, "time.nb.mfo") == 9);
    assert_true(figure_of(finding, "grnn.differ") == 0);
    assert_part(headline_of(finding, 1), "the search for weights multiplies the time");
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "take longer than the plain ones, not shorter");
}

static void searches_that_save_time_are_told(void **state)
{
    (void)state;
    for (int i = 1; i < WAYS; i += 2) {
        (void)searches_take_longer(NULL);
        takes[i] = 0.5;
        struct json_object *finding = classifiers();
        assert_part(headline_of(finding, 1), "what a holdout takes");
        ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "do not both take longer");
    }
}

/* In each holdout the first way is the least accurate, with the search's own looks between. */
static double far_apart(void)
{
    return asked / 2 % WAYS == 0 ? 0.1 : 0.9;
}

static void ways_that_are_far_apart_are_told(void **state)
{
    (void)state;
    struct json_object *finding = classifiers();
    assert_part(headline_of(finding, 0), "differ by no more than twice their scatter");
    json_object_put(finding);
    (void)searches_take_longer(NULL);
    accuracies = far_apart;
    finding = classifiers();
    assert_part(headline_of(finding, 0), "differ by more than twice their scatter");
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "the four differ by 80.0 points");
}

static void a_perturbation_that_changes_judgements_is_told(void **state)
{
    (void)state;
    turned = true;
    struct json_object *finding = classifiers();
    assert_true(figure_of(finding, "grnn.differ") > 0);
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "rows otherwise after a perturbation");
}

static void without_data_there_is_no_verdict(void **state)
{
    (void)state;
    read_error = SKEYM_ERR_MISSING;
    fails_with(classifiers(), SKEYM_ERR_MISSING);
    fails_with(inspect(&skeym_inspection_classifiers), SKEYM_ERR_MISSING);
    assert_string_equal(path_read, "./clinical/breast_cancer.csv");
    static char far[5000];
    memset(far, 'a', sizeof far - 1);
    fails_with(inspect_with(&skeym_inspection_classifiers, SKEYM_INSPECT_QUICK, far),
               SKEYM_ERR_SPACE);
}

static void fewer_than_two_holdouts_show_nothing(void **state)
{
    (void)state;
    for (int n = 0; n < 4; n++) { /* before the first, in it, in the search for weights */
        (void)searches_take_longer(NULL);
        let_go = n;
        struct json_object *finding =
            inspect_with(&skeym_inspection_classifiers, SKEYM_INSPECT_FULL, "/data");
        assert_int_equal(length_of(finding, "charts"), 0);
        ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "fewer than two holdouts");
    }
}

/* Parted twice for a holdout, and once more in each search. */
static void what_finds_no_memory_is_an_error(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 4; n++) {
        (void)searches_take_longer(NULL);
        splits_at = n;
        fails_with(classifiers(), SKEYM_ERR_MEMORY);
        assert_int_equal(splits_at, 0);
    }
}

static long nth_at;

static void arm(void)
{
    if (nth_at > 0 && reached == 0) { /* the first holdout begins */
        nth_arm(nth_at);
    }
}

/* Each allocation of the first holdouts fails once; the sanitizers have a heap of their own. */
static void each_allocation_that_fails_is_an_error(void **state)
{
    (void)state;
    unsigned errors = 0;
    on_progress = arm;
    for (nth_at = 1; nth_at < 20; nth_at++) {
        (void)searches_take_longer(NULL);
        struct json_object *finding = classifiers();
        if (nth_disarm()) {
            errors++;
            fails_with(finding, SKEYM_ERR_MEMORY);
        } else {
            json_object_put(finding);
        }
    }
#ifndef NTH_SANITIZED
    assert_int_equal(errors, 19);
#endif
    nth_at = 0;
    on_progress = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_they_reach_is_told, searches_take_longer),
        cmocka_unit_test_setup(searches_that_save_time_are_told, searches_take_longer),
        cmocka_unit_test_setup(ways_that_are_far_apart_are_told, searches_take_longer),
        cmocka_unit_test_setup(a_perturbation_that_changes_judgements_is_told,
                               searches_take_longer),
        cmocka_unit_test_setup(without_data_there_is_no_verdict, searches_take_longer),
        cmocka_unit_test_setup(fewer_than_two_holdouts_show_nothing, searches_take_longer),
        cmocka_unit_test_setup(what_finds_no_memory_is_an_error, searches_take_longer),
        cmocka_unit_test_setup(each_allocation_that_fails_is_an_error, searches_take_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
