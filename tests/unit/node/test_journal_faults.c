/* SPDX-License-Identifier: Apache-2.0 */
/* The journal on a disk whose folders cannot be made durable. */
#include "node/journal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum { SMALL = 4096 };

static bool folders_fail;

/* In place of the C library's. */
int fsync(int fd)
{
    struct stat status;
    if (folders_fail && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

struct place {
    char folder[64];
    char path[96];
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    folders_fail = false;
    if (!place) {
        return -1;
    }
    *state = place;
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/skeym-journal-XXXXXX");
    if (!mkdtemp(place->folder)) {
        return -1;
    }
    (void)snprintf(place->path, sizeof place->path, "%s/j", place->folder);
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    (void)unlink(place->path);
    int left = rmdir(place->folder); /* and nothing else is in it */
    free(place);
    return left;
}

static struct skeym_journal *open_in(const struct place *place, uint64_t *waiting)
{
    struct skeym_journal *journal = NULL;
    struct skeym_journal_report report;
    assert_int_equal(
        skeym_journal_open(&journal, place->path, skeym_span_text("run"), SMALL, &report),
        SKEYM_OK);
    *waiting = report.waiting;
    return journal;
}

static void expect_oldest(struct skeym_journal *journal, uint64_t number)
{
    char text[32];
    struct skeym_span reading;
    uint64_t sequence = 0;
    (void)snprintf(text, sizeof text, "reading %llu", (unsigned long long)number);
    assert_int_equal(skeym_journal_oldest(journal, &reading, &sequence), SKEYM_OK);
    assert_int_equal(sequence, number);
    assert_true(skeym_span_is(reading, text));
}

static enum skeym_error take(struct skeym_journal *journal)
{
    char text[32];
    (void)snprintf(text, sizeof text, "reading %llu",
                   (unsigned long long)skeym_journal_next(journal));
    return skeym_journal_take(journal, skeym_span_text(text));
}

/* It is compacted, and the new file has got the name, but that may not be durable. */
static void a_new_name_that_is_not_durable_loses_no_reading(void **state)
{
    const struct place *place = *state;
    uint64_t waiting = 0;
    enum skeym_error error = SKEYM_OK;
    struct skeym_journal *journal = open_in(place, &waiting);
    folders_fail = true;
    while (error == SKEYM_OK) {
        error = take(journal);
        if (error == SKEYM_OK && skeym_journal_waiting(journal) > 5) {
            uint64_t oldest = skeym_journal_next(journal) - skeym_journal_waiting(journal);
            assert_int_equal(skeym_journal_forget(journal, oldest), SKEYM_OK);
        }
    }
    assert_int_equal(error, SKEYM_ERR_IO);
    uint64_t kept = skeym_journal_waiting(journal);
    uint64_t next = skeym_journal_next(journal);
    assert_in_range(kept, 5, 6);
    folders_fail = false;
    assert_int_equal(take(journal), SKEYM_ERR_STATE); /* it does not go on as if nothing were */
    expect_oldest(journal, next - kept);

    struct stat named, used;
    assert_int_equal(stat(place->path, &named), 0);
    assert_true(named.st_size < SMALL / 2); /* it was compacted */
    skeym_journal_close(journal);
    assert_int_equal(stat(place->path, &used), 0);
    assert_int_equal(used.st_ino, named.st_ino);

    journal = open_in(place, &waiting);
    assert_int_equal(waiting, kept);
    assert_int_equal(skeym_journal_next(journal), next);
    for (uint64_t i = next - kept; i < next; i++) {
        expect_oldest(journal, i);
        assert_int_equal(skeym_journal_forget(journal, i), SKEYM_OK);
    }
    assert_int_equal(take(journal), SKEYM_OK);
    skeym_journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_name_that_is_not_durable_loses_no_reading, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
