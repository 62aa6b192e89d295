/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rate.h"

#include "server/known.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Buckets hold thousandths of a turn. */
enum { TURN = 1000 };
/* A host's part of its network's rate, and what tells its bucket from the network's. */
enum { HOST_PART = 4, HOST_MARK = 0x80 };
/* Strangers take of the last so many parts of a second's budget only. */
enum { STRANGERS_PART = 8 };

struct bucket {
    struct skeym_source source;
    uint64_t level;
    uint64_t at_ms; /* when the level was right; 0: never used */
};

struct skeym_rate {
    pthread_mutex_t lock;
    struct skeym_rate_options options;
    int64_t cpu_us; /* left; one attempt may overdraw it */
    uint64_t cpu_at_ms;
    struct skeym_known known;
    struct bucket at[SKEYM_RATE_SETS][SKEYM_RATE_WAYS];
};

enum skeym_error skeym_rate_open(struct skeym_rate **out, const struct skeym_rate_options *options)
{
    *out = calloc(1, sizeof **out);
    if (!*out) {
        return SKEYM_ERR_MEMORY;
    }
    (*out)->options = *options;
    (*out)->known.key[0] = options->key[1]; /* another use of the same random bytes */
    (*out)->known.key[1] = options->key[0];
    (*out)->cpu_us = (int64_t)options->cpu_percent * 10000;
    if (pthread_mutex_init(&(*out)->lock, NULL) != 0) {
        free(*out);
        *out = NULL;
        return SKEYM_ERR_MEMORY;
    }
    return SKEYM_OK;
}

void skeym_rate_close(struct skeym_rate *rate)
{
    if (rate) {
        (void)pthread_mutex_destroy(&rate->lock);
        free(rate);
    }
}

/* A full bucket for a source, when it has none. */
struct size {
    uint64_t per_second;
    uint64_t most;
};

static struct size size_of(const struct skeym_rate *rate, bool host)
{
    uint64_t part = host ? HOST_PART : 1;
    uint64_t per_second = rate->options.per_second / part;
    uint64_t burst = rate->options.burst / part;
    return (struct size){per_second ? per_second : 1, (burst ? burst : 1) * TURN};
}

/* The source's bucket; the one that was idle longest makes room for a new one. */
static struct bucket *find(struct skeym_rate *rate, const struct skeym_source *source,
                           struct size size, uint64_t now_ms)
{
    struct bucket *set = rate->at[skeym_source_hash(source, rate->options.key) % SKEYM_RATE_SETS];
    struct bucket *oldest = set;
    for (int i = 0; i < SKEYM_RATE_WAYS; i++) {
        if (set[i].at_ms && skeym_source_equal(&set[i].source, source)) {
            return &set[i];
        }
        if (set[i].at_ms < oldest->at_ms) {
            oldest = &set[i];
        }
    }
    *oldest = (struct bucket){.source = *source, .level = size.most, .at_ms = now_ms ? now_ms : 1};
    return oldest;
}

static void refill_cpu(struct skeym_rate *rate, uint64_t now_ms)
{
    int64_t most = (int64_t)rate->options.cpu_percent * 10000; /* us in a second */
    uint64_t passed = now_ms > rate->cpu_at_ms ? now_ms - rate->cpu_at_ms : 0;
    int64_t gain = passed > 1000 ? most : (int64_t)passed * most / 1000;
    rate->cpu_us = rate->cpu_us > most - gain ? most : rate->cpu_us + gain;
    rate->cpu_at_ms += passed;
}

/* Fills the bucket for the time that passed. Returns the seconds until it has a turn; 0: now. */
static uint32_t refill(struct bucket *bucket, struct size size, uint64_t now_ms)
{
    uint64_t passed = now_ms > bucket->at_ms ? now_ms - bucket->at_ms : 0;
    uint64_t gain = passed > size.most ? size.most : passed * size.per_second;
    bucket->level = gain > size.most - bucket->level ? size.most : bucket->level + gain;
    bucket->at_ms += passed;
    if (bucket->level >= TURN) {
        return 0;
    }
    uint64_t a_second = size.per_second * TURN;
    return (uint32_t)((TURN - bucket->level + a_second - 1) / a_second); /* 1 at least */
}

/* 0, or the seconds after which there is some of the common budget. */
static uint32_t wait_for_cpu(struct skeym_rate *rate, bool known, uint64_t now_ms)
{
    int64_t most = (int64_t)rate->options.cpu_percent * 10000;
    refill_cpu(rate, now_ms);
    return rate->cpu_us <= (known ? 0 : most - most / STRANGERS_PART);
}

/* The host first: what it may not do costs its network nothing. Known ones of IPv6 have but their
 * network's bucket, which is theirs alone. */
static uint32_t take(struct skeym_rate *rate, const struct skeym_source *host,
                     const struct skeym_source *source, uint64_t now_ms)
{
    bool known = skeym_known_has(&rate->known, host, now_ms);
    struct skeym_source key = *host;
    key.family |= HOST_MARK;
    struct bucket *first = NULL;
    struct bucket *second = NULL;
    uint32_t wait_s = 0;
    if (host->family == 4) {
        first = find(rate, &key, size_of(rate, true), now_ms);
        wait_s = refill(first, size_of(rate, true), now_ms);
    }
    if (!wait_s && !(first && known)) {
        second = find(rate, source, size_of(rate, false), now_ms);
        wait_s = refill(second, size_of(rate, false), now_ms);
    }
    if (!wait_s) {
        wait_s = wait_for_cpu(rate, known, now_ms);
    }
    if (wait_s) {
        return wait_s;
    }
    if (second) {
        second->level -= TURN;
    }
    if (first && first != second) { /* the same: the network's has just pushed the host's out */
        first->level -= TURN;
    }
    return 0;
}

uint32_t skeym_rate_take(struct skeym_rate *rate, const struct skeym_source *host,
                         const struct skeym_source *source, uint64_t now_ms)
{
    (void)pthread_mutex_lock(&rate->lock);
    uint32_t wait_s = take(rate, host, source, now_ms);
    (void)pthread_mutex_unlock(&rate->lock);
    return wait_s;
}

void skeym_rate_welcome(struct skeym_rate *rate, const struct skeym_source *host, uint64_t now_ms)
{
    (void)pthread_mutex_lock(&rate->lock);
    skeym_known_add(&rate->known, host, now_ms);
    (void)pthread_mutex_unlock(&rate->lock);
}

bool skeym_rate_knows(struct skeym_rate *rate, const struct skeym_source *host, uint64_t now_ms)
{
    (void)pthread_mutex_lock(&rate->lock);
    bool known = skeym_known_has(&rate->known, host, now_ms);
    (void)pthread_mutex_unlock(&rate->lock);
    return known;
}

void skeym_rate_spent(struct skeym_rate *rate, uint64_t cpu_us)
{
    (void)pthread_mutex_lock(&rate->lock);
    rate->cpu_us -= (int64_t)(cpu_us > 1000000 ? 1000000 : cpu_us);
    (void)pthread_mutex_unlock(&rate->lock);
}
