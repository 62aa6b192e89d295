/* SPDX-License-Identifier: Apache-2.0 */
/* Where load goes, and from where: numbers and "localhost" alone, no names are asked for. */
#ifndef SKEYM_LOAD_TARGET_H
#define SKEYM_LOAD_TARGET_H

#include <netinet/in.h>
#include <skeym/span.h>
#include <stdbool.h>

#define SKEYM_LOAD_HOST_BYTES 72
#define SKEYM_LOAD_PATH_BYTES 1024

struct skeym_load_target {
    struct sockaddr_in address;
    bool tls;                         /* https */
    char host[SKEYM_LOAD_HOST_BYTES]; /* "127.0.0.1:8420", for the Host field */
    char path[SKEYM_LOAD_PATH_BYTES]; /* "/" when there is none */
};

/* "http://127.0.0.1:8420/path?query", or https. Errors: SKEYM_ERR_UNSUPPORTED (another scheme, a
 * name, IPv6), SKEYM_ERR_SHAPE, SKEYM_ERR_RANGE (port), SKEYM_ERR_SIZE, SKEYM_ERR_CHARSET. */
SKEYM_MUST_USE enum skeym_error skeym_load_target_parse(struct skeym_load_target *out,
                                                        const char *url);
bool skeym_load_target_loopback(const struct skeym_load_target *target);

/* Source addresses, for servers that count by address: those of a prefix in turn, without its first
 * and its last. */
struct skeym_load_from {
    uint32_t first; /* host's byte order */
    uint32_t count; /* 0: the system chooses */
};
/* "127.0.1.0/24", "127.0.1.7" (that one alone). Prefixes of 8 to 30 bits, and inside of 127.0.0.0/8
 * only: no other addresses are ours to use. Errors: SKEYM_ERR_SHAPE, SKEYM_ERR_RANGE. */
SKEYM_MUST_USE enum skeym_error skeym_load_target_from(struct skeym_load_from *out,
                                                       const char *text);
/* The address of connection number i. When there are more addresses than connections, they are
 * spread over the whole prefix. */
uint32_t skeym_load_target_pick(const struct skeym_load_from *from, size_t i, size_t connections);

#endif
