/* SPDX-License-Identifier: Apache-2.0 */
#include "report/lookup.h"

#include <math.h>

struct json_object *skeym_lookup_member(struct json_object *object, const char *key)
{
    struct json_object *found = NULL;
    json_object_object_get_ex(object, key, &found);
    return found;
}

static const char *text_of(struct json_object *value)
{
    const char *text = value ? json_object_get_string(value) : NULL;
    return text ? text : "";
}

const char *skeym_lookup_text(struct json_object *object, const char *key)
{
    return text_of(skeym_lookup_member(object, key));
}

double skeym_lookup_number(struct json_object *object, const char *key)
{
    struct json_object *found = skeym_lookup_member(object, key);
    return found ? json_object_get_double(found) : NAN;
}

size_t skeym_lookup_count(struct json_object *list)
{
    return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

struct json_object *skeym_lookup_item(struct json_object *list, size_t i)
{
    return i < skeym_lookup_count(list) ? json_object_array_get_idx(list, i) : NULL;
}

const char *skeym_lookup_word(struct json_object *list, size_t i)
{
    return text_of(skeym_lookup_item(list, i));
}
