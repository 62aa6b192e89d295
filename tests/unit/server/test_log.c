/* SPDX-License-Identifier: Apache-2.0 */
#include "server/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

static struct skeym_name name_of(const char *text)
{
    struct skeym_name name = {.size = (uint8_t)strlen(text)};
    memcpy(name.text, text, name.size);
    return name;
}

static void writes_every_kind_of_field(void **state)
{
    (void)state;
    char line[SKEYM_LOG_LINE_BYTES];
    struct skeym_name node = name_of("pump-7");
    struct skeym_source source = {.family = 4, .prefix = {192, 0, 2}};
    size_t size = skeym_log_format(
        line, UINT64_C(1700000000123), SKEYM_LOG_WARNING, "refused",
        SKEYM_LOG_FIELDS(skeym_log_text("check", "proof"), skeym_log_reason(SKEYM_ERR_PROOF),
                         skeym_log_number("n", UINT64_MAX), skeym_log_node(&node),
                         skeym_log_source(&source)));
    const char *wanted = "{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"warning\","
                         "\"event\":\"refused\",\"check\":\"proof\",\"reason\":\"proof\","
                         "\"n\":18446744073709551615,\"node\":\"pump-7\","
                         "\"source\":\"192.0.2.0/24\"}\n";
    assert_int_equal(size, strlen(wanted));
    assert_memory_equal(line, wanted, size);
}

static void leaves_out_a_node_that_is_not_authentic(void **state)
{
    (void)state;
    char line[SKEYM_LOG_LINE_BYTES] = {0};
    struct skeym_name none = {0};
    size_t size =
        skeym_log_format(line, 0, SKEYM_LOG_INFO, "x", SKEYM_LOG_FIELDS(skeym_log_node(&none)));
    assert_true(size > 0);
    assert_null(strstr(line, "node"));
}

/* No text can end the line or the string. */
static void escapes_what_is_not_plain(void **state)
{
    (void)state;
    char text[256];
    char line[SKEYM_LOG_LINE_BYTES + 1] = {0};
    for (int i = 1; i < 256; i++) {
        text[i - 1] = (char)i;
    }
    text[255] = '\0';
    for (int from = 0; from < 255; from += 64) {
        char part[65] = {0};
        memcpy(part, text + from, from + 64 > 255 ? (size_t)(255 - from) : 64);
        size_t size = skeym_log_format(line, 0, SKEYM_LOG_INFO, "x",
                                       SKEYM_LOG_FIELDS(skeym_log_text("t", part)));
        line[size] = '\0';
        assert_int_equal(strcspn(line, "\n"), size - 1);
        struct json_object *parsed = json_tokener_parse(line);
        assert_non_null(parsed);
        struct json_object *field = json_object_object_get(parsed, "t");
        assert_non_null(field);
        if (from < 64) { /* ASCII comes back as it was */
            assert_string_equal(json_object_get_string(field), part);
        }
        json_object_put(parsed);
    }
}

static void a_field_that_does_not_fit_is_left_out(void **state)
{
    (void)state;
    char line[SKEYM_LOG_LINE_BYTES + 1] = {0};
    char big[SKEYM_LOG_LINE_BYTES];
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    size_t size = skeym_log_format(
        line, 0, SKEYM_LOG_INFO, "x",
        SKEYM_LOG_FIELDS(skeym_log_text("big", big), skeym_log_number("small", 7)));
    assert_true(size <= SKEYM_LOG_LINE_BYTES);
    line[size] = '\0';
    struct json_object *parsed = json_tokener_parse(line);
    assert_non_null(parsed);
    assert_null(json_object_object_get(parsed, "big"));
    assert_int_equal(json_object_get_int(json_object_object_get(parsed, "small")), 7);
    json_object_put(parsed);
}

struct file {
    char path[64];
    char text[65536];
};

static void read_back(struct file *file)
{
    FILE *in = fopen(file->path, "r");
    assert_non_null(in);
    size_t size = fread(file->text, 1, sizeof file->text - 1, in);
    file->text[size] = '\0';
    (void)fclose(in);
}

static size_t lines_with(const struct file *file, const char *word)
{
    size_t count = 0;
    for (const char *at = file->text; (at = strstr(at, word)) != NULL; at++) {
        count++;
    }
    return count;
}

static struct file make_file(void)
{
    struct file file = {.path = "/tmp/skeym-log-XXXXXX"};
    int fd = mkstemp(file.path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(file.path), 0);
    return file;
}

static void drops_what_is_below_the_level(void **state)
{
    (void)state;
    struct skeym_log *log = NULL;
    struct file file = make_file();
    assert_int_equal(skeym_log_open(&log, file.path, SKEYM_LOG_WARNING), SKEYM_OK);
    skeym_log_write(log, SKEYM_LOG_INFO, "quiet", SKEYM_LOG_FIELDS(skeym_log_number("n", 1)));
    skeym_log_write(log, SKEYM_LOG_WARNING, "loud", SKEYM_LOG_FIELDS(skeym_log_number("n", 1)));
    skeym_log_close(log);
    read_back(&file);
    assert_int_equal(lines_with(&file, "quiet"), 0);
    assert_int_equal(lines_with(&file, "loud"), 1);
    struct stat mode;
    assert_int_equal(stat(file.path, &mode), 0);
    assert_int_equal(mode.st_mode & 0777, 0600);
    (void)unlink(file.path);
}

static void a_flood_is_counted_not_written(void **state)
{
    (void)state;
    struct skeym_log *log = NULL;
    struct file file = make_file();
    assert_int_equal(skeym_log_open(&log, file.path, SKEYM_LOG_INFO), SKEYM_OK);
    for (int i = 0; i < SKEYM_LOG_FLOOD + 30; i++) {
        skeym_log_write_flood(log, SKEYM_LOG_STRANGERS, SKEYM_LOG_WARNING, "refused",
                              SKEYM_LOG_FIELDS(skeym_log_number("n", 1)));
    }
    skeym_log_write(log, SKEYM_LOG_INFO, "epoch", SKEYM_LOG_FIELDS(skeym_log_number("n", 1)));
    assert_int_equal(skeym_log_tick(log), 30);
    skeym_log_write_flood(log, SKEYM_LOG_STRANGERS, SKEYM_LOG_WARNING, "refused",
                          SKEYM_LOG_FIELDS(skeym_log_number("n", 1)));
    assert_int_equal(skeym_log_tick(log), 30);
    skeym_log_close(log);
    read_back(&file);
    assert_int_equal(lines_with(&file, "\"refused\""), SKEYM_LOG_FLOOD + 1);
    assert_int_equal(lines_with(&file, "\"epoch\""), 1);
    assert_int_equal(lines_with(&file, "\"event\":\"dropped\",\"of\":\"strangers\",\"lines\":30"),
                     1);
    assert_int_equal(lines_with(&file, "\"dropped\""), 1);
    (void)unlink(file.path);
}

static void each_room_is_flooded_alone(void **state)
{
    (void)state;
    static const char *const events[] = {"a-stranger", "a-named-one", "a-proven-one"};
    for (size_t flooded = 0; flooded < SKEYM_LOG_ROOMS; flooded++) {
        struct skeym_log *log = NULL;
        struct file file = make_file();
        assert_int_equal(skeym_log_open(&log, file.path, SKEYM_LOG_INFO), SKEYM_OK);
        for (int i = 0; i < SKEYM_LOG_FLOOD + 1; i++) {
            skeym_log_write_flood(log, (enum skeym_log_room)flooded, SKEYM_LOG_INFO,
                                  events[flooded], SKEYM_LOG_FIELDS(skeym_log_number("n", 1)));
        }
        for (size_t i = 0; i < SKEYM_LOG_ROOMS; i++) {
            skeym_log_write_flood(log, (enum skeym_log_room)i, SKEYM_LOG_INFO, events[i],
                                  SKEYM_LOG_FIELDS(skeym_log_number("n", 1)));
        }
        assert_int_equal(skeym_log_tick(log), 2);
        skeym_log_close(log);
        read_back(&file);
        for (size_t i = 0; i < SKEYM_LOG_ROOMS; i++) {
            assert_int_equal(lines_with(&file, events[i]), i == flooded ? SKEYM_LOG_FLOOD : 1);
        }
        assert_int_equal(lines_with(&file, "\"lines\":2"), 1);
        (void)unlink(file.path);
    }
}

static size_t empty(int fd, char *out, size_t room)
{
    size_t size = 0;
    ssize_t got;
    while (size + 1 < room && (got = read(fd, out + size, room - 1 - size)) > 0) {
        size += (size_t)got;
    }
    out[size] = '\0';
    return size;
}

/* More lines than the pipe takes, and nobody who reads: this would not come to its end. */
static void a_pipe_that_nobody_reads_blocks_nobody(void **state)
{
    (void)state;
    static struct file file = {.path = "/tmp/skeym-log-pipe-XXXXXX"};
    struct skeym_log *log = NULL;
    uint64_t dropped = 0;
    assert_non_null(mkdtemp(file.path));
    assert_int_equal(rmdir(file.path), 0);
    assert_int_equal(mkfifo(file.path, 0600), 0);
    assert_int_equal(skeym_log_open(&log, file.path, SKEYM_LOG_INFO),
                     SKEYM_ERR_NOT_FILE); /* no reader */
    int reader = open(file.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    for (int standard_error = 0; standard_error < 2; standard_error++) {
        int kept = dup(STDERR_FILENO);
        int fifo = open(file.path, O_WRONLY | O_CLOEXEC); /* which blocks */
        assert_int_equal(dup2(fifo, STDERR_FILENO), STDERR_FILENO);
        enum skeym_error error =
            skeym_log_open(&log, standard_error ? "" : file.path, SKEYM_LOG_INFO);
        for (int i = 0; i < 2000 && !error; i++) {
            skeym_log_write(log, SKEYM_LOG_INFO, "line",
                            SKEYM_LOG_FIELDS(skeym_log_number("n", 1)));
        }
        dropped = error ? 0 : skeym_log_tick(log); /* which it cannot say yet */
        assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
        assert_int_equal(error, SKEYM_OK);
        (void)empty(reader, file.text, sizeof file.text);
        size_t out = lines_with(&file, "\"line\"");
        while (empty(reader, file.text, sizeof file.text)) {
            out += lines_with(&file, "\"line\"");
        }
        assert_true(dropped > 0);
        assert_int_equal(out + dropped, 2000);
        assert_int_equal(dup2(fifo, STDERR_FILENO), STDERR_FILENO);
        uint64_t again = skeym_log_tick(log);
        assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
        assert_int_equal(again, dropped);
        (void)empty(reader, file.text, sizeof file.text);
        char wanted[64];
        (void)snprintf(wanted, sizeof wanted, "\"of\":\"stuck\",\"lines\":%llu}",
                       (unsigned long long)dropped);
        assert_int_equal(lines_with(&file, wanted), 1);
        skeym_log_close(log);
        (void)close(fifo);
        (void)close(kept);
    }
    (void)close(reader);
    (void)unlink(file.path);
}

static void reopens_a_file_that_was_moved_away(void **state)
{
    (void)state;
    struct skeym_log *log = NULL;
    struct file file = make_file();
    char moved[80];
    (void)snprintf(moved, sizeof moved, "%s.1", file.path);
    assert_int_equal(skeym_log_open(&log, file.path, SKEYM_LOG_INFO), SKEYM_OK);
    skeym_log_write(log, SKEYM_LOG_INFO, "before", SKEYM_LOG_FIELDS(skeym_log_number("n", 1)));
    assert_int_equal(rename(file.path, moved), 0);
    assert_int_equal(skeym_log_reopen(log), SKEYM_OK);
    skeym_log_write(log, SKEYM_LOG_INFO, "after", SKEYM_LOG_FIELDS(skeym_log_number("n", 1)));
    skeym_log_close(log);
    read_back(&file);
    assert_int_equal(lines_with(&file, "before"), 0);
    assert_int_equal(lines_with(&file, "after"), 1);
    (void)unlink(file.path);
    (void)unlink(moved);
}

static void refuses_a_file_that_cannot_be(void **state)
{
    (void)state;
    struct skeym_log *log = NULL;
    assert_int_equal(skeym_log_open(&log, "/nonexistent/folder/log", SKEYM_LOG_INFO),
                     SKEYM_ERR_MISSING);
    assert_null(log);
    assert_int_equal(skeym_log_open(&log, "/tmp", SKEYM_LOG_INFO), SKEYM_ERR_NOT_FILE);
    assert_null(log);
}

/* What is whole of the file's lines; *broken: how many others there are. */
static size_t whole_lines(struct file *file, size_t *broken)
{
    size_t whole = 0;
    *broken = 0;
    read_back(file);
    char *rest = NULL;
    for (char *line = strtok_r(file->text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        struct json_object *parsed = json_tokener_parse(line);
        whole += parsed != NULL;
        *broken += parsed == NULL;
        json_object_put(parsed);
    }
    return whole;
}

static void say(struct skeym_log *log, const char *event)
{
    skeym_log_write(log, SKEYM_LOG_INFO, event, SKEYM_LOG_FIELDS(skeym_log_number("n", 1)));
}

/* The disk is full in the middle of a line, and has room again: that one line is lost and counted,
 * the next ones are whole, and the file is as good when it is opened anew. */
static void half_a_line_spoils_no_other(void **state)
{
    (void)state;
    struct skeym_log *log = NULL;
    struct file file = make_file();
    struct rlimit all;
    struct stat info;
    size_t broken = 0;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(skeym_log_open(&log, file.path, SKEYM_LOG_INFO), SKEYM_OK);
    for (int how = 0; how < 3; how++) { /* goes on, is told to reopen, starts anew */
        say(log, "before");
        assert_int_equal(stat(file.path, &info), 0);
        struct rlimit full = {(rlim_t)info.st_size + 30, all.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
        say(log, "half");
        say(log, "none");
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
        if (how == 1) {
            assert_int_equal(skeym_log_reopen(log), SKEYM_OK);
        } else if (how == 2) {
            skeym_log_close(log);
            assert_int_equal(skeym_log_open(&log, file.path, SKEYM_LOG_INFO), SKEYM_OK);
        }
        say(log, "after");
        assert_int_equal(skeym_log_tick(log), how == 2 ? 0 : 2 * (how + 1));
    }
    skeym_log_close(log);
    assert_int_equal(whole_lines(&file, &broken), 3 * 2 + 2); /* and "dropped" twice */
    assert_int_equal(broken, 3);
    read_back(&file);
    assert_int_equal(lines_with(&file, "\"of\":\"stuck\",\"lines\":2}"), 2);
    assert_null(strstr(file.text, "\n\n"));
    (void)signal(SIGXFSZ, old);
    (void)unlink(file.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_every_kind_of_field),
        cmocka_unit_test(leaves_out_a_node_that_is_not_authentic),
        cmocka_unit_test(escapes_what_is_not_plain),
        cmocka_unit_test(a_field_that_does_not_fit_is_left_out),
        cmocka_unit_test(drops_what_is_below_the_level),
        cmocka_unit_test(a_flood_is_counted_not_written),
        cmocka_unit_test(each_room_is_flooded_alone),
        cmocka_unit_test(a_pipe_that_nobody_reads_blocks_nobody),
        cmocka_unit_test(reopens_a_file_that_was_moved_away),
        cmocka_unit_test(refuses_a_file_that_cannot_be),
        cmocka_unit_test(half_a_line_spoils_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
