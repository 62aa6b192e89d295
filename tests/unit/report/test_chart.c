/* SPDX-License-Identifier: Apache-2.0 */
#include "report/chart.h"
#include "report/finding.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void ticks_are(double low, double high, bool is_log, const double *expected, size_t count)
{
    double ticks[SKEYM_CHART_TICKS];
    assert_int_equal(skeym_chart_ticks(ticks, low, high, is_log), count);
    for (size_t i = 0; i < count; i++) {
        assert_true(fabs(ticks[i] - expected[i]) <= 1e-9 * fabs(expected[i]));
    }
}

#define TICKS(low, high, is_log, ...)                                                              \
    do {                                                                                           \
        const double expected[] = {__VA_ARGS__};                                                   \
        ticks_are(low, high, is_log, expected, sizeof expected / sizeof expected[0]);              \
    } while (0)

static void ticks_enclose_the_range_in_round_steps(void **state)
{
    (void)state;
    TICKS(0, 10, false, 0, 2, 4, 6, 8, 10);
    TICKS(-3, 47, false, -10, 0, 10, 20, 30, 40, 50);
    TICKS(0.31, 0.34, false, 0.31, 0.315, 0.32, 0.325, 0.33, 0.335, 0.34);
    TICKS(3, 900, true, 1, 10, 100, 1000);
    TICKS(1e-3, 1e9, true, 1e-4, 1e-2, 1, 1e2, 1e4, 1e6, 1e8, 1e10);
    TICKS(5, 6, true, 1, 10);
}

static void any_range_has_few_ticks(void **state)
{
    (void)state;
    double ticks[SKEYM_CHART_TICKS];
    for (int i = 0; i < 22; i++) {
        double low = 1e-6 * pow(3.7, i);
        for (int j = 0; j < 32; j++) {
            double factor = 1.0001 * pow(2.9, j);
            for (int is_log = 0; is_log < 2; is_log++) {
                size_t count = skeym_chart_ticks(ticks, low, low * factor, is_log);
                assert_in_range(count, 2, SKEYM_CHART_TICKS);
                assert_true(ticks[0] <= low * (1 + 1e-6));
                assert_true(ticks[count - 1] >= low * factor * (1 - 1e-6));
            }
        }
    }
}

/* The SVG of the finding's one chart; freed by the caller. NULL where it was refused. */
static char *svg(struct skeym_finding *finding, enum skeym_error *error)
{
    struct json_object *charts = NULL;
    char *out = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&out, &size);
    assert_non_null(file);
    json_object_object_get_ex(finding->json, "charts", &charts);
    *error = skeym_chart_write(file, json_object_array_get_idx(charts, 0));
    assert_int_equal(fclose(file), 0);
    return out;
}

/* A finding with a chart of one series to come; x is logarithmic or not. */
static void begin(struct skeym_finding *finding, enum skeym_chart_kind kind, bool log)
{
    const struct skeym_chart chart = {kind, "says", "x", "y", log, false};
    skeym_finding_begin(finding, "n", "t", "q", "p");
    skeym_finding_chart(finding, &chart);
    skeym_finding_series(finding, "s");
}

/* The SVG of what must be a chart, which ends the finding; freed by the caller. */
static char *drawn(struct skeym_finding *finding)
{
    enum skeym_error error;
    char *out = svg(finding, &error);
    assert_int_equal(error, SKEYM_OK);
    assert_null(strstr(out, "nan"));
    assert_null(strstr(out, "inf"));
    skeym_finding_free(finding);
    return out;
}

/* The same, of one row. */
static char *drawn_row(enum skeym_chart_kind kind, bool log, double value, double low, double high)
{
    struct skeym_finding finding;
    begin(&finding, kind, log);
    skeym_finding_bar(&finding, "row", value, low, high);
    return drawn(&finding);
}

static void lines_are_drawn_to_scale(void **state)
{
    (void)state;
    struct skeym_finding finding;
    const struct skeym_chart chart = {SKEYM_CHART_LINES, "It <grows>", "x & x", "y", true, false};
    skeym_finding_begin(&finding, "n", "t", "q", "p");
    skeym_finding_chart(&finding, &chart);
    skeym_finding_series(&finding, "one");
    skeym_finding_point(&finding, 1, 0, NAN, NAN);
    skeym_finding_point(&finding, 10, 5, 4, 6);
    skeym_finding_point(&finding, 100, 10, NAN, NAN);
    char *out = drawn(&finding);
    assert_non_null(strstr(out, "aria-label=\"It &lt;grows&gt;\""));
    assert_non_null(strstr(out, ">x &amp; x</text>"));
    /* x from 62 to 536, its middle at 299; y from 288 up to 14, its middle at 151 */
    assert_non_null(strstr(out, "d=\"M62.0 288.0L299.0 151.0L536.0 14.0\""));
    assert_non_null(strstr(out, "class=\"interval s0\" d=\"M299.0 178.4V123.6\""));
    free(out);
}

static void rows_are_drawn_to_scale(void **state)
{
    (void)state;
    struct skeym_finding finding;
    begin(&finding, SKEYM_CHART_BARS, false);
    skeym_finding_bar(&finding, "half", 5, NAN, NAN);
    skeym_finding_bar(&finding, "whole", 10, NAN, NAN);
    char *out = drawn(&finding);
    assert_non_null(strstr(out, "x=\"190.0\" y=\"22.0\" width=\"173.0\""));
    assert_non_null(strstr(out, "x=\"190.0\" y=\"56.0\" width=\"346.0\""));
    assert_non_null(strstr(out, ">half</text>"));
    free(out);
}

static void what_is_no_chart_is_refused(void **state)
{
    (void)state;
    struct skeym_finding finding;
    enum skeym_error error;
    const struct skeym_chart chart = {SKEYM_CHART_DOTS, "says", "x", NULL, false, false};
    skeym_finding_begin(&finding, "n", "t", "q", "p");
    skeym_finding_chart(&finding, &chart);
    free(svg(&finding, &error));
    assert_int_equal(error, SKEYM_ERR_SHAPE);
    for (int i = 0; i <= SKEYM_CHART_SERIES; i++) {
        skeym_finding_series(&finding, "s");
        skeym_finding_bar(&finding, "r", 1, NAN, NAN);
        free(svg(&finding, &error));
        assert_int_equal(error, i < SKEYM_CHART_SERIES ? SKEYM_OK : SKEYM_ERR_RANGE);
    }
    assert_int_equal(skeym_chart_write(stderr, NULL), SKEYM_ERR_SHAPE);
    skeym_finding_free(&finding);
}

static void values_that_are_all_one_have_a_place(void **state)
{
    (void)state;
    static const double values[] = {0, 7, -3};
    for (size_t i = 0; i < 3; i++) {
        for (int kind = SKEYM_CHART_DOTS; kind <= SKEYM_CHART_BARS; kind++) {
            free(drawn_row((enum skeym_chart_kind)kind, false, values[i], NAN, NAN));
        }
    }
}

/* At the right end there is no room behind a mark: its value stands above it. */
static void nothing_runs_over_the_right_edge(void **state)
{
    (void)state;
    struct skeym_finding finding;
    begin(&finding, SKEYM_CHART_BARS, false);
    skeym_finding_bar(&finding, "row", 10, NAN, NAN);
    skeym_finding_bar(&finding, "row", 100, NAN, NAN);
    char *out = drawn(&finding);
    assert_non_null(strstr(out, "text-anchor=\"start\">10</text>"));
    assert_non_null(strstr(out, "text-anchor=\"end\">100</text>"));
    free(out);
}

/* Names that do not fit beside each other stand in rows. */
static void many_names_have_rows(void **state)
{
    (void)state;
    struct skeym_finding finding;
    const struct skeym_chart chart = {SKEYM_CHART_LINES, "says", "x", "y", false, false};
    skeym_finding_begin(&finding, "n", "t", "q", "p");
    skeym_finding_chart(&finding, &chart);
    for (int i = 0; i < 4; i++) {
        skeym_finding_series(&finding, "a name of thirty characters ..");
        skeym_finding_point(&finding, 1, i, NAN, NAN);
        skeym_finding_point(&finding, 2, i, NAN, NAN);
    }
    char *out = drawn(&finding);
    size_t names = 0;
    for (const char *at = out; (at = strstr(at, "class=\"name\" x=\"")); names++) {
        at += strlen("class=\"name\" x=\"");
        assert_true(strtod(at, NULL) + 30 * 7.4 < 560);
    }
    assert_int_equal(names, 4);
    free(out);
}

/* How often a text is in another. */
static size_t times(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++) {
        count++;
    }
    return count;
}

/* Whichever end is missing, there is no interval to draw. */
static void half_an_interval_is_not_drawn(void **state)
{
    (void)state;
    static const double ends[][2] = {{2, 8}, {2, NAN}, {NAN, 8}};
    for (size_t i = 0; i < 3; i++) {
        struct skeym_finding line;
        begin(&line, SKEYM_CHART_LINES, false);
        skeym_finding_point(&line, 1, 5, ends[i][0], ends[i][1]);
        skeym_finding_point(&line, 2, 6, NAN, NAN);
        char *drawings[] = {
            drawn(&line),
            drawn_row(SKEYM_CHART_DOTS, false, 5, ends[i][0], ends[i][1]),
            drawn_row(SKEYM_CHART_BARS, false, 5, ends[i][0], ends[i][1]),
        };
        for (size_t j = 0; j < sizeof drawings / sizeof drawings[0]; j++) {
            assert_int_equal(times(drawings[j], "class=\"interval"), i == 0);
            free(drawings[j]);
        }
    }
}

/* On a logarithmic axis one value has a decade around it, as it has no room below 0 to widen to. */
static void one_value_on_a_logarithmic_axis_has_a_place(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *ticks[2];
    } cases[] = {{100, {">100</text>", ">1000</text>"}}, {0.01, {">0.01</text>", ">0.1</text>"}}};
    for (size_t i = 0; i < 2; i++) {
        char *out = drawn_row(SKEYM_CHART_DOTS, true, cases[i].value, NAN, NAN);
        assert_non_null(strstr(out, cases[i].ticks[0]));
        assert_non_null(strstr(out, cases[i].ticks[1]));
        assert_int_equal(times(out, "class=\"tick\""), 2);
        free(out);
    }
}

/* Large counts are written out, what is larger still is not. */
static void values_are_written_as_long_as_they_are_read(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{9999, ">9999</text>"},
                 {10000, ">10000</text>"},
                 {123456789, ">123456789</text>"},
                 {1e9, ">1e+09</text>"},
                 {4294967296, ">4.295e+09</text>"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *out = drawn_row(SKEYM_CHART_BARS, false, cases[i].value, NAN, NAN);
        char *value = strstr(out, "class=\"value\"");
        assert_non_null(value);
        *strchr(value, '\n') = '\0';
        assert_non_null(strstr(value, cases[i].text));
        free(out);
    }
}

static void a_kind_that_there_is_not_is_refused(void **state)
{
    (void)state;
    struct skeym_finding finding;
    enum skeym_error error;
    struct json_object *charts = NULL;
    begin(&finding, SKEYM_CHART_DOTS, false);
    skeym_finding_bar(&finding, "row", 5, NAN, NAN);
    json_object_object_get_ex(finding.json, "charts", &charts);
    json_object_object_add(json_object_array_get_idx(charts, 0), "kind",
                           json_object_new_string("pie"));
    char *out = svg(&finding, &error);
    assert_int_equal(error, SKEYM_ERR_SHAPE);
    assert_string_equal(out, "");
    free(out);
    skeym_finding_free(&finding);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_enclose_the_range_in_round_steps),
        cmocka_unit_test(any_range_has_few_ticks),
        cmocka_unit_test(lines_are_drawn_to_scale),
        cmocka_unit_test(rows_are_drawn_to_scale),
        cmocka_unit_test(what_is_no_chart_is_refused),
        cmocka_unit_test(values_that_are_all_one_have_a_place),
        cmocka_unit_test(nothing_runs_over_the_right_edge),
        cmocka_unit_test(many_names_have_rows),
        cmocka_unit_test(half_an_interval_is_not_drawn),
        cmocka_unit_test(one_value_on_a_logarithmic_axis_has_a_place),
        cmocka_unit_test(values_are_written_as_long_as_they_are_read),
        cmocka_unit_test(a_kind_that_there_is_not_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
