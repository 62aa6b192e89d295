/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node's credential file: strict text, mode 0600, written by rename.
 *
 *   skeym-credential 1
 *   node ID
 *   server URL
 *   audience NAME
 *   authority b64(S)
 *   locator b64
 *   public b64                        the node's public key
 *   lock none | scrypt LOGN R P b64(salt 16) b64(iv 12)
 *   secret b64( private key 32 || C_i 32 [|| tag 16] )
 *   check b64(first 8 bytes of SHA-256 of all lines before)
 *
 * A private key of zeros means: the node has it in a key file of its own (skeym keygen). With `lock
 * scrypt` the secret is AES-256-GCM under scrypt(passphrase), AAD = the node line to the public
 * line without the locator line (the locator changes at every login). Lines end with LF; order is
 * fixed; anything else is refused. The private key file of keygen has the same form with the first
 * line "skeym-key 1" and the lines public, lock, secret (32 bytes), check.
 */
#ifndef SKEYM_NODE_CREDENTIAL_H
#define SKEYM_NODE_CREDENTIAL_H

#include <skeym/login.h>

#define SKEYM_CREDENTIAL_FILE_BYTES 4096
#define SKEYM_URL_BYTES             256

/* SECRET. Wipe with skeym_credential_wipe. */
struct skeym_credential_file {
    struct skeym_name node;
    char server[SKEYM_URL_BYTES];
    uint8_t public_key[32];
    struct skeym_credentials keys;
    bool locked; /* kept under a passphrase */
    uint8_t salt[16];
    uint8_t lock_key[32]; /* scrypt's result, kept to write the file again */
};

/* Reads and unlocks. passphrase: empty span when there is none. key_path: a private key file of its
 * own, or NULL; it has the same passphrase. Errors: SKEYM_ERR_MISSING, SKEYM_ERR_MODE,
 * SKEYM_ERR_IO, SKEYM_ERR_SHAPE, SKEYM_ERR_CHECKSUM, SKEYM_ERR_PASSPHRASE, SKEYM_ERR_STATE (no
 * private key), ... */
SKEYM_MUST_USE enum skeym_error skeym_credential_load(struct skeym_credential_file *out,
                                                      const char *path, const char *key_path,
                                                      struct skeym_span passphrase);
/* true in *locked when the file needs a passphrase; reads no secret. */
SKEYM_MUST_USE enum skeym_error skeym_credential_locked(bool *locked, const char *path);
/* Writes atomically, 0600; exclusive: refuse if it exists (SKEYM_ERR_EXISTS). With file->locked,
 * under lock_key (a fresh iv each time). */
SKEYM_MUST_USE enum skeym_error skeym_credential_save(const struct skeym_credential_file *file,
                                                      const char *path, bool exclusive);
/* Sets locked, a fresh salt, and lock_key from a passphrase (scrypt, about 0.3 s and 128 MiB). */
SKEYM_MUST_USE enum skeym_error skeym_credential_lock(struct skeym_credential_file *file,
                                                      struct skeym_span passphrase);
/* Key files. */
SKEYM_MUST_USE enum skeym_error skeym_credential_key_save(const char *path,
                                                          const uint8_t private_key[32],
                                                          struct skeym_span passphrase);
void skeym_credential_wipe(struct skeym_credential_file *file);

/* Pure parser (for fuzzing): the text to a file struct with the secret still sealed in *sealed (a
 * view of text). */
SKEYM_MUST_USE enum skeym_error skeym_credential_parse(struct skeym_credential_file *out,
                                                       struct skeym_span *sealed,
                                                       struct skeym_span text);

#endif
