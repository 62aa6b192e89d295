/* SPDX-License-Identifier: Apache-2.0 */
#include "report/finding.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct skeym_finding fresh(void)
{
    struct skeym_finding finding;
    skeym_finding_begin(&finding, "one", "Title", "Why?", "Fig 1");
    return finding;
}

static void says(struct skeym_finding *finding, const char *expected)
{
    const char *words = json_object_to_json_string_ext(finding->json, JSON_C_TO_STRING_PLAIN);
    if (!strstr(words, expected)) {
        fail_msg("not in %s: %s", words, expected);
    }
}

static void holds_what_it_is_told(void **state)
{
    (void)state;
    struct skeym_finding finding = fresh();
    skeym_finding_claim(&finding, "Table 9", "%d h", 13);
    skeym_finding_did(&finding, "tried %u", 7U);
    skeym_finding_note(&finding, "not %s", "all");
    skeym_finding_number(&finding, "rate", "guesses", 2.5, "1/s");
    const struct skeym_figure figure = {"b", "with interval", 2, "", 1, 3, "4"};
    skeym_finding_figure(&finding, &figure);
    skeym_finding_table(&finding, "T", "a|b");
    skeym_finding_row(&finding, "%d|%s", 1, "x");
    skeym_finding_verdict(&finding, SKEYM_VERDICT_MIXED, "first");
    skeym_finding_verdict(&finding, SKEYM_VERDICT_CONFIRMED, "so it %s", "is");
    assert_int_equal(skeym_finding_check(&finding), SKEYM_OK);
    says(&finding,
         "\"name\":\"one\",\"title\":\"Title\",\"question\":\"Why?\",\"paper\":\"Fig 1\"");
    says(&finding, "\"claims\":[{\"where\":\"Table 9\",\"text\":\"13 h\"}]");
    says(&finding, "\"did\":[\"tried 7\"]");
    says(&finding, "\"notes\":[\"not all\"]");
    says(&finding, "{\"id\":\"rate\",\"what\":\"guesses\",\"value\":2.5,\"unit\":\"1\\/s\"}");
    says(&finding, "\"value\":2.0,\"unit\":\"\",\"low\":1.0,\"high\":3.0,\"paper\":\"4\"}");
    says(&finding, "{\"title\":\"T\",\"columns\":[\"a\",\"b\"],\"rows\":[[\"1\",\"x\"]]}");
    says(&finding, "\"verdict\":{\"kind\":\"confirmed\",\"text\":\"so it is\"}");
    skeym_finding_free(&finding);
    assert_null(finding.json);
}

static void holds_charts(void **state)
{
    (void)state;
    struct skeym_finding finding = fresh();
    const struct skeym_chart lines = {SKEYM_CHART_LINES, "It grows", "n", "s", true, false};
    const struct skeym_chart dots = {SKEYM_CHART_DOTS, "It lies", "ms", NULL, false, false};
    skeym_finding_chart(&finding, &lines);
    skeym_finding_series(&finding, "A");
    skeym_finding_point(&finding, 1, 2, NAN, NAN);
    skeym_finding_point(&finding, 3, -4, -5, -3);
    skeym_finding_chart(&finding, &dots);
    skeym_finding_series(&finding, "B");
    skeym_finding_bar(&finding, "row", 5, 4, 6);
    assert_int_equal(finding.error, SKEYM_OK);
    says(&finding, "{\"kind\":\"lines\",\"says\":\"It grows\",\"x\":{\"label\":\"n\",\"log\":true},"
                   "\"y\":{\"label\":\"s\",\"log\":false}");
    says(&finding, "\"points\":[{\"y\":2.0,\"x\":1.0},{\"y\":-4.0,\"low\":-5.0,\"high\":-3.0,"
                   "\"x\":3.0}]");
    says(&finding, "\"points\":[{\"x\":5.0,\"low\":4.0,\"high\":6.0,\"label\":\"row\"}]");
    skeym_finding_free(&finding);
}

/* Each of these alone must be remembered; the first one stays. */
static void remembers_what_is_wrong(void **state)
{
    (void)state;
    const struct skeym_chart log_x = {SKEYM_CHART_DOTS, "s", "x", NULL, true, false};
    const struct skeym_chart lines = {SKEYM_CHART_LINES, "s", "x", "y", true, false};
    const struct skeym_figure infinite = {"a", "b", INFINITY, "", NAN, NAN, NULL};
    struct skeym_finding finding = fresh();
    skeym_finding_row(&finding, "1|2");
    assert_int_equal(finding.error, SKEYM_ERR_STATE);
    skeym_finding_figure(&finding, &infinite);
    assert_int_equal(finding.error, SKEYM_ERR_STATE);
    skeym_finding_free(&finding);

    finding = fresh();
    skeym_finding_figure(&finding, &infinite);
    assert_int_equal(finding.error, SKEYM_ERR_RANGE);
    skeym_finding_free(&finding);

    static const char *const rows[] = {"1", "1|2|3"};
    for (size_t i = 0; i < 2; i++) {
        finding = fresh();
        skeym_finding_table(&finding, "t", "a|b");
        skeym_finding_row(&finding, "%s", rows[i]);
        assert_int_equal(finding.error, SKEYM_ERR_SHAPE);
        skeym_finding_free(&finding);
    }

    static const double bad[][3] = {{0, NAN, NAN}, {NAN, NAN, NAN}, {1, 0, 2}, {1, 0.5, -2}};
    for (size_t i = 0; i < 4; i++) {
        finding = fresh();
        skeym_finding_chart(&finding, &log_x);
        skeym_finding_series(&finding, "s");
        skeym_finding_bar(&finding, "l", bad[i][0], bad[i][1], bad[i][2]);
        assert_int_equal(finding.error, SKEYM_ERR_RANGE);
        skeym_finding_free(&finding);
    }
    finding = fresh();
    skeym_finding_chart(&finding, &lines);
    skeym_finding_series(&finding, "s");
    skeym_finding_point(&finding, -1, 1, NAN, NAN);
    assert_int_equal(finding.error, SKEYM_ERR_RANGE);
    skeym_finding_free(&finding);

    finding = fresh();
    skeym_finding_series(&finding, "no chart");
    assert_int_equal(finding.error, SKEYM_ERR_STATE);
    skeym_finding_free(&finding);

    finding = fresh();
    skeym_finding_did(&finding, "%5000s", "long");
    assert_int_equal(finding.error, SKEYM_ERR_SPACE);
    skeym_finding_free(&finding);
}

static void is_not_whole_without_verdict_or_deed(void **state)
{
    (void)state;
    struct skeym_finding finding = fresh();
    assert_int_equal(skeym_finding_check(&finding), SKEYM_ERR_STATE);
    skeym_finding_verdict(&finding, SKEYM_VERDICT_CANNOT_BE, "because");
    assert_int_equal(skeym_finding_check(&finding), SKEYM_ERR_STATE);
    skeym_finding_did(&finding, "something");
    assert_int_equal(skeym_finding_check(&finding), SKEYM_OK);
    assert_true(skeym_finding_must(&finding, SKEYM_OK));
    assert_false(skeym_finding_must(&finding, SKEYM_ERR_IO));
    assert_false(skeym_finding_must(&finding, SKEYM_OK));
    assert_int_equal(skeym_finding_check(&finding), SKEYM_ERR_IO);
    skeym_finding_free(&finding);
}

static void verdicts_have_words(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < SKEYM_VERDICT_COUNT; kind++) {
        assert_true(strlen(skeym_finding_verdict_word((enum skeym_verdict)kind)) > 0);
    }
    assert_string_equal(skeym_finding_verdict_word(SKEYM_VERDICT_COUNT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_it_is_told),
        cmocka_unit_test(holds_charts),
        cmocka_unit_test(remembers_what_is_wrong),
        cmocka_unit_test(is_not_whole_without_verdict_or_deed),
        cmocka_unit_test(verdicts_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
