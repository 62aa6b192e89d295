/* SPDX-License-Identifier: Apache-2.0 */
/* What a sidecar refuses to start with. */
#include "connect/connect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_workers(void **state)
{
    (void)state;
    static const unsigned bad[] = {0, SKEYM_CONNECT_WORKERS_MAX + 1};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct skeym_connect_options options = {.workers = bad[i], .fd = -1};
        struct skeym_connect *connect = NULL;
        assert_int_equal(skeym_connect_start(&connect, &options), SKEYM_ERR_USAGE);
        assert_null(connect);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
