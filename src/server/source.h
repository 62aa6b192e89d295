/* SPDX-License-Identifier: Apache-2.0 */
/* Where a request comes from, as far as the server keeps it: a /24 or /64 prefix. */
#ifndef SKEYM_SERVER_SOURCE_H
#define SKEYM_SERVER_SOURCE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define SKEYM_SOURCE_TEXT_BYTES 48

struct skeym_source {
    uint8_t family; /* 4, 6, or 0: unknown */
    uint8_t prefix[8];
};

/* IPv4 in IPv6 counts as IPv4. address may be NULL. */
struct skeym_source skeym_source(const struct sockaddr *address);
/* The same with the whole IPv4 address, to tell hosts apart; never kept, never printed. */
struct skeym_source skeym_source_host(const struct sockaddr *address);
bool skeym_source_equal(const struct skeym_source *a, const struct skeym_source *b);
/* Its place in a table. Not a PRF: what it maps to must never show. */
uint64_t skeym_source_hash(const struct skeym_source *source, const uint64_t key[2]);
/* "192.0.2.0/24"; NUL-terminated. */
void skeym_source_print(char out[SKEYM_SOURCE_TEXT_BYTES], const struct skeym_source *source);

/* "192.0.2.1:443" and "[2001:db8::1]:443" to an address and back; numbers only, no names. */
bool skeym_source_parse(struct sockaddr_storage *out, const char *text);
void skeym_source_address(char out[SKEYM_SOURCE_TEXT_BYTES + 16],
                          const struct sockaddr_storage *address);
bool skeym_source_loopback(const struct sockaddr_storage *address);
/* 0.0.0.0 or [::]: where a server may listen, and nobody can connect to. */
bool skeym_source_wildcard(const struct sockaddr_storage *address);
uint16_t skeym_source_port(const struct sockaddr_storage *address);

#endif
