/* SPDX-License-Identifier: Apache-2.0 */
/* A growing text, and memory that lives as long as one request. Both remember failure. */
#ifndef SKEYM_FHIR_FHIR_TEXT_H
#define SKEYM_FHIR_FHIR_TEXT_H

#include <skeym/span.h>

/* Zero-initialised is empty. data is NUL-terminated when not NULL. */
struct skeym_fhir_text {
    char *data;
    size_t size, room;
    bool bad; /* memory is out: nothing more is added */
};

void skeym_fhir_text_add(struct skeym_fhir_text *text, const char *piece);
void skeym_fhir_text_span(struct skeym_fhir_text *text, struct skeym_span piece);
/* In quotes, escaped. The bytes must be UTF-8. */
void skeym_fhir_text_string(struct skeym_fhir_text *text, struct skeym_span piece);
void skeym_fhir_text_quoted(struct skeym_fhir_text *text, const char *piece);
void skeym_fhir_text_number(struct skeym_fhir_text *text, int64_t number);
struct skeym_span skeym_fhir_text_view(const struct skeym_fhir_text *text);
void skeym_fhir_text_free(struct skeym_fhir_text *text);

/* Zero-initialised is empty. */
struct skeym_fhir_arena {
    struct skeym_fhir_chunk *chunks;
};

/* Zeroed and aligned; NULL when memory is out. */
void *skeym_fhir_text_take(struct skeym_fhir_arena *arena, size_t size);
/* A copy with a NUL behind it; data is NULL when memory is out. */
struct skeym_span skeym_fhir_text_keep(struct skeym_fhir_arena *arena, struct skeym_span bytes);
void skeym_fhir_text_drop(struct skeym_fhir_arena *arena);

#endif
