/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON (RFC 8259) in json-c's trees. A scan of our own refuses what must not pass (NaN,
 * "1.", lone surrogates, overlong UTF-8, integers that do not fit), and fhir_build.c makes the
 * tree.
 */
#ifndef SKEYM_FHIR_FHIR_JSON_H
#define SKEYM_FHIR_FHIR_JSON_H

#include "fhir/fhir_outcome.h"
#include <json-c/json_object.h>

enum {
    SKEYM_FHIR_INTEGER_DIGITS = 18,
    /* json-c takes up to 760 bytes for a container and about 100 for a key or value. A Bundle of a
     * thousand observations has about 20,000 of the one and 100,000 of the other. */
    SKEYM_FHIR_CONTAINERS = 40000,
    SKEYM_FHIR_VALUES = 250000,
};

/* The bytes' text form, without building anything: grammar of numbers and strings, UTF-8, depth;
 * *keys is the number of members of all objects. How the tokens follow each other is checked when
 * the tree is built. Errors: SKEYM_ERR_SHAPE, SKEYM_ERR_CHARSET (control characters, UTF-8,
 * escapes), SKEYM_ERR_RANGE (an integer of more than 18 digits, a number that is not finite),
 * SKEYM_ERR_SIZE (depth), SKEYM_ERR_TRUNCATED, SKEYM_ERR_SPACE (more than SKEYM_FHIR_CONTAINERS or
 * _VALUES). *at: the offset of what is wrong. */
SKEYM_MUST_USE enum skeym_error skeym_fhir_json_scan(struct skeym_span text, size_t *keys,
                                                     size_t *at);
/* true when the whole text is one number that the scan takes. */
bool skeym_fhir_json_is_number(struct skeym_span text);
/* An object, or NULL and a problem of status 400 (413 for a body above SKEYM_FHIR_BODY_BYTES, or
 * with more containers or values than above; 503 without memory). */
struct json_object *skeym_fhir_json_parse(struct skeym_span text,
                                          struct skeym_fhir_problem *problem);

/* A member if it has that type, else NULL; object may be NULL. */
struct json_object *skeym_fhir_json_member(struct json_object *object, const char *key,
                                           enum json_type type);
bool skeym_fhir_json_has(struct json_object *object, const char *key);
/* A string member; empty when missing or of another type. Lives as long as the object. */
struct skeym_span skeym_fhir_json_text(struct json_object *object, const char *key);
struct skeym_span skeym_fhir_json_string(struct json_object *string);
/* A number member (int or decimal) as double; false when it is none. */
bool skeym_fhir_json_number(struct json_object *object, const char *key, double *number);
/* Compact JSON, decimals with the digits they came with. */
void skeym_fhir_json_write(struct skeym_fhir_text *text, struct json_object *value);

#endif
