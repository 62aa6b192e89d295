/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node's files when any one call fails: a credential is the old or the new one, a token is in the
 * chain file or in the session and never lost to both without a word, a reading that was taken is
 * there. And the same work succeeds the next time.
 */
#include "node/chain.h"
#include "node/credential.h"
#include "node/http_ca.h"
#include "node/journal.h"
#include "node/wfdb.h"
#include "unit/node/fake_server.h"
#include "unit/nth.h"
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

NTH(int, fstat, (int fd, struct stat *buf), (fd, buf), -1, EIO)
NTH(int, fchmod, (int fd, mode_t mode), (fd, mode), -1, EPERM)
NTH(int, fsync, (int fd), (fd), -1, EIO)
NTH(int, fdatasync, (int fildes), (fildes), -1, EIO)
NTH(int, flock, (int fd, int operation), (fd, operation), -1, ENOLCK)
NTH(int, ftruncate, (int fd, off_t length), (fd, length), -1, EIO)
NTH(int, rename, (const char *old, const char *new), (old, new), -1, EIO)
NTH(int, link, (const char *from, const char *to), (from, to), -1, EIO)
NTH(int, linkat, (int fromfd, const char *from, int tofd, const char *to, int flags),
    (fromfd, from, tofd, to, flags), -1, EIO)
NTH(ssize_t, getrandom, (void *buffer, size_t length, unsigned flags), (buffer, length, flags), -1,
    ENOSYS)
NTH(ssize_t, write, (int fd, const void *buf, size_t n), (fd, buf, n), -1, ENOSPC)
NTH(ssize_t, pwrite, (int fd, const void *buf, size_t n, off_t offset), (fd, buf, n, offset), -1,
    ENOSPC)
NTH(ssize_t, read, (int fd, void *buf, size_t nbytes), (fd, buf, nbytes), -1, EIO)
NTH(ssize_t, pread, (int fd, void *buf, size_t nbytes, off_t offset), (fd, buf, nbytes, offset), -1,
    EIO)
NTH(off_t, lseek, (int fd, off_t offset, int whence), (fd, offset, whence), -1, EIO)

int open(const char *file, int oflag, ...)
{
    if (nth_fails()) {
        errno = EMFILE;
        return -1;
    }
    return NTH_REAL(open)(file, oflag, 0600); /* a mode that is not asked for does no harm */
}

#define SERVER "http://127.0.0.1:1"
enum { MOST = 3000 };

static struct fake_server fake;
static struct skeym_session_options options;
static char folder[64];
static char path[96];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/dev/shm/skeym-node-XXXXXX");
    if (!mkdtemp(folder)) {
        snprintf(folder, sizeof folder, "/tmp/skeym-node-XXXXXX");
        if (!mkdtemp(folder)) {
            return -1;
        }
    }
    snprintf(path, sizeof path, "%s/file", folder);
    fake_start(&fake);
    options = fake_options(&fake);
    options.lanes = 4;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    fake_stop(&fake);
    return rmdir(folder); /* and nothing else is in it */
}

/* --- a credential -------------------------------------------------------------------- */

/* Bytes that tell the two apart. */
static uint8_t mark_of_file(void)
{
    struct skeym_credential_file read;
    assert_int_equal(skeym_credential_load(&read, path, NULL, (struct skeym_span){0}), SKEYM_OK);
    uint8_t mark = read.keys.credential[0];
    skeym_credential_wipe(&read);
    return mark;
}

static void a_credential_is_the_old_or_the_new(void **state)
{
    (void)state;
    struct skeym_credential_file file = fake.credential;
    long n = 1;
    file.locked = false;
    for (bool hit = true; hit; n++) {
        assert_true(n < MOST);
        (void)unlink(path);
        memset(file.keys.credential, 1, sizeof file.keys.credential);
        assert_int_equal(skeym_credential_save(&file, path, true), SKEYM_OK);
        memset(file.keys.credential, 2, sizeof file.keys.credential);
        nth_arm(n);
        enum skeym_error error = skeym_credential_save(&file, path, false);
        hit = nth_disarm();
        assert_true(hit || error == SKEYM_OK);
        uint8_t mark = mark_of_file();
        assert_true(mark == 2 || (mark == 1 && error != SKEYM_OK));
        assert_int_equal(skeym_credential_save(&file, path, false), SKEYM_OK);
        assert_int_equal(mark_of_file(), 2);
    }
    assert_true(n > 5);
}

static void a_credential_is_read_whole_or_not(void **state)
{
    (void)state;
    static const struct skeym_credential_file zero;
    struct skeym_credential_file file = fake.credential;
    struct skeym_credential_file read;
    long n = 1;
    file.locked = false;
    assert_int_equal(skeym_credential_save(&file, path, true), SKEYM_OK);
    for (bool hit = true; hit; n++) {
        bool locked = true;
        assert_true(n < MOST);
        nth_arm(n);
        enum skeym_error error = skeym_credential_locked(&locked, path);
        if (!error) {
            error = skeym_credential_load(&read, path, NULL, (struct skeym_span){0});
            assert_true(error != SKEYM_OK || read.keys.locator_size > 0);
            if (error) {
                assert_memory_equal(&read, &zero, sizeof zero);
            }
            skeym_credential_wipe(&read);
        }
        hit = nth_disarm();
        assert_true(hit || error == SKEYM_OK);
    }
    assert_true(n > 5);
}

/* A new file that fails leaves none: it would be in the way of the next. */
static void a_new_key_is_there_or_not(void **state)
{
    (void)state;
    static const uint8_t key[32] = {9};
    long n = 1;
    for (bool hit = true; hit; n++) {
        assert_true(n < MOST);
        (void)unlink(path);
        nth_arm(n);
        enum skeym_error error = skeym_credential_key_save(path, key, (struct skeym_span){0});
        hit = nth_disarm();
        assert_true(hit || error == SKEYM_OK);
        bool there = access(path, F_OK) == 0;
        assert_true(there || error != SKEYM_OK);
        if (!there) {
            assert_int_equal(skeym_credential_key_save(path, key, (struct skeym_span){0}),
                             SKEYM_OK);
        }
    }
    assert_true(n > 5);
}

/* --- a chain ------------------------------------------------------------------------------ */

static unsigned lanes_of_file(void)
{
    char text[SKEYM_CHAIN_FILE_BYTES] = {0};
    unsigned count = 0;
    int fd = open(path, O_RDONLY);
    if (fd >= 0) {
        assert_true(read(fd, text, sizeof text - 1) >= 0);
        close(fd);
    }
    for (char *at = text; (at = strstr(at, "\nlane ")); at++) {
        count++;
    }
    return count;
}

static void a_token_is_in_one_place(void **state)
{
    (void)state;
    long n = 1;
    for (bool hit = true; hit; n++) {
        assert_true(n < MOST);
        (void)unlink(path);
        struct skeym_session *full = fake_session(&options);
        assert_int_equal(skeym_session_login(full), SKEYM_OK);
        struct skeym_session *session = fake_session(&options);
        bool found = false;
        nth_arm(n);
        enum skeym_error error = skeym_chain_put(path, &fake.credential, SERVER, full);
        bool kept = error == SKEYM_OK;
        if (kept) {
            error = skeym_chain_take(path, &fake.credential, SERVER, session, &found);
        }
        hit = nth_disarm();
        assert_true(hit || error == SKEYM_OK);
        assert_true(error == SKEYM_OK || !found); /* not in use while it may be in the file */
        if (kept && error == SKEYM_OK) {
            assert_int_equal(lanes_of_file(), found ? 3 : 4);
        }
        skeym_session_free(full);
        skeym_session_free(session);
        session = fake_session(&options);
        assert_int_equal(skeym_session_login(session), SKEYM_OK);
        assert_int_equal(skeym_chain_put(path, &fake.credential, SERVER, session), SKEYM_OK);
        skeym_session_free(session);
    }
    assert_true(n > 5);
}

/* --- a journal ----------------------------------------------------------------------------------
 */

enum { READINGS = 4 };

/* Opens, takes and forgets; *taken and *forgotten are what it was told. */
static enum skeym_error work_with(unsigned *taken, unsigned *forgotten)
{
    struct skeym_journal *journal = NULL;
    struct skeym_journal_report report;
    *taken = *forgotten = 0;
    enum skeym_error error =
        skeym_journal_open(&journal, path, skeym_span_text("run"), 4096, &report);
    assert_true((error == SKEYM_OK) == (journal != NULL));
    for (unsigned i = 0; i < READINGS && !error; i++) {
        char text[16];
        snprintf(text, sizeof text, "reading %u", i);
        error = skeym_journal_take(journal, skeym_span_text(text));
        *taken += error == SKEYM_OK;
    }
    struct skeym_span oldest;
    uint64_t sequence = 0;
    if (!error) {
        error = skeym_journal_oldest(journal, &oldest, &sequence);
    }
    if (!error) {
        assert_true(skeym_span_is(oldest, "reading 0"));
        error = skeym_journal_forget(journal, sequence);
        *forgotten = 1; /* here, in any case */
    }
    skeym_journal_close(journal);
    return error;
}

static void a_reading_that_was_taken_is_there(void **state)
{
    (void)state;
    long n = 1;
    for (bool hit = true; hit; n++) {
        unsigned taken, forgotten;
        struct skeym_journal *journal = NULL;
        struct skeym_journal_report report;
        assert_true(n < MOST);
        (void)unlink(path);
        nth_arm(n);
        enum skeym_error error = work_with(&taken, &forgotten);
        hit = nth_disarm();
        assert_true(hit || error == SKEYM_OK);
        assert_int_equal(skeym_journal_open(&journal, path, skeym_span_text("run"), 4096, &report),
                         SKEYM_OK);
        uint64_t waiting = skeym_journal_waiting(journal);
        assert_true(waiting >= taken - forgotten && waiting <= READINGS);
        for (uint64_t i = READINGS; waiting > 0 && i > 0; i--) {
            struct skeym_span oldest;
            uint64_t sequence = 0;
            if (skeym_journal_oldest(journal, &oldest, &sequence) != SKEYM_OK) {
                break;
            }
            char text[16];
            snprintf(text, sizeof text, "reading %u", (unsigned)sequence);
            assert_true(skeym_span_is(oldest, text));
            assert_int_equal(skeym_journal_forget(journal, sequence), SKEYM_OK);
            waiting--;
        }
        assert_int_equal(waiting, 0);
        skeym_journal_close(journal);
    }
    assert_true(n > 10);
}

/* --- what is only read
 * ------------------------------------------------------------------------------ */

static void put(const char *name, const char *text, size_t size)
{
    char whole[128];
    snprintf(whole, sizeof whole, "%s/%s", folder, name);
    int fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    close(fd);
}

static void a_record_is_read_whole_or_not(void **state)
{
    (void)state;
    static const char header[] = "r 1 250 4\nr.dat 16 200 16 0 0 0 0 MLII\n";
    char place[128];
    long n = 1;
    put("r.hea", header, sizeof header - 1);
    put("r.dat", "\0\0\0\0\0\0\0\0", 8);
    snprintf(place, sizeof place, "%s/r.hea", folder);
    for (bool hit = true; hit; n++) {
        struct skeym_wfdb_record record;
        int32_t samples[4] = {1, 1, 1, 1};
        assert_true(n < MOST);
        nth_arm(n);
        enum skeym_error error = skeym_wfdb_open(&record, place, NULL);
        bool missing = skeym_http_ca_check(place) == SKEYM_OK; /* no certificate, whatever fails */
        hit = nth_disarm();
        assert_false(missing);
        assert_true(hit || error == SKEYM_OK);
        if (!error) {
            assert_int_equal(skeym_wfdb_read(&record, 0, 0, samples, 4), SKEYM_OK);
            assert_int_equal(samples[3], 0);
        }
        skeym_wfdb_close(&record);
    }
    assert_true(n > 3);
    (void)unlink(place);
    snprintf(place, sizeof place, "%s/r.dat", folder);
    (void)unlink(place);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_credential_is_the_old_or_the_new), TEST(a_credential_is_read_whole_or_not),
        TEST(a_new_key_is_there_or_not),          TEST(a_token_is_in_one_place),
        TEST(a_reading_that_was_taken_is_there),  TEST(a_record_is_read_whole_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
