/* SPDX-License-Identifier: Apache-2.0 */
#include "server/known.h"

#include <stddef.h>

static uint64_t hash_of(const struct skeym_known *known, const struct skeym_source *host)
{
    uint64_t hash = skeym_source_hash(host, known->key);
    return hash ? hash : 1;
}

static size_t set_of(uint64_t hash)
{
    return (size_t)(hash >> 32) % SKEYM_KNOWN_SETS;
}

void skeym_known_add(struct skeym_known *known, const struct skeym_source *host, uint64_t now_ms)
{
    uint64_t hash = hash_of(known, host);
    size_t set = set_of(hash);
    size_t place = 0;
    if (host->family == 0) {
        return;
    }
    for (size_t i = 0; i < SKEYM_KNOWN_WAYS; i++) {
        if (known->at[set][i].host == hash) {
            place = i;
            break;
        }
        if (known->at[set][i].at_ms < known->at[set][place].at_ms) {
            place = i;
        }
    }
    known->at[set][place].host = hash;
    known->at[set][place].at_ms = now_ms;
}

bool skeym_known_has(const struct skeym_known *known, const struct skeym_source *host,
                     uint64_t now_ms)
{
    uint64_t hash = hash_of(known, host);
    size_t set = set_of(hash);
    for (size_t i = 0; i < SKEYM_KNOWN_WAYS; i++) {
        if (known->at[set][i].host == hash) {
            uint64_t at_ms = known->at[set][i].at_ms;
            return now_ms < at_ms || now_ms - at_ms < SKEYM_KNOWN_MS;
        }
    }
    return false;
}
