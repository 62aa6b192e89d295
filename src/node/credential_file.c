/* SPDX-License-Identifier: Apache-2.0 */
#include "node/credential_file.h"
#include "crypto/crypto.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY ".XXXXXX"

static const struct {
    int number;
    enum skeym_error error;
} errors[] = {
    {ENOENT, SKEYM_ERR_MISSING},    {ENOTDIR, SKEYM_ERR_MISSING},  {EEXIST, SKEYM_ERR_EXISTS},
    {EACCES, SKEYM_ERR_PERMISSION}, {EPERM, SKEYM_ERR_PERMISSION}, {EROFS, SKEYM_ERR_PERMISSION},
    {ENOSPC, SKEYM_ERR_NO_SPACE},   {EDQUOT, SKEYM_ERR_NO_SPACE},  {EFBIG, SKEYM_ERR_NO_SPACE},
    {ELOOP, SKEYM_ERR_NOT_FILE},    {EISDIR, SKEYM_ERR_NOT_FILE},  {ENXIO, SKEYM_ERR_NOT_FILE},
};

static enum skeym_error last_error(void)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i].number == errno) {
            return errors[i].error;
        }
    }
    return SKEYM_ERR_IO;
}

static enum skeym_error check_state(int file)
{
    struct stat state;
    if (fstat(file, &state) != 0) {
        return last_error();
    }
    if (!S_ISREG(state.st_mode)) {
        return SKEYM_ERR_NOT_FILE;
    }
    return state.st_mode & (S_IRWXG | S_IRWXO) ? SKEYM_ERR_MODE : SKEYM_OK;
}

enum skeym_error skeym_credential_file_read(struct skeym_room out, size_t *size, const char *path)
{
    *size = 0;
    /* O_NONBLOCK: a named pipe in the file's place would hang us. */
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        return last_error();
    }
    size_t got = 0;
    enum skeym_error error = check_state(file);
    while (error == SKEYM_OK && got < out.room) {
        ssize_t part = read(file, out.data + got, out.room - got);
        if (part == 0) {
            break;
        }
        if (part > 0) {
            got += (size_t)part;
        } else if (errno != EINTR) {
            error = last_error();
        }
    }
    uint8_t more;
    if (error == SKEYM_OK && got == out.room && read(file, &more, 1) != 0) {
        error = SKEYM_ERR_SIZE;
    }
    if (error == SKEYM_OK) {
        *size = got;
    } else {
        skeym_crypto_wipe(out.data, got);
    }
    close(file);
    return error;
}

static enum skeym_error fill(int file, struct skeym_span content, const char *path)
{
    struct stat old;
    if (fchmod(file, 0600) != 0) {
        return last_error();
    }
    if (geteuid() == 0 && lstat(path, &old) == 0 && S_ISREG(old.st_mode) &&
        fchown(file, old.st_uid, old.st_gid) != 0) {
        return last_error();
    }
    while (content.size > 0) {
        ssize_t put = write(file, content.data, content.size);
        if (put >= 0) {
            content = skeym_span_part(content, (size_t)put, content.size);
        } else if (errno != EINTR) {
            return last_error();
        }
    }
    return fsync(file) == 0 ? SKEYM_OK : last_error();
}

/* Moves the temporary file to its name; exclusive: only if nothing has it. */
static enum skeym_error place(const char *temporary, const char *path, bool exclusive)
{
    if (!exclusive) {
        return rename(temporary, path) == 0 ? SKEYM_OK : last_error();
    }
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
        return SKEYM_OK;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return last_error();
    }
    /* A file system without that: a second name, then the first one goes. */
    if (link(temporary, path) != 0) {
        return last_error();
    }
    if (unlink(temporary) == 0) {
        return SKEYM_OK;
    }
    enum skeym_error error = last_error();
    (void)unlink(path);
    return error;
}

/* The folder that a name is in; path is shorter than PATH_MAX. */
static void folder_of(char folder[PATH_MAX], const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) + 1 : 0;
    memcpy(folder, slash ? path : ".", slash ? size : 1);
    folder[slash ? size : 1] = '\0';
}

static enum skeym_error sync_folder(const char *path)
{
    char folder[PATH_MAX];
    folder_of(folder, path);
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) {
        /* A folder that may be written but not read cannot be synced: the file is in place. */
        return errno == EACCES ? SKEYM_OK : last_error();
    }
    enum skeym_error error = fsync(file) == 0 ? SKEYM_OK : last_error();
    close(file);
    return error;
}

/* Gives a file without a name a random one, and moves that to path. Only who is killed between
 * these two calls leaves it behind. */
static enum skeym_error put_in_place(const char *self, const char *path)
{
    char temporary[PATH_MAX];
    uint8_t random[3];
    enum skeym_error error = skeym_crypto_random(random, sizeof random);
    if (error != SKEYM_OK) {
        return error;
    }
    (void)snprintf(temporary, sizeof temporary, "%s.%02x%02x%02x", path, random[0], random[1],
                   random[2]);
    if (linkat(AT_FDCWD, self, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) != 0) {
        return last_error();
    }
    if (rename(temporary, path) != 0) {
        error = last_error();
        (void)unlink(temporary);
    }
    return error;
}

/* A file that has no name until it is whole and on the disk: who is killed leaves none behind, and
 * no secret in it. *able: false where the file system, or a missing /proc, does not let us. */
static enum skeym_error write_nameless(const char *path, struct skeym_span content, bool exclusive,
                                       bool *able)
{
    char folder[PATH_MAX];
    char self[32];
    folder_of(folder, path);
    int file = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) {
        *able = errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT;
        return last_error();
    }
    *able = true;
    enum skeym_error error = fill(file, content, path);
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", file);
    if (error == SKEYM_OK && !exclusive) {
        error = put_in_place(self, path);
        *able = error == SKEYM_OK; /* a rule may forbid links, and not names */
    } else if (error == SKEYM_OK &&
               linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0) {
        *able = errno != ENOENT;
        error = last_error();
    }
    close(file);
    return error;
}

static enum skeym_error write_named(const char *path, struct skeym_span content, bool exclusive)
{
    char temporary[PATH_MAX];
    (void)snprintf(temporary, sizeof temporary, "%s" TEMPORARY, path);
    int file = mkostemp(temporary, O_CLOEXEC);
    if (file < 0) {
        return last_error();
    }
    enum skeym_error error = fill(file, content, path);
    close(file);
    if (error == SKEYM_OK) {
        error = place(temporary, path, exclusive);
    }
    if (error != SKEYM_OK) {
        (void)unlink(temporary);
    }
    return error;
}

enum skeym_error skeym_credential_file_write(const char *path, struct skeym_span content,
                                             bool exclusive)
{
    bool able = false;
    if (strlen(path) > PATH_MAX - sizeof TEMPORARY) {
        return SKEYM_ERR_SIZE;
    }
    enum skeym_error error = write_nameless(path, content, exclusive, &able);
    if (!able) {
        error = write_named(path, content, exclusive);
    }
    if (error != SKEYM_OK) {
        return error;
    }
    error = sync_folder(path);
    if (error != SKEYM_OK && exclusive) { /* who is told that it failed finds no file */
        (void)unlink(path);
    }
    return error;
}
