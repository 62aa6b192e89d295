/* SPDX-License-Identifier: Apache-2.0 */
/* Whether bytes are JSON (RFC 8259), strictly, and how much of it, before anything is built. */
#ifndef SKEYM_JSON_JSON_SCAN_H
#define SKEYM_JSON_JSON_SCAN_H

#include <skeym/error.h>
#include <skeym/span.h>

enum { SKEYM_JSON_INTEGER_DIGITS = 18 };

/* What a text may cost. json-c takes up to 760 bytes for a container and about 100 for a value. */
struct skeym_json_limits {
    size_t depth;      /* of nesting; also the depth of our recursion */
    size_t containers; /* objects and arrays */
    size_t values;     /* all others, keys too */
};

/* Checks the grammar of numbers and strings, UTF-8, depth and count, without recursion. How the
 * tokens follow each other is checked when the tree is built. Errors: SKEYM_ERR_SHAPE,
 * SKEYM_ERR_CHARSET (control characters, UTF-8, escapes), SKEYM_ERR_RANGE (an integer of more than
 * 18 digits, a number that is not finite), SKEYM_ERR_SIZE (depth), SKEYM_ERR_SPACE (too many
 * containers or values), SKEYM_ERR_TRUNCATED. *at: the offset of what is wrong. */
SKEYM_MUST_USE enum skeym_error skeym_json_scan(struct skeym_span text,
                                                const struct skeym_json_limits *limits, size_t *at);

/* true when the whole text is one number that the scan takes. */
bool skeym_json_scan_is_number(struct skeym_span text);

#endif
