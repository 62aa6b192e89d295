/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong, as HTTP status and OperationOutcome; and the making of answers. */
#ifndef SKEYM_FHIR_FHIR_OUTCOME_H
#define SKEYM_FHIR_FHIR_OUTCOME_H

#include "fhir/fhir.h"
#include "fhir/fhir_text.h"

enum { SKEYM_FHIR_PROBLEM_BYTES = 240, SKEYM_FHIR_PATH_BYTES = 96 };

/* status 0: no problem. code: FHIR issue-type. text: plain ASCII. path: a FHIRPath, or empty. */
struct skeym_fhir_problem {
    int status;
    bool forbidden; /* the grant refused; set with status 403 */
    const char *code;
    char text[SKEYM_FHIR_PROBLEM_BYTES];
    char path[SKEYM_FHIR_PATH_BYTES];
};

/* Fills *problem; always returns false, so that a check can `return fail(...)`. What is not
 * printable ASCII in the arguments becomes '?'. */
bool skeym_fhir_outcome_fail(struct skeym_fhir_problem *problem, int status, const char *code,
                             const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same with where: "Observation.status". */
bool skeym_fhir_outcome_at(struct skeym_fhir_problem *problem, int status, const char *code,
                           const char *path, const char *text);
/* The problem that an error of the store is. */
bool skeym_fhir_outcome_store(struct skeym_fhir_problem *problem, enum skeym_error error);
/* The OperationOutcome, as JSON. */
void skeym_fhir_outcome_write(struct skeym_fhir_text *text,
                              const struct skeym_fhir_problem *problem, const char *severity);
/* "201 Created" */
const char *skeym_fhir_outcome_status(int status);

/* Takes the text. Never NULL: when memory is out, the text is freed and the answer is a fixed 503.
 */
struct skeym_fhir_answer *skeym_fhir_outcome_answer(int status, struct skeym_fhir_text *text);
/* The same, with the number of refusals. */
struct skeym_fhir_answer *skeym_fhir_outcome_counted(int status, struct skeym_fhir_text *text,
                                                     unsigned forbidden);
struct skeym_fhir_answer *skeym_fhir_outcome_problem(const struct skeym_fhir_problem *problem);

#endif
