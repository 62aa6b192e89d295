/* SPDX-License-Identifier: Apache-2.0 */
/* The attacks themselves, for the table of attack.c. Each one's story stands there. */
#ifndef SKEYM_INSPECT_ATTACK_LIST_H
#define SKEYM_INSPECT_ATTACK_LIST_H

#include "inspect/attack.h"

#define SKEYM_ATTACK(name)                                                                         \
    enum skeym_error skeym_attack_##name(const struct skeym_attack_target *target,                 \
                                         struct skeym_attack_result *result)

/* attack_wire.c: who sits on the wire */
SKEYM_ATTACK(eavesdrop);
SKEYM_ATTACK(replay);
SKEYM_ATTACK(replay_at_once);
SKEYM_ATTACK(stolen_token);
SKEYM_ATTACK(altered);
SKEYM_ATTACK(expired);
SKEYM_ATTACK(login_replay);
/* attack_inside.c: who is enrolled, or has a file */
SKEYM_ATTACK(other_patient);
SKEYM_ATTACK(write);
SKEYM_ATTACK(locked_file);
SKEYM_ATTACK(revoked);
/* attack_force.c: who has nothing but a socket */
SKEYM_ATTACK(forged);
SKEYM_ATTACK(slow);
SKEYM_ATTACK(flood);

#endif
