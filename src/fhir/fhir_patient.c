/* SPDX-License-Identifier: Apache-2.0 */
/* Patient and Device. */
#include "fhir/fhir_resource.h"
#include "fhir/fhir_time.h"
#include <json-c/json.h>
#include <string.h>

void skeym_fhir_patient_fold_ascii(uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] >= 'A' && text[i] <= 'Z') {
            text[i] = (uint8_t)(text[i] + ('a' - 'A'));
        }
    }
}

/* Capitals of two bytes in UTF-8 whose small letters have two, too: each `step`-th from first to
 * last has its small letter so much further on. */
static const struct {
    uint16_t first, last, step, further;
} capitals[] = {
    {0xc0, 0xd6, 1, 32},   {0xd8, 0xde, 1, 32}, /* Latin */
    {0x100, 0x12e, 2, 1},  {0x132, 0x136, 2, 1},  {0x139, 0x147, 2, 1},
    {0x14a, 0x176, 2, 1},  {0x179, 0x17d, 2, 1},  {0x218, 0x21a, 2, 1},
    {0x386, 0x386, 1, 38}, {0x388, 0x38a, 1, 37}, {0x38c, 0x38c, 1, 64}, /* Greek */
    {0x38e, 0x38f, 1, 63}, {0x391, 0x3a1, 1, 32}, {0x3a3, 0x3ab, 1, 32},
    {0x400, 0x40f, 1, 80}, {0x410, 0x42f, 1, 32}, {0x490, 0x490, 1, 1}, /* Cyrillic */
};

static unsigned small(unsigned code)
{
    for (size_t i = 0; i < sizeof capitals / sizeof *capitals; i++) {
        if (code >= capitals[i].first && code <= capitals[i].last) {
            return (code - capitals[i].first) % capitals[i].step ? code
                                                                 : code + capitals[i].further;
        }
    }
    return code;
}

void skeym_fhir_patient_fold(uint8_t *text, size_t size)
{
    skeym_fhir_patient_fold_ascii(text, size);
    for (size_t i = 1; i < size; i++) {
        if ((text[i - 1] & 0xe0) == 0xc0) { /* the first of two */
            unsigned code = small((text[i - 1] & 0x1fu) << 6 | (text[i] & 0x3fu));
            text[i - 1] = (uint8_t)(0xc0 | code >> 6);
            text[i] = (uint8_t)(0x80 | (code & 0x3f));
        }
    }
}

static bool add_name(struct skeym_fhir_row *row, struct skeym_span name,
                     struct skeym_fhir_problem *problem)
{
    if (name.size == 0) {
        return true;
    }
    uint8_t *folded = skeym_fhir_text_take(row->arena, name.size);
    if (!folded) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
    }
    memcpy(folded, name.data, name.size);
    skeym_fhir_patient_fold(folded, name.size);
    return skeym_fhir_resource_tag(row, SKEYM_STORE_NAME, skeym_span(NULL, 0),
                                   skeym_span(folded, name.size), problem);
}

static bool fail_name(struct skeym_fhir_problem *problem, const char *text)
{
    return skeym_fhir_outcome_at(problem, 400, "structure", "Patient.name", text);
}

static bool check_name(struct skeym_fhir_row *row, struct json_object *name,
                       struct skeym_fhir_problem *problem)
{
    static const char *const single[] = {"text", "family"};
    static const char *const lists[] = {"given", "prefix", "suffix"};
    if (!json_object_is_type(name, json_type_object)) {
        return fail_name(problem, "not an object");
    }
    for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
        struct skeym_span part = skeym_fhir_json_text(name, single[i]);
        if (part.size == 0 && skeym_fhir_json_has(name, single[i])) {
            return fail_name(problem, "its text or family is not a string");
        }
        if (!add_name(row, part, problem)) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct json_object *list = skeym_fhir_json_member(name, lists[i], json_type_array);
        size_t count = list ? json_object_array_length(list) : 0;
        if (!list && skeym_fhir_json_has(name, lists[i])) {
            return fail_name(problem, "its given, prefix or suffix is not an array");
        }
        for (size_t j = 0; j < count; j++) {
            struct json_object *part =
                json_object_array_get_idx(list, j); /* NULL: has extensions */
            if (part && !json_object_is_type(part, json_type_string)) {
                return fail_name(problem, "its given, prefix or suffix has no strings");
            }
            if (!add_name(row, skeym_fhir_json_string(part), problem)) {
                return false;
            }
        }
    }
    return true;
}

static bool is_gender(struct skeym_span gender)
{
    static const char *const genders[] = {"male", "female", "other", "unknown"};
    for (size_t i = 0; i < sizeof genders / sizeof *genders; i++) {
        if (skeym_span_is(gender, genders[i])) {
            return true;
        }
    }
    return false;
}

bool skeym_fhir_patient(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem)
{
    struct skeym_fhir_range range;
    struct json_object *names = skeym_fhir_json_member(row->resource, "name", json_type_array);
    size_t count = names ? json_object_array_length(names) : 0;
    row->record.patient = row->record.id;
    if (!names && skeym_fhir_json_has(row->resource, "name")) {
        return fail_name(problem, "not an array");
    }
    if (skeym_fhir_json_has(row->resource, "gender") &&
        !is_gender(skeym_fhir_json_text(row->resource, "gender"))) {
        return skeym_fhir_outcome_at(problem, 422, "code-invalid", "Patient.gender",
                                     "not one of male, female, other, unknown");
    }
    struct skeym_span birth = skeym_fhir_json_text(row->resource, "birthDate");
    if (skeym_fhir_json_has(row->resource, "birthDate") &&
        (birth.size > strlen("2000-01-01") ||
         skeym_fhir_time_parse(&range, birth, SKEYM_FHIR_TIME_RESOURCE))) {
        return skeym_fhir_outcome_at(problem, 400, "value", "Patient.birthDate", "not a date");
    }
    for (size_t i = 0; i < count; i++) {
        if (!check_name(row, json_object_array_get_idx(names, i), problem)) {
            return false;
        }
    }
    return true;
}

bool skeym_fhir_patient_device(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem)
{
    struct json_object *patient =
        skeym_fhir_json_member(row->resource, "patient", json_type_object);
    if (!skeym_fhir_json_has(row->resource, "patient")) {
        row->record.patient = skeym_span(NULL, 0);
        return true;
    }
    row->record.patient = skeym_fhir_resource_patient(row, patient);
    return row->record.patient.size > 0 ||
           skeym_fhir_outcome_at(problem, 422, "business-rule", "Device.patient",
                                 "not a reference to a Patient of this server");
}
