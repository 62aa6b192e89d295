/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of a reading fails once: the tree is whole, or there is none and it is said. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "json/json_read.h"
#include <json-c/json_object.h>
#include <stdlib.h>
#include <string.h>

#define NTH_LIBRARIES
#include "unit/nth.h"

static const char document[] =
    "{\"resourceType\":\"Bundle\",\"total\":12,\"entry\":[{\"value\":36.50,\"text\":\"a piece that "
    "is longer than what fits beside a string's head, so that it has memory of its own\",\"no\":"
    "null,\"yes\":true},[],{},[1,2,3]],\"a key that is long, long, long, long, long\":[\"\"]}";

static void a_tree_is_whole_or_none(void **state)
{
    (void)state;
    long n = 1;
    for (bool hit = true; hit; n++) {
        struct json_object *tree = NULL;
        assert_true(n < 1000);
        nth_arm(n);
        enum skeym_error error = skeym_json_read(&tree, skeym_span(document, sizeof document - 1),
                                                 &skeym_json_read_ours, NULL);
        hit = nth_disarm();
        assert_int_equal(error, tree ? SKEYM_OK : SKEYM_ERR_MEMORY);
        assert_true(hit || tree);
        if (tree) {
            assert_string_equal(json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PLAIN),
                                document);
        }
        json_object_put(tree);
    }
#ifndef NTH_SANITIZED
    assert_true(n > 30);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_tree_is_whole_or_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
