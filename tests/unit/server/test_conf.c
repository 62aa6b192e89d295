/* SPDX-License-Identifier: Apache-2.0 */
#include "server/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct heard {
    unsigned count;
    unsigned line;
    char name[64];
    char why[128];
};

static void hear(void *arg, unsigned line, const char *name, const char *why)
{
    struct heard *heard = arg;
    heard->count++;
    heard->line = line;
    (void)snprintf(heard->name, sizeof heard->name, "%s", name);
    (void)snprintf(heard->why, sizeof heard->why, "%s", why);
}

static enum skeym_error read_file(struct skeym_conf *conf, const char *text, struct heard *heard)
{
    memset(heard, 0, sizeof *heard);
    return skeym_conf_file(conf, skeym_span_text(text), hear, heard);
}

static void every_default_is_accepted_and_comes_back(void **state)
{
    (void)state;
    size_t count = 0;
    const struct skeym_conf_row *rows = skeym_conf_rows(&count);
    struct skeym_conf conf;
    struct heard heard;
    skeym_conf_defaults(&conf);
    for (size_t i = 0; i < count; i++) {
        char text[SKEYM_CONF_PATH_BYTES];
        char line[SKEYM_CONF_PATH_BYTES + 64];
        skeym_conf_print(text, &conf, &rows[i]);
        assert_string_equal(text, rows[i].standard);
        assert_true(strlen(rows[i].help) > 0);
        (void)snprintf(line, sizeof line, "%s %s\n", rows[i].name, text);
        if (text[0] != '\0') {
            assert_int_equal(read_file(&conf, line, &heard), SKEYM_OK);
        }
    }
    assert_int_equal(skeym_conf_check(&conf, hear, &heard), SKEYM_OK);
}

/* Nobody alone takes so many connections that others find none. */
static void a_few_hosts_cannot_take_all_connections(void **state)
{
    (void)state;
    struct skeym_conf conf;
    skeym_conf_defaults(&conf);
    assert_true(conf.per_ip <= conf.connections / 16);
}

static void every_range_holds_at_both_ends(void **state)
{
    (void)state;
    size_t count = 0;
    const struct skeym_conf_row *rows = skeym_conf_rows(&count);
    unsigned walked = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].type != SKEYM_CONF_NUMBER && rows[i].type != SKEYM_CONF_POWER) {
            continue;
        }
        const struct {
            uint64_t value;
            enum skeym_error error;
        } tries[] = {{rows[i].least, SKEYM_OK},
                     {rows[i].most, SKEYM_OK},
                     {rows[i].most + 1, SKEYM_ERR_CONFIG},
                     {rows[i].least - 1, SKEYM_ERR_CONFIG}};
        for (size_t t = 0; t < (rows[i].least ? 4U : 3U); t++) {
            struct skeym_conf conf;
            struct heard heard;
            char line[128];
            skeym_conf_defaults(&conf);
            (void)snprintf(line, sizeof line, "%s %llu", rows[i].name,
                           (unsigned long long)tries[t].value);
            assert_int_equal(read_file(&conf, line, &heard), tries[t].error);
            walked++;
        }
    }
    assert_true(walked > 40);
}

static void reads_a_file(void **state)
{
    (void)state;
    struct skeym_conf conf;
    struct heard heard;
    skeym_conf_defaults(&conf);
    const char *text = "# a comment\n"
                       "\n"
                       "listen [::1]:443\n"
                       "  threads \t 3  \n"
                       "\tallow-plaintext-network yes\n"
                       "tls-cert /etc/skeym/cert with space.pem\n"
                       "public-url https://ward.example/skeym\n"
                       "log-level error";
    assert_int_equal(read_file(&conf, text, &heard), SKEYM_OK);
    assert_int_equal(skeym_source_port(&conf.listen), 443);
    assert_int_equal(conf.threads, 3);
    assert_true(conf.allow_plaintext_network);
    assert_string_equal(conf.tls_cert, "/etc/skeym/cert with space.pem");
    assert_string_equal(conf.public_url, "https://ward.example/skeym");
    assert_int_equal(conf.log_level, 3);
}

static void names_the_line_of_each_error(void **state)
{
    (void)state;
    const struct {
        const char *text;
        unsigned line, count;
        const char *why;
    } rows[] = {
        {"threds 3\n", 1, 1, "no such setting"},
        {"\n#\nthreads\n", 3, 1, "no value"},
        {"threads 1\nthreads 1\n", 2, 1, "set twice"},
        {"threads x\n", 1, 1, "not a number"},
        {"threads 01\n", 1, 1, "not a number"},
        {"threads -1\n", 1, 1, "not a number"},
        {"threads +1\n", 1, 1, "not a number"},
        {"threads 0x1\n", 1, 1, "not a number"},
        {"threads 1 2\n", 1, 1, "not a number"},
        {"threads 99999999999999999999\n", 1, 1, "not a number"},
        {"threads 65\n", 1, 1, "out of range"},
        {"token-lifetime 60\n", 1, 1, "out of range"},
        {"used-slots 65537\n", 1, 1, "not a power of two"},
        {"listen localhost:80\n", 1, 1, "not ADDRESS:PORT or [ADDRESS]:PORT (numbers only)"},
        {"metrics-listen 0.0.0.0:80\n", 1, 1, "not a loopback address"},
        {"allow-plaintext-network true\n", 1, 1, "neither yes nor no"},
        {"log-level loud\n", 1, 1, "none of debug, info, warning, error"},
        {"public-url ftp://x\n", 1, 1, "not an http or https URL"},
        {"public-url http://\n", 1, 1, "not an http or https URL"},
        {"public-url https://x/\n", 1, 1, "ends in a slash"},
        {"public-url https://x?y\n", 1, 1, "a character that a base URL cannot have"},
        {"public-url https://x y\n", 1, 1, "a character that a base URL cannot have"},
        {"db a\001b\n", 1, 1, "a control character"},
        {"threads x\nthreds 1\nconnections 7\nper-ip 0\n", 4, 3, "out of range"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_conf conf;
        struct heard heard;
        skeym_conf_defaults(&conf);
        assert_int_equal(read_file(&conf, rows[i].text, &heard), SKEYM_ERR_CONFIG);
        assert_int_equal(heard.line, rows[i].line);
        assert_int_equal(heard.count, rows[i].count);
        assert_string_equal(heard.why, rows[i].why);
    }
}

static void refuses_a_text_that_is_too_long(void **state)
{
    (void)state;
    struct skeym_conf conf;
    struct heard heard;
    char line[SKEYM_CONF_PATH_BYTES + 16] = "db ";
    memset(line + 3, 'a', SKEYM_CONF_PATH_BYTES);
    skeym_conf_defaults(&conf);
    assert_int_equal(read_file(&conf, line, &heard), SKEYM_ERR_CONFIG);
    line[3 + SKEYM_CONF_PATH_BYTES - 1] = '\0';
    skeym_conf_defaults(&conf);
    assert_int_equal(read_file(&conf, line, &heard), SKEYM_OK);
    assert_int_equal(strlen(conf.db), SKEYM_CONF_PATH_BYTES - 1);
}

static int flag(struct skeym_conf *conf, const char *first, const char *second, struct heard *heard,
                enum skeym_error *error)
{
    char a[64];
    char b[64];
    char *argv[] = {a, b};
    (void)snprintf(a, sizeof a, "%s", first);
    (void)snprintf(b, sizeof b, "%s", second ? second : "");
    memset(heard, 0, sizeof *heard);
    *error = SKEYM_OK;
    return skeym_conf_flag(conf, second ? 2 : 1, argv, hear, heard, error);
}

static void reads_flags(void **state)
{
    (void)state;
    struct skeym_conf conf;
    struct heard heard;
    enum skeym_error error;
    skeym_conf_defaults(&conf);
    assert_int_equal(flag(&conf, "--threads", "5", &heard, &error), 2);
    assert_int_equal(error, SKEYM_OK);
    assert_int_equal(conf.threads, 5);
    assert_int_equal(flag(&conf, "--connections=77", "x", &heard, &error), 1);
    assert_int_equal(conf.connections, 77);
    assert_int_equal(flag(&conf, "--allow-plaintext-network", "DIR", &heard, &error), 1);
    assert_true(conf.allow_plaintext_network);
    assert_int_equal(flag(&conf, "--threads", "6", &heard, &error), 2);
    assert_int_equal(error, SKEYM_ERR_CONFIG);
    assert_string_equal(heard.why, "set twice");
    assert_int_equal(conf.threads, 5);
    assert_int_equal(flag(&conf, "--lanes", NULL, &heard, &error), 1);
    assert_int_equal(error, SKEYM_ERR_CONFIG);
    assert_int_equal(flag(&conf, "--body-max=1", NULL, &heard, &error), 1);
    assert_int_equal(error, SKEYM_ERR_CONFIG);
    assert_int_equal(flag(&conf, "--config", "x", &heard, &error), 0);
    assert_int_equal(flag(&conf, "threads", "5", &heard, &error), 0);
    assert_int_equal(flag(&conf, "--thread", "5", &heard, &error), 0);
}

static void reads_yes_and_no(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool yes;
    } rows[] = {{"yes", true}, {"on", true}, {"no", false}, {"off", false}};
    struct skeym_conf conf;
    struct heard heard;
    enum skeym_error error;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[32];
        (void)snprintf(line, sizeof line, "console %s\n", rows[i].text);
        skeym_conf_defaults(&conf);
        assert_true(conf.console);
        conf.console = !rows[i].yes;
        assert_int_equal(read_file(&conf, line, &heard), SKEYM_OK);
        assert_int_equal(conf.console, rows[i].yes);
    }
    skeym_conf_defaults(&conf);
    assert_int_equal(flag(&conf, "--no-console", "DIR", &heard, &error), 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        skeym_conf_defaults(&conf);
        conf.console = !rows[i].yes;
        assert_int_equal(flag(&conf, "--console", rows[i].text, &heard, &error), 2);
        assert_int_equal(conf.console, rows[i].yes);
        skeym_conf_defaults(&conf);
        assert_int_equal(flag(&conf, "--no-console", rows[i].text, &heard, &error), 1);
        assert_false(conf.console);
    }
    assert_int_equal(error, SKEYM_OK);
    assert_false(conf.console);
    skeym_conf_defaults(&conf);
    assert_int_equal(flag(&conf, "--no-console=yes", NULL, &heard, &error), 0);
    assert_int_equal(flag(&conf, "--no-threads", "1", &heard, &error), 0);
    assert_int_equal(flag(&conf, "--no-", "1", &heard, &error), 0);
    assert_true(conf.console);
}

static void a_flag_wins_over_the_file(void **state)
{
    (void)state;
    struct skeym_conf conf;
    struct heard heard;
    enum skeym_error error;
    skeym_conf_defaults(&conf);
    assert_int_equal(flag(&conf, "--threads", "5", &heard, &error), 2);
    assert_int_equal(read_file(&conf, "threads 3\n", &heard), SKEYM_OK);
    assert_int_equal(conf.threads, 5);
    skeym_conf_defaults(&conf);
    assert_int_equal(flag(&conf, "--threads", "5", &heard, &error), 2);
    assert_int_equal(read_file(&conf, "threads 99\n", &heard), SKEYM_ERR_CONFIG);
}

static void settings_must_go_together(void **state)
{
    (void)state;
    const struct {
        const char *text, *name;
    } rows[] = {
        {"tls-cert c\n", "tls-key"},
        {"tls-key k\n", "tls-cert"},
        {"listen 192.0.2.1:80\n", "listen"},
        {"listen [2001:db8::1]:80\n", "listen"},
        {"listen 0.0.0.0:80\nallow-plaintext-network yes\n", "public-url"},
        {"listen [::]:80\nallow-plaintext-network yes\n", "public-url"},
        {"listen 127.0.0.1:9464\n", "metrics-listen"},
        {"body-max 2097152\nbody-memory 1048576\n", "body-memory"},
        {"connections 5\nper-ip 6\n", "per-ip"},
        {"listen 192.0.2.1:80\nallow-plaintext-network yes\nconsole-dir d\n", "console-dir"},
        {"console-dir d\n", NULL},
        {"listen 192.0.2.1:80\nallow-plaintext-network yes\n", NULL},
        {"listen 0.0.0.0:80\ntls-cert c\ntls-key k\npublic-url https://w\n", NULL},
        {"listen 127.0.0.1:0\nmetrics-listen 127.0.0.1:0\n", NULL},
        {"connections 5\nper-ip 5\n", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_conf conf;
        struct heard heard;
        skeym_conf_defaults(&conf);
        assert_int_equal(read_file(&conf, rows[i].text, &heard), SKEYM_OK);
        assert_int_equal(skeym_conf_check(&conf, hear, &heard),
                         rows[i].name ? SKEYM_ERR_CONFIG : SKEYM_OK);
        assert_string_equal(heard.name, rows[i].name ? rows[i].name : "");
    }
}

/* The manual names every setting, with the default that it has. */
static void the_manual_knows_every_setting(void **state)
{
    (void)state;
    size_t count = 0;
    const struct skeym_conf_row *rows = skeym_conf_rows(&count);
    char *text = calloc(1, 65536);
    FILE *in = fopen(SKEYM_SOURCE_DIR "/docs/man/skeym.conf.5", "r");
    assert_non_null(text);
    assert_non_null(in);
    assert_true(fread(text, 1, 65535, in) > 0);
    assert_int_equal(fclose(in), 0);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        char standard[64];
        (void)snprintf(name, sizeof name, "Cm %s Ar", rows[i].name);
        (void)snprintf(standard, sizeof standard, "Pq default %s\n", rows[i].standard);
        const char *at = strstr(text, name);
        if (!at) {
            fail_msg("%s is not in the manual", rows[i].name);
        } else if (rows[i].standard[0] != '\0') {
            const char *value = strstr(at, standard);
            assert_true(value && value < at + strcspn(at, "\n"));
        }
    }
    free(text);
}

static void refuses_settings(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "threads ",
        "threads 1234567890123456789",
        "threads 01",
        "threads /1",
        "threads :1",
        "db a\x7f",
        "db a\x01",
        "public-url http://",
        "public-url https://",
        "public-url ftp://a",
        "public-url http://a\x7f",
        "public-url http://a\xc3\xa4",
        "public-url http://a b",
        "public-url http://a#b",
        "public-url http://a/",
        "listen 127.0.0.1:1111111111111111111111111111111111111111111111111111111111111111111111",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct skeym_conf conf;
        struct heard heard;
        skeym_conf_defaults(&conf);
        if (read_file(&conf, bad[i], &heard) == SKEYM_OK) {
            fail_msg("%s was taken", bad[i]);
        }
        assert_int_equal(heard.count, 1);
    }
}

static void takes_settings(void **state)
{
    (void)state;
    static const char *const good[] = {"threads 0", "threads 9", "public-url http://a~b",
                                       "db a~ b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct skeym_conf conf;
        struct heard heard;
        skeym_conf_defaults(&conf);
        assert_int_equal(read_file(&conf, good[i], &heard), SKEYM_OK);
        assert_int_equal(heard.count, 0);
    }
}

static void finds_no_flag_where_there_is_none(void **state)
{
    (void)state;
    char word[] = "x";
    char *words[] = {word, NULL};
    struct skeym_conf conf;
    enum skeym_error error = SKEYM_OK;
    struct heard heard = {0};
    skeym_conf_defaults(&conf);
    assert_int_equal(skeym_conf_flag(&conf, 0, words + 1, hear, &heard, &error), 0);
    assert_int_equal(skeym_conf_flag(&conf, 1, words, hear, &heard, &error), 0);
    assert_int_equal(error, SKEYM_OK);
    assert_int_equal(heard.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_accepted_and_comes_back),
        cmocka_unit_test(a_few_hosts_cannot_take_all_connections),
        cmocka_unit_test(every_range_holds_at_both_ends),
        cmocka_unit_test(reads_a_file),
        cmocka_unit_test(names_the_line_of_each_error),
        cmocka_unit_test(refuses_a_text_that_is_too_long),
        cmocka_unit_test(reads_flags),
        cmocka_unit_test(reads_yes_and_no),
        cmocka_unit_test(a_flag_wins_over_the_file),
        cmocka_unit_test(settings_must_go_together),
        cmocka_unit_test(the_manual_knows_every_setting),
        cmocka_unit_test(refuses_settings),
        cmocka_unit_test(takes_settings),
        cmocka_unit_test(finds_no_flag_where_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
