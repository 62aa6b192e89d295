/* SPDX-License-Identifier: Apache-2.0 */
#include "server/seen.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { LOCKS = 64 };

struct entry {
    struct skeym_name id; /* empty: free */
    uint64_t at_ms;
    struct skeym_sight sight;
};

struct skeym_seen {
    pthread_mutex_t lock[LOCKS]; /* of every LOCKS-th set */
    struct entry at[SKEYM_SEEN_SETS][SKEYM_SEEN_WAYS];
};

enum skeym_error skeym_seen_open(struct skeym_seen **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out) {
        return SKEYM_ERR_MEMORY;
    }
    for (size_t i = 0; i < LOCKS; i++) {
        (void)pthread_mutex_init(&(*out)->lock[i], NULL);
    }
    return SKEYM_OK;
}

void skeym_seen_close(struct skeym_seen *seen)
{
    for (size_t i = 0; seen && i < LOCKS; i++) {
        (void)pthread_mutex_destroy(&seen->lock[i]);
    }
    free(seen);
}

/* FNV-1a: the authority gave out the ids, nobody picks them to collide. */
static size_t set_of(const struct skeym_name *id)
{
    uint32_t hash = UINT32_C(2166136261);
    for (size_t i = 0; i < id->size; i++) {
        hash = (hash ^ id->text[i]) * UINT32_C(16777619);
    }
    return (hash ^ hash >> 16) % SKEYM_SEEN_SETS;
}

static bool same(const struct skeym_name *a, const struct skeym_name *b)
{
    return skeym_span_equal(skeym_name_span(a), skeym_name_span(b));
}

/* Its entry, or the one that makes room for it. Under the lock. */
static struct entry *place(struct entry *set, const struct skeym_name *id)
{
    struct entry *oldest = &set[0];
    for (size_t i = 0; i < SKEYM_SEEN_WAYS; i++) {
        if (same(&set[i].id, id)) {
            return &set[i];
        }
        if (set[i].at_ms < oldest->at_ms) {
            oldest = &set[i];
        }
    }
    *oldest = (struct entry){.id = *id};
    return oldest;
}

void skeym_seen_note(struct skeym_seen *seen, const struct skeym_name *id,
                     enum skeym_seen_what what, uint64_t now_ms)
{
    if (!seen || id->size == 0) {
        return;
    }
    size_t set = set_of(id);
    (void)pthread_mutex_lock(&seen->lock[set % LOCKS]);
    struct entry *entry = place(seen->at[set], id);
    entry->at_ms = now_ms;
    if (what == SKEYM_SEEN_REQUEST) {
        entry->sight.request_ms = now_ms;
    } else if (what == SKEYM_SEEN_LOGIN) {
        entry->sight.login_ms = now_ms;
    } else {
        entry->sight.refused++;
    }
    (void)pthread_mutex_unlock(&seen->lock[set % LOCKS]);
}

struct skeym_sight skeym_seen_of(struct skeym_seen *seen, const struct skeym_name *id)
{
    struct skeym_sight sight = {0};
    size_t set = set_of(id);
    (void)pthread_mutex_lock(&seen->lock[set % LOCKS]);
    for (size_t i = 0; id->size && i < SKEYM_SEEN_WAYS; i++) {
        if (same(&seen->at[set][i].id, id)) {
            sight = seen->at[set][i].sight;
        }
    }
    (void)pthread_mutex_unlock(&seen->lock[set % LOCKS]);
    return sight;
}
