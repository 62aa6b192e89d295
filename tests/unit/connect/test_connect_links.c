/* SPDX-License-Identifier: Apache-2.0 */
/* Links move from one base to another, and nothing else does. */
#include "connect/connect_links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FROM "https://ward:8443/fhir"
#define TO   "http://localhost/fhir"

/* NULL: nothing is to change. */
static void expect(const char *text, const char *want)
{
    uint8_t *out = NULL;
    size_t size = 0;
    assert_int_equal(skeym_connect_links_change(&out, &size, skeym_span_text(text), FROM, TO),
                     SKEYM_OK);
    if (!want) {
        if (out) {
            fail_msg("%s became %s", text, (const char *)out);
        }
        assert_int_equal(size, 0);
        return;
    }
    assert_non_null(out);
    assert_string_equal((const char *)out, want);
    assert_int_equal(size, strlen(want));
    free(out);
}

static void test_links_of_a_bundle(void **state)
{
    (void)state;
    expect("{\"link\":[{\"relation\":\"next\",\"url\":\"" FROM "/Observation?a=b\"}]}",
           "{\"link\":[{\"relation\":\"next\",\"url\":\"" TO "/Observation?a=b\"}]}");
    expect("{ \"entry\" : [ { \"fullUrl\" : \"" FROM
           "/Patient/1\" , \"x\":[1,true,null,-2.5e3] } ]\n}",
           "{ \"entry\" : [ { \"fullUrl\" : \"" TO
           "/Patient/1\" , \"x\":[1,true,null,-2.5e3] } ]\n}");
    expect("{\"entry\":[{\"response\":{\"location\":\"" FROM "/Patient/1/_history/1\"}}]}",
           "{\"entry\":[{\"response\":{\"location\":\"" TO "/Patient/1/_history/1\"}}]}");
    expect("{\"entry\":[{\"request\":{\"method\":\"GET\",\"url\":\"" FROM "/Patient/1\"}}]}",
           "{\"entry\":[{\"request\":{\"method\":\"GET\",\"url\":\"" TO "/Patient/1\"}}]}");
    expect("{\"implementation\":{\"url\":\"" FROM "\"}}",
           "{\"implementation\":{\"url\":\"" TO "\"}}");
    expect("{\"subject\":{\"reference\":\"" FROM "/Patient/1\"}}",
           "{\"subject\":{\"reference\":\"" TO "/Patient/1\"}}");
    expect("{\"subject\":{\"reference\":\"https:\\/\\/ward:8443\\/fhir\\/Patient\\/1\"}}",
           "{\"subject\":{\"reference\":\"" TO "\\/Patient\\/1\"}}");
    expect("{\"link\":[{\"url\":\"" FROM "?a\"},{\"url\":\"b\"},{\"url\":\"" FROM "?c\"}]}",
           "{\"link\":[{\"url\":\"" TO "?a\"},{\"url\":\"b\"},{\"url\":\"" TO "?c\"}]}");
}

static void test_what_is_no_link_stays(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"note\":[{\"text\":\"" FROM "/Patient/1\"}]}",
        "{\"url\":\"" FROM "/Patient/1\"}",
        "{\"identifier\":[{\"system\":\"" FROM "/x\"}]}",
        "{\"extension\":[{\"url\":\"" FROM "/x\",\"valueUri\":\"" FROM "/x\"}]}",
        "{\"fullUrl\":\"" FROM "/x\"}",
        "{\"location\":\"" FROM "/x\"}",
        "{\"link\":{\"a\":{\"url\":\"" FROM "/x\"}}}",
        "{\"" FROM "/x\":\"reference\"}",
        /* another server that only begins like ours */
        "{\"reference\":\"" FROM "2/Patient/1\"}",
        "{\"reference\":\"" FROM ".evil/Patient/1\"}",
        "{\"reference\":\"https://ward:8443/fhi\"}",
        "{\"reference\":\"a " FROM "/Patient/1\"}",
        "{\"reference\":\"\"}",
        "{\"reference\":[1,2,{}]}",
        "{\"reference\":7}",
        "[]",
        "{}",
        "7",
        "\"" FROM "/x\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect(texts[i], NULL);
    }
}

/* A key that holds for one level does not hold beside it, nor below it. */
static void test_keys_are_of_their_level(void **state)
{
    (void)state;
    expect("{\"link\":[{\"a\":{\"url\":\"" FROM "\"}},{\"b\":1}],\"url\":\"" FROM "\"}", NULL);
    expect("{\"a\":{\"reference\":1},\"b\":[{\"c\":\"" FROM "/d\"}]}", NULL);
    expect("{\"link\":[[[{\"url\":\"" FROM "\"}]]]}", "{\"link\":[[[{\"url\":\"" TO "\"}]]]}");
}

static void test_what_is_no_json_is_left_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "{\"reference\":\"" FROM "/x\"",
        "{\"reference\":\"" FROM "/x\"]",
        "{\"reference\":\"" FROM "/x\"} x",
        "{\"reference\" \"" FROM "/x\"}",
        "{\"reference\":\"" FROM "/x\",}",
        "{\"a\":,\"reference\":\"" FROM "/x\"}",
        "{reference:\"" FROM "/x\"}",
        "{\"reference\":\"" FROM "/x",
        "{\"reference\":\"" FROM "/x\\",
        "[{\"reference\":\"" FROM "/x\"}",
        "patient=" FROM "/x",
        "<a href='" FROM "'>",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect(texts[i], NULL);
    }
}

static void nest(char out[400], int depth, const char *inner)
{
    static const char opens[SKEYM_CONNECT_DEPTH + 1] =
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";
    static const char ends[SKEYM_CONNECT_DEPTH + 1] =
        "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]";
    (void)snprintf(out, 400, "%.*s%s%.*s", depth, opens, inner, depth, ends);
}

static void test_depth(void **state)
{
    (void)state;
    char text[400];
    char want[400];
    nest(text, SKEYM_CONNECT_DEPTH - 1, "{\"reference\":\"" FROM "/x\"}");
    nest(want, SKEYM_CONNECT_DEPTH - 1, "{\"reference\":\"" TO "/x\"}");
    expect(text, want);
    nest(text, SKEYM_CONNECT_DEPTH, "{\"reference\":\"" FROM "/x\"}");
    expect(text, NULL);
}

static void test_strings_end_where_they_end(void **state)
{
    (void)state;
    expect("{\"a\":\"\\\"\",\"reference\":\"" FROM "/x\"}",
           "{\"a\":\"\\\"\",\"reference\":\"" TO "/x\"}");
    expect("{\"a\":\"\\\\\",\"reference\":\"" FROM "/x\"}",
           "{\"a\":\"\\\\\",\"reference\":\"" TO "/x\"}");
    expect("{\"a\":\",\\\"reference\\\":\\\"" FROM "/x\"}", NULL);
    expect("{\"refer\\u0065nce\":\"" FROM "/x\"}", NULL);
}

static void test_the_same_base_changes_nothing(void **state)
{
    (void)state;
    uint8_t *out = NULL;
    size_t size = 0;
    assert_int_equal(skeym_connect_links_change(&out, &size,
                                                skeym_span_text("{\"reference\":\"" FROM "/x\"}"),
                                                FROM, FROM),
                     SKEYM_OK);
    assert_null(out);
}

/* No beginning of a text is more than the text. */
static void test_truncated_texts(void **state)
{
    (void)state;
    static const char text[] = "{\"link\":[{\"url\":\"" FROM "?a\"}],\"x\":[1,\"\\u00e4\",{}]}";
    for (size_t size = 0; size < sizeof text - 1; size++) {
        uint8_t *copy = malloc(size + 1); /* a sanitizer sees a byte too many */
        uint8_t *out = NULL;
        size_t out_size = 0;
        assert_non_null(copy);
        memcpy(copy, text, size);
        assert_int_equal(
            skeym_connect_links_change(&out, &out_size, skeym_span(copy, size), FROM, TO),
            SKEYM_OK);
        assert_null(out);
        free(copy);
    }
}

static void test_a_resource(void **state)
{
    (void)state;
    struct skeym_connect_resource found = skeym_connect_links_resource(skeym_span_text(
        "{\"resourceType\":\"Patient\",\"contained\":[{\"resourceType\":\"X\",\"id\":\"y\"}],"
        "\"id\":\"p\",\"meta\":{\"versionId\":\"3\",\"lastUpdated\":\"now\",\"tag\":[{\"id\":"
        "\"z\"}]}}"));
    assert_true(skeym_span_is(found.type, "Patient"));
    assert_true(skeym_span_is(found.id, "p"));
    assert_true(skeym_span_is(found.version, "3"));
    assert_true(skeym_span_is(found.updated, "now"));
    found = skeym_connect_links_resource(
        skeym_span_text("{\"resourceType\":\"B\",\"id\":\"a\\r\\nb\",\"entry\":[{\"meta\":"
                        "{\"versionId\":\"1\"}}]}"));
    assert_int_equal(found.id.size, 0);
    assert_int_equal(found.version.size, 0);
    found = skeym_connect_links_resource(skeym_span_text("{\"resourceType\":\"B\""));
    assert_int_equal(found.type.size, 0);
}

static void test_a_base(void **state)
{
    (void)state;
    struct skeym_span base = skeym_connect_links_base(
        skeym_span_text("{\"url\":\"no\",\"implementation\":{\"url\":\"" FROM "\"}}"));
    assert_true(skeym_span_is(base, FROM));
    base = skeym_connect_links_base(
        skeym_span_text("{\"a\":{\"implementation\":{\"url\":\"" FROM "\"}}}"));
    assert_int_equal(base.size, 0);
}

static void test_white_space_around_a_link(void **state)
{
    (void)state;
    expect("\r{\t\"reference\"\r\n:\t\"" FROM "/x\"\r}\t",
           "\r{\t\"reference\"\r\n:\t\"" TO "/x\"\r}\t");
}

static void test_a_base_of_half_a_text(void **state)
{
    (void)state;
    struct skeym_span text = skeym_span_text("{\"implementation\":{\"url\":\"" FROM "\"}}");
    assert_true(skeym_span_is(skeym_connect_links_base(text), FROM));
    text = skeym_span_part(text, 0, text.size - 1);
    assert_int_equal(skeym_connect_links_base(text).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links_of_a_bundle),
        cmocka_unit_test(test_what_is_no_link_stays),
        cmocka_unit_test(test_keys_are_of_their_level),
        cmocka_unit_test(test_what_is_no_json_is_left_alone),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_strings_end_where_they_end),
        cmocka_unit_test(test_the_same_base_changes_nothing),
        cmocka_unit_test(test_truncated_texts),
        cmocka_unit_test(test_a_resource),
        cmocka_unit_test(test_a_base),
        cmocka_unit_test(test_white_space_around_a_link),
        cmocka_unit_test(test_a_base_of_half_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
