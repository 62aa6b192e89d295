/* SPDX-License-Identifier: Apache-2.0 */
/* Making an invitation in the authority's folder (docs/PROTOCOL.md, section 5.1): for `skeym enrol
 * --invite`, and for whoever shows one. */
#ifndef SKEYM_CLI_CLI_INVITE_H
#define SKEYM_CLI_CLI_INVITE_H

#include "node/credential.h"
#include <skeym/invite.h>

#define SKEYM_CLI_INVITE_PATH       "/console/#invite="
#define SKEYM_CLI_INVITE_LINK_BYTES (SKEYM_URL_BYTES + 32 + SKEYM_INVITE_CODE_CHARS)
enum { SKEYM_CLI_INVITE_LEAST_S = 60, SKEYM_CLI_INVITE_MOST_S = 7 * 86400 };

/* SECRET: who has code or link first is the node. Wipe it. */
struct skeym_cli_invite {
    char code[SKEYM_INVITE_CODE_CHARS + 1];
    char link[SKEYM_CLI_INVITE_LINK_BYTES]; /* server "/console/#invite=" code */
    char fingerprint[17];                   /* of the authority */
};

/* Makes it and writes it into the audit file (the id, never the secret). claims: id, role, scopes,
 * not_after, and expires_s; the generation is found and written into it. server: the address that
 * the node will use. Errors: SKEYM_ERR_REVOKED (no generation is left for this name),
 * SKEYM_ERR_SPACE (server), home.h's, enrolment.h's. */
SKEYM_MUST_USE enum skeym_error skeym_cli_invite(struct skeym_cli_invite *out, const char *dir,
                                                 const char *server,
                                                 struct skeym_invite_claims *claims,
                                                 uint64_t now_ms);

/* The generation that a node gets which is enrolled or invited now. Errors: SKEYM_ERR_REVOKED (none
 * is left), home.h's. */
SKEYM_MUST_USE enum skeym_error skeym_cli_invite_generation(uint32_t *generation, const char *dir,
                                                            const struct skeym_name *id);

#endif
