/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json_read.h"

#include "json/json_build.h"

const struct skeym_json_limits skeym_json_read_ours = {
    .depth = 40,
    .containers = SIZE_MAX,
    .values = SIZE_MAX,
};

enum skeym_error skeym_json_read(struct json_object **out, struct skeym_span text,
                                 const struct skeym_json_limits *limits, size_t *at)
{
    size_t where = 0;
    *out = NULL;
    enum skeym_error error =
        text.size <= INT32_MAX ? skeym_json_scan(text, limits, &where) : SKEYM_ERR_SIZE;
    if (!error) {
        error = skeym_json_build(out, text, limits->depth, &where);
    }
    if (at) {
        *at = where;
    }
    return error;
}
