/* SPDX-License-Identifier: Apache-2.0 */
/* Readings as a server's FHIR layer hands them to the store, made before any clock starts. */
#ifndef SKEYM_BENCH_INGEST_ROWS_H
#define SKEYM_BENCH_INGEST_ROWS_H

#include "store/store.h"

enum { ROWS_TAGS = 3, ROWS_BODY = 768 };

struct row {
    struct skeym_store_tag tags[ROWS_TAGS]; /* code, category, identifier */
    char id[33], patient[24], identifier[40];
    char body[ROWS_BODY];
};

/* Reading `number` of a patient, a second after the last. serial: of all rows, grows; ids are in
 * its order, as a server's are in order of time. whole: as `skeym bench
 * load` posts, some 550 bytes with code, category and identifier; else 350 with the code. Bodies
 * are as the FHIR layer keeps them. */
void rows_make(struct row *row, struct skeym_store_write *write, size_t patient, uint64_t number,
               uint64_t serial, bool whole);
/* out: "load-<number>", as in the rows */
void rows_patient(char out[24], size_t patient);

#endif
