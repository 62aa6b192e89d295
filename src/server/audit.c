/* SPDX-License-Identifier: Apache-2.0 */
#include "server/audit.h"
#include "fhir/fhir_json.h"
#include "server/home.h"
#include <errno.h>
#include <skeym/base64url.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct json_object *skeym_audit_event(const char *event, uint64_t now_ms)
{
    struct json_object *object = json_object_new_object();
    struct json_object *time = json_object_new_int64((int64_t)(now_ms / 1000));
    if (!object || !time || json_object_object_add(object, "time", time) != 0) {
        json_object_put(time);
        json_object_put(object);
        return NULL;
    }
    skeym_audit_text(object, "event", event);
    skeym_audit_number(object, "uid", (uint64_t)getuid());
    return object;
}

/* An event that lost a field for want of memory is none: it loses its name, too, by which
 * skeym_audit_append knows it. To take a field away needs no memory. */
static void add(struct json_object *event, const char *name, struct json_object *value)
{
    if (event && (!value || json_object_object_add(event, name, value) != 0)) {
        json_object_put(value);
        json_object_object_del(event, "event");
    } else if (!event) {
        json_object_put(value);
    }
}

void skeym_audit_text(struct json_object *event, const char *name, const char *value)
{
    add(event, name, json_object_new_string(value));
}

void skeym_audit_number(struct json_object *event, const char *name, uint64_t value)
{
    add(event, name, json_object_new_int64((int64_t)value));
}

static struct json_object *scope_words(const struct skeym_scopes *scopes)
{
    struct json_object *words = json_object_new_array();
    for (size_t i = 0; words && i < scopes->count; i++) {
        char text[SKEYM_SCOPE_TEXT_BYTES];
        struct skeym_room room = {(uint8_t *)text, sizeof text};
        if (skeym_scope_print(room, &scopes->at[i]) != SKEYM_OK) {
            continue;
        }
        struct json_object *word = json_object_new_string(text);
        if (!word || json_object_array_add(words, word) != 0) {
            json_object_put(word);
            json_object_put(words);
            return NULL;
        }
    }
    return words;
}

void skeym_audit_claims(struct json_object *event, const struct skeym_node_claims *claims)
{
    char name[SKEYM_NODE_ID_BYTES + 1] = {0};
    char key[SKEYM_BASE64URL_CHARS(32) + 1] = {0};
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)key, sizeof key - 1});
    skeym_base64url_write(&writer, skeym_span(claims->public_key, sizeof claims->public_key));
    memcpy(name, claims->id.text, claims->id.size);
    skeym_audit_text(event, "node", name);
    skeym_audit_text(event, "role", skeym_role_name(claims->role));
    add(event, "scopes", scope_words(&claims->scopes));
    skeym_audit_number(event, "generation", claims->generation);
    skeym_audit_number(event, "not_after", claims->not_after);
    skeym_audit_text(event, "public_key", key);
}

void skeym_audit_invitation(struct json_object *event, const uint8_t id[SKEYM_INVITE_ID_BYTES])
{
    char text[SKEYM_BASE64URL_CHARS(SKEYM_INVITE_ID_BYTES) + 1] = {0};
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){(uint8_t *)text, sizeof text - 1});
    skeym_base64url_write(&writer, skeym_span(id, SKEYM_INVITE_ID_BYTES));
    skeym_audit_text(event, "invitation", text);
}

const char *skeym_audit_print(struct json_object *object, int flags)
{
    errno = 0; /* json-c leaves out what it has no memory for, and says so nowhere else */
    const char *text = json_object_to_json_string_ext(object, flags);
    return errno == ENOMEM ? NULL : text;
}

const char *skeym_audit_line(struct json_object *event)
{
    if (!event || skeym_audit_get_text(event, "event")[0] == '\0') {
        return NULL;
    }
    return skeym_audit_print(event, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

enum skeym_error skeym_audit_append(const char *dir, struct json_object *event)
{
    const char *line = skeym_audit_line(event);
    enum skeym_error error = line ? skeym_home_audit(dir, line) : SKEYM_ERR_MEMORY;
    json_object_put(event);
    return error;
}

/* SKEYM_ERR_SHAPE: this is no event. */
static enum skeym_error one_line(struct skeym_span line, skeym_audit_each each, void *arg)
{
    struct skeym_fhir_problem problem = {0};
    struct json_object *event = skeym_fhir_json_parse(line, &problem);
    bool good = event && skeym_audit_get_text(event, "event")[0] != '\0';
    if (good) {
        each(arg, event);
    }
    json_object_put(event);
    return good ? SKEYM_OK : problem.status == 503 ? SKEYM_ERR_MEMORY : SKEYM_ERR_SHAPE;
}

enum skeym_error skeym_audit_parse(struct skeym_span text, skeym_audit_each each, void *arg,
                                   struct skeym_audit_gaps *gaps)
{
    enum skeym_error error = SKEYM_OK;
    *gaps = (struct skeym_audit_gaps){0};
    while (error == SKEYM_OK && text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        struct skeym_span line =
            skeym_span_part(text, 0, end ? (size_t)(end - text.data) : text.size);
        text = skeym_span_part(text, line.size + (end != NULL), text.size);
        if (line.size == 0) {
            continue;
        }
        error = one_line(line, each, arg);
        if (error == SKEYM_ERR_SHAPE) {
            bool torn = line.data[0] == '{' && line.data[line.size - 1] != '}';
            gaps->torn += torn;
            gaps->damaged += !torn;
            error = SKEYM_OK;
        }
    }
    return error;
}

enum skeym_error skeym_audit_read(const char *dir, skeym_audit_each each, void *arg,
                                  struct skeym_audit_gaps *gaps)
{
    char *text = NULL;
    size_t size = 0;
    *gaps = (struct skeym_audit_gaps){0};
    enum skeym_error error = skeym_home_audit_read(&text, &size, dir);
    if (error == SKEYM_OK) {
        error = skeym_audit_parse(skeym_span(text, size), each, arg, gaps);
    }
    free(text);
    return error;
}

const char *skeym_audit_get_text(struct json_object *event, const char *name)
{
    struct json_object *value;
    if (!json_object_object_get_ex(event, name, &value) ||
        !json_object_is_type(value, json_type_string)) {
        return "";
    }
    return json_object_get_string(value);
}

uint32_t skeym_audit_get_number(struct json_object *event, const char *name)
{
    struct json_object *value;
    if (!json_object_object_get_ex(event, name, &value) ||
        !json_object_is_type(value, json_type_int)) {
        return 0;
    }
    int64_t number = json_object_get_int64(value);
    return number < 0 || number > UINT32_MAX ? 0 : (uint32_t)number;
}
