/* SPDX-License-Identifier: Apache-2.0 */
/* A slice of the exhaustive tampering that ./dev forge does in full. */
#include "unit/core/tamper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SEED UINT64_C(20261122)

static void slice(size_t row, unsigned how_many, unsigned values)
{
    struct tamper_random random = {SEED};
    struct tamper_count count = {0};
    for (unsigned i = 0; i < how_many; i++) {
        tamper_make(&random);
        tamper_row_walk(&count, row, values);
    }
    print_message("%u %s: %llu flips, %llu truncations, %llu insertions, seed %llu\n", how_many,
                  tamper_rows[row].name, (unsigned long long)count.flips,
                  (unsigned long long)count.cuts, (unsigned long long)count.insertions,
                  (unsigned long long)SEED);
    assert_true(count.flips > 0 && count.cuts > 0 && count.insertions > 0);
    assert_int_equal(count.accepted, 0);
}

static void tokens(void **state)
{
    (void)state;
    slice(0, 20, 256);
}

static void texts(void **state)
{
    (void)state;
    slice(1, 5, 256);
}

static void locators(void **state)
{
    (void)state;
    slice(2, 20, 256);
}

static void login_messages_1(void **state)
{
    (void)state;
    slice(3, 4, 2);
}

static void login_messages_2(void **state)
{
    (void)state;
    slice(4, 4, 2);
}

/* The walk itself: it sees what takes too much. */
static bool takes_long_ones(void *arg, struct skeym_span bytes)
{
    (void)arg;
    return bytes.size >= 4;
}

static void walk_sees(void **state)
{
    (void)state;
    struct tamper_count count = {0};
    tamper_walk(&count, skeym_span_text("four"), 256, takes_long_ones, NULL);
    assert_int_equal(count.flips, 32);
    assert_int_equal(count.cuts, 4);
    assert_int_equal(count.insertions, 5 * 256);
    assert_int_equal(count.accepted, 32 + 5 * 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),           cmocka_unit_test(texts),
        cmocka_unit_test(locators),         cmocka_unit_test(login_messages_1),
        cmocka_unit_test(login_messages_2), cmocka_unit_test(walk_sees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
