/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight characters at a time, one in each byte of a 64-bit word, without a branch or a table that
 * depends on them. All arithmetic stays inside of its byte: values are below 128 where they are
 * compared, and sums never pass 255 nor go below 0.
 */
#include <skeym/base64url.h>
#include <string.h>

#define GROUP_CHARS 8
#define GROUP_BYTES 6

#define EVERY(byte) (UINT64_C(0x0101010101010101) * (uint64_t)(byte))
#define TOP_BITS    EVERY(0x80)

/* 1 in each byte of x (all below 128) that is at least `least` (1 to 128); 0 in the others. */
static uint64_t at_least(uint64_t x, unsigned least)
{
    return ((x + EVERY(0x80u - least)) & TOP_BITS) >> 7;
}

static uint64_t between(uint64_t x, unsigned least, unsigned most)
{
    return at_least(x, least) & ~at_least(x, most + 1);
}

static uint64_t load(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static void store(uint8_t *bytes, size_t size, uint64_t value)
{
    for (size_t i = size; i > 0; i--) {
        bytes[i - 1] = (uint8_t)value;
        value >>= 8;
    }
}

/* Values 0 to 63 to their characters. */
static uint64_t to_chars(uint64_t v)
{
    /* A-Z, then each step of the alphabet moves what follows: a-z, 0-9, '-', '_' */
    return v + EVERY('A') + at_least(v, 26) * ('a' - 'Z' - 1) - at_least(v, 52) * ('z' + 1 - '0') -
           at_least(v, 62) * ('9' + 1 - '-') + at_least(v, 63) * ('_' - '-' - 1);
}

/* The reverse; *bad gets a bit for each byte that is no character of the alphabet. */
static uint64_t to_values(uint64_t c, uint64_t *bad)
{
    uint64_t high = c & TOP_BITS;
    c &= ~TOP_BITS;
    uint64_t upper = between(c, 'A', 'Z');
    uint64_t lower = between(c, 'a', 'z');
    uint64_t digit = between(c, '0', '9');
    uint64_t minus = between(c, '-', '-');
    uint64_t under = between(c, '_', '_');
    *bad |= high | (EVERY(1) & ~(upper | lower | digit | minus | under));
    return c - upper * 'A' - lower * ('a' - 26) + digit * (52 - '0') + minus * (62 - '-') -
           under * ('_' - 63);
}

/* Eight 6-bit values, one a byte, to 48 bits in a row, and back. */
static uint64_t pack(uint64_t v)
{
    v = (v & UINT64_C(0x003f003f003f003f)) | (v & UINT64_C(0x3f003f003f003f00)) >> 2;
    v = (v & UINT64_C(0x00000fff00000fff)) | (v & UINT64_C(0x0fff00000fff0000)) >> 4;
    return (v & UINT64_C(0x0000000000ffffff)) | (v & UINT64_C(0x00ffffff00000000)) >> 8;
}

static uint64_t unpack(uint64_t v)
{
    v = (v & UINT64_C(0x0000000000ffffff)) | (v & UINT64_C(0x0000ffffff000000)) << 8;
    v = (v & UINT64_C(0x00000fff00000fff)) | (v & UINT64_C(0x00fff00000fff000)) << 4;
    return (v & UINT64_C(0x003f003f003f003f)) | (v & UINT64_C(0x0fc00fc00fc00fc0)) << 2;
}

void skeym_base64url_write(struct skeym_writer *writer, struct skeym_span bytes)
{
    if (writer->bad || bytes.size > writer->left ||
        SKEYM_BASE64URL_CHARS(bytes.size) > writer->left) {
        writer->bad = true;
        return;
    }
    for (size_t done = 0; done < bytes.size; done += GROUP_BYTES) {
        struct skeym_span part = skeym_span_part(bytes, done, GROUP_BYTES);
        uint8_t group[GROUP_CHARS];
        uint64_t value = load(part.data, part.size) << (8 * (GROUP_BYTES - part.size));
        store(group, sizeof group, to_chars(unpack(value)));
        skeym_write_span(writer, skeym_span(group, SKEYM_BASE64URL_CHARS(part.size)));
    }
}

/* Whole groups and a last part of 2 to 7 characters, filled up with zeros ('A'). In place, a group
 * is read before its bytes are written, and these are fewer. */
static enum skeym_error decode(uint8_t *out, struct skeym_span text)
{
    uint64_t bad = 0;
    uint64_t left_over = 0;
    for (size_t done = 0; done < text.size; done += GROUP_CHARS) {
        struct skeym_span part = skeym_span_part(text, done, GROUP_CHARS);
        size_t size = SKEYM_BASE64URL_BYTES(part.size);
        uint8_t group[GROUP_CHARS] = {'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A'};
        memcpy(group, part.data, part.size);
        uint64_t value = pack(to_values(load(group, sizeof group), &bad));
        size_t unused = 8 * (GROUP_BYTES - size);
        left_over |= value & ((UINT64_C(1) << unused) - 1);
        store(out, size, value >> unused);
        out += size;
    }
    if (bad) {
        return SKEYM_ERR_CHARSET;
    }
    return left_over ? SKEYM_ERR_SHAPE : SKEYM_OK;
}

enum skeym_error skeym_base64url_read(struct skeym_room out, size_t *size, struct skeym_span text)
{
    *size = 0;
    enum skeym_error error = SKEYM_OK;
    if (text.size % 4 == 1) {
        error = SKEYM_ERR_SHAPE;
    } else if (SKEYM_BASE64URL_BYTES(text.size) > out.room) {
        error = SKEYM_ERR_SPACE;
    } else {
        error = decode(out.data, text);
    }
    if (!error) {
        *size = SKEYM_BASE64URL_BYTES(text.size);
    } else if (out.room > 0) {
        memset(out.data, 0, out.room);
    }
    return error;
}
