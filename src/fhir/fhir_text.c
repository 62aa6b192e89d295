/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_text.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 512 };

static bool grow(struct skeym_fhir_text *text, size_t more)
{
    size_t room = text->room ? text->room : FIRST_BYTES;
    if (text->bad || more >= SIZE_MAX / 4 - text->size) {
        text->bad = true;
        return false;
    }
    while (room - text->size <= more) { /* one byte is the NUL's */
        room *= 2;
    }
    if (room != text->room || !text->data) {
        char *data = realloc(text->data, room);
        if (!data) {
            text->bad = true;
            return false;
        }
        text->data = data;
        text->room = room;
    }
    return true;
}

void skeym_fhir_text_span(struct skeym_fhir_text *text, struct skeym_span piece)
{
    if ((text->bad || text->room - text->size <= piece.size) && !grow(text, piece.size)) {
        return;
    }
    if (piece.size > 0) {
        memcpy(text->data + text->size, piece.data, piece.size);
    }
    text->size += piece.size;
    text->data[text->size] = 0;
}

void skeym_fhir_text_add(struct skeym_fhir_text *text, const char *piece)
{
    skeym_fhir_text_span(text, skeym_span_text(piece));
}

/* What may stand in a string as it is: from `from` on, up to what this returns. */
static size_t plain_until(struct skeym_span piece, size_t from)
{
    while (from < piece.size && piece.data[from] >= 0x20 && piece.data[from] != '"' &&
           piece.data[from] != '\\') {
        from++;
    }
    return from;
}

void skeym_fhir_text_string(struct skeym_fhir_text *text, struct skeym_span piece)
{
    static const char digits[] = "0123456789abcdef";
    size_t from = 0;
    skeym_fhir_text_span(text, skeym_span("\"", 1));
    for (size_t at = 0; (at = plain_until(piece, at)) < piece.size; from = ++at) {
        uint8_t byte = piece.data[at];
        const char escape[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
        const char mark[] = {'\\', (char)byte};
        skeym_fhir_text_span(text, skeym_span_part(piece, from, at - from));
        skeym_fhir_text_span(text, byte < 0x20 ? skeym_span(escape, sizeof escape)
                                               : skeym_span(mark, sizeof mark));
    }
    skeym_fhir_text_span(text, skeym_span_part(piece, from, piece.size - from));
    skeym_fhir_text_span(text, skeym_span("\"", 1));
}

void skeym_fhir_text_quoted(struct skeym_fhir_text *text, const char *piece)
{
    skeym_fhir_text_string(text, skeym_span_text(piece));
}

void skeym_fhir_text_number(struct skeym_fhir_text *text, int64_t number)
{
    char digits[20]; /* "-9223372036854775808" */
    size_t at = sizeof digits;
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (number < 0) {
        digits[--at] = '-';
    }
    skeym_fhir_text_span(text, skeym_span(digits + at, sizeof digits - at));
}

struct skeym_span skeym_fhir_text_view(const struct skeym_fhir_text *text)
{
    return skeym_span(text->data, text->size);
}

void skeym_fhir_text_free(struct skeym_fhir_text *text)
{
    free(text->data);
    *text = (struct skeym_fhir_text){0};
}

enum { CHUNK_BYTES = 4000 };

struct skeym_fhir_chunk {
    struct skeym_fhir_chunk *next;
    size_t used, room;
    max_align_t bytes[];
};

void *skeym_fhir_text_take(struct skeym_fhir_arena *arena, size_t size)
{
    struct skeym_fhir_chunk *chunk = arena->chunks;
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (!chunk || size > chunk->room - chunk->used) {
        size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
        chunk = calloc(1, sizeof *chunk + room);
        if (!chunk) {
            return NULL;
        }
        chunk->room = room;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    void *at = (uint8_t *)chunk->bytes + chunk->used;
    chunk->used += size;
    return at;
}

struct skeym_span skeym_fhir_text_keep(struct skeym_fhir_arena *arena, struct skeym_span bytes)
{
    if (bytes.size >= SIZE_MAX / 2) {
        return skeym_span(NULL, 0);
    }
    uint8_t *copy = skeym_fhir_text_take(arena, bytes.size + 1);
    if (copy && bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return skeym_span(copy, copy ? bytes.size : 0);
}

void skeym_fhir_text_drop(struct skeym_fhir_arena *arena)
{
    while (arena->chunks) {
        struct skeym_fhir_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
}
