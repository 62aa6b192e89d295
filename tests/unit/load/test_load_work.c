/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_mix(void **state)
{
    unsigned weights[SKEYM_LOAD_NODE_KINDS];
    (void)state;
    assert_int_equal(skeym_load_work_mix(weights, "get=8,post=1,login=2"), SKEYM_OK);
    assert_int_equal(weights[SKEYM_LOAD_GET], 8);
    assert_int_equal(weights[SKEYM_LOAD_POST], 1);
    assert_int_equal(weights[SKEYM_LOAD_LOGIN], 2);
    assert_int_equal(skeym_load_work_mix(weights, "login=1000"), SKEYM_OK);
    assert_int_equal(weights[SKEYM_LOAD_GET], 0);
}

static void test_mix_refuses(void **state)
{
    static const struct {
        const char *text;
        enum skeym_error error;
    } wrong[] = {
        {"", SKEYM_ERR_SHAPE},
        {"get", SKEYM_ERR_SHAPE},
        {"put=1", SKEYM_ERR_SHAPE},
        {"ge=1", SKEYM_ERR_SHAPE},
        {"gets=1", SKEYM_ERR_SHAPE},
        {"get=1,", SKEYM_ERR_SHAPE},
        {"get=1;post=1", SKEYM_ERR_SHAPE},
        {"get=1,get=1", SKEYM_ERR_SHAPE},
        {"get=", SKEYM_ERR_RANGE},
        {"get=-1", SKEYM_ERR_RANGE},
        {"get=0", SKEYM_ERR_RANGE},
        {"get=1001", SKEYM_ERR_RANGE},
        {"get=600,post=600", SKEYM_ERR_RANGE},
        {"get=99999999999999999999", SKEYM_ERR_RANGE},
    };
    unsigned weights[SKEYM_LOAD_NODE_KINDS];
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(skeym_load_work_mix(weights, wrong[i].text), wrong[i].error);
    }
}

/* Each kind as often as it weighs, for every node, and not all nodes the same at a time. */
static void test_pick(void **state)
{
    const struct skeym_load_work work = {.weights = {5, 3, 2}};
    unsigned at_once[SKEYM_LOAD_NODE_KINDS] = {0};
    (void)state;
    for (size_t number = 0; number < 10; number++) {
        struct skeym_load_node node = {.work = &work, .number = number};
        unsigned picked[SKEYM_LOAD_NODE_KINDS] = {0};
        at_once[skeym_load_work_pick(&node)]++;
        for (node.count = 0; node.count < 100; node.count++) {
            picked[skeym_load_work_pick(&node)]++;
        }
        assert_int_equal(picked[SKEYM_LOAD_GET], 50);
        assert_int_equal(picked[SKEYM_LOAD_POST], 30);
        assert_int_equal(picked[SKEYM_LOAD_LOGIN], 20);
    }
    assert_int_equal(at_once[SKEYM_LOAD_LOGIN], 2);
}

static void test_path(void **state)
{
    struct skeym_load_work work = {.weights = {1, 0, 0}};
    struct skeym_load_node node = {.work = &work, .number = 42};
    struct skeym_closed request = {0};
    char text[SKEYM_LOAD_NODE_TEXT];
    (void)state;
    skeym_load_work_ask(&node, &request, text);
    assert_true(skeym_span_is(request.target, "/fhir/metadata"));
    work.path = "/fhir/Observation?patient=load-{}&_count=1";
    skeym_load_work_ask(&node, &request, text);
    assert_true(skeym_span_is(request.target, "/fhir/Observation?patient=load-42&_count=1"));
    assert_true(skeym_span_is(request.method, "GET"));
    assert_int_equal(request.body.size, 0);
}

static bool contains(struct skeym_span span, const char *text)
{
    return memmem(span.data, span.size, text, strlen(text)) != NULL;
}

/* A repetition is the same to the byte; the next one and another node's are others. */
static void test_readings(void **state)
{
    const struct skeym_load_work work = {.weights = {0, 1, 0}, .base_s = 1790000000, .run = "r1"};
    struct skeym_load_node node = {.work = &work, .number = 3, .kind = SKEYM_LOAD_POST};
    struct skeym_closed one = {0}, same = {0}, next = {0}, other = {0};
    char text[4][SKEYM_LOAD_NODE_TEXT];
    (void)state;
    skeym_load_work_ask(&node, &one, text[0]);
    skeym_load_work_ask(&node, &same, text[1]);
    node.count++;
    skeym_load_work_ask(&node, &next, text[2]);
    node.number++;
    skeym_load_work_ask(&node, &other, text[3]);
    assert_true(skeym_span_is(one.method, "POST"));
    assert_true(skeym_span_is(one.if_none_exist, "identifier=urn:skeym:load|r1-3-0"));
    assert_true(contains(one.body, "\"value\":\"r1-3-0\""));
    assert_true(contains(one.body, "Patient/load-3"));
    assert_true(skeym_span_equal(one.body, same.body));
    assert_true(skeym_span_equal(one.if_none_exist, same.if_none_exist));
    assert_true(skeym_span_is(next.if_none_exist, "identifier=urn:skeym:load|r1-3-1"));
    assert_false(skeym_span_equal(one.body, next.body));
    assert_true(skeym_span_is(other.if_none_exist, "identifier=urn:skeym:load|r1-4-1"));
}

/* Each reading of a bundle is a conditional create of its own, and none comes twice. */
static void test_bundles(void **state)
{
    const struct skeym_load_work work = {.weights = {0, 1, 0},
                                         .base_s = 1790000000,
                                         .run = "123456789abcdef",
                                         .bundle = SKEYM_LOAD_BUNDLE_MOST};
    struct skeym_load_node node = {
        .work = &work, .number = 999999, .count = 1000000000, .kind = SKEYM_LOAD_POST};
    struct skeym_closed one = {0}, next = {0};
    char text[2][SKEYM_LOAD_NODE_TEXT];
    (void)state;
    skeym_load_work_ask(&node, &one, text[0]);
    node.count++;
    skeym_load_work_ask(&node, &next, text[1]);
    assert_true(skeym_span_is(one.target, "/fhir"));
    assert_true(skeym_span_is(one.if_none_exist, ""));
    assert_true(contains(one.body, "\"type\":\"transaction\""));
    for (unsigned i = 0; i < 2 * SKEYM_LOAD_BUNDLE_MOST; i++) {
        char condition[128];
        (void)snprintf(
            condition, sizeof condition,
            "\"ifNoneExist\":\"identifier=urn:skeym:load|123456789abcdef-999999-%llu\"}}",
            10000000000ULL + i);
        bool first = i < SKEYM_LOAD_BUNDLE_MOST;
        assert_true(contains(one.body, condition) == first);
        assert_true(contains(next.body, condition) == !first);
    }
    assert_int_equal(one.body.data[one.body.size - 1], '}');
}

static void ask_own(const struct skeym_load_node *node, struct skeym_closed *request, char *text)
{
    (void)node;
    (void)text;
    request->target = skeym_span_text("/own");
}

static void test_own(void **state)
{
    const struct skeym_load_work work = {.weights = {1, 0, 0}, .ask = ask_own};
    struct skeym_load_node node = {.work = &work};
    struct skeym_closed request = {0};
    char text[SKEYM_LOAD_NODE_TEXT];
    (void)state;
    skeym_load_work_ask(&node, &request, text);
    assert_true(skeym_span_is(request.target, "/own"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mix),      cmocka_unit_test(test_mix_refuses),
        cmocka_unit_test(test_pick),     cmocka_unit_test(test_path),
        cmocka_unit_test(test_readings), cmocka_unit_test(test_bundles),
        cmocka_unit_test(test_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
