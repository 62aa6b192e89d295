/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_target.h"

#include <arpa/inet.h>
#include <string.h>

static const struct {
    const char *text;
    uint16_t port;
    bool tls;
} schemes[] = {{"http://", 80, false}, {"https://", 443, true}};

/* Digits only; `most` and fewer. false: not a number of that kind. */
static bool read_number(uint32_t *out, struct skeym_span text, uint32_t most)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || i == 9) {
            return false;
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    *out = (uint32_t)value;
    return text.size > 0 && value <= most;
}

static bool read_address(struct in_addr *out, struct skeym_span text)
{
    char copy[INET_ADDRSTRLEN] = "";
    if (text.size == 0 || text.size >= sizeof copy) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    return inet_pton(AF_INET, copy, out) == 1;
}

/* The part before the first of these characters, or all of it. */
static struct skeym_span before(struct skeym_span text, const char *stops)
{
    size_t size = 0;
    while (size < text.size && !strchr(stops, text.data[size])) {
        size++;
    }
    return skeym_span_part(text, 0, size);
}

static enum skeym_error read_authority(struct skeym_load_target *out, struct skeym_span text,
                                       uint32_t port)
{
    struct skeym_span host = before(text, ":");
    out->address.sin_family = AF_INET;
    if (text.size > host.size &&
        !read_number(&port, skeym_span_part(text, host.size + 1, text.size), UINT16_MAX)) {
        return SKEYM_ERR_RANGE;
    }
    if (port == 0) {
        return SKEYM_ERR_RANGE;
    }
    out->address.sin_port = htons((uint16_t)port);
    if (skeym_span_is(host, "localhost")) {
        out->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else if (!read_address(&out->address.sin_addr, host)) {
        return SKEYM_ERR_UNSUPPORTED;
    }
    if (text.size >= sizeof out->host) {
        return SKEYM_ERR_SIZE;
    }
    memcpy(out->host, text.data, text.size);
    return SKEYM_OK;
}

enum skeym_error skeym_load_target_parse(struct skeym_load_target *out, const char *url)
{
    struct skeym_span text = skeym_span_text(url);
    *out = (struct skeym_load_target){0};
    size_t scheme = 0;
    while (scheme < sizeof schemes / sizeof schemes[0] &&
           !skeym_span_starts(text, schemes[scheme].text)) {
        scheme++;
    }
    if (scheme == sizeof schemes / sizeof schemes[0]) {
        return SKEYM_ERR_UNSUPPORTED;
    }
    text = skeym_span_part(text, strlen(schemes[scheme].text), text.size);
    out->tls = schemes[scheme].tls;
    struct skeym_span authority = before(text, "/?#");
    struct skeym_span path = skeym_span_part(text, authority.size, text.size);
    enum skeym_error error =
        authority.size ? read_authority(out, authority, schemes[scheme].port) : SKEYM_ERR_SHAPE;
    if (!error && path.size >= sizeof out->path) {
        error = SKEYM_ERR_SIZE;
    }
    if (!error && path.size && path.data[0] != '/') {
        error = SKEYM_ERR_SHAPE;
    }
    for (size_t i = 0; i < path.size && !error; i++) {
        if (path.data[i] <= 0x20 || path.data[i] > 0x7e || path.data[i] == '#') {
            error = SKEYM_ERR_CHARSET;
        }
    }
    if (error) {
        *out = (struct skeym_load_target){0};
        return error;
    }
    memcpy(out->path, path.size ? path.data : (const uint8_t *)"/", path.size ? path.size : 1);
    return SKEYM_OK;
}

bool skeym_load_target_loopback(const struct skeym_load_target *target)
{
    return ntohl(target->address.sin_addr.s_addr) >> 24 == 127;
}

enum skeym_error skeym_load_target_from(struct skeym_load_from *out, const char *text)
{
    struct skeym_span whole = skeym_span_text(text);
    struct skeym_span part = before(whole, "/");
    struct in_addr address;
    uint32_t bits = 32;
    *out = (struct skeym_load_from){0};
    if (!read_address(&address, part) ||
        (part.size < whole.size &&
         !read_number(&bits, skeym_span_part(whole, part.size + 1, whole.size), 30))) {
        return SKEYM_ERR_SHAPE;
    }
    uint32_t first = ntohl(address.s_addr);
    if (first >> 24 != 127 || bits < 8) {
        return SKEYM_ERR_RANGE;
    }
    if (bits == 32) {
        *out = (struct skeym_load_from){first, 1};
        return SKEYM_OK;
    }
    uint32_t size = UINT32_C(1) << (32 - bits);
    *out = (struct skeym_load_from){(first & ~(size - 1)) + 1, size - 2};
    return SKEYM_OK;
}

uint32_t skeym_load_target_pick(const struct skeym_load_from *from, size_t i, size_t connections)
{
    size_t stride = connections && from->count > connections ? from->count / connections : 1;
    return from->count ? from->first + (uint32_t)(i * stride % from->count) : 0;
}
