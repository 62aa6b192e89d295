/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query becomes one SELECT, put together from constant pieces; every value is bound.
 *
 * Four shapes. Usually one table is walked in the order of the answer and the tests are applied
 * row by row. With an identifier, the rows that have it are fetched and put in order. With one
 * patient and a code, the walk is over observation_term, where that patient's
 * rows of that code lie together in order of time. With a few codes it is a merge of such walks.
 */
#include "store/sqlite.h"

#include <string.h>

enum { SQL_BYTES = 12 << 10, BINDINGS_MAX = 400, DRIVERS_MAX = 8 };

struct binding {
    bool is_text;
    struct skeym_span text;
    int64_t number;
};

struct builder {
    const struct skeym_store_query *query;
    struct skeym_span patient; /* when there is exactly one */
    bool one_patient;
    const char *at; /* the table whose (patient, start, id) is walked: "o" or "t" */
    const struct skeym_store_test *driver; /* the test that the walk itself fulfils */
    char sql[SQL_BYTES];
    size_t size;
    struct binding bindings[BINDINGS_MAX];
    size_t count;
    bool bad;
};

static void add(struct builder *b, const char *piece)
{
    size_t size = strlen(piece);
    if (b->bad || size >= SQL_BYTES - b->size) {
        b->bad = true;
        return;
    }
    memcpy(b->sql + b->size, piece, size + 1);
    b->size += size;
}

static void add_binding(struct builder *b, struct binding binding)
{
    add(b, "?");
    if (b->bad || b->count >= BINDINGS_MAX) {
        b->bad = true;
        return;
    }
    b->bindings[b->count++] = binding;
}

static void add_text(struct builder *b, struct skeym_span text)
{
    add_binding(b, (struct binding){.is_text = true, .text = text});
}

static void add_number(struct builder *b, int64_t number)
{
    add_binding(b, (struct binding){.number = number});
}

static void add_reach(struct builder *b)
{
    if (b->one_patient) {
        add(b, "(SELECT longest FROM reach WHERE patient = ");
        add_text(b, b->patient);
        add(b, ")");
    } else {
        add(b, "(SELECT max(longest) FROM reach)");
    }
}

/* A template: @ is the walked table, L and H the value's range, M the longest range stored. */
static void add_template(struct builder *b, const char *template, int64_t low, int64_t high)
{
    for (; *template; template ++) {
        char piece[2] = {*template, 0};
        if (*template == '@') {
            add(b, b->at);
        } else if (*template == 'L') {
            add_number(b, low);
        } else if (*template == 'H') {
            add_number(b, high);
        } else if (*template == 'M') {
            add_reach(b);
        } else {
            add(b, piece);
        }
    }
}

/* `bound` follows from `exact` and from M; it is there to cut the walk short. */
struct comparison {
    const char *exact, *bound;
};

static const struct comparison by_time[] = {
    [SKEYM_STORE_EQ] = {"(@.start>=L and o.stop<=H)", " and @.start>=L and @.start<H"},
    [SKEYM_STORE_NE] = {"not(@.start>=L and o.stop<=H)", ""},
    [SKEYM_STORE_LT] = {"@.start<L", ""},
    [SKEYM_STORE_GT] = {"o.stop>H", " and @.start>H-M"},
    [SKEYM_STORE_LE] = {"(@.start<L or (@.start>=L and o.stop<=H))", " and @.start<H"},
    [SKEYM_STORE_GE] = {"(o.stop>H or (@.start>=L and o.stop<=H))", " and @.start>=L-M"},
    [SKEYM_STORE_SA] = {"@.start>=H", ""},
    [SKEYM_STORE_EB] = {"o.stop<=L", " and @.start<L"},
    [SKEYM_STORE_AP] = {"(@.start<H and o.stop>L)", " and @.start<H and @.start>L-M"},
};

/* The time of the last update is the range [updated, updated + 1). */
static const struct comparison by_updated[] = {
    [SKEYM_STORE_EQ] = {"(o.updated>=L and o.updated<H)", ""},
    [SKEYM_STORE_NE] = {"not(o.updated>=L and o.updated<H)", ""},
    [SKEYM_STORE_LT] = {"o.updated<L", ""},
    [SKEYM_STORE_GT] = {"o.updated>=H", ""},
    [SKEYM_STORE_LE] = {"o.updated<H", ""},
    [SKEYM_STORE_GE] = {"o.updated>=L", ""},
    [SKEYM_STORE_SA] = {"o.updated>=H", ""},
    [SKEYM_STORE_EB] = {"o.updated<L", ""},
    [SKEYM_STORE_AP] = {"(o.updated<H and o.updated>=L)", ""},
};

static void add_range_test(struct builder *b, const struct skeym_store_test *test)
{
    const struct comparison *table = test->field == SKEYM_STORE_BY_TIME ? by_time : by_updated;
    add(b, "(");
    for (size_t i = 0; i < test->count; i++) {
        const struct skeym_store_value *value = &test->values[i];
        add(b, i > 0 ? " or " : "");
        add_template(b, table[value->compare].exact, value->low, value->high);
    }
    if (test->count == 1) {
        const struct skeym_store_value *value = &test->values[0];
        add_template(b, table[value->compare].bound, value->low, value->high);
    }
    add(b, ")");
}

static void add_text_test(struct builder *b, const struct skeym_store_test *test)
{
    static const char *const columns[] = {
        [SKEYM_STORE_BY_ID] = "o.id",
        [SKEYM_STORE_BY_PATIENT] = "@.patient", /* "t" has the id too, but that helps no walk */
        [SKEYM_STORE_BY_WRITER] = "o.writer",
    };
    add_template(b, columns[test->field], 0, 0);
    add(b, test->count == 1 ? "=" : " in (");
    for (size_t i = 0; i < test->count; i++) {
        add(b, i > 0 ? "," : "");
        add_text(b, test->values[i].text);
    }
    add(b, test->count == 1 ? "" : ")");
}

static void add_tokens(struct builder *b, const struct skeym_store_test *test)
{
    add(b, "(");
    for (size_t i = 0; i < test->count; i++) {
        const struct skeym_store_value *value = &test->values[i];
        add(b, i > 0 ? " or (1" : "(1");
        if (!value->any_text) {
            add(b, " and value=");
            add_text(b, value->text);
        }
        if (!value->any_system) {
            add(b, " and system=");
            add_text(b, value->system);
        }
        add(b, ")");
    }
    add(b, ")");
}

/* The table's order is by kind and value. Of several tokens joined by "or" the engine would use the
 * kind alone, and go through every identifier that there is. */
static void add_identifiers(struct builder *b, const struct skeym_store_test *test)
{
    bool texts = test->count > 1;
    for (size_t i = 0; i < test->count; i++) {
        texts = texts && !test->values[i].any_text;
    }
    add_number(b, (int64_t)b->query->kind);
    for (size_t i = 0; texts && i < test->count; i++) {
        add(b, i > 0 ? "," : " and value in (");
        add_text(b, test->values[i].text);
    }
    add(b, texts ? ") and " : " and ");
    add_tokens(b, test);
}

static enum skeym_store_tag_kind tag_kind(const struct skeym_store_test *test)
{
    return test->field == SKEYM_STORE_BY_CODE ? SKEYM_STORE_CODE : SKEYM_STORE_CATEGORY;
}

static void add_term_test(struct builder *b, const struct skeym_store_test *test)
{
    add(b, "exists(select 1 from observation_term x where x.term in"
           " (select num from term where kind=");
    add_number(b, (int64_t)tag_kind(test));
    add(b, " and ");
    add_tokens(b, test);
    add(b, ") and x.patient=o.patient and x.start=o.start and x.id=o.id)");
}

static void add_identifier_test(struct builder *b, const struct skeym_store_test *test)
{
    add(b, "o.id in (select id from identifier where kind=");
    add_identifiers(b, test);
    add(b, ")");
}

static void add_name_test(struct builder *b, const struct skeym_store_test *test)
{
    add(b, "o.id in (select id from name where ");
    for (size_t i = 0; i < test->count; i++) {
        add(b, i > 0 ? " or (value>=" : "(value>=");
        add_text(b, test->values[i].text);
        add(b, " and value<");
        add_text(b, test->values[i].text);
        add(b, "||char(1114111))");
    }
    add(b, ")");
}

static void add_test(struct builder *b, const struct skeym_store_test *test)
{
    static void (*const adders[])(struct builder *, const struct skeym_store_test *) = {
        [SKEYM_STORE_BY_ID] = add_text_test,
        [SKEYM_STORE_BY_PATIENT] = add_text_test,
        [SKEYM_STORE_BY_WRITER] = add_text_test,
        [SKEYM_STORE_BY_CODE] = add_term_test,
        [SKEYM_STORE_BY_CATEGORY] = add_term_test,
        [SKEYM_STORE_BY_IDENTIFIER] = add_identifier_test,
        [SKEYM_STORE_BY_NAME] = add_name_test,
        [SKEYM_STORE_BY_TIME] = add_range_test,
        [SKEYM_STORE_BY_UPDATED] = add_range_test,
    };
    add(b, " and ");
    if (test->count == 0) {
        add(b, "0");
    } else {
        adders[test->field](b, test);
    }
}

/* The column that the answer is ordered by, of the walked table. */
static void add_key(struct builder *b)
{
    static const char *const keys[] = {
        [SKEYM_STORE_ORDER_TIME] = "@.start",
        [SKEYM_STORE_ORDER_UPDATED] = "o.updated",
        [SKEYM_STORE_ORDER_ID] = "0",
    };
    add_template(b, keys[b->query->order], 0, 0);
}

static void add_where(struct builder *b)
{
    const struct skeym_store_query *query = b->query;
    for (size_t i = 0; i < query->test_count; i++) {
        if (&query->tests[i] != b->driver) {
            add_test(b, &query->tests[i]);
        }
    }
    if (!query->resume) {
        return;
    }
    if (query->order == SKEYM_STORE_ORDER_ID) {
        add(b, query->descending ? " and o.id<" : " and o.id>");
        add_text(b, query->after_id);
        return;
    }
    add(b, " and (");
    add_key(b);
    add_template(b, query->descending ? ",@.id)<(" : ",@.id)>(", 0, 0);
    add_number(b, query->after_key);
    add(b, ",");
    add_text(b, query->after_id);
    add(b, ")");
}

static void add_order(struct builder *b)
{
    const char *way = b->query->descending ? " desc" : "";
    add(b, " order by ");
    if (b->query->order != SKEYM_STORE_ORDER_ID) {
        add_key(b);
        add(b, way);
        add(b, ",");
    }
    add_template(b, "@.id", 0, 0);
    add(b, way);
    add(b, " limit ");
    add_number(b, b->query->limit);
}

static const struct skeym_store_test *find(const struct skeym_store_query *query,
                                           enum skeym_store_field field)
{
    for (size_t i = 0; i < query->test_count; i++) {
        if (query->tests[i].field == field) {
            return &query->tests[i];
        }
    }
    return NULL;
}

static const char *const observation_columns =
    "select o.id,o.patient,o.start,o.stop,o.updated,o.version,o.body,o.writer,o.checksum";
static const char *const entity_columns =
    "select o.id,o.patient,0,0,o.updated,o.version,o.body,o.writer,o.checksum";

static void add_walk(struct builder *b, int64_t term)
{
    b->at = "t";
    add(b, " from observation_term t cross join observation o"
           " where o.patient=t.patient and o.start=t.start and o.id=t.id and t.term=");
    add_number(b, term);
    add_where(b);
}

/* The rows that have one of the test's identifiers: few, whatever else is asked. */
static void add_identified(struct builder *b, const struct skeym_store_test *test)
{
    b->driver = test;
    add(b, "(select distinct id from identifier where kind=");
    add_identifiers(b, test);
    add(b, ") k cross join ");
}

static void build_plain(struct builder *b)
{
    bool observation = b->query->kind == SKEYM_STORE_OBSERVATION;
    const struct skeym_store_test *identifier = find(b->query, SKEYM_STORE_BY_IDENTIFIER);
    b->at = "o";
    add(b, observation ? observation_columns : entity_columns);
    add(b, " from ");
    if (identifier && identifier->count > 0) {
        add_identified(b, identifier);
    }
    add(b, observation ? "observation o where 1" : "entity o where o.kind=");
    if (!observation) {
        add_number(b, (int64_t)b->query->kind);
    }
    add(b, b->driver ? " and o.id=k.id" : "");
    add_where(b);
    add_order(b);
}

static void build_walks(struct builder *b, const int64_t *terms, size_t count)
{
    if (count == 1) {
        add(b, observation_columns);
        add_walk(b, terms[0]);
        add_order(b);
        return;
    }
    const char *way = b->query->descending ? " desc" : "";
    add(b, observation_columns);
    add(b, " from (");
    for (size_t i = 0; i < count; i++) {
        add(b, i > 0 ? " union select t.start,t.id,t.patient" : "select t.start,t.id,t.patient");
        add_walk(b, terms[i]);
    }
    add(b, " order by 1");
    add(b, way);
    add(b, ",2");
    add(b, way);
    add(b, " limit ");
    add_number(b, b->query->limit);
    add(b, ") k cross join observation o"
           " where o.patient=k.patient and o.start=k.start and o.id=k.id order by k.start");
    add(b, way);
    add(b, ",k.id");
    add(b, way);
}

enum skeym_error skeym_sqlite_query_terms(struct skeym_sqlite *sqlite,
                                          const struct skeym_store_test *test, int64_t *terms,
                                          size_t room, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < test->count; i++) {
        const struct skeym_store_value *value = &test->values[i];
        enum skeym_sqlite_statement which = value->any_text     ? SKEYM_SQLITE_TERMS_SYSTEM
                                            : value->any_system ? SKEYM_SQLITE_TERMS_VALUE
                                                                : SKEYM_SQLITE_TERMS_EXACT;
        sqlite3_stmt *statement = skeym_sqlite_fixed(sqlite, which);
        if (!statement) {
            return skeym_sqlite_failure(sqlite);
        }
        sqlite3_bind_int(statement, 1, (int)tag_kind(test));
        skeym_sqlite_bind(statement, 2, value->text);
        skeym_sqlite_bind(statement, 3, value->system);
        int code = SQLITE_ROW;
        while ((code = sqlite3_step(statement)) == SQLITE_ROW && *count < room) {
            int64_t term = sqlite3_column_int64(statement, 0);
            size_t at = 0;
            while (at < *count && terms[at] != term) {
                at++;
            }
            terms[at] = term;
            *count += at == *count;
        }
        sqlite3_reset(statement);
        if (code == SQLITE_ROW) {
            return SKEYM_ERR_RANGE;
        }
        if (code != SQLITE_DONE) {
            return skeym_sqlite_error(sqlite, code);
        }
    }
    return SKEYM_OK;
}

/* The statement with its values; the caller's memory is in it until they are cleared. */
static enum skeym_error prepare(struct skeym_sqlite *sqlite, const struct builder *b,
                                sqlite3_stmt **out)
{
    enum skeym_error error = skeym_sqlite_charge(sqlite, SKEYM_SQLITE_START);
    sqlite3_stmt *statement = NULL;
    if (!error) {
        error = skeym_sqlite_search(sqlite, b->sql, &statement);
    }
    for (size_t i = 0; !error && i < b->count; i++) {
        if (b->bindings[i].is_text) {
            skeym_sqlite_bind(statement, (int)i + 1, b->bindings[i].text);
        } else {
            sqlite3_bind_int64(statement, (int)i + 1, b->bindings[i].number);
        }
    }
    *out = statement;
    return error;
}

static enum skeym_error answer(struct skeym_sqlite *sqlite, const struct builder *b,
                               skeym_store_each each, void *arg)
{
    if (b->bad) {
        return SKEYM_ERR_RANGE;
    }
    sqlite3_stmt *statement = NULL;
    enum skeym_error error = prepare(sqlite, b, &statement);
    if (error) {
        return error;
    }
    int code = SQLITE_ROW;
    bool more = true;
    while (more && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct skeym_store_record record;
        error = skeym_sqlite_record(&record, statement, b->query->kind);
        error = error ? error : skeym_sqlite_charge_body(sqlite, &record);
        more = !error && each(arg, &record);
    }
    error = error ? error : skeym_sqlite_error(sqlite, code);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement); /* they point into the caller's memory */
    return error;
}

static void start(struct builder *b, const struct skeym_store_query *query)
{
    b->query = query;
    b->patient = skeym_span(NULL, 0);
    b->one_patient = false;
    b->driver = NULL;
    b->at = "o";
    b->size = b->count = 0;
    b->bad = false;
    b->sql[0] = 0;
    for (size_t i = 0; i < query->test_count; i++) {
        if (query->tests[i].field == SKEYM_STORE_BY_PATIENT && query->tests[i].count == 1) {
            b->patient = query->tests[i].values[0].text;
            b->one_patient = true;
        }
    }
}

enum skeym_error skeym_sqlite_query_search(void *handle, const struct skeym_store_query *query,
                                           skeym_store_each each, void *arg)
{
    static const enum skeym_store_field drivers[] = {SKEYM_STORE_BY_CODE, SKEYM_STORE_BY_CATEGORY};
    struct skeym_sqlite *sqlite = handle;
    struct builder b;
    int64_t terms[DRIVERS_MAX];
    start(&b, query);
    skeym_sqlite_query_begins(sqlite);
    bool walks = query->kind == SKEYM_STORE_OBSERVATION && b.one_patient &&
                 query->order == SKEYM_STORE_ORDER_TIME && !find(query, SKEYM_STORE_BY_ID) &&
                 !find(query, SKEYM_STORE_BY_IDENTIFIER);
    for (size_t i = 0; walks && i < sizeof drivers / sizeof *drivers; i++) {
        const struct skeym_store_test *test = find(query, drivers[i]);
        size_t count = 0;
        enum skeym_error error =
            test ? skeym_sqlite_query_terms(sqlite, test, terms, DRIVERS_MAX, &count)
                 : SKEYM_ERR_RANGE;
        if (error == SKEYM_ERR_RANGE) {
            continue;
        }
        if (error || count == 0) {
            return error;
        }
        b.driver = test;
        build_walks(&b, terms, count);
        return answer(sqlite, &b, each, arg);
    }
    build_plain(&b);
    return answer(sqlite, &b, each, arg);
}

enum skeym_error skeym_sqlite_query_term(void *handle, const struct skeym_store_query *query,
                                         int64_t term, skeym_store_each each, void *arg)
{
    struct builder b;
    start(&b, query);
    b.driver = find(query, SKEYM_STORE_BY_CODE);
    build_walks(&b, &term, 1);
    return answer(handle, &b, each, arg);
}

enum skeym_error skeym_sqlite_query_own_terms(struct skeym_sqlite *sqlite,
                                              const struct skeym_store_query *query,
                                              struct skeym_span patient, int64_t *terms,
                                              size_t room, size_t *count)
{
    const struct skeym_store_test *test = find(query, SKEYM_STORE_BY_CODE);
    struct builder b;
    sqlite3_stmt *statement = NULL;
    *count = 0;
    start(&b, query);
    add(&b, "select p.term from patient_term p cross join term on num=p.term where p.patient=");
    add_text(&b, patient);
    if (test) {
        add(&b, " and ");
        add_tokens(&b, test);
    }
    add(&b, " order by 1");
    if (b.bad) {
        return SKEYM_ERR_RANGE;
    }
    enum skeym_error error = prepare(sqlite, &b, &statement);
    if (error) {
        return error;
    }
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && *count < room) {
        terms[(*count)++] = sqlite3_column_int64(statement, 0);
    }
    error = code == SQLITE_ROW ? SKEYM_ERR_RANGE : skeym_sqlite_error(sqlite, code);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return error;
}
