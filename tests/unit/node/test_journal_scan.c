/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a journal that is damaged, and what counts as torn. */
#include "node/journal_scan.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define READINGS 6u

static char path[64];
static uint8_t bytes[8192];
static size_t starts[READINGS + 2]; /* of the note, the readings, and the end of all */

static unsigned syncs;
static bool sync_fails;

/* In the place of the C library's. */
int fdatasync(int fildes)
{
    (void)fildes;
    syncs++;
    errno = EIO;
    return sync_fails ? -1 : 0;
}

/* A whole journal: a note and its readings. */
static void make_bytes(void)
{
    char text[32];
    size_t at = 0;
    for (unsigned i = 0; i <= READINGS; i++) {
        (void)snprintf(text, sizeof text, i == 0 ? "run" : "reading %u of the test", i);
        starts[i] = at;
        skeym_journal_scan_write(bytes + at,
                                 i == 0 ? SKEYM_JOURNAL_KIND_NOTE : SKEYM_JOURNAL_KIND_READING,
                                 i == 0 ? 0 : i - 1, skeym_span_text(text));
        at += SKEYM_JOURNAL_HEAD_BYTES + strlen(text);
    }
    starts[READINGS + 1] = at;
}

static int set_up(void **state)
{
    (void)state;
    memset(bytes, 0, sizeof bytes);
    make_bytes();
    (void)snprintf(path, sizeof path, "/tmp/skeym-damage-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

/* Opens a journal of these bytes and closes it again. */
static enum skeym_error open_bytes(const uint8_t *data, size_t size,
                                   struct skeym_journal_report *report)
{
    struct skeym_journal *journal = NULL;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    enum skeym_error error = skeym_journal_open(&journal, path, skeym_span_text("new"), 0, report);
    skeym_journal_close(journal);
    return error;
}

static void expect_file(const uint8_t *data, size_t size)
{
    static uint8_t after[sizeof bytes + 1];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(after, 1, sizeof after, file), size);
    assert_int_equal(fclose(file), 0);
    assert_memory_equal(after, data, size);
}

static void test_where_it_is_damaged_is_told(void **state)
{
    (void)state;
    struct skeym_journal_report report;
    for (unsigned i = 1; i < READINGS; i++) {
        bytes[starts[i] + 20] ^= 1;
        assert_int_equal(open_bytes(bytes, starts[READINGS + 1], &report), SKEYM_ERR_DAMAGED);
        assert_int_equal(report.damaged_at, starts[i]);
        expect_file(bytes, starts[READINGS + 1]);
        bytes[starts[i] + 20] ^= 1;
    }
    /* a record that is whole and out of place */
    memmove(bytes + starts[2], bytes + starts[3], starts[READINGS + 1] - starts[3]);
    size_t size = starts[READINGS + 1] - (starts[3] - starts[2]);
    assert_int_equal(open_bytes(bytes, size, &report), SKEYM_ERR_DAMAGED);
    assert_int_equal(report.damaged_at, starts[2]);
}

static void test_a_first_record_is_torn_only_if_it_can_be_the_note(void **state)
{
    (void)state;
    struct skeym_journal_report report;
    size_t most = SKEYM_JOURNAL_HEAD_BYTES + SKEYM_JOURNAL_NOTE;
    memset(bytes + 4, 'x', sizeof bytes - 4); /* behind the mark */
    assert_int_equal(open_bytes(bytes, most, &report), SKEYM_OK);
    assert_false(report.resumed);
    assert_int_equal(report.cut, most);
    assert_int_equal(open_bytes(bytes, most + 1, &report), SKEYM_ERR_DAMAGED);
    assert_int_equal(report.damaged_at, 0);
    expect_file(bytes, most + 1);
    memset(bytes, 0, sizeof bytes); /* grown and not written: nothing was in it */
    assert_int_equal(open_bytes(bytes, sizeof bytes, &report), SKEYM_OK);
    assert_int_equal(report.cut, sizeof bytes);
}

static void test_a_last_record_is_torn_only_if_it_can_be_one(void **state)
{
    (void)state;
    struct skeym_journal_report report;
    size_t most = SKEYM_JOURNAL_HEAD_BYTES + SKEYM_JOURNAL_READING;
    size_t whole = starts[READINGS + 1];
    uint8_t *large = malloc(whole + most + 1);
    assert_non_null(large);
    memset(large, 'x', whole + most + 1);
    memcpy(large, bytes, whole);
    assert_int_equal(open_bytes(large, whole + most, &report), SKEYM_OK);
    assert_true(report.resumed);
    assert_int_equal(report.waiting, READINGS);
    assert_int_equal(report.cut, most);
    assert_int_equal(open_bytes(large, whole + most + 1, &report), SKEYM_ERR_DAMAGED);
    assert_int_equal(report.damaged_at, whole);
    free(large);
}

static size_t add(size_t at, enum skeym_journal_kind kind, uint64_t sequence, const char *text)
{
    skeym_journal_scan_write(bytes + at, kind, sequence, skeym_span_text(text));
    return at + SKEYM_JOURNAL_HEAD_BYTES + strlen(text);
}

/* A power cut may lose a note of what was forgotten, which nobody syncs, and keep what is behind.
 */
static void test_a_lost_note_of_what_was_forgotten_is_no_damage(void **state)
{
    (void)state;
    static const struct {
        enum skeym_journal_kind kind; /* of the record that follows the notes */
        enum skeym_error error;
        uint64_t sequence;
        uint64_t waiting;
    } table[] = {
        {SKEYM_JOURNAL_KIND_READING, SKEYM_OK, READINGS, READINGS + 1},
        {SKEYM_JOURNAL_KIND_END, SKEYM_OK, READINGS, READINGS},
        {SKEYM_JOURNAL_KIND_READING, SKEYM_ERR_DAMAGED, READINGS + 1, 0}, /* one is missing */
        {SKEYM_JOURNAL_KIND_END, SKEYM_ERR_DAMAGED, READINGS + 1, 0},
        {SKEYM_JOURNAL_KIND_FORGOTTEN, SKEYM_ERR_DAMAGED, 3, 0}, /* nothing tells */
        {SKEYM_JOURNAL_KIND_NOTE, SKEYM_ERR_DAMAGED, READINGS, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct skeym_journal_report report;
        size_t first = starts[READINGS + 1];
        size_t second = add(first, SKEYM_JOURNAL_KIND_FORGOTTEN, 1, "");
        size_t last = add(second, SKEYM_JOURNAL_KIND_FORGOTTEN, 2, "");
        size_t size = add(last, table[i].kind, table[i].sequence, "more");
        memset(bytes + first, 0, SKEYM_JOURNAL_HEAD_BYTES);
        assert_int_equal(open_bytes(bytes, size, &report), table[i].error);
        assert_int_equal(report.damaged_at, table[i].error == SKEYM_OK ? 0 : first);
        /* the second note stands, unless it is lost, too */
        assert_int_equal(report.waiting, table[i].error == SKEYM_OK ? table[i].waiting - 2 : 0);
        memset(bytes + second, 0, SKEYM_JOURNAL_HEAD_BYTES);
        assert_int_equal(open_bytes(bytes, size, &report), table[i].error);
        assert_int_equal(report.waiting, table[i].waiting);
    }
}

/* An earlier process may have died before it synced what is there. */
static void test_what_is_found_is_synced(void **state)
{
    (void)state;
    struct skeym_journal_report report;
    syncs = 0;
    assert_int_equal(open_bytes(bytes, starts[READINGS + 1], &report), SKEYM_OK);
    assert_int_equal(report.waiting, READINGS);
    assert_int_equal(syncs, 1);
    sync_fails = true;
    assert_int_equal(open_bytes(bytes, starts[READINGS + 1], &report), SKEYM_ERR_IO);
    sync_fails = false;
}

static size_t file_size(void)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (size_t)status.st_size;
}

/* One note of what was forgotten at most is not synced: a later one takes its place. */
static void test_forgetting_in_a_row_is_one_note(void **state)
{
    (void)state;
    struct skeym_journal *journal = NULL;
    struct skeym_journal_report report;
    size_t size = starts[READINGS + 1] + SKEYM_JOURNAL_HEAD_BYTES;
    assert_int_equal(open_bytes(bytes, starts[READINGS + 1], &report), SKEYM_OK);
    assert_int_equal(skeym_journal_open(&journal, path, skeym_span_text("new"), 0, &report),
                     SKEYM_OK);
    for (unsigned i = 0; i < READINGS - 2; i++) {
        assert_int_equal(skeym_journal_forget(journal, i), SKEYM_OK);
        assert_int_equal(file_size(), size);
    }
    assert_int_equal(skeym_journal_take(journal, skeym_span_text("more")), SKEYM_OK);
    size += SKEYM_JOURNAL_HEAD_BYTES + strlen("more"); /* now the note is on disk, and stays */
    for (unsigned i = READINGS - 2; i < READINGS; i++) {
        assert_int_equal(file_size(), i == READINGS - 2 ? size : size + SKEYM_JOURNAL_HEAD_BYTES);
        assert_int_equal(skeym_journal_forget(journal, i), SKEYM_OK);
    }
    assert_int_equal(file_size(), size + SKEYM_JOURNAL_HEAD_BYTES);
    skeym_journal_close(journal);
    assert_int_equal(skeym_journal_open(&journal, path, skeym_span_text("new"), 0, &report),
                     SKEYM_OK);
    assert_int_equal(report.waiting, 1);
    skeym_journal_close(journal);
}

/* Whole records, in an order that no journal has. */
static void test_journals_out_of_order(void **state)
{
    (void)state;
    static const struct {
        struct {
            enum skeym_journal_kind kind;
            uint64_t sequence;
            size_t size;
        } record[3];
        enum skeym_error error;
    } rows[] = {
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, 1}, {SKEYM_JOURNAL_KIND_READING, 0, 1}}, SKEYM_OK},
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, 0}}, SKEYM_ERR_SHAPE},
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, SKEYM_JOURNAL_NOTE}}, SKEYM_OK},
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, SKEYM_JOURNAL_NOTE + 1}}, SKEYM_ERR_SHAPE},
        {{{SKEYM_JOURNAL_KIND_READING, 0, 1}}, SKEYM_ERR_SHAPE},
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, 1}, {SKEYM_JOURNAL_KIND_NOTE, 0, 1}}, SKEYM_ERR_DAMAGED},
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, 1}, {SKEYM_JOURNAL_KIND_READING, 1, 1}}, SKEYM_ERR_DAMAGED},
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, 1},
          {SKEYM_JOURNAL_KIND_END, 0, 0},
          {SKEYM_JOURNAL_KIND_READING, 0, 1}},
         SKEYM_ERR_DAMAGED},
    };
    static char payload[SKEYM_JOURNAL_NOTE + 2];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_journal_scan scan;
        size_t size = 0;
        for (size_t j = 0; j < 3 && rows[i].record[j].kind; j++) {
            memset(payload, 'x', sizeof payload);
            payload[rows[i].record[j].size] = 0;
            size = add(size, rows[i].record[j].kind, rows[i].record[j].sequence, payload);
        }
        assert_int_equal(skeym_journal_scan(&scan, skeym_span(bytes, size)), rows[i].error);
        skeym_journal_scan_free(&scan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_found_is_synced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forgetting_in_a_row_is_one_note, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_lost_note_of_what_was_forgotten_is_no_damage, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_where_it_is_damaged_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_first_record_is_torn_only_if_it_can_be_the_note,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_last_record_is_torn_only_if_it_can_be_one, set_up,
                                        tear_down),
        cmocka_unit_test(test_journals_out_of_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
