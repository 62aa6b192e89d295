/* SPDX-License-Identifier: Apache-2.0 */
#include "server/fields.h"

#include <string.h>

enum known {
    AUTHORIZATION,
    PROOF,
    CONTENT_TYPE,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    EXPECT,
    HOST,
    KNOWN
};

/* By length, which tells them all apart. */
enum { LONGEST = 17 };
static const struct {
    char name[LONGEST + 1];
    enum known known;
} names[LONGEST + 1] = {
    [4] = {"host", HOST},
    [6] = {"expect", EXPECT},
    [11] = {"skeym-proof", PROOF},
    [12] = {"content-type", CONTENT_TYPE},
    [13] = {"authorization", AUTHORIZATION},
    [14] = {"content-length", CONTENT_LENGTH},
    [17] = {"transfer-encoding", TRANSFER_ENCODING},
};

/* RFC 9110, 5.6.2: a name's bytes as small letters; 0: none. */
#define LETTERS(C)                                                                                 \
    [C] = (C), [(C) + 1] = (C) + 1, [(C) + 2] = (C) + 2, [(C) + 3] = (C) + 3, [(C) + 4] = (C) + 4
static const uint8_t lower[256] = {
    LETTERS('a'), LETTERS('f'),  LETTERS('k'), LETTERS('p'), LETTERS('u'), ['z'] = 'z',
    LETTERS('0'), LETTERS('5'),  ['!'] = '!',  ['#'] = '#',  ['$'] = '$',  ['%'] = '%',
    ['&'] = '&',  ['\''] = '\'', ['*'] = '*',  ['+'] = '+',  ['-'] = '-',  ['.'] = '.',
    ['^'] = '^',  ['_'] = '_',   ['`'] = '`',  ['|'] = '|',  ['~'] = '~',
};
#undef LETTERS

/* The name as small letters, as far as it can be a known one's. false: no token. */
static bool read_name(char out[LONGEST], struct skeym_span name)
{
    bool token = name.size > 0;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        uint8_t small = lower[c >= 'A' && c <= 'Z' ? c | 0x20 : c];
        token = token && small != 0;
        if (i < LONGEST) {
            out[i] = (char)small;
        }
    }
    return token;
}

/* Eight bytes at once: every byte is 0x20 or more, and no 0x7f. */
static bool is_plain(const uint8_t *bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    uint64_t low = word & ~highs; /* no borrow and no carry leaves its byte */
    uint64_t from_20 = low + ones * 0x60, is_7f = low + ones;
    return ((from_20 | word) & (~is_7f | word) & highs) == highs;
}

static bool is_value(struct skeym_span value)
{
    size_t at = 0;
    while (value.size - at >= sizeof(uint64_t) && is_plain(value.data + at)) {
        at += sizeof(uint64_t);
    }
    for (; at < value.size; at++) {
        uint8_t c = value.data[at];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool read_length(uint64_t *out, struct skeym_span value)
{
    uint64_t length = 0;
    if (value.size == 0 || value.size > 18) {
        return false;
    }
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return false;
        }
        length = length * 10 + (uint64_t)(value.data[i] - '0');
    }
    *out = length;
    return true;
}

/* White space around a value is no part of it (RFC 9110, 5.5); the library leaves what is behind.
 */
static struct skeym_span trimmed(struct skeym_span value)
{
    while (value.size > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value = skeym_span_part(value, 1, value.size);
    }
    while (value.size > 0 &&
           (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t')) {
        value.size--;
    }
    return value;
}

static void add_known(struct skeym_fields *fields, enum known which, struct skeym_span value)
{
    switch (which) {
    case AUTHORIZATION:
        fields->authorization = trimmed(value);
        break;
    case PROOF:
        fields->proof = trimmed(value);
        break;
    case CONTENT_TYPE:
        fields->content_type = trimmed(value);
        break;
    case CONTENT_LENGTH:
        if (!read_length(&fields->body_size, value)) {
            fields->framing_unclear = true;
        }
        fields->body_announced = fields->body_announced || fields->body_size > 0;
        break;
    case TRANSFER_ENCODING:
        fields->framing_unclear = true;
        break;
    case EXPECT:
        fields->expects = true;
        break;
    case HOST: /* never used; doubled it is no HTTP */
    case KNOWN:
        break;
    }
}

void skeym_fields_add(struct skeym_fields *fields, struct skeym_span name, struct skeym_span value)
{
    char small[LONGEST];
    if (!read_name(small, name) || !is_value(value)) {
        fields->framing_unclear = true;
    }
    if (name.size == 0 || name.size > LONGEST || names[name.size].name[0] == '\0' ||
        !skeym_span_is(skeym_span(small, name.size), names[name.size].name)) {
        return;
    }
    enum known which = names[name.size].known;
    if (fields->seen & 1U << which) {
        fields->doubled = true;
        fields->framing_unclear = fields->framing_unclear || which == CONTENT_LENGTH;
        return;
    }
    fields->seen |= 1U << which;
    add_known(fields, which, value);
}
