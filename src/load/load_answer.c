/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_answer.h"

#include <string.h>
#include <strings.h>

struct framing {
    bool has_length, chunked;
    size_t length;
};

/* "HTTP/1.1 200 " */
static bool read_status(int *status, struct skeym_span line)
{
    if (line.size < 12 || !skeym_span_starts(line, "HTTP/1.") || line.data[8] != ' ') {
        return false;
    }
    *status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (line.data[i] < '0' || line.data[i] > '9') {
            return false;
        }
        *status = *status * 10 + (line.data[i] - '0');
    }
    return *status >= 200; /* interim answers are for requests that we never make */
}

static bool read_number(size_t *number, struct skeym_span value)
{
    *number = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9' || i == 9) {
            return false;
        }
        *number = *number * 10 + (size_t)(value.data[i] - '0');
    }
    return value.size > 0;
}

/* Up to the next CR LF, which is skipped; there is one in a whole head. */
static struct skeym_span take_line(struct skeym_span *head)
{
    const uint8_t *end = memchr(head->data, '\r', head->size);
    size_t size = end ? (size_t)(end - head->data) : head->size;
    struct skeym_span line = skeym_span_part(*head, 0, size);
    *head = skeym_span_part(*head, size + 2, head->size);
    return line;
}

static bool is_word(struct skeym_span text, const char *word)
{
    return text.size == strlen(word) && strncasecmp((const char *)text.data, word, text.size) == 0;
}

/* --- the fields that we look at ----------------------------------------------------- */

static bool on_length(struct skeym_load_answer *out, struct framing *framing,
                      struct skeym_span value)
{
    (void)out;
    bool first = !framing->has_length;
    framing->has_length = true;
    return first && read_number(&framing->length, value);
}

static bool on_coding(struct skeym_load_answer *out, struct framing *framing,
                      struct skeym_span value)
{
    (void)out;
    framing->chunked = is_word(value, "chunked");
    return framing->chunked;
}

static bool on_connection(struct skeym_load_answer *out, struct framing *framing,
                          struct skeym_span value)
{
    (void)framing;
    out->closes = is_word(value, "close");
    return true;
}

static bool on_type(struct skeym_load_answer *out, struct framing *framing, struct skeym_span value)
{
    (void)framing;
    out->content_type = value;
    return true;
}

static bool on_next(struct skeym_load_answer *out, struct framing *framing, struct skeym_span value)
{
    (void)framing;
    out->next = value;
    return true;
}

/* A date is not read: no server that we drive sends one. */
static bool on_retry(struct skeym_load_answer *out, struct framing *framing,
                     struct skeym_span value)
{
    size_t seconds = 0;
    (void)framing;
    out->retry_after_s = read_number(&seconds, value) && seconds < 3600 ? (uint32_t)seconds : 0;
    return true;
}

static const struct {
    const char *name;
    bool (*take)(struct skeym_load_answer *, struct framing *, struct skeym_span);
} fields[] = {
    {"content-length", on_length}, {"transfer-encoding", on_coding}, {"connection", on_connection},
    {"content-type", on_type},     {"skeym-next", on_next},          {"retry-after", on_retry},
};

static bool take_field(struct skeym_load_answer *out, struct framing *framing,
                       struct skeym_span line)
{
    const uint8_t *colon = memchr(line.data, ':', line.size);
    if (!colon) {
        return false;
    }
    struct skeym_span name = skeym_span_part(line, 0, (size_t)(colon - line.data));
    size_t from = name.size + 1;
    while (from < line.size && line.data[from] == ' ') {
        from++;
    }
    struct skeym_span value = skeym_span_part(line, from, line.size);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (is_word(name, fields[i].name)) {
            return fields[i].take(out, framing, value);
        }
    }
    return true;
}

/* --- bodies ----------------------------------------------------------------------------- */

static int hex_of(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The size of all chunks, their lines included; SKEYM_ERR_TRUNCATED when the last is not there. */
static enum skeym_error chunks_size(size_t *size, struct skeym_span input)
{
    size_t at = 0;
    for (;;) {
        size_t chunk = 0;
        size_t digits = 0;
        for (; at < input.size && hex_of(input.data[at]) >= 0; at++, digits++) {
            chunk = chunk * 16 + (size_t)hex_of(input.data[at]);
        }
        if (at == input.size) {
            return digits > 7 ? SKEYM_ERR_SHAPE : SKEYM_ERR_TRUNCATED;
        }
        const uint8_t *end = memchr(input.data + at, '\n', input.size - at);
        if (!end) {
            return digits > 7 ? SKEYM_ERR_SHAPE : SKEYM_ERR_TRUNCATED;
        }
        if (digits == 0 || digits > 7) {
            return SKEYM_ERR_SHAPE;
        }
        at = (size_t)(end - input.data) + 1;
        if (input.size - at < chunk + 2) {
            return SKEYM_ERR_TRUNCATED;
        }
        at += chunk + 2; /* a last chunk of 0 with the empty line after it; no trailers */
        if (chunk == 0) {
            *size = at;
            return SKEYM_OK;
        }
    }
}

static enum skeym_error read_body(struct skeym_load_answer *out, size_t *need,
                                  const struct framing *framing, struct skeym_span input,
                                  size_t head_size)
{
    size_t size = framing->length;
    bool bodiless = out->status == 204 || out->status == 304;
    if (bodiless) {
        size = 0;
    } else if (framing->chunked) {
        enum skeym_error error = chunks_size(&size, skeym_span_part(input, head_size, input.size));
        if (error) {
            return error;
        }
    } else if (!framing->has_length) {
        return SKEYM_ERR_SHAPE;
    }
    if (input.size - head_size < size) {
        *need = head_size + size;
        return SKEYM_ERR_TRUNCATED;
    }
    out->body = skeym_span_part(input, head_size, size);
    out->size = head_size + size;
    return SKEYM_OK;
}

enum skeym_error skeym_load_answer_read(struct skeym_load_answer *out, size_t *need,
                                        struct skeym_span input)
{
    struct framing framing = {0};
    *out = (struct skeym_load_answer){0};
    *need = 0;
    const uint8_t *end = input.size ? memmem(input.data, input.size, "\r\n\r\n", 4) : NULL;
    if (!end) {
        return input.size > SKEYM_LOAD_HEAD_BYTES ? SKEYM_ERR_SIZE : SKEYM_ERR_TRUNCATED;
    }
    size_t head_size = (size_t)(end - input.data) + 4;
    struct skeym_span head = skeym_span_part(input, 0, head_size - 2);
    if (!read_status(&out->status, take_line(&head))) {
        return SKEYM_ERR_SHAPE;
    }
    while (head.size > 0) {
        if (!take_field(out, &framing, take_line(&head))) {
            return SKEYM_ERR_SHAPE;
        }
    }
    return read_body(out, need, &framing, input, head_size);
}
