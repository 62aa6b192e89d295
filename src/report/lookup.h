/* SPDX-License-Identifier: Apache-2.0 */
/* Looks into a finding (finding.h) that may have been edited, or cut short: what is missing or of
 * another type is nothing, and never stops the program as json-c's own functions may. */
#ifndef SKEYM_REPORT_LOOKUP_H
#define SKEYM_REPORT_LOOKUP_H

#include <json-c/json_object.h>
#include <stddef.h>

/* NULL: there is none; object may be NULL or no object. */
struct json_object *skeym_lookup_member(struct json_object *object, const char *key);
/* "" when missing. Lives as long as the object. */
const char *skeym_lookup_text(struct json_object *object, const char *key);
/* NAN when missing. */
double skeym_lookup_number(struct json_object *object, const char *key);
/* 0 for what is no list. */
size_t skeym_lookup_count(struct json_object *list);
/* NULL beyond the end, and for what is no list. */
struct json_object *skeym_lookup_item(struct json_object *list, size_t i);
/* The item's text; "" when missing. */
const char *skeym_lookup_word(struct json_object *list, size_t i);

#endif
