/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of bundles, of their entries, and of a small observation in one. */
#ifndef TEST_FHIR_BUNDLES_H
#define TEST_FHIR_BUNDLES_H

#define OBSERVATION(PATIENT, MORE)                                                                 \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"code\":"      \
    "\"x\"}]},\"subject\":{\"reference\":\"" PATIENT                                               \
    "\"},\"effectiveDateTime\":\"2024-01-01T00:00:00Z\"" MORE "}"
#define ENTRY(METHOD, URL, MORE)                                                                   \
    "{\"request\":{\"method\":\"" METHOD "\",\"url\":\"" URL "\"}" MORE "}"
#define POST(BODY) ENTRY("POST", "Observation", ",\"resource\":" BODY)
#define BUNDLE(TYPE, ENTRIES)                                                                      \
    "{\"resourceType\":\"Bundle\",\"type\":\"" TYPE "\",\"entry\":[" ENTRIES "]}"

#endif
