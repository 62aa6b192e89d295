/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_search.h"

#include "fhir/fhir_time.h"
#include <string.h>

enum {
    ALL = 7,
    OBSERVATION = 1 << SKEYM_STORE_OBSERVATION,
    PATIENT = 1 << SKEYM_STORE_PATIENT,
    DEVICE = 1 << SKEYM_STORE_DEVICE
};

bool skeym_fhir_param_refuse(struct skeym_fhir_problem *problem, const char *code, const char *what,
                             const char *name)
{
    return skeym_fhir_outcome_fail(problem, 400, code, "%s: %s", name, what);
}

static struct skeym_store_value *add_value(struct skeym_fhir_search *search,
                                           const struct skeym_fhir_param_row *param,
                                           struct skeym_fhir_problem *problem)
{
    if (search->value_count == search->value_room) {
        skeym_fhir_param_refuse(problem, "too-costly", "too many values", param->name);
        return NULL;
    }
    search->tests[search->query.test_count - 1].count++;
    return &search->values[search->value_count++];
}

/* Takes FHIR's backslashes out: "a\,b" is "a,b". */
static bool unescape(struct skeym_fhir_arena *arena, struct skeym_span *text, const char *param,
                     struct skeym_fhir_problem *problem)
{
    struct skeym_span copy = skeym_fhir_text_keep(arena, *text);
    uint8_t *out = skeym_fhir_text_take(arena, text->size + 1);
    size_t size = 0;
    if (!copy.data || !out) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
    }
    for (size_t i = 0; i < copy.size; i++) {
        if (copy.data[i] == '\\') {
            i++;
            if (i == copy.size || copy.data[i] == 0 || !strchr(",|$\\", copy.data[i])) {
                return skeym_fhir_param_refuse(problem, "invalid", "a bad backslash", param);
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
                        const struct skeym_fhir_param_row *param, struct skeym_span text,
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
        return skeym_fhir_param_refuse(problem, "invalid", "a value is missing", param->name);
    }
    if (find(text, '|') != text.size) {
        return skeym_fhir_param_refuse(problem, "invalid", "more than one |", param->name);
    }
    return unescape(arena, &value->system, param->name, problem) &&
           unescape(arena, &value->text, param->name, problem);
}

static bool parse_id(struct skeym_fhir_search *search, struct skeym_fhir_arena *arena,
                     const struct skeym_fhir_param_row *param, struct skeym_span text,
                     uint64_t now_ms, struct skeym_fhir_problem *problem)
{
    (void)arena, (void)now_ms;
    if (param->field == SKEYM_STORE_BY_PATIENT && skeym_span_starts(text, "Patient/")) {
        text = skeym_span_part(text, strlen("Patient/"), text.size);
    }
    if (!skeym_fhir_url_is_id(text)) {
        return skeym_fhir_param_refuse(problem, "invalid", "not an id", param->name);
    }
    struct skeym_store_value *value = add_value(search, param, problem);
    if (value) {
        value->text = text;
    }
    return value != NULL;
}

static bool parse_name(struct skeym_fhir_search *search, struct skeym_fhir_arena *arena,
                       const struct skeym_fhir_param_row *param, struct skeym_span text,
                       uint64_t now_ms, struct skeym_fhir_problem *problem)
{
    static void (*const folds[])(uint8_t *, size_t) = {skeym_fhir_patient_fold,
                                                       skeym_fhir_patient_fold_ascii};
    struct skeym_span last = skeym_span(NULL, 0);
    (void)now_ms;
    if (!unescape(arena, &text, param->name, problem)) {
        return false;
    }
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
        uint8_t *folded = skeym_fhir_text_take(arena, text.size);
        if (!folded) {
            return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
        }
        memcpy(folded, text.data, text.size);
        folds[i](folded, text.size);
        if (skeym_span_equal(skeym_span(folded, text.size), last)) {
            break; /* as most are */
        }
        struct skeym_store_value *value = add_value(search, param, problem);
        if (!value) {
            return false;
        }
        value->text = last = skeym_span(folded, text.size);
    }
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
                       const struct skeym_fhir_param_row *param, struct skeym_span text,
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
        return skeym_fhir_param_refuse(problem, "invalid", "not a date", param->name);
    }
    value->low = range.low;
    value->high = range.high;
    if (value->compare == SKEYM_STORE_AP) {
        widen(value, (int64_t)now_ms);
    }
    return true;
}

static const struct skeym_fhir_param_row params[] = {
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

const struct skeym_fhir_param_row *skeym_fhir_param(enum skeym_store_kind kind, size_t index)
{
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        if ((params[i].kinds & (1u << kind)) && index-- == 0) {
            return &params[i];
        }
    }
    return NULL;
}

bool skeym_fhir_param_parse(struct skeym_fhir_search *search, struct skeym_fhir_arena *arena,
                            const struct skeym_fhir_param_row *param, struct skeym_span value,
                            uint64_t now_ms, struct skeym_fhir_problem *problem)
{
    if (search->query.test_count ==
        SKEYM_FHIR_TESTS - 2) { /* two are for skeym_fhir_search_require */
        return skeym_fhir_param_refuse(problem, "too-costly", "too many parameters", param->name);
    }
    struct skeym_store_test *test = &search->tests[search->query.test_count++];
    test->field = param->field;
    test->values = &search->values[search->value_count];
    test->count = 0;
    for (;;) {
        size_t comma = find(value, ',');
        struct skeym_span one = skeym_span_part(value, 0, comma);
        if (one.size == 0) {
            return skeym_fhir_param_refuse(problem, "invalid", "a value is missing", param->name);
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

const struct skeym_fhir_param_row *skeym_fhir_param_find(enum skeym_store_kind kind,
                                                         struct skeym_span name)
{
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        if ((params[i].kinds & (1u << kind)) && skeym_span_is(name, params[i].name)) {
            return &params[i];
        }
    }
    return NULL;
}
