/* SPDX-License-Identifier: Apache-2.0 */
#include <skeym/span.h>
#include <string.h>

struct skeym_span skeym_span(const void *data, size_t size)
{
    return (struct skeym_span){data, size};
}

struct skeym_span skeym_span_text(const char *text)
{
    size_t size = 0;
    /*@ loop invariant text == \null ==> size == 0;
        loop invariant \forall integer i; 0 <= i < size ==> text[i] != 0;
        loop invariant \forall integer n; text_of(text, n) ==> size <= n;
        loop assigns size;
        loop variant 4096 - size; */
    while (text && text[size]) {
        size++;
    }
    return (struct skeym_span){(const uint8_t *)text, size};
}

bool skeym_span_equal(struct skeym_span a, struct skeym_span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool skeym_span_is(struct skeym_span a, const char *text)
{
    return skeym_span_equal(a, skeym_span_text(text));
}

bool skeym_span_starts(struct skeym_span a, const char *text)
{
    struct skeym_span head = skeym_span_text(text);
    return a.size >= head.size && skeym_span_equal(skeym_span_part(a, 0, head.size), head);
}

struct skeym_span skeym_span_part(struct skeym_span a, size_t from, size_t size)
{
    if (from >= a.size) {
        return (struct skeym_span){0};
    }
    size_t rest = a.size - from;
    return (struct skeym_span){a.data + from, size < rest ? size : rest};
}

struct skeym_reader skeym_reader(struct skeym_span input)
{
    return (struct skeym_reader){input.data, input.size, false};
}

struct skeym_span skeym_read_span(struct skeym_reader *reader, size_t size)
{
    if (reader->bad || size > reader->left) {
        reader->bad = true;
        return (struct skeym_span){0};
    }
    struct skeym_span out = {reader->at, size};
    if (size > 0) {
        reader->at += size;
    }
    reader->left -= size;
    return out;
}

static uint64_t read_number(struct skeym_reader *reader, size_t size)
{
    struct skeym_span bytes = skeym_read_span(reader, size);
    uint64_t value = 0;
    /*@ loop invariant i <= bytes.size && (i == 0 ==> value == 0);
        loop assigns i, value;
        loop variant bytes.size - i; */
    for (size_t i = 0; i < bytes.size; i++) {
        value = value << 8 | bytes.data[i];
    }
    return value;
}

uint8_t skeym_read_u8(struct skeym_reader *reader)
{
    return (uint8_t)read_number(reader, 1);
}

uint16_t skeym_read_u16(struct skeym_reader *reader)
{
    return (uint16_t)read_number(reader, 2);
}

uint32_t skeym_read_u32(struct skeym_reader *reader)
{
    return (uint32_t)read_number(reader, 4);
}

uint64_t skeym_read_u48(struct skeym_reader *reader)
{
    return read_number(reader, 6);
}

uint64_t skeym_read_u64(struct skeym_reader *reader)
{
    return read_number(reader, 8);
}

struct skeym_span skeym_read_span8(struct skeym_reader *reader)
{
    return skeym_read_span(reader, skeym_read_u8(reader));
}

struct skeym_span skeym_read_span16(struct skeym_reader *reader)
{
    return skeym_read_span(reader, skeym_read_u16(reader));
}

void skeym_read_bytes(struct skeym_reader *reader, void *out, size_t size)
{
    struct skeym_span bytes = skeym_read_span(reader, size);
    if (reader->bad) {
        memset(out, 0, size);
    } else if (size > 0) {
        memcpy(out, bytes.data, size);
    }
}

enum skeym_error skeym_reader_end(const struct skeym_reader *reader)
{
    if (reader->bad) {
        return SKEYM_ERR_TRUNCATED;
    }
    return reader->left ? SKEYM_ERR_TRAILING : SKEYM_OK;
}

struct skeym_writer skeym_writer(struct skeym_room room)
{
    return (struct skeym_writer){room.data, 0, room.room, false};
}

void skeym_write_span(struct skeym_writer *writer, struct skeym_span bytes)
{
    if (writer->bad || bytes.size > writer->left) {
        writer->bad = true;
        return;
    }
    if (bytes.size > 0) {
        memcpy(writer->start + writer->size, bytes.data, bytes.size);
    }
    writer->size += bytes.size;
    writer->left -= bytes.size;
}

static void write_number(struct skeym_writer *writer, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    /*@ loop invariant i <= size;
        loop assigns i, value, bytes[0 .. size - 1];
        loop variant i; */
    for (size_t i = size; i > 0; i--) {
        bytes[i - 1] = (uint8_t)value;
        value >>= 8;
    }
    if (value != 0) {
        writer->bad = true;
    }
    skeym_write_span(writer, skeym_span(bytes, size));
}

void skeym_write_u8(struct skeym_writer *writer, uint8_t value)
{
    write_number(writer, value, 1);
}

void skeym_write_u16(struct skeym_writer *writer, uint16_t value)
{
    write_number(writer, value, 2);
}

void skeym_write_u32(struct skeym_writer *writer, uint32_t value)
{
    write_number(writer, value, 4);
}

void skeym_write_u48(struct skeym_writer *writer, uint64_t value)
{
    write_number(writer, value, 6);
}

void skeym_write_u64(struct skeym_writer *writer, uint64_t value)
{
    write_number(writer, value, 8);
}

void skeym_write_span8(struct skeym_writer *writer, struct skeym_span bytes)
{
    write_number(writer, bytes.size, 1);
    skeym_write_span(writer, bytes);
}

void skeym_write_span16(struct skeym_writer *writer, struct skeym_span bytes)
{
    write_number(writer, bytes.size, 2);
    skeym_write_span(writer, bytes);
}

void skeym_write_text(struct skeym_writer *writer, const char *text)
{
    skeym_write_span(writer, skeym_span_text(text));
}

struct skeym_span skeym_written(const struct skeym_writer *writer)
{
    return writer->bad ? (struct skeym_span){0} : skeym_span(writer->start, writer->size);
}

enum skeym_error skeym_writer_end(const struct skeym_writer *writer)
{
    return writer->bad ? SKEYM_ERR_SPACE : SKEYM_OK;
}
