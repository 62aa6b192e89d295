/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWE compact (docs/PROTOCOL.md, 8.1). There is no JSON here: a header has one spelling, so it is
 * written and read as that text.
 */
#include "crypto/crypto.h"
#include <skeym/exchange.h>
#include <string.h>

#define HEADER_START  "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\""
#define HEADER_STATUS "\",\"status\":"
#define HEADER_END    "\"}"
#define STATUS_DIGITS 3
#define TEXT_BYTES(s) (sizeof(s) - 1)
/* of the longest header, an answer's */
#define HEADER_BYTES                                                                               \
    (TEXT_BYTES(HEADER_START) + SKEYM_CTY_BYTES + TEXT_BYTES(HEADER_STATUS) + STATUS_DIGITS + 1)
#define HEADER_CHARS SKEYM_BASE64URL_CHARS(HEADER_BYTES)
#define IV_CHARS     SKEYM_BASE64URL_CHARS(SKEYM_IV_BYTES)
#define TAG_CHARS    SKEYM_BASE64URL_CHARS(SKEYM_TAG_BYTES)

static size_t header_size(size_t cty_size, int status)
{
    size_t end = status == SKEYM_JWE_STATUS_NONE ? TEXT_BYTES(HEADER_END)
                                                 : TEXT_BYTES(HEADER_STATUS) + STATUS_DIGITS + 1;
    return TEXT_BYTES(HEADER_START) + cty_size + end;
}

size_t skeym_jwe_chars(size_t cty_size, int status, size_t plain_size)
{
    size_t header = header_size(cty_size, status);
    return SKEYM_BASE64URL_CHARS(header) + TEXT_BYTES("..") + IV_CHARS + TEXT_BYTES(".") +
           SKEYM_BASE64URL_CHARS(plain_size) + TEXT_BYTES(".") + TAG_CHARS;
}

/* Without a branch, so that a whole cty is looked at at once. */
static bool is_cty(uint8_t c)
{
    uint8_t letter = (uint8_t)((c | 0x20) - 'a');
    uint8_t digit = (uint8_t)(c - '0');
    return (letter < 26) | (digit < 10) | (c == '.') | (c == '+') | (c == '-') | (c == '_') |
           (c == '/');
}

static void write_header(struct skeym_writer *writer, int status, struct skeym_span cty)
{
    skeym_write_span(writer, SKEYM_SPAN_LITERAL(HEADER_START));
    skeym_write_span(writer, cty);
    if (status == SKEYM_JWE_STATUS_NONE) {
        skeym_write_span(writer, SKEYM_SPAN_LITERAL(HEADER_END));
        return;
    }
    skeym_write_span(writer, SKEYM_SPAN_LITERAL(HEADER_STATUS));
    for (int unit = 100; unit > 0; unit /= 10) {
        skeym_write_u8(writer, (uint8_t)('0' + status / unit % 10));
    }
    skeym_write_span(writer, SKEYM_SPAN_LITERAL("}"));
}

static enum skeym_error check_seal(size_t room, int status, struct skeym_span cty,
                                   size_t plain_size)
{
    if (status != SKEYM_JWE_STATUS_NONE && (status < 100 || status > 999)) {
        return SKEYM_ERR_RANGE;
    }
    if (cty.size > SKEYM_CTY_BYTES) {
        return SKEYM_ERR_SIZE;
    }
    bool right = true;
    for (size_t i = 0; i < cty.size; i++) {
        right &= is_cty(cty.data[i]);
    }
    if (!right) {
        return SKEYM_ERR_CHARSET;
    }
    /* The first test keeps the second's arithmetic from wrapping. */
    if (plain_size > room || skeym_jwe_chars(cty.size, status, plain_size) > room) {
        return SKEYM_ERR_SPACE;
    }
    return SKEYM_OK;
}

enum skeym_error skeym_jwe_seal(struct skeym_room out, size_t *size, const uint8_t key[32],
                                const uint8_t iv[12], int status, struct skeym_span cty,
                                struct skeym_span plain)
{
    *size = 0;
    enum skeym_error error = check_seal(out.room, status, cty, plain.size);
    if (error != SKEYM_OK) {
        return error;
    }
    uint8_t header[HEADER_BYTES];
    struct skeym_writer text = skeym_writer((struct skeym_room){header, sizeof header});
    write_header(&text, status, cty);
    size_t chars = skeym_jwe_chars(cty.size, status, plain.size);
    struct skeym_writer writer = skeym_writer((struct skeym_room){out.data, chars});
    skeym_base64url_write(&writer, skeym_written(&text));
    struct skeym_span aad = skeym_written(&writer);
    skeym_write_span(&writer, SKEYM_SPAN_LITERAL(".."));
    skeym_base64url_write(&writer, skeym_span(iv, SKEYM_IV_BYTES));
    skeym_write_span(&writer, SKEYM_SPAN_LITERAL("."));

    /* Sealed where the text will end: TAG_CHARS + 1 - SKEYM_TAG_BYTES and a third of the
     * plaintext's size are between the bytes and their text, as skeym_base64url_write wants it. */
    size_t sealed = plain.size + SKEYM_TAG_BYTES;
    struct skeym_room back = {out.data + (chars - sealed), sealed};
    error = skeym_crypto_seal(back, key, iv, aad, plain);
    if (error != SKEYM_OK) {
        return error;
    }
    uint8_t tag[SKEYM_TAG_BYTES];
    memcpy(tag, back.data + plain.size, sizeof tag);
    skeym_base64url_write(&writer, skeym_span(back.data, plain.size));
    skeym_write_span(&writer, SKEYM_SPAN_LITERAL("."));
    skeym_base64url_write(&writer, skeym_span(tag, sizeof tag));
    error = skeym_writer_end(&writer);
    if (error == SKEYM_OK) {
        *size = writer.size;
    }
    return error;
}

/* The five parts of the text; the second is empty. */
struct parts {
    struct skeym_span header;
    struct skeym_span iv;
    struct skeym_span cipher;
    struct skeym_span tag;
};

static bool split(struct parts *out, struct skeym_span text)
{
    size_t dot = 0;
    while (dot < text.size && dot <= HEADER_CHARS && text.data[dot] != '.') {
        dot++;
    }
    struct skeym_reader reader = skeym_reader(text);
    out->header = skeym_read_span(&reader, dot);
    struct skeym_span dots = skeym_read_span(&reader, 2);
    out->iv = skeym_read_span(&reader, IV_CHARS);
    struct skeym_span before = skeym_read_span(&reader, 1);
    if (dot > HEADER_CHARS || reader.left < 1 + TAG_CHARS) {
        return false;
    }
    out->cipher = skeym_read_span(&reader, reader.left - 1 - TAG_CHARS);
    struct skeym_span after = skeym_read_span(&reader, 1);
    out->tag = skeym_read_span(&reader, TAG_CHARS);
    return !reader.bad && skeym_span_is(dots, "..") && skeym_span_is(before, ".") &&
           skeym_span_is(after, ".");
}

static enum skeym_error read_header(struct skeym_jwe *out, bool want_status, struct skeym_span part)
{
    uint8_t header[HEADER_BYTES];
    struct skeym_jwe info = {0};
    size_t size = 0;
    enum skeym_error error =
        skeym_base64url_read((struct skeym_room){header, sizeof header}, &size, part);
    if (error != SKEYM_OK) {
        return error;
    }
    struct skeym_reader reader = skeym_reader(skeym_span(header, size));
    bool right = skeym_span_is(skeym_read_span(&reader, TEXT_BYTES(HEADER_START)), HEADER_START);
    while (reader.left > 0 && is_cty(*reader.at) && info.cty_size < SKEYM_CTY_BYTES) {
        info.cty[info.cty_size++] = skeym_read_u8(&reader);
    }
    if (want_status) {
        right &= skeym_span_is(skeym_read_span(&reader, TEXT_BYTES(HEADER_STATUS)), HEADER_STATUS);
        for (int i = 0; i < STATUS_DIGITS; i++) {
            uint8_t digit = skeym_read_u8(&reader);
            right &= digit >= '0' && digit <= '9';
            info.status = info.status * 10 + (digit - '0');
        }
        right &= info.status >= 100 && skeym_read_u8(&reader) == '}';
    } else {
        right &= skeym_span_is(skeym_read_span(&reader, TEXT_BYTES(HEADER_END)), HEADER_END);
    }
    if (!right || skeym_reader_end(&reader) != SKEYM_OK) {
        return SKEYM_ERR_SHAPE;
    }
    *out = info;
    return SKEYM_OK;
}

/* Decodes cipher and tag to where the plaintext will be, and opens them there. */
static enum skeym_error open_parts(struct skeym_room out, size_t *size, const uint8_t key[32],
                                   const struct parts *parts)
{
    uint8_t iv[SKEYM_IV_BYTES];
    size_t cipher_size = 0;
    size_t used = 0;
    enum skeym_error error =
        skeym_base64url_read((struct skeym_room){iv, sizeof iv}, &used, parts->iv);
    if (error == SKEYM_OK) {
        error = skeym_base64url_read(out, &cipher_size, parts->cipher);
    }
    if (error == SKEYM_OK) {
        struct skeym_room rest = {out.data + cipher_size, out.room - cipher_size};
        error = skeym_base64url_read(rest, &used, parts->tag);
    }
    if (error == SKEYM_OK) {
        error = skeym_crypto_open(out, key, iv, parts->header,
                                  skeym_span(out.data, cipher_size + used));
    }
    *size = error == SKEYM_OK ? cipher_size : 0;
    return error;
}

enum skeym_error skeym_jwe_open(struct skeym_room out, struct skeym_jwe *info,
                                const uint8_t key[32], bool want_status, struct skeym_span text)
{
    struct skeym_jwe read = {0};
    struct parts parts;
    memset(info, 0, sizeof *info);
    if (!split(&parts, text)) {
        return SKEYM_ERR_SHAPE;
    }
    enum skeym_error error = read_header(&read, want_status, parts.header);
    if (error != SKEYM_OK) {
        return error;
    }
    size_t needed = SKEYM_BASE64URL_BYTES(parts.cipher.size) + SKEYM_TAG_BYTES;
    if (needed > out.room) {
        return SKEYM_ERR_SPACE;
    }
    error = open_parts((struct skeym_room){out.data, needed}, &read.size, key, &parts);
    if (error == SKEYM_OK) {
        *info = read;
    } else {
        memset(out.data, 0, needed);
    }
    return error;
}
