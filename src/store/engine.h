/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an engine gives to store.c. Errors: SKEYM_ERR_DAMAGED is the whole database's,
 * SKEYM_ERR_CHECKSUM one row's. A handle is one connection, used by one thread at a time. begin,
 * commit and rollback bracket a transaction; mark, release and unwind one savepoint within it.
 */
#ifndef SKEYM_STORE_ENGINE_H
#define SKEYM_STORE_ENGINE_H

#include "store/store.h"

/* What apply allocates for write->found; one malloc, freed by store.c. */
struct skeym_store_owned {
    struct skeym_store_owned *next;
    uint8_t bytes[];
};

struct skeym_store_engine {
    enum skeym_error (*open)(void **handle, const struct skeym_store_options *options, bool writer);
    void (*close)(void *handle);
    /* The newest updated_ms of a row that is as it was written; 0 for none, as far as 16 rows of
     * each kind tell. */
    enum skeym_error (*newest)(void *handle, int64_t *updated_ms);
    void (*set_max_bytes)(void *handle, uint64_t max_bytes);
    enum skeym_error (*begin)(void *handle);
    enum skeym_error (*commit)(void *handle);
    void (*rollback)(void *handle);
    /* A number that grows with each row that is changed. */
    int64_t (*changes)(void *handle);
    enum skeym_error (*mark)(void *handle);
    enum skeym_error (*release)(void *handle);
    enum skeym_error (*unwind)(void *handle);
    /* false when an error has ended the transaction by itself (a full disk does) */
    bool (*in_transaction)(void *handle);
    enum skeym_error (*apply)(void *handle, struct skeym_store_write *write);
    /* SKEYM_ERR_MISSING when the writer's file or its log was removed or replaced since it was
     * opened: what is committed then is lost. On any thread. */
    enum skeym_error (*present)(void *handle);
    /* Between transactions, after the answers are out: moves the log into the file when it is long,
     * or (now) in any case. */
    enum skeym_error (*tidy)(void *handle, bool now);
    /* From here to let_go all gets of this handle see the database as it is at the first of them;
     * not for search and latest. When it cannot be, each sees it as it is then. */
    bool (*hold)(void *handle);
    void (*let_go)(void *handle);
    /* One budget of work for all queries that follow. */
    void (*budget)(void *handle);
    enum skeym_error (*get)(void *handle, enum skeym_store_kind kind, struct skeym_span id,
                            skeym_store_each each, void *arg);
    enum skeym_error (*search)(void *handle, const struct skeym_store_query *query,
                               skeym_store_each each, void *arg);
    enum skeym_error (*latest)(void *handle, const struct skeym_store_query *query,
                               skeym_store_each each, void *arg);
};

extern const struct skeym_store_engine skeym_sqlite_engine;

#endif
