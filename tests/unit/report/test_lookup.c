/* SPDX-License-Identifier: Apache-2.0 */
#include "report/lookup.h"

#include <json-c/json_tokener.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void finds_what_is_there(void **state)
{
    (void)state;
    struct json_object *object = json_tokener_parse("{\"t\":\"x\",\"n\":2.5,\"l\":[\"a\",3]}");
    struct json_object *list = skeym_lookup_member(object, "l");
    assert_string_equal(skeym_lookup_text(object, "t"), "x");
    assert_true(skeym_lookup_number(object, "n") == 2.5);
    assert_int_equal(skeym_lookup_count(list), 2);
    assert_string_equal(skeym_lookup_word(list, 0), "a");
    assert_int_equal(json_object_get_int(skeym_lookup_item(list, 1)), 3);
    json_object_put(object);
}

/* Each of these would stop the program inside of json-c, or follow a null pointer. */
static void what_is_missing_or_another_type_is_nothing(void **state)
{
    (void)state;
    struct json_object *object = json_tokener_parse("{\"l\":[1],\"n\":null}");
    struct json_object *text = json_object_new_string("text");
    struct json_object *const others[] = {NULL, object, text};
    for (size_t i = 0; i < 3; i++) {
        assert_null(skeym_lookup_member(others[i], "none"));
        assert_string_equal(skeym_lookup_text(others[i], "none"), "");
        assert_true(isnan(skeym_lookup_number(others[i], "none")));
        assert_int_equal(skeym_lookup_count(others[i]), 0);
        assert_null(skeym_lookup_item(others[i], 0));
        assert_string_equal(skeym_lookup_word(others[i], 0), "");
    }
    assert_string_equal(skeym_lookup_text(object, "n"), "");
    assert_null(skeym_lookup_item(skeym_lookup_member(object, "l"), 1));
    json_object_put(text);
    json_object_put(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_there),
        cmocka_unit_test(what_is_missing_or_another_type_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
