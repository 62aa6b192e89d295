/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often who may try to log in: a token bucket per source prefix in a table of fixed size, one
 * of a quarter of it per host, so that one host does not use up its whole network's, and a budget
 * of CPU time for all together. Time is an argument; the keyed place of a source keeps strangers
 * from choosing whom they push out. A source that was pushed out starts with a full bucket: the
 * common budget is what holds then.
 *
 * Known hosts (known.h) come first: their logins do not draw on their network's bucket, which
 * others in it may have emptied, and of the common budget strangers may only ever take what came in
 * the last eighth of a second, so that there is some left. A flood of strangers, from wherever,
 * then does not lock out who was here before. Any number of threads at once.
 */
#ifndef SKEYM_SERVER_RATE_H
#define SKEYM_SERVER_RATE_H

#include "server/source.h"
#include <skeym/span.h>

#define SKEYM_RATE_SETS 1024
#define SKEYM_RATE_WAYS 4

struct skeym_rate_options {
    uint32_t per_second;  /* of one source */
    uint32_t burst;       /* at once */
    uint32_t cpu_percent; /* of one core, for all sources */
    uint64_t key[2];      /* random */
};

struct skeym_rate; /* malloc'ed */
SKEYM_MUST_USE enum skeym_error skeym_rate_open(struct skeym_rate **out,
                                                const struct skeym_rate_options *options);
void skeym_rate_close(struct skeym_rate *rate);

/* Takes one turn, of the host (skeym_source_host) and of its network (skeym_source), which are one
 * for IPv6. Returns 0, or after how many seconds (1 at least) to try again. now_ms: of a monotonic
 * clock. */
uint32_t skeym_rate_take(struct skeym_rate *rate, const struct skeym_source *host,
                         const struct skeym_source *source, uint64_t now_ms);
/* A request from there was admitted: the host is known from now on. */
void skeym_rate_welcome(struct skeym_rate *rate, const struct skeym_source *host, uint64_t now_ms);
bool skeym_rate_knows(struct skeym_rate *rate, const struct skeym_source *host, uint64_t now_ms);
/* Charges what an attempt has cost. */
void skeym_rate_spent(struct skeym_rate *rate, uint64_t cpu_us);

#endif
