/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sixteen characters at a time, one in each byte of two 64-bit words, without a branch or a table
 * that depends on them. All arithmetic stays inside of its byte: values are below 128 where they
 * are compared, and sums never pass 255 nor go below 0. Comparisons are sums as well, so that no
 * compiler makes a branch of them; the pair of words is a vector, where the CPU has such.
 */
#include "core/base64url_wide.h"
#include "crypto/crypto.h"
#include <skeym/base64url.h>
#include <string.h>

#define GROUP_CHARS 16
#define GROUP_BYTES 12
#define HALF_BYTES  6 /* of a group: what one word holds */
#define WORD_BYTES  8

typedef uint64_t words __attribute__((vector_size(2 * WORD_BYTES)));

#define EVERY(byte) (UINT64_C(0x0101010101010101) * (uint64_t)(byte))
#define TOP_BITS    EVERY(0x80)

/* The compiler's own memcpy is one load or store here; the library's would be a call. */
static uint64_t load(const uint8_t bytes[WORD_BYTES])
{
    uint64_t value;
    __builtin_memcpy(&value, bytes, sizeof value);
    return value;
}

static void store(uint8_t bytes[WORD_BYTES], uint64_t value)
{
    __builtin_memcpy(bytes, &value, sizeof value);
}

/* From or to a word whose first byte in memory is its lowest, or its highest. */
static uint64_t little(uint64_t value)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? value : __builtin_bswap64(value);
}

static uint64_t big(uint64_t value)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(value) : value;
}

/* `amount` (below 128) in each byte whose top bit is set in `where`, 0 in the others. */
static words in_those(words where, unsigned amount)
{
    words top = where & TOP_BITS;
    return (top - (top >> 7)) & EVERY(amount);
}

/* The top bit of each byte of x (all below 128) that is at least `least` (1 to 128); and others. */
static words at_least(words x, unsigned least)
{
    return x + EVERY(0x80 - least);
}

/* Values 0 to 63 to their characters: A-Z, then each step of the alphabet moves what follows. */
static words to_chars(words v)
{
    return v + EVERY('A') + in_those(at_least(v, 26), 'a' - 'Z' - 1) -
           in_those(at_least(v, 52), 'z' + 1 - '0') - in_those(at_least(v, 62), '9' + 1 - '-') +
           in_those(at_least(v, 63), '_' - '-' - 1);
}

/* The reverse; *bad gets a bit for each byte that is no character of the alphabet. */
static words to_values(words c, words *bad)
{
    words low = c & ~TOP_BITS;
    words upper = at_least(low, 'A') ^ at_least(low, 'Z' + 1);
    words lower = at_least(low, 'a') ^ at_least(low, 'z' + 1);
    words digit = at_least(low, '0') ^ at_least(low, '9' + 1);
    words minus = at_least(low, '-') ^ at_least(low, '-' + 1);
    words under = at_least(low, '_') ^ at_least(low, '_' + 1);
    *bad |= (c | ~(upper | lower | digit | minus | under)) & TOP_BITS;
    return low - in_those(upper, 'A') - in_those(lower, 'a' - 26) + in_those(digit, 52 - '0') +
           in_those(minus, 62 - '-') - in_those(under, '_' - 63);
}

/* 48 bits in a row to eight values, the first of them in the lowest byte; and back. */
static words spread(words v)
{
    v = v >> 24 | (v & UINT64_C(0x0000000000ffffff)) << 32;
    v = (v >> 12 & UINT64_C(0x00000fff00000fff)) | (v & UINT64_C(0x00000fff00000fff)) << 16;
    return (v >> 6 & UINT64_C(0x003f003f003f003f)) | (v & UINT64_C(0x003f003f003f003f)) << 8;
}

static words gather(words v)
{
    v = (v & UINT64_C(0x003f003f003f003f)) << 6 | (v >> 8 & UINT64_C(0x003f003f003f003f));
    v = (v & UINT64_C(0x00000fff00000fff)) << 12 | (v >> 16 & UINT64_C(0x00000fff00000fff));
    return (v & UINT64_C(0x0000000000ffffff)) << 24 | v >> 32;
}

/* Groups are loaded and stored as two whole words each: SPARE bytes behind the last are touched. */
#define SPARE (WORD_BYTES - HALF_BYTES)

/* A group is read before its characters are written. */
static void encode_groups(uint8_t *chars, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        words v = {big(load(bytes)) >> 16, big(load(bytes + HALF_BYTES)) >> 16};
        v = to_chars(spread(v));
        store(chars, little(v[0]));
        store(chars + WORD_BYTES, little(v[1]));
        bytes += GROUP_BYTES;
        chars += GROUP_CHARS;
    }
}

/* In place, a group is read before its bytes are written, and these are fewer. */
static words decode_groups(uint8_t *bytes, const uint8_t *chars, size_t count)
{
    words bad = {0, 0};
    for (size_t i = 0; i < count; i++) {
        words v = {little(load(chars)), little(load(chars + WORD_BYTES))};
        v = gather(to_values(v, &bad));
        store(bytes, big(v[0] << 16));
        store(bytes + HALF_BYTES, big(v[1] << 16));
        bytes += GROUP_BYTES;
        chars += GROUP_CHARS;
    }
    return bad;
}

static void encode(uint8_t *out, struct skeym_span bytes)
{
    if (skeym_base64url_wide_encode(out, bytes)) {
        return;
    }
    uint8_t last[2 * GROUP_BYTES + SPARE] = {0};
    uint8_t chars[2 * GROUP_CHARS];
    size_t groups = bytes.size < SPARE ? 0 : (bytes.size - SPARE) / GROUP_BYTES;
    encode_groups(out, bytes.data, groups);
    struct skeym_span rest = skeym_span_part(bytes, groups * GROUP_BYTES, bytes.size);
    if (rest.size > 0) {
        memcpy(last, rest.data, rest.size);
        encode_groups(chars, last, (rest.size + GROUP_BYTES - 1) / GROUP_BYTES);
        memcpy(out + groups * GROUP_CHARS, chars, SKEYM_BASE64URL_CHARS(rest.size));
        skeym_crypto_wipe(last, sizeof last);
        skeym_crypto_wipe(chars, sizeof chars);
    }
}

void skeym_base64url_write(struct skeym_writer *writer, struct skeym_span bytes)
{
    size_t chars = SKEYM_BASE64URL_CHARS(bytes.size);
    if (writer->bad || bytes.size > writer->left || chars > writer->left) {
        writer->bad = true;
        return;
    }
    if (bytes.size > 0) {
        encode(writer->start + writer->size, bytes);
    }
    writer->size += chars;
    writer->left -= chars;
}

/* What is strange in the characters; *left_over: bits that make no whole byte. */
static uint64_t decode_narrow(uint8_t *out, struct skeym_span text, uint8_t *left_over)
{
    uint8_t chars[2 * GROUP_CHARS];
    uint8_t last[2 * GROUP_BYTES + SPARE];
    /* As many characters follow as make the spare bytes, and some more. */
    size_t groups = text.size < WORD_BYTES ? 0 : (text.size - WORD_BYTES) / GROUP_CHARS;
    words bad = decode_groups(out, text.data, groups);
    struct skeym_span rest = skeym_span_part(text, groups * GROUP_CHARS, text.size);
    if (rest.size > 0) {
        size_t size = SKEYM_BASE64URL_BYTES(rest.size);
        memset(chars, 'A', sizeof chars); /* the value 0 */
        memcpy(chars, rest.data, rest.size);
        bad |= decode_groups(last, chars, (rest.size + GROUP_CHARS - 1) / GROUP_CHARS);
        memcpy(out + groups * GROUP_BYTES, last, size);
        *left_over = last[size];
        skeym_crypto_wipe(chars, sizeof chars);
        skeym_crypto_wipe(last, sizeof last);
    }
    return bad[0] | bad[1];
}

static enum skeym_error decode(uint8_t *out, struct skeym_span text)
{
    uint8_t left_over = 0;
    uint64_t strange = 0;
    if (!skeym_base64url_wide_decode(out, text, &strange, &left_over)) {
        strange = decode_narrow(out, text, &left_over);
    }
    /* Of what may be a secret one thing becomes known: whether it is well formed. */
    static const uint64_t nothing;
    uint64_t wrong = strange | left_over;
    if (skeym_crypto_equal(&wrong, &nothing, sizeof wrong)) {
        return SKEYM_OK;
    }
    return strange ? SKEYM_ERR_CHARSET : SKEYM_ERR_SHAPE;
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
