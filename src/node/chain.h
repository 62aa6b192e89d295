/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that keeps live tokens between two calls of a program, so that each does not log in anew.
 * It holds S_n of each lane: 0600, refused when others may read it or it is not ours. A token is
 * taken out of the file, and its bytes overwritten, before it is used; flock keeps two calls from
 * taking the same. It is a cache: what begins like one and is torn counts as empty. Anything else
 * in the file is not ours to overwrite, and is refused.
 *
 *   skeym-chain 1
 *   node ID
 *   server URL
 *   lane BORN DEADLINE LIFETIME b64(secret) TOKEN      up to 16 times; ms, ms, s
 *   check b64(first 8 bytes of SHA-256 of all lines before)
 */
#ifndef SKEYM_NODE_CHAIN_H
#define SKEYM_NODE_CHAIN_H

#include "node/session.h"

#define SKEYM_CHAIN_FILE_BYTES 32768

/* SECRET. */
struct skeym_chain {
    char node[SKEYM_NODE_ID_BYTES + 1];
    char server[SKEYM_URL_BYTES];
    size_t count;
    struct skeym_session_lane lane[SKEYM_LANES_MAX];
};

/* Pure. On an error *out is zero. Errors: SKEYM_ERR_SHAPE, SKEYM_ERR_CHECKSUM. */
SKEYM_MUST_USE enum skeym_error skeym_chain_parse(struct skeym_chain *out, struct skeym_span text);
/* Pure. Errors: SKEYM_ERR_SPACE. */
SKEYM_MUST_USE enum skeym_error skeym_chain_print(struct skeym_room out, size_t *size,
                                                  const struct skeym_chain *chain);

/* Takes one live lane out of the file at path into the session; *found false when there is none.
 * Makes the file when there is none. Errors (the file is as before): SKEYM_ERR_MODE,
 * SKEYM_ERR_NOT_FILE, SKEYM_ERR_SHAPE (neither empty nor a chain file), SKEYM_ERR_CONFLICT (of
 * another node), SKEYM_ERR_AUDIENCE (of another server), SKEYM_ERR_PERMISSION, SKEYM_ERR_IO. */
SKEYM_MUST_USE enum skeym_error skeym_chain_take(const char *path,
                                                 const struct skeym_credential_file *credential,
                                                 const char *server, struct skeym_session *session,
                                                 bool *found);
/* Moves all live lanes of the session into the file; when there are too many, the oldest go. Errors
 * as above, and SKEYM_ERR_NO_SPACE. */
SKEYM_MUST_USE enum skeym_error skeym_chain_put(const char *path,
                                                const struct skeym_credential_file *credential,
                                                const char *server, struct skeym_session *session);

#endif
