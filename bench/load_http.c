/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load.h"

#include <string.h>
#include <strings.h>

/* "HTTP/1.1 200 " */
static bool read_status(int *status, struct skeym_span line)
{
    if (line.size < 12 || memcmp(line.data, "HTTP/1.1 ", 9) != 0) {
        return false;
    }
    *status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (line.data[i] < '0' || line.data[i] > '9') {
            return false;
        }
        *status = *status * 10 + (line.data[i] - '0');
    }
    return true;
}

/* The value of a line "Name: value", when it has that name. */
static bool is_field(struct skeym_span *value, struct skeym_span line, const char *name)
{
    size_t size = strlen(name);
    if (line.size <= size || line.data[size] != ':' ||
        strncasecmp((const char *)line.data, name, size) != 0) {
        return false;
    }
    size_t from = size + 1;
    while (from < line.size && line.data[from] == ' ') {
        from++;
    }
    *value = skeym_span_part(line, from, line.size - from);
    return true;
}

static bool read_length(size_t *length, struct skeym_span value)
{
    *length = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9' || i == 9) {
            return false;
        }
        *length = *length * 10 + (size_t)(value.data[i] - '0');
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

enum skeym_error load_http_read(struct load_answer *out, struct skeym_span input)
{
    struct skeym_span length = {0};
    size_t body = 0;
    *out = (struct load_answer){0};
    const uint8_t *end = input.size ? memmem(input.data, input.size, "\r\n\r\n", 4) : NULL;
    if (!end) {
        return SKEYM_ERR_TRUNCATED;
    }
    size_t head_size = (size_t)(end - input.data) + 4;
    struct skeym_span head = skeym_span_part(input, 0, head_size - 2);
    if (!read_status(&out->status, take_line(&head))) {
        return SKEYM_ERR_SHAPE;
    }
    while (head.size > 0) {
        struct skeym_span line = take_line(&head);
        if (!is_field(&length, line, "Content-Length") &&
            !is_field(&out->content_type, line, "Content-Type")) {
            (void)is_field(&out->next, line, "SkeyM-Next");
        }
    }
    if (!read_length(&body, length)) {
        return SKEYM_ERR_SHAPE;
    }
    if (input.size - head_size < body) {
        return SKEYM_ERR_TRUNCATED;
    }
    out->body = skeym_span_part(input, head_size, body);
    out->size = head_size + body;
    return SKEYM_OK;
}
