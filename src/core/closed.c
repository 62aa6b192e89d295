/* SPDX-License-Identifier: Apache-2.0 */
#include <skeym/exchange.h>
#include <string.h>

/* The optional fields, in their order. */
static const struct field {
    const char *name;
    size_t offset; /* of a struct skeym_span in struct skeym_closed */
    bool is_key;
} fields[] = {
    {"content-type: ", offsetof(struct skeym_closed, content_type), false},
    {"idempotency-key: ", offsetof(struct skeym_closed, idempotency_key), true},
    {"if-none-exist: ", offsetof(struct skeym_closed, if_none_exist), false},
    {"prefer: ", offsetof(struct skeym_closed, prefer), false},
};
#define FIELDS (sizeof fields / sizeof fields[0])

static enum skeym_error check_bytes(struct skeym_span part, size_t most, uint8_t first,
                                    uint8_t last)
{
    if (part.size == 0 || part.size > most) {
        return SKEYM_ERR_SIZE;
    }
    for (size_t i = 0; i < part.size; i++) {
        if (part.data[i] < first || part.data[i] > last) {
            return SKEYM_ERR_CHARSET;
        }
    }
    return SKEYM_OK;
}

static enum skeym_error check_line(struct skeym_span method, struct skeym_span target)
{
    enum skeym_error error = check_bytes(method, SKEYM_METHOD_BYTES, 'A', 'Z');
    if (error == SKEYM_OK) {
        error = check_bytes(target, SKEYM_TARGET_BYTES, 0x21, 0x7e);
    }
    if (error == SKEYM_OK && target.data[0] != '/') {
        error = SKEYM_ERR_SHAPE;
    }
    return error;
}

static bool is_key_char(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

static enum skeym_error check_value(const struct field *field, struct skeym_span value)
{
    size_t most = field->is_key ? SKEYM_KEY_CHARS : SKEYM_FIELD_BYTES;
    enum skeym_error error = check_bytes(value, most, 0x20, 0x7e);
    for (size_t i = 0; field->is_key && error == SKEYM_OK && i < value.size; i++) {
        error = is_key_char(value.data[i]) ? SKEYM_OK : SKEYM_ERR_CHARSET;
    }
    return error;
}

void skeym_closed_write(struct skeym_writer *writer, const struct skeym_closed *closed)
{
    if (check_line(closed->method, closed->target) != SKEYM_OK) {
        writer->bad = true;
    }
    skeym_write_span(writer, closed->method);
    skeym_write_text(writer, " ");
    skeym_write_span(writer, closed->target);
    skeym_write_text(writer, "\n");
    for (size_t i = 0; i < FIELDS; i++) {
        struct skeym_span value;
        memcpy(&value, (const uint8_t *)closed + fields[i].offset, sizeof value);
        if (value.size == 0) {
            continue;
        }
        if (check_value(&fields[i], value) != SKEYM_OK) {
            writer->bad = true;
        }
        skeym_write_text(writer, fields[i].name);
        skeym_write_span(writer, value);
        skeym_write_text(writer, "\n");
    }
    skeym_write_text(writer, "\n");
    skeym_write_span(writer, closed->body);
}

/* Reads up to a byte that ends a part of at most `most` bytes, and that byte. */
static enum skeym_error read_until(struct skeym_span *out, struct skeym_reader *reader, uint8_t end,
                                   size_t most)
{
    size_t size = 0;
    while (size < reader->left && size <= most && reader->at[size] != end) {
        size++;
    }
    if (size > most) {
        return SKEYM_ERR_SIZE;
    }
    if (size == reader->left) {
        return SKEYM_ERR_SHAPE;
    }
    *out = skeym_read_span(reader, size);
    (void)skeym_read_u8(reader);
    return SKEYM_OK;
}

static enum skeym_error read_fields(struct skeym_closed *out, struct skeym_reader *reader)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (!skeym_span_starts(skeym_span(reader->at, reader->left), fields[i].name)) {
            continue;
        }
        (void)skeym_read_span(reader, skeym_span_text(fields[i].name).size);
        struct skeym_span value;
        enum skeym_error error = read_until(&value, reader, '\n', SKEYM_FIELD_BYTES);
        if (error == SKEYM_OK) {
            error = check_value(&fields[i], value);
        }
        if (error != SKEYM_OK) {
            return error;
        }
        memcpy((uint8_t *)out + fields[i].offset, &value, sizeof value);
    }
    return SKEYM_OK;
}

enum skeym_error skeym_closed_read(struct skeym_closed *out, struct skeym_span plain)
{
    struct skeym_closed closed = {0};
    struct skeym_reader reader = skeym_reader(plain);
    memset(out, 0, sizeof *out);
    enum skeym_error error = read_until(&closed.method, &reader, ' ', SKEYM_METHOD_BYTES);
    if (error == SKEYM_OK) {
        error = read_until(&closed.target, &reader, '\n', SKEYM_TARGET_BYTES);
    }
    if (error == SKEYM_OK) {
        error = check_line(closed.method, closed.target);
    }
    if (error == SKEYM_OK) {
        error = read_fields(&closed, &reader);
    }
    /* What is here now is no field, or one out of order, or one a second time. */
    if (error == SKEYM_OK && skeym_read_u8(&reader) != '\n') {
        error = SKEYM_ERR_SHAPE;
    }
    if (error == SKEYM_OK) {
        closed.body = skeym_span(reader.at, reader.left);
        *out = closed;
    }
    return error;
}
