/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/crypto/backends.h"
#include "unit/hex.h"
#include <openssl/evp.h>
#include <skeym/base64url.h>
#include <sys/mman.h>
#include <unistd.h>

/* RFC 4648, section 10, without padding; and the two characters that are its own. */
static const struct {
    const char *bytes;
    const char *text;
} vectors[] = {
    {"", ""},
    {"66", "Zg"},
    {"666f", "Zm8"},
    {"666f6f", "Zm9v"},
    {"666f6f62", "Zm9vYg"},
    {"666f6f6261", "Zm9vYmE"},
    {"666f6f626172", "Zm9vYmFy"},
    {"fbff", "-_8"},
    {"ffffff", "____"},
    {"fbefbe", "----"},
};

static struct skeym_span encode(uint8_t *out, size_t room, struct skeym_span bytes)
{
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, room});
    skeym_base64url_write(&writer, bytes);
    return skeym_written(&writer);
}

static void known_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t bytes[16];
        uint8_t out[16];
        size_t size = unhex(bytes, sizeof bytes, vectors[i].bytes);
        struct skeym_span text = encode(out, sizeof out, skeym_span(bytes, size));
        assert_true(skeym_span_is(text, vectors[i].text));
        assert_int_equal(text.size, SKEYM_BASE64URL_CHARS(size));
        assert_int_equal(SKEYM_BASE64URL_BYTES(text.size), size);
        size_t back = 99;
        assert_int_equal(skeym_base64url_read((struct skeym_room){out, size}, &back, text),
                         SKEYM_OK);
        assert_int_equal(back, size);
        assert_memory_equal(out, bytes, size);
    }
}

/* Sizes up to some groups, with all byte values, against OpenSSL's base64. */
static void against_openssl(void **state)
{
    (void)state;
    for (size_t size = 0; size < 256; size++) {
        uint8_t bytes[256] = {0};
        uint8_t theirs[400];
        uint8_t ours[400];
        uint8_t back[256];
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)(i * 167 + size * 13);
        }
        size_t chars = SKEYM_BASE64URL_CHARS(size);
        EVP_EncodeBlock(theirs, bytes, (int)size);
        for (size_t i = 0; i < chars; i++) {
            theirs[i] = theirs[i] == '+' ? '-' : theirs[i] == '/' ? '_' : theirs[i];
        }
        memset(ours, 0xee, sizeof ours);
        struct skeym_span text = encode(ours, chars, skeym_span(bytes, size));
        assert_int_equal(text.size, chars);
        assert_memory_equal(ours, theirs, chars);
        assert_int_equal(ours[chars], 0xee);
        size_t got = 0;
        memset(back, 0xee, sizeof back);
        assert_int_equal(skeym_base64url_read((struct skeym_room){back, size}, &got, text),
                         SKEYM_OK);
        assert_int_equal(got, size);
        assert_memory_equal(back, bytes, size);
        if (size < sizeof back) {
            assert_int_equal(back[size], 0xee);
        }
    }
}

/* What is read ends where it ends: behind it is memory that may not be touched. */
static void reads_no_further(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *end = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(end != MAP_FAILED);
    assert_int_equal(mprotect(end + page, page, PROT_NONE), 0);
    end += page;
    memset(end - page, 'A', page);
    for (size_t size = 0; size < 200; size++) {
        uint8_t chars[300];
        uint8_t bytes[200];
        size_t got = 0;
        (void)encode(chars, sizeof chars, skeym_span(end - size, size));
        enum skeym_error error = skeym_base64url_read((struct skeym_room){bytes, sizeof bytes},
                                                      &got, skeym_span(end - size, size));
        assert_int_equal(error, size % 4 == 1 ? SKEYM_ERR_SHAPE : SKEYM_OK);
    }
    assert_int_equal(munmap(end - page, 2 * page), 0);
}

/* Every byte value at every place of a group, whole or last. */
static void every_character(void **state)
{
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t size = 8; size <= 96; size += 8) {
        for (size_t at = 0; at < size; at++) {
            for (unsigned c = 0; c < 256; c++) {
                uint8_t text[96];
                uint8_t out[96];
                size_t got = 99;
                memset(text, 'A', sizeof text);
                text[at] = (uint8_t)c;
                const char *found = c ? strchr(alphabet, (int)c) : NULL;
                memset(out, 0xee, sizeof out);
                enum skeym_error error = skeym_base64url_read((struct skeym_room){out, sizeof out},
                                                              &got, skeym_span(text, size));
                assert_int_equal(error, found ? SKEYM_OK : SKEYM_ERR_CHARSET);
                assert_int_equal(got, found ? size / 4 * 3 : 0);
                if (!found) {
                    assert_zero(out, sizeof out);
                    continue;
                }
                uint64_t value = 0;
                for (size_t i = 0; i < 6; i++) {
                    value = value << 8 | out[at / 8 * 6 + i];
                }
                assert_true(value == (uint64_t)(found - alphabet) << (6 * (7 - at % 8)));
            }
        }
    }
}

static enum skeym_error decode(const char *text, size_t room)
{
    uint8_t out[64];
    size_t size = 99;
    memset(out, 0xee, sizeof out);
    enum skeym_error error =
        skeym_base64url_read((struct skeym_room){out, room}, &size, skeym_span_text(text));
    if (error) {
        assert_int_equal(size, 0);
        assert_zero(out, room);
        assert_int_equal(out[room], 0xee);
    }
    return error;
}

static void refused(void **state)
{
    (void)state;
    assert_int_equal(decode("A", 8), SKEYM_ERR_SHAPE);
    assert_int_equal(decode("AAAAA", 8), SKEYM_ERR_SHAPE);
    assert_int_equal(decode("AAAAAAAAA", 8), SKEYM_ERR_SHAPE);
    assert_int_equal(decode("AB", 8), SKEYM_ERR_SHAPE); /* left-over bits */
    assert_int_equal(decode("AQ", 8), SKEYM_OK);
    assert_int_equal(decode("AAB", 8), SKEYM_ERR_SHAPE);
    assert_int_equal(decode("AAE", 8), SKEYM_OK);
    assert_int_equal(decode("AAAAAB", 8), SKEYM_ERR_SHAPE);
    assert_int_equal(decode("AAAAAAB", 8), SKEYM_ERR_SHAPE);
    assert_int_equal(decode("AAAAAAAAAB", 8), SKEYM_ERR_SHAPE);
    assert_int_equal(decode("AA==", 8), SKEYM_ERR_CHARSET);
    assert_int_equal(decode("AAA=", 8), SKEYM_ERR_CHARSET);
    assert_int_equal(decode("AA+A", 8), SKEYM_ERR_CHARSET);
    assert_int_equal(decode("AA/A", 8), SKEYM_ERR_CHARSET);
    assert_int_equal(decode("AAA\n", 8), SKEYM_ERR_CHARSET);
    assert_int_equal(decode(" AAA", 8), SKEYM_ERR_CHARSET);
    assert_int_equal(decode("AAAA", 2), SKEYM_ERR_SPACE);
    assert_int_equal(decode("AAAA", 3), SKEYM_OK);
    assert_int_equal(decode("AA", 0), SKEYM_ERR_SPACE);
    assert_int_equal(decode("", 0), SKEYM_OK);
}

static void in_place(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 100; size++) {
        uint8_t bytes[100];
        uint8_t text[SKEYM_BASE64URL_CHARS(sizeof bytes)];
        size_t got;
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)(i * 37 + size);
        }
        struct skeym_span encoded = encode(text, sizeof text, skeym_span(bytes, size));
        assert_int_equal(encoded.size, SKEYM_BASE64URL_CHARS(size));
        assert_int_equal(
            skeym_base64url_read((struct skeym_room){text, sizeof text}, &got, encoded), SKEYM_OK);
        assert_int_equal(got, size);
        assert_memory_equal(text, bytes, size);
    }
}

/* Bytes that lie in the writer's own buffer, as little behind its end as is allowed. */
static void from_its_own_buffer(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 300; size++) {
        uint8_t bytes[300];
        uint8_t want[400];
        uint8_t buffer[900];
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)(i * 41 + size);
        }
        struct skeym_span right = encode(want, sizeof want, skeym_span(bytes, size));
        uint8_t *from = buffer + size / 3 + 4;
        memcpy(from, bytes, size);
        assert_true(skeym_span_equal(encode(buffer, sizeof buffer, skeym_span(from, size)), right));
    }
}

/* It appends, writes all or nothing, and is remembered. */
static void writing_without_room(void **state)
{
    (void)state;
    uint8_t bytes[20] = {1};
    for (size_t room = 0; room <= 1 + 27; room++) {
        uint8_t out[32];
        memset(out, 0xee, sizeof out);
        struct skeym_writer writer = skeym_writer((struct skeym_room){out, room});
        skeym_write_u8(&writer, 7);
        skeym_base64url_write(&writer, skeym_span(bytes, sizeof bytes));
        assert_int_equal(skeym_writer_end(&writer), room == 28 ? SKEYM_OK : SKEYM_ERR_SPACE);
        assert_int_equal(out[room], 0xee);
        assert_int_equal(out[1], room == 28 ? 'A' : 0xee);
    }
    struct skeym_writer writer = skeym_writer((struct skeym_room){bytes, sizeof bytes});
    skeym_base64url_write(&writer, skeym_span(bytes, SIZE_MAX / 4 * 3 + 3)); /* 2^64 characters */
    assert_int_equal(skeym_writer_end(&writer), SKEYM_ERR_SPACE);
    skeym_base64url_write(&writer, skeym_span(bytes, 1));
    assert_int_equal(writer.size, 0);
}

/* What was written is taken from the room; nothing fits into no room. */
static void the_room_is_counted(void **state)
{
    (void)state;
    uint8_t out[9];
    const uint8_t bytes[3] = {1, 2, 3};
    memset(out, 0xee, sizeof out);
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, 8});
    skeym_base64url_write(&writer, skeym_span(bytes, sizeof bytes));
    assert_int_equal(writer.left, 4);
    skeym_base64url_write(&writer, skeym_span(bytes, sizeof bytes));
    assert_int_equal(writer.left, 0);
    skeym_base64url_write(&writer, (struct skeym_span){0});
    assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
    skeym_base64url_write(&writer, skeym_span(bytes, 1));
    assert_int_equal(skeym_writer_end(&writer), SKEYM_ERR_SPACE);
    assert_int_equal(out[8], 0xee);
}

/* A refused text leaves zeros in all of the room, however small, and nothing behind it. */
static void refused_texts_leave_zeros(void **state)
{
    (void)state;
    for (size_t room = 0; room <= 3; room++) {
        uint8_t out[4] = {0xee, 0xee, 0xee, 0xee};
        size_t size = 9;
        assert_int_not_equal(
            skeym_base64url_read((struct skeym_room){out, room}, &size, skeym_span_text("A!")),
            SKEYM_OK);
        assert_int_equal(size, 0);
        for (size_t i = 0; i < sizeof out; i++) {
            assert_int_equal(out[i], i < room ? 0 : 0xee);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts),
        cmocka_unit_test(against_openssl),
        cmocka_unit_test(reads_no_further),
        cmocka_unit_test(every_character),
        cmocka_unit_test(refused),
        cmocka_unit_test(in_place),
        cmocka_unit_test(from_its_own_buffer),
        cmocka_unit_test(writing_without_room),
        cmocka_unit_test(the_room_is_counted),
        cmocka_unit_test(refused_texts_leave_zeros),
    };
    return run_on_each_backend(tests, sizeof tests / sizeof tests[0]);
}
