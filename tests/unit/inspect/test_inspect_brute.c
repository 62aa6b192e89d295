/* SPDX-License-Identifier: Apache-2.0 */
/* The brute force against keys that are found at once, never, or cannot be made: only what was
 * found where it was hidden comes to a verdict. */
#include "unit/inspect/inspecting.h"

#include "unit/inspect/faulty_crew.h"
#include "unit/inspect/faulty_exchange.h"

static int nothing_wrong(void **state)
{
    (void)state;
    memset(&exchange_is, 0, sizeof exchange_is);
    let_go = INT_MAX;
    crew_most = 0;
    crew_at = NULL;
    return 0;
}

static struct json_object *brute(void)
{
    return inspect(&skeym_inspection_brute);
}

static void each_key_is_found_where_it_was_hidden(void **state)
{
    (void)state;
    struct json_object *finding = brute();
    assert_string_equal(cell_of(finding, 1, 0, 2), "1"); /* hits of all keys of 16 bits */
    assert_int_equal(length_of(finding, "charts"), 3);
    assert_part(cell_of(finding, 0, 0, 4), " of 86400");
    ends_with(finding, SKEYM_VERDICT_CANNOT_BE, "keys of every length fell within");
}

enum { OF_THE_RATE = 1, OF_WEAK_KEYS = 8 }; /* keys that are to be found before the searches */

static void a_key_that_is_not_found_is_an_error(void **state)
{
    (void)state;
    exchange_is.proofs = PROOF_NEW;
    struct json_object *finding = brute();
    assert_int_equal(length_of(finding, "charts"), 0);
    fails_with(finding, SKEYM_ERR_STATE);
    (void)nothing_wrong(NULL);
    exchange_is.turn_at = OF_THE_RATE + OF_WEAK_KEYS + 1;
    exchange_is.turn_to = PROOF_NEW;
    fails_with(brute(), SKEYM_ERR_STATE);
}

static void a_key_that_is_found_elsewhere_is_an_error(void **state)
{
    (void)state;
    exchange_is.proofs = PROOF_SAME;
    fails_with(brute(), SKEYM_ERR_STATE);
    (void)nothing_wrong(NULL);
    exchange_is.turn_at = OF_THE_RATE + OF_WEAK_KEYS + 1;
    exchange_is.turn_to = PROOF_SAME; /* all keys of 16 bits are hits */
    fails_with(brute(), SKEYM_ERR_STATE);
}

/* The keys to be found: for the rate, two kinds in four lengths, three searches. */
static void a_key_that_cannot_be_made_is_an_error(void **state)
{
    (void)state;
    static const unsigned calls[] = {1, 2, 10};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        (void)nothing_wrong(NULL);
        exchange_is.derive_at = calls[i];
        fails_with(brute(), SKEYM_ERR_CRYPTO);
        assert_int_equal(exchange_is.derive_at, 0); /* it came so far */
    }
}

static void what_is_stopped_says_nothing_of_weak_keys(void **state)
{
    (void)state;
    let_go = 1;
    struct json_object *finding = inspect_with(&skeym_inspection_brute, SKEYM_INSPECT_FULL, NULL);
    assert_int_equal(length_of(finding, "charts"), 0);
    struct json_object *text = member(member(finding, "verdict"), "text");
    assert_null(strstr(json_object_get_string(text), "fell within"));
    ends_with(finding, SKEYM_VERDICT_CANNOT_BE, "multiplies the work by 2^128");
}

/* A key that was not reached has not been missed. */
static void a_search_that_ends_in_its_middle_is_no_error(void **state)
{
    (void)state;
    crew_at = "all keys of 18 bits";
    crew_most = 4096;
    struct json_object *finding = brute();
    assert_string_equal(cell_of(finding, 1, 0, 2), "1");
    assert_string_equal(cell_of(finding, 1, 1, 1), "4096 of 262144");
    assert_string_equal(cell_of(finding, 1, 1, 2), "0");
    assert_string_equal(cell_of(finding, 1, 2, 2), "1");
    ends_with(finding, SKEYM_VERDICT_CANNOT_BE, "keys of every length fell within");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_key_is_found_where_it_was_hidden, nothing_wrong),
        cmocka_unit_test_setup(a_key_that_is_not_found_is_an_error, nothing_wrong),
        cmocka_unit_test_setup(a_key_that_is_found_elsewhere_is_an_error, nothing_wrong),
        cmocka_unit_test_setup(a_key_that_cannot_be_made_is_an_error, nothing_wrong),
        cmocka_unit_test_setup(what_is_stopped_says_nothing_of_weak_keys, nothing_wrong),
        cmocka_unit_test_setup(a_search_that_ends_in_its_middle_is_no_error, nothing_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
