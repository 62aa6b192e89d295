/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"
#include "server/home.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_MS  (UINT64_C(1800000000) * 1000)
#define HOUR_MS UINT64_C(3600000)

static char top[64];
static char dir[96];
static char in_dir_path[160];

static const char *in_dir(const char *name)
{
    snprintf(in_dir_path, sizeof in_dir_path, "%s/%s", dir, name);
    return in_dir_path;
}

static void remove_all(const char *folder)
{
    DIR *list = opendir(folder);
    const struct dirent *entry;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of this function alone */
    while (list && (entry = readdir(list)) != NULL) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlink(path) != 0) {
            remove_all(path);
        }
    }
    if (list) {
        closedir(list);
    }
    rmdir(folder);
}

static int nothing_yet(void **state)
{
    (void)state;
    snprintf(top, sizeof top, "/tmp/skeym-home.XXXXXX");
    if (!mkdtemp(top)) {
        return -1;
    }
    snprintf(dir, sizeof dir, "%s/authority", top);
    return 0;
}

static int an_authority(void **state)
{
    return nothing_yet(state) == 0 && skeym_home_make(dir, "ward", 3600, NOW_MS) == SKEYM_OK ? 0
                                                                                             : -1;
}

static int clean(void **state)
{
    (void)state;
    remove_all(top);
    return 0;
}

static void put(const char *name, const char *text, mode_t mode)
{
    FILE *file = fopen(in_dir(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(in_dir(name), mode), 0);
}

static mode_t mode_of(const char *path)
{
    struct stat state;
    assert_int_equal(lstat(path, &state), 0);
    return state.st_mode & 07777;
}

/* Bytes of the disk that are really held. */
static long reserved(void)
{
    struct stat state;
    assert_int_equal(stat(in_dir("reserve"), &state), 0);
    return state.st_blocks * 512 >= state.st_size ? (long)state.st_size : -1;
}

static struct skeym_name named(const char *text)
{
    struct skeym_name name;
    assert_int_equal(skeym_name_node(&name, skeym_span_text(text)), SKEYM_OK);
    return name;
}

static enum skeym_error keyring_error(void)
{
    struct skeym_keyring keyring;
    return skeym_home_keyring(&keyring, dir);
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

static void makes_nothing_on_wrong_values(void **state)
{
    (void)state;
    assert_int_equal(skeym_home_make(dir, "Ward", 3600, NOW_MS), SKEYM_ERR_CHARSET);
    assert_int_equal(skeym_home_make(dir, "ward", 1, NOW_MS), SKEYM_ERR_RANGE);
    assert_int_equal(access(dir, F_OK), -1);
    assert_int_equal(skeym_home_make(in_dir("below"), "ward", 3600, NOW_MS), SKEYM_ERR_MISSING);
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

static enum skeym_error add_key(struct skeym_keyring *keyring, void *arg)
{
    uint8_t key[32];
    memset(key, *(const uint8_t *)arg, sizeof key);
    return skeym_keyring_rotate(keyring, NOW_MS, key);
}

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

/* --- revoked and audit --------------------------------------------------------- */

static void an_authority_begins_with_an_empty_list(void **state)
{
    (void)state;
    struct skeym_revoked revoked;
    enum skeym_error error = SKEYM_ERR_IO;
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_int_equal(revoked.count, 0);
    skeym_home_revoked_free(&revoked);
    assert_null(skeym_home_culprit(dir, &error));
    assert_int_equal(error, SKEYM_OK);
}

static void revokes_up_to_a_generation(void **state)
{
    (void)state;
    struct skeym_revoked revoked;
    struct skeym_name id = named("ward-7");
    struct skeym_name other = named("bed-1");
    assert_int_equal(skeym_home_revoke(dir, &id, 0), SKEYM_ERR_RANGE);
    assert_int_equal(skeym_home_revoke(dir, &id, 1), SKEYM_OK);
    assert_int_equal(skeym_home_revoke(dir, &other, 2), SKEYM_OK);
    assert_int_equal(skeym_home_revoke(dir, &id, 3), SKEYM_OK);
    assert_int_equal(skeym_home_revoke(dir, &id, 3), SKEYM_OK);
    assert_int_equal(skeym_home_revoke(dir, &id, 2), SKEYM_OK); /* covered already */
    assert_int_equal(mode_of(in_dir("revoked")), 0600);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_int_equal(revoked.count, 2);
    assert_true(skeym_revoked_has(&revoked, &id, 3));
    assert_false(skeym_revoked_has(&revoked, &id, 4));
    assert_true(skeym_revoked_has(&revoked, &other, 2));
    assert_false(skeym_revoked_has(&revoked, &other, 3));
    skeym_home_revoked_free(&revoked);
}

static void the_list_outlives_rotation(void **state)
{
    (void)state;
    struct skeym_revoked revoked;
    struct skeym_name id = named("ward-7");
    uint8_t key = 9;
    assert_int_equal(skeym_home_revoke(dir, &id, 3), SKEYM_OK);
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS + 5 * HOUR_MS, add_key, &key), SKEYM_OK);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_true(skeym_revoked_has(&revoked, &id, 3));
    skeym_home_revoked_free(&revoked);
}

/* Refused by all, not added to, and named. */
static void the_list_is_refused(enum skeym_error expected)
{
    struct skeym_revoked revoked = {0};
    struct skeym_name id = named("a");
    enum skeym_error error = SKEYM_OK;
    assert_int_equal(skeym_home_revoked(&revoked, dir), expected);
    assert_int_equal(revoked.count, 0);
    assert_null(revoked.at);
    assert_int_equal(skeym_home_revoke(dir, &id, 1), expected);
    assert_string_equal(skeym_home_culprit(dir, &error), "revoked");
    assert_int_equal(error, expected);
}

static void a_list_that_is_not_whole_is_refused(void **state)
{
    (void)state;
    struct stat of;
    struct skeym_name id = named("ward-7");
    assert_int_equal(skeym_home_revoke(dir, &id, 3), SKEYM_OK);
    assert_int_equal(stat(in_dir("revoked"), &of), 0);
    assert_int_equal(truncate(in_dir("revoked"), of.st_size - 1), 0);
    the_list_is_refused(SKEYM_ERR_TRUNCATED);
    assert_int_equal(truncate(in_dir("revoked"), 0), 0);
    the_list_is_refused(SKEYM_ERR_TRUNCATED);
    put("revoked", "ward-7 3\nward-8 3\nward-9 33\n", 0600); /* the form of old, unsealed */
    the_list_is_refused(SKEYM_ERR_SHAPE);
    put("revoked", "# skeym revoked list 1\n# end 0 0000000000000000000000000000000000000000000\n",
        0600);
    the_list_is_refused(SKEYM_ERR_CHECKSUM);
    assert_int_equal(unlink(in_dir("revoked")), 0);
    the_list_is_refused(SKEYM_ERR_MISSING);
    assert_int_equal(access(in_dir("revoked"), F_OK), -1); /* nobody makes it by the way */
}

static void another_authoritys_list_is_refused(void **state)
{
    (void)state;
    char other[96];
    char from[128];
    snprintf(other, sizeof other, "%s/other", top);
    snprintf(from, sizeof from, "%s/revoked", other);
    assert_int_equal(skeym_home_make(other, "ward", 3600, NOW_MS), SKEYM_OK);
    assert_int_equal(rename(from, in_dir("revoked")), 0);
    the_list_is_refused(SKEYM_ERR_CHECKSUM);
}

static void names_the_keyring(void **state)
{
    (void)state;
    enum skeym_error error = SKEYM_OK;
    put("keyring", "something else", 0600);
    assert_string_equal(skeym_home_culprit(dir, &error), "keyring");
    assert_int_equal(error, SKEYM_ERR_SHAPE);
    remove_all(dir);
    assert_null(skeym_home_culprit(dir, &error));
    assert_int_equal(error, SKEYM_ERR_MISSING);
}

static void restores_only_what_is_broken(void **state)
{
    (void)state;
    struct skeym_revoked revoked;
    const struct skeym_revoked_entry at[] = {{named("ward-7"), 3}};
    const struct skeym_revoked list = {at, 1};
    assert_int_equal(skeym_home_restore(dir, &list), SKEYM_ERR_EXISTS);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_int_equal(revoked.count, 0);
    skeym_home_revoked_free(&revoked);
    assert_int_equal(unlink(in_dir("revoked")), 0);
    assert_int_equal(skeym_home_restore(dir, &list), SKEYM_OK);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_true(skeym_revoked_has(&revoked, &at[0].id, 3));
    skeym_home_revoked_free(&revoked);
    put("keyring", "something else", 0600);
    assert_int_equal(skeym_home_restore(dir, &list), SKEYM_ERR_SHAPE);
}

static void appends_to_the_audit(void **state)
{
    (void)state;
    char *text;
    size_t size;
    assert_int_equal(skeym_home_audit_read(&text, &size, dir), SKEYM_OK);
    assert_int_equal(size, 0);
    free(text);
    assert_int_equal(skeym_home_audit(dir, "{\"a\":1}"), SKEYM_OK);
    assert_int_equal(skeym_home_audit(dir, "two\nlines"), SKEYM_ERR_CHARSET);
    assert_int_equal(skeym_home_audit(dir, "\x1b[2J"), SKEYM_ERR_CHARSET);
    char *longest = calloc(1, 5000);
    assert_non_null(longest);
    memset(longest, 'x', 4999);
    assert_int_equal(skeym_home_audit(dir, longest), SKEYM_ERR_SIZE);
    free(longest);
    /* a line that a crash cut short is ended, not glued to the next one */
    FILE *file = fopen(in_dir("audit"), "a");
    assert_non_null(file);
    fputs("{\"b\":", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(skeym_home_audit(dir, "{\"c\":3}"), SKEYM_OK);
    assert_int_equal(skeym_home_audit_read(&text, &size, dir), SKEYM_OK);
    assert_true(skeym_span_is(skeym_span(text, size), "{\"a\":1}\n{\"b\":\n{\"c\":3}\n"));
    free(text);
    assert_int_equal(mode_of(in_dir("audit")), 0600);
}

/* --- a full disk ----------------------------------------------------------------- */

/* Everything that writes fails with NO_SPACE, and what was there before is there still. */
static void nothing_can_be_written(void)
{
    struct skeym_keyring old, now;
    struct skeym_name id = named("ward-7");
    struct skeym_revoked revoked;
    char line[300];
    memset(line, ' ', sizeof line);
    line[sizeof line - 1] = '\0';
    assert_int_equal(skeym_home_keyring(&old, dir), SKEYM_OK);
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS + 2 * HOUR_MS, NULL, NULL),
                     SKEYM_ERR_NO_SPACE);
    assert_int_equal(skeym_home_keyring(&now, dir), SKEYM_OK);
    assert_memory_equal(&now, &old, sizeof now);
    assert_int_equal(access(in_dir(".keyring.new"), F_OK), -1);
    assert_int_equal(skeym_home_revoke(dir, &id, 9), SKEYM_ERR_NO_SPACE);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_int_equal(revoked.count, 1);
    skeym_home_revoked_free(&revoked);
    assert_int_equal(skeym_home_audit(dir, line), SKEYM_ERR_NO_SPACE);
}

static void survives_a_limit_on_files(void **state)
{
    (void)state;
    struct rlimit before;
    struct stat audit;
    struct skeym_name id = named("bed-1");
    assert_int_equal(skeym_home_revoke(dir, &id, 2), SKEYM_OK);
    put("audit", "{\"event\":\"x\"}\n", 0600);
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {16, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    nothing_can_be_written();
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, old);
    assert_int_equal(stat(in_dir("audit"), &audit), 0);
    assert_int_equal(audit.st_size, 14); /* no half line stays */
    assert_int_equal(reserved(), 0);     /* it was tried */
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS + HOUR_MS, NULL, NULL), SKEYM_OK);
    assert_int_equal(reserved(), 65536);
}

static void fill(void)
{
    static char block[4096];
    int filler = open(in_dir("filler"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(filler >= 0);
    while (write(filler, block, sizeof block) > 0) {
    }
    close(filler);
}

/* A hundred nodes more than the audit file could be told of. */
static void revokes_from_the_reserve(void)
{
    struct skeym_revoked revoked;
    struct skeym_name id = named("bed-1");
    assert_int_equal(skeym_home_audit(dir, "{}"), SKEYM_ERR_NO_SPACE);
    for (uint32_t i = 1; i <= 100; i++) {
        assert_int_equal(skeym_home_revoke(dir, &id, i), SKEYM_OK);
    }
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_true(skeym_revoked_has(&revoked, &id, 100));
    skeym_home_revoked_free(&revoked);
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS + HOUR_MS, NULL, NULL), SKEYM_OK);
    assert_true(reserved() >= 4096); /* nobody else gets the rest of it */
}

static void survives_a_full_disk(void **state)
{
    (void)state;
    char folder[80];
    snprintf(folder, sizeof folder, "%s/disk", top);
    assert_int_equal(mkdir(folder, 0700), 0);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=256k,mode=0700") != 0) {
        print_message("skipped: no tmpfs can be mounted here: %s\n", strerrordesc_np(errno));
        skip();
    }
    snprintf(dir, sizeof dir, "%s/authority", folder);
    assert_int_equal(skeym_home_make(dir, "ward", 3600, NOW_MS), SKEYM_OK);
    fill();
    revokes_from_the_reserve();
    assert_int_equal(truncate(in_dir("reserve"), 0), 0);
    fill();
    nothing_can_be_written();
    assert_int_equal(unlink(in_dir("filler")), 0);
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS + 2 * HOUR_MS, NULL, NULL), SKEYM_OK);
    assert_int_equal(reserved(), 65536);
    remove_all(dir);
    assert_int_equal(umount(folder), 0);
}

#define FRESH(function) cmocka_unit_test_setup_teardown(function, nothing_yet, clean)
#define TEST(function)  cmocka_unit_test_setup_teardown(function, an_authority, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(makes_a_private_folder),
        FRESH(takes_an_empty_folder),
        FRESH(takes_nothing_else),
        FRESH(makes_nothing_on_wrong_values),
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
        TEST(an_authority_begins_with_an_empty_list),
        TEST(revokes_up_to_a_generation),
        TEST(the_list_outlives_rotation),
        TEST(a_list_that_is_not_whole_is_refused),
        TEST(another_authoritys_list_is_refused),
        TEST(names_the_keyring),
        TEST(restores_only_what_is_broken),
        TEST(appends_to_the_audit),
        TEST(survives_a_limit_on_files),
        FRESH(survives_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
