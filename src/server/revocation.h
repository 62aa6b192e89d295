/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revoking a node on the authority's folder: what `skeym revoke` and the server do alike. The list
 * counts (home.h); the audit file says who did it.
 */
#ifndef SKEYM_SERVER_REVOCATION_H
#define SKEYM_SERVER_REVOCATION_H

#include <skeym/claims.h>
#include <skeym/error.h>

/* What is known of a node. */
struct skeym_revocation {
    struct skeym_name id;
    uint32_t enrolled; /* highest generation in the audit file, 0: none */
    uint32_t revoked;  /* and in the list, 0: none */
};

/* Errors: home.h's. */
SKEYM_MUST_USE enum skeym_error skeym_revocation_find(struct skeym_revocation *out, const char *dir,
                                                      const struct skeym_name *id);
/* The generation up to which all live credentials are. */
uint32_t skeym_revocation_all(const struct skeym_revocation *revocation);
/* The line in the audit file. by: the node that did it; NULL: somebody at the program. Errors:
 * home.h's, SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_revocation_note(const char *dir, const struct skeym_name *id,
                                                      uint32_t generation,
                                                      const struct skeym_name *by, uint64_t now_ms);

#endif
