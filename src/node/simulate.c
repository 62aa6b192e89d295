/* SPDX-License-Identifier: Apache-2.0 */
#include "node/simulate.h"

#include "node/illness.h"

#include <math.h>
#include <string.h>

#define TURN 6.283185307179586

enum { BREATH, SATURATION, SYSTOLIC, DIASTOLIC, TEMPERATURE, DRIFTS };
enum { PLETH_SHAPE, PRESSURE_SHAPE };

static const double substep_s = 1.0 / 500; /* the longest step of the integration */
static const double mayer_hz = 0.1;
static const double notice_s = 3; /* so long without a beat is asystole */

/* ---- random numbers (not for keys) ---- */

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static uint64_t next_bits(uint64_t s[4])
{
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

/* 0 to below 1 */
static double uniform(uint64_t s[4])
{
    return (double)(next_bits(s) >> 11) * 0x1p-53;
}

/* Mean 0, deviation 1, never beyond 6: the sum of twelve uniforms. */
static double normal(uint64_t s[4])
{
    double sum = -6;

    for (int i = 0; i < 12; i++) {
        sum += uniform(s);
    }
    return sum;
}

/* ---- the ECG ---- */

/* The paper's Table I: angle, strength and width of the events P, Q, R, S, T. */
static const struct event {
    double angle;
    double strength;
    double width;
} events[] = {
    {-TURN / 6, 1.2, 0.25}, {-TURN / 24, -5.0, 0.1}, {0, 30.0, 0.1},
    {TURN / 24, -7.5, 0.1}, {TURN / 4, 0.75, 0.4},
};

/* From the model's height to mV: an R of about 1 mV. */
static const double ecg_mv = 26;

/* The angle from -pi to pi. */
static double wrap(double angle)
{
    return angle - TURN * floor(angle / TURN + 0.5);
}

/* The derivative of (x, y, z). Other than in the paper, the push grows with omega, so that the
 * height of R does not shrink when the heart quickens. */
static void derive(double out[3], const double at[3], double omega, double z0)
{
    double alpha = 1 - sqrt(at[0] * at[0] + at[1] * at[1]);
    double angle = atan2(at[1], at[0]);
    double push = 0;

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        double d = wrap(angle - events[i].angle);
        double b = events[i].width;
        push += events[i].strength * d * exp(-d * d / (2 * b * b));
    }
    out[0] = alpha * at[0] - omega * at[1];
    out[1] = alpha * at[1] + omega * at[0];
    out[2] = -push * omega / TURN - (at[2] - z0);
}

static void step_along(double out[3], const double at[3], const double slope[3], double by)
{
    for (int i = 0; i < 3; i++) {
        out[i] = at[i] + by * slope[i];
    }
}

/* One step of the classical Runge-Kutta method of fourth order. */
static void integrate(double at[3], double omega, double z0, double dt)
{
    double k[4][3];
    double mid[3];

    derive(k[0], at, omega, z0);
    step_along(mid, at, k[0], dt / 2);
    derive(k[1], mid, omega, z0);
    step_along(mid, at, k[1], dt / 2);
    derive(k[2], mid, omega, z0);
    step_along(mid, at, k[2], dt);
    derive(k[3], mid, omega, z0);
    for (int i = 0; i < 3; i++) {
        at[i] += dt / 6 * (k[0][i] + 2 * k[1][i] + 2 * k[2][i] + k[3][i]);
    }
}

/* ---- the pulse: what arrives of a beat, as a sum of two bells ---- */

static const struct pulse {
    double delay; /* of its foot after R, radians: constant, so that no beat tears */
    double rise;  /* where the first bell stands, and how wide */
    double rise_width;
    double wave; /* the reflected wave behind the notch */
    double wave_width;
    double wave_size;
} pulses[] = {
    [PLETH_SHAPE] = {1.6, 1.3, 0.55, 3.0, 0.8, 0.45},
    [PRESSURE_SHAPE] = {1.1, 1.1, 0.5, 2.7, 0.75, 0.5},
};

static double bell(double angle, double width)
{
    double d = wrap(angle);

    return exp(-d * d / (2 * width * width));
}

static double pulse_height(const struct pulse *pulse, double beat)
{
    double angle = beat - pulse->delay;

    return bell(angle - pulse->rise, pulse->rise_width) +
           pulse->wave_size * bell(angle - pulse->wave, pulse->wave_width);
}

/* Finds the bounds of the shapes, so that a pulse runs from 0 to 1, and the mean of the pressure.
 */
static void measure_shapes(struct skeym_simulate *patient)
{
    enum { POINTS = 720 };
    double sum = 0;

    for (int shape = 0; shape < 2; shape++) {
        patient->shape_low[shape] = 1e9;
        patient->shape_high[shape] = -1e9;
        sum = 0;
        for (int i = 0; i < POINTS; i++) {
            double height = pulse_height(&pulses[shape], TURN * i / POINTS);
            patient->shape_low[shape] = fmin(patient->shape_low[shape], height);
            patient->shape_high[shape] = fmax(patient->shape_high[shape], height);
            sum += height;
        }
    }
    patient->shape_mean =
        (sum / POINTS - patient->shape_low[PRESSURE_SHAPE]) /
        (patient->shape_high[PRESSURE_SHAPE] - patient->shape_low[PRESSURE_SHAPE]);
}

static double pulse_part(const struct skeym_simulate *patient, int shape, double beat)
{
    return (pulse_height(&pulses[shape], beat) - patient->shape_low[shape]) /
           (patient->shape_high[shape] - patient->shape_low[shape]);
}

/* ---- the course of things ---- */

double skeym_simulate_time(const struct skeym_simulate *patient)
{
    return (double)patient->steps / patient->options.frequency;
}

static double clamp(double value, double low, double high)
{
    return fmin(fmax(value, low), high);
}

static const struct skeym_illness *illness(const struct skeym_simulate *patient)
{
    return skeym_illness_at(patient->options.worse.illness);
}

/* 0 to 1: how much worse than at the beginning */
static double decline(const struct skeym_simulate *patient)
{
    const struct skeym_simulate_deterioration *worse = &patient->options.worse;
    double since = skeym_simulate_time(patient) - worse->start_s;

    if (since < 0) {
        return 0;
    }
    return worse->severity * (worse->duration_s > 0 ? fmin(since / worse->duration_s, 1) : 1);
}

/* 1 while the heart beats; then what flows ebbs away within some seconds. */
static double ebb(const struct skeym_simulate *patient, double seconds)
{
    double since = skeym_simulate_time(patient) - patient->stopped_s;

    return patient->stopped_s < 0 ? 1 : exp(-since / seconds);
}

/* The next beat's RR interval: LF and HF waves of equal size, and noise, together the variability
 * that was asked for. */
static void begin_beat(struct skeym_simulate *patient)
{
    const struct skeym_simulate_options *options = &patient->options;
    double mayer = sin(patient->mayer + TURN * mayer_hz * skeym_simulate_time(patient));
    double deviation = options->variability *
                       (0.9 * mayer + 0.9 * sin(patient->breath) + 0.4 * normal(patient->random));
    double base = options->heart_rate + illness(patient)->heart_rate * decline(patient);
    double rate = clamp(base + deviation, 25, 270);
    bool begun = skeym_simulate_time(patient) >= options->worse.start_s;

    if (illness(patient)->stops_heart && options->worse.severity > 0 && begun) {
        patient->omega = 0;
        patient->stopped_s = skeym_simulate_time(patient);
        return;
    }
    patient->omega = TURN * rate / 60;
    patient->rate += 0.2 * (rate - patient->rate);
}

/* Once a second: each drift wanders and is drawn back (an Ornstein-Uhlenbeck process). */
static void wander(struct skeym_simulate *patient)
{
    static const struct {
        double pull;
        double push;
    } drifts[DRIFTS] = {
        [BREATH] = {0.02, 0.10},    [SATURATION] = {0.02, 0.06},    [SYSTOLIC] = {0.01, 0.30},
        [DIASTOLIC] = {0.01, 0.20}, [TEMPERATURE] = {0.002, 0.003},
    };

    for (int i = 0; i < DRIFTS; i++) {
        patient->drift[i] +=
            drifts[i].push * normal(patient->random) - drifts[i].pull * patient->drift[i];
    }
    patient->breath_rate = clamp(patient->options.breath_rate + patient->drift[BREATH] +
                                     illness(patient)->breath_rate * decline(patient),
                                 3, 80);
}

/* Without beats the pressure falls to that of a standing circulation. */
static double systolic_now(const struct skeym_simulate *patient)
{
    double change = patient->drift[SYSTOLIC] + illness(patient)->systolic * decline(patient);
    double value = clamp(patient->options.systolic + change, 30, 260);

    return 26 + (value - 26) * ebb(patient, 6);
}

static double diastolic_now(const struct skeym_simulate *patient)
{
    double change = patient->drift[DIASTOLIC] + illness(patient)->diastolic * decline(patient);
    double value = patient->options.diastolic + change;

    return clamp(20 + (value - 20) * ebb(patient, 6), 15, systolic_now(patient) - 5);
}

static void advance(struct skeym_simulate *patient)
{
    double dt = 1 / patient->options.frequency;
    int parts = (int)ceil(dt / substep_s);
    double part = dt / parts;

    for (int i = 0; i < parts; i++) {
        double before = atan2(patient->point[1], patient->point[0]);
        integrate(patient->point, patient->omega, 0.005 * sin(patient->breath), part);
        patient->breath = fmod(patient->breath + TURN * patient->breath_rate / 60 * part, TURN);
        if (atan2(patient->point[1], patient->point[0]) < before - TURN / 2) {
            begin_beat(patient); /* past pi: the next one */
        }
    }
    patient->steps++;
    uint64_t second = (uint64_t)skeym_simulate_time(patient);
    if (second != patient->second) {
        patient->second = second;
        wander(patient);
    }
}

/* ---- what is seen of it ---- */

#define LEAD(name)                                                                                 \
    {                                                                                              \
        name, "mV", 200, 0                                                                         \
    }

static const struct skeym_simulate_wave waves[SKEYM_SIMULATE_WAVES] = {
    [SKEYM_SIMULATE_ECG] = {"II", "mV", 200, 0},
    [SKEYM_SIMULATE_PLETH] = {"PLETH", "NU", 1000, 0},
    [SKEYM_SIMULATE_RESP] = {"RESP", "NU", 1000, 0},
    [SKEYM_SIMULATE_ABP] = {"ABP", "mmHg", 10, -1000},
    [SKEYM_SIMULATE_LEAD] = LEAD("I"),
    LEAD("III"),
    LEAD("aVR"),
    LEAD("aVL"),
    LEAD("aVF"),
    LEAD("V1"),
    LEAD("V2"),
    LEAD("V3"),
    LEAD("V4"),
    LEAD("V5"),
    LEAD("V6"),
};

const struct skeym_simulate_wave *skeym_simulate_wave(unsigned wave)
{
    return wave < SKEYM_SIMULATE_WAVES ? &waves[wave] : NULL;
}

static void observe(struct skeym_simulate *patient, struct skeym_simulate_sample *out)
{
    double beat = atan2(patient->point[1], patient->point[0]);
    double breath = sin(patient->breath);
    double low = diastolic_now(patient);
    double high = systolic_now(patient);
    double healthy = patient->options.systolic - patient->options.diastolic;
    double strength = ebb(patient, 1) * clamp((high - low) / healthy, 0.2, 1);

    memset(out, 0, sizeof *out);
    out->value[SKEYM_SIMULATE_ECG] = ecg_mv * patient->point[2] + 0.01 * normal(patient->random);
    out->value[SKEYM_SIMULATE_PLETH] =
        (0.8 + 0.05 * breath) * strength * pulse_part(patient, PLETH_SHAPE, beat) + 0.1;
    out->value[SKEYM_SIMULATE_RESP] = 0.5 * breath + 0.08 * sin(2 * patient->breath);
    out->value[SKEYM_SIMULATE_ABP] =
        low + (high - low) * pulse_part(patient, PRESSURE_SHAPE, beat) + 1.5 * breath;
    if (patient->options.leads) {
        skeym_lead_values(out->value + SKEYM_SIMULATE_LEAD, beat, out->value[SKEYM_SIMULATE_ECG]);
    }
    for (int i = 0; i < SKEYM_SIMULATE_WAVES; i++) {
        double raw = out->value[i] * waves[i].gain + waves[i].baseline;
        out->raw[i] = (int32_t)lround(clamp(raw, -2047, 2047));
    }
}

void skeym_simulate_step(struct skeym_simulate *patient, struct skeym_simulate_sample *out)
{
    observe(patient, out);
    advance(patient);
}

void skeym_simulate_numerics(const struct skeym_simulate *patient,
                             struct skeym_simulate_numerics *out)
{
    double worse = decline(patient);
    const struct skeym_simulate_options *options = &patient->options;
    double saturation = patient->drift[SATURATION] + illness(patient)->saturation * worse;
    double temperature = patient->drift[TEMPERATURE] + illness(patient)->temperature * worse;

    out->asystole =
        patient->stopped_s >= 0 && skeym_simulate_time(patient) >= patient->stopped_s + notice_s;
    out->heart_rate = out->asystole ? 0 : patient->rate;
    out->pulse = out->heart_rate;
    out->breath_rate = patient->breath_rate;
    out->saturation = out->asystole ? 0 : clamp(options->saturation + saturation, 30, 100);
    out->systolic = systolic_now(patient);
    out->diastolic = diastolic_now(patient);
    out->mean = out->diastolic + (out->systolic - out->diastolic) * patient->shape_mean;
    out->temperature = clamp(options->temperature + temperature, 28, 44);
}

double skeym_simulate_numeric(const struct skeym_simulate_numerics *of, const char *name)
{
    const struct {
        const char *name;
        double value;
    } names[] = {
        {"HR", of->heart_rate},   {"PULSE", of->pulse},      {"RESP", of->breath_rate},
        {"SpO2", of->saturation}, {"ABPSys", of->systolic},  {"ABPDias", of->diastolic},
        {"ABPMean", of->mean},    {"Temp", of->temperature},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].value;
        }
    }
    return 0;
}

/* ---- the beginning ---- */

struct skeym_simulate_options skeym_simulate_healthy(void)
{
    return (struct skeym_simulate_options){
        .seed = 1,
        .frequency = 250,
        .heart_rate = 68,
        .variability = 2,
        .breath_rate = 14,
        .saturation = 97.5,
        .systolic = 118,
        .diastolic = 74,
        .temperature = 36.8,
    };
}

static bool in_range(const struct skeym_simulate_options *options)
{
    const struct {
        double value, low, high;
    } ranges[] = {
        {options->frequency, 50, 2000},   {options->heart_rate, 30, 200},
        {options->variability, 0, 10},    {options->breath_rate, 4, 60},
        {options->saturation, 50, 100},   {options->systolic, 60, 240},
        {options->diastolic, 30, 150},    {options->temperature, 30, 43},
        {options->worse.start_s, 0, 1e9}, {options->worse.duration_s, 0, 1e9},
        {options->worse.severity, 0, 1},  {options->systolic - options->diastolic, 10, 240},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (!(ranges[i].value >= ranges[i].low && ranges[i].value <= ranges[i].high)) {
            return false;
        }
    }
    return true;
}

enum skeym_error skeym_simulate_init(struct skeym_simulate *out,
                                     const struct skeym_simulate_options *options)
{
    uint64_t state = options->seed;

    memset(out, 0, sizeof *out);
    if (!in_range(options) || !skeym_illness_at(options->worse.illness)) {
        return SKEYM_ERR_RANGE;
    }
    out->options = *options;
    for (int i = 0; i < 4; i++) {
        out->random[i] = splitmix64(&state);
    }
    out->mayer = TURN * uniform(out->random);
    out->breath = TURN * uniform(out->random);
    out->breath_rate = options->breath_rate;
    out->rate = options->heart_rate;
    out->omega = TURN * options->heart_rate / 60;
    out->stopped_s = -1;
    out->point[0] = -1; /* half a turn before R */
    measure_shapes(out);
    return SKEYM_OK;
}
