/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts from which a request was admitted of late: who floods without a credential cannot become
 * one of them. Their logins and connections come before those of strangers (rate.h). A table of
 * fixed size, of keyed hashes, not addresses; the one that was seen longest ago makes room. One
 * thread at a time.
 */
#ifndef SKEYM_SERVER_KNOWN_H
#define SKEYM_SERVER_KNOWN_H

#include "server/source.h"

#define SKEYM_KNOWN_SETS 2048
#define SKEYM_KNOWN_WAYS 4
#define SKEYM_KNOWN_MS   UINT64_C(86400000) /* as long as the longest session */

/* All zeros but for the key is an empty one. */
struct skeym_known {
    uint64_t key[2]; /* random */
    struct {
        uint64_t host; /* its hash; 0: none */
        uint64_t at_ms;
    } at[SKEYM_KNOWN_SETS][SKEYM_KNOWN_WAYS];
};

/* now_ms: of a monotonic clock. A host of unknown family is never known. */
void skeym_known_add(struct skeym_known *known, const struct skeym_source *host, uint64_t now_ms);
bool skeym_known_has(const struct skeym_known *known, const struct skeym_source *host,
                     uint64_t now_ms);

#endif
