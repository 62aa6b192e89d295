/* SPDX-License-Identifier: Apache-2.0 */
/* Below the gathering file lies one of ours, which counts what comes to it, and fails when asked
 * to; below that the system's. */
#include "store/sqlite_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 8216, MUCH = 200000 };

static struct {
    unsigned writes, syncs, seen; /* seen: writes that were there when the other call came */
    bool fails;
} below;

static sqlite3_vfs *system_vfs;
static sqlite3_vfs counting_vfs;

struct counting_file {
    sqlite3_file base;
    sqlite3_io_methods methods;
    const sqlite3_io_methods *real;
    sqlite3_file *file;
};

static struct counting_file *counting(sqlite3_file *file)
{
    return (struct counting_file *)(void *)file;
}

static int count_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at)
{
    below.writes++;
    return below.fails ? SQLITE_FULL
                       : counting(file)->real->xWrite(counting(file)->file, data, size, at);
}

static int count_read(sqlite3_file *file, void *out, int size, sqlite3_int64 at)
{
    below.seen = below.writes;
    return counting(file)->real->xRead(counting(file)->file, out, size, at);
}

static int count_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    below.seen = below.writes;
    return counting(file)->real->xTruncate(counting(file)->file, size);
}

static int count_sync(sqlite3_file *file, int flags)
{
    below.syncs++;
    below.seen = below.writes;
    return counting(file)->real->xSync(counting(file)->file, flags);
}

static int count_size(sqlite3_file *file, sqlite3_int64 *size)
{
    below.seen = below.writes;
    return counting(file)->real->xFileSize(counting(file)->file, size);
}

static int count_control(sqlite3_file *file, int what, void *arg)
{
    below.seen = below.writes;
    return counting(file)->real->xFileControl(counting(file)->file, what, arg);
}

static int count_close(sqlite3_file *file)
{
    below.seen = below.writes;
    int code = counting(file)->real->xClose(counting(file)->file);
    free(counting(file)->file);
    return code;
}

/* What is asked of a log seldom or never: it is passed on, and so is what comes back. */
enum { SECTOR = 1234, TRAITS = 77, LOCKED = 11, UNLOCKED = 12, RESERVED = 13 };

static int count_sector(sqlite3_file *file)
{
    (void)file;
    return SECTOR;
}

static int count_traits(sqlite3_file *file)
{
    (void)file;
    return TRAITS;
}

static int count_lock(sqlite3_file *file, int how)
{
    (void)file;
    return LOCKED + 100 * how;
}

static int count_unlock(sqlite3_file *file, int how)
{
    (void)file;
    return UNLOCKED + 100 * how;
}

static int count_reserved(sqlite3_file *file, int *out)
{
    (void)file;
    *out = 1;
    return RESERVED;
}

static int count_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *given)
{
    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL)) {
        return system_vfs->xOpen(system_vfs, name, file, flags, given);
    }
    struct counting_file *out = counting(file);
    memset(out, 0, sizeof *out);
    out->file = calloc(1, (size_t)system_vfs->szOsFile);
    if (!out->file) {
        return SQLITE_NOMEM;
    }
    int code = system_vfs->xOpen(system_vfs, name, out->file, flags, given);
    if (code != SQLITE_OK) {
        free(out->file);
        return code;
    }
    out->real = out->file->pMethods;
    out->methods = (sqlite3_io_methods){.iVersion = 1,
                                        .xClose = count_close,
                                        .xRead = count_read,
                                        .xWrite = count_write,
                                        .xTruncate = count_truncate,
                                        .xSync = count_sync,
                                        .xFileSize = count_size,
                                        .xFileControl = count_control,
                                        .xLock = count_lock,
                                        .xUnlock = count_unlock,
                                        .xCheckReservedLock = count_reserved,
                                        .xSectorSize = count_sector,
                                        .xDeviceCharacteristics = count_traits};
    file->pMethods = &out->methods;
    return SQLITE_OK;
}

/* --- a log ------------------------------------------------------------------------------- */

struct world {
    char database[64], path[72]; /* SQLite takes the mode of the log from its database */
    sqlite3_file *log;
    uint8_t data[MUCH], got[MUCH];
};

static sqlite3_file *open_as(const char *path, int kind)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(skeym_sqlite_log());
    assert_non_null(vfs);
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
    assert_non_null(file);
    int flags = kind | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, given = 0;
    assert_int_equal(vfs->xOpen(vfs, path, file, flags, &given), SQLITE_OK);
    return file;
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    (void)snprintf(world->database, sizeof world->database, "/tmp/skeym_log_%ld", (long)getpid());
    (void)snprintf(world->path, sizeof world->path, "%s-wal", world->database);
    FILE *database = fopen(world->database, "wb");
    assert_non_null(database);
    assert_int_equal(fclose(database), 0);
    (void)unlink(world->path);
    for (size_t i = 0; i < sizeof world->data; i++) {
        world->data[i] = (uint8_t)(i * 7 + i / 251);
    }
    world->log = open_as(world->path, SQLITE_OPEN_WAL);
    memset(&below, 0, sizeof below);
    *state = world;
    return 0;
}

static void close_log(struct world *world, int expected)
{
    assert_int_equal(world->log->pMethods->xClose(world->log), expected);
    free(world->log);
    world->log = NULL;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    below.fails = false;
    if (world->log) {
        close_log(world, SQLITE_OK);
    }
    (void)unlink(world->path);
    (void)unlink(world->database);
    free(world);
    return 0;
}

static int put(struct world *world, int size, sqlite3_int64 at)
{
    return world->log->pMethods->xWrite(world->log, world->data + at, size, at);
}

/* The file as it lies there. */
static size_t look(struct world *world)
{
    FILE *file = fopen(world->path, "rb");
    assert_non_null(file);
    size_t size = fread(world->got, 1, sizeof world->got, file);
    assert_int_equal(fclose(file), 0);
    return size;
}

static void assert_there(struct world *world, size_t size)
{
    assert_int_equal(look(world), size);
    assert_memory_equal(world->got, world->data, size);
}

/* --- tests -------------------------------------------------------------------------------- */

static void test_writes_leave_in_one_with_the_sync(void **state)
{
    struct world *world = *state;
    assert_int_equal(put(world, 32, 0), SQLITE_OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(put(world, 24, 32 + i * PIECE), SQLITE_OK);
        assert_int_equal(put(world, PIECE - 24, 56 + i * PIECE), SQLITE_OK);
    }
    assert_int_equal(below.writes, 0);
    assert_int_equal(world->log->pMethods->xSync(world->log, SQLITE_SYNC_NORMAL), SQLITE_OK);
    assert_int_equal(below.writes, 1);
    assert_int_equal(below.syncs, 1);
    assert_int_equal(below.seen, 1); /* and before it */
    assert_there(world, 32 + 5 * PIECE);
    assert_int_equal(world->log->pMethods->xSync(world->log, SQLITE_SYNC_NORMAL), SQLITE_OK);
    assert_int_equal(below.writes, 1);
}

static void test_a_write_elsewhere_comes_after(void **state)
{
    struct world *world = *state;
    uint8_t other[16];
    memset(other, 0xee, sizeof other);
    assert_int_equal(put(world, PIECE, 0), SQLITE_OK);
    assert_int_equal(world->log->pMethods->xWrite(world->log, other, sizeof other, 100), SQLITE_OK);
    assert_int_equal(below.writes, 1);
    assert_int_equal(world->log->pMethods->xSync(world->log, SQLITE_SYNC_NORMAL), SQLITE_OK);
    memcpy(world->data + 100, other, sizeof other);
    assert_there(world, PIECE);
}

static void test_a_gap_is_not_closed(void **state)
{
    struct world *world = *state;
    assert_int_equal(put(world, 100, 0), SQLITE_OK);
    assert_int_equal(put(world, 100, 101), SQLITE_OK);
    assert_int_equal(world->log->pMethods->xSync(world->log, SQLITE_SYNC_NORMAL), SQLITE_OK);
    world->data[100] = 0;
    assert_there(world, 201);
}

static void test_much_leaves_as_it_fills(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(put(world, PIECE, (sqlite3_int64)i * PIECE), SQLITE_OK);
    }
    assert_int_equal(below.writes, 1);
    assert_int_equal(world->log->pMethods->xSync(world->log, SQLITE_SYNC_NORMAL), SQLITE_OK);
    assert_there(world, 20 * (size_t)PIECE);
}

static void test_more_than_fits_goes_alone_and_in_order(void **state)
{
    struct world *world = *state;
    assert_int_equal(put(world, 100, 0), SQLITE_OK);
    assert_int_equal(put(world, 65000, 100), SQLITE_OK);
    assert_int_equal(put(world, 130000, 65100), SQLITE_OK);
    assert_int_equal(below.writes, 2);
    assert_there(world, 195100);
}

static void test_who_looks_finds_all_of_it(void **state)
{
    struct world *world = *state;
    sqlite3_int64 size = 0;
    int number = 0;
    assert_int_equal(put(world, 100, 0), SQLITE_OK);
    assert_int_equal(world->log->pMethods->xRead(world->log, world->got, 50, 50), SQLITE_OK);
    assert_memory_equal(world->got, world->data + 50, 50);
    assert_int_equal(put(world, 100, 100), SQLITE_OK);
    assert_int_equal(world->log->pMethods->xFileSize(world->log, &size), SQLITE_OK);
    assert_int_equal(size, 200);
    assert_int_equal(put(world, 100, 200), SQLITE_OK);
    below.seen = 0;
    (void)world->log->pMethods->xFileControl(world->log, SQLITE_FCNTL_LAST_ERRNO, &number);
    assert_int_equal(below.seen, 3);
    assert_int_equal(put(world, 100, 300), SQLITE_OK);
    assert_int_equal(world->log->pMethods->xTruncate(world->log, 350), SQLITE_OK);
    assert_there(world, 350);
    assert_int_equal(put(world, 50, 350), SQLITE_OK);
    close_log(world, SQLITE_OK);
    assert_there(world, 400);
}

static void test_a_sync_fails_with_its_writes(void **state)
{
    struct world *world = *state;
    assert_int_equal(put(world, 100, 0), SQLITE_OK);
    below.fails = true;
    assert_int_equal(world->log->pMethods->xSync(world->log, SQLITE_SYNC_NORMAL), SQLITE_FULL);
    assert_int_equal(below.syncs, 0);
    below.fails = false; /* the transaction was taken back: nothing of it comes later */
    assert_int_equal(world->log->pMethods->xSync(world->log, SQLITE_SYNC_NORMAL), SQLITE_OK);
    assert_there(world, 0);
}

static void test_a_write_fails_with_those_before(void **state)
{
    struct world *world = *state;
    assert_int_equal(put(world, 100, 50), SQLITE_OK);
    below.fails = true;
    assert_int_equal(put(world, 10, 0), SQLITE_FULL);
    below.fails = false;
    assert_int_equal(put(world, 10, 0), SQLITE_OK);
    assert_int_equal(world->log->pMethods->xSync(world->log, SQLITE_SYNC_NORMAL), SQLITE_OK);
    assert_there(world, 10);
}

/* SQLite does not look at what each of these says: the sync must not find it forgotten. */
static void test_a_look_that_fails_is_not_the_last_word(void **state)
{
    struct world *world = *state;
    sqlite3_int64 size = 0;
    int number = 0;
    assert_int_equal(put(world, 100, 0), SQLITE_OK);
    below.fails = true;
    assert_int_equal(world->log->pMethods->xFileSize(world->log, &size), SQLITE_FULL);
    assert_int_equal(world->log->pMethods->xTruncate(world->log, 0), SQLITE_FULL);
    assert_int_equal(world->log->pMethods->xRead(world->log, world->got, 1, 0), SQLITE_FULL);
    assert_int_equal(
        world->log->pMethods->xFileControl(world->log, SQLITE_FCNTL_LAST_ERRNO, &number),
        SQLITE_FULL);
    assert_int_equal(world->log->pMethods->xSync(world->log, SQLITE_SYNC_NORMAL), SQLITE_FULL);
    below.fails = false;
    assert_int_equal(put(world, 100, 0), SQLITE_OK);
    below.fails = true;
    close_log(world, SQLITE_FULL);
}

static void test_other_files_are_the_systems(void **state)
{
    (void)state;
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/skeym-db-%ld", (long)getpid());
    sqlite3_file *file = open_as(path, SQLITE_OPEN_MAIN_DB);
    sqlite3_file *same = calloc(1, (size_t)system_vfs->szOsFile);
    int given = 0;
    assert_non_null(same);
    assert_int_equal(system_vfs->xOpen(system_vfs, path, same,
                                       SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE, &given),
                     SQLITE_OK);
    assert_ptr_equal(file->pMethods, same->pMethods);
    assert_int_equal(same->pMethods->xClose(same), SQLITE_OK);
    assert_int_equal(file->pMethods->xClose(file), SQLITE_OK);
    free(same);
    free(file);
    (void)unlink(path);
}

static void test_the_rest_is_passed_on(void **state)
{
    struct world *world = *state;
    int reserved = 0;
    assert_int_equal(world->log->pMethods->xSectorSize(world->log), SECTOR);
    assert_int_equal(world->log->pMethods->xDeviceCharacteristics(world->log), TRAITS);
    assert_int_equal(world->log->pMethods->xLock(world->log, 2), LOCKED + 200);
    assert_int_equal(world->log->pMethods->xUnlock(world->log, 3), UNLOCKED + 300);
    assert_int_equal(world->log->pMethods->xCheckReservedLock(world->log, &reserved), RESERVED);
    assert_int_equal(reserved, 1);
}

static void test_a_log_that_is_missing_is_not_made(void **state)
{
    (void)state;
    sqlite3_vfs *vfs = sqlite3_vfs_find(skeym_sqlite_log());
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
    assert_non_null(file);
    int given = 0;
    assert_int_not_equal(vfs->xOpen(vfs, "/nowhere/log", file,
                                    SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                    &given),
                         SQLITE_OK);
    assert_null(file->pMethods);
    free(file);
}

static void test_another_connection_sees_each_commit(void **state)
{
    (void)state;
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/skeym-whole-%ld", (long)getpid());
    sqlite3 *one = NULL, *two = NULL;
    sqlite3_stmt *count = NULL;
    assert_int_equal(
        sqlite3_open_v2(path, &one, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, skeym_sqlite_log()),
        SQLITE_OK);
    assert_int_equal(sqlite3_exec(one,
                                  "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                  "CREATE TABLE t(x)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_open_v2(path, &two, SQLITE_OPEN_READWRITE, system_vfs->zName),
                     SQLITE_OK);
    for (int i = 1; i <= 20; i++) {
        assert_int_equal(
            sqlite3_exec(one, "INSERT INTO t VALUES(randomblob(9000))", NULL, NULL, NULL),
            SQLITE_OK);
        assert_int_equal(
            sqlite3_prepare_v2(two, "SELECT count(*), min(length(x)) FROM t", -1, &count, NULL),
            SQLITE_OK);
        assert_int_equal(sqlite3_step(count), SQLITE_ROW);
        assert_int_equal(sqlite3_column_int(count, 0), i);
        assert_int_equal(sqlite3_column_int(count, 1), 9000);
        assert_int_equal(sqlite3_finalize(count), SQLITE_OK);
    }
    assert_int_equal(sqlite3_close(two), SQLITE_OK);
    assert_int_equal(sqlite3_close(one), SQLITE_OK);
    (void)unlink(path);
}

/* Before the first look at the gathering one: it lays itself over what is there then. */
static int install(void **state)
{
    (void)state;
    system_vfs = sqlite3_vfs_find(NULL);
    counting_vfs = *system_vfs;
    counting_vfs.zName = "counting";
    counting_vfs.szOsFile = system_vfs->szOsFile + (int)sizeof(struct counting_file);
    counting_vfs.xOpen = count_open;
    return sqlite3_vfs_register(&counting_vfs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_writes_leave_in_one_with_the_sync),
        TEST(test_a_write_elsewhere_comes_after),
        TEST(test_a_gap_is_not_closed),
        TEST(test_much_leaves_as_it_fills),
        TEST(test_more_than_fits_goes_alone_and_in_order),
        TEST(test_who_looks_finds_all_of_it),
        TEST(test_a_sync_fails_with_its_writes),
        TEST(test_a_write_fails_with_those_before),
        TEST(test_a_look_that_fails_is_not_the_last_word),
        TEST(test_other_files_are_the_systems),
        TEST(test_the_rest_is_passed_on),
        TEST(test_a_log_that_is_missing_is_not_made),
        TEST(test_another_connection_sees_each_commit),
#undef TEST
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
