/* SPDX-License-Identifier: Apache-2.0 */
/* Files and settings of a store at the edges of what is taken. */
#include "support.h"

#include <fcntl.h>

enum { APPLICATION_AT = 68 }; /* in SQLite's header */

/* Whoever takes the application's number off a database has not made it a new one. */
static void test_a_database_of_nobody(void **state)
{
    struct bench *bench = *state;
    static const uint8_t none[4] = {0};
    struct skeym_store_options options = {.path = bench->path};
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    close_store(bench);
    int fd = open(bench->path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, none, sizeof none, APPLICATION_AT), sizeof none);
    close(fd);
    assert_int_equal(skeym_store_open(&bench->store, &options), SKEYM_ERR_DAMAGED);
    assert_null(bench->store);
    assert_int_equal(unlink(bench->path), 0);
    open_store(bench);
}

static void test_a_limit_that_is_none(void **state)
{
    struct bench *bench = *state;
    skeym_store_set_max_bytes(bench->store, UINT64_MAX);
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    skeym_store_set_max_bytes(bench->store, 0);
    assert_int_equal(write_one(bench, 2), SKEYM_OK);
}

/* Where the folder was there is a file now. */
static void test_a_folder_that_became_a_file(void **state)
{
    struct bench *bench = *state;
    char away[80];
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    (void)snprintf(away, sizeof away, "%s.away", bench->folder);
    assert_int_equal(rename(bench->folder, away), 0);
    int fd = open(bench->folder, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(write_one(bench, 2), SKEYM_ERR_DAMAGED);
    assert_int_equal(skeym_store_health(bench->store), SKEYM_ERR_MISSING);
    assert_int_equal(unlink(bench->folder), 0);
    assert_int_equal(rename(away, bench->folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_database_of_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_limit_that_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_folder_that_became_a_file, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
