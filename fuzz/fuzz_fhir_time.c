/* SPDX-License-Identifier: Apache-2.0 */
/* FHIR's dates: a range that is not empty, and whose start prints and parses to itself. */
#include "fhir/fhir_time.h"
#include "fuzz.h"

static void check(struct skeym_span text, enum skeym_fhir_time_form form)
{
    struct skeym_fhir_range range;
    struct skeym_fhir_range again;
    char printed[SKEYM_FHIR_TIME_BYTES];
    if (skeym_fhir_time_parse(&range, text, form) != SKEYM_OK) {
        return;
    }
    FUZZ_MUST(range.low < range.high);
    skeym_fhir_time_print(printed, range.low);
    FUZZ_MUST(skeym_fhir_time_parse(&again, skeym_span_text(printed), SKEYM_FHIR_TIME_INSTANT) ==
              SKEYM_OK);
    /* a zone may carry a time out of the years that print */
    FUZZ_MUST(again.low == range.low || !strncmp(printed, "0001-01-01", 10) ||
              !strncmp(printed, "9999-12-31", 10));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    int64_t any = (int64_t)skeym_read_u64(&reader);
    char printed[SKEYM_FHIR_TIME_BYTES];
    struct skeym_fhir_range range;
    static const enum skeym_fhir_time_form forms[] = {
        SKEYM_FHIR_TIME_RESOURCE, SKEYM_FHIR_TIME_SEARCH, SKEYM_FHIR_TIME_INSTANT};
    for (size_t i = 0; i < 3; i++) {
        check(skeym_span(data, size), forms[i]);
    }
    skeym_fhir_time_print(printed, any);
    FUZZ_MUST(skeym_fhir_time_parse(&range, skeym_span_text(printed), SKEYM_FHIR_TIME_INSTANT) ==
              SKEYM_OK);
    return 0;
}
