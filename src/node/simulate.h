/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A patient that does not exist: signals and numerics for a device without a record.
 *
 * The ECG is the dynamical model of McSharry, Clifford, Tarassenko and Smith (IEEE Trans. Biomed.
 * Eng. 50(3), 2003): a point runs around a unit circle, one turn a beat, and five Gaussian events
 * push its height into P, Q, R, S and T. Its z is taken as a lead II in mV. The RR intervals do
 * not come from an inverse Fourier transform as in the paper but from a sum with the same two
 * peaks of the spectrum: a Mayer wave of 0.1 Hz (LF), the respiration (HF), and some noise.
 * Pressure and plethysmogram follow the same beat later; respiration is a wave of its own.
 *
 * Deterministic: the same options give the same samples, on the same build of the program. The
 * random numbers are xoshiro256** seeded by splitmix64 (Blackman and Vigna): good statistics, no
 * cryptography, never for keys. No I/O, no clock, no allocation.
 */
#ifndef SKEYM_NODE_SIMULATE_H
#define SKEYM_NODE_SIMULATE_H

#include "node/lead.h"

#include <skeym/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From start_s on, over duration_s, a patient gets worse and stays so, as a row of illness.h says.
 * A heart that stops does so at once. */
struct skeym_simulate_deterioration {
    double start_s;
    double duration_s; /* 0: at once */
    double severity;   /* 0: none, to 1 */
    size_t illness;    /* skeym_illness_at; 0: shock */
};

struct skeym_simulate_options {
    uint64_t seed;
    double frequency;   /* samples a second, 50 to 2000 */
    double heart_rate;  /* beats/minute, 30 to 200 */
    double variability; /* standard deviation of the heart rate, beats/minute, 0 to 10 */
    double breath_rate; /* breaths/minute, 4 to 60 */
    double saturation;  /* %, 50 to 100 */
    double systolic;    /* mmHg, 60 to 240 */
    double diastolic;   /* mmHg, 30 to 150, at least 10 below systolic */
    double temperature; /* Cel, 30 to 43 */
    bool leads;         /* all twelve of the ECG, not II alone; nothing else is other for it */
    struct skeym_simulate_deterioration worse;
};

/* A healthy adult at rest, 250 Hz, seed 1. */
struct skeym_simulate_options skeym_simulate_healthy(void);

enum {
    SKEYM_SIMULATE_ECG,
    SKEYM_SIMULATE_PLETH,
    SKEYM_SIMULATE_RESP,
    SKEYM_SIMULATE_ABP,
    SKEYM_SIMULATE_LEAD, /* the first of lead.h; zeros without the option */
    SKEYM_SIMULATE_WAVES = SKEYM_SIMULATE_LEAD + SKEYM_LEADS
};

/* How a wave would stand in a WFDB header. */
struct skeym_simulate_wave {
    const char *name;
    const char *units;
    double gain;
    int32_t baseline;
};
const struct skeym_simulate_wave *skeym_simulate_wave(unsigned wave); /* NULL: no such wave */

struct skeym_simulate_sample {
    double value[SKEYM_SIMULATE_WAVES]; /* in the units above */
    int32_t raw[SKEYM_SIMULATE_WAVES];  /* what a 12-bit converter makes of it, never -2048 */
};

struct skeym_simulate_numerics {
    double heart_rate;
    double pulse;
    double breath_rate;
    double saturation;
    double systolic;
    double diastolic;
    double mean;
    double temperature;
    bool
        asystole; /* no beat for 3 s: heart_rate 0 is a measurement. Pulse and SpO2 are dropouts. */
};

/* A value of numerics by its WFDB name ("HR", "PULSE", "RESP", "SpO2", "ABPSys", "ABPDias",
 * "ABPMean", "Temp"); 0, a dropout, for another name. */
double skeym_simulate_numeric(const struct skeym_simulate_numerics *of, const char *name);

/* Contents are private; public only for its size. */
struct skeym_simulate {
    struct skeym_simulate_options options;
    uint64_t random[4];
    uint64_t steps;     /* samples made */
    uint64_t second;    /* the last second whose drift is in */
    double point[3];    /* x, y, z of the ECG model */
    double omega;       /* its angular velocity, of this beat */
    double rate;        /* of this beat and the ones before, smoothed, beats/minute */
    double breath;      /* phase of the respiration, radians */
    double breath_rate; /* breaths/minute, now */
    double drift[5];    /* slow wandering: breath, saturation, systolic, diastolic, temperature */
    double shape_low[2];
    double shape_high[2];
    double shape_mean;
    double stopped_s; /* when the heart stopped; negative: it beats */
    double mayer;     /* phase of the 0.1 Hz wave at the start, radians */
};

/* SKEYM_ERR_RANGE when an option is out of the range above or no number. */
SKEYM_MUST_USE enum skeym_error skeym_simulate_init(struct skeym_simulate *out,
                                                    const struct skeym_simulate_options *options);
/* The next sample; the first is that of second 0. */
void skeym_simulate_step(struct skeym_simulate *patient, struct skeym_simulate_sample *out);
/* What a monitor shows now. */
void skeym_simulate_numerics(const struct skeym_simulate *patient,
                             struct skeym_simulate_numerics *out);
/* Seconds of the next sample. */
double skeym_simulate_time(const struct skeym_simulate *patient);

#endif
