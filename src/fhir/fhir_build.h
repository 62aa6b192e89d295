/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From JSON text to a tree. json-c's own parser is not used: where memory is short it follows a
 * null pointer, or leaves a member or a piece of a string out and says that all went well. Here
 * every allocation is looked at.
 */
#ifndef SKEYM_FHIR_FHIR_BUILD_H
#define SKEYM_FHIR_FHIR_BUILD_H

#include <json-c/json_object.h>
#include <skeym/error.h>
#include <skeym/span.h>

/* Builds the tree of a text that skeym_fhir_json_scan has passed: what is checked here is how its
 * tokens follow each other. *out is NULL also for the text "null". Errors: SKEYM_ERR_SHAPE,
 * SKEYM_ERR_CONFLICT (a key is repeated in an object), SKEYM_ERR_MEMORY. *at: where. */
SKEYM_MUST_USE enum skeym_error skeym_fhir_build(struct json_object **out, struct skeym_span text,
                                                 size_t *at);

#endif
