/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "fhir/fhir_time.h"
#include <time.h>

enum { R = SKEYM_FHIR_TIME_RESOURCE, S = SKEYM_FHIR_TIME_SEARCH, I = SKEYM_FHIR_TIME_INSTANT };
#define DAY 86400000LL

static const struct {
    const char *text;
    int form;
    enum skeym_error error;
    int64_t low, width;
} cases[] = {
    {"1970", R, SKEYM_OK, 0, 365 * DAY},
    {"1972", R, SKEYM_OK, 730 * DAY, 366 * DAY},
    {"1970-02", R, SKEYM_OK, 31 * DAY, 28 * DAY},
    {"2000-02", R, SKEYM_OK, 10988 * DAY, 29 * DAY},
    {"1900-02", R, SKEYM_OK, -25536 * DAY, 28 * DAY},
    {"1969-12-31", R, SKEYM_OK, -DAY, DAY},
    {"1970-01-01T00:00:00Z", R, SKEYM_OK, 0, 1000},
    {"1970-01-01T00:00:00.5Z", R, SKEYM_OK, 500, 1},
    {"1970-01-01T00:00:00.1239Z", R, SKEYM_OK, 123, 1},
    {"1970-01-01T01:00:00+01:00", R, SKEYM_OK, 0, 1000},
    {"1969-12-31T19:00:00-05:00", R, SKEYM_OK, 0, 1000},
    {"1970-01-01T14:00:00+14:00", R, SKEYM_OK, 0, 1000},
    {"2016-12-31T23:59:60Z", R, SKEYM_OK, 1483228800000, 1000},
    {"0001-01-01", R, SKEYM_OK, -719162 * DAY, DAY},
    {"9999-12-31", R, SKEYM_OK, 2932896 * DAY, DAY},
    {"2013-01-14T10:00", S, SKEYM_OK, 1358157600000, 60000},
    {"2013-01-14T10:00Z", S, SKEYM_OK, 1358157600000, 60000},
    {"2013-01-14T10:00:00", S, SKEYM_OK, 1358157600000, 1000},
    {"2013-01-14T10:00:00Z", I, SKEYM_OK, 1358157600000, 1000},
    {"1970-01-01T01:00:00 01:00", S, SKEYM_OK, 0, 1000},
    {"1970-01-01T01:00:00 01:00", R, SKEYM_ERR_SHAPE, 0, 0},
    {"1970-01-01T01:00:00 01:00", I, SKEYM_ERR_SHAPE, 0, 0},
    {"1970-01-01T01:00:00 ", S, SKEYM_ERR_SHAPE, 0, 0},
    {"", R, SKEYM_ERR_SHAPE, 0, 0},
    {"13", R, SKEYM_ERR_SHAPE, 0, 0},
    {"+2013", R, SKEYM_ERR_SHAPE, 0, 0},
    {"20133", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-1", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-1", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01x", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01T", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01T10:00:00Z", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01 10:00:00Z", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01T10:00Z", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01T10:00:00", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01T1000:00Z", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01T10:00:00.Z", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01T10:00:00.1234567890Z", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01T10:00:00z", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01T10:00:00+0100", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01T10:00:00+01", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01T10:00:00Zx", R, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01", I, SKEYM_ERR_SHAPE, 0, 0},
    {"2013-01-01T10:00Z", I, SKEYM_ERR_SHAPE, 0, 0},
    {"0000", R, SKEYM_ERR_RANGE, 0, 0},
    {"2013-00", R, SKEYM_ERR_RANGE, 0, 0},
    {"2013-13", R, SKEYM_ERR_RANGE, 0, 0},
    {"2013-01-00", R, SKEYM_ERR_RANGE, 0, 0},
    {"2013-02-29", R, SKEYM_ERR_RANGE, 0, 0},
    {"1900-02-29", R, SKEYM_ERR_RANGE, 0, 0},
    {"2013-01-01T24:00:00Z", R, SKEYM_ERR_RANGE, 0, 0},
    {"2013-01-01T10:60:00Z", R, SKEYM_ERR_RANGE, 0, 0},
    {"2013-01-01T10:00:61Z", R, SKEYM_ERR_RANGE, 0, 0},
    {"2013-01-01T10:00:00+14:01", R, SKEYM_ERR_RANGE, 0, 0},
    {"2013-01-01T10:00:00+15:00", R, SKEYM_ERR_RANGE, 0, 0},
    {"2013-01-01T10:00:00+01:60", R, SKEYM_ERR_RANGE, 0, 0},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct skeym_fhir_range range = {1, 1};
        enum skeym_error error = skeym_fhir_time_parse(&range, skeym_span_text(cases[i].text),
                                                       (enum skeym_fhir_time_form)cases[i].form);
        if (error != cases[i].error || range.low != cases[i].low) {
            print_error("%s: %s %lld\n", cases[i].text, skeym_error_word(error),
                        (long long)range.low);
        }
        assert_int_equal(error, cases[i].error);
        assert_true(range.low == cases[i].low);
        assert_true(range.high - range.low == cases[i].width);
    }
}

/* Printing agrees with the C library's calendar, and is read back as the same millisecond. */
static void test_print(void **state)
{
    (void)state;
    for (int64_t ms = -2208988800123; ms < 250000000000000; ms += 7777777777777 / 13) {
        char text[SKEYM_FHIR_TIME_BYTES], want[40];
        struct skeym_fhir_range range;
        int64_t rest = ((ms % 1000) + 1000) % 1000;
        time_t seconds = (time_t)((ms - rest) / 1000);
        struct tm tm;
        gmtime_r(&seconds, &tm);
        size_t used = strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(want + used, sizeof want - used, ".%03dZ", (int)rest);
        skeym_fhir_time_print(text, ms);
        assert_string_equal(text, want);
        assert_int_equal(
            skeym_fhir_time_parse(&range, skeym_span_text(text), SKEYM_FHIR_TIME_INSTANT),
            SKEYM_OK);
        assert_true(range.low == ms);
    }
}

static void test_print_ends(void **state)
{
    (void)state;
    char text[SKEYM_FHIR_TIME_BYTES];
    skeym_fhir_time_print(text, INT64_MAX);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    skeym_fhir_time_print(text, INT64_MIN);
    assert_string_equal(text, "0001-01-01T00:00:00.000Z");
}

static void test_times_with_two_faults(void **state)
{
    (void)state;
    static const char *const texts[] = {"1970-02-30T10:00:00Z", "1970-01-01T25:00:00+01:00",
                                        "1970-01-01T25:00:00+15:00"};
    struct skeym_fhir_range range;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(
            skeym_fhir_time_parse(&range, skeym_span_text(texts[i]), SKEYM_FHIR_TIME_RESOURCE),
            SKEYM_ERR_RANGE);
    }
    assert_int_equal(skeym_fhir_time_parse(&range, skeym_span_text("1970-01-01T00:00:00."),
                                           SKEYM_FHIR_TIME_RESOURCE),
                     SKEYM_ERR_SHAPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_print_ends),
        cmocka_unit_test(test_times_with_two_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
