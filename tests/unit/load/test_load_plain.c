/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct skeym_load_target target = {.host = "127.0.0.1:1", .path = "/a?b"};

static void test_writes(void **state)
{
    static const char *const headers[] = {"Authorization: Bearer x", "X: y"};
    uint8_t room[256];
    struct skeym_writer writer = skeym_writer((struct skeym_room){room, sizeof room});
    (void)state;
    assert_int_equal(
        skeym_load_plain_write(&writer, "GET", &target, headers, 2, skeym_span_text("")), SKEYM_OK);
    assert_true(skeym_span_is(skeym_written(&writer), "GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"
                                                      "Authorization: Bearer x\r\nX: y\r\n\r\n"));
    writer = skeym_writer((struct skeym_room){room, sizeof room});
    assert_int_equal(
        skeym_load_plain_write(&writer, "POST", &target, NULL, 0, skeym_span_text("abc")),
        SKEYM_OK);
    assert_true(
        skeym_span_is(skeym_written(&writer),
                      "POST /a?b HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Length: 3\r\n\r\nabc"));
}

static void test_refuses(void **state)
{
    static const char *const split[] = {"X: y\r\nZ: z"};
    static const char *const no_colon[] = {"X"};
    uint8_t room[64];
    struct skeym_writer writer = skeym_writer((struct skeym_room){room, sizeof room});
    struct skeym_span none = {0};
    (void)state;
    assert_int_equal(skeym_load_plain_write(&writer, "GET", &target, split, 1, none),
                     SKEYM_ERR_CHARSET);
    assert_int_equal(skeym_load_plain_write(&writer, "GET", &target, no_colon, 1, none),
                     SKEYM_ERR_CHARSET);
    assert_int_equal(skeym_load_plain_write(&writer, "GE T", &target, NULL, 0, none),
                     SKEYM_ERR_CHARSET);
    assert_int_equal(skeym_load_plain_write(&writer, "G\tT", &target, NULL, 0, none),
                     SKEYM_ERR_CHARSET);
    assert_int_equal(skeym_load_plain_write(&writer, "GET\x7f", &target, NULL, 0, none),
                     SKEYM_ERR_CHARSET);
    assert_int_equal(skeym_load_plain_write(&writer, "", &target, NULL, 0, none),
                     SKEYM_ERR_CHARSET);
    writer = skeym_writer((struct skeym_room){room, 20});
    assert_int_equal(skeym_load_plain_write(&writer, "GET", &target, NULL, 0, none),
                     SKEYM_ERR_SPACE);
}

static enum skeym_load_outcome judge(int wanted, size_t body_size, int status, const char *body)
{
    struct skeym_load_plain lane = {.status = wanted, .body_size = body_size};
    const struct skeym_load_answer answer = {.status = status, .body = skeym_span_text(body)};
    struct skeym_load_verdict verdict = skeym_load_plain_script.take(&lane, &answer, SKEYM_LOAD_OK);
    assert_int_equal(verdict.step, SKEYM_LOAD_DONE);
    return verdict.outcome;
}

static void test_judges(void **state)
{
    struct skeym_load_plain lane = {0};
    (void)state;
    assert_int_equal(judge(0, SIZE_MAX, 200, "x"), SKEYM_LOAD_OK);
    assert_int_equal(judge(0, SIZE_MAX, 299, "x"), SKEYM_LOAD_OK);
    assert_int_equal(judge(0, SIZE_MAX, 401, "x"), SKEYM_LOAD_REFUSED);
    assert_int_equal(judge(0, SIZE_MAX, 429, "x"), SKEYM_LOAD_LIMITED);
    assert_int_equal(judge(0, SIZE_MAX, 503, "x"), SKEYM_LOAD_BUSY);
    assert_int_equal(judge(0, SIZE_MAX, 500, "x"), SKEYM_LOAD_STATUS);
    assert_int_equal(judge(0, SIZE_MAX, 304, "x"), SKEYM_LOAD_STATUS);
    assert_int_equal(judge(401, SIZE_MAX, 401, "x"), SKEYM_LOAD_OK);
    assert_int_equal(judge(401, SIZE_MAX, 200, "x"), SKEYM_LOAD_STATUS);
    assert_int_equal(judge(401, SIZE_MAX, 503, "x"), SKEYM_LOAD_BUSY);
    assert_int_equal(judge(0, 1, 200, "x"), SKEYM_LOAD_OK);
    assert_int_equal(judge(0, 2, 200, "x"), SKEYM_LOAD_UNOPENED);
    assert_int_equal(skeym_load_plain_script.take(&lane, NULL, SKEYM_LOAD_TIMEOUT).outcome,
                     SKEYM_LOAD_TIMEOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_judges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
