/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_resource.h"
#include "fhir/fhir_time.h"
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLED_DATA_BYTES = 4 << 20, COMPONENTS_MAX = 256, CODINGS_MAX = 20 };
static const double value_limit = 1e15;

static bool fail(struct skeym_fhir_problem *problem, int status, const char *path, const char *text)
{
    return skeym_fhir_outcome_at(problem, status, status == 400 ? "structure" : "business-rule",
                                 path, text);
}

static bool is_one_of(struct skeym_span text, const char *const *words)
{
    for (; *words; words++) {
        if (skeym_span_is(text, *words)) {
            return true;
        }
    }
    return false;
}

/* coding[] of a CodeableConcept: each with a code becomes a tag. */
static bool check_concept(struct skeym_fhir_row *row, struct json_object *concept, const char *path,
                          enum skeym_store_tag_kind kind, bool tagged, size_t *codes,
                          struct skeym_fhir_problem *problem)
{
    struct json_object *codings = skeym_fhir_json_member(concept, "coding", json_type_array);
    size_t count = codings ? json_object_array_length(codings) : 0;
    if (!json_object_is_type(concept, json_type_object) ||
        (!codings && skeym_fhir_json_has(concept, "coding"))) {
        return fail(problem, 400, path, "not a CodeableConcept");
    }
    for (size_t i = 0; i < count; i++) {
        struct json_object *coding = json_object_array_get_idx(codings, i);
        struct skeym_span code = skeym_fhir_json_text(coding, "code");
        struct skeym_span system = skeym_fhir_json_text(coding, "system");
        if (!json_object_is_type(coding, json_type_object) ||
            (code.size == 0 && skeym_fhir_json_has(coding, "code")) ||
            (system.size == 0 && skeym_fhir_json_has(coding, "system"))) {
            return fail(problem, 400, path, "a coding's system or code is not a string");
        }
        *codes += code.size > 0;
        if (code.size > 0 && tagged && !skeym_fhir_resource_tag(row, kind, system, code, problem)) {
            return false;
        }
    }
    return true;
}

static bool check_codes(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem)
{
    struct json_object *code = skeym_fhir_json_member(row->resource, "code", json_type_object);
    struct json_object *list = skeym_fhir_json_member(row->resource, "category", json_type_array);
    size_t codes = 0, categories = 0;
    if (!code) {
        return fail(problem, 400, "Observation.code", "required");
    }
    if (!list && skeym_fhir_json_has(row->resource, "category")) {
        return fail(problem, 400, "Observation.category", "not an array");
    }
    if (!check_concept(row, code, "Observation.code", SKEYM_STORE_CODE, true, &codes, problem)) {
        return false;
    }
    if (codes == 0) {
        return fail(problem, 422, "Observation.code", "a coding with a code is required here");
    }
    for (size_t i = 0; list && i < json_object_array_length(list); i++) {
        if (!check_concept(row, json_object_array_get_idx(list, i), "Observation.category",
                           SKEYM_STORE_CATEGORY, true, &categories, problem)) {
            return false;
        }
    }
    if (codes + categories > CODINGS_MAX) {
        return skeym_fhir_outcome_at(problem, 422, "too-costly", "Observation.code",
                                     "more than 20 codings of code and category");
    }
    return true;
}

static bool check_period(struct json_object *period, struct skeym_fhir_range *range,
                         struct skeym_fhir_problem *problem)
{
    static const char *const path = "Observation.effectivePeriod";
    struct skeym_fhir_range start, end;
    bool has_start = skeym_fhir_json_has(period, "start");
    bool has_end = skeym_fhir_json_has(period, "end");
    *range = (struct skeym_fhir_range){-SKEYM_STORE_FOREVER, SKEYM_STORE_FOREVER};
    if (!json_object_is_type(period, json_type_object) || (!has_start && !has_end)) {
        return fail(problem, 400, path, "start or end is required");
    }
    if (has_start) {
        if (skeym_fhir_time_parse(&start, skeym_fhir_json_text(period, "start"),
                                  SKEYM_FHIR_TIME_RESOURCE)) {
            return fail(problem, 400, path, "start is not a dateTime");
        }
        range->low = start.low;
    }
    if (has_end) {
        if (skeym_fhir_time_parse(&end, skeym_fhir_json_text(period, "end"),
                                  SKEYM_FHIR_TIME_RESOURCE)) {
            return fail(problem, 400, path, "end is not a dateTime");
        }
        range->high = end.high;
    }
    return range->low < range->high || fail(problem, 422, path, "ends before it starts");
}

static bool check_effective(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem)
{
    static const struct {
        const char *key, *path;
        enum skeym_fhir_time_form form;
    } times[] = {
        {"effectiveDateTime", "Observation.effectiveDateTime", SKEYM_FHIR_TIME_RESOURCE},
        {"effectiveInstant", "Observation.effectiveInstant", SKEYM_FHIR_TIME_INSTANT},
    };
    struct skeym_fhir_range range = {0};
    size_t found = 0;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        if (!skeym_fhir_json_has(row->resource, times[i].key)) {
            continue;
        }
        found++;
        if (skeym_fhir_time_parse(&range, skeym_fhir_json_text(row->resource, times[i].key),
                                  times[i].form)) {
            return fail(problem, 400, times[i].path, "not a time as FHIR writes it");
        }
    }
    if (skeym_fhir_json_has(row->resource, "effectivePeriod")) {
        struct json_object *period =
            skeym_fhir_json_member(row->resource, "effectivePeriod", json_type_object);
        found++;
        if (!check_period(period, &range, problem)) {
            return false;
        }
    }
    if (found > 1) {
        return fail(problem, 400, "Observation.effective", "more than one");
    }
    row->record.start_ms = range.low;
    row->record.stop_ms = range.high;
    return found == 1 ||
           fail(problem, 422, "Observation.effective",
                "effectiveDateTime, effectiveInstant or effectivePeriod is required here");
}

/* A member that may be missing, but if it is there must have that type. */
static bool is_optional(struct json_object *object, const char *key, enum json_type type)
{
    return !skeym_fhir_json_has(object, key) || skeym_fhir_json_member(object, key, type);
}

static bool is_optional_number(struct json_object *object, const char *key)
{
    double number = 0;
    return !skeym_fhir_json_has(object, key) ||
           (skeym_fhir_json_number(object, key, &number) && fabs(number) <= value_limit);
}

/* The same for a member of what the path leads to. */
static bool fail_in(struct skeym_fhir_problem *problem, int status, const char *path,
                    const char *member, const char *text)
{
    char inner[SKEYM_FHIR_PATH_BYTES];
    (void)snprintf(inner, sizeof inner, "%s.%s", path, member);
    return fail(problem, status, inner, text);
}

static bool check_quantity(struct json_object *quantity, const char *path,
                           struct skeym_fhir_problem *problem)
{
    static const char *const comparators[] = {"<", "<=", ">=", ">", NULL};
    static const char *const texts[] = {"unit", "system", "code"};
    if (!is_optional_number(quantity, "value")) {
        return fail_in(problem, 400, path, "value", "not a number, or too large");
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!is_optional(quantity, texts[i], json_type_string)) {
            return fail_in(problem, 400, path, texts[i], "not a string");
        }
    }
    if (skeym_fhir_json_has(quantity, "code") && !skeym_fhir_json_has(quantity, "system")) {
        return fail_in(problem, 422, path, "system", "a code of the unit needs its system");
    }
    if (skeym_fhir_json_has(quantity, "comparator") &&
        !is_one_of(skeym_fhir_json_text(quantity, "comparator"), comparators)) {
        return fail_in(problem, 422, path, "comparator", "not one of <, <=, >=, >");
    }
    return true;
}

/* E, U, L or a decimal. */
static bool is_sample(struct skeym_span token)
{
    static const char *const words[] = {"E", "U", "L", NULL};
    return is_one_of(token, words) || skeym_json_scan_is_number(token);
}

static bool count_samples(struct skeym_span data, size_t *count)
{
    size_t from = 0;
    *count = 0;
    for (size_t i = 0; i <= data.size; i++) {
        if (i < data.size && data.data[i] != ' ') {
            continue;
        }
        if (!is_sample(skeym_span_part(data, from, i - from))) {
            return false;
        }
        ++*count;
        from = i + 1;
    }
    return true;
}

static bool check_sampled_data(struct json_object *sampled, const char *path,
                               struct skeym_fhir_problem *problem)
{
    static const char *const numbers[] = {"factor", "lowerLimit", "upperLimit"};
    struct json_object *origin = skeym_fhir_json_member(sampled, "origin", json_type_object);
    struct json_object *dimensions = skeym_fhir_json_member(sampled, "dimensions", json_type_int);
    struct skeym_span data = skeym_fhir_json_text(sampled, "data");
    double period = 0;
    size_t count = 0;
    if (!origin || !skeym_fhir_json_has(origin, "value")) {
        return fail_in(problem, 400, path, "origin", "an object with a value is required");
    }
    char inner[SKEYM_FHIR_PATH_BYTES];
    (void)snprintf(inner, sizeof inner, "%s.origin", path);
    if (!check_quantity(origin, inner, problem)) {
        return false;
    }
    if (!skeym_fhir_json_number(sampled, "period", &period) || !(period > 0) ||
        period > value_limit) {
        return fail_in(problem, 400, path, "period", "must be a number above 0");
    }
    if (!dimensions || json_object_get_int64(dimensions) < 1 ||
        json_object_get_int64(dimensions) > INT32_MAX) {
        return fail_in(problem, 400, path, "dimensions", "must be a whole number above 0");
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!is_optional_number(sampled, numbers[i])) {
            return fail_in(problem, 400, path, numbers[i], "not a number");
        }
    }
    if (!skeym_fhir_json_has(sampled, "data")) {
        return true;
    }
    if (data.size > SAMPLED_DATA_BYTES) {
        return fail_in(problem, 422, path, "data", "too long");
    }
    if (!count_samples(data, &count)) {
        return fail_in(problem, 400, path, "data",
                       "must be decimals, E, U or L, one space between");
    }
    return count % (size_t)json_object_get_int64(dimensions) == 0 ||
           fail_in(problem, 422, path, "data", "does not fill all dimensions");
}

/* The data types of value[x]. */
static const struct {
    const char *key;
    enum json_type type;
    bool (*check)(struct json_object *value, const char *path, struct skeym_fhir_problem *problem);
} value_types[] = {
    {"valueQuantity", json_type_object, check_quantity},
    {"valueCodeableConcept", json_type_object, NULL},
    {"valueString", json_type_string, NULL},
    {"valueBoolean", json_type_boolean, NULL},
    {"valueInteger", json_type_int, NULL},
    {"valueRange", json_type_object, NULL},
    {"valueRatio", json_type_object, NULL},
    {"valueSampledData", json_type_object, check_sampled_data},
    {"valueTime", json_type_string, NULL},
    {"valueDateTime", json_type_string, NULL},
    {"valuePeriod", json_type_object, NULL},
};

/* At most one value[x], and no reason for its absence beside it. */
static bool check_value(struct json_object *holder, const char *path,
                        struct skeym_fhir_problem *problem)
{
    size_t found = 0, values = 0;
    json_object_object_foreach(holder, key, member)
    {
        (void)member;
        values += strncmp(key, "value", strlen("value")) == 0;
    }
    for (size_t i = 0; i < sizeof value_types / sizeof *value_types; i++) {
        if (!skeym_fhir_json_has(holder, value_types[i].key)) {
            continue;
        }
        struct json_object *value =
            skeym_fhir_json_member(holder, value_types[i].key, value_types[i].type);
        found++;
        char inner[SKEYM_FHIR_PATH_BYTES];
        (void)snprintf(inner, sizeof inner, "%s.%s", path, value_types[i].key);
        if (!value) {
            return fail(problem, 400, inner, "has the wrong type");
        }
        if (value_types[i].check && !value_types[i].check(value, inner, problem)) {
            return false;
        }
    }
    if (values > 1) {
        return fail_in(problem, 400, path, "value", "more than one value[x]");
    }
    if (found != values) {
        return fail_in(problem, 400, path, "value", "a value[x] that FHIR does not have");
    }
    return found == 0 || !skeym_fhir_json_has(holder, "dataAbsentReason") ||
           fail_in(problem, 422, path, "dataAbsentReason", "beside a value");
}

static bool check_components(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem)
{
    static const char *const path = "Observation.component";
    struct json_object *list = skeym_fhir_json_member(row->resource, "component", json_type_array);
    size_t count = list ? json_object_array_length(list) : 0, codes = 0;
    if (!list && skeym_fhir_json_has(row->resource, "component")) {
        return fail(problem, 400, path, "not an array");
    }
    if (count > COMPONENTS_MAX) {
        return fail(problem, 422, path, "too many");
    }
    for (size_t i = 0; i < count; i++) {
        struct json_object *component = json_object_array_get_idx(list, i);
        struct json_object *code = skeym_fhir_json_member(component, "code", json_type_object);
        if (!code) {
            return fail(problem, 400, path, "an object with a code is required");
        }
        if (!check_concept(row, code, path, SKEYM_STORE_CODE, false, &codes, problem) ||
            !check_value(component, path, problem)) {
            return false;
        }
    }
    return true;
}

bool skeym_fhir_observation(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem)
{
    static const char *const statuses[] = {"registered",       "preliminary", "final",
                                           "amended",          "corrected",   "cancelled",
                                           "entered-in-error", "unknown",     NULL};
    struct json_object *subject =
        skeym_fhir_json_member(row->resource, "subject", json_type_object);
    struct skeym_span status = skeym_fhir_json_text(row->resource, "status");
    if (status.size == 0) {
        return fail(problem, 400, "Observation.status", "required");
    }
    if (!is_one_of(status, statuses)) {
        return skeym_fhir_outcome_at(problem, 422, "code-invalid", "Observation.status",
                                     "not a status of an observation");
    }
    row->record.patient = skeym_fhir_resource_patient(row, subject);
    if (row->record.patient.size == 0) {
        return fail(problem, 422, "Observation.subject",
                    "a reference to a Patient of this server is required here");
    }
    return check_codes(row, problem) && check_effective(row, problem) &&
           check_value(row->resource, "Observation", problem) && check_components(row, problem);
}
