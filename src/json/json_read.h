/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way from JSON text to json-c's values. json-c's own parser is not used: where memory is
 * short it follows a null pointer, or leaves a member or a piece of a string out and says that all
 * went well.
 */
#ifndef SKEYM_JSON_JSON_READ_H
#define SKEYM_JSON_JSON_READ_H

#include "json/json_scan.h"

struct json_object;

/* What we ask our own server for is as deep as a resource may be, in an entry of a Bundle; how much
 * of it there is, the size of the answer bounds. */
extern const struct skeym_json_limits skeym_json_read_ours;

/* The tree of a text; *out: json_object_put. It is NULL for the text "null" and after an error.
 * *at (may be NULL): the offset of what is wrong. Errors: those of json_scan.h and json_build.h,
 * SKEYM_ERR_SIZE for a text of 2 GiB. */
SKEYM_MUST_USE enum skeym_error skeym_json_read(struct json_object **out, struct skeym_span text,
                                                const struct skeym_json_limits *limits, size_t *at);

#endif
