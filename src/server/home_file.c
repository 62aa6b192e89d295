/* SPDX-License-Identifier: Apache-2.0 */
#include "server/home_file.h"
#include "crypto/crypto.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RESERVE SKEYM_HOME_FILE_RESERVE

enum { LOCK_TRIES = 500, LOCK_PAUSE_NS = 20000000 }; /* 10 s */
enum { RESERVE_BYTES = 64 << 10, RESERVE_LEAST = 4 << 10 };

enum skeym_error skeym_home_file_error(int error_number)
{
    switch (error_number) {
    case ENOENT:
    case ENOTDIR:
        return SKEYM_ERR_MISSING;
    case EEXIST:
    case ENOTEMPTY:
        return SKEYM_ERR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return SKEYM_ERR_PERMISSION;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return SKEYM_ERR_NO_SPACE;
    case ELOOP:
    case EISDIR:
    case ENXIO:
        return SKEYM_ERR_NOT_FILE;
    case ENOMEM:
        return SKEYM_ERR_MEMORY;
    default:
        return SKEYM_ERR_IO;
    }
}

static enum skeym_error last_error(void)
{
    return skeym_home_file_error(errno);
}

/* Opens what must be a regular file; O_NONBLOCK, or a named pipe in its place would hang us. */
static enum skeym_error open_regular(int *file, struct stat *state, int folder, const char *name,
                                     int flags)
{
    *file = openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    if (*file < 0) {
        return last_error();
    }
    enum skeym_error error = SKEYM_OK;
    if (fstat(*file, state) != 0) {
        error = last_error();
    } else if (!S_ISREG(state->st_mode)) {
        error = SKEYM_ERR_NOT_FILE;
    }
    if (error != SKEYM_OK) {
        close(*file);
        *file = -1;
    }
    return error;
}

static bool others_may(const struct stat *state)
{
    return (state->st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

/* Up to room bytes; *size falls short of it at the end of the file. */
static enum skeym_error read_all(int file, uint8_t *data, size_t room, size_t *size)
{
    *size = 0;
    while (*size < room) {
        ssize_t got = read(file, data + *size, room - *size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return last_error();
        }
        if (got == 0) {
            break;
        }
        *size += (size_t)got;
    }
    return SKEYM_OK;
}

static enum skeym_error write_all(int file, struct skeym_span content)
{
    while (content.size > 0) {
        ssize_t put = write(file, content.data, content.size);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return last_error();
        }
        content = skeym_span_part(content, (size_t)put, content.size);
    }
    return SKEYM_OK;
}

enum skeym_error skeym_home_file_read(uint8_t **data, size_t *size, int folder, const char *name,
                                      size_t max, bool secret)
{
    struct stat state = {0};
    int file = -1;
    uint8_t *content = NULL;
    *data = NULL;
    *size = 0;
    enum skeym_error error = open_regular(&file, &state, folder, name, O_RDONLY);
    if (error != SKEYM_OK) {
        return error;
    }
    size_t room = 0;
    size_t got = 0;
    if (secret && others_may(&state)) {
        error = SKEYM_ERR_MODE;
        goto out;
    }
    if (state.st_size < 0 || (uint64_t)state.st_size > max) {
        error = SKEYM_ERR_SIZE;
        goto out;
    }
    /* One byte more than there is shows whether the file grew meanwhile. */
    room = (size_t)state.st_size + 1;
    content = calloc(1, room);
    error = content ? read_all(file, content, room, &got) : SKEYM_ERR_MEMORY;
    if (error == SKEYM_OK && got == room) {
        error = SKEYM_ERR_BUSY;
    }
    if (error == SKEYM_OK) {
        *data = content;
        *size = got;
        content = NULL;
    }
out:
    if (content) {
        skeym_crypto_wipe(content, room);
        free(content);
    }
    close(file);
    return error;
}

/* New files belong to the folder's owner; only root can give them away, and only root needs to. */
static enum skeym_error own(int file, int folder)
{
    struct stat state;
    if (fchmod(file, 0600) != 0 || fstat(folder, &state) != 0) {
        return last_error();
    }
    if (geteuid() == 0 && fchown(file, state.st_uid, state.st_gid) != 0) {
        return last_error();
    }
    return SKEYM_OK;
}

/* Zeros over a content that no name stands for any more. On a file system that writes in place the
 * old keys are then gone from the medium's addresses. It is an effort, not a promise: an SSD keeps
 * what it remapped, a copy-on-write or journaling file system its old blocks, a snapshot all of it.
 * A folder on an encrypted disk, or on one that forgets, is the answer to that. */
static void overwrite(int file)
{
    static const uint8_t zeros[4096];
    struct stat state;
    if (file < 0 || fstat(file, &state) != 0 || !S_ISREG(state.st_mode) || state.st_nlink > 0) {
        return;
    }
    off_t left = state.st_size;
    while (left > 0) {
        size_t part = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;
        if (write_all(file, skeym_span(zeros, part)) != SKEYM_OK) {
            return;
        }
        left -= (off_t)part;
    }
    (void)fsync(file);
}

/* ".NAME.new": one name a file, so that what a crash left behind does not pile up. */
static bool temporary_name(char out[64], const char *name)
{
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)out, 64});
    skeym_write_text(&writer, ".");
    skeym_write_text(&writer, name);
    skeym_write_text(&writer, ".new");
    skeym_write_u8(&writer, 0);
    return skeym_writer_end(&writer) == SKEYM_OK;
}

static enum skeym_error replace(int folder, const char *name, struct skeym_span content)
{
    char temporary[64];
    enum skeym_error error = SKEYM_ERR_USAGE;
    int old = -1;
    int file = -1;
    bool made = false;
    if (!temporary_name(temporary, name)) {
        return error;
    }
    /* Under the lock, a temporary file is one that a crash left. */
    if (unlinkat(folder, temporary, 0) != 0 && errno != ENOENT) {
        error = last_error();
        goto out;
    }
    file = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) {
        error = last_error();
        goto out;
    }
    made = true;
    error = own(file, folder);
    if (error == SKEYM_OK) {
        error = write_all(file, content);
    }
    if (error == SKEYM_OK && fsync(file) != 0) {
        error = last_error();
    }
    if (error != SKEYM_OK) {
        goto out;
    }
    old = openat(folder, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (renameat(folder, temporary, folder, name) != 0) {
        error = last_error();
        goto out;
    }
    made = false;
    if (fsync(folder) != 0) {
        error = last_error();
        goto out;
    }
    overwrite(old);
out:
    if (made) {
        (void)unlinkat(folder, temporary, 0);
    }
    if (old >= 0) {
        close(old);
    }
    if (file >= 0) {
        close(file);
    }
    return error;
}

/* Fills the reserve up to so many bytes, or to as much as the disk has. */
static void keep_reserve(int folder, size_t want)
{
    struct stat state = {0};
    int file = -1;
    if (open_regular(&file, &state, folder, RESERVE, O_RDWR | O_CREAT) != SKEYM_OK) {
        return;
    }
    if (own(file, folder) == SKEYM_OK) {
        while (want > (size_t)state.st_size && want >= RESERVE_LEAST &&
               posix_fallocate(file, 0, (off_t)want) != 0) {
            want /= 2;
        }
    }
    close(file);
}

/* false: there was nothing in it. */
static bool free_reserve(int folder)
{
    struct stat state = {0};
    int file = -1;
    if (open_regular(&file, &state, folder, RESERVE, O_RDWR) != SKEYM_OK) {
        return false;
    }
    /* A journaling file system gives blocks out again only once it has written down their end. */
    bool freed = state.st_size > 0 && ftruncate(file, 0) == 0 && fsync(file) == 0;
    close(file);
    return freed;
}

enum skeym_error skeym_home_file_replace(int folder, const char *name, struct skeym_span content)
{
    size_t want = content.size > RESERVE_BYTES / 2 ? 2 * content.size : RESERVE_BYTES;
    enum skeym_error error = replace(folder, name, content);
    if (error == SKEYM_ERR_NO_SPACE && free_reserve(folder)) {
        error = replace(folder, name, content);
    }
    keep_reserve(folder, want);
    return error;
}

/* true when the file ends inside a line. */
static bool cut_short(int file, off_t size)
{
    uint8_t last = '\n';
    return size > 0 && pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

enum skeym_error skeym_home_file_append(int folder, const char *name, struct skeym_span line)
{
    struct stat state = {0};
    int file = -1;
    enum skeym_error error = open_regular(&file, &state, folder, name, O_RDWR | O_APPEND | O_CREAT);
    if (error != SKEYM_OK) {
        return error;
    }
    if (others_may(&state)) {
        error = SKEYM_ERR_MODE;
        goto out;
    }
    if (state.st_size == 0) {
        error = own(file, folder);
    }
    if (error == SKEYM_OK && cut_short(file, state.st_size)) {
        error = write_all(file, skeym_span_text("\n"));
    }
    if (error == SKEYM_OK) {
        error = write_all(file, line);
    }
    if (error == SKEYM_OK && fsync(file) != 0) {
        error = last_error();
    }
    if (error == SKEYM_OK && state.st_size == 0 && fsync(folder) != 0) {
        error = last_error();
    }
    if (error != SKEYM_OK && ftruncate(file, state.st_size) != 0) {
        error = last_error();
    }
out:
    close(file);
    return error;
}

enum skeym_error skeym_home_file_lock(int *lock, int folder, bool shared)
{
    const struct timespec pause = {0, LOCK_PAUSE_NS};
    struct stat state = {0};
    enum skeym_error error = open_regular(lock, &state, folder, "lock", O_RDWR | O_CREAT);
    if (error != SKEYM_OK) {
        return error;
    }
    error = others_may(&state) ? SKEYM_ERR_MODE : own(*lock, folder);
    for (int i = 0; error == SKEYM_OK; i++) {
        if (flock(*lock, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) {
            return SKEYM_OK;
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            error = last_error();
        } else if (i == LOCK_TRIES) {
            error = SKEYM_ERR_BUSY;
        } else {
            (void)nanosleep(&pause, NULL);
        }
    }
    close(*lock);
    *lock = -1;
    return error;
}
