/* SPDX-License-Identifier: Apache-2.0 */
#include "node/simulate.h"

#include "node/illness.h"
#include "node/vitals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

static struct skeym_simulate patient;
static struct skeym_simulate_sample sample;
static struct skeym_simulate_numerics numerics;

static void begin(const struct skeym_simulate_options *options)
{
    assert_int_equal(skeym_simulate_init(&patient, options), SKEYM_OK);
}

/* Beats/minute between the first and the last R of so many seconds; the lowest and the highest
 * RR interval go to rr. An R is a maximum above 0.5 mV, 0.2 s after the last. */
static double count_beats(double frequency, double seconds, double rr[2])
{
    double first = -1;
    double last = -1;
    double before[2] = {0, 0};
    int beats = 0;

    rr[0] = 1e9;
    rr[1] = 0;
    for (long i = 0; i < (long)(seconds * frequency); i++) {
        double at = (double)(i - 1) / frequency;
        skeym_simulate_step(&patient, &sample);
        double now = sample.value[SKEYM_SIMULATE_ECG];
        if (before[1] > 0.5 && before[1] >= before[0] && before[1] > now && at - last > 0.2) {
            if (beats > 0) {
                rr[0] = fmin(rr[0], at - last);
                rr[1] = fmax(rr[1], at - last);
            }
            first = beats == 0 ? at : first;
            last = at;
            beats++;
        }
        before[0] = before[1];
        before[1] = now;
    }
    return 60 * (beats - 1) / (last - first);
}

static void test_heart_rate(void **state)
{
    static const double rates[] = {35, 50, 68, 100, 140, 190};
    static const double frequencies[] = {125, 250, 360, 1000};
    double rr[2];

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        for (size_t k = 0; k < sizeof frequencies / sizeof frequencies[0]; k++) {
            struct skeym_simulate_options options = skeym_simulate_healthy();
            options.seed = 7 * i + k;
            options.heart_rate = rates[i];
            options.frequency = frequencies[k];
            begin(&options);
            double measured = count_beats(options.frequency, 60, rr);
            if (fabs(measured - rates[i]) > 2) {
                print_error("%g at %g Hz: %g\n", rates[i], frequencies[k], measured);
            }
            assert_true(fabs(measured - rates[i]) <= 2);
            skeym_simulate_numerics(&patient, &numerics);
            assert_true(fabs(numerics.heart_rate - rates[i]) < 8);
        }
    }
}

static void test_variability(void **state)
{
    struct skeym_simulate_options options = skeym_simulate_healthy();
    double rr[2];

    (void)state;
    options.heart_rate = 60;
    options.variability = 0;
    begin(&options);
    (void)count_beats(options.frequency, 60, rr);
    assert_true(rr[0] > 0.985 && rr[1] < 1.015);
    options.variability = 4;
    begin(&options);
    (void)count_beats(options.frequency, 60, rr);
    assert_true(rr[0] < 0.95 && rr[1] > 1.05);
}

/* The letters of a beat: P before R, Q and S below the line beside it, T after it. */
static void test_pqrst(void **state)
{
    struct skeym_simulate_options options = skeym_simulate_healthy();
    double ecg[500];
    int r = 125;

    (void)state;
    options.heart_rate = 60;
    options.variability = 0;
    begin(&options);
    for (int i = 0; i < 500; i++) { /* skip a beat, then two seconds */
        skeym_simulate_step(&patient, &sample);
    }
    for (int i = 0; i < 500; i++) {
        skeym_simulate_step(&patient, &sample);
        ecg[i] = sample.value[SKEYM_SIMULATE_ECG];
    }
    for (int i = 100; i < 350; i++) {
        r = ecg[i] > ecg[r] ? i : r;
    }
    double p = ecg[r - 40];
    double t = ecg[r + 65];
    double q = fmin(fmin(ecg[r - 9], ecg[r - 10]), ecg[r - 11]);
    double s = fmin(fmin(ecg[r + 10], ecg[r + 11]), ecg[r + 12]);
    assert_true(ecg[r] > 0.7 && ecg[r] < 1.5);
    assert_true(p > q + 0.05 && p < 0.4);
    assert_true(q < 0 && s < 0);
    assert_true(t > 0.1 && t < 0.6);
}

static void test_deterministic(void **state)
{
    struct skeym_simulate_options options = skeym_simulate_healthy();
    static struct skeym_simulate twin;
    struct skeym_simulate_sample other;
    bool differs = false;

    (void)state;
    begin(&options);
    assert_int_equal(skeym_simulate_init(&twin, &options), SKEYM_OK);
    for (int i = 0; i < 10000; i++) {
        skeym_simulate_step(&patient, &sample);
        skeym_simulate_step(&twin, &other);
        assert_memory_equal(sample.value, other.value, sizeof sample.value);
        assert_memory_equal(sample.raw, other.raw, sizeof sample.raw);
    }
    options.seed++;
    begin(&options);
    options.seed++;
    assert_int_equal(skeym_simulate_init(&twin, &options), SKEYM_OK);
    for (int i = 0; i < 1000; i++) {
        skeym_simulate_step(&patient, &sample);
        skeym_simulate_step(&twin, &other);
        differs = differs || memcmp(sample.raw, other.raw, sizeof sample.raw) != 0;
    }
    assert_true(differs);
}

/* The published first outputs of splitmix64 for seed 1234567 show that the generator is the one
 * that is named; xoshiro256** then starts from them. */
static void test_generator(void **state)
{
    static const uint64_t want[] = {6457827717110365317u, 3203168211198807973u,
                                    9817491932198370423u, 4593380528125082431u};
    struct skeym_simulate_options options = skeym_simulate_healthy();
    uint64_t s[4];

    (void)state;
    options.seed = 1234567;
    begin(&options);
    /* init draws two numbers: two steps of the published state */
    memcpy(s, want, sizeof s);
    for (int i = 0; i < 2; i++) {
        uint64_t shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3] << 45 | s[3] >> 19;
    }
    assert_memory_equal(patient.random, s, sizeof s);
}

static void assert_plausible(void)
{
    static const double low[] = {-1, 0, -1, 17, -2};
    static const double high[] = {2, 1, 1, 260, 2};

    for (unsigned i = 0; i < SKEYM_SIMULATE_WAVES; i++) {
        const struct skeym_simulate_wave *wave = skeym_simulate_wave(i);
        unsigned kind = i < SKEYM_SIMULATE_LEAD ? i : SKEYM_SIMULATE_LEAD;
        assert_true(sample.value[i] >= low[kind] && sample.value[i] <= high[kind]); /* not NaN */
        assert_true(sample.raw[i] > -2048 && sample.raw[i] < 2048);
        assert_true(fabs((sample.raw[i] - wave->baseline) / wave->gain - sample.value[i]) <=
                    0.51 / wave->gain);
    }
}

static void assert_numerics_plausible(void)
{
    for (size_t i = 0; skeym_vitals_at(i) != NULL; i++) {
        const struct skeym_vital *vital = skeym_vitals_at(i);
        if (vital->panel == SKEYM_VITAL_CUFF) {
            continue;
        }
        double value = skeym_simulate_numeric(&numerics, vital->name);
        assert_int_equal(skeym_vitals_state(vital, value), SKEYM_VITAL_GOOD);
    }
    assert_true(numerics.diastolic < numerics.mean && numerics.mean < numerics.systolic);
}

/* An hour, the second half of it as bad as it gets. */
static void test_an_hour(void **state)
{
    struct skeym_simulate_options options = skeym_simulate_healthy();

    (void)state;
    options.frequency = 125;
    options.variability = 10;
    options.worse = (struct skeym_simulate_deterioration){1500, 300, 1, 0};
    begin(&options);
    for (long i = 0; i < 3600L * 125; i++) {
        skeym_simulate_step(&patient, &sample);
        assert_plausible();
        if (i % 125 == 0) {
            skeym_simulate_numerics(&patient, &numerics);
            assert_numerics_plausible();
        }
    }
    assert_true(skeym_simulate_time(&patient) == 3600.0);
}

/* What the waves show is what the numerics say. */
static void test_waves_follow_numerics(void **state)
{
    struct skeym_simulate_options options = skeym_simulate_healthy();
    double low = 1e9;
    double high = 0;
    double sum = 0;
    int breaths = 0;
    double before = 0;

    (void)state;
    options.breath_rate = 15;
    begin(&options);
    for (int i = 0; i < 60 * 250; i++) {
        skeym_simulate_step(&patient, &sample);
        double pressure = sample.value[SKEYM_SIMULATE_ABP];
        low = fmin(low, pressure);
        high = fmax(high, pressure);
        sum += pressure;
        double breath = sample.value[SKEYM_SIMULATE_RESP];
        breaths += before < 0 && breath >= 0 ? 1 : 0;
        before = breath;
    }
    skeym_simulate_numerics(&patient, &numerics);
    assert_true(fabs(low - numerics.diastolic) < 5);
    assert_true(fabs(high - numerics.systolic) < 5);
    assert_true(fabs(sum / (60 * 250) - numerics.mean) < 4);
    assert_true(breaths >= 13 && breaths <= 17);
}

static void test_deterioration(void **state)
{
    struct skeym_simulate_options options = skeym_simulate_healthy();
    struct skeym_simulate_numerics before;
    double rr[2];

    (void)state;
    options.heart_rate = 70;
    options.worse = (struct skeym_simulate_deterioration){60, 30, 0.5, 0};
    begin(&options);
    assert_true(fabs(count_beats(250, 60, rr) - 70) <= 2);
    skeym_simulate_numerics(&patient, &before);
    (void)count_beats(250, 60, rr);
    assert_true(fabs(count_beats(250, 60, rr) - 100) <= 2);
    skeym_simulate_numerics(&patient, &numerics);
    assert_true(fabs(before.saturation - numerics.saturation - 7.5) < 2);
    assert_true(fabs(numerics.breath_rate - before.breath_rate - 7) < 3);
    assert_true(before.systolic - numerics.systolic > 8);
    assert_true(before.diastolic - numerics.diastolic > 3);
    assert_true(numerics.temperature > before.temperature + 0.4);

    options.worse = (struct skeym_simulate_deterioration){0, 0, 1, 0};
    begin(&options);
    (void)count_beats(250, 10, rr);
    assert_true(fabs(count_beats(250, 60, rr) - 130) <= 2);
}

static void run_for(int seconds)
{
    for (int i = 0; i < seconds * 250; i++) {
        skeym_simulate_step(&patient, &sample);
        assert_plausible();
    }
}

/* A patient with an illness from second 30 on, within 10 s, at second 70; `before` at second 30. */
static void fall_ill(const char *name, struct skeym_simulate_numerics *before)
{
    struct skeym_simulate_options options = skeym_simulate_healthy();

    options.leads = true;
    options.worse = (struct skeym_simulate_deterioration){30, 10, 1, skeym_illness_find(name)};
    begin(&options);
    run_for(30);
    skeym_simulate_numerics(&patient, before);
    run_for(40);
    skeym_simulate_numerics(&patient, &numerics);
}

static void test_illnesses(void **state)
{
    enum { MOST = 64 };
    static const struct {
        const char *name;
        double rate_low, rate_high, saturation_high, systolic_high, temperature_low;
    } want[] = {
        {"shock", 115, 145, 86, 95, 37.8},      {"desaturation", 80, 105, 81, 140, 36},
        {"tachycardia", 145, 170, 98, 105, 36}, {"bradycardia", 25, 40, 97, 100, 36},
        {"hypotension", 80, 105, 99, 80, 36},   {"fever", 90, 115, 99, 130, 39.3},
        {"asystole", 0, 0, 0, 30, 36},
    };
    struct skeym_simulate_numerics before;

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        fall_ill(want[i].name, &before);
        assert_true(before.heart_rate > 58 && before.heart_rate < 78 && before.saturation > 95);
        assert_true(before.systolic > 105 && before.temperature < 37.2 && !before.asystole);
        assert_true(numerics.heart_rate >= want[i].rate_low);
        assert_true(numerics.heart_rate <= want[i].rate_high);
        assert_true(numerics.saturation <= want[i].saturation_high);
        assert_true(numerics.systolic <= want[i].systolic_high);
        assert_true(numerics.temperature >= want[i].temperature_low);
        assert_true(numerics.diastolic < numerics.mean && numerics.mean < numerics.systolic);
        assert_int_equal(numerics.asystole, strcmp(want[i].name, "asystole") == 0);
    }
    for (size_t i = 0; skeym_illness_at(i); i++) {
        assert_true(i < MOST);
        assert_int_equal(skeym_illness_find(skeym_illness_at(i)->name), i);
    }
    assert_int_equal(skeym_illness_find("none"), sizeof want / sizeof want[0]);
}

/* The heart ends the beat under way and stands still; all that it drives ebbs away. */
static void test_asystole(void **state)
{
    struct skeym_simulate_options options = skeym_simulate_healthy();
    double pleth[2] = {1e9, -1e9};
    double rr[2];

    (void)state;
    options.worse = (struct skeym_simulate_deterioration){20, 0, 1, skeym_illness_find("asystole")};
    begin(&options);
    assert_true(fabs(count_beats(250, 20, rr) - 68) <= 4);
    run_for(2);
    skeym_simulate_numerics(&patient, &numerics);
    assert_false(numerics.asystole);
    assert_true(numerics.heart_rate > 55);
    run_for(4);
    skeym_simulate_numerics(&patient, &numerics);
    assert_true(numerics.asystole && numerics.heart_rate == 0 && numerics.pulse == 0);
    assert_true(numerics.saturation == 0);
    run_for(30);
    for (int i = 0; i < 20 * 250; i++) {
        skeym_simulate_step(&patient, &sample);
        assert_true(fabs(sample.value[SKEYM_SIMULATE_ECG]) < 0.2);
        assert_true(sample.value[SKEYM_SIMULATE_ABP] < 30);
        pleth[0] = fmin(pleth[0], sample.value[SKEYM_SIMULATE_PLETH]);
        pleth[1] = fmax(pleth[1], sample.value[SKEYM_SIMULATE_PLETH]);
    }
    assert_true(pleth[1] - pleth[0] < 0.01);
    options.worse.severity = 0; /* and without it, it does not stop */
    begin(&options);
    assert_true(fabs(count_beats(250, 60, rr) - 68) <= 2);
}

/* The other leads are those of lead II's beat, and are no other patient's. */
static void test_twelve_leads(void **state)
{
    struct skeym_simulate_options options = skeym_simulate_healthy();
    static struct skeym_simulate twin;
    struct skeym_simulate_sample other;
    const double *lead = sample.value + SKEYM_SIMULATE_LEAD;
    double high[SKEYM_LEADS] = {0};
    double low[SKEYM_LEADS] = {0};

    (void)state;
    assert_int_equal(skeym_simulate_init(&twin, &options), SKEYM_OK);
    options.leads = true;
    begin(&options);
    for (int i = 0; i < 10 * 250; i++) {
        skeym_simulate_step(&patient, &sample);
        skeym_simulate_step(&twin, &other);
        assert_memory_equal(sample.raw, other.raw, SKEYM_SIMULATE_LEAD * sizeof *sample.raw);
        double ii = sample.value[SKEYM_SIMULATE_ECG];
        assert_true(fabs(lead[0] + lead[1] - ii) < 1e-9);       /* I + III = II */
        assert_true(fabs(lead[2] + lead[3] + lead[4]) < 1e-9);  /* aVR + aVL + aVF = 0 */
        assert_true(fabs(lead[2] + (lead[0] + ii) / 2) < 1e-9); /* aVR */
        for (int k = 0; k < SKEYM_LEADS; k++) {
            assert_int_equal(other.raw[SKEYM_SIMULATE_LEAD + k], 0);
            high[k] = fmax(high[k], lead[k]);
            low[k] = fmin(low[k], lead[k]);
        }
    }
    assert_true(high[0] > 0.5 && low[2] < -0.5 && high[4] > 0.4);     /* I, aVR, aVF */
    assert_true(low[5] < -0.8 && high[5] < 0.3 && high[9] > 1.1);     /* V1's S, V5's R */
    assert_true(low[6] < low[5] && low[7] < -0.8 && low[10] > -0.15); /* V2, V3, V6 */
}

static void test_options_refused(void **state)
{
    const struct skeym_simulate_options good = skeym_simulate_healthy();
    struct skeym_simulate_options bad[15];
    static const struct skeym_simulate zero;
    const size_t count = sizeof bad / sizeof bad[0];

    (void)state;
    for (size_t i = 0; i < count; i++) {
        bad[i] = good;
    }
    bad[0].frequency = 49;
    bad[1].frequency = NAN;
    bad[2].heart_rate = 29;
    bad[3].heart_rate = 201;
    bad[4].variability = -1;
    bad[5].breath_rate = 3;
    bad[6].saturation = 101;
    bad[7].systolic = 241;
    bad[8].diastolic = 29;
    bad[9].temperature = 44;
    bad[10].worse.severity = 1.1;
    bad[11].worse.start_s = -1;
    bad[12].worse.duration_s = INFINITY;
    bad[13].diastolic = good.systolic - 9;
    for (bad[14].worse.illness = 0; skeym_illness_at(bad[14].worse.illness);) {
        bad[14].worse.illness++;
    }
    for (size_t i = 0; i < count; i++) {
        memset(&patient, 1, sizeof patient);
        assert_int_equal(skeym_simulate_init(&patient, &bad[i]), SKEYM_ERR_RANGE);
        assert_memory_equal(&patient, &zero, sizeof zero);
    }
    begin(&good);
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SKEYM_SIMULATE_WAVES; i++) {
        const struct skeym_simulate_wave *wave = skeym_simulate_wave(i);
        assert_non_null(skeym_vitals_find_wave(wave->name, wave->units));
    }
    assert_null(skeym_simulate_wave(SKEYM_SIMULATE_WAVES));
    numerics.heart_rate = 60;
    assert_true(skeym_simulate_numeric(&numerics, "HR") == 60);
    assert_true(skeym_simulate_numeric(&numerics, "NBPSys") == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heart_rate),
        cmocka_unit_test(test_variability),
        cmocka_unit_test(test_pqrst),
        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_generator),
        cmocka_unit_test(test_an_hour),
        cmocka_unit_test(test_waves_follow_numerics),
        cmocka_unit_test(test_deterioration),
        cmocka_unit_test(test_illnesses),
        cmocka_unit_test(test_asystole),
        cmocka_unit_test(test_twelve_leads),
        cmocka_unit_test(test_options_refused),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
