/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir_search.h"

#include "fhir_time.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    ALL = 7,
    OBSERVATION = 1 << SKEYM_STORE_OBSERVATION,
    PATIENT = 1 << SKEYM_STORE_PATIENT,
    DEVICE = 1 << SKEYM_STORE_DEVICE
};

static bool refuse(struct skeym_fhir_problem *problem, const char *code, const char *what,
                   const char *name)
{
    return skeym_fhir_outcome_fail(problem, 400, code, "%s: %s", name, what);
}

static struct skeym_store_value *add_value(struct skeym_fhir_search *search,
                                           const struct skeym_fhir_search_param *param,
                                           struct skeym_fhir_problem *problem)
{
    if (search->value_count == SKEYM_STORE_VALUES_MAX) {
        refuse(problem, "too-costly", "too many values", param->name);
        return NULL;
    }
    search->tests[search->query.test_count - 1].count++;
    return &search->values[search->value_count++];
}

/* Takes FHIR's backslashes out: "a\,b" is "a,b". false: one that escapes nothing. */
static bool unescape(struct skeym_fhir_arena *arena, struct skeym_span *text)
{
    struct skeym_span copy = skeym_fhir_text_keep(arena, *text);
    uint8_t *out = skeym_fhir_text_take(arena, text->size + 1);
    size_t size = 0;
    if (!copy.data || !out) {
        return false;
    }
    for (size_t i = 0; i < copy.size; i++) {
        if (copy.data[i] == '\\') {
            i++;
            if (i == copy.size || copy.data[i] == 0 || !strchr(",|$\\", copy.data[i])) {
                return false;
            }
        }
        out[size++] = copy.data[i];
    }
    *text = skeym_span(out, size);
    return true;
}

/* Where c first stands without a backslash; the size when it does not. */
static size_t find(struct skeym_span text, char c)
{
    size_t i = 0;
    while (i < text.size && text.data[i] != (uint8_t)c) {
        i += text.data[i] == '\\' ? 2 : 1;
    }
    return i < text.size ? i : text.size;
}

static bool parse_token(struct skeym_fhir_search *search, struct skeym_fhir_arena *arena,
                        const struct skeym_fhir_search_param *param, struct skeym_span text,
                        uint64_t now_ms, struct skeym_fhir_problem *problem)
{
    (void)now_ms;
    struct skeym_store_value *value = add_value(search, param, problem);
    if (!value) {
        return false;
    }
    size_t bar = find(text, '|');
    value->any_system = bar == text.size;
    if (!value->any_system) {
        value->system = skeym_span_part(text, 0, bar);
        text = skeym_span_part(text, bar + 1, text.size);
    }
    value->text = text;
    value->any_text = text.size == 0;
    if (value->any_text && (value->system.size == 0 || param->field == SKEYM_STORE_BY_IDENTIFIER)) {
        return refuse(problem, "invalid", "a value is missing", param->name);
    }
    if (find(text, '|') != text.size) {
        return refuse(problem, "invalid", "more than one |", param->name);
    }
    if (!unescape(arena, &value->system) || !unescape(arena, &value->text)) {
        return refuse(problem, "invalid", "a bad backslash", param->name);
    }
    return true;
}

static bool parse_id(struct skeym_fhir_search *search, struct skeym_fhir_arena *arena,
                     const struct skeym_fhir_search_param *param, struct skeym_span text,
                     uint64_t now_ms, struct skeym_fhir_problem *problem)
{
    (void)arena, (void)now_ms;
    if (param->field == SKEYM_STORE_BY_PATIENT && skeym_span_starts(text, "Patient/")) {
        text = skeym_span_part(text, strlen("Patient/"), text.size);
    }
    if (!skeym_fhir_url_is_id(text)) {
        return refuse(problem, "invalid", "not an id", param->name);
    }
    struct skeym_store_value *value = add_value(search, param, problem);
    if (value) {
        value->text = text;
    }
    return value != NULL;
}

static bool parse_name(struct skeym_fhir_search *search, struct skeym_fhir_arena *arena,
                       const struct skeym_fhir_search_param *param, struct skeym_span text,
                       uint64_t now_ms, struct skeym_fhir_problem *problem)
{
    (void)now_ms;
    struct skeym_store_value *value = add_value(search, param, problem);
    if (!value) {
        return false;
    }
    if (!unescape(arena, &text)) {
        return refuse(problem, "invalid", "a bad backslash", param->name);
    }
    uint8_t *folded = skeym_fhir_text_take(arena, text.size);
    if (!folded) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
    }
    memcpy(folded, text.data, text.size);
    skeym_fhir_patient_fold(folded, text.size);
    value->text = skeym_span(folded, text.size);
    return true;
}

/* "Approximately" is a tenth of the gap between now and the date. */
static void widen(struct skeym_store_value *value, int64_t now_ms)
{
    int64_t gap = value->low > now_ms ? value->low - now_ms : now_ms - value->low;
    value->low -= gap / 10;
    value->high += gap / 10;
}

static bool parse_date(struct skeym_fhir_search *search, struct skeym_fhir_arena *arena,
                       const struct skeym_fhir_search_param *param, struct skeym_span text,
                       uint64_t now_ms, struct skeym_fhir_problem *problem)
{
    static const struct {
        const char *prefix;
        enum skeym_store_compare compare;
    } prefixes[] = {
        {"eq", SKEYM_STORE_EQ}, {"ne", SKEYM_STORE_NE}, {"lt", SKEYM_STORE_LT},
        {"gt", SKEYM_STORE_GT}, {"le", SKEYM_STORE_LE}, {"ge", SKEYM_STORE_GE},
        {"sa", SKEYM_STORE_SA}, {"eb", SKEYM_STORE_EB}, {"ap", SKEYM_STORE_AP},
    };
    struct skeym_fhir_range range;
    (void)arena;
    struct skeym_store_value *value = add_value(search, param, problem);
    if (!value) {
        return false;
    }
    value->compare = SKEYM_STORE_EQ;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (skeym_span_starts(text, prefixes[i].prefix)) {
            value->compare = prefixes[i].compare;
            text = skeym_span_part(text, 2, text.size);
            break;
        }
    }
    if (skeym_fhir_time_parse(&range, text, SKEYM_FHIR_TIME_SEARCH)) {
        return refuse(problem, "invalid", "not a date", param->name);
    }
    value->low = range.low;
    value->high = range.high;
    if (value->compare == SKEYM_STORE_AP) {
        widen(value, (int64_t)now_ms);
    }
    return true;
}

static const struct skeym_fhir_search_param params[] = {
    {"_id", "token", ALL, SKEYM_STORE_BY_ID, parse_id},
    {"_lastUpdated", "date", ALL, SKEYM_STORE_BY_UPDATED, parse_date},
    {"identifier", "token", ALL, SKEYM_STORE_BY_IDENTIFIER, parse_token},
    {"patient", "reference", OBSERVATION | DEVICE, SKEYM_STORE_BY_PATIENT, parse_id},
    {"subject", "reference", OBSERVATION, SKEYM_STORE_BY_PATIENT, parse_id},
    {"code", "token", OBSERVATION, SKEYM_STORE_BY_CODE, parse_token},
    {"category", "token", OBSERVATION, SKEYM_STORE_BY_CATEGORY, parse_token},
    {"date", "date", OBSERVATION, SKEYM_STORE_BY_TIME, parse_date},
    {"name", "string", PATIENT, SKEYM_STORE_BY_NAME, parse_name},
};

const struct skeym_fhir_search_param *skeym_fhir_search_param(enum skeym_store_kind kind,
                                                              size_t index)
{
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        if ((params[i].kinds & (1u << kind)) && index-- == 0) {
            return &params[i];
        }
    }
    return NULL;
}

static bool parse_test(struct skeym_fhir_search *search, struct skeym_fhir_arena *arena,
                       const struct skeym_fhir_search_param *param, struct skeym_span value,
                       uint64_t now_ms, struct skeym_fhir_problem *problem)
{
    if (search->query.test_count ==
        SKEYM_FHIR_TESTS - 1) { /* one is for skeym_fhir_search_require */
        return refuse(problem, "too-costly", "too many parameters", param->name);
    }
    struct skeym_store_test *test = &search->tests[search->query.test_count++];
    test->field = param->field;
    test->values = &search->values[search->value_count];
    test->count = 0;
    for (;;) {
        size_t comma = find(value, ',');
        struct skeym_span one = skeym_span_part(value, 0, comma);
        if (one.size == 0) {
            return refuse(problem, "invalid", "a value is missing", param->name);
        }
        if (!param->parse(search, arena, param, one, now_ms, problem)) {
            return false;
        }
        if (comma == value.size) {
            return true;
        }
        value = skeym_span_part(value, comma + 1, value.size);
    }
}

bool skeym_fhir_search_require(struct skeym_fhir_search *search, enum skeym_store_field field,
                               struct skeym_span text)
{
    if (search->query.test_count == SKEYM_FHIR_TESTS ||
        search->value_count == SKEYM_STORE_VALUES_MAX) {
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

/* --- what is not a test --------------------------------------------------- */

static bool parse_count(struct skeym_fhir_search *search, struct skeym_span value,
                        struct skeym_fhir_problem *problem)
{
    uint32_t count = 0;
    bool right = value.size >= 1 && value.size <= 9;
    for (size_t i = 0; right && i < value.size; i++) {
        right = value.data[i] >= '0' && value.data[i] <= '9';
        count = count * 10 + (uint32_t)(value.data[i] - '0');
    }
    if (!right || count == 0) {
        return refuse(problem, "invalid", "must be a whole number above 0", "_count or max");
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
        {"date", OBSERVATION, SKEYM_STORE_ORDER_TIME},
        {"_lastUpdated", ALL, SKEYM_STORE_ORDER_UPDATED},
        {"_id", PATIENT | DEVICE, SKEYM_STORE_ORDER_ID},
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
    return refuse(problem, "not-supported", "cannot sort by this", "_sort");
}

static bool parse_format(struct skeym_span value, struct skeym_fhir_problem *problem)
{
    static const char *const formats[] = {"json", "application/json", "application/fhir+json"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (skeym_span_is(value, formats[i])) {
            return true;
        }
    }
    return refuse(problem, "not-supported", "only json", "_format");
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
        return refuse(problem, "invalid", "not a link of this search", "_cursor");
    }
    search->query.resume = true;
    search->query.after_key = key;
    search->query.after_id = id;
    return true;
}

enum special { COUNT, MAX, SORT, FORMAT, CURSOR, NO_SPECIAL };

static enum special special_of(struct skeym_span name, enum skeym_fhir_search_use use)
{
    static const struct {
        const char *name;
        unsigned uses; /* set of 1 << enum skeym_fhir_search_use */
    } table[] = {
        [COUNT] = {"_count", 1 << SKEYM_FHIR_SEARCH_PAGE},
        [MAX] = {"max", 1 << SKEYM_FHIR_SEARCH_LATEST},
        [SORT] = {"_sort", 1 << SKEYM_FHIR_SEARCH_PAGE},
        [FORMAT] = {"_format", 1 << SKEYM_FHIR_SEARCH_PAGE | 1 << SKEYM_FHIR_SEARCH_LATEST},
        [CURSOR] = {"_cursor", 1 << SKEYM_FHIR_SEARCH_PAGE},
    };
    for (unsigned i = 0; i < NO_SPECIAL; i++) {
        if (skeym_span_is(name, table[i].name) && (table[i].uses & (1u << use))) {
            return (enum special)i;
        }
    }
    return NO_SPECIAL;
}

static bool parse_param(struct skeym_fhir_search *search, struct skeym_fhir_arena *arena,
                        const struct skeym_fhir_param *given, enum skeym_fhir_search_use use,
                        uint64_t now_ms, struct skeym_fhir_problem *problem)
{
    switch (special_of(given->name, use)) {
    case COUNT:
    case MAX:
        return parse_count(search, given->value, problem);
    case SORT:
        return parse_sort(search, given->value, problem);
    case FORMAT:
        return parse_format(given->value, problem);
    case CURSOR:
        return true; /* when all the rest is known */
    case NO_SPECIAL:
        break;
    }
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        if ((params[i].kinds & (1u << search->query.kind)) &&
            skeym_span_is(given->name, params[i].name)) {
            return parse_test(search, arena, &params[i], given->value, now_ms, problem);
        }
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
        return refuse(problem, "required", "exactly one patient is required", "$lastn");
    }
    if (use == SKEYM_FHIR_SEARCH_LATEST && !has_field(search, SKEYM_STORE_BY_CODE) &&
        !has_field(search, SKEYM_STORE_BY_CATEGORY)) {
        return refuse(problem, "required", "a category or code is required", "$lastn");
    }
    if (use == SKEYM_FHIR_SEARCH_MATCH && !has_field(search, SKEYM_STORE_BY_IDENTIFIER)) {
        return refuse(problem, "not-supported", "an identifier is required here", "If-None-Exist");
    }
    return true;
}

bool skeym_fhir_search_parse(struct skeym_fhir_search *out, struct skeym_fhir_arena *arena,
                             const struct skeym_fhir_url *url, enum skeym_store_kind kind,
                             enum skeym_fhir_search_use use, uint64_t now_ms,
                             struct skeym_fhir_problem *problem)
{
    const struct skeym_fhir_param *cursor = NULL;
    bool observation = kind == SKEYM_STORE_OBSERVATION;
    memset(out, 0, sizeof *out);
    out->count = use == SKEYM_FHIR_SEARCH_LATEST ? 1 : SKEYM_FHIR_COUNT;
    out->filter = 0xcbf29ce484222325u + (uint64_t)kind;
    out->query.kind = kind;
    out->query.tests = out->tests;
    /* Without _sort: newest observations first, others by id. */
    out->query.order = observation ? SKEYM_STORE_ORDER_TIME : SKEYM_STORE_ORDER_ID;
    out->query.descending = observation;
    for (size_t i = 0; i < url->param_count; i++) {
        const struct skeym_fhir_param *given = &url->params[i];
        if (!parse_param(out, arena, given, use, now_ms, problem)) {
            return false;
        }
        enum special special = special_of(given->name, use);
        if (special == CURSOR && cursor) {
            return refuse(problem, "invalid", "given twice", "_cursor");
        }
        if (special == CURSOR) {
            cursor = given;
        } else if (special == NO_SPECIAL) {
            out->filter = hash(out->filter, given->raw);
            out->filter = hash(out->filter, skeym_span_text("&"));
        }
    }
    out->query.limit = use == SKEYM_FHIR_SEARCH_PAGE ? out->count + 1 : out->count;
    if (use == SKEYM_FHIR_SEARCH_MATCH) {
        out->query.limit = 2;
        out->query.order = SKEYM_STORE_ORDER_ID;
    }
    if (cursor && !parse_cursor(out, cursor->value, problem)) {
        return false;
    }
    return check_use(out, use, problem);
}
