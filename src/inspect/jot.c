/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/jot.h"
#include <inttypes.h>
#include <skeym/base64url.h>

/* The start of a member: a comma after the one before, the line, the name. */
static void member(struct skeym_jot *jot, const char *name)
{
    fprintf(jot->out, "%s%*s",
            jot->filled      ? ",\n"
            : jot->depth > 0 ? "\n"
                             : "",
            (int)(2 * jot->depth), "");
    if (name) {
        fprintf(jot->out, "\"%s\": ", name);
    }
    jot->filled = true;
}

static void enter(struct skeym_jot *jot, const char *name, char bracket)
{
    member(jot, name);
    fputc(bracket, jot->out);
    jot->depth++;
    jot->filled = false;
}

static void leave(struct skeym_jot *jot, char bracket)
{
    jot->depth--;
    if (jot->filled) {
        fprintf(jot->out, "\n%*s", (int)(2 * jot->depth), "");
    }
    fputc(bracket, jot->out);
    jot->filled = true;
}

void skeym_jot_object(struct skeym_jot *jot, const char *name)
{
    enter(jot, name, '{');
}

void skeym_jot_object_end(struct skeym_jot *jot)
{
    leave(jot, '}');
}

void skeym_jot_list(struct skeym_jot *jot, const char *name)
{
    enter(jot, name, '[');
}

void skeym_jot_list_end(struct skeym_jot *jot)
{
    leave(jot, ']');
}

void skeym_jot_text(struct skeym_jot *jot, const char *name, const char *text)
{
    skeym_jot_span(jot, name, skeym_span_text(text));
}

void skeym_jot_span(struct skeym_jot *jot, const char *name, struct skeym_span text)
{
    member(jot, name);
    fputc('"', jot->out);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte == '\n') {
            fputs("\\n", jot->out);
        } else if (byte < 0x20 || byte > 0x7e) {
            fprintf(jot->out, "\\u%04x", byte);
        } else {
            fprintf(jot->out, "%s%c", byte == '"' || byte == '\\' ? "\\" : "", byte);
        }
    }
    fputc('"', jot->out);
}

void skeym_jot_hex(struct skeym_jot *jot, const char *name, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    member(jot, name);
    fputc('"', jot->out);
    for (size_t i = 0; i < size; i++) {
        fprintf(jot->out, "%02x", bytes[i]);
    }
    fputc('"', jot->out);
}

void skeym_jot_base64url(struct skeym_jot *jot, const char *name, struct skeym_span bytes)
{
    uint8_t text[2048];
    struct skeym_writer writer = skeym_writer((struct skeym_room){text, sizeof text});
    skeym_base64url_write(&writer, bytes);
    (void)skeym_jot_must(jot, skeym_writer_end(&writer));
    skeym_jot_span(jot, name, skeym_written(&writer));
}

void skeym_jot_number(struct skeym_jot *jot, const char *name, uint64_t number)
{
    member(jot, name);
    fprintf(jot->out, "%" PRIu64, number);
}

void skeym_jot_bool(struct skeym_jot *jot, const char *name, bool value)
{
    member(jot, name);
    fputs(value ? "true" : "false", jot->out);
}

bool skeym_jot_must(struct skeym_jot *jot, enum skeym_error error)
{
    if (jot->error == SKEYM_OK) {
        jot->error = error;
    }
    return jot->error == SKEYM_OK;
}

void skeym_jot_refused(struct skeym_jot *jot, enum skeym_error error)
{
    if (error == SKEYM_OK || error == SKEYM_ERR_CRYPTO) {
        (void)skeym_jot_must(jot, error == SKEYM_OK ? SKEYM_ERR_STATE : error);
    }
    skeym_jot_text(jot, "error", skeym_error_word(error));
}
