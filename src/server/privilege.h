/* SPDX-License-Identifier: Apache-2.0 */
/* What the process gives up before it talks to strangers. To be called before any thread starts. */
#ifndef SKEYM_SERVER_PRIVILEGE_H
#define SKEYM_SERVER_PRIVILEGE_H

#include <skeym/error.h>
#include <stdbool.h>
#include <stdint.h>

/* Raises the limit of open files to what is needed, if the hard limit lets it. Errors:
 * SKEYM_ERR_PERMISSION. */
SKEYM_MUST_USE enum skeym_error skeym_privilege_files(uint64_t needed);

/* As root: becomes `user`, or the owner of dir when user is empty; *still_root says that this was
 * root. As another user: nothing, but user, when given, must be that one. Then drops every
 * capability, and makes sure that none comes back. Errors: SKEYM_ERR_NOT_FOUND (no such user),
 * SKEYM_ERR_MISSING (dir), SKEYM_ERR_PERMISSION. */
SKEYM_MUST_USE enum skeym_error skeym_privilege_drop(const char *user, const char *dir,
                                                     bool *still_root);

/* No core dumps, no tracing by others of the same user, no new privileges by exec. Errors:
 * SKEYM_ERR_PERMISSION. */
SKEYM_MUST_USE enum skeym_error skeym_privilege_harden(void);

#endif
