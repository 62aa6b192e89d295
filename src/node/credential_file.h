/* SPDX-License-Identifier: Apache-2.0 */
/* Small secret files by path, on the node's side (the server's are server/home_file.h's; neither
 * layer may use the other). Errors: SKEYM_ERR_MISSING, SKEYM_ERR_EXISTS, SKEYM_ERR_MODE,
 * SKEYM_ERR_NOT_FILE, SKEYM_ERR_PERMISSION, SKEYM_ERR_NO_SPACE, SKEYM_ERR_SIZE, SKEYM_ERR_IO. */
#ifndef SKEYM_NODE_CREDENTIAL_FILE_H
#define SKEYM_NODE_CREDENTIAL_FILE_H

#include <skeym/error.h>
#include <skeym/span.h>

/* The whole file into the room; refused when group or others have any right to it. */
SKEYM_MUST_USE enum skeym_error skeym_credential_file_read(struct skeym_room out, size_t *size,
                                                           const char *path);
/* Whole and durable, or not at all. exclusive: refused if there is a file. Else the new file
 * belongs to the old one's owner, so that root may use a user's credential. */
SKEYM_MUST_USE enum skeym_error
skeym_credential_file_write(const char *path, struct skeym_span content, bool exclusive);

#endif
