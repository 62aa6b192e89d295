/* SPDX-License-Identifier: Apache-2.0 */
/* base64url: one spelling, into a room of just the size, or one byte less, or in place. */
#include "fuzz.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_span text = skeym_span(data, size);
    size_t bytes = SKEYM_BASE64URL_BYTES(size);
    check(text, bytes);
    check(text, bytes > 0 ? bytes - 1 : 0);

    size_t apart = 0;
    size_t inside = 0;
    uint8_t *out = fuzz_take(bytes);
    uint8_t *place = fuzz_take(size);
    struct skeym_span copy = {place, size};
    if (size > 0) {
        memcpy(place, data, size);
    }
    enum skeym_error one = skeym_base64url_read((struct skeym_room){out, bytes}, &apart, text);
    enum skeym_error two = skeym_base64url_read((struct skeym_room){place, size}, &inside, copy);
    FUZZ_MUST(one == two && apart == inside && (one || apart == 0 || !memcmp(out, place, apart)));
    fuzz_done();
    return 0;
}
