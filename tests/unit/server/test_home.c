/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/server/home_fixture.h"
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>

static bool locked; /* by another: who waits for it waits no time here, and in vain */
static int waited;  /* how often, for that one */

static bool overtaken; /* by another that found the folder empty, too */

/* In place of the C library's. */
int flock(int fd, int operation)
{
    if (overtaken) {
        overtaken = false;
        put("keyring", "theirs", 0600);
    }
    if (locked) {
        waited++;
        errno = EWOULDBLOCK;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, operation);
}

int nanosleep(const struct timespec *requested_time, struct timespec *remaining)
{
    return locked ? 0 : (int)syscall(SYS_nanosleep, requested_time, remaining);
}

/* --- making ---------------------------------------------------------------- */

static void makes_a_private_folder(void **state)
{
    (void)state;
    struct skeym_keyring keyring;
    assert_int_equal(skeym_home_make(dir, "ward", 3600, NOW_MS), SKEYM_OK);
    assert_int_equal(mode_of(dir), 0700);
    assert_int_equal(mode_of(in_dir("keyring")), 0600);
    assert_int_equal(mode_of(in_dir("lock")), 0600);
    assert_int_equal(mode_of(in_dir("revoked")), 0600);
    assert_int_equal(mode_of(in_dir("reserve")), 0600);
    assert_int_equal(reserved(), 65536);
    assert_int_equal(skeym_home_keyring(&keyring, dir), SKEYM_OK);
    assert_int_equal(keyring.previous.epoch + 1, NOW_MS / HOUR_MS);
    assert_true(skeym_span_is(skeym_name_span(&keyring.audience), "ward"));
    static const uint8_t zeros[32];
    assert_memory_not_equal(keyring.identity, zeros, 32);
    assert_memory_not_equal(keyring.previous.key, zeros, 32);
    assert_memory_not_equal(keyring.enrol[0].key, zeros, 32);
}

static void takes_an_empty_folder(void **state)
{
    (void)state;
    assert_int_equal(mkdir(dir, 0755), 0);
    assert_int_equal(skeym_home_make(dir, "ward", 3600, NOW_MS), SKEYM_OK);
    assert_int_equal(mode_of(dir), 0700);
}

static void takes_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(mkdir(dir, 0700), 0);
    put("notes", "mine", 0600);
    assert_int_equal(skeym_home_make(dir, "ward", 3600, NOW_MS), SKEYM_ERR_EXISTS);
    assert_int_equal(access(in_dir("notes"), F_OK), 0);
    assert_int_equal(access(in_dir("keyring"), F_OK), -1);
    assert_int_equal(unlink(in_dir("notes")), 0);
    assert_int_equal(skeym_home_make(dir, "ward", 3600, NOW_MS), SKEYM_OK);
    assert_int_equal(skeym_home_make(dir, "ward", 3600, NOW_MS), SKEYM_ERR_EXISTS);
    assert_int_equal(skeym_home_make(in_dir("keyring"), "ward", 3600, NOW_MS), SKEYM_ERR_EXISTS);
    assert_int_equal(keyring_error(), SKEYM_OK);
}

static void takes_no_folder_from_one_that_was_faster(void **state)
{
    (void)state;
    struct stat info;
    overtaken = true;
    assert_int_equal(skeym_home_make(dir, "ward", 3600, NOW_MS), SKEYM_ERR_EXISTS);
    assert_false(overtaken);
    assert_int_equal(stat(in_dir("keyring"), &info), 0);
    assert_int_equal(info.st_size, 6);
    assert_int_equal(access(in_dir("lock"), F_OK), 0);
    assert_int_equal(access(in_dir("revoked"), F_OK), -1);
}

static void makes_nothing_on_wrong_values(void **state)
{
    (void)state;
    assert_int_equal(skeym_home_make(dir, "Ward", 3600, NOW_MS), SKEYM_ERR_CHARSET);
    assert_int_equal(skeym_home_make(dir, "ward", 1, NOW_MS), SKEYM_ERR_RANGE);
    assert_int_equal(access(dir, F_OK), -1);
    assert_int_equal(skeym_home_make(in_dir("below"), "ward", 3600, NOW_MS), SKEYM_ERR_MISSING);
}

/* Two begin at once: the one that has the lock goes on, and the other touches nothing. */
static void leaves_what_another_makes(void **state)
{
    (void)state;
    locked = true;
    assert_int_equal(skeym_home_make(dir, "ward", 3600, NOW_MS), SKEYM_ERR_BUSY);
    locked = false;
    assert_int_equal(access(in_dir("lock"), F_OK), 0);
    assert_int_equal(access(in_dir("keyring"), F_OK), -1);
}

/* A wrong folder, or the right one before init. */
static void leaves_nothing_where_no_authority_is(void **state)
{
    (void)state;
    struct skeym_name id = {.size = 1, .text = "a"};
    char *text = NULL;
    size_t size = 0;
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(keyring_error(), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS, NULL, NULL), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_home_revoke(dir, &id, 1), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_home_audit(dir, "{}"), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_home_audit_read(&text, &size, dir), SKEYM_ERR_MISSING);
    assert_int_equal(access(in_dir("lock"), F_OK), -1);
    assert_int_equal(skeym_home_make(dir, "ward", 3600, NOW_MS), SKEYM_OK);
    assert_int_equal(unlink(in_dir("lock")), 0); /* as in a folder from a backup */
    assert_int_equal(keyring_error(), SKEYM_OK);
    assert_int_equal(access(in_dir("lock"), F_OK), 0);
}

/* Ten seconds are enough: who asks which file it was does not wait for them again. */
static void waits_for_the_lock_once(void **state)
{
    (void)state;
    struct skeym_keyring keyring;
    assert_int_equal(skeym_home_make(dir, "ward", 3600, NOW_MS), SKEYM_OK);
    locked = true;
    waited = 0;
    enum skeym_error error = skeym_home_keyring(&keyring, dir);
    int once = waited;
    assert_int_equal(error, SKEYM_ERR_BUSY);
    assert_null(skeym_home_culprit(dir, &error));
    locked = false;
    assert_int_equal(error, SKEYM_ERR_BUSY);
    assert_true(once > 0);
    assert_int_equal(waited, once);
}

/* Whoever cannot go on leaves nothing that the next one would find in the way. */
static void unmakes_what_was_made(void **state)
{
    (void)state;
    assert_int_equal(skeym_home_make(dir, "ward", 3600, NOW_MS), SKEYM_OK);
    skeym_home_unmake(dir);
    assert_int_equal(access(in_dir("keyring"), F_OK), -1);
    assert_int_equal(skeym_home_make(dir, "ward", 3600, NOW_MS), SKEYM_OK);
    assert_int_equal(keyring_error(), SKEYM_OK);
    put("notes", "mine", 0600);
    skeym_home_unmake(dir);
    assert_int_equal(access(in_dir("notes"), F_OK), 0);
}

static void gives_all_files_away(void **state)
{
    (void)state;
    struct stat of;
    if (geteuid() != 0) {
        print_message("skipped: only root can give files away\n");
        skip();
    }
    assert_int_equal(skeym_home_audit(dir, "{}"), SKEYM_OK);
    assert_int_equal(skeym_home_give(dir, 12345, 12346), SKEYM_OK);
    static const char *const names[] = {"keyring", "lock", "audit", "revoked", "reserve", "."};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(stat(in_dir(names[i]), &of), 0);
        assert_int_equal(of.st_uid, 12345);
        assert_int_equal(of.st_gid, 12346);
    }
    /* What root changes afterwards stays the owner's. */
    struct skeym_name id = named("ward-7");
    assert_int_equal(skeym_home_revoke(dir, &id, 1), SKEYM_OK);
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS + HOUR_MS, NULL, NULL), SKEYM_OK);
    static const char *const changed[] = {"keyring", "revoked"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(stat(in_dir(changed[i]), &of), 0);
        assert_int_equal(of.st_uid, 12345);
        assert_int_equal(of.st_gid, 12346);
    }
}

/* --- refusing ---------------------------------------------------------------- */

static void refuses_files_for_others(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0620, 0604, 0602, 0610, 0601};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(in_dir("keyring"), modes[i]), 0);
        assert_int_equal(keyring_error(), SKEYM_ERR_MODE);
        assert_int_equal(skeym_home_update(NULL, dir, NOW_MS, NULL, NULL), SKEYM_ERR_MODE);
    }
    assert_int_equal(chmod(in_dir("keyring"), 0600), 0);
    assert_int_equal(keyring_error(), SKEYM_OK);

    struct skeym_revoked revoked;
    struct skeym_name id = named("a");
    char *text;
    size_t size;
    put("revoked", "a 1\n", 0644);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_ERR_MODE);
    assert_int_equal(skeym_home_revoke(dir, &id, 2), SKEYM_ERR_MODE);
    put("audit", "{}\n", 0644);
    assert_int_equal(skeym_home_audit(dir, "{}"), SKEYM_ERR_MODE);
    assert_int_equal(skeym_home_audit_read(&text, &size, dir), SKEYM_ERR_MODE);
    assert_int_equal(chmod(in_dir("lock"), 0644), 0);
    assert_int_equal(keyring_error(), SKEYM_ERR_MODE);
}

static void refuses_a_folder_that_others_may_write_to(void **state)
{
    (void)state;
    static const mode_t modes[] = {0720, 0702, 0777, 01777};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(dir, modes[i]), 0);
        assert_int_equal(keyring_error(), SKEYM_ERR_MODE);
    }
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(keyring_error(), SKEYM_OK);
}

static void refuses_what_is_no_regular_file(void **state)
{
    (void)state;
    char real[160];
    snprintf(real, sizeof real, "%s/elsewhere", top);
    assert_int_equal(rename(in_dir("keyring"), real), 0);
    assert_int_equal(symlink(real, in_dir("keyring")), 0);
    assert_int_equal(keyring_error(), SKEYM_ERR_NOT_FILE);
    assert_int_equal(unlink(in_dir("keyring")), 0);
    assert_int_equal(mkfifo(in_dir("keyring"), 0600), 0);
    assert_int_equal(keyring_error(), SKEYM_ERR_NOT_FILE);
    assert_int_equal(unlink(in_dir("keyring")), 0);
    assert_int_equal(mkdir(in_dir("keyring"), 0700), 0);
    assert_int_equal(keyring_error(), SKEYM_ERR_NOT_FILE);
    assert_int_equal(rmdir(in_dir("keyring")), 0);
    assert_int_equal(keyring_error(), SKEYM_ERR_MISSING);
    assert_int_equal(rename(real, in_dir("keyring")), 0);
    assert_int_equal(unlink(in_dir("lock")), 0);
    assert_int_equal(symlink(real, in_dir("lock")), 0);
    assert_int_equal(keyring_error(), SKEYM_ERR_NOT_FILE);
}

static void refuses_damaged_keyrings(void **state)
{
    (void)state;
    struct stat of;
    assert_int_equal(stat(in_dir("keyring"), &of), 0);
    assert_int_equal(truncate(in_dir("keyring"), of.st_size - 1), 0);
    assert_int_equal(keyring_error(), SKEYM_ERR_CHECKSUM);
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS, NULL, NULL), SKEYM_ERR_CHECKSUM);
    assert_int_equal(truncate(in_dir("keyring"), 20), 0);
    assert_int_equal(keyring_error(), SKEYM_ERR_TRUNCATED);
    assert_int_equal(truncate(in_dir("keyring"), 0), 0);
    assert_int_equal(keyring_error(), SKEYM_ERR_TRUNCATED);
    put("keyring", "something else", 0600);
    assert_int_equal(keyring_error(), SKEYM_ERR_SHAPE);
    assert_int_equal(truncate(in_dir("keyring"), SKEYM_KEYRING_BYTES + 1), 0);
    assert_int_equal(keyring_error(), SKEYM_ERR_SIZE);
    assert_int_equal(unlink(in_dir("keyring")), 0);
    assert_int_equal(keyring_error(), SKEYM_ERR_MISSING);
    remove_all(dir);
    assert_int_equal(keyring_error(), SKEYM_ERR_MISSING);
}

/* --- changing ---------------------------------------------------------------- */

static enum skeym_error refuse(struct skeym_keyring *keyring, void *arg)
{
    (void)arg;
    memset(keyring->identity, 0, 32);
    return SKEYM_ERR_STATE;
}

static void moves_the_file_forward(void **state)
{
    (void)state;
    struct skeym_keyring old, now, read;
    struct stat first, second;
    assert_int_equal(skeym_home_keyring(&old, dir), SKEYM_OK);
    assert_int_equal(stat(in_dir("keyring"), &first), 0);
    assert_int_equal(skeym_home_update(&now, dir, NOW_MS, NULL, NULL), SKEYM_OK);
    assert_int_equal(stat(in_dir("keyring"), &second), 0);
    assert_int_equal(first.st_ino, second.st_ino); /* nothing moved, nothing written */

    assert_int_equal(skeym_home_update(&now, dir, NOW_MS + 3 * HOUR_MS, NULL, NULL), SKEYM_OK);
    assert_int_equal(now.previous.epoch, old.previous.epoch + 3);
    assert_int_equal(skeym_home_keyring(&read, dir), SKEYM_OK);
    assert_memory_equal(&read, &now, sizeof now);
    assert_memory_equal(read.identity, old.identity, 32);
    assert_int_equal(mode_of(in_dir("keyring")), 0600);

    /* back in time: nothing changes */
    assert_int_equal(skeym_home_update(&now, dir, NOW_MS, NULL, NULL), SKEYM_OK);
    assert_memory_equal(&read, &now, sizeof now);
    assert_int_equal(skeym_home_update(&now, dir, NOW_MS + 100000 * HOUR_MS, NULL, NULL),
                     SKEYM_ERR_RANGE);
    assert_int_equal(skeym_home_keyring(&now, dir), SKEYM_OK);
    assert_memory_equal(&read, &now, sizeof now);
}

/* The old content is overwritten, also for one who still has the old file open. */
static void leaves_no_old_key_in_the_old_file(void **state)
{
    (void)state;
    struct skeym_keyring old;
    uint8_t bytes[SKEYM_KEYRING_BYTES];
    assert_int_equal(skeym_home_keyring(&old, dir), SKEYM_OK);
    int file = open(in_dir("keyring"), O_RDONLY);
    assert_true(file >= 0);
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS + HOUR_MS, NULL, NULL), SKEYM_OK);
    ssize_t size = read(file, bytes, sizeof bytes);
    assert_true(size > 0);
    for (ssize_t i = 0; i < size; i++) {
        assert_int_equal(bytes[i], 0);
    }
    close(file);

    file = open(in_dir("keyring"), O_RDONLY);
    size = read(file, bytes, sizeof bytes);
    assert_null(memmem(bytes, (size_t)size, old.previous.key, 32));
    close(file);
}

static void a_refused_change_changes_nothing(void **state)
{
    (void)state;
    static const struct skeym_keyring zero;
    struct skeym_keyring old, now;
    assert_int_equal(skeym_home_keyring(&old, dir), SKEYM_OK);
    assert_int_equal(skeym_home_update(&now, dir, NOW_MS + HOUR_MS, refuse, NULL), SKEYM_ERR_STATE);
    assert_memory_equal(&now, &zero, sizeof now);
    assert_int_equal(skeym_home_keyring(&now, dir), SKEYM_OK);
    assert_memory_equal(&now, &old, sizeof now);
}

static void gets_over_what_a_crash_left(void **state)
{
    (void)state;
    put(".keyring.new", "half a keyr", 0600);
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS + HOUR_MS, NULL, NULL), SKEYM_OK);
    assert_int_equal(keyring_error(), SKEYM_OK);
    assert_int_equal(access(in_dir(".keyring.new"), F_OK), -1);
}

/* In a child: one more enrol key, or one more revoked node and audit line, several times. */
static int child(uint8_t number)
{
    for (uint8_t i = 0; i < 3; i++) {
        struct skeym_name id;
        char text[16];
        uint8_t key = (uint8_t)(number * 16 + i);
        snprintf(text, sizeof text, "n%u-%u", number, i);
        if (skeym_home_update(NULL, dir, NOW_MS + i * HOUR_MS, add_key, &key) != SKEYM_OK ||
            skeym_name_node(&id, skeym_span_text(text)) != SKEYM_OK ||
            skeym_home_revoke(dir, &id, 1) != SKEYM_OK ||
            skeym_home_audit(dir, "{\"event\":\"test\"}") != SKEYM_OK) {
            return 1;
        }
    }
    return 0;
}

static void processes_at_once_lose_nothing(void **state)
{
    (void)state;
    static const uint8_t CHILDREN = 2;
    pid_t children[2];
    for (uint8_t i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            _exit(child((uint8_t)(i + 1)));
        }
    }
    for (size_t i = 0; i < CHILDREN; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    struct skeym_keyring keyring;
    struct skeym_revoked revoked;
    char *audit;
    size_t size;
    assert_int_equal(skeym_home_keyring(&keyring, dir), SKEYM_OK);
    assert_int_equal(keyring.enrol_count, 1 + CHILDREN * 3);
    unsigned seen = 0;
    for (size_t i = 1; i < keyring.enrol_count; i++) {
        assert_int_equal(keyring.enrol[i].id, i + 1);
        seen |= 1u << (keyring.enrol[i].key[0] - 16 - (keyring.enrol[i].key[0] >= 32 ? 13 : 0));
    }
    assert_int_equal(seen, 0x3f);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_int_equal(revoked.count, CHILDREN * 3);
    skeym_home_revoked_free(&revoked);
    assert_int_equal(skeym_home_audit_read(&audit, &size, dir), SKEYM_OK);
    assert_int_equal(size, (size_t)CHILDREN * 3 * strlen("{\"event\":\"test\"}\n"));
    free(audit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(makes_a_private_folder),
        FRESH(takes_an_empty_folder),
        FRESH(takes_nothing_else),
        FRESH(makes_nothing_on_wrong_values),
        FRESH(leaves_what_another_makes),
        FRESH(leaves_nothing_where_no_authority_is),
        FRESH(waits_for_the_lock_once),
        FRESH(unmakes_what_was_made),
        FRESH(takes_no_folder_from_one_that_was_faster),
        TEST(gives_all_files_away),
        TEST(refuses_files_for_others),
        TEST(refuses_a_folder_that_others_may_write_to),
        TEST(refuses_what_is_no_regular_file),
        TEST(refuses_damaged_keyrings),
        TEST(moves_the_file_forward),
        TEST(leaves_no_old_key_in_the_old_file),
        TEST(a_refused_change_changes_nothing),
        TEST(gets_over_what_a_crash_left),
        TEST(processes_at_once_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
