/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_json.h"

#include "json/json_read.h"
#include <errno.h>
#include <json-c/json.h>

const struct skeym_json_limits skeym_fhir_json_limits = {
    .depth = SKEYM_FHIR_DEPTH,
    .containers = SKEYM_FHIR_CONTAINERS,
    .values = SKEYM_FHIR_VALUES,
};

struct json_object *skeym_fhir_json_parse(struct skeym_span text,
                                          struct skeym_fhir_problem *problem)
{
    struct json_object *object = NULL;
    size_t at = 0;
    if (text.size > SKEYM_FHIR_BODY_BYTES) {
        skeym_fhir_outcome_fail(problem, 413, "too-long", "the body is larger than %d bytes",
                                SKEYM_FHIR_BODY_BYTES);
        return NULL;
    }
    if (text.size == 0) {
        skeym_fhir_outcome_fail(problem, 400, "structure", "the body is empty");
        return NULL;
    }
    enum skeym_error error = skeym_json_read(&object, text, &skeym_fhir_json_limits, &at);
    if (error == SKEYM_ERR_MEMORY) {
        skeym_fhir_outcome_store(problem, error);
    } else if (error == SKEYM_ERR_SPACE) {
        skeym_fhir_outcome_fail(problem, 413, "too-costly",
                                "more than %d objects and arrays, or %d keys and values",
                                SKEYM_FHIR_CONTAINERS, SKEYM_FHIR_VALUES);
    } else if (error == SKEYM_ERR_CONFLICT) {
        skeym_fhir_outcome_fail(problem, 400, "structure", "a key is repeated in an object");
    } else if (error == SKEYM_ERR_SIZE) {
        skeym_fhir_outcome_fail(problem, 400, "structure", "nested more than %d deep at byte %zu",
                                SKEYM_FHIR_DEPTH, at);
    } else if (error) {
        skeym_fhir_outcome_fail(problem, 400, error == SKEYM_ERR_RANGE ? "value" : "structure",
                                "%s at byte %zu: %s",
                                error == SKEYM_ERR_RANGE ? "number out of range" : "not JSON", at,
                                skeym_error_text(error));
    } else if (!json_object_is_type(object, json_type_object)) {
        skeym_fhir_outcome_fail(problem, 400, "structure", "not a JSON object");
    } else {
        return object;
    }
    json_object_put(object);
    return NULL;
}

struct json_object *skeym_fhir_json_member(struct json_object *object, const char *key,
                                           enum json_type type)
{
    struct json_object *member = NULL;
    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, key, &member) || !json_object_is_type(member, type)) {
        return NULL;
    }
    return member;
}

bool skeym_fhir_json_has(struct json_object *object, const char *key)
{
    return json_object_is_type(object, json_type_object) &&
           json_object_object_get_ex(object, key, NULL);
}

struct skeym_span skeym_fhir_json_string(struct json_object *string)
{
    if (!json_object_is_type(string, json_type_string)) {
        return skeym_span(NULL, 0);
    }
    return skeym_span(json_object_get_string(string), (size_t)json_object_get_string_len(string));
}

struct skeym_span skeym_fhir_json_text(struct json_object *object, const char *key)
{
    return skeym_fhir_json_string(skeym_fhir_json_member(object, key, json_type_string));
}

bool skeym_fhir_json_number(struct json_object *object, const char *key, double *number)
{
    struct json_object *member = NULL;
    *number = 0;
    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, key, &member) ||
        (!json_object_is_type(member, json_type_int) &&
         !json_object_is_type(member, json_type_double))) {
        return false;
    }
    *number = json_object_get_double(member);
    return true;
}

void skeym_fhir_json_write(struct skeym_fhir_text *text, struct json_object *value)
{
    size_t size = 0;
    errno = 0; /* json-c leaves out what it has no memory for, and says so nowhere else */
    const char *json = json_object_to_json_string_length(
        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
    if (!json || errno == ENOMEM) {
        text->bad = true;
        return;
    }
    skeym_fhir_text_span(text, skeym_span(json, size));
}
