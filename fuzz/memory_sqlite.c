/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database of a fuzz target lies in memory that its connections share (the linker puts this in
 * the place of what opens a file), so that an execution makes no system call for it. No use where
 * the store writes: there, what reads would hold it up. The committed inputs run over a file too
 * (fuzz_regress).
 */
#include <sqlite3.h>
#include <stdio.h>

int __real_sqlite3_open_v2(const char *path, sqlite3 **db, int flags, const char *vfs);
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **db, int flags, const char *vfs);

int __wrap_sqlite3_open_v2(const char *path, sqlite3 **db, int flags, const char *vfs)
{
    char name[256];
    (void)snprintf(name, sizeof name, "file:%s?mode=memory&cache=shared", path);
    return __real_sqlite3_open_v2(name, db, flags | SQLITE_OPEN_URI, vfs);
}
