/* SPDX-License-Identifier: Apache-2.0 */
/* Settings, addresses and questions one character beside what is taken. */
#include "fhir/fhir_url.h"
#include "server/audit.h"
#include "server/conf.h"
#include "server/fields.h"
#include "server/incident_search.h"
#include "server/known.h"
#include "server/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>
#include <json-c/json.h>

static void no_complaint(void *arg, unsigned line, const char *name, const char *why)
{
    (void)line;
    (void)name;
    (void)why;
    ++*(unsigned *)arg;
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
        unsigned complaints = 0;
        skeym_conf_defaults(&conf);
        if (skeym_conf_file(&conf, skeym_span_text(bad[i]), no_complaint, &complaints) ==
            SKEYM_OK) {
            fail_msg("%s was taken", bad[i]);
        }
        assert_int_equal(complaints, 1);
    }
}

static void takes_settings(void **state)
{
    (void)state;
    static const char *const good[] = {"threads 0", "threads 9", "public-url http://a~b",
                                       "db a~ b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct skeym_conf conf;
        unsigned complaints = 0;
        skeym_conf_defaults(&conf);
        assert_int_equal(
            skeym_conf_file(&conf, skeym_span_text(good[i]), no_complaint, &complaints), SKEYM_OK);
        assert_int_equal(complaints, 0);
    }
}

static void finds_no_flag_where_there_is_none(void **state)
{
    (void)state;
    char word[] = "x";
    char *words[] = {word, NULL};
    struct skeym_conf conf;
    enum skeym_error error = SKEYM_OK;
    unsigned complaints = 0;
    skeym_conf_defaults(&conf);
    assert_int_equal(skeym_conf_flag(&conf, 0, words + 1, no_complaint, &complaints, &error), 0);
    assert_int_equal(skeym_conf_flag(&conf, 1, words, no_complaint, &complaints, &error), 0);
    assert_int_equal(error, SKEYM_OK);
    assert_int_equal(complaints, 0);
}

static struct sockaddr_storage v6(const uint8_t bytes[16])
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    struct sockaddr_storage out = {0};
    memcpy(&address.sin6_addr, bytes, 16);
    memcpy(&out, &address, sizeof address);
    return out;
}

/* Each of the sixteen bytes counts, for what is mapped, loopback or any address. */
static void looks_at_every_byte_of_an_address(void **state)
{
    (void)state;
    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};
    static const uint8_t loopback[16] = {[15] = 1};
    static const uint8_t any[16] = {0};
    struct sockaddr_storage address = v6(mapped);
    assert_int_equal(skeym_source_host((const struct sockaddr *)&address).family, 4);
    address = v6(loopback);
    assert_true(skeym_source_loopback(&address));
    address = v6(any);
    assert_true(skeym_source_wildcard(&address));
    for (size_t i = 0; i < 16; i++) {
        uint8_t bytes[16];
        memcpy(bytes, mapped, 16);
        bytes[i] ^= 0x40;
        address = v6(bytes);
        assert_int_equal(skeym_source_host((const struct sockaddr *)&address).family,
                         i < 12 ? 6 : 4);
        memcpy(bytes, loopback, 16);
        bytes[i] ^= 0x40;
        address = v6(bytes);
        assert_false(skeym_source_loopback(&address));
        memcpy(bytes, any, 16);
        bytes[i] ^= 0x40;
        address = v6(bytes);
        assert_false(skeym_source_wildcard(&address));
    }
}

static void knows_no_host_of_another_family(void **state)
{
    (void)state;
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    assert_int_equal(skeym_source_host((const struct sockaddr *)&address).family, 0);
    assert_int_equal(skeym_source_host(NULL).family, 0);
    assert_false(skeym_source_loopback(&address));
    assert_false(skeym_source_wildcard(&address));
}

/* A clock that steps back makes nobody a stranger. */
static void knows_a_host_that_comes_from_the_future(void **state)
{
    (void)state;
    static struct skeym_known known;
    struct skeym_source host = {.family = 4, .prefix = {1, 2, 3, 4}};
    skeym_known_add(&known, &host, 5000);
    assert_true(skeym_known_has(&known, &host, 4999));
    assert_true(skeym_known_has(&known, &host, 0));
}

static void reads_numbers_of_the_audit(void **state)
{
    (void)state;
    struct json_object *event = json_object_new_object();
    json_object_object_add(event, "most", json_object_new_int64(UINT32_MAX));
    json_object_object_add(event, "more", json_object_new_int64(INT64_C(1) + UINT32_MAX));
    json_object_object_add(event, "less", json_object_new_int64(-1));
    json_object_object_add(event, "text", json_object_new_string("7"));
    assert_int_equal(skeym_audit_get_number(event, "most"), UINT32_MAX);
    assert_int_equal(skeym_audit_get_number(event, "more"), 0);
    assert_int_equal(skeym_audit_get_number(event, "less"), 0);
    assert_int_equal(skeym_audit_get_number(event, "text"), 0);
    assert_int_equal(skeym_audit_get_number(event, "none"), 0);
    json_object_put(event);
}

static void asks_for_incidents_in_every_form_of_json(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        bool good;
    } rows[] = {
        {"/fhir/AuditEvent?_format=json", true},
        {"/fhir/AuditEvent?_format=application/json", true},
        {"/fhir/AuditEvent?_format=application/fhir%2Bjson", true},
        {"/fhir/AuditEvent?_format=html", false},
        {"/fhir/AuditEvent?a234567890a234567890a234567890a234567890a234567890a234567890a2345=1",
         false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_fhir_arena arena = {0};
        struct skeym_fhir_url url;
        struct skeym_fhir_problem problem = {0};
        struct skeym_incident_search search;
        assert_true(
            skeym_fhir_url_parse(&url, &arena, skeym_span_text(rows[i].target), "/fhir", &problem));
        assert_int_equal(skeym_incident_search_parse(&search, &url, &problem), rows[i].good);
        assert_int_equal(problem.status, rows[i].good ? 0 : 400);
        skeym_fhir_text_drop(&arena);
    }
}

/* Two lengths: the request is refused, however they are. */
static void hears_two_lengths(void **state)
{
    (void)state;
    struct skeym_fields fields = {0};
    skeym_fields_add(&fields, skeym_span_text("Content-Length"), skeym_span_text("5"));
    assert_true(fields.body_announced);
    assert_false(fields.doubled);
    skeym_fields_add(&fields, skeym_span_text("Content-Length"), skeym_span_text("0"));
    assert_true(fields.body_announced);
    assert_true(fields.doubled || fields.framing_unclear);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_settings),
        cmocka_unit_test(takes_settings),
        cmocka_unit_test(finds_no_flag_where_there_is_none),
        cmocka_unit_test(looks_at_every_byte_of_an_address),
        cmocka_unit_test(knows_no_host_of_another_family),
        cmocka_unit_test(knows_a_host_that_comes_from_the_future),
        cmocka_unit_test(reads_numbers_of_the_audit),
        cmocka_unit_test(asks_for_incidents_in_every_form_of_json),
        cmocka_unit_test(hears_two_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
