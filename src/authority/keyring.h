/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keyring (docs/PROTOCOL.md, section 4): all that an authority must remember. Bytes and values
 * only; its file is server/home.h's.
 *
 * File layout, all fields present, nothing after them:
 *   "SKEYMKR1" || epoch length u32 (s) || epoch e-1 u32 || K_{e-1} 32 || identity s 32
 *   || u8 size || audience || u8 count || count times ( id u32 || made u32 (s) || E 32 )
 *   || SHA-256 of all before 32
 * Ids grow from one enrol key to the next. The hash is against accidents (truncation, bad disks),
 * not against attackers: who can write the file has won.
 */
#ifndef SKEYM_AUTHORITY_KEYRING_H
#define SKEYM_AUTHORITY_KEYRING_H

#include <skeym/login.h>

#define SKEYM_ENROL_KEYS_MAX    8
#define SKEYM_EPOCH_SECONDS_MAX 86400 /* ours, not the protocol's: a day is long for one key */
#define SKEYM_KEYRING_BYTES     (8 + 4 + 4 + 32 + 32 + 33 + 1 + SKEYM_ENROL_KEYS_MAX * 40 + 32)

/* SECRET. */
struct skeym_keyring {
    uint32_t epoch_seconds;
    struct skeym_epoch_key previous; /* K_{e-1}: the oldest key that is still known */
    uint8_t identity[32];
    struct skeym_name audience;
    size_t enrol_count;
    struct {
        uint32_t id;
        uint32_t made_s;
        uint8_t key[32];
    } enrol[SKEYM_ENROL_KEYS_MAX]; /* the last one is the current one */
};

/* Fresh random bytes for a new keyring. SECRET. */
struct skeym_keyring_random {
    uint8_t epoch[32];
    uint8_t identity[32];
    uint8_t enrol[32];
};

/* A new keyring for now; its first epoch key is that of epoch e-1. *random is wiped. On an error
 * *out is zero. Errors: SKEYM_ERR_RANGE (epoch length; a clock before the first epoch is over),
 * the audience's. */
SKEYM_MUST_USE enum skeym_error skeym_keyring_make(struct skeym_keyring *out, uint64_t now_ms,
                                                   uint32_t epoch_seconds,
                                                   struct skeym_span audience,
                                                   struct skeym_keyring_random *random);

/* Ratchets forward until `previous` is of the epoch before now's; *moved says whether anything
 * changed (then the file must be written before the new keys are used). A clock that went back
 * changes nothing. Errors: SKEYM_ERR_RANGE (over 10 years of epochs ahead: the clock is wrong),
 * SKEYM_ERR_CRYPTO. The keyring is unchanged then. */
SKEYM_MUST_USE enum skeym_error skeym_keyring_advance(struct skeym_keyring *keyring,
                                                      uint64_t now_ms, bool *moved);

/* A new current enrol key, id = last + 1. enrol_key: 32 fresh random bytes, wiped. Errors:
 * SKEYM_ERR_FULL (retire one first), SKEYM_ERR_RANGE (no id is left). */
SKEYM_MUST_USE enum skeym_error skeym_keyring_rotate(struct skeym_keyring *keyring, uint64_t now_ms,
                                                     uint8_t enrol_key[32]);
/* Forgets an old enrol key: every credential under it that was not renewed is dead. Errors:
 * SKEYM_ERR_NOT_FOUND, SKEYM_ERR_STATE (the current one). */
SKEYM_MUST_USE enum skeym_error skeym_keyring_retire(struct skeym_keyring *keyring, uint32_t id);

/* To and from the file's bytes. Encoding errors: SKEYM_ERR_SPACE, SKEYM_ERR_RANGE (a keyring that
 * decoding would refuse). Decoding errors (*out is zero), in this order: SKEYM_ERR_SHAPE (not a
 * keyring), SKEYM_ERR_TRUNCATED (too short to be one), SKEYM_ERR_CHECKSUM; then, of a file whose
 * hash is right, SKEYM_ERR_TRUNCATED, SKEYM_ERR_TRAILING, SKEYM_ERR_RANGE, SKEYM_ERR_SIZE and
 * SKEYM_ERR_CHARSET (audience). */
SKEYM_MUST_USE enum skeym_error skeym_keyring_encode(struct skeym_room out, size_t *size,
                                                     const struct skeym_keyring *keyring);
SKEYM_MUST_USE enum skeym_error skeym_keyring_decode(struct skeym_keyring *out,
                                                     struct skeym_span bytes);

/* SECRET. The keyring in the form that the core works with. `authority.enrol` points into the same
 * struct: do not copy; wipe with skeym_crypto_wipe. */
struct skeym_working_keys {
    struct skeym_authority_keys authority;
    struct skeym_audience_keys audience;
    struct skeym_enrol_keys enrol[SKEYM_ENROL_KEYS_MAX];
};
/* On an error *out is zero. */
SKEYM_MUST_USE enum skeym_error skeym_keyring_derive(struct skeym_working_keys *out,
                                                     const struct skeym_keyring *keyring);

/* First 8 bytes of SHA-256(S): what operators compare. out: 16 hex digits and NUL. */
void skeym_keyring_fingerprint(char out[17], const uint8_t identity_public[32]);

#endif
