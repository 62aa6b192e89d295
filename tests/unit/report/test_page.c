/* SPDX-License-Identifier: Apache-2.0 */
#include "report/finding.h"
#include "report/page.h"

#include <json-c/json_tokener.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *page(struct json_object *report, enum skeym_error *error)
{
    char *out = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&out, &size);
    assert_non_null(file);
    *error = skeym_page_write(file, report);
    assert_int_equal(fclose(file), 0);
    return out;
}

/* A report of one finding whose every text is hostile. */
static struct json_object *hostile(void)
{
    static const char evil[] = "<img src=x onerror=alert(1)>\"'&";
    struct skeym_finding finding;
    skeym_finding_begin(&finding, evil, evil, evil, evil);
    skeym_finding_claim(&finding, evil, "%s", evil);
    skeym_finding_did(&finding, "%s", evil);
    skeym_finding_note(&finding, "%s", evil);
    const struct skeym_figure figure = {evil, evil, 1, evil, 0, 2, evil};
    skeym_finding_figure(&finding, &figure);
    skeym_finding_table(&finding, evil, evil);
    skeym_finding_row(&finding, "%s", evil);
    const struct skeym_chart chart = {SKEYM_CHART_DOTS, evil, evil, evil, false, false};
    skeym_finding_chart(&finding, &chart);
    skeym_finding_series(&finding, evil);
    skeym_finding_bar(&finding, evil, 1, NAN, NAN);
    skeym_finding_series(&finding, evil);
    skeym_finding_bar(&finding, evil, 2, NAN, NAN);
    skeym_finding_verdict(&finding, SKEYM_VERDICT_CONFIRMED, "%s", evil);
    assert_int_equal(skeym_finding_check(&finding), SKEYM_OK);
    struct json_object *report = json_object_new_object();
    struct json_object *list = json_object_new_array();
    static const char *const facts[] = {"version", "date", "machine", "size", "seed"};
    for (size_t i = 0; i < 5; i++) {
        json_object_object_add(report, facts[i], json_object_new_string(evil));
        json_object_object_add(finding.json, facts[i], json_object_new_string(evil));
    }
    json_object_array_add(list, finding.json);
    json_object_object_add(report, "inspections", list);
    return report;
}

static void no_text_becomes_markup(void **state)
{
    (void)state;
    struct json_object *report = hostile();
    enum skeym_error error;
    char *out = page(report, &error);
    assert_int_equal(error, SKEYM_OK);
    assert_null(strstr(out, "<img"));
    assert_null(strstr(out, "\"'&"));
    assert_null(strstr(out, "<script"));
    assert_non_null(strstr(out, "\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                                "form-action 'none'\""));
    free(out);
    json_object_put(report);
}

static void a_section_has_all_its_parts(void **state)
{
    (void)state;
    struct json_object *report = hostile();
    enum skeym_error error;
    char *out = page(report, &error);
    static const char *const parts[] = {
        "<h3>What the paper says</h3>",
        "<h3>What we did</h3>",
        "<h3>What we measured</h3>",
        "<figcaption>",
        "<th>The paper</th>",
        "<caption>",
        "<h3>How to repeat it</h3>",
        "What this does not show</h3>",
        "badge good",
        "<td class=\"number\" data-head=\"here\">", /* for pages too narrow for columns */
        "<td data-head=\"the paper\">",
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assert_non_null(strstr(out, parts[i]));
    }
    free(out);
    json_object_put(report);
}

static void what_is_unfinished_says_so(void **state)
{
    (void)state;
    struct json_object *report =
        json_tokener_parse("{\"inspections\":[{\"name\":\"x\",\"stopped\":true}]}");
    enum skeym_error error;
    char *out = page(report, &error);
    assert_int_equal(error, SKEYM_OK);
    assert_non_null(strstr(out, "not finished (stopped early)</span>"));
    assert_non_null(strstr(out, "It was stopped before its end"));
    assert_non_null(strstr(out, "; stopped before its end)"));
    assert_null(strstr(out, "This run was stopped"));
    free(out);
    json_object_put(report);
}

static void a_verdict_of_a_stopped_run_is_marked_and_a_failure_tells_why(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *has[3], *has_not;
    } cases[] = {
        {"{\"inspections\":[{\"verdict\":{\"kind\":\"confirmed\",\"text\":\"t\"},\"stopped\":true}]"
         ","
         "\"stopped\":true}",
         {" confirmed (stopped early)</span>", "It was stopped before its end",
          "This run was stopped"},
         "could not be done"},
        {"{\"inspections\":[{\"error\":\"no <such> file\",\"stopped\":false,\"data\":true}]}",
         {"not finished</span>", "could not be done: no &lt;such&gt; file.", " --data DIR</code>"},
         "stopped"},
        {"{\"inspections\":[{\"verdict\":{\"kind\":\"confirmed\",\"text\":\"t\"}}]}",
         {" confirmed</span>", " t</p>", "--seed </code>"},
         "stopped"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_object *report = json_tokener_parse(cases[i].json);
        enum skeym_error error;
        char *out = page(report, &error);
        assert_int_equal(error, SKEYM_OK);
        for (size_t j = 0; j < 3; j++) {
            assert_non_null(strstr(out, cases[i].has[j]));
        }
        assert_null(strstr(out, cases[i].has_not));
        free(out);
        json_object_put(report);
    }
}

/* Of a table's row the first cell is its name; the others are named by their columns. */
static void cells_know_their_columns(void **state)
{
    (void)state;
    struct json_object *report = json_tokener_parse(
        "{\"inspections\":[{\"tables\":[{\"title\":\"t\",\"columns\":[\"a\",\"b\"],"
        "\"rows\":[[\"1\",\"2\"],[\"3\",\"4\"]]}]}]}");
    enum skeym_error error;
    char *out = page(report, &error);
    assert_int_equal(error, SKEYM_OK);
    assert_non_null(strstr(out, "<tr><th>a</th><th>b</th></tr>"));
    assert_non_null(strstr(out, "<tr><td>1</td><td data-head=\"b\">2</td></tr>\n"
                                "<tr><td>3</td><td data-head=\"b\">4</td></tr>"));
    free(out);
    json_object_put(report);
}

static void what_is_no_report_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"{}", "{\"inspections\":3}", "[]"};
    enum skeym_error error;
    for (size_t i = 0; i < 3; i++) {
        struct json_object *report = json_tokener_parse(bad[i]);
        free(page(report, &error));
        assert_int_equal(error, SKEYM_ERR_SHAPE);
        json_object_put(report);
    }
    struct json_object *report =
        json_tokener_parse("{\"inspections\":[{\"name\":\"x\",\"charts\":[{\"kind\":\"pie\"}]}]}");
    free(page(report, &error));
    assert_int_equal(error, SKEYM_ERR_SHAPE);
    json_object_put(report);
}

static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (!full) {
        skip();
    }
    struct json_object *report = hostile();
    setvbuf(full, NULL, _IONBF, 0);
    assert_int_equal(skeym_page_write(full, report), SKEYM_ERR_IO);
    (void)fclose(full);
    json_object_put(report);
}

static void half_an_interval_is_not_written(void **state)
{
    (void)state;
    static const struct {
        const char *ends;
        bool written;
    } cases[] = {{"\"low\":2,\"high\":8", true}, {"\"low\":2", false}, {"\"high\":8", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        (void)snprintf(text, sizeof text,
                       "{\"inspections\":[{\"figures\":[{\"what\":\"w\",\"value\":5,%s}]}]}",
                       cases[i].ends);
        struct json_object *report = json_tokener_parse(text);
        enum skeym_error error;
        char *out = page(report, &error);
        assert_int_equal(error, SKEYM_OK);
        assert_int_equal(strstr(out, "data-head=\"interval\">2 to 8</td>") != NULL,
                         cases[i].written);
        assert_int_equal(strstr(out, "data-head=\"interval\"></td>") != NULL, !cases[i].written);
        free(out);
        json_object_put(report);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_text_becomes_markup),
        cmocka_unit_test(a_section_has_all_its_parts),
        cmocka_unit_test(what_is_unfinished_says_so),
        cmocka_unit_test(a_verdict_of_a_stopped_run_is_marked_and_a_failure_tells_why),
        cmocka_unit_test(cells_know_their_columns),
        cmocka_unit_test(what_is_no_report_is_refused),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(half_an_interval_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
