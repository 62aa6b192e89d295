/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics and /healthz on a loopback listener of their own: no keys, no readings, no names. */
#ifndef SKEYM_SERVER_MONITOR_H
#define SKEYM_SERVER_MONITOR_H

#include "server/service.h"

struct skeym_monitor; /* malloc'ed */

/* Takes over the socket. Errors: SKEYM_ERR_MEMORY, SKEYM_ERR_IO, the store's. */
SKEYM_MUST_USE enum skeym_error skeym_monitor_start(struct skeym_monitor **out,
                                                    struct skeym_service *service, int fd);
/* Before the store is closed. NULL is fine. */
void skeym_monitor_stop(struct skeym_monitor *monitor);

#endif
