/* SPDX-License-Identifier: Apache-2.0 */
/* Which heads come in, and what the server is asked. */
#include "connect/connect_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE "http://127.0.0.1:1/fhir"
static const uint8_t random_bytes[16] = {1, 2, 3};

static struct skeym_connect_head head_of(const char *method, const char *target)
{
    struct skeym_connect_head head = {.method = skeym_span_text(method),
                                      .target = skeym_span_text(target)};
    skeym_connect_head_add(&head, skeym_span_text("Host"), skeym_span_text("localhost:8080"));
    return head;
}

static void add(struct skeym_connect_head *head, const char *name, const char *value)
{
    skeym_connect_head_add(head, skeym_span_text(name), skeym_span_text(value));
}

static int check(const struct skeym_connect_head *head)
{
    struct skeym_connect_refusal refusal = {0};
    bool good = skeym_connect_head_check(head, (struct skeym_span){0}, &refusal);
    assert_int_equal(good, refusal.status == 0);
    return good ? 200 : refusal.status;
}

static int check_with(const char *name, const char *value)
{
    struct skeym_connect_head head = head_of("POST", "/fhir/Observation");
    add(&head, name, value);
    return check(&head);
}

static void test_methods_and_targets(void **state)
{
    (void)state;
    static char long_target[SKEYM_TARGET_BYTES + 2];
    static const struct {
        const char *method, *target;
        int status;
    } rows[] = {
        {"GET", "/fhir", 200},
        {"GET", "/fhir?a", 200},
        {"HEAD", "/fhir/Patient/1", 200},
        {"POST", "/fhir/Patient", 200},
        {"PUT", "/fhir/Patient/1", 200},
        {"DELETE", "/fhir/Patient/1", 405},
        {"OPTIONS", "/fhir", 405},
        {"get", "/fhir", 405},
        {"GET", "/", 404},
        {"GET", "/fhirs", 404},
        {"GET", "/skeym/v1/login", 404},
        {"GET", "/skeym/v1/nodes", 404},
        {"GET", "http://localhost/fhir", 404},
        {"GET", "/fhir/a b", 400},
        {"GET", "/fhir/\xc3\xa4", 400},
        {"GET", "/fhir/\x7f", 400},
        {"GET", long_target, 414},
    };
    memset(long_target, 'a', sizeof long_target - 1);
    memcpy(long_target, "/fhir/", 6);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_connect_head head = head_of(rows[i].method, rows[i].target);
        assert_int_equal(check(&head), rows[i].status);
    }
    long_target[SKEYM_TARGET_BYTES] = 0;
    struct skeym_connect_head head = head_of("GET", long_target);
    assert_int_equal(check(&head), 200);
}

static void test_fields(void **state)
{
    (void)state;
    static char value[SKEYM_FIELD_BYTES + 2];
    memset(value, 'v', sizeof value - 1);
    assert_int_equal(check_with("If-None-Exist", value), 400);
    assert_int_equal(check_with("Prefer", value), 400);
    assert_int_equal(check_with("Content-Type", value), 400);
    value[SKEYM_FIELD_BYTES] = 0;
    assert_int_equal(check_with("Prefer", value), 200);
    assert_int_equal(check_with("Prefer", "a\tb"), 400);
    assert_int_equal(check_with("If-None-Exist", "\xc3\xa4"), 400);
    assert_int_equal(check_with("If-Match", "W/\"1\""), 501);
    assert_int_equal(check_with("X-Other", value), 200);
    assert_int_equal(check_with("HOST", "localhost"), 400); /* a second one */
    assert_int_equal(check_with("Origin", "http://localhost:3000"), 200);
    assert_int_equal(check_with("Origin", "https://evil.example"), 403);
    assert_int_equal(check_with("Origin", "null"), 403);
    assert_int_equal(check_with("Sec-Fetch-Site", "cross-site"), 403);
    assert_int_equal(check_with("Sec-Fetch-Site", "same-origin"), 200);
}

static void test_accept(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        int status;
    } rows[] = {
        {"", 200},
        {"*/*", 200},
        {"application/*", 200},
        {"application/fhir+json", 200},
        {"Application/JSON;q=0.9", 200},
        {"text/html, application/fhir+json ; fhirVersion=4.0", 200},
        {"text/html,*/*;q=0.1", 200},
        {"application/fhir+xml", 406},
        {"application/fhir+xml, text/html;q=0.9", 406},
        {"application/fhir+jsonx", 406},
        {"text/turtle;x=*/*", 406},
        {",", 406},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(check_with("Accept", rows[i].accept), rows[i].status);
    }
    struct skeym_connect_head head = head_of("GET", "/fhir");
    add(&head, "Accept", "application/fhir+xml");
    add(&head, "accept", "application/fhir+json");
    assert_int_equal(check(&head), 200);
}

static void test_keys(void **state)
{
    (void)state;
    char key[67] = "";
    assert_int_equal(check_with("Idempotency-Key", "Aa-_.9"), 200);
    assert_int_equal(check_with("Idempotency-Key", "\"quoted\""), 200);
    assert_int_equal(check_with("Idempotency-Key", ""), 400);
    assert_int_equal(check_with("Idempotency-Key", "\"\""), 400);
    assert_int_equal(check_with("Idempotency-Key", "a b"), 400);
    assert_int_equal(check_with("Idempotency-Key", "a/1"), 400);
    memset(key, 'k', 65);
    assert_int_equal(check_with("Idempotency-Key", key), 400);
    key[64] = 0;
    assert_int_equal(check_with("Idempotency-Key", key), 200);
}

static void test_hosts(void **state)
{
    (void)state;
    struct skeym_connect_head head = {.method = skeym_span_text("GET"),
                                      .target = skeym_span_text("/fhir")};
    assert_int_equal(check(&head), 200); /* HTTP/1.0 */
    add(&head, "hOST", "  evil.example ");
    assert_int_equal(check(&head), 403);
}

/* A stranger learns nothing but that a secret is asked for. */
static void test_the_secret_comes_before_the_rest(void **state)
{
    (void)state;
    struct skeym_connect_refusal refusal;
    struct skeym_span secret = skeym_span_text("0123456789abcdef");
    struct skeym_connect_head head = head_of("DELETE", "/else");
    assert_false(skeym_connect_head_check(&head, secret, &refusal));
    assert_int_equal(refusal.status, 401);
    add(&head, "Authorization", "Bearer 0123456789abcdef");
    assert_false(skeym_connect_head_check(&head, secret, &refusal));
    assert_int_equal(refusal.status, 405);
    head.method = skeym_span_text("GET");
    head.target = skeym_span_text("/fhir");
    assert_true(skeym_connect_head_check(&head, secret, &refusal));
}

static void test_bodies_are_announced(void **state)
{
    (void)state;
    uint64_t size = 7;
    struct skeym_connect_head head = head_of("POST", "/fhir");
    assert_false(skeym_connect_head_body(&head, &size));
    add(&head, "Content-Length", "120");
    assert_true(skeym_connect_head_body(&head, &size));
    assert_int_equal(size, 120);
    head = head_of("POST", "/fhir");
    add(&head, "Transfer-Encoding", "chunked");
    assert_true(skeym_connect_head_body(&head, &size));
    assert_int_equal(size, 0);
}

/* --- what the server is asked -------------------------------------------------------------- */

static struct skeym_connect_asked asked;

static void ask(const struct skeym_connect_head *head, const char *body)
{
    skeym_connect_head_ask(&asked, head, skeym_span_text(body), random_bytes, BASE);
}

static void test_reads(void **state)
{
    (void)state;
    struct skeym_connect_head head = head_of("HEAD", "/fhir/Patient/1");
    add(&head, "Prefer", "x");
    add(&head, "If-None-Exist", "a|b");
    add(&head, "Idempotency-Key", "k");
    ask(&head, "");
    assert_true(skeym_span_is(asked.closed.method, "GET"));
    assert_true(skeym_span_is(asked.closed.target, "/fhir/Patient/1"));
    assert_true(skeym_span_is(asked.closed.prefer, "x"));
    assert_int_equal(asked.closed.if_none_exist.size, 0);
    assert_int_equal(asked.closed.idempotency_key.size, 0);
    assert_false(asked.created);
    assert_string_equal(asked.base, "http://localhost:8080/fhir");
}

static void test_writes(void **state)
{
    (void)state;
    struct skeym_connect_head head = head_of("POST", "/fhir/Observation");
    add(&head, "Content-Type", " application/fhir+json ");
    add(&head, "If-None-Exist", "a|b");
    ask(&head, "{}");
    assert_true(skeym_span_is(asked.closed.method, "POST"));
    assert_true(skeym_span_is(asked.closed.content_type, "application/fhir+json"));
    assert_true(skeym_span_is(asked.closed.if_none_exist, "a|b"));
    assert_true(skeym_span_is(asked.closed.body, "{}"));
    assert_string_equal(asked.key, "AQIDAAAAAAAAAAAAAAAAAA");
    assert_true(skeym_span_is(asked.closed.idempotency_key, asked.key));
    assert_true(asked.created);
    add(&head, "Idempotency-Key", "\"their-own\"");
    head.method = skeym_span_text("PUT");
    ask(&head, "{}");
    assert_string_equal(asked.key, "their-own");
}

static void test_who_names_no_host_gets_our_address(void **state)
{
    (void)state;
    struct skeym_connect_head head = {.method = skeym_span_text("GET"),
                                      .target = skeym_span_text("/fhir")};
    ask(&head, "");
    assert_string_equal(asked.base, BASE);
}

static void test_values_without_their_white_space(void **state)
{
    (void)state;
    struct skeym_connect_head head = head_of("GET", "/fhir");
    add(&head, "Accept", "\t application/fhir+json \t");
    assert_true(skeym_span_is(head.field[SKEYM_CONNECT_ACCEPT], "application/fhir+json"));
    assert_int_equal(check(&head), 200);
}

static void test_a_field_that_comes_again_and_again(void **state)
{
    (void)state;
    struct skeym_connect_head head = head_of("GET", "/fhir");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(head.doubled, i > 1);
        add(&head, "Content-Type", "x");
    }
    assert_true(head.doubled);
    assert_int_equal(check(&head), 400);
}

/* A proxy or a library may write a list in several lines (RFC 9110, 5.3). */
static void test_lists_in_several_lines(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        enum skeym_connect_field field;
    } rows[] = {{"Accept", "text/html", SKEYM_CONNECT_ACCEPT},
                {"If-None-Match", "W/\"1\"", SKEYM_CONNECT_IF_NONE_MATCH},
                {"Prefer", "return=minimal", SKEYM_CONNECT_PREFER}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_connect_head head = head_of("GET", "/fhir");
        for (int times = 1; times <= 3; times++) {
            add(&head, rows[i].name, rows[i].value);
            assert_int_equal(head.field[rows[i].field].size,
                             times == 1 ? strlen(rows[i].value) : 0);
            assert_true(head.seen[rows[i].field]);
            assert_false(skeym_connect_head_doubtful(&head));
        }
        assert_int_equal(check(&head), 200);
    }
}

/* A quote on one side only is part of a key, which cannot have one. */
static void test_keys_with_half_a_quote(void **state)
{
    (void)state;
    assert_int_equal(check_with("Idempotency-Key", "\"abc"), 400);
    assert_int_equal(check_with("Idempotency-Key", "abc\""), 400);
    assert_int_equal(check_with("Idempotency-Key", "\""), 400);
    assert_int_equal(check_with("Idempotency-Key", "a"), 200);
}

/* No more digits are read than fit. */
static void test_long_lengths(void **state)
{
    (void)state;
    struct skeym_connect_head head = head_of("POST", "/fhir/Patient");
    uint64_t size = 0;
    add(&head, "Content-Length", "99999999999999999999");
    assert_true(skeym_connect_head_body(&head, &size));
    assert_true(size == UINT64_C(999999999999999999));
}

/* Where a body ends must not be seen in two ways. */
static void test_framing(void **state)
{
    (void)state;
    static const struct {
        const char *method, *fields[4];
        int status;
        bool doubtful;
    } rows[] = {
        {"POST", {"Content-Length", "7"}, 200, false},
        {"POST", {"Transfer-Encoding", "chunked"}, 200, false},
        {"POST", {"Transfer-Encoding", "Chunked"}, 200, false},
        {"POST", {NULL}, 200, true},
        {"PUT", {NULL}, 200, true},
        {"DELETE", {NULL}, 405, true},
        {"GET", {NULL}, 200, false},
        {"HEAD", {NULL}, 200, false},
        {"POST", {"Transfer-Encoding", "gzip, chunked"}, 501, true},
        {"POST", {"Transfer-Encoding", "identity"}, 501, true},
        {"POST", {"Transfer-Encoding", ""}, 501, true},
        {"POST", {"Transfer-Encoding", "chunked", "Content-Length", "7"}, 400, true},
        {"GET", {"Transfer-Encoding", "chunked", "Content-Length", "7"}, 400, true},
        {"POST", {"Content-Length", "7", "Content-Length", "7"}, 400, true},
        {"POST", {"Content-Length", "7", "Content-Length ", "3"}, 400, true},
        {"POST", {"Content-Length", "7", "Transfer\tEncoding", "chunked"}, 400, true},
        {"GET", {"Content-Length ", "7"}, 400, true},
        {"GET", {"X:", "y"}, 400, true},
        {"GET", {"X:", "y", "Z", "y"}, 400, true},
        {"GET", {"", "y"}, 400, true},
        {"GET", {"X\x80", "y"}, 400, true},
        {"GET", {"X\x7f", "y"}, 400, true},
        {"GET", {"a!#$%&'*+-.^_`|~Z9", "y"}, 200, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_connect_head head = head_of(rows[i].method, "/fhir/Patient");
        for (size_t k = 0; k < 4 && rows[i].fields[k]; k += 2) {
            add(&head, rows[i].fields[k], rows[i].fields[k + 1]);
        }
        assert_int_equal(check(&head), rows[i].status);
        assert_int_equal(skeym_connect_head_doubtful(&head), rows[i].doubtful);
        assert_int_equal(skeym_connect_head_coded(&head), rows[i].status != 501);
    }
}

/* What an update is bound to is not let go; a read's is its own. */
static void test_conditions(void **state)
{
    (void)state;
    static const struct {
        const char *method, *name;
        int status;
    } rows[] = {
        {"PUT", "If-Match", 501},
        {"GET", "If-Match", 501},
        {"PUT", "If-None-Match", 501},
        {"PUT", "If-Unmodified-Since", 501},
        {"GET", "If-None-Match", 200},
        {"HEAD", "If-None-Match", 200},
        {"GET", "If-Unmodified-Since", 200},
        {"PUT", "If-None-Exist", 200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_connect_head head = head_of(rows[i].method, "/fhir/Patient/1");
        add(&head, rows[i].name, "*");
        assert_int_equal(check(&head), rows[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods_and_targets),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_the_secret_comes_before_the_rest),
        cmocka_unit_test(test_bodies_are_announced),
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_who_names_no_host_gets_our_address),
        cmocka_unit_test(test_values_without_their_white_space),
        cmocka_unit_test(test_a_field_that_comes_again_and_again),
        cmocka_unit_test(test_lists_in_several_lines),
        cmocka_unit_test(test_keys_with_half_a_quote),
        cmocka_unit_test(test_long_lengths),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_conditions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
