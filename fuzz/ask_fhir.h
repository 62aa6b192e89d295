/* SPDX-License-Identifier: Apache-2.0 */
/* A question to the FHIR handler, for the targets that have one. */
#ifndef SKEYM_FUZZ_ASK_FHIR_H
#define SKEYM_FUZZ_ASK_FHIR_H

#include "fhir/fhir.h"

/* Waits for the answer; free it with skeym_fhir_answer_free. */
struct skeym_fhir_answer *fuzz_ask_fhir(struct skeym_fhir *fhir, struct skeym_store_reader *reader,
                                        const struct skeym_fhir_request *request);

#endif
