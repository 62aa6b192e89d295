/* SPDX-License-Identifier: Apache-2.0 */
/* What happens when the disk or the file fails, or the program is killed. */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

/* --- the disk ------------------------------------------------------------------- */

static void test_full_and_room_again(void **state)
{
    struct bench *bench = *state;
    struct job jobs[4];
    memset(jobs, 0, sizeof jobs);
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    skeym_store_set_max_bytes(bench->store, 300000);
    /* one group: a small batch, one that does not fit, a small batch */
    hold(true);
    add(&jobs[0], 10);
    assert_int_equal(skeym_store_submit(bench->store, &jobs[0].batch), SKEYM_OK);
    wait_for(1);
    add(&jobs[1], 11);
    add_large(&jobs[2], 12, 1 << 20);
    jobs[2].batch.atomic = true;
    add(&jobs[3], 13);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch), SKEYM_OK);
    }
    hold(false);
    wait_for(3);
    assert_int_equal(jobs[2].batch.error, SKEYM_ERR_NO_SPACE);
    assert_int_equal(jobs[2].writes[0].error, SKEYM_ERR_NO_SPACE);
    assert_int_equal(jobs[1].writes[0].error, SKEYM_OK);
    assert_int_equal(jobs[3].writes[0].error, SKEYM_OK);
    assert_true(has(bench, 11) && has(bench, 13));
    assert_false(has(bench, 12));
    /* fill it with small ones, until none fits */
    int number = 100;
    while (write_one(bench, number) == SKEYM_OK) {
        assert_true(number++ < 20000);
    }
    assert_int_equal(write_one(bench, number), SKEYM_ERR_NO_SPACE);
    assert_false(has(bench, number));
    assert_true(has(bench, number - 1)); /* reading goes on */
    skeym_store_set_max_bytes(bench->store, 0);
    assert_int_equal(write_one(bench, number), SKEYM_OK);
    free(jobs[2].large);
}

static void test_locked_by_another(void **state)
{
    struct bench *bench = *state;
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(write_one(bench, 1), SKEYM_ERR_BUSY);
    assert_int_equal(all(bench).count, 0); /* readers do not wait */
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
}

static off_t log_size(const struct bench *bench)
{
    char path[128];
    struct stat info;
    snprintf(path, sizeof path, "%s-wal", bench->path);
    assert_int_equal(stat(path, &info), 0);
    return info.st_size;
}

static void read_from(sqlite3 *other)
{
    assert_int_equal(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM term", NULL, NULL, NULL),
                     SQLITE_OK);
}

struct relay {
    sqlite3 *readers[2];
    _Atomic bool stop;
};

/* The next reader begins before the one before it ends: never is there none. */
static void *read_without_end(void *arg)
{
    struct relay *relay = arg;
    for (unsigned turn = 0; !relay->stop; turn++) {
        usleep(2000);
        read_from(relay->readers[(turn + 1) % 2]);
        assert_int_equal(sqlite3_exec(relay->readers[turn % 2], "COMMIT", NULL, NULL, NULL),
                         SQLITE_OK);
    }
    return NULL;
}

/* A reader who stays does not stop the writer; when it is gone, the log is cut. */
static void test_log_is_cut(void **state)
{
    struct bench *bench = *state;
    sqlite3 *other = NULL;
    close_store(bench);
    struct skeym_store_options options = {.path = bench->path, .log_bytes = 1 << 20};
    assert_int_equal(skeym_store_open(&bench->store, &options), SKEYM_OK);
    assert_int_equal(skeym_store_reader_open(&bench->reader, bench->store), SKEYM_OK);
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    read_from(other);
    struct job job = {0};
    add_large(&job, 1, 2 << 20);
    run(bench, &job);
    assert_int_equal(write_one(bench, 2), SKEYM_OK); /* it has been tried in between */
    assert_true(log_size(bench) >= 2 << 20);
    sqlite3_close(other);
    free(job.large);
    struct job more = {0};
    add_large(&more, 3, 10 << 20); /* further than where it tries again */
    run(bench, &more);
    assert_int_equal(write_one(bench, 4), SKEYM_OK);
    assert_in_range(log_size(bench), 1, 1 << 20);
    assert_true(has(bench, 1) && has(bench, 2) && has(bench, 3));
    free(more.large);
}

/* Readers without a gap do not let the log grow for ever. */
static void test_log_is_bounded(void **state)
{
    struct bench *bench = *state;
    enum { LOG = 1 << 20, LARGE = 256 << 10, COUNT = 60 };
    struct relay relay = {.stop = false};
    pthread_t thread;
    close_store(bench);
    struct skeym_store_options options = {.path = bench->path, .log_bytes = LOG};
    assert_int_equal(skeym_store_open(&bench->store, &options), SKEYM_OK);
    assert_int_equal(skeym_store_reader_open(&bench->reader, bench->store), SKEYM_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sqlite3_open(bench->path, &relay.readers[i]), SQLITE_OK);
        sqlite3_busy_timeout(relay.readers[i], 5000);
    }
    read_from(relay.readers[0]);
    assert_int_equal(pthread_create(&thread, NULL, read_without_end, &relay), 0);
    off_t longest = 0;
    for (int i = 0; i < COUNT; i++) { /* fifteen times as much as the log should have */
        struct job job = {0};
        add_large(&job, i, LARGE);
        run(bench, &job);
        assert_int_equal(job.writes[0].error, SKEYM_OK);
        free(job.large);
        off_t size = log_size(bench);
        longest = size > longest ? size : longest;
    }
    relay.stop = true;
    pthread_join(thread, NULL);
    assert_in_range(longest, 1, 12 * LOG);
    for (int i = 0; i < 2; i++) { /* also ends what it reads */
        sqlite3_close(relay.readers[i]);
    }
}

static enum skeym_error try_open(struct bench *bench)
{
    struct skeym_store_options options = {.path = bench->path, .busy_ms = 50};
    struct skeym_store *store = NULL;
    enum skeym_error error = skeym_store_open(&store, &options);
    assert_int_equal(store == NULL, error != SKEYM_OK);
    skeym_store_close(store);
    return error;
}

static void test_mode(void **state)
{
    struct bench *bench = *state;
    struct stat info;
    assert_int_equal(try_open(bench), SKEYM_OK);
    assert_int_equal(stat(bench->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(chmod(bench->path, 0640), 0);
    assert_int_equal(try_open(bench), SKEYM_ERR_MODE);
    assert_int_equal(chmod(bench->path, 0604), 0);
    assert_int_equal(try_open(bench), SKEYM_ERR_MODE);
    assert_int_equal(chmod(bench->path, 0600), 0);
    assert_int_equal(try_open(bench), SKEYM_OK);
}

static void test_wrong_places(void **state)
{
    struct bench *bench = *state;
    char path[80];
    snprintf(path, sizeof path, "%.79s", bench->path);
    snprintf(bench->path, sizeof bench->path, "%s/none/db", bench->folder);
    assert_int_equal(try_open(bench), SKEYM_ERR_MISSING);
    snprintf(bench->path, sizeof bench->path, "file:%s", path);
    assert_int_equal(try_open(bench), SKEYM_ERR_USAGE);
    snprintf(bench->path, sizeof bench->path, "/dev/null");
    assert_true(try_open(bench) != SKEYM_OK);
    snprintf(bench->path, sizeof bench->path, "%s/link", bench->folder);
    assert_int_equal(symlink(path, bench->path), 0);
    assert_true(try_open(bench) != SKEYM_OK);
    assert_int_equal(unlink(bench->path), 0);
    snprintf(bench->path, sizeof bench->path, "%s", path);
}

static void write_at(const char *path, long offset, const char *bytes, size_t size)
{
    int file = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, size, offset), size);
    close(file);
}

static void test_damaged(void **state)
{
    struct bench *bench = *state;
    char junk[8192];
    memset(junk, 'j', sizeof junk);
    write_at(bench->path, 0, junk, sizeof junk); /* not a database */
    assert_int_equal(try_open(bench), SKEYM_ERR_DAMAGED);
    unlink(bench->path);

    open_store(bench);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(write_one(bench, i), SKEYM_OK);
    }
    close_store(bench);
    struct stat info;
    assert_int_equal(stat(bench->path, &info), 0);
    long middle = info.st_size / 8192 / 2 * 8192;
    write_at(bench->path, middle, junk, sizeof junk); /* one page inside */
    assert_int_equal(try_open(bench), SKEYM_ERR_DAMAGED);
    assert_int_equal(truncate(bench->path, middle), 0);
    assert_int_equal(try_open(bench), SKEYM_ERR_DAMAGED);
    assert_int_equal(truncate(bench->path, 50), 0);
    assert_true(try_open(bench) != SKEYM_OK);
}

/* A large file is opened without going through it, so that a start takes no longer for it; its
 * damage is met where it is read. */
static void test_damaged_and_large(void **state)
{
    struct bench *bench = *state;
    struct job job;
    char junk[8192];
    memset(junk, 'j', sizeof junk);
    for (int i = 0; i < 10; i++) {
        memset(&job, 0, sizeof job);
        add_large(&job, i, 1 << 20);
        run(bench, &job);
        assert_int_equal(job.writes[0].error, SKEYM_OK);
        free(job.large);
    }
    close_store(bench);
    struct stat info;
    assert_int_equal(stat(bench->path, &info), 0);
    assert_true(info.st_size > 8 << 20);
    write_at(bench->path, info.st_size / 8192 / 2 * 8192, junk, sizeof junk);
    open_store(bench);
    bool met = false;
    for (int i = 0; i < 10; i++) {
        char id[16];
        struct rows rows = {0};
        snprintf(id, sizeof id, "o%d", i);
        enum skeym_error error = skeym_store_get(bench->reader, SKEYM_STORE_OBSERVATION,
                                                 skeym_span_text(id), each, &rows);
        met = met || error == SKEYM_ERR_DAMAGED || error == SKEYM_ERR_CHECKSUM;
    }
    assert_true(met);
    assert_true(skeym_store_health(bench->store) != SKEYM_OK);
}

static void test_another_database(void **state)
{
    struct bench *bench = *state;
    sqlite3 *other = NULL;
    write_at(bench->path, 0, "", 0);
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE a(b)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(try_open(bench), SKEYM_ERR_DAMAGED);
    unlink(bench->path);
    assert_int_equal(try_open(bench), SKEYM_OK);
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(try_open(bench), SKEYM_ERR_VERSION);
}

/* The file is damaged under a running server: an error, no crash; it is refused when opened again.
 */
static void test_damaged_while_open(void **state)
{
    struct bench *bench = *state;
    char junk[8192];
    memset(junk, 0xee, sizeof junk);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(write_one(bench, i), SKEYM_OK);
    }
    close_store(bench); /* moves the log into the file */
    open_store(bench);
    struct stat info;
    assert_int_equal(stat(bench->path, &info), 0);
    for (long at = 2 * 8192; at < info.st_size; at += 8192) {
        write_at(bench->path, at, junk, sizeof junk);
    }
    struct rows rows = {0};
    enum skeym_error error =
        skeym_store_get(bench->reader, SKEYM_STORE_OBSERVATION, skeym_span_text("o7"), each, &rows);
    assert_int_equal(error, SKEYM_ERR_DAMAGED);
    close_store(bench);
    assert_int_equal(try_open(bench), SKEYM_ERR_DAMAGED);
}

/* --- crash ------------------------------------------------------------------------ */

struct child {
    struct job job;
    int number, pipe;
};

static void tell(void *arg, struct skeym_store_batch *batch)
{
    struct child *child = arg;
    if (!batch->error && !batch->writes[0].error) {
        (void)!write(child->pipe, &child->number, sizeof child->number);
    }
}

static void child_main(const char *path, int pipe)
{
    struct skeym_store_options options = {.path = path};
    struct skeym_store *store = NULL;
    if (skeym_store_open(&store, &options)) {
        _exit(1);
    }
    for (int i = 0;; i++) {
        struct child *child = calloc(1, sizeof *child);
        add(&child->job, i);
        child->number = i;
        child->pipe = pipe;
        child->job.batch.done = tell;
        child->job.batch.arg = child;
        while (skeym_store_submit(store, &child->job.batch)) {
            usleep(100);
        }
    }
}

/* Killed while it writes: everything that was acknowledged is there. */
static void test_killed(void **state)
{
    struct bench *bench = *state;
    int acknowledged[20000], ends[2];
    for (int round = 0; round < 3; round++) {
        size_t count = 0;
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(ends[0]);
            child_main(bench->path, ends[1]);
        }
        close(ends[1]);
        while (count < 3000 && read(ends[0], &acknowledged[count], sizeof(int)) == sizeof(int)) {
            count++;
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        while (count < 20000 && read(ends[0], &acknowledged[count], sizeof(int)) == sizeof(int)) {
            count++; /* what was said before the end */
        }
        close(ends[0]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_true(count >= 3000);
        open_store(bench);
        for (size_t i = 0; i < count; i++) {
            assert_true(has(bench, acknowledged[i]));
        }
        close_store(bench);
    }
}

enum { APPLICATION_AT = 68 }; /* in SQLite's header */

/* Whoever takes the application's number off a database has not made it a new one. */
static void test_a_database_of_nobody(void **state)
{
    struct bench *bench = *state;
    static const char none[4] = {0};
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    close_store(bench);
    write_at(bench->path, APPLICATION_AT, none, sizeof none);
    assert_int_equal(try_open(bench), SKEYM_ERR_DAMAGED);
    assert_int_equal(unlink(bench->path), 0);
    open_store(bench);
}

/* What was acknowledged is in the log alone when the server dies, and a database that is gone, or
 * that a copy on a full disk has left empty, is no reason to throw it away. */
static void test_a_log_of_nobody(void **state)
{
    struct bench *bench = *state;
    char from[128], to[128];
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    (void)snprintf(from, sizeof from, "%s-wal", bench->path);
    (void)snprintf(to, sizeof to, "%s-kept", bench->path);
    assert_int_equal(link(from, to), 0); /* closing removes the one name */
    close_store(bench);
    char database[96];
    memcpy(database, bench->path, sizeof database);
    (void)snprintf(bench->path, sizeof bench->path, "%s/other", bench->folder);
    (void)snprintf(from, sizeof from, "%s-wal", bench->path);
    assert_int_equal(rename(to, from), 0);
    for (int i = 0; i < 2; i++) { /* without a database, and with an empty one */
        assert_int_equal(try_open(bench), SKEYM_ERR_DAMAGED);
        assert_int_equal(access(from, F_OK), 0);
    }
    assert_int_equal(truncate(from, 0), 0); /* an empty log has nothing to lose */
    assert_int_equal(try_open(bench), SKEYM_OK);
    assert_int_equal(unlink(bench->path), 0);
    memcpy(bench->path, database, sizeof database);
}

static void test_a_limit_that_is_none(void **state)
{
    struct bench *bench = *state;
    skeym_store_set_max_bytes(bench->store, UINT64_MAX);
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    skeym_store_set_max_bytes(bench->store, 0);
    assert_int_equal(write_one(bench, 2), SKEYM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_full_and_room_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locked_by_another, setup, teardown),
        cmocka_unit_test_setup_teardown(test_log_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_log_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mode, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_places, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_and_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_database, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_while_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_a_database_of_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_log_of_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_limit_that_is_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
