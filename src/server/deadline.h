/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a connection must have got on. The HTTP library's own timeout starts anew with every byte,
 * so a peer that drips bytes could stay forever; here each phase has an end of its own. And its
 * edge-triggered poll misses a peer's end that comes along with the last bytes: who is gone before
 * a request is whole is found here.
 */
#ifndef SKEYM_SERVER_DEADLINE_H
#define SKEYM_SERVER_DEADLINE_H

#include "server/peers.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define SKEYM_DEADLINE_NONE UINT64_MAX

enum skeym_deadline_phase {
    SKEYM_DEADLINE_READING, /* a request is awaited, or on its way here */
    SKEYM_DEADLINE_WORKING, /* it is whole */
    SKEYM_DEADLINE_SENDING
};

/* One connection; lives from its opening to its closing. */
struct skeym_deadline {
    struct skeym_deadline *next, *previous;
    int fd;
    _Atomic int phase;
    _Atomic uint64_t since_ms, at_ms; /* of the monotonic clock */
    _Atomic bool gone;                /* so it looked at the last cut */
    struct skeym_source source;
    struct skeym_source host; /* forgotten with the connection */
    struct skeym_peer *peer;
};

struct skeym_deadlines {
    pthread_mutex_t lock;
    struct skeym_deadline *first;
    size_t count;
};

void skeym_deadline_init(struct skeym_deadlines *list);
void skeym_deadline_add(struct skeym_deadlines *list, struct skeym_deadline *entry);
/* Before its descriptor is closed. */
void skeym_deadline_remove(struct skeym_deadlines *list, struct skeym_deadline *entry);
/* A phase begins now, and must be over at at_ms. */
void skeym_deadline_set(struct skeym_deadline *entry, enum skeym_deadline_phase phase,
                        uint64_t now_ms, uint64_t at_ms);
/* Shuts down the sockets that are late, and those whose peer had closed already at the last cut
 * with a request not whole. Their owner sees the end and closes them. Each second. */
struct skeym_deadline_cuts {
    size_t late, gone;
};
struct skeym_deadline_cuts skeym_deadline_cut(struct skeym_deadlines *list, uint64_t now_ms);
size_t skeym_deadline_count(struct skeym_deadlines *list);
/* For how long the slowest whole request has been worked on. */
uint64_t skeym_deadline_oldest(struct skeym_deadlines *list, uint64_t now_ms);

#endif
