/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: nothing that was taken is lost, whatever happens to the process or to the file. */
#include "node/journal_scan.h"
#include "unit/node/journal_fixture.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* --- use ----------------------------------------------------------------------- */

static void test_takes_gives_and_forgets_in_order(void **state)
{
    (void)state;
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        struct skeym_journal *journal = NULL;
        struct skeym_journal_report report;
        struct skeym_span reading;
        uint64_t sequence;
        assert_int_equal(skeym_journal_open(&journal, in_memory ? NULL : path,
                                            skeym_span_text("run 1"), 0, &report),
                         SKEYM_OK);
        assert_false(report.resumed);
        assert_true(skeym_span_is(skeym_journal_note(journal), "run 1"));
        assert_int_equal(skeym_journal_oldest(journal, &reading, &sequence), SKEYM_ERR_NOT_FOUND);
        for (unsigned i = 0; i < 200; i++) {
            take(journal, i);
        }
        assert_int_equal(skeym_journal_waiting(journal), 200);
        for (unsigned i = 0; i < 150; i++) {
            expect_and_forget(journal, i);
        }
        for (unsigned i = 200; i < 300; i++) {
            take(journal, i);
        }
        for (unsigned i = 150; i < 300; i++) {
            expect_and_forget(journal, i);
        }
        assert_int_equal(skeym_journal_waiting(journal), 0);
        assert_int_equal(skeym_journal_next(journal), 300);
        skeym_journal_close(journal);
    }
}

static void test_wrong_use_changes_nothing(void **state)
{
    (void)state;
    struct skeym_journal *journal = open_as("run", 0, NULL);
    static uint8_t large[SKEYM_JOURNAL_READING + 1];
    take(journal, 0);
    assert_int_equal(skeym_journal_forget(journal, 1), SKEYM_ERR_STATE);
    assert_int_equal(skeym_journal_take(journal, skeym_span(NULL, 0)), SKEYM_ERR_SIZE);
    assert_int_equal(skeym_journal_take(journal, skeym_span(large, sizeof large)), SKEYM_ERR_SIZE);
    expect_and_forget(journal, 0);
    assert_int_equal(skeym_journal_forget(journal, 0), SKEYM_ERR_STATE);
    assert_int_equal(skeym_journal_end(journal), SKEYM_OK);
    assert_int_equal(skeym_journal_take(journal, skeym_span_text("late")), SKEYM_ERR_STATE);
    skeym_journal_close(journal);
    struct skeym_journal_report report;
    uint8_t note[SKEYM_JOURNAL_NOTE + 1] = {1};
    assert_int_equal(skeym_journal_open(&journal, path, skeym_span(note, 0), 0, &report),
                     SKEYM_ERR_SIZE);
    assert_int_equal(skeym_journal_open(&journal, path, skeym_span(note, sizeof note), 0, &report),
                     SKEYM_ERR_SIZE);
}

static void test_resumes_a_run_that_was_left(void **state)
{
    (void)state;
    struct skeym_journal_report report;
    struct skeym_journal *journal = open_as("run 1", 0, NULL);
    for (unsigned i = 0; i < 5; i++) {
        take(journal, i);
    }
    expect_and_forget(journal, 0);
    expect_and_forget(journal, 1);
    skeym_journal_close(journal);
    journal = open_as("run 2", 0, &report);
    assert_true(report.resumed);
    assert_int_equal(report.waiting, 3);
    assert_int_equal(report.cut, 0);
    assert_true(skeym_span_is(skeym_journal_note(journal), "run 1"));
    assert_int_equal(skeym_journal_next(journal), 5);
    for (unsigned i = 2; i < 5; i++) {
        expect_and_forget(journal, i);
    }
    skeym_journal_close(journal); /* all are forgotten, but the run has not ended */
    journal = open_as("run 2", 0, &report);
    assert_true(report.resumed);
    take(journal, 5);
    assert_int_equal(skeym_journal_end(journal), SKEYM_OK);
    skeym_journal_close(journal);
    journal = open_as("run 2", 0, &report);
    assert_true(report.resumed && skeym_journal_ended(journal));
    expect_and_forget(journal, 5);
    skeym_journal_close(journal);
    journal = open_as("run 2", 0, &report);
    assert_false(report.resumed);
    assert_true(skeym_span_is(skeym_journal_note(journal), "run 2"));
    assert_int_equal(skeym_journal_next(journal), 0);
    skeym_journal_close(journal);
}

/* Killed between the last acknowledgment and closing. */
static void test_a_run_that_was_over_is_not_resumed(void **state)
{
    (void)state;
    struct skeym_journal_report report;
    pid_t child = fork();
    if (child == 0) {
        struct skeym_journal *journal = open_as("run 1", 0, NULL);
        take(journal, 0);
        expect_and_forget(journal, 0);
        _exit(skeym_journal_end(journal) == SKEYM_OK ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct skeym_journal *journal = open_as("run 2", 0, &report);
    assert_false(report.resumed);
    assert_true(skeym_span_is(skeym_journal_note(journal), "run 2"));
    skeym_journal_close(journal);
}

/* --- damage --------------------------------------------------------------------- */

#define COUNT 4u

/* A file with COUNT readings of which the first is forgotten; *last gets where the last record
 * begins. */
static size_t make_file(uint8_t *out, size_t room, size_t *last)
{
    (void)unlink(path);
    struct skeym_journal *journal = open_as("run 1", 0, NULL);
    take(journal, 0);
    expect_and_forget(journal, 0);
    for (unsigned i = 1; i < COUNT; i++) {
        *last = read_whole(out, room);
        take(journal, i);
    }
    skeym_journal_close(journal);
    return read_whole(out, room);
}

static void test_torn_at_every_length(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    size_t last = 0;
    size_t whole = make_file(bytes, sizeof bytes, &last);
    for (size_t size = last; size <= whole; size++) {
        for (int zeros = 0; zeros < 2; zeros++) { /* cut short, or never written though grown */
            uint8_t torn[1024] = {0};
            struct skeym_journal_report report;
            memcpy(torn, bytes, size);
            write_whole(torn, zeros ? whole : size);
            struct skeym_journal *journal = open_as("run 2", 0, &report);
            bool lost = size < whole;
            assert_true(report.resumed);
            assert_int_equal(report.waiting, lost ? COUNT - 2 : COUNT - 1);
            assert_int_equal(report.cut, lost ? (zeros ? whole : size) - last : 0);
            if (lost) {
                take(journal, COUNT - 1);
            }
            for (unsigned i = 1; i < COUNT; i++) {
                expect_and_forget(journal, i);
            }
            skeym_journal_close(journal);
        }
    }
}

static void test_torn_at_birth(void **state)
{
    (void)state;
    uint8_t bytes[256] = {0};
    skeym_journal_close(open_as("run 1", 0, NULL));
    size_t whole = read_whole(bytes, sizeof bytes);
    for (size_t size = 0; size < whole; size++) {
        struct skeym_journal_report report;
        write_whole(bytes, size);
        struct skeym_journal *journal = open_as("run 2", 0, &report);
        assert_false(report.resumed);
        assert_int_equal(report.cut, size);
        assert_true(skeym_span_is(skeym_journal_note(journal), "run 2"));
        skeym_journal_close(journal);
    }
}

/* Whatever bit flips: either it is said, or it was in the last record, which is cut and said, too,
 * or in the note of what was forgotten, which then is sent again. No wrong reading comes out. */
static void test_every_flipped_bit_is_found(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    uint8_t after[1024];
    size_t last = 0;
    size_t whole = make_file(bytes, sizeof bytes, &last);
    size_t note = 2 * SKEYM_JOURNAL_HEAD_BYTES + strlen("run 1") + strlen("reading 0 of the test");
    for (size_t at = 0; at < whole; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct skeym_journal *journal = NULL;
            struct skeym_journal_report report;
            bytes[at] ^= (uint8_t)(1u << bit);
            write_whole(bytes, whole);
            enum skeym_error error =
                skeym_journal_open(&journal, path, skeym_span_text("run 2"), 0, &report);
            bool noted = at >= note && at - note < SKEYM_JOURNAL_HEAD_BYTES;
            if (at < last && !noted) {
                assert_int_equal(error, at < 4 ? SKEYM_ERR_SHAPE : SKEYM_ERR_DAMAGED);
                assert_int_equal(read_whole(after, sizeof after), whole);
                assert_memory_equal(after, bytes, whole);
            } else {
                assert_int_equal(error, SKEYM_OK);
                assert_int_equal(report.cut, noted ? 0 : whole - last);
                assert_int_equal(report.waiting, noted ? COUNT : COUNT - 2);
                expect(journal, noted ? 0 : 1);
                skeym_journal_close(journal);
            }
            bytes[at] ^= (uint8_t)(1u << bit);
        }
    }
}

static void test_damage_while_it_is_open_is_found(void **state)
{
    (void)state;
    struct skeym_span reading;
    uint64_t sequence;
    struct skeym_journal *journal = open_as("run 1", 0, NULL);
    take(journal, 0);
    uint8_t bytes[256];
    size_t size = read_whole(bytes, sizeof bytes);
    int fd = open(path, O_WRONLY);
    bytes[size - 1] ^= 1;
    assert_int_equal(pwrite(fd, bytes, size, 0), size);
    assert_int_equal(skeym_journal_oldest(journal, &reading, &sequence), SKEYM_ERR_DAMAGED);
    assert_int_equal(ftruncate(fd, (off_t)size - 1), 0);
    assert_int_equal(skeym_journal_oldest(journal, &reading, &sequence), SKEYM_ERR_IO);
    close(fd);
    skeym_journal_close(journal);
}

/* Records that are each whole, but not in an order that a journal writes. */
static void test_records_out_of_place_are_damage(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    uint8_t mixed[2048];
    size_t last = 0;
    size_t whole = make_file(bytes, sizeof bytes, &last);
    struct skeym_journal *journal = NULL;
    struct skeym_journal_report report;
    memcpy(mixed, bytes, whole); /* the last reading twice */
    memcpy(mixed + whole, bytes + last, whole - last);
    write_whole(mixed, whole + (whole - last));
    assert_int_equal(skeym_journal_open(&journal, path, skeym_span_text("x"), 0, &report),
                     SKEYM_ERR_DAMAGED);
    write_whole(bytes + last, whole - last); /* no note */
    assert_int_equal(skeym_journal_open(&journal, path, skeym_span_text("x"), 0, &report),
                     SKEYM_ERR_SHAPE);
    memcpy(mixed + whole, bytes, SKEYM_JOURNAL_HEAD_BYTES + 5); /* a second note at the end */
    write_whole(mixed, whole + SKEYM_JOURNAL_HEAD_BYTES + 5);
    assert_int_equal(skeym_journal_open(&journal, path, skeym_span_text("x"), 0, &report),
                     SKEYM_ERR_DAMAGED);
    static const uint64_t beyond[] = {0, COUNT + 1}; /* forgotten: less than before, or too many */
    for (size_t i = 0; i < 2; i++) {
        skeym_journal_scan_write(mixed + whole, SKEYM_JOURNAL_KIND_FORGOTTEN, beyond[i],
                                 (struct skeym_span){0});
        write_whole(mixed, whole + SKEYM_JOURNAL_HEAD_BYTES);
        assert_int_equal(skeym_journal_open(&journal, path, skeym_span_text("x"), 0, &report),
                         SKEYM_ERR_DAMAGED);
    }
    memcpy(mixed + whole, bytes, whole); /* a whole file twice */
    write_whole(mixed, 2 * whole);
    assert_int_equal(skeym_journal_open(&journal, path, skeym_span_text("x"), 0, &report),
                     SKEYM_ERR_DAMAGED);
}

/* --- room ------------------------------------------------------------------------ */

#define SMALL 4096u

static void test_full_says_so_and_goes_on_when_there_is_room(void **state)
{
    (void)state;
    struct skeym_journal *journal = open_as("run", SMALL, NULL);
    unsigned taken = 0;
    unsigned forgotten = 0;
    enum skeym_error error = SKEYM_OK;
    char text[64];
    uint8_t bytes[2 * SMALL];
    while (taken < 5000) {
        (void)snprintf(text, sizeof text, "reading %u of the test", taken);
        error = skeym_journal_take(journal, skeym_span_text(text));
        if (error == SKEYM_OK) {
            taken++;
            continue;
        }
        assert_int_equal(error, SKEYM_ERR_SPACE);
        assert_true(skeym_journal_waiting(journal) > 20);
        assert_int_equal(skeym_journal_take(journal, skeym_span_text(text)), SKEYM_ERR_SPACE);
        for (unsigned i = 0; i < 17; i++) {
            expect_and_forget(journal, forgotten++);
        }
        assert_true(read_whole(bytes, sizeof bytes) <= SMALL);
    }
    skeym_journal_close(journal);
    struct skeym_journal_report report;
    journal = open_as("other", SMALL, &report);
    assert_int_equal(report.waiting, taken - forgotten);
    assert_true(skeym_span_is(skeym_journal_note(journal), "run"));
    while (forgotten < taken) {
        expect_and_forget(journal, forgotten++);
    }
    skeym_journal_close(journal);
}

/* A long note leaves so little room that making some brings nothing. */
static void test_making_room_that_brings_none(void **state)
{
    (void)state;
    enum { LITTLE = SMALL / 4 };
    char note[SKEYM_JOURNAL_NOTE + 1] = "";
    unsigned taken = 0;
    memset(note, 'n', sizeof note - 1);
    struct skeym_journal *journal = open_as(note, LITTLE, NULL);
    enum skeym_error error = SKEYM_OK;
    while (error == SKEYM_OK) {
        char text[64];
        (void)snprintf(text, sizeof text, "reading %u of the test", taken);
        error = skeym_journal_take(journal, skeym_span_text(text));
        taken += error == SKEYM_OK;
    }
    assert_int_equal(error, SKEYM_ERR_SPACE);
    assert_true(taken > 2);
    assert_int_equal(skeym_journal_waiting(journal), taken);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_true(status.st_size <= LITTLE);
    for (unsigned i = 0; i < taken; i++) {
        expect_and_forget(journal, i);
    }
    take(journal, taken);
    skeym_journal_close(journal);
}

static void test_making_room_works_in_memory_and_beside_leftovers(void **state)
{
    (void)state;
    struct skeym_journal *journal = NULL;
    struct skeym_journal_report report;
    int fd = open(fresh_path, O_WRONLY | O_CREAT, 0600); /* of a process that was killed */
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        assert_int_equal(skeym_journal_open(&journal, in_memory ? NULL : path,
                                            skeym_span_text("run"), SMALL, &report),
                         SKEYM_OK);
        for (unsigned i = 0; i < 500; i++) {
            take(journal, i);
            expect_and_forget(journal, i);
        }
        if (!in_memory) { /* the file that took the name is locked, too */
            struct skeym_journal *second = NULL;
            assert_int_equal(
                skeym_journal_open(&second, path, skeym_span_text("run"), SMALL, &report),
                SKEYM_ERR_BUSY);
        }
        skeym_journal_close(journal);
    }
    assert_int_equal(access(fresh_path, F_OK), -1);
}

/* A disk that is full: the reading is not taken, all that were taken are there, and it goes on once
 * there is room. */
static void test_full_disk(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {1024, RLIM_INFINITY};
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        struct skeym_journal *journal = NULL;
        struct skeym_journal_report report;
        unsigned taken = 0;
        enum skeym_error error = SKEYM_OK;
        sigaction(SIGXFSZ, &ignore, NULL);
        setrlimit(RLIMIT_FSIZE, &limit);
        error = skeym_journal_open(&journal, path, skeym_span_text("run"), 0, &report);
        struct stat before = {0};
        struct stat after = {0};
        while (error == SKEYM_OK) {
            (void)stat(path, &before);
            error = skeym_journal_take(journal, skeym_span_text("eight by"));
            taken += error == SKEYM_OK;
        }
        if (error != SKEYM_ERR_NO_SPACE || skeym_journal_waiting(journal) != taken) {
            _exit(100);
        }
        if (stat(path, &after) != 0 || after.st_size != before.st_size) {
            _exit(102); /* half a record was left behind */
        }
        limit.rlim_cur = RLIM_INFINITY;
        setrlimit(RLIMIT_FSIZE, &limit);
        error = skeym_journal_take(journal, skeym_span_text("eight by"));
        _exit(error == SKEYM_OK ? (int)taken + 1 : 101);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    struct skeym_journal_report report;
    struct skeym_journal *journal = open_as("run", 0, &report);
    assert_true(report.waiting > 20 && report.waiting < 50);
    assert_int_equal(report.waiting, WEXITSTATUS(status));
    skeym_journal_close(journal);
}

/* Long before bytes_max, so that a small disk does not fill with what nobody needs any more. */
static void test_what_was_forgotten_is_not_carried_along(void **state)
{
    (void)state;
    enum { BIG = 64 * 1024, TIMES = 80, CEILING = 1024 * 1024 + 2 * BIG };
    uint8_t *large = test_calloc(1, BIG);
    struct stat file;
    struct skeym_journal *journal = open_as("run", 0, NULL);
    memset(large, 'x', BIG);
    for (uint64_t i = 0; i < TIMES; i++) {
        assert_int_equal(skeym_journal_take(journal, skeym_span(large, BIG)), SKEYM_OK);
        assert_int_equal(skeym_journal_forget(journal, i), SKEYM_OK);
        assert_int_equal(stat(path, &file), 0);
        assert_in_range(file.st_size, 1, CEILING);
    }
    assert_int_equal(skeym_journal_next(journal), TIMES);
    skeym_journal_close(journal);

    /* What waits is not copied again and again for little. */
    journal = open_as("run", 0, NULL);
    ino_t first = 0;
    unsigned files = 0;
    for (uint64_t i = 0; i < TIMES; i++) {
        assert_int_equal(skeym_journal_take(journal, skeym_span(large, BIG)), SKEYM_OK);
    }
    for (uint64_t i = 0; i < TIMES; i++) {
        assert_int_equal(skeym_journal_forget(journal, TIMES + i), SKEYM_OK);
        assert_int_equal(skeym_journal_take(journal, skeym_span("y", 1)), SKEYM_OK);
        assert_int_equal(stat(path, &file), 0);
        files += file.st_ino != first;
        first = file.st_ino;
    }
    assert_in_range(files, 2, 6);
    skeym_journal_close(journal);
    test_free(large);
}

/* A folder in which no file can be made: the journal goes on with the one that it has. */
static void test_a_file_that_cannot_shrink_still_takes(void **state)
{
    (void)state;
    enum { BIG = 64 * 1024, TIMES = 40 };
    uint8_t *large = test_calloc(1, BIG);
    struct skeym_journal *journal = open_as("run", 0, NULL);
    assert_int_equal(mkdir(fresh_path, 0700), 0); /* in the new file's place */
    for (uint64_t i = 0; i < TIMES; i++) {
        assert_int_equal(skeym_journal_take(journal, skeym_span(large, BIG)), SKEYM_OK);
        assert_int_equal(skeym_journal_forget(journal, i), SKEYM_OK);
    }
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    assert_true(file.st_size > TIMES * BIG);
    assert_int_equal(rmdir(fresh_path), 0);
    skeym_journal_close(journal);
    test_free(large);
}

/* A disk that is full of what was forgotten is not full. */
static void test_full_of_what_was_forgotten(void **state)
{
    (void)state;
    enum { WAITING = 5, TIMES = 100, KIB_64 = 64 * 1024 };
    static const uint8_t text[6000];
    struct skeym_span reading = skeym_span(text, sizeof text);
    struct skeym_journal_report report;
    struct skeym_journal *journal = open_as("run", 0, NULL);
    struct rlimit limit;
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const struct rlimit small = {KIB_64, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum skeym_error error = SKEYM_OK;
    for (uint64_t i = 0; i < TIMES && error == SKEYM_OK; i++) {
        error = skeym_journal_take(journal, reading);
        if (error == SKEYM_OK && i >= WAITING) {
            error = skeym_journal_forget(journal, i - WAITING);
        }
    }
    enum skeym_error full = error;
    while (full == SKEYM_OK) { /* until nothing is left to leave out */
        full = skeym_journal_take(journal, reading);
    }
    uint64_t waiting = skeym_journal_waiting(journal);
    for (uint64_t i = TIMES - WAITING; i < TIMES; i++) {
        assert_int_equal(skeym_journal_forget(journal, i), SKEYM_OK);
    }
    bool stands = mkdir(fresh_path, 0700) == 0; /* in the new file's place */
    enum skeym_error stuck = skeym_journal_take(journal, reading);
    assert_true(stands && rmdir(fresh_path) == 0);
    enum skeym_error freed = skeym_journal_take(journal, reading);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    (void)signal(SIGXFSZ, old);
    assert_int_equal(error, SKEYM_OK);
    assert_int_equal(full, SKEYM_ERR_NO_SPACE);
    assert_in_range(waiting, 9, 10);
    assert_int_equal(stuck, SKEYM_ERR_NO_SPACE);
    assert_int_equal(freed, SKEYM_OK);
    skeym_journal_close(journal);
    journal = open_as("run", 0, &report);
    assert_int_equal(report.waiting, waiting - WAITING + 1);
    skeym_journal_close(journal);
}

/* A child takes and forgets until it is killed; it reports each reading that was taken, and each
 * that it is about to forget, through a pipe. Nothing reported as taken may be missing. */
static void test_killed_at_any_moment(void **state)
{
    (void)state;
    unsigned taken = 0;
    for (unsigned round = 0; round < 12; round++) {
        int report_pipe[2];
        assert_int_equal(pipe(report_pipe), 0);
        pid_t child = fork();
        if (child == 0) {
            struct skeym_journal *journal = NULL;
            struct skeym_journal_report report;
            if (skeym_journal_open(&journal, path, skeym_span_text("run"), SMALL, &report) !=
                SKEYM_OK) {
                _exit(1);
            }
            for (uint32_t i = (uint32_t)skeym_journal_next(journal);; i++) {
                uint64_t sequence;
                struct skeym_span reading;
                char text[64];
                (void)snprintf(text, sizeof text, "reading %u of the test", i);
                while (skeym_journal_take(journal, skeym_span_text(text)) != SKEYM_OK) {
                    for (int k = 0; k < 15; k++) {
                        (void)!skeym_journal_oldest(journal, &reading, &sequence);
                        (void)!skeym_journal_forget(journal, sequence);
                    }
                }
                if (write(report_pipe[1], &i, sizeof i) != sizeof i) {
                    _exit(1);
                }
            }
        }
        close(report_pipe[1]);
        uint32_t number = 0;
        for (unsigned i = 0; i < 40 + 13 * round; i++) {
            assert_int_equal(read(report_pipe[0], &number, sizeof number), sizeof number);
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        while (read(report_pipe[0], &number, sizeof number) == sizeof number) {
        }
        close(report_pipe[0]);
        assert_int_equal(waitpid(child, NULL, 0), child);
        struct skeym_journal_report report;
        struct skeym_journal *journal = open_as("run", SMALL, &report);
        assert_true(skeym_journal_next(journal) > number); /* all that were reported are there */
        assert_true(number > taken);
        taken = number;
        unsigned first = (unsigned)(skeym_journal_next(journal) - report.waiting);
        for (unsigned i = first; i < skeym_journal_next(journal); i++) {
            expect_and_forget(journal, i);
        }
        skeym_journal_close(journal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_takes_gives_and_forgets_in_order, remove_file),
        cmocka_unit_test_teardown(test_wrong_use_changes_nothing, remove_file),
        cmocka_unit_test_teardown(test_resumes_a_run_that_was_left, remove_file),
        cmocka_unit_test_teardown(test_a_run_that_was_over_is_not_resumed, remove_file),
        cmocka_unit_test_teardown(test_torn_at_every_length, remove_file),
        cmocka_unit_test_teardown(test_torn_at_birth, remove_file),
        cmocka_unit_test_teardown(test_every_flipped_bit_is_found, remove_file),
        cmocka_unit_test_teardown(test_damage_while_it_is_open_is_found, remove_file),
        cmocka_unit_test_teardown(test_records_out_of_place_are_damage, remove_file),
        cmocka_unit_test_teardown(test_full_says_so_and_goes_on_when_there_is_room, remove_file),
        cmocka_unit_test_teardown(test_making_room_that_brings_none, remove_file),
        cmocka_unit_test_teardown(test_making_room_works_in_memory_and_beside_leftovers,
                                  remove_file),
        cmocka_unit_test_teardown(test_full_disk, remove_file),
        cmocka_unit_test_teardown(test_what_was_forgotten_is_not_carried_along, remove_file),
        cmocka_unit_test_teardown(test_a_file_that_cannot_shrink_still_takes, remove_file),
        cmocka_unit_test_teardown(test_full_of_what_was_forgotten, remove_file),
        cmocka_unit_test_teardown(test_killed_at_any_moment, remove_file),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
