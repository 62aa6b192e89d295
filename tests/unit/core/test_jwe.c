/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <skeym/exchange.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CTY  "application/fhir+json"
#define MOST 5000

static const uint8_t key[32] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
static const uint8_t iv[12] = {100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111};

/* These were made with another implementation (Node's crypto), for the key and iv above. */
#define REQUEST                                                                                    \
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiY3R5IjoiYXBwbGljYXRpb24vZmhpcitqc29uIn0.."            \
    "ZGVmZ2hpamtsbW5v.IH6yChY.geeblWEgbMUDxrcBnOYyZg"
#define ANSWER                                                                                     \
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiY3R5IjoiIiwic3RhdHVzIjoyMDR9.."                       \
    "ZGVmZ2hpamtsbW5v..CRaLE1X_6CDtQm9QcMJTUA"

static enum skeym_error open_text(struct skeym_jwe *info, uint8_t *out, size_t room, bool answer,
                                  struct skeym_span text)
{
    return skeym_jwe_open((struct skeym_room){out, room}, info, key, answer, text);
}

/* Refused, and nothing is left. */
static void assert_refused(bool answer, struct skeym_span text, enum skeym_error error)
{
    static const struct skeym_jwe none;
    static uint8_t out[MOST * 2];
    struct skeym_jwe info;
    memset(&info, 0x5c, sizeof info);
    memset(out, 0, sizeof out);
    enum skeym_error got = open_text(&info, out, sizeof out, answer, text);
    if (error == SKEYM_OK) { /* any */
        assert_int_not_equal(got, SKEYM_OK);
    } else {
        assert_int_equal(got, error);
    }
    assert_memory_equal(&info, &none, sizeof none);
    for (size_t i = 0; i < text.size; i++) {
        assert_int_equal(out[i], 0);
    }
}

static void known_request(void **state)
{
    (void)state;
    uint8_t out[200];
    struct skeym_jwe info;
    size_t size = 0;
    assert_int_equal(skeym_jwe_seal((struct skeym_room){out, sizeof out}, &size, key, iv,
                                    SKEYM_JWE_STATUS_NONE, skeym_span_text(CTY),
                                    skeym_span_text("hello")),
                     SKEYM_OK);
    assert_true(skeym_span_is(skeym_span(out, size), REQUEST));
    assert_int_equal(open_text(&info, out, 5 + 16, false, skeym_span_text(REQUEST)), SKEYM_OK);
    assert_true(skeym_span_is(skeym_span(out, info.size), "hello"));
    assert_true(skeym_span_is(skeym_span(info.cty, info.cty_size), CTY));
    assert_int_equal(info.status, 0);
    assert_refused(true, skeym_span_text(REQUEST), SKEYM_ERR_SHAPE);
}

static void known_answer(void **state)
{
    (void)state;
    uint8_t out[200];
    struct skeym_jwe info;
    size_t size = 0;
    assert_int_equal(skeym_jwe_seal((struct skeym_room){out, sizeof out}, &size, key, iv, 204,
                                    (struct skeym_span){0}, (struct skeym_span){0}),
                     SKEYM_OK);
    assert_true(skeym_span_is(skeym_span(out, size), ANSWER));
    assert_int_equal(open_text(&info, out, 16, true, skeym_span_text(ANSWER)), SKEYM_OK);
    assert_int_equal(info.size, 0);
    assert_int_equal(info.cty_size, 0);
    assert_int_equal(info.status, 204);
    assert_refused(false, skeym_span_text(ANSWER), SKEYM_ERR_SHAPE);
}

static void round_trips_of_all_sizes(void **state)
{
    (void)state;
    static uint8_t plain[MOST];
    static uint8_t text[MOST * 2];
    static uint8_t out[MOST + 16];
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)(i * 131 + (i >> 8));
    }
    for (size_t size = 0; size <= MOST; size++) {
        int status = size % 2 ? 100 + (int)(size % 900) : 0;
        struct skeym_jwe info;
        size_t chars = skeym_jwe_chars(3, status, size);
        size_t written = 0;
        text[chars] = 0x5c;
        assert_int_equal(skeym_jwe_seal((struct skeym_room){text, chars}, &written, key, iv, status,
                                        skeym_span_text("a/b"), skeym_span(plain, size)),
                         SKEYM_OK);
        assert_int_equal(written, chars);
        assert_int_equal(text[chars], 0x5c);
        assert_int_equal(open_text(&info, out, size + 16, status != 0, skeym_span(text, chars)),
                         SKEYM_OK);
        assert_int_equal(info.size, size);
        assert_int_equal(info.status, status);
        assert_memory_equal(out, plain, size);
    }
}

static void sealing_fails_closed(void **state)
{
    (void)state;
    uint8_t out[400];
    char cty[SKEYM_CTY_BYTES + 1];
    size_t size = 1;
    memset(cty, 'c', sizeof cty);
    struct skeym_span hello = skeym_span_text("hello");
    for (size_t room = 0; room < sizeof REQUEST - 1; room++) {
        assert_int_equal(skeym_jwe_seal((struct skeym_room){out, room}, &size, key, iv, 0,
                                        skeym_span_text(CTY), hello),
                         SKEYM_ERR_SPACE);
        assert_int_equal(size, 0);
    }
    struct skeym_room room = {out, sizeof out};
    static const int statuses[] = {1, 99, 1000, -1, -200};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        assert_int_equal(
            skeym_jwe_seal(room, &size, key, iv, statuses[i], skeym_span_text(CTY), hello),
            SKEYM_ERR_RANGE);
    }
    assert_int_equal(skeym_jwe_seal(room, &size, key, iv, 999, skeym_span(cty, 64), hello),
                     SKEYM_OK);
    assert_int_equal(skeym_jwe_seal(room, &size, key, iv, 0, skeym_span(cty, 65), hello),
                     SKEYM_ERR_SIZE);
    assert_int_equal(size, 0);
    for (unsigned byte = 0; byte < 256; byte++) {
        cty[1] = (char)byte;
        bool right = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= '0' && byte <= '9') || (byte != 0 && strchr(".+-_/", (int)byte));
        assert_int_equal(skeym_jwe_seal(room, &size, key, iv, 0, skeym_span(cty, 3), hello),
                         right ? SKEYM_OK : SKEYM_ERR_CHARSET);
    }
    /* a size whose characters would wrap around to a few */
    uint8_t none[1] = {0};
    assert_int_equal(skeym_jwe_seal(room, &size, key, iv, 0, skeym_span(cty, 0),
                                    skeym_span(none, (SIZE_MAX / 4 + 1) * 3)),
                     SKEYM_ERR_SPACE);
}

static void every_flipped_bit(void **state)
{
    (void)state;
    static const char *const texts[] = {REQUEST, ANSWER};
    for (size_t i = 0; i < 2; i++) {
        size_t size = strlen(texts[i]);
        uint8_t text[200];
        memcpy(text, texts[i], size);
        for (size_t bit = 0; bit < size * 8; bit++) {
            text[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_refused(i == 1, skeym_span(text, size), SKEYM_OK);
            text[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void every_truncation_and_doubling(void **state)
{
    (void)state;
    static const char request[] = REQUEST;
    size_t size = sizeof request - 1;
    uint8_t text[200];
    for (size_t cut = 0; cut < size; cut++) {
        assert_refused(false, skeym_span(request, cut), SKEYM_OK);
        memcpy(text, request, cut + 1); /* one character twice */
        memcpy(text + cut + 1, &request[cut], size - cut);
        assert_refused(false, skeym_span(text, size + 1), SKEYM_OK);
        memcpy(text, request, cut); /* one left out */
        memcpy(text + cut, &request[cut + 1], size - cut - 1);
        assert_refused(false, skeym_span(text, size - 1), SKEYM_OK);
    }
}

static void too_little_room(void **state)
{
    (void)state;
    for (size_t room = 0; room < 5 + 16; room++) {
        uint8_t out[32] = {0};
        struct skeym_jwe info;
        assert_int_equal(open_text(&info, out, room, false, skeym_span_text(REQUEST)),
                         SKEYM_ERR_SPACE);
        assert_int_equal(out[room], 0);
    }
}

/* A JWE with this header. Its seal is another's: a header that is let through shows as SEAL. */
static struct skeym_span seal_with_header(uint8_t out[400], const char *header)
{
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, 400});
    skeym_base64url_write(&writer, skeym_span_text(header));
    skeym_write_text(&writer, "..ZGVmZ2hpamtsbW5v.IH6yChY.geeblWEgbMUDxrcBnOYyZg");
    assert_false(writer.bad);
    return skeym_written(&writer);
}

static void other_headers(void **state)
{
    (void)state;
    static const char cty_65[] =
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\""
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}";
    static const char *const requests[] = {
        cty_65,
        "",
        "{}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"status\":200}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\"} ",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\" }",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\", \"cty\":\"a/b\"}",
        "{\"enc\":\"A256GCM\",\"alg\":\"dir\",\"cty\":\"a/b\"}",
        "{\"alg\":\"none\",\"enc\":\"A256GCM\",\"cty\":\"a/b\"}",
        "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"cty\":\"a/b\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"zip\":\"DEF\",\"cty\":\"a/b\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a b\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a\\u0062\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a\",\"cty\":\"b\"}",

    };
    uint8_t text[400];
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        assert_refused(false, seal_with_header(text, requests[i]), SKEYM_ERR_SHAPE);
    }
    static const char answer_65[] =
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\""
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"status\":200}";
    static const char *const answers[] = {
        answer_65,
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"status\":}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"status\":20}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"status\":2000}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"status\":020}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"status\":099}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"status\":2:0}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCN\",\"cty\":\"a/b\",\"status\":200}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"status\":2/9}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"status\":-20}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"status\":\"200\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"status\":200} ",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"status\":200]",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"status\":200,\"x\":1}",
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        assert_refused(true, seal_with_header(text, answers[i]), SKEYM_ERR_SHAPE);
    }
    /* the form is right, the seal is another's */
    assert_refused(false,
                   seal_with_header(text, "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\"}"),
                   SKEYM_ERR_SEAL);
}

/* The longest header there is, with the first and the last status. */
static void the_longest_header(void **state)
{
    (void)state;
    static const int statuses[] = {100, 999};
    uint8_t cty[SKEYM_CTY_BYTES];
    memset(cty, 'z', sizeof cty);
    for (size_t i = 0; i < 2; i++) {
        uint8_t out[400];
        struct skeym_jwe info;
        size_t size = 0;
        assert_int_equal(skeym_jwe_seal((struct skeym_room){out, sizeof out}, &size, key, iv,
                                        statuses[i], skeym_span(cty, sizeof cty),
                                        skeym_span_text("x")),
                         SKEYM_OK);
        assert_int_equal(size, skeym_jwe_chars(sizeof cty, statuses[i], 1));
        uint8_t plain[400];
        assert_int_equal(open_text(&info, plain, sizeof plain, true, skeym_span(out, size)),
                         SKEYM_OK);
        assert_int_equal(info.status, statuses[i]);
        assert_true(
            skeym_span_equal(skeym_span(info.cty, info.cty_size), skeym_span(cty, sizeof cty)));
    }
}

/* What is no text of a part is told as that, whichever part it is; it need not have any dot. */
static void characters_of_no_text(void **state)
{
    (void)state;
    uint8_t text[sizeof REQUEST - 1];
    static const size_t places[] = {0, 81, 98, 106}; /* header, nonce, cipher and tag begin there */
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        memcpy(text, REQUEST, sizeof text);
        assert_true(text[places[i]] != '.' && (i == 0 || text[places[i] - 1] == '.'));
        text[places[i]] = '!';
        assert_refused(false, skeym_span(text, sizeof text), SKEYM_ERR_CHARSET);
    }
    uint8_t *alone = malloc(10); /* what is behind it is nobody's */
    assert_non_null(alone);
    memset(alone, 'A', 10);
    assert_refused(false, skeym_span(alone, 10), SKEYM_ERR_SHAPE);
    free(alone);
}

static void what_cannot_be_sealed(void **state)
{
    (void)state;
    uint8_t out[200];
    size_t size = 1;
    struct skeym_room room = {out, sizeof out};
    struct skeym_span wraps = {out, SIZE_MAX / 4 * 3 + 3}; /* 2^64 characters, that is none */
    assert_int_equal(
        skeym_jwe_seal(room, &size, key, iv, 200, skeym_span_text("\"a"), skeym_span_text("x")),
        SKEYM_ERR_CHARSET);
    assert_int_equal(skeym_jwe_seal(room, &size, key, iv, 200, skeym_span_text("a"), wraps),
                     SKEYM_ERR_SPACE);
    assert_int_equal(size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_request),
        cmocka_unit_test(known_answer),
        cmocka_unit_test(round_trips_of_all_sizes),
        cmocka_unit_test(sealing_fails_closed),
        cmocka_unit_test(every_flipped_bit),
        cmocka_unit_test(every_truncation_and_doubling),
        cmocka_unit_test(too_little_room),
        cmocka_unit_test(other_headers),
        cmocka_unit_test(the_longest_header),
        cmocka_unit_test(characters_of_no_text),
        cmocka_unit_test(what_cannot_be_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
