/* SPDX-License-Identifier: Apache-2.0 */
#include "server/console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool asks(bool on, const char *method, const char *target)
{
    static struct skeym_conf conf;
    conf.console = on;
    return skeym_console_asks(&conf, skeym_span_text(method), skeym_span_text(target));
}

static void knows_what_is_for_the_console(void **state)
{
    (void)state;
    static const char *const mine[] = {
        "/console",      "/console?a", "/console/", "/console/?demo=mock", "/console/js/main.js",
        "/console/../x", "/console//"};
    static const char *const others[] = {
        "/",          "/consol",        "/consolex",    "/consolex/", "/Console/",
        "//console/", "/fhir/console/", "/x?/console/", "console/",   "/%63onsole/"};
    for (size_t i = 0; i < sizeof mine / sizeof mine[0]; i++) {
        assert_true(asks(true, "GET", mine[i]));
        assert_true(asks(true, "HEAD", mine[i]));
        assert_false(asks(true, "POST", mine[i]));
        assert_false(asks(true, "get", mine[i]));
        assert_false(asks(false, "GET", mine[i]));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(asks(true, "GET", others[i]));
    }
}

static bool path_is(const char *target, const char *path)
{
    return skeym_span_is(skeym_console_path(skeym_span_text(target)), path);
}

static void takes_the_path_out_of_a_target(void **state)
{
    (void)state;
    assert_true(path_is("/console/", "index.html"));
    assert_true(path_is("/console/?demo=mock", "index.html"));
    assert_true(path_is("/console/js/main.js?v=/x", "js/main.js"));
    assert_true(path_is("/console//", "/"));
    assert_true(path_is("/console", ""));
    assert_true(path_is("/console?/console/x", ""));
}

static void finds_whole_names_alone(void **state)
{
    (void)state;
    static const char *const none[] = {"",
                                       "/",
                                       "index.htm",
                                       "index.html/",
                                       "/index.html",
                                       "./index.html",
                                       "js/../index.html",
                                       "js/%2e%2e/index.html",
                                       "INDEX.HTML",
                                       "../CMakeLists.txt",
                                       "package.json",
                                       "js"};
    assert_non_null(skeym_console_find(skeym_span_text("index.html")));
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_null(skeym_console_find(skeym_span_text(none[i])));
    }
    assert_null(skeym_console_find(skeym_span("index.html\0", 11)));
}

/* The table that the build has made. */
static void holds_the_files_as_they_are(void **state)
{
    (void)state;
    for (const struct skeym_console_file *file = skeym_console_files; file->path; file++) {
        struct skeym_span path = skeym_span_text(file->path);
        assert_ptr_equal(skeym_console_find(path), file);
        assert_true(skeym_console_plain(path));
        assert_non_null(skeym_console_type(path));
        assert_int_equal(strlen(file->etag), 34);
        assert_true(file->etag[0] == '"' && file->etag[33] == '"');
        assert_null(strstr(file->path, "test/"));
        assert_null(strstr(file->path, "node_modules"));
        char name[512];
        uint8_t byte = 0;
        assert_true(snprintf(name, sizeof name, SKEYM_SOURCE_DIR "/console/%s", file->path) > 0);
        FILE *in = fopen(name, "rb");
        assert_non_null(in);
        for (size_t i = 0; i < file->size; i++) {
            assert_int_equal(fread(&byte, 1, 1, in), 1);
            assert_int_equal(byte, file->data[i]);
        }
        assert_int_equal(fread(&byte, 1, 1, in), 0);
        assert_int_equal(fclose(in), 0);
    }
}

static void gives_types_by_the_end_of_a_name(void **state)
{
    (void)state;
    static const struct {
        const char *path, *type;
    } rows[] = {
        {"index.html", "text/html; charset=utf-8"},
        {"js/a.js", "text/javascript; charset=utf-8"},
        {"css/a.css", "text/css; charset=utf-8"},
        {"a.svg", "image/svg+xml"},
        {"a.png", "image/png"},
        {"a.ico", "image/x-icon"},
        {"a.json", "application/json"},
        {"a.webmanifest", "application/manifest+json"},
        {"a.woff2", "font/woff2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(skeym_console_type(skeym_span_text(rows[i].path)), rows[i].type);
    }
    assert_null(skeym_console_type(skeym_span_text("a.c")));
    assert_null(skeym_console_type(skeym_span_text(".js")));
    assert_null(skeym_console_type(skeym_span_text("js")));
    assert_null(skeym_console_type(skeym_span_text("")));
}

static void takes_plain_names_alone_for_a_folder(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "a.js", "js/a-b_c.js", "a.min.js", "1/2/3"};
    static const char *const bad[] = {"",     "/",      "/a",     "a/",    "a//b", "..",    "../a",
                                      "a/..", "a/../b", ".git",   "a/.b",  "a b",  "a%2fb", "a\\b",
                                      "-a",   "_a",     "a\200b", "a/./b", "a\nb"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(skeym_console_plain(skeym_span_text(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(skeym_console_plain(skeym_span_text(bad[i])));
    }
    assert_false(skeym_console_plain(skeym_span("a\0b", 3)));
    char name[130];
    memset(name, 'a', sizeof name);
    assert_true(skeym_console_plain(skeym_span(name, 128)));
    assert_false(skeym_console_plain(skeym_span(name, 129)));
}

static void compares_tags(void **state)
{
    (void)state;
    assert_true(skeym_console_same("\"ab\"", "\"ab\""));
    assert_true(skeym_console_same("W/\"ab\"", "\"ab\""));
    assert_true(skeym_console_same("\"x\", \"ab\"", "\"ab\""));
    assert_true(skeym_console_same("*", "\"ab\""));
    assert_false(skeym_console_same(NULL, "\"ab\""));
    assert_false(skeym_console_same("ab", "\"ab\""));
    assert_false(skeym_console_same("\"abc\"", "\"ab\""));
    assert_false(skeym_console_same("", "\"ab\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_is_for_the_console),
        cmocka_unit_test(takes_the_path_out_of_a_target),
        cmocka_unit_test(finds_whole_names_alone),
        cmocka_unit_test(holds_the_files_as_they_are),
        cmocka_unit_test(gives_types_by_the_end_of_a_name),
        cmocka_unit_test(takes_plain_names_alone_for_a_folder),
        cmocka_unit_test(compares_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
