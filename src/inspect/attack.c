/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/attack.h"
#include "inspect/attack_list.h"

static const struct skeym_attack table[] = {
    {"eavesdrop", "reads every byte between a doctor and the server", skeym_attack_eavesdrop},
    {"replay", "records a request that was served, and sends it again", skeym_attack_replay},
    {"replay at once", "sends one held request over 16 connections at the same moment",
     skeym_attack_replay_at_once},
    {"stolen token", "takes an unspent token off the wire and asks with it",
     skeym_attack_stolen_token},
    {"altered request", "holds a signed request and changes method, target, type or body",
     skeym_attack_altered},
    {"forged tokens", "sends random tokens and real ones with a byte changed", skeym_attack_forged},
    {"login replay", "sends a recorded login again, to get a token out of it",
     skeym_attack_login_replay},
    {"other patient", "an enrolled doctor asks for a patient of somebody else",
     skeym_attack_other_patient},
    {"write with read scope", "an enrolled doctor who may only read tries to write",
     skeym_attack_write},
    {"stolen credential file", "has a credential file, but not its passphrase",
     skeym_attack_locked_file},
    {"expired", "holds a request until its token is over, then delivers it", skeym_attack_expired},
    {"revoked", "goes on with a live chain after its revocation", skeym_attack_revoked},
    {"slow clients", "keeps 200 half requests open, a byte now and then", skeym_attack_slow},
    {"flood of logins", "sends logins as fast as it can from many sockets", skeym_attack_flood},
};

const struct skeym_attack *skeym_attack_table(size_t *count)
{
    *count = sizeof table / sizeof table[0];
    return table;
}

bool skeym_attack_held(const struct skeym_attack_result *result)
{
    return result->tried > 0 && result->refused == result->tried && result->succeeded == 0 &&
           result->victim_failed == 0;
}
