/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For ./dev crash, loaded before the C library: writes down every change that a program makes to
 * the files under $SKEYM_TRACE_DIR, and every fsync, in one order for all processes, so that
 * disk.mjs can tell what a power cut at any moment may have left. A record, numbers little-endian:
 *
 *     u32 size of all || u8 what || u8[3] 0 || u64 file (its inode) || u64 at || u16 size || path
 *         || u16 size || second path || data
 *
 * at: of a write its offset, of a size the new size, of a sync the length that the trace had when
 * the sync began: what was written later is not promised by it. Paths are relative to the folder.
 * Nothing is really synced: the disk of these runs is the trace.
 *
 * $SKEYM_TRACE_KILL: after so many records this process dies by SIGKILL; $SKEYM_TRACE_STOP: after
 * the next one once there is a file of this name. So it dies between two of its operations, and
 * trace and folder never differ.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum what { CREATE = 1, WRITE, SIZE, SYNC, RENAME, LINK, UNLINK, MAKE_FOLDER };
enum { SYNC_TAKES_NS = 2000000 }; /* as a disk does: others go on meanwhile */

#define REAL(type, name, args)                                                                     \
    static type(*real_##name) args;                                                                \
    static void find_##name(void)                                                                  \
    {                                                                                              \
        *(void **)&real_##name = dlsym(RTLD_NEXT, #name);                                          \
    }

REAL(int, openat, (int, const char *, int, ...))
REAL(ssize_t, write, (int, const void *, size_t))
REAL(ssize_t, pwrite, (int, const void *, size_t, off_t))
REAL(int, ftruncate, (int, off_t))
REAL(int, posix_fallocate, (int, off_t, off_t))
REAL(int, renameat2, (int, const char *, int, const char *, unsigned))
REAL(int, linkat, (int, const char *, int, const char *, int))
REAL(int, unlinkat, (int, const char *, int))
REAL(int, mkdir, (const char *, mode_t))
REAL(int, mkostemp, (char *, int))

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static const char *stop;
static size_t folder_size;
static int trace = -1;
static long left = -1; /* records until the end of this process; -1: no end */

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("SKEYM_TRACE");
    const char *until = getenv("SKEYM_TRACE_KILL");
    find_openat(), find_write(), find_pwrite(), find_ftruncate(), find_posix_fallocate();
    find_renameat2(), find_linkat(), find_unlinkat(), find_mkdir(), find_mkostemp();
    folder = getenv("SKEYM_TRACE_DIR");
    stop = getenv("SKEYM_TRACE_STOP");
    folder_size = folder ? strlen(folder) : 0;
    left = until ? strtol(until, NULL, 10) : -1;
    if (path && folder) {
        trace = real_openat(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    }
}

static void lock(void)
{
    (void)pthread_mutex_lock(&mutex);
    if (trace >= 0) {
        (void)flock(trace, LOCK_EX);
    }
}

static void unlock(void)
{
    int number = errno;
    if (trace >= 0) {
        (void)flock(trace, LOCK_UN);
    }
    (void)pthread_mutex_unlock(&mutex);
    errno = number;
}

/* Relative to the folder; NULL when it is not in it, or nobody's concern. */
static const char *inside(const char *path)
{
    size_t size = path ? strlen(path) : 0;
    bool in = trace >= 0 && size > folder_size && memcmp(path, folder, folder_size) == 0 &&
              path[folder_size] == '/';
    bool shared = size > 4 && strcmp(path + size - 4, "-shm") == 0; /* memory, made anew */
    return in && !shared ? path + folder_size + 1 : NULL;
}

static const char *path_of(char out[PATH_MAX], int file)
{
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, out, PATH_MAX - 1);
    out[size > 0 ? size : 0] = 0;
    return inside(out);
}

static const char *path_at(char out[PATH_MAX], int at, const char *name)
{
    char base[PATH_MAX] = "";
    if (name[0] == '/') {
        (void)snprintf(out, PATH_MAX, "%s", name);
    } else {
        if (at == AT_FDCWD) {
            (void)!getcwd(base, sizeof base);
        } else {
            (void)path_of(base, at);
        }
        size_t size = strlen(base);
        (void)snprintf(out, PATH_MAX, "%s", base);
        (void)snprintf(out + size, PATH_MAX - size, "/%s", name);
    }
    return inside(out);
}

static uint8_t *put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++, value >>= 8) {
        *at++ = (uint8_t)value;
    }
    return at;
}

static uint8_t *put_path(uint8_t *at, const char *path)
{
    size_t size = path ? strlen(path) : 0;
    at = put(at, size, 2);
    if (size > 0) {
        memcpy(at, path, size);
    }
    return at + size;
}

/* Under the lock, in one write. */
static void record(enum what what, uint64_t file, uint64_t at, const char *path, const char *second,
                   const void *data, size_t size)
{
    size_t all = 28 + (path ? strlen(path) : 0) + (second ? strlen(second) : 0) + size;
    uint8_t *bytes = malloc(all);
    if (!bytes) {
        abort();
    }
    uint8_t *to = put(bytes, all, 4);
    to = put(to, what, 4);
    to = put(to, file, 8);
    to = put(to, at, 8);
    to = put_path(to, path);
    to = put_path(to, second);
    if (size > 0) {
        memcpy(to, data, size);
    }
    if (real_write(trace, bytes, all) != (ssize_t)all) {
        abort();
    }
    free(bytes);
    bool over = left > 0 && --left == 0;
    if (over || (stop && access(stop, F_OK) == 0)) {
        (void)raise(SIGKILL);
    }
}

static int open_traced(int at, const char *name, int flags, mode_t mode)
{
    char path[PATH_MAX];
    struct stat state;
    bool nameless = (flags & O_TMPFILE) == O_TMPFILE;
    const char *in = (flags & O_CREAT) != 0 || nameless ? path_at(path, at, name) : NULL;
    if (!in) {
        return real_openat(at, name, flags, mode);
    }
    lock();
    bool there = !nameless && fstatat(at, name, &state, AT_SYMLINK_NOFOLLOW) == 0;
    int file = real_openat(at, name, flags, mode);
    in = nameless && file >= 0 ? path_of(path, file) : in; /* what the kernel calls it */
    if (file >= 0 && in && !there && fstat(file, &state) == 0) {
        record(CREATE, state.st_ino, 0, in, NULL, NULL, 0);
    }
    unlock();
    return file;
}

#define OPEN(name, parameters, at)                                                                 \
    int name parameters                                                                            \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                       \
            va_list list;                                                                          \
            va_start(list, flags);                                                                 \
            mode = va_arg(list, mode_t);                                                           \
            va_end(list);                                                                          \
        }                                                                                          \
        return open_traced(at, path, flags, mode);                                                 \
    }

OPEN(open, (const char *path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD)
OPEN(openat, (int at, const char *path, int flags, ...), at)
OPEN(openat64, (int at, const char *path, int flags, ...), at)

int mkostemp(char *name, int flags)
{
    char path[PATH_MAX];
    struct stat state;
    lock();
    int file = real_mkostemp(name, flags);
    const char *in = path_at(path, AT_FDCWD, name);
    if (file >= 0 && in && fstat(file, &state) == 0) {
        record(CREATE, state.st_ino, 0, in, NULL, NULL, 0);
    }
    unlock();
    return file;
}

static bool is_traced(int file, struct stat *state)
{
    char path[PATH_MAX];
    return trace >= 0 && file > 2 && fstat(file, state) == 0 && S_ISREG(state->st_mode) &&
           path_of(path, file);
}

ssize_t write(int file, const void *data, size_t size)
{
    struct stat state;
    if (!is_traced(file, &state)) {
        return real_write(file, data, size);
    }
    lock();
    bool append = (fcntl(file, F_GETFL) & O_APPEND) != 0 && fstat(file, &state) == 0;
    off_t at = append ? state.st_size : lseek(file, 0, SEEK_CUR);
    ssize_t put = real_write(file, data, size);
    if (put > 0) {
        record(WRITE, state.st_ino, (uint64_t)at, NULL, NULL, data, (size_t)put);
    }
    unlock();
    return put;
}

ssize_t pwrite(int file, const void *data, size_t size, off_t at)
{
    struct stat state;
    if (!is_traced(file, &state)) {
        return real_pwrite(file, data, size, at);
    }
    lock();
    ssize_t put = real_pwrite(file, data, size, at);
    if (put > 0) {
        record(WRITE, state.st_ino, (uint64_t)at, NULL, NULL, data, (size_t)put);
    }
    unlock();
    return put;
}

ssize_t pwrite64(int file, const void *data, size_t size, off_t at)
{
    return pwrite(file, data, size, at);
}

int ftruncate(int file, off_t size)
{
    struct stat state;
    if (!is_traced(file, &state)) {
        return real_ftruncate(file, size);
    }
    lock();
    int result = real_ftruncate(file, size);
    if (result == 0) {
        record(SIZE, state.st_ino, (uint64_t)size, NULL, NULL, NULL, 0);
    }
    unlock();
    return result;
}

int ftruncate64(int file, off_t size)
{
    return ftruncate(file, size);
}

int posix_fallocate(int file, off_t at, off_t size)
{
    struct stat state;
    if (!is_traced(file, &state)) {
        return real_posix_fallocate(file, at, size);
    }
    lock();
    int result = real_posix_fallocate(file, at, size);
    if (result == 0 && at + size > state.st_size) {
        record(SIZE, state.st_ino, (uint64_t)(at + size), NULL, NULL, NULL, 0);
    }
    unlock();
    return result;
}

int fsync(int file)
{
    const struct timespec takes = {0, SYNC_TAKES_NS};
    struct stat state;
    if (fstat(file, &state) != 0) {
        return -1;
    }
    if (trace < 0 || !(S_ISREG(state.st_mode) || S_ISDIR(state.st_mode))) {
        return 0;
    }
    lock();
    uint64_t from = (uint64_t)lseek(trace, 0, SEEK_END);
    unlock();
    (void)nanosleep(&takes, NULL);
    lock();
    record(SYNC, state.st_ino, from, NULL, NULL, NULL, 0);
    unlock();
    return 0;
}

int fdatasync(int file)
{
    return fsync(file);
}

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    char from_path[PATH_MAX];
    char to_path[PATH_MAX];
    const char *from_in = path_at(from_path, from_at, from);
    const char *to_in = path_at(to_path, to_at, to);
    lock();
    int result = real_renameat2(from_at, from, to_at, to, flags);
    if (result == 0 && from_in && to_in) {
        record(RENAME, 0, 0, from_in, to_in, NULL, 0);
    }
    unlock();
    return result;
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
    return renameat2(from_at, from, to_at, to, 0);
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int link(const char *from, const char *to)
{
    char from_path[PATH_MAX];
    char to_path[PATH_MAX];
    const char *from_in = path_at(from_path, AT_FDCWD, from);
    const char *to_in = path_at(to_path, AT_FDCWD, to);
    lock();
    int result = real_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0 && from_in && to_in) {
        record(LINK, 0, 0, from_in, to_in, NULL, 0);
    }
    unlock();
    return result;
}

/* The name of a file that had none. */
int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
    char from_path[PATH_MAX] = "";
    char to_path[PATH_MAX];
    ssize_t size = readlink(from, from_path, sizeof from_path - 1);
    const char *from_in = size > 0 ? inside(from_path) : NULL;
    const char *to_in = path_at(to_path, to_at, to);
    lock();
    int result = real_linkat(from_at, from, to_at, to, flags);
    if (result == 0 && from_in && to_in) {
        record(RENAME, 0, 0, from_in, to_in, NULL, 0);
    }
    unlock();
    return result;
}

int unlinkat(int at, const char *name, int flags)
{
    char path[PATH_MAX];
    const char *in = path_at(path, at, name);
    lock();
    int result = real_unlinkat(at, name, flags);
    if (result == 0 && in) {
        record(UNLINK, 0, 0, in, NULL, NULL, 0);
    }
    unlock();
    return result;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int mkdir(const char *name, mode_t mode)
{
    char path[PATH_MAX];
    struct stat state;
    const char *in = path_at(path, AT_FDCWD, name);
    lock();
    int result = real_mkdir(name, mode);
    if (result == 0 && in && stat(name, &state) == 0) {
        record(MAKE_FOLDER, state.st_ino, 0, in, NULL, NULL, 0);
    }
    unlock();
    return result;
}
