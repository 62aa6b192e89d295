/* SPDX-License-Identifier: Apache-2.0 */
/* Kept, pipelined connections to a server on loopback: requests go into a buffer, then all out. */
#ifndef SKEYM_FORGE_WIRE_H
#define SKEYM_FORGE_WIRE_H

#include "forge/forge.h"
#include "load/load_answer.h"

#define WIRE_CONNECTIONS 8
#define WIRE_DEPTH       16 /* requests of one connection under way, and a few good ones */
#define WIRE_MOST        (WIRE_DEPTH + 32)

struct wire_connection {
    int fd; /* 0: none */
    size_t out_size, in_size, in_at;
    uint8_t out[WIRE_MOST * 3072];
    uint8_t in[1 << 18];
    size_t count;
    int who[WIRE_MOST]; /* the maker of each request under way */
};

/* Anew, whatever was before. */
void wire_open(struct wire_connection *connection, uint16_t port);
void wire_add(struct wire_connection *connection, const struct forge_try *attempt, int who);
void wire_login(struct wire_connection *connection, struct skeym_span body);
/* false: the peer has closed it. */
bool wire_flush(struct wire_connection *connection);
/* The next answer; its spans are good until the next call. false: none comes any more. */
bool wire_answer(struct wire_connection *connection, struct skeym_load_answer *answer);
/* The value behind `name` in the metrics' text. */
uint64_t wire_metric(uint16_t port, const char *name);

#endif
