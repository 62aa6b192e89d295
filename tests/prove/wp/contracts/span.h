/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contracts of include/skeym/span.h. A reader stays inside of its input, a writer inside of its
 * buffer, for every input; what does not fit leaves both where they are and makes them bad.
 */
#ifndef SKEYM_PROVE_SPAN_H
#define SKEYM_PROVE_SPAN_H

#include <skeym/span.h>

/*@ predicate readable(struct skeym_span s) = \valid_read(s.data + (0 .. s.size - 1));
    predicate reader_ok(struct skeym_reader *r) =
        \valid(r) && \valid_read(r->at + (0 .. r->left - 1));
    predicate writer_ok(struct skeym_writer *w) =
        \valid(w) && w->size + w->left <= SIZE_MAX &&
        \valid(w->start + (0 .. w->size + w->left - 1));
    predicate same{L1, L2}(struct skeym_span s) =
        \forall integer i; 0 <= i < s.size ==> \at(s.data[i], L1) == \at(s.data[i], L2);
    predicate equal(struct skeym_span a, struct skeym_span b) =
        a.size == b.size && (\forall integer i; 0 <= i < a.size ==> a.data[i] == b.data[i]);
    // what a step of n bytes does, and what any step does
    predicate step{L1, L2}(struct skeym_reader *r, integer n) =
        (!\at(r->bad, L1) && n <= \at(r->left, L1))
            ? (!\at(r->bad, L2) && \at(r->at, L2) == \at(r->at, L1) + n &&
               \at(r->left, L2) == \at(r->left, L1) - n)
            : (\at(r->bad, L2) && \at(r->at, L2) == \at(r->at, L1) &&
               \at(r->left, L2) == \at(r->left, L1));
    predicate onward{L1, L2}(struct skeym_reader *r) =
        \at(r->left, L2) <= \at(r->left, L1) && (\at(r->bad, L1) ==> \at(r->bad, L2)) &&
        \at(r->at, L2) == \at(r->at, L1) + (\at(r->left, L1) - \at(r->left, L2)) &&
        \base_addr{L2}(\at(r->at, L2)) == \base_addr{L2}(\at(r->at, L1));
    predicate same_object{L1, L2}(struct skeym_reader *r) =
        \base_addr{L2}(\at(r->at, L2)) == \base_addr{L2}(\at(r->at, L1));
    // the pointer is not into what the reader reads: it is another object
    predicate elsewhere(struct skeym_reader *r, uint8_t *p) =
        \base_addr(p) != \base_addr(r->at) && \base_addr(p) != \base_addr((uint8_t *)r);
    predicate beside(struct skeym_span s, uint8_t *p) = \base_addr(p) != \base_addr(s.data);
    // the same for a writer, which never writes before `size` nor past `size + left`
    predicate wrote{L1, L2}(struct skeym_writer *w, integer n) =
        \at(w->start, L2) == \at(w->start, L1) &&
        ((!\at(w->bad, L1) && n <= \at(w->left, L1))
            ? (!\at(w->bad, L2) && \at(w->size, L2) == \at(w->size, L1) + n &&
               \at(w->left, L2) == \at(w->left, L1) - n)
            : (\at(w->bad, L2) && \at(w->size, L2) == \at(w->size, L1) &&
               \at(w->left, L2) == \at(w->left, L1)));
    predicate grown{L1, L2}(struct skeym_writer *w) =
        \at(w->start, L2) == \at(w->start, L1) && \at(w->size, L2) >= \at(w->size, L1) &&
        \at(w->size, L2) + \at(w->left, L2) == \at(w->size, L1) + \at(w->left, L1) &&
        (\at(w->bad, L1) ==> \at(w->bad, L2));
    predicate apart(struct skeym_writer *w, struct skeym_span s) =
        \separated(s.data + (0 .. s.size - 1), w) &&
        \separated(s.data + (0 .. s.size - 1), w->start + (0 .. w->size + w->left - 1));
    // a string: `size` characters before the first NUL
    predicate text_of(char *t, integer size) =
        0 <= size <= 4096 && \valid_read(t + (0 .. size)) && t[size] == 0 &&
        (\forall integer i; 0 <= i < size ==> t[i] != 0);
    predicate is_text(char *t) = \exists integer size; text_of(t, size); */

/*@ assigns \nothing;
    ensures \result.data == data && \result.size == size; */
struct skeym_span skeym_span(const void *data, size_t size);

/*@ requires text == \null || is_text(text);
    assigns \nothing;
    ensures none: text == \null ==> \result.size == 0;
    ensures text != \null ==> \result.data == (uint8_t *)text;
    ensures whole: text != \null ==> text_of(text, \result.size);
    ensures readable(\result); */
struct skeym_span skeym_span_text(const char *text);

/*@ requires readable(a) && readable(b);
    assigns \nothing;
    ensures \result <==> equal(a, b); */
bool skeym_span_equal(struct skeym_span a, struct skeym_span b);

/*@ requires readable(a) && is_text(text);
    assigns \nothing; */
bool skeym_span_is(struct skeym_span a, const char *text);

/*@ requires readable(a) && is_text(text);
    assigns \nothing;
    ensures \result ==> \exists integer size; text_of(text, size) && a.size >= size; */
bool skeym_span_starts(struct skeym_span a, const char *text);

/*@ requires readable(a);
    assigns \nothing;
    ensures inside: readable(\result) && \result.size <= size && \result.size <= a.size;
    ensures past: from >= a.size ==> \result.size == 0;
    ensures part: from < a.size ==> \result.data == a.data + from &&
            \result.size == \min(size, a.size - from); */
struct skeym_span skeym_span_part(struct skeym_span a, size_t from, size_t size);

/*@ requires readable(input);
    assigns \nothing;
    ensures \result.at == input.data && \result.left == input.size && !\result.bad; */
struct skeym_reader skeym_reader(struct skeym_span input);

/*@ requires reader_ok(reader);
    assigns *reader;
    ensures reader_ok(reader) && readable(\result);
    ensures step{Pre, Post}(reader, size) && onward{Pre, Post}(reader);
    ensures !reader->bad ==> \result.data == \old(reader->at) && \result.size == size;
    ensures reader->bad ==> \result.size == 0; */
struct skeym_span skeym_read_span(struct skeym_reader *reader, size_t size);

/*@ requires reader_ok(reader);
    assigns *reader;
    ensures reader_ok(reader) && step{Pre, Post}(reader, 1) && onward{Pre, Post}(reader);
    ensures reader->bad ==> \result == 0; */
uint8_t skeym_read_u8(struct skeym_reader *reader);

/*@ requires reader_ok(reader);
    assigns *reader;
    ensures reader_ok(reader) && step{Pre, Post}(reader, 2) && onward{Pre, Post}(reader);
    ensures reader->bad ==> \result == 0; */
uint16_t skeym_read_u16(struct skeym_reader *reader);

/*@ requires reader_ok(reader);
    assigns *reader;
    ensures reader_ok(reader) && step{Pre, Post}(reader, 4) && onward{Pre, Post}(reader);
    ensures reader->bad ==> \result == 0; */
uint32_t skeym_read_u32(struct skeym_reader *reader);

/*@ requires reader_ok(reader);
    assigns *reader;
    ensures reader_ok(reader) && step{Pre, Post}(reader, 6) && onward{Pre, Post}(reader);
    ensures reader->bad ==> \result == 0; */
uint64_t skeym_read_u48(struct skeym_reader *reader);

/*@ requires reader_ok(reader);
    assigns *reader;
    ensures reader_ok(reader) && step{Pre, Post}(reader, 8) && onward{Pre, Post}(reader);
    ensures reader->bad ==> \result == 0; */
uint64_t skeym_read_u64(struct skeym_reader *reader);

/*@ requires reader_ok(reader);
    assigns *reader;
    ensures reader_ok(reader) && readable(\result) && onward{Pre, Post}(reader);
    ensures \result.size <= 255 && (reader->bad ==> \result.size == 0);
    ensures !reader->bad ==> \result.data == \old(reader->at) + 1; */
struct skeym_span skeym_read_span8(struct skeym_reader *reader);

/*@ requires reader_ok(reader);
    assigns *reader;
    ensures reader_ok(reader) && readable(\result) && onward{Pre, Post}(reader);
    ensures \result.size <= 65535 && (reader->bad ==> \result.size == 0);
    ensures !reader->bad ==> \result.data == \old(reader->at) + 2; */
struct skeym_span skeym_read_span16(struct skeym_reader *reader);

/*@ requires reader_ok(reader) && \valid((uint8_t *)out + (0 .. size - 1));
    requires elsewhere(reader, (uint8_t *)out);
    assigns *reader, ((uint8_t *)out)[0 .. size - 1];
    ensures reader_ok(reader) && step{Pre, Post}(reader, size) && onward{Pre, Post}(reader); */
void skeym_read_bytes(struct skeym_reader *reader, void *out, size_t size);

/*@ requires \valid_read(reader);
    assigns \nothing;
    ensures \result == SKEYM_OK <==> !reader->bad && reader->left == 0; */
enum skeym_error skeym_reader_end(const struct skeym_reader *reader);

/*@ requires \valid(room.data + (0 .. room.room - 1));
    assigns \nothing;
    ensures \result.start == room.data && \result.size == 0 && \result.left == room.room;
    ensures !\result.bad; */
struct skeym_writer skeym_writer(struct skeym_room room);

/*@ requires writer_ok(writer) && readable(bytes) && apart(writer, bytes);
    assigns *writer, writer->start[writer->size .. writer->size + writer->left - 1];
    ensures writer_ok(writer) && wrote{Pre, Post}(writer, bytes.size) && grown{Pre, Post}(writer);
 */
void skeym_write_span(struct skeym_writer *writer, struct skeym_span bytes);

/*@ requires writer_ok(writer);
    assigns *writer, writer->start[writer->size .. writer->size + writer->left - 1];
    ensures writer_ok(writer) && grown{Pre, Post}(writer); */
void skeym_write_u8(struct skeym_writer *writer, uint8_t value);

/*@ requires writer_ok(writer);
    assigns *writer, writer->start[writer->size .. writer->size + writer->left - 1];
    ensures writer_ok(writer) && grown{Pre, Post}(writer); */
void skeym_write_u16(struct skeym_writer *writer, uint16_t value);

/*@ requires writer_ok(writer);
    assigns *writer, writer->start[writer->size .. writer->size + writer->left - 1];
    ensures writer_ok(writer) && grown{Pre, Post}(writer); */
void skeym_write_u32(struct skeym_writer *writer, uint32_t value);

/*@ requires writer_ok(writer);
    assigns *writer, writer->start[writer->size .. writer->size + writer->left - 1];
    ensures writer_ok(writer) && grown{Pre, Post}(writer); */
void skeym_write_u48(struct skeym_writer *writer, uint64_t value);

/*@ requires writer_ok(writer);
    assigns *writer, writer->start[writer->size .. writer->size + writer->left - 1];
    ensures writer_ok(writer) && grown{Pre, Post}(writer); */
void skeym_write_u64(struct skeym_writer *writer, uint64_t value);

/*@ requires writer_ok(writer) && readable(bytes) && apart(writer, bytes);
    assigns *writer, writer->start[writer->size .. writer->size + writer->left - 1];
    ensures writer_ok(writer) && grown{Pre, Post}(writer); */
void skeym_write_span8(struct skeym_writer *writer, struct skeym_span bytes);

/*@ requires writer_ok(writer) && readable(bytes) && apart(writer, bytes);
    assigns *writer, writer->start[writer->size .. writer->size + writer->left - 1];
    ensures writer_ok(writer) && grown{Pre, Post}(writer); */
void skeym_write_span16(struct skeym_writer *writer, struct skeym_span bytes);

/*@ requires writer_ok(writer) && is_text(text);
    requires \separated(text + (0 .. 4096), writer);
    requires \separated((uint8_t *)text + (0 .. 4096),
                        writer->start + (0 .. writer->size + writer->left - 1));
    assigns *writer, writer->start[writer->size .. writer->size + writer->left - 1];
    ensures writer_ok(writer) && grown{Pre, Post}(writer); */
void skeym_write_text(struct skeym_writer *writer, const char *text);

/*@ requires writer_ok(writer);
    assigns \nothing;
    ensures readable(\result) && \result.size <= writer->size;
    ensures !writer->bad ==> \result.data == writer->start && \result.size == writer->size; */
struct skeym_span skeym_written(const struct skeym_writer *writer);

/*@ requires \valid_read(writer);
    assigns \nothing;
    ensures \result == SKEYM_OK <==> !writer->bad; */
enum skeym_error skeym_writer_end(const struct skeym_writer *writer);

/* --- inside of span.c ------------------------------------------------------- */

#ifdef SKEYM_PROVE_INSIDE_SPAN
/*@ requires reader_ok(reader) && size <= 8;
    assigns *reader;
    ensures reader_ok(reader) && step{Pre, Post}(reader, size) && onward{Pre, Post}(reader);
    ensures reader->bad ==> \result == 0; */
static uint64_t read_number(struct skeym_reader *reader, size_t size);

/*@ requires writer_ok(writer) && size <= 8;
    assigns *writer, writer->start[writer->size .. writer->size + writer->left - 1];
    ensures writer_ok(writer) && grown{Pre, Post}(writer); */
static void write_number(struct skeym_writer *writer, uint64_t value, size_t size);
#endif

#endif
