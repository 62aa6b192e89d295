/* SPDX-License-Identifier: Apache-2.0 */
/* A store that finds that it is not whole: rows that have changed, pages that are junk, a file that
 * is gone. */
#include "support.h"

#include <fcntl.h>
#include <sqlite3.h>

struct alarms {
    int damaged, missing, checksum, others;
};

static void alarm_of(void *arg, enum skeym_error error)
{
    struct alarms *alarms = arg;
    int *count = error == SKEYM_ERR_DAMAGED    ? &alarms->damaged
                 : error == SKEYM_ERR_MISSING  ? &alarms->missing
                 : error == SKEYM_ERR_CHECKSUM ? &alarms->checksum
                                               : &alarms->others;
    __atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
}

static void open_with(struct bench *bench, struct alarms *alarms)
{
    struct skeym_store_options options = {
        .path = bench->path, .busy_ms = 50, .alarm = alarm_of, .alarm_arg = alarms};
    assert_int_equal(skeym_store_open(&bench->store, &options), SKEYM_OK);
    assert_int_equal(skeym_store_reader_open(&bench->reader, bench->store), SKEYM_OK);
}

/* As another program, or a bit of the disk, would. */
static void change(struct bench *bench, const char *sql)
{
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    sqlite3_busy_timeout(other, 1000);
    if (sqlite3_exec(other, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(other));
    }
    assert_true(sqlite3_total_changes(other) > 0);
    sqlite3_close(other);
}

static enum skeym_error get(struct bench *bench, const char *id, size_t *count)
{
    struct rows rows = {0};
    enum skeym_error error =
        skeym_store_get(bench->reader, SKEYM_STORE_OBSERVATION, skeym_span_text(id), each, &rows);
    *count = rows.count;
    return error;
}

static enum skeym_error search(struct bench *bench, bool latest, size_t *count)
{
    struct skeym_store_value value = {.text = skeym_span_text("p")};
    struct skeym_store_test test = {SKEYM_STORE_BY_PATIENT, &value, 1};
    struct skeym_store_query query = {
        .kind = SKEYM_STORE_OBSERVATION, .tests = &test, .test_count = 1, .limit = 100};
    struct rows rows = {0};
    enum skeym_error error = latest ? skeym_store_latest(bench->reader, &query, each, &rows)
                                    : skeym_store_search(bench->reader, &query, each, &rows);
    *count = rows.count;
    return error;
}

/* Whatever of a row has changed, it is not given out; the others are, and writing goes on. */
static void test_changed_row(void **state)
{
    static const char *const changes[] = {
        "UPDATE observation SET body = CAST('bodY' AS BLOB) WHERE id = 'o2'",
        "UPDATE observation SET body = CAST('bod' AS BLOB) WHERE id = 'o2'",
        "UPDATE observation SET stop = stop + 1 WHERE id = 'o2'",
        "UPDATE observation SET start = start - 1 WHERE id = 'o2'",
        "UPDATE observation SET updated = updated + 1 WHERE id = 'o2'",
        "UPDATE observation SET version = 2 WHERE id = 'o2'",
        "UPDATE observation SET writer = 'm' WHERE id = 'o2'",
        "UPDATE observation SET patient = 'P', body = CAST('body' AS BLOB) WHERE id = 'o2'",
        "UPDATE observation SET checksum = checksum + 1 WHERE id = 'o2'",
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct alarms alarms = {0};
        struct job job = {0};
        size_t count = 0;
        open_with(bench, &alarms);
        for (int number = 1; number < 4; number++) {
            struct job one = {0};
            add(&one, number);
            one.writes[0].record.writer = skeym_span_text("n");
            run(bench, &one);
            assert_int_equal(one.writes[0].error, SKEYM_OK);
        }
        assert_int_equal(skeym_store_health(bench->store), SKEYM_OK);
        change(bench, changes[i]);
        assert_int_equal(get(bench, "o2", &count), SKEYM_ERR_CHECKSUM);
        assert_int_equal(count, 0);
        assert_int_equal(alarms.checksum, 1);
        assert_int_equal(skeym_store_health(bench->store), SKEYM_ERR_CHECKSUM);
        if (!strstr(changes[i], "patient")) {
            assert_int_equal(search(bench, false, &count), SKEYM_ERR_CHECKSUM);
            assert_int_equal(count, 1); /* o1, and there the answer ends */
            add(&job, 2);               /* would be answered with the row */
            job.writes[0].record.writer = skeym_span_text("n");
            run(bench, &job);
            assert_int_equal(job.writes[0].error, SKEYM_ERR_CHECKSUM);
            assert_int_equal(alarms.checksum, 3);
        }
        assert_int_equal(get(bench, "o1", &count), SKEYM_OK);
        assert_int_equal(get(bench, "o3", &count), SKEYM_OK);
        assert_int_equal(write_one(bench, 4), SKEYM_OK);
        assert_int_equal(alarms.damaged + alarms.missing + alarms.others, 0);
        close_store(bench);
        assert_int_equal(unlink(bench->path), 0);
    }
    open_store(bench); /* for the teardown */
}

static void test_changed_latest(void **state)
{
    struct bench *bench = *state;
    size_t count = 0;
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    assert_int_equal(search(bench, true, &count), SKEYM_OK);
    assert_int_equal(count, 1);
    change(bench, "UPDATE observation SET body = CAST('bodY' AS BLOB)");
    assert_int_equal(search(bench, true, &count), SKEYM_ERR_CHECKSUM);
    assert_int_equal(count, 0);
    assert_int_equal(skeym_store_health(bench->store), SKEYM_ERR_CHECKSUM);
}

static void test_changed_entity(void **state)
{
    struct bench *bench = *state;
    struct rows rows = {0};
    struct job job = {0};
    add(&job, 1);
    job.writes[0].record.kind = SKEYM_STORE_PATIENT;
    job.writes[0].tag_count = 0;
    job.writes[0].action = SKEYM_STORE_PUT;
    run(bench, &job);
    assert_int_equal(job.writes[0].error, SKEYM_OK);
    struct skeym_span id = skeym_span_text("o1");
    assert_int_equal(skeym_store_get(bench->reader, SKEYM_STORE_PATIENT, id, each, &rows),
                     SKEYM_OK);
    assert_int_equal(rows.count, 1);
    change(bench, "UPDATE entity SET body = CAST('bodY' AS BLOB)");
    skeym_store_rest(bench->store); /* as the server does each second: it was not our writer */
    assert_int_equal(skeym_store_get(bench->reader, SKEYM_STORE_PATIENT, id, each, &rows),
                     SKEYM_ERR_CHECKSUM);
    assert_int_equal(rows.count, 1);
}

/* All pages but the first are junk from here on, also for who has read them before. */
static void spoil(struct bench *bench)
{
    char junk[8192];
    struct stat info;
    memset(junk, 0xee, sizeof junk);
    change(bench, "UPDATE reach SET longest = longest + 1");
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(other);
    int file = open(bench->path, O_RDWR);
    assert_true(file >= 0);
    assert_int_equal(fstat(file, &info), 0);
    for (off_t at = 2 * (off_t)sizeof junk; at < info.st_size; at += (off_t)sizeof junk) {
        assert_int_equal(pwrite(file, junk, sizeof junk, at), sizeof junk);
    }
    /* not closed: that would drop the store's locks of this process */
}

/* Who meets the damage first, a reader or the writer: no write is acknowledged from then on. */
static void test_damaged(void **state)
{
    struct bench *bench = *state;
    for (int reader = 0; reader < 2; reader++) {
        struct alarms alarms = {0};
        size_t count = 0;
        open_with(bench, &alarms);
        for (int i = 0; i < 300; i++) {
            assert_int_equal(write_one(bench, i), SKEYM_OK);
        }
        spoil(bench);
        if (reader) {
            assert_int_equal(get(bench, "o7", &count), SKEYM_ERR_DAMAGED);
            assert_int_equal(skeym_store_health(bench->store), SKEYM_ERR_DAMAGED);
        }
        uint64_t commits = skeym_store_stats(bench->store).commits;
        for (int i = 1000; i < 1003; i++) {
            assert_int_equal(write_one(bench, i), SKEYM_ERR_DAMAGED);
        }
        assert_int_equal(skeym_store_stats(bench->store).commits, commits);
        assert_int_equal(skeym_store_health(bench->store), SKEYM_ERR_DAMAGED);
        assert_int_equal(alarms.damaged, 1);
        assert_int_equal(alarms.missing + alarms.checksum + alarms.others, 0);
        close_store(bench);
        assert_int_equal(unlink(bench->path), 0);
    }
    open_store(bench);
}

/* A reader meets the damage while a group is on its way: it is not committed. */
static void test_damaged_meanwhile(void **state)
{
    struct bench *bench = *state;
    struct alarms alarms = {0};
    struct job jobs[3];
    memset(jobs, 0, sizeof jobs);
    size_t count = 0;
    open_with(bench, &alarms);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(write_one(bench, i), SKEYM_OK);
    }
    hold(true);
    for (int i = 0; i < 3; i++) {
        add(&jobs[i], 1000 + i);
        jobs[i].batch.atomic = i == 2;
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch), SKEYM_OK);
        if (i == 0) {
            wait_for(1);
            assert_int_equal(jobs[0].writes[0].error, SKEYM_OK);
            spoil(bench);
            assert_int_equal(get(bench, "o7", &count), SKEYM_ERR_DAMAGED);
        }
    }
    hold(false);
    wait_for(2);
    assert_int_equal(jobs[1].writes[0].error, SKEYM_ERR_DAMAGED);
    assert_int_equal(jobs[2].batch.error, SKEYM_ERR_DAMAGED);
}

/* The database, or its log, is removed or replaced under the store. */
static void test_removed(void **state)
{
    struct bench *bench = *state;
    static const char *const ends[] = {"", "-wal"};
    for (size_t i = 0; i < 4; i++) {
        struct alarms alarms = {0};
        char path[128];
        open_with(bench, &alarms);
        assert_int_equal(write_one(bench, 1), SKEYM_OK);
        snprintf(path, sizeof path, "%s%s", bench->path, ends[i % 2]);
        assert_int_equal(unlink(path), 0);
        if (i >= 2) { /* another file of that name */
            int file = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
            assert_true(file >= 0);
            close(file);
        }
        assert_int_equal(write_one(bench, 2), SKEYM_ERR_DAMAGED);
        assert_int_equal(write_one(bench, 3), SKEYM_ERR_DAMAGED);
        assert_false(has(bench, 2)); /* it is not even tried */
        assert_int_equal(skeym_store_health(bench->store), SKEYM_ERR_MISSING);
        assert_int_equal(alarms.missing, 1);
        assert_int_equal(alarms.damaged + alarms.checksum + alarms.others, 0);
        close_store(bench);
        (void)unlink(bench->path);
        snprintf(path, sizeof path, "%s-wal", bench->path);
        (void)unlink(path);
        snprintf(path, sizeof path, "%s-shm", bench->path);
        (void)unlink(path);
    }
    open_store(bench);
}

/* A time that has changed on the disk is not what the next writes follow. */
static void test_changed_time(void **state)
{
    static const char *const changes[] = {
        "UPDATE observation SET updated = 9223372036854775807 WHERE id = 'o2'",
        "UPDATE observation SET updated = updated + (1 << 45) WHERE id = 'o2'",
        "UPDATE entity SET updated = 9223372036854775807 WHERE id = 'd'",
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct alarms alarms = {0};
        struct job job = {0}, device = {0};
        open_with(bench, &alarms);
        assert_int_equal(write_one(bench, 1), SKEYM_OK);
        assert_int_equal(write_one(bench, 2), SKEYM_OK);
        add(&device, 0);
        device.writes[0].record.kind = SKEYM_STORE_DEVICE;
        device.writes[0].record.id = skeym_span_text("d");
        device.writes[0].tag_count = 0;
        run(bench, &device);
        int64_t newest = device.writes[0].updated_ms;
        change(bench, changes[i]);
        close_store(bench);
        open_with(bench, &alarms);
        add(&job, 3);
        run(bench, &job);
        assert_int_equal(job.writes[0].error, SKEYM_OK);
        /* on from the newest that is whole: the device's, or the one before it */
        assert_int_equal(job.writes[0].updated_ms, newest + (i < 2));
        close_store(bench);
        assert_int_equal(unlink(bench->path), 0);
    }
    open_store(bench);
}

static const char *doomed;

static bool remove_it(const struct skeym_store_record *found,
                      const struct skeym_store_record *given)
{
    (void)found, (void)given;
    assert_int_equal(unlink(doomed), 0);
    return true;
}

/* It goes while a transaction is under way: that is not acknowledged. */
static void test_removed_meanwhile(void **state)
{
    struct bench *bench = *state;
    struct job job = {0};
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    add(&job, 2);
    add(&job, 1);
    job.writes[1].same = remove_it; /* is called when the first is written already */
    doomed = bench->path;
    run(bench, &job);
    assert_int_equal(job.batch.error, SKEYM_ERR_DAMAGED);
    assert_int_equal(job.writes[0].error, SKEYM_ERR_DAMAGED);
}

/* Nobody writes: who asks for the health is told all the same. */
static void test_removed_and_asked(void **state)
{
    struct bench *bench = *state;
    struct alarms alarms = {0};
    open_with(bench, &alarms);
    assert_int_equal(unlink(bench->path), 0);
    assert_int_equal(skeym_store_health(bench->store), SKEYM_ERR_MISSING);
    assert_int_equal(alarms.missing, 1);
}

static void test_other_schema(void **state)
{
    struct bench *bench = *state;
    struct skeym_store_options options = {.path = bench->path};
    sqlite3 *other = NULL;
    open_store(bench);
    close_store(bench);
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(skeym_store_open(&bench->store, &options), SKEYM_ERR_VERSION);
}

/* --- who wrote ------------------------------------------------------------------- */

static bool says_body(const struct skeym_store_record *found,
                      const struct skeym_store_record *given)
{
    return skeym_span_equal(found->body, given->body);
}

static void write_as(struct bench *bench, struct job *job, int number, const char *writer,
                     const char *id, const char *body)
{
    memset(job, 0, sizeof *job);
    add(job, number);
    job->writes[0].record.writer = skeym_span_text(writer);
    job->writes[0].record.id = skeym_span_text(id);
    job->writes[0].record.body = skeym_span_text(body);
    job->writes[0].same = says_body;
    run(bench, job);
}

/* An identifier is a patient's and a writer's; its writer may repeat it, not change it. */
static void test_writers(void **state)
{
    struct bench *bench = *state;
    struct job job;
    write_as(bench, &job, 1, "mallory", "a", "1");
    assert_int_equal(job.outcomes[0], SKEYM_STORE_CREATED);
    write_as(bench, &job, 1, "bed", "b", "72");
    assert_int_equal(job.outcomes[0], SKEYM_STORE_CREATED);
    write_as(bench, &job, 1, "bed", "c", "72");
    assert_int_equal(job.outcomes[0], SKEYM_STORE_FOUND);
    assert_string_equal(job.found, "b:72");
    write_as(bench, &job, 1, "bed", "d", "73");
    assert_int_equal(job.writes[0].error, SKEYM_ERR_CONFLICT);
    assert_int_equal(job.outcomes[0], SKEYM_STORE_DIFFERS);
    assert_int_equal(all(bench).count, 2);
    struct skeym_store_value values[] = {{.text = skeym_span_text("p")},
                                         {.text = skeym_span_text("bed")}};
    struct skeym_store_test tests[] = {{SKEYM_STORE_BY_PATIENT, &values[0], 1},
                                       {SKEYM_STORE_BY_WRITER, &values[1], 1}};
    struct skeym_store_query query = {
        .kind = SKEYM_STORE_OBSERVATION, .tests = tests, .test_count = 2, .limit = 10};
    struct rows rows = {0};
    assert_int_equal(skeym_store_search(bench->reader, &query, each, &rows), SKEYM_OK);
    assert_int_equal(rows.count, 1);
    assert_string_equal(rows.ids[0], "b");
}

/* Where the folder was there is a file now. */
static void test_a_folder_that_became_a_file(void **state)
{
    struct bench *bench = *state;
    char away[80];
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    (void)snprintf(away, sizeof away, "%s.away", bench->folder);
    assert_int_equal(rename(bench->folder, away), 0);
    int fd = open(bench->folder, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(write_one(bench, 2), SKEYM_ERR_DAMAGED);
    assert_int_equal(skeym_store_health(bench->store), SKEYM_ERR_MISSING);
    assert_int_equal(unlink(bench->folder), 0);
    assert_int_equal(rename(away, bench->folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changed_row, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_changed_time, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_changed_latest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changed_entity, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_meanwhile, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_removed, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_removed_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(test_removed_and_asked, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_other_schema, make_folder, teardown),
        cmocka_unit_test_setup_teardown(test_writers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_folder_that_became_a_file, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
