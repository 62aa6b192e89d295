/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A resource between JSON and a row of the store. What is checked here is what search, order and
 * permission rest on; everything else is kept as it was sent.
 *
 * A row's body is {"resourceType":T,"id":ID,"meta":{...},...} without versionId, lastUpdated and
 * source: the row has those, and they are put in when it is read.
 */
#ifndef SKEYM_FHIR_FHIR_RESOURCE_H
#define SKEYM_FHIR_FHIR_RESOURCE_H

#include "fhir/fhir_json.h"
#include "store/store.h"

enum { SKEYM_FHIR_ID_BYTES = 64 };

/* A row on its way in. Once it is checked its spans live as long as the arena. */
struct skeym_fhir_row {
    struct json_object *resource; /* until it is submitted */
    const char *base_url;         /* absolute references to it count as ours */
    struct skeym_fhir_arena *arena;
    struct skeym_store_record record; /* kind, id, patient, time, body */
    struct skeym_store_tag *tags;
    size_t tag_count;
};

const char *skeym_fhir_resource_name(enum skeym_store_kind kind);
/* "Observation", "Patient", "Device"; false for another. */
bool skeym_fhir_resource_kind(struct skeym_span name, enum skeym_store_kind *kind);

/* Checks the resource against its kind and takes out patient, time and tags. record.id must be set.
 * Problems: 400 (structure), 422 (a rule). */
bool skeym_fhir_resource_check(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem);
/* Makes record.body. */
bool skeym_fhir_resource_body(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem);
/* A stored record as JSON, with its version, time and writer. */
void skeym_fhir_resource_write(struct skeym_fhir_text *text,
                               const struct skeym_store_record *record);
/* true when two records have the same content, text for text; id and meta are not compared. */
bool skeym_fhir_resource_same(const struct skeym_store_record *one,
                              const struct skeym_store_record *other);

/* For the files of each kind: adds to the row. false and a problem. */
bool skeym_fhir_resource_tag(struct skeym_fhir_row *row, enum skeym_store_tag_kind kind,
                             struct skeym_span system, struct skeym_span value,
                             struct skeym_fhir_problem *problem);
/* The id of a reference to a patient ("Patient/1", or the same below base_url); empty: it is none.
 */
struct skeym_span skeym_fhir_resource_patient(const struct skeym_fhir_row *row,
                                              struct json_object *reference);

/* fhir_observation.c, fhir_patient.c */
bool skeym_fhir_observation(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem);
bool skeym_fhir_patient(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem);
bool skeym_fhir_patient_device(struct skeym_fhir_row *row, struct skeym_fhir_problem *problem);
/* In place, UTF-8: the form in which names are compared, Latin, Greek and Cyrillic in small
 * letters; and the one in which they were stored before, ASCII alone. */
void skeym_fhir_patient_fold(uint8_t *text, size_t size);
void skeym_fhir_patient_fold_ascii(uint8_t *text, size_t size);

#endif
