/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/refusals.h"
#include "authority/enrolment.h"
#include "crypto/crypto.h"
#include <skeym/base64url.h>
#include <string.h>

#define FIRST "# skeym revoked list "
#define HEAD  FIRST "1\n"
#define LAST  "# end "

enum { MAC_CHARS = SKEYM_BASE64URL_CHARS(SKEYM_SHA256_BYTES) };

static enum skeym_error mac_of(char out[MAC_CHARS], struct skeym_span text,
                               const struct skeym_keyring *keyring)
{
    uint8_t key[32];
    uint8_t mac[SKEYM_SHA256_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)out, MAC_CHARS});
    const struct skeym_span info = skeym_span_text("skeym/1 revoked list");
    enum skeym_error error =
        skeym_crypto_hkdf_expand((struct skeym_room){key, sizeof key}, keyring->identity, &info, 1);
    if (error == SKEYM_OK) {
        skeym_crypto_hmac(mac, skeym_span(key, sizeof key), &text, 1);
        skeym_base64url_write(&writer, skeym_span(mac, sizeof mac));
        error = skeym_writer_end(&writer);
    }
    skeym_crypto_wipe(key, sizeof key);
    skeym_crypto_wipe(mac, sizeof mac);
    return error;
}

static void write_number(struct skeym_writer *writer, size_t number)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    skeym_write_span(writer, skeym_span(digits + at, sizeof digits - at));
}

static void write_entries(struct skeym_writer *writer, const struct skeym_revoked *revoked)
{
    for (size_t i = 0; i < revoked->count; i++) {
        skeym_write_span(writer, skeym_name_span(&revoked->at[i].id));
        skeym_write_text(writer, " ");
        write_number(writer, revoked->at[i].generation);
        skeym_write_text(writer, "\n");
    }
}

static void write_end(struct skeym_writer *writer, size_t count)
{
    skeym_write_text(writer, LAST);
    write_number(writer, count);
    skeym_write_text(writer, " ");
}

enum skeym_error skeym_refusals_write(struct skeym_room out, size_t *size,
                                      const struct skeym_revoked *revoked,
                                      const struct skeym_keyring *keyring)
{
    char mac[MAC_CHARS];
    struct skeym_writer writer = skeym_writer(out);
    *size = 0;
    skeym_write_text(&writer, HEAD);
    write_entries(&writer, revoked);
    write_end(&writer, revoked->count);
    enum skeym_error error = mac_of(mac, skeym_written(&writer), keyring);
    if (error != SKEYM_OK) {
        return error;
    }
    skeym_write_span(&writer, skeym_span(mac, sizeof mac));
    skeym_write_text(&writer, "\n");
    error = skeym_writer_end(&writer);
    *size = skeym_written(&writer).size;
    return error;
}

/* Where the last line begins; 0 when the text does not end with a whole line. */
static size_t last_line(struct skeym_span text)
{
    size_t at = text.size;
    if (at == 0 || text.data[at - 1] != '\n') {
        return 0;
    }
    at--;
    while (at > 0 && text.data[at - 1] != '\n') {
        at--;
    }
    return at;
}

/* The text's frame, before anybody believes what is in it. */
static enum skeym_error verify(struct skeym_span *end, struct skeym_span text,
                               const struct skeym_keyring *keyring)
{
    char mac[MAC_CHARS];
    size_t at = last_line(text);
    struct skeym_span head = skeym_span_part(text, 0, sizeof HEAD - 1);
    *end = skeym_span_part(text, at, text.size);
    struct skeym_span same = skeym_span_part(skeym_span_text(HEAD), 0, head.size);
    if (head.size < sizeof HEAD - 1 && skeym_span_equal(head, same)) {
        return SKEYM_ERR_TRUNCATED;
    }
    if (!skeym_span_is(head, HEAD)) {
        return skeym_span_starts(head, FIRST) ? SKEYM_ERR_VERSION : SKEYM_ERR_SHAPE;
    }
    if (at == 0 || !skeym_span_starts(*end, LAST) || end->size <= MAC_CHARS + sizeof LAST) {
        return SKEYM_ERR_TRUNCATED;
    }
    size_t before = text.size - 1 - MAC_CHARS;
    enum skeym_error error = mac_of(mac, skeym_span_part(text, 0, before), keyring);
    if (error == SKEYM_OK && !skeym_crypto_equal(mac, text.data + before, sizeof mac)) {
        error = SKEYM_ERR_CHECKSUM;
    }
    return error;
}

/* true: "# end COUNT " is what the last line says. */
static bool counts(struct skeym_span end, size_t count)
{
    uint8_t said[40];
    struct skeym_writer writer = skeym_writer((struct skeym_room){said, sizeof said});
    write_end(&writer, count);
    return skeym_span_equal(skeym_written(&writer),
                            skeym_span_part(end, 0, end.size - 1 - MAC_CHARS));
}

enum skeym_error skeym_refusals_read(struct skeym_revoked_entry *out, size_t room, size_t *count,
                                     struct skeym_span text, const struct skeym_keyring *keyring)
{
    struct skeym_span end;
    *count = 0;
    enum skeym_error error = verify(&end, text, keyring);
    if (error == SKEYM_OK) { /* the frame's two lines are comments to it */
        error = skeym_enrolment_revoked(out, room, count, text, NULL);
    }
    if (error == SKEYM_OK && !counts(end, *count)) {
        error = SKEYM_ERR_RANGE;
    }
    if (error != SKEYM_OK) {
        *count = 0;
    }
    return error;
}
