/* SPDX-License-Identifier: Apache-2.0 */
/* From text that the scan has passed to a tree, every allocation looked at. */
#ifndef SKEYM_JSON_JSON_BUILD_H
#define SKEYM_JSON_JSON_BUILD_H

#include <skeym/error.h>
#include <skeym/span.h>

struct json_object;

/* What is checked here is how the tokens follow each other. *out (json_object_put) is NULL also for
 * the text "null". Errors: SKEYM_ERR_SHAPE, SKEYM_ERR_SIZE (depth), SKEYM_ERR_CONFLICT (a key is
 * repeated in an object), SKEYM_ERR_MEMORY. *at: where. */
SKEYM_MUST_USE enum skeym_error skeym_json_build(struct json_object **out, struct skeym_span text,
                                                 size_t depth, size_t *at);

#endif
