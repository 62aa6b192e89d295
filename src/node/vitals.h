/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a monitor measures, in the words of the hospital: one table of vital signs and one of
 * waveforms, from the names in WFDB headers to LOINC and ISO/IEEE 11073 (MDC) codes and UCUM
 * units. A name without an entry is not sent.
 *
 * "RESP" is in both: a rate in per-minute numerics, an impedance wave among the waveforms. The
 * caller knows which it has: numerics come once a second or slower.
 */
#ifndef SKEYM_NODE_VITALS_H
#define SKEYM_NODE_VITALS_H

#include <skeym/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKEYM_VITALS_LOINC "http://loinc.org"
#define SKEYM_VITALS_MDC   "urn:iso:std:iso:11073:10101"
#define SKEYM_VITALS_UCUM  "http://unitsofmeasure.org"
#define SKEYM_VITALS_CODES 3

/* A pressure belongs to a panel, whose parts are sent together, as FHIR's profile wants it. */
enum skeym_vital_panel { SKEYM_VITAL_ALONE, SKEYM_VITAL_ARTERIAL, SKEYM_VITAL_CUFF };

struct skeym_vital_code {
    const char *system; /* NULL ends the list */
    const char *code;
    const char *display;
};

struct skeym_vital {
    const char *name;    /* in WFDB headers */
    const char *display; /* for people */
    struct skeym_vital_code codes[SKEYM_VITALS_CODES];
    const char *unit; /* for people */
    const char *ucum;
    double low; /* a living patient's value lies in low to high */
    double high;
    enum skeym_vital_panel panel;
};

struct skeym_vital_wave {
    const char *name;
    const char *display;
    struct skeym_vital_code code;
    const char *unit;
    const char *ucum; /* NULL: no unit that UCUM knows */
};

/* 85354-9: systolic, diastolic and mean together. */
extern const struct skeym_vital_code skeym_vitals_pressure_panel;

/* The tables, for those who walk them; NULL past the end. */
const struct skeym_vital *skeym_vitals_at(size_t index);
const struct skeym_vital_wave *skeym_vitals_wave_at(size_t index);

/* By the description and the units of a WFDB signal; NULL when the name is unknown or the units
 * are not those of the table (a temperature in Fahrenheit, say). */
const struct skeym_vital *skeym_vitals_find(const char *name, const char *units);
/* The same for waveforms; an unknown name in mV is an ECG without a lead. */
const struct skeym_vital_wave *skeym_vitals_find_wave(const char *name, const char *units);

enum skeym_vital_state {
    SKEYM_VITAL_GOOD,
    SKEYM_VITAL_DROPOUT,    /* 0: the sensor gave nothing. Also NaN. No reading is sent. */
    SKEYM_VITAL_IMPLAUSIBLE /* outside of low to high */
};
enum skeym_vital_state skeym_vitals_state(const struct skeym_vital *vital, double value);

#endif
