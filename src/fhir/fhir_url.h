/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's target, taken apart: path segments and decoded parameters. Decoding is strict: a bad
 * escape, an encoded NUL or control character, or bytes that are not UTF-8 are refused. "+" is a
 * space, as forms and URLSearchParams write it, and a plus is %2B; where no space can be (the zone
 * of a date, _format) a plus that was not escaped is still understood.
 */
#ifndef SKEYM_FHIR_FHIR_URL_H
#define SKEYM_FHIR_FHIR_URL_H

#include "fhir/fhir_outcome.h"

enum { SKEYM_FHIR_URL_BYTES = 8192, SKEYM_FHIR_SEGMENTS = 5, SKEYM_FHIR_PARAMS = 64 };

struct skeym_fhir_param {
    struct skeym_span name, value; /* decoded */
    struct skeym_span raw;         /* name=value as sent */
};

struct skeym_fhir_url {
    struct skeym_span segments[SKEYM_FHIR_SEGMENTS]; /* as sent: an id needs no escapes */
    size_t segment_count;
    struct skeym_fhir_param params[SKEYM_FHIR_PARAMS];
    size_t param_count;
};

/* base: what must be in front ("/fhir"), or "" for the relative targets of a Bundle. Decoded text
 * lives in the arena, the rest in target. A problem of status 400, or 404 for another base. */
bool skeym_fhir_url_parse(struct skeym_fhir_url *out, struct skeym_fhir_arena *arena,
                          struct skeym_span target, const char *base,
                          struct skeym_fhir_problem *problem);
/* Only parameters: "identifier=a|b", as in If-None-Exist. */
bool skeym_fhir_url_query(struct skeym_fhir_url *out, struct skeym_fhir_arena *arena,
                          struct skeym_span query, struct skeym_fhir_problem *problem);
/* FHIR's id: 1 to 64 of [A-Za-z0-9.-] */
bool skeym_fhir_url_is_id(struct skeym_span id);

#endif
