/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/stand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW UINT64_C(1800000000000)

static void a_request_is_taken_once(void **state)
{
    (void)state;
    struct skeym_stand stand;
    struct skeym_stand_request request;
    assert_int_equal(skeym_stand_open(&stand, 64, NOW), SKEYM_OK);
    assert_int_equal(skeym_stand_request(&stand, &request), SKEYM_OK);
    assert_int_equal(skeym_stand_ask(&stand, &request), SKEYM_CHECK_COUNT);
    assert_int_equal(skeym_stand_ask(&stand, &request), SKEYM_CHECK_USED);
    skeym_stand_close(&stand);
}

static void each_change_is_refused_by_its_check(void **state)
{
    (void)state;
    struct skeym_stand stand, other;
    struct skeym_stand_request request;
    assert_int_equal(skeym_stand_open(&stand, 64, NOW), SKEYM_OK);
    assert_int_equal(skeym_stand_open(&other, 64, NOW), SKEYM_OK);

    assert_int_equal(skeym_stand_request(&stand, &request), SKEYM_OK);
    request.body[9] ^= 1;
    assert_int_equal(skeym_stand_ask(&stand, &request), SKEYM_CHECK_PROOF);

    assert_int_equal(skeym_stand_request(&stand, &request), SKEYM_OK);
    request.token[40] ^= 1;
    assert_int_equal(skeym_stand_write_token(&request), SKEYM_OK);
    assert_int_equal(skeym_stand_ask(&stand, &request), SKEYM_CHECK_UNSEAL);

    assert_int_equal(skeym_stand_request(&stand, &request), SKEYM_OK);
    assert_int_equal(skeym_stand_mint(&request, &other.keys), SKEYM_OK);
    assert_int_equal(skeym_stand_ask(&stand, &request), SKEYM_CHECK_UNSEAL);

    assert_int_equal(skeym_stand_request(&stand, &request), SKEYM_OK);
    assert_int_equal(skeym_name_node(&request.claims.id, skeym_span_text("revoked-1")), SKEYM_OK);
    assert_int_equal(skeym_stand_mint(&request, &stand.keys), SKEYM_OK);
    assert_int_equal(skeym_stand_ask(&stand, &request), SKEYM_CHECK_REVOKED);

    assert_int_equal(skeym_stand_request(&stand, &request), SKEYM_OK);
    skeym_stand_tick(&stand, NOW + 31000);
    assert_int_equal(skeym_stand_ask(&stand, &request), SKEYM_CHECK_TIME);

    skeym_stand_close(&other);
    skeym_stand_close(&stand);
}

static void closing_leaves_nothing(void **state)
{
    (void)state;
    static const struct skeym_stand zero;
    struct skeym_stand stand;
    assert_int_equal(skeym_stand_open(&stand, 63, NOW), SKEYM_ERR_MEMORY); /* no such table */
    skeym_stand_close(&stand);
    assert_memory_equal(&stand, &zero, sizeof zero);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_taken_once),
        cmocka_unit_test(each_change_is_refused_by_its_check),
        cmocka_unit_test(closing_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
