/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64url: one spelling, into a room of just the size, or one byte less, or in place; and the
 * same bytes as from the plainest decoder, at whatever address. A first byte says how often the
 * rest is repeated, so that the long way is reached too.
 */
#include "fuzz.h"

/* Character by character, by RFC 4648; false for what is no base64url. */
static bool plainest(uint8_t *out, struct skeym_span text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.size; i++) {
        const char *digit = memchr(digits, text.data[i], sizeof digits - 1);
        if (!digit) {
            return false;
        }
        bits = (bits << 6 | (uint32_t)(digit - digits)) & 0xffff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            *out++ = (uint8_t)(bits >> count);
        }
    }
    return count < 6 && (bits & ((1U << count) - 1)) == 0;
}

static void check(struct skeym_span text, size_t room)
{
    size_t size = 0;
    uint8_t *out = fuzz_take(room);
    uint8_t *again = fuzz_take(text.size);
    memset(out, 0xaa, room);
    enum skeym_error error = skeym_base64url_read((struct skeym_room){out, room}, &size, text);
    if (error) {
        FUZZ_MUST(fuzz_zero(out, room));
    } else {
        struct skeym_writer writer = skeym_writer((struct skeym_room){again, text.size});
        FUZZ_MUST(size <= room && size == SKEYM_BASE64URL_BYTES(text.size));
        FUZZ_MUST(text.size == SKEYM_BASE64URL_CHARS(size));
        skeym_base64url_write(&writer, skeym_span(out, size));
        FUZZ_MUST(!writer.bad && skeym_span_equal(skeym_written(&writer), text));
    }
}

static void compare(struct skeym_span text)
{
    size_t bytes = SKEYM_BASE64URL_BYTES(text.size);
    size_t apart = 0;
    size_t inside = 0;
    uint8_t *out = fuzz_take(bytes);
    uint8_t *plain = fuzz_take(bytes);
    uint8_t *place = fuzz_take(text.size);
    struct skeym_span copy = {place, text.size};
    if (text.size > 0) {
        memcpy(place, text.data, text.size);
    }
    enum skeym_error one = skeym_base64url_read((struct skeym_room){out, bytes}, &apart, text);
    struct skeym_room room = {place, text.size};
    enum skeym_error two = skeym_base64url_read(room, &inside, copy);
    FUZZ_MUST(one == two && apart == inside && (one || apart == 0 || !memcmp(out, place, apart)));
    FUZZ_MUST(plainest(plain, text) == (one == SKEYM_OK));
    FUZZ_MUST(one || apart == 0 || !memcmp(out, plain, apart));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    size_t times = 1 + skeym_read_u8(&reader) % 16;
    struct skeym_span part = fuzz_rest(&reader);
    uint8_t *repeated = fuzz_take(part.size * times);
    for (size_t i = 0; i < times && part.size > 0; i++) {
        memcpy(repeated + i * part.size, part.data, part.size);
    }
    struct skeym_span text = skeym_span(repeated, part.size * times);
    size_t bytes = SKEYM_BASE64URL_BYTES(text.size);
    check(text, bytes);
    check(text, bytes > 0 ? bytes - 1 : 0);
    compare(text);
    fuzz_done();
    return 0;
}
