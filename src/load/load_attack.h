/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attackers as load: each sends what a server must refuse, as fast as it can be made. For loopback
 * alone, which the callers see to. A request is made once, before the clock starts, and changed in
 * eight characters each time where the server would otherwise be spared work.
 */
#ifndef SKEYM_LOAD_LOAD_ATTACK_H
#define SKEYM_LOAD_LOAD_ATTACK_H

#include "load/load_node.h"

struct skeym_load_attack_kind {
    const char *name, *what;
    uint32_t drip_ms;
    bool drip_body;
    bool may_pass; /* 2xx is no success of the attacker */
    bool batches;  /* several requests may leave together */
    bool needs_loot;
};
const struct skeym_load_attack_kind *skeym_load_attack_kinds(size_t *count);
/* NULL: there is none of that name. */
const struct skeym_load_attack_kind *skeym_load_attack_find(const char *name);

/* SECRET. What attackers are assumed to have got: of one genuine node a live token without its
 * secret, and one whole request that was answered. Both are worth something for as long as the
 * token lives. */
struct skeym_load_loot {
    size_t token_size, request_size;
    uint8_t token[SKEYM_TOKEN_CHARS];
    uint8_t request[SKEYM_LOAD_REQUEST];
};
/* Has a node log in and ask once. Errors: those of load.h; SKEYM_ERR_PERMISSION (not answered). */
SKEYM_MUST_USE enum skeym_error skeym_load_attack_loot(struct skeym_load_loot *out,
                                                       const struct skeym_load_target *target,
                                                       const struct skeym_credentials *credentials);

/* One attacker's lane. */
struct skeym_load_attack {
    const struct skeym_load_attack_kind *kind;
    uint64_t count;
    size_t vary_at; /* where the eight characters are; 0: nowhere */
    size_t size;
    uint8_t *request; /* malloc'ed */
};
/* credentials: genuine ones, whose C_i the attacker does not have. Errors: SKEYM_ERR_MEMORY,
 * SKEYM_ERR_CRYPTO, ... */
SKEYM_MUST_USE enum skeym_error skeym_load_attack_init(struct skeym_load_attack *lane,
                                                       const struct skeym_load_attack_kind *kind,
                                                       const struct skeym_load_loot *loot,
                                                       const struct skeym_credentials *credentials,
                                                       size_t number);
void skeym_load_attack_end(struct skeym_load_attack *lane);

/* Lanes are struct skeym_load_attack. batch: 1 and up; 1 is taken where the kind has no batches. */
struct skeym_load_script skeym_load_attack_script(const struct skeym_load_attack_kind *kind,
                                                  unsigned batch);

#endif
