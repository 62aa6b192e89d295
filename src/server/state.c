/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state.h"

#include "crypto/crypto.h"
#include "server/home.h"
#include "server/slot.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* All that is secret, in pages of their own. Two slots: keys are derived into the idle one and then
 * taken into use, since working keys may not be copied. */
struct vault {
    struct skeym_keyring keyring;
    struct skeym_working_keys slot[2];
};

/* Who reads takes the one of its slot, who writes all of them, in their order. */
struct lock {
    pthread_rwlock_t lock;
    uint8_t apart[SKEYM_SLOT_BYTES];
};

struct skeym_state {
    struct lock locks[SKEYM_SLOTS];
    const char *dir;
    struct vault *vault;
    unsigned live; /* slot in use */
    uint32_t epoch_seconds;
    struct skeym_revoked revoked;
    struct skeym_gate gate;
    void *used_memory;
    size_t used_bytes;
};

/* A list that was handed over as read only. */
static void drop(struct skeym_revoked *revoked)
{
    void *memory;
    memcpy(&memory, &revoked->at, sizeof memory);
    free(memory);
}

static void *map(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static enum skeym_error make_lock(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t attributes;
    if (pthread_rwlockattr_init(&attributes) != 0) {
        return SKEYM_ERR_MEMORY;
    }
    /* a stream of requests must not keep a revocation waiting */
    (void)pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    int failed = pthread_rwlock_init(lock, &attributes);
    (void)pthread_rwlockattr_destroy(&attributes);
    return failed ? SKEYM_ERR_MEMORY : SKEYM_OK;
}

static enum skeym_error make_locks(struct skeym_state *state)
{
    for (size_t i = 0; i < SKEYM_SLOTS; i++) {
        enum skeym_error error = make_lock(&state->locks[i].lock);
        if (error) {
            return error;
        }
    }
    return SKEYM_OK;
}

static void lock_all(struct skeym_state *state)
{
    for (size_t i = 0; i < SKEYM_SLOTS; i++) {
        (void)pthread_rwlock_wrlock(&state->locks[i].lock);
    }
}

static void unlock_all(struct skeym_state *state)
{
    for (size_t i = 0; i < SKEYM_SLOTS; i++) {
        (void)pthread_rwlock_unlock(&state->locks[i].lock);
    }
}

static enum skeym_error make_memory(struct skeym_state *state, size_t slots, bool *locked)
{
    state->used_bytes = skeym_used_bytes(slots);
    if (state->used_bytes == 0) {
        return SKEYM_ERR_RANGE;
    }
    state->used_memory = map(state->used_bytes);
    state->vault = map(sizeof *state->vault);
    if (!state->used_memory || !state->vault) {
        return SKEYM_ERR_MEMORY;
    }
    /* a place at random for each token: with small pages each would miss the table of pages, too */
    (void)madvise(state->used_memory, state->used_bytes, MADV_HUGEPAGE);
    bool in_memory = mlock(state->vault, sizeof *state->vault) == 0;
    (void)madvise(state->vault, sizeof *state->vault, MADV_DONTDUMP);
    if (locked) {
        *locked = in_memory;
    }
    state->gate.used = skeym_used_init(state->used_memory, slots);
    return SKEYM_OK;
}

/* Derives vault->keyring into the idle slot and takes it into use, with the new revoked list if one
 * is given (it is taken over). */
static enum skeym_error take_into_use(struct skeym_state *state, struct skeym_revoked *revoked)
{
    struct vault *vault = state->vault;
    unsigned idle = 1 - state->live;
    enum skeym_error error = skeym_keyring_derive(&vault->slot[idle], &vault->keyring);
    uint32_t epoch_seconds = vault->keyring.epoch_seconds;
    skeym_crypto_wipe(&vault->keyring, sizeof vault->keyring);
    if (error) {
        skeym_crypto_wipe(&vault->slot[idle], sizeof vault->slot[idle]);
        return error;
    }
    struct skeym_revoked old = {0};
    lock_all(state);
    state->live = idle;
    state->epoch_seconds = epoch_seconds;
    state->gate.keys = &vault->slot[idle].audience;
    if (revoked) {
        old = state->revoked;
        state->revoked = *revoked;
        *revoked = (struct skeym_revoked){0};
    }
    unlock_all(state);
    skeym_crypto_wipe(&vault->slot[1 - idle], sizeof vault->slot[1 - idle]);
    drop(&old);
    return SKEYM_OK;
}

/* The list alone, which is whole; it is taken over. */
static void refuse_more(struct skeym_state *state, struct skeym_revoked *revoked)
{
    struct skeym_revoked old = state->revoked; /* only this thread changes it */
    lock_all(state);
    state->revoked = *revoked;
    unlock_all(state);
    *revoked = (struct skeym_revoked){0};
    drop(&old);
}

enum skeym_error skeym_state_reload(struct skeym_state *state, uint64_t now_ms)
{
    struct skeym_revoked revoked = {0};
    enum skeym_error error = skeym_home_revoked(&revoked, state->dir);
    if (!error) {
        error = skeym_home_update(&state->vault->keyring, state->dir, now_ms, NULL, NULL);
        if (!error) {
            error = take_into_use(state, &revoked);
        } else {
            refuse_more(state, &revoked);
        }
    }
    skeym_crypto_wipe(&state->vault->keyring, sizeof state->vault->keyring);
    drop(&revoked);
    return error;
}

enum skeym_error skeym_state_open(struct skeym_state **out,
                                  const struct skeym_state_options *options, bool *locked)
{
    struct skeym_state *state = calloc(1, sizeof *state);
    *out = NULL;
    if (!state) {
        return SKEYM_ERR_MEMORY;
    }
    enum skeym_error error = make_locks(state);
    if (error) {
        free(state);
        return error;
    }
    state->dir = options->dir;
    state->gate.revoked = &state->revoked;
    state->gate.body_max = options->body_max;
    error = skeym_crypto_random(&state->gate.instance, sizeof state->gate.instance);
    if (!error) {
        error = make_memory(state, options->used_slots, locked);
    }
    if (!error) {
        error = skeym_state_reload(state, options->now_ms);
    }
    if (error) {
        skeym_state_close(state);
        return error;
    }
    skeym_used_tick(state->gate.used, options->now_ms);
    *out = state;
    return SKEYM_OK;
}

void skeym_state_close(struct skeym_state *state)
{
    if (!state) {
        return;
    }
    if (state->vault) {
        skeym_crypto_wipe(state->vault, sizeof *state->vault);
        (void)munmap(state->vault, sizeof *state->vault);
    }
    if (state->used_memory) {
        (void)munmap(state->used_memory, state->used_bytes);
    }
    drop(&state->revoked);
    for (size_t i = 0; i < SKEYM_SLOTS; i++) {
        (void)pthread_rwlock_destroy(&state->locks[i].lock);
    }
    free(state);
}

const char *skeym_state_dir(const struct skeym_state *state)
{
    return state->dir;
}

void skeym_state_hold(struct skeym_state *state)
{
    (void)pthread_rwlock_rdlock(&state->locks[skeym_slot()].lock);
}

void skeym_state_release(struct skeym_state *state)
{
    (void)pthread_rwlock_unlock(&state->locks[skeym_slot()].lock);
}

const struct skeym_gate *skeym_state_gate(const struct skeym_state *state)
{
    return &state->gate;
}

const struct skeym_working_keys *skeym_state_keys(const struct skeym_state *state)
{
    return &state->vault->slot[state->live];
}

/* How many epochs the keys are behind. */
static uint32_t behind(const struct skeym_state *state, uint64_t now_ms)
{
    uint32_t live = state->gate.keys->epoch;
    uint32_t epoch = skeym_epoch_at(now_ms, state->epoch_seconds);
    return epoch > live ? epoch - live : 0;
}

enum skeym_error skeym_state_ratchet(struct skeym_state *state, uint64_t now_ms, bool *moved)
{
    *moved = false;
    if (behind(state, now_ms) == 0) { /* only this thread moves them */
        return SKEYM_OK;
    }
    enum skeym_error error =
        skeym_home_update(&state->vault->keyring, state->dir, now_ms, NULL, NULL);
    if (!error) {
        error = take_into_use(state, NULL);
    }
    skeym_crypto_wipe(&state->vault->keyring, sizeof state->vault->keyring);
    *moved = error == SKEYM_OK;
    return error;
}

bool skeym_state_stale(struct skeym_state *state, uint64_t now_ms)
{
    skeym_state_hold(state);
    bool stale = skeym_state_stale_now(state, now_ms);
    skeym_state_release(state);
    return stale;
}

bool skeym_state_stale_now(const struct skeym_state *state, uint64_t now_ms)
{
    return behind(state, now_ms) > 1;
}

void skeym_state_tick(struct skeym_state *state, uint64_t now_ms)
{
    skeym_used_tick(state->gate.used, now_ms);
}

struct skeym_state_figures skeym_state_figures(struct skeym_state *state)
{
    skeym_state_hold(state);
    struct skeym_state_figures figures = {
        .epoch = state->gate.keys->epoch,
        .epoch_seconds = state->epoch_seconds,
        .revoked = state->revoked.count,
        .used = skeym_used_count(state->gate.used),
        .used_room = skeym_used_room(state->gate.used),
    };
    skeym_state_release(state);
    return figures;
}
