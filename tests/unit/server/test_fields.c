/* SPDX-License-Identifier: Apache-2.0 */
#include "server/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void add(struct skeym_fields *fields, const char *name, const char *value)
{
    skeym_fields_add(fields, skeym_span_text(name), skeym_span_text(value));
}

static void takes_the_fields_that_count(void **state)
{
    (void)state;
    struct skeym_fields fields = {0};
    add(&fields, "Host", "x");
    add(&fields, "AUTHORIZATION", "SkeyM abc");
    add(&fields, "skeym-Proof", "def");
    add(&fields, "Content-Type", "application/jose");
    add(&fields, "content-length", "123");
    add(&fields, "Accept", "*/*");
    add(&fields, "Accept", "text/plain");
    assert_true(skeym_span_is(fields.authorization, "SkeyM abc"));
    assert_true(skeym_span_is(fields.proof, "def"));
    assert_true(skeym_span_is(fields.content_type, "application/jose"));
    assert_int_equal(fields.body_size, 123);
    assert_true(fields.body_announced);
    assert_false(fields.doubled);
    assert_false(fields.framing_unclear);
    assert_false(fields.expects);
}

static void sees_each_doubled_field(void **state)
{
    (void)state;
    const char *names[] = {"authorization", "SkeyM-Proof", "Content-Type", "Host"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct skeym_fields fields = {0};
        add(&fields, names[i], "a");
        assert_false(fields.doubled);
        add(&fields, names[i], "a");
        assert_true(fields.doubled);
        assert_false(fields.framing_unclear);
    }
    struct skeym_fields fields = {0};
    add(&fields, "Content-Length", "5");
    add(&fields, "content-length", "5");
    assert_true(fields.doubled);
    assert_true(fields.framing_unclear);
}

static void white_space_around_a_value_is_no_part_of_it(void **state)
{
    (void)state;
    struct skeym_fields fields = {0};
    add(&fields, "Content-Type", "application/jose \t ");
    add(&fields, "Authorization", "\t SkeyM a");
    add(&fields, "SkeyM-Proof", " \t");
    assert_true(skeym_span_is(fields.content_type, "application/jose"));
    assert_true(skeym_span_is(fields.authorization, "SkeyM a"));
    assert_int_equal(fields.proof.size, 0);
    assert_false(fields.framing_unclear);
}

static void any_transfer_encoding_is_unclear(void **state)
{
    (void)state;
    const char *values[] = {"chunked", "identity", "gzip, chunked", ""};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct skeym_fields fields = {0};
        add(&fields, "Transfer-Encoding", values[i]);
        assert_true(fields.framing_unclear);
    }
}

static void a_length_is_a_plain_number(void **state)
{
    (void)state;
    const char *bad[] = {"",    "+5", "-5",  "0x5",  "5,5", "5 5",
                         "1e3", " 5", "5\t", "five", "5.0", "9999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct skeym_fields fields = {0};
        add(&fields, "Content-Length", bad[i]);
        assert_true(fields.framing_unclear);
    }
    struct skeym_fields zero = {0};
    add(&zero, "Content-Length", "0");
    assert_false(zero.body_announced);
    assert_false(zero.framing_unclear);
    struct skeym_fields large = {0};
    add(&large, "Content-Length", "999999999999999999");
    assert_int_equal(large.body_size, UINT64_C(999999999999999999));
}

static void odd_bytes_make_it_unclear(void **state)
{
    (void)state;
    const struct {
        const char *name, *value;
    } rows[] = {{"", "a"},
                {"Transfer-Encoding\v", "a"},
                {"Content-Length ", "a"},
                {"a b", "c"},
                {"a(", "c"},
                {"a\x80", "c"},
                {"a", "b\rc"},
                {"a", "b\nc"},
                {"a", "b\x7f"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_fields fields = {0};
        add(&fields, rows[i].name, rows[i].value);
        assert_true(fields.framing_unclear);
    }
    struct skeym_fields fields = {0};
    skeym_fields_add(&fields, skeym_span("a", 1), skeym_span("b\0c", 3));
    assert_true(fields.framing_unclear);
    struct skeym_fields good = {0};
    add(&good, "!#$%&'*+-.^_`|~09azAZ", "tab\there, \x80\xff");
    assert_false(good.framing_unclear);
}

/* Values are looked at eight bytes at a time. */
static void an_odd_byte_is_seen_at_every_place(void **state)
{
    (void)state;
    char value[27];
    for (size_t at = 0; at < sizeof value; at++) {
        for (unsigned c = 0; c < 256; c++) {
            struct skeym_fields fields = {0};
            memset(value, at % 2 ? 'a' : 0xff, sizeof value);
            value[at] = (char)c;
            skeym_fields_add(&fields, skeym_span("a", 1), skeym_span(value, sizeof value));
            assert_int_equal(fields.framing_unclear, (c < 0x20 && c != '\t') || c == 0x7f);
        }
    }
}

static void a_name_is_known_by_all_of_its_letters(void **state)
{
    (void)state;
    const char *names[] = {"authorization",     "skeym-proof", "content-type", "content-length",
                           "transfer-encoding", "expect",      "host"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t size = strlen(names[i]);
        for (size_t at = 0; at <= size; at++) {
            char name[32];
            struct skeym_fields fields = {0};
            memcpy(name, names[i], size + 1);
            memcpy(name + at, "_", at == size ? 2 : 1); /* one more at its end */
            add(&fields, name, "1");
            assert_int_equal(fields.seen, 0);
            add(&fields, names[i], "1");
            assert_int_not_equal(fields.seen, 0);
            assert_false(fields.doubled);
        }
    }
}

static void sees_who_waits(void **state)
{
    (void)state;
    struct skeym_fields fields = {0};
    add(&fields, "Expect", "100-continue");
    assert_true(fields.expects);
}

/* Two lengths: the request is refused, however they are. */
static void hears_two_lengths(void **state)
{
    (void)state;
    struct skeym_fields fields = {0};
    add(&fields, "Content-Length", "5");
    assert_true(fields.body_announced);
    assert_false(fields.doubled);
    add(&fields, "Content-Length", "0");
    assert_true(fields.body_announced);
    assert_true(fields.doubled || fields.framing_unclear);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_fields_that_count),
        cmocka_unit_test(sees_each_doubled_field),
        cmocka_unit_test(white_space_around_a_value_is_no_part_of_it),
        cmocka_unit_test(any_transfer_encoding_is_unclear),
        cmocka_unit_test(a_length_is_a_plain_number),
        cmocka_unit_test(odd_bytes_make_it_unclear),
        cmocka_unit_test(an_odd_byte_is_seen_at_every_place),
        cmocka_unit_test(a_name_is_known_by_all_of_its_letters),
        cmocka_unit_test(sees_who_waits),
        cmocka_unit_test(hears_two_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
