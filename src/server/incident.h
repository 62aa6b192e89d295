/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One security event, wherever it was noted: in memory by the log (trail.h) or in the audit file
 * (roster.h); and how it reads as FHIR R4 AuditEvent. Pure.
 */
#ifndef SKEYM_SERVER_INCIDENT_H
#define SKEYM_SERVER_INCIDENT_H

#include "fhir/fhir_text.h"
#include "server/log.h"

#define SKEYM_INCIDENT_WORD_BYTES 16
#define SKEYM_INCIDENT_ID_BYTES   48

struct skeym_incident {
    uint64_t time_ms;
    uint64_t number; /* of its place: grows, and no other there has it */
    bool filed;      /* in the audit file; else in memory */
    uint8_t outcome; /* FHIR's: 0 success, 4 minor, 8 serious, 12 major failure */
    char event[SKEYM_INCIDENT_WORD_BYTES];
    char check[SKEYM_INCIDENT_WORD_BYTES]; /* that refused; or empty */
    char reason[SKEYM_INCIDENT_WORD_BYTES];
    struct skeym_name agent;  /* the node that did it, authentic; or empty */
    struct skeym_name entity; /* the node that it was done to; or empty */
    struct skeym_source source;
    uint64_t count; /* how many it stands for; 0: one */
};

/* From a line of the log. false: nothing for an auditor, or what the audit file has. */
bool skeym_incident_of_line(struct skeym_incident *out, const struct skeym_log_line *line);

/* Where it is from: series tells apart the numbers of different runs. "m-18c2f-17", "f-3" */
void skeym_incident_id(char out[SKEYM_INCIDENT_ID_BYTES], const struct skeym_incident *incident,
                       uint64_t series);
/* Codes of DICOM (DCM), "110113"; subtype: "" for none. */
const char *skeym_incident_type(const struct skeym_incident *incident);
const char *skeym_incident_subtype(const struct skeym_incident *incident);
/* The AuditEvent. observer: the name of this server. */
void skeym_incident_write(struct skeym_fhir_text *text, const struct skeym_incident *incident,
                          uint64_t series, const char *observer);

#endif
