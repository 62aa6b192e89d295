/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json_build.h"

#include <json-c/json_object.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 64 };

/* Strings are unescaped into `strings`, a key below the value that it names; each takes at most as
 * many bytes there as it has in the text. */
struct build {
    struct skeym_span text;
    size_t at;
    char *strings;
    size_t used;
    size_t depth; /* how much deeper it may get */
};

static int peek(const struct build *build)
{
    return build->at < build->text.size ? build->text.data[build->at] : -1;
}

/* The next byte that is no white space. */
static int next(struct build *build)
{
    int c = peek(build);
    while (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        build->at++;
        c = peek(build);
    }
    return c;
}

/* --- strings -------------------------------------------------------------- */

static uint32_t hex4(struct build *build)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++, build->at++) {
        int c = peek(build);
        int digit = c >= '0' && c <= '9' ? c - '0' : ((c | 0x20) - 'a' + 10) & 15;
        value = value << 4 | (uint32_t)digit;
    }
    return value;
}

static void put(struct build *build, uint32_t byte)
{
    build->strings[build->used++] = (char)(unsigned char)byte;
}

static void put_utf8(struct build *build, uint32_t code)
{
    if (code < 0x80) {
        put(build, code);
    } else if (code < 0x800) {
        put(build, 0xc0 | code >> 6);
        put(build, 0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(build, 0xe0 | code >> 12);
        put(build, 0x80 | (code >> 6 & 0x3f));
        put(build, 0x80 | (code & 0x3f));
    } else {
        put(build, 0xf0 | code >> 18);
        put(build, 0x80 | (code >> 12 & 0x3f));
        put(build, 0x80 | (code >> 6 & 0x3f));
        put(build, 0x80 | (code & 0x3f));
    }
}

/* After the backslash. */
static void take_escape(struct build *build)
{
    static const char from[] = "bfnrt";
    static const char to[] = "\b\f\n\r\t";
    int c = peek(build);
    const char *named = c > 0 ? strchr(from, c) : NULL;
    build->at++;
    if (c != 'u') {
        put(build, named ? (uint32_t)to[named - from] : (uint32_t)c);
        return;
    }
    uint32_t code = hex4(build);
    if (code >= 0xd800 && code <= 0xdbff) { /* the scan has seen the other half */
        build->at += strlen("\\u");
        code = 0x10000 + ((code - 0xd800) << 10 | (hex4(build) & 0x3ff));
    }
    put_utf8(build, code);
}

/* At the opening quote. The string begins at the old build->used, and has a NUL behind it. */
static bool take_string(struct build *build)
{
    build->at++;
    for (int c = peek(build); c != '"'; c = peek(build)) {
        if (c < 0) {
            return false;
        }
        build->at++;
        if (c == '\\') {
            take_escape(build);
        } else {
            put(build, (uint32_t)c);
        }
    }
    build->at++;
    put(build, 0);
    return true;
}

/* --- values --------------------------------------------------------------- */

static enum skeym_error build_string(struct build *build, struct json_object **out)
{
    size_t from = build->used;
    if (!take_string(build)) {
        return SKEYM_ERR_SHAPE;
    }
    *out = json_object_new_string_len(build->strings + from, (int)(build->used - from - 1));
    build->used = from;
    return *out ? SKEYM_OK : SKEYM_ERR_MEMORY;
}

/* A decimal keeps its digits, and a zero its sign. */
static enum skeym_error build_number(struct build *build, struct json_object **out)
{
    char copy[NUMBER_BYTES] = {0};
    size_t size = 0;
    bool whole = true;
    for (int c = peek(build); size < sizeof copy - 1 && c > 0 && strchr("+-.eE0123456789", c);
         c = peek(build)) {
        whole = whole && !strchr(".eE", c);
        copy[size++] = (char)c;
        build->at++;
    }
    whole = whole && strcmp(copy, "-0") != 0;
    *out = whole ? json_object_new_int64(strtoll(copy, NULL, 10))
                 : json_object_new_double_s(strtod(copy, NULL), copy);
    return *out ? SKEYM_OK : SKEYM_ERR_MEMORY;
}

static enum skeym_error build_word(struct build *build, struct json_object **out)
{
    struct skeym_span rest = skeym_span_part(build->text, build->at, build->text.size);
    bool yes = skeym_span_starts(rest, "true");
    bool no = skeym_span_starts(rest, "false");
    if (!yes && !no && !skeym_span_starts(rest, "null")) {
        return SKEYM_ERR_SHAPE;
    }
    build->at += no ? strlen("false") : strlen("true");
    *out = yes || no ? json_object_new_boolean(yes) : NULL;
    return (yes || no) && !*out ? SKEYM_ERR_MEMORY : SKEYM_OK;
}

static enum skeym_error build_value(struct build *build, struct json_object **out);

static enum skeym_error add_element(struct build *build, struct json_object *array)
{
    struct json_object *value = NULL;
    enum skeym_error error = build_value(build, &value);
    if (!error && json_object_array_add(array, value) != 0) {
        json_object_put(value);
        error = SKEYM_ERR_MEMORY;
    }
    return error;
}

static enum skeym_error add_member(struct build *build, struct json_object *object)
{
    size_t from = build->used;
    struct json_object *value = NULL;
    if (next(build) != '"' || !take_string(build)) {
        return SKEYM_ERR_SHAPE;
    }
    const char *key = build->strings + from;
    if (json_object_object_get_ex(object, key, NULL)) {
        return SKEYM_ERR_CONFLICT;
    }
    if (next(build) != ':') {
        return SKEYM_ERR_SHAPE;
    }
    build->at++;
    enum skeym_error error = build_value(build, &value);
    if (!error &&
        json_object_object_add_ex(object, key, value, JSON_C_OBJECT_ADD_KEY_IS_NEW) != 0) {
        json_object_put(value);
        error = SKEYM_ERR_MEMORY;
    }
    build->used = from;
    return error;
}

/* At the opening bracket. */
static enum skeym_error build_container(struct build *build, struct json_object **out)
{
    bool array = peek(build) == '[';
    int close = array ? ']' : '}';
    struct json_object *made = array ? json_object_new_array() : json_object_new_object();
    enum skeym_error error = made ? SKEYM_OK : SKEYM_ERR_MEMORY;
    build->at++;
    bool more = next(build) != close;
    while (!error && more) {
        error = array ? add_element(build, made) : add_member(build, made);
        int c = error ? -1 : next(build);
        more = c == ',';
        if (!error && !more && c != close) {
            error = SKEYM_ERR_SHAPE;
        }
        build->at += more;
    }
    if (error) {
        json_object_put(made);
        return error;
    }
    build->at++;
    *out = made;
    return SKEYM_OK;
}

static enum skeym_error build_value(struct build *build, struct json_object **out)
{
    int c = next(build);
    *out = NULL;
    if (c == '{' || c == '[') {
        if (build->depth == 0) {
            return SKEYM_ERR_SIZE;
        }
        build->depth--;
        enum skeym_error error = build_container(build, out);
        build->depth++;
        return error;
    }
    if (c == '"') {
        return build_string(build, out);
    }
    return c == '-' || (c >= '0' && c <= '9') ? build_number(build, out) : build_word(build, out);
}

enum skeym_error skeym_json_build(struct json_object **out, struct skeym_span text, size_t depth,
                                  size_t *at)
{
    struct build build = {.text = text, .strings = malloc(text.size + 1), .depth = depth};
    *out = NULL;
    *at = 0;
    if (!build.strings) {
        return SKEYM_ERR_MEMORY;
    }
    enum skeym_error error = build_value(&build, out);
    if (!error && next(&build) >= 0) {
        json_object_put(*out);
        *out = NULL;
        error = SKEYM_ERR_SHAPE;
    }
    *at = build.at;
    free(build.strings);
    return error;
}
