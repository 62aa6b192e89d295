/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last security events, in memory: what the log is told of, so that a flood fills but a
 * sample of itself, and strangers but their own half. Gone at a restart; nothing rests on it. Any
 * number of threads at once.
 */
#ifndef SKEYM_SERVER_TRAIL_H
#define SKEYM_SERVER_TRAIL_H

#include "server/incident.h"

#define SKEYM_TRAIL_STRANGERS 2048
#define SKEYM_TRAIL_NAMED     1024
#define SKEYM_TRAIL_OWN       1024 /* of nodes that have shown their keys, and of the server */
#define SKEYM_TRAIL_ROOM      (SKEYM_TRAIL_STRANGERS + SKEYM_TRAIL_NAMED + SKEYM_TRAIL_OWN)

struct skeym_trail; /* malloc'ed */

/* Errors: SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_trail_open(struct skeym_trail **out);
/* NULL is fine. */
void skeym_trail_close(struct skeym_trail *trail);

/* When it was opened, in ms: tells its numbers from those of another run. */
uint64_t skeym_trail_series(const struct skeym_trail *trail);

/* A skeym_log_watcher; arg: the trail. */
void skeym_trail_note(void *arg, const struct skeym_log_line *line);
/* All there are, in no order, at most SKEYM_TRAIL_ROOM. */
size_t skeym_trail_copy(struct skeym_trail *trail, struct skeym_incident out[SKEYM_TRAIL_ROOM]);

#endif
