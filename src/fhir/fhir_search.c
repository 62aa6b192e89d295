/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_search.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { REQUIRED = 3 }; /* a compartment's patient; of If-None-Exist: writer and patient */

bool skeym_fhir_search_require(struct skeym_fhir_search *search, enum skeym_store_field field,
                               struct skeym_span text)
{
    if (search->query.test_count == SKEYM_FHIR_TESTS || search->value_count == search->value_room) {
        return false;
    }
    struct skeym_store_value *value = &search->values[search->value_count++];
    value->text = text;
    search->tests[search->query.test_count++] = (struct skeym_store_test){field, value, 1};
    return true;
}

const struct skeym_store_test *skeym_fhir_search_patients(const struct skeym_fhir_search *search)
{
    enum skeym_store_field field =
        search->query.kind == SKEYM_STORE_PATIENT ? SKEYM_STORE_BY_ID : SKEYM_STORE_BY_PATIENT;
    for (size_t i = 0; i < search->query.test_count; i++) {
        if (search->tests[i].field == field) {
            return &search->tests[i];
        }
    }
    return NULL;
}

static bool parse_count(struct skeym_fhir_search *search, struct skeym_span value, uint32_t least,
                        struct skeym_fhir_problem *problem)
{
    uint32_t count = 0;
    bool right = value.size >= 1 && value.size <= 9;
    for (size_t i = 0; right && i < value.size; i++) {
        right = value.data[i] >= '0' && value.data[i] <= '9';
        count = count * 10 + (uint32_t)(value.data[i] - '0');
    }
    if (!right || count < least) {
        return skeym_fhir_param_refuse(
            problem, "invalid", least ? "must be a whole number above 0" : "must be a whole number",
            least ? "max" : "_count");
    }
    search->count = count < SKEYM_FHIR_COUNT_MAX ? count : SKEYM_FHIR_COUNT_MAX;
    return true;
}

static bool parse_sort(struct skeym_fhir_search *search, struct skeym_span value,
                       struct skeym_fhir_problem *problem)
{
    static const struct {
        const char *name;
        unsigned kinds;
        enum skeym_store_order order;
    } sorts[] = {
        {"date", 1 << SKEYM_STORE_OBSERVATION, SKEYM_STORE_ORDER_TIME},
        {"_lastUpdated", ~0u, SKEYM_STORE_ORDER_UPDATED},
        {"_id", 1 << SKEYM_STORE_PATIENT | 1 << SKEYM_STORE_DEVICE, SKEYM_STORE_ORDER_ID},
    };
    search->query.descending = skeym_span_starts(value, "-");
    if (search->query.descending) {
        value = skeym_span_part(value, 1, value.size);
    }
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
        if ((sorts[i].kinds & (1u << search->query.kind)) && skeym_span_is(value, sorts[i].name)) {
            search->query.order = sorts[i].order;
            return true;
        }
    }
    return skeym_fhir_param_refuse(problem, "not-supported", "cannot sort by this", "_sort");
}

/* How the answer is to look. It is always whole and compact: a server may say more than _summary
 * and _elements ask for, and less than _total. */
static const char *const formats[] = {"json", "application/json", "application/fhir+json",
                                      "application/fhir json", /* a plus, not escaped */
                                      NULL};
static const char *const booleans[] = {"true", "false", NULL};
static const char *const summaries[] = {"true", "false", "text", "data", NULL};
static const char *const totals[] = {"none", "estimate", NULL};
static const struct view {
    const char *name;
    const char *const *values; /* NULL: any */
    int status;                /* for another value */
    bool search;               /* of searches alone */
} views[] = {
    {"_format", formats, 406, false},    {"_pretty", booleans, 400, false},
    {"_summary", summaries, 400, false}, {"_elements", NULL, 400, false},
    {"_total", totals, 400, true},
};

static const struct view *find_view(struct skeym_span name, bool search)
{
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        if (skeym_span_is(name, views[i].name) && (search || !views[i].search)) {
            return &views[i];
        }
    }
    return NULL;
}

static bool check_view(const struct view *view, struct skeym_span value,
                       struct skeym_fhir_problem *problem)
{
    bool known = !view->values;
    for (size_t i = 0; view->values && view->values[i]; i++) {
        known = known || skeym_span_is(value, view->values[i]);
    }
    return known || skeym_fhir_outcome_fail(problem, view->status, "not-supported",
                                            "%s: this value is not served", view->name);
}

bool skeym_fhir_search_only_format(const struct skeym_fhir_url *url,
                                   struct skeym_fhir_problem *problem)
{
    for (size_t i = 0; i < url->param_count; i++) {
        const struct view *view = find_view(url->params[i].name, false);
        if (!view) {
            return skeym_fhir_outcome_fail(problem, 400, "not-supported",
                                           "a parameter that is not served here");
        }
        if (!check_view(view, url->params[i].value, problem)) {
            return false;
        }
    }
    return true;
}

/* FNV-1a. The cursor is no secret and gives no right (permission is asked on every page); the hash
 * is to tell one that was changed, or that belongs to another search. */
static uint64_t hash(uint64_t from, struct skeym_span bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        from = (from ^ bytes.data[i]) * 0x100000001b3u;
    }
    return from;
}

static uint64_t cursor_hash(const struct skeym_fhir_search *search, int64_t key,
                            struct skeym_span id)
{
    char text[48];
    snprintf(text, sizeof text, "%" PRId64 "/%d/%d", key, (int)search->query.order,
             (int)search->query.descending);
    return hash(hash(search->filter, skeym_span_text(text)), id);
}

void skeym_fhir_search_cursor(struct skeym_fhir_text *text, const struct skeym_fhir_search *search,
                              int64_t key, struct skeym_span id)
{
    char head[40];
    snprintf(head, sizeof head, "%016" PRIx64 "%016" PRIx64 "-", (uint64_t)key,
             cursor_hash(search, key, id));
    skeym_fhir_text_add(text, head);
    skeym_fhir_text_span(text, id);
}

static uint64_t hex16(struct skeym_reader *reader)
{
    struct skeym_span digits = skeym_read_span(reader, 16);
    uint64_t value = 0;
    for (size_t i = 0; i < digits.size; i++) {
        const char *all = "0123456789abcdef";
        const char *at = digits.data[i] ? strchr(all, digits.data[i]) : NULL;
        reader->bad = reader->bad || !at;
        value = value << 4 | (uint64_t)(at ? at - all : 0);
    }
    return value;
}

static bool parse_cursor(struct skeym_fhir_search *search, struct skeym_span value,
                         struct skeym_fhir_problem *problem)
{
    struct skeym_reader reader = skeym_reader(value);
    int64_t key = (int64_t)hex16(&reader);
    uint64_t sum = hex16(&reader);
    bool dash = skeym_read_u8(&reader) == '-';
    struct skeym_span id = skeym_span(reader.at, reader.bad ? 0 : reader.left);
    if (reader.bad || !dash || !skeym_fhir_url_is_id(id) || sum != cursor_hash(search, key, id)) {
        return skeym_fhir_param_refuse(problem, "invalid", "not a link of this search", "_cursor");
    }
    search->query.resume = true;
    search->query.after_key = key;
    search->query.after_id = id;
    return true;
}

enum special { COUNT, MAX, SORT, CURSOR, VIEW, NO_SPECIAL };

static enum special special_of(struct skeym_span name, enum skeym_fhir_search_use use)
{
    static const struct {
        const char *name;
        unsigned uses; /* set of 1 << enum skeym_fhir_search_use */
    } table[] = {
        [COUNT] = {"_count", 1 << SKEYM_FHIR_SEARCH_PAGE},
        [MAX] = {"max", 1 << SKEYM_FHIR_SEARCH_LATEST},
        [SORT] = {"_sort", 1 << SKEYM_FHIR_SEARCH_PAGE},
        [CURSOR] = {"_cursor", 1 << SKEYM_FHIR_SEARCH_PAGE},
    };
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        if (skeym_span_is(name, table[i].name) && (table[i].uses & (1u << use))) {
            return (enum special)i;
        }
    }
    return find_view(name, true) ? VIEW : NO_SPECIAL;
}

static bool is_counting(const struct skeym_fhir_param *given, enum skeym_fhir_search_use use)
{
    return use == SKEYM_FHIR_SEARCH_PAGE && skeym_span_is(given->name, "_summary") &&
           skeym_span_is(given->value, "count");
}

static bool parse_param(struct skeym_fhir_search *search, struct skeym_fhir_arena *arena,
                        const struct skeym_fhir_param *given, enum skeym_fhir_search_use use,
                        uint64_t now_ms, struct skeym_fhir_problem *problem)
{
    switch (special_of(given->name, use)) {
    case COUNT:
        return parse_count(search, given->value, 0, problem);
    case MAX:
        return parse_count(search, given->value, 1, problem);
    case SORT:
        return parse_sort(search, given->value, problem);
    case CURSOR:
        return true; /* when all the rest is known */
    case VIEW:
        return is_counting(given, use) ||
               check_view(find_view(given->name, true), given->value, problem);
    case NO_SPECIAL:
        break;
    }
    const struct skeym_fhir_param_row *row = skeym_fhir_param_find(search->query.kind, given->name);
    if (row) {
        return skeym_fhir_param_parse(search, arena, row, given->value, now_ms, problem);
    }
    return skeym_fhir_outcome_fail(problem, 400, "not-supported", "unknown parameter: %.*s",
                                   (int)(given->name.size < 64 ? given->name.size : 64),
                                   (const char *)given->name.data);
}

static bool has_field(const struct skeym_fhir_search *search, enum skeym_store_field field)
{
    for (size_t i = 0; i < search->query.test_count; i++) {
        if (search->tests[i].field == field) {
            return true;
        }
    }
    return false;
}

static bool check_use(const struct skeym_fhir_search *search, enum skeym_fhir_search_use use,
                      struct skeym_fhir_problem *problem)
{
    const struct skeym_store_test *patients = skeym_fhir_search_patients(search);
    if (use == SKEYM_FHIR_SEARCH_LATEST && (!patients || patients->count != 1)) {
        return skeym_fhir_param_refuse(problem, "required", "exactly one patient is required",
                                       "$lastn");
    }
    if (use == SKEYM_FHIR_SEARCH_LATEST && !has_field(search, SKEYM_STORE_BY_CODE) &&
        !has_field(search, SKEYM_STORE_BY_CATEGORY)) {
        return skeym_fhir_param_refuse(problem, "required", "a category or code is required",
                                       "$lastn");
    }
    if (use == SKEYM_FHIR_SEARCH_MATCH && !has_field(search, SKEYM_STORE_BY_IDENTIFIER)) {
        return skeym_fhir_param_refuse(problem, "not-supported", "an identifier is required here",
                                       "If-None-Exist");
    }
    return true;
}

/* "Patient/1/Observation": of that patient, whatever else is asked. */
static bool keep_compartment(struct skeym_fhir_search *search, const struct skeym_fhir_url *url,
                             struct skeym_fhir_problem *problem)
{
    if (url->segment_count != SKEYM_FHIR_COMPARTMENT_SEGMENTS ||
        search->query.kind != SKEYM_STORE_OBSERVATION) {
        return true;
    }
    struct skeym_span patient = url->segments[1];
    search->filter = hash(search->filter, patient);
    return skeym_fhir_search_require(search, SKEYM_STORE_BY_PATIENT, patient) ||
           skeym_fhir_outcome_store(problem, SKEYM_ERR_RANGE);
}

/* Room for all values of the url (two for a name that has more than ASCII), and for the tests that
 * are required of it later. */
static bool make_room(struct skeym_fhir_search *out, struct skeym_fhir_arena *arena,
                      const struct skeym_fhir_url *url, struct skeym_fhir_problem *problem)
{
    size_t room = REQUIRED;
    for (size_t i = 0; i < url->param_count && room < SKEYM_STORE_VALUES_MAX; i++) {
        struct skeym_span value = url->params[i].value;
        size_t values = 1, each = 1;
        for (size_t j = 0; j < value.size; j++) {
            values += value.data[j] == ',';
            each = value.data[j] > 0x7f ? 2 : each;
        }
        room += values * each;
    }
    out->value_room = room < SKEYM_STORE_VALUES_MAX ? room : SKEYM_STORE_VALUES_MAX;
    out->values = skeym_fhir_text_take(arena, out->value_room * sizeof *out->values);
    return out->values || skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
}

bool skeym_fhir_search_parse(struct skeym_fhir_search *out, struct skeym_fhir_arena *arena,
                             const struct skeym_fhir_url *url, enum skeym_store_kind kind,
                             enum skeym_fhir_search_use use, uint64_t now_ms,
                             struct skeym_fhir_problem *problem)
{
    const struct skeym_fhir_param *cursor = NULL;
    unsigned seen = 0;
    bool counting = false;
    bool observation = kind == SKEYM_STORE_OBSERVATION;
    memset(out, 0, sizeof *out);
    out->count = use == SKEYM_FHIR_SEARCH_LATEST ? 1 : SKEYM_FHIR_COUNT;
    out->filter = 0xcbf29ce484222325u + (uint64_t)kind;
    out->query.kind = kind;
    out->query.tests = out->tests;
    /* Without _sort: newest observations first, others by id. */
    out->query.order = observation ? SKEYM_STORE_ORDER_TIME : SKEYM_STORE_ORDER_ID;
    out->query.descending = observation;
    if (!make_room(out, arena, url, problem)) {
        return false;
    }
    for (size_t i = 0; i < url->param_count; i++) {
        const struct skeym_fhir_param *given = &url->params[i];
        if (!parse_param(out, arena, given, use, now_ms, problem)) {
            return false;
        }
        enum special special = special_of(given->name, use);
        if (special < VIEW && (seen & (1u << special))) {
            return skeym_fhir_outcome_fail(problem, 400, "invalid", "%.*s: given twice",
                                           (int)given->name.size, (const char *)given->name.data);
        }
        seen |= 1u << special;
        counting = counting || is_counting(given, use);
        if (special == CURSOR) {
            cursor = given;
        } else if (special == NO_SPECIAL) {
            out->filter = hash(out->filter, given->raw);
            out->filter = hash(out->filter, skeym_span_text("&"));
        }
    }
    if (!keep_compartment(out, url, problem)) {
        return false;
    }
    out->count = counting ? 0 : out->count;
    out->query.limit = use == SKEYM_FHIR_SEARCH_PAGE ? out->count + 1 : out->count;
    if (out->count == 0) { /* all are counted, none is written */
        out->query.limit = UINT32_MAX;
    }
    if (use == SKEYM_FHIR_SEARCH_MATCH) {
        out->query.limit = 2;
        out->query.order = SKEYM_STORE_ORDER_ID;
    }
    if (cursor && !parse_cursor(out, cursor->value, problem)) {
        return false;
    }
    return check_use(out, use, problem);
}
