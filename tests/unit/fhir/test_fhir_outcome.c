/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "fhir/fhir_outcome.h"
#include <string.h>

/* Without memory the answer is a constant, which whoever wipes answers must leave alone: it was
 * zeros from the second time on. */
static void test_without_memory(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct skeym_fhir_text text = {.bad = true};
        struct skeym_fhir_answer *answer = skeym_fhir_outcome_answer(200, &text);
        assert_int_equal(answer->status, 503);
        assert_true(answer->fixed);
        assert_int_equal(answer->body_size, strlen(answer->body));
        assert_non_null(strstr(answer->body, "\"OperationOutcome\""));
        skeym_fhir_answer_free(answer);
    }
}

static void test_with_memory(void **state)
{
    (void)state;
    struct skeym_fhir_answer *answer =
        skeym_fhir_error_answer(404, "not-found", "no such \"path\"");
    assert_int_equal(answer->status, 404);
    assert_false(answer->fixed);
    assert_non_null(strstr(answer->body, "no such \\\"path\\\""));
    skeym_fhir_answer_free(answer);
}

static void test_errors_without_words(void **state)
{
    (void)state;
    struct skeym_fhir_problem problem = {0};
    assert_false(skeym_fhir_outcome_store(&problem, SKEYM_ERR_IO));
    assert_int_equal(problem.status, 500);
    assert_string_equal(skeym_fhir_outcome_status(500), "500 Internal Server Error");
    assert_false(skeym_fhir_outcome_fail(&problem, 400, "invalid", "a\x7f\x1f\xffz"));
    assert_string_equal(problem.text, "a???z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_with_memory),
        cmocka_unit_test(test_errors_without_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
