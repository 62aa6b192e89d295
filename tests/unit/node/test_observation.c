/* SPDX-License-Identifier: Apache-2.0 */
#include "node/observation.h"

#include "node/observation_bundle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static uint8_t buffer[8192];
static const struct skeym_room room = {buffer, sizeof buffer};
static size_t size;
static const struct skeym_observation what = {"r-1", "123", "m1", 1700000000007};

static void assert_text(const char *want)
{
    if (size != strlen(want) || memcmp(buffer, want, size) != 0) {
        print_error("got  %.*s\nwant %s\n", (int)size, (const char *)buffer, want);
    }
    assert_int_equal(size, strlen(want));
    assert_memory_equal(buffer, want, size);
}

/* What is written, piece by piece. */
/* clang-format off */
#define HEAD(category, display)                                                                    \
    "{\"resourceType\":\"Observation\",\"identifier\":[{\"system\":\"urn:skeym:reading\","         \
    "\"value\":\"r-1\"}],\"status\":\"final\",\"category\":[{\"coding\":[{\"system\":"             \
    "\"http://terminology.hl7.org/CodeSystem/observation-category\",\"code\":\"" category          \
    "\",\"display\":\"" display "\"}]}],\"subject\":{\"reference\":\"Patient/123\"},"              \
    "\"device\":{\"reference\":\"Device/m1\"},"                                                    \
    "\"effectiveDateTime\":\"2023-11-14T22:13:20.007Z\","
#define CODING(system, code, display)                                                              \
    "{\"system\":\"" system "\",\"code\":\"" code "\",\"display\":\"" display "\"}"
#define QUANTITY(value, unit, ucum)                                                                \
    "{\"value\":" value ",\"unit\":\"" unit                                                        \
    "\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"" ucum "\"}"

static const char want_number[] =
    HEAD("vital-signs", "Vital Signs")
    "\"code\":{\"coding\":["
    CODING("http://loinc.org", "2708-6", "Oxygen saturation in Arterial blood") ","
    CODING("http://loinc.org", "59408-5",
           "Oxygen saturation in Arterial blood by Pulse oximetry") ","
    CODING("urn:iso:std:iso:11073:10101", "150456", "MDC_PULS_OXIM_SAT_O2")
    "],\"text\":\"Oxygen saturation\"},\"valueQuantity\":" QUANTITY("97.0", "%", "%") "}";

static const char want_panel[] =
    HEAD("vital-signs", "Vital Signs")
    "\"code\":{\"coding\":["
    CODING("http://loinc.org", "85354-9", "Blood pressure panel with all children optional")
    "],\"text\":\"Cuff blood pressure\"},\"component\":[{\"code\":{\"coding\":["
    CODING("http://loinc.org", "8480-6", "Systolic blood pressure") ","
    CODING("http://loinc.org", "76534-7", "Systolic blood pressure by Noninvasive")
    "],\"text\":\"Cuff systolic blood pressure\"},\"valueQuantity\":"
    QUANTITY("107", "mmHg", "mm[Hg]") "},{\"code\":{\"coding\":["
    CODING("http://loinc.org", "8462-4", "Diastolic blood pressure") ","
    CODING("http://loinc.org", "76535-4", "Diastolic blood pressure by Noninvasive")
    "],\"text\":\"Cuff diastolic blood pressure\"},\"dataAbsentReason\":{\"coding\":["
    CODING("http://terminology.hl7.org/CodeSystem/data-absent-reason", "unknown", "Unknown")
    "]}}]}";

static const char want_wave[] =
    HEAD("procedure", "Procedure")
    "\"code\":{\"coding\":["
    CODING("urn:iso:std:iso:11073:10101", "131330", "MDC_ECG_ELEC_POTL_II")
    "],\"text\":\"MLII\"},\"valueSampledData\":{\"origin\":"
    QUANTITY("-5.12", "mV", "mV") ",\"period\":2.7777777777777777,\"factor\":0.005,"
    "\"dimensions\":1,\"data\":\"995 0 E -7 -2147483648 2147483647\"}}";
/* clang-format on */

static void test_number(void **state)
{
    const struct skeym_observation_value value = {skeym_vitals_find("SpO2", "%"), 97.0, 1, false};

    (void)state;
    assert_int_equal(skeym_observation_number(room, &size, &what, &value), SKEYM_OK);
    assert_text(want_number);
}

static void test_digits(void **state)
{
    static const struct {
        double value;
        unsigned decimals;
        const char *want;
    } cases[] = {
        {84.5, 1, "\"value\":84.5,"},          {84.5, 0, "\"value\":85,"},
        {84.0, 2, "\"value\":84.00,"},         {-0.05, 2, "\"value\":-0.05,"},
        {1e6, 6, "\"value\":1000000.000000,"}, {0.1 + 0.2, 3, "\"value\":0.300,"},
        {36.65, 2, "\"value\":36.65,"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct skeym_observation_value value = {skeym_vitals_find("HR", "bpm"),
                                                      cases[i].value, cases[i].decimals, false};
        assert_int_equal(skeym_observation_number(room, &size, &what, &value), SKEYM_OK);
        buffer[size] = '\0';
        assert_non_null(strstr((const char *)buffer, cases[i].want));
    }
}

static void test_panel(void **state)
{
    const struct skeym_observation_value parts[] = {
        {skeym_vitals_find("NBPSys", "mmHg"), 107, 0, false},
        {skeym_vitals_find("NBPDias", "mmHg"), 0, 0, true},
    };
    (void)state;
    assert_int_equal(skeym_observation_panel(room, &size, &what, parts, 2), SKEYM_OK);
    assert_text(want_panel);
}

static void test_panel_refused(void **state)
{
    struct skeym_observation_value parts[9];

    (void)state;
    for (size_t i = 0; i < 9; i++) {
        parts[i] =
            (struct skeym_observation_value){skeym_vitals_find("ABPSys", "mmHg"), 1, 0, true};
    }
    assert_int_equal(skeym_observation_panel(room, &size, &what, parts, 3), SKEYM_ERR_USAGE);
    parts[0].missing = false;
    assert_int_equal(skeym_observation_panel(room, &size, &what, parts, 8), SKEYM_OK);
    assert_int_equal(skeym_observation_panel(room, &size, &what, parts, 9), SKEYM_ERR_USAGE);
    assert_int_equal(skeym_observation_panel(room, &size, &what, parts, 0), SKEYM_ERR_USAGE);
    assert_int_equal(size, 0);
    parts[1].vital = skeym_vitals_find("NBPDias", "mmHg");
    assert_int_equal(skeym_observation_panel(room, &size, &what, parts, 2), SKEYM_ERR_USAGE);
    parts[1].vital = parts[0].vital;
    parts[1].missing = false;
    parts[1].value = NAN;
    assert_int_equal(skeym_observation_panel(room, &size, &what, parts, 2), SKEYM_ERR_RANGE);
    parts[0].vital = parts[1].vital = skeym_vitals_find("HR", "bpm");
    parts[1].value = 1;
    assert_int_equal(skeym_observation_panel(room, &size, &what, parts, 2), SKEYM_ERR_USAGE);
}

static void test_wave(void **state)
{
    static const int32_t samples[] = {995, 0, -2048, -7, INT32_MIN, INT32_MAX};
    const struct skeym_observation_wave wave = {
        skeym_vitals_find_wave("MLII", "mV"), "MLII", samples, 6, 200, 360, 1024, -2048};

    (void)state;
    assert_int_equal(skeym_observation_wave(room, &size, &what, &wave), SKEYM_OK);
    assert_text(want_wave);
}

static void test_wave_without_unit(void **state)
{
    static const int32_t samples[] = {1};
    const struct skeym_observation_wave wave = {
        skeym_vitals_find_wave("PLETH", "NU"), NULL, samples, 1, 1250, 250, 0, 0};
    const struct skeym_observation no_device = {"r-1", "123", NULL, 0};

    (void)state;
    assert_int_equal(skeym_observation_wave(room, &size, &no_device, &wave), SKEYM_OK);
    buffer[size] = '\0';
    assert_non_null(strstr((const char *)buffer, "\"text\":\"Plethysmogram\""));
    assert_non_null(strstr((const char *)buffer, "\"origin\":{\"value\":0,\"unit\":\"NU\"},"
                                                 "\"period\":4,\"factor\":0.0008,"));
    assert_non_null(strstr((const char *)buffer, "\"1970-01-01T00:00:00.000Z\""));
    assert_null(strstr((const char *)buffer, "device"));
}

static void test_wave_refused(void **state)
{
    static const int32_t sample = 1;
    const struct skeym_observation_wave good = {
        skeym_vitals_find_wave("II", "mV"), NULL, &sample, 1, 200, 360, 0, 0};
    struct skeym_observation_wave bad[9];

    (void)state;
    for (size_t i = 0; i < 9; i++) {
        bad[i] = good;
    }
    bad[0].count = 0;
    bad[1].count = SKEYM_OBSERVATION_SAMPLES + 1;
    bad[2].gain = 0;
    bad[3].gain = NAN;
    bad[4].gain = INFINITY;
    bad[5].frequency = 0;
    bad[6].frequency = -1;
    bad[7].frequency = NAN;
    bad[8].frequency = INFINITY;
    for (size_t i = 0; i < 9; i++) {
        size = 1;
        assert_int_equal(skeym_observation_wave(room, &size, &what, &bad[i]), SKEYM_ERR_RANGE);
        assert_int_equal(size, 0);
    }
    assert_int_equal(skeym_observation_wave(room, &size, &what, &good), SKEYM_OK);
}

#define ID_64 "1234567890123456789012345678901234567890123456789012345678901234"
static const char too_long[] = ID_64 "5";

static void test_ids(void **state)
{
    static const char *const bad[] = {"",    "a/b",    "a b",  "a\"b",    "a|b",
                                      "a_b", too_long, "../x", "\xc3\xa9"};
    const struct skeym_observation_value value = {skeym_vitals_find("HR", "bpm"), 60, 0, false};
    char query[128];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct skeym_observation broken[3] = {what, what, what};
        broken[0].id = bad[i];
        broken[1].patient = bad[i];
        broken[2].device = bad[i];
        for (size_t k = 0; k < 3; k++) {
            size = 1;
            assert_int_equal(skeym_observation_number(room, &size, &broken[k], &value),
                             SKEYM_ERR_CHARSET);
            assert_int_equal(size, 0);
        }
        assert_int_equal(skeym_observation_query(query, sizeof query, bad[i]), SKEYM_ERR_CHARSET);
        assert_string_equal(query, "");
        const struct skeym_observation_entry entry = {skeym_span_text("{}"), bad[i]};
        assert_int_equal(skeym_observation_bundle(room, &size, true, &entry, 1), SKEYM_ERR_CHARSET);
    }
    assert_true(skeym_observation_is_id(ID_64));
    assert_true(skeym_observation_is_id("azAZ09.-"));
    assert_int_equal(skeym_observation_query(query, sizeof query, "a.1"), SKEYM_OK);
    assert_string_equal(query, "identifier=urn:skeym:reading|a.1");
    assert_int_equal(skeym_observation_query(query, 33, "a.1"), SKEYM_OK);
    assert_int_equal(skeym_observation_query(query, 32, "a.1"), SKEYM_ERR_SPACE);
    assert_int_equal(skeym_observation_query(NULL, 0, "a.1"), SKEYM_ERR_SPACE);
}

static void test_number_refused(void **state)
{
    static const struct {
        double value;
        unsigned decimals;
    } bad[] = {{NAN, 0}, {INFINITY, 0}, {-INFINITY, 0}, {1000001, 0}, {1, 7}};
    struct skeym_observation_value value = {skeym_vitals_find("HR", "bpm"), 60, 0, false};
    struct skeym_observation late = what;

    (void)state;
    late.time_ms = 253402300799999;
    assert_int_equal(skeym_observation_number(room, &size, &late, &value), SKEYM_OK);
    buffer[size] = '\0';
    assert_non_null(strstr((const char *)buffer, "9999-12-31T23:59:59.999Z"));
    late.time_ms++;
    assert_int_equal(skeym_observation_number(room, &size, &late, &value), SKEYM_ERR_RANGE);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        value.value = bad[i].value;
        value.decimals = bad[i].decimals;
        assert_int_equal(skeym_observation_number(room, &size, &what, &value), SKEYM_ERR_RANGE);
        assert_int_equal(size, 0);
    }
    value.missing = true;
    assert_int_equal(skeym_observation_number(room, &size, &what, &value), SKEYM_ERR_USAGE);
}

static void test_space(void **state)
{
    const struct skeym_observation_value value = {skeym_vitals_find("HR", "bpm"), 60, 0, false};

    (void)state;
    assert_int_equal(skeym_observation_number(room, &size, &what, &value), SKEYM_OK);
    size_t need = size;
    struct skeym_room small = {buffer, need - 1};
    assert_int_equal(skeym_observation_number(small, &size, &what, &value), SKEYM_ERR_SPACE);
    assert_int_equal(size, 0);
    small.room = need;
    assert_int_equal(skeym_observation_number(small, &size, &what, &value), SKEYM_OK);
    assert_int_equal(size, need);
}

static void test_bundle(void **state)
{
    const struct skeym_observation_entry entries[] = {{skeym_span_text("{\"a\":1}"), "x"},
                                                      {skeym_span_text("{}"), "y.2"}};
#define REQUEST(id)                                                                                \
    ",\"request\":{\"method\":\"POST\",\"url\":\"Observation\",\"ifNoneExist\":"                   \
    "\"identifier=urn:skeym:reading|" id "\"}}"
    (void)state;
    assert_int_equal(skeym_observation_bundle(room, &size, true, entries, 2), SKEYM_OK);
    assert_text("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["
                "{\"resource\":{\"a\":1}" REQUEST("x") ",{\"resource\":{}" REQUEST("y.2") "]}");
    struct json_object *root = json_tokener_parse((const char *)buffer);
    assert_non_null(root);
    json_object_put(root);
    const struct skeym_room small = {buffer, size - 1};
    assert_int_equal(skeym_observation_bundle(small, &size, true, entries, 2), SKEYM_ERR_SPACE);
    assert_int_equal(size, 0);
    assert_int_equal(skeym_observation_bundle(room, &size, true, entries, 0), SKEYM_ERR_USAGE);
    assert_int_equal(skeym_observation_bundle(room, &size, false, entries, 1), SKEYM_OK);
    assert_text("{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":["
                "{\"resource\":{\"a\":1}" REQUEST("x") "]}");
}

/* Every entry of the tables makes JSON that another parser takes. */
static void test_all_tables(void **state)
{
    static const int32_t sample = 5;

    (void)state;
    for (size_t i = 0; skeym_vitals_at(i) != NULL; i++) {
        const struct skeym_observation_value value = {skeym_vitals_at(i), 50, 0, false};
        assert_int_equal(skeym_observation_number(room, &size, &what, &value), SKEYM_OK);
        buffer[size] = '\0';
        struct json_object *root = json_tokener_parse((const char *)buffer);
        assert_non_null(root);
        json_object_put(root);
    }
    for (size_t i = 0; skeym_vitals_wave_at(i) != NULL; i++) {
        const struct skeym_observation_wave wave = {
            skeym_vitals_wave_at(i), NULL, &sample, 1, 3, 125, 7, 0};
        assert_int_equal(skeym_observation_wave(room, &size, &what, &wave), SKEYM_OK);
        buffer[size] = '\0';
        struct json_object *root = json_tokener_parse((const char *)buffer);
        struct json_object *data = NULL;
        struct json_object *factor = NULL;
        assert_true(json_object_object_get_ex(root, "valueSampledData", &data));
        assert_true(json_object_object_get_ex(data, "factor", &factor));
        assert_true(json_object_get_double(factor) == 1.0 / 3);
        json_object_put(root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number),         cmocka_unit_test(test_digits),
        cmocka_unit_test(test_panel),          cmocka_unit_test(test_panel_refused),
        cmocka_unit_test(test_wave),           cmocka_unit_test(test_wave_without_unit),
        cmocka_unit_test(test_wave_refused),   cmocka_unit_test(test_ids),
        cmocka_unit_test(test_number_refused), cmocka_unit_test(test_space),
        cmocka_unit_test(test_bundle),         cmocka_unit_test(test_all_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
