/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ward console: the files of console/, compiled in (cmake/SkeymConsole.cmake), served in the
 * open under /console/. What is asked for is looked up in that table by its whole name, so no path
 * leads out of it. With the setting console-dir, for development, they are read from a folder
 * instead. Nothing of a request is kept, and no memory is taken but for the answer's head.
 */
#ifndef SKEYM_SERVER_CONSOLE_H
#define SKEYM_SERVER_CONSOLE_H

#include "server/service.h"
#include <microhttpd.h>

struct skeym_console_file {
    const char *path; /* "js/main.js" */
    const char *etag; /* with its quotes: of the content's SHA-256 */
    const uint8_t *data;
    size_t size;
};
/* The last one's path is NULL. */
extern const struct skeym_console_file skeym_console_files[];

/* Whether this is a request for the console: GET or HEAD of /console, or of what is below. False
 * for all where the console is off. */
bool skeym_console_asks(const struct skeym_conf *conf, struct skeym_span method,
                        struct skeym_span target);
/* Answers it: 200, 304, a redirection of /console to /console/, or 404; always with the fields that
 * bind a browser (Content-Security-Policy and others). */
enum MHD_Result skeym_console_answer(struct skeym_service *service,
                                     struct MHD_Connection *connection, struct skeym_span target);

/* The parts. A target's path below /console/ without its query, "index.html" for the folder itself;
 * empty where there is none. */
struct skeym_span skeym_console_path(struct skeym_span target);
/* NULL: there is none. */
const struct skeym_console_file *skeym_console_find(struct skeym_span path);
/* By the name's end; NULL: not served. */
const char *skeym_console_type(struct skeym_span path);
/* true for names that may be looked for in a folder: no segment is empty or begins with a dot. */
bool skeym_console_plain(struct skeym_span path);
/* If-None-Match against an ETag. field may be NULL. */
bool skeym_console_same(const char *field, const char *etag);

#endif
