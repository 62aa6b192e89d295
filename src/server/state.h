/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys and lists that requests are judged by, while they change: working keys, revoked list,
 * used-before table, instance. Requests read under a shared lock; one thread moves the keys.
 */
#ifndef SKEYM_SERVER_STATE_H
#define SKEYM_SERVER_STATE_H

#include "authority/keyring.h"
#include <skeym/admit.h>

struct skeym_state_options {
    const char *dir;
    size_t used_slots;
    size_t body_max;
    uint64_t now_ms;
};

struct skeym_state; /* SECRET; in memory that is locked and not dumped */

/* Reads keyring and revoked list, and ratchets. *locked (may be NULL): the keys cannot be swapped
 * out. Errors: home.h's, SKEYM_ERR_MEMORY, SKEYM_ERR_RANDOM. */
SKEYM_MUST_USE enum skeym_error
skeym_state_open(struct skeym_state **out, const struct skeym_state_options *options, bool *locked);
/* Wipes; nobody may hold it. NULL is fine. */
void skeym_state_close(struct skeym_state *state);

/* The authority's folder. */
const char *skeym_state_dir(const struct skeym_state *state);

/* What is read between these two stays as it is. Not to be held while waiting. */
void skeym_state_hold(struct skeym_state *state);
void skeym_state_release(struct skeym_state *state);
const struct skeym_gate *skeym_state_gate(const struct skeym_state *state);
const struct skeym_working_keys *skeym_state_keys(const struct skeym_state *state);

/* Moves the keys when an epoch is over: first in the file, then here. *moved: it did. When the file
 * cannot be written the keys stay as they are, and tokens go on in their epoch; see
 * skeym_state_stale. By one thread, each second. Errors: home.h's. */
SKEYM_MUST_USE enum skeym_error skeym_state_ratchet(struct skeym_state *state, uint64_t now_ms,
                                                    bool *moved);
/* Reads keyring and revoked list anew. A list that is whole counts even when the keyring could not
 * be moved (a full disk must not keep a revoked node in); without one, nothing changes. By the same
 * thread. Errors: home.h's. */
SKEYM_MUST_USE enum skeym_error skeym_state_reload(struct skeym_state *state, uint64_t now_ms);
/* true when the keys are of an epoch that is accepted no more (neither now's nor the one before):
 * nothing may be admitted then. */
bool skeym_state_stale(struct skeym_state *state, uint64_t now_ms);
/* The same for one that holds it. */
bool skeym_state_stale_now(const struct skeym_state *state, uint64_t now_ms);

/* Empties the used-before generations. By one thread, each second. */
void skeym_state_tick(struct skeym_state *state, uint64_t now_ms);

struct skeym_state_figures {
    uint32_t epoch;
    uint32_t epoch_seconds;
    size_t revoked;
    size_t used, used_room;
};
struct skeym_state_figures skeym_state_figures(struct skeym_state *state);

#endif
