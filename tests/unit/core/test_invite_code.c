/* SPDX-License-Identifier: Apache-2.0 */
/* CODE: what a new node is given, as text. */
#include "unit/core/invite_fixture.h"

static char text[SKEYM_INVITE_CODE_CHARS + 8];
static size_t text_size;

static enum skeym_error write_code(void)
{
    return skeym_invite_code_write((struct skeym_room){(uint8_t *)text, sizeof text}, &text_size,
                                   &f.code);
}

static enum skeym_error read_code(struct skeym_span from)
{
    struct skeym_invite_code code;
    memset(&code, 0xee, sizeof code);
    enum skeym_error error = skeym_invite_code_read(&code, from);
    if (error) {
        assert_zero(&code, sizeof code);
    } else {
        assert_memory_equal(&code, &f.code, sizeof code);
    }
    return error;
}

static void to_text_and_back(void **state)
{
    (void)state;
    uint8_t bytes[SKEYM_INVITE_CODE_BYTES];
    size_t size = 0;
    assert_int_equal(write_code(), SKEYM_OK);
    assert_int_equal(read_code(skeym_span(text, text_size)), SKEYM_OK);
    assert_int_equal(skeym_base64url_read((struct skeym_room){bytes, sizeof bytes}, &size,
                                          skeym_span(text, text_size)),
                     SKEYM_OK);
    assert_int_equal(size, 1 + 32 + 16 + 1 + 4 + 2 + 77);
    assert_int_equal(bytes[0], 1);
    assert_memory_equal(bytes + 1, f.code.authority, 32);
    assert_memory_equal(bytes + 33, f.code.secret, 16);
    assert_hex(bytes + 49, 7, "0477617264004d");
    assert_memory_equal(bytes + 56, f.code.invitation, 77);
}

static void the_largest(void **state)
{
    (void)state;
    assert_int_equal(SKEYM_INVITE_CODE_CHARS, 962);
    f.code.invitation_size = SKEYM_INVITE_BYTES;
    memset(f.code.invitation, 5, sizeof f.code.invitation);
    assert_int_equal(
        skeym_name_audience(&f.code.audience, skeym_span_text("abcdefghijklmnopqrstuvwxyz012345")),
        SKEYM_OK);
    assert_int_equal(write_code(), SKEYM_OK);
    assert_int_equal(text_size, 962);
    assert_int_equal(read_code(skeym_span(text, text_size)), SKEYM_OK);
    assert_int_equal(read_code(skeym_span(text, text_size + 1)), SKEYM_ERR_SIZE);
    f.code.invitation_size++;
    assert_int_equal(write_code(), SKEYM_ERR_RANGE);
    assert_int_equal(text_size, 0);
    assert_zero(text, sizeof text);
}

static void unspelled_is_not_written(void **state)
{
    (void)state;
    f.code.invitation_size = 60; /* 29 + 16 + 16 at least */
    assert_int_equal(write_code(), SKEYM_ERR_RANGE);
    f.code.invitation_size = 61;
    memset(f.code.invitation + 61, 0, sizeof f.code.invitation - 61);
    assert_int_equal(write_code(), SKEYM_OK);
    assert_int_equal(read_code(skeym_span(text, text_size)), SKEYM_OK);
    f.code.audience.text[0] = 'W';
    assert_int_equal(write_code(), SKEYM_ERR_RANGE);
    f.code.audience.size = 0;
    assert_int_equal(write_code(), SKEYM_ERR_RANGE);
    assert_int_equal(start(NULL), 0);
    struct skeym_room small = {(uint8_t *)text, 177};
    assert_int_equal(skeym_invite_code_write(small, &text_size, &f.code), SKEYM_ERR_SPACE);
    assert_zero(text, 177);
    small.room = 178;
    assert_int_equal(skeym_invite_code_write(small, &text_size, &f.code), SKEYM_OK);
    assert_int_equal(text_size, 178);
}

/* Bytes of a code, to be changed before they become text. */
static uint8_t bytes[SKEYM_INVITE_CODE_BYTES + 8];
static size_t bytes_size;

static enum skeym_error read_bytes(size_t size)
{
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)text, sizeof text});
    skeym_base64url_write(&writer, skeym_span(bytes, size));
    assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
    return read_code(skeym_written(&writer));
}

static void take_bytes(void)
{
    assert_int_equal(write_code(), SKEYM_OK);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(skeym_base64url_read((struct skeym_room){bytes, sizeof bytes}, &bytes_size,
                                          skeym_span(text, text_size)),
                     SKEYM_OK);
}

static void refused(void **state)
{
    (void)state;
    take_bytes();
    for (size_t size = 0; size < bytes_size; size++) {
        assert_int_equal(read_bytes(size), SKEYM_ERR_TRUNCATED);
    }
    assert_int_equal(read_bytes(bytes_size + 1), SKEYM_ERR_TRAILING);
    bytes[0] = 0;
    assert_int_equal(read_bytes(bytes_size), SKEYM_ERR_VERSION);
    bytes[0] = 2;
    assert_int_equal(read_bytes(bytes_size), SKEYM_ERR_VERSION);
    bytes[0] = 1;
    bytes[50] = 'W';
    assert_int_equal(read_bytes(bytes_size), SKEYM_ERR_RANGE);
    bytes[50] = 'w';
    bytes[55] = 60;
    assert_int_equal(read_bytes(56 + 60), SKEYM_ERR_RANGE);
    bytes[54] = (SKEYM_INVITE_BYTES + 1) >> 8; /* a short audience leaves room for it */
    bytes[55] = (SKEYM_INVITE_BYTES + 1) & 0xff;
    assert_int_equal(read_bytes(56 + SKEYM_INVITE_BYTES + 1), SKEYM_ERR_RANGE);
    assert_int_equal(read_code(skeym_span_text("AQ==")), SKEYM_ERR_CHARSET);
    assert_int_equal(read_code(skeym_span_text("A")), SKEYM_ERR_SHAPE);
    assert_int_equal(read_code(skeym_span_text("AR")), SKEYM_ERR_SHAPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(to_text_and_back, start),
        cmocka_unit_test_setup(the_largest, start),
        cmocka_unit_test_setup(unspelled_is_not_written, start),
        cmocka_unit_test_setup(refused, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
