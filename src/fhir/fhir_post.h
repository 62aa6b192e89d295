/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST of what only reads: TYPE/_search with a form, Observation/$lastn with Parameters. Either
 * becomes the target of a GET that asks the same.
 */
#ifndef SKEYM_FHIR_FHIR_POST_H
#define SKEYM_FHIR_FHIR_POST_H

#include "fhir/fhir.h"
#include "fhir/fhir_outcome.h"

enum skeym_fhir_post_type {
    SKEYM_FHIR_POST_OTHER,
    SKEYM_FHIR_POST_JSON, /* application/fhir+json or application/json, in UTF-8 */
    SKEYM_FHIR_POST_FORM, /* application/x-www-form-urlencoded */
};

enum skeym_fhir_post_type skeym_fhir_post_type(struct skeym_span content_type);
/* true when a POST to this target only reads. */
bool skeym_fhir_post_reads(struct skeym_span target);
/* The same as a GET's target, in the arena; its own query first. Problems: 400 (not Parameters with
 * simple values), 413 (too long), 415 (another type of body), 503. */
bool skeym_fhir_post_target(struct skeym_span *out, struct skeym_fhir_arena *arena,
                            const struct skeym_fhir_request *request,
                            struct skeym_fhir_problem *problem);

#endif
