/* SPDX-License-Identifier: Apache-2.0 */
#include "server/seen.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { LOCKS = 64 };

struct entry {
    struct skeym_name id; /* empty: free */
    struct skeym_sight sight;
};

/* Tags and times first, on two cache lines, so that one entry is looked at and not all. */
struct set {
    uint32_t tag[SKEYM_SEEN_WAYS]; /* of the id's hash */
    uint64_t at_ms[SKEYM_SEEN_WAYS];
    struct entry at[SKEYM_SEEN_WAYS];
};

struct skeym_seen {
    pthread_mutex_t lock[LOCKS]; /* of every LOCKS-th set */
    struct set set[SKEYM_SEEN_SETS];
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
static uint32_t hash_of(const struct skeym_name *id)
{
    uint32_t hash = UINT32_C(2166136261);
    for (size_t i = 0; i < id->size; i++) {
        hash = (hash ^ id->text[i]) * UINT32_C(16777619);
    }
    return hash;
}

static size_t set_of(uint32_t hash)
{
    return (hash ^ hash >> 16) % SKEYM_SEEN_SETS;
}

/* Its place in the set; SKEYM_SEEN_WAYS: none. Under the lock, as the next. */
static size_t find(const struct set *set, const struct skeym_name *id, uint32_t hash)
{
    size_t way = 0;
    while (way < SKEYM_SEEN_WAYS &&
           !(set->tag[way] == hash &&
             skeym_span_equal(skeym_name_span(&set->at[way].id), skeym_name_span(id)))) {
        way++;
    }
    return way;
}

/* A place for a new one: the one seen longest ago makes room. */
static size_t make_room(struct set *set, const struct skeym_name *id, uint32_t hash)
{
    size_t oldest = 0;
    for (size_t way = 1; way < SKEYM_SEEN_WAYS; way++) {
        if (set->at_ms[way] < set->at_ms[oldest]) {
            oldest = way;
        }
    }
    set->tag[oldest] = hash;
    set->at[oldest] = (struct entry){.id = *id};
    return oldest;
}

void skeym_seen_note(struct skeym_seen *seen, const struct skeym_name *id,
                     enum skeym_seen_what what, uint64_t now_ms)
{
    if (!seen || id->size == 0) {
        return;
    }
    uint32_t hash = hash_of(id);
    size_t place = set_of(hash);
    struct set *set = &seen->set[place];
    (void)pthread_mutex_lock(&seen->lock[place % LOCKS]);
    size_t way = find(set, id, hash);
    way = way < SKEYM_SEEN_WAYS ? way : make_room(set, id, hash);
    struct skeym_sight *sight = &set->at[way].sight;
    set->at_ms[way] = now_ms;
    if (what == SKEYM_SEEN_REQUEST) {
        sight->request_ms = now_ms;
    } else if (what == SKEYM_SEEN_LOGIN) {
        sight->login_ms = now_ms;
    } else {
        sight->refused++;
    }
    (void)pthread_mutex_unlock(&seen->lock[place % LOCKS]);
}

struct skeym_sight skeym_seen_of(struct skeym_seen *seen, const struct skeym_name *id)
{
    struct skeym_sight sight = {0};
    uint32_t hash = hash_of(id);
    size_t place = set_of(hash);
    (void)pthread_mutex_lock(&seen->lock[place % LOCKS]);
    size_t way = id->size ? find(&seen->set[place], id, hash) : SKEYM_SEEN_WAYS;
    if (way < SKEYM_SEEN_WAYS) {
        sight = seen->set[place].at[way].sight;
    }
    (void)pthread_mutex_unlock(&seen->lock[place % LOCKS]);
    return sight;
}
