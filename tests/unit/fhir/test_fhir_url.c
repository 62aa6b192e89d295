/* SPDX-License-Identifier: Apache-2.0 */
/* Escapes, names and ids of a target one character beside what is taken. */
#include "support.h"

#include "fhir/fhir_url.h"

#define HEX32  "00000000000000000000000000000000"
#define NAME70 "a234567890a234567890a234567890a234567890a234567890a234567890a234567890"

static void test_targets(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *target;
        int status;
    } rows[] = {
        {"/fhir/Observation?code=%41", 200},     {"/fhir/Observation?code=%4a%4B", 200},
        {"/fhir/Observation?code=%40", 200},     {"/fhir/Observation?code=%@0", 400},
        {"/fhir/Observation?code=%/0", 400},     {"/fhir/Observation?code=%:0", 400},
        {"/fhir/Observation?code=%G0", 400},     {"/fhir/Observation?code=%g0", 400},
        {"/fhir/Observation?code=%4g", 400},     {"/fhir/Observation?code=%4G", 400},
        {"/fhir/Observation?" NAME70 "=1", 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int status = status_of(bench, "GET", rows[i].target, NULL);
        if (status != rows[i].status) {
            print_error("%s: %d\n", rows[i].target, status);
        }
        assert_int_equal(status, rows[i].status);
    }
}

static void test_ids(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a_b", "a{", "a[", "a@", "a`", "a/", "a:"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(skeym_fhir_url_is_id(skeym_span_text(bad[i])));
    }
    assert_false(skeym_fhir_url_is_id(skeym_span_text(HEX32 HEX32 "0")));
    assert_true(skeym_fhir_url_is_id(skeym_span_text(HEX32 HEX32)));
    assert_true(skeym_fhir_url_is_id(skeym_span_text("azAZ09.-")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_targets, bench_setup, bench_teardown),
        cmocka_unit_test(test_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
