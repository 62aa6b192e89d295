/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's log: one JSON object a line, to stderr or a file. Fields are typed, and no type
 * takes bytes: there is no way to hand it a key. Any number of threads at once. It waits for
 * nobody: lines that standard error or the file does not take are counted ("dropped" "of" "stuck").
 */
#ifndef SKEYM_SERVER_LOG_H
#define SKEYM_SERVER_LOG_H

#include "server/source.h"
#include <skeym/claims.h>

#define SKEYM_LOG_LINE_BYTES 1024

enum skeym_log_level { SKEYM_LOG_DEBUG, SKEYM_LOG_INFO, SKEYM_LOG_WARNING, SKEYM_LOG_ERROR };

enum skeym_log_kind {
    SKEYM_LOG_TEXT,
    SKEYM_LOG_NUMBER,
    SKEYM_LOG_REASON,
    SKEYM_LOG_NODE,
    SKEYM_LOG_SOURCE
};
struct skeym_log_field {
    const char *key;
    enum skeym_log_kind kind;
    const char *text;
    uint64_t number;
    struct skeym_name node;
    struct skeym_source source;
};
/* text: words of the program, file names, settings. */
struct skeym_log_field skeym_log_text(const char *key, const char *text);
struct skeym_log_field skeym_log_number(const char *key, uint64_t number);
struct skeym_log_field skeym_log_reason(enum skeym_error error);
/* An authentic node id; left out when empty. */
struct skeym_log_field skeym_log_node(const struct skeym_name *node);
struct skeym_log_field skeym_log_source(const struct skeym_source *source);

/* One line with its LF; what does not fit ends the line early, still as JSON. Returns its size. */
size_t skeym_log_format(char out[SKEYM_LOG_LINE_BYTES], uint64_t wall_ms,
                        enum skeym_log_level level, const char *event,
                        const struct skeym_log_field *fields, size_t count);

struct skeym_log; /* malloc'ed */

/* path empty: stderr. A file that ends inside a line gets the line's end first. Errors:
 * SKEYM_ERR_MEMORY, and those of skeym_home_file_error, for an operator to act on. */
SKEYM_MUST_USE enum skeym_error skeym_log_open(struct skeym_log **out, const char *path,
                                               enum skeym_log_level level);
/* After the file was moved away. On an error the old one stays in use. */
SKEYM_MUST_USE enum skeym_error skeym_log_reopen(struct skeym_log *log);
void skeym_log_close(struct skeym_log *log);

void skeym_log_write(struct skeym_log *log, enum skeym_log_level level, const char *event,
                     const struct skeym_log_field *fields, size_t count);
/* The same for what peers can cause: at most SKEYM_LOG_FLOOD lines a second in each room; the
 * others are counted, and the counts are logged. Strangers fill but their own room. */
#define SKEYM_LOG_FLOOD 50
enum skeym_log_room {
    SKEYM_LOG_STRANGERS,
    SKEYM_LOG_NAMED,  /* a node is named; it, or somebody who has overheard it */
    SKEYM_LOG_PROVEN, /* a node that has just shown its keys */
    SKEYM_LOG_ROOMS
};
void skeym_log_write_flood(struct skeym_log *log, enum skeym_log_room room,
                           enum skeym_log_level level, const char *event,
                           const struct skeym_log_field *fields, size_t count);
/* Somebody who is told of every line too, whatever its level, but for those that a flood drops.
 * Before any thread writes; watcher runs on the writer's and must not wait. room: SKEYM_LOG_ROOMS
 * for lines that no peer can cause. What is told lives for the call. */
struct skeym_log_line {
    uint64_t wall_ms;
    enum skeym_log_room room;
    enum skeym_log_level level;
    const char *event;
    const struct skeym_log_field *fields;
    size_t count;
};
typedef void (*skeym_log_watcher)(void *arg, const struct skeym_log_line *line);
void skeym_log_watch(struct skeym_log *log, skeym_log_watcher watcher, void *arg);

/* Once a second: says how many lines were dropped. Returns how many since the start. */
uint64_t skeym_log_tick(struct skeym_log *log);

#define SKEYM_LOG_FIELDS(...)                                                                      \
    (const struct skeym_log_field[]){__VA_ARGS__},                                                 \
        sizeof((const struct skeym_log_field[]){__VA_ARGS__}) / sizeof(struct skeym_log_field)

#endif
