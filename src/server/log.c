/* SPDX-License-Identifier: Apache-2.0 */
#include "server/log.h"

#include "server/home_file.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct skeym_log {
    pthread_mutex_t lock;
    int fd;
    enum skeym_log_level level;
    bool torn;  /* what was written last ends inside a line */
    char *path; /* NULL: stderr */
    struct {
        unsigned left;
        uint64_t dropped;
    } room[SKEYM_LOG_ROOMS];
    uint64_t stuck; /* lines that nobody was there to take */
    uint64_t dropped_total;
    skeym_log_watcher watcher; /* or NULL */
    void *watcher_arg;
};

void skeym_log_watch(struct skeym_log *log, skeym_log_watcher watcher, void *arg)
{
    log->watcher = watcher;
    log->watcher_arg = arg;
}

struct skeym_log_field skeym_log_text(const char *key, const char *text)
{
    return (struct skeym_log_field){.key = key, .kind = SKEYM_LOG_TEXT, .text = text};
}

struct skeym_log_field skeym_log_number(const char *key, uint64_t number)
{
    return (struct skeym_log_field){.key = key, .kind = SKEYM_LOG_NUMBER, .number = number};
}

struct skeym_log_field skeym_log_reason(enum skeym_error error)
{
    return (struct skeym_log_field){
        .key = "reason", .kind = SKEYM_LOG_REASON, .text = skeym_error_word(error)};
}

struct skeym_log_field skeym_log_node(const struct skeym_name *node)
{
    return (struct skeym_log_field){.key = "node", .kind = SKEYM_LOG_NODE, .node = *node};
}

struct skeym_log_field skeym_log_source(const struct skeym_source *source)
{
    return (struct skeym_log_field){.key = "source", .kind = SKEYM_LOG_SOURCE, .source = *source};
}

/* --- the line ---------------------------------------------------------------- */

/* A field goes in whole or not at all: out.size is put back when it does not fit. Two bytes stay
 * free for the end of the line. */
struct line {
    char *at;
    size_t size, room;
    bool bad;
};

static void put(struct line *line, const char *bytes, size_t size)
{
    if (line->bad || size > line->room - line->size) {
        line->bad = true;
        return;
    }
    memcpy(line->at + line->size, bytes, size);
    line->size += size;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* A JSON string; bytes that are not printable ASCII as \u00XX. */
static void put_quoted(struct line *line, const char *bytes, size_t size)
{
    put(line, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        char escaped[8];
        if (c == '"' || c == '\\') {
            put(line, "\\", 1);
            put(line, bytes + i, 1);
        } else if (c < 0x20 || c > 0x7e) {
            (void)snprintf(escaped, sizeof escaped, "\\u%04x", c);
            put_text(line, escaped);
        } else {
            put(line, bytes + i, 1);
        }
    }
    put(line, "\"", 1);
}

static void put_field(struct line *line, const struct skeym_log_field *field)
{
    char text[SKEYM_SOURCE_TEXT_BYTES];
    size_t before = line->size;
    bool was_bad = line->bad;
    if (field->kind == SKEYM_LOG_NODE && field->node.size == 0) {
        return;
    }
    put(line, ",", 1);
    put_quoted(line, field->key, strlen(field->key));
    put(line, ":", 1);
    switch (field->kind) {
    case SKEYM_LOG_NUMBER:
        (void)snprintf(text, sizeof text, "%" PRIu64, field->number);
        put_text(line, text);
        break;
    case SKEYM_LOG_NODE:
        put_quoted(line, (const char *)field->node.text, field->node.size);
        break;
    case SKEYM_LOG_SOURCE:
        skeym_source_print(text, &field->source);
        put_quoted(line, text, strlen(text));
        break;
    case SKEYM_LOG_TEXT:
    case SKEYM_LOG_REASON:
        put_quoted(line, field->text, strlen(field->text));
        break;
    }
    if (line->bad) {
        line->size = before;
        line->bad = was_bad;
    }
}

size_t skeym_log_format(char out[SKEYM_LOG_LINE_BYTES], uint64_t wall_ms,
                        enum skeym_log_level level, const char *event,
                        const struct skeym_log_field *fields, size_t count)
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    struct line line = {.at = out, .room = SKEYM_LOG_LINE_BYTES - 2};
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm when;
    char time[64] = "";
    if (gmtime_r(&seconds, &when)) {
        (void)snprintf(time, sizeof time, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ",
                       when.tm_year + 1900, when.tm_mon + 1, when.tm_mday, when.tm_hour,
                       when.tm_min, when.tm_sec, (unsigned)(wall_ms % 1000));
    }
    put_text(&line, "{\"time\":");
    put_quoted(&line, time, strlen(time));
    put_text(&line, ",\"level\":");
    put_quoted(&line, levels[level], strlen(levels[level]));
    put_text(&line, ",\"event\":");
    put_quoted(&line, event, strlen(event));
    for (size_t i = 0; i < count; i++) {
        put_field(&line, &fields[i]);
    }
    out[line.size] = '}';
    out[line.size + 1] = '\n';
    return line.size + 2;
}

/* --- the file ----------------------------------------------------------------- */

static int open_file(const char *path)
{
    /* not to wait for somebody to read, where it is a pipe */
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
}

/* Whether a full disk or a crash left half a line at the end of the file. */
static bool ends_torn(int fd, const char *path)
{
    struct stat state;
    char last = '\n';
    if (fstat(fd, &state) != 0 || !S_ISREG(state.st_mode) || state.st_size == 0) {
        return false;
    }
    int in = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool torn = in >= 0 && pread(in, &last, 1, state.st_size - 1) == 1 && last != '\n';
    if (in >= 0) {
        (void)close(in);
    }
    return torn;
}

enum skeym_error skeym_log_open(struct skeym_log **out, const char *path,
                                enum skeym_log_level level)
{
    enum skeym_error error = SKEYM_ERR_MEMORY;
    struct skeym_log *log = calloc(1, sizeof *log);
    *out = NULL;
    if (!log) {
        return error;
    }
    log->fd = STDERR_FILENO;
    log->level = level;
    for (size_t i = 0; i < SKEYM_LOG_ROOMS; i++) {
        log->room[i].left = SKEYM_LOG_FLOOD;
    }
    if (path[0] != '\0') {
        log->path = strdup(path);
        if (!log->path) {
            goto out;
        }
        log->fd = open_file(path);
        if (log->fd < 0) {
            error = skeym_home_file_error(errno);
            goto out;
        }
        log->torn = ends_torn(log->fd, path);
    }
    if (pthread_mutex_init(&log->lock, NULL) != 0) {
        goto out;
    }
    *out = log;
    return SKEYM_OK;
out:
    free(log->path);
    free(log);
    return error;
}

enum skeym_error skeym_log_reopen(struct skeym_log *log)
{
    if (!log->path) {
        return SKEYM_OK;
    }
    int fd = open_file(log->path);
    if (fd < 0) {
        return skeym_home_file_error(errno);
    }
    (void)pthread_mutex_lock(&log->lock);
    int old = log->fd;
    log->fd = fd;
    log->torn = ends_torn(fd, log->path);
    (void)pthread_mutex_unlock(&log->lock);
    (void)close(old);
    return SKEYM_OK;
}

void skeym_log_close(struct skeym_log *log)
{
    if (!log) {
        return;
    }
    if (log->path) {
        (void)close(log->fd);
    }
    (void)pthread_mutex_destroy(&log->lock);
    free(log->path);
    free(log);
}

static uint64_t wall_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* true: all of it. Otherwise log->torn says whether a part of it went out. */
static bool put_out(struct skeym_log *log, const char *bytes, size_t size)
{
    struct pollfd room = {log->fd, POLLOUT, 0};
    while (size > 0) {
        ssize_t done = poll(&room, 1, 0) == 1 ? write(log->fd, bytes, size) : 0;
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        bytes += done;
        size -= (size_t)done;
        log->torn = size > 0;
    }
    return true;
}

/* A log that cannot be written must not stop the server: what does not go out is lost. Nor may a
 * pipe that nobody reads: a line is less than what a pipe takes whole when it takes anything.
 * (O_NONBLOCK on standard error would change it for all that share it.) A full disk takes a part of
 * a line, which must not spoil the next one. false: the line is lost. */
static bool emit(struct skeym_log *log, const char *line, size_t size)
{
    return (!log->torn || put_out(log, "\n", 1)) && put_out(log, line, size);
}

static void write_line(struct skeym_log *log, const struct skeym_log_line *told)
{
    char line[SKEYM_LOG_LINE_BYTES];
    if (log->watcher) {
        log->watcher(log->watcher_arg, told);
    }
    if (told->level < log->level) {
        return;
    }
    size_t size =
        skeym_log_format(line, told->wall_ms, told->level, told->event, told->fields, told->count);
    (void)pthread_mutex_lock(&log->lock);
    if (!emit(log, line, size)) {
        log->stuck++;
        log->dropped_total++;
    }
    (void)pthread_mutex_unlock(&log->lock);
}

void skeym_log_write(struct skeym_log *log, enum skeym_log_level level, const char *event,
                     const struct skeym_log_field *fields, size_t count)
{
    const struct skeym_log_line line = {wall_ms(), SKEYM_LOG_ROOMS, level, event, fields, count};
    write_line(log, &line);
}

/* counts: the line is one of the log's, and missed there. */
static bool take_room(struct skeym_log *log, enum skeym_log_room room, bool counts)
{
    (void)pthread_mutex_lock(&log->lock);
    bool left = log->room[room].left > 0;
    log->room[room].left -= left;
    log->room[room].dropped += !left && counts;
    log->dropped_total += !left && counts;
    (void)pthread_mutex_unlock(&log->lock);
    return left;
}

void skeym_log_write_flood(struct skeym_log *log, enum skeym_log_room room,
                           enum skeym_log_level level, const char *event,
                           const struct skeym_log_field *fields, size_t count)
{
    if ((log->watcher || level >= log->level) && take_room(log, room, level >= log->level)) {
        const struct skeym_log_line line = {wall_ms(), room, level, event, fields, count};
        write_line(log, &line);
    }
}

/* Counts them again when this does not go out either. */
static void say_dropped(struct skeym_log *log, const char *of, enum skeym_log_room room,
                        uint64_t lines)
{
    char text[SKEYM_LOG_LINE_BYTES];
    const struct skeym_log_field fields[] = {skeym_log_text("of", of),
                                             skeym_log_number("lines", lines)};
    const struct skeym_log_line line = {wall_ms(), room, SKEYM_LOG_WARNING, "dropped", fields, 2};
    if (log->watcher && room != SKEYM_LOG_ROOMS) {
        log->watcher(log->watcher_arg, &line);
    }
    size_t size = skeym_log_format(text, line.wall_ms, line.level, line.event, fields, 2);
    (void)pthread_mutex_lock(&log->lock);
    if (!emit(log, text, size)) {
        log->stuck += lines;
    }
    (void)pthread_mutex_unlock(&log->lock);
}

uint64_t skeym_log_tick(struct skeym_log *log)
{
    static const char *const names[] = {"strangers", "named", "proven"};
    _Static_assert(sizeof names / sizeof names[0] == SKEYM_LOG_ROOMS, "names");
    uint64_t dropped[SKEYM_LOG_ROOMS];
    (void)pthread_mutex_lock(&log->lock);
    for (size_t i = 0; i < SKEYM_LOG_ROOMS; i++) {
        dropped[i] = log->room[i].dropped;
        log->room[i].dropped = 0;
        log->room[i].left = SKEYM_LOG_FLOOD;
    }
    uint64_t stuck = log->stuck;
    uint64_t total = log->dropped_total;
    log->stuck = 0;
    (void)pthread_mutex_unlock(&log->lock);
    if (stuck) {
        say_dropped(log, "stuck", SKEYM_LOG_ROOMS, stuck);
    }
    for (size_t i = 0; i < SKEYM_LOG_ROOMS; i++) {
        if (dropped[i]) {
            say_dropped(log, names[i], (enum skeym_log_room)i, dropped[i]);
        }
    }
    return total;
}
