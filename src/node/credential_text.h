/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of credential and key files (credential.h), to values and back. Pure. */
#ifndef SKEYM_NODE_CREDENTIAL_TEXT_H
#define SKEYM_NODE_CREDENTIAL_TEXT_H

#include "node/credential.h"

enum {
    SKEYM_CREDENTIAL_TEXT_AAD_BYTES = 1024,
    SKEYM_CREDENTIAL_TEXT_LOG_N = 17,
    SKEYM_CREDENTIAL_TEXT_LOG_N_MIN = 14,
    SKEYM_CREDENTIAL_TEXT_LOG_N_MAX = 20
};

/* "http://" or "https://", then bytes 0x21 to 0x7e; shorter than SKEYM_URL_BYTES. */
bool skeym_credential_text_server_valid(struct skeym_span url);

/* A key file's text; as skeym_credential_parse, of which it sets public_key and the lock. */
SKEYM_MUST_USE enum skeym_error skeym_credential_text_key(struct skeym_credential_file *out,
                                                          struct skeym_span *sealed,
                                                          struct skeym_span text);

/* What a lock covers besides the secret: lines of public values. */
void skeym_credential_text_aad(struct skeym_writer *writer,
                               const struct skeym_credential_file *file, bool key_file);

/* The whole file; sealed: the secret's bytes, tag included, as they stand in it. */
void skeym_credential_text_write(struct skeym_writer *writer,
                                 const struct skeym_credential_file *file, bool key_file,
                                 struct skeym_span sealed);

#endif
