/* SPDX-License-Identifier: Apache-2.0 */
#include "server/console.h"

#include "server/home.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "/console"
enum { FILE_BYTES = 4 << 20 }; /* of console-dir */

/* Scripts, styles and data from here alone, no inline script, no eval, no markup from strings; in
 * nobody's frame; nothing kept by others on the way. */
static const struct {
    const char *name, *value;
} fields[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
     "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
     "require-trusted-types-for 'script'; trusted-types 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-cache"},
};

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".woff2", "font/woff2"},
};

static const char not_found[] = "There is no such page.\n";

/* --- what is asked for --------------------------------------------------------------- */

static struct skeym_span without_query(struct skeym_span target)
{
    size_t size = 0;
    while (size < target.size && target.data[size] != '?') {
        size++;
    }
    return skeym_span_part(target, 0, size);
}

bool skeym_console_asks(const struct skeym_conf *conf, struct skeym_span method,
                        struct skeym_span target)
{
    return conf->console && (skeym_span_is(method, "GET") || skeym_span_is(method, "HEAD")) &&
           (skeym_span_is(without_query(target), FOLDER) || skeym_span_starts(target, FOLDER "/"));
}

struct skeym_span skeym_console_path(struct skeym_span target)
{
    struct skeym_span path = without_query(target);
    if (!skeym_span_starts(path, FOLDER "/")) {
        return skeym_span(NULL, 0);
    }
    path = skeym_span_part(path, sizeof FOLDER, path.size);
    return path.size ? path : skeym_span_text("index.html");
}

const struct skeym_console_file *skeym_console_find(struct skeym_span path)
{
    for (const struct skeym_console_file *file = skeym_console_files; file->path; file++) {
        if (skeym_span_is(path, file->path)) {
            return file;
        }
    }
    return NULL;
}

const char *skeym_console_type(struct skeym_span path)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t size = strlen(types[i].ending);
        if (path.size > size &&
            skeym_span_is(skeym_span_part(path, path.size - size, path.size), types[i].ending)) {
            return types[i].type;
        }
    }
    return NULL;
}

bool skeym_console_plain(struct skeym_span path)
{
    bool begins = true; /* a segment */
    for (size_t i = 0; i < path.size; i++) {
        uint8_t c = path.data[i];
        bool letter = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9');
        if (!letter && (begins || !strchr("._-/", c) || c == '\0')) {
            return false;
        }
        begins = c == '/';
    }
    return !begins && path.size <= 128;
}

/* An ETag of ours is in quotes and has none inside, so it can only be found as a whole. */
bool skeym_console_same(const char *field, const char *etag)
{
    return field && (strcmp(field, "*") == 0 || strstr(field, etag) != NULL);
}

/* --- the answer -------------------------------------------------------------------------- */

/* The library takes what it only reads as if it wrote it. */
static void *plain(const void *data)
{
    void *pointer;
    memcpy(&pointer, &data, sizeof pointer);
    return pointer;
}

static bool add(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

/* response may be NULL; it is let go. extra: a field, or NULL. */
static enum MHD_Result give(struct skeym_service *service, struct MHD_Connection *connection,
                            int status, struct MHD_Response *response, const char *extra,
                            const char *value)
{
    enum MHD_Result result = MHD_NO;
    if (!response) {
        return result;
    }
    bool good = !extra || add(response, extra, value);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        good = good && add(response, fields[i].name, fields[i].value);
    }
    if (good) {
        result = MHD_queue_response(connection, (unsigned)status, response);
    }
    MHD_destroy_response(response);
    if (result == MHD_YES) {
        skeym_metrics_status(&service->metrics, status);
    }
    return result;
}

static struct MHD_Response *constant(const void *data, size_t size, const char *type)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, plain(data), MHD_RESPMEM_PERSISTENT);
    if (response && type && !add(response, "Content-Type", type)) {
        MHD_destroy_response(response);
        response = NULL;
    }
    return response;
}

static enum MHD_Result give_missing(struct skeym_service *service,
                                    struct MHD_Connection *connection)
{
    return give(service, connection, 404,
                constant(not_found, sizeof not_found - 1, "text/plain; charset=utf-8"), NULL, NULL);
}

static enum MHD_Result give_from_folder(struct skeym_service *service,
                                        struct MHD_Connection *connection, struct skeym_span path)
{
    char name[SKEYM_CONF_PATH_BYTES + 160];
    uint8_t *data = NULL;
    size_t size = 0;
    const char *type = skeym_console_type(path);
    if (!type || !skeym_console_plain(path)) {
        return give_missing(service, connection);
    }
    (void)snprintf(name, sizeof name, "%s/%.*s", service->conf->console_dir, (int)path.size,
                   (const char *)path.data);
    if (skeym_home_read_file(&data, &size, name, FILE_BYTES, false) != SKEYM_OK) {
        return give_missing(service, connection);
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, data, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(data);
    }
    return give(service, connection, 200, response, "Content-Type", type);
}

enum MHD_Result skeym_console_answer(struct skeym_service *service,
                                     struct MHD_Connection *connection, struct skeym_span target)
{
    struct skeym_span path = skeym_console_path(target);
    if (path.size == 0) { /* relative, so that it holds behind a proxy, too */
        return give(service, connection, 308, constant("", 0, NULL), "Location", "console/");
    }
    if (service->conf->console_dir[0] != '\0') {
        return give_from_folder(service, connection, path);
    }
    const struct skeym_console_file *file = skeym_console_find(path);
    const char *type = skeym_console_type(path);
    if (!file || !type) {
        return give_missing(service, connection);
    }
    const char *known = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");
    if (skeym_console_same(known, file->etag)) {
        return give(service, connection, 304, constant(file->data, file->size, NULL), "ETag",
                    file->etag); /* the length is told, the library sends no body */
    }
    return give(service, connection, 200, constant(file->data, file->size, type), "ETag",
                file->etag);
}
