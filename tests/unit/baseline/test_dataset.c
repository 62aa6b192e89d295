/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/dataset.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static enum skeym_error read_text(struct skeym_dataset *set, const char *text)
{
    char path[] = "/tmp/skeym-dataset-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
    enum skeym_error error = skeym_dataset_read(set, path);
    assert_int_equal(unlink(path), 0);
    return error;
}

static void reads_rows_and_classes(void **state)
{
    (void)state;
    struct skeym_dataset set;
    assert_int_equal(read_text(&set, "3,2,a,b\n1,2.5,0\n-3,4e2,1\r\n5,6,0\n"), SKEYM_OK);
    assert_int_equal(set.rows, 3);
    assert_int_equal(set.columns, 2);
    static const double expected[] = {1, 2.5, -3, 400, 5, 6};
    assert_memory_equal(set.values, expected, sizeof expected);
    assert_true(!set.positives[0] && set.positives[1] && !set.positives[2]);
    skeym_dataset_free(&set);
}

static void refuses_what_is_not_that(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "3\n",
        "3,\n", /* one number, and no other behind its comma */
        "3,x,a,b\n",
        "1,2,a,b\n",               /* a row is missing */
        "1,2,a,b\n1,2,0\n1,2,0\n", /* one too many */
        "1,2,a,b\n1,0\n",          /* a column is missing */
        "1,2,a,b\n1,2,3,0\n",      /* one too many */
        "1,2,a,b\n1,x,0\n",
        "1,2,a,b\n1,nan,0\n",
        "1,2,a,b\n1,2,2\n", /* no such class */
        "1,2,a,b\n1,2,0 x\n",
    };
    struct skeym_dataset set;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(read_text(&set, wrong[i]), SKEYM_ERR_SHAPE);
        assert_null(set.values);
    }
    assert_int_equal(read_text(&set, "0,2,a,b\n"), SKEYM_ERR_RANGE);
    assert_int_equal(read_text(&set, "1,0,a,b\n"), SKEYM_ERR_RANGE);
    assert_int_equal(read_text(&set, "1,65,a,b\n"), SKEYM_ERR_RANGE);
    assert_int_equal(read_text(&set, "10001,2,a,b\n"), SKEYM_ERR_RANGE);
    assert_int_equal(skeym_dataset_read(&set, "/nowhere/at.all"), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_dataset_read(&set, "/"),
                     SKEYM_ERR_SHAPE); /* a folder reads as nothing */
}

/* Rows whose values are their number, and whose class is its lowest bit. */
static struct skeym_dataset numbered(size_t rows)
{
    struct skeym_dataset set = {rows, 2, calloc(rows * 2, sizeof(double)),
                                calloc(rows, sizeof(bool))};
    assert_true(set.values && set.positives);
    for (size_t i = 0; i < rows; i++) {
        set.values[2 * i] = (double)i;
        set.values[2 * i + 1] = 7;
        set.positives[i] = i % 2;
    }
    return set;
}

static void parts_every_row_to_one_side(void **state)
{
    (void)state;
    struct skeym_chance chance;
    struct skeym_dataset set = numbered(100), train, test;
    bool seen[100] = {false};
    skeym_chance_init(&chance, 1, 1);
    assert_int_equal(skeym_dataset_split(&set, 0.7, &train, &test, &chance), SKEYM_OK);
    assert_int_equal(train.rows, 70);
    assert_int_equal(test.rows, 30);
    size_t sorted = 0;
    for (size_t i = 0; i < 100; i++) {
        const struct skeym_dataset *side = i < 70 ? &train : &test;
        size_t row = i < 70 ? i : i - 70;
        size_t number = (size_t)side->values[2 * row];
        assert_false(seen[number]);
        seen[number] = true;
        assert_true(side->positives[row] == (number % 2 != 0));
        sorted += number == i;
    }
    assert_true(sorted < 20);
    skeym_dataset_free(&train);
    skeym_dataset_free(&test);
    skeym_dataset_free(&set);
}

static void z_scores_are_by_the_training_rows(void **state)
{
    (void)state;
    struct skeym_dataset train = numbered(3), test = numbered(5);
    skeym_dataset_standardize(&train, &test);
    static const double expected[] = {-1, 0, 1, 2, 3}; /* mean 1, sd 1 of 0, 1, 2 */
    for (size_t i = 0; i < 5; i++) {
        assert_true(fabs(test.values[2 * i] - expected[i]) < 1e-12);
        assert_true(test.values[2 * i + 1] == 0);
    }
    assert_true(fabs(train.values[4] - 1) < 1e-12);
    skeym_dataset_free(&train);
    skeym_dataset_free(&test);
}

static void accuracy_is_the_share_of_right_ones(void **state)
{
    (void)state;
    struct skeym_dataset set = numbered(4);
    static const bool predicted[] = {false, true, true, true};
    assert_true(skeym_dataset_accuracy(&set, predicted) == 0.75);
    skeym_dataset_free(&set);
}

static void one_that_is_there_and_cannot_be_read_is_not_missing(void **state)
{
    (void)state;
    struct skeym_dataset set;
    char path[64];
    char file[] = "/tmp/skeym-dataset-XXXXXX";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    (void)snprintf(path, sizeof path, "%s/below", file); /* nothing is below a file */
    assert_int_equal(skeym_dataset_read(&set, path), SKEYM_ERR_IO);
    assert_null(set.values);
    assert_int_equal(unlink(file), 0);
}

/* Of one row there is no deviation: it is the mean, and the others keep their distance from it. */
static void one_row_has_no_deviation(void **state)
{
    (void)state;
    struct skeym_dataset train = numbered(1), test = numbered(3);
    skeym_dataset_standardize(&train, &test);
    assert_true(train.values[0] == 0 && train.values[1] == 0);
    for (size_t i = 0; i < 3; i++) {
        assert_true(test.values[2 * i] == (double)i);
        assert_true(test.values[2 * i + 1] == 0);
    }
    skeym_dataset_free(&train);
    skeym_dataset_free(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rows_and_classes),
        cmocka_unit_test(refuses_what_is_not_that),
        cmocka_unit_test(parts_every_row_to_one_side),
        cmocka_unit_test(z_scores_are_by_the_training_rows),
        cmocka_unit_test(accuracy_is_the_share_of_right_ones),
        cmocka_unit_test(one_that_is_there_and_cannot_be_read_is_not_missing),
        cmocka_unit_test(one_row_has_no_deviation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
