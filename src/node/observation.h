/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings as FHIR R4 Observations in JSON. Pure: into the caller's buffer, no I/O.
 *
 * Every Observation has status "final", a subject, a device and an identifier
 * {SKEYM_OBSERVATION_SYSTEM, id}, by which a repeated POST is recognised (If-None-Exist). Numbers
 * are written with the digits that the converter has, not with those of a double.
 *
 * Physical value of a wave's sample: origin + factor * sample, with factor = 1 / gain and
 * origin = -baseline / gain; data is the converter's own integers, "E" where there is none.
 */
#ifndef SKEYM_NODE_OBSERVATION_H
#define SKEYM_NODE_OBSERVATION_H

#include "node/vitals.h"

#include <skeym/error.h>
#include <skeym/span.h>

#define SKEYM_OBSERVATION_SYSTEM  "urn:skeym:reading"
#define SKEYM_OBSERVATION_ID      64u /* largest id of a reading, a patient or a device */
#define SKEYM_OBSERVATION_SAMPLES 100000u

/* Whose reading, by which device, when. The ids are 1 to 64 of [A-Za-z0-9.-], as FHIR has them. */
struct skeym_observation {
    const char *id;      /* of the reading: the same whenever it is sent again */
    const char *patient; /* "123" of Patient/123 */
    const char *device;  /* "m1" of Device/m1; NULL: none */
    uint64_t time_ms;    /* since 1970, below year 10000 */
};

struct skeym_observation_value {
    const struct skeym_vital *vital;
    double value;      /* in the table's unit */
    unsigned decimals; /* 0 to 6: the digits after the point that mean something */
    bool missing;      /* in a panel: the part has a dataAbsentReason instead of a value */
};

struct skeym_observation_wave {
    const struct skeym_vital_wave *wave;
    const char *name; /* the record's own name of the lead, or NULL for the table's */
    const int32_t *samples;
    size_t count;     /* 1 to SKEYM_OBSERVATION_SAMPLES */
    double gain;      /* not 0 */
    double frequency; /* Hz, above 0 */
    int32_t baseline;
    int32_t missing;
};

/*
 * The three builders write JSON without a NUL and set *size. After an error *size is 0.
 * SKEYM_ERR_SPACE: out is too small. SKEYM_ERR_CHARSET: an id is not one. SKEYM_ERR_RANGE: a
 * time, value, count, frequency or gain is out of range or no number. SKEYM_ERR_MEMORY.
 */
SKEYM_MUST_USE enum skeym_error skeym_observation_number(struct skeym_room out, size_t *size,
                                                         const struct skeym_observation *what,
                                                         const struct skeym_observation_value *of);
/* Blood pressure as one panel. SKEYM_ERR_USAGE when no part has a value. */
SKEYM_MUST_USE enum skeym_error skeym_observation_panel(struct skeym_room out, size_t *size,
                                                        const struct skeym_observation *what,
                                                        const struct skeym_observation_value *parts,
                                                        size_t count);
SKEYM_MUST_USE enum skeym_error skeym_observation_wave(struct skeym_room out, size_t *size,
                                                       const struct skeym_observation *what,
                                                       const struct skeym_observation_wave *of);

/* 1 to 64 of [A-Za-z0-9.-] */
bool skeym_observation_is_id(const char *id);
/* "identifier=urn:skeym:reading|ID" with a NUL, for the header If-None-Exist. SKEYM_ERR_CHARSET,
 * SKEYM_ERR_SPACE. */
SKEYM_MUST_USE enum skeym_error skeym_observation_query(char *out, size_t room, const char *id);

#endif
