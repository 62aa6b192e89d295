/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader refuses before it has read a byte; the rest is the scan's and the build's. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "json/json_read.h"

/* Not a byte of it is read: there is none. */
static void test_more_than_json_c_can_count(void **state)
{
    (void)state;
    static const uint8_t byte = '1';
    struct json_object *json = NULL;
    size_t at = 7;
    assert_int_equal(skeym_json_read(&json, skeym_span(&byte, (size_t)INT32_MAX + 1),
                                     &skeym_json_read_ours, &at),
                     SKEYM_ERR_SIZE);
    assert_null(json);
    assert_int_equal(at, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more_than_json_c_can_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
