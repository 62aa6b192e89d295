/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of credentials and of keys one character beside what is taken. */
#include "node/credential.h"
#include "node/credential_text.h"
#include "unit/node/sealed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECRET "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void test_servers(void **state)
{
    (void)state;
    static const char *const bad[] = {"http://",      "https://",         "http:/a", "http://a b",
                                      "http://a\x7f", "http://a\xc3\xa4", "ftp://a"};
    static char url[SKEYM_URL_BYTES + 1] = "http://";
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(skeym_credential_text_server_valid(skeym_span_text(bad[i])));
    }
    memset(url + strlen(url), 'a', SKEYM_URL_BYTES - strlen(url));
    assert_false(skeym_credential_text_server_valid(skeym_span_text(url)));
    url[SKEYM_URL_BYTES - 1] = 0;
    assert_true(skeym_credential_text_server_valid(skeym_span_text(url)));
    assert_true(skeym_credential_text_server_valid(skeym_span_text("http://a~!")));
}

static void test_key_files(void **state)
{
    (void)state;
    static const struct {
        const char *log_n;
        enum skeym_error error;
    } rows[] = {{"17", SKEYM_OK},        {"1/", SKEYM_ERR_SHAPE}, {"1:", SKEYM_ERR_SHAPE},
                {"/1", SKEYM_ERR_SHAPE}, {":1", SKEYM_ERR_SHAPE}, {"170", SKEYM_ERR_SHAPE},
                {"21", SKEYM_ERR_RANGE}, {"13", SKEYM_ERR_RANGE}};
    static char text[SKEYM_CREDENTIAL_FILE_BYTES + 1];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_credential_file file;
        struct skeym_span sealed;
        char lines[400];
        (void)snprintf(lines, sizeof lines,
                       "skeym-key 1\npublic " SECRET "\nlock scrypt %s 8 1 AAAAAAAAAAAAAAAAAAAAAA "
                       "AAAAAAAAAAAAAAAA\nsecret AAAAAAAAAAAAAAAAAAAAA" SECRET "\n",
                       rows[i].log_n);
        size_t size = seal(text, sizeof text, lines);
        assert_int_equal(skeym_credential_text_key(&file, &sealed, skeym_span(text, size)),
                         rows[i].error);
    }
    struct skeym_credential_file file;
    struct skeym_span sealed;
    assert_int_equal(skeym_credential_text_key(&file, &sealed, skeym_span(text, sizeof text)),
                     SKEYM_ERR_SIZE);
}

static void test_a_locator_that_is_too_long(void **state)
{
    (void)state;
    static char text[SKEYM_CREDENTIAL_FILE_BYTES];
    static const struct {
        int chars;
        enum skeym_error error;
    } rows[] = {{(int)SKEYM_BASE64URL_CHARS(SKEYM_LOCATOR_BYTES), SKEYM_OK},
                {(int)SKEYM_BASE64URL_CHARS(SKEYM_LOCATOR_BYTES + 1), SKEYM_ERR_SIZE},
                {0, SKEYM_ERR_SIZE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_credential_file file;
        struct skeym_span sealed;
        char locator[1024] = "";
        char lines[2000];
        memset(locator, 'A', (size_t)rows[i].chars);
        (void)snprintf(lines, sizeof lines,
                       "skeym-credential 1\nnode n\nserver http://a\naudience a\nauthority " SECRET
                       "\nlocator %s\npublic " SECRET "\nlock none\nsecret " SECRET SECRET "\n",
                       locator);
        size_t size = seal(text, sizeof text, lines);
        assert_int_equal(skeym_credential_parse(&file, &sealed, skeym_span(text, size)),
                         rows[i].error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_key_files),
        cmocka_unit_test(test_a_locator_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
