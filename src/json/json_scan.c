/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 64 };

struct scan {
    const uint8_t *data;
    size_t size, at, depth;
    size_t containers, values;
    const struct skeym_json_limits *limits;
};

static int peek(const struct scan *scan)
{
    return scan->at < scan->size ? scan->data[scan->at] : -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static size_t digits(struct scan *scan)
{
    size_t from = scan->at;
    while (is_digit(peek(scan))) {
        scan->at++;
    }
    return scan->at - from;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static enum skeym_error scan_number(struct scan *scan)
{
    char copy[NUMBER_BYTES];
    size_t from = scan->at;
    bool whole = true;
    scan->at += peek(scan) == '-';
    bool zero = peek(scan) == '0';
    size_t count = digits(scan);
    if (count == 0 || (zero && count > 1)) {
        return SKEYM_ERR_SHAPE;
    }
    if (peek(scan) == '.') {
        whole = false;
        scan->at++;
        if (digits(scan) == 0) {
            return SKEYM_ERR_SHAPE;
        }
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        whole = false;
        scan->at++;
        scan->at += peek(scan) == '+' || peek(scan) == '-';
        if (digits(scan) == 0) {
            return SKEYM_ERR_SHAPE;
        }
    }
    size_t size = scan->at - from;
    if ((whole && count > SKEYM_JSON_INTEGER_DIGITS) || size >= sizeof copy) {
        return SKEYM_ERR_RANGE;
    }
    if (whole) {
        return SKEYM_OK;
    }
    memcpy(copy, scan->data + from, size);
    copy[size] = 0;
    return isfinite(strtod(copy, NULL)) ? SKEYM_OK : SKEYM_ERR_RANGE;
}

bool skeym_json_scan_is_number(struct skeym_span text)
{
    struct scan scan = {.data = text.data, .size = text.size};
    return scan_number(&scan) == SKEYM_OK && scan.at == text.size;
}

static int hex4(struct scan *scan)
{
    int value = 0;
    for (int i = 0; i < 4; i++, scan->at++) {
        int c = peek(scan);
        int digit = is_digit(c)            ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* After the backslash. A surrogate must have its other half; NUL is refused. */
static bool scan_escape(struct scan *scan)
{
    int c = peek(scan);
    scan->at += c >= 0;
    if (c != 'u') {
        return c > 0 && strchr("\"\\/bfnrt", c) != NULL;
    }
    int unit = hex4(scan);
    if (unit >= 0xd800 && unit <= 0xdbff) {
        if (peek(scan) != '\\') {
            return false;
        }
        scan->at++;
        if (peek(scan) != 'u') {
            return false;
        }
        scan->at++;
        int low = hex4(scan);
        return low >= 0xdc00 && low <= 0xdfff;
    }
    return unit > 0 && (unit < 0xdc00 || unit > 0xdfff);
}

/* One character of two to four bytes: the shortest form, no surrogate, at most U+10FFFF. */
static bool scan_utf8(struct scan *scan)
{
    uint32_t first = (uint32_t)peek(scan);
    size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (first < 0xc2 || first > 0xf4) {
        return false;
    }
    uint32_t value = first & (0x3fu >> more);
    scan->at++;
    for (size_t i = 0; i < more; i++, scan->at++) {
        int c = peek(scan);
        if (c < 0 || (c & 0xc0) != 0x80) {
            return false;
        }
        value = value << 6 | ((uint32_t)c & 0x3f);
    }
    return value >= least[more] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
}

static enum skeym_error scan_string(struct scan *scan)
{
    scan->at++;
    for (;;) {
        int c = peek(scan);
        if (c < 0) {
            return SKEYM_ERR_TRUNCATED;
        }
        if (c == '"') {
            scan->at++;
            return SKEYM_OK;
        }
        if (c < 0x20) {
            return SKEYM_ERR_CHARSET;
        }
        if (c >= 0x80) {
            if (!scan_utf8(scan)) {
                return SKEYM_ERR_CHARSET;
            }
            continue;
        }
        scan->at++;
        if (c == '\\' && !scan_escape(scan)) {
            return SKEYM_ERR_CHARSET;
        }
    }
}

static enum skeym_error scan_word(struct scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};
    struct skeym_span rest = skeym_span(scan->data + scan->at, scan->size - scan->at);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (skeym_span_starts(rest, words[i])) {
            scan->at += strlen(words[i]);
            return SKEYM_OK;
        }
    }
    return SKEYM_ERR_SHAPE;
}

static enum skeym_error scan_one(struct scan *scan, int c)
{
    bool opens = c == '{' || c == '[';
    scan->containers += opens;
    scan->values += c == '"' || c == '-' || is_digit(c) || (c >= 'a' && c <= 'z');
    if (scan->containers > scan->limits->containers || scan->values > scan->limits->values) {
        return SKEYM_ERR_SPACE;
    }
    if (c == '"') {
        return scan_string(scan);
    }
    if (c == '-' || is_digit(c)) {
        return scan_number(scan);
    }
    if (c >= 'a' && c <= 'z') {
        return scan_word(scan);
    }
    if (c == 0 || !strchr(" \t\r\n{}[],:", c)) {
        return SKEYM_ERR_SHAPE;
    }
    if (opens) {
        if (++scan->depth > scan->limits->depth) {
            return SKEYM_ERR_SIZE;
        }
    } else if (c == '}' || c == ']') {
        if (scan->depth-- == 0) {
            return SKEYM_ERR_SHAPE;
        }
    }
    scan->at++;
    return SKEYM_OK;
}

enum skeym_error skeym_json_scan(struct skeym_span text, const struct skeym_json_limits *limits,
                                 size_t *at)
{
    struct scan scan = {.data = text.data, .size = text.size, .limits = limits};
    enum skeym_error error = SKEYM_OK;
    while (!error && scan.at < scan.size) {
        error = scan_one(&scan, peek(&scan));
    }
    if (!error && scan.depth > 0) {
        error = SKEYM_ERR_TRUNCATED;
    }
    *at = scan.at;
    return error;
}
