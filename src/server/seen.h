/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When nodes were seen of late: a table of fixed size, gone at a restart. It is for people to look
 * at; nothing is decided by it. Only authentic ids come in, so no stranger can fill it; where more
 * nodes come than it holds, the one seen longest ago makes room. Any number of threads at once.
 */
#ifndef SKEYM_SERVER_SEEN_H
#define SKEYM_SERVER_SEEN_H

#include <skeym/claims.h>
#include <skeym/error.h>

#define SKEYM_SEEN_SETS 1024
#define SKEYM_SEEN_WAYS 8

enum skeym_seen_what { SKEYM_SEEN_REQUEST, SKEYM_SEEN_LOGIN, SKEYM_SEEN_REFUSED };

/* Times in ms, 0: not since the start. */
struct skeym_sight {
    uint64_t request_ms; /* last request that was admitted */
    uint64_t login_ms;
    uint64_t refused; /* requests with a token of its, and logins, that were not; from whomever */
};

struct skeym_seen; /* malloc'ed */

/* Errors: SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_seen_open(struct skeym_seen **out);
/* NULL is fine. */
void skeym_seen_close(struct skeym_seen *seen);

/* An empty id is nobody's. seen may be NULL. */
void skeym_seen_note(struct skeym_seen *seen, const struct skeym_name *id,
                     enum skeym_seen_what what, uint64_t now_ms);
/* All zero for one that is not there. */
struct skeym_sight skeym_seen_of(struct skeym_seen *seen, const struct skeym_name *id);

#endif
