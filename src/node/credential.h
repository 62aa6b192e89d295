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
 * scrypt` the secret is AES-256-GCM under scrypt(passphrase, salt, N = 2^LOGN, R = 8, P = 1; 32
 * bytes), AAD = the lines from node to public without the locator's (the locator changes at every
 * login). LOGN is 14 to 20. Lines end with LF; order is fixed; anything else is refused. A key file
 * of keygen has the same form with the first line "skeym-key 1" and the lines public, lock, secret
 * (32 bytes), check; its AAD is the public line.
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
    bool key_apart;       /* the private key is in a file of its own: never written into this one */
    bool locked;          /* kept under a passphrase */
    uint8_t log_n;        /* scrypt's N is 2^log_n */
    uint8_t salt[16];     /* scrypt's */
    uint8_t iv[12];       /* of the secret as it was read; each save draws a fresh one */
    uint8_t lock_key[32]; /* scrypt's result, kept to write the file again */
};

/* Reads and unlocks. passphrase: empty span when there is none. key_path: a private key file of its
 * own, or NULL; if it is locked it has the same passphrase. On an error *out is wiped. Errors:
 *   SKEYM_ERR_MISSING, SKEYM_ERR_MODE, SKEYM_ERR_NOT_FILE, SKEYM_ERR_PERMISSION, SKEYM_ERR_IO;
 *   SKEYM_ERR_SIZE, SKEYM_ERR_SHAPE, SKEYM_ERR_CHARSET, SKEYM_ERR_RANGE, SKEYM_ERR_CHECKSUM;
 *   SKEYM_ERR_PASSPHRASE (wrong, or none for a locked file, or what it covers was altered);
 *   SKEYM_ERR_STATE (the private key is in a key file, and none was given);
 *   SKEYM_ERR_CONFLICT (a key file that is not this node's, or one too many). */
SKEYM_MUST_USE enum skeym_error skeym_credential_load(struct skeym_credential_file *out,
                                                      const char *path, const char *key_path,
                                                      struct skeym_span passphrase);
/* true in *locked when the file, a credential or a key, needs a passphrase. */
SKEYM_MUST_USE enum skeym_error skeym_credential_locked(bool *locked, const char *path);
/* Writes atomically, 0600; exclusive: refuse if it exists (SKEYM_ERR_EXISTS). With file->locked,
 * under lock_key (a fresh iv each time). Errors: SKEYM_ERR_SHAPE (a server address that is no URL),
 * and the file system's. */
SKEYM_MUST_USE enum skeym_error skeym_credential_save(const struct skeym_credential_file *file,
                                                      const char *path, bool exclusive);
/* Sets locked, a fresh salt, and lock_key from a passphrase (scrypt, about 0.3 s and 128 MiB at
 * the usual log_n of 17, which stands in for 0). Errors: SKEYM_ERR_PASSPHRASE (empty),
 * SKEYM_ERR_RANGE (log_n), SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_credential_lock(struct skeym_credential_file *file,
                                                      struct skeym_span passphrase);
/* A new key file (refused if it exists); locked unless the passphrase is empty. */
SKEYM_MUST_USE enum skeym_error skeym_credential_key_save(const char *path,
                                                          const uint8_t private_key[32],
                                                          struct skeym_span passphrase);
/* Reads a key file. Errors: as for loading a credential. SECRET out, zero after an error. */
SKEYM_MUST_USE enum skeym_error skeym_credential_key_load(uint8_t private_key[32], const char *path,
                                                          struct skeym_span passphrase);
void skeym_credential_wipe(struct skeym_credential_file *file);

/* Pure parser (for fuzzing): the text to a file struct with the secret still sealed in *sealed (a
 * view of text: base64url). Errors: as for load, SKEYM_ERR_SIZE to SKEYM_ERR_CHECKSUM. */
SKEYM_MUST_USE enum skeym_error skeym_credential_parse(struct skeym_credential_file *out,
                                                       struct skeym_span *sealed,
                                                       struct skeym_span text);

#endif
