/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that looks each second: used-before table, late connections, the wall clock; for
 * connections whose peer has gone more often, while others wait for their places. It never waits
 * for a file, so that nothing can keep it. */
#ifndef SKEYM_SERVER_WATCH_H
#define SKEYM_SERVER_WATCH_H

#include "server/service.h"

struct skeym_watch {
    struct skeym_service *service;
    pthread_t thread;
    uint64_t refused; /* connections, when it looked last */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};

/* Errors: SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_watch_start(struct skeym_watch *watch,
                                                  struct skeym_service *service);
void skeym_watch_stop(struct skeym_watch *watch);

#endif
