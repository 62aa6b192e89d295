/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forgery at scale: what the two drivers (in process, over the wire) share. A world is a gate's
 * keys and what an attacker may hold of it: good requests of many shapes, some of them used up. A
 * forger makes of one of them a request that must be refused. All chance comes from one seed.
 */
#ifndef SKEYM_FORGE_FORGE_H
#define SKEYM_FORGE_FORGE_H

#include <skeym/admit.h>
#include <skeym/login.h>
#include <stdio.h>
#include <string.h>

#define FORGE_SPECIMENS 512
#define FORGE_USED      64 /* the first of them: admitted before the forgers begin */
#define FORGE_TEXT      4400
#define FORGE_LIFETIME  59

struct forge_random {
    uint64_t state;
};
uint64_t forge_draw(struct forge_random *random);
uint64_t forge_below(struct forge_random *random, uint64_t limit); /* 0 to limit - 1 */
void forge_fill(struct forge_random *random, void *out, size_t size);

/* A request that is admitted, once. */
struct forge_specimen {
    struct skeym_token_claims claims;
    struct skeym_exchange_keys keys;
    size_t token_size;
    uint8_t token[SKEYM_TOKEN_BYTES];
    uint8_t proof[SKEYM_PROOF_BYTES];
    const char *method;
    const char *type;
    size_t target_size, body_size;
    char target[64];
    uint8_t body[256];
};

struct forge_world {
    struct forge_random random;
    struct skeym_audience_keys keys;    /* the gate's */
    struct skeym_audience_keys other;   /* of the same epoch keys, another audience */
    struct skeym_audience_keys stale;   /* epochs e-2 and e-3 */
    struct skeym_audience_keys ahead;   /* e+1 */
    struct skeym_audience_keys foreign; /* of another authority, same name and epoch */
    struct skeym_enrol_keys enrol;      /* its id is the epoch: a locator then looks like a token */
    struct skeym_name revoked;          /* generations up to 9 */
    uint32_t instance;
    uint64_t now_ms;
    struct forge_specimen specimen[FORGE_SPECIMENS];
};

/* from: the epoch key of e-3, where e is the gate's epoch. */
void forge_world_keys(struct forge_world *world, const struct skeym_epoch_key *from);
/* Fresh specimens, minted now. */
void forge_world_renew(struct forge_world *world);
void forge_specimen_make(struct forge_specimen *out, struct forge_world *world);

/* A request in the making. Bytes first; then forge_text writes the fields, unless the forger did.
 */
struct forge_try {
    const struct forge_specimen *from;
    struct forge_world *world;
    size_t token_size;
    uint8_t token[SKEYM_TOKEN_BYTES + 64];
    uint8_t proof[SKEYM_PROOF_BYTES];
    bool wire; /* can be sent: no byte that would end or split a line */
    bool doubled;
    size_t authorization_size, proof_size;
    uint8_t authorization[6 + SKEYM_BASE64URL_CHARS(SKEYM_TOKEN_BYTES + 64) + 16];
    uint8_t proof_text[SKEYM_PROOF_CHARS + 16];
    struct skeym_span method, target, type, body;
    size_t announced; /* the body's size, as the head says */
    uint8_t room[FORGE_TEXT];
};
void forge_begin(struct forge_try *attempt, struct forge_world *world,
                 const struct forge_specimen *from);
void forge_text(struct forge_try *attempt);
void forge_head(struct skeym_head *out, const struct forge_try *attempt);

struct forge_forger {
    const char *name;
    void (*bytes)(struct forge_try *attempt); /* before the fields are written; may be NULL */
    void (*text)(struct forge_try *attempt);  /* after it; may be NULL */
    bool used;                                /* wants a specimen that is used up */
};
extern const struct forge_forger forge_bytes_forgers[], forge_text_forgers[];
extern const size_t forge_bytes_count, forge_text_count;
/* All of them, in one row. */
size_t forge_forger_count(void);
const struct forge_forger *forge_forger_at(size_t index);
/* The whole of one attempt. */
void forge_attempt(struct forge_try *attempt, struct forge_world *world,
                   const struct forge_forger *forger);

_Noreturn void forge_fail(const char *what);

#endif
