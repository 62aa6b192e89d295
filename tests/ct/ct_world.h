/* SPDX-License-Identifier: Apache-2.0 */
/* One node, one authority, one data server, whose keys are all secret. */
#ifndef SKEYM_TESTS_CT_WORLD_H
#define SKEYM_TESTS_CT_WORLD_H

#include "authority/enrolment.h"
#include "ct.h"
#include <skeym/admit.h>
#include <skeym/login.h>

#define CT_NOW_MS   UINT64_C(1800000000000)
#define CT_INSTANCE 0xabcd0123u

struct skeym_name ct_name(const char *text);
struct skeym_scopes ct_scopes(const char *word);
/* S_n is secret. */
struct skeym_token_claims ct_claims(void);
/* Both audience keys are secret. */
struct skeym_audience_keys ct_audience(void);

/* An authority with an old and a current enrol key, and a node under one of them. */
struct ct_world {
    struct skeym_keyring keyring;
    struct skeym_working_keys keys;
    struct skeym_node_claims claims;
    struct skeym_credentials node;
    struct skeym_revoked revoked;
    struct skeym_login_policy policy;
};
void ct_world_make(struct ct_world *out, bool old_enrol);
/* Fresh random bytes for an answer: the ephemeral key is secret, nonces are not. */
struct skeym_login_random ct_fresh(void);

#endif
