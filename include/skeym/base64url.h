/* SPDX-License-Identifier: Apache-2.0 */
/* base64url without padding (RFC 4648, section 5), as docs/PROTOCOL.md spells it. */
#ifndef SKEYM_BASE64URL_H
#define SKEYM_BASE64URL_H

#include <skeym/span.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Characters for n bytes, and bytes in n characters (rounded down). No overflow below SIZE_MAX/2.
 */
#define SKEYM_BASE64URL_CHARS(n) ((n) / 3 * 4 + ((n) % 3 * 4 + 2) / 3)
#define SKEYM_BASE64URL_BYTES(n) ((n) / 4 * 3 + (n) % 4 * 3 / 4)

/* Appends; no branch and no table depends on the bytes, so secrets may pass. They may lie in the
 * writer's own buffer, at least size/3 + 4 bytes behind what is written already. */
void skeym_base64url_write(struct skeym_writer *writer, struct skeym_span bytes);

/* Decodes the whole text; *size gets the number of bytes. out may be text.data exactly (in place).
 * Not constant-time in whether the text is well formed, otherwise as above.
 * Errors (out is zeroed): SKEYM_ERR_SHAPE (length 4n+1, or left-over bits not zero),
 * SKEYM_ERR_CHARSET, SKEYM_ERR_SPACE. */
SKEYM_MUST_USE enum skeym_error skeym_base64url_read(struct skeym_room out, size_t *size,
                                                     struct skeym_span text);

#ifdef __cplusplus
}
#endif
#endif
