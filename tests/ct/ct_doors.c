/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes public, and where: the only places besides the cases where a secret's mark goes.
 * The linker puts each __wrap_ function between src/ and the function that it is named after
 * (CMakeLists.txt); the real one has done all of its work, marks and all, when the mark is taken.
 */
#include "core/handshake.h"
#include "core/locator.h"
#include "ct.h"
#include "node/credential_file.h"
#include <openssl/evp.h>
#include <skeym/claims.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <valgrind/memcheck.h>

#define DOOR(result, name, arguments)                                                              \
    result __real_##name arguments;                                                                \
    result __wrap_##name arguments;                                                                \
    result __wrap_##name arguments

unsigned ct_verdicts;

/* Equal or not decides between two answers that everybody sees: the verdict is public. That its
 * making depends on nothing but the size is what the real function is held to, in here. While a
 * login or an enrolment is read, it is not public yet. */
bool ct_one_path;

DOOR(bool, skeym_crypto_equal, (const void *a, const void *b, size_t size))
{
    bool equal = __real_skeym_crypto_equal(a, b, size);
    if (!ct_one_path) {
        ct_publish(&equal, sizeof equal);
    }
    return equal;
}

/* All of message 1 has been read: refused or not is what everybody sees. */
DOOR(enum skeym_error, skeym_handshake_decide, (enum skeym_error error))
{
    enum skeym_error decided = __real_skeym_handshake_decide(error);
    ct_publish(&decided, sizeof decided);
    return decided;
}

/* A public key. */
DOOR(enum skeym_error, skeym_crypto_x25519_public,
     (uint8_t out[SKEYM_KEY_BYTES], const uint8_t key[SKEYM_KEY_BYTES]))
{
    enum skeym_error error = __real_skeym_crypto_x25519_public(out, key);
    ct_publish(out, SKEYM_KEY_BYTES);
    return error;
}

/* libsodium computes "the product is zero" without a branch; it is refused for all to see. It looks
 * at the peer's key, which is public, whoever's it is, for points of low order. */
DOOR(int, crypto_scalarmult, (unsigned char *q, const unsigned char *n, const unsigned char *p))
{
    uint8_t peer[crypto_scalarmult_BYTES];
    memcpy(peer, p, sizeof peer);
    int zero = __real_crypto_scalarmult(q, n, ct_wire(peer, sizeof peer).data);
    ct_publish(&zero, sizeof zero);
    return zero;
}

/* --- verdicts that a library reaches inside of itself --------------------------------------------
 *
 * Each has one branch on "does the tag fit" or "is the product zero", computed from all bytes
 * before. That one report is expected; a second one in the same call is a report like any other. */

static unsigned ct_reports(void)
{
    return (unsigned)VALGRIND_COUNT_ERRORS;
}

static void one_verdict(unsigned before)
{
    ct_verdicts += ct_reports() > before ? 1 : 0;
}

DOOR(int, crypto_aead_aes256gcm_decrypt_detached_afternm,
     (unsigned char *m, unsigned char *nsec, const unsigned char *c, unsigned long long clen,
      const unsigned char *mac, const unsigned char *ad, unsigned long long adlen,
      const unsigned char *npub, const crypto_aead_aes256gcm_state *state))
{
    unsigned before = ct_reports();
    int refused = __real_crypto_aead_aes256gcm_decrypt_detached_afternm(m, nsec, c, clen, mac, ad,
                                                                        adlen, npub, state);
    one_verdict(before);
    return refused;
}

DOOR(int, EVP_CipherFinal_ex, (EVP_CIPHER_CTX * ctx, unsigned char *out, int *size))
{
    unsigned before = ct_reports();
    int done = __real_EVP_CipherFinal_ex(ctx, out, size);
    one_verdict(before);
    return done;
}

DOOR(int, EVP_PKEY_derive, (EVP_PKEY_CTX * ctx, unsigned char *key, size_t *size))
{
    unsigned before = ct_reports();
    int done = __real_EVP_PKEY_derive(ctx, key, size);
    one_verdict(before);
    return done;
}

/* --- what the core and the node hand on ---------------------------------------------------------
 */

/* 32 bytes are keys; 12, 16 and 24 are initialization vectors, salts and nonces, which are sent. */
DOOR(enum skeym_error, skeym_crypto_random, (void *out, size_t size))
{
    enum skeym_error error = __real_skeym_crypto_random(out, size);
    if (size == SKEYM_KEY_BYTES) {
        ct_poison(out, size);
    }
    return error;
}

/* Of what a token seals, S_n is secret. When it ends, who it is for and what it allows decides what
 * is done next; observers see sizes in steps of 16 bytes. */
DOOR(enum skeym_error, skeym_token_claims_read,
     (struct skeym_token_claims * out, struct skeym_span bytes))
{
    if (bytes.size > SKEYM_SECRET_BYTES) {
        ct_publish(bytes.data + SKEYM_SECRET_BYTES, bytes.size - SKEYM_SECRET_BYTES);
    }
    return __real_skeym_token_claims_read(out, bytes);
}

/* A locator seals no secret, only what need not be shown: a public key, names, times, scopes. */
DOOR(enum skeym_error, skeym_locator_unseal,
     (uint8_t out[SKEYM_NODE_CLAIMS_BYTES], size_t *size, const struct skeym_enrol_keys *keys,
      struct skeym_span locator))
{
    enum skeym_error error = __real_skeym_locator_unseal(out, size, keys, locator);
    ct_publish(out, SKEYM_NODE_CLAIMS_BYTES);
    return error;
}

DOOR(enum skeym_error, skeym_node_claims_read,
     (struct skeym_node_claims * out, struct skeym_span bytes))
{
    ct_publish(bytes.data, bytes.size);
    return __real_skeym_node_claims_read(out, bytes);
}

DOOR(enum skeym_error, skeym_invite_claims_read,
     (struct skeym_invite_claims * out, struct skeym_span bytes))
{
    ct_publish(bytes.data, bytes.size);
    return __real_skeym_invite_claims_read(out, bytes);
}

size_t ct_credential_at;

/* The payloads of a login: sizes, times, scopes, tokens (which are sent in the clear later), and
 * the C_i of a renewal, which stays secret. */
DOOR(enum skeym_error, skeym_noise_open,
     (struct skeym_handshake * state, struct skeym_room out, struct skeym_span sealed))
{
    enum skeym_error error = __real_skeym_noise_open(state, out, sealed);
    enum skeym_error seen = error;
    ct_publish(&seen, sizeof seen);
    if (!seen && sealed.size >= SKEYM_NOISE_TAG_BYTES) {
        size_t size = sealed.size - SKEYM_NOISE_TAG_BYTES;
        ct_publish(out.data, size);
        if (ct_credential_at > 0 && ct_credential_at + SKEYM_SECRET_BYTES <= size) {
            ct_poison(out.data + ct_credential_at, SKEYM_SECRET_BYTES);
        }
    }
    return error;
}

/* scrypt reads memory at addresses that follow from the passphrase: by design (RFC 7914), and only
 * where somebody types it. So a copy goes in that is public; what comes out is secret again. With
 * the least N, because its work is not what is looked at. */
DOOR(int, EVP_PBE_scrypt,
     (const char *pass, size_t passlen, const unsigned char *salt, size_t saltlen, uint64_t N,
      uint64_t r, uint64_t p, uint64_t maxmem, unsigned char *key, size_t keylen))
{
    char open_pass[128] = {0};
    (void)N;
    if (passlen > sizeof open_pass) {
        return 0;
    }
    memcpy(open_pass, pass, passlen);
    ct_publish(open_pass, sizeof open_pass);
    int done =
        __real_EVP_PBE_scrypt(open_pass, passlen, salt, saltlen, 2, r, p, maxmem, key, keylen);
    ct_poison(key, keylen);
    return done;
}

/* --- files: what is written leaves the program, what is read comes back as the secret it was
 * ------ */

/* In each line that begins with `start`: what stands after `skip` more words and before `end`. What
 * is secret from then on is not looked at again. */
static void poison_lines(uint8_t *data, size_t size, const char *start, unsigned skip, char end)
{
    size_t length = strlen(start);
    bool fresh = true;
    for (size_t at = 0; at + length < size; at++) {
        if (fresh && memcmp(data + at, start, length) == 0) {
            at += length;
            for (unsigned left = skip; left > 0 && at < size; at++) {
                left -= data[at] == ' ' ? 1 : 0;
            }
            size_t from = at;
            while (at < size && data[at] != (uint8_t)end) {
                at++;
            }
            ct_poison(data + from, at - from);
        }
        fresh = at < size && data[at] == '\n';
    }
}

DOOR(enum skeym_error, skeym_credential_file_write,
     (const char *path, struct skeym_span content, bool exclusive))
{
    uint8_t copy[4096];
    if (content.size > sizeof copy) {
        return SKEYM_ERR_SIZE;
    }
    memcpy(copy, content.data, content.size);
    ct_publish(copy, content.size);
    return __real_skeym_credential_file_write(path, skeym_span(copy, content.size), exclusive);
}

DOOR(enum skeym_error, skeym_credential_file_read,
     (struct skeym_room out, size_t *size, const char *path))
{
    enum skeym_error error = __real_skeym_credential_file_read(out, size, path);
    if (!error) {
        poison_lines(out.data, *size, "secret ", 0, '\n');
    }
    return error;
}

DOOR(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at))
{
    void *copy = malloc(size);
    if (!copy) {
        return -1;
    }
    memcpy(copy, data, size);
    ct_publish(copy, size);
    ssize_t put = __real_pwrite(fd, copy, size, at);
    free(copy);
    return put;
}

DOOR(ssize_t, pread, (int fd, void *data, size_t size, off_t at))
{
    ssize_t got = __real_pread(fd, data, size, at);
    if (got > 0) {
        poison_lines(data, (size_t)got, "lane ", 3, ' ');
    }
    return got;
}
