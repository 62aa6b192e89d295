/* SPDX-License-Identifier: Apache-2.0 */
/* The labelled stream against a gate that errs: each error is counted, and no verdict hides it. */
#include "unit/inspect/inspecting.h"

#include "unit/inspect/faulty_stand.h"

static int nothing_wrong(void **state)
{
    (void)state;
    memset(&stand_fails, 0, sizeof stand_fails);
    stand_says = -1;
    let_go = 3; /* two batches of 500 */
    return 0;
}

static struct json_object *judged(void)
{
    return inspect(&skeym_inspection_authenticator);
}

static void a_gate_that_errs_never_is_found_right(void **state)
{
    (void)state;
    struct json_object *finding = judged();
    assert_true(figure_of(finding, "requests") == 1500);
    assert_true(figure_of(finding, "accuracy") == 100);
    assert_part(headline_of(finding, 0), "All that is valid is accepted, and nothing else");
    ends_with(finding, SKEYM_VERDICT_CANNOT_BE, "none was judged wrongly");
}

static void false_accepts_are_counted(void **state)
{
    (void)state;
    stand_says = SKEYM_CHECK_COUNT;
    struct json_object *finding = judged();
    double accepts = figure_of(finding, "false.accepts");
    assert_true(accepts > 500 && accepts < 1000);
    assert_true(figure_of(finding, "false.rejects") == 0);
    assert_true(figure_of(finding, "accuracy") < 70);
    assert_part(headline_of(finding, 0), "judged wrongly");
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "0 false rejects");
}

/* All is refused, and by one check, but what must be taken once before is taken: the stream has no
 * replay until then. */
static void a_gate_that_refuses_all_takes_no_replay(void **state)
{
    (void)state;
    stand_says = SKEYM_CHECK_INSTANCE;
    struct json_object *finding = judged();
    assert_true(figure_of(finding, "requests") == 0);
    fails_with(finding, SKEYM_ERR_STATE);
}

static void a_false_reject_and_a_wrong_check_are_counted(void **state)
{
    (void)state;
    double rejects = 0;
    unsigned others = 0;
    for (unsigned n = 400; n < 416; n++) { /* half of them are good ones, some are not */
        (void)nothing_wrong(NULL);
        let_go = 1;
        stand_fails.asks = n;
        struct json_object *finding = judged();
        if (member(finding, "error")) { /* it was a replay that is sent for the first time */
            fails_with(finding, SKEYM_ERR_STATE);
            continue;
        }
        rejects += figure_of(finding, "false.rejects");
        others += figure_of(finding, "false.rejects") == 0;
        assert_true(figure_of(finding, "false.accepts") == 0);
        ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "this must be looked into");
    }
    assert_true(rejects > 2 && others > 2);
}

/* Stopped within few requests, some kinds have none; with the first batch not done, all. */
static void too_few_requests_show_nothing(void **state)
{
    (void)state;
    stand_fails.requests = 20;
    struct json_object *finding = judged();
    assert_true(figure_of(finding, "requests") == 0);
    assert_true(figure_of(finding, "accuracy") == 100 && figure_of(finding, "time") == 0);
    assert_int_equal(length_of(finding, "charts"), 0);
    fails_with(finding, SKEYM_ERR_CRYPTO);
}

static void what_is_stopped_has_one_batch(void **state)
{
    (void)state;
    let_go = 1;
    struct json_object *finding =
        inspect_with(&skeym_inspection_authenticator, SKEYM_INSPECT_FULL, NULL);
    assert_true(figure_of(finding, "requests") == 500);
    ends_with(finding, SKEYM_VERDICT_CANNOT_BE, "of 500 labelled requests");
}

static void what_cannot_be_made_is_an_error(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 2; n++) { /* the server's stand, the stranger's */
        (void)nothing_wrong(NULL);
        stand_fails.opens = n;
        fails_with(judged(), SKEYM_ERR_MEMORY);
    }
    for (unsigned n = 1; n < 40; n += 6) {
        (void)nothing_wrong(NULL);
        stand_fails.mints = n;
        fails_with(judged(), SKEYM_ERR_CRYPTO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_gate_that_errs_never_is_found_right, nothing_wrong),
        cmocka_unit_test_setup(false_accepts_are_counted, nothing_wrong),
        cmocka_unit_test_setup(a_gate_that_refuses_all_takes_no_replay, nothing_wrong),
        cmocka_unit_test_setup(a_false_reject_and_a_wrong_check_are_counted, nothing_wrong),
        cmocka_unit_test_setup(too_few_requests_show_nothing, nothing_wrong),
        cmocka_unit_test_setup(what_is_stopped_has_one_batch, nothing_wrong),
        cmocka_unit_test_setup(what_cannot_be_made_is_an_error, nothing_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
