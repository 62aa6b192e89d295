/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a connection must have got on. The HTTP library's own timeout starts anew with every byte,
 * so a peer that drips bytes could stay forever; here each phase has an end of its own.
 */
#ifndef SKEYM_SERVER_DEADLINE_H
#define SKEYM_SERVER_DEADLINE_H

#include "server/source.h"
#include <pthread.h>
#include <stdatomic.h>

#define SKEYM_DEADLINE_NONE UINT64_MAX

/* One connection; lives from its opening to its closing. */
struct skeym_deadline {
    struct skeym_deadline *next, *previous;
    int fd;
    _Atomic uint64_t at_ms; /* of the monotonic clock */
    struct skeym_source source;
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
void skeym_deadline_set(struct skeym_deadline *entry, uint64_t at_ms);
/* Shuts down the sockets that are late. Their owner sees the end and closes them. Returns how many.
 */
size_t skeym_deadline_cut(struct skeym_deadlines *list, uint64_t now_ms);
size_t skeym_deadline_count(struct skeym_deadlines *list);

#endif
