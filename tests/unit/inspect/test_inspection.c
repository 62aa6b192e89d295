/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/inspection.h"

#include "unit/inspect/inspecting.h"
#include <ctype.h>

static const struct skeym_inspect_context context = {.size = SKEYM_INSPECT_QUICK,
                                                     .seed = UINT64_MAX,
                                                     .progress = inspecting_progress,
                                                     .stopped = inspecting_stopped};

static const char *text(struct json_object *object, const char *key)
{
    return json_object_get_string(member(object, key));
}

/* --- the table ------------------------------------------------------------------- */

static void each_row_is_whole_and_found_by_its_name(void **state)
{
    (void)state;
    size_t count;
    const struct skeym_inspection *const *table = skeym_inspection_table(&count);
    assert_int_equal(count, 10);
    for (size_t i = 0; i < count; i++) {
        const struct skeym_inspection *one = table[i];
        assert_true(strlen(one->name) >= 5);
        for (const char *c = one->name; *c; c++) {
            assert_true(
                islower((unsigned char)*c)); /* a word of a command, a part of a file name */
        }
        assert_true(strlen(one->title) > 10 && strlen(one->question) > 20);
        assert_true(one->question[strlen(one->question) - 1] == '?');
        assert_true(strlen(one->paper) >= 5);
        assert_non_null(one->run);
        assert_ptr_equal(skeym_inspection_find(one->name), one); /* no name comes twice */
        assert_true(one->data == (strcmp(one->name, "classifiers") == 0));
    }
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    static const char *const names[] = {"", "all", "brut", "brutes", "Brute"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_null(skeym_inspection_find(names[i]));
    }
}

/* --- running one ------------------------------------------------------------------- */

static void run_well(const struct skeym_inspect_context *given, struct skeym_finding *finding)
{
    assert_ptr_equal(given, &context);
    skeym_finding_did(finding, "something");
    skeym_finding_verdict(finding, SKEYM_VERDICT_CONFIRMED, "it is so");
}

static void run_badly(const struct skeym_inspect_context *given, struct skeym_finding *finding)
{
    run_well(given, finding);
    skeym_finding_must(finding, SKEYM_ERR_MISSING); /* a verdict does not outweigh an error */
}

static void run_without_verdict(const struct skeym_inspect_context *given,
                                struct skeym_finding *finding)
{
    (void)given;
    skeym_finding_did(finding, "something");
}

static struct json_object *run(void (*work)(const struct skeym_inspect_context *,
                                            struct skeym_finding *))
{
    const struct skeym_inspection one = {"name", "title", "question?", "Fig 1", true, work};
    struct json_object *finding = skeym_inspection_run(&one, &context);
    assert_non_null(finding);
    assert_string_equal(text(finding, "name"), "name");
    assert_string_equal(text(finding, "title"), "title");
    assert_string_equal(text(finding, "question"), "question?");
    assert_string_equal(text(finding, "paper"), "Fig 1");
    assert_string_equal(text(finding, "size"), "quick");
    assert_string_equal(text(finding, "seed"), "18446744073709551615"); /* no double holds it */
    assert_int_equal(strlen(text(finding, "date")), 10);
    assert_true(json_object_get_boolean(member(finding, "data")));
    assert_true(json_object_get_double(member(finding, "seconds")) >= 0);
    return finding;
}

static void a_run_leaves_its_verdict_and_how_it_was_run(void **state)
{
    (void)state;
    struct json_object *finding = run(run_well);
    assert_string_equal(text(member(finding, "verdict"), "kind"), "confirmed");
    assert_null(member(finding, "error"));
    assert_false(json_object_get_boolean(member(finding, "stopped")));
    json_object_put(finding);
}

static void a_run_that_failed_has_an_error_and_no_verdict(void **state)
{
    (void)state;
    struct json_object *finding = run(run_badly);
    assert_string_equal(text(finding, "error"), skeym_error_text(SKEYM_ERR_MISSING));
    assert_null(member(finding, "verdict"));
    json_object_put(finding);
    finding = run(run_without_verdict);
    assert_string_equal(text(finding, "error"), skeym_error_text(SKEYM_ERR_STATE));
    json_object_put(finding);
}

static void a_run_that_was_stopped_says_so(void **state)
{
    (void)state;
    let_go = 0;
    struct json_object *finding = run(run_well);
    assert_true(json_object_get_boolean(member(finding, "stopped")));
    json_object_put(finding);
    let_go = INT_MAX;
}

/* Stopped from the start, an inspection may fail or come to a verdict, but claims nothing that it
 * has not done. */
static void what_is_stopped_at_once_confirms_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"guess", "misgenerated"};
    let_go = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct skeym_inspection *one = skeym_inspection_find(names[i]);
        assert_non_null(one);
        struct json_object *finding = skeym_inspection_run(one, &context);
        const char *kind =
            member(finding, "verdict") ? text(member(finding, "verdict"), "kind") : "";
        assert_true(kind[0] == '\0' || strcmp(kind, "not confirmed") == 0);
        json_object_put(finding);
    }
    let_go = INT_MAX;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_whole_and_found_by_its_name),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(a_run_leaves_its_verdict_and_how_it_was_run),
        cmocka_unit_test(a_run_that_failed_has_an_error_and_no_verdict),
        cmocka_unit_test(a_run_that_was_stopped_says_so),
        cmocka_unit_test(what_is_stopped_at_once_confirms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
