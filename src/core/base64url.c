/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight characters at a time, one in each byte of a 64-bit word, without a branch or a table that
 * depends on them. All arithmetic stays inside of its byte: values are below 128 where they are
 * compared, and sums never pass 255 nor go below 0.
 */
#include "crypto/crypto.h"
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

/* Written out, because compilers make one or two loads and stores of that, and not of a loop. */
static uint64_t load6(const uint8_t *b)
{
    return (uint64_t)b[0] << 40 | (uint64_t)b[1] << 32 | (uint64_t)b[2] << 24 |
           (uint64_t)b[3] << 16 | (uint64_t)b[4] << 8 | b[5];
}

static void store6(uint8_t *b, uint64_t value)
{
    b[0] = (uint8_t)(value >> 40);
    b[1] = (uint8_t)(value >> 32);
    b[2] = (uint8_t)(value >> 24);
    b[3] = (uint8_t)(value >> 16);
    b[4] = (uint8_t)(value >> 8);
    b[5] = (uint8_t)value;
}

static uint64_t load8(const uint8_t *b)
{
    return load6(b) << 16 | (uint64_t)b[6] << 8 | b[7];
}

static void store8(uint8_t *b, uint64_t value)
{
    store6(b, value >> 16);
    b[6] = (uint8_t)(value >> 8);
    b[7] = (uint8_t)value;
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

static void encode_group(uint8_t chars[GROUP_CHARS], const uint8_t bytes[GROUP_BYTES])
{
    store8(chars, to_chars(unpack(load6(bytes))));
}

/* The group's 48 bits are also what it returns. */
static uint64_t decode_group(uint8_t bytes[GROUP_BYTES], const uint8_t chars[GROUP_CHARS],
                             uint64_t *bad)
{
    uint64_t value = pack(to_values(load8(chars), bad));
    store6(bytes, value);
    return value;
}

void skeym_base64url_write(struct skeym_writer *writer, struct skeym_span bytes)
{
    if (writer->bad || bytes.size > writer->left ||
        SKEYM_BASE64URL_CHARS(bytes.size) > writer->left) {
        writer->bad = true;
        return;
    }
    uint8_t chars[GROUP_CHARS];
    size_t done = 0;
    for (; bytes.size - done >= GROUP_BYTES; done += GROUP_BYTES) {
        encode_group(chars, bytes.data + done);
        skeym_write_span(writer, skeym_span(chars, sizeof chars));
    }
    struct skeym_span rest = skeym_span_part(bytes, done, GROUP_BYTES);
    if (rest.size > 0) {
        uint8_t last[GROUP_BYTES] = {0};
        memcpy(last, rest.data, rest.size);
        encode_group(chars, last);
        skeym_write_span(writer, skeym_span(chars, SKEYM_BASE64URL_CHARS(rest.size)));
        skeym_crypto_wipe(last, sizeof last);
    }
    skeym_crypto_wipe(chars, sizeof chars);
}

/* In place, a group is read before its bytes are written, and these are fewer. */
static enum skeym_error decode(uint8_t *out, struct skeym_span text)
{
    uint64_t bad = 0;
    uint64_t left_over = 0;
    size_t done = 0;
    for (; text.size - done >= GROUP_CHARS; done += GROUP_CHARS) {
        decode_group(out, text.data + done, &bad);
        out += GROUP_BYTES;
    }
    struct skeym_span rest = skeym_span_part(text, done, GROUP_CHARS);
    if (rest.size > 0) {
        uint8_t chars[GROUP_CHARS] = {'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A'}; /* the value 0 */
        uint8_t last[GROUP_BYTES];
        size_t size = SKEYM_BASE64URL_BYTES(rest.size);
        memcpy(chars, rest.data, rest.size);
        left_over = decode_group(last, chars, &bad) << (16 + 8 * size);
        memcpy(out, last, size);
        skeym_crypto_wipe(chars, sizeof chars);
        skeym_crypto_wipe(last, sizeof last);
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
