/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit.h"
#include "cli/cli.h"
#include "server/home.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct json_object *skeym_audit_event(const char *event, uint64_t now_ms)
{
    struct json_object *object = json_object_new_object();
    skeym_audit_number(object, "time", now_ms / 1000);
    skeym_audit_text(object, "event", event);
    skeym_audit_number(object, "uid", (uint64_t)getuid());
    return object;
}

static void add(struct json_object *event, const char *name, struct json_object *value)
{
    if (!event || !value || json_object_object_add(event, name, value) != 0) {
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
        if (skeym_scope_print(room, &scopes->at[i]) == SKEYM_OK) {
            json_object_array_add(words, json_object_new_string(text));
        }
    }
    return words;
}

void skeym_audit_claims(struct json_object *event, const struct skeym_node_claims *claims)
{
    char name[SKEYM_NODE_ID_BYTES + 1];
    char key[SKEYM_BASE64URL_CHARS(32) + 1] = {0};
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)key, sizeof key - 1});
    skeym_base64url_write(&writer, skeym_span(claims->public_key, sizeof claims->public_key));
    skeym_cli_name(name, &claims->id);
    skeym_audit_text(event, "node", name);
    skeym_audit_text(event, "role", skeym_role_name(claims->role));
    add(event, "scopes", scope_words(&claims->scopes));
    skeym_audit_number(event, "generation", claims->generation);
    skeym_audit_number(event, "not_after", claims->not_after);
    skeym_audit_text(event, "public_key", key);
}

enum skeym_error skeym_audit_append(const char *dir, struct json_object *event)
{
    if (!event) {
        return SKEYM_ERR_MEMORY;
    }
    const char *line = json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN |
                                                                 JSON_C_TO_STRING_NOSLASHESCAPE);
    enum skeym_error error = line ? skeym_home_audit(dir, line) : SKEYM_ERR_MEMORY;
    json_object_put(event);
    return error;
}

static bool one_line(const char *line, size_t size, skeym_audit_each each, void *arg)
{
    struct json_tokener *tokener = json_tokener_new_ex(8);
    struct json_object *event =
        tokener && size < INT32_MAX ? json_tokener_parse_ex(tokener, line, (int)size) : NULL;
    bool good = event && json_tokener_get_error(tokener) == json_tokener_success &&
                json_object_is_type(event, json_type_object) &&
                skeym_audit_get_text(event, "event")[0] != '\0';
    if (good) {
        each(arg, event);
    }
    json_object_put(event);
    if (tokener) {
        json_tokener_free(tokener);
    }
    return good;
}

enum skeym_error skeym_audit_read(const char *dir, skeym_audit_each each, void *arg,
                                  size_t *damaged)
{
    char *text = NULL;
    size_t size = 0;
    *damaged = 0;
    enum skeym_error error = skeym_home_audit_read(&text, &size, dir);
    size_t at = 0;
    while (error == SKEYM_OK && at < size) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;
        if (length > 0 && !one_line(text + at, length, each, arg)) {
            ++*damaged;
        }
        at += length + (end != NULL);
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
