/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite engine: errors, statements, transactions. */
#include "store/sqlite.h"

#include "crypto/crypto.h"
#include <errno.h>
#include <string.h>

/* The log is moved into the file when it is this long: pages that are written in many transactions
 * are moved once. Readers that follow each other without a gap keep it from starting anew, so from
 * log_bytes on they are waited for, this long and no longer, and again so many pages later. */
enum { LOG_PAGES = 4096, LOG_WAIT_MS = 1000, LOG_AGAIN_PAGES = 1000 };

enum skeym_error skeym_sqlite_system_error(int number)
{
    static const struct {
        int number;
        enum skeym_error error;
    } table[] = {
        {ENOSPC, SKEYM_ERR_NO_SPACE},  {EDQUOT, SKEYM_ERR_NO_SPACE},
        {EFBIG, SKEYM_ERR_NO_SPACE},   {EACCES, SKEYM_ERR_PERMISSION},
        {EPERM, SKEYM_ERR_PERMISSION}, {EROFS, SKEYM_ERR_PERMISSION},
        {ENOENT, SKEYM_ERR_MISSING},   {ENOTDIR, SKEYM_ERR_MISSING},
        {ENOMEM, SKEYM_ERR_MEMORY},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].number == number) {
            return table[i].error;
        }
    }
    return SKEYM_ERR_IO;
}

enum skeym_error skeym_sqlite_error(struct skeym_sqlite *sqlite, int code)
{
    static const struct {
        int code;
        enum skeym_error error;
    } table[] = {
        {SQLITE_OK, SKEYM_OK},
        {SQLITE_ROW, SKEYM_OK},
        {SQLITE_DONE, SKEYM_OK},
        {SQLITE_FULL, SKEYM_ERR_NO_SPACE},
        {SQLITE_BUSY, SKEYM_ERR_BUSY},
        {SQLITE_LOCKED, SKEYM_ERR_BUSY},
        {SQLITE_CORRUPT, SKEYM_ERR_DAMAGED},
        {SQLITE_NOTADB, SKEYM_ERR_DAMAGED},
        {SQLITE_READONLY, SKEYM_ERR_PERMISSION},
        {SQLITE_PERM, SKEYM_ERR_PERMISSION},
        {SQLITE_NOMEM, SKEYM_ERR_MEMORY},
        {SQLITE_TOOBIG, SKEYM_ERR_SIZE},
        {SQLITE_INTERRUPT, SKEYM_ERR_TIMEOUT},
        {SQLITE_CONSTRAINT, SKEYM_ERR_CONFLICT},
    };
    int primary = code & 0xff;
    if (code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_CORRUPTFS) {
        return SKEYM_ERR_DAMAGED; /* the file is shorter than it says, or the disk has given up */
    }
    if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) {
        return skeym_sqlite_system_error(sqlite->db ? sqlite3_system_errno(sqlite->db) : 0);
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].code == primary) {
            return table[i].error;
        }
    }
    return SKEYM_ERR_STORE;
}

enum skeym_error skeym_sqlite_failure(struct skeym_sqlite *sqlite)
{
    enum skeym_error error = skeym_sqlite_error(sqlite, sqlite3_errcode(sqlite->db));
    return error ? error : SKEYM_ERR_STORE;
}

void skeym_sqlite_budget(void *handle)
{
    struct skeym_sqlite *sqlite = handle;
    sqlite->shared = true;
    sqlite->steps = sqlite->steps_max;
}

void skeym_sqlite_query_begins(struct skeym_sqlite *sqlite)
{
    if (!sqlite->shared) {
        sqlite->steps = sqlite->steps_max;
    }
}

enum skeym_error skeym_sqlite_charge(struct skeym_sqlite *sqlite, uint32_t steps)
{
    uint32_t all = sqlite->charged + steps % SKEYM_SQLITE_STEPS;
    uint32_t units = steps / SKEYM_SQLITE_STEPS + all / SKEYM_SQLITE_STEPS;
    if (!sqlite->bounded) {
        return SKEYM_OK;
    }
    sqlite->charged = all % SKEYM_SQLITE_STEPS;
    if (sqlite->steps == 0 || units > sqlite->steps) {
        sqlite->steps = 0;
        return SKEYM_ERR_TIMEOUT;
    }
    sqlite->steps -= units;
    return SKEYM_OK;
}

enum skeym_error skeym_sqlite_charge_body(struct skeym_sqlite *sqlite,
                                          const struct skeym_store_record *record)
{
    return skeym_sqlite_charge(sqlite, (uint32_t)(record->body.size / SKEYM_SQLITE_STEP_BYTES));
}

int skeym_sqlite_on_steps(void *arg)
{
    struct skeym_sqlite *sqlite = arg;
    if (!sqlite->bounded) {
        return 0;
    }
    if (sqlite->steps == 0) {
        return 1;
    }
    sqlite->steps--;
    return 0;
}

sqlite3_stmt *skeym_sqlite_fixed(struct skeym_sqlite *sqlite, enum skeym_sqlite_statement which)
{
    static const char *const sql[] = {
#define SKEYM_SQLITE_TEXT(name, text) text,
        SKEYM_SQLITE_STATEMENTS(SKEYM_SQLITE_TEXT)
#undef SKEYM_SQLITE_TEXT
    };
    sqlite3_stmt **at = &sqlite->fixed[which];
    if (!*at) {
        (void)sqlite3_prepare_v3(sqlite->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, at, NULL);
        return *at;
    }
    sqlite3_reset(*at);
    sqlite3_clear_bindings(*at);
    return *at;
}

enum skeym_error skeym_sqlite_search(struct skeym_sqlite *sqlite, const char *sql,
                                     sqlite3_stmt **out)
{
    sqlite3_stmt *found = NULL;
    size_t at = 0;
    *out = NULL;
    while (at < SKEYM_SQLITE_CACHE - 1 && sqlite->cache[at] &&
           strcmp(sqlite3_sql(sqlite->cache[at]), sql) != 0) {
        at++;
    }
    if (sqlite->cache[at] && strcmp(sqlite3_sql(sqlite->cache[at]), sql) == 0) {
        found = sqlite->cache[at];
        sqlite3_reset(found);
        sqlite3_clear_bindings(found);
    } else {
        uint32_t work = (uint32_t)strlen(sql) * SKEYM_SQLITE_PREPARE_BYTE;
        enum skeym_error error = skeym_sqlite_charge(sqlite, work);
        if (error) {
            return error;
        }
        if (sqlite3_prepare_v3(sqlite->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &found, NULL) !=
            SQLITE_OK) {
            return skeym_sqlite_failure(sqlite);
        }
        sqlite3_finalize(sqlite->cache[at]);
    }
    memmove(&sqlite->cache[1], &sqlite->cache[0], at * sizeof sqlite->cache[0]);
    sqlite->cache[0] = *out = found;
    return SKEYM_OK;
}

enum skeym_error skeym_sqlite_run(struct skeym_sqlite *sqlite, sqlite3_stmt *statement)
{
    if (!statement) {
        return skeym_sqlite_failure(sqlite);
    }
    enum skeym_error error = skeym_sqlite_error(sqlite, sqlite3_step(statement));
    sqlite3_reset(statement);
    return error;
}

void skeym_sqlite_bind(sqlite3_stmt *statement, int at, struct skeym_span text)
{
    const char *data = text.size > 0 ? (const char *)text.data : "";
    sqlite3_bind_text64(statement, at, data, text.size, SQLITE_STATIC, SQLITE_UTF8);
}

struct skeym_span skeym_sqlite_column(sqlite3_stmt *statement, int at)
{
    const void *data = sqlite3_column_blob(statement, at);
    int size = sqlite3_column_bytes(statement, at);
    return skeym_span(data, data && size > 0 ? (size_t)size : 0);
}

int64_t skeym_sqlite_checksum(const struct skeym_store_record *record)
{
    uint8_t head[8 * 8], hash[SKEYM_SHA256_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){head, sizeof head});
    bool observation = record->kind == SKEYM_STORE_OBSERVATION;
    skeym_write_u64(&writer, (uint64_t)record->kind);
    skeym_write_u64(&writer, observation ? (uint64_t)record->start_ms : 0);
    skeym_write_u64(&writer, observation ? (uint64_t)record->stop_ms : 0);
    skeym_write_u64(&writer, (uint64_t)record->updated_ms);
    skeym_write_u64(&writer, record->version);
    skeym_write_u64(&writer, record->id.size);
    skeym_write_u64(&writer, record->patient.size);
    skeym_write_u64(&writer, record->writer.size);
    const struct skeym_span parts[] = {skeym_span(head, sizeof head), record->id, record->patient,
                                       record->writer, record->body};
    skeym_crypto_sha256(hash, parts, sizeof parts / sizeof *parts);
    struct skeym_reader reader = skeym_reader(skeym_span(hash, sizeof hash));
    return (int64_t)skeym_read_u64(&reader);
}

enum skeym_error skeym_sqlite_record(struct skeym_store_record *record, sqlite3_stmt *statement,
                                     enum skeym_store_kind kind)
{
    *record = (struct skeym_store_record){
        .kind = kind,
        .id = skeym_sqlite_column(statement, 0),
        .patient = skeym_sqlite_column(statement, 1),
        .start_ms = sqlite3_column_int64(statement, 2),
        .stop_ms = sqlite3_column_int64(statement, 3),
        .updated_ms = sqlite3_column_int64(statement, 4),
        .version = (uint32_t)sqlite3_column_int64(statement, 5),
        .body = skeym_sqlite_column(statement, 6),
        .writer = skeym_sqlite_column(statement, 7),
    };
    if (skeym_sqlite_checksum(record) == sqlite3_column_int64(statement, 8)) {
        return SKEYM_OK;
    }
    *record = (struct skeym_store_record){0};
    return SKEYM_ERR_CHECKSUM;
}

/* Only a row that is as it was written counts: one bit turned in another's time would put all that
 * is ever written after it decades ahead. */
static enum skeym_error newest_of(struct skeym_sqlite *sqlite, enum skeym_store_kind kind,
                                  int64_t *updated_ms)
{
    struct skeym_store_record record = {0};
    sqlite3_stmt *statement =
        skeym_sqlite_fixed(sqlite, kind == SKEYM_STORE_OBSERVATION ? SKEYM_SQLITE_NEWEST_OBSERVATION
                                                                   : SKEYM_SQLITE_NEWEST_ENTITY);
    if (!statement) {
        return skeym_sqlite_failure(sqlite);
    }
    sqlite3_bind_int(statement, 1, (int)kind);
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW &&
           skeym_sqlite_record(&record, statement, kind)) {
    }
    *updated_ms = record.updated_ms > *updated_ms ? record.updated_ms : *updated_ms;
    sqlite3_reset(statement);
    enum skeym_error error = skeym_sqlite_error(sqlite, code);
    return error == SKEYM_ERR_DAMAGED ? SKEYM_OK : error; /* met again by who reads there */
}

static enum skeym_error newest(void *handle, int64_t *updated_ms)
{
    enum skeym_error error = SKEYM_OK;
    *updated_ms = 0;
    for (unsigned kind = 0; !error && kind < SKEYM_STORE_KINDS; kind++) {
        error = newest_of(handle, (enum skeym_store_kind)kind, updated_ms);
    }
    return error;
}

/* However the last one ended, if not by a commit. */
static enum skeym_error begin(void *handle)
{
    struct skeym_sqlite *sqlite = handle;
    if (!sqlite->whole) {
        skeym_sqlite_known_forget(sqlite->known);
    }
    sqlite->whole = false;
    return skeym_sqlite_run(sqlite, skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_BEGIN));
}

static bool hold(void *handle)
{
    return skeym_sqlite_run(handle, skeym_sqlite_fixed(handle, SKEYM_SQLITE_SNAPSHOT)) == SKEYM_OK;
}

static enum skeym_error commit(void *handle)
{
    struct skeym_sqlite *sqlite = handle;
    enum skeym_error error =
        skeym_sqlite_run(sqlite, skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_COMMIT));
    sqlite->whole = !error;
    return error;
}

static bool in_transaction(void *handle)
{
    return sqlite3_get_autocommit(((struct skeym_sqlite *)handle)->db) == 0;
}

static void rollback(void *handle)
{
    if (in_transaction(handle)) {
        enum skeym_error error =
            skeym_sqlite_run(handle, skeym_sqlite_fixed(handle, SKEYM_SQLITE_ROLLBACK));
        (void)error; /* nothing is left to undo when it fails */
    }
}

static int64_t changes(void *handle)
{
    return sqlite3_total_changes64(((struct skeym_sqlite *)handle)->db);
}

static enum skeym_error mark(void *handle)
{
    return skeym_sqlite_run(handle, skeym_sqlite_fixed(handle, SKEYM_SQLITE_MARK));
}

static enum skeym_error release(void *handle)
{
    return skeym_sqlite_run(handle, skeym_sqlite_fixed(handle, SKEYM_SQLITE_RELEASE));
}

static enum skeym_error unwind(void *handle)
{
    struct skeym_sqlite *sqlite = handle;
    skeym_sqlite_known_forget(sqlite->known);
    enum skeym_error error =
        skeym_sqlite_run(sqlite, skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_UNWIND));
    return error ? error : release(handle);
}

static enum skeym_error tidy(void *handle, bool now)
{
    struct skeym_sqlite *sqlite = handle;
    int pages = sqlite->log_pages;
    if (!now && pages < LOG_PAGES && pages < sqlite->log_max_pages) {
        return SKEYM_OK;
    }
    /* What it cannot move now, it moves next time: the rows are safe in the log. */
    sqlite->log_pages = 0;
    int code = SQLITE_OK;
    if (pages < sqlite->log_wait_pages) {
        code = sqlite3_wal_checkpoint_v2(sqlite->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        return skeym_sqlite_error(sqlite, code);
    }
    sqlite3_busy_timeout(sqlite->db, LOG_WAIT_MS);
    code = sqlite3_wal_checkpoint_v2(sqlite->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(sqlite->db, sqlite->busy_ms);
    /* One who reads for long does not make every commit wait: next time when it has grown more. */
    sqlite->log_wait_pages = code == SQLITE_OK ? sqlite->log_max_pages : pages + LOG_AGAIN_PAGES;
    return skeym_sqlite_error(sqlite, code);
}

const struct skeym_store_engine skeym_sqlite_engine = {
    .open = skeym_sqlite_open,
    .close = skeym_sqlite_open_close,
    .newest = newest,
    .set_max_bytes = skeym_sqlite_open_limit,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .changes = changes,
    .mark = mark,
    .release = release,
    .unwind = unwind,
    .in_transaction = in_transaction,
    .apply = skeym_sqlite_row_apply,
    .present = skeym_sqlite_open_present,
    .tidy = tidy,
    .hold = hold,
    .let_go = rollback,
    .budget = skeym_sqlite_budget,
    .get = skeym_sqlite_row_get,
    .search = skeym_sqlite_query_search,
    .latest = skeym_sqlite_latest,
};
