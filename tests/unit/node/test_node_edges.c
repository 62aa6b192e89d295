/* SPDX-License-Identifier: Apache-2.0 */
/* Texts and files of a node one character beside what is taken. */
#include "crypto/crypto.h"
#include "node/chain.h"
#include "node/credential.h"
#include "node/credential_file.h"
#include "node/credential_text.h"
#include "node/journal.h"
#include "node/journal_scan.h"
#include "node/readback.h"
#include "node/wfdb_field.h"
#include "node/wfdb_header.h"
#include <setjmp.h>
#include <skeym/base64url.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD   "skeym-chain 1\nnode n\nserver http://a\n"
#define SECRET "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define LANE   "lane 1 2 3 " SECRET " token\n"

/* Behind the lines the check that is theirs. */
static size_t seal(char *out, size_t room, const char *lines)
{
    uint8_t hash[SKEYM_SHA256_BYTES];
    struct skeym_span before = skeym_span_text(lines);
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)out, room - 1});
    skeym_crypto_sha256(hash, &before, 1);
    skeym_write_text(&writer, lines);
    skeym_write_text(&writer, "check ");
    skeym_base64url_write(&writer, skeym_span(hash, 8));
    skeym_write_text(&writer, "\n");
    assert_false(writer.bad);
    out[writer.size] = 0;
    return writer.size;
}

static enum skeym_error parse_chain(const char *lines)
{
    static struct skeym_chain chain;
    static char text[SKEYM_CHAIN_FILE_BYTES];
    size_t size = seal(text, sizeof text, lines);
    enum skeym_error error = skeym_chain_parse(&chain, skeym_span(text, size));
    assert_true(error == SKEYM_OK || chain.count == 0);
    return error;
}

static void test_chains(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "skeym-chain 2\nnode n\nserver http://a\n",
        "skeym-chain 1\nnode \nserver http://a\n",
        "skeym-chain 1\nnode n n\nserver http://a\n",
        "skeym-chain 1\nnode n\x7f\x7fn\nserver http://a\n",
        "skeym-chain 1\nnode n\x01n\nserver http://a\n",
        "skeym-chain 1\nnode n\nserver http://a",
        "skeym-chain 1\nnode n234567890123456789012345678901234567890123456789012345678901234567890"
        "\nserver http://a\n",
        HEAD "lane 1 2 3 " SECRET " \n",
        HEAD "lane  2 3 " SECRET " token\n",
        HEAD "lane 1/ 2 3 " SECRET " token\n",
        HEAD "lane 1: 2 3 " SECRET " token\n",
        HEAD "lane 1234567890123456 2 3 " SECRET " token\n",
        HEAD "lane 1 2 61 " SECRET " token\n",
        HEAD "lane 1 2 3 !" SECRET " token\n",
        HEAD "lane 1 2 3 A" SECRET " token\n",
        HEAD "lane 1 2 3 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA! token\n",
        HEAD LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE,
    };
    assert_int_equal(parse_chain(HEAD), SKEYM_OK);
    assert_int_equal(parse_chain(HEAD LANE), SKEYM_OK);
    assert_int_equal(
        parse_chain(
            HEAD LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE LANE),
        SKEYM_OK); /* sixteen */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (parse_chain(bad[i]) != SKEYM_ERR_SHAPE) {
            fail_msg("%s", bad[i]);
        }
    }
}

static void test_chains_whose_check_is_none(void **state)
{
    (void)state;
    static struct skeym_chain chain;
    static char text[SKEYM_CHAIN_FILE_BYTES + 1];
    size_t size = seal(text, sizeof text, HEAD);
    static const char wrong[] = {'!', 'B', '\n'};
    assert_int_equal(skeym_chain_parse(&chain, skeym_span(text, size)), SKEYM_OK);
    for (size_t i = 0; i < sizeof wrong; i++) { /* within the check, and at its very end */
        size_t at = i < 2 ? size - 6 : size - 1;
        char kept = text[at];
        text[at] = i < 2 ? wrong[i] : 'x';
        assert_int_equal(skeym_chain_parse(&chain, skeym_span(text, size)),
                         i == 1 ? SKEYM_ERR_CHECKSUM : SKEYM_ERR_SHAPE);
        text[at] = kept;
    }
    assert_int_equal(skeym_chain_parse(&chain, skeym_span(text, sizeof text)), SKEYM_ERR_SHAPE);
}

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

static void test_files_as_large_as_may_be(void **state)
{
    (void)state;
    char path[] = "/tmp/skeym-edges-XXXXXX";
    uint8_t text[8];
    size_t size = 0;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "12345678", 8), 8);
    assert_int_equal(
        skeym_credential_file_read((struct skeym_room){text, sizeof text}, &size, path), SKEYM_OK);
    assert_int_equal(size, 8);
    assert_int_equal(write(fd, "9", 1), 1);
    assert_int_equal(
        skeym_credential_file_read((struct skeym_room){text, sizeof text}, &size, path),
        SKEYM_ERR_SIZE);
    assert_int_equal(size, 0);
    close(fd);
    assert_int_equal(unlink(path), 0);
}

static size_t add_record(uint8_t *out, enum skeym_journal_kind kind, uint64_t sequence,
                         const char *payload)
{
    skeym_journal_scan_write(out, kind, sequence, skeym_span_text(payload));
    return SKEYM_JOURNAL_HEAD_BYTES + strlen(payload);
}

/* Whole records, in an order that no journal has. */
static void test_journals_out_of_order(void **state)
{
    (void)state;
    static const struct {
        struct {
            enum skeym_journal_kind kind;
            uint64_t sequence;
            size_t size;
        } record[3];
        enum skeym_error error;
    } rows[] = {
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, 1}, {SKEYM_JOURNAL_KIND_READING, 0, 1}}, SKEYM_OK},
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, 0}}, SKEYM_ERR_SHAPE},
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, SKEYM_JOURNAL_NOTE}}, SKEYM_OK},
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, SKEYM_JOURNAL_NOTE + 1}}, SKEYM_ERR_SHAPE},
        {{{SKEYM_JOURNAL_KIND_READING, 0, 1}}, SKEYM_ERR_SHAPE},
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, 1}, {SKEYM_JOURNAL_KIND_NOTE, 0, 1}}, SKEYM_ERR_DAMAGED},
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, 1}, {SKEYM_JOURNAL_KIND_READING, 1, 1}}, SKEYM_ERR_DAMAGED},
        {{{SKEYM_JOURNAL_KIND_NOTE, 0, 1},
          {SKEYM_JOURNAL_KIND_END, 0, 0},
          {SKEYM_JOURNAL_KIND_READING, 0, 1}},
         SKEYM_ERR_DAMAGED},
    };
    static char payload[SKEYM_JOURNAL_NOTE + 2];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static uint8_t bytes[2048];
        struct skeym_journal_scan scan;
        size_t size = 0;
        for (size_t j = 0; j < 3 && rows[i].record[j].kind; j++) {
            memset(payload, 'x', sizeof payload);
            payload[rows[i].record[j].size] = 0;
            size += add_record(bytes + size, rows[i].record[j].kind, rows[i].record[j].sequence,
                               payload);
        }
        assert_int_equal(skeym_journal_scan(&scan, skeym_span(bytes, size)), rows[i].error);
        skeym_journal_scan_free(&scan);
    }
}

static void test_journals_that_are_no_file_of_their_own(void **state)
{
    (void)state;
    char folder[] = "/tmp/skeym-edges-XXXXXX";
    char path[64];
    char other[64];
    struct skeym_journal *journal = NULL;
    struct skeym_journal_report report;
    struct skeym_span note = skeym_span_text("note");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/journal", folder);
    (void)snprintf(other, sizeof other, "%s/other", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(skeym_journal_open(&journal, path, note, 0, &report), SKEYM_ERR_NOT_FILE);
    assert_null(journal);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(skeym_journal_open(&journal, path, note, 0, &report), SKEYM_OK);
    assert_int_equal(skeym_journal_take(journal, skeym_span_text("a reading")), SKEYM_OK);
    assert_int_equal(skeym_journal_end(journal), SKEYM_OK);
    assert_int_equal(skeym_journal_end(journal), SKEYM_OK); /* it has ended */
    skeym_journal_close(journal);
    assert_int_equal(link(path, other), 0);
    assert_int_equal(skeym_journal_open(&journal, path, note, 0, &report), SKEYM_ERR_BUSY);
    assert_null(journal);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(skeym_journal_open(&journal, path, note, 0, &report), SKEYM_OK);
    assert_int_equal(report.waiting, 1);
    skeym_journal_close(journal);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_a_journal_with_hardly_any_room(void **state)
{
    (void)state;
    struct skeym_journal *journal = NULL;
    struct skeym_journal_report report;
    assert_int_equal(skeym_journal_open(&journal, NULL, skeym_span_text("n"), 60, &report),
                     SKEYM_OK);
    assert_int_equal(skeym_journal_take(journal, skeym_span_text("a")), SKEYM_ERR_SPACE);
    assert_int_equal(skeym_journal_waiting(journal), 0);
    skeym_journal_close(journal);
}

static void test_decimals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum skeym_error error;
        double value;
    } rows[] = {{"1e2", SKEYM_OK, 100},
                {"1E2", SKEYM_OK, 100},
                {"-1.5E-1", SKEYM_OK, -0.15},
                {"1E", SKEYM_ERR_SHAPE, 7},
                {"1E100", SKEYM_ERR_RANGE, 7}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_span at = skeym_span_text(rows[i].text);
        double value = 7;
        assert_int_equal(skeym_wfdb_field_decimal(&at, &value), rows[i].error);
        assert_true(value == rows[i].value);
    }
    static char many[2000];
    memset(many, '9', sizeof many - 1);
    struct skeym_span at = skeym_span_text(many);
    double value = 7;
    assert_int_equal(skeym_wfdb_field_decimal(&at, &value), SKEYM_ERR_RANGE);
    memset(many, '0', sizeof many - 1);
    many[1] = '.';
    many[sizeof many - 2] = '1';
    at = skeym_span_text(many);
    assert_int_equal(skeym_wfdb_field_decimal(&at, &value), SKEYM_ERR_RANGE);
    assert_true(value == 7);
}

static void test_headers_with_tabs(void **state)
{
    (void)state;
    static struct skeym_wfdb_header header;
    static const char good[] = "100\t2  360\t650000\t01:02:03.5\t\n"
                               "100.dat\t212 200 11 1024 995 -22131 0\tMLII \t\n"
                               "100.dat 212 200 11 1024 1011 20052 0 V5\t\n";
    static const char bad[] = "100 2 360 650000 01:02:03.5x\n";
    assert_int_equal(skeym_wfdb_header_parse(&header, skeym_span_text(good)), SKEYM_OK);
    assert_string_equal(header.signal[0].description, "MLII");
    assert_string_equal(header.signal[1].description, "V5");
    assert_int_equal(header.time_ms, 3723500);
    assert_int_equal(skeym_wfdb_header_parse(&header, skeym_span_text(bad)), SKEYM_ERR_SHAPE);
}

static void test_runs(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "a_b",
        "a{",
        "a@",
        "a:",
        "a/",
        "a2345678901234567890123456789012345678901234567890123456789012345678901234567890"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct skeym_readback out;
        int status = 7;
        assert_int_equal(
            skeym_readback_numbers(&out, NULL, "bed-1", bad[i], 0, NULL, NULL, &status),
            SKEYM_ERR_CHARSET);
        assert_int_equal(status, 0);
        skeym_readback_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_chains_whose_check_is_none),
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_key_files),
        cmocka_unit_test(test_a_locator_that_is_too_long),
        cmocka_unit_test(test_files_as_large_as_may_be),
        cmocka_unit_test(test_journals_out_of_order),
        cmocka_unit_test(test_journals_that_are_no_file_of_their_own),
        cmocka_unit_test(test_a_journal_with_hardly_any_room),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_headers_with_tabs),
        cmocka_unit_test(test_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
