/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authority's folder DIR, and the only code that touches its files:
 *   keyring   keyring.h's bytes, 0600
 *   revoked   the list of what is revoked (refusals.h), 0600; never missing, never empty
 *   audit     one JSON object a line: what was enrolled, revoked, rotated (never a secret), 0600
 *   invitations  which were used, and by which key (home_uses.h), 0600
 *   lock      held (flock) by whoever changes the above
 *   control   Unix socket of the running server, 0600
 *   reserve   64 KiB or more of disk, freed when a full one would keep the keyring from moving or
 *             a node from being revoked, and taken again as soon as there is room
 *   data.db   the store's
 * Writing is by a temporary file, fsync, rename, fsync of the folder; the old content is then
 * overwritten as far as the file system lets us. A file that others may read or write is refused,
 * and so is a folder that others may write to (both SKEYM_ERR_MODE), a symbolic link, and anything
 * but a regular file (SKEYM_ERR_NOT_FILE). New files belong to the owner of DIR, so that root may
 * administer a service user's folder. Every call may also fail with SKEYM_ERR_MISSING (no such
 * folder), SKEYM_ERR_PERMISSION, SKEYM_ERR_BUSY (locked for over 10 s), SKEYM_ERR_NO_SPACE,
 * SKEYM_ERR_MEMORY, SKEYM_ERR_IO.
 */
#ifndef SKEYM_SERVER_HOME_H
#define SKEYM_SERVER_HOME_H

#include "authority/enrolment.h"
#include "authority/keyring.h"
#include <sys/types.h>

/* Makes DIR (0700; it may exist if empty) with a new keyring and identity. Errors:
 * SKEYM_ERR_EXISTS, SKEYM_ERR_IO, SKEYM_ERR_NO_SPACE, SKEYM_ERR_PERMISSION, keyring.h's. */
SKEYM_MUST_USE enum skeym_error skeym_home_make(const char *dir, const char *audience,
                                                uint32_t epoch_seconds, uint64_t now_ms);

/* Takes back what skeym_home_make has just made, for one that cannot go on; DIR stays, empty. */
void skeym_home_unmake(const char *dir);

/* Gives DIR and the files in it to a user (root only), right after skeym_home_make. */
SKEYM_MUST_USE enum skeym_error skeym_home_give(const char *dir, uid_t user, gid_t group);

/* Reads the keyring as it is in the file, under a shared lock. Errors: SKEYM_ERR_MISSING,
 * SKEYM_ERR_MODE, SKEYM_ERR_IO, keyring.h's. */
SKEYM_MUST_USE enum skeym_error skeym_home_keyring(struct skeym_keyring *out, const char *dir);
/* A change of the keyring under the lock: read, advance to now, change(arg), write if anything
 * moved; *out (may be NULL) gets the result. change may be NULL. Several processes may do this at
 * once. */
typedef enum skeym_error (*skeym_home_change)(struct skeym_keyring *keyring, void *arg);
SKEYM_MUST_USE enum skeym_error skeym_home_update(struct skeym_keyring *out, const char *dir,
                                                  uint64_t now_ms, skeym_home_change change,
                                                  void *arg);

/* The revoked list, malloc'ed, sorted. Free it with skeym_home_revoked_free. A list that is
 * missing, cut or altered is an error, never an empty one. Errors: those of skeym_home_keyring,
 * SKEYM_ERR_MISSING, SKEYM_ERR_MODE, SKEYM_ERR_IO, refusals.h's. */
SKEYM_MUST_USE enum skeym_error skeym_home_revoked(struct skeym_revoked *out, const char *dir);
void skeym_home_revoked_free(struct skeym_revoked *revoked);
/* Which file it is, for the operator, after one of these calls failed with *error: "keyring" or
 * "revoked", and its error; NULL when it is the folder (and its error), or nothing (SKEYM_OK). */
const char *skeym_home_culprit(const char *dir, enum skeym_error *error);
/* Adds an entry, or raises the node's, durably; a higher one that is there stays as it is. Errors:
 * as above (a damaged list is not added to); SKEYM_ERR_RANGE (generation 0), SKEYM_ERR_SIZE (list
 * over 16 MiB). */
SKEYM_MUST_USE enum skeym_error skeym_home_revoke(const char *dir, const struct skeym_name *id,
                                                  uint32_t generation);

/* A new list in the place of one that is missing or damaged. Errors: SKEYM_ERR_EXISTS (the one that
 * is there is whole), the keyring's, SKEYM_ERR_SIZE. */
SKEYM_MUST_USE enum skeym_error skeym_home_restore(const char *dir,
                                                   const struct skeym_revoked *revoked);

/* Appends one line (a JSON object without line breaks) to the audit file, durably. Errors:
 * SKEYM_ERR_CHARSET (a control character in it). */
SKEYM_MUST_USE enum skeym_error skeym_home_audit(const char *dir, const char *json_line);
/* The whole audit file, malloc'ed; no file is empty text. */
SKEYM_MUST_USE enum skeym_error skeym_home_audit_read(char **text, size_t *size, const char *dir);

/* Tells a running server to read keyring and revoked list anew and waits (5 s at most) until it
 * says that it did. Errors: SKEYM_ERR_MISSING (no server runs on DIR: nothing to do),
 * SKEYM_ERR_TIMEOUT, SKEYM_ERR_STATE (it says that it could not), SKEYM_ERR_IO. */
SKEYM_MUST_USE enum skeym_error skeym_home_notify(const char *dir);

/* Any other file of ours, by its path: at most max bytes; malloc'ed, never NULL after SKEYM_OK;
 * secret: refused (SKEYM_ERR_MODE) when others may read it. Errors: SKEYM_ERR_SIZE and the above.
 */
SKEYM_MUST_USE enum skeym_error skeym_home_read_file(uint8_t **data, size_t *size, const char *path,
                                                     size_t max, bool secret);

#endif
