/* SPDX-License-Identifier: Apache-2.0 */
#include "server/source.h"

#include <arpa/inet.h>
#include <skeym/span.h>
#include <stdio.h>
#include <string.h>

/* sockaddr of unknown alignment and type: copied, never cast. */
static struct sockaddr_in as_v4(const void *address)
{
    struct sockaddr_in v4;
    memcpy(&v4, address, sizeof v4);
    return v4;
}

static struct sockaddr_in6 as_v6(const void *address)
{
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    return v6;
}

struct skeym_source skeym_source_host(const struct sockaddr *address)
{
    struct skeym_source source = {0};
    if (address && address->sa_family == AF_INET) {
        struct sockaddr_in v4 = as_v4(address);
        source.family = 4;
        memcpy(source.prefix, &v4.sin_addr, 4);
    } else if (address && address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6 = as_v6(address);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            source.family = 4;
            memcpy(source.prefix, v6.sin6_addr.s6_addr + 12, 4);
        } else {
            source.family = 6;
            memcpy(source.prefix, v6.sin6_addr.s6_addr, 8);
        }
    }
    return source;
}

struct skeym_source skeym_source(const struct sockaddr *address)
{
    struct skeym_source source = skeym_source_host(address);
    if (source.family == 4) {
        source.prefix[3] = 0;
    }
    return source;
}

bool skeym_source_equal(const struct skeym_source *a, const struct skeym_source *b)
{
    return a->family == b->family && skeym_span_equal(skeym_span(a->prefix, sizeof a->prefix),
                                                      skeym_span(b->prefix, sizeof b->prefix));
}

uint64_t skeym_source_hash(const struct skeym_source *source, const uint64_t key[2])
{
    uint64_t x;
    memcpy(&x, source->prefix, sizeof x);
    x ^= key[0] ^ source->family;
    for (int i = 0; i < 3; i++) {
        x *= key[1] | 1;
        x ^= x >> 29;
        x *= UINT64_C(0x9e3779b97f4a7c15);
        x ^= x >> 32;
    }
    return x;
}

void skeym_source_print(char out[SKEYM_SOURCE_TEXT_BYTES], const struct skeym_source *source)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (source->family == 4) {
        uint8_t bytes[4] = {0};
        memcpy(bytes, source->prefix, 3);
        (void)inet_ntop(AF_INET, bytes, text, sizeof text);
        (void)snprintf(out, SKEYM_SOURCE_TEXT_BYTES, "%.40s/24", text);
    } else if (source->family == 6) {
        uint8_t bytes[16] = {0};
        memcpy(bytes, source->prefix, 8);
        (void)inet_ntop(AF_INET6, bytes, text, sizeof text);
        (void)snprintf(out, SKEYM_SOURCE_TEXT_BYTES, "%.40s/64", text);
    } else {
        (void)snprintf(out, SKEYM_SOURCE_TEXT_BYTES, "unknown");
    }
}

/* 1 to 5 digits, nothing else, at most 65535. */
static bool parse_port(uint16_t *port, const char *text)
{
    unsigned long value = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0') {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        value = value * 10 + (unsigned long)(text[i] - '0');
    }
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

bool skeym_source_parse(struct sockaddr_storage *out, const char *text)
{
    char host[INET6_ADDRSTRLEN] = "";
    bool v6 = text[0] == '[';
    const char *start = v6 ? text + 1 : text;
    const char *end = v6 ? strstr(text, "]:") : strchr(text, ':');
    uint16_t port = 0;
    memset(out, 0, sizeof *out);
    if (!end || (size_t)(end - start) >= sizeof host || !parse_port(&port, end + (v6 ? 2 : 1))) {
        return false;
    }
    memcpy(host, start, (size_t)(end - start));
    if (v6) {
        struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        bool good = inet_pton(AF_INET6, host, &address.sin6_addr) == 1;
        memcpy(out, &address, sizeof address);
        return good;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    bool good = inet_pton(AF_INET, host, &address.sin_addr) == 1;
    memcpy(out, &address, sizeof address);
    return good;
}

uint16_t skeym_source_port(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET6 ? as_v6(address).sin6_port
                                                : as_v4(address).sin_port);
}

void skeym_source_address(char out[SKEYM_SOURCE_TEXT_BYTES + 16],
                          const struct sockaddr_storage *address)
{
    char host[INET6_ADDRSTRLEN] = "";
    bool v6 = address->ss_family == AF_INET6;
    if (v6) {
        struct sockaddr_in6 bytes = as_v6(address);
        (void)inet_ntop(AF_INET6, &bytes.sin6_addr, host, sizeof host);
    } else {
        struct sockaddr_in bytes = as_v4(address);
        (void)inet_ntop(AF_INET, &bytes.sin_addr, host, sizeof host);
    }
    (void)snprintf(out, SKEYM_SOURCE_TEXT_BYTES + 16, v6 ? "[%s]:%u" : "%s:%u", host,
                   (unsigned)skeym_source_port(address));
}

bool skeym_source_wildcard(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return v4.sin_addr.s_addr == htonl(INADDR_ANY);
    }
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    return address->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr);
}

bool skeym_source_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 v6 = as_v6(address);
        return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0;
    }
    return address->ss_family == AF_INET && ntohl(as_v4(address).sin_addr.s_addr) >> 24 == 127;
}
