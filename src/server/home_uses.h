/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DIR/invitations: which invitations were used, and by which key (authority/uses.h). It is made
 * with the first invitation, so where one may be used and the file is not there, it was lost, or
 * this is another folder with a copy of the keyring: nobody is let in then. Errors of every call:
 * home.h's, and uses.h's.
 */
#ifndef SKEYM_SERVER_HOME_USES_H
#define SKEYM_SERVER_HOME_USES_H

#include "authority/uses.h"

/* Makes the file, empty, if there is none. Before an invitation is handed out. */
SKEYM_MUST_USE enum skeym_error skeym_home_uses_begin(const char *dir);

/* Writes a use down, durably, after a line in the audit file (JSON, as of skeym_home_audit). A line
 * may be there without its use, never the reverse. *known: the same key has used it before, and
 * nothing was written. SKEYM_ERR_REPLAY: another key has used it. Any other error: nothing was used
 * up, and it is not the node's fault. */
SKEYM_MUST_USE enum skeym_error skeym_home_uses_take(const char *dir, const struct skeym_use *use,
                                                     uint32_t now_s, const char *json_line,
                                                     bool *known);

/* All of them, malloc'ed; free it. No file: none. */
SKEYM_MUST_USE enum skeym_error skeym_home_uses(struct skeym_use **list, size_t *count,
                                                const char *dir);

#endif
