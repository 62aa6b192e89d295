/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans and cursors: the only way in which the project reads and writes bytes.
 *
 * A span is a pointer and a length; it owns nothing. A reader and a writer remember
 * failure: after the first step that does not fit, every further step yields zeros or
 * writes nothing, and the one check at the end sees it. Lengths are subtracted, never
 * added, so that nothing can wrap. Numbers are big-endian.
 *
 * None of these functions is constant-time in lengths; all are in contents, except
 * skeym_span_equal, which is for public bytes only (secrets: skeym_crypto_equal).
 */
#ifndef SKEYM_SPAN_H
#define SKEYM_SPAN_H

#include <skeym/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes to be read. data may be NULL when size is 0. */
struct skeym_span {
    const uint8_t *data;
    size_t size;
};

/* A buffer to be written: room is its size in bytes. */
struct skeym_room {
    uint8_t *data;
    size_t room;
};

/* A function may have its struct's name; g++ -Wshadow minds that in C++. */
#if defined(__cplusplus) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif
struct skeym_span skeym_span(const void *data, size_t size);
/* Of a NUL-terminated string, without the NUL; NULL gives the empty span. */
struct skeym_span skeym_span_text(const char *text);
#ifndef __cplusplus
/* The same of a literal, whose size the compiler knows. */
#define SKEYM_SPAN_LITERAL(text) ((struct skeym_span){(const uint8_t *)("" text), sizeof(text) - 1})
#endif
/* Not constant-time: for public bytes. */
bool skeym_span_equal(struct skeym_span a, struct skeym_span b);
bool skeym_span_is(struct skeym_span a, const char *text);
/* true when a begins with text */
bool skeym_span_starts(struct skeym_span a, const char *text);
/* The part from `from` of at most `size` bytes; empty when from is past the end. */
struct skeym_span skeym_span_part(struct skeym_span a, size_t from, size_t size);

struct skeym_reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

struct skeym_reader skeym_reader(struct skeym_span input);
uint8_t skeym_read_u8(struct skeym_reader *reader);
uint16_t skeym_read_u16(struct skeym_reader *reader);
uint32_t skeym_read_u32(struct skeym_reader *reader);
/* 48 bits: milliseconds since 1970 */
uint64_t skeym_read_u48(struct skeym_reader *reader);
uint64_t skeym_read_u64(struct skeym_reader *reader);
/* A view of the next `size` bytes; empty and bad when there are fewer. */
struct skeym_span skeym_read_span(struct skeym_reader *reader, size_t size);
/* One length byte, then that many bytes. */
struct skeym_span skeym_read_span8(struct skeym_reader *reader);
/* Two length bytes, then that many bytes. */
struct skeym_span skeym_read_span16(struct skeym_reader *reader);
/* Copies exactly size bytes, or zeroes out and goes bad. */
void skeym_read_bytes(struct skeym_reader *reader, void *out, size_t size);
/* SKEYM_OK when all steps fitted and nothing is left; SKEYM_ERR_TRUNCATED or
 * SKEYM_ERR_TRAILING otherwise. */
SKEYM_MUST_USE enum skeym_error skeym_reader_end(const struct skeym_reader *reader);

struct skeym_writer {
    uint8_t *start;
    size_t size; /* bytes written so far */
    size_t left;
    bool bad;
};

struct skeym_writer skeym_writer(struct skeym_room room);
void skeym_write_u8(struct skeym_writer *writer, uint8_t value);
void skeym_write_u16(struct skeym_writer *writer, uint16_t value);
void skeym_write_u32(struct skeym_writer *writer, uint32_t value);
void skeym_write_u48(struct skeym_writer *writer, uint64_t value);
void skeym_write_u64(struct skeym_writer *writer, uint64_t value);
void skeym_write_span(struct skeym_writer *writer, struct skeym_span bytes);
/* With a length in front; too long for it: bad. */
void skeym_write_span8(struct skeym_writer *writer, struct skeym_span bytes);
void skeym_write_span16(struct skeym_writer *writer, struct skeym_span bytes);
void skeym_write_text(struct skeym_writer *writer, const char *text);
/* What was written; empty after a failure. */
struct skeym_span skeym_written(const struct skeym_writer *writer);
/* SKEYM_OK or SKEYM_ERR_SPACE. */
SKEYM_MUST_USE enum skeym_error skeym_writer_end(const struct skeym_writer *writer);

#if defined(__cplusplus) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#ifdef __cplusplus
}
#endif
#endif
