/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening: file, settings, schema, checks. WAL with synchronous=FULL makes a commit durable before
 * it returns. Tables are WITHOUT ROWID, so that a patient's rows lie together in order of time;
 * codes are interned (term), and each coding of an observation is one small row of observation_term
 * in that same order.
 */
#include "store/sqlite.h"

#include "store/sqlite_log.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    APPLICATION = 0x536b794d, /* "SkyM" */
    SCHEMA_VERSION = 4,
    SCHEMA_BEFORE = 3, /* made into ours when it is opened */
    PAGE_BYTES = 8192, /* holds the row of a usual observation without overflow pages */
    /* Files up to this size are checked page by page when opened: 30 ms. What is larger is checked
     * where it is read, for a start must not take the longer the more there is. */
    CHECK_BYTES = 8 << 20,
    ROW_BYTES_MAX = 64 << 20,
    WRITER_SHARE = 5, /* all wait for the writer */
};

/* Idempotency keys; num is in order of time. */
#define REQUEST_TABLE                                                                              \
    "CREATE TABLE request(num INTEGER PRIMARY KEY, writer TEXT NOT NULL, key TEXT NOT NULL,"       \
    " digest BLOB NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,"                           \
    " updated INTEGER NOT NULL, created INTEGER NOT NULL, UNIQUE(writer, key)) STRICT"

static const char *const schema[] = {
    "PRAGMA application_id = 1399552333",
    "PRAGMA user_version = 4",
    "CREATE TABLE term(num INTEGER PRIMARY KEY, kind INTEGER NOT NULL, value TEXT NOT NULL,"
    " system TEXT NOT NULL, UNIQUE(kind, value, system)) STRICT",
    "CREATE TABLE observation(patient TEXT NOT NULL, start INTEGER NOT NULL, id TEXT NOT NULL,"
    " stop INTEGER NOT NULL, updated INTEGER NOT NULL, version INTEGER NOT NULL,"
    " body BLOB NOT NULL, writer TEXT NOT NULL, checksum INTEGER NOT NULL,"
    " PRIMARY KEY(patient, start, id)) STRICT, WITHOUT ROWID",
    "CREATE UNIQUE INDEX observation_id ON observation(id)",
    "CREATE INDEX observation_updated ON observation(updated, id)",
    "CREATE INDEX observation_patient_updated ON observation(patient, updated, id)",
    "CREATE INDEX observation_start ON observation(start, id)",
    "CREATE TABLE observation_term(term INTEGER NOT NULL, patient TEXT NOT NULL,"
    " start INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY(term, patient, start, id))"
    " STRICT, WITHOUT ROWID",
    "CREATE INDEX observation_term_row ON observation_term(patient, start, id)",
    "CREATE TABLE patient_term(patient TEXT NOT NULL, term INTEGER NOT NULL,"
    " PRIMARY KEY(patient, term)) STRICT, WITHOUT ROWID",
    /* The longest time range of a patient's observations: lets a search that compares the end of a
     * range use the order of the starts. */
    "CREATE TABLE reach(patient TEXT PRIMARY KEY, longest INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE entity(kind INTEGER NOT NULL, id TEXT NOT NULL, patient TEXT NOT NULL,"
    " updated INTEGER NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,"
    " writer TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY(kind, id))"
    " STRICT, WITHOUT ROWID",
    "CREATE INDEX entity_updated ON entity(kind, updated, id)",
    "CREATE TABLE identifier(kind INTEGER NOT NULL, value TEXT NOT NULL, system TEXT NOT NULL,"
    " owner TEXT NOT NULL, writer TEXT NOT NULL, id TEXT NOT NULL,"
    " PRIMARY KEY(kind, value, system, owner, writer, id)) STRICT, WITHOUT ROWID",
    "CREATE INDEX identifier_entity ON identifier(kind, id) WHERE kind <> 0",
    "CREATE TABLE name(value TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY(value, id))"
    " STRICT, WITHOUT ROWID",
    "CREATE INDEX name_id ON name(id)",
    REQUEST_TABLE,
};

/* What version 4 has and version 3 had not. */
static const char *const migration[] = {
    REQUEST_TABLE,
    "PRAGMA user_version = 4",
};

static const char *const settings[] = {
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 0", /* done after the answers are out: see tidy */
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
};

/* A log without its database: SQLite would take the database for a new one and remove the log, and
 * with it what was acknowledged. */
static bool has_log(const char *path)
{
    char name[PATH_MAX + sizeof "-wal"]; /* the database was opened by its name */
    struct stat info;
    (void)snprintf(name, sizeof name, "%s-wal", path);
    return stat(name, &info) == 0 && info.st_size > 0;
}

/* Makes the file with mode 0600 before SQLite does, or refuses one that others may read. */
static enum skeym_error prepare_file(const char *path, bool *fresh, bool *small)
{
    struct stat info;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        return skeym_sqlite_system_error(errno);
    }
    enum skeym_error error = SKEYM_OK;
    if (fstat(file, &info) != 0) {
        error = skeym_sqlite_system_error(errno);
    } else if (!S_ISREG(info.st_mode)) {
        error = SKEYM_ERR_PERMISSION;
    } else if (info.st_mode & (S_IRWXG | S_IRWXO)) {
        error = SKEYM_ERR_MODE;
    } else if (info.st_size == 0 && has_log(path)) {
        error = SKEYM_ERR_DAMAGED;
    } else {
        *fresh = info.st_size == 0;
        *small = info.st_size <= CHECK_BYTES;
    }
    close(file);
    return error;
}

static enum skeym_error run_all(struct skeym_sqlite *sqlite, const char *const *sql, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int code = sqlite3_exec(sqlite->db, sql[i], NULL, NULL, NULL);
        if (code != SQLITE_OK) {
            return skeym_sqlite_error(sqlite, code);
        }
    }
    return SKEYM_OK;
}

/* All or nothing. */
static enum skeym_error make_schema(struct skeym_sqlite *sqlite, const char *const *sql,
                                    size_t count)
{
    enum skeym_error error = run_all(sqlite, (const char *const[]){"BEGIN IMMEDIATE"}, 1);
    if (!error) {
        error = run_all(sqlite, sql, count);
    }
    if (!error) {
        error = run_all(sqlite, (const char *const[]){"COMMIT"}, 1);
    }
    if (error && sqlite3_get_autocommit(sqlite->db) == 0) {
        (void)sqlite3_exec(sqlite->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return error;
}

/* The first column of the first row, as a number, or whether it is the text. */
static enum skeym_error ask(struct skeym_sqlite *sqlite, const char *sql, int64_t *number,
                            const char *text, bool *same)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(sqlite->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    if (code == SQLITE_ROW && number) {
        *number = sqlite3_column_int64(statement, 0);
    }
    if (code == SQLITE_ROW && text) {
        *same = skeym_span_is(skeym_sqlite_column(statement, 0), text);
    }
    enum skeym_error error = skeym_sqlite_error(sqlite, code);
    sqlite3_finalize(statement);
    return error;
}

static enum skeym_error check_schema(struct skeym_sqlite *sqlite, bool thorough)
{
    int64_t application = 0, version = 0, tables = 0;
    bool sound = false;
    enum skeym_error error = ask(sqlite, "PRAGMA application_id", &application, NULL, NULL);
    if (!error) {
        error = ask(sqlite, "PRAGMA user_version", &version, NULL, NULL);
    }
    if (!error) {
        error = ask(sqlite, "SELECT count(*) FROM sqlite_schema", &tables, NULL, NULL);
    }
    if (error) {
        return error;
    }
    if (application == 0 && version == 0 && tables == 0) {
        return make_schema(
            sqlite, schema,
            sizeof schema /
                sizeof *schema); /* was stopped between the file's birth and the schema */
    }
    if (application != APPLICATION) {
        return SKEYM_ERR_DAMAGED;
    }
    if (version != SCHEMA_VERSION && version != SCHEMA_BEFORE) {
        return SKEYM_ERR_VERSION;
    }
    if (thorough) {
        error = ask(sqlite, "PRAGMA quick_check(1)", NULL, "ok", &sound);
    }
    if (error || (thorough && !sound)) {
        return error ? error : SKEYM_ERR_DAMAGED;
    }
    return version == SCHEMA_VERSION
               ? SKEYM_OK
               : make_schema(sqlite, migration, sizeof migration / sizeof *migration);
}

/* Remembers which files the database and its log are. */
static void mark_files(struct skeym_sqlite *sqlite)
{
    const char *name = sqlite3_db_filename(sqlite->db, "main");
    const char *const names[] = {name, sqlite3_filename_wal(name)};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct stat info;
        if (stat(names[i], &info) == 0) {
            sqlite->files[i] = (struct skeym_sqlite_file){names[i], info.st_dev, info.st_ino};
        }
    }
}

enum skeym_error skeym_sqlite_open_present(void *handle)
{
    const struct skeym_sqlite *sqlite = handle;
    for (size_t i = 0; i < sizeof sqlite->files / sizeof *sqlite->files; i++) {
        const struct skeym_sqlite_file *file = &sqlite->files[i];
        struct stat info;
        if (!file->name) {
            continue;
        }
        if (stat(file->name, &info) != 0) {
            if (errno == ENOENT || errno == ENOTDIR) {
                return SKEYM_ERR_MISSING;
            }
        } else if (info.st_dev != file->device || info.st_ino != file->number) {
            return SKEYM_ERR_MISSING;
        }
    }
    return SKEYM_OK;
}

static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
    (void)db, (void)name;
    ((struct skeym_sqlite *)arg)->log_pages = pages;
    return SQLITE_OK;
}

void skeym_sqlite_open_close(void *handle)
{
    struct skeym_sqlite *sqlite = handle;
    for (size_t i = 0; i < SKEYM_SQLITE_STATEMENT_COUNT; i++) {
        sqlite3_finalize(sqlite->fixed[i]);
    }
    for (size_t i = 0; i < SKEYM_SQLITE_CACHE; i++) {
        sqlite3_finalize(sqlite->cache[i]);
    }
    (void)sqlite3_close(sqlite->db);
    skeym_sqlite_known_free(sqlite->known);
    free(sqlite);
}

void skeym_sqlite_open_limit(void *handle, uint64_t max_bytes)
{
    struct skeym_sqlite *sqlite = handle;
    uint64_t pages = max_bytes / PAGE_BYTES;
    char sql[64];
    if (max_bytes == 0 || pages > 0xfffffffe) {
        pages = 0xfffffffe; /* the format's own limit */
    }
    sqlite3_snprintf(sizeof sql, sql, "PRAGMA max_page_count = %llu", (unsigned long long)pages);
    (void)sqlite3_exec(sqlite->db, sql, NULL, NULL, NULL);
}

static enum skeym_error set_up(struct skeym_sqlite *sqlite,
                               const struct skeym_store_options *options, bool writer, bool fresh,
                               bool small)
{
    sqlite3_extended_result_codes(sqlite->db, 1);
    sqlite->busy_ms = (int)options->busy_ms;
    sqlite3_busy_timeout(sqlite->db, sqlite->busy_ms);
    sqlite->log_max_pages = (int)(options->log_bytes / PAGE_BYTES);
    sqlite->log_wait_pages = sqlite->log_max_pages;
    sqlite3_limit(sqlite->db, SQLITE_LIMIT_LENGTH, ROW_BYTES_MAX);
    sqlite3_limit(sqlite->db, SQLITE_LIMIT_ATTACHED, 0);
    (void)sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    enum skeym_error error = SKEYM_OK;
    if (fresh) {
        error = run_all(sqlite, (const char *const[]){"PRAGMA page_size = 8192"}, 1);
    }
    if (!error) {
        error = run_all(sqlite, settings, sizeof settings / sizeof *settings);
    }
    if (error) {
        return error;
    }
    sqlite->steps_max = writer ? options->steps_max / WRITER_SHARE + 1 : options->steps_max;
    sqlite->bounded = !writer;
    sqlite3_progress_handler(sqlite->db, SKEYM_SQLITE_STEPS, skeym_sqlite_on_steps, sqlite);
    if (!writer) {
        return run_all(sqlite, (const char *const[]){"PRAGMA query_only = ON"}, 1);
    }
    sqlite3_wal_hook(sqlite->db, on_commit, sqlite);
    sqlite->known = skeym_sqlite_known_new();
    sqlite->whole = true;
    skeym_sqlite_open_limit(sqlite, options->max_bytes);
    enum skeym_error wrong = check_schema(sqlite, small);
    mark_files(sqlite);
    return wrong;
}

/* Nobody asks how much memory SQLite has, and to count it takes a lock for each piece. */
static void configure(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum skeym_error skeym_sqlite_open(void **handle, const struct skeym_store_options *options,
                                   bool writer)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    bool fresh = false, small = false;
    *handle = NULL;
    (void)pthread_once(&once, configure);
    if (skeym_span_starts(skeym_span_text(options->path), "file:")) {
        return SKEYM_ERR_USAGE; /* would be read as a URI with settings of its own */
    }
    enum skeym_error error = writer ? prepare_file(options->path, &fresh, &small) : SKEYM_OK;
    if (error) {
        return error;
    }
    struct skeym_sqlite *sqlite = calloc(1, sizeof *sqlite);
    if (!sqlite) {
        return SKEYM_ERR_MEMORY;
    }
    int code = sqlite3_open_v2(options->path, &sqlite->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, skeym_sqlite_log());
    error = code == SQLITE_OK ? set_up(sqlite, options, writer, fresh, small)
                              : skeym_sqlite_error(sqlite, code);
    if (error) {
        skeym_sqlite_open_close(sqlite);
        return error;
    }
    *handle = sqlite;
    return SKEYM_OK;
}
