/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies as json-c's trees, read by json/json_read.h, and written. */
#ifndef SKEYM_FHIR_FHIR_JSON_H
#define SKEYM_FHIR_FHIR_JSON_H

#include "fhir/fhir_outcome.h"
#include "json/json_scan.h"
#include <json-c/json_object.h>

enum {
    /* json-c takes up to 760 bytes for a container and about 100 for a key or value. A Bundle of a
     * thousand observations has about 20,000 of the one and 100,000 of the other. */
    SKEYM_FHIR_CONTAINERS = 40000,
    SKEYM_FHIR_VALUES = 250000,
};

extern const struct skeym_json_limits skeym_fhir_json_limits;

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
