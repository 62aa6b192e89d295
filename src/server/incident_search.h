/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /fhir/AuditEvent: a search over incidents, newest first. Parameters: date (with prefix, also
 * twice), outcome, type, subtype, agent, entity (a node's id), _sort=-date, _count, _format, and
 * _cursor of a next link. Pure.
 */
#ifndef SKEYM_SERVER_INCIDENT_SEARCH_H
#define SKEYM_SERVER_INCIDENT_SEARCH_H

#include "fhir/fhir_time.h"
#include "fhir/fhir_url.h"
#include "server/incident.h"

#define SKEYM_INCIDENT_DATES     4
#define SKEYM_INCIDENT_COUNT     50
#define SKEYM_INCIDENT_COUNT_MAX 1000

struct skeym_incident_search {
    size_t date_count;
    struct {
        char prefix; /* e q: low <= t < high; > t >= high; g t >= low; < t < low; l t < high */
        struct skeym_fhir_range range;
    } dates[SKEYM_INCIDENT_DATES];
    unsigned outcomes;                              /* set of 1 << outcome; 0: any */
    struct skeym_span type, subtype, agent, entity; /* empty: any */
    size_t count;
    bool resume; /* after this one */
    uint64_t after_ms, after_number;
    bool after_filed;
};

/* false, and a problem of status 400. Lives as long as the url. */
bool skeym_incident_search_parse(struct skeym_incident_search *out,
                                 const struct skeym_fhir_url *url,
                                 struct skeym_fhir_problem *problem);
bool skeym_incident_search_takes(const struct skeym_incident_search *search,
                                 const struct skeym_incident *incident);

struct skeym_incident_page {
    const char *base_url;     /* ".../fhir" */
    struct skeym_span target; /* as asked */
    uint64_t series;
    const char *observer;
};
/* A searchset of those that it takes. at: in any order; sorted here. */
void skeym_incident_search_write(struct skeym_fhir_text *text,
                                 const struct skeym_incident_search *search,
                                 const struct skeym_incident_page *page, struct skeym_incident *at,
                                 size_t count);

#endif
