/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WHOLE                                                                                      \
    "HTTP/1.1 200 OK\r\nDate: today\r\nContent-Type: application/jose\r\nskeym-next:  abc\r\n"     \
    "Content-Length: 5\r\n\r\nhello"

static enum skeym_error read_text(struct skeym_load_answer *out, const char *text)
{
    size_t need = 0;
    return skeym_load_answer_read(out, &need, skeym_span_text(text));
}

static void test_reads(void **state)
{
    struct skeym_load_answer answer;
    (void)state;
    assert_int_equal(read_text(&answer, WHOLE "HTTP/1.1 500"), SKEYM_OK);
    assert_int_equal(answer.status, 200);
    assert_true(skeym_span_is(answer.content_type, "application/jose"));
    assert_true(skeym_span_is(answer.next, "abc"));
    assert_true(skeym_span_is(answer.body, "hello"));
    assert_int_equal(answer.size, strlen(WHOLE));
    assert_int_equal(answer.retry_after_s, 0);
    assert_false(answer.closes);
}

static void test_waits_and_closes(void **state)
{
    struct skeym_load_answer answer;
    (void)state;
    assert_int_equal(read_text(&answer,
                               "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nConnection: Close\r\n"
                               "Content-Length: 0\r\n\r\n"),
                     SKEYM_OK);
    assert_int_equal(answer.status, 503);
    assert_int_equal(answer.retry_after_s, 7);
    assert_true(answer.closes);
    assert_int_equal(read_text(&answer, "HTTP/1.1 503 Busy\r\nRetry-After: tomorrow\r\n"
                                        "Content-Length: 0\r\n\r\n"),
                     SKEYM_OK);
    assert_int_equal(answer.retry_after_s, 0);
    assert_int_equal(read_text(&answer, "HTTP/1.1 503 Busy\r\nRetry-After: 3599\r\n"
                                        "Content-Length: 0\r\n\r\n"),
                     SKEYM_OK);
    assert_int_equal(answer.retry_after_s, 3599);
    assert_int_equal(read_text(&answer, "HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\n"
                                        "Content-Length: 0\r\n\r\n"),
                     SKEYM_OK);
    assert_int_equal(answer.retry_after_s, 0); /* nobody waits that long */
}

/* Every cut, each in memory of its own size, so that a sanitizer sees a byte too far. */
static void test_every_truncation(void **state)
{
    size_t size = strlen(WHOLE);
    (void)state;
    for (size_t cut = 0; cut < size; cut++) {
        struct skeym_load_answer answer;
        size_t need = 1;
        uint8_t *copy = malloc(cut + !cut);
        assert_non_null(copy);
        memcpy(copy, WHOLE, cut);
        assert_int_equal(skeym_load_answer_read(&answer, &need, skeym_span(copy, cut)),
                         SKEYM_ERR_TRUNCATED);
        assert_int_equal(need, cut >= size - strlen("hello") ? size : 0);
        free(copy);
    }
}

static void test_chunks(void **state)
{
    static const char chunked[] =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "A;x=y\r\n0123456789\r\nb\r\n0123456789x\r\n3\r\nabc\r\n0\r\n\r\n";
    struct skeym_load_answer answer;
    size_t need = 0;
    (void)state;
    assert_int_equal(read_text(&answer, chunked), SKEYM_OK);
    assert_int_equal(answer.size, strlen(chunked));
    for (size_t cut = 0; cut < strlen(chunked); cut++) {
        uint8_t *copy = malloc(cut + !cut);
        assert_non_null(copy);
        memcpy(copy, chunked, cut);
        assert_int_equal(skeym_load_answer_read(&answer, &need, skeym_span(copy, cut)),
                         SKEYM_ERR_TRUNCATED);
        free(copy);
    }
}

static void test_without_a_body(void **state)
{
    struct skeym_load_answer answer;
    (void)state;
    assert_int_equal(read_text(&answer, "HTTP/1.0 304 Same\r\n\r\n"), SKEYM_OK);
    assert_int_equal(answer.status, 304);
    assert_int_equal(answer.body.size, 0);
    assert_int_equal(read_text(&answer, "HTTP/1.1 204 None\r\n\r\n"), SKEYM_OK);
}

static void test_refuses(void **state)
{
    static const char *const wrong[] = {
        "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1x200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2/0 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2:0 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1234567890\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n123456789\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ng\r\n",
        /* more digits than a size has, also before the line is whole */
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00000000",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00000000;x",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct skeym_load_answer answer;
        assert_int_equal(read_text(&answer, wrong[i]), SKEYM_ERR_SHAPE);
    }
}

static void test_endless_head(void **state)
{
    static uint8_t head[SKEYM_LOAD_HEAD_BYTES + 1];
    struct skeym_load_answer answer;
    size_t need = 0;
    (void)state;
    memset(head, 'a', sizeof head);
    assert_int_equal(skeym_load_answer_read(&answer, &need, skeym_span(head, sizeof head - 1)),
                     SKEYM_ERR_TRUNCATED);
    assert_int_equal(skeym_load_answer_read(&answer, &need, skeym_span(head, sizeof head)),
                     SKEYM_ERR_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_waits_and_closes),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_without_a_body),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_endless_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
