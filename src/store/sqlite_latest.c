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
    memcpy(row->id, record->id.data, record->id.size);
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

static enum skeym_error has_term(struct skeym_sqlite *sqlite, struct skeym_span patient,
                                 const struct row *row, int64_t term, bool *has)
{
    sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_HAS_TERM);
    if (!statement) {
        return skeym_sqlite_failure(sqlite);
    }
    sqlite3_bind_int64(statement, 1, term);
    skeym_sqlite_bind(statement, 2, patient);
    sqlite3_bind_int64(statement, 3, row->start);
    skeym_sqlite_bind(statement, 4, skeym_span(row->id, row->size));
    int code = sqlite3_step(statement);
    *has = code == SQLITE_ROW;
    sqlite3_reset(statement);
    return skeym_sqlite_error(sqlite, code);
}

/* Joins the terms that occur on one row. Only terms that have rows of this patient are asked. */
static enum skeym_error join(struct skeym_sqlite *sqlite, struct skeym_span patient,
                             struct gather *gather, const int64_t *terms, uint32_t *parents,
                             const bool *used, size_t count)
{
    for (size_t i = 0; i < gather->count; i++) {
        for (uint32_t t = 0; t < count; t++) {
            bool has = false;
            uint32_t own = root(parents, gather->rows[i].term);
            if (!used[t] || root(parents, t) == own) {
                continue;
            }
            enum skeym_error error = has_term(sqlite, patient, &gather->rows[i], terms[t], &has);
            if (error) {
                return error;
            }
            if (has) {
                parents[root(parents, t)] = own;
            }
        }
    }
    for (size_t i = 0; i < gather->count; i++) {
        gather->rows[i].term = root(parents, gather->rows[i].term);
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

static enum skeym_error find_terms(struct skeym_sqlite *sqlite,
                                   const struct skeym_store_query *query, int64_t *terms,
                                   size_t *count)
{
    static const struct skeym_store_value any = {.any_system = true, .any_text = true};
    struct skeym_store_test all = {SKEYM_STORE_BY_CODE, &any, 1};
    const struct skeym_store_test *test = &all;
    for (size_t i = 0; i < query->test_count; i++) {
        if (query->tests[i].field == SKEYM_STORE_BY_CODE) {
            test = &query->tests[i];
        }
    }
    return skeym_sqlite_query_terms(sqlite, test, terms, TERMS_MAX, count);
}

enum skeym_error skeym_sqlite_latest(void *handle, const struct skeym_store_query *query,
                                     skeym_store_each each, void *arg)
{
    struct skeym_sqlite *sqlite = handle;
    struct skeym_store_query newest = *query;
    struct gather gather = {0};
    struct skeym_span patient = only_patient(query);
    size_t count = 0;
    newest.kind = SKEYM_STORE_OBSERVATION;
    newest.order = SKEYM_STORE_ORDER_TIME;
    newest.descending = true;
    newest.resume = false;
    int64_t *terms = calloc(TERMS_MAX, sizeof *terms);
    uint32_t *parents = calloc(TERMS_MAX, sizeof *parents);
    bool *used = calloc(TERMS_MAX, sizeof *used);
    gather.rows = calloc(SKEYM_STORE_LATEST_ROWS_MAX, sizeof *gather.rows);
    enum skeym_error error = terms && parents && used && gather.rows ? SKEYM_OK : SKEYM_ERR_MEMORY;
    if (!error) {
        error = patient.size > 0 ? find_terms(sqlite, query, terms, &count) : SKEYM_ERR_USAGE;
    }
    sqlite->steps = sqlite->steps_max;
    for (uint32_t t = 0; !error && t < count; t++) {
        size_t before = gather.count;
        parents[t] = gather.term = t;
        error = skeym_sqlite_query_term(sqlite, &newest, terms[t], gather_row, &gather);
        used[t] = gather.count > before;
        if (!error && gather.full) {
            error = SKEYM_ERR_RANGE;
        }
    }
    if (!error) {
        error = join(sqlite, patient, &gather, terms, parents, used, count);
    }
    if (!error) {
        error = give(sqlite, &gather, query->limit, each, arg);
    }
    free(gather.rows);
    free(used);
    free(parents);
    free(terms);
    return error;
}
