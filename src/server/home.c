/* SPDX-License-Identifier: Apache-2.0 */
#include "server/home.h"
#include "authority/refusals.h"
#include "crypto/crypto.h"
#include "server/home_file.h"
#include "server/home_inside.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_BYTES = 16 << 20, AUDIT_BYTES = 64 << 20, LINE_BYTES = 4096 };

static const char *const own_files[] = {"keyring", "revoked",     "audit",
                                        "lock",    "invitations", SKEYM_HOME_FILE_RESERVE};
enum { OWN_FILES = sizeof own_files / sizeof own_files[0] };

static enum skeym_error last_error(void)
{
    return skeym_home_file_error(errno);
}

/* Whoever may write to the folder may put another keyring there, so nobody else may. */
static enum skeym_error open_folder(int *folder, const char *dir)
{
    struct stat state;
    *folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*folder < 0) {
        return last_error();
    }
    enum skeym_error error = SKEYM_OK;
    if (fstat(*folder, &state) != 0) {
        error = last_error();
    } else if (state.st_mode & (S_IWGRP | S_IWOTH)) {
        error = SKEYM_ERR_MODE;
    }
    if (error != SKEYM_OK) {
        close(*folder);
        *folder = -1;
    }
    return error;
}

enum skeym_error skeym_home_enter(int *folder, int *lock, const char *dir, bool shared)
{
    *lock = -1;
    enum skeym_error error = open_folder(folder, dir);
    if (error != SKEYM_OK) {
        return error;
    }
    /* Whoever named a wrong folder shall find no new file in it, nor init find a lock in its way.
     */
    if (faccessat(*folder, "keyring", F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
        error = last_error();
    } else {
        error = skeym_home_file_lock(lock, *folder, shared);
    }
    if (error != SKEYM_OK) {
        close(*folder);
        *folder = -1;
    }
    return error;
}

void skeym_home_leave(int folder, int lock)
{
    close(lock);
    close(folder);
}

/* --- making ---------------------------------------------------------------- */

static enum skeym_error must_be_empty(int folder)
{
    enum skeym_error error = SKEYM_OK;
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    if (!list) {
        error = last_error();
        if (copy >= 0) {
            close(copy);
        }
        return error;
    }
    const struct dirent *entry;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of this function alone */
    while (error == SKEYM_OK && (entry = readdir(list)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            error = SKEYM_ERR_EXISTS;
        }
    }
    closedir(list);
    return error;
}

/* The folder itself must survive a power cut as its files do. Without the right to read the folder
 * above, the next sync of the system has to do. */
static void sync_above(int folder)
{
    int above = openat(folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above >= 0) {
        (void)fsync(above);
        close(above);
    }
}

static enum skeym_error write_keyring(int folder, const struct skeym_keyring *keyring)
{
    uint8_t bytes[SKEYM_KEYRING_BYTES];
    size_t size = 0;
    enum skeym_error error =
        skeym_keyring_encode((struct skeym_room){bytes, sizeof bytes}, &size, keyring);
    if (error == SKEYM_OK) {
        error = skeym_home_file_replace(folder, "keyring", skeym_span(bytes, size));
    }
    skeym_crypto_wipe(bytes, sizeof bytes);
    return error;
}

static enum skeym_error write_list(int folder, const struct skeym_revoked *revoked,
                                   const struct skeym_keyring *keyring)
{
    size_t size = 0;
    size_t room = SKEYM_REFUSALS_BYTES(revoked->count);
    uint8_t *text = room > LIST_BYTES ? NULL : calloc(1, room);
    if (!text) {
        return room > LIST_BYTES ? SKEYM_ERR_SIZE : SKEYM_ERR_MEMORY;
    }
    enum skeym_error error =
        skeym_refusals_write((struct skeym_room){text, room}, &size, revoked, keyring);
    if (error == SKEYM_OK) {
        error = skeym_home_file_replace(folder, "revoked", skeym_span(text, size));
    }
    free(text);
    return error;
}

static void remove_own(int folder)
{
    for (size_t i = 0; i < OWN_FILES; i++) {
        (void)unlinkat(folder, own_files[i], 0);
    }
}

/* The keyring comes last: where one is, a list has been, and its absence means something. */
static enum skeym_error fill(int folder, const struct skeym_keyring *keyring)
{
    const struct skeym_revoked nobody = {0};
    enum skeym_error error = write_list(folder, &nobody, keyring);
    if (error == SKEYM_OK) {
        error = write_keyring(folder, keyring);
    }
    return error;
}

static enum skeym_error new_keyring(struct skeym_keyring *out, const char *audience,
                                    uint32_t epoch_seconds, uint64_t now_ms)
{
    struct skeym_keyring_random random;
    enum skeym_error error = skeym_crypto_random(&random, sizeof random);
    if (error != SKEYM_OK) {
        return error;
    }
    return skeym_keyring_make(out, now_ms, epoch_seconds, skeym_span_text(audience), &random);
}

enum skeym_error skeym_home_make(const char *dir, const char *audience, uint32_t epoch_seconds,
                                 uint64_t now_ms)
{
    struct skeym_keyring keyring;
    int folder = -1;
    int lock = -1;
    enum skeym_error error = new_keyring(&keyring, audience, epoch_seconds, now_ms);
    if (error != SKEYM_OK) {
        return error;
    }
    bool empty = false;
    bool made = mkdir(dir, 0700) == 0;
    if (!made && errno != EEXIST) {
        error = last_error();
        goto out;
    }
    folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        error = errno == ENOTDIR ? SKEYM_ERR_EXISTS : last_error();
        goto out;
    }
    error = must_be_empty(folder);
    if (error != SKEYM_OK) {
        made = false;
        goto out;
    }
    empty = true;
    if (fchmod(folder, 0700) != 0) {
        error = last_error();
        goto out;
    }
    error = skeym_home_file_lock(&lock, folder, false);
    if (error == SKEYM_OK && faccessat(folder, "keyring", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        error = SKEYM_ERR_EXISTS; /* another one found it empty, too, and was faster */
        empty = made = false;
        goto out;
    }
    if (error == SKEYM_OK) {
        error = fill(folder, &keyring);
    }
    if (error == SKEYM_OK) {
        sync_above(folder);
    }
out:
    /* A lock that another holds is not ours to remove, nor what that one has made. */
    if (error != SKEYM_OK && empty && error != SKEYM_ERR_BUSY) {
        remove_own(folder);
    }
    if (error != SKEYM_OK && made) {
        (void)rmdir(dir);
    }
    if (lock >= 0) {
        close(lock);
    }
    if (folder >= 0) {
        close(folder);
    }
    skeym_crypto_wipe(&keyring, sizeof keyring);
    return error;
}

void skeym_home_unmake(const char *dir)
{
    int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        remove_own(folder);
        close(folder);
    }
}

enum skeym_error skeym_home_give(const char *dir, uid_t user, gid_t group)
{
    int folder, lock;
    enum skeym_error error = skeym_home_enter(&folder, &lock, dir, false);
    if (error != SKEYM_OK) {
        return error;
    }
    for (size_t i = 0; error == SKEYM_OK && i < OWN_FILES; i++) {
        if (fchownat(folder, own_files[i], user, group, AT_SYMLINK_NOFOLLOW) != 0 &&
            errno != ENOENT) {
            error = last_error();
        }
    }
    if (error == SKEYM_OK && (fchown(folder, user, group) != 0 || fsync(folder) != 0)) {
        error = last_error();
    }
    skeym_home_leave(folder, lock);
    return error;
}

/* --- keyring --------------------------------------------------------------- */

enum skeym_error skeym_home_read_keyring(struct skeym_keyring *out, int folder)
{
    uint8_t *data;
    size_t size;
    memset(out, 0, sizeof *out);
    enum skeym_error error =
        skeym_home_file_read(&data, &size, folder, "keyring", SKEYM_KEYRING_BYTES, true);
    if (error != SKEYM_OK) {
        return error;
    }
    error = skeym_keyring_decode(out, skeym_span(data, size));
    skeym_crypto_wipe(data, size);
    free(data);
    return error;
}

enum skeym_error skeym_home_keyring(struct skeym_keyring *out, const char *dir)
{
    int folder, lock;
    memset(out, 0, sizeof *out);
    enum skeym_error error = skeym_home_enter(&folder, &lock, dir, true);
    if (error == SKEYM_OK) {
        error = skeym_home_read_keyring(out, folder);
        skeym_home_leave(folder, lock);
    }
    return error;
}

/* Padding cannot differ: both began as zeros, and one as the other's copy. */
static bool changed(const struct skeym_keyring *before, const struct skeym_keyring *after)
{
    return !skeym_crypto_equal(before, after, sizeof *before);
}

enum skeym_error skeym_home_update(struct skeym_keyring *out, const char *dir, uint64_t now_ms,
                                   skeym_home_change change, void *arg)
{
    struct skeym_keyring before = {0};
    struct skeym_keyring keyring = {0};
    int folder, lock;
    bool moved;
    if (out) {
        memset(out, 0, sizeof *out);
    }
    enum skeym_error error = skeym_home_enter(&folder, &lock, dir, false);
    if (error != SKEYM_OK) {
        return error;
    }
    error = skeym_home_read_keyring(&before, folder);
    memcpy(&keyring, &before, sizeof keyring);
    if (error == SKEYM_OK) {
        error = skeym_keyring_advance(&keyring, now_ms, &moved);
    }
    if (error == SKEYM_OK && change) {
        error = change(&keyring, arg);
    }
    if (error == SKEYM_OK && changed(&before, &keyring)) {
        error = write_keyring(folder, &keyring);
    }
    if (error == SKEYM_OK && out) {
        *out = keyring;
    }
    skeym_home_leave(folder, lock);
    skeym_crypto_wipe(&before, sizeof before);
    skeym_crypto_wipe(&keyring, sizeof keyring);
    return error;
}

/* --- revoked --------------------------------------------------------------- */

static enum skeym_error parse_list(struct skeym_revoked *out, struct skeym_span text,
                                   const struct skeym_keyring *keyring)
{
    size_t room = 2; /* and one for an entry to come */
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        room += text.data[i] == '\n';
    }
    struct skeym_revoked_entry *list = calloc(room, sizeof *list);
    if (!list) {
        return SKEYM_ERR_MEMORY;
    }
    enum skeym_error error = skeym_refusals_read(list, room, &count, text, keyring);
    if (error != SKEYM_OK) {
        free(list);
        return error;
    }
    *out = (struct skeym_revoked){list, count};
    return SKEYM_OK;
}

/* With room for one entry more. */
static enum skeym_error read_list(struct skeym_revoked *out, int folder,
                                  const struct skeym_keyring *keyring)
{
    uint8_t *data = NULL;
    size_t size = 0;
    *out = (struct skeym_revoked){0};
    enum skeym_error error =
        skeym_home_file_read(&data, &size, folder, "revoked", LIST_BYTES, true);
    if (error == SKEYM_OK) {
        error = parse_list(out, skeym_span(data, size), keyring);
    }
    free(data);
    return error;
}

enum skeym_error skeym_home_revoked(struct skeym_revoked *out, const char *dir)
{
    int folder, lock;
    struct skeym_keyring keyring = {0};
    *out = (struct skeym_revoked){0};
    enum skeym_error error = skeym_home_enter(&folder, &lock, dir, true);
    if (error != SKEYM_OK) {
        return error;
    }
    error = skeym_home_read_keyring(&keyring, folder);
    if (error == SKEYM_OK) {
        error = read_list(out, folder, &keyring);
    }
    skeym_home_leave(folder, lock);
    skeym_crypto_wipe(&keyring, sizeof keyring);
    return error;
}

/* Ours, though readers have it const. */
static struct skeym_revoked_entry *entries_of(const struct skeym_revoked *revoked)
{
    struct skeym_revoked_entry *list;
    memcpy(&list, &revoked->at, sizeof list);
    return list;
}

void skeym_home_revoked_free(struct skeym_revoked *revoked)
{
    free(entries_of(revoked));
    *revoked = (struct skeym_revoked){0};
}

const char *skeym_home_culprit(const char *dir, enum skeym_error *error)
{
    struct skeym_keyring keyring;
    struct skeym_revoked revoked;
    int folder, lock;
    if (*error == SKEYM_ERR_BUSY) { /* the folder's lock, which was waited for long enough */
        return NULL;
    }
    *error = skeym_home_enter(&folder, &lock, dir, true);
    if (*error != SKEYM_OK) {
        return NULL;
    }
    const char *name = "keyring";
    *error = skeym_home_read_keyring(&keyring, folder);
    if (*error == SKEYM_OK) {
        name = "revoked";
        *error = read_list(&revoked, folder, &keyring);
        skeym_home_revoked_free(&revoked);
    }
    skeym_home_leave(folder, lock);
    skeym_crypto_wipe(&keyring, sizeof keyring);
    return *error == SKEYM_OK ? NULL : name;
}

/* An entry of its id is raised, or a new one put in its place in the order. */
static void put_entry(struct skeym_revoked *revoked, const struct skeym_name *id,
                      uint32_t generation)
{
    struct skeym_revoked_entry *list = entries_of(revoked);
    for (size_t i = 0; i < revoked->count; i++) {
        if (skeym_span_equal(skeym_name_span(&list[i].id), skeym_name_span(id))) {
            list[i].generation = generation;
            return;
        }
    }
    list[revoked->count++] = (struct skeym_revoked_entry){*id, generation};
    skeym_revoked_sort(list, revoked->count);
}

enum skeym_error skeym_home_revoke(const char *dir, const struct skeym_name *id,
                                   uint32_t generation)
{
    int folder, lock;
    struct skeym_keyring keyring = {0};
    struct skeym_revoked revoked = {0};
    if (generation == 0) {
        return SKEYM_ERR_RANGE;
    }
    enum skeym_error error = skeym_home_enter(&folder, &lock, dir, false);
    if (error != SKEYM_OK) {
        return error;
    }
    error = skeym_home_read_keyring(&keyring, folder);
    if (error == SKEYM_OK) {
        error = read_list(&revoked, folder, &keyring);
    }
    if (error == SKEYM_OK && !skeym_revoked_has(&revoked, id, generation)) {
        put_entry(&revoked, id, generation);
        error = write_list(folder, &revoked, &keyring);
    }
    skeym_home_leave(folder, lock);
    skeym_home_revoked_free(&revoked);
    skeym_crypto_wipe(&keyring, sizeof keyring);
    return error;
}

/* Whether a list that was read so may be replaced: what could not be read now may be whole. */
static enum skeym_error replaceable(enum skeym_error error)
{
    switch (error) {
    case SKEYM_OK:
        return SKEYM_ERR_EXISTS;
    case SKEYM_ERR_MEMORY:
    case SKEYM_ERR_IO:
    case SKEYM_ERR_PERMISSION:
        return error;
    default: /* missing, or damaged */
        return SKEYM_OK;
    }
}

enum skeym_error skeym_home_restore(const char *dir, const struct skeym_revoked *revoked)
{
    int folder, lock;
    struct skeym_keyring keyring = {0};
    struct skeym_revoked old = {0};
    enum skeym_error error = skeym_home_enter(&folder, &lock, dir, false);
    if (error != SKEYM_OK) {
        return error;
    }
    error = skeym_home_read_keyring(&keyring, folder);
    if (error == SKEYM_OK) {
        error = replaceable(read_list(&old, folder, &keyring));
    }
    if (error == SKEYM_OK) {
        error = write_list(folder, revoked, &keyring);
    }
    skeym_home_leave(folder, lock);
    skeym_home_revoked_free(&old);
    skeym_crypto_wipe(&keyring, sizeof keyring);
    return error;
}

/* --- audit ----------------------------------------------------------------- */

enum skeym_error skeym_home_append_audit(int folder, const char *json_line)
{
    char line[LINE_BYTES];
    size_t size = strlen(json_line);
    if (size > sizeof line - 1) {
        return SKEYM_ERR_SIZE;
    }
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)json_line[i] < ' ') {
            return SKEYM_ERR_CHARSET;
        }
        line[i] = json_line[i];
    }
    line[size] = '\n';
    return skeym_home_file_append(folder, "audit", skeym_span(line, size + 1));
}

enum skeym_error skeym_home_audit(const char *dir, const char *json_line)
{
    int folder, lock;
    enum skeym_error error = skeym_home_enter(&folder, &lock, dir, false);
    if (error == SKEYM_OK) {
        error = skeym_home_append_audit(folder, json_line);
        skeym_home_leave(folder, lock);
    }
    return error;
}

enum skeym_error skeym_home_audit_read(char **text, size_t *size, const char *dir)
{
    int folder, lock;
    uint8_t *data = NULL;
    *text = NULL;
    *size = 0;
    enum skeym_error error = skeym_home_enter(&folder, &lock, dir, true);
    if (error == SKEYM_OK) {
        error = skeym_home_file_read(&data, size, folder, "audit", AUDIT_BYTES, true);
        if (error == SKEYM_ERR_MISSING) { /* is an empty text */
            data = calloc(1, 1);
            error = data ? SKEYM_OK : SKEYM_ERR_MEMORY;
        }
        skeym_home_leave(folder, lock);
    }
    *text = (char *)data;
    return error;
}

enum skeym_error skeym_home_read_file(uint8_t **data, size_t *size, const char *path, size_t max,
                                      bool secret)
{
    return skeym_home_file_read(data, size, AT_FDCWD, path, max, secret);
}
