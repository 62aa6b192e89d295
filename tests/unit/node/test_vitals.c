/* SPDX-License-Identifier: Apache-2.0 */
#include "node/vitals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_names_and_codes(void **state)
{
    static const struct {
        const char *name;
        const char *units;
        const char *code;
        const char *second;
        const char *ucum;
    } cases[] = {
        {"HR", "bpm", "8867-4", "147842", "/min"},
        {"PULSE", "bpm", "8867-4", "8889-8", "/min"},
        {"RESP", "pm", "9279-1", "151562", "/min"},
        {"SpO2", "%", "2708-6", "59408-5", "%"},
        {"Temp", "degC", "8310-5", NULL, "Cel"},
        {"ABPSys", "mmHg", "8480-6", "76215-3", "mm[Hg]"},
        {"ABPDias", "mmHg", "8462-4", "76213-8", "mm[Hg]"},
        {"ABPMean", "mmHg", "8478-0", "76214-6", "mm[Hg]"},
        {"NBPSys", "mmHg", "8480-6", "76534-7", "mm[Hg]"},
        {"NBPDias", "mmHg", "8462-4", "76535-4", "mm[Hg]"},
        {"NBPMean", "mmHg", "8478-0", "76536-2", "mm[Hg]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct skeym_vital *vital = skeym_vitals_find(cases[i].name, cases[i].units);
        assert_non_null(vital);
        assert_string_equal(vital->codes[0].code, cases[i].code);
        assert_string_equal(vital->codes[0].system, SKEYM_VITALS_LOINC);
        assert_string_equal(vital->ucum, cases[i].ucum);
        if (cases[i].second != NULL) {
            assert_string_equal(vital->codes[1].code, cases[i].second);
        } else {
            assert_null(vital->codes[1].system);
        }
    }
    assert_null(skeym_vitals_at(sizeof cases / sizeof cases[0]));
    assert_null(skeym_vitals_find("CVP", "mmHg"));
    assert_null(skeym_vitals_find("Temp", "degF")); /* never sent as Celsius */
    assert_null(skeym_vitals_find("HR", "mV"));
}

/* LOINC codes end in a check digit (Luhn, mod 10). */
static bool loinc_good(const char *code)
{
    size_t digits = strcspn(code, "-");
    int sum = 0;

    for (size_t i = 0; i < digits; i++) {
        int digit = code[digits - 1 - i] - '0';
        digit = i % 2 == 0 ? 2 * digit : digit;
        sum += digit > 9 ? digit - 9 : digit;
    }
    return code[digits] == '-' && code[digits + 1] - '0' == (10 - sum % 10) % 10 &&
           code[digits + 2] == '\0';
}

static void test_tables_are_whole(void **state)
{
    size_t codes = 0;

    (void)state;
    assert_true(loinc_good(skeym_vitals_pressure_panel.code));
    for (size_t i = 0; skeym_vitals_at(i) != NULL; i++) {
        const struct skeym_vital *vital = skeym_vitals_at(i);
        assert_true(vital->low > 0 && vital->low < vital->high);
        assert_true((vital->panel != SKEYM_VITAL_ALONE) == (strcmp(vital->ucum, "mm[Hg]") == 0));
        for (size_t k = 0; k < SKEYM_VITALS_CODES && vital->codes[k].system != NULL; k++) {
            bool loinc = strcmp(vital->codes[k].system, SKEYM_VITALS_LOINC) == 0;
            assert_true(!loinc || loinc_good(vital->codes[k].code));
            codes++;
        }
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(skeym_vitals_at(k)->name, vital->name);
        }
    }
    assert_true(codes > 20);
    for (size_t i = 0; skeym_vitals_wave_at(i) != NULL; i++) {
        const struct skeym_vital_wave *wave = skeym_vitals_wave_at(i);
        unsigned long code = strtoul(wave->code.code, NULL, 10);
        assert_string_equal(wave->code.system, SKEYM_VITALS_MDC);
        /* ECG leads are codes of the partition 2 (SCADA) */
        assert_int_equal(code >> 16, 2);
        assert_ptr_equal(skeym_vitals_find_wave(wave->name, wave->unit), wave);
    }
}

static void test_waves(void **state)
{
    (void)state;
    assert_string_equal(skeym_vitals_find_wave("II", "mV")->code.code, "131330");
    assert_string_equal(skeym_vitals_find_wave("MLII", "mV")->code.code, "131330");
    assert_string_equal(skeym_vitals_find_wave("aVR", "mV")->code.code, "131390");
    assert_string_equal(skeym_vitals_find_wave("PLETH", "NU")->code.code, "150452");
    assert_string_equal(skeym_vitals_find_wave("RESP", "NU")->code.code, "151780");
    assert_string_equal(skeym_vitals_find_wave("RESP", "pm")->code.code, "151780");
    assert_string_equal(skeym_vitals_find_wave("ECG Lead X", "mV")->code.code, "131328");
    assert_null(skeym_vitals_find_wave("CVP", "mmHg"));
    assert_null(skeym_vitals_find_wave("ABP", "mV"));
}

static void test_state(void **state)
{
    const struct skeym_vital *spo2 = skeym_vitals_find("SpO2", "%");

    (void)state;
    assert_int_equal(skeym_vitals_state(spo2, 97), SKEYM_VITAL_GOOD);
    assert_int_equal(skeym_vitals_state(spo2, 100), SKEYM_VITAL_GOOD);
    assert_int_equal(skeym_vitals_state(spo2, 20), SKEYM_VITAL_GOOD);
    assert_int_equal(skeym_vitals_state(spo2, 0), SKEYM_VITAL_DROPOUT);
    assert_int_equal(skeym_vitals_state(spo2, NAN), SKEYM_VITAL_DROPOUT);
    assert_int_equal(skeym_vitals_state(spo2, 100.1), SKEYM_VITAL_IMPLAUSIBLE);
    assert_int_equal(skeym_vitals_state(spo2, 19.9), SKEYM_VITAL_IMPLAUSIBLE);
    assert_int_equal(skeym_vitals_state(spo2, -INFINITY), SKEYM_VITAL_IMPLAUSIBLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_codes),
        cmocka_unit_test(test_tables_are_whole),
        cmocka_unit_test(test_waves),
        cmocka_unit_test(test_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
