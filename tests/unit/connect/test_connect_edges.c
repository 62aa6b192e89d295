/* SPDX-License-Identifier: Apache-2.0 */
/* Heads, links and dates one character beside what is taken, and what cannot start. */
#include "connect/connect.h"
#include "connect/connect_answer.h"
#include "connect/connect_guard.h"
#include "connect/connect_head.h"
#include "connect/connect_links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RESOURCE(type, id, updated)                                                                \
    "{" type id "\"meta\":{\"versionId\":\"3\",\"lastUpdated\":\"" updated "\"}}"
#define TYPE "\"resourceType\":\"Patient\","
#define ID   "\"id\":\"p\","

static struct skeym_connect_fields fields_of(const char *body)
{
    struct skeym_connect_fields fields;
    memset(&fields, 0x5c, sizeof fields);
    skeym_connect_answer_fields(&fields, skeym_span_text(body), true, "http://localhost/fhir");
    return fields;
}

static void test_dates(void **state)
{
    (void)state;
    static const char *const bad[] = {
        RESOURCE(TYPE, ID, "20/6-11-22T20:28:34Z"),
        RESOURCE(TYPE, ID, "2026-11-x2T20:28:34Z"),
        RESOURCE(TYPE, ID, "2026-11-22Tx0:28:34Z"),
        RESOURCE(TYPE, ID, "2026-11-22T20:x8:34Z"),
        RESOURCE(TYPE, ID, "2026-1"),
        RESOURCE(TYPE, ID, "1969-12-31T23:59:59Z"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_string_equal(fields_of(bad[i]).modified, "");
    }
    assert_string_equal(fields_of(RESOURCE(TYPE, ID, "1970-01-01T00:00:00Z")).modified,
                        "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void test_locations(void **state)
{
    (void)state;
    static const char *const none[] = {
        RESOURCE("", ID, "Z"),
        RESOURCE(TYPE, "", "Z"),
        RESOURCE(TYPE, "\"id\":\"a b\",", "Z"),
        RESOURCE(TYPE, "\"id\":\"a\\\\b\",", "Z"),
        RESOURCE(TYPE, "\"id\":\"a\xc3\xa4\",", "Z"),
        RESOURCE(TYPE, "\"id\":\"a\x7f\",", "Z"),
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_string_equal(fields_of(none[i]).location, "");
        assert_string_equal(fields_of(none[i]).etag, "W/\"3\"");
    }
    assert_string_equal(fields_of(RESOURCE(TYPE, "\"id\":\"a~b!\",", "Z")).location,
                        "http://localhost/fhir/Patient/a~b!/_history/3");
}

static void test_links(void **state)
{
    (void)state;
    uint8_t *out = NULL;
    size_t size = 0;
    struct skeym_span text = skeym_span_text("\r{\t\"reference\"\r\n:\t\"https://a/fhir/x\"\r}\t");
    assert_int_equal(
        skeym_connect_links_change(&out, &size, text, "https://a/fhir", "http://b/fhir"), SKEYM_OK);
    assert_string_equal((const char *)out, "\r{\t\"reference\"\r\n:\t\"http://b/fhir/x\"\r}\t");
    free(out);
    text = skeym_span_text("{\"implementation\":{\"url\":\"https://a/fhir\"}}");
    assert_true(skeym_span_is(skeym_connect_links_base(text), "https://a/fhir"));
    text = skeym_span_part(text, 0, text.size - 1);
    assert_int_equal(skeym_connect_links_base(text).size, 0);
}

static void test_fields(void **state)
{
    (void)state;
    struct skeym_connect_refusal refusal = {0};
    struct skeym_connect_head head = {.method = skeym_span_text("GET"),
                                      .target = skeym_span_text("/fhir")};
    skeym_connect_head_add(&head, skeym_span_text("Accept"),
                           skeym_span_text("\t application/fhir+json \t"));
    assert_true(skeym_span_is(head.field[SKEYM_CONNECT_ACCEPT], "application/fhir+json"));
    assert_true(skeym_connect_head_check(&head, (struct skeym_span){0}, &refusal));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(head.doubled, i > 1);
        skeym_connect_head_add(&head, skeym_span_text("Prefer"), skeym_span_text("x"));
    }
    assert_true(head.doubled);
    assert_false(skeym_connect_head_check(&head, (struct skeym_span){0}, &refusal));
    assert_int_equal(refusal.status, 400);
}

/* A quote on one side only is part of a key, which cannot have one. */
static void test_keys(void **state)
{
    (void)state;
    static const char *const keys[] = {"\"abc", "abc\"", "\"", "a"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct skeym_connect_refusal refusal = {0};
        struct skeym_connect_head head = {.method = skeym_span_text("POST"),
                                          .target = skeym_span_text("/fhir/Patient")};
        skeym_connect_head_add(&head, skeym_span_text("Idempotency-Key"), skeym_span_text(keys[i]));
        assert_int_equal(skeym_connect_head_check(&head, (struct skeym_span){0}, &refusal),
                         keys[i][0] == 'a' && !keys[i][1]);
    }
}

/* No more digits are read than fit. */
static void test_long_lengths(void **state)
{
    (void)state;
    struct skeym_connect_head head = {.method = skeym_span_text("POST"),
                                      .target = skeym_span_text("/fhir/Patient")};
    uint64_t size = 0;
    skeym_connect_head_add(&head, skeym_span_text("Content-Length"),
                           skeym_span_text("99999999999999999999"));
    assert_true(skeym_connect_head_body(&head, &size));
    assert_true(size == UINT64_C(999999999999999999));
}

static void test_ports(void **state)
{
    (void)state;
    static const char *const bad[] = {"127.0.0.1:80/", "127.0.0.1:-1", "127.0.0.1:80:"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct skeym_connect_address address;
        assert_int_not_equal(skeym_connect_guard_address(&address, bad[i]), SKEYM_OK);
    }
}

static void test_workers(void **state)
{
    (void)state;
    static const unsigned bad[] = {0, SKEYM_CONNECT_WORKERS_MAX + 1};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct skeym_connect_options options = {.workers = bad[i], .fd = -1};
        struct skeym_connect *connect = NULL;
        assert_int_equal(skeym_connect_start(&connect, &options), SKEYM_ERR_USAGE);
        assert_null(connect);
    }
}

static void test_what_may_have_been_done(void **state)
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
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_locations),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_long_lengths),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_workers),
        cmocka_unit_test(test_what_may_have_been_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
