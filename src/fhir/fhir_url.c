/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_url.h"

#include "fhir/fhir_json.h"
#include <string.h>

static int hex(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool skeym_fhir_url_is_id(struct skeym_span id)
{
    for (size_t i = 0; i < id.size; i++) {
        uint8_t c = id.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            c != '-' && c != '.') {
            return false;
        }
    }
    return id.size >= 1 && id.size <= 64;
}

/* The part up to c (which is dropped) or to the end; *rest is what follows. */
static struct skeym_span cut(struct skeym_span *rest, char c, bool *found)
{
    struct skeym_span all = *rest;
    const uint8_t *at = all.size > 0 ? memchr(all.data, c, all.size) : NULL;
    *found = at != NULL;
    if (!at) {
        *rest = skeym_span(NULL, 0);
        return all;
    }
    size_t size = (size_t)(at - all.data);
    *rest = skeym_span_part(all, size + 1, all.size);
    return skeym_span_part(all, 0, size);
}

/* The scanner of JSON strings knows UTF-8: lend it the bytes in quotes. */
static bool is_utf8(const uint8_t *bytes, size_t size, struct skeym_fhir_arena *arena)
{
    size_t at = 0;
    uint8_t *quoted = skeym_fhir_text_take(arena, size + 2);
    if (!quoted) {
        return false;
    }
    quoted[0] = quoted[size + 1] = '"';
    for (size_t i = 0; i < size; i++) {
        quoted[i + 1] = bytes[i] == '"' || bytes[i] == '\\' ? '_' : bytes[i];
    }
    return skeym_json_scan(skeym_span(quoted, size + 2), &skeym_fhir_json_limits, &at) == SKEYM_OK;
}

static bool decode(struct skeym_span *out, struct skeym_fhir_arena *arena, struct skeym_span raw,
                   struct skeym_fhir_problem *problem)
{
    uint8_t *text = skeym_fhir_text_take(arena, raw.size + 1);
    size_t size = 0;
    bool high = false;
    if (!text) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
    }
    for (size_t i = 0; i < raw.size; i++) {
        int c = raw.data[i];
        if (c == '%') {
            int upper = raw.size - i > 2 ? hex(raw.data[i + 1]) : -1;
            int lower = raw.size - i > 2 ? hex(raw.data[i + 2]) : -1;
            c = upper < 0 || lower < 0 ? 0 : upper * 16 + lower;
            i += 2;
        } else if (c > 0x7e) {
            c = 0; /* must be escaped */
        } else if (c == '+') {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f) {
            return skeym_fhir_outcome_fail(problem, 400, "structure",
                                           "a bad escape or character in the URL");
        }
        high = high || c > 0x7f;
        text[size++] = (uint8_t)c;
    }
    if (high && !is_utf8(text, size, arena)) {
        return skeym_fhir_outcome_fail(problem, 400, "structure", "the URL is not UTF-8");
    }
    *out = skeym_span(text, size);
    return true;
}

static bool parse_params(struct skeym_fhir_url *out, struct skeym_fhir_arena *arena,
                         struct skeym_span query, struct skeym_fhir_problem *problem)
{
    bool more = query.size > 0;
    while (more) {
        struct skeym_span value = cut(&query, '&', &more);
        struct skeym_fhir_param param = {.raw = value};
        bool named = false;
        struct skeym_span name = cut(&value, '=', &named);
        if (param.raw.size == 0) {
            continue; /* "a=1&&b=2" */
        }
        if (!named || name.size == 0) {
            return skeym_fhir_outcome_fail(problem, 400, "structure",
                                           "a parameter without a name or a value");
        }
        if (out->param_count == SKEYM_FHIR_PARAMS) {
            return skeym_fhir_outcome_fail(problem, 400, "too-costly", "too many parameters");
        }
        if (!decode(&param.name, arena, name, problem) ||
            !decode(&param.value, arena, value, problem)) {
            return false;
        }
        out->params[out->param_count++] = param;
    }
    return true;
}

bool skeym_fhir_url_query(struct skeym_fhir_url *out, struct skeym_fhir_arena *arena,
                          struct skeym_span query, struct skeym_fhir_problem *problem)
{
    out->segment_count = out->param_count = 0;
    if (query.size > SKEYM_FHIR_URL_BYTES) {
        return skeym_fhir_outcome_fail(problem, 400, "too-long", "the URL is too long");
    }
    if (query.size > 0 && query.data[0] == '?') {
        query = skeym_span_part(query, 1, query.size);
    }
    return parse_params(out, arena, query, problem);
}

bool skeym_fhir_url_parse(struct skeym_fhir_url *out, struct skeym_fhir_arena *arena,
                          struct skeym_span target, const char *base,
                          struct skeym_fhir_problem *problem)
{
    bool queried = false, more = true;
    struct skeym_span query = target;
    if (target.size > SKEYM_FHIR_URL_BYTES) {
        return skeym_fhir_outcome_fail(problem, 400, "too-long", "the URL is too long");
    }
    struct skeym_span path = cut(&query, '?', &queried);
    if (!skeym_fhir_url_query(out, arena, query, problem)) {
        return false;
    }
    size_t head = strlen(base);
    if (!skeym_span_starts(path, base) ||
        (head > 0 && path.size > head && path.data[head] != '/')) {
        return skeym_fhir_outcome_fail(problem, 404, "not-found", "no such path");
    }
    path = skeym_span_part(path, head > 0 ? head + 1 : 0, path.size);
    while (more) {
        struct skeym_span segment = cut(&path, '/', &more);
        if (segment.size == 0 && !more) {
            break; /* nothing, or a slash at the end */
        }
        if (segment.size == 0 || out->segment_count == SKEYM_FHIR_SEGMENTS) {
            return skeym_fhir_outcome_fail(problem, 404, "not-found", "no such path");
        }
        out->segments[out->segment_count++] = segment;
    }
    return true;
}
