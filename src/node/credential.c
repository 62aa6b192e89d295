/* SPDX-License-Identifier: Apache-2.0 */
#include "node/credential.h"
#include "crypto/crypto.h"
#include "node/credential_file.h"
#include "node/credential_text.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <skeym/base64url.h>
#include <string.h>

enum {
    SECRET_BYTES = 64, /* private key || C_i */
    KEY_SECRET_BYTES = 32,
    SCRYPT_R = 8,
    SCRYPT_P = 1,
};

void skeym_credential_wipe(struct skeym_credential_file *file)
{
    skeym_crypto_wipe(file, sizeof *file);
}

/* --- the lock -------------------------------------------------------------- */

static enum skeym_error derive_lock_key(struct skeym_credential_file *file,
                                        struct skeym_span passphrase)
{
    if (file->log_n < SKEYM_CREDENTIAL_TEXT_LOG_N_MIN ||
        file->log_n > SKEYM_CREDENTIAL_TEXT_LOG_N_MAX) {
        return SKEYM_ERR_RANGE;
    }
    uint64_t n = UINT64_C(1) << file->log_n;
    /* scrypt's own need, and room for its bookkeeping. */
    uint64_t memory = UINT64_C(128) * SCRYPT_R * (n + SCRYPT_P + 2) + (1 << 20);
    if (!OSSL_LIB_CTX_get0_global_default()) { /* or what follows goes by a null pointer */
        return SKEYM_ERR_MEMORY;
    }
    if (EVP_PBE_scrypt((const char *)passphrase.data, passphrase.size, file->salt,
                       sizeof file->salt, n, SCRYPT_R, SCRYPT_P, memory, file->lock_key,
                       sizeof file->lock_key) != 1) {
        ERR_clear_error();
        skeym_crypto_wipe(file->lock_key, sizeof file->lock_key);
        return SKEYM_ERR_MEMORY;
    }
    return SKEYM_OK;
}

enum skeym_error skeym_credential_lock(struct skeym_credential_file *file,
                                       struct skeym_span passphrase)
{
    file->locked = false;
    if (passphrase.size == 0) {
        return SKEYM_ERR_PASSPHRASE;
    }
    if (file->log_n == 0) {
        file->log_n = SKEYM_CREDENTIAL_TEXT_LOG_N;
    }
    enum skeym_error error = skeym_crypto_random(file->salt, sizeof file->salt);
    if (error == SKEYM_OK) {
        error = derive_lock_key(file, passphrase);
    }
    file->locked = error == SKEYM_OK;
    return error;
}

/* The AAD of a file's secret, in room. */
static struct skeym_span aad_of(struct skeym_room room, const struct skeym_credential_file *file,
                                bool key_file)
{
    struct skeym_writer writer = skeym_writer(room);
    skeym_credential_text_aad(&writer, file, key_file);
    return skeym_written(&writer);
}

/* The secret's plain bytes; for a locked file this derives lock_key, which is what takes time. */
static enum skeym_error open_secret(uint8_t *out, size_t size, struct skeym_credential_file *file,
                                    bool key_file, struct skeym_span sealed,
                                    struct skeym_span passphrase)
{
    uint8_t bytes[SECRET_BYTES + SKEYM_TAG_BYTES] = {0};
    uint8_t aad[SKEYM_CREDENTIAL_TEXT_AAD_BYTES];
    size_t got = 0;
    enum skeym_error error =
        skeym_base64url_read((struct skeym_room){bytes, sizeof bytes}, &got, sealed);
    if (error == SKEYM_OK && file->locked) {
        error = passphrase.size == 0 ? SKEYM_ERR_PASSPHRASE : derive_lock_key(file, passphrase);
        if (error == SKEYM_OK) {
            struct skeym_span covered =
                aad_of((struct skeym_room){aad, sizeof aad}, file, key_file);
            error = skeym_crypto_open((struct skeym_room){bytes, sizeof bytes}, file->lock_key,
                                      file->iv, covered, skeym_span(bytes, got));
            got -= SKEYM_TAG_BYTES;
        }
        error = error == SKEYM_ERR_SEAL ? SKEYM_ERR_PASSPHRASE : error;
    }
    if (error == SKEYM_OK && got != size) {
        error = SKEYM_ERR_SHAPE;
    }
    if (error == SKEYM_OK) {
        memcpy(out, bytes, size);
    }
    skeym_crypto_wipe(bytes, sizeof bytes);
    return error;
}

/* Seals (or, unlocked, takes as it is) the secret and writes the whole file. */
static enum skeym_error write_file(const struct skeym_credential_file *given, bool key_file,
                                   struct skeym_span secret, const char *path, bool exclusive)
{
    struct skeym_credential_file file = *given;
    uint8_t bytes[SECRET_BYTES + SKEYM_TAG_BYTES] = {0};
    uint8_t aad[SKEYM_CREDENTIAL_TEXT_AAD_BYTES];
    uint8_t text[SKEYM_CREDENTIAL_FILE_BYTES];
    size_t size = secret.size;
    enum skeym_error error = SKEYM_OK;
    memcpy(bytes, secret.data, secret.size);
    if (file.locked) {
        error = skeym_crypto_random(file.iv, sizeof file.iv);
        if (error == SKEYM_OK) {
            struct skeym_span covered =
                aad_of((struct skeym_room){aad, sizeof aad}, &file, key_file);
            error = skeym_crypto_seal((struct skeym_room){bytes, sizeof bytes}, file.lock_key,
                                      file.iv, covered, skeym_span(bytes, size));
            size += SKEYM_TAG_BYTES;
        }
    }
    struct skeym_writer writer = skeym_writer((struct skeym_room){text, sizeof text});
    if (error == SKEYM_OK) {
        skeym_credential_text_write(&writer, &file, key_file, skeym_span(bytes, size));
        error = skeym_writer_end(&writer);
    }
    if (error == SKEYM_OK) {
        error = skeym_credential_file_write(path, skeym_written(&writer), exclusive);
    }
    skeym_crypto_wipe(text, sizeof text);
    skeym_crypto_wipe(bytes, sizeof bytes);
    skeym_crypto_wipe(&file, sizeof file);
    return error;
}

/* --- loading --------------------------------------------------------------- */

static bool all_zero(const uint8_t key[32])
{
    static const uint8_t zeros[32];
    return skeym_crypto_equal(key, zeros, sizeof zeros);
}

/* The public line must be the private key's. */
static enum skeym_error verify_pair(const struct skeym_credential_file *file,
                                    const uint8_t private_key[32])
{
    uint8_t public_key[32];
    enum skeym_error error = skeym_crypto_x25519_public(public_key, private_key);
    if (error == SKEYM_OK && !skeym_crypto_equal(public_key, file->public_key, 32)) {
        error = SKEYM_ERR_SHAPE;
    }
    return error;
}

static enum skeym_error read_text(struct skeym_room room, struct skeym_span *text, const char *path)
{
    size_t size = 0;
    enum skeym_error error = skeym_credential_file_read(room, &size, path);
    *text = skeym_span(room.data, size);
    return error;
}

/* owner NULL: whosever key it is. */
static enum skeym_error load_key_file(uint8_t private_key[32],
                                      const struct skeym_credential_file *owner, const char *path,
                                      struct skeym_span passphrase)
{
    struct skeym_credential_file file;
    struct skeym_span text, sealed;
    uint8_t buffer[SKEYM_CREDENTIAL_FILE_BYTES];
    memset(&file, 0, sizeof file);
    enum skeym_error error = read_text((struct skeym_room){buffer, sizeof buffer}, &text, path);
    if (error == SKEYM_OK) {
        error = skeym_credential_text_key(&file, &sealed, text);
    }
    if (error == SKEYM_OK && owner && !skeym_crypto_equal(file.public_key, owner->public_key, 32)) {
        error = SKEYM_ERR_CONFLICT;
    }
    if (error == SKEYM_OK) {
        error = open_secret(private_key, KEY_SECRET_BYTES, &file, true, sealed, passphrase);
    }
    if (error == SKEYM_OK) {
        error = verify_pair(&file, private_key);
    }
    skeym_crypto_wipe(buffer, sizeof buffer);
    skeym_credential_wipe(&file);
    return error;
}

enum skeym_error skeym_credential_key_load(uint8_t private_key[32], const char *path,
                                           struct skeym_span passphrase)
{
    enum skeym_error error = load_key_file(private_key, NULL, path, passphrase);
    if (error != SKEYM_OK) {
        skeym_crypto_wipe(private_key, 32);
    }
    return error;
}

/* The private key: out of the secret, or out of its own file. */
static enum skeym_error find_key(struct skeym_credential_file *file, const uint8_t in_file[32],
                                 const char *key_path, struct skeym_span passphrase)
{
    file->key_apart = all_zero(in_file);
    if (file->key_apart) {
        return key_path ? load_key_file(file->keys.private_key, file, key_path, passphrase)
                        : SKEYM_ERR_STATE;
    }
    if (key_path) {
        return SKEYM_ERR_CONFLICT;
    }
    memcpy(file->keys.private_key, in_file, 32);
    return verify_pair(file, in_file);
}

enum skeym_error skeym_credential_load(struct skeym_credential_file *out, const char *path,
                                       const char *key_path, struct skeym_span passphrase)
{
    uint8_t buffer[SKEYM_CREDENTIAL_FILE_BYTES];
    uint8_t secret[SECRET_BYTES] = {0};
    struct skeym_span text, sealed;
    memset(out, 0, sizeof *out);
    enum skeym_error error = read_text((struct skeym_room){buffer, sizeof buffer}, &text, path);
    if (error == SKEYM_OK) {
        error = skeym_credential_parse(out, &sealed, text);
    }
    if (error == SKEYM_OK) {
        error = open_secret(secret, sizeof secret, out, false, sealed, passphrase);
    }
    if (error == SKEYM_OK) {
        memcpy(out->keys.credential, secret + 32, 32);
        error = find_key(out, secret, key_path, passphrase);
    }
    skeym_crypto_wipe(buffer, sizeof buffer);
    skeym_crypto_wipe(secret, sizeof secret);
    if (error != SKEYM_OK) {
        skeym_credential_wipe(out);
    }
    return error;
}

enum skeym_error skeym_credential_locked(bool *locked, const char *path)
{
    struct skeym_credential_file file;
    struct skeym_span text, sealed;
    uint8_t buffer[SKEYM_CREDENTIAL_FILE_BYTES];
    *locked = false;
    memset(&file, 0, sizeof file);
    enum skeym_error error = read_text((struct skeym_room){buffer, sizeof buffer}, &text, path);
    if (error == SKEYM_OK) {
        error = skeym_span_starts(text, "skeym-key ")
                    ? skeym_credential_text_key(&file, &sealed, text)
                    : skeym_credential_parse(&file, &sealed, text);
    }
    *locked = file.locked;
    skeym_crypto_wipe(buffer, sizeof buffer);
    skeym_credential_wipe(&file);
    return error;
}

/* --- saving ---------------------------------------------------------------- */

enum skeym_error skeym_credential_save(const struct skeym_credential_file *file, const char *path,
                                       bool exclusive)
{
    uint8_t secret[SECRET_BYTES] = {0};
    if (!skeym_credential_text_server_valid(skeym_span_text(file->server))) {
        return SKEYM_ERR_SHAPE;
    }
    if (!file->key_apart) {
        memcpy(secret, file->keys.private_key, 32);
    }
    memcpy(secret + 32, file->keys.credential, 32);
    enum skeym_error error =
        write_file(file, false, skeym_span(secret, sizeof secret), path, exclusive);
    skeym_crypto_wipe(secret, sizeof secret);
    return error;
}

enum skeym_error skeym_credential_key_save(const char *path, const uint8_t private_key[32],
                                           struct skeym_span passphrase)
{
    struct skeym_credential_file file;
    memset(&file, 0, sizeof file);
    enum skeym_error error = skeym_crypto_x25519_public(file.public_key, private_key);
    if (error == SKEYM_OK && passphrase.size > 0) {
        error = skeym_credential_lock(&file, passphrase);
    }
    if (error == SKEYM_OK) {
        error = write_file(&file, true, skeym_span(private_key, KEY_SECRET_BYTES), path, true);
    }
    skeym_credential_wipe(&file);
    return error;
}
