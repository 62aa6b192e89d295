/* SPDX-License-Identifier: Apache-2.0 */
/* Reads test vectors of others: JSON files in ../shared/vectors, beside the project. */
#ifndef SKEYM_TESTS_VECTORS_H
#define SKEYM_TESTS_VECTORS_H

#include "unit/hex.h"
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>

/* The file's root, to be put back with json_object_put. Skips the test, and says so, when the file
 * is missing; fails it when it is no JSON. */
static inline struct json_object *load_vectors(const char *file)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/../shared/vectors/%s", SKEYM_SOURCE_DIR, file);
    FILE *there = fopen(path, "r");
    if (!there) {
        print_message("../shared/vectors/%s is missing: its vectors are not tested\n", file);
        skip();
        return NULL;
    }
    fclose(there);
    struct json_object *root = json_object_from_file(path);
    assert_non_null(root);
    return root;
}

static inline struct json_object *member(struct json_object *object, const char *name)
{
    struct json_object *found = NULL;
    assert_true(json_object_object_get_ex(object, name, &found));
    return found;
}

static inline const char *text_member(struct json_object *object, const char *name)
{
    return json_object_get_string(member(object, name));
}

static inline int int_member(struct json_object *object, const char *name)
{
    return json_object_get_int(member(object, name));
}

static inline size_t hex_member(uint8_t *out, size_t room, struct json_object *object,
                                const char *name)
{
    return unhex(out, room, text_member(object, name));
}

#endif
