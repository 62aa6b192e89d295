/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FHIR's date, dateTime and instant as ranges of milliseconds since 1970, [low, high): "2013" is a
 * whole year, "2013-01-14T10:00:01Z" a second; a fraction of a second is one millisecond (further
 * digits are cut off). Without a zone: UTC. Years 0001 to 9999, Gregorian throughout.
 */
#ifndef SKEYM_FHIR_FHIR_TIME_H
#define SKEYM_FHIR_FHIR_TIME_H

#include <skeym/span.h>

struct skeym_fhir_range {
    int64_t low, high;
};

enum skeym_fhir_time_form {
    SKEYM_FHIR_TIME_RESOURCE, /* a time has seconds and a zone */
    SKEYM_FHIR_TIME_SEARCH, /* a time may end with minutes, or have no zone; " 01:00" is "+01:00" */
    SKEYM_FHIR_TIME_INSTANT, /* seconds and zone required */
};

/* Errors: SKEYM_ERR_SHAPE, SKEYM_ERR_RANGE (a 13th month, a 30th of February). */
SKEYM_MUST_USE enum skeym_error skeym_fhir_time_parse(struct skeym_fhir_range *out,
                                                      struct skeym_span text,
                                                      enum skeym_fhir_time_form form);

enum { SKEYM_FHIR_TIME_BYTES = 25 }; /* "2013-01-14T10:00:01.000Z" and a NUL */
/* Years 0001 to 9999; other times give the nearest end of that range. */
void skeym_fhir_time_print(char out[SKEYM_FHIR_TIME_BYTES], int64_t time_ms);

#endif
