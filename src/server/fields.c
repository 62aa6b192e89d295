/* SPDX-License-Identifier: Apache-2.0 */
#include "server/fields.h"

enum known {
    AUTHORIZATION,
    PROOF,
    CONTENT_TYPE,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    EXPECT,
    HOST,
    KNOWN
};

static const char *const names[KNOWN] = {
    "authorization",     "skeym-proof", "content-type", "content-length",
    "transfer-encoding", "expect",      "host"};

static bool same_name(struct skeym_span name, const char *text)
{
    size_t i = 0;
    for (; i < name.size && text[i] != '\0'; i++) {
        uint8_t c = name.data[i];
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t)text[i]) {
            return false;
        }
    }
    return i == name.size && text[i] == '\0';
}

/* RFC 9110, 5.6.2 */
static bool is_token(struct skeym_span name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        bool digit = c >= '0' && c <= '9';
        bool mark = false;
        for (const char *m = "!#$%&'*+-.^_`|~"; *m; m++) {
            mark = mark || c == (uint8_t)*m;
        }
        if (!letter && !digit && !mark) {
            return false;
        }
    }
    return name.size > 0;
}

static bool is_value(struct skeym_span value)
{
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool read_length(uint64_t *out, struct skeym_span value)
{
    uint64_t length = 0;
    if (value.size == 0 || value.size > 18) {
        return false;
    }
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return false;
        }
        length = length * 10 + (uint64_t)(value.data[i] - '0');
    }
    *out = length;
    return true;
}

/* White space around a value is no part of it (RFC 9110, 5.5); the library leaves what is behind.
 */
static struct skeym_span trimmed(struct skeym_span value)
{
    while (value.size > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value = skeym_span_part(value, 1, value.size);
    }
    while (value.size > 0 &&
           (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t')) {
        value.size--;
    }
    return value;
}

static void add_known(struct skeym_fields *fields, enum known which, struct skeym_span value)
{
    switch (which) {
    case AUTHORIZATION:
        fields->authorization = trimmed(value);
        break;
    case PROOF:
        fields->proof = trimmed(value);
        break;
    case CONTENT_TYPE:
        fields->content_type = trimmed(value);
        break;
    case CONTENT_LENGTH:
        if (!read_length(&fields->body_size, value)) {
            fields->framing_unclear = true;
        }
        fields->body_announced = fields->body_announced || fields->body_size > 0;
        break;
    case TRANSFER_ENCODING:
        fields->framing_unclear = true;
        break;
    case EXPECT:
        fields->expects = true;
        break;
    case HOST: /* never used; doubled it is no HTTP */
    case KNOWN:
        break;
    }
}

void skeym_fields_add(struct skeym_fields *fields, struct skeym_span name, struct skeym_span value)
{
    if (!is_token(name) || !is_value(value)) {
        fields->framing_unclear = true;
    }
    for (unsigned i = 0; i < KNOWN; i++) {
        if (!same_name(name, names[i])) {
            continue;
        }
        if (fields->seen & 1U << i) {
            fields->doubled = true;
            fields->framing_unclear = fields->framing_unclear || i == CONTENT_LENGTH;
            return;
        }
        fields->seen |= 1U << i;
        add_known(fields, (enum known)i, value);
        return;
    }
}
