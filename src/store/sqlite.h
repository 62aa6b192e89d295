/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of the SQLite engine. All SQL is prepared and all values are bound; the only
 * text that is put together is made from constant pieces (sqlite_query.c).
 */
#ifndef SKEYM_STORE_SQLITE_H
#define SKEYM_STORE_SQLITE_H

#include "store/engine.h"
#include "store/sqlite_known.h"
#include <sqlite3.h>
#include <sys/types.h>

/* X(name, sql): prepared when first used, kept until close. */
#define SKEYM_SQLITE_STATEMENTS(X)                                                                 \
    X(SNAPSHOT, "BEGIN")                                                                           \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(MARK, "SAVEPOINT one")                                                                       \
    X(RELEASE, "RELEASE one")                                                                      \
    X(UNWIND, "ROLLBACK TO one")                                                                   \
    X(NEWEST_OBSERVATION,                                                                          \
      "SELECT id, patient, start, stop, updated, version, body, writer, checksum"                  \
      " FROM observation WHERE ?1 = 0 ORDER BY updated DESC LIMIT 16")                             \
    X(NEWEST_ENTITY, "SELECT id, patient, 0, 0, updated, version, body, writer, checksum"          \
                     " FROM entity WHERE kind = ?1 ORDER BY updated DESC LIMIT 16")                \
    X(GET_OBSERVATION, "SELECT id, patient, start, stop, updated, version, body, writer, checksum" \
                       " FROM observation WHERE id = ?2 AND ?1 = 0")                               \
    X(GET_ENTITY, "SELECT id, patient, 0, 0, updated, version, body, writer, checksum"             \
                  " FROM entity WHERE kind = ?1 AND id = ?2")                                      \
    X(ADD_OBSERVATION, "INSERT INTO observation"                                                   \
                       "(id, patient, start, stop, updated, version, body, writer, checksum)"      \
                       " VALUES(?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")                             \
    X(ADD_ENTITY, "INSERT INTO entity"                                                             \
                  "(kind, id, patient, updated, version, body, writer, checksum)"                  \
                  " VALUES(?1, ?2, ?3, ?6, ?7, ?8, ?9, ?10)")                                      \
    X(SET_ENTITY, "UPDATE entity SET patient = ?3, updated = ?6, version = ?7, body = ?8,"         \
                  " writer = ?9, checksum = ?10 WHERE kind = ?1 AND id = ?2")                      \
    X(WIDEN, "INSERT INTO reach(patient, longest) VALUES(?1, ?2)"                                  \
             " ON CONFLICT(patient) DO UPDATE SET longest = excluded.longest"                      \
             " WHERE excluded.longest > longest")                                                  \
    X(FIND_TERM, "SELECT num FROM term WHERE kind = ?1 AND value = ?2 AND system = ?3")            \
    X(ADD_TERM, "INSERT INTO term(kind, value, system) VALUES(?1, ?2, ?3)")                        \
    X(ADD_OBSERVATION_TERM, "INSERT OR IGNORE INTO observation_term(term, patient, start, id)"     \
                            " VALUES(?1, ?2, ?3, ?4)")                                             \
    X(FIND_IDENTIFIER,                                                                             \
      "SELECT id FROM identifier"                                                                  \
      " WHERE kind = ?1 AND value = ?2 AND system = ?3 AND owner = ?4 AND writer = ?6"             \
      " AND id <> ?5")                                                                             \
    X(ADD_IDENTIFIER, "INSERT OR IGNORE INTO identifier(kind, value, system, owner, writer, id)"   \
                      " VALUES(?1, ?2, ?3, ?4, ?6, ?5)")                                           \
    X(DROP_IDENTIFIERS, "DELETE FROM identifier WHERE kind <> 0 AND kind = ?1 AND id = ?2")        \
    X(ADD_NAME, "INSERT OR IGNORE INTO name(value, id) VALUES(?1, ?2)")                            \
    X(DROP_NAMES, "DELETE FROM name WHERE id = ?2 AND ?1 = 1")                                     \
    X(TERMS_EXACT, "SELECT num FROM term WHERE kind = ?1 AND value = ?2 AND system = ?3")          \
    X(TERMS_VALUE, "SELECT num FROM term WHERE kind = ?1 AND value = ?2")                          \
    X(TERMS_SYSTEM, "SELECT num FROM term WHERE kind = ?1 AND system = ?3")                        \
    X(ADD_PATIENT_TERM, "INSERT OR IGNORE INTO patient_term(patient, term) VALUES(?1, ?2)")        \
    X(FIND_REQUEST, "SELECT digest, id, version, updated, created FROM request"                    \
                    " WHERE writer = ?1 AND key = ?2")                                             \
    X(ADD_REQUEST, "INSERT INTO request(writer, key, digest, id, version, updated, created)"       \
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                          \
    X(DROP_REQUESTS, "DELETE FROM request WHERE num IN"                                            \
                     " (SELECT num FROM request ORDER BY num LIMIT 8)"                             \
                     " AND (updated < ?1 OR num <= ?2)")                                           \
    X(ROW_TERMS, "SELECT term FROM observation_term INDEXED BY observation_term_row"               \
                 " WHERE patient = ?1 AND start = ?2 AND id = ?3")

enum skeym_sqlite_statement {
#define SKEYM_SQLITE_ENUM(name, sql) SKEYM_SQLITE_##name,
    SKEYM_SQLITE_STATEMENTS(SKEYM_SQLITE_ENUM)
#undef SKEYM_SQLITE_ENUM
        SKEYM_SQLITE_STATEMENT_COUNT
};

enum {
    SKEYM_SQLITE_CACHE = 16,
    SKEYM_SQLITE_STEPS = 1000,
    /* What it takes to start a statement, and to prepare one, in steps. */
    SKEYM_SQLITE_START = 100,
    SKEYM_SQLITE_PREPARE_BYTE = 5,
    SKEYM_SQLITE_STEP_BYTES = 32, /* of a body that is read, as much work as one step */
};

/* A file as it was when it was opened; the name is the connection's. */
struct skeym_sqlite_file {
    const char *name;
    dev_t device;
    ino_t number;
};

struct skeym_sqlite {
    sqlite3 *db;
    struct skeym_sqlite_file files[2]; /* of the writer: the database and its log */
    sqlite3_stmt *fixed[SKEYM_SQLITE_STATEMENT_COUNT];
    sqlite3_stmt *cache[SKEYM_SQLITE_CACHE]; /* of searches, newest first */
    /* The budget, in units of SKEYM_SQLITE_STEPS. */
    uint32_t steps, steps_max;
    uint32_t charged; /* of the unit that is begun, by skeym_sqlite_charge */
    bool bounded;     /* the budget counts now; always in a reader */
    bool shared;      /* it was given for many queries; else each query begins a new one */
    int busy_ms;
    int log_pages; /* as of the last commit; 0: looked after */
    int log_max_pages, log_wait_pages;
    struct skeym_sqlite_known *known; /* of the writer */
    bool whole;                       /* the last transaction was committed: `known` is true */
};

/* The project's error for an errno. */
enum skeym_error skeym_sqlite_system_error(int number);
/* The project's error for a result code of this connection. */
enum skeym_error skeym_sqlite_error(struct skeym_sqlite *sqlite, int code);
/* A fixed statement, reset and without values. NULL: see skeym_sqlite_failure. */
sqlite3_stmt *skeym_sqlite_fixed(struct skeym_sqlite *sqlite, enum skeym_sqlite_statement which);
/* A prepared search, from the cache if it is there. */
enum skeym_error skeym_sqlite_search(struct skeym_sqlite *sqlite, const char *sql,
                                     sqlite3_stmt **out);
/* The error of the call that has just failed. */
enum skeym_error skeym_sqlite_failure(struct skeym_sqlite *sqlite);
/* Steps a statement that gives no rows, and resets it. NULL is a failure. */
enum skeym_error skeym_sqlite_run(struct skeym_sqlite *sqlite, sqlite3_stmt *statement);
/* The bytes must live until the statement is reset. */
void skeym_sqlite_bind(sqlite3_stmt *statement, int at, struct skeym_span text);
struct skeym_span skeym_sqlite_column(sqlite3_stmt *statement, int at);
/* The first 8 bytes of SHA-256 over all that a row says. Not against who can write the file, but
 * against bits that turn on the disk. */
int64_t skeym_sqlite_checksum(const struct skeym_store_record *record);
/* Reads the columns id, patient, start, stop, updated, version, body, writer, checksum.
 * SKEYM_ERR_CHECKSUM: the row is not as it was written; the record is then empty. */
enum skeym_error skeym_sqlite_record(struct skeym_store_record *record, sqlite3_stmt *statement,
                                     enum skeym_store_kind kind);

/* A new budget for all queries from now on until the next one. */
void skeym_sqlite_budget(void *handle);
/* At the begin of a query: a new budget, unless there is one for many. */
void skeym_sqlite_query_begins(struct skeym_sqlite *sqlite);
/* Takes work that the engine does not count by itself (to prepare a statement, to start one, to
 * read a long row) from the budget. SKEYM_ERR_TIMEOUT when nothing is left. */
SKEYM_MUST_USE enum skeym_error skeym_sqlite_charge(struct skeym_sqlite *sqlite, uint32_t steps);
SKEYM_MUST_USE enum skeym_error skeym_sqlite_charge_body(struct skeym_sqlite *sqlite,
                                                         const struct skeym_store_record *record);
/* The progress handler. */
int skeym_sqlite_on_steps(void *arg);

/* sqlite_open.c */
enum skeym_error skeym_sqlite_open(void **handle, const struct skeym_store_options *options,
                                   bool writer);
void skeym_sqlite_open_close(void *handle);
void skeym_sqlite_open_limit(void *handle, uint64_t max_bytes);
enum skeym_error skeym_sqlite_open_present(void *handle);
/* sqlite_row.c */
enum skeym_error skeym_sqlite_row_apply(void *handle, struct skeym_store_write *write);
enum skeym_error skeym_sqlite_row_get(void *handle, enum skeym_store_kind kind,
                                      struct skeym_span id, skeym_store_each each, void *arg);
/* sqlite_request.c */
/* Whether the write's key was used before: then write->repeated, and what it came to.
 * SKEYM_ERR_CONFLICT (MISUSED): for another request. */
SKEYM_MUST_USE enum skeym_error skeym_sqlite_request_find(struct skeym_sqlite *sqlite,
                                                          struct skeym_store_write *write);
/* What a write with a key has come to. */
SKEYM_MUST_USE enum skeym_error skeym_sqlite_request_keep(struct skeym_sqlite *sqlite,
                                                          const struct skeym_store_write *write);
/* sqlite_query.c */
enum skeym_error skeym_sqlite_query_search(void *handle, const struct skeym_store_query *query,
                                           skeym_store_each each, void *arg);
/* Rows of one term; the query has one patient. */
enum skeym_error skeym_sqlite_query_term(void *handle, const struct skeym_store_query *query,
                                         int64_t term, skeym_store_each each, void *arg);
/* The codes that a patient has, in order, of those that the query's first test of codes means (or
 * all); at most `room`; SKEYM_ERR_RANGE when there are more. */
enum skeym_error skeym_sqlite_query_own_terms(struct skeym_sqlite *sqlite,
                                              const struct skeym_store_query *query,
                                              struct skeym_span patient, int64_t *terms,
                                              size_t room, size_t *count);
/* The terms that a test of codes or categories means, at most `room`; SKEYM_ERR_RANGE when there
 * are more. */
enum skeym_error skeym_sqlite_query_terms(struct skeym_sqlite *sqlite,
                                          const struct skeym_store_test *test, int64_t *terms,
                                          size_t room, size_t *count);
/* sqlite_latest.c */
enum skeym_error skeym_sqlite_latest(void *handle, const struct skeym_store_query *query,
                                     skeym_store_each each, void *arg);

#endif
