/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the writer has found or put into its tables lately and nobody takes out again: numbers of
 * codes, codes of patients, reach of patients. Devices send the same ones again and again, and to
 * ask SQLite costs a microsecond each. It holds what is committed or in the transaction under way:
 * after anything was rolled back it must be forgotten.
 */
#ifndef SKEYM_STORE_SQLITE_KNOWN_H
#define SKEYM_STORE_SQLITE_KNOWN_H

#include <skeym/span.h>

enum skeym_sqlite_what {
    SKEYM_SQLITE_KNOWN_TERM = 1,     /* kind, value, system -> num */
    SKEYM_SQLITE_KNOWN_PATIENT_TERM, /* num, patient -> 1 */
    SKEYM_SQLITE_KNOWN_REACH,        /* 0, patient -> at least so long */
};

struct skeym_sqlite_key {
    enum skeym_sqlite_what what;
    int64_t number;
    struct skeym_span one, other;
};

struct skeym_sqlite_known; /* malloc'ed, half a MiB; NULL knows nothing */

struct skeym_sqlite_known *skeym_sqlite_known_new(void);
void skeym_sqlite_known_free(struct skeym_sqlite_known *known);
void skeym_sqlite_known_forget(struct skeym_sqlite_known *known);
/* 0: not known. */
int64_t skeym_sqlite_known_get(const struct skeym_sqlite_known *known,
                               const struct skeym_sqlite_key *key);
/* value: above 0. May take another one's place; long keys are not kept. */
void skeym_sqlite_known_put(struct skeym_sqlite_known *known, const struct skeym_sqlite_key *key,
                            int64_t value);

#endif
