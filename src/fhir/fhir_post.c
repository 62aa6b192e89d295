/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_post.h"

#include "fhir/fhir_json.h"
#include "fhir/fhir_url.h"
#include <json-c/json.h>
#include <string.h>
#include <strings.h>

/* --- the type of a body ------------------------------------------------------------ */

static struct skeym_span trim(struct skeym_span text, const char *set)
{
    while (text.size > 0 && text.data[0] && strchr(set, text.data[0])) {
        text = skeym_span_part(text, 1, text.size);
    }
    while (text.size > 0 && text.data[text.size - 1] && strchr(set, text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

static bool is_word(struct skeym_span text, const char *word)
{
    return text.size == strlen(word) && strncasecmp((const char *)text.data, word, text.size) == 0;
}

/* The part of text before c; *rest is the part behind it, or empty. */
static struct skeym_span before(struct skeym_span text, char c, struct skeym_span *rest)
{
    const uint8_t *mark = text.size > 0 ? memchr(text.data, c, text.size) : NULL;
    size_t size = mark ? (size_t)(mark - text.data) : text.size;
    *rest = mark ? skeym_span_part(text, size + 1, text.size) : skeym_span(NULL, 0);
    return skeym_span_part(text, 0, size);
}

enum skeym_fhir_post_type skeym_fhir_post_type(struct skeym_span content_type)
{
    static const char *const charsets[] = {"charset=utf-8", "charset=\"utf-8\"", "fhirversion=4.0"};
    static const struct {
        const char *name;
        enum skeym_fhir_post_type type;
    } names[] = {
        {"application/fhir+json", SKEYM_FHIR_POST_JSON},
        {"application/json", SKEYM_FHIR_POST_JSON},
        {"application/x-www-form-urlencoded", SKEYM_FHIR_POST_FORM},
    };
    struct skeym_span rest;
    struct skeym_span name = trim(before(content_type, ';', &rest), " \t");
    while (rest.size > 0) {
        struct skeym_span given = trim(before(rest, ';', &rest), " \t");
        bool known = given.size == 0;
        for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++) {
            known = known || is_word(given, charsets[i]);
        }
        if (!known) {
            return SKEYM_FHIR_POST_OTHER;
        }
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (is_word(name, names[i].name)) {
            return names[i].type;
        }
    }
    return SKEYM_FHIR_POST_OTHER;
}

/* --- the target ---------------------------------------------------------------------- */

static bool ends_with(struct skeym_span text, const char *end)
{
    size_t size = strlen(end);
    return text.size >= size &&
           skeym_span_is(skeym_span_part(text, text.size - size, text.size), end);
}

/* The path without a slash at its end; *query is what follows. */
static struct skeym_span path_of(struct skeym_span target, struct skeym_span *query)
{
    struct skeym_span path = before(target, '?', query);
    path.size -= path.size > 0 && path.data[path.size - 1] == '/';
    return path;
}

static const char *const search_path = "/_search";
static const char *const latest_path = "/$lastn";

bool skeym_fhir_post_reads(struct skeym_span target)
{
    struct skeym_span query;
    struct skeym_span path = path_of(target, &query);
    return ends_with(path, search_path) || ends_with(path, latest_path);
}

/* A form is a query but for bytes that a URL cannot have, and how lines end. */
static void add_form(struct skeym_fhir_text *text, struct skeym_span form)
{
    form = trim(form, "\r\n");
    for (size_t i = 0; i < form.size; i++) {
        struct skeym_span one = skeym_span_part(form, i, 1);
        if (one.data[0] == ' ') {
            skeym_fhir_text_add(text, "+");
        } else {
            skeym_fhir_text_span(text, one);
        }
    }
}

static void add_escaped(struct skeym_fhir_text *text, struct skeym_span value)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.data[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '-' || c == '.' || c == '_';
        const char escape[] = {'%', digits[c >> 4], digits[c & 15], 0};
        if (plain) {
            skeym_fhir_text_span(text, skeym_span(&c, 1));
        } else {
            skeym_fhir_text_add(text, escape);
        }
    }
}

/* The value[x] of one parameter as a search would have it; false when it has none that can be. */
static bool add_value(struct skeym_fhir_text *text, struct json_object *parameter)
{
    struct json_object *value = NULL;
    size_t values = 0;
    json_object_object_foreach(parameter, key, member)
    {
        if (strncmp(key, "value", strlen("value")) == 0) {
            value = member;
            values++;
        }
    }
    struct skeym_span reference = skeym_fhir_json_text(value, "reference");
    struct skeym_span code = skeym_fhir_json_text(value, "code");
    if (values != 1 || skeym_fhir_json_has(parameter, "resource") ||
        skeym_fhir_json_has(parameter, "part")) {
        return false;
    }
    if (json_object_is_type(value, json_type_string)) {
        add_escaped(text, skeym_fhir_json_string(value));
    } else if (json_object_is_type(value, json_type_int) ||
               json_object_is_type(value, json_type_boolean)) {
        skeym_fhir_text_add(text, json_object_get_string(value));
    } else if (reference.size > 0) {
        add_escaped(text, reference);
    } else if (code.size > 0) {
        add_escaped(text, skeym_fhir_json_text(value, "system"));
        skeym_fhir_text_add(text, skeym_fhir_json_has(value, "system") ? "%7C" : "");
        add_escaped(text, code);
    } else {
        return false;
    }
    return true;
}

static bool add_parameters(struct skeym_fhir_text *text, struct json_object *root,
                           struct skeym_fhir_problem *problem)
{
    struct json_object *list = skeym_fhir_json_member(root, "parameter", json_type_array);
    size_t count = list ? json_object_array_length(list) : 0;
    if (!skeym_span_is(skeym_fhir_json_text(root, "resourceType"), "Parameters") ||
        (!list && skeym_fhir_json_has(root, "parameter"))) {
        return skeym_fhir_outcome_fail(problem, 400, "invalid", "not Parameters");
    }
    for (size_t i = 0; i < count; i++) {
        struct json_object *parameter = json_object_array_get_idx(list, i);
        struct skeym_span name = skeym_fhir_json_text(parameter, "name");
        skeym_fhir_text_add(text, i > 0 ? "&" : "");
        add_escaped(text, name);
        skeym_fhir_text_add(text, "=");
        if (name.size == 0 || !add_value(text, parameter)) {
            return skeym_fhir_outcome_at(problem, 400, "invalid", "Parameters.parameter",
                                         "a name and one simple value, reference or coding");
        }
    }
    return true;
}

static bool add_body(struct skeym_fhir_text *text, const struct skeym_fhir_request *request,
                     bool search, struct skeym_fhir_problem *problem)
{
    enum skeym_fhir_post_type type = skeym_fhir_post_type(request->content_type);
    if (search && type == SKEYM_FHIR_POST_FORM && request->body.size <= SKEYM_FHIR_URL_BYTES) {
        add_form(text, request->body);
        return true;
    }
    if (search && type == SKEYM_FHIR_POST_FORM) {
        return skeym_fhir_outcome_fail(problem, 413, "too-long", "the form is too long");
    }
    if (search || type != SKEYM_FHIR_POST_JSON) {
        return skeym_fhir_outcome_fail(problem, 415, "not-supported", "the body must be %s",
                                       search ? "application/x-www-form-urlencoded"
                                              : "Parameters as application/fhir+json");
    }
    struct json_object *root = skeym_fhir_json_parse(request->body, problem);
    bool good = root && add_parameters(text, root, problem);
    json_object_put(root);
    return good;
}

bool skeym_fhir_post_target(struct skeym_span *out, struct skeym_fhir_arena *arena,
                            const struct skeym_fhir_request *request,
                            struct skeym_fhir_problem *problem)
{
    struct skeym_fhir_text text = {0};
    struct skeym_span query;
    struct skeym_span path = path_of(request->target, &query);
    bool search = ends_with(path, search_path);
    path.size -= search ? strlen(search_path) : 0;
    skeym_fhir_text_span(&text, path);
    skeym_fhir_text_add(&text, "?");
    skeym_fhir_text_span(&text, query);
    skeym_fhir_text_add(&text, query.size > 0 ? "&" : "");
    *out = skeym_span(NULL, 0);
    if (request->body.size > 0 && !add_body(&text, request, search, problem)) {
        skeym_fhir_text_free(&text);
        return false;
    }
    if (!text.bad) {
        *out = skeym_fhir_text_keep(arena, skeym_fhir_text_view(&text));
    }
    skeym_fhir_text_free(&text);
    return out->data || skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
}
