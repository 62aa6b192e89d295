/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <skeym/exchange.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool same(const struct skeym_closed *a, const struct skeym_closed *b)
{
    return skeym_span_equal(a->method, b->method) && skeym_span_equal(a->target, b->target) &&
           skeym_span_equal(a->content_type, b->content_type) &&
           skeym_span_equal(a->idempotency_key, b->idempotency_key) &&
           skeym_span_equal(a->if_none_exist, b->if_none_exist) &&
           skeym_span_equal(a->prefer, b->prefer) && skeym_span_equal(a->body, b->body);
}

static const struct {
    const char *text;
    const char *method, *target, *content_type, *key, *if_none_exist, *prefer, *body;
} good[] = {
    {"GET / LF LF", "GET", "/", "", "", "", "", ""},
    {"AZ /!~ LF LF", "AZ", "/!~", "", "", "", "", ""},
    {"POST /fhir LFcontent-type: a/b LF LF{}", "POST", "/fhir", "a/b", "", "", "", "{}"},
    {"PUT /x?y=1 LFif-none-exist: id=3 LF LF LF", "PUT", "/x?y=1", "", "", "id=3", "", "\n"},
    {"A / LFprefer:  x  LF LF", "A", "/", "", "", "", " x ", ""},
    {"A / LFidempotency-key: Az.09_- LF LF", "A", "/", "", "Az.09_-", "", "", ""},
    {"POST / LFcontent-type: a LFidempotency-key: k LFif-none-exist: b LFprefer: c LF LFd", "POST",
     "/", "a", "k", "b", "c", "d"},
};

/* Writes LF for " LF", so that the tables can be read. */
static struct skeym_span text_of(uint8_t out[256], const char *text)
{
    size_t size = 0;
    for (size_t i = 0; text[i]; i++) {
        if (strncmp(text + i, " LF", 3) == 0) {
            out[size++] = '\n';
            i += 2;
        } else {
            out[size++] = (uint8_t)text[i];
        }
    }
    return skeym_span(out, size);
}

static void good_ones_are_read_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint8_t text[256];
        uint8_t again[256];
        struct skeym_span plain = text_of(text, good[i].text);
        struct skeym_closed read;
        struct skeym_closed want = {
            skeym_span_text(good[i].method),        skeym_span_text(good[i].target),
            skeym_span_text(good[i].content_type),  skeym_span_text(good[i].key),
            skeym_span_text(good[i].if_none_exist), skeym_span_text(good[i].prefer),
            skeym_span_text(good[i].body)};
        assert_int_equal(skeym_closed_read(&read, plain), SKEYM_OK);
        assert_true(same(&read, &want));
        struct skeym_writer writer = skeym_writer((struct skeym_room){again, sizeof again});
        skeym_closed_write(&writer, &want);
        assert_true(skeym_span_equal(skeym_written(&writer), plain));
    }
}

static void assert_refused(struct skeym_span plain, enum skeym_error error)
{
    struct skeym_closed read;
    struct skeym_closed zero;
    memset(&read, 0x5c, sizeof read);
    memset(&zero, 0, sizeof zero);
    assert_int_equal(skeym_closed_read(&read, plain), error);
    assert_memory_equal(&read, &zero, sizeof zero);
}

static void bad_ones_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum skeym_error error;
    } bad[] = {
        {"", SKEYM_ERR_SHAPE},
        {"GET", SKEYM_ERR_SHAPE},
        {"GET LF LF", SKEYM_ERR_SHAPE},
        {"@ / LF LF", SKEYM_ERR_CHARSET},
        {"[ / LF LF", SKEYM_ERR_CHARSET},
        {"GET /", SKEYM_ERR_SHAPE},
        {"GET / LF", SKEYM_ERR_SHAPE},
        {"GET /\r LF LF", SKEYM_ERR_CHARSET},
        {"GET / LF\r LF", SKEYM_ERR_SHAPE},
        {"GET  / LF LF", SKEYM_ERR_CHARSET},
        {" / LF LF", SKEYM_ERR_SIZE},
        {"get / LF LF", SKEYM_ERR_CHARSET},
        {"G3T / LF LF", SKEYM_ERR_CHARSET},
        {"ABCDEFGHIJKLMNOPQ / LF LF", SKEYM_ERR_SIZE},
        {"GET fhir LF LF", SKEYM_ERR_SHAPE},
        {"GET http://x/ LF LF", SKEYM_ERR_SHAPE},
        {"GET / HTTP/1.1 LF LF", SKEYM_ERR_CHARSET},
        {"GET /\x7f LF LF", SKEYM_ERR_CHARSET},
        {"GET /\xc3\xa4 LF LF", SKEYM_ERR_CHARSET},
        {"GET / LFhost: a LF LF", SKEYM_ERR_SHAPE},
        {"GET / LFContent-Type: a LF LF", SKEYM_ERR_SHAPE},
        {"GET / LFcontent-type:a LF LF", SKEYM_ERR_SHAPE},
        {"GET / LFcontent-type: a", SKEYM_ERR_SHAPE},
        {"GET / LFcontent-type: a LF", SKEYM_ERR_SHAPE},
        {"GET / LFcontent-type:  LF LF", SKEYM_ERR_SIZE},
        {"GET / LFcontent-type: a\tb LF LF", SKEYM_ERR_CHARSET},
        {"GET / LFcontent-type: a\x1f LF LF", SKEYM_ERR_CHARSET},
        {"GET / LFcontent-type: a LFcontent-type: a LF LF", SKEYM_ERR_SHAPE},
        {"GET / LFprefer: a LFcontent-type: a LF LF", SKEYM_ERR_SHAPE},
        {"GET / LFprefer: a LFif-none-exist: a LF LF", SKEYM_ERR_SHAPE},
        {"GET / LFprefer: a LFprefer: a LF LF", SKEYM_ERR_SHAPE},
        {"GET / LFidempotency-key: a LFidempotency-key: a LF LF", SKEYM_ERR_SHAPE},
        {"GET / LFidempotency-key: a LFcontent-type: a LF LF", SKEYM_ERR_SHAPE},
        {"GET / LFif-none-exist: a LFidempotency-key: a LF LF", SKEYM_ERR_SHAPE},
        {"GET / LFidempotency-key:  LF LF", SKEYM_ERR_SIZE},
        {"GET / LFidempotency-key: a b LF LF", SKEYM_ERR_CHARSET},
        {"GET / LFidempotency-key: a/1 LF LF", SKEYM_ERR_CHARSET},
        {"GET / LFidempotency-key: /a LF LF", SKEYM_ERR_CHARSET},
        {"GET / LFidempotency-key: \"a\" LF LF", SKEYM_ERR_CHARSET},
        {"GET / LFidempotency-key: a@ LF LF", SKEYM_ERR_CHARSET},
        {"GET / LFidempotency-key: a[ LF LF", SKEYM_ERR_CHARSET},
        {"GET / LFidempotency-key: a` LF LF", SKEYM_ERR_CHARSET},
        {"GET / LFidempotency-key: a{ LF LF", SKEYM_ERR_CHARSET},
        {"GET / LFidempotency-key: a: LF LF", SKEYM_ERR_CHARSET},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t text[256];
        assert_refused(text_of(text, bad[i].text), bad[i].error);
    }
}

/* No beginning of a closed request is one, up to its body. */
static void truncated_ones_are_refused(void **state)
{
    (void)state;
    uint8_t text[256];
    struct skeym_span plain =
        text_of(text, "POST / LFcontent-type: a LFidempotency-key: k LFif-none-exist: b LFprefer: "
                      "c LF LF");
    for (size_t size = 0; size < plain.size; size++) {
        assert_refused(skeym_span(plain.data, size), SKEYM_ERR_SHAPE);
    }
    struct skeym_closed read;
    assert_int_equal(skeym_closed_read(&read, plain), SKEYM_OK);
}

/* A writer refuses what a reader would; at the limits both agree. */
static void limits(void **state)
{
    (void)state;
    static uint8_t long_text[5000];
    static uint8_t out[8000];
    struct skeym_closed closed = {.method = skeym_span_text("GET"), .target = skeym_span_text("/")};
    struct {
        struct skeym_span *part;
        size_t most;
        char fill;
    } parts[] = {{&closed.method, SKEYM_METHOD_BYTES, 'M'},
                 {&closed.target, SKEYM_TARGET_BYTES, '/'},
                 {&closed.content_type, SKEYM_FIELD_BYTES, 'c'},
                 {&closed.if_none_exist, SKEYM_FIELD_BYTES, ' '},
                 {&closed.prefer, SKEYM_FIELD_BYTES, '~'},
                 {&closed.idempotency_key, SKEYM_KEY_CHARS, 'z'}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct skeym_closed read;
        struct skeym_span before = *parts[i].part;
        memset(long_text, parts[i].fill, sizeof long_text);
        *parts[i].part = skeym_span(long_text, parts[i].most);
        struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
        skeym_closed_write(&writer, &closed);
        assert_int_equal(skeym_closed_read(&read, skeym_written(&writer)), SKEYM_OK);
        assert_true(same(&read, &closed));

        *parts[i].part = skeym_span(long_text, parts[i].most + 1);
        writer = skeym_writer((struct skeym_room){out, sizeof out});
        skeym_closed_write(&writer, &closed);
        assert_true(writer.bad);
        *parts[i].part = before;
    }
    static const char *const lines[] = {"content-type: ", "if-none-exist: ", "prefer: "};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
        skeym_write_text(&writer, "GET /\n");
        skeym_write_text(&writer, lines[i]);
        skeym_write_span(&writer, skeym_span(long_text, SKEYM_FIELD_BYTES + 1));
        skeym_write_text(&writer, "\n\n");
        assert_refused(skeym_written(&writer), SKEYM_ERR_SIZE);
    }
    struct skeym_writer key = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_write_text(&key, "GET /\nidempotency-key: ");
    memset(long_text, 'x', sizeof long_text);
    skeym_write_span(&key, skeym_span(long_text, SKEYM_KEY_CHARS + 1));
    skeym_write_text(&key, "\n\n");
    assert_refused(skeym_written(&key), SKEYM_ERR_SIZE);
    memset(long_text, 'x', sizeof long_text);
    memcpy(long_text, "GET /", 5);
    assert_refused(skeym_span(long_text, sizeof long_text), SKEYM_ERR_SIZE);
}

/* A part that is too long is told so before its end has been seen. */
static void too_long_ones_without_an_end(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        size_t most;
    } parts[] = {
        {"", SKEYM_METHOD_BYTES},
        {"GET ", SKEYM_TARGET_BYTES},
        {"GET /\ncontent-type: ", SKEYM_FIELD_BYTES},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        static uint8_t text[SKEYM_TARGET_BYTES + 100];
        size_t before = strlen(parts[i].before);
        memset(text, 'A', sizeof text);
        memcpy(text, parts[i].before, before);
        assert_refused(skeym_span(text, before + parts[i].most), SKEYM_ERR_SHAPE);
        assert_refused(skeym_span(text, before + parts[i].most + 1), SKEYM_ERR_SIZE);
    }
}

static void a_writer_refuses_what_could_be_misread(void **state)
{
    (void)state;
    static const struct skeym_closed fine = {
        {(const uint8_t *)"GET", 3}, {(const uint8_t *)"/", 1}, {0}, {0}, {0}, {0}, {0}};
    static const char *const bad[] = {"a\nprefer: b", "a\r", "\x7f", "\x01"};
    for (size_t i = 0; i < (size_t)4 * 6; i++) {
        uint8_t out[100];
        struct skeym_closed closed = fine;
        struct skeym_span *parts[] = {&closed.method,       &closed.target,
                                      &closed.content_type, &closed.if_none_exist,
                                      &closed.prefer,       &closed.idempotency_key};
        *parts[i / 4] = skeym_span_text(bad[i % 4]);
        struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
        skeym_closed_write(&writer, &closed);
        assert_true(writer.bad);
    }
    uint8_t out[6];
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_closed_write(&writer, &fine);
    assert_int_equal(skeym_writer_end(&writer), SKEYM_ERR_SPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_are_read_and_written),
        cmocka_unit_test(bad_ones_are_refused),
        cmocka_unit_test(truncated_ones_are_refused),
        cmocka_unit_test(limits),
        cmocka_unit_test(too_long_ones_without_an_end),
        cmocka_unit_test(a_writer_refuses_what_could_be_misread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
