/* SPDX-License-Identifier: Apache-2.0 */
/* The part of fail.c that is between SQLite and its file system. */
#include "fail.h"
#include <dlfcn.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct file {
    sqlite3_file base;
    sqlite3_io_methods methods;
    sqlite3_file *real; /* lies behind this */
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct file *)file)->real;
}

/* type name(parameters) of an open file. */
#define METHOD(kind, name, parameters, arguments)                                                  \
    static int name parameters                                                                     \
    {                                                                                              \
        int code = SQLITE_IOERR;                                                                   \
        sqlite3_file *real = real_of(file);                                                        \
        return fail_now(FAIL_##kind, __builtin_return_address(0), &code)                           \
                   ? code                                                                          \
                   : real->pMethods->name arguments;                                               \
    }

METHOD(vfs_read, xRead, (sqlite3_file * file, void *out, int size, sqlite3_int64 at),
       (real, out, size, at))
METHOD(vfs_write, xWrite, (sqlite3_file * file, const void *data, int size, sqlite3_int64 at),
       (real, data, size, at))
METHOD(vfs_truncate, xTruncate, (sqlite3_file * file, sqlite3_int64 size), (real, size))
METHOD(vfs_sync, xSync, (sqlite3_file * file, int flags), (real, flags))
METHOD(vfs_size, xFileSize, (sqlite3_file * file, sqlite3_int64 *out), (real, out))
METHOD(vfs_lock, xLock, (sqlite3_file * file, int level), (real, level))
METHOD(vfs_lock, xCheckReservedLock, (sqlite3_file * file, int *out), (real, out))
METHOD(vfs_control, xFileControl, (sqlite3_file * file, int what, void *arg), (real, what, arg))
METHOD(vfs_shm_map, xShmMap,
       (sqlite3_file * file, int part, int size, int extend, void volatile **out),
       (real, part, size, extend, out))
METHOD(vfs_shm_lock, xShmLock, (sqlite3_file * file, int at, int count, int flags),
       (real, at, count, flags))

/* Errors of these are not looked at; they only pass through. */
static int xClose(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

METHOD(vfs_unlock, xUnlock, (sqlite3_file * file, int level), (real, level))

static int xSectorSize(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int xDeviceCharacteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static void xShmBarrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int xShmUnmap(sqlite3_file *file, int forget)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), forget);
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *out, int flags, int *given)
{
    static const sqlite3_io_methods all = {
        2,
        xClose,
        xRead,
        xWrite,
        xTruncate,
        xSync,
        xFileSize,
        xLock,
        xUnlock,
        xCheckReservedLock,
        xFileControl,
        xSectorSize,
        xDeviceCharacteristics,
        xShmMap,
        xShmLock,
        xShmBarrier,
        xShmUnmap,
        NULL,
        NULL,
    };
    struct file *file = (struct file *)out;
    int code = SQLITE_CANTOPEN;
    (void)vfs;
    memset(file, 0, sizeof *file);
    if (fail_now(FAIL_vfs_open, __builtin_return_address(0), &code)) {
        return code;
    }
    file->real = (sqlite3_file *)(file + 1);
    code = real_vfs->xOpen(real_vfs, name, file->real, flags, given);
    if (file->real->pMethods) {
        file->methods = all;
        file->base.pMethods = &file->methods;
    }
    return code;
}

#define CALL(kind, name, parameters, arguments)                                                    \
    static int name parameters                                                                     \
    {                                                                                              \
        int code = SQLITE_IOERR;                                                                   \
        (void)vfs;                                                                                 \
        return fail_now(FAIL_##kind, __builtin_return_address(0), &code)                           \
                   ? code                                                                          \
                   : real_vfs->name arguments;                                                     \
    }

CALL(vfs_delete, xDelete, (sqlite3_vfs * vfs, const char *name, int sync), (real_vfs, name, sync))
CALL(vfs_access, xAccess, (sqlite3_vfs * vfs, const char *name, int flags, int *out),
     (real_vfs, name, flags, out))
CALL(vfs_path, xFullPathname, (sqlite3_vfs * vfs, const char *name, int size, char *out),
     (real_vfs, name, size, out))

void fail_vfs_install(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *(*find)(const char *) = NULL;
    int (*add)(sqlite3_vfs *, int) = NULL;
    *(void **)&find = dlsym(RTLD_DEFAULT, "sqlite3_vfs_find");
    *(void **)&add = dlsym(RTLD_DEFAULT, "sqlite3_vfs_register");
    real_vfs = find && add ? find(NULL) : NULL;
    if (!real_vfs) {
        return;
    }
    vfs = *real_vfs;
    vfs.pNext = NULL;
    vfs.zName = "fail";
    vfs.szOsFile = real_vfs->szOsFile + (int)sizeof(struct file);
    vfs.xOpen = open_file;
    vfs.xDelete = xDelete;
    vfs.xAccess = xAccess;
    vfs.xFullPathname = xFullPathname;
    (void)add(&vfs, 1);
}
