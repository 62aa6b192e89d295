/* SPDX-License-Identifier: Apache-2.0 */
/* What the inspection of timing says of judgements that the test makes: no time is looked at. */
#include "unit/inspect/inspecting.h"

#include "unit/inspect/faulty_stand.h"

#include "inspect/timing.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define skeym_timing_judge(...)        timing_judge(__VA_ARGS__)
#define skeym_timing_samples_open(...) timing_samples_open(__VA_ARGS__)
#define skeym_timing_samples_crop(...) timing_samples_crop(__VA_ARGS__)
#include "inspect/timing.c" /* NOLINT(bugprone-suspicious-include) */
#undef skeym_timing_judge
#undef skeym_timing_samples_open
#undef skeym_timing_samples_crop
#pragma GCC diagnostic pop

enum what { NONE, LEAK, DOUBT, FEW };

enum { VERIFIERS = 3, PAIRS = 4, JUDGED = VERIFIERS * PAIRS };

static enum what says[JUDGED]; /* of the pairs of the control, then of the real ones */
static unsigned judged, judge_fails_at, crops, crop_fails_at;
static bool no_samples;
static enum what wire_says;

enum skeym_error skeym_timing_judge(struct skeym_timing_judgement *judgement,
                                    const struct skeym_timing_samples *samples,
                                    enum skeym_timing_class a, enum skeym_timing_class b,
                                    struct skeym_chance *chance)
{
    assert_non_null(chance);
    assert_true(a != b && samples->count[a] <= samples->room);
    enum what what = judged < JUDGED ? says[judged] : NONE;
    judged++;
    *judgement = (struct skeym_timing_judgement){
        .said = what != FEW, .leak = what == LEAK, .doubt = what == DOUBT, .shift = 1};
    return judged == judge_fails_at ? SKEYM_ERR_MEMORY : SKEYM_OK;
}

/* Few, so that it takes no time. */
enum skeym_error skeym_timing_samples_open(struct skeym_timing_samples *samples, size_t room)
{
    assert_true(room >= 40000);
    enum skeym_error error = timing_samples_open(samples, 1500);
    return no_samples ? SKEYM_ERR_MEMORY : error;
}

enum skeym_error skeym_timing_samples_crop(struct skeym_timing_samples *samples, double share)
{
    crops++;
    return crops == crop_fails_at ? SKEYM_ERR_MEMORY : timing_samples_crop(samples, share);
}

void skeym_timing_wire(const struct skeym_inspect_context *context, struct skeym_finding *finding,
                       struct skeym_timing_counts *counts, double begin, double end)
{
    const struct skeym_timing_judgement judgement = {
        .said = wire_says != FEW, .leak = wire_says == LEAK, .doubt = wire_says == DOUBT};
    assert_non_null(context);
    assert_non_null(finding);
    assert_true(begin < end);
    skeym_timing_count(counts, &judgement);
}

static int a_control_that_is_found(void **state)
{
    (void)state;
    memset(&stand_fails, 0, sizeof stand_fails);
    let_go = INT_MAX;
    judged = judge_fails_at = crops = crop_fails_at = 0;
    no_samples = false;
    wire_says = NONE;
    for (size_t i = 0; i < JUDGED; i++) {
        says[i] = i < PAIRS ? LEAK : NONE;
    }
    return 0;
}

static struct json_object *timing(void)
{
    return inspect(&skeym_inspection_timing);
}

static void no_leak_beside_a_control_is_confirmed_in_part(void **state)
{
    (void)state;
    struct json_object *finding = timing();
    assert_int_equal(judged, JUDGED);
    assert_string_equal(cell_of(finding, 0, 0, 5), "LEAK");
    assert_string_equal(cell_of(finding, 0, PAIRS, 5), "none found");
    assert_part(headline_of(finding, 1), "gives itself away; the real ones do not");
    ends_with(finding, SKEYM_VERDICT_MIXED, "no timing attack is found, as");
}

/* Whether a right proof takes another time is no leak: the answer tells it anyway. */
static void what_the_answer_tells_is_no_leak(void **state)
{
    (void)state;
    says[2 * PAIRS - 1] = LEAK;
    says[3 * PAIRS - 1] = DOUBT;
    struct json_object *finding = timing();
    assert_string_equal(cell_of(finding, 0, 2 * PAIRS - 1, 5), "told anyway");
    assert_string_equal(cell_of(finding, 0, 3 * PAIRS - 1, 5), "told anyway");
    ends_with(finding, SKEYM_VERDICT_MIXED, "no timing attack is found, as");
}

static void a_leak_is_told(void **state)
{
    (void)state;
    says[PAIRS] = LEAK;
    struct json_object *finding = timing();
    assert_string_equal(cell_of(finding, 0, PAIRS, 5), "LEAK");
    assert_part(headline_of(finding, 1), "this must be looked into");
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "time tells 1 pairs of 7 apart");
    (void)a_control_that_is_found(NULL);
    wire_says = LEAK;
    ends_with(timing(), SKEYM_VERDICT_NOT_CONFIRMED, "time tells 1 pairs of 7 apart");
}

static void a_doubt_is_told(void **state)
{
    (void)state;
    says[PAIRS + 1] = DOUBT;
    ends_with(timing(), SKEYM_VERDICT_MIXED, "(1 of 7 pairs are in doubt");
}

static void without_the_control_nothing_is_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        says[i] = NONE;
    }
    struct json_object *finding = timing();
    assert_part(headline_of(finding, 1), "Not even the leaky comparison was found");
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "the leaky control was not found");
}

static void too_few_samples_show_too_little(void **state)
{
    (void)state;
    wire_says = FEW;
    ends_with(timing(), SKEYM_VERDICT_NOT_CONFIRMED, "of 7 pairs 6 had samples enough");
    (void)a_control_that_is_found(NULL);
    says[PAIRS] = FEW;
    struct json_object *finding = timing();
    assert_int_equal(length_of(finding, "charts"), 1); /* the arithmetic alone */
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "of 7 pairs 6 had samples enough");
    let_go = 1; /* at the first look */
    finding = timing();
    assert_true(figure_of(finding, "samples") <= 1);
    json_object_put(finding);
}

static void what_fails_is_an_error(void **state)
{
    (void)state;
    stand_fails.opens = 1;
    fails_with(timing(), SKEYM_ERR_MEMORY);
    assert_int_equal(judged, 0);
    stand_fails.requests = 1;
    fails_with(timing(), SKEYM_ERR_CRYPTO);
    no_samples = true;
    fails_with(timing(), SKEYM_ERR_MEMORY);
    assert_int_equal(judged, 0);
    no_samples = false;
    crop_fails_at = 2;
    fails_with(timing(), SKEYM_ERR_MEMORY);
    assert_int_equal(judged, PAIRS);
    (void)a_control_that_is_found(NULL);
    judge_fails_at = 3;
    fails_with(timing(), SKEYM_ERR_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_leak_beside_a_control_is_confirmed_in_part,
                               a_control_that_is_found),
        cmocka_unit_test_setup(what_the_answer_tells_is_no_leak, a_control_that_is_found),
        cmocka_unit_test_setup(a_leak_is_told, a_control_that_is_found),
        cmocka_unit_test_setup(a_doubt_is_told, a_control_that_is_found),
        cmocka_unit_test_setup(without_the_control_nothing_is_shown, a_control_that_is_found),
        cmocka_unit_test_setup(too_few_samples_show_too_little, a_control_that_is_found),
        cmocka_unit_test_setup(what_fails_is_an_error, a_control_that_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
