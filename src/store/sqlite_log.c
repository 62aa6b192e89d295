/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_log.h"

#include "store/sqlite.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { GATHER_BYTES = 124 << 10 }; /* the system's file takes less than 128 KiB at a time */

/* What SQLite gives memory for; the system's own file lies behind it. */
struct log_file {
    sqlite3_file base; /* first: SQLite knows no more of it */
    uint8_t *buffer;   /* GATHER_BYTES, from the first write on */
    size_t size;       /* of it, gathered */
    sqlite3_int64 at;  /* where that belongs */
};

static sqlite3_vfs *parent; /* SQLite's own; set once */

static struct log_file *own(sqlite3_file *file)
{
    return (struct log_file *)(void *)file;
}

static sqlite3_file *behind(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)(own(file) + 1);
}

/* What could not be written stays, so that a sync fails, too. */
static int flush(sqlite3_file *file)
{
    struct log_file *log = own(file);
    int code = SQLITE_OK;
    if (log->size) {
        code = behind(file)->pMethods->xWrite(behind(file), log->buffer, (int)log->size, log->at);
    }
    log->size = code == SQLITE_OK ? 0 : log->size;
    return code;
}

/* For who takes the transaction back when it fails: what was gathered is of no use any more, and
 * must not keep the next from a disk that has room for less. */
static int flush_or_drop(sqlite3_file *file)
{
    int code = flush(file);
    own(file)->size = 0;
    return code;
}

static int log_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at)
{
    struct log_file *log = own(file);
    size_t more = size > 0 ? (size_t)size : 0;
    bool follows = at == log->at + (sqlite3_int64)log->size && more <= GATHER_BYTES - log->size;
    int code = follows ? SQLITE_OK : flush_or_drop(file);
    if (code != SQLITE_OK) {
        return code;
    }
    if (!log->buffer) {
        log->buffer = malloc(GATHER_BYTES);
    }
    if (!log->buffer || more > GATHER_BYTES) {
        return behind(file)->pMethods->xWrite(behind(file), data, size, at);
    }
    log->at = log->size ? log->at : at;
    memcpy(log->buffer + log->size, data, more);
    log->size += more;
    return SQLITE_OK;
}

static int log_close(sqlite3_file *file)
{
    int code = flush(file);
    int closed = behind(file)->pMethods->xClose(behind(file));
    free(own(file)->buffer);
    own(file)->buffer = NULL;
    return code != SQLITE_OK ? code : closed;
}

/* --- what needs all of it there --------------------------------------------------------- */

static int log_read(sqlite3_file *file, void *out, int size, sqlite3_int64 at)
{
    int code = flush(file);
    return code != SQLITE_OK ? code : behind(file)->pMethods->xRead(behind(file), out, size, at);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = flush(file);
    return code != SQLITE_OK ? code : behind(file)->pMethods->xTruncate(behind(file), size);
}

static int log_sync(sqlite3_file *file, int flags)
{
    int code = flush_or_drop(file);
    return code != SQLITE_OK ? code : behind(file)->pMethods->xSync(behind(file), flags);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size)
{
    int code = flush(file);
    return code != SQLITE_OK ? code : behind(file)->pMethods->xFileSize(behind(file), size);
}

static int log_control(sqlite3_file *file, int what, void *arg)
{
    int code = flush(file);
    return code != SQLITE_OK ? code : behind(file)->pMethods->xFileControl(behind(file), what, arg);
}

/* --- the rest as it was ------------------------------------------------------------------- */

static int log_lock(sqlite3_file *file, int how)
{
    return behind(file)->pMethods->xLock(behind(file), how);
}

static int log_unlock(sqlite3_file *file, int how)
{
    return behind(file)->pMethods->xUnlock(behind(file), how);
}

static int log_reserved(sqlite3_file *file, int *out)
{
    return behind(file)->pMethods->xCheckReservedLock(behind(file), out);
}

static int log_sector(sqlite3_file *file)
{
    return behind(file)->pMethods->xSectorSize(behind(file));
}

static int log_traits(sqlite3_file *file)
{
    return behind(file)->pMethods->xDeviceCharacteristics(behind(file));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, /* no more is asked of a log: its index is the database file's */
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_reserved,
    .xFileControl = log_control,
    .xSectorSize = log_sector,
    .xDeviceCharacteristics = log_traits,
};

/* Another file than a log is the system's from the start: its memory is enough for both. */
static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL)) {
        return parent->xOpen(parent, name, file, flags, out_flags);
    }
    memset(file, 0, sizeof *own(file));
    int code = parent->xOpen(parent, name, behind(file), flags, out_flags);
    if (code == SQLITE_OK) {
        file->pMethods = &methods;
    }
    return code;
}

static sqlite3_vfs gathering;

static void make(void)
{
    parent = sqlite3_vfs_find(NULL);
    if (parent) {
        gathering = *parent;
        gathering.zName = "skeym";
        gathering.pNext = NULL;
        gathering.szOsFile = parent->szOsFile + (int)sizeof(struct log_file);
        gathering.xOpen = open_file;
        parent = sqlite3_vfs_register(&gathering, 0) == SQLITE_OK ? parent : NULL;
    }
}

const char *skeym_sqlite_log(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, make);
    return parent ? gathering.zName : NULL;
}
