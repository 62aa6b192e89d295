/* SPDX-License-Identifier: Apache-2.0 */
/* JWE compact: as it comes, or any header sealed here over any plaintext. */
#include "crypto/crypto.h"
#include "fuzz.h"
#include <skeym/exchange.h>

static const uint8_t key[32] = {0x4b};
static const uint8_t iv[12] = {0x69};

/* b64(header) ".." b64(iv) "." b64(cipher) "." b64(tag); header and plain from the bytes, and with
 * own_dots what stands for the dots. */
static struct skeym_span seal(struct skeym_span bytes, bool own_dots)
{
    uint8_t dots[4] = {'.', '.', '.', '.'};
    struct skeym_reader reader = skeym_reader(bytes);
    if (own_dots) {
        skeym_read_bytes(&reader, dots, sizeof dots);
    }
    struct skeym_span header = skeym_read_span8(&reader);
    struct skeym_span plain = reader.bad ? bytes : fuzz_rest(&reader);
    size_t room = SKEYM_BASE64URL_CHARS(header.size) + SKEYM_BASE64URL_CHARS(plain.size) + 64;
    struct skeym_writer writer = skeym_writer((struct skeym_room){fuzz_take(room), room});
    struct skeym_room sealed = {fuzz_take(plain.size + 16), plain.size + 16};
    skeym_base64url_write(&writer, header);
    struct skeym_span aad = {writer.start, writer.size};
    FUZZ_MUST(skeym_crypto_seal(sealed, key, iv, aad, plain) == SKEYM_OK);
    skeym_write_span(&writer, skeym_span(dots, 2));
    skeym_base64url_write(&writer, skeym_span(iv, sizeof iv));
    skeym_write_u8(&writer, dots[2]);
    skeym_base64url_write(&writer, skeym_span(sealed.data, plain.size));
    skeym_write_u8(&writer, dots[3]);
    skeym_base64url_write(&writer, skeym_span(sealed.data + plain.size, 16));
    struct skeym_span text = fuzz_copy(skeym_written(&writer));
    return text;
}

/* What opened has one spelling under its own iv. */
static void check_again(struct skeym_span text, const struct skeym_jwe *info,
                        struct skeym_span plain)
{
    uint8_t own[12];
    size_t size = 0;
    size_t dot = 0;
    while (text.data[dot] != '.') {
        dot++;
    }
    struct skeym_span part = skeym_span_part(text, dot + 2, 16);
    FUZZ_MUST(skeym_base64url_read((struct skeym_room){own, sizeof own}, &size, part) == SKEYM_OK);
    struct skeym_room room = {fuzz_take(text.size), text.size};
    FUZZ_MUST(skeym_jwe_chars(info->cty_size, info->status, plain.size) == text.size);
    FUZZ_MUST(skeym_jwe_seal(room, &size, key, own, info->status,
                             skeym_span(info->cty, info->cty_size), plain) == SKEYM_OK);
    FUZZ_MUST(skeym_span_equal(skeym_span(room.data, size), text));
}

static void check(struct skeym_span text, bool answer, size_t room)
{
    struct skeym_jwe info;
    uint8_t *out = fuzz_take(room);
    memset(out, 0xaa, room);
    memset(&info, 0, sizeof info);
    enum skeym_error error =
        skeym_jwe_open((struct skeym_room){out, room}, &info, key, answer, text);
    if (error == SKEYM_OK) {
        FUZZ_MUST(info.size <= room && info.cty_size <= SKEYM_CTY_BYTES);
        FUZZ_MUST(answer ? info.status >= 100 && info.status <= 999 : info.status == 0);
        check_again(text, &info, skeym_span(out, info.size));
    } else {
        FUZZ_MUST(fuzz_zero(&info, sizeof info));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    uint8_t how = skeym_read_u8(&reader);
    struct skeym_span bytes = fuzz_rest(&reader);
    struct skeym_span text = how & 1 ? seal(bytes, how & 4) : fuzz_copy(bytes);
    check(text, how & 2, SKEYM_BASE64URL_BYTES(text.size));
    check(text, how & 2, how >> 2); /* hardly any room */
    fuzz_done();
    return 0;
}
