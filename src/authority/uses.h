/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which invitations were used, and by which key (docs/PROTOCOL.md, section 5.1). Bytes and values
 * only; the file is server/home_uses.h's.
 *
 * File layout, nothing after it:
 *   "SKEYMIN1" || u32 count || count times ( invitation id 16 || SHA-256 of the key 32 || expires
 *   u32 (s) ) || HMAC-SHA-256 of all before 32
 * under HKDF-Expand(s, "skeym/1 used invitations", 32), s being the keyring's identity key. It
 * shows a file that was cut, edited or is another authority's; not an older one in its place.
 */
#ifndef SKEYM_AUTHORITY_USES_H
#define SKEYM_AUTHORITY_USES_H

#include "authority/keyring.h"
#include <skeym/invite.h>

/* How long a use is kept after its invitation's end, should a clock have been wrong. */
#define SKEYM_USES_KEPT_S       (7 * 86400)
#define SKEYM_USES_BYTES(count) (8 + 4 + (count) * (16 + 32 + 4) + 32)

struct skeym_use {
    uint8_t id[SKEYM_INVITE_ID_BYTES];
    uint8_t key_hash[32];
    uint32_t expires_s;
};

/* Of the invitation and the key that this request brings. */
struct skeym_use skeym_uses_of(const struct skeym_invite_request *request);

/* Drops what is over for long, then adds one: list has room for one more. SKEYM_OK: added.
 * SKEYM_ERR_EXISTS: the same key has used it before; *count may have shrunk, nothing was added.
 * SKEYM_ERR_REPLAY: another key has. */
SKEYM_MUST_USE enum skeym_error skeym_uses_add(struct skeym_use *list, size_t *count,
                                               const struct skeym_use *use, uint32_t now_s);

/* To and from the file's bytes. Errors: SKEYM_ERR_SPACE, SKEYM_ERR_CRYPTO; of reading (*count is
 * 0): SKEYM_ERR_SHAPE (no such file of ours), SKEYM_ERR_TRUNCATED, SKEYM_ERR_CHECKSUM (altered, or
 * of another authority), SKEYM_ERR_RANGE (the count). */
SKEYM_MUST_USE enum skeym_error skeym_uses_write(struct skeym_room out, size_t *size,
                                                 const struct skeym_use *list, size_t count,
                                                 const struct skeym_keyring *keyring);
SKEYM_MUST_USE enum skeym_error skeym_uses_read(struct skeym_use *out, size_t room, size_t *count,
                                                struct skeym_span bytes,
                                                const struct skeym_keyring *keyring);

#endif
