/* SPDX-License-Identifier: Apache-2.0 */
#define NTH_LIBRARIES /* copies of texts are allocations, too */
#include "inspect/tap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/nth.h"

static const struct skeym_wire_request whole = {
    .method = "POST",
    .target = "/skeym/v1/exchange",
    .content_type = "application/jose",
    .authorization = "SkeyM abc",
    .proof = "def",
    .body = {(const uint8_t *)"eyJhbGciOiJkaXIifQ..x", 21}, /* {"alg":"dir"} */
};

static enum skeym_error inner_error;
static const char *inner_body;

static enum skeym_error inner(void *arg, const struct skeym_wire_request *request,
                              struct skeym_wire_answer *answer)
{
    assert_ptr_equal(arg, &inner_error);
    assert_ptr_equal(request, &whole);
    answer->status = 200;
    (void)snprintf(answer->content_type, sizeof answer->content_type, "text/answer");
    (void)snprintf(answer->next, sizeof answer->next, "a-next-token");
    answer->body_size = strlen(inner_body);
    answer->body = (uint8_t *)strdup(inner_body);
    assert_non_null(answer->body);
    return inner_error;
}

static bool drop(struct skeym_tap *tap, const struct skeym_wire_request *request)
{
    assert_ptr_equal(tap->before_arg, request);
    return false;
}

static enum skeym_error send_one(struct skeym_tap *tap)
{
    struct skeym_wire_answer answer = {.status = 77};
    enum skeym_error error = skeym_tap_send(tap, &whole, &answer);
    free(answer.body);
    return error;
}

static struct skeym_tap tap;

static int before(void **state)
{
    (void)state;
    inner_error = SKEYM_OK;
    inner_body = "the body";
    tap = (struct skeym_tap){.inner = inner, .inner_arg = &inner_error, .record = true};
    return 0;
}

static int after(void **state)
{
    (void)state;
    skeym_tap_free(&tap);
    return tap.traffic || tap.traffic_size || tap.traffic_room;
}

static void it_sees_each_part_of_both(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "POST",         "/skeym/v1/exchange", "application/jose", "SkeyM abc",
        "def",          "eyJhbGci",           "\"alg\":\"dir\"",  "text/answer",
        "a-next-token", "the body",           "THE BODY"};
    assert_false(skeym_tap_saw(&tap, "P")); /* nothing yet */
    assert_int_equal(send_one(&tap), SKEYM_OK);
    assert_int_equal(tap.delivered, 1);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assert_true(skeym_tap_saw(&tap, parts[i]));
    }
    assert_false(skeym_tap_saw(&tap, "the bodys"));
    assert_false(skeym_tap_saw(&tap, ""));
    static char long_one[4096];
    memset(long_one, 'x', sizeof long_one - 1);
    assert_false(skeym_tap_saw(&tap, long_one));
    inner_body = "eyJlbmMiOiJBIn0.";
    assert_int_equal(send_one(&tap), SKEYM_OK);
    assert_true(skeym_tap_saw(&tap, "{\"enc\":\"A\"}"));
    inner_body = "no base64url here!."; /* is no header of a JWE, but is there as it is */
    assert_int_equal(send_one(&tap), SKEYM_OK);
    assert_true(skeym_tap_saw(&tap, "url here!."));
    inner_body = "";
    assert_int_equal(send_one(&tap), SKEYM_OK);
}

static void it_keeps_nothing_where_it_does_not_record(void **state)
{
    (void)state;
    tap.record = false;
    assert_int_equal(send_one(&tap), SKEYM_OK);
    assert_null(tap.traffic);
    assert_false(skeym_tap_saw(&tap, "POST"));
}

static void what_it_drops_is_never_delivered(void **state)
{
    (void)state;
    tap.before = drop;
    tap.before_arg = (void *)(uintptr_t)&whole;
    assert_int_equal(send_one(&tap), SKEYM_ERR_NETWORK);
    assert_int_equal(tap.dropped, 1);
    assert_int_equal(tap.delivered, 0);
    assert_true(skeym_tap_saw(&tap, "POST")); /* it was on the wire */
    assert_false(skeym_tap_saw(&tap, "the body"));
}

static void an_error_is_handed_on_and_no_answer_is_read(void **state)
{
    (void)state;
    inner_error = SKEYM_ERR_TIMEOUT;
    assert_int_equal(send_one(&tap), SKEYM_ERR_TIMEOUT);
    assert_false(skeym_tap_saw(&tap, "the body"));
}

static void a_copy_lives_on_its_own(void **state)
{
    (void)state;
    struct skeym_tap_copy copy;
    assert_int_equal(skeym_tap_copy(&copy, &whole), SKEYM_OK);
    assert_string_equal(copy.request.method, whole.method);
    assert_ptr_not_equal(copy.request.method, whole.method);
    assert_string_equal(copy.request.target, whole.target);
    assert_string_equal(copy.request.content_type, whole.content_type);
    assert_string_equal(copy.request.authorization, whole.authorization);
    assert_string_equal(copy.request.proof, whole.proof);
    assert_true(skeym_span_equal(copy.request.body, whole.body));
    skeym_tap_copy_free(&copy);
    assert_null(copy.request.method);
    const struct skeym_wire_request bare = {.method = "GET", .target = "/"};
    assert_int_equal(skeym_tap_copy(&copy, &bare), SKEYM_OK);
    assert_null(copy.request.proof);
    assert_int_equal(copy.request.body.size, 0);
    skeym_tap_copy_free(&copy);
}

/* A copy is whole or none; a record that finds no room leaves out a part, and the victim sees
 * nothing of it. */
static void without_memory_there_is_no_copy(void **state)
{
    (void)state;
    struct skeym_tap_copy copy;
    for (long n = 1;; n++) {
        nth_arm(n);
        enum skeym_error error = skeym_tap_copy(&copy, &whole);
        bool hit = nth_disarm();
        assert_int_equal(error, hit ? SKEYM_ERR_MEMORY : SKEYM_OK);
        assert_int_equal(copy.request.method == NULL, hit);
        skeym_tap_copy_free(&copy);
        if (!hit) {
#ifndef NTH_SANITIZED
            assert_int_equal(n, 7); /* the body and five texts */
#endif
            break;
        }
    }
    nth_arm(1);
    assert_int_equal(send_one(&tap), SKEYM_OK);
    if (nth_disarm()) {
        assert_false(skeym_tap_saw(&tap, "POST"));
        assert_true(skeym_tap_saw(&tap, "def"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_sees_each_part_of_both, before, after),
        cmocka_unit_test_setup_teardown(it_keeps_nothing_where_it_does_not_record, before, after),
        cmocka_unit_test_setup_teardown(what_it_drops_is_never_delivered, before, after),
        cmocka_unit_test_setup_teardown(an_error_is_handed_on_and_no_answer_is_read, before, after),
        cmocka_unit_test_setup_teardown(a_copy_lives_on_its_own, before, after),
        cmocka_unit_test_setup_teardown(without_memory_there_is_no_copy, before, after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
