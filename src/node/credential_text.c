/* SPDX-License-Identifier: Apache-2.0 */
#include "node/credential_text.h"
#include "crypto/crypto.h"
#include <skeym/base64url.h>
#include <string.h>

enum {
    CHECK_BYTES = 8,
    SECRET_BYTES = 64, /* private key || C_i */
    KEY_SECRET_BYTES = 32,
    CHECK_LINE_BYTES = sizeof "check " + SKEYM_BASE64URL_CHARS(CHECK_BYTES) /* and a line feed */
};

#define FIRST_LINE     "skeym-credential 1\n"
#define FIRST_LINE_KEY "skeym-key 1\n"

/* --- reading --------------------------------------------------------------- */

/* The next line's value, after its word; the reader goes bad when the line is another one. */
static struct skeym_span line(struct skeym_reader *reader, const char *word)
{
    size_t size = 0;
    while (size < reader->left && reader->at[size] != '\n') {
        size++;
    }
    struct skeym_span text = skeym_read_span(reader, size);
    (void)skeym_read_u8(reader); /* the line feed; past the end it is bad */
    if (!skeym_span_starts(text, word)) {
        reader->bad = true;
    }
    return reader->bad ? (struct skeym_span){0}
                       : skeym_span_part(text, skeym_span_text(word).size, text.size);
}

/* The secret's line, of `size` bytes or as many and a tag. Which of the two the rest of the text
 * tells: to look for the end of a secret would be to compare each of its characters. */
static struct skeym_span secret_line(struct skeym_reader *reader, size_t size)
{
    static const char word[] = "secret ";
    struct skeym_span head = skeym_read_span(reader, sizeof word - 1);
    size_t chars = reader->left < 1 + CHECK_LINE_BYTES ? 0 : reader->left - 1 - CHECK_LINE_BYTES;
    if (!skeym_span_is(head, word) || (chars != SKEYM_BASE64URL_CHARS(size) &&
                                       chars != SKEYM_BASE64URL_CHARS(size + SKEYM_TAG_BYTES))) {
        reader->bad = true;
    }
    struct skeym_span value = skeym_read_span(reader, chars);
    if (skeym_read_u8(reader) != '\n') {
        reader->bad = true;
    }
    return reader->bad ? (struct skeym_span){0} : value;
}

/* base64url of exactly size bytes. */
static enum skeym_error bytes(uint8_t *out, size_t size, struct skeym_span text)
{
    size_t got = 0;
    if (text.size != SKEYM_BASE64URL_CHARS(size)) {
        return SKEYM_ERR_SHAPE;
    }
    return skeym_base64url_read((struct skeym_room){out, size}, &got, text);
}

static struct skeym_span word(struct skeym_span *rest)
{
    size_t size = 0;
    while (size < rest->size && rest->data[size] != ' ') {
        size++;
    }
    struct skeym_span out = skeym_span_part(*rest, 0, size);
    *rest = skeym_span_part(*rest, size + 1, rest->size);
    return out;
}

/* Two digits are enough for LOGN. */
static enum skeym_error read_log_n(uint8_t *out, struct skeym_span text)
{
    if (text.size != 2 || text.data[0] < '0' || text.data[0] > '9' || text.data[1] < '0' ||
        text.data[1] > '9') {
        return SKEYM_ERR_SHAPE;
    }
    int value = (text.data[0] - '0') * 10 + (text.data[1] - '0');
    if (value < SKEYM_CREDENTIAL_TEXT_LOG_N_MIN || value > SKEYM_CREDENTIAL_TEXT_LOG_N_MAX) {
        return SKEYM_ERR_RANGE;
    }
    *out = (uint8_t)value;
    return SKEYM_OK;
}

static enum skeym_error read_lock(struct skeym_credential_file *out, struct skeym_span value)
{
    if (skeym_span_is(value, "none")) {
        return SKEYM_OK;
    }
    if (!skeym_span_is(word(&value), "scrypt")) {
        return SKEYM_ERR_SHAPE;
    }
    enum skeym_error error = read_log_n(&out->log_n, word(&value));
    struct skeym_span r = word(&value);
    struct skeym_span p = word(&value);
    if (error == SKEYM_OK && (!skeym_span_is(r, "8") || !skeym_span_is(p, "1"))) {
        error = SKEYM_ERR_RANGE;
    }
    if (error == SKEYM_OK) {
        error = bytes(out->salt, sizeof out->salt, word(&value));
    }
    if (error == SKEYM_OK) {
        error = bytes(out->iv, sizeof out->iv, value);
    }
    out->locked = true;
    return error;
}

/* The last line covers all before; a file that an accident changed is told from a wrong one. */
static enum skeym_error verify_check(struct skeym_span text, size_t covered,
                                     struct skeym_span value)
{
    uint8_t hash[SKEYM_SHA256_BYTES];
    uint8_t check[CHECK_BYTES];
    struct skeym_span before = skeym_span_part(text, 0, covered);
    enum skeym_error error = bytes(check, sizeof check, value);
    if (error != SKEYM_OK) {
        return error;
    }
    skeym_crypto_sha256(hash, &before, 1);
    return skeym_crypto_equal(hash, check, sizeof check) ? SKEYM_OK : SKEYM_ERR_CHECKSUM;
}

/* Views of the lines of a file. */
struct lines {
    struct skeym_span node, server, audience, authority, locator, public_key, lock, secret;
};

static enum skeym_error split(struct lines *out, struct skeym_span text, bool key_file)
{
    struct skeym_reader reader = skeym_reader(text);
    const char *first = key_file ? FIRST_LINE_KEY : FIRST_LINE;
    if (text.size > SKEYM_CREDENTIAL_FILE_BYTES) {
        return SKEYM_ERR_SIZE;
    }
    if (!skeym_span_is(skeym_read_span(&reader, skeym_span_text(first).size), first)) {
        return SKEYM_ERR_SHAPE;
    }
    if (!key_file) {
        out->node = line(&reader, "node ");
        out->server = line(&reader, "server ");
        out->audience = line(&reader, "audience ");
        out->authority = line(&reader, "authority ");
        out->locator = line(&reader, "locator ");
    }
    out->public_key = line(&reader, "public ");
    out->lock = line(&reader, "lock ");
    out->secret = secret_line(&reader, key_file ? KEY_SECRET_BYTES : SECRET_BYTES);
    size_t covered = text.size - reader.left;
    struct skeym_span check = line(&reader, "check ");
    if (skeym_reader_end(&reader) != SKEYM_OK) {
        return SKEYM_ERR_SHAPE;
    }
    return verify_check(text, covered, check);
}

bool skeym_credential_text_server_valid(struct skeym_span url)
{
    size_t head = skeym_span_starts(url, "https://")  ? 8
                  : skeym_span_starts(url, "http://") ? 7
                                                      : 0;
    if (head == 0 || url.size == head || url.size >= SKEYM_URL_BYTES) {
        return false;
    }
    for (size_t i = 0; i < url.size; i++) {
        if (url.data[i] < 0x21 || url.data[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

/* The values that only a credential has. */
static enum skeym_error read_identity(struct skeym_credential_file *out, const struct lines *lines)
{
    enum skeym_error error = skeym_name_node(&out->node, lines->node);
    if (error == SKEYM_OK && !skeym_credential_text_server_valid(lines->server)) {
        error = SKEYM_ERR_SHAPE;
    }
    if (error == SKEYM_OK) {
        memcpy(out->server, lines->server.data, lines->server.size);
        error = skeym_name_audience(&out->keys.audience, lines->audience);
    }
    if (error == SKEYM_OK) {
        error = bytes(out->keys.authority, sizeof out->keys.authority, lines->authority);
    }
    if (error == SKEYM_OK && (lines->locator.size == 0 ||
                              SKEYM_BASE64URL_BYTES(lines->locator.size) > SKEYM_LOCATOR_BYTES)) {
        error = SKEYM_ERR_SIZE;
    }
    if (error == SKEYM_OK) {
        struct skeym_room room = {out->keys.locator, sizeof out->keys.locator};
        error = skeym_base64url_read(room, &out->keys.locator_size, lines->locator);
    }
    return error;
}

static enum skeym_error parse(struct skeym_credential_file *out, struct skeym_span *sealed,
                              struct skeym_span text, bool key_file)
{
    struct lines lines = {0};
    memset(out, 0, sizeof *out);
    *sealed = (struct skeym_span){0};
    enum skeym_error error = split(&lines, text, key_file);
    if (error == SKEYM_OK && !key_file) {
        error = read_identity(out, &lines);
    }
    if (error == SKEYM_OK) {
        error = bytes(out->public_key, sizeof out->public_key, lines.public_key);
    }
    if (error == SKEYM_OK) {
        error = read_lock(out, lines.lock);
    }
    size_t secret_size = (key_file ? 32u : 64u) + (out->locked ? SKEYM_TAG_BYTES : 0u);
    if (error == SKEYM_OK && lines.secret.size != SKEYM_BASE64URL_CHARS(secret_size)) {
        error = SKEYM_ERR_SHAPE;
    }
    if (error == SKEYM_OK) {
        *sealed = lines.secret;
    } else {
        memset(out, 0, sizeof *out);
    }
    return error;
}

enum skeym_error skeym_credential_parse(struct skeym_credential_file *out,
                                        struct skeym_span *sealed, struct skeym_span text)
{
    return parse(out, sealed, text, false);
}

enum skeym_error skeym_credential_text_key(struct skeym_credential_file *out,
                                           struct skeym_span *sealed, struct skeym_span text)
{
    return parse(out, sealed, text, true);
}

/* --- writing --------------------------------------------------------------- */

static void put(struct skeym_writer *writer, const char *name, struct skeym_span text)
{
    skeym_write_text(writer, name);
    skeym_write_span(writer, text);
    skeym_write_text(writer, "\n");
}

static void put_bytes(struct skeym_writer *writer, const char *name, struct skeym_span value)
{
    skeym_write_text(writer, name);
    skeym_base64url_write(writer, value);
    skeym_write_text(writer, "\n");
}

/* The lines up to public; with_locator false: as the lock covers them. */
static void put_public(struct skeym_writer *writer, const struct skeym_credential_file *file,
                       bool key_file, bool with_locator)
{
    if (!key_file) {
        put(writer, "node ", skeym_name_span(&file->node));
        put(writer, "server ", skeym_span_text(file->server));
        put(writer, "audience ", skeym_name_span(&file->keys.audience));
        put_bytes(writer, "authority ", skeym_span(file->keys.authority, 32));
    }
    if (!key_file && with_locator) {
        put_bytes(writer, "locator ", skeym_span(file->keys.locator, file->keys.locator_size));
    }
    put_bytes(writer, "public ", skeym_span(file->public_key, 32));
}

void skeym_credential_text_aad(struct skeym_writer *writer,
                               const struct skeym_credential_file *file, bool key_file)
{
    put_public(writer, file, key_file, false);
}

static void put_lock(struct skeym_writer *writer, const struct skeym_credential_file *file)
{
    const uint8_t log_n[2] = {(uint8_t)('0' + file->log_n / 10), (uint8_t)('0' + file->log_n % 10)};
    if (!file->locked) {
        skeym_write_text(writer, "lock none\n");
        return;
    }
    skeym_write_text(writer, "lock scrypt ");
    skeym_write_span(writer, skeym_span(log_n, sizeof log_n));
    skeym_write_text(writer, " 8 1 ");
    skeym_base64url_write(writer, skeym_span(file->salt, sizeof file->salt));
    skeym_write_text(writer, " ");
    skeym_base64url_write(writer, skeym_span(file->iv, sizeof file->iv));
    skeym_write_text(writer, "\n");
}

void skeym_credential_text_write(struct skeym_writer *writer,
                                 const struct skeym_credential_file *file, bool key_file,
                                 struct skeym_span sealed)
{
    uint8_t hash[SKEYM_SHA256_BYTES];
    skeym_write_text(writer, key_file ? FIRST_LINE_KEY : FIRST_LINE);
    put_public(writer, file, key_file, true);
    put_lock(writer, file);
    put_bytes(writer, "secret ", sealed);
    struct skeym_span before = skeym_written(writer);
    skeym_crypto_sha256(hash, &before, 1);
    put_bytes(writer, "check ", skeym_span(hash, CHECK_BYTES));
}
