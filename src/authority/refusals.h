/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The revoked list's file: text that cannot be lost, cut, emptied or edited unseen, because a list
 * that is not there would let everybody in again. No files here, only bytes.
 *
 *   # skeym revoked list 1
 *   NODE GENERATION            each node once, sorted; that generation and all before are refused
 *   # end COUNT MAC
 *
 * COUNT: of entries. MAC: base64url of HMAC-SHA-256 over every byte before it, under
 * HKDF-Expand(s, "skeym/1 revoked list", 32), s being the keyring's identity key: it stays when
 * enrol keys rotate. Each line ends with LF. What no MAC can show is an older list of the same
 * authority in the place of a newer one: who restores a backup must revoke again what was revoked
 * since.
 */
#ifndef SKEYM_AUTHORITY_REFUSALS_H
#define SKEYM_AUTHORITY_REFUSALS_H

#include "authority/keyring.h"
#include <skeym/revoked.h>

/* More than the text of a list of count entries has. */
#define SKEYM_REFUSALS_BYTES(count) (128 + (count) * (SKEYM_NODE_ID_BYTES + 12))

/* Writes a sorted list; *size gets its bytes. Errors: SKEYM_ERR_SPACE, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_refusals_write(struct skeym_room out, size_t *size,
                                                     const struct skeym_revoked *revoked,
                                                     const struct skeym_keyring *keyring);

/* The reverse, into room entries (one a line of the text is always enough). On an error *count is
 * 0. Errors: SKEYM_ERR_SHAPE (no list of ours), SKEYM_ERR_VERSION, SKEYM_ERR_TRUNCATED (empty, or
 * without its last line), SKEYM_ERR_CHECKSUM (altered, or of another authority), SKEYM_ERR_SPACE,
 * and of a list whose MAC is right SKEYM_ERR_RANGE (count) and enrolment.h's. */
SKEYM_MUST_USE enum skeym_error skeym_refusals_read(struct skeym_revoked_entry *out, size_t room,
                                                    size_t *count, struct skeym_span text,
                                                    const struct skeym_keyring *keyring);

#endif
