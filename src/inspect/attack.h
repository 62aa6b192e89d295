/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attackers that really attack a running server (docs/PROTOCOL.md, section 1; the list of
 * docs/THREATS.md). Each is a row of one table. An attacker has what its story gives it (the wire,
 * a stolen token, a stolen file), and nothing else.
 */
#ifndef SKEYM_INSPECT_ATTACK_H
#define SKEYM_INSPECT_ATTACK_H

#include "inspect/tap.h"

/* Whom the attacks are aimed at. Paths and texts are the caller's. */
struct skeym_attack_target {
    const char *dir;     /* the authority's folder, to revoke in */
    const char *server;  /* URL, plain HTTP on loopback */
    const char *doctor;  /* credential file of the victim: may read all patients */
    const char *limited; /* of a doctor who may read one patient only */
    const char *leaver;  /* of a node that will be revoked */
    const char *leaver_id;
    const char *locked;        /* a credential file under a passphrase that the attacker lacks */
    const char *own_patient;   /* the one that `limited` may read */
    const char *other_patient; /* any other with data */
    unsigned lifetime_s;       /* of the server's tokens */
    unsigned forgeries;        /* how many forged tokens to send */
    unsigned flood_ms;         /* how long a flood lasts */
};

enum { SKEYM_ATTACK_ANSWERS = 6 };

struct skeym_attack_result {
    uint64_t tried;
    uint64_t refused;       /* must be as many */
    uint64_t succeeded;     /* must be 0 */
    uint64_t victim_served; /* legitimate requests that went through meanwhile */
    uint64_t victim_failed; /* must be 0 */
    /* What the attacker was answered: HTTP statuses as they first came, 0 for no answer; kinds
     * beyond these are not kept. */
    struct {
        int status;
        uint64_t count;
    } answers[SKEYM_ATTACK_ANSWERS];
    char got[96]; /* what the attacker got, in words made from what was counted */
};

struct skeym_attack {
    const char *name;
    const char *story; /* what the attacker has and tries */
    /* An error means that the attack could not be carried out, which is a failure too. */
    enum skeym_error (*run)(const struct skeym_attack_target *target,
                            struct skeym_attack_result *result);
};

/* All of them, in the order to run: the flood last. */
const struct skeym_attack *skeym_attack_table(size_t *count);
/* true when the defence held: something was tried, all of it was refused, and the victim noticed
 * nothing. What was neither refused nor served (no answer, an error of the server) has not held. */
bool skeym_attack_held(const struct skeym_attack_result *result);

#endif
