/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/ingest/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BASE_S  INT64_C(1750000000)
#define BASE_MS UINT64_C(1760000000000)

/* splitmix64: ids that cannot be guessed land on the same pages as these. */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

void rows_patient(char out[24], size_t patient)
{
    (void)snprintf(out, 24, "load-%zu", patient);
}

static void fill_body(struct row *row, uint64_t number, int64_t at_s, bool whole)
{
    char when[32] = "", more[256];
    struct tm tm;
    time_t at = (time_t)at_s;
    if (gmtime_r(&at, &tm)) {
        (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    (void)snprintf(more, sizeof more,
                   "\"identifier\":[{\"system\":\"urn:skeym:load\",\"value\":\"%s\"}],"
                   "\"category\":[{\"coding\":[{\"system\":"
                   "\"http://terminology.hl7.org/CodeSystem/observation-category\",\"code\":"
                   "\"vital-signs\"}]}],",
                   row->identifier);
    (void)snprintf(row->body, sizeof row->body,
                   "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"meta\":{},\"status\":"
                   "\"final\",%s\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
                   "\"8867-4\"}]},\"subject\":{\"reference\":\"Patient/%s\"},"
                   "\"effectiveDateTime\":\"%s\",\"valueQuantity\":{\"value\":%" PRIu64
                   ",\"unit\":\"/min\",\"system\":\"http://unitsofmeasure.org\",\"code\":"
                   "\"/min\"}}",
                   row->id, whole ? more : "", row->patient, when, 60 + number % 40);
}

void rows_make(struct row *row, struct skeym_store_write *write, size_t patient, uint64_t number,
               uint64_t serial, bool whole)
{
    int64_t at_s = BASE_S + (int64_t)number;
    rows_patient(row->patient, patient);
    (void)snprintf(row->id, sizeof row->id, "%012" PRIx64 "%016" PRIx64 "%04" PRIx64,
                   BASE_MS + serial, mix(serial), mix(~serial) >> 48);
    (void)snprintf(row->identifier, sizeof row->identifier, "19a0c0ffee-%zu-%" PRIu64, patient,
                   number);
    fill_body(row, number, at_s, whole);
    row->tags[0] = (struct skeym_store_tag){SKEYM_STORE_CODE, skeym_span_text("http://loinc.org"),
                                            skeym_span_text("8867-4")};
    row->tags[1] = (struct skeym_store_tag){
        SKEYM_STORE_CATEGORY,
        skeym_span_text("http://terminology.hl7.org/CodeSystem/observation-category"),
        skeym_span_text("vital-signs")};
    row->tags[2] =
        (struct skeym_store_tag){SKEYM_STORE_IDENTIFIER, skeym_span_text("urn:skeym:load"),
                                 skeym_span_text(row->identifier)};
    *write = (struct skeym_store_write){
        .action = SKEYM_STORE_CREATE,
        .record = {.kind = SKEYM_STORE_OBSERVATION,
                   .id = skeym_span(row->id, 32),
                   .patient = skeym_span_text(row->patient),
                   .start_ms = at_s * 1000,
                   .stop_ms = at_s * 1000 + 1000,
                   .updated_ms = (int64_t)(BASE_MS + serial),
                   .body = skeym_span_text(row->body),
                   .writer = skeym_span_text(row->patient)},
        .tags = row->tags,
        .tag_count = whole ? 3 : 1,
    };
}
