/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite.h"

#include <stdlib.h>
#include <string.h>

static struct skeym_span owner_of(const struct skeym_store_record *record)
{
    /* Observations are told apart within one patient only: whoever may write one patient's
     * readings must not be able to learn, or to block, another's identifiers. */
    return record->kind == SKEYM_STORE_OBSERVATION ? record->patient : skeym_span(NULL, 0);
}

static struct skeym_span writer_of(const struct skeym_store_record *record)
{
    /* Nor may one writer take the place of what another is about to write. */
    return record->kind == SKEYM_STORE_OBSERVATION ? record->writer : skeym_span(NULL, 0);
}

static bool copy_found(void *arg, const struct skeym_store_record *record)
{
    struct skeym_store_write *write = arg;
    enum { PARTS = 4 };
    struct skeym_span from[PARTS] = {record->id, record->patient, record->body, record->writer};
    size_t size = 0;
    for (size_t i = 0; i < PARTS; i++) {
        size += from[i].size; /* bounded by the engine's row limit */
    }
    struct skeym_store_owned *owned = malloc(sizeof *owned + size);
    if (!owned) {
        return false;
    }
    uint8_t *at = owned->bytes;
    for (size_t i = 0; i < PARTS; i++) {
        if (from[i].size > 0) {
            memcpy(at, from[i].data, from[i].size);
        }
        from[i].data = at;
        at += from[i].size;
    }
    write->owned = owned;
    write->found = *record;
    write->found.id = from[0];
    write->found.patient = from[1];
    write->found.body = from[2];
    write->found.writer = from[3];
    return false;
}

enum skeym_error skeym_sqlite_row_get(void *handle, enum skeym_store_kind kind,
                                      struct skeym_span id, skeym_store_each each, void *arg)
{
    struct skeym_sqlite *sqlite = handle;
    sqlite3_stmt *statement =
        skeym_sqlite_fixed(sqlite, kind == SKEYM_STORE_OBSERVATION ? SKEYM_SQLITE_GET_OBSERVATION
                                                                   : SKEYM_SQLITE_GET_ENTITY);
    if (!statement) {
        return skeym_sqlite_failure(sqlite);
    }
    skeym_sqlite_query_begins(sqlite);
    enum skeym_error error = skeym_sqlite_charge(sqlite, SKEYM_SQLITE_START);
    if (error) {
        return error;
    }
    sqlite3_bind_int(statement, 1, (int)kind);
    skeym_sqlite_bind(statement, 2, id);
    int code = sqlite3_step(statement);
    error = skeym_sqlite_error(sqlite, code);
    if (code == SQLITE_DONE) {
        error = SKEYM_ERR_NOT_FOUND;
    } else if (code == SQLITE_ROW) {
        struct skeym_store_record record;
        error = skeym_sqlite_record(&record, statement, kind);
        error = error ? error : skeym_sqlite_charge_body(sqlite, &record);
        if (!error) {
            (void)each(arg, &record);
        }
    }
    sqlite3_reset(statement);
    return error;
}

/* The ids that are met, as far as a decision needs them: none, one, or more than one. */
struct met {
    size_t count;
    char id[128];
    size_t size;
};

static void meet(struct met *met, struct skeym_span id)
{
    if (met->count == 1 && skeym_span_equal(id, skeym_span(met->id, met->size))) {
        return;
    }
    if (met->count == 0 && id.size > 0 && id.size <= sizeof met->id) {
        memcpy(met->id, id.data, id.size);
        met->size = id.size;
    }
    met->count++;
}

static bool meet_record(void *arg, const struct skeym_store_record *record)
{
    meet(arg, record->id);
    return true;
}

static enum skeym_error meet_identifiers(struct skeym_sqlite *sqlite,
                                         const struct skeym_store_write *write,
                                         struct skeym_span except, struct met *met)
{
    for (size_t i = 0; i < write->tag_count; i++) {
        const struct skeym_store_tag *tag = &write->tags[i];
        if (tag->kind != SKEYM_STORE_IDENTIFIER || tag->system.size == 0) {
            continue;
        }
        sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_FIND_IDENTIFIER);
        if (!statement) {
            return skeym_sqlite_failure(sqlite);
        }
        sqlite3_bind_int(statement, 1, (int)write->record.kind);
        skeym_sqlite_bind(statement, 2, tag->value);
        skeym_sqlite_bind(statement, 3, tag->system);
        skeym_sqlite_bind(statement, 4, owner_of(&write->record));
        skeym_sqlite_bind(statement, 5, except);
        skeym_sqlite_bind(statement, 6, writer_of(&write->record));
        int code = SQLITE_ROW;
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            meet(met, skeym_sqlite_column(statement, 0));
        }
        enum skeym_error error = skeym_sqlite_error(sqlite, code);
        sqlite3_reset(statement);
        if (error) {
            return error;
        }
    }
    return SKEYM_OK;
}

static enum skeym_error find_term(struct skeym_sqlite *sqlite, const struct skeym_store_tag *tag,
                                  int64_t *term)
{
    sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_FIND_TERM);
    if (!statement) {
        return skeym_sqlite_failure(sqlite);
    }
    sqlite3_bind_int(statement, 1, (int)tag->kind);
    skeym_sqlite_bind(statement, 2, tag->value);
    skeym_sqlite_bind(statement, 3, tag->system);
    int code = sqlite3_step(statement);
    *term = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    if (code != SQLITE_DONE) {
        return skeym_sqlite_error(sqlite, code);
    }
    statement = skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_ADD_TERM);
    if (statement) {
        sqlite3_bind_int(statement, 1, (int)tag->kind);
        skeym_sqlite_bind(statement, 2, tag->value);
        skeym_sqlite_bind(statement, 3, tag->system);
    }
    enum skeym_error error = skeym_sqlite_run(sqlite, statement);
    *term = error ? 0 : sqlite3_last_insert_rowid(sqlite->db);
    return error;
}

static enum skeym_error term_of(struct skeym_sqlite *sqlite, const struct skeym_store_tag *tag,
                                int64_t *term)
{
    const struct skeym_sqlite_key key = {SKEYM_SQLITE_KNOWN_TERM, (int64_t)tag->kind, tag->value,
                                         tag->system};
    *term = skeym_sqlite_known_get(sqlite->known, &key);
    if (*term) {
        return SKEYM_OK;
    }
    enum skeym_error error = find_term(sqlite, tag, term);
    if (!error) {
        skeym_sqlite_known_put(sqlite->known, &key, *term);
    }
    return error;
}

static enum skeym_error add_patient_term(struct skeym_sqlite *sqlite, struct skeym_span patient,
                                         int64_t term)
{
    const struct skeym_sqlite_key key = {
        .what = SKEYM_SQLITE_KNOWN_PATIENT_TERM, .number = term, .one = patient};
    if (skeym_sqlite_known_get(sqlite->known, &key)) {
        return SKEYM_OK;
    }
    sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_ADD_PATIENT_TERM);
    if (statement) {
        skeym_sqlite_bind(statement, 1, patient);
        sqlite3_bind_int64(statement, 2, term);
    }
    enum skeym_error error = skeym_sqlite_run(sqlite, statement);
    if (!error) {
        skeym_sqlite_known_put(sqlite->known, &key, 1);
    }
    return error;
}

static enum skeym_error add_term(struct skeym_sqlite *sqlite,
                                 const struct skeym_store_record *record,
                                 const struct skeym_store_tag *tag)
{
    int64_t term = 0;
    enum skeym_error error = term_of(sqlite, tag, &term);
    if (error) {
        return error;
    }
    sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_ADD_OBSERVATION_TERM);
    if (statement) {
        sqlite3_bind_int64(statement, 1, term);
        skeym_sqlite_bind(statement, 2, record->patient);
        sqlite3_bind_int64(statement, 3, record->start_ms);
        skeym_sqlite_bind(statement, 4, record->id);
    }
    error = skeym_sqlite_run(sqlite, statement);
    return error || tag->kind != SKEYM_STORE_CODE ? error
                                                  : add_patient_term(sqlite, record->patient, term);
}

static enum skeym_error add_identifier(struct skeym_sqlite *sqlite,
                                       const struct skeym_store_record *record,
                                       const struct skeym_store_tag *tag)
{
    sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_ADD_IDENTIFIER);
    if (statement) {
        sqlite3_bind_int(statement, 1, (int)record->kind);
        skeym_sqlite_bind(statement, 2, tag->value);
        skeym_sqlite_bind(statement, 3, tag->system);
        skeym_sqlite_bind(statement, 4, owner_of(record));
        skeym_sqlite_bind(statement, 5, record->id);
        skeym_sqlite_bind(statement, 6, writer_of(record));
    }
    return skeym_sqlite_run(sqlite, statement);
}

static enum skeym_error add_name(struct skeym_sqlite *sqlite,
                                 const struct skeym_store_record *record,
                                 const struct skeym_store_tag *tag)
{
    sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_ADD_NAME);
    if (statement) {
        skeym_sqlite_bind(statement, 1, tag->value);
        skeym_sqlite_bind(statement, 2, record->id);
    }
    return skeym_sqlite_run(sqlite, statement);
}

static enum skeym_error add_tags(struct skeym_sqlite *sqlite, const struct skeym_store_write *write)
{
    typedef enum skeym_error (*adder)(struct skeym_sqlite *, const struct skeym_store_record *,
                                      const struct skeym_store_tag *);
    static const adder adders[] = {
        [SKEYM_STORE_CODE] = add_term,
        [SKEYM_STORE_CATEGORY] = add_term,
        [SKEYM_STORE_IDENTIFIER] = add_identifier,
        [SKEYM_STORE_NAME] = add_name,
    };
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; !error && i < write->tag_count; i++) {
        error = adders[write->tags[i].kind](sqlite, &write->record, &write->tags[i]);
    }
    return error;
}

static enum skeym_error write_row(struct skeym_sqlite *sqlite,
                                  const struct skeym_store_write *write,
                                  enum skeym_sqlite_statement which)
{
    const struct skeym_store_record *record = &write->record;
    struct skeym_store_record stored = write->record; /* as it will be read */
    stored.updated_ms = write->updated_ms;
    stored.version = write->version;
    sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, which);
    if (!statement) {
        return skeym_sqlite_failure(sqlite);
    }
    sqlite3_bind_int(statement, 1, (int)record->kind);
    skeym_sqlite_bind(statement, 2, record->id);
    skeym_sqlite_bind(statement, 3, record->patient);
    sqlite3_bind_int64(statement, 4, record->start_ms);
    sqlite3_bind_int64(statement, 5, record->stop_ms);
    sqlite3_bind_int64(statement, 6, write->updated_ms);
    sqlite3_bind_int64(statement, 7, write->version);
    sqlite3_bind_blob64(statement, 8, record->body.size ? (const void *)record->body.data : "",
                        record->body.size, SQLITE_STATIC);
    skeym_sqlite_bind(statement, 9, record->writer);
    sqlite3_bind_int64(statement, 10, skeym_sqlite_checksum(&stored));
    return skeym_sqlite_run(sqlite, statement);
}

static enum skeym_error widen(struct skeym_sqlite *sqlite, const struct skeym_store_record *record)
{
    int64_t longest = record->stop_ms - record->start_ms;
    const struct skeym_sqlite_key key = {.what = SKEYM_SQLITE_KNOWN_REACH, .one = record->patient};
    int64_t known = skeym_sqlite_known_get(sqlite->known, &key);
    if (known > 0 && known >= longest) {
        return SKEYM_OK;
    }
    sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, SKEYM_SQLITE_WIDEN);
    if (statement) {
        skeym_sqlite_bind(statement, 1, record->patient);
        sqlite3_bind_int64(statement, 2, longest);
    }
    enum skeym_error error = skeym_sqlite_run(sqlite, statement);
    if (!error && longest > 0) {
        skeym_sqlite_known_put(sqlite->known, &key, longest);
    }
    return error;
}

static enum skeym_error conflict(struct skeym_store_write *write, enum skeym_store_outcome outcome)
{
    write->outcome = outcome;
    return SKEYM_ERR_CONFLICT;
}

/* What a create has met is its answer, if it may be. */
static enum skeym_error find(struct skeym_sqlite *sqlite, struct skeym_store_write *write,
                             struct skeym_span id, bool by_identifier)
{
    enum skeym_error error =
        skeym_sqlite_row_get(sqlite, write->record.kind, id, copy_found, write);
    if (error || !write->owned) {
        return error ? error : SKEYM_ERR_MEMORY;
    }
    if (write->own_only && !skeym_span_equal(write->found.patient, write->record.patient)) {
        return conflict(write, SKEYM_STORE_TAKEN);
    }
    if (by_identifier && write->same && !write->same(&write->found, &write->record)) {
        return conflict(write, SKEYM_STORE_DIFFERS);
    }
    write->outcome = SKEYM_STORE_FOUND;
    write->version = write->found.version;
    write->updated_ms = write->found.updated_ms;
    return SKEYM_OK;
}

static bool has_identifier(const struct skeym_store_write *write,
                           const struct skeym_store_value *value)
{
    for (size_t i = 0; i < write->tag_count && !value->any_system && !value->any_text; i++) {
        const struct skeym_store_tag *tag = &write->tags[i];
        if (tag->kind == SKEYM_STORE_IDENTIFIER && tag->system.size > 0 &&
            skeym_span_equal(tag->system, value->system) &&
            skeym_span_equal(tag->value, value->text)) {
            return true;
        }
    }
    return false;
}

/* Whether the query asks for what meet_identifiers has looked for: an observation with one of the
 * record's own identifiers, of its patient and writer. So it is with what devices send. */
static bool asks_for_itself(const struct skeym_store_write *write)
{
    const struct skeym_store_query *query = write->none_exist;
    bool identifier = false, patient = false, writer = false;
    if (query->kind != SKEYM_STORE_OBSERVATION || write->record.kind != query->kind ||
        query->resume) {
        return false;
    }
    for (size_t i = 0; i < query->test_count; i++) {
        const struct skeym_store_test *test = &query->tests[i];
        const struct skeym_store_value *value = test->values;
        if (test->count == 1 && test->field == SKEYM_STORE_BY_IDENTIFIER &&
            has_identifier(write, value)) {
            identifier = true;
        } else if (test->count == 1 && test->field == SKEYM_STORE_BY_PATIENT &&
                   skeym_span_equal(value->text, write->record.patient)) {
            patient = true;
        } else if (test->count == 1 && test->field == SKEYM_STORE_BY_WRITER &&
                   skeym_span_equal(value->text, write->record.writer)) {
            writer = true;
        } else {
            return false;
        }
    }
    return identifier && patient && writer;
}

static enum skeym_error create(struct skeym_sqlite *sqlite, struct skeym_store_write *write)
{
    struct met met = {0}, asked = {0};
    enum skeym_error error = meet_identifiers(sqlite, write, skeym_span(NULL, 0), &met);
    bool by_identifier = met.count > 0;
    /* who must create is told whether it was the query, or an identifier alone, that has met one */
    bool itself = write->none_exist && !write->must_create && asks_for_itself(write);
    if (!error && write->none_exist && !itself) {
        sqlite->bounded = true; /* what is searched for is the sender's to choose */
        error = skeym_sqlite_query_search(sqlite, write->none_exist, meet_record, &asked);
        sqlite->bounded = false;
    }
    if (asked.count > 0) {
        meet(&met, skeym_span(asked.id, asked.size));
        met.count += asked.count - 1;
    }
    if (error) {
        return error;
    }
    if (met.count > 1) {
        return conflict(write, SKEYM_STORE_SEVERAL);
    }
    if (met.count == 1 && write->must_create) {
        bool came = asked.count > 0; /* since the caller has looked */
        return conflict(write, came ? SKEYM_STORE_CHANGED : SKEYM_STORE_TAKEN);
    }
    if (met.count == 1) {
        return find(sqlite, write, skeym_span(met.id, met.size), by_identifier);
    }
    bool observation = write->record.kind == SKEYM_STORE_OBSERVATION;
    write->version = 1;
    error = write_row(sqlite, write,
                      observation ? SKEYM_SQLITE_ADD_OBSERVATION : SKEYM_SQLITE_ADD_ENTITY);
    if (!error && observation) {
        error = widen(sqlite, &write->record);
    }
    if (!error) {
        error = add_tags(sqlite, write);
    }
    write->outcome = error == SKEYM_ERR_CONFLICT ? SKEYM_STORE_CHANGED : SKEYM_STORE_CREATED;
    return error;
}

static bool take_version(void *arg, const struct skeym_store_record *record)
{
    *(uint32_t *)arg = record->version;
    return false;
}

static enum skeym_error drop_tags(struct skeym_sqlite *sqlite,
                                  const struct skeym_store_write *write)
{
    static const enum skeym_sqlite_statement drops[] = {SKEYM_SQLITE_DROP_IDENTIFIERS,
                                                        SKEYM_SQLITE_DROP_NAMES};
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; !error && i < sizeof drops / sizeof *drops; i++) {
        sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, drops[i]);
        if (statement) {
            sqlite3_bind_int(statement, 1, (int)write->record.kind);
            skeym_sqlite_bind(statement, 2, write->record.id);
        }
        error = skeym_sqlite_run(sqlite, statement);
    }
    return error;
}

static enum skeym_error put(struct skeym_sqlite *sqlite, struct skeym_store_write *write)
{
    struct met met = {0};
    uint32_t version = 0;
    if (write->record.kind == SKEYM_STORE_OBSERVATION) {
        return SKEYM_ERR_UNSUPPORTED;
    }
    enum skeym_error error =
        skeym_sqlite_row_get(sqlite, write->record.kind, write->record.id, take_version, &version);
    if (error && error != SKEYM_ERR_NOT_FOUND) {
        return error;
    }
    if (version != write->expected_version) {
        return conflict(write, SKEYM_STORE_CHANGED);
    }
    error = meet_identifiers(sqlite, write, write->record.id, &met);
    if (error) {
        return error;
    }
    if (met.count > 0) {
        return conflict(write, SKEYM_STORE_TAKEN);
    }
    write->version = version + 1;
    error =
        write_row(sqlite, write, version == 0 ? SKEYM_SQLITE_ADD_ENTITY : SKEYM_SQLITE_SET_ENTITY);
    if (!error) {
        error = drop_tags(sqlite, write);
    }
    if (!error) {
        error = add_tags(sqlite, write);
    }
    write->outcome = version == 0 ? SKEYM_STORE_CREATED : SKEYM_STORE_UPDATED;
    return error;
}

static enum skeym_error apply_new(struct skeym_sqlite *sqlite, struct skeym_store_write *write)
{
    return write->action == SKEYM_STORE_CREATE ? create(sqlite, write) : put(sqlite, write);
}

enum skeym_error skeym_sqlite_row_apply(void *handle, struct skeym_store_write *write)
{
    struct skeym_sqlite *sqlite = handle;
    if (write->key.size == 0) {
        return apply_new(sqlite, write);
    }
    enum skeym_error error = skeym_sqlite_request_find(sqlite, write);
    if (error || write->repeated) {
        return error;
    }
    error = apply_new(sqlite, write);
    bool changed = write->outcome == SKEYM_STORE_CREATED || write->outcome == SKEYM_STORE_UPDATED;
    return error || !changed ? error : skeym_sqlite_request_keep(sqlite, write);
}
