/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_json.h"

#include "fhir/fhir_build.h"
#include <errno.h>
#include <json-c/json.h>
#include <json-c/json_object_iterator.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 64 };

struct scan {
    const uint8_t *data;
    size_t size, at, depth, keys;
    size_t containers, values; /* values: all but containers, keys too */
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
    if ((whole && count > SKEYM_FHIR_INTEGER_DIGITS) || size >= sizeof copy) {
        return SKEYM_ERR_RANGE;
    }
    if (whole) {
        return SKEYM_OK;
    }
    memcpy(copy, scan->data + from, size);
    copy[size] = 0;
    return isfinite(strtod(copy, NULL)) ? SKEYM_OK : SKEYM_ERR_RANGE;
}

bool skeym_fhir_json_is_number(struct skeym_span text)
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
    if (scan->containers > SKEYM_FHIR_CONTAINERS || scan->values > SKEYM_FHIR_VALUES) {
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
        if (++scan->depth > SKEYM_FHIR_DEPTH) {
            return SKEYM_ERR_SIZE;
        }
    } else if (c == '}' || c == ']') {
        if (scan->depth-- == 0) {
            return SKEYM_ERR_SHAPE;
        }
    }
    scan->keys += c == ':';
    scan->at++;
    return SKEYM_OK;
}

enum skeym_error skeym_fhir_json_scan(struct skeym_span text, size_t *keys, size_t *at)
{
    struct scan scan = {.data = text.data, .size = text.size};
    enum skeym_error error = SKEYM_OK;
    *keys = 0;
    while (!error && scan.at < scan.size) {
        error = scan_one(&scan, peek(&scan));
    }
    if (!error && scan.depth > 0) {
        error = SKEYM_ERR_TRUNCATED;
    }
    *at = scan.at;
    *keys = error ? 0 : scan.keys;
    return error;
}

struct json_object *skeym_fhir_json_parse(struct skeym_span text,
                                          struct skeym_fhir_problem *problem)
{
    size_t keys = 0, at = 0;
    if (text.size > SKEYM_FHIR_BODY_BYTES) {
        skeym_fhir_outcome_fail(problem, 413, "too-long", "the body is larger than %d bytes",
                                SKEYM_FHIR_BODY_BYTES);
        return NULL;
    }
    if (text.size == 0) {
        skeym_fhir_outcome_fail(problem, 400, "structure", "the body is empty");
        return NULL;
    }
    enum skeym_error error = skeym_fhir_json_scan(text, &keys, &at);
    if (error == SKEYM_ERR_SPACE) {
        skeym_fhir_outcome_fail(problem, 413, "too-costly",
                                "more than %d objects and arrays, or %d keys and values",
                                SKEYM_FHIR_CONTAINERS, SKEYM_FHIR_VALUES);
        return NULL;
    }
    if (error) {
        skeym_fhir_outcome_fail(problem, 400, error == SKEYM_ERR_RANGE ? "value" : "structure",
                                "%s at byte %zu: %s",
                                error == SKEYM_ERR_RANGE ? "number out of range" : "not JSON", at,
                                skeym_error_text(error));
        return NULL;
    }
    struct json_object *object = NULL;
    error = skeym_fhir_build(&object, text, &at);
    if (error == SKEYM_ERR_MEMORY) {
        skeym_fhir_outcome_store(problem, error);
    } else if (error == SKEYM_ERR_CONFLICT) {
        skeym_fhir_outcome_fail(problem, 400, "structure", "a key is repeated in an object");
    } else if (error) {
        skeym_fhir_outcome_fail(problem, 400, "structure", "not JSON at byte %zu: %s", at,
                                skeym_error_text(error));
    } else if (!json_object_is_type(object, json_type_object)) {
        skeym_fhir_outcome_fail(problem, 400, "structure", "not a JSON object");
    } else {
        return object;
    }
    json_object_put(object);
    return NULL;
}

struct json_object *skeym_fhir_json_member(struct json_object *object, const char *key,
                                           enum json_type type)
{
    struct json_object *member = NULL;
    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, key, &member) || !json_object_is_type(member, type)) {
        return NULL;
    }
    return member;
}

bool skeym_fhir_json_has(struct json_object *object, const char *key)
{
    return json_object_is_type(object, json_type_object) &&
           json_object_object_get_ex(object, key, NULL);
}

struct skeym_span skeym_fhir_json_string(struct json_object *string)
{
    if (!json_object_is_type(string, json_type_string)) {
        return skeym_span(NULL, 0);
    }
    return skeym_span(json_object_get_string(string), (size_t)json_object_get_string_len(string));
}

struct skeym_span skeym_fhir_json_text(struct json_object *object, const char *key)
{
    return skeym_fhir_json_string(skeym_fhir_json_member(object, key, json_type_string));
}

bool skeym_fhir_json_number(struct json_object *object, const char *key, double *number)
{
    struct json_object *member = NULL;
    *number = 0;
    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, key, &member) ||
        (!json_object_is_type(member, json_type_int) &&
         !json_object_is_type(member, json_type_double))) {
        return false;
    }
    *number = json_object_get_double(member);
    return true;
}

void skeym_fhir_json_write(struct skeym_fhir_text *text, struct json_object *value)
{
    size_t size = 0;
    errno = 0; /* json-c leaves out what it has no memory for, and says so nowhere else */
    const char *json = json_object_to_json_string_length(
        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
    if (!json || errno == ENOMEM) {
        text->bad = true;
        return;
    }
    skeym_fhir_text_span(text, skeym_span(json, size));
}
