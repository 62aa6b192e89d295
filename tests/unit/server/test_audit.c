/* SPDX-License-Identifier: Apache-2.0 */
#include "server/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <json-c/json.h>

static void reads_numbers_of_the_audit(void **state)
{
    (void)state;
    struct json_object *event = json_object_new_object();
    json_object_object_add(event, "most", json_object_new_int64(UINT32_MAX));
    json_object_object_add(event, "more", json_object_new_int64(INT64_C(1) + UINT32_MAX));
    json_object_object_add(event, "less", json_object_new_int64(-1));
    json_object_object_add(event, "text", json_object_new_string("7"));
    assert_int_equal(skeym_audit_get_number(event, "most"), UINT32_MAX);
    assert_int_equal(skeym_audit_get_number(event, "more"), 0);
    assert_int_equal(skeym_audit_get_number(event, "less"), 0);
    assert_int_equal(skeym_audit_get_number(event, "text"), 0);
    assert_int_equal(skeym_audit_get_number(event, "none"), 0);
    json_object_put(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_numbers_of_the_audit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
