/* SPDX-License-Identifier: Apache-2.0 */
/* What home.c shares with home_uses.c: the folder under its lock, and files in it. */
#ifndef SKEYM_SERVER_HOME_INSIDE_H
#define SKEYM_SERVER_HOME_INSIDE_H

#include "authority/keyring.h"

/* The folder, and its lock. Both are -1 after an error. Errors: home.h's. */
SKEYM_MUST_USE enum skeym_error skeym_home_enter(int *folder, int *lock, const char *dir,
                                                 bool shared);
void skeym_home_leave(int folder, int lock);

/* Under the lock. SECRET out. */
SKEYM_MUST_USE enum skeym_error skeym_home_read_keyring(struct skeym_keyring *out, int folder);
/* Under the exclusive lock; as skeym_home_audit. */
SKEYM_MUST_USE enum skeym_error skeym_home_append_audit(int folder, const char *json_line);

#endif
