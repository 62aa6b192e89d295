/* SPDX-License-Identifier: Apache-2.0 */
/* A journal in a folder of the program's own, and readings that are told by their number. */
#ifndef SKEYM_TESTS_JOURNAL_FIXTURE_H
#define SKEYM_TESTS_JOURNAL_FIXTURE_H

#include "node/journal.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static char path[96];
static char fresh_path[96];

static inline int make_folder(void **state)
{
    (void)state;
    /* where fsync costs nothing, if there is such a place */
    (void)snprintf(folder, sizeof folder, "%s/skeym-journal-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder)) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/journal", folder);
    (void)snprintf(fresh_path, sizeof fresh_path, "%s/journal.new", folder);
    return 0;
}

static inline int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(fresh_path);
    return rmdir(folder);
}

static inline int remove_file(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(fresh_path);
    return 0;
}

static inline struct skeym_journal *open_as(const char *note, size_t most,
                                            struct skeym_journal_report *report)
{
    struct skeym_journal *journal = NULL;
    struct skeym_journal_report own;
    assert_int_equal(
        skeym_journal_open(&journal, path, skeym_span_text(note), most, report ? report : &own),
        SKEYM_OK);
    return journal;
}

static inline void take(struct skeym_journal *journal, unsigned number)
{
    char text[64];
    (void)snprintf(text, sizeof text, "reading %u of the test", number);
    assert_int_equal(skeym_journal_take(journal, skeym_span_text(text)), SKEYM_OK);
}

static inline void expect(struct skeym_journal *journal, unsigned number)
{
    char text[64];
    struct skeym_span reading;
    uint64_t sequence;
    (void)snprintf(text, sizeof text, "reading %u of the test", number);
    assert_int_equal(skeym_journal_oldest(journal, &reading, &sequence), SKEYM_OK);
    assert_int_equal(sequence, number);
    assert_true(skeym_span_is(reading, text));
}

static inline void expect_and_forget(struct skeym_journal *journal, unsigned number)
{
    expect(journal, number);
    assert_int_equal(skeym_journal_forget(journal, number), SKEYM_OK);
}

static inline size_t read_whole(uint8_t *out, size_t room)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t size = read(fd, out, room);
    close(fd);
    assert_true(size >= 0 && (size_t)size < room);
    return (size_t)size;
}

static inline void write_whole(const uint8_t *bytes, size_t size)
{
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

#endif
