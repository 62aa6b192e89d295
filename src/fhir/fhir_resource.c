/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_resource.h"

#include "fhir/fhir_time.h"
#include "fhir/fhir_url.h"
#include <json-c/json.h>
#include <json-c/json_object_iterator.h>
#include <string.h>

enum { SYSTEM_BYTES = 1024, VALUE_BYTES = 1024 };

static const struct {
    const char *name;
    bool (*check)(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem);
} kinds[SKEYM_STORE_KINDS] = {
    [SKEYM_STORE_OBSERVATION] = {"Observation", skeym_fhir_observation},
    [SKEYM_STORE_PATIENT] = {"Patient", skeym_fhir_patient},
    [SKEYM_STORE_DEVICE] = {"Device", skeym_fhir_patient_device},
};

const char *skeym_fhir_resource_name(enum skeym_store_kind kind)
{
    return kinds[kind].name;
}

bool skeym_fhir_resource_kind(struct skeym_span name, enum skeym_store_kind *kind)
{
    for (unsigned i = 0; i < SKEYM_STORE_KINDS; i++) {
        if (skeym_span_is(name, kinds[i].name)) {
            *kind = (enum skeym_store_kind)i;
            return true;
        }
    }
    return false;
}

bool skeym_fhir_resource_tag(struct skeym_fhir_row *row, enum skeym_store_tag_kind kind,
                             struct skeym_span system, struct skeym_span value,
                             struct skeym_fhir_problem *problem)
{
    if (row->tag_count == SKEYM_STORE_TAGS_MAX) {
        return skeym_fhir_outcome_fail(problem, 422, "too-costly",
                                       "more than %d codings, identifiers and names",
                                       SKEYM_STORE_TAGS_MAX);
    }
    if (system.size > SYSTEM_BYTES || value.size > VALUE_BYTES) {
        return skeym_fhir_outcome_fail(problem, 422, "too-long",
                                       "a system, code, identifier or name is too long");
    }
    row->tags[row->tag_count++] = (struct skeym_store_tag){kind, system, value};
    return true;
}

struct skeym_span skeym_fhir_resource_patient(const struct skeym_fhir_row *row,
                                              struct json_object *reference)
{
    struct skeym_span text = skeym_fhir_json_text(reference, "reference");
    struct skeym_span none = skeym_span(NULL, 0);
    size_t base = strlen(row->base_url);
    if (skeym_span_starts(text, row->base_url) && text.size > base && text.data[base] == '/') {
        text = skeym_span_part(text, base + 1, text.size);
    }
    if (!skeym_span_starts(text, "Patient/")) {
        return none;
    }
    text = skeym_span_part(text, strlen("Patient/"), text.size);
    return skeym_fhir_url_is_id(text) ? text : none;
}

/* false for another type, and for an empty string, which FHIR does not have. */
static bool is_text(struct json_object *object, const char *key)
{
    return !skeym_fhir_json_has(object, key) || skeym_fhir_json_text(object, key).size > 0;
}

/* identifier[]: each is an object; one with a value is a tag. */
static bool check_identifiers(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem)
{
    struct json_object *list = skeym_fhir_json_member(row->resource, "identifier", json_type_array);
    size_t count = list ? json_object_array_length(list) : 0;
    if (!list && skeym_fhir_json_has(row->resource, "identifier")) {
        return skeym_fhir_outcome_at(problem, 400, "structure", "identifier", "not an array");
    }
    for (size_t i = 0; i < count; i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        struct skeym_span value = skeym_fhir_json_text(one, "value");
        if (!json_object_is_type(one, json_type_object)) {
            return skeym_fhir_outcome_at(problem, 400, "structure", "identifier", "not an object");
        }
        if (!is_text(one, "system") || !is_text(one, "value")) {
            return skeym_fhir_outcome_at(problem, 400, "structure", "identifier",
                                         "its system or value is not a string");
        }
        if (value.size > 0 &&
            !skeym_fhir_resource_tag(row, SKEYM_STORE_IDENTIFIER,
                                     skeym_fhir_json_text(one, "system"), value, problem)) {
            return false;
        }
    }
    return true;
}

/* What the checks have found in the JSON, copied: the row outlives it. */
static bool keep(struct skeym_fhir_row *row, const struct skeym_store_tag *tags)
{
    row->record.patient = skeym_fhir_text_keep(row->arena, row->record.patient);
    row->tags = skeym_fhir_text_take(row->arena, (row->tag_count + 1) * sizeof *row->tags);
    bool good = row->record.patient.data && row->tags;
    for (size_t i = 0; good && i < row->tag_count; i++) {
        struct skeym_store_tag *tag = &row->tags[i];
        tag->kind = tags[i].kind;
        tag->system = skeym_fhir_text_keep(row->arena, tags[i].system);
        tag->value = skeym_fhir_text_keep(row->arena, tags[i].value);
        good = tag->system.data && tag->value.data;
    }
    return good;
}

bool skeym_fhir_resource_check(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem)
{
    struct skeym_store_tag tags[SKEYM_STORE_TAGS_MAX];
    enum skeym_store_kind kind = row->record.kind;
    struct json_object *meta = skeym_fhir_json_member(row->resource, "meta", json_type_object);
    struct skeym_span type = skeym_fhir_json_text(row->resource, "resourceType");
    if (!skeym_span_is(type, kinds[kind].name)) {
        return skeym_fhir_outcome_fail(problem, 400, "invalid", "resourceType is not %s",
                                       kinds[kind].name);
    }
    if (!meta && skeym_fhir_json_has(row->resource, "meta")) {
        return skeym_fhir_outcome_at(problem, 400, "structure", "meta", "not an object");
    }
    row->tags = tags;
    row->tag_count = 0;
    bool good = check_identifiers(row, problem) && kinds[kind].check(row, problem);
    row->tags = NULL;
    if (good && !keep(row, tags)) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
    }
    return good;
}

static void write_head(struct skeym_fhir_text *text, const struct skeym_store_record *record)
{
    skeym_fhir_text_add(text, "{\"resourceType\":\"");
    skeym_fhir_text_add(text, kinds[record->kind].name);
    skeym_fhir_text_add(text, "\",\"id\":\"");
    skeym_fhir_text_span(text, record->id);
    skeym_fhir_text_add(text, "\",\"meta\":{");
}

/* Of a body. The id in it is not the record's where a repeated request is answered: that has the id
 * of the first time, perhaps of another length. */
static size_t head_size(const struct skeym_store_record *record)
{
    struct skeym_span body = record->body;
    size_t at = strlen("{\"resourceType\":\"\",\"id\":\"") + strlen(kinds[record->kind].name);
    while (at < body.size && body.data[at] != '"') {
        at++;
    }
    return at + strlen("\",\"meta\":{");
}

/* The members of an object but for some, with commas between and, if asked, before them. */
static void write_members(struct skeym_fhir_text *text, struct json_object *object,
                          const char *const *except, bool comma)
{
    json_object_object_foreach(object, key, member)
    {
        bool skip = false;
        for (size_t i = 0; except[i]; i++) {
            skip = skip || strcmp(key, except[i]) == 0;
        }
        if (!skip) {
            skeym_fhir_text_add(text, comma ? "," : "");
            skeym_fhir_text_quoted(text, key);
            skeym_fhir_text_add(text, ":");
            skeym_fhir_json_write(text, member);
            comma = true;
        }
    }
}

bool skeym_fhir_resource_body(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem)
{
    static const char *const ours[] = {"resourceType", "id", "meta", NULL};
    static const char *const stores[] = {"versionId", "lastUpdated", "source", NULL};
    struct skeym_fhir_text text = {0};
    struct json_object *meta = skeym_fhir_json_member(row->resource, "meta", json_type_object);
    write_head(&text, &row->record);
    if (meta) {
        write_members(&text, meta, stores, false);
    }
    skeym_fhir_text_add(&text, "}");
    write_members(&text, row->resource, ours, true);
    skeym_fhir_text_add(&text, "}");
    row->record.body = text.bad ? skeym_span(NULL, 0)
                                : skeym_fhir_text_keep(row->arena, skeym_fhir_text_view(&text));
    skeym_fhir_text_free(&text);
    return row->record.body.data || skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
}

void skeym_fhir_resource_write(struct skeym_fhir_text *text,
                               const struct skeym_store_record *record)
{
    char time[SKEYM_FHIR_TIME_BYTES];
    struct skeym_span rest = skeym_span_part(record->body, head_size(record), record->body.size);
    skeym_fhir_time_print(time, record->updated_ms);
    write_head(text, record);
    skeym_fhir_text_add(text, "\"versionId\":\"");
    skeym_fhir_text_number(text, record->version);
    skeym_fhir_text_add(text, "\",\"lastUpdated\":\"");
    skeym_fhir_text_add(text, time);
    if (record->writer.size > 0) { /* of few characters, none to escape */
        skeym_fhir_text_add(text, "\",\"source\":\"urn:skeym:node:");
        skeym_fhir_text_span(text, record->writer);
    }
    skeym_fhir_text_add(text, skeym_span_starts(rest, "}") ? "\"" : "\",");
    skeym_fhir_text_span(text, rest);
}

/* A body behind its id and meta. */
static struct skeym_span content(const struct skeym_store_record *record)
{
    struct skeym_span body = record->body;
    size_t at = head_size(record), depth = 1;
    bool quoted = false;
    for (; at < body.size && depth > 0; at++) {
        uint8_t c = body.data[at];
        if (c == '"') {
            quoted = !quoted;
        } else if (c == '\\') {
            at++;
        } else if (!quoted && (c == '{' || c == '}')) {
            depth = c == '{' ? depth + 1 : depth - 1;
        }
    }
    return skeym_span_part(body, at, body.size);
}

bool skeym_fhir_resource_same(const struct skeym_store_record *one,
                              const struct skeym_store_record *other)
{
    return one->kind == other->kind && skeym_span_equal(content(one), content(other));
}
