/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many connections each host has. A host is an IPv4 address, or a /64 of IPv6: the least that
 * one machine is given, which has as many addresses as it likes. Any number of threads at once.
 */
#ifndef SKEYM_SERVER_PEERS_H
#define SKEYM_SERVER_PEERS_H

#include "server/source.h"
#include <skeym/error.h>

struct skeym_peers; /* malloc'ed */
struct skeym_peer;  /* one host; lives as long as a connection of it */

/* connections: in all, about; most: of one host. Errors: SKEYM_ERR_MEMORY, SKEYM_ERR_RANDOM. */
SKEYM_MUST_USE enum skeym_error skeym_peers_open(struct skeym_peers **out, uint64_t connections,
                                                 uint64_t most);
/* When all have left. NULL is fine. */
void skeym_peers_close(struct skeym_peers *peers);

/* false: it has as many as it may. Nothing is counted. */
bool skeym_peers_room(struct skeym_peers *peers, const struct sockaddr *address);
/* Counts one connection; NULL when the host has too many, or memory is out. address may be NULL:
 * all such are one host. */
struct skeym_peer *skeym_peers_enter(struct skeym_peers *peers, const struct sockaddr *address);
void skeym_peers_leave(struct skeym_peers *peers, struct skeym_peer *peer);

#endif
