/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a journal opens: its own, of nobody else, and with room for something. */
#include "unit/node/journal_fixture.h"

static void test_one_process_at_a_time(void **state)
{
    (void)state;
    struct skeym_journal *journal = open_as("run", 0, NULL);
    struct skeym_journal *second = NULL;
    struct skeym_journal_report report;
    assert_int_equal(skeym_journal_open(&second, path, skeym_span_text("x"), 0, &report),
                     SKEYM_ERR_BUSY);
    assert_null(second);
    skeym_journal_close(journal);
}

static void test_refuses_files_that_are_not_its_own(void **state)
{
    (void)state;
    struct skeym_journal *journal = NULL;
    struct skeym_journal_report report;
    struct skeym_span note = skeym_span_text("run");
    write_whole((const uint8_t *)"my thesis", 9);
    assert_int_equal(skeym_journal_open(&journal, path, note, 0, &report), SKEYM_ERR_SHAPE);
    uint8_t kept[16];
    assert_int_equal(read_whole(kept, sizeof kept), 9);
    (void)unlink(path);
    skeym_journal_close(open_as("run", 0, NULL));
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(skeym_journal_open(&journal, path, note, 0, &report), SKEYM_ERR_MODE);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(skeym_journal_open(&journal, path, note, 4, &report), SKEYM_ERR_SIZE);
    assert_int_equal(symlink(path, fresh_path), 0);
    assert_int_equal(skeym_journal_open(&journal, fresh_path, note, 0, &report),
                     SKEYM_ERR_NOT_FILE);
    assert_int_equal(skeym_journal_open(&journal, folder, note, 0, &report), SKEYM_ERR_NOT_FILE);
    assert_int_equal(skeym_journal_open(&journal, "/nowhere/at/all", note, 0, &report),
                     SKEYM_ERR_IO);
}

static void test_journals_that_are_no_file_of_their_own(void **state)
{
    (void)state;
    char other[96];
    struct skeym_journal *journal = NULL;
    struct skeym_journal_report report;
    struct skeym_span note = skeym_span_text("note");
    (void)snprintf(other, sizeof other, "%s/other", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(skeym_journal_open(&journal, path, note, 0, &report), SKEYM_ERR_NOT_FILE);
    assert_null(journal);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(skeym_journal_open(&journal, path, note, 0, &report), SKEYM_OK);
    assert_int_equal(skeym_journal_take(journal, skeym_span_text("a reading")), SKEYM_OK);
    assert_int_equal(skeym_journal_end(journal), SKEYM_OK);
    assert_int_equal(skeym_journal_end(journal), SKEYM_OK); /* it has ended */
    skeym_journal_close(journal);
    assert_int_equal(link(path, other), 0);
    assert_int_equal(skeym_journal_open(&journal, path, note, 0, &report), SKEYM_ERR_BUSY);
    assert_null(journal);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(skeym_journal_open(&journal, path, note, 0, &report), SKEYM_OK);
    assert_int_equal(report.waiting, 1);
    skeym_journal_close(journal);
}

static void test_a_journal_with_hardly_any_room(void **state)
{
    (void)state;
    struct skeym_journal *journal = NULL;
    struct skeym_journal_report report;
    assert_int_equal(skeym_journal_open(&journal, NULL, skeym_span_text("n"), 60, &report),
                     SKEYM_OK);
    assert_int_equal(skeym_journal_take(journal, skeym_span_text("a")), SKEYM_ERR_SPACE);
    assert_int_equal(skeym_journal_waiting(journal), 0);
    skeym_journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_one_process_at_a_time, remove_file),
        cmocka_unit_test_teardown(test_refuses_files_that_are_not_its_own, remove_file),
        cmocka_unit_test_teardown(test_journals_that_are_no_file_of_their_own, remove_file),
        cmocka_unit_test_teardown(test_a_journal_with_hardly_any_room, remove_file),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
