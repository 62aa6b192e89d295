/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The narrow door to a crypto library: all that the protocol needs, and nothing else. Nothing
 * here knows the protocol. libskeym.a has a door in it. libskeym-device.a has none: who links that
 * one writes what his program needs of this header, with the library or the hardware that he has.
 * examples/door_mbedtls.c is such a door, tests/kit holds any such door against vectors.
 *
 *   skeym_crypto_...      | login | exchange | enrolment | a server
 *   ----------------------+-------+----------+-----------+---------
 *   sha256                |   x   |    x     |     x     |    x
 *   hmac                  |       |    x     |           |    x
 *   hkdf                  |   x   |          |     x     |    x
 *   hkdf_expand           |   x   |    x     |           |    x
 *   x25519_public, x25519 |   x   |          |     x     |    x
 *   seal, open            |   x   |    x     |     x     |    x
 *   wipe                  |   x   |    x     |     x     |    x
 *   equal, avx2           |       |    x     |     x     |    x
 *   choose, first         |   x   |          |     x     |    x
 *   keep, replace         |       |          |           |    x
 *   expand_hmac           |       |          |           |    x
 *   cmac_prepare, _blocks |       |          |           |    x
 *   random, nonce, name   |       |          |           | (for programs: the core calls none)
 *
 * The first three columns are a device's: skeym_login_start and skeym_login_finish(_in_place);
 * skeym_exchange_derive and _proof, skeym_jwe_seal and _open, skeym_base64url_write and _read;
 * skeym_invite_code_read, skeym_invite_start and _finish. They hold where the linker drops what
 * nobody calls (--gc-sections).
 *
 * What every function of a door promises:
 * - A span of size 0 may have no data. Outputs may alias inputs only where said.
 * - On an error the whole output is zero. The protocol goes on with these zeros before it refuses.
 * - Its time and its addresses do not depend on the contents of keys and messages, only on sizes.
 * - It needs no call before it, and none after it: no context holds a key between two calls, and
 *   what was made of one (round keys, states of hashes) is wiped.
 * - "Cannot fail": its caller has no way to hear of it. Hardware that can fail must not return.
 * - It may be called by several threads at once, where the program has several.
 * A heap is not needed here, nor by the protocol; a library behind the door may want one.
 */
#ifndef SKEYM_CRYPTO_H
#define SKEYM_CRYPTO_H

#include <skeym/cmac.h>
#include <skeym/error.h>
#include <skeym/span.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SKEYM_SHA256_BYTES 32
#define SKEYM_KEY_BYTES    32
#define SKEYM_IV_BYTES     12
#define SKEYM_TAG_BYTES    16
#define SKEYM_BLOCK_BYTES  16

/* The libraries' names and versions, for logs and reports: "OpenSSL 3.0.19, libsodium 1.0.18". */
const char *skeym_crypto_name(void);

/* SHA-256 (FIPS 180-4) of the parts one after the other. out may be a part. Cannot fail. */
void skeym_crypto_sha256(uint8_t out[SKEYM_SHA256_BYTES], const struct skeym_span *parts,
                         size_t count);

/* HMAC-SHA-256 (RFC 2104) of the parts one after the other, any key size. out may alias the key or
 * a part. Cannot fail. */
void skeym_crypto_hmac(uint8_t out[SKEYM_SHA256_BYTES], struct skeym_span key,
                       const struct skeym_span *parts, size_t count);

/* HKDF-Expand (RFC 5869, 2.3) with SHA-256; info is the parts one after the other; out.room is at
 * most 255*32. out may not alias prk. Errors: SKEYM_ERR_RANGE (room too large). */
SKEYM_MUST_USE enum skeym_error skeym_crypto_hkdf_expand(struct skeym_room out,
                                                         const uint8_t prk[SKEYM_SHA256_BYTES],
                                                         const struct skeym_span *info,
                                                         size_t count);

/* Both at once, in less time: HKDF-Expand to `count` keys of 32 bytes, and the HMAC of the parts
 * under the first of them. keys has count*32 bytes; none of the outputs may alias an input. Errors:
 * SKEYM_ERR_RANGE (count is 0, or over 255). */
SKEYM_MUST_USE enum skeym_error
skeym_crypto_expand_hmac(uint8_t *keys, size_t count, uint8_t mac[SKEYM_SHA256_BYTES],
                         const uint8_t prk[SKEYM_SHA256_BYTES], struct skeym_span info,
                         const struct skeym_span *parts, size_t part_count);

/* HKDF (RFC 5869): extract with salt, then expand. out may alias salt or input. Errors as above. */
SKEYM_MUST_USE enum skeym_error skeym_crypto_hkdf(struct skeym_room out, struct skeym_span salt,
                                                  struct skeym_span input, struct skeym_span info);

/* The public key of a private one (RFC 7748; clamped inside). Errors: SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_crypto_x25519_public(uint8_t out[SKEYM_KEY_BYTES],
                                                           const uint8_t key[SKEYM_KEY_BYTES]);

/* X25519. Errors: SKEYM_ERR_WEAK for an all-zero result (out is zero then), SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_crypto_x25519(uint8_t out[SKEYM_KEY_BYTES],
                                                    const uint8_t key[SKEYM_KEY_BYTES],
                                                    const uint8_t peer[SKEYM_KEY_BYTES]);

/* AES-256-GCM. out has plain.size + 16 bytes: ciphertext || tag. out may be plain.data exactly, or
 * not overlap. Errors: SKEYM_ERR_SPACE (out.room too small), SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_crypto_seal(struct skeym_room out,
                                                  const uint8_t key[SKEYM_KEY_BYTES],
                                                  const uint8_t iv[SKEYM_IV_BYTES],
                                                  struct skeym_span aad, struct skeym_span plain);

/* The reverse: sealed is ciphertext || tag, out gets sealed.size - 16 bytes; may be sealed.data
 * exactly. Nothing unverified is left in out. Errors: SKEYM_ERR_SEAL (wrong tag or shorter than a
 * tag), SKEYM_ERR_SPACE, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_crypto_open(struct skeym_room out,
                                                  const uint8_t key[SKEYM_KEY_BYTES],
                                                  const uint8_t iv[SKEYM_IV_BYTES],
                                                  struct skeym_span aad, struct skeym_span sealed);

/* Makes a key ready for the next function: that costs more than the blocks, and a key may be used
 * for many. *out is secret and the caller's to wipe, zero on an error; key does not overlap it. A
 * prepared key is for the process that prepared it. Errors: SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_crypto_cmac_prepare(struct skeym_cmac_key *out,
                                                          const uint8_t key[SKEYM_KEY_BYTES]);

#define SKEYM_CMAC_BLOCKS_MAX 8
/* AES-256-CMAC (NIST SP 800-38B) of `count` messages (1 to SKEYM_CMAC_BLOCKS_MAX) of exactly one
 * block each, all under one key: out gets `count` blocks; may be in exactly. Errors:
 * SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_crypto_cmac_blocks(uint8_t *out,
                                                         const struct skeym_cmac_key *key,
                                                         const uint8_t *in, size_t count);

/* Fills the room from the system's generator. Errors: SKEYM_ERR_RANDOM (out is zero then).
 * The core never calls this: randomness enters it as an argument. */
SKEYM_MUST_USE enum skeym_error skeym_crypto_random(void *out, size_t size);

/* The same for what is sent in the open and must not come twice: nonces and ivs, never keys. From a
 * buffer of this thread, which a child process does not inherit. Errors: as above, and
 * SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_crypto_nonce(void *out, size_t size);

/* Zeroes memory in a way that the compiler may not leave out. */
void skeym_crypto_wipe(void *data, size_t size);

/* Whether this CPU has AVX2: for code that handles secrets outside of the door in constant time,
 * which it does without, too. false everywhere but on x86-64; never true where AVX2 would trap. */
bool skeym_crypto_avx2(void);

/* Compares secrets in time that depends on size alone. */
bool skeym_crypto_equal(const void *a, const void *b, size_t size);

/* What has two outcomes in one path: each of these does the same work, instruction by instruction,
 * whatever its flag is. Who refuses goes on by these, and decides at the end. */

/* Leaves the data, or makes it zero as skeym_crypto_wipe does. */
void skeym_crypto_keep(void *data, size_t size, bool keep);
/* out becomes what `from` is, or stays what it was. They do not overlap. */
void skeym_crypto_replace(void *out, const void *from, size_t size, bool replace);
/* a, or b. */
enum skeym_error skeym_crypto_choose(bool first, enum skeym_error a, enum skeym_error b);
/* The earlier of two errors. */
enum skeym_error skeym_crypto_first(enum skeym_error before, enum skeym_error now);

#ifdef __cplusplus
}
#endif
#endif
