/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search parameters <-> a store query. One table says what is served; metadata lists it.
 */
#ifndef SKEYM_FHIR_FHIR_SEARCH_H
#define SKEYM_FHIR_FHIR_SEARCH_H

#include "fhir/fhir_resource.h"
#include "fhir/fhir_url.h"

enum { SKEYM_FHIR_TESTS = 25 };

struct skeym_fhir_search {
    struct skeym_store_query query; /* limit is count + 1, to see whether there is more */
    struct skeym_store_test tests[SKEYM_FHIR_TESTS];
    struct skeym_store_value *values; /* in the arena: as many as there are commas, and a few */
    size_t value_count, value_room;
    uint32_t count;  /* rows of a page, 0: only their number; of $lastn: per group */
    uint64_t filter; /* hash of what the cursor belongs to */
};

/* What a set of parameters is for. */
enum skeym_fhir_search_use {
    SKEYM_FHIR_SEARCH_PAGE,
    SKEYM_FHIR_SEARCH_LATEST, /* $lastn: patient, category, code, max */
    SKEYM_FHIR_SEARCH_MATCH,  /* If-None-Exist: no order, no page, an identifier required */
};

/* A url of three segments is a compartment: "Patient/1/Observation". */
enum { SKEYM_FHIR_COMPARTMENT_SEGMENTS = 3 };

/* Values live in the arena and the url. now_ms is for the prefix ap. Problem: 400, 406. */
bool skeym_fhir_search_parse(struct skeym_fhir_search *out, struct skeym_fhir_arena *arena,
                             const struct skeym_fhir_url *url, enum skeym_store_kind kind,
                             enum skeym_fhir_search_use use, uint64_t now_ms,
                             struct skeym_fhir_problem *problem);
/* One more test with one text value. false when there is no room. */
bool skeym_fhir_search_require(struct skeym_fhir_search *search, enum skeym_store_field field,
                               struct skeym_span text);
/* Whose data is asked for: the first test of patients (for Patient: of ids); NULL: anybody's. */
const struct skeym_store_test *skeym_fhir_search_patients(const struct skeym_fhir_search *search);

/* The "_cursor" of the row after which the next page starts. */
void skeym_fhir_search_cursor(struct skeym_fhir_text *text, const struct skeym_fhir_search *search,
                              int64_t key, struct skeym_span id);

/* For what is no search: no parameter but those that say how the answer is to look (_format,
 * _pretty, _summary, _elements). Problem: 400, or 406 for another _format than json. */
bool skeym_fhir_search_only_format(const struct skeym_fhir_url *url,
                                   struct skeym_fhir_problem *problem);

/* fhir_param.c: the table of parameters. */
struct skeym_fhir_param_row {
    const char *name, *type; /* FHIR's search-param-type */
    unsigned kinds;          /* set of 1 << enum skeym_store_kind */
    enum skeym_store_field field;
    bool (*parse)(struct skeym_fhir_search *search, struct skeym_fhir_arena *arena,
                  const struct skeym_fhir_param_row *param, struct skeym_span text, uint64_t now_ms,
                  struct skeym_fhir_problem *problem);
};
/* The parameters of a kind, one after another; NULL ends. */
const struct skeym_fhir_param_row *skeym_fhir_param(enum skeym_store_kind kind, size_t index);
const struct skeym_fhir_param_row *skeym_fhir_param_find(enum skeym_store_kind kind,
                                                         struct skeym_span name);
/* One parameter with all its values becomes one test. Problem: 400. */
bool skeym_fhir_param_parse(struct skeym_fhir_search *search, struct skeym_fhir_arena *arena,
                            const struct skeym_fhir_param_row *param, struct skeym_span value,
                            uint64_t now_ms, struct skeym_fhir_problem *problem);
/* A problem of status 400 that names the parameter; always false. */
bool skeym_fhir_param_refuse(struct skeym_fhir_problem *problem, const char *code, const char *what,
                             const char *name);

#endif
