/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/hex.h"
#include <skeym/span.h>

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
static const struct skeym_span all = {bytes, sizeof bytes};
static const struct skeym_span nothing;

static void texts(void **state)
{
    (void)state;
    assert_int_equal(skeym_span_text("abc").size, 3);
    assert_int_equal(skeym_span_text("").size, 0);
    assert_int_equal(skeym_span_text(NULL).size, 0);
    assert_true(skeym_span_is(skeym_span("abc", 3), "abc"));
    assert_false(skeym_span_is(skeym_span("abc", 2), "abc"));
    assert_false(skeym_span_is(skeym_span("abd", 3), "abc"));
    assert_true(skeym_span_starts(skeym_span_text("abc"), "ab"));
    assert_true(skeym_span_starts(skeym_span_text("abc"), ""));
    assert_true(skeym_span_starts(skeym_span_text("abc"), "abc"));
    assert_false(skeym_span_starts(skeym_span_text("abc"), "abcd"));
    assert_false(skeym_span_starts(skeym_span_text("abc"), "b"));
    assert_true(skeym_span_equal(nothing, skeym_span("x", 0)));
    assert_false(skeym_span_equal(nothing, skeym_span("x", 1)));
}

static void parts(void **state)
{
    (void)state;
    struct skeym_span part = skeym_span_part(all, 2, 3);
    assert_ptr_equal(part.data, bytes + 2);
    assert_int_equal(part.size, 3);
    assert_int_equal(skeym_span_part(all, 8, SIZE_MAX).size, 2);
    assert_int_equal(skeym_span_part(all, 10, 1).size, 0);
    assert_int_equal(skeym_span_part(all, SIZE_MAX, SIZE_MAX).size, 0);
    assert_null(skeym_span_part(all, 10, 1).data);
    assert_int_equal(skeym_span_part(nothing, 0, 1).size, 0);
}

static void numbers_are_big_endian(void **state)
{
    (void)state;
    uint8_t out[1 + 2 + 4 + 6 + 8];
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_write_u8(&writer, 0x01);
    skeym_write_u16(&writer, 0x0203);
    skeym_write_u32(&writer, 0x04050607);
    skeym_write_u48(&writer, UINT64_C(0x08090a0b0c0d));
    skeym_write_u64(&writer, UINT64_C(0x0e0f101112131415));
    assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
    for (size_t i = 0; i < sizeof out; i++) {
        assert_int_equal(out[i], i + 1);
    }
    struct skeym_reader reader = skeym_reader(skeym_written(&writer));
    assert_int_equal(skeym_read_u8(&reader), 0x01);
    assert_int_equal(skeym_read_u16(&reader), 0x0203);
    assert_int_equal(skeym_read_u32(&reader), 0x04050607);
    assert_true(skeym_read_u48(&reader) == UINT64_C(0x08090a0b0c0d));
    assert_true(skeym_read_u64(&reader) == UINT64_C(0x0e0f101112131415));
    assert_int_equal(skeym_reader_end(&reader), SKEYM_OK);
}

/* Every reading function one byte short: zeros, bad, and it stays so. */
static void readers_remember(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 4, 6, 8};
    for (size_t i = 0; i < 5; i++) {
        struct skeym_reader reader = skeym_reader(skeym_span(bytes, sizes[i] - 1));
        uint64_t value = 1;
        switch (sizes[i]) {
        case 1:
            value = skeym_read_u8(&reader);
            break;
        case 2:
            value = skeym_read_u16(&reader);
            break;
        case 4:
            value = skeym_read_u32(&reader);
            break;
        case 6:
            value = skeym_read_u48(&reader);
            break;
        default:
            value = skeym_read_u64(&reader);
        }
        assert_int_equal(value, 0);
        assert_true(reader.bad);
        assert_int_equal(skeym_reader_end(&reader), SKEYM_ERR_TRUNCATED);
    }
    struct skeym_reader reader = skeym_reader(all);
    assert_int_equal(skeym_read_span(&reader, 11).size, 0);
    assert_int_equal(skeym_read_u8(&reader), 0); /* would fit, but came after the failure */
    assert_int_equal(skeym_read_span(&reader, 0).size, 0);
    assert_int_equal(skeym_reader_end(&reader), SKEYM_ERR_TRUNCATED);
    reader = skeym_reader(all);
    assert_int_equal(skeym_read_span(&reader, SIZE_MAX).size, 0);
    assert_true(reader.bad);
}

static void read_bytes(void **state)
{
    (void)state;
    uint8_t out[12];
    struct skeym_reader reader = skeym_reader(all);
    skeym_read_bytes(&reader, out, 4);
    assert_memory_equal(out, bytes, 4);
    skeym_read_bytes(&reader, NULL, 0);
    assert_int_equal(skeym_reader_end(&reader), SKEYM_ERR_TRAILING);
    memset(out, 0xee, sizeof out);
    skeym_read_bytes(&reader, out, 7);
    assert_zero(out, 7);
    assert_int_equal(out[7], 0xee);
    assert_int_equal(skeym_reader_end(&reader), SKEYM_ERR_TRUNCATED);
    reader = skeym_reader(skeym_span(bytes + 3, 1));
    skeym_read_bytes(&reader, out, 1);
    assert_int_equal(out[0], bytes[3]);
    assert_int_equal(skeym_reader_end(&reader), SKEYM_OK);
}

/* Of nothing, nothing can be read, and that is no failure. */
static void nothing_is_read_of_nothing(void **state)
{
    (void)state;
    struct skeym_reader reader = skeym_reader(nothing);
    assert_int_equal(skeym_read_span(&reader, 0).size, 0);
    assert_int_equal(skeym_reader_end(&reader), SKEYM_OK);
}

static void prefixed(void **state)
{
    (void)state;
    uint8_t out[600];
    uint8_t long_text[300] = {0};
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_write_span8(&writer, skeym_span(bytes, 3));
    skeym_write_span16(&writer, skeym_span(long_text, 300));
    skeym_write_span8(&writer, nothing);
    skeym_write_text(&writer, "ab");
    struct skeym_span written = skeym_written(&writer);
    assert_int_equal(written.size, 1 + 3 + 2 + 300 + 1 + 2);
    struct skeym_reader reader = skeym_reader(written);
    assert_true(skeym_span_equal(skeym_read_span8(&reader), skeym_span(bytes, 3)));
    assert_int_equal(skeym_read_span16(&reader).size, 300);
    assert_int_equal(skeym_read_span8(&reader).size, 0);
    assert_true(skeym_span_is(skeym_read_span(&reader, 2), "ab"));
    assert_int_equal(skeym_reader_end(&reader), SKEYM_OK);
    reader = skeym_reader(skeym_span(bytes, 1)); /* one byte announced, none there */
    assert_int_equal(skeym_read_span8(&reader).size, 0);
    assert_true(reader.bad);
    reader = skeym_reader(all); /* 0x0102 bytes announced */
    assert_int_equal(skeym_read_span16(&reader).size, 0);
    assert_true(reader.bad);
    skeym_write_span8(&writer, skeym_span(long_text, 256));
    assert_int_equal(skeym_writer_end(&writer), SKEYM_ERR_SPACE);
}

static void writers_remember(void **state)
{
    (void)state;
    uint8_t out[5] = {0xee, 0xee, 0xee, 0xee, 0xee};
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, 4});
    skeym_write_u16(&writer, 1);
    skeym_write_u32(&writer, 1);
    assert_true(writer.bad);
    skeym_write_u8(&writer, 1); /* would fit */
    assert_int_equal(out[2], 0xee);
    assert_int_equal(out[4], 0xee);
    assert_int_equal(skeym_written(&writer).size, 0);
    assert_int_equal(skeym_writer_end(&writer), SKEYM_ERR_SPACE);
    writer = skeym_writer((struct skeym_room){out, 4});
    skeym_write_span(&writer, skeym_span(bytes, 5));
    assert_int_equal(skeym_writer_end(&writer), SKEYM_ERR_SPACE);
    writer = skeym_writer((struct skeym_room){NULL, 0});
    skeym_write_span(&writer, nothing);
    assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
}

/* A number that does not fit its bytes is no number of the protocol. */
static void numbers_too_large(void **state)
{
    (void)state;
    uint8_t out[8];
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_write_u48(&writer, UINT64_C(1) << 48);
    assert_int_equal(skeym_writer_end(&writer), SKEYM_ERR_SPACE);
    writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_write_u48(&writer, (UINT64_C(1) << 48) - 1);
    assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
    writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_write_u64(&writer, UINT64_MAX);
    assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
    static uint8_t large[65536 + 2];
    static const uint8_t source[65536];
    writer = skeym_writer((struct skeym_room){large, sizeof large});
    skeym_write_span16(&writer, skeym_span(source, sizeof source));
    assert_int_equal(skeym_writer_end(&writer), SKEYM_ERR_SPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(parts),
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(readers_remember),
        cmocka_unit_test(read_bytes),
        cmocka_unit_test(nothing_is_read_of_nothing),
        cmocka_unit_test(prefixed),
        cmocka_unit_test(writers_remember),
        cmocka_unit_test(numbers_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
