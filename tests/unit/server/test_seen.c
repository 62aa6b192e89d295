/* SPDX-License-Identifier: Apache-2.0 */
#include "server/seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct skeym_name named(const char *text)
{
    struct skeym_name name;
    assert_int_equal(skeym_name_node(&name, skeym_span_text(text)), SKEYM_OK);
    return name;
}

static void keeps_the_last_of_each(void **state)
{
    (void)state;
    struct skeym_seen *seen = NULL;
    struct skeym_name a = named("bed-7");
    struct skeym_name b = named("bed-8");
    assert_int_equal(skeym_seen_open(&seen), SKEYM_OK);
    skeym_seen_note(seen, &a, SKEYM_SEEN_LOGIN, 1000);
    skeym_seen_note(seen, &a, SKEYM_SEEN_REQUEST, 2000);
    skeym_seen_note(seen, &a, SKEYM_SEEN_REQUEST, 3000);
    skeym_seen_note(seen, &b, SKEYM_SEEN_REFUSED, 4000);
    skeym_seen_note(seen, &b, SKEYM_SEEN_REFUSED, 5000);
    struct skeym_sight sight = skeym_seen_of(seen, &a);
    assert_int_equal(sight.login_ms, 1000);
    assert_int_equal(sight.request_ms, 3000);
    assert_int_equal(sight.refused, 0);
    sight = skeym_seen_of(seen, &b);
    assert_int_equal(sight.login_ms, 0);
    assert_int_equal(sight.request_ms, 0);
    assert_int_equal(sight.refused, 2);
    skeym_seen_close(seen);
}

static void knows_nobody_without_a_name(void **state)
{
    (void)state;
    struct skeym_seen *seen = NULL;
    struct skeym_name none = {0};
    struct skeym_name other = named("x");
    assert_int_equal(skeym_seen_open(&seen), SKEYM_OK);
    skeym_seen_note(seen, &none, SKEYM_SEEN_REFUSED, 1);
    assert_int_equal(skeym_seen_of(seen, &none).refused, 0);
    assert_int_equal(skeym_seen_of(seen, &other).refused, 0);
    skeym_seen_note(NULL, &other, SKEYM_SEEN_REFUSED, 1); /* as in tests of other parts */
    skeym_seen_close(seen);
    skeym_seen_close(NULL);
}

/* Ten times as many nodes as there is room for: it stays as large as it is, and the last are there.
 */
static void forgets_who_was_seen_longest_ago(void **state)
{
    (void)state;
    enum { NODES = SKEYM_SEEN_SETS * SKEYM_SEEN_WAYS * 10 };
    struct skeym_seen *seen = NULL;
    struct skeym_name name;
    char text[32];
    size_t there = 0;
    assert_int_equal(skeym_seen_open(&seen), SKEYM_OK);
    for (unsigned i = 0; i < NODES; i++) {
        (void)snprintf(text, sizeof text, "node-%u", i);
        name = named(text);
        skeym_seen_note(seen, &name, SKEYM_SEEN_REQUEST, i + 1);
    }
    assert_int_equal(skeym_seen_of(seen, &name).request_ms, NODES);
    for (unsigned i = 0; i < NODES; i++) {
        (void)snprintf(text, sizeof text, "node-%u", i);
        name = named(text);
        uint64_t at_ms = skeym_seen_of(seen, &name).request_ms;
        assert_true(at_ms == 0 || at_ms == i + 1);
        there += at_ms > 0;
        assert_true(i < NODES - 1000 || at_ms > 0);
    }
    assert_true(there <= SKEYM_SEEN_SETS * SKEYM_SEEN_WAYS);
    skeym_seen_close(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_last_of_each),
        cmocka_unit_test(knows_nobody_without_a_name),
        cmocka_unit_test(forgets_who_was_seen_longest_ago),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
