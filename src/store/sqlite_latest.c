/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The newest rows of each code of a patient: one short walk per code, then codes that share an
 * observation are joined to one group.
 */
#include "store/sqlite.h"

#include <stdlib.h>
#include <string.h>

enum { ID_BYTES = 64, TERMS_MAX = 4096 };

struct row {
    int64_t start;
    uint32_t term; /* index of the term; later of its group */
    uint32_t size;
    char id[ID_BYTES];
};

struct gather {
    struct row *rows;
    size_t count;
    uint32_t term;
    bool full;
};

struct latest {
    struct skeym_span patient;
    struct gather gather;
    size_t count;
    int64_t *terms;    /* the patient's codes, sorted */
    uint32_t *parents; /* of the terms: a forest; each tree is a group */
    bool *used;        /* the term has rows */
};

static bool gather_row(void *arg, const struct skeym_store_record *record)
{
    struct gather *gather = arg;
    if (gather->count >= SKEYM_STORE_LATEST_ROWS_MAX || record->id.size > ID_BYTES) {
        gather->full = true;
        return false;
    }
    struct row *row = &gather->rows[gather->count++];
    row->start = record->start_ms;
    row->term = gather->term;
    row->size = (uint32_t)record->id.size;
    if (record->id.size > 0) { /* not in what we write; the file may say anything */
        memcpy(row->id, record->id.data, record->id.size);
    }
    return true;
}

static int compare_ids(const struct row *a, const struct row *b)
{
    int order = memcmp(a->id, b->id, a->size < b->size ? a->size : b->size);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

/* Group by group, newest first. */
static int compare(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    if (a->term != b->term) {
        return a->term < b->term ? -1 : 1;
    }
    if (a->start != b->start) {
        return a->start > b->start ? -1 : 1;
    }
    return -compare_ids(a, b);
}

static uint32_t root(uint32_t *parents, uint32_t term)
{
    while (parents[term] != term) {
        parents[term] = parents[parents[term]];
        term = parents[term];
    }
    return term;
}

static int compare_terms(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Joins the terms of one row with the term that it was found by, as far as they have rows. */
static enum skeym_error join_row(struct skeym_sqlite *sqlite, const struct latest *latest,
                                 const struct row *row)
{
    enum skeym_error error = skeym_sqlite_charge(sqlite, SKEYM_SQLITE_START);
    if (error) {
        return error;
    }
    sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_ROW_TERMS);
    if (!statement) {
        return skeym_sqlite_failure(sqlite);
    }
    skeym_sqlite_bind(statement, 1, latest->patient);
    sqlite3_bind_int64(statement, 2, row->start);
    skeym_sqlite_bind(statement, 3, skeym_span(row->id, row->size));
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t term = sqlite3_column_int64(statement, 0);
        const int64_t *found =
            bsearch(&term, latest->terms, latest->count, sizeof term, compare_terms);
        if (found && latest->used[found - latest->terms]) {
            latest->parents[root(latest->parents, (uint32_t)(found - latest->terms))] =
                root(latest->parents, row->term);
        }
    }
    sqlite3_reset(statement);
    return skeym_sqlite_error(sqlite, code);
}

static enum skeym_error join(struct skeym_sqlite *sqlite, struct latest *latest)
{
    struct gather *gather = &latest->gather;
    for (size_t i = 0; i < gather->count; i++) {
        enum skeym_error error = join_row(sqlite, latest, &gather->rows[i]);
        if (error) {
            return error;
        }
    }
    for (size_t i = 0; i < gather->count; i++) {
        gather->rows[i].term = root(latest->parents, gather->rows[i].term);
    }
    return SKEYM_OK;
}

struct relay {
    skeym_store_each each;
    void *arg;
    bool more;
};

static bool relay_row(void *arg, const struct skeym_store_record *record)
{
    struct relay *relay = arg;
    relay->more = relay->each(relay->arg, record);
    return relay->more;
}

static enum skeym_error give(struct skeym_sqlite *sqlite, struct gather *gather, uint32_t limit,
                             skeym_store_each each, void *arg)
{
    struct relay relay = {each, arg, true};
    uint32_t given = 0;
    qsort(gather->rows, gather->count, sizeof *gather->rows, compare);
    for (size_t i = 0; relay.more && i < gather->count; i++) {
        const struct row *row = &gather->rows[i];
        if (i > 0 && row->term == row[-1].term && compare_ids(row, row - 1) == 0) {
            continue; /* found by several of its codes */
        }
        given = i > 0 && row->term == row[-1].term ? given : 0;
        if (given++ >= limit) {
            continue;
        }
        enum skeym_error error = skeym_sqlite_row_get(
            sqlite, SKEYM_STORE_OBSERVATION, skeym_span(row->id, row->size), relay_row, &relay);
        if (error) {
            return error;
        }
    }
    return SKEYM_OK;
}

static struct skeym_span only_patient(const struct skeym_store_query *query)
{
    for (size_t i = 0; i < query->test_count; i++) {
        if (query->tests[i].field == SKEYM_STORE_BY_PATIENT && query->tests[i].count == 1) {
            return query->tests[i].values[0].text;
        }
    }
    return skeym_span(NULL, 0);
}

/* Not within the budget: a reader must not stay in an old snapshot. */
static void end_snapshot(struct skeym_sqlite *sqlite)
{
    if (sqlite3_get_autocommit(sqlite->db) == 0) {
        sqlite->bounded = false;
        enum skeym_error error =
            skeym_sqlite_run(sqlite, skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_ROLLBACK));
        (void)error; /* it has only read */
        sqlite->bounded = true;
    }
}

/* One walk per term. */
static enum skeym_error walk(struct skeym_sqlite *sqlite, struct latest *latest,
                             const struct skeym_store_query *query)
{
    struct skeym_store_query newest = *query;
    newest.kind = SKEYM_STORE_OBSERVATION;
    newest.order = SKEYM_STORE_ORDER_TIME;
    newest.descending = true;
    newest.resume = false;
    for (uint32_t t = 0; t < latest->count; t++) {
        size_t before = latest->gather.count;
        latest->parents[t] = latest->gather.term = t;
        enum skeym_error error =
            skeym_sqlite_query_term(sqlite, &newest, latest->terms[t], gather_row, &latest->gather);
        if (error || latest->gather.full) {
            return error ? error : SKEYM_ERR_RANGE;
        }
        latest->used[t] = latest->gather.count > before;
    }
    return SKEYM_OK;
}

enum skeym_error skeym_sqlite_latest(void *handle, const struct skeym_store_query *query,
                                     skeym_store_each each, void *arg)
{
    struct skeym_sqlite *sqlite = handle;
    struct latest latest = {.patient = only_patient(query)};
    latest.terms = calloc(TERMS_MAX, sizeof *latest.terms);
    latest.parents = calloc(TERMS_MAX, sizeof *latest.parents);
    latest.used = calloc(TERMS_MAX, sizeof *latest.used);
    latest.gather.rows = calloc(SKEYM_STORE_LATEST_ROWS_MAX, sizeof *latest.gather.rows);
    bool room = latest.terms && latest.parents && latest.used && latest.gather.rows;
    enum skeym_error error = !room                      ? SKEYM_ERR_MEMORY
                             : latest.patient.size == 0 ? SKEYM_ERR_USAGE
                                                        : SKEYM_OK;
    skeym_sqlite_query_begins(sqlite);
    if (!error) {
        /* all of it sees the same rows, and takes the lock once */
        error = skeym_sqlite_run(sqlite, skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_SNAPSHOT));
    }
    if (!error) {
        error = skeym_sqlite_query_own_terms(sqlite, query, latest.patient, latest.terms, TERMS_MAX,
                                             &latest.count);
    }
    if (!error) {
        error = walk(sqlite, &latest, query);
    }
    if (!error) {
        error = join(sqlite, &latest);
    }
    if (!error) {
        error = give(sqlite, &latest.gather, query->limit, each, arg);
    }
    end_snapshot(sqlite);
    free(latest.gather.rows);
    free(latest.used);
    free(latest.parents);
    free(latest.terms);
    return error;
}
