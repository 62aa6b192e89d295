/* SPDX-License-Identifier: Apache-2.0 */
/* Fields from a resource, and refusals as OperationOutcomes. */
#include "connect/connect_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE "http://localhost/fhir"
#define OF(type, id, updated)                                                                      \
    "{" type id "\"meta\":{\"versionId\":\"3\",\"lastUpdated\":\"" updated "\"}}"
#define TYPE              "\"resourceType\":\"Patient\","
#define ID(id)            "\"id\":\"" id "\","
#define RESOURCE(updated) OF(TYPE, ID("p"), updated)

static struct skeym_connect_fields fields_of(const char *body, bool created)
{
    struct skeym_connect_fields fields;
    memset(&fields, 0x5c, sizeof fields);
    skeym_connect_answer_fields(&fields, skeym_span_text(body), created, BASE);
    return fields;
}

static void test_fields(void **state)
{
    (void)state;
    struct skeym_connect_fields fields = fields_of(RESOURCE("2026-11-22T20:28:34.123Z"), true);
    assert_string_equal(fields.etag, "W/\"3\"");
    assert_string_equal(fields.modified, "Sun, 22 Nov 2026 20:28:34 GMT");
    assert_string_equal(fields.location, BASE "/Patient/p/_history/3");
    fields = fields_of(RESOURCE("2024-02-29T00:00:00+00:00"), false);
    assert_string_equal(fields.modified, "Thu, 29 Feb 2024 00:00:00 GMT");
    assert_string_equal(fields.location, "");
    assert_string_equal(fields.etag, "W/\"3\"");
}

static void test_no_fields(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "{}", "{\"resourceType\":\"Bundle\",\"id\":\"b\"}",
                                         "{\"resourceType\":\"Patient\""};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct skeym_connect_fields fields = fields_of(bodies[i], true);
        assert_string_equal(fields.etag, "");
        assert_string_equal(fields.modified, "");
        assert_string_equal(fields.location, "");
    }
}

static void test_dates_that_are_none(void **state)
{
    (void)state;
    static const char *const bodies[] = {RESOURCE("2026-11-22T20:28:34.123+01:00"),
                                         RESOURCE("2026-11"),
                                         RESOURCE("Z"),
                                         RESOURCE("2026-13-22T20:28:34Z"),
                                         RESOURCE("2026-00-22T20:28:34Z"),
                                         RESOURCE("2026-1x-22T20:28:34Z"),
                                         RESOURCE("2026-11-22T20:28:3Z")};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_string_equal(fields_of(bodies[i], true).modified, "");
    }
}

/* What does not fit is left out whole. */
static void test_long_values(void **state)
{
    (void)state;
    char body[1200];
    char id[520];
    memset(id, 'i', sizeof id - 1);
    id[sizeof id - 1] = 0;
    (void)snprintf(body, sizeof body,
                   "{\"resourceType\":\"Patient\",\"id\":\"%s\",\"meta\":{\"versionId\":\"1\"}}",
                   id);
    assert_string_equal(fields_of(body, true).location, "");
    assert_string_equal(fields_of(body, true).etag, "W/\"1\"");
    (void)snprintf(body, sizeof body,
                   "{\"resourceType\":\"Patient\",\"id\":\"p\",\"meta\":{\"versionId\":\"%s\"}}",
                   id);
    assert_string_equal(fields_of(body, true).etag, "");
}

static void test_etags_match(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        bool matches;
    } rows[] = {{"W/\"3\"", true},  {"\"3\"", true},     {"*", true},  {"W/\"2\", W/\"3\"", true},
                {"W/\"2\"", false}, {"W/\"33\"", false}, {"3", false}, {"", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(skeym_connect_answer_matches(skeym_span_text(rows[i].field), "W/\"3\""),
                         rows[i].matches);
    }
    assert_false(skeym_connect_answer_matches(skeym_span_text("*"), ""));
}

static void test_minimal(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        bool minimal;
    } rows[] = {{"return=minimal", true},
                {"return=\"minimal\"", true},
                {"handling=strict, return=minimal", true},
                {" return=minimal ; x=y,respond-async", true},
                {"return=representation", false},
                {"return=OperationOutcome", false},
                {"xreturn=minimal", false},
                {"return=minimalist", false},
                {"handling=strict;return=minimal", false}, /* a parameter of another */
                {"", false},
                {",", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(skeym_connect_answer_minimal(skeym_span_text(rows[i].field)),
                         rows[i].minimal);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        enum skeym_error error;
        int status;
        const char *code;
    } rows[] = {
        {SKEYM_ERR_PERMISSION, 403, "login"},   {SKEYM_ERR_EXPIRED, 403, "login"},
        {SKEYM_ERR_HANDSHAKE, 502, "security"}, {SKEYM_ERR_CLOCK, 502, "security"},
        {SKEYM_ERR_TLS, 502, "security"},       {SKEYM_ERR_SEAL, 502, "security"},
        {SKEYM_ERR_NETWORK, 502, "transient"},  {SKEYM_ERR_TIMEOUT, 504, "timeout"},
        {SKEYM_ERR_BUSY, 503, "transient"},     {SKEYM_ERR_RATE, 503, "throttled"},
        {SKEYM_ERR_MEMORY, 503, "transient"},   {SKEYM_ERR_RANDOM, 503, "transient"},
        {SKEYM_ERR_SIZE, 413, "too-long"},      {SKEYM_ERR_CHARSET, 400, "structure"},
        {SKEYM_ERR_STORE, 502, "exception"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[SKEYM_CONNECT_OUTCOME_BYTES];
        struct skeym_connect_refusal refusal = skeym_connect_answer_refusal(rows[i].error, false);
        assert_int_equal(refusal.status, rows[i].status);
        assert_string_equal(refusal.code, rows[i].code);
        size_t size = skeym_connect_answer_outcome(text, &refusal);
        assert_int_equal(size, strlen(text));
        assert_non_null(strstr(text, "{\"resourceType\":\"OperationOutcome\",\"issue\":[{"));
        assert_non_null(strstr(text, refusal.text));
        assert_string_equal(text + size - 4, "\"}]}");
    }
}

static void test_what_may_have_been_done_is_said(void **state)
{
    (void)state;
    struct skeym_connect_refusal sure = skeym_connect_answer_refusal(SKEYM_ERR_NETWORK, false);
    struct skeym_connect_refusal maybe = skeym_connect_answer_refusal(SKEYM_ERR_NETWORK, true);
    assert_null(strstr(sure.text, "may have been executed"));
    assert_non_null(strstr(maybe.text, "may have been executed"));
    assert_int_equal(maybe.status, 502);
}

static void test_dates_one_character_beside(void **state)
{
    (void)state;
    static const char *const bad[] = {
        RESOURCE("20/6-11-22T20:28:34Z"),
        RESOURCE("2026-11-x2T20:28:34Z"),
        RESOURCE("2026-11-22Tx0:28:34Z"),
        RESOURCE("2026-11-22T20:x8:34Z"),
        RESOURCE("2026-1"),
        RESOURCE("1969-12-31T23:59:59Z"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_string_equal(fields_of(bad[i], true).modified, "");
    }
    assert_string_equal(fields_of(RESOURCE("1970-01-01T00:00:00Z"), true).modified,
                        "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void test_locations(void **state)
{
    (void)state;
    static const char *const none[] = {
        OF("", ID("p"), "Z"),           OF(TYPE, "", "Z"),
        OF(TYPE, ID("a b"), "Z"),       OF(TYPE, ID("a\\\\b"), "Z"),
        OF(TYPE, ID("a\xc3\xa4"), "Z"), OF(TYPE, ID("a\x7f"), "Z"),
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_string_equal(fields_of(none[i], true).location, "");
        assert_string_equal(fields_of(none[i], true).etag, "W/\"3\"");
    }
    assert_string_equal(fields_of(OF(TYPE, ID("a~b!"), "Z"), true).location,
                        BASE "/Patient/a~b!/_history/3");
}

static void test_a_timeout_is_one_either_way(void **state)
{
    (void)state;
    struct skeym_connect_refusal sure = skeym_connect_answer_refusal(SKEYM_ERR_TIMEOUT, false);
    struct skeym_connect_refusal maybe = skeym_connect_answer_refusal(SKEYM_ERR_TIMEOUT, true);
    assert_int_equal(sure.status, 504);
    assert_int_equal(maybe.status, 504);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_no_fields),
        cmocka_unit_test(test_dates_that_are_none),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_etags_match),
        cmocka_unit_test(test_minimal),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_what_may_have_been_done_is_said),
        cmocka_unit_test(test_dates_one_character_beside),
        cmocka_unit_test(test_locations),
        cmocka_unit_test(test_a_timeout_is_one_either_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
