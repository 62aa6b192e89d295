/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Idempotency keys: what a write with a key came to, so that the same request sent again gets the
 * same answer and is not carried out again. In the transaction of the write itself, so that both
 * are there or neither. Rows are in order of time; each that is added lets a few of the oldest go.
 */
#include "store/sqlite.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_MS   ((int64_t)24 * 3600 * 1000)
#define KEPT_ROWS ((int64_t)1000 * 1000)

static enum skeym_error take_row(struct skeym_store_write *write, sqlite3_stmt *statement)
{
    struct skeym_span digest = skeym_sqlite_column(statement, 0);
    struct skeym_span id = skeym_sqlite_column(statement, 1);
    if (!skeym_span_equal(digest, skeym_span(write->digest, SKEYM_STORE_DIGEST_BYTES))) {
        write->outcome = SKEYM_STORE_MISUSED;
        return SKEYM_ERR_CONFLICT;
    }
    struct skeym_store_owned *owned = malloc(sizeof *owned + id.size);
    if (!owned) {
        return SKEYM_ERR_MEMORY;
    }
    if (id.size > 0) {
        memcpy(owned->bytes, id.data, id.size);
    }
    write->owned = owned;
    write->found.id = skeym_span(owned->bytes, id.size);
    write->version = (uint32_t)sqlite3_column_int64(statement, 2);
    write->updated_ms = sqlite3_column_int64(statement, 3);
    write->outcome = sqlite3_column_int(statement, 4) ? SKEYM_STORE_CREATED : SKEYM_STORE_UPDATED;
    write->repeated = true;
    return SKEYM_OK;
}

enum skeym_error skeym_sqlite_request_find(struct skeym_sqlite *sqlite,
                                           struct skeym_store_write *write)
{
    sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_FIND_REQUEST);
    if (!statement) {
        return skeym_sqlite_failure(sqlite);
    }
    skeym_sqlite_bind(statement, 1, write->record.writer);
    skeym_sqlite_bind(statement, 2, write->key);
    int code = sqlite3_step(statement);
    enum skeym_error error = skeym_sqlite_error(sqlite, code);
    if (code == SQLITE_ROW) {
        error = take_row(write, statement);
    }
    sqlite3_reset(statement);
    return error;
}

static enum skeym_error drop_oldest(struct skeym_sqlite *sqlite,
                                    const struct skeym_store_write *write, int64_t newest)
{
    sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_DROP_REQUESTS);
    if (statement) {
        sqlite3_bind_int64(statement, 1, write->updated_ms - KEPT_MS);
        sqlite3_bind_int64(statement, 2, newest - KEPT_ROWS);
    }
    return skeym_sqlite_run(sqlite, statement);
}

enum skeym_error skeym_sqlite_request_keep(struct skeym_sqlite *sqlite,
                                           const struct skeym_store_write *write)
{
    sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_ADD_REQUEST);
    if (statement) {
        skeym_sqlite_bind(statement, 1, write->record.writer);
        skeym_sqlite_bind(statement, 2, write->key);
        sqlite3_bind_blob(statement, 3, write->digest, SKEYM_STORE_DIGEST_BYTES, SQLITE_STATIC);
        skeym_sqlite_bind(statement, 4, write->record.id);
        sqlite3_bind_int64(statement, 5, write->version);
        sqlite3_bind_int64(statement, 6, write->updated_ms);
        sqlite3_bind_int(statement, 7, write->outcome == SKEYM_STORE_CREATED);
    }
    enum skeym_error error = skeym_sqlite_run(sqlite, statement);
    return error ? error : drop_oldest(sqlite, write, sqlite3_last_insert_rowid(sqlite->db));
}
