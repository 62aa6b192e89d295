/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/stateful.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct skeym_token_claims of(const char *node)
{
    struct skeym_token_claims claims = {.role = SKEYM_ROLE_NURSE};
    assert_int_equal(skeym_name_node(&claims.id, skeym_span_text(node)), SKEYM_OK);
    return claims;
}

static void sessions_live_until_they_expire(void **state)
{
    (void)state;
    struct skeym_stateful twin;
    uint8_t id[SKEYM_STATEFUL_ID_BYTES], other[SKEYM_STATEFUL_ID_BYTES] = {1};
    struct skeym_token_claims claims = of("n-1");
    assert_int_equal(skeym_stateful_open(&twin, 4), SKEYM_OK);
    assert_int_equal(skeym_stateful_login(&twin, id, &claims, 1000), SKEYM_OK);
    const struct skeym_stateful_session *session = skeym_stateful_ask(&twin, id, 999);
    assert_non_null(session);
    assert_int_equal(session->role, SKEYM_ROLE_NURSE);
    assert_non_null(skeym_stateful_ask(&twin, id, 999)); /* as often as one likes */
    assert_null(skeym_stateful_ask(&twin, id, 1000));
    assert_null(skeym_stateful_ask(&twin, other, 0));
    skeym_stateful_close(&twin);
}

static void scopes_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct skeym_stateful twin;
    uint8_t id[SKEYM_STATEFUL_ID_BYTES];
    struct skeym_token_claims claims = of("n-1");
    assert_int_equal(skeym_stateful_open(&twin, 4), SKEYM_OK);
    claims.scopes.count = SKEYM_SCOPES_MAX;
    for (size_t i = 0; i < SKEYM_SCOPES_MAX; i++) {
        assert_int_equal(skeym_scope_parse(
                             &claims.scopes.at[i],
                             skeym_span_text("patient/with-a-long-name-of-its-own/Observation.rs")),
                         SKEYM_OK);
    }
    assert_int_equal(skeym_stateful_login(&twin, id, &claims, 1000), SKEYM_ERR_SPACE);
    claims.scopes.count = 1;
    assert_int_equal(skeym_stateful_login(&twin, id, &claims, 1000), SKEYM_OK);
    skeym_stateful_close(&twin);
}

static void the_table_grows_and_loses_nobody(void **state)
{
    (void)state;
    enum { MANY = 500 };
    static uint8_t ids[MANY][SKEYM_STATEFUL_ID_BYTES];
    struct skeym_stateful twin;
    struct skeym_token_claims claims = of("n-1");
    assert_int_equal(skeym_stateful_open(&twin, 2), SKEYM_OK);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(skeym_stateful_login(&twin, ids[i], &claims, 10 + i), SKEYM_OK);
    }
    for (size_t i = 0; i < MANY; i++) {
        const struct skeym_stateful_session *session = skeym_stateful_ask(&twin, ids[i], 5);
        assert_non_null(session);
        assert_int_equal(session->expires_ms, 10 + i);
    }
    assert_true(skeym_stateful_bytes(&twin) >= MANY * sizeof(struct skeym_stateful_session));
    skeym_stateful_close(&twin);
}

static void revocation_ends_a_nodes_sessions_only(void **state)
{
    (void)state;
    struct skeym_stateful twin;
    uint8_t a[2][SKEYM_STATEFUL_ID_BYTES], b[SKEYM_STATEFUL_ID_BYTES];
    struct skeym_token_claims first = of("n-1"), second = of("n-10");
    assert_int_equal(skeym_stateful_open(&twin, 8), SKEYM_OK);
    assert_int_equal(skeym_stateful_login(&twin, a[0], &first, 1000), SKEYM_OK);
    assert_int_equal(skeym_stateful_login(&twin, b, &second, 1000), SKEYM_OK);
    assert_int_equal(skeym_stateful_login(&twin, a[1], &first, 1000), SKEYM_OK);
    assert_int_equal(skeym_stateful_revoke(&twin, &first.id), 2);
    assert_int_equal(skeym_stateful_revoke(&twin, &first.id), 0);
    assert_null(skeym_stateful_ask(&twin, a[0], 5));
    assert_null(skeym_stateful_ask(&twin, a[1], 5));
    assert_non_null(skeym_stateful_ask(&twin, b, 5));
    skeym_stateful_close(&twin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_live_until_they_expire),
        cmocka_unit_test(scopes_that_do_not_fit_are_refused),
        cmocka_unit_test(the_table_grows_and_loses_nobody),
        cmocka_unit_test(revocation_ends_a_nodes_sessions_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
