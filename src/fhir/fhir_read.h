/* SPDX-License-Identifier: Apache-2.0 */
/* GET: metadata, one resource, search, $lastn. */
#ifndef SKEYM_FHIR_FHIR_READ_H
#define SKEYM_FHIR_FHIR_READ_H

#include "fhir/fhir_search.h"

struct skeym_fhir {
    struct skeym_fhir_options options;
};

/* What all the steps of one request need. */
struct skeym_fhir_call {
    struct skeym_fhir *fhir;
    struct skeym_store_reader *reader;
    const struct skeym_fhir_request *request;
    struct skeym_fhir_arena *arena;
    size_t *room; /* bytes that the answers to reads may still have: SKEYM_FHIR_ANSWER_BYTES */
};

/* Asks the grant. false: a problem of status 403. */
bool skeym_fhir_read_allowed(const struct skeym_fhir_call *call, char interaction,
                             enum skeym_store_kind kind, struct skeym_span patient,
                             struct skeym_fhir_problem *problem);
/* The JSON of the answer, status 200, which takes its size from call->room; or a problem (413 when
 * there is not enough room, and then for all that follow). The text is empty after a problem. */
bool skeym_fhir_read(struct skeym_fhir_text *out, const struct skeym_fhir_call *call,
                     const struct skeym_fhir_url *url, struct skeym_fhir_problem *problem);
/* "BASE/Observation/1" */
void skeym_fhir_read_url(struct skeym_fhir_text *text, const char *base_url,
                         const struct skeym_store_record *record);
/* fhir_metadata.c */
void skeym_fhir_metadata(struct skeym_fhir_text *text, const struct skeym_fhir_call *call);

#endif
